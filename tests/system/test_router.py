# SPDX-License-Identifier: Apache-2.0
"""How a router looks to real kernels: hops, errors, changes while in use.

Machines: a1, b1, d1 and e1 are on the first chassis, a2, b2, d2 and e2 on the
second.  r1 joins networks a and b with the transit network t, r2 joins t with
c; so from a to c there are two hops."""
import errno
import socket
import threading

import pytest

from dfharness import Failure, NsCloud, wait_until

IP_RECVERR = 11


@pytest.fixture(scope="module")
def cloud():
    with NsCloud(chassis=2) as cloud:
        cloud.add_control()
        cloud.add_network("a", "10.0.1.0/24")
        cloud.add_network("b", "10.0.2.0/24", type="vxlan")
        cloud.add_network("t", "192.168.9.0/30", type="gre")
        cloud.add_network("d", "10.0.3.0/24")
        cloud.r1 = cloud.add_router("r1", a="10.0.1.1/24", b="10.0.2.1/24", t="192.168.9.1/30")
        cloud.r2 = cloud.add_router("r2", t="192.168.9.2/30", d="10.0.3.1/24")
        cloud.nb("route-add r1 10.0.3.0/24 192.168.9.2",
                 "route-add r2 10.0.0.0/16 192.168.9.1")
        for network, number in (("a", 1), ("b", 2), ("d", 3)):
            for chassis in (1, 2):
                cloud.add_vm("%s%d" % (network, chassis), network, chassis - 1,
                             "10.0.%d.1%d/24" % (number, chassis),
                             gateway="10.0.%d.1" % number)
        cloud.sync()
        yield cloud


def error_of(vm, kind, address, port=9):
    """The errno that the kernel of 'vm' reports for traffic to 'address'."""
    with vm.socket(kind) as s:
        try:
            if kind == socket.SOCK_DGRAM:
                # Otherwise UDP hides all but "port unreachable".
                s.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
            s.connect((address, port))
            if kind == socket.SOCK_DGRAM:
                s.send(b"x")
                s.settimeout(1)
                s.recv(100)
        except socket.timeout:
            return None
        except OSError as e:
            return e.errno
    return 0


# --- Hops -----------------------------------------------------------------

@pytest.mark.parametrize("destination", ["b1", "b2"])
def test_traceroute_shows_the_router(cloud, destination):
    assert cloud["a1"].traceroute(cloud[destination].ip) == ["10.0.1.1", cloud[destination].ip]
    # The answer has the address of the router's interface towards the asker.
    assert cloud[destination].traceroute(cloud["a1"].ip) == ["10.0.2.1", cloud["a1"].ip]


@pytest.mark.parametrize("destination", ["d1", "d2"])
def test_connectivity_through_2_routers(cloud, destination):
    one, two = cloud["a1"], cloud[destination]
    one.expect_ping(two.ip)
    one.udp_echo(two)
    one.tcp_transfer(two)
    assert one.traceroute(two.ip) == ["10.0.1.1", "192.168.9.2", two.ip]
    assert two.traceroute(one.ip) == ["10.0.3.1", "192.168.9.1", one.ip]


def test_every_router_address_answers(cloud):
    for name in ("a1", "a2", "d2"):
        for port in [*cloud.r1.values(), *cloud.r2.values()]:
            cloud[name].expect_ping(port.ip, count=1)


def test_each_hop_takes_one_from_the_ttl(cloud):
    def ttl_seen(one, two):
        out = one.run("ping -n -c 1 -W 1 %s" % two.ip)
        return int(out.split("ttl=")[1].split()[0])
    assert ttl_seen(cloud["a1"], cloud["a2"]) == 64
    assert ttl_seen(cloud["a1"], cloud["b2"]) == 63
    assert ttl_seen(cloud["a1"], cloud["d2"]) == 62


# --- Errors ---------------------------------------------------------------

