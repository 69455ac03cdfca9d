# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent: what is routed here, and what reaches the legacy
router as it was sent.  The same for both families: an address is written in IPv4, and
of() makes its twin of it where the test is about IPv6."""
import re

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                IPv6ExtHdrRouting)
from scapy.packet import Raw

from dfharness import packets, packets6

TWINS = {
    "10.0.1.1": "fd00:0:0:1::1", "10.0.1.12": "fd00:0:0:1::12",
    "10.0.2.1": "fd00:0:0:2::1", "10.0.2.11": "fd00:0:0:2::11", "10.0.2.99": "fd00:0:0:2::99",
    "10.0.2.0/24": "fd00:0:0:2::/64", "10.0.2.0/28": "fd00:0:0:2::/120",
    "10.0.2.11/32": "fd00:0:0:2::11/128",
    # By static routes, and a neighbour on the external network.
    "192.0.2.1": "2001:db8:2::1", "192.0.3.1": "2001:db8:3::1",
    "192.0.2.0/24": "2001:db8:2::/48", "192.0.0.0/16": "2001:db8::/32",
    "128.0.0.0/1": "2000::/3", "0.0.0.0/0": "::/0", "203.0.113.9": "2001:db8:ffff::9",
    "224.0.0.5": "ff0e::5", "169.254.0.9": "fe80::9", "127.0.0.1": "::1"}


@pytest.fixture(params=["IPv4", "IPv6"])
def of(request):
    return TWINS.__getitem__ if request.param == "IPv6" else str


@pytest.fixture
def routes(cloud):
    """Adds routes of r1 and removes them at the end: routes("PREFIX", "HOP")."""
    def mutate(how, values):
        # Past dfctl, which refuses next hops that it does not know.
        cloud.nb_db.transact({"op": "mutate", "table": "Router",
                              "where": [["name", "==", "r1"]],
                              "mutations": [["static_routes", how, ["set", values]]]})
        cloud.nb_db.sync()
    added = []

    def add(prefix, hop):
        added.append("%s via %s" % (prefix, hop))
        mutate("insert", added)
    yield add
    mutate("delete", added)


def to_router(cloud, dst, ttl=64, **kwargs):
    vm = cloud["vm1"]
    if ":" in dst:
        return packets6.udp(vm.mac, cloud.r1_6["n1"].mac, vm.ips[1], dst, hlim=ttl, **kwargs)
    return vm.udp(cloud.r1["n1"].mac, dst, ttl=ttl, **kwargs)


def check_routed(cloud, dst, receiver, frame=None):
    """It comes from the chassis' own MAC address, not from the router's."""
    frame = frame or to_router(cloud, dst)
    cloud.clear()
    cloud["vm1"].send(frame)
    got = receiver.take()
    assert len(got) == 1, "%s received %s" % (receiver, [packets.summary(f) for f in got])
    source = ":".join("%02x" % octet for octet in got[0][6:12])
    assert source not in [cloud["vm1"].mac] + [rp.mac for ports in (cloud.r1, cloud.r1_6)
                                               for rp in ports.values()]
    routed = packets6.routed if ":" in dst else packets.routed
    report = packets.compare(receiver, got, [routed(frame, source, receiver.mac)])
    assert not report, report
    cloud.expect({}, packets.summary(frame))


def check_left(cloud, dst, **kwargs):
    """It reaches the legacy router, unchanged, and no other receiver."""
    frame = to_router(cloud, dst, **kwargs)
    cloud.check(cloud["vm1"], frame, {cloud["legacy1"]: frame})


def test_between_known_ports_it_is_routed_here(cloud, of):
    check_routed(cloud, of("10.0.2.11"), cloud["vm2"])


def test_what_enters_the_agents_pipeline_again_has_the_agents_registers_cleared(cloud, of):
    """They say which port has sent it, and are the receiver's from here on."""
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    if ":" in of("10.0.2.11"):
        fields = "udp6,dl_dst=%s,ipv6_src=%s,ipv6_dst=%s"
        values = cloud.r1_6["n1"].mac, vm1.ips[1], vm2.ips[1]
    else:
        fields = "udp,dl_dst=%s,nw_src=%s,nw_dst=%s"
        values = cloud.r1["n1"].mac, vm1.ip, vm2.ip
    trace = cloud.chassis[0].trace("in_port=%s,dl_src=%s,%s,nw_ttl=64" % (
        cloud.chassis[0].ofport("vm1"), vm1.mac, fields % values))
    cleared = trace.index("set_field:0->reg7")
    assert re.search(r"^\s*60\. ", trace[cleared:], re.M)
    assert not re.search(r"\breg[567]=", re.search(r"^Final flow: .*", trace, re.M)[0])


