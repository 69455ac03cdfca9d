/* SPDX-License-Identifier: Apache-2.0 */

/* Whatever the external_ids hold: the settings stay complete, a problem is one line, and
 * parsing the same again changes nothing.
 *
 * The input is a list of "KEY=VALUE" strings, each ended by a NUL. */
#include <config.h>

#include <stdint.h>
#include <string.h>

#include "chassis/settings.h"
#include "openvswitch/util.h"
#include "svec.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Short for the keys that take long to guess. */
static const char *const keys[] = {
    "system-id",
    "hostname",
    "dragonflow-remote",
    "dragonflow-bridge",
    "dragonflow-datapath-type",
    "dragonflow-encap-type",
    "dragonflow-encap-ip",
    "dragonflow-bridge-mappings",
    "dragonflow-l2",
    "dragonflow-fallback-timeout",
    "dragonflow-monitor-all",
    "dragonflow-relays",
    "dragonflow-remote-probe-interval",
    "dragonflow-metrics",
    "dragonflow-gateway",
};

static void
check(const struct chassis_settings *s, const struct svec *problems)
{
    bool any_encap = false;

    ovs_assert(s->bridge && s->bridge[0]);
    ovs_assert(!s->system_id || s->system_id[0]);
    ovs_assert(!s->remote || s->remote[0]);
    ovs_assert(!s->relays || s->relays[0]);
    ovs_assert(!s->probe_interval || s->probe_interval >= 1000);
    ovs_assert(s->fallback_timeout <= UINT16_MAX);
    for (int i = 0; i < N_ENCAPS; i++) {
        any_encap |= s->encap_enabled[i];
    }
    ovs_assert(any_encap);
    for (size_t i = 0; i < problems->n; i++) {
        ovs_assert(!strpbrk(problems->names[i], "\n\r"));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smap ids = SMAP_INITIALIZER(&ids);
    struct svec problems = SVEC_EMPTY_INITIALIZER;
    struct chassis_settings settings;

    char *input = xmemdup0((const char *) data, size);
    for (size_t i = 0; i < size; i += strlen(input + i) + 1) {
        char *item = input + i;
        char *value = strchr(item, '=');

        if (value) {
            *value = '\0';
            smap_replace(&ids, item, value + 1);
            *value = '=';
        } else if (item[0]) {
            smap_replace(&ids, keys[(uint8_t) item[0] % ARRAY_SIZE(keys)], item + 1);
        }
    }
    free(input);

    chassis_settings_init(&settings);
    chassis_settings_parse(&settings, &ids, &problems);
    check(&settings, &problems);

    struct chassis_settings before;
    size_t n_problems = problems.n;
    chassis_settings_clone(&before, &settings);
    svec_clear(&problems);
    chassis_settings_parse(&settings, &ids, &problems);
    ovs_assert(chassis_settings_equal(&before, &settings));
    ovs_assert(problems.n == n_problems);
    chassis_settings_destroy(&before);

    chassis_settings_destroy(&settings);
    svec_destroy(&problems);
    smap_destroy(&ids);
    return 0;
}
