# SPDX-License-Identifier: Apache-2.0
"""What a router says itself in IPv6: ICMPv6 errors (RFC 4443), always from the chassis of the
sender, and byte for byte."""
import pytest
from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (ICMPv6DestUnreach, ICMPv6EchoReply, ICMPv6EchoRequest,
                                ICMPv6PacketTooBig, ICMPv6ParamProblem, ICMPv6TimeExceeded,
                                IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop,
                                PadN)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from dfharness import Cloud, packets6
from dfharness.packets6 import link_local

HOP_LIMIT = ICMPv6TimeExceeded(code=0)
NO_ROUTE, BEYOND_SCOPE, ADDRESS, PORT = (ICMPv6DestUnreach(code=c) for c in (0, 2, 3, 4))


@pytest.fixture(scope="module")
def cloud():
    """a - r1 - b - r2 - c."""
    with Cloud(chassis=2) as cloud:
        cloud.add_network("a", "fd00:1::/64", "fd00:11::/64")
        cloud.add_network("b", "fd00:2::/64", type="gre")
        cloud.add_network("c", "fd00:3::/64")
        cloud.add_network("small", "fd00:4::/64", mtu=1400)
        cloud.r1 = cloud.add_router("r1", a=["fd00:1::1/64", "fd00:11::1/64"], b="fd00:2::1/64",
                                    small="fd00:4::1/64")
        cloud.r2 = cloud.add_router("r2", b="fd00:2::2/64", c="fd00:3::1/64")
        cloud.nb("route-add r1 fd00:3::/64 fd00:2::2", "route-add r2 fd00:1::/64 fd00:2::1")
        cloud.add_vm("a1", "a", 0, "fd00:1::11")
        cloud.add_vm("a2", "a", 0, "fd00:11::12")
        cloud.add_vm("b2", "b", 1, "fd00:2::21")
        cloud.add_vm("w1", "c", 1, "fd00:3::21")
        cloud.add_vm("s2", "small", 1, "fd00:4::21")
        cloud.sync()
        yield cloud


def to_router(cloud, vm, dst, payload=None, src=None, **fields):
    """A packet of a machine on a to its router."""
    return packets6.ipv6(vm.mac, cloud.r1["a"].mac, src or vm.ip, dst,
                         payload or UDP(sport=4000, dport=33434) / Raw(b"probe"), **fields)


def error(cloud, offender, kind, src, hlim=254):
    """The error about a frame: it quotes as much of it as makes a packet of 1,280 bytes."""
    p = Ether(offender)
    quoted = offender[14:14 + 1280 - 48]
    return packets6.ipv6(cloud.r1["a"].mac, p.src, src, p[IPv6].src, kind.copy() / Raw(quoted),
                         tc=0xc0, nh=58, hlim=hlim)


def check_error(cloud, vm, frame, kind, src, hlim=254):
    cloud.check(vm, frame, {vm: error(cloud, frame, kind, src, hlim)})
    assert cloud.underlay.take() == []


# --- Errors of packets on their way ---

@pytest.mark.parametrize("hlim", [0, 1])
def test_a_packet_that_would_leave_without_hop_limit_is_answered(cloud, hlim):
    """RFC 4443 3.3."""
    a1 = cloud["a1"]
    check_error(cloud, a1, to_router(cloud, a1, "fd00:2::21", hlim=hlim), HOP_LIMIT,
                "fd00:1::1")


def test_a_traceroute_sees_each_router_on_the_way(cloud):
    a1, w1 = cloud["a1"], cloud["w1"]
    check_error(cloud, a1, to_router(cloud, a1, w1.ip, hlim=1), HOP_LIMIT, "fd00:1::1")
    cloud.clear()
    a1.send(to_router(cloud, a1, w1.ip, hlim=2))
    got, = a1.take()
    p = Ether(got)
    assert (p.src, p[IPv6].src, p[ICMPv6TimeExceeded].code) == (cloud.r1["a"].mac, "fd00:2::2", 0)
    frame = to_router(cloud, a1, w1.ip, hlim=3)
    cloud.check(a1, frame, {w1: packets6.routed(frame, cloud.r2["c"].mac, w1.mac, 2)})


def test_no_route(cloud):
    """RFC 4443 3.1, code 0."""
    a1 = cloud["a1"]
    check_error(cloud, a1, to_router(cloud, a1, "2001:db8::1"), NO_ROUTE, "fd00:1::1")


