/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DFCTL_COMMANDS_H
#define DFCTL_COMMANDS_H 1

/* The commands, for dfctl.c alone: each file that has some defines an array of them, ended by
 * an element without name. */

#include "db-ctl-base.h"

extern const struct ctl_command_syntax network_commands[];
extern const struct ctl_command_syntax port_commands[];
extern const struct ctl_command_syntax router_commands[];
extern const struct ctl_command_syntax nat_commands[];
extern const struct ctl_command_syntax chassis_commands[];
extern const struct ctl_command_syntax access_commands[];
extern const struct ctl_command_syntax apply_commands[];
extern const struct ctl_command_syntax export_commands[];
extern const struct ctl_command_syntax show_commands[];
extern const struct ctl_command_syntax status_commands[];
extern const struct ctl_command_syntax sync_commands[];
extern const struct ctl_command_syntax neighbour_commands[];
extern const struct ctl_command_syntax trace_commands[];
extern const struct ctl_command_syntax watch_commands[];

#endif /* dfctl/commands.h */
