# SPDX-License-Identifier: Apache-2.0
"""Routers on a network between others, through which no packet of a chassis is routed: their
addresses there are answered all the same, on each chassis alike."""
import pytest
from scapy.layers.inet import ICMP, IP, TCP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6EchoReply, IPv6
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets, packets6


@pytest.fixture(scope="module")
def cloud():
    """left - r1 - transit - r3 - own: there are machines on own on the second chassis only, and
    r1 has no route through r3."""
    with Cloud(chassis=2) as cloud:
        cloud.add_network("left", "10.1.0.0/24", "fd01::/64")
        cloud.add_network("transit", "10.9.0.0/24", "fd09::/64", type="vxlan")
        cloud.add_network("own", "10.3.0.0/24", "fd03::/64")
        cloud.r1 = cloud.add_router("r1", left=["10.1.0.1/24", "fd01::1/64"],
                                    transit=["10.9.0.1/24", "fd09::1/64"])
        cloud.r3 = cloud.add_router("r3", transit=["10.9.0.3/24", "fd09::3/64"],
                                    own=["10.3.0.1/24", "fd03::1/64"])
        cloud.nb("route-add r3 10.1.0.0/24 10.9.0.1", "route-add r3 fd01::/64 fd09::1")
        for chassis in (0, 1):
            cloud.add_vm("l%d" % chassis, "left", chassis, "10.1.0.1%d" % chassis,
                         "fd01::1%d" % chassis)
        cloud.add_vm("o1", "own", 1, "10.3.0.11", "fd03::11")
        cloud.sync()
        yield cloud


def answer(cloud, vm, frame):
    """The one packet that the machine gets for its frame."""
    cloud.clear()
    vm.send(frame)
    got = vm.take()
    cloud.expect({})
    assert cloud.underlay.take() == []
    assert len(got) == 1, got
    p = Ether(got[0])
    assert (p.src, p.dst) == (cloud.r1["left"].mac, vm.mac)
    return p


@pytest.fixture(params=["l0", "l1"], ids=["r3 is a stranger", "r3 has a local machine"])
def vm(cloud, request):
    return cloud[request.param]


def test_a_ping_is_answered(cloud, vm):
    mac = cloud.r1["left"].mac
    p = answer(cloud, vm, vm.echo(mac, "10.9.0.3", ident=5, seq=6))
    assert (p[IP].src, p[IP].dst, p[ICMP].type, p[ICMP].id, p[ICMP].seq) == (
        "10.9.0.3", vm.ip, 0, 5, 6)
    assert p[ICMP].payload.load == packets.PAYLOAD
    p = answer(cloud, vm, packets6.echo(vm.mac, mac, vm.ips[1], "fd09::3", ident=5, seq=6))
    reply = p[ICMPv6EchoReply]
    assert (p[IPv6].src, p[IPv6].dst, reply.id, reply.seq) == ("fd09::3", vm.ips[1], 5, 6)


def test_udp_and_tcp_are_refused(cloud, vm):
    mac = cloud.r1["left"].mac
    p = answer(cloud, vm, vm.udp(mac, "10.9.0.3"))
    assert (p[IP].src, p[ICMP].type, p[ICMP].code) == ("10.9.0.3", 3, 3)
    p = answer(cloud, vm, packets6.udp(vm.mac, mac, vm.ips[1], "fd09::3"))
    assert (p[IPv6].src, p[ICMPv6DestUnreach].code) == ("fd09::3", 4)
    p = answer(cloud, vm, vm.tcp(mac, "10.9.0.3", seq=9))
    assert (p[IP].src, str(p[TCP].flags), p[TCP].ack) == ("10.9.0.3", "RA", 10)
    p = answer(cloud, vm, packets6.tcp(vm.mac, mac, vm.ips[1], "fd09::3", seq=9))
    assert (p[IPv6].src, str(p[TCP].flags), p[TCP].ack) == ("fd09::3", "RA", 10)


def test_an_address_that_no_router_has_is_unreachable(cloud, vm):
    p = answer(cloud, vm, vm.echo(cloud.r1["left"].mac, "10.9.0.4"))
    assert (p[IP].src, p[ICMP].type, p[ICMP].code) == (cloud.r1["left"].ip, 3, 1)


def test_a_hop_less_ends_at_the_router_before(cloud, vm):
    p = answer(cloud, vm, vm.echo(cloud.r1["left"].mac, "10.9.0.3", ttl=1))
    assert (p[IP].src, p[ICMP].type) == (cloud.r1["left"].ip, 11)
    p = answer(cloud, vm, vm.echo(cloud.r1["left"].mac, "10.9.0.3", ttl=2))
    assert (p[IP].src, p[ICMP].type) == ("10.9.0.3", 0)


def test_a_disabled_router_is_not_there(cloud, vm):
    cloud.nb("set Router r3 enabled=false")
    cloud.sync()
    try:
        p = answer(cloud, vm, vm.echo(cloud.r1["left"].mac, "10.9.0.3"))
        assert (p[IP].src, p[ICMP].type, p[ICMP].code) == (cloud.r1["left"].ip, 3, 1)
    finally:
        cloud.nb("set Router r3 enabled=true")
        cloud.sync()


def test_a_stranger_costs_a_flow_for_each_address(cloud):
    def count():
        return len(cloud.chassis[0].flows())
    before = count()
    cloud.add_router("r4", transit="10.9.0.44/24")
    cloud.sync()
    try:
        assert count() == before + 1
    finally:
        cloud.nb("router-port-del r4-transit", "router-del r4")
        cloud.sync()
