# SPDX-License-Identifier: Apache-2.0
"""What a router says itself: echo replies and ICMP errors (RFC 792, RFC 1122,
RFC 1812), always from the chassis of the sender."""
import pytest
from scapy.layers.inet import ICMP, IP, UDP, IPerror
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets

TTL_EXCEEDED = (11, 0)
NET, HOST, PROTOCOL, PORT = (3, 0), (3, 1), (3, 2), (3, 3)


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24", "10.0.11.0/24")
        cloud.add_network("n2", "10.0.2.0/24", type="gre")
        cloud.add_network("n3", "10.0.3.0/24")
        cloud.r1 = cloud.add_router("r1", n1=["10.0.1.1/24", "10.0.11.1/24"], n2="10.0.2.1/24")
        cloud.r2 = cloud.add_router("r2", n2="10.0.2.2/24", n3="10.0.3.1/24")
        cloud.nb("route-add r1 10.0.3.0/24 10.0.2.2", "route-add r2 10.0.1.0/24 10.0.2.1")
        cloud.add_vm("a1", "n1", 0, "10.0.1.11")
        cloud.add_vm("a2", "n1", 0, "10.0.11.12")
        cloud.add_vm("b2", "n2", 1, "10.0.2.21")
        cloud.add_vm("b3", "n3", 1, "10.0.3.21")
        cloud.sync()
        yield cloud


def check_error(cloud, source, frame, kind, router_port, ip=None, mtu=0):
    cloud.check_icmp_error(source, frame, packets.icmp_error(
        router_port.mac, source.mac, ip or router_port.ip, frame, *kind, mtu=mtu))
    assert cloud.underlay.take() == []


# --- Echo ---

@pytest.mark.parametrize("target", ["10.0.1.1", "10.0.11.1", "10.0.2.1"])
def test_each_address_of_a_router_answers_pings(cloud, target):
    """RFC 1122: by whichever of its ports the request came in; same identifier,
    sequence and data."""
    a1, mac = cloud["a1"], cloud.r1["n1"].mac
    for ident, seq, size in ((7, 1, 56), (0xffff, 0, 0), (1, 65535, 1472)):
        data = bytes(i & 0xff for i in range(size))
        request = a1.echo(mac, target, ident=ident, seq=seq, data=data)
        cloud.clear()
        a1.send(request)
        got = a1.take()
        assert len(got) == 1
        ttl = Ether(got[0])[IP].ttl
        assert 32 <= ttl <= 255
        want = packets.echo(mac, a1.mac, target, a1.ip, ident=ident, seq=seq, data=data,
                            reply=True, ttl=ttl)
        assert packets.compare(a1, got, [want]) is None, packets.compare(a1, got, [want])
        assert cloud.underlay.take() == []


def test_a_router_behind_a_router_answers_pings(cloud):
    a1, target = cloud["a1"], "10.0.2.2"
    for target in ("10.0.2.2", "10.0.3.1"):
        cloud.clear()
        a1.send(a1.echo(cloud.r1["n1"].mac, target, ident=3, seq=4))
        got = a1.take()
        assert len(got) == 1
        p = Ether(got[0])
        assert (p.src, p[IP].src, p[ICMP].type, p[ICMP].id, p[ICMP].seq) == (
            cloud.r1["n1"].mac, target, 0, 3, 4)


def test_a_ping_between_machines_is_none_of_the_routers_business(cloud):
    a1, b2 = cloud["a1"], cloud["b2"]
    request = a1.echo(cloud.r1["n1"].mac, b2.ip)
    cloud.check(a1, request, {b2: packets.routed(request, cloud.r1["n2"].mac, b2.mac)})


# --- Time exceeded ---

@pytest.mark.parametrize("ttl", [0, 1])
def test_a_packet_that_would_leave_without_ttl_is_answered(cloud, ttl):
    a1 = cloud["a1"]
    check_error(cloud, a1, a1.udp(cloud.r1["n1"].mac, "10.0.2.21", ttl=ttl), TTL_EXCEEDED,
                cloud.r1["n1"])


def test_a_traceroute_sees_each_router_on_the_way(cloud):
    """The first router answers from its port towards the sender, the second from
    its own port towards the sender."""
    a1, b3 = cloud["a1"], cloud["b3"]
    probe = {ttl: a1.udp(cloud.r1["n1"].mac, b3.ip, ttl=ttl, dport=33434 + ttl)
             for ttl in (1, 2, 3)}
    check_error(cloud, a1, probe[1], TTL_EXCEEDED, cloud.r1["n1"])
    cloud.clear()
    a1.send(probe[2])
    got = a1.take()
    assert len(got) == 1
    p = Ether(got[0])
    assert (p[IP].src, p[ICMP].type, p[ICMP].code) == ("10.0.2.2", 11, 0)
    assert p[IPerror].dst == b3.ip
    cloud.check(a1, probe[3], {b3: packets.routed(probe[3], cloud.r2["n3"].mac, b3.mac, 2)})


def test_the_error_comes_from_the_address_of_the_senders_subnet(cloud):
    """RFC 1812 4.3.2.4: an address of the interface by which the error leaves,
    here the one that the sender shares a subnet with."""
    a2 = cloud["a2"]
    check_error(cloud, a2, a2.udp(cloud.r1["n1"].mac, "10.0.2.21", ttl=1), TTL_EXCEEDED,
                cloud.r1["n1"], ip="10.0.11.1")


