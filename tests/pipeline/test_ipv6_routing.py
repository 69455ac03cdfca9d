# SPDX-License-Identifier: Apache-2.0
"""IPv6: a packet sent to a router is routed on the chassis of its source (RFC 8200, RFC 4291)."""
import re

import pytest

from dfharness import Cloud, packets, packets6
from dfharness.packets6 import link_local

# The first of each machine's addresses is the one that tests use if they do not say another.
N1, N2, N3 = "2001:db8:1::%s", "2001:db8:2::%s", "fd00:3::%s"


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "2001:db8:1::/64", "10.0.1.0/24")
        cloud.add_network("n2", "2001:db8:2::/64", type="vxlan")
        # Two prefixes on one network, one of them of unique local addresses.
        cloud.add_network("n3", "fd00:3::/64", "2001:db8:33::/64")
        cloud.add_network("p2p", "2001:db8:4::/127")
        cloud.add_network("host", "2001:db8:5::5/128")
        cloud.add_network("small", "2001:db8:6::/64", mtu=1280)
        cloud.add_network("far", "2001:db8:7::/64")
        cloud.r1 = cloud.add_router(
            "r1", n1=["2001:db8:1::1/64", "10.0.1.1/24"], n2="2001:db8:2::1/64",
            n3=["fd00:3::1/64", "2001:db8:33::1/64"], p2p="2001:db8:4::/127",
            host="2001:db8:5::5/128", small="2001:db8:6::1/64")
        cloud.r2 = cloud.add_router("r2", n1=["2001:db8:1::2/64", "10.0.1.2/24"],
                                    n2="2001:db8:2::2/64")
        cloud.r3 = cloud.add_router("r3", n2="2001:db8:2::3/64", far="2001:db8:7::1/64")
        # One of its link-local addresses is given.
        cloud.r4 = cloud.add_router("r4", n2="2001:db8:2::4/64")
        cloud.nb_db.transact({"op": "mutate", "table": "Router_Port",
                              "where": [["name", "==", "r4-n2"]],
                              "mutations": [["addresses", "insert", "fe80::4/64"]]})
        cloud.add_vm("a1", "n1", 0, N1 % "11", "10.0.1.11")
        cloud.add_vm("a2", "n2", 0, N2 % "11")
        cloud.add_vm("a3", "n3", 0, N3 % "11", "2001:db8:33::11")
        cloud.add_vm("b1", "n1", 1, N1 % "21", "10.0.1.21")
        cloud.add_vm("b2", "n2", 1, N2 % "21")
        cloud.add_vm("b3", "n3", 1, "2001:db8:33::21")
        cloud.add_vm("p1", "p2p", 1, "2001:db8:4::1")
        cloud.add_vm("s1", "small", 1, "2001:db8:6::11")
        cloud.add_vm("f1", "far", 1, "2001:db8:7::11")
        cloud.nb("route-add r1 2001:db8:7::/64 2001:db8:2::3",
                 "route-add r3 ::/0 2001:db8:2::1",
                 "route-add r2 ::/0 2001:db8:2::1")
        cloud.sync()
        yield cloud


def udp(source, router_port, destination, **fields):
    return packets6.udp(source.mac, router_port.mac, fields.pop("src", source.ip), destination,
                        **fields)


def check_routed(cloud, source, frame, destination, egress, hops=1):
    cloud.check(source, frame,
                {destination: packets6.routed(frame, egress.mac, destination.mac, hops)})


def test_a_packet_between_networks_of_one_chassis_does_not_leave_it(cloud):
    a1, a2 = cloud["a1"], cloud["a2"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], a2.ip), a2, cloud.r1["n2"])
    assert cloud.underlay.take() == []


def test_a_packet_to_another_chassis_crosses_the_underlay_once(cloud):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], b2.ip), b2, cloud.r1["n2"])
    assert len(cloud.underlay.take()) == 1
    check_routed(cloud, b2, udp(b2, cloud.r1["n2"], a1.ip), a1, cloud.r1["n1"])
    assert len(cloud.underlay.take()) == 1