@pytest.mark.parametrize("name", ["a1", "a2"])
def test_no_route_is_network_unreachable(cloud, name):
    vm = cloud[name]
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        assert error_of(vm, kind, "203.0.113.5") == errno.ENETUNREACH
    out = vm.run("ping -n -c 1 -W 1 203.0.113.5", check=False)
    assert "From 10.0.1.1 icmp_seq=1 Destination Net Unreachable" in out


@pytest.mark.parametrize("name", ["a1", "a2"])
def test_no_such_neighbour_is_host_unreachable(cloud, name):
    vm = cloud[name]
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        assert error_of(vm, kind, "10.0.2.99") == errno.EHOSTUNREACH
    out = vm.run("ping -n -c 1 -W 1 10.0.2.99", check=False)
    assert "From 10.0.1.1 icmp_seq=1 Destination Host Unreachable" in out


def test_the_second_router_reports_errors_too(cloud):
    out = cloud["a1"].run("ping -n -c 1 -W 1 10.0.3.99", check=False)
    assert "From 192.168.9.2 icmp_seq=1 Destination Host Unreachable" in out


@pytest.mark.parametrize("address", ["10.0.1.1", "10.0.2.1", "192.168.9.1"])
def test_udp_to_the_router_is_refused(cloud, address):
    assert error_of(cloud["a1"], socket.SOCK_DGRAM, address) == errno.ECONNREFUSED


# --- Changes --------------------------------------------------------------

@pytest.fixture
def network_e(cloud):
    """A network that no router has joined yet."""
    cloud.add_network("e", "10.0.5.0/24", "10.0.55.0/24")
    for chassis in (1, 2):
        cloud.add_vm("e%d" % chassis, "e", chassis - 1, "10.0.5.1%d/24" % chassis,
                     gateway="10.0.5.1")
    cloud.sync()
    yield
    for chassis in (1, 2):
        cloud.remove_vm("e%d" % chassis)
    cloud.nb(*["--if-exists router-port-del r1-e%d" % i for i in range(2)],
             "subnet-del e-0", "subnet-del e-1", "net-del e")


def test_a_network_can_join_and_leave_a_router(cloud, network_e):
    cloud["a1"].expect_no_ping("10.0.5.12")
    for _ in range(3):
        cloud.nb("router-port-add r1-e0 r1 e 0e:00:00:00:ee:00 10.0.5.1/24")
        cloud.sync()
        cloud["a1"].expect_ping("10.0.5.12", count=1)
        cloud["e2"].expect_ping("10.0.1.11", count=1)
        cloud.nb("router-port-del r1-e0")
        cloud.sync()
        cloud["a1"].expect_no_ping("10.0.5.12", count=1)


def test_gateway_ip_changed(cloud, network_e):
    """The router's address in a network moves to another one."""
    cloud.nb("router-port-add r1-e0 r1 e 0e:00:00:00:ee:00 10.0.5.1/24")
    cloud.sync()
    cloud["e1"].expect_ping("10.0.2.12", count=1)

    cloud.nb("set Router_Port r1-e0 addresses=10.0.5.254/24")
    cloud.sync()
    cloud["e1"].flush_neighbours()
    cloud["e1"].expect_no_ping("10.0.2.12", count=1)
    cloud["e1"].run("ip route replace default via 10.0.5.254")
    cloud["e1"].expect_ping("10.0.2.12", count=1)
    cloud["e1"].expect_ping("10.0.5.254", count=1)
    cloud["e1"].expect_no_ping("10.0.5.1", count=1)
    cloud["b2"].expect_ping("10.0.5.11", count=1)


