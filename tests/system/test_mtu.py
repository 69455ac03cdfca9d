# SPDX-License-Identifier: Apache-2.0
"""Path MTU discovery between networks of different MTU, by real TCP stacks (RFC
1191)."""
import errno
import itertools
import re
import socket

import pytest

from dfharness import NsCloud

# MTU of each network, which is also the machines'.
MTUS = {"small": 1280, "usual": 1500, "jumbo": 8000}
IP_MTU_DISCOVER, IP_PMTUDISC_DO, IP_MTU = 10, 2, 14


@pytest.fixture(scope="module")
def cloud():
    """"small1" on the first chassis, "small2" on the second, and so on; r1 joins
    small and usual, r2 joins usual and jumbo."""
    with NsCloud(chassis=2) as cloud:
        for number, (name, mtu) in enumerate(MTUS.items(), 1):
            cloud.add_network(name, "10.0.%d.0/24" % number, mtu=mtu,
                              type=("geneve", "vxlan", "gre")[number - 1])
        cloud.r1 = cloud.add_router("r1", small="10.0.1.1/24", usual="10.0.2.1/24")
        cloud.r2 = cloud.add_router("r2", usual="10.0.2.2/24", jumbo="10.0.3.1/24")
        cloud.nb("route-add r1 10.0.3.0/24 10.0.2.2", "route-add r2 10.0.1.0/24 10.0.2.1")
        for number, (name, mtu) in enumerate(MTUS.items(), 1):
            for chassis in (1, 2):
                cloud.add_vm("%s%d" % (name, chassis), name, chassis - 1,
                             "10.0.%d.1%d/24" % (number, chassis),
                             gateway="10.0.%d.1" % number, mtu=mtu)
        cloud["usual1"].run("ip route add 10.0.3.0/24 via 10.0.2.2")
        cloud["usual2"].run("ip route add 10.0.3.0/24 via 10.0.2.2")
        # Behind a narrow network another large one.
        cloud.add_network("narrow", "192.168.9.0/30", mtu=1000)
        cloud.add_network("far", "10.0.4.0/24", mtu=8000)
        cloud.nb("router-port-add r2-narrow r2 narrow 0e:00:00:00:aa:01 192.168.9.1/30",
                 "route-add r2 10.0.4.0/24 192.168.9.2")
        cloud.add_router("r3", narrow="192.168.9.2/30", far="10.0.4.1/24")
        cloud.nb("route-add r3 10.0.3.0/24 192.168.9.1")
        for chassis in (1, 2):
            cloud.add_vm("far%d" % chassis, "far", chassis - 1, "10.0.4.1%d/24" % chassis,
                         gateway="10.0.4.1", mtu=8000)
        cloud.sync()
        yield cloud


@pytest.fixture(autouse=True)
def forget_path_mtus(cloud):
    for vm in cloud.vms:
        vm.run("ip route flush cache")


def too_big(vm, target, size):
    """The (router, MTU) in the answer to a ping of 'size' bytes of IP, or None."""
    out = vm.run("ping -n -c 1 -W 1 -M do -s %d %s" % (size - 28, target), check=False)
    match = re.search(r"From (\S+) icmp_seq=1 Frag needed and DF set \(mtu = (\d+)\)", out)
    return (match.group(1), int(match.group(2))) if match else None


@pytest.mark.parametrize("chassis", [1, 2])
def test_a_packet_too_big_is_answered_with_the_mtu_of_the_next_network(cloud, chassis):
    vm, address = cloud["usual1"], cloud["small%d" % chassis].ip
    vm.expect_ping(address, count=1, size=1280 - 28, dont_fragment=True)
    assert too_big(vm, address, 1281) == ("10.0.2.1", 1280)
    assert "mtu 1280" in vm.run("ip route get %s" % address)


@pytest.mark.parametrize("chassis", [1, 2])
def test_each_router_on_the_way_tells_its_own(cloud, chassis):
    vm, address = cloud["jumbo1"], cloud["small%d" % chassis].ip
    assert too_big(vm, address, 8000) == ("10.0.3.1", 1500)
    vm.run("ip route flush cache")
    assert too_big(vm, address, 1500) == ("10.0.2.1", 1280)
    vm.run("ip route flush cache")
    vm.expect_ping(address, count=1, size=1280 - 28, dont_fragment=True)


@pytest.mark.parametrize("one, two", itertools.permutations(MTUS, 2))
def test_tcp_between_networks_of_different_mtu(cloud, one, two):
    """In both directions: the larger side must learn."""
    for chassis in (1, 2):
        cloud[one + "1"].tcp_transfer(cloud["%s%d" % (two, chassis)])


@pytest.mark.parametrize("chassis", [1, 2])
def test_tcp_learns_the_path_mtu(cloud, chassis):
    """Both ends have large interfaces and announce a large MSS; only the network
    between their routers is narrow."""
    one, two = cloud["jumbo1"], cloud["far%d" % chassis]
    with two.socket() as listener, one.socket() as client:
        listener.bind((two.ip, 5200))
        listener.listen()
        client.connect((two.ip, 5200))
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(10)
            for sender, receiver in ((client, peer), (peer, client)):
                assert sender.getsockopt(socket.IPPROTO_IP, IP_MTU) == 8000
                sender.sendall(b"x" * 100000)
                got = 0
                while got < 100000:
                    got += len(receiver.recv(65536))
                assert sender.getsockopt(socket.IPPROTO_IP, IP_MTU) == 1000


def test_udp_learns_the_path_mtu(cloud):
    one, two = cloud["usual1"], cloud["small2"]
    with one.socket(socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO)
        s.connect((two.ip, 5300))
        s.send(b"x" * 1400)
        for _ in range(100):
            try:
                s.settimeout(0.02)
                s.recv(1)
            except socket.timeout:
                continue
            except OSError as e:
                if e.errno == errno.EMSGSIZE:
                    break
        assert s.getsockopt(socket.IPPROTO_IP, IP_MTU) == 1280
        with pytest.raises(OSError) as e:
            s.send(b"x" * 1400)
        assert e.value.errno == errno.EMSGSIZE


@pytest.mark.parametrize("one, two", itertools.product(MTUS, MTUS))
def test_connectivity_min_max_mtu(cloud, one, two):
    """The smallest packet and the largest that both networks can carry pass, within
    a network and between."""
    for chassis in (1, 2):
        if (one, chassis) == (two, 1):
            continue
        for size in (0, min(MTUS[one], MTUS[two]) - 28):
            cloud[one + "1"].expect_ping(cloud["%s%d" % (two, chassis)].ip, count=1, size=size,
                                         dont_fragment=True)


def test_mtu_update(cloud):
    """A changed MTU is in force at once, without restart."""
    one, two = cloud["usual1"], cloud["small2"]
    try:
        for mtu in (1200, 1100, 1400):
            cloud.nb("set Network small mtu=%d" % mtu)
            cloud.sync()
            one.run("ip route flush cache")
            assert too_big(one, two.ip, mtu + 1) == ("10.0.2.1", mtu)
    finally:
        cloud.nb("set Network small mtu=1280")
        cloud.sync()
