/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>
#include "chassis/settings.h"

#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "nb/ip.h"
#include "nb/text.h"
#include "openvswitch/util.h"
#include "packets.h"
#include "svec.h"
#include "util.h"

/* How each key is read.  A parser returns NULL on success, otherwise a malloc()'d
 * reason, and then has changed nothing.  'value' is NULL only for a key that is
 * absent and has no default. */
typedef char *parse_func(const char *value, struct chassis_settings *);

/* The largest hard_timeout of an OpenFlow flow, which carries it out. */
#define MAX_FALLBACK_TIMEOUT UINT16_MAX

/* What the keys begin with that are ours alone. */
#define OWN_PREFIX "dragonflow-"

/* In ms.  A day is as good as never. */
#define MIN_PROBE_INTERVAL 1000
#define MAX_PROBE_INTERVAL 86400000

/* In ms.  Below, what a busy host delays counts as a failure. */
#define MIN_BFD_INTERVAL 20
#define MAX_BFD_INTERVAL 10000

static void
replace_string(char **dst, const char *src)
{
    if (!nullable_string_is_equal(*dst, src)) {
        free(*dst);
        *dst = nullable_xstrdup(src);
    }
}

/* True if 's' is a word: not empty, without white space and control characters. */
static bool
is_word(const char *s)
{
    return *s && !strchr(s, ' ') && text_is_clean(s);
}

/* Splits 'value' at commas, with blanks around the items removed.  Empty items are
 * kept ("a,,b" has three), except that an empty 'value' has no items. */
static void
split_list(const char *value, struct svec *items)
{
    svec_init(items);
    if (!value[strspn(value, " ")]) {
        return;
    }
    for (;;) {
        size_t len = strcspn(value, ",");
        size_t start = MIN(strspn(value, " "), len);
        size_t end = len;

        while (end > start && value[end - 1] == ' ') {
            end--;
        }
        svec_add_nocopy(items, xmemdup0(value + start, end - start));
        if (!value[len]) {
            return;
        }
        value += len + 1;
    }
}

static char *
parse_system_id(const char *value, struct chassis_settings *s)
{
    if (value && !is_word(value)) {
        return xstrdup(
            "a chassis name is not empty and has neither white space nor control characters");
    }
    replace_string(&s->system_id, value);
    return NULL;
}

static char *
parse_hostname(const char *value, struct chassis_settings *s)
{
    if (value && !is_word(value)) {
        return xstrdup(
            "a host name is not empty and has neither white space nor control characters");
    }
    replace_string(&s->hostname, value);
    return NULL;
}

static bool
is_host(const char *host)
{
    struct in6_addr ip6;

    if (strchr(host, ':')) {
        return ipv6_parse(host, &ip6);
    }
    /* A name or an IPv4 address. */
    return (*host
            && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")
                   == strlen(host));
}

/* Checks "HOST:PORT", where an IPv6 HOST is in brackets. */
static char *
check_host_port(const char *method, const char *target)
{
    const char *colon;
    char *host;

    if (*target == '[') {
        const char *bracket = strchr(target, ']');

        if (!bracket || bracket[1] != ':') {
            return text_format("\"%s\" is not of the form [ADDRESS]:PORT", method);
        }
        colon = bracket + 1;
        host = xmemdup0(target + 1, bracket - target - 1);
    } else {
        colon = strrchr(target, ':');
        if (!colon) {
            return text_format("\"%s\" has no port", method);
        }
        host = xmemdup0(target, colon - target);
        if (strchr(host, ':')) {
            free(host);
            return text_format("\"%s\": an IPv6 address is written in brackets", method);
        }
    }

    bool good_host = is_host(host);
    free(host);
    if (!good_host) {
        return text_format("\"%s\" does not name a host", method);
    }

    unsigned int port;
    if (strspn(colon + 1, "0123456789") != strlen(colon + 1) || !str_to_uint(colon + 1, 10, &port)
        || !port || port > UINT16_MAX) {
        return text_format("\"%s\" has no valid port", method);
    }
    return NULL;
}

