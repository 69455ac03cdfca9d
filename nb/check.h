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

#include "nb/faults.h"

struct ovsdb_idl;

/* Replaces 'faults' (initialized) by what is wrong now. */
void nb_check(const struct ovsdb_idl *, struct nb_faults *);

#endif /* nb/check.h */