@pytest.mark.parametrize("dst", ["10.0.2.99", "10.0.1.1", "10.0.2.1", "192.0.2.1", "224.0.0.5",
                                 "169.254.0.9", "127.0.0.1"])
def test_what_is_not_known_is_left_to_the_legacy_router(cloud, of, dst):
    check_left(cloud, of(dst))


def test_an_expiring_packet_is_left_to_the_legacy_router(cloud, of):
    check_left(cloud, of("10.0.2.11"), ttl=1)


def test_what_does_not_fit_the_next_network_is_left_to_the_legacy_router(cloud, of):
    """Which tells the sender (RFC 1191, RFC 8201)."""
    cloud.nb("set Network n2 mtu=1280")
    cloud.nb_db.sync()
    headers = (40 if ":" in of("10.0.2.11") else 20) + 8
    fits = to_router(cloud, of("10.0.2.11"), data=bytes(1280 - headers))
    try:
        check_routed(cloud, of("10.0.2.11"), cloud["vm2"], fits)
        check_left(cloud, of("10.0.2.11"), data=bytes(1280 - headers + 1))
    finally:
        cloud.nb("clear Network n2 mtu")
        cloud.nb_db.sync()


def test_a_protocol_with_a_ttl_that_the_switch_does_not_lower_is_left_to_the_legacy_router(cloud):
    vm1, legacy = cloud["vm1"], cloud["legacy1"]
    frame = packets.ipv4(vm1.mac, cloud.r1["n1"].mac, vm1.ip, "10.0.2.11", b"", proto=0)
    cloud.check(vm1, frame, {legacy: frame})
    # An extension header that is not there.
    frame = packets6.ipv6(vm1.mac, cloud.r1_6["n1"].mac, vm1.ips[1], "fd00:0:0:2::11", b"", nh=0)
    cloud.check(vm1, frame, {legacy: frame})


# --- What IPv6 alone has --------------------------------------------------

@pytest.mark.parametrize("extension", [
    IPv6ExtHdrHopByHop(), IPv6ExtHdrDestOpt(), IPv6ExtHdrRouting(addresses=["fd00::9"]),
    IPv6ExtHdrFragment(id=7, m=1), IPv6ExtHdrFragment(id=7, offset=3)],
    ids=["hop-by-hop", "destination", "routing", "first-fragment", "later-fragment"])
def test_extension_headers_pass_unharmed(cloud, extension):
    vm1, dst = cloud["vm1"], "fd00:0:0:2::11"
    frame = packets6.ipv6(vm1.mac, cloud.r1_6["n1"].mac, vm1.ips[1], dst,
                          extension / UDP(sport=1, dport=2) / Raw(packets.PAYLOAD))
    check_routed(cloud, dst, cloud["vm2"], frame)


def test_what_comes_from_a_link_local_address_is_left_to_the_legacy_router(cloud):
    """RFC 4291 2.5.6: it is not to be forwarded."""
    vm1 = cloud["vm1"]
    if cloud.agent.firewall:  # Which lets nothing through from there but neighbour discovery.
        frame = packets6.solicitation(vm1.mac, packets6.link_local(vm1.mac), "fd00:0:0:2::11",
                                      dst="fd00:0:0:2::11", dst_mac=cloud.r1_6["n1"].mac)
    else:
        frame = packets6.udp(vm1.mac, cloud.r1_6["n1"].mac, packets6.link_local(vm1.mac),
                             "fd00:0:0:2::11")
    cloud.check(vm1, frame, {cloud["legacy1"]: frame})


def test_a_route_by_a_link_local_next_hop_is_left_to_the_legacy_router(cloud, routes):
    """It does not say on which network, and the legacy router has an opinion of its own."""
    routes("2001:db8::/32", "fd00:0:0:2::11")
    routes("2001:db8:2::/48", "fe80::9")
    check_left(cloud, "2001:db8:2::1")
    check_routed(cloud, "2001:db8:3::1", cloud["vm2"])


def test_packets_to_the_mac_address_of_a_port_without_ipv6_are_not_taken_out(cloud):
    """The agent's pipeline is left only by what the router may route."""
    vm1 = cloud["vm1"]
    frame = packets6.udp(vm1.mac, cloud.r1["n1"].mac, vm1.ips[1], "fd00:0:0:2::11")
    cloud.check(vm1, frame, {cloud["legacy1"]: frame})
    hooks = [flow for flow in cloud.chassis[0].flows() if "table=60" in flow
             and "dl_dst=" + cloud.r1["n1"].mac in flow]
    assert hooks and not [flow for flow in hooks if "ipv6" in flow or "icmp6" in flow]


