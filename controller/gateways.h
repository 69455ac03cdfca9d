/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAYS_H
#define GATEWAYS_H 1

/* The gateways of physical networks as this chassis sees them, in words. */

struct ds;
struct parts;

/* For the runtime command "gateways": the candidates for each physical network, whether they live
 * and how that is known, and the active gateway of each router port. */
void gateways_format(const struct parts *, struct ds *);

/* For "status": one line. */
void gateways_format_status(const struct parts *, struct ds *);

#endif /* gateways.h */