static char *
check_remote(const char *method)
{
    if (!strncmp(method, "unix:", 5)) {
        return (!method[5]               ? xstrdup("\"unix:\" names no socket")
                : !text_is_clean(method) ? text_format("\"%s\" has control characters", method)
                                         : NULL);
    } else if (!strncmp(method, "tcp:", 4) || !strncmp(method, "ssl:", 4)) {
        return check_host_port(method, method + 4);
    }
    return text_format("\"%s\" is none of unix:PATH, tcp:HOST:PORT, ssl:HOST:PORT", method);
}

static char *
parse_remotes(const char *value, char **remotes)
{
    struct svec methods;
    char *reason = NULL;

    if (!value) {
        replace_string(remotes, NULL);
        return NULL;
    }

    split_list(value, &methods);
    if (!methods.n) {
        reason = xstrdup("it names no connection method");
    }
    for (size_t i = 0; i < methods.n && !reason; i++) {
        reason = check_remote(methods.names[i]);
    }
    if (!reason) {
        char *joined = svec_join(&methods, ",", "");

        replace_string(remotes, joined);
        free(joined);
    }
    svec_destroy(&methods);
    return reason;
}

static char *
parse_remote(const char *value, struct chassis_settings *s)
{
    return parse_remotes(value, &s->remote);
}

static char *
parse_relays(const char *value, struct chassis_settings *s)
{
    return parse_remotes(value, &s->relays);
}

static char *
parse_probe_interval(const char *value, struct chassis_settings *s)
{
    unsigned int ms;

    /* Below a second the library takes a second. */
    if (strspn(value, "0123456789") != strlen(value) || !str_to_uint(value, 10, &ms)
        || ms > MAX_PROBE_INTERVAL || (ms && ms < MIN_PROBE_INTERVAL)) {
        return xasprintf("it is neither 0 nor a number of milliseconds from %d to %d",
                         MIN_PROBE_INTERVAL, MAX_PROBE_INTERVAL);
    }
    s->probe_interval = ms;
    return NULL;
}

/* Of any length: without an interface of its name, which is limited to 15 characters, a bridge
 * forwards all the same. */
static char *
check_bridge_name(const char *name)
{
    if (!is_word(name)) {
        return text_format("\"%s\" is not a bridge name: it is empty or has white space", name);
    } else if (!text_is_clean(name) || strpbrk(name, "/\\") || !strcmp(name, ".")
               || !strcmp(name, "..")) {
        return text_format("\"%s\" is not a bridge name that Open vSwitch accepts", name);
    }
    return NULL;
}

static char *
parse_bridge(const char *value, struct chassis_settings *s)
{
    char *reason = check_bridge_name(value);

    /* We make it, and its interface. */
    if (!reason && strlen(value) >= IFNAMSIZ) {
        reason = xasprintf("\"%s\" is longer than the %d characters of an interface name", value,
                           IFNAMSIZ - 1);
    }
    if (!reason) {
        replace_string(&s->bridge, value);
    }
    return reason;
}

static char *
parse_datapath_type(const char *value, struct chassis_settings *s)
{
    if (value && strcmp(value, "system") && strcmp(value, "netdev")) {
        return xstrdup("it is neither \"system\" nor \"netdev\"");
    }
    replace_string(&s->datapath_type, value);
    return NULL;
}

static char *
parse_encap_type(const char *value, struct chassis_settings *s)
{
    bool enabled[N_ENCAPS] = {false};
    struct svec types;
    char *reason = NULL;

    split_list(value, &types);
    if (!types.n) {
        reason = xstrdup("it names no encapsulation");
    }
    for (size_t i = 0; i < types.n && !reason; i++) {
        enum network_type type;

        if (!network_type_from_string(types.names[i], &type) || !network_type_is_overlay(type)) {
            reason = text_format("\"%s\" is none of geneve, vxlan, gre", types.names[i]);
        } else {
            enabled[type] = true;
        }
    }
    if (!reason) {
        memcpy(s->encap_enabled, enabled, sizeof enabled);
    }
    svec_destroy(&types);
    return reason;
}

