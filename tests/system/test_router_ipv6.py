# SPDX-License-Identifier: Apache-2.0
"""How an IPv6 router and its neighbour discovery look to real kernels.

Machines: a1, b1 and d1 are on the first chassis, a2, b2 and d2 on the second.  r1 joins networks a
and b with the transit network t, r2 joins t with d, whose MTU is 1280; so from a to d there are two
hops."""
import errno
import json
import os
import re
import socket
import time

import pytest

from dfharness import NsCloud, wait_until
from dfharness.packets6 import link_local, solicitation

A, B, D = "2001:db8:a::", "2001:db8:b::", "fd00:d::"
HEADERS = 48  # IPv6 and ICMPv6.


@pytest.fixture(scope="module")
def cloud():
    with NsCloud(chassis=2) as cloud:
        cloud.add_network("a", A + "/64", "10.0.1.0/24")
        cloud.add_network("b", B + "/64", type="vxlan")
        cloud.add_network("t", "2001:db8:9::/127", type="gre")
        cloud.add_network("d", D + "/64", mtu=1280)
        cloud.r1 = cloud.add_router("r1", a=[A + "1/64", "10.0.1.1/24"], b=B + "1/64",
                                    t="2001:db8:9::/127")
        cloud.r2 = cloud.add_router("r2", t="2001:db8:9::1/127", d=D + "1/64")
        cloud.nb("route-add r1 %s/64 2001:db8:9::1" % D, "route-add r2 ::/0 2001:db8:9::")
        for network, prefix, mtu in (("a", A, 1500), ("b", B, 1500), ("d", D, 1280)):
            for chassis in (1, 2):
                cloud.add_vm("%s%d" % (network, chassis), network, chassis - 1,
                             "%s1%d/64" % (prefix, chassis), gateway=prefix + "1", mtu=mtu)
        cloud.sync()
        yield cloud


def neighbour(vm, address):
    """The kernel's entry for an address: its MAC address, states, and whether it is a router's."""
    entries = json.loads(vm.run("ip -j -6 neigh show %s dev eth0" % address))
    return [(e.get("lladdr"), e["state"], "router" in e) for e in entries]


@pytest.mark.parametrize("destination", ["b1", "b2"])
def test_traceroute_shows_the_router(cloud, destination):
    assert cloud["a1"].traceroute(cloud[destination].ip) == [A + "1", cloud[destination].ip]
    assert cloud[destination].traceroute(cloud["a1"].ip) == [B + "1", cloud["a1"].ip]


@pytest.mark.parametrize("destination", ["d1", "d2"])
def test_connectivity_through_2_routers(cloud, destination):
    one, two = cloud["a1"], cloud[destination]
    one.expect_ping(two.ip)
    one.udp_echo(two, sizes=(0, 1, 1000, 1280 - HEADERS))
    assert one.traceroute(two.ip) == [A + "1", "2001:db8:9::1", two.ip]
    assert two.traceroute(one.ip) == [D + "1", "2001:db8:9::", one.ip]


@pytest.mark.parametrize("destination", ["b1", "b2", "d1", "d2"])
def test_tcp_finds_the_path_mtu(cloud, destination):
    cloud["a1"].run("ip -6 route flush cache")
    cloud["a1"].tcp_transfer(cloud[destination])


def test_a_packet_that_is_too_big_is_answered_with_the_mtu(cloud):
    a1 = cloud["a1"]
    a1.run("ip -6 route flush cache")
    out = a1.run("ping -n -c 1 -W 1 -M do -s %d %s" % (1281 - HEADERS, cloud["d2"].ip),
                 check=False)
    assert re.search(r"From 2001:db8:9::1 .*Packet too big: mtu=1280", out), out
    a1.expect_ping(cloud["d2"].ip, size=1280 - HEADERS)


def test_every_router_address_answers(cloud):
    addresses = [port.ip for port in [*cloud.r1.values(), *cloud.r2.values()] if ":" in port.ip]
    for name in ("a1", "a2", "d2"):
        for address in addresses:
            cloud[name].expect_ping(address, count=1)


def test_a_routers_link_local_address_answers_on_its_network(cloud):
    cloud["a1"].expect_ping(cloud.r1["a"].link_local + "%eth0")
    cloud["d2"].expect_ping(cloud.r2["d"].link_local + "%eth0")
    cloud["a1"].expect_no_ping(cloud.r1["b"].link_local + "%eth0")


def test_machines_reach_each_others_link_local_addresses(cloud):
    cloud["a1"].expect_ping(link_local(cloud["a2"].mac) + "%eth0")


def test_each_hop_takes_one_from_the_hop_limit(cloud):
    def hops_seen(two):
        return int(cloud["a1"].run("ping -n -c 1 -W 1 %s" % two.ip).split("ttl=")[1].split()[0])
    assert [hops_seen(cloud[name]) for name in ("a2", "b2", "d2")] == [64, 63, 62]


