# SPDX-License-Identifier: Apache-2.0
"""Layer 3: a packet sent to a router is routed on the chassis of its source
(RFC 1812)."""
import re

import pytest

from dfharness import Cloud, packets


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24", type="vxlan")
        # Two subnets on one network.
        cloud.add_network("n3", "10.0.3.0/24", "10.0.33.0/24")
        cloud.add_network("tiny", "10.0.4.0/31", "10.0.4.8/32")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24",
                                    n3=["10.0.3.1/24", "10.0.33.1/24"], tiny="10.0.4.0/31")
        cloud.r2 = cloud.add_router("r2", n1="10.0.1.2/24", n2="10.0.2.2/24")
        cloud.add_vm("a1", "n1", 0, "10.0.1.11")
        cloud.add_vm("a2", "n2", 0, "10.0.2.11")
        cloud.add_vm("a3", "n3", 0, "10.0.3.11", "10.0.33.11")
        cloud.add_vm("b1", "n1", 1, "10.0.1.21")
        cloud.add_vm("b2", "n2", 1, "10.0.2.21")
        cloud.add_vm("b3", "n3", 1, "10.0.33.21")
        cloud.add_vm("t1", "tiny", 1, "10.0.4.1")
        cloud.sync()
        yield cloud


def check_routed(cloud, source, frame, destination, egress, hops=1):
    cloud.check(source, frame,
                {destination: packets.routed(frame, egress.mac, destination.mac, hops)})


def test_a_packet_between_networks_of_one_chassis_does_not_leave_it(cloud):
    a1, a2 = cloud["a1"], cloud["a2"]
    check_routed(cloud, a1, a1.udp(cloud.r1["n1"].mac, a2.ip), a2, cloud.r1["n2"])
    assert cloud.underlay.take() == []


def test_a_packet_to_another_chassis_crosses_the_underlay_once(cloud):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, a1.udp(cloud.r1["n1"].mac, b2.ip), b2, cloud.r1["n2"])
    assert len(cloud.underlay.take()) == 1
    check_routed(cloud, b2, b2.udp(cloud.r1["n2"].mac, a1.ip), a1, cloud.r1["n1"])
    assert len(cloud.underlay.take()) == 1


@pytest.mark.parametrize("ttl", [2, 3, 64, 255])
def test_the_ttl_is_decremented_by_one(cloud, ttl):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, a1.udp(cloud.r1["n1"].mac, b2.ip, ttl=ttl), b2, cloud.r1["n2"])


@pytest.mark.parametrize("make", ["udp", "tcp", "echo"])
def test_every_protocol_is_routed(cloud, make):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, getattr(a1, make)(cloud.r1["n1"].mac, b2.ip), b2, cloud.r1["n2"])


@pytest.mark.parametrize("fields", [{"proto": 47}, {"frag": 100, "proto": 17},
                                    {"flags": "MF", "proto": 17}, {"tos": 0xb8, "proto": 6}])
def test_unknown_protocols_fragments_and_dscp_are_left_as_they_are(cloud, fields):
    a1, b2 = cloud["a1"], cloud["b2"]
    f = packets.ipv4(a1.mac, cloud.r1["n1"].mac, a1.ip, b2.ip, b"q" * 64, **fields)
    check_routed(cloud, a1, f, b2, cloud.r1["n2"])


def test_a_wrong_header_checksum_is_not_made_right(cloud):
    """The switch does not look at it (RFC 1812 5.2.2 would have the packet dropped): it is as
    wrong behind the router as in front of it, and so the destination drops the packet."""
    a1, b2 = cloud["a1"], cloud["b2"]
    f = bytearray(a1.udp(cloud.r1["n1"].mac, b2.ip))
    f[24] ^= 0x55
    cloud.clear()
    a1.send(bytes(f))
    got, = b2.take()
    right = packets.routed(a1.udp(cloud.r1["n1"].mac, b2.ip), cloud.r1["n2"].mac, b2.mac)
    assert got[:24] == right[:24] and got[26:] == right[26:]
    assert got[24:26] != right[24:26]


def test_the_router_that_was_asked_routes(cloud):
    a1, b2 = cloud["a1"], cloud["b2"]
    check_routed(cloud, a1, a1.udp(cloud.r2["n1"].mac, b2.ip), b2, cloud.r2["n2"])
    # r2 has no port on n3.
    cloud.clear()
    a1.send(a1.udp(cloud.r2["n1"].mac, "10.0.3.11"))
    assert cloud["a3"].take() == []


