# SPDX-License-Identifier: Apache-2.0
"""Provider networks and what is on them beside Dragonflow: physical machines, and
a switch that learns.

"vlan" and "flat" share a physical network; each has a physical machine that
Dragonflow does not know, behind an access port of the switch."""
import re

import pytest

from dfharness import NsCloud

HOSTS = {"vlan": "10.0.4.200", "flat": "10.0.5.200"}


@pytest.fixture(scope="module")
def cloud():
    with NsCloud(chassis=2, physnets=["phys1"]) as cloud:
        cloud.add_network("vlan", "10.0.4.0/24", type="vlan", segmentation_id=104,
                          physical_network="phys1")
        cloud.add_network("flat", "10.0.5.0/24", type="flat", physical_network="phys1")
        cloud.add_network("overlay", "10.0.1.0/24")
        cloud.r1 = cloud.add_router("r1", vlan="10.0.4.1/24", flat="10.0.5.1/24",
                                    overlay="10.0.1.1/24")
        for name, number in (("overlay", 1), ("vlan", 4), ("flat", 5)):
            for chassis in (1, 2):
                cloud.add_vm("%s%d" % (name, chassis), name, chassis - 1,
                             "10.0.%d.1%d/24" % (number, chassis),
                             gateway="10.0.%d.1" % number)
        cloud.physical = {
            "vlan": cloud.add_physical_host("hostv", "phys1", "02:bb:00:00:00:01",
                                            [HOSTS["vlan"] + "/24"], vlan=104),
            "flat": cloud.add_physical_host("hostf", "phys1", "02:bb:00:00:00:02",
                                            [HOSTS["flat"] + "/24"]),
        }
        cloud.sync()
        yield cloud


@pytest.mark.parametrize("name", HOSTS)
@pytest.mark.parametrize("chassis", [1, 2])
def test_a_physical_machine_in_layer_2(cloud, name, chassis):
    """Both ways, from a cold start of either side."""
    vm, host = cloud["%s%d" % (name, chassis)], cloud.physical[name]
    for one, two in ((vm, host), (host, vm)):
        vm.flush_neighbours()
        host.flush_neighbours()
        one.expect_ping(two.ip)
        one.udp_echo(two)
        one.tcp_transfer(two, size=200000)


@pytest.mark.parametrize("name", HOSTS)
def test_a_physical_machine_is_in_its_own_network_only(cloud, name):
    other = cloud.physical["flat" if name == "vlan" else "vlan"]
    host = cloud.physical[name]
    host.run("ip route replace %s dev eth0" % other.ip)
    other.run("ip route replace %s dev eth0" % host.ip)
    host.expect_no_ping(other.ip)


def switch_fdb(cloud):
    """MAC address to set of (port, VLAN) in the physical switch."""
    fdb = {}
    for line in cloud.switch.appctl("fdb/show", "phys1").splitlines()[1:]:
        port, vlan, mac = line.split()[:3]
        fdb.setdefault(mac, set()).add((port, vlan))
    return fdb


def mac_moves(cloud):
    return int(re.search(r"Total number of port moved MAC entries\s*:\s*(\d+)",
                         cloud.switch.appctl("fdb/stats-show", "phys1")).group(1))


def test_routed_packets_do_not_confuse_a_learning_switch(cloud):
    """Both chassis route into the same provider networks, by turns.  Only the active gateway of a
    router port shows the port's MAC address, by announcements."""
    before = mac_moves(cloud)
    for _ in range(5):
        for name in ("vlan", "flat"):
            cloud["overlay1"].expect_ping(cloud[name + "2"].ip, count=1)
            cloud["overlay2"].expect_ping(cloud[name + "1"].ip, count=1)
            other = "flat" if name == "vlan" else "vlan"
            cloud[other + "1"].expect_ping(cloud[name + "2"].ip, count=1)
            cloud[other + "2"].expect_ping(cloud[name + "1"].ip, count=1)
    fdb = switch_fdb(cloud)
    for name in ("vlan", "flat"):
        mac = cloud.r1[name].mac
        assert len(fdb[mac]) == 1, "%s: %s" % (name, fdb[mac])
    assert cloud.r1["overlay"].mac not in fdb
    for vm in cloud.vms:
        if vm.name[:4] in ("vlan", "flat"):
            assert len(fdb[vm.mac]) == 1, "%s: %s" % (vm, fdb[vm.mac])
    assert mac_moves(cloud) == before


def test_a_physical_machine_reaches_other_networks_by_the_router(cloud):
    """By the active gateway, which answers for the router's address; machines of all chassis."""
    host = cloud.physical["vlan"]
    host.run("ip route replace default via 10.0.4.1")
    before = mac_moves(cloud)
    for chassis in (1, 2):
        vm = cloud["overlay%d" % chassis]
        host.wait_ping(vm.ip)  # The router has to resolve the machine's address first.
        host.expect_ping(vm.ip)
        vm.expect_ping(host.ip)
    assert mac_moves(cloud) == before