def test_no_route_and_no_neighbour_are_told(cloud):
    a1 = cloud["a1"]
    out = a1.run("ping -n -c 1 -W 1 2001:db8:ffff::1", check=False)
    assert "From %s1 icmp_seq=1 Destination unreachable: No route" % A in out, out
    out = a1.run("ping -n -c 1 -W 1 %s99" % B, check=False)
    assert "From %s1 icmp_seq=1 Destination unreachable: Address unreachable" % A in out, out


def test_tcp_to_the_router_is_refused(cloud):
    with cloud["a1"].socket(family=socket.AF_INET6) as s, pytest.raises(OSError) as e:
        s.connect((A + "1", 9))
    assert e.value.errno == errno.ECONNREFUSED


# --- Neighbour discovery --------------------------------------------------

def test_a_gateway_is_known_as_a_router(cloud):
    a1 = cloud["a1"]
    a1.flush_neighbours()
    a1.expect_ping(cloud["b2"].ip, count=1)
    (mac, state, is_router), = neighbour(a1, A + "1")
    assert (mac, is_router) == (cloud.r1["a"].mac, True) and state != ["FAILED"]


def test_a_machine_is_known_as_none(cloud):
    a1, a2 = cloud["a1"], cloud["a2"]
    a1.flush_neighbours()
    a1.expect_ping(a2.ip, count=1)
    (mac, _, is_router), = neighbour(a1, a2.ip)
    assert (mac, is_router) == (a2.mac, False)


@pytest.mark.parametrize("of_router", [True, False])
def test_a_neighbour_that_is_checked_is_reachable_again(cloud, of_router):
    """RFC 4861 7.3.3: the kernel asks by unicast, without its own address."""
    a1 = cloud["a1"]
    address = A + "1" if of_router else cloud["a2"].ip
    a1.expect_ping(address, count=1)
    a1.run("ip -6 neigh change %s dev eth0 nud probe" % address)
    wait_until(lambda: neighbour(a1, address)[0][1] == ["REACHABLE"],
               lambda: str(neighbour(a1, address)), 10)


def flood(vm, frames, seconds, rate):
    """Sends the frames by turns.  Returns how many were sent."""
    n = 0
    with vm.socket(socket.SOCK_RAW, family=socket.AF_PACKET) as s:
        s.bind(("eth0", 0))
        start = time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            while n < elapsed * rate:
                s.send(frames[n % len(frames)])
                n += 1
            time.sleep(0.001)
    return n


def cpu_seconds(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def packet_ins(chassis):
    return int(re.search(r"packet-ins: (\d+)", chassis.dfappctl("status")).group(1))


def test_a_flood_of_solicitations_is_the_switchs_business(cloud):
    """Of known addresses, 10,000 a second: the daemon hears none of them, and others are
    served meanwhile."""
    a1, chassis = cloud["a1"], cloud.chassis[0]
    frames = [solicitation(a1.mac, a1.ip, target) for target in (A + "1", A + "12")]
    before = packet_ins(chassis), cpu_seconds(chassis.controller.pid)
    others = [cloud["b1"].ping_stream(cloud[name].ip, 0.01) for name in ("b2", "d1")]
    sent = flood(a1, frames, 3, 10000)
    for stream in others:
        n, lost = stream.stop()
        assert n > 100 and lost <= n // 20, stream
    assert sent > 10000
    assert packet_ins(chassis) - before[0] < 10
    assert cpu_seconds(chassis.controller.pid) - before[1] < 0.3
    a1.flush_neighbours()
    a1.expect_ping(A + "1", count=1)


@pytest.mark.parametrize("address", [A + "1", A + "12"])
def test_a_machine_that_takes_an_address_of_another_notices(cloud, address):
    """RFC 4862 5.4: the router's, and that of a machine on the other chassis."""
    a1 = cloud["a1"]
    a1.run("ip addr add %s/64 dev eth0" % address)
    try:
        wait_until(lambda: "dadfailed" in a1.run("ip -6 addr show dev eth0"),
                   lambda: a1.run("ip -6 addr show dev eth0"), 10)
    finally:
        a1.run("ip addr del %s/64 dev eth0" % address)
    cloud["a2"].expect_ping(A + "1")


def test_a_machine_that_takes_its_own_address_has_it(cloud):
    a1 = cloud["a1"]
    a1.run("ip addr del %s/64 dev eth0" % a1.ip)
    a1.run("ip addr add %s/64 dev eth0" % a1.ip)
    a1.run("ip -6 route replace default via %s1 dev eth0" % A)
    wait_until(lambda: "tentative" not in a1.run("ip -6 addr show dev eth0"),
               lambda: a1.run("ip -6 addr show dev eth0"), 10)
    assert "dadfailed" not in a1.run("ip -6 addr show dev eth0")
    a1.expect_ping(cloud["b2"].ip)