def test_a_route_by_the_routers_own_anycast_address_is_not_in_force(cloud):
    """RFC 4291 2.6.1: the packet would come back to the router."""
    a1 = cloud["a1"]
    cloud.nb("--force route-add r1 2001:db8:55::/48 fd00:1::")
    cloud.sync()
    check_error(cloud, a1, to_router(cloud, a1, "2001:db8:55::1"), NO_ROUTE, "fd00:1::1")
    cloud.nb("route-del r1 2001:db8:55::/48")
    cloud.sync()


def test_an_unknown_address_is_unreachable(cloud):
    """Code 3."""
    a1 = cloud["a1"]
    check_error(cloud, a1, to_router(cloud, a1, "fd00:2::99"), ADDRESS, "fd00:1::1")


def test_the_error_comes_from_the_address_of_the_senders_prefix(cloud):
    """RFC 4443 2.2 (b)."""
    a2 = cloud["a2"]
    check_error(cloud, a2, to_router(cloud, a2, "2001:db8::1"), NO_ROUTE, "fd00:11::1")


def test_a_packet_too_big(cloud):
    """RFC 4443 3.2, with the MTU."""
    a1, s2 = cloud["a1"], cloud["s2"]
    fits = to_router(cloud, a1, s2.ip, UDP(sport=1, dport=2) / Raw(b"m" * (1400 - 48)))
    cloud.check(a1, fits, {s2: packets6.routed(fits, cloud.r1["small"].mac, s2.mac)})
    frame = to_router(cloud, a1, s2.ip, UDP(sport=1, dport=2) / Raw(b"m" * (1401 - 48)))
    check_error(cloud, a1, frame, ICMPv6PacketTooBig(mtu=1400), "fd00:1::1")


def test_a_link_local_source_reaches_no_further_than_the_link(cloud):
    """Code 2; from the router's link-local address, and though no database knows the sender's."""
    a1 = cloud["a1"]
    frame = to_router(cloud, a1, "fd00:2::21", src=link_local(a1.mac))
    check_error(cloud, a1, frame, BEYOND_SCOPE, cloud.r1["a"].link_local, hlim=255)


# --- Packets to the router itself ---

@pytest.mark.parametrize("target", ["fd00:1::1", "fd00:11::1", "fd00:2::1"])
def test_a_port_of_the_router_itself_is_unreachable(cloud, target):
    """Code 4, from the address that was asked (RFC 4443 2.2 (a))."""
    a1 = cloud["a1"]
    check_error(cloud, a1, to_router(cloud, a1, target), PORT, target)


def test_an_address_that_routers_share_is_answered_from_the_routers_own(cloud):
    """RFC 4443 2.2 (b), RFC 4291 2.6.1."""
    a1 = cloud["a1"]
    check_error(cloud, a1, to_router(cloud, a1, "fd00:11::"), PORT, "fd00:11::1")


def test_a_port_of_a_link_local_address_is_unreachable(cloud):
    a1 = cloud["a1"]
    for src in (link_local(a1.mac), a1.ip):
        frame = to_router(cloud, a1, cloud.r1["a"].link_local, src=src)
        check_error(cloud, a1, frame, PORT, cloud.r1["a"].link_local, hlim=255)


@pytest.mark.parametrize("headers, pointer", [
    (Raw(b"data"), 6),
    (IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)], nh=253) / Raw(b"data"), 40),
    (IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 12)], nh=253) / Raw(b"data"), 40),
    (IPv6ExtHdrHopByHop(options=[PadN(optdata=b"\0" * 4)], nh=44)
     / IPv6ExtHdrFragment(nh=253, m=1, id=1) / Raw(b"12345678"), 48),
], ids=["none", "hop-by-hop", "destination options", "first fragment"])
def test_an_unknown_next_header_to_the_router_is_a_parameter_problem(cloud, headers, pointer):
    """RFC 4443 3.4, code 1, and where it stands."""
    a1 = cloud["a1"]
    fields = {"nh": 253} if pointer == 6 else {}
    check_error(cloud, a1, to_router(cloud, a1, "fd00:1::1", headers, **fields),
                ICMPv6ParamProblem(code=1, ptr=pointer), "fd00:1::1")


def test_no_next_header_is_no_problem(cloud):
    """RFC 8200 4.7."""
    a1 = cloud["a1"]
    cloud.check(a1, to_router(cloud, a1, "fd00:1::1", Raw(b"data"), nh=59), {})


