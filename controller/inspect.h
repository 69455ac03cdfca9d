/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSPECT_H
#define INSPECT_H 1

/* The runtime commands (ovs-appctl -t df-controller ...): looking at everything,
 * changing nothing but the daemon's life. */

#include <stdbool.h>
#include <stdint.h>

struct announcer;
struct answer;
struct arp_announcer;
struct bindings;
struct chassis_db;
struct local;
struct metrics;
struct northbound;
struct pipeline;
struct problems;
struct ofsession;
struct remotes;
struct report;
struct simap;
struct tls;
struct topology;
struct unixctl_conn;

/* The daemon's parts, as main.c put them together. */
struct inspect {
    struct chassis_db *chassis;
    struct bindings *bindings;
    struct local *local;
    struct northbound *northbound;
    struct remotes *remotes;
    const struct pipeline *pipeline; /* The mode. */
    struct topology *topology;
    struct ofsession *session;
    struct answer *answer;
    struct announcer *announcer;
    struct arp_announcer *arp_announcer;
    struct tls *tls;
    struct metrics *metrics;
    struct problems *problems;
    struct report *report;

    uint64_t seqno; /* Number of the state of the topology that the flows are of. */
    bool behind;    /* The topology may be further already. */
    bool started;   /* Both databases have been read, and the flows are of that. */

    struct unixctl_conn
        *verify_conn;              /* "engine/verify": answered when, after the flows have been */
    bool verify_computed;          /* compared, the switch has been read, */
    uint64_t verify_check;         /* which has this number (switch_check()), */
    long long int verify_deadline; /* or at this time (ms). */

    bool exiting;                   /* "exit" was asked for, */
    bool restarting;                /* with --restart: leave everything in place. */
    struct unixctl_conn *exit_conn; /* Answered when done. */
};

/* Registers the commands. */
void inspect_register(struct inspect *);

/* Answers commands that have been waiting for the switch. */
void inspect_run(struct inspect *);

/* Answers whoever asked for the exit. */
void inspect_finish_exit(struct inspect *);

/* For memory/show. */
void inspect_memory_usage(const struct inspect *, struct simap *usage);

#endif /* inspect.h */
