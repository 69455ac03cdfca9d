/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "dfctl/trace-walk.h"

#include <inttypes.h>
#include <netinet/icmp6.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "openvswitch/dynamic-string.h"
#include "packets.h"
#include "util.h"

/* --- Map ---------------------------------------------------------------- */

struct trace_owner {
    struct hmap_node node; /* In struct trace_map's 'owners', by cookie. */
    uint64_t cookie;
    char *owner; /* "fdb(mac 0a:00:00:00:00:01 of port a in n1)" */
};

static const char *
find_owner(const struct trace_map *map, uint64_t cookie)
{
    const struct trace_owner *o;

    HMAP_FOR_EACH_WITH_HASH (o, node, hash_uint64(cookie), &map->owners) {
        if (o->cookie == cookie) {
            return o->owner;
        }
    }
    return NULL;
}

static void
add_stage(struct trace_map *map, const char *line)
{
    unsigned int table;
    int n = 0;

    /* "TABLE NAME PURPOSE..." */
    if (ovs_scan(line, "%u %n", &table, &n) && table < ARRAY_SIZE(map->stages)
        && !map->stages[table]) {
        map->stages[table] = xmemdup0(line + n, strcspn(line + n, " "));
    }
}

static void
add_flow(struct trace_map *map, const char *line)
{
    static const char mark[] = " ; owner=";
    const char *owner = strstr(line, mark);
    unsigned long long int cookie;

    /* "cookie=0x..., ... ; owner=RULE(KIND NAME)", and " + RULE(KIND NAME)" for each further
     * owner, which the cookie does not lead to. */
    if (owner && ovs_scan(line, "cookie=%lli", &cookie) && !find_owner(map, cookie)) {
        struct trace_owner *o = xmalloc(sizeof *o);
        o->cookie = cookie;
        o->owner = xstrdup(owner + strlen(mark));
        char *more = strstr(o->owner, ") + ");
        if (more) {
            more[1] = '\0';
        }
        hmap_insert(&map->owners, &o->node, hash_uint64(cookie));
    }
}

/* Calls 'cb' for each line of 'text'. */
static void
for_each_line(const char *text, void (*cb)(struct trace_map *, const char *line),
              struct trace_map *map)
{
    while (*text) {
        size_t len = strcspn(text, "\n");
        char *line = xmemdup0(text, len);
        cb(map, line);
        free(line);
        text += len + (text[len] == '\n');
    }
}

void
trace_map_init(struct trace_map *map, const char *stages, const char *flows)
{
    memset(map->stages, 0, sizeof map->stages);
    hmap_init(&map->owners);
    for_each_line(stages, add_stage, map);
    for_each_line(flows, add_flow, map);
}

void
trace_map_destroy(struct trace_map *map)
{
    struct trace_owner *o;

    for (size_t i = 0; i < ARRAY_SIZE(map->stages); i++) {
        free(map->stages[i]);
    }
    HMAP_FOR_EACH_SAFE (o, node, &map->owners) {
        hmap_remove(&map->owners, &o->node);
        free(o->owner);
        free(o);
    }
    hmap_destroy(&map->owners);
}

/* --- Walk --------------------------------------------------------------- */

/* While walking: what the next output will carry. */
struct walker {
    struct trace_walk *walk;
    const struct trace_map *map;
    int64_t in_port;
    bool in_bridge;     /* In the integration bridge, not in one behind it. */
    bool behind;        /* In one behind it, */
    size_t behind_from; /* whose headline has this indentation. */
    char *tun_dst;
    uint64_t tun_id;
    unsigned int vlan;
    unsigned int larger; /* The last check_pkt_larger(), until its first branch ends. */
};

static void
set_string(char **s, const char *value)
{
    free(*s);
    *s = nullable_xstrdup(value);
}

