/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NB_DOMAIN_NAME_H
#define NB_DOMAIN_NAME_H 1

/* Names of domains that hosts search, as text: "example.org".
 *
 * Labels of letters, digits, hyphens and underscores (RFC 1123 2.1, RFC 2782), of 1 to 63 bytes
 * and neither beginning nor ending with a hyphen; at most 253 bytes in all (RFC 1035 2.3.4).  A
 * dot at the end says nothing. */

#include "openvswitch/compiler.h"

#define DOMAIN_LABEL_MAX 63
#define DOMAIN_NAME_MAX 253

/* Returns NULL if 's' is such a name, otherwise a sentence that the caller must free(). */
char *domain_name_check(const char *s) OVS_WARN_UNUSED_RESULT;

/* The canonical spelling of a name: lower case, no dot at the end.  The caller must free() it. */
char *domain_name_normalize(const char *s);

#endif /* nb/domain-name.h */
