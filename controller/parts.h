/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_H
#define PARTS_H 1

/* The daemon's parts, for those that look at all of them: metrics, problems, runtime commands.
 * controller.c creates, runs and destroys them. */

#include "control-plane.h"

struct parts {
    struct chassis_db *chassis;
    struct tls *tls;
    struct control_plane plane;
    struct ofsession *session;
    struct answer *answer;
    struct liveness *liveness;
    struct address_announcer *address_announcer;
    struct fabric_announcer *fabric_announcer;
    struct problems *problems;
    struct report *report;
    struct metrics *metrics;
    struct http_server *metrics_server;
};

#endif /* parts.h */
