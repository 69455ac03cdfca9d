/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "dfctl/dfctl.h"
const struct ctl_command_syntax trace_commands[] = {
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
