# SPDX-License-Identifier: Apache-2.0
"""IPv6 as IPv4: between nodes that run df-controller the short cut routes it East-West, and
whatever else a router does is the legacy router's.  Security groups and the life without a
network node are stated for both families in their own files."""
import itertools
import time

import pytest

from conftest import counting
from dfharness import wait_until
from dfharness.process import run
from dfneutron import OUTSIDE_ADDRESS6, TcpStream

NAMES = ["vxlan1", "vxlan2", "vlan1", "vlan2"]  # Those with IPv6.
# From a machine on c1 to one on c2 and to one on c1.
PAIRS = [("vxlan1", "vlan2"), ("vlan1", "vxlan1")]
FALLBACK_TIMEOUT = 2  # As NeutronCloud configures it.


def six(vm):
    return vm.ipv6[0]


def gateway(vm):
    return six(vm).rsplit("::", 1)[0] + "::1"


def routed_pairs(cloud):
    return [(cloud[one], cloud[two]) for one, two in itertools.permutations(NAMES, 2)
            if one[:-1] != two[:-1]]


def takes_short_cut(one, two):
    return one.chassis.converted and two.chassis.converted


@pytest.mark.every_driver
def test_east_west_crosses_the_legacy_router_unless_both_nodes_run_df_controller(cloud, mode):
    """Requests and answers are counted."""
    for one, two in routed_pairs(cloud):
        one.wait_ping(six(two))  # Whatever has to be learnt is learnt.
    for one, two in routed_pairs(cloud):
        with counting(cloud, (one.name, two.name), ipv6=True) as count:
            one.expect_ping(six(two), count=2)
            n = count()
        assert n == 0 if takes_short_cut(one, two) else n >= 4, (one.name, two.name, n)
    for chassis in cloud.chassis[:2]:
        if chassis.converted:
            assert "problems: none" in chassis.dfappctl("status")


@pytest.mark.every_driver
def test_tcp_crosses_the_legacy_router_unless_both_nodes_run_df_controller(cloud, mode):
    for one, two in (("vxlan1", "vlan2"), ("vlan2", "vxlan1"), ("vlan1", "vxlan1")):
        with counting(cloud, (one, two), ipv6=True) as count:
            cloud[one].tcp_transfer(cloud[two], address=six(cloud[two]))
            if takes_short_cut(cloud[one], cloud[two]):
                assert count() == 0
            else:
                assert count() > 100


@pytest.mark.every_driver
@pytest.mark.parametrize("one, two", [("vxlan1", "vxlan2"), ("vlan2", "vlan1")])
def test_machines_of_one_network_talk_without_a_router(cloud, mode, one, two):
    with counting(cloud, (one, two), ipv6=True) as count:
        cloud[one].expect_ping(six(cloud[two]))
        cloud[one].tcp_transfer(cloud[two], address=six(cloud[two]))
        assert count() == 0


def test_there_is_one_router_on_the_way(cloud, mode):
    for one, two in (("vxlan1", "vlan1"), ("vlan1", "vxlan2")):
        assert cloud[one].traceroute(six(cloud[two])) == [gateway(cloud[one]), six(cloud[two])]


def test_every_address_of_the_router_answers(cloud, mode):
    """Its link-local address, by the MAC address that its port has, as well."""
    for name in ("vxlan1", "vlan2"):
        vm = cloud[name]
        for other in ("vxlan1", "vlan2"):
            vm.expect_ping(gateway(cloud[other]), count=1)
        mac = [int(octet, 16) for octet in neighbour(vm, gateway(vm)).split(":")]
        vm.expect_ping("fe80::%02x%02x:%02xff:fe%02x:%02x%02x%%eth0" % (mac[0] ^ 2, *mac[1:]),
                       count=1)


@pytest.mark.parametrize("name", ["vxlan1", "vlan2"])
def test_who_does_not_exist_is_unreachable(cloud, mode, name):
    """The legacy router is the one that says so."""
    vm, other = cloud[name], cloud["vlan1" if name == "vxlan1" else "vxlan1"]
    out = vm.run("ping -n -c 1 -W 5 %s" % gateway(other).replace("::1", "::dead"), check=False)
    assert "From %s icmp_seq=1 Destination unreachable: Address unreachable" % gateway(vm) in out


@pytest.mark.every_driver
def test_north_south_is_left_to_the_legacy_router(cloud, mode):
    outside = next(a["ip_address"] for a in
                   cloud.router["external_gateway_info"]["external_fixed_ips"]
                   if ":" in a["ip_address"])
    run(["ip", "-n", cloud.outside.namespace, "-6", "route", "replace", "fd00::/16", "via",
         outside])
    for vm in (cloud[name] for name in NAMES):
        vm.wait_ping(OUTSIDE_ADDRESS6)
        with cloud.network_node.counting(cloud.router["id"],
                                         [(six(vm), OUTSIDE_ADDRESS6)]) as count:
            vm.expect_ping(OUTSIDE_ADDRESS6)
            out = cloud.outside.run("ping -n -c 3 -i 0.05 -I %s %s" % (OUTSIDE_ADDRESS6, six(vm)))
            assert " 3 received" in out and count() >= 12


