/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_CHECK_H
#define NB_CHECK_H 1

/* What is wrong with the NB database as a whole.
 *
 * nb/parse.h judges one row; this judges how the rows go together as well: two
 * ports with one address, overlapping subnets, a next hop that the router cannot
 * reach.  It reads the database as the transaction in progress, if any, would
 * leave it, so that dfctl can compare before and after and refuse what makes
 * things worse, whichever command did it.
 *
 * It needs every column of every table.  The time taken is O(n log n) in the
 * number of rows. */

#include <stdbool.h>
#include <stddef.h>

struct ovsdb_idl;

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

/* Replaces 'faults' (initialized) by what is wrong now. */
void nb_check(const struct ovsdb_idl *, struct nb_faults *);

/* Returns the fault of 'after' that is not in 'before' and tells best what went
 * wrong (one of an object that the transaction writes to, if there is one), or
 * NULL if there is none.  Sets '*n' to the number of faults as good. */
const struct nb_fault *nb_faults_new(const struct nb_faults *before, const struct nb_faults *after,
                                     size_t *n);

void nb_faults_destroy(struct nb_faults *);

#endif /* nb/check.h */
