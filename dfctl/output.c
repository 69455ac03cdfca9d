/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/output.h"

#include <stdlib.h>
#include <string.h>

#include "db-ctl-base.h"
#include "dfctl/context.h"
#include "dfctl/print.h"
#include "openvswitch/json.h"
#include "table.h"
#include "util.h"

void
output_json(struct ctl_context *ctx, struct json *json)
{
    json_to_ds(json, JSSF_SORT | (dfctl_context_cast(ctx)->dfctl->style.json_flags & JSSF_PRETTY),
               &ctx->output);
    ds_put_char(&ctx->output, '\n');
    json_destroy(json);
}

struct json *
json_from_strings(char *const *strings, size_t n)
{
    struct json *array = json_array_create_empty();

    for (size_t i = 0; i < n; i++) {
        json_array_add(array, json_string_create(strings[i]));
    }
    return array;
}

void
output_print(struct ctl_command *commands, size_t n, const struct table_style *given)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        if (c->table) {
            struct table_style style = *given;
            if (style.format == TF_UNSET) {
                bool generic = !strcmp(c->syntax->name, "list") || !strcmp(c->syntax->name, "find");
                style.format = generic ? TF_LIST : TF_TABLE;
            }
            print_table(c->table, &style);
        } else {
            print_text(ds_cstr(&c->output));
        }
    }
}

void
output_free(struct ctl_command *commands, size_t n)
{
    for (struct ctl_command *c = commands; c < &commands[n]; c++) {
        ds_destroy(&c->output);
        table_destroy(c->table);
        free(c->table);
        c->table = NULL;
    }
}
