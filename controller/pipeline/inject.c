/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "pipeline/inject.h"

#include "pipeline/rules.h"

void
pipeline_put_injection(struct ofpbuf *actions, const struct injection *injection)
{
    if (injection->network_key) {
        act_set(actions, REG_NETWORK, injection->network_key);
    }
    if (injection->router_key) {
        act_set(actions, XREG_ROUTER, injection->router_key);
    }
    if (injection->in_port) {
        act_set(actions, MFF_IN_PORT, ofp_to_u16(injection->in_port));
    }
    if (injection->outport) {
        act_set(actions, REG_OUTPORT, ofp_to_u16(injection->outport));
    }
    if (injection->stays_here) {
        act_set_flags(actions, FLAG_FROM_TUNNEL, UINT32_MAX);
    }
    act_resubmit(actions, injection->stage);
}
