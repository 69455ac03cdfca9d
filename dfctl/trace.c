/* SPDX-License-Identifier: Apache-2.0 */
/* trace PORT FLOW: follows a packet through the flow tables of this chassis. */
#include <config.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dfctl/commands.h"
#include "dfctl/context.h"
#include "dfctl/local-switch.h"
#include "dfctl/lookup.h"
#include "dfctl/output.h"
#include "dfctl/trace-packet.h"
#include "dfctl/trace-walk.h"
#include "nb/dragonflow-idl.h"
#include "nb/model.h"
#include "nb/text.h"
#include "openvswitch/dynamic-string.h"
#include "openvswitch/json.h"
#include "smap.h"
#include "svec.h"
#include "util.h"
#include "uuid.h"

/* Reasons for which the pipeline sends a packet to df-controller (enum
 * packet_in_reason of packet-in.h), and what that answers, to IPv4 and to IPv6. */
static const char *const packet_in_answers[][2] = {
    [1] = {"ICMP time exceeded", "ICMPv6 time exceeded"},
    [2] = {"ICMP network unreachable: no route", "ICMPv6 destination unreachable: no route"},
    [3] = {"ICMP host unreachable: nobody has the next hop's address",
           "ICMPv6 address unreachable: nobody has the next hop's address"},
    [4] = {"the packet is addressed to the router itself",
           "the packet is addressed to the router itself"},
    [5] = {"ICMP fragmentation needed", "ICMPv6 packet too big"},
};

/* Reasons whose packets are about no router: what becomes of them. */
static const char *
packet_in_without_router(int reason)
{
    return (reason == 7   ? "answered for the address's owner (duplicate address detection)"
            : reason == 8 ? "answered with a router advertisement, if a router advertises here"
                          : NULL);
}

/* --- Verdict ------------------------------------------------------------ */

/* The router whose key, the second half of its UUID, is in the packet's registers. */
static const char *
router_name(const struct ovsdb_idl *idl, uint64_t key)
{
    const struct nbrec_router *router;

    NBREC_ROUTER_FOR_EACH (router, idl) {
        const struct uuid *uuid = &router->header_.uuid;
        if (key == (((uint64_t) uuid->parts[2] << 32) | uuid->parts[3])) {
            return router->name;
        }
    }
    return "(unknown)";
}

static const char *
chassis_with_encap(const struct ovsdb_idl *idl, const char *type, const char *ip)
{
    const struct nbrec_chassis *chassis;

    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        const char *encap = smap_get(&chassis->encaps, type);
        const char *encap_ipv6 = smap_get(&chassis->encaps_ipv6, type);
        if ((encap && !strcmp(encap, ip)) || (encap_ipv6 && !strcmp(encap_ipv6, ip))) {
            return chassis->name;
        }
    }
    return NULL;
}

/* The physical network that this chassis has mapped to 'bridge'; an empty string if
 * none. */
static const char *
physical_network(const struct ovsdb_idl *idl, const struct local_switch *ls, const char *bridge)
{
    const struct nbrec_chassis *chassis;
    const struct smap_node *node;

    NBREC_CHASSIS_FOR_EACH (chassis, idl) {
        if (!strcmp(chassis->name, local_switch_chassis(ls))) {
            SMAP_FOR_EACH (node, &chassis->bridge_mappings) {
                if (bridge && !strcmp(node->value, bridge)) {
                    return node->key;
                }
            }
        }
    }
    return "";
}

static char *
describe_output(const struct ovsdb_idl *idl, const struct local_switch *ls,
                const struct trace_output *output)
{
    const struct ovsrec_interface *iface = local_switch_ofport(ls, output->ofport);
    if (!iface) {
        return xasprintf("sent out of OpenFlow port %" PRId64, output->ofport);
    }

    const char *iface_id = smap_get(&iface->external_ids, "iface-id");
    if (iface_id) {
        return xasprintf("delivered to port %s", iface_id);
    }
    if (!strcmp(iface->type, "patch")) {
        const char *physnet = physical_network(idl, ls, local_switch_patch_bridge(ls, iface));
        return (output->vlan
                    ? xasprintf("sent to physical network %s, VLAN %u", physnet, output->vlan)
                    : xasprintf("sent to physical network %s, untagged", physnet));
    }
    if (output->tun_dst) {
        /* The kernel's device for GRE over IPv6 is another one. */
        const char *type = strcmp(iface->type, "ip6gre") ? iface->type : "gre";
        const char *chassis = chassis_with_encap(idl, type, output->tun_dst);

        if (output->tun_id == NETWORK_TRANSIT_KEY) {
            return xasprintf("sent to gateway %s over %s, which routes it to a physical network",
                             chassis ? chassis : output->tun_dst, type);
        }
        return xasprintf("sent to chassis %s over %s, %s %" PRIu64,
                         chassis ? chassis : output->tun_dst, type,
                         strcmp(type, "gre") ? "VNI" : "key", output->tun_id);
    }
    return xasprintf("sent out of interface %s", iface->name);
}

