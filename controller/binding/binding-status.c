/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "binding/binding-status.h"

#include <stdlib.h>
#include <string.h>

#include "binding/binding.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "svec.h"
#include "timeval.h"
#include "topology/topology.h"
#include "util.h"

/* How many lines "status" has for ports. */
#define MAX_LINES 32

static const char *const state_names[N_BINDING_STATES] = {
    [BINDING_UNPLUGGED] = "unplugged",
    [BINDING_NO_OFPORT] = "no OpenFlow port",
    [BINDING_UNWIRED] = "not wired",
    [BINDING_NO_PORT] = "no such port",
    [BINDING_DISABLED] = "disabled",
    [BINDING_REQUESTED_ELSEWHERE] = "requested elsewhere",
    [BINDING_BOUND_ELSEWHERE] = "bound elsewhere",
    [BINDING_READING] = "reading",
    [BINDING_INSTALLING] = "installing",
    [BINDING_INSTALLED] = "installed",
    [BINDING_REFUSED] = "refused",
    [BINDING_CLAIMING] = "claiming",
    [BINDING_UP] = "up",
    [BINDING_RELEASE] = "to be released",
    [BINDING_RELEASING] = "releasing",
};

static const char *const reasons[N_BINDING_STATES] = {
    [BINDING_NO_OFPORT] = "the switch has not given the interface an OpenFlow port",
    [BINDING_UNWIRED] = "Neutron's agent has not put the interface into a VLAN",
    [BINDING_NO_PORT] = "no port of this name has been read from the NB database",
    [BINDING_DISABLED] = "Port.enabled is false",
    [BINDING_READING] = "its network is being read from the NB database",
    [BINDING_INSTALLING] = "the switch has not confirmed its flows",
    [BINDING_INSTALLED] = "the NB database has not been told",
    [BINDING_REFUSED] = "the NB database lets only the requested chassis claim it",
    [BINDING_CLAIMING] = "the NB database has not answered",
    [BINDING_RELEASE] = "claimed by this chassis, and not here",
    [BINDING_RELEASING] = "the NB database has not answered",
};

/* In words.  As long as the NB database has never been read, no port is known, which says nothing
 * about the ports that it has. */
static const char *
state_name(enum binding_state state, bool nb_read)
{
    return state == BINDING_NO_PORT && !nb_read ? "unknown" : state_names[state];
}

/* Why a port is in this state, or NULL. */
static const char *
state_reason(enum binding_state state, bool nb_read)
{
    return state == BINDING_NO_PORT && !nb_read ? "NB database not read yet" : reasons[state];
}

/* One line: an interface and its binding, or a binding without interface. */
struct line {
    const struct binding *binding;
    const struct plug *plug; /* NULL if there is none. */
    bool duplicate;          /* The binding uses another one. */
};

static int
compare_lines(const void *a_, const void *b_)
{
    const struct line *a = a_;
    const struct line *b = b_;

    if (!a->plug != !b->plug) {
        return a->plug ? -1 : 1;
    }
    return a->plug ? strcmp(a->plug->interface, b->plug->interface)
                   : strcmp(a->binding->name, b->binding->name);
}

/* Returns all lines, in order, which the caller must free(). */
static struct line *
collect_lines(const struct bindings *bs, size_t *n)
{
    struct line *lines =
        xcalloc(shash_count(&bs->plugs) + hmap_count(&bs->by_name) + 1, sizeof *lines);
    const struct binding *b;

    *n = 0;
    HMAP_FOR_EACH (b, name_node, &bs->by_name) {
        const struct plug *plug;

        if (ovs_list_is_empty(&b->plugs)) {
            lines[(*n)++] = (struct line){.binding = b};
        }
        LIST_FOR_EACH (plug, node, &b->plugs) {
            lines[(*n)++] =
                (struct line){.binding = b, .plug = plug, .duplicate = b->used && plug != b->used};
        }
    }
    qsort(lines, *n, sizeof *lines, compare_lines);
    return lines;
}

static void
put_reason(const struct line *line, const struct port_peers *peers, bool nb_read, struct ds *ds)
{
    enum binding_state state = line->binding->state;
    const char *reason = state_reason(state, nb_read);
    const char *chassis = state == BINDING_REQUESTED_ELSEWHERE ? peers->requested_chassis
                          : state == BINDING_BOUND_ELSEWHERE   ? peers->chassis
                                                               : NULL;

    if (line->plug && line->plug->error) {
        ds_put_cstr(ds, ": the switch cannot open the interface: ");
        text_put(ds, line->plug->error, TEXT_QUOTE_MAX);
    } else if (chassis) {
        ds_put_cstr(ds, ": on chassis ");
        text_put(ds, chassis, TEXT_QUOTE_MAX);
    } else if (reason) {
        ds_put_format(ds, ": %s", reason);
    }
}

