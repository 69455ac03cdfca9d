/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_H
#define REPORT_H 1

/* What this chassis reports of its health in the NB database: Chassis.problems, and
 * Chassis.heard_at, the time of the report.  Written when it changes, and with it when the
 * chassis has answered Global.sequence and has said nothing for HEARD_MSEC, in transactions of
 * its own: a server with a schema or access control older than these columns refuses nothing
 * else.
 *
 * Not thread-safe. */

#include <stdint.h>

struct northbound;
struct report;
struct svec;
struct uuid;

#define HEARD_MSEC 60000

/* The most problems, and the most bytes of each; the last one may be "... and N more". */
#define REPORT_MAX 20
#define REPORT_MAX_LEN 300

struct report *report_create(void);
void report_destroy(struct report *);

/* 'uuid' is that of the Chassis row, zero if unknown; 'applied' what it says was applied, -1 if
 * unknown; 'problems' as of problems.h. */
void report_run(struct report *, struct northbound *, const struct uuid *uuid, int64_t applied,
                const struct svec *problems);
void report_wait(const struct report *);

#endif /* northbound/report.h */
