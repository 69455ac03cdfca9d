# SPDX-License-Identifier: Apache-2.0
"""Where routers' own packets come from and go, where routes are more than one for each subnet
(RFC 1812 4.3.2.4), for both families."""
import collections

import pytest
from scapy.layers.inet import ICMP, IP
from scapy.layers.inet6 import ICMPv6DestUnreach, ICMPv6TimeExceeded, IPv6
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets, packets6


@pytest.fixture(scope="module")
def cloud():
    """a - r1 - (b, c); x on b and y on c are hosts that r1's static routes have as next hops."""
    with Cloud(chassis=2) as cloud:
        cloud.add_network("a", "10.0.1.0/24", "fd00:1::/64")
        cloud.add_network("b", "10.0.2.0/24", "fd00:2::/64", type="vxlan")
        cloud.add_network("c", "10.0.3.0/24", "fd00:3::/64", type="gre")
        cloud.r1 = cloud.add_router("r1", a=["10.0.1.1/24", "fd00:1::1/64"],
                                    b=["10.0.2.1/24", "fd00:2::1/64"],
                                    c=["10.0.3.1/24", "fd00:3::1/64"])
        cloud.add_vm("vm", "a", 0, "10.0.1.11", "fd00:1::11")
        cloud.add_vm("x", "b", 0, "10.0.2.11", "fd00:2::11")
        cloud.add_vm("y", "c", 1, "10.0.3.11", "fd00:3::11")
        cloud.sync()
        yield cloud


@pytest.fixture
def routes(cloud):
    """Adds routes of r1 and removes them at the end: routes("PREFIX", "HOP")."""
    with cloud.extra_routes("r1") as add:
        yield add


def probe(cloud, family, src, dst, ttl=64):
    """A packet of the machine 'vm' to its router."""
    vm, mac = cloud["vm"], cloud.r1["a"].mac
    if family == 4:
        return packets.udp(vm.mac, mac, src, dst, ttl=ttl)
    return packets6.udp(vm.mac, mac, src, dst, hlim=ttl)


def errors_at(vm):
    """The sources and destinations of the errors that the machine gets, and the router port's MAC
    addresses they come from."""
    found = []
    for frame in vm.take():
        p = Ether(frame)
        assert p.haslayer(ICMP) or p.haslayer(ICMPv6DestUnreach) or p.haslayer(ICMPv6TimeExceeded)
        ip = p[IP] if p.haslayer(ICMP) else p[IPv6]
        found.append((p.src, ip.src, ip.dst))
    return found


FAMILIES = pytest.mark.parametrize("family", [4, 6])


def ip(family, network, host):
    return "10.0.%d.%d" % (network, host) if family == 4 else "fd00:%d::%d" % (network, host)


@FAMILIES
def test_a_route_longer_than_a_connected_prefix_decides_where_an_error_comes_from(
        cloud, routes, family):
    """The sender's address is on a, but a longer route leads to it through b."""
    sender = ip(family, 1, 77)
    routes("%s/%d" % (sender, 32 if family == 4 else 128), ip(family, 2, 11))
    cloud.clear()
    cloud["vm"].send(probe(cloud, family, sender, ip(family, 9, 1)))
    assert errors_at(cloud["x"]) == [(cloud.r1["b"].mac, ip(family, 2, 1), sender)]
    assert cloud["vm"].take() == []


@FAMILIES
def test_an_error_comes_from_the_interface_that_it_leaves_by_whichever_of_several_that_is(
        cloud, routes, family):
    prefix = "10.7.0.0/16" if family == 4 else "fd07::/16"
    routes(prefix, ip(family, 2, 11))
    routes(prefix, ip(family, 3, 11))
    cloud.clear()
    taken = collections.Counter()
    for i in range(1, 33):
        sender = "10.7.0.%d" % i if family == 4 else "fd07::%d" % i
        cloud["vm"].send(probe(cloud, family, sender, ip(family, 9, 1)))
        at = {name: errors_at(cloud[name]) for name in ("x", "y")}
        assert len(at["x"]) + len(at["y"]) == 1, at
        for name, port, network in (("x", "b", 2), ("y", "c", 3)):
            assert at[name] in ([], [(cloud.r1[port].mac, ip(family, network, 1), sender)])
            taken[name] += len(at[name])
    assert sum(taken.values()) == 32


@pytest.mark.parametrize("target", ["10.0.2.255", "10.0.2.0"])
def test_a_broadcast_address_that_a_longer_route_forwards_draws_errors(cloud, routes, target):
    """RFC 1812 5.3.5: to r1 it is one address of a subnet behind y, as any other."""
    vm, y = cloud["vm"], cloud["y"]
    expired = probe(cloud, 4, vm.ip, target, ttl=1)
    cloud.check(vm, expired, {})
    routes(target + "/32", y.ip)
    cloud.check_icmp_error(vm, expired, packets.icmp_error(cloud.r1["a"].mac, vm.mac, "10.0.1.1",
                                                           expired, 11, 0))
    frame = probe(cloud, 4, vm.ip, target)
    cloud.check(vm, frame, {y: packets.routed(frame, cloud.r1["c"].mac, y.mac)})


