/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(privileges);

void
privileges_drop(void)
{
    const capng_type_t sets = CAPNG_EFFECTIVE | CAPNG_PERMITTED;
    bool root = !geteuid();

    if (capng_get_caps_process() || capng_have_capabilities(CAPNG_SELECT_CAPS) == CAPNG_FAIL) {
        VLOG_WARN("could not read the capabilities of this process");
        return;
    }

    /* The bounding set can be reduced with CAP_SETPCAP only.  A process started without it
     * has a reduced set already. */
    bool may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
    bool override = root && capng_have_capability(CAPNG_PERMITTED, CAP_DAC_OVERRIDE);

    capng_clear(CAPNG_SELECT_BOTH);
    if (override) {
        capng_update(CAPNG_ADD, sets | CAPNG_BOUNDING_SET, CAP_DAC_OVERRIDE);
    }
    if (may_bound && capng_apply(CAPNG_SELECT_BOUNDS)) {
        VLOG_WARN("could not limit the capabilities of this process");
    }
    if (capng_apply(CAPNG_SELECT_CAPS)) {
        VLOG_WARN("could not give up the capabilities of this process");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
        VLOG_WARN("could not set no_new_privs (%s)", ovs_strerror(errno));
    }
}
