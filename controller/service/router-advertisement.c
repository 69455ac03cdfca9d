/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "service/router-advertisement.h"

#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

#include "csum.h"
#include "dp-packet.h"
#include "nb/advertisement.h"
#include "nb/ip.h"
#include "packets.h"
#include "service/datagram.h"
#include "service/neighbour-discovery.h"
#include "util.h"

/* Options of RFC 8106 5.1 and 5.2: this, then addresses or names. */
#define OPT_RDNSS 25
#define OPT_DNSSL 31
struct dns_option {
    uint8_t type;
    uint8_t len; /* In units of 8 bytes, all of it. */
    ovs_be16 reserved;
    ovs_16aligned_be32 lifetime;
};
#define OPTION_UNIT 8
#define OPTION_MAX (UINT8_MAX * OPTION_UNIT)

/* --- Advertisements ----------------------------------------------------- */

/* How many bytes may follow in 'packet'. */
static size_t
room(const struct dp_packet *packet)
{
    size_t len = dp_packet_size(packet) - ETH_HEADER_LEN;

    return len < RA_MAX_LEN ? RA_MAX_LEN - len : 0;
}

/* Appends the prefixes of 'a'.  Returns how many there was room for. */
static size_t
put_prefixes(struct dp_packet *packet, const struct advertisement *a, uint32_t valid,
             uint32_t preferred)
{
    size_t i;

    for (i = 0; i < a->n_prefixes && room(packet) >= ND_PREFIX_OPT_LEN; i++) {
        const struct advertised_prefix *p = &a->prefixes[i];
        ovs_be128 prefix;

        memcpy(&prefix, &p->prefix.address, sizeof prefix);
        packet_put_ra_prefix_opt(packet, p->prefix.plen,
                                 ND_OPT_PI_FLAG_ONLINK | (p->autonomous ? ND_OPT_PI_FLAG_AUTO : 0),
                                 htonl(valid), htonl(preferred), prefix);
    }
    return i;
}

/* Appends a DNS option with 'len' bytes of 'data', and zeros up to a whole unit. */
static void
put_dns_option(struct dp_packet *packet, uint8_t type, uint32_t lifetime, const void *data,
               size_t len)
{
    size_t size = ROUND_UP(sizeof(struct dns_option) + len, OPTION_UNIT);
    struct dns_option *option = dp_packet_put_zeros(packet, size);

    option->type = type;
    option->len = size / OPTION_UNIT;
    put_16aligned_be32(&option->lifetime, htonl(lifetime));
    memcpy(option + 1, data, len);
}

/* Appends the DNS servers of 'a'.  Returns how many there was room for. */
static size_t
put_dns_servers(struct dp_packet *packet, const struct advertisement *a, uint32_t lifetime)
{
    size_t max = MIN(room(packet), OPTION_MAX);
    size_t fit = max < sizeof(struct dns_option)
                     ? 0
                     : (max - sizeof(struct dns_option)) / sizeof *a->dns_servers;
    size_t n = MIN(a->n_dns_servers, fit);

    if (n) {
        put_dns_option(packet, OPT_RDNSS, lifetime, a->dns_servers, n * sizeof *a->dns_servers);
    }
    return n;
}

/* Writes 'name' at 'out' as labels (RFC 1035 3.1).  Returns the number of bytes, which is that of
 * 'name' and 2. */
static size_t
encode_name(const char *name, uint8_t *out)
{
    uint8_t *p = out;

    while (*name) {
        size_t len = strcspn(name, ".");

        *p++ = len;
        memcpy(p, name, len);
        p += len;
        name += len + (name[len] == '.');
    }
    *p++ = 0;
    return p - out;
}

/* Appends the domains of 'a', short ones also behind one that is too long.  Returns how many there
 * was room for. */
static size_t
put_dns_search(struct dp_packet *packet, const struct advertisement *a, uint32_t lifetime)
{
    size_t max = ROUND_DOWN(MIN(room(packet), OPTION_MAX), OPTION_UNIT);
    uint8_t names[RA_MAX_LEN];
    size_t len = 0, n = 0;

    for (size_t i = 0; i < a->n_dns_search; i++) {
        if (sizeof(struct dns_option) + len + strlen(a->dns_search[i]) + 2 <= max) {
            len += encode_name(a->dns_search[i], names + len);
            n++;
        }
    }
    if (len) {
        put_dns_option(packet, OPT_DNSSL, lifetime, names, len);
    }
    return n;
}