/* Puts one address into 'encap_ip', where there is none of its family yet. */
static char *
add_encap_ip(const char *item, struct in6_addr encap_ip[N_UNDERLAYS])
{
    struct in6_addr ip;
    char *reason = address_parse(item, &ip);

    if (reason) {
        free(reason);
        return text_format("\"%s\" is not an IP address", item);
    }
    if (address_is(&ip, ADDRESS_LOOPBACK)) {
        return text_format("\"%s\" is a loopback address, which no other chassis can reach", item);
    }
    if (address_is(&ip, ADDRESS_NO_HOST)) {
        return text_format("\"%s\" is not a unicast address", item);
    }
    if (!address_is_ipv4(&ip) && address_is(&ip, ADDRESS_LINK_LOCAL)) {
        return text_format("\"%s\" is a link-local address, which means nothing beyond one link",
                           item);
    }

    enum underlay underlay = underlay_of(&ip);
    if (ipv6_addr_is_set(&encap_ip[underlay])) {
        return text_format("it has two addresses of %s",
                           underlay == UNDERLAY_IPV4 ? "IPv4" : "IPv6");
    }
    encap_ip[underlay] = ip;
    return NULL;
}

/* One address, or one of each family. */
static char *
parse_encap_ip(const char *value, struct chassis_settings *s)
{
    struct in6_addr encap_ip[N_UNDERLAYS] = {{{{0}}}};
    struct svec items = SVEC_EMPTY_INITIALIZER;
    char *reason = NULL;

    if (value) {
        split_list(value, &items);
        if (!items.n) {
            reason = xstrdup("it is not an IP address");
        }
    }
    for (size_t i = 0; i < items.n && !reason; i++) {
        reason = add_encap_ip(items.names[i], encap_ip);
    }
    if (!reason) {
        memcpy(s->encap_ip, encap_ip, sizeof encap_ip);
    }
    svec_destroy(&items);
    return reason;
}

/* Adds "PHYSNET:BRIDGE" to 'mappings'. */
static char *
add_bridge_mapping(const char *item, const char *integration_bridge, struct smap *mappings)
{
    const char *colon = strchr(item, ':');
    const struct smap_node *node;
    const char *bridge;
    char *reason;

    if (!colon) {
        return text_format("\"%s\" is not of the form PHYSICAL-NETWORK:BRIDGE", item);
    }
    bridge = colon + 1;
    reason = check_bridge_name(bridge);
    if (reason) {
        return reason;
    }
    if (!strcmp(bridge, integration_bridge)) {
        return text_format("\"%s\" is the integration bridge", bridge);
    }
    SMAP_FOR_EACH (node, mappings) {
        if (!strcmp(node->value, bridge)) {
            return text_format("bridge \"%s\" is mapped twice", bridge);
        }
    }

    char *physnet = xmemdup0(item, colon - item);
    if (!is_word(physnet)) {
        reason = text_format("\"%s\" names no physical network", item);
    } else if (!smap_add_once(mappings, physnet, bridge)) {
        reason = text_format("physical network \"%s\" is mapped twice", physnet);
    }
    free(physnet);
    return reason;
}

static char *
parse_bridge_mappings(const char *value, struct chassis_settings *s)
{
    struct smap mappings = SMAP_INITIALIZER(&mappings);
    struct svec items;
    char *reason = NULL;

    split_list(value, &items);
    for (size_t i = 0; i < items.n && !reason; i++) {
        reason = add_bridge_mapping(items.names[i], s->bridge, &mappings);
    }
    if (!reason && !smap_equal(&mappings, &s->bridge_mappings)) {
        smap_destroy(&s->bridge_mappings);
        smap_clone(&s->bridge_mappings, &mappings);
    }
    svec_destroy(&items);
    smap_destroy(&mappings);
    return reason;
}

static char *
parse_l2(const char *value, struct chassis_settings *s)
{
    bool ml2 = !strcmp(value, "ml2");

    if (!ml2 && strcmp(value, "native")) {
        return xstrdup("it is neither \"native\" nor \"ml2\"");
    }
    s->ml2 = ml2;
    return NULL;
}

static char *
parse_fallback_timeout(const char *value, struct chassis_settings *s)
{
    unsigned int seconds;

    if (strspn(value, "0123456789") != strlen(value) || !str_to_uint(value, 10, &seconds)
        || seconds > MAX_FALLBACK_TIMEOUT) {
        return xasprintf("it is not a number of seconds from 0 to %d", MAX_FALLBACK_TIMEOUT);
    }
    s->fallback_timeout = seconds;
    return NULL;
}

static char *
parse_boolean(const char *value, bool *member)
{
    bool is = !strcmp(value, "true");

    if (!is && strcmp(value, "false")) {
        return xstrdup("it is neither \"true\" nor \"false\"");
    }
    *member = is;
    return NULL;
}