def test_ipv4_is_routed_beside_ipv6(cloud):
    a1, b1 = cloud["a1"], cloud["b1"]
    frame = packets.udp(a1.mac, cloud.r1["n1"].mac, a1.ips[1], b1.ips[1])
    cloud.check(a1, frame, {b1: packets.routed(frame, cloud.r1["n1"].mac, b1.mac)})


@pytest.mark.parametrize("hlim", [2, 3, 64, 255])
def test_the_hop_limit_is_decremented_by_one(cloud, hlim):
    """RFC 8200 section 3."""
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], b2.ip, hlim=hlim), b2, cloud.r1["n2"])


@pytest.mark.parametrize("hlim", [0, 1])
def test_a_hop_limit_that_ends_at_the_router_is_not_forwarded(cloud, hlim):
    """RFC 8200 section 3; the sender is told, nobody else hears of it."""
    a1, b2 = cloud["a1"], cloud["b2"]
    cloud.clear()
    a1.send(udp(a1, cloud.r1["n1"], b2.ip, hlim=hlim))
    a1.take()
    cloud.expect({})


@pytest.mark.parametrize("make", ["udp", "tcp", "echo"])
def test_every_protocol_is_routed(cloud, make):
    a1, b2 = cloud["a1"], cloud["b2"]
    frame = getattr(packets6, make)(a1.mac, cloud.r1["n1"].mac, a1.ip, b2.ip)
    check_routed(cloud, a1, frame, b2, cloud.r1["n2"])


# Headers as RFC 8200 4.3 to 4.6 have them: next header, then the rest.
HOP_BY_HOP = bytes([17, 0, 5, 2, 0, 0, 1, 0])  # With a router alert (RFC 2711).
ROUTING = bytes([17, 2, 4, 0, 0, 0, 0, 0]) + bytes(16)
FRAGMENT_FIRST = bytes([17, 0, 0, 1, 0, 0, 0, 9])
FRAGMENT_LATER = bytes([17, 0, 0, 0x58, 0, 0, 0, 9])
DESTINATION_OPTIONS = bytes([59, 0, 1, 4, 0, 0, 0, 0])


@pytest.mark.parametrize("nh, header", [
    (0, HOP_BY_HOP), (43, ROUTING), (44, FRAGMENT_FIRST), (44, FRAGMENT_LATER),
    (60, DESTINATION_OPTIONS)],
    ids=["hop-by-hop", "routing", "first-fragment", "later-fragment", "destination-options"])
def test_extension_headers_pass_unharmed(cloud, nh, header):
    a1, b2 = cloud["a1"], cloud["b2"]
    frame = packets6.ipv6(a1.mac, cloud.r1["n1"].mac, a1.ip, b2.ip, header + b"q" * 64, nh=nh)
    check_routed(cloud, a1, frame, b2, cloud.r1["n2"])


@pytest.mark.parametrize("fields", [{"nh": 59}, {"nh": 253}, {"nh": 47}, {"tc": 0xb8, "nh": 253},
                                    {"fl": 0x12345, "nh": 253}])
def test_unknown_protocols_traffic_class_and_flow_label_are_left_as_they_are(cloud, fields):
    a1, b2 = cloud["a1"], cloud["b2"]
    frame = packets6.ipv6(a1.mac, cloud.r1["n1"].mac, a1.ip, b2.ip, b"q" * 64, **fields)
    check_routed(cloud, a1, frame, b2, cloud.r1["n2"])


def test_headers_that_are_not_whole_are_not_forwarded(cloud):
    """The switch would not lower the hop limit of what it cannot take apart."""
    a1, b2 = cloud["a1"], cloud["b2"]
    frame = packets6.ipv6(a1.mac, cloud.r1["n1"].mac, a1.ip, b2.ip, bytes([17, 200, 0, 0]), nh=0)
    cloud.check(a1, frame, {})


def test_the_router_that_was_asked_routes(cloud):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, udp(a1, cloud.r2["n1"], b2.ip), b2, cloud.r2["n2"])


def test_each_address_of_a_port_is_reached_by_its_prefix(cloud):
    b1, a3 = cloud["b1"], cloud["a3"]
    for ip in a3.ips:
        check_routed(cloud, b1, udp(b1, cloud.r1["n1"], ip), a3, cloud.r1["n3"])


