/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "nb/faults.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

void
nb_faults_add(struct nb_faults *faults, struct nb_fault fault)
{
    if (faults->n >= faults->allocated) {
        faults->faults = x2nrealloc(faults->faults, &faults->allocated, sizeof *faults->faults);
    }
    faults->faults[faults->n++] = fault;
}

static int
compare_faults(const void *a_, const void *b_)
{
    const struct nb_fault *a = a_;
    const struct nb_fault *b = b_;
    int cmp = strcmp(a->object, b->object);
    return cmp ? cmp : strcmp(a->code, b->code);
}

static void
destroy_fault(struct nb_fault *fault)
{
    free(fault->object);
    free(fault->reason);
    free(fault->code);
}

void
nb_faults_sort(struct nb_faults *faults)
{
    size_t n = 0;

    if (faults->n) {
        qsort(faults->faults, faults->n, sizeof *faults->faults, compare_faults);
    }
    for (size_t i = 0; i < faults->n; i++) {
        if (n && !compare_faults(&faults->faults[n - 1], &faults->faults[i])) {
            destroy_fault(&faults->faults[i]);
        } else {
            faults->faults[n++] = faults->faults[i];
        }
    }
    faults->n = n;
}

const struct nb_fault *
nb_faults_new(const struct nb_faults *before, const struct nb_faults *after, size_t *n)
{
    const struct nb_fault *best = NULL;

    *n = 0;
    for (size_t i = 0; i < after->n; i++) {
        const struct nb_fault *f = &after->faults[i];
        if (before->n
            && bsearch(f, before->faults, before->n, sizeof *before->faults, compare_faults)) {
            continue;
        }
        if (!best || (f->changed && !best->changed)) {
            best = f;
            *n = 1;
        } else if (f->changed == best->changed) {
            ++*n;
        }
    }
    return best;
}

void
nb_faults_destroy(struct nb_faults *faults)
{
    for (size_t i = 0; i < faults->n; i++) {
        destroy_fault(&faults->faults[i]);
    }
    free(faults->faults);
    *faults = (struct nb_faults) NB_FAULTS_INITIALIZER;
}