@pytest.mark.every_driver
def test_a_network_without_ipv4(cloud, short_cut):
    network = cloud.add_network("six", "fd00:0:0:9::/64")
    port = cloud.neutron.add_router_interface(cloud.router["id"],
                                              subnet_id=network["subnets"][0]["id"])
    try:
        for i in (0, 1):
            cloud.add_vm("six%d" % (i + 1), network, i, wait=False)
        cloud.sync()
        pairs = [("six1", "vlan2"), ("six1", "vxlan1"), ("vxlan1", "six2")]
        for one, two in pairs:
            cloud[one].wait_ping(six(cloud[two]))
        with counting(cloud, *pairs, ipv6=True) as count:
            for one, two in pairs:
                cloud[one].expect_ping(six(cloud[two]))
                cloud[two].tcp_transfer(cloud[one], address=six(cloud[one]))
            assert count() == 0
    finally:
        for i in (1, 2):
            cloud.remove_vm("six%d" % i)
        cloud.neutron.remove_router_interface(cloud.router["id"], port_id=port["port_id"])
        cloud.neutron.delete("networks", network["id"])
        cloud.sync()


def test_no_machine_sends_with_anothers_address(cloud, mode):
    """The agent's protection comes first."""
    vm, other = cloud["vxlan1"], cloud["vlan2"]
    foreign = gateway(vm).replace("::1", "::77")
    vm.run("ip -6 addr add %s/64 dev eth0 nodad" % foreign)
    try:
        out = vm.run("ping -n -q -c 2 -i 0.1 -W 0.3 -I %s %s" % (foreign, six(other)),
                     check=False)
        assert " 0 received" in out
    finally:
        vm.run("ip -6 addr del %s/64 dev eth0" % foreign)
    vm.expect_ping(six(other))


# --- Fall-back ------------------------------------------------------------

def by_legacy_router(cloud, one, two):
    with counting(cloud, (one, two), ipv6=True) as count:
        cloud[one].ping(six(cloud[two]), count=2)
        return count() >= 2


@pytest.mark.every_driver
def test_traffic_takes_the_legacy_router_when_the_controller_is_killed(cloud, short_cut):
    """And returns; connections survive both."""
    chassis = cloud.chassis[0]
    streams = [TcpStream(cloud[one], cloud[two], address=six(cloud[two])) for one, two in PAIRS]
    with counting(cloud, *PAIRS, ipv6=True) as count:
        for stream in streams:
            stream.expect_progress()
        assert count() == 0
    since = time.monotonic()
    chassis.controller.kill()
    try:
        wait_until(lambda: by_legacy_router(cloud, "vxlan1", "vlan2"), "no fall-back",
                   timeout=since + FALLBACK_TIMEOUT + 5 - time.monotonic())
        for stream in streams:
            stream.expect_progress()
        for one, two in PAIRS:
            cloud[one].expect_ping(six(cloud[two]))
    finally:
        chassis.start_controller()
    wait_until(lambda: not by_legacy_router(cloud, "vxlan1", "vlan2"),
               "the short cut does not return")
    for stream in streams:
        stream.expect_progress()
        stream.stop()


def test_pings_are_not_lost_at_fall_back_and_return(cloud, short_cut):
    chassis = cloud.chassis[0]
    streams = cloud.streams(PAIRS, interval=0.01, control=("vxlan1", "vxlan2"), ipv6=True)
    since = time.monotonic()
    chassis.controller.kill()
    try:
        wait_until(lambda: by_legacy_router(cloud, "vxlan1", "vlan2"), "no fall-back",
                   timeout=since + FALLBACK_TIMEOUT + 5 - time.monotonic())
        time.sleep(1)
    finally:
        chassis.start_controller()
    wait_until(lambda: not by_legacy_router(cloud, "vxlan1", "vlan2"),
               "the short cut does not return")
    time.sleep(1)
    streams.expect_no_loss(at_least=200)


# --- Neighbours -----------------------------------------------------------

def neighbour(vm, address):
    vm.ping(address, count=1)
    return vm.run("ip -6 neigh show %s dev eth0" % address).split("lladdr ")[1].split()[0]


def test_the_network_node_hears_solicitations_as_well(cloud, short_cut):
    """So nothing is hidden from the legacy router, which keeps its entry for the asker."""
    vm, router, node = cloud["vxlan1"], cloud.router["id"], cloud.network_node
    node.router_exec(router, "ip", "-6", "neigh", "flush", "all")
    vm.flush_neighbours()
    vm.expect_ping(six(cloud["vlan2"]))
    wait_until(lambda: vm.mac in node.router_exec(router, "ip", "-6", "neigh"),
               "the legacy router has not heard the solicitation")
