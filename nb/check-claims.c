/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "nb/check-private.h"
#include "nb/domain.h"
#include "nb/faults.h"
#include "nb/ip.h"
#include "ovsdb-idl-provider.h"
#include "packets.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

/* One object's claim to something that only one object may have. */
struct claim {
    struct claim *next;
    char *object;
    char *what; /* "address 10.0.1.5" */
    const struct ovsdb_idl_row *row;
};

void
check_add_fault(struct check *check, const char *object, const struct ovsdb_idl_row *row,
                char *code, char *reason)
{
    nb_faults_add(check->faults, (struct nb_fault){
                                     .object = xstrdup(object),
                                     .reason = reason,
                                     .code = code ? code : xstrdup(reason),
                                     .changed = row->old_datum != row->new_datum,
                                 });
}

void
check_add_problems(struct check *check, const char *object, const struct ovsdb_idl_row *row,
                   struct svec *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        check_add_fault(check, object, row, NULL, xstrdup(problems->names[i]));
    }
    svec_clear(problems);
}

void
check_add_claim(struct check *check, const char *scope, char *what, const char *object,
                const struct ovsdb_idl_row *row)
{
    char *key = xasprintf("%s %s", scope, what);
    struct claim *claim = xmalloc(sizeof *claim);
    *claim = (struct claim){.object = xstrdup(object), .what = what, .row = row};

    struct shash_node *node = shash_find(&check->claims, key);
    if (node) {
        claim->next = node->data;
        node->data = claim;
        free(key);
    } else {
        shash_add_nocopy(&check->claims, key, claim);
    }
}

void
check_judge_claims(struct check *check)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &check->claims) {
        struct claim *first = NULL, *second = NULL;

        for (struct claim *c = node->data; c; c = c->next) {
            if (!first || strcmp(c->object, first->object) < 0) {
                second = first;
                first = c;
            } else if (!second || strcmp(c->object, second->object) < 0) {
                second = c;
            }
        }
        for (struct claim *c = node->data; second && c; c = c->next) {
            const struct claim *other = c == first ? second : first;
            char *reason = (strcmp(c->object, other->object)
                                ? xasprintf("%s is also used by %s", c->what, other->object)
                                : xasprintf("its %s is used twice", c->what));
            check_add_fault(check, c->object, c->row, xasprintf("shared %s", c->what), reason);
        }
    }
}

void
check_claim_address(struct check *check, const struct domain *network,
                    const struct in6_addr *address, const char *object,
                    const struct ovsdb_idl_row *row)
{
    char *s = address_format(address);
    char *scope = xasprintf(UUID_FMT, UUID_ARGS(&network->uuid));
    check_add_claim(check, scope, xasprintf("address %s", s), object, row);
    free(scope);
    free(s);
}

void
check_claim_mac(struct check *check, const struct domain *network, struct eth_addr mac,
                const char *object, const struct ovsdb_idl_row *row)
{
    char *scope = xasprintf(UUID_FMT, UUID_ARGS(&network->uuid));
    check_add_claim(check, scope, xasprintf("MAC address " ETH_ADDR_FMT, ETH_ADDR_ARGS(mac)),
                    object, row);
    free(scope);
}

void
check_destroy_claims(struct check *check)
{
    struct shash_node *node;

    SHASH_FOR_EACH (node, &check->claims) {
        struct claim *next;
        for (struct claim *c = node->data; c; c = next) {
            next = c->next;
            free(c->object);
            free(c->what);
            free(c);
        }
    }
    shash_destroy(&check->claims);
}