def test_a_router_port_can_have_several_addresses(cloud, network_e):
    """Two subnets of one network, both routed, and routed between."""
    cloud.nb("router-port-add r1-e0 r1 e 0e:00:00:00:ee:00 10.0.5.1/24 10.0.55.1/24")
    cloud.nb("add Port e1 addresses 10.0.55.11")
    cloud["e1"].run("ip addr add 10.0.55.11/24 dev eth0")
    cloud.sync()
    for address in ("10.0.5.11", "10.0.55.11", "10.0.5.1", "10.0.55.1"):
        cloud["a1"].expect_ping(address, count=1)
        cloud["a2"].expect_ping(address, count=1)
    # From one subnet to the other through the same router port.
    cloud["e2"].expect_ping("10.0.55.11", count=1)
    assert cloud["e2"].traceroute("10.0.55.11") == ["10.0.5.1", "10.0.55.11"]


def test_concurrent_router_subnet_attachment(cloud, network_e):
    """Two writers at the same time: either both are in force or one was
    refused."""
    errors = []

    def attach(command):
        try:
            cloud.nb(command)
        except Failure as e:
            errors.append(e)
    threads = [threading.Thread(target=attach, args=(
        "router-port-add r1-e%d r1 e 0e:00:00:00:ee:0%d %s" % (i, i, cidr),))
        for i, cidr in enumerate(("10.0.5.1/24", "10.0.55.1/24"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    cloud.sync()
    cloud["a2"].expect_ping("10.0.5.11", count=1)
    cloud["e1"].expect_ping("10.0.2.12", count=1)
    for port_ip in ("10.0.5.1", "10.0.55.1"):
        cloud["a1"].expect_ping(port_ip, count=1)


def test_a_disabled_router_routes_nothing(cloud):
    cloud.nb("set Router r1 enabled=false")
    cloud.sync()
    try:
        for address in ("10.0.2.11", "10.0.2.12", "10.0.2.1"):
            cloud["a1"].expect_no_ping(address, count=1)
        cloud["a1"].expect_ping("10.0.1.12", count=1)
    finally:
        cloud.nb("set Router r1 enabled=true")
        cloud.sync()
    cloud["a1"].expect_ping("10.0.2.12", count=1)


def test_a_disabled_port_hears_and_says_nothing(cloud):
    cloud.nb("set Port b2 enabled=false")
    cloud.sync(ports_up=False)
    try:
        for name in ("a1", "b1"):
            cloud[name].expect_no_ping("10.0.2.12", count=1)
        cloud["b2"].expect_no_ping("10.0.2.1", count=1)
    finally:
        cloud.nb("set Port b2 enabled=true")
        cloud.sync()
    cloud["a1"].expect_ping("10.0.2.12", count=1)


def test_static_routes_come_and_go(cloud):
    """A machine as next hop: b1 forwards to an address behind it."""
    cloud["b1"].run("ip addr add 172.20.0.1/32 dev lo")
    for _ in range(2):
        cloud.nb("route-add r1 172.20.0.0/24 10.0.2.11")
        cloud.sync()
        cloud["a1"].expect_ping("172.20.0.1", count=1)
        cloud["a2"].expect_ping("172.20.0.1", count=1)
        cloud.nb("route-del r1 172.20.0.0/24")
        cloud.sync()
        assert error_of(cloud["a1"], socket.SOCK_STREAM, "172.20.0.1") == errno.ENETUNREACH


def test_two_routers_of_one_network_do_not_disturb_each_other(cloud):
    """A second router joins a and b with addresses of its own; machines may use
    either, and connections through the first go on."""
    running = cloud.streams(("a1", "b2"), interval=0.01)
    cloud.add_router("r3", a="10.0.1.2/24", b="10.0.2.2/24")
    cloud.sync()
    cloud["a2"].run("ip route replace default via 10.0.1.2")
    cloud["a2"].expect_ping("10.0.2.11", count=1)
    assert cloud["a2"].traceroute("10.0.2.11")[0] == "10.0.1.2"
    cloud.nb("router-port-del r3-a", "router-port-del r3-b", "router-del r3")
    cloud.sync()
    cloud["a2"].run("ip route replace default via 10.0.1.1")
    wait_until(lambda: cloud["a2"].ping("10.0.2.11", count=1), "routing by r1")
    running.expect_no_loss(at_least=10)