def test_a_router_joins_two_prefixes_of_one_network(cloud):
    a3, b3 = cloud["a3"], cloud["b3"]
    check_routed(cloud, a3, udp(a3, cloud.r1["n3"], b3.ip), b3, cloud.r1["n3"])
    check_routed(cloud, a3, udp(a3, cloud.r1["n3"], a3.ips[1]), a3, cloud.r1["n3"])


def test_a_link_of_two_addresses_has_two_hosts(cloud):
    """RFC 6164: on a /127 the address of zeros is not the routers' anycast address."""
    a1, p1 = cloud["a1"], cloud["p1"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], p1.ip), p1, cloud.r1["p2p"])
    check_routed(cloud, p1, udp(p1, cloud.r1["p2p"], a1.ip), a1, cloud.r1["n1"])


def test_a_static_route_leads_through_another_router(cloud):
    a1, f1 = cloud["a1"], cloud["f1"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], f1.ip), f1, cloud.r3["far"], hops=2)


def test_the_default_route_leads_back(cloud):
    a1, f1 = cloud["a1"], cloud["f1"]
    check_routed(cloud, f1, udp(f1, cloud.r3["far"], a1.ip), a1, cloud.r1["n1"], hops=2)


def test_a_chain_of_routers_takes_a_hop_each(cloud):
    """r2's default route leads to r1, whose static route leads to r3."""
    a1, f1 = cloud["a1"], cloud["f1"]
    check_routed(cloud, a1, udp(a1, cloud.r2["n1"], f1.ip), f1, cloud.r3["far"], hops=3)


def test_a_longer_prefix_decides(cloud):
    a1, b2, b1 = cloud["a1"], cloud["b2"], cloud["b1"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], b2.ip), b2, cloud.r1["n2"])
    cloud.nb("route-add r1 %s/128 %s" % (b2.ip, b1.ip))
    cloud.sync()
    try:
        check_routed(cloud, a1, udp(a1, cloud.r1["n1"], b2.ip), b1, cloud.r1["n1"])
        check_routed(cloud, a1, udp(a1, cloud.r1["n1"], cloud["a2"].ip), cloud["a2"],
                     cloud.r1["n2"])
    finally:
        cloud.nb("route-del r1 %s/128 %s" % (b2.ip, b1.ip))
        cloud.sync()


@pytest.mark.parametrize("destination", [
    "ff02::1", "ff02::1:ff00:11", "ff05::2", "ff0e::1234", "::", "::1", "fe80::1",
    "febf:ffff::1"])
def test_multicasts_and_special_addresses_are_not_routed(cloud, destination):
    """RFC 4291 2.5.2, 2.5.3, 2.5.6 and 2.7."""
    a1 = cloud["a1"]
    cloud.check(a1, udp(a1, cloud.r1["n1"], destination), {})


@pytest.mark.parametrize("source", ["::", "::1", "ff02::1", "ff0e::1", "::ffff:10.0.1.11",
                                    "::10.0.1.11"])
def test_a_packet_from_an_address_that_no_host_has_is_not_forwarded(cloud, source):
    """RFC 4291 2.5.2, 2.5.3 and 2.7; nobody is told, since there is nobody (RFC 4443 2.4 (e))."""
    a1, b2 = cloud["a1"], cloud["b2"]
    cloud.check(a1, udp(a1, cloud.r1["n1"], b2.ip, src=source), {})


@pytest.mark.parametrize("source", ["fe80::1", "fe80:1::1", "febf::1"])
def test_a_packet_from_a_link_local_address_is_not_forwarded(cloud, source):
    """RFC 4291 2.5.6; the sender may be told (RFC 4443 3.1, code 2)."""
    a1, b2 = cloud["a1"], cloud["b2"]
    cloud.clear()
    a1.send(udp(a1, cloud.r1["n1"], b2.ip, src=source))
    a1.take()
    cloud.expect({})


@pytest.mark.parametrize("source", ["fc00::1", "fd00::1", "64:ff9b::a00:1", "fec0::1", "100::1",
                                    "2002:a00:1::1"])
def test_a_packet_from_any_other_address_is_forwarded(cloud, source):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], b2.ip, src=source), b2, cloud.r1["n2"])