# --- Unreachable ---

def test_no_route_is_network_unreachable(cloud):
    a1 = cloud["a1"]
    check_error(cloud, a1, a1.udp(cloud.r1["n1"].mac, "192.0.2.1"), NET, cloud.r1["n1"])


def test_an_unknown_address_is_host_unreachable(cloud):
    a1 = cloud["a1"]
    check_error(cloud, a1, a1.udp(cloud.r1["n1"].mac, "10.0.2.99"), HOST, cloud.r1["n1"])


def test_a_port_of_the_router_itself_is_unreachable(cloud):
    """Here the router is the host that was asked, so it answers from the address
    that was asked (RFC 1122 4.1.3.5)."""
    a1 = cloud["a1"]
    for target in ("10.0.1.1", "10.0.2.1"):
        check_error(cloud, a1, a1.udp(cloud.r1["n1"].mac, target), PORT, cloud.r1["n1"],
                    ip=target)


def test_a_connection_to_the_router_itself_is_refused(cloud):
    a1 = cloud["a1"]
    cloud.clear()
    a1.send(a1.tcp(cloud.r1["n1"].mac, "10.0.2.1", sport=4242, dport=22, seq=77))
    got = a1.take()
    assert len(got) == 1
    p = Ether(got[0])
    assert (p.src, p.dst, p[IP].src, p[IP].dst) == (cloud.r1["n1"].mac, a1.mac, "10.0.2.1",
                                                    a1.ip)
    tcp = p["TCP"]
    assert (tcp.sport, tcp.dport, tcp.flags, tcp.ack) == (22, 4242, "RA", 78)


def test_an_unknown_protocol_to_the_router_itself_is_unreachable(cloud):
    a1 = cloud["a1"]
    frame = packets.ipv4(a1.mac, cloud.r1["n1"].mac, a1.ip, "10.0.1.1", b"p" * 32, proto=253)
    check_error(cloud, a1, frame, PROTOCOL, cloud.r1["n1"])


# --- Where silence is due: RFC 1812 4.3.2.7 ---

@pytest.mark.parametrize("target", ["10.0.2.99", "192.0.2.1", "10.0.2.21"])
def test_no_error_about_an_icmp_error(cloud, target):
    a1 = cloud["a1"]
    quoted = IP(src=target, dst=a1.ip) / UDP(sport=1, dport=2)
    for kind in (3, 4, 5, 11, 12):
        frame = packets.ipv4(a1.mac, cloud.r1["n1"].mac, a1.ip, target,
                             ICMP(type=kind, code=0) / bytes(quoted)[:28],
                             ttl=1 if target == "10.0.2.21" else 64)
        cloud.check(a1, frame, {})


def test_no_error_about_a_fragment_other_than_the_first(cloud):
    a1, mac = cloud["a1"], cloud.r1["n1"].mac
    for target, ttl in (("10.0.2.99", 64), ("192.0.2.1", 64), ("10.0.2.21", 1), ("10.0.1.1", 64)):
        cloud.check(a1, packets.ipv4(a1.mac, mac, a1.ip, target, b"f" * 64, proto=17, frag=10,
                                     ttl=ttl), {})
    first = a1.udp(mac, "192.0.2.1", flags="MF")
    check_error(cloud, a1, first, NET, cloud.r1["n1"])


@pytest.mark.parametrize("source", ["0.0.0.0", "127.0.0.1", "224.0.0.5", "255.255.255.255",
                                    "240.0.0.1"])
def test_no_error_to_a_source_that_is_not_a_host(cloud, source):
    a1 = cloud["a1"]
    cloud.check(a1, a1.udp(cloud.r1["n1"].mac, "192.0.2.1", src=source), {})


def test_no_error_about_a_broadcast(cloud):
    a1 = cloud["a1"]
    for target in ("10.0.1.255", "10.0.2.255", "255.255.255.255"):
        cloud.check(a1, a1.udp(cloud.r1["n1"].mac, target), {})
        cloud.check(a1, a1.udp(cloud.r1["n1"].mac, target, ttl=1), {})


# --- Quoting, and rate limits ---

def test_the_error_quotes_as_much_as_fits_576_bytes(cloud):
    a1 = cloud["a1"]
    frame = a1.udp(cloud.r1["n1"].mac, "192.0.2.1", data=bytes(range(200)) * 7)
    cloud.clear()
    a1.send(frame)
    got = a1.take()
    assert len(got) == 1
    assert Ether(got[0])[IP].len == 576
    difference = packets.icmp_error_difference(
        got[0], packets.icmp_error(cloud.r1["n1"].mac, a1.mac, "10.0.1.1", frame, *NET))
    assert difference is None, difference


def test_a_flood_is_not_answered_packet_by_packet(cloud):
    """RFC 1812 4.3.2.8.  Another machine still gets its answer."""
    b2 = cloud["b2"]
    frame = b2.udp(cloud.r1["n2"].mac, "192.0.2.1")
    cloud.clear()
    chassis = b2.chassis
    for _ in range(20):
        chassis.appctl("netdev-dummy/receive", b2.name, *[frame.hex()] * 100)
    cloud.settle()
    answers = len(b2.take())
    assert 0 < answers < 1500, answers
    b3 = cloud["b3"]
    frame = b3.udp(cloud.r2["n3"].mac, "192.0.2.1")
    cloud.clear()
    b3.send(frame)
    assert len(b3.take()) == 1
