/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_FAULTS_H
#define NB_FAULTS_H 1

/* Faults of the NB database: lists of them, and what one has that another had not. */

#include <stdbool.h>
#include <stddef.h>

struct nb_fault {
    char *object; /* "port vm1" */
    char *reason; /* A sentence that does not name the object. */
    char *code;   /* What is wrong, without the names of other objects that may change
                   * while the fault stays: (object, code) identifies a fault. */
    bool changed; /* The transaction in progress writes to the object. */
};

struct nb_faults {
    struct nb_fault *faults; /* Sorted by object, then code. */
    size_t n;
    size_t allocated;
};
#define NB_FAULTS_INITIALIZER                                                                      \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

/* Appends a fault; ownership of its strings is taken. */
void nb_faults_add(struct nb_faults *, struct nb_fault);

/* Sorts them.  Leaves out repetitions: a subnet that overlaps two others is named once. */
void nb_faults_sort(struct nb_faults *);

/* Returns the fault of 'after' that is not in 'before' and tells best what went
 * wrong (one of an object that the transaction writes to, if there is one), or
 * NULL if there is none.  Sets '*n' to the number of faults as good. */
const struct nb_fault *nb_faults_new(const struct nb_faults *before, const struct nb_faults *after,
                                     size_t *n);

void nb_faults_destroy(struct nb_faults *);

#endif /* nb/faults.h */