static void
add_output(struct walker *w, int64_t ofport, bool to_input)
{
    struct trace_walk *walk = w->walk;

    if (walk->n_outputs >= walk->allocated_outputs) {
        walk->outputs = x2nrealloc(walk->outputs, &walk->allocated_outputs, sizeof *walk->outputs);
    }
    walk->outputs[walk->n_outputs++] = (struct trace_output){
        .ofport = ofport,
        .to_input = to_input,
        .tun_dst = nullable_xstrdup(w->tun_dst),
        .tun_id = w->tun_id,
        .vlan = w->vlan,
    };
}

/* If 'action' sets 'field', returns the value, which the caller must free(). */
static char *
set_field_value(const char *action, const char *field)
{
    static const char prefix[] = "set_field:";
    const char *arrow = strstr(action, "->");

    if (strncmp(action, prefix, strlen(prefix)) || !arrow || strcmp(arrow + 2, field)) {
        return NULL;
    }
    return xmemdup0(action + strlen(prefix), arrow - action - strlen(prefix));
}

static bool
set_field_number(const char *action, const char *field, uint64_t *number)
{
    char *value = set_field_value(action, field);
    unsigned long long int n;
    bool ok = value && str_to_ullong(value, 0, &n);

    if (ok) {
        *number = n;
    }
    free(value);
    return ok;
}

static void
walk_action(struct walker *w, const char *action)
{
    struct trace_walk *walk = w->walk;
    uint64_t number;
    long long int ofport;
    unsigned int reason;
    char *value;

    if (ovs_scan(action, "output:%lli", &ofport)) {
        add_output(w, ofport, ofport == w->in_port && walk->icmp_reply);
    } else if (!strcmp(action, "IN_PORT")) {
        add_output(w, w->in_port, true);
    } else if (!strncmp(action, ">> ", 3)) {
        /* The output above did not happen. */
        if (walk->n_outputs) {
            free(walk->outputs[--walk->n_outputs].tun_dst);
        }
    } else if (!strncmp(action, "controller(", 11)) {
        /* After check_pkt_larger() both branches are shown, first that of the packet
         * that is larger. */
        const char *userdata = strstr(action, "userdata=");
        if (w->larger) {
            walk->mtu = w->larger - ETH_HEADER_LEN;
            w->larger = 0;
        } else {
            walk->packet_in = userdata && ovs_scan(userdata, "userdata=%x", &reason) ? reason : -1;
        }
    } else if (!strcmp(action, "pop_vlan") || !strcmp(action, "strip_vlan")) {
        w->vlan = 0;
    } else if ((value = set_field_value(action, "tun_dst"))
               || (value = set_field_value(action, "tun_ipv6_dst"))) {
        free(w->tun_dst);
        w->tun_dst = value;
    } else if (set_field_number(action, "vlan_vid", &number)) {
        w->vlan = number & 0xfff;
    } else if (set_field_number(action, "icmp_type", &number)) {
        walk->icmp_reply = number == ICMP4_ECHO_REPLY;
    } else if (set_field_number(action, "icmpv6_type", &number)) {
        walk->icmp_reply = number == ICMP6_ECHO_REPLY;
    } else if (!ovs_scan(action, "check_pkt_larger(%u)", &w->larger)
               && !set_field_number(action, "tun_id", &w->tun_id)) {
        set_field_number(action, "xreg1", &walk->router_key);
    }
}

/* If 'line' begins a step ("128. MATCH, priority 124, cookie 0x..."), prints it with
 * its stage and owner and returns true. */