@FAMILIES
@pytest.mark.parametrize("own", [1, 2])
def test_an_error_to_one_of_the_routers_own_addresses_goes_nowhere(cloud, routes, family, own):
    """Own addresses come before routes."""
    sender = ip(family, own, 1)
    routes("%s/%d" % (sender, 32 if family == 4 else 128), ip(family, 3, 11))
    cloud.check(cloud["vm"], probe(cloud, family, sender, ip(family, 9, 1)), {})
    cloud.check(cloud["vm"], probe(cloud, family, sender, ip(family, 2, 1)), {})
    cloud.check(cloud["vm"], probe(cloud, family, sender, ip(family, 3, 11), ttl=1), {})


def test_an_echo_request_from_one_of_the_routers_own_addresses_goes_nowhere(cloud):
    vm, mac = cloud["vm"], cloud.r1["a"].mac
    cloud.check(vm, packets.echo(vm.mac, mac, "10.0.2.1", "10.0.1.1"), {})
    cloud.check(vm, packets6.echo(vm.mac, mac, "fd00:2::1", "fd00:1::1"), {})


# --- What is no datagram (RFC 1812 5.2.2) ---

def changed(frame, ofs, value):
    """'frame' with 'value' as the byte at 'ofs' of the IPv4 header, and a right checksum."""
    p = Ether(frame[:14 + ofs] + bytes([value]) + frame[14 + ofs + 1:])
    del p[IP].chksum
    header = bytearray(bytes(p)[14:34])
    header[10:12] = b"\0\0"
    total = sum(int.from_bytes(header[i:i + 2], "big") for i in range(0, 20, 2))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    header[10:12] = (~total & 0xffff).to_bytes(2, "big")
    return frame[:14] + bytes(header[:ofs]) + bytes([value]) + bytes(header[ofs + 1:]) + frame[34:]


@pytest.mark.parametrize("destination", ["10.0.2.11", "10.0.2.99", "10.0.9.9", "10.0.1.1"])
@pytest.mark.parametrize("ofs, value", [(3, 53), (2, 200), (0, 0x4e), (0, 0x44), (3, 19)],
                         ids=["one byte short", "much too short", "header too long",
                              "header too short", "shorter than its header"])
def test_a_packet_of_a_wrong_length_draws_nothing(cloud, ofs, value, destination):
    vm = cloud["vm"]
    frame = packets.udp(vm.mac, cloud.r1["a"].mac, vm.ip, destination)[:14 + 52]
    cloud.check(vm, changed(frame, ofs, value), {})
    cloud.check(vm, changed(packets.udp(vm.mac, cloud.r1["a"].mac, vm.ip, destination,
                                        ttl=1)[:14 + 52], ofs, value), {})


@pytest.mark.parametrize("destination", ["10.0.2.99", "10.0.9.9", "10.0.1.1"])
@pytest.mark.parametrize("version", [0, 5, 6, 15])
def test_a_wrong_version_draws_nothing(cloud, version, destination):
    vm = cloud["vm"]
    frame = packets.udp(vm.mac, cloud.r1["a"].mac, vm.ip, destination)
    cloud.check(vm, changed(frame, 0, version << 4 | 5), {})


def protocol_0(cloud, destination, **fields):
    vm = cloud["vm"]
    return packets.ipv4(vm.mac, cloud.r1["a"].mac, vm.ip, destination, b"z" * 40, proto=0,
                        **fields)


def test_a_packet_of_protocol_0_is_not_forwarded(cloud):
    """Open vSwitch would leave its TTL as it is (RFC 1812 5.3.1)."""
    cloud.check(cloud["vm"], protocol_0(cloud, "10.0.2.11"), {})
    cloud.check(cloud["vm"], protocol_0(cloud, "10.0.3.11"), {})


def test_a_packet_of_protocol_0_draws_the_errors_of_others(cloud):
    vm, port = cloud["vm"], cloud.r1["a"]
    frame = protocol_0(cloud, "10.0.2.11", ttl=1)
    cloud.check_icmp_error(vm, frame, packets.icmp_error(port.mac, vm.mac, port.ip, frame, 11, 0))
    frame = protocol_0(cloud, "10.0.2.1")
    cloud.check_icmp_error(vm, frame, packets.icmp_error(port.mac, vm.mac, "10.0.2.1", frame, 3, 2))


@pytest.mark.parametrize("destination", ["fd00:2::11", "fd00:2::99", "fd00:9::9", "fd00:1::1"])
def test_a_packet_of_ipv6_that_is_not_whole_draws_nothing(cloud, destination):
    vm = cloud["vm"]
    frame = packets6.udp(vm.mac, cloud.r1["a"].mac, "fd00:1::11", destination)
    cloud.check(vm, frame[:-1], {})
    cloud.check(vm, frame[:14 + 39], {})
    # An extension header that is longer than the packet.
    frame = packets6.ipv6(vm.mac, cloud.r1["a"].mac, "fd00:1::11", destination,
                          bytes([17, 200]) + b"q" * 30, nh=60)
    cloud.check(vm, frame, {})