static char *
parse_gateway(const char *value, struct chassis_settings *s)
{
    return parse_boolean(value, &s->gateway);
}

static char *
parse_gateway_drain(const char *value, struct chassis_settings *s)
{
    return parse_boolean(value, &s->gateway_drain);
}

static char *
parse_bfd_interval(const char *value, struct chassis_settings *s)
{
    unsigned int ms;

    if (strspn(value, "0123456789") != strlen(value) || !str_to_uint(value, 10, &ms)
        || ms > MAX_BFD_INTERVAL || (ms && ms < MIN_BFD_INTERVAL)) {
        return xasprintf("it is neither 0 nor a number of milliseconds from %d to %d",
                         MIN_BFD_INTERVAL, MAX_BFD_INTERVAL);
    }
    s->bfd_interval = ms;
    return NULL;
}

static char *
parse_monitor_all(const char *value, struct chassis_settings *s)
{
    return parse_boolean(value, &s->monitor_all);
}

/* Takes "IP:PORT", "[IP6]:PORT" and "unix".  There is but one socket: to listen removes
 * whatever has its name. */
static char *
parse_metrics(const char *value, struct chassis_settings *s)
{
    if (!value || !strcmp(value, "unix")) {
        replace_string(&s->metrics, value ? "punix:df-controller.metrics" : NULL);
        return NULL;
    }

    const char *colon = strrchr(value, ':');
    size_t host_len = colon ? colon - value : 0;
    bool bracketed = host_len > 2 && value[0] == '[' && value[host_len - 1] == ']';
    char *host = xmemdup0(value + bracketed, host_len - 2 * bracketed);
    char *reason = NULL;
    struct in6_addr ip;
    unsigned int port = 0;

    if (!colon || strspn(colon + 1, "0123456789") != strlen(colon + 1)
        || !str_to_uint(colon + 1, 10, &port) || !port || port > UINT16_MAX) {
        reason = xstrdup("it is neither \"unix\" nor of the form ADDRESS:PORT");
    } else {
        char *error = address_parse(host, &ip);

        if (error || bracketed == address_is_ipv4(&ip)) {
            reason = xstrdup("its address is neither an IPv4 address nor an IPv6 address in "
                             "brackets");
        }
        free(error);
    }
    if (!reason) {
        char *target =
            xasprintf("ptcp:%u:%s%s%s", port, bracketed ? "[" : "", host, bracketed ? "]" : "");
        replace_string(&s->metrics, target);
        free(target);
    }
    free(host);
    return reason;
}

/* The bridge comes before the mappings, which may not name it. */
static const struct setting {
    const char *key;
    const char *default_value; /* NULL: none. */
    parse_func *parse;
} settings_table[] = {
    {"system-id", NULL, parse_system_id},
    {"hostname", NULL, parse_hostname},
    {"dragonflow-remote", NULL, parse_remote},
    {"dragonflow-relays", NULL, parse_relays},
    {"dragonflow-remote-probe-interval", "10000", parse_probe_interval},
    {"dragonflow-bridge", "br-int", parse_bridge},
    {"dragonflow-datapath-type", NULL, parse_datapath_type},
    {"dragonflow-encap-type", "geneve", parse_encap_type},
    {"dragonflow-encap-ip", NULL, parse_encap_ip},
    {"dragonflow-bridge-mappings", "", parse_bridge_mappings},
    {"dragonflow-gateway", "false", parse_gateway},
    {"dragonflow-l2", "native", parse_l2},
    {"dragonflow-fallback-timeout", "30", parse_fallback_timeout},
    {"dragonflow-monitor-all", "false", parse_monitor_all},
    {"dragonflow-bfd-interval", "100", parse_bfd_interval},
    {"dragonflow-gateway-drain", "false", parse_gateway_drain},
    {"dragonflow-metrics", NULL, parse_metrics},
};

/* Takes ownership of 'reason'. */
static void
add_problem(struct svec *problems, const char *key, const char *value, char *reason)
{
    svec_add_nocopy(problems, text_format("%s=%s: %.1024s", key, value, reason));
    free(reason);
}

