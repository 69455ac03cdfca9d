/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "leave.h"

#include "northbound/announce.h"
#include "answer.h"
#include "chassis/chassis.h"
#include "nb/text.h"
#include "northbound/northbound.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "parts.h"
#include "switch/switch.h"
#include "timeval.h"

VLOG_DEFINE_THIS_MODULE(leave);

/* The lease goes first, so that the stock agent's flows have the bridge to themselves. */
static void
remove_flows(struct parts *p, const char *bridge)
{
    long long int deadline = time_msec() + LEAVE_TIMEOUT_MS;

    switch_set_lease(p->session, NULL);
    switch_set_bridge(p->session, NULL);
    control_plane_clear(&p->plane);
    answer_set_peers(p->answer, p->plane.topology, p->session);

    struct flow_table *none = control_plane_flows(&p->plane);
    switch_set_bridge(p->session, bridge);
    for (;;) {
        switch_receive(p->session, none);
        switch_run(p->session, none, p->plane.seqno, true);
        if (switch_confirmed(p->session) >= p->plane.seqno) {
            break;
        }
        if (time_msec() >= deadline) {
            VLOG_WARN("could not remove the flows from bridge %s", bridge);
            break;
        }
        switch_wait(p->session, none, true);
        poll_timer_wait_until(deadline);
        poll_block();
    }
}

void
leave_chassis(struct parts *p)
{
    const struct chassis_view *view = chassis_view(p->chassis);
    const char *name = view->settings.system_id;
    struct northbound *nb = p->plane.northbound;

    if (!chassis_is_ours(p->chassis)) {
        return;
    }
    if (name && northbound_is_connected(nb)
        && !announcer_withdraw(p->plane.announcer, nb, p->plane.bindings, name, LEAVE_TIMEOUT_MS)) {
        TEXT_LOG(VLOG_WARN, "could not remove chassis %s from the NB database", name);
    }
    if (view->settings.ml2 && view->bridge_ready) {
        remove_flows(p, view->settings.bridge);
    }
    chassis_cleanup(p->chassis, LEAVE_TIMEOUT_MS);
}