static bool
walk_step(struct walker *w, const char *line, size_t indent, struct ds *out)
{
    unsigned int table;
    int n = 0;

    if (!ovs_scan(line + indent, "%u. %n", &table, &n) || !n || table >= 256) {
        return false;
    }
    const char *match = line + indent + n;
    const char *cookie_text = strstr(match, ", cookie ");
    unsigned long long int cookie = 0;
    const char *owner = NULL;
    if (cookie_text && ovs_scan(cookie_text, ", cookie %lli", &cookie)) {
        owner = find_owner(w->map, cookie);
    } else {
        cookie_text = NULL;
    }
    const char *stage = w->map->stages[table];

    size_t match_len = cookie_text ? cookie_text - match : strlen(match);
    ds_put_format(out, "%*s%3u %s: %s\n%*s      [%.*s]\n", (int) indent, "", table,
                  stage ? stage : "(not Dragonflow's)",
                  owner         ? owner
                  : cookie_text ? "(not Dragonflow's flow)"
                                : "(no flow)",
                  (int) indent, "", (int) match_len, match);

    struct trace_walk *walk = w->walk;
    char table_text[8];
    snprintf(table_text, sizeof table_text, "%u", table);
    set_string(&walk->last_stage, stage ? stage : table_text);
    set_string(&walk->last_owner, owner);
    if (stage && !strcmp(stage, "neighbour")) {
        set_string(&walk->neighbour, owner);
    }
    return true;
}

/* What goes on as far to the left as the bridge behind ours begins is ours again: its next copy.
 * After one that begins at the left margin nothing follows. */
static void
walk_back(struct walker *w, size_t indent)
{
    if (w->behind && w->behind_from && indent <= w->behind_from) {
        w->in_bridge = true;
        w->behind = false;
    }
}

/* If 'line' is "bridge("NAME")", returns true and finds out whether it is ours. */
static bool
walk_bridge(struct walker *w, const char *line, size_t indent, const char *bridge)
{
    static const char prefix[] = "bridge(\"";
    if (strncmp(line, prefix, strlen(prefix))) {
        return false;
    }
    const char *name = line + strlen(prefix);
    size_t len = strcspn(name, "\"");
    if (w->in_bridge) {
        w->behind = true;
        w->behind_from = indent;
    }
    w->in_bridge = len == strlen(bridge) && !strncmp(name, bridge, len);
    return true;
}

void
trace_walk_init(struct trace_walk *walk, const struct trace_map *map, const char *bridge,
                int64_t in_port, const char *trace, struct ds *out)
{
    struct walker w = {.walk = walk, .map = map, .in_port = in_port};
    bool walking = true;

    memset(walk, 0, sizeof *walk);
    while (*trace) {
        size_t len = strcspn(trace, "\n");
        char *line = xmemdup0(trace, len);
        trace += len + (trace[len] == '\n');

        size_t indent = strspn(line, " ");
        const char *text = line + indent;
        walk->ipv6 = walk->ipv6 || (!strncmp(text, "Flow: ", 6) && strstr(text, ",ipv6_dst="));
        bool underlines = text[0] == '-' && text[strspn(text, "-")] == '\0';
        if (!strncmp(text, "Final flow:", 11)) {
            walking = false;
            ds_put_char(out, '\n');
        } else if (!strncmp(text, "recirc(", 7)) {
            /* It comes back from conntrack, into our bridge. */
            walking = true;
            w.in_bridge = w.behind = false;
        }
        if (walking && text[0]) {
            walk_back(&w, indent);
        }
        if (walking && (underlines || !text[0] || walk_bridge(&w, text, indent, bridge))) {
            /* Only what is not the integration bridge needs a headline. */
            if (!w.in_bridge && text[0] && !underlines) {
                ds_put_format(out, "%s\n", line);
            }
        } else if (!walking || !w.in_bridge) {
            ds_put_format(out, "%s\n", line);
        } else if (!walk_step(&w, line, indent > 3 ? indent : 0, out)) {
            walk_action(&w, text);
            ds_put_format(out, "  %s\n", line);
        }
        free(line);
    }
    free(w.tun_dst);
}

void
trace_walk_destroy(struct trace_walk *walk)
{
    for (size_t i = 0; i < walk->n_outputs; i++) {
        free(walk->outputs[i].tun_dst);
    }
    free(walk->outputs);
    free(walk->neighbour);
    free(walk->last_stage);
    free(walk->last_owner);
}
