# SPDX-License-Identifier: Apache-2.0
"""Routers send to physical machines, of which the NB database knows nothing, and by them: from each
chassis, and through a restart of df-controller."""
import socket

import pytest

from dfharness import NsCloud, packets, wait_until

MAC, OTHER_MAC = "02:bb:00:00:00:01", "02:bb:00:00:00:02"
IP, IP6 = "10.0.4.200", "fd00:4::200"
BEHIND = "198.51.100.1"


@pytest.fixture(scope="module")
def cloud():
    """'gateway' is a physical machine, and the next hop to BEHIND."""
    with NsCloud(chassis=2, physnets=["phys1"]) as cloud:
        cloud.add_control()
        cloud.add_network("inside", "10.0.1.0/24", "fd00:1::/64")
        cloud.add_network("outside", "10.0.4.0/24", "fd00:4::/64", type="vlan",
                          segmentation_id=104, physical_network="phys1")
        cloud.r1 = cloud.add_router("r1", inside=["10.0.1.1/24", "fd00:1::1/64"],
                                    outside=["10.0.4.1/24", "fd00:4::1/64"])
        cloud.nb("route-add r1 0.0.0.0/0 " + IP)
        for chassis in (0, 1):
            vm = cloud.add_vm("vm%d" % chassis, "inside", chassis, "10.0.1.1%d/24" % chassis,
                              "fd00:1::1%d/64" % chassis, gateway="10.0.1.1")
            vm.run("ip -6 route replace default via fd00:1::1")
        cloud.gateway = cloud.add_physical_host("gateway", "phys1", MAC,
                                                [IP + "/24", IP6 + "/64"], vlan=104)
        cloud.gateway.run("ip route replace 10.0.1.0/24 via 10.0.4.1")
        cloud.gateway.run("ip -6 route replace fd00:1::/64 via fd00:4::1")
        cloud.gateway.run("ip addr add %s/32 dev lo" % BEHIND)
        cloud.sync()
        yield cloud


def neighbours(chassis):
    """{address: (MAC, state)}"""
    lines = chassis.dfappctl("neighbours").splitlines()
    return {ip: (mac, state) for _, ip, mac, state, _ in (line.split() for line in lines)}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("target", [IP, IP6, BEHIND])
def test_a_physical_machine_is_reached_from_each_chassis(cloud, number, target):
    """Not even the first packet is lost."""
    cloud["vm%d" % number].expect_ping(target)


def test_streams_by_a_physical_machine(cloud):
    for number in (0, 1):
        cloud["vm%d" % number].tcp_transfer(cloud.gateway, address=BEHIND)


def test_each_chassis_knows_the_machine(cloud):
    for chassis in cloud.chassis:
        known = neighbours(chassis)
        assert known[IP] == known[IP6] == (MAC, "reachable")


def test_a_restart_of_the_controller_loses_nothing(cloud):
    c1 = cloud.chassis[0]
    running = cloud.streams(("vm0", BEHIND), ("vm0", IP6))
    for how in ("exit --restart", "terminate", "kill"):
        c1.restart_controller(how)
        wait_until(lambda: neighbours(c1).get(IP) == (MAC, "reachable"), lambda: neighbours(c1))
    running.expect_no_loss()


def test_a_machine_with_another_mac_address(cloud):
    """Which it announces, as a router does that takes over."""
    cloud.gateway.run("ip link set eth0 down")
    cloud.gateway.run("ip link set eth0 address " + OTHER_MAC)
    cloud.gateway.run("ip link set eth0 up")
    cloud.gateway.run("ip route replace 10.0.1.0/24 via 10.0.4.1")
    with cloud.gateway.socket(socket.SOCK_RAW, 0, socket.AF_PACKET) as s:
        s.bind(("eth0", 0x0806))
        s.send(packets.gratuitous_arp(OTHER_MAC, IP))
    for chassis in cloud.chassis:
        wait_until(lambda c=chassis: neighbours(c)[IP] == (OTHER_MAC, "reachable"),
                   lambda c=chassis: neighbours(c))
    for number in (0, 1):
        cloud["vm%d" % number].expect_ping(BEHIND)


def test_a_machine_that_is_gone_is_a_problem(cloud):
    """Its routes lead nowhere, and that is told, until it is back."""
    c1, vm = cloud.chassis[0], cloud["vm0"]
    problem = "router r1: next hop 10.0.4.201 on network outside does not answer"
    cloud.nb("route-add r1 203.0.113.0/24 10.0.4.201")
    cloud.nb_db.sync()
    vm.expect_no_ping("203.0.113.1")
    wait_until(lambda: problem in c1.dfappctl("status"), lambda: c1.dfappctl("status"))
    cloud.gateway.run("ip addr add 10.0.4.201/24 dev eth0")
    cloud.gateway.run("ip addr add 203.0.113.1/32 dev lo")
    wait_until(lambda: problem not in c1.dfappctl("status"), lambda: c1.dfappctl("status"))
    vm.expect_ping("203.0.113.1")