/* The verdict on a request that the pipeline answered itself. */
static char *
describe_answer(const struct ovsdb_idl *idl, const struct trace_walk *walk)
{
    if (walk->icmp_reply) {
        return xasprintf("answered by router %s", router_name(idl, walk->router_key));
    }

    /* ARP: the owner of the flow of stage "neighbour", "neighbour(address 10.0.1.1 of
     * router port rp1 in n1)", is the one that the answer is about. */
    const struct nbrec_router_port *port;
    NBREC_ROUTER_PORT_FOR_EACH (port, idl) {
        char *part = text_format(" of router port %s in %s)", port->name,
                                 port->network ? port->network->name : "");
        bool is_it = walk->neighbour && strstr(walk->neighbour, part);
        free(part);
        if (is_it) {
            return xasprintf("answered by router %s",
                             port->router ? port->router->name : "(unknown)");
        }
    }
    const char *who = walk->neighbour ? strchr(walk->neighbour, '(') : NULL;
    return (who ? xasprintf("answered for %.*s", (int) strlen(who + 1) - 1, who + 1)
                : xstrdup("answered"));
}

/* What becomes of the packet, one sentence for each copy, into 'v', which must be empty. */
static void
verdict(const struct ovsdb_idl *idl, const struct local_switch *ls, const struct trace_walk *walk,
        struct svec *v)
{
    const char *service = packet_in_without_router(walk->packet_in);

    for (size_t i = 0; i < walk->n_outputs; i++) {
        const struct trace_output *output = &walk->outputs[i];
        svec_add_nocopy(
            v, (output->to_input ? describe_answer(idl, walk) : describe_output(idl, ls, output)));
    }
    if (service) {
        svec_add(v, service);
    } else if (walk->packet_in) {
        bool known = walk->packet_in > 0 && walk->packet_in < ARRAY_SIZE(packet_in_answers);
        const char *answer = known ? packet_in_answers[walk->packet_in][walk->ipv6] : NULL;
        svec_add_nocopy(v,
                        xasprintf("answered by router %s (%s)", router_name(idl, walk->router_key),
                                  answer ? answer : "unknown reason"));
    }
    if (walk->mtu) {
        svec_add_nocopy(v, xasprintf("if larger than %u bytes, answered by router %s (%s)",
                                     walk->mtu, router_name(idl, walk->router_key),
                                     packet_in_answers[5][walk->ipv6]));
    }
    if (!v->n) {
        svec_add_nocopy(v, xasprintf("dropped in stage %s%s%s%s",
                                     walk->last_stage ? walk->last_stage : "(none)",
                                     walk->last_owner ? " (" : "",
                                     walk->last_owner ? walk->last_owner : "",
                                     walk->last_owner ? ")" : ""));
    }
}

/* --- Command ------------------------------------------------------------ */

/* The interface of 'port' on this chassis; if there is none, returns NULL and sets
 * '*errorp' to the reason. */
static const struct ovsrec_interface *
find_vif(const struct local_switch *ls, const struct nbrec_port *port, char **errorp)
{
    const struct ovsrec_interface *iface = NULL;

    if (!port->chassis) {
        *errorp = xasprintf("port %s is on no chassis", port->name);
    } else if (strcmp(port->chassis->name, local_switch_chassis(ls))) {
        *errorp =
            xasprintf("port %s is on chassis %s: run this there", port->name, port->chassis->name);
    } else {
        iface = local_switch_vif(ls, port->name);
        if (!iface) {
            *errorp = xasprintf("port %s has no interface in bridge %s", port->name,
                                local_switch_bridge(ls));
        }
    }
    return iface;
}

/* How often a packet is translated by conntrack at most.  Each time the switch is to take for
 * granted that it is, as the first packet of a connection: it does not do it for a trace. */
#define MAX_TRANSLATIONS 8