def test_a_multicast_frame_is_not_routed(cloud):
    """It is heard on its network."""
    a1, b1, b2 = cloud["a1"], cloud["b1"], cloud["b2"]
    frame = packets6.udp(a1.mac, packets6.group_mac("ff02::1"), a1.ip, b2.ip)
    cloud.check(a1, frame, {b1: frame})


def test_all_routers_multicast_reaches_the_machines_and_no_router_forwards_it(cloud):
    a1, b1 = cloud["a1"], cloud["b1"]
    frame = packets6.udp(a1.mac, packets6.group_mac("ff02::2"), link_local(a1.mac), "ff02::2")
    cloud.check(a1, frame, {b1: frame})


def test_a_packet_that_fits_passes_into_a_network_with_a_smaller_mtu(cloud):
    a1, s1 = cloud["a1"], cloud["s1"]
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], s1.ip, data=b"m" * (1280 - 48)), s1,
                 cloud.r1["small"])


def test_a_packet_that_does_not_fit_is_not_forwarded(cloud):
    """RFC 8200 section 5: a router does not fragment."""
    a1, s1 = cloud["a1"], cloud["s1"]
    cloud.clear()
    a1.send(udp(a1, cloud.r1["n1"], s1.ip, data=b"m" * (1281 - 48)))
    a1.take()
    cloud.expect({})


def test_a_route_by_a_link_local_next_hop_is_a_problem_and_not_in_force(cloud):
    """It does not say on which network the next hop is."""
    a1, f1 = cloud["a1"], cloud["f1"]
    router, = cloud.nb_db.rows("Router", [["name", "==", "r1"]], columns=["_uuid"])
    row = {"router": router["_uuid"], "prefix": f1.ip + "/128",
           "next_hop": cloud.r2["n1"].link_local}
    cloud.nb_db.transact({"op": "insert", "table": "Static_Route", "row": row})
    cloud.sync()
    try:
        status = a1.chassis.dfappctl("status")
        assert "a link-local next hop does not say on which" in status, status
        check_routed(cloud, a1, udp(a1, cloud.r1["n1"], f1.ip), f1, cloud.r3["far"], hops=2)
    finally:
        cloud.nb_db.transact({"op": "delete", "table": "Static_Route",
                              "where": [["next_hop", "==", row["next_hop"]]]})
        cloud.sync()
    assert "problems: none" in a1.chassis.dfappctl("status")


# --- Echo requests to the router (RFC 4443 4.2) ---

def check_echo(cloud, vm, router_port, destination, source=None):
    """Answered in the switch, to the asker only."""
    source = source or vm.ip
    request = packets6.echo(vm.mac, router_port.mac, source, destination)
    reply = packets6.echo(router_port.mac, vm.mac, destination, source, reply=True)
    cloud.check(vm, request, {vm: reply})
    assert cloud.underlay.take() == []


def test_an_echo_request_to_a_router_is_answered(cloud):
    check_echo(cloud, cloud["a1"], cloud.r1["n1"], "2001:db8:1::1")
    check_echo(cloud, cloud["a3"], cloud.r1["n3"], "fd00:3::1")
    check_echo(cloud, cloud["a3"], cloud.r1["n3"], "2001:db8:33::1", cloud["a3"].ips[1])
    check_echo(cloud, cloud["p1"], cloud.r1["p2p"], "2001:db8:4::")


def test_an_echo_request_to_an_address_of_another_of_its_ports_is_answered(cloud):
    for address in ("2001:db8:2::1", "fd00:3::1", "2001:db8:5::5", "2001:db8:6::1"):
        check_echo(cloud, cloud["a1"], cloud.r1["n1"], address)


def test_an_echo_request_of_hop_limit_1_is_answered(cloud):
    a1 = cloud["a1"]
    r = cloud.r1["n1"]
    cloud.check(a1, packets6.echo(a1.mac, r.mac, a1.ip, "2001:db8:1::1", hlim=1),
                {a1: packets6.echo(r.mac, a1.mac, "2001:db8:1::1", a1.ip, reply=True)})


