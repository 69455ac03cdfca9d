/* SPDX-License-Identifier: Apache-2.0 */
/* neighbours: the physical hosts that routers send to from this chassis, as its df-controller
 * knows them. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/local-switch.h"
#include "dfctl/lookup.h"
#include "table.h"
#include "util.h"

/* What is behind the name of the network, which may have spaces itself, in a line of the daemon's:
 * address, MAC address, state, seconds. */
#define N_LAST 4

/* Takes "NETWORK ADDRESS MAC STATE SECONDS" apart.  A line of another form is left out. */
static void
add_line(struct table *table, char *line)
{
    char *fields[1 + N_LAST] = {line};

    for (size_t i = N_LAST; i; i--) {
        char *space = strrchr(line, ' ');

        if (!space) {
            return;
        }
        *space = '\0';
        fields[i] = space + 1;
    }
    table_add_row(table);
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        table_add_text(table, fields[i]);
    }
}

static void
cmd_neighbours(struct ctl_context *ctx)
{
    static const char *const headings[] = {
        "network", "address", "mac", "state", "seconds", NULL,
    };
    char *text = NULL;
    char *error = local_appctl("df-controller", "neighbours", 0, NULL, &text);

    if (error) {
        ctl_error(ctx, "neighbours: %s; this command is for a chassis", error);
        free(error);
        return;
    }

    struct table *table = table_start(ctx, headings);
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        add_line(table, line);
    }
    free(text);
}

const struct ctl_command_syntax neighbour_commands[] = {
    {"neighbours", 0, 0, "", NULL, cmd_neighbours, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