/* Asks df-controller for its map, and ovs-vswitchd for the walk of 'flow'. */
static char *
ask_daemons(const char *bridge, const char *flow, struct trace_map *map, char **trace)
{
    char *stages = NULL, *flows = NULL;
    char *error = local_appctl("df-controller", "stages", 0, NULL, &stages);
    if (!error) {
        error = local_appctl("df-controller", "flows", 0, NULL, &flows);
    }
    if (!error) {
        struct svec args = SVEC_EMPTY_INITIALIZER;

        svec_add(&args, bridge);
        svec_add(&args, flow);
        for (int i = 0; i < MAX_TRANSLATIONS; i++) {
            svec_add(&args, "--ct-next");
            svec_add(&args, "trk,new,snat,dnat");
        }
        error = local_appctl("ovs-vswitchd", "ofproto/trace", args.n, args.names, trace);
        svec_destroy(&args);
    }
    if (!error) {
        trace_map_init(map, stages, flows);
    }
    free(stages);
    free(flows);
    return error;
}

/* Puts the steps, lines of text, into 'out', and what becomes of the packet into 'v'.  Returns
 * NULL or an error. */
static char *
trace(const struct ovsdb_idl *idl, const struct local_switch *ls, const struct nbrec_port *port,
      const char *text, struct ds *out, struct svec *v)
{
    char *error;
    const struct ovsrec_interface *iface = find_vif(ls, port, &error);
    if (!iface) {
        return error;
    }
    char *packet;
    error = trace_packet_complete(idl, port, text, &packet);
    if (error) {
        return error;
    }

    int64_t in_port = *iface->ofport;
    char *flow = xasprintf("in_port=%" PRId64 ",%s", in_port, packet);
    struct trace_map map;
    char *output;
    error = ask_daemons(local_switch_bridge(ls), flow, &map, &output);
    if (!error) {
        struct trace_walk walk;
        trace_walk_init(&walk, &map, local_switch_bridge(ls), in_port, output, out);
        verdict(idl, ls, &walk, v);
        free(output);
        trace_walk_destroy(&walk);
        trace_map_destroy(&map);
    }
    free(flow);
    free(packet);
    return error;
}

static void
put_text(struct ctl_context *ctx, const struct ds *steps, const struct svec *sentences)
{
    char *s = svec_join(sentences, "; ", "");

    text_clean_in_place(&s, TEXT_SENTENCE_MAX);
    ds_put_format(&ctx->output, "%s\n%s\n", ds_cstr_ro(steps), s);
    free(s);
}

static void
put_json(struct ctl_context *ctx, const struct nbrec_port *port, const struct ds *steps,
         const struct svec *sentences)
{
    struct json *json = json_object_create();
    struct svec lines = SVEC_EMPTY_INITIALIZER;

    char *text = xstrdup(ds_cstr_ro(steps));
    char *save = NULL;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        svec_add(&lines, line);
    }
    free(text);
    json_object_put_string(json, "port", port->name);
    json_object_put_string(json, "packet", ctx->argv[2]);
    json_object_put(json, "steps", json_from_strings(lines.names, lines.n));
    json_object_put(json, "verdict", json_from_strings(sentences->names, sentences->n));
    svec_destroy(&lines);
    output_json(ctx, json);
}

static void
cmd_trace(struct ctl_context *ctx)
{
    const struct nbrec_port *port = object_find(ctx, NB_PORT, ctx->argv[1]);
    if (!port) {
        ctl_error(ctx, "port %s does not exist", ctx->argv[1]);
        return;
    }

    struct local_switch *ls;
    char *error = local_switch_open(&ls);
    if (error && port->chassis) {
        ctl_error(ctx, "trace: port %s is on chassis %s: run this there (here is %s)", port->name,
                  port->chassis->name, error);
        free(error);
        return;
    }
    if (!error) {
        struct svec sentences = SVEC_EMPTY_INITIALIZER;
        struct ds steps = DS_EMPTY_INITIALIZER;

        error = trace(ctx->idl, ls, port, ctx->argv[2], &steps, &sentences);
        if (error) {
            /* There is nothing to say but that. */
        } else if (dfctl_context_cast(ctx)->dfctl->style.format == TF_JSON) {
            put_json(ctx, port, &steps, &sentences);
        } else {
            put_text(ctx, &steps, &sentences);
        }
        ds_destroy(&steps);
        svec_destroy(&sentences);
        local_switch_close(ls);
    }
    if (error) {
        ctl_error(ctx, "trace: %s", error);
        free(error);
    }
}

const struct ctl_command_syntax trace_commands[] = {
    {"trace", 2, 2, "PORT FLOW", pre_everything, cmd_trace, NULL, "", RO},
    {NULL, 0, 0, NULL, NULL, NULL, NULL, NULL, RO},
};