def test_an_echo_request_to_a_routers_link_local_address_is_answered(cloud):
    a1, a2 = cloud["a1"], cloud["a2"]
    for source in (link_local(a1.mac), a1.ip):
        check_echo(cloud, a1, cloud.r1["n1"], cloud.r1["n1"].link_local, source)
    check_echo(cloud, a2, cloud.r4["n2"], "fe80::4", link_local(a2.mac))


def test_an_echo_request_from_a_link_local_address_to_any_of_its_addresses_is_answered(cloud):
    a1 = cloud["a1"]
    for address in ("2001:db8:1::1", "2001:db8:2::1"):
        check_echo(cloud, a1, cloud.r1["n1"], address, link_local(a1.mac))


def test_a_link_local_address_is_the_routers_on_its_own_network_only(cloud):
    a1 = cloud["a1"]
    cloud.check(a1, packets6.echo(a1.mac, cloud.r1["n1"].mac, link_local(a1.mac),
                                  cloud.r1["n2"].link_local), {})


def test_the_address_made_of_the_mac_is_not_added_to_a_given_link_local_address(cloud):
    a2 = cloud["a2"]
    cloud.check(a2, packets6.echo(a2.mac, cloud.r4["n2"].mac, link_local(a2.mac),
                                  cloud.r4["n2"].link_local), {})


# --- The routers' anycast address of a subnet (RFC 4291 2.6.1) ---

def test_an_echo_request_to_the_anycast_address_is_answered_from_the_routers_own(cloud):
    """RFC 4443 4.2; by the router that was asked, of those that share it."""
    a1, b2 = cloud["a1"], cloud["b2"]
    for vm, r, anycast in ((a1, cloud.r1["n1"], "2001:db8:1::"), (a1, cloud.r2["n1"],
                                                                  "2001:db8:1::"),
                           (b2, cloud.r1["n2"], "2001:db8:2::")):
        cloud.check(vm, packets6.echo(vm.mac, r.mac, vm.ip, anycast),
                    {vm: packets6.echo(r.mac, vm.mac, r.ip, vm.ip, reply=True)})


def test_the_anycast_address_of_another_of_its_subnets_is_the_routers(cloud):
    a1, r = cloud["a1"], cloud.r1["n1"]
    cloud.check(a1, packets6.echo(a1.mac, r.mac, a1.ip, "fd00:3::"),
                {a1: packets6.echo(r.mac, a1.mac, "fd00:3::1", a1.ip, reply=True)})


def test_a_port_with_the_first_address_of_a_subnet_has_it_to_itself(cloud):
    a1, p1 = cloud["a1"], cloud["p1"]
    first = "2001:db8:7::"
    port = {"table": "Port", "where": [["name", "==", "f1"]]}
    cloud.nb_db.transact({"op": "mutate", **port, "mutations": [["addresses", "insert", first]]})
    cloud.sync()
    try:
        check_routed(cloud, a1, udp(a1, cloud.r1["n1"], first), cloud["f1"], cloud.r3["far"], 2)
    finally:
        cloud.nb_db.transact({"op": "mutate", **port,
                              "mutations": [["addresses", "delete", first]]})
        cloud.sync()
    assert "problems: none" in a1.chassis.dfappctl("status")
    check_routed(cloud, a1, udp(a1, cloud.r1["n1"], p1.ip), p1, cloud.r1["p2p"])


def test_a_routed_packet_takes_one_pass_and_a_wide_megaflow(cloud):
    """No recirculation, no match on layer 4, and on the source address only as far as
    link-local ones are told from it, for local and remote destinations."""
    a1, a2, b2 = cloud["a1"], cloud["a2"], cloud["b2"]
    for destination in (a2, b2):
        chassis = a1.chassis
        chassis.appctl("revalidator/purge")
        for sport in (1, 2, 3):
            a1.send(udp(a1, cloud.r1["n1"], destination.ip, sport=sport))
        flows = [line for line in chassis.appctl("dpctl/dump-flows", "-m").splitlines()
                 if "dst=%s" % destination.ip in line]
        assert len(flows) == 1, flows
        match, actions = flows[0].split("actions:")
        assert "recirc(" not in actions and "recirc_id(0)" in match
        assert re.search(r"udp\(src=\d+/0,dst=\d+/0\)", match), match
        assert "ipv6(src=%s/ffc0::" % a1.ip in match, match
        assert "ct" not in actions