static void
format_line(const struct line *line, const struct topology *t, bool nb_read, struct ds *ds)
{
    const struct binding *b = line->binding;
    struct port_peers peers = {.network = NULL};

    if (b->port.name) {
        topology_get_port_peers(t, &b->port.uuid, &peers);
    }
    ds_put_cstr(ds, "  ");
    text_put(ds, line->plug ? line->plug->interface : "(no interface)", TEXT_QUOTE_MAX);
    ds_put_cstr(ds, ": port ");
    text_put(ds, b->name, TEXT_QUOTE_MAX);
    if (peers.network) {
        ds_put_cstr(ds, ", network ");
        text_put(ds, peers.network, TEXT_QUOTE_MAX);
    }
    if (line->duplicate) {
        ds_put_cstr(ds, ", duplicate: the port is on interface ");
        text_put(ds, b->used->interface, TEXT_QUOTE_MAX);
        ds_put_char(ds, '\n');
        return;
    }
    ds_put_format(ds, ", %s for %lld s", state_name(b->state, nb_read),
                  (time_msec() - b->since) / 1000);
    put_reason(line, &peers, nb_read, ds);
    ds_put_char(ds, '\n');
}

/* How many lines there are of each state. */
static void
format_counts(const struct line *lines, size_t n, bool nb_read, struct ds *ds)
{
    size_t counts[N_BINDING_STATES] = {0};
    size_t n_duplicates = 0;

    for (size_t i = 0; i < n; i++) {
        ++*(lines[i].duplicate ? &n_duplicates : &counts[lines[i].binding->state]);
    }
    ds_put_cstr(ds, n ? "plugged ports: " : "plugged ports: none\n");
    for (size_t i = 0; i < N_BINDING_STATES; i++) {
        if (counts[i]) {
            ds_put_format(ds, "%" PRIuSIZE " %s, ", counts[i], state_name(i, nb_read));
        }
    }
    if (n_duplicates) {
        ds_put_format(ds, "%" PRIuSIZE " duplicate, ", n_duplicates);
    }
    if (n) {
        ds_chomp(ds, ' ');
        ds_chomp(ds, ',');
        ds_put_char(ds, '\n');
    }
}

static bool
is_up(const struct line *line)
{
    return line->binding->state == BINDING_UP && !line->duplicate;
}

void
bindings_format_status(const struct bindings *bs, const struct topology *t, bool nb_read,
                       struct ds *ds)
{
    size_t n, n_lines = 0, n_left_out = 0;
    struct line *lines = collect_lines(bs, &n);
    bool many = n > MAX_LINES;

    format_counts(lines, n, nb_read, ds);
    for (size_t i = 0; i < n; i++) {
        if (many && is_up(&lines[i])) {
            continue;
        } else if (n_lines < MAX_LINES) {
            format_line(&lines[i], t, nb_read, ds);
            n_lines++;
        } else {
            n_left_out++;
        }
    }
    if (n_left_out) {
        ds_put_format(ds, "  and %" PRIuSIZE " more: see \"ports\"\n", n_left_out);
    }
    free(lines);
}

static bool
is_called(const struct line *line, const struct topology *t, const char *name)
{
    const struct binding *b = line->binding;
    struct port_peers peers = {.network = NULL};

    if (b->port.name) {
        topology_get_port_peers(t, &b->port.uuid, &peers);
    }
    return (!strcmp(b->name, name) || (line->plug && !strcmp(line->plug->interface, name))
            || nullable_string_is_equal(peers.network, name));
}

bool
bindings_format_ports(const struct bindings *bs, const struct topology *t, bool nb_read,
                      const char *name, struct ds *ds)
{
    bool found = false;
    size_t n;
    struct line *lines = collect_lines(bs, &n);

    for (size_t i = 0; i < n; i++) {
        if (!name || is_called(&lines[i], t, name)) {
            format_line(&lines[i], t, nb_read, ds);
            found = true;
        }
    }
    free(lines);
    return found;
}

static void
add_errors(const struct binding *b, struct svec *problems)
{
    const struct plug *plug;

    LIST_FOR_EACH (plug, node, &b->plugs) {
        if (plug->error) {
            svec_add_nocopy(problems, text_format("interface %s: the switch cannot open it: %s",
                                                  plug->interface, plug->error));
        }
    }
}

static void
add_duplicates(const struct binding *b, struct svec *problems)
{
    const struct plug *plug;

    LIST_FOR_EACH (plug, node, &b->plugs) {
        if (b->used && plug != b->used) {
            svec_add_nocopy(problems, text_format("interface %s: iface-id %s is that of interface "
                                                  "%s, too, which is used; remove one",
                                                  plug->interface, b->name, b->used->interface));
        }
    }
}

void
bindings_native_problems(const struct bindings *bs, struct svec *problems)
{
    const struct binding *b;

    LIST_FOR_EACH (b, state_node, &bs->in_state[BINDING_NO_PORT]) {
        svec_add_nocopy(problems, text_format("interface %s: iface-id %s is the name of no port "
                                              "in the NB database",
                                              b->used->interface, b->name));
    }
}

void
bindings_problems(const struct bindings *bs, struct svec *problems)
{
    const struct binding *b;

    HMAP_FOR_EACH (b, name_node, &bs->by_name) {
        add_errors(b, problems);
        add_duplicates(b, problems);
    }
}
