/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_CHECK_PRIVATE_H
#define NB_CHECK_PRIVATE_H 1

/* What the files of nb_check() share: the objects that they judge, the faults that they have found,
 * and claims, to what only one object may have.  Not for others. */

#include "openvswitch/hmap.h"
#include "openvswitch/shash.h"
#include "openvswitch/types.h"

struct domain;
struct in6_addr;
struct nb_faults;
struct nbrec_nat;
struct ovsdb_idl_row;
struct svec;

struct check {
    struct nb_faults *faults;
    struct hmap networks; /* Contains struct domain: its prefixes are subnets. */
    struct hmap routers;  /* Contains struct domain: its prefixes are connected. */
    struct shash claims;  /* What is claimed to a list of struct claim. */
};

/* Adds a fault of 'object' ("port vm1"), whose row is 'row'.  Takes ownership of 'code' and
 * 'reason' (see struct nb_fault); 'code' may be NULL if it is 'reason'. */
void check_add_fault(struct check *, const char *object, const struct ovsdb_idl_row *row,
                     char *code, char *reason);

/* Adds each of 'problems', which are empty then. */
void check_add_problems(struct check *, const char *object, const struct ovsdb_idl_row *row,
                        struct svec *problems);

/* Records that 'object' claims 'what' ("address 10.0.1.5"; ownership is taken) within 'scope'. */
void check_add_claim(struct check *, const char *scope, char *what, const char *object,
                     const struct ovsdb_idl_row *row);
/* The same for an address and a MAC address, within a network. */
void check_claim_address(struct check *, const struct domain *network,
                         const struct in6_addr *address, const char *object,
                         const struct ovsdb_idl_row *row);
void check_claim_mac(struct check *, const struct domain *network, struct eth_addr mac,
                     const char *object, const struct ovsdb_idl_row *row);

/* Whoever claims something together with another is at fault. */
void check_judge_claims(struct check *);
void check_destroy_claims(struct check *);

/* Checks a translation.  The networks, the routers and their routes must be known. */
void check_nat(struct check *, const struct nbrec_nat *);

#endif /* nb/check-private.h */