@pytest.mark.parametrize("src", ["global", "link-local"])
def test_a_connection_to_the_router_itself_is_refused(cloud, src):
    a1, mac = cloud["a1"], cloud.r1["a"].mac
    source = a1.ip if src == "global" else link_local(a1.mac)
    target = "fd00:2::1" if src == "global" else cloud.r1["a"].link_local
    frame = packets6.tcp(a1.mac, mac, source, target, sport=4242, dport=22, seq=77)
    answer = packets6.ipv6(mac, a1.mac, target, source,
                           TCP(sport=22, dport=4242, flags="RA", seq=0, ack=78, window=0),
                           hlim=254 if src == "global" else 255)
    cloud.check(a1, frame, {a1: answer})


def test_an_echo_request_with_options_is_answered(cloud):
    a1, mac = cloud["a1"], cloud.r1["a"].mac
    request = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)]) / ICMPv6EchoRequest(
        id=1, seq=2, data=b"data")
    cloud.clear()
    a1.send(to_router(cloud, a1, "fd00:1::1", request))
    got, = a1.take()
    p = Ether(got)
    assert (p.src, p[IPv6].src, p[ICMPv6EchoReply].id, p[ICMPv6EchoReply].seq) == (
        mac, "fd00:1::1", 1, 2)


# --- Where silence is due: RFC 4443 2.4 (e) ---

@pytest.mark.parametrize("target", ["fd00:2::99", "2001:db8::1", "fd00:2::21", "fd00:1::1"])
def test_no_error_about_an_error_or_a_redirect(cloud, target):
    a1 = cloud["a1"]
    quoted = bytes(IPv6(src=target, dst=a1.ip) / UDP(sport=1, dport=2))
    hlim = 1 if target == "fd00:2::21" else 64
    for kind in (1, 2, 3, 4, 100, 127, 137):
        frame = to_router(cloud, a1, target, Raw(bytes([kind, 0, 0, 0, 0, 0, 0, 0]) + quoted),
                          nh=58, hlim=hlim)
        cloud.check(a1, frame, {})


@pytest.mark.parametrize("source", ["::", "::1", "ff02::1", "ff0e::1"])
def test_no_error_to_a_source_that_is_not_a_host(cloud, source):
    a1 = cloud["a1"]
    for target in ("2001:db8::1", "fd00:2::99"):
        cloud.check(a1, to_router(cloud, a1, target, src=source), {})
        cloud.check(a1, to_router(cloud, a1, target, src=source, hlim=1), {})


@pytest.mark.parametrize("target", ["ff02::1", "ff05::2", "ff0e::1", "fe80::99"])
def test_no_error_about_a_multicast_or_link_local_destination(cloud, target):
    a1 = cloud["a1"]
    cloud.check(a1, to_router(cloud, a1, target), {})
    cloud.check(a1, to_router(cloud, a1, target, hlim=1), {})
    cloud.check(a1, to_router(cloud, a1, target, src=link_local(a1.mac)), {})


def test_later_fragments_draw_errors_on_their_way_but_not_at_the_router(cloud):
    a1 = cloud["a1"]
    later = IPv6ExtHdrFragment(nh=17, offset=10, id=1) / Raw(b"f" * 64)
    check_error(cloud, a1, to_router(cloud, a1, "2001:db8::1", later), NO_ROUTE, "fd00:1::1")
    cloud.check(a1, to_router(cloud, a1, "fd00:1::1", later), {})
    later.nh = 58
    cloud.check(a1, to_router(cloud, a1, "2001:db8::1", later), {})


def test_a_flood_is_not_answered_packet_by_packet(cloud):
    """RFC 4443 2.4 (f): whatever addresses it comes from."""
    a1, a2 = cloud["a1"], cloud["a2"]
    frames = [to_router(cloud, a1, "2001:db8::1", src="fe80::%x" % i).hex()
              for i in range(0x100, 0x200)]
    cloud.clear()
    for _ in range(8):
        a1.chassis.appctl("netdev-dummy/receive", a1.name, *frames)
    cloud.settle()
    answers = len(a1.take())
    assert 0 < answers < 1500, answers
    cloud.clear()
    a2.send(to_router(cloud, a2, "2001:db8::1"))
    assert len(a2.take()) == 1