static bool
is_known(const char *key)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++) {
        if (!strcmp(key, settings_table[i].key)) {
            return true;
        }
    }
    return false;
}

/* Keys that begin as ours do, but mean nothing: most likely a slip. */
static void
find_unknown(const struct smap *external_ids, struct svec *problems)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, external_ids) {
        if (!strncmp(node->key, OWN_PREFIX, strlen(OWN_PREFIX)) && !is_known(node->key)) {
            add_problem(problems, node->key, node->value, xstrdup("there is no such key"));
        }
    }
}

void
chassis_settings_parse(struct chassis_settings *s, const struct smap *external_ids,
                       struct svec *problems)
{
    for (size_t i = 0; i < ARRAY_SIZE(settings_table); i++) {
        const struct setting *setting = &settings_table[i];
        const char *value = smap_get_def(external_ids, setting->key, setting->default_value);
        char *reason = setting->parse(value, s);

        if (reason) {
            add_problem(problems, setting->key, value, reason);
        }
    }
    find_unknown(external_ids, problems);
}

void
chassis_settings_init(struct chassis_settings *s)
{
    struct smap nothing = SMAP_INITIALIZER(&nothing);
    struct svec problems = SVEC_EMPTY_INITIALIZER;

    memset(s, 0, sizeof *s);
    smap_init(&s->bridge_mappings);
    chassis_settings_parse(s, &nothing, &problems);
    ovs_assert(!problems.n);
    svec_destroy(&problems);
}

void
chassis_settings_destroy(struct chassis_settings *s)
{
    free(s->system_id);
    free(s->hostname);
    free(s->remote);
    free(s->relays);
    free(s->bridge);
    free(s->datapath_type);
    free(s->metrics);
    smap_destroy(&s->bridge_mappings);
}

void
chassis_settings_clone(struct chassis_settings *dst, const struct chassis_settings *src)
{
    *dst = *src;
    dst->system_id = nullable_xstrdup(src->system_id);
    dst->hostname = nullable_xstrdup(src->hostname);
    dst->remote = nullable_xstrdup(src->remote);
    dst->relays = nullable_xstrdup(src->relays);
    dst->bridge = nullable_xstrdup(src->bridge);
    dst->datapath_type = nullable_xstrdup(src->datapath_type);
    dst->metrics = nullable_xstrdup(src->metrics);
    smap_clone(&dst->bridge_mappings, &src->bridge_mappings);
}

bool
chassis_settings_equal(const struct chassis_settings *a, const struct chassis_settings *b)
{
    return (nullable_string_is_equal(a->system_id, b->system_id)
            && nullable_string_is_equal(a->hostname, b->hostname)
            && nullable_string_is_equal(a->remote, b->remote)
            && nullable_string_is_equal(a->relays, b->relays)
            && nullable_string_is_equal(a->bridge, b->bridge)
            && nullable_string_is_equal(a->datapath_type, b->datapath_type)
            && nullable_string_is_equal(a->metrics, b->metrics)
            && !memcmp(a->encap_enabled, b->encap_enabled, sizeof a->encap_enabled)
            && !memcmp(a->encap_ip, b->encap_ip, sizeof a->encap_ip)
            && smap_equal(&a->bridge_mappings, &b->bridge_mappings) && a->gateway == b->gateway
            && a->ml2 == b->ml2 && a->fallback_timeout == b->fallback_timeout
            && a->probe_interval == b->probe_interval && a->monitor_all == b->monitor_all
            && a->bfd_interval == b->bfd_interval && a->gateway_drain == b->gateway_drain);
}

bool
chassis_settings_has_tunnel(const struct chassis_settings *s, enum network_type type,
                            enum underlay underlay)
{
    return (network_type_is_overlay(type) && s->encap_enabled[type]
            && ipv6_addr_is_set(&s->encap_ip[underlay]));
}

void
chassis_tls_clone(struct chassis_tls *dst, const struct chassis_tls *src)
{
    dst->private_key = nullable_xstrdup(src->private_key);
    dst->certificate = nullable_xstrdup(src->certificate);
    dst->ca_cert = nullable_xstrdup(src->ca_cert);
    dst->bootstrap = src->bootstrap;
}

void
chassis_tls_destroy(struct chassis_tls *tls)
{
    free(tls->private_key);
    free(tls->certificate);
    free(tls->ca_cert);
}