/* Appends what 'a' says, and that what is in 'withdrawn' holds no longer.  Returns what of 'a'
 * there was room for. */
static struct ra_room
put_lists(struct dp_packet *packet, const struct advertisement *a,
          const struct advertisement *withdrawn)
{
    struct ra_room fit;

    fit.n_prefixes = put_prefixes(packet, a, RA_VALID_LIFETIME, RA_PREFERRED_LIFETIME);
    if (withdrawn) {
        put_prefixes(packet, withdrawn, 0, 0);
    }
    fit.n_dns_servers = put_dns_servers(packet, a, RA_DNS_LIFETIME);
    fit.n_dns_search = put_dns_search(packet, a, RA_DNS_LIFETIME);
    if (withdrawn) {
        put_dns_servers(packet, withdrawn, 0);
        put_dns_search(packet, withdrawn, 0);
    }
    return fit;
}

/* Corrects length and checksum after options have been appended. */
static void
finish(struct dp_packet *packet)
{
    struct ovs_16aligned_ip6_hdr *ip = dp_packet_l3(packet);
    struct icmp6_header *icmp = dp_packet_l4(packet);
    size_t len = dp_packet_l4_size(packet);

    ip->ip6_plen = htons(len);
    icmp->icmp6_cksum = 0;
    icmp->icmp6_cksum = csum_finish(csum_continue(packet_csum_pseudoheader6(ip), icmp, len));
}

static uint8_t
flags_of(const struct advertisement *a)
{
    return ((a->managed ? ND_RA_MANAGED_ADDRESS : 0) | (a->other ? ND_RA_OTHER_CONFIG : 0)
            | a->preference << 3);
}

/* Initializes 'packet' to the advertisement without its lists. */
static void
compose_head(struct dp_packet *packet, const struct advertisement *a, bool lasting,
             const struct ra_receiver *to)
{
    bool all = !ipv6_addr_is_set(&to->ip);
    struct in6_addr dst = all ? in6addr_all_hosts : to->ip;
    struct eth_addr eth_dst = to->mac;

    if (all) {
        ipv6_multicast_to_ethernet(&eth_dst, &dst);
    }

    /* A router that is none has medium preference, which is ignored (RFC 4191 2.2).  No link of
     * IPv6 has a smaller MTU than IPV6_MIN_MTU. */
    compose_nd_ra(packet, a->mac, eth_dst, &a->source, &dst, RA_CUR_HOP_LIMIT,
                  lasting ? flags_of(a) : 0, htons(lasting ? RA_ROUTER_LIFETIME : 0), htonl(0),
                  htonl(0), a->mtu >= IPV6_MIN_MTU ? a->mtu : 0);
}

struct dp_packet *
router_advertisement_compose(const struct advertisement *a, bool lasting,
                             const struct advertisement *withdrawn, const struct ra_receiver *to)
{
    struct dp_packet *packet = dp_packet_new(0);

    compose_head(packet, a, lasting, to);
    if (lasting) {
        put_lists(packet, a, withdrawn);
        finish(packet);
    }
    return packet;
}

struct ra_room
router_advertisement_room(const struct advertisement *a)
{
    static const struct ra_receiver all = {.ip = IN6ADDR_ANY_INIT};
    struct dp_packet packet;
    struct ra_room fit;

    dp_packet_init(&packet, 0);
    compose_head(&packet, a, true, &all);
    fit = put_lists(&packet, a, NULL);
    dp_packet_uninit(&packet);
    return fit;
}

/* --- Solicitations ------------------------------------------------------ */

bool
router_solicitation_parse(const void *frame, size_t frame_len, struct ra_receiver *sender)
{
    struct datagram d;

    if (!nd_message_parse(frame, frame_len, ND_ROUTER_SOLICIT, sizeof(struct icmp6_data_header),
                          &d)) {
        return false;
    }
    sender->ip = d.src;
    sender->mac = d.eth_src;
    return !address_is(&d.src, ADDRESS_MULTICAST) && !eth_addr_is_multicast(d.eth_src);
}
