/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVICE_STRANGERS_H
#define SERVICE_STRANGERS_H 1

/* The hosts that send here by tunnel without being a chassis.
 *
 * What strangers send is dropped, so one that should be a chassis is a problem to tell.
 *
 * Not thread-safe. */

#include <stdint.h>

struct dispatch;
struct strangers;
struct svec;

struct strangers *strangers_create(void);
void strangers_destroy(struct strangers *);

/* Takes the packets that come from strangers (PIN_STRANGER). */
void strangers_register(struct strangers *, struct dispatch *);

/* How many have come. */
uint64_t strangers_count(const struct strangers *);

/* Adds a sentence for each stranger that has been sending for some seconds, and still was within
 * the last minute. */
void strangers_problems(const struct strangers *, long long int now, struct svec *);

#endif /* service/strangers.h */