def test_each_address_of_a_port_is_reached(cloud):
    b1, a3 = cloud["b1"], cloud["a3"]
    for ip in a3.ips:
        check_routed(cloud, b1, b1.udp(cloud.r1["n1"].mac, ip), a3, cloud.r1["n3"])


def test_a_router_joins_two_subnets_of_one_network(cloud):
    """The packet leaves by the router port it came in by, and on the same
    chassis even to the same machine."""
    a3, b3 = cloud["a3"], cloud["b3"]
    check_routed(cloud, a3, a3.udp(cloud.r1["n3"].mac, b3.ip), b3, cloud.r1["n3"])
    check_routed(cloud, b3, b3.udp(cloud.r1["n3"].mac, "10.0.3.11"), a3, cloud.r1["n3"])
    check_routed(cloud, a3, a3.udp(cloud.r1["n3"].mac, "10.0.33.11"), a3, cloud.r1["n3"])


def test_a_packet_is_routed_to_its_own_network(cloud):
    a1, b1 = cloud["a1"], cloud["b1"]
    check_routed(cloud, a1, a1.udp(cloud.r1["n1"].mac, b1.ip), b1, cloud.r1["n1"])


def test_a_subnet_of_two_addresses_has_two_hosts(cloud):
    """RFC 3021: neither address of a /31 is a broadcast address."""
    a1, t1 = cloud["a1"], cloud["t1"]
    check_routed(cloud, a1, a1.udp(cloud.r1["n1"].mac, t1.ip), t1, cloud.r1["tiny"])
    check_routed(cloud, t1, t1.udp(cloud.r1["tiny"].mac, a1.ip), a1, cloud.r1["n1"])


@pytest.mark.parametrize("destination", [
    "10.0.2.255", "10.0.2.0", "255.255.255.255", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "169.254.1.1", "127.0.0.1", "0.0.0.0"])
def test_broadcasts_multicasts_and_special_addresses_are_not_routed(cloud, destination):
    """RFC 1812 5.3.4, 5.3.5, 5.3.7; RFC 3927 2.7.  No error is sent about a
    broadcast or multicast either (4.3.2.7)."""
    a1 = cloud["a1"]
    cloud.check(a1, a1.udp(cloud.r1["n1"].mac, destination), {})


@pytest.mark.parametrize("source", ["127.0.0.1", "224.0.0.1", "240.0.0.1",
                                    "255.255.255.255", "0.0.0.0"])
def test_nothing_is_sent_to_a_special_source(cloud, source):
    """RFC 1812 4.3.2.7.  (Forwarding does not look at the source: it would cost
    every megaflow a match on the source address.)"""
    a1, b2 = cloud["a1"], cloud["b2"]
    cloud.check(a1, a1.udp(cloud.r1["n1"].mac, b2.ip, src=source, ttl=1), {})


def test_a_routed_broadcast_frame_is_not_routed(cloud):
    """RFC 1812 5.3.4: a packet that came as a link-layer broadcast is not
    forwarded, but it is heard on its network."""
    a1, b1, b2 = cloud["a1"], cloud["b1"], cloud["b2"]
    f = a1.udp(packets.BROADCAST, b2.ip)
    cloud.check(a1, f, {b1: f})


def test_a_routed_packet_takes_one_pass_and_a_wide_megaflow(cloud):
    """No recirculation, no match on layer 4 or on the source address, for local
    and remote destinations."""
    a1, a2, b2 = cloud["a1"], cloud["a2"], cloud["b2"]
    for destination in (a2, b2):
        chassis = a1.chassis
        chassis.appctl("revalidator/purge")
        for sport in (1, 2, 3):
            a1.send(a1.udp(cloud.r1["n1"].mac, destination.ip, sport=sport))
        flows = [line for line in chassis.appctl("dpctl/dump-flows", "-m").splitlines()
                 if "dst=%s" % destination.ip in line]
        assert len(flows) == 1, flows
        match, actions = flows[0].split("actions:")
        assert "recirc(" not in actions and "recirc_id(0)" in match
        assert re.search(r"udp\(src=\d+/0,dst=\d+/0\)", match), match
        assert "ipv4(src=%s/0.0.0.0" % a1.ip in match, match
        assert "ct" not in actions