def megaflows(cloud, *frames):
    chassis = cloud.chassis[0]
    chassis.appctl("revalidator/purge")
    cloud["vm1"].send(*frames)
    return re.findall(r"recirc_id.*? packets:.*", chassis.appctl("dpctl/dump-flows"))


def test_three_connections_are_one_megaflow(cloud, of):
    """Without ports, and of the source no more than what tells a link-local address."""
    flows = megaflows(cloud, *(to_router(cloud, of("10.0.2.11"), sport=port)
                               for port in (1000, 2000, 3000)))
    assert len(flows) == 1, flows
    assert "recirc(" not in flows[0] and "udp" not in flows[0], flows
    if not cloud.agent.firewall:  # Which looks at the source by itself.
        source = re.search(r"ipv[46]\((?:src=([^,]+),)?", flows[0]).group(1)
        assert source == ("fd00:0:0:1::11/ffc0::" if ":" in of("10.0.2.11") else None), flows


# --- Static routes --------------------------------------------------------


def test_a_route_by_a_known_port_is_taken_here(cloud, of, routes):
    routes(of("192.0.2.0/24"), of("10.0.2.11"))
    check_routed(cloud, of("192.0.2.1"), cloud["vm2"])


def test_a_route_by_an_unknown_neighbour_is_left_to_the_legacy_router(cloud, of, routes):
    """And the shorter prefix does not matter."""
    routes(of("192.0.2.0/24"), of("10.0.2.99"))
    routes(of("192.0.0.0/16"), of("10.0.2.11"))
    check_left(cloud, of("192.0.2.1"))
    check_routed(cloud, of("192.0.3.1"), cloud["vm2"])


@pytest.mark.parametrize("shorter", ["192.0.0.0/16", "128.0.0.0/1"])
def test_a_route_by_the_external_network_precedes_a_shorter_one(cloud, of, routes, shorter):
    routes(of(shorter), of("10.0.2.11"))
    check_routed(cloud, of("192.0.2.1"), cloud["vm2"])
    routes(of("192.0.2.0/24"), of("203.0.113.9"))
    check_left(cloud, of("192.0.2.1"))
    check_routed(cloud, of("192.0.3.1"), cloud["vm2"])


def test_a_route_by_the_external_network_precedes_a_connected_prefix(cloud, of, routes):
    routes(of("10.0.2.0/28"), of("203.0.113.9"))
    check_left(cloud, of("10.0.2.11"))
    routes(of("10.0.2.11/32"), of("10.0.2.11"))
    check_routed(cloud, of("10.0.2.11"), cloud["vm2"])


def test_a_default_route_by_the_external_network_leaves_the_rest_as_it_is(cloud, of, routes):
    routes(of("0.0.0.0/0"), of("203.0.113.9"))
    check_left(cloud, of("192.0.2.1"))
    check_routed(cloud, of("10.0.2.11"), cloud["vm2"])


def test_a_default_route_by_a_known_port_is_left_to_the_legacy_router(cloud, of, routes):
    """It contains the external subnets and the floating IPs, which are not known
    here."""
    routes(of("0.0.0.0/0"), of("10.0.2.11"))
    check_left(cloud, of("192.0.2.1"))
    check_routed(cloud, of("10.0.2.11"), cloud["vm2"])


def test_equal_routes_of_which_one_is_unknown_are_left_to_the_legacy_router(cloud, of, routes):
    """Whatever the hash says."""
    routes(of("192.0.2.0/24"), of("10.0.2.11"))
    routes(of("192.0.2.0/24"), of("203.0.113.9"))
    for port in range(10000, 10016):
        check_left(cloud, of("192.0.2.1"), sport=port)


def test_a_static_route_to_a_connected_prefix_is_left_to_the_legacy_router(cloud, of, routes):
    routes(of("10.0.2.0/24"), of("10.0.1.12"))
    check_left(cloud, of("10.0.2.11"))


def test_a_disabled_router_is_left_alone(cloud, of, routes):
    routes(of("192.0.2.0/24"), of("203.0.113.9"))
    cloud.nb("set Router r1 enabled=false")
    cloud.nb_db.sync()
    try:
        for dst in (of("10.0.2.11"), of("192.0.2.1")):
            check_left(cloud, dst)
    finally:
        cloud.nb("set Router r1 enabled=true")
        cloud.nb_db.sync()
    check_routed(cloud, of("10.0.2.11"), cloud["vm2"])
