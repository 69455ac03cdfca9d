/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_MAC_H
#define NB_MAC_H 1

/* MAC addresses as people write them. */

#include "openvswitch/compiler.h"
#include "openvswitch/types.h"

/* A unicast, non-zero Ethernet address "aa:bb:cc:dd:ee:ff", in one spelling (but for
 * the case).  Returns NULL on success, otherwise a malloc()'d sentence that quotes the
 * string and says what is wrong with it, which the caller must free(); the output is
 * then undefined. */
char *mac_parse(const char *, struct eth_addr *) OVS_WARN_UNUSED_RESULT;

#endif /* nb/mac.h */
