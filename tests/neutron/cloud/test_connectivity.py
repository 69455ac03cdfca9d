# SPDX-License-Identifier: Apache-2.0
"""What machines see is the same whether df-controller runs nowhere, on one compute node
or on both; and it is what the legacy router forwards between them that tells the
difference."""
import itertools
import socket

import pytest

from conftest import counting
from dfneutron import OUTSIDE_ADDRESS
from dfharness import wait_until

PINGS = 2


def routed_pairs(cloud):
    return [(one, two) for one, two in itertools.permutations(cloud.vms, 2)
            if one.port["network_id"] != two.port["network_id"]]


def takes_short_cut(one, two):
    """Where a machine is, is known from the df-controller of its node."""
    return one.chassis.converted and two.chassis.converted


@pytest.mark.every_driver
def test_east_west_crosses_the_legacy_router_unless_both_nodes_run_df_controller(cloud, mode):
    """Requests and answers are counted."""
    for one, two in routed_pairs(cloud):
        one.wait_ping(two.ip)  # Whatever has to be learnt is learnt.
    crossed = {"legacy": 0, "short-cut": 0}
    for one, two in routed_pairs(cloud):
        with counting(cloud, (one.name, two.name)) as count:
            one.expect_ping(two.ip, count=PINGS)
            n = count()
        if takes_short_cut(one, two):
            assert n == 0, (one.name, two.name)
            crossed["short-cut"] += 1
        else:
            assert n >= 2 * PINGS, (one.name, two.name)
            crossed["legacy"] += 1
    assert (crossed["legacy"] == 0) == (mode == "short-cut")


@pytest.mark.every_driver
def test_tcp_crosses_the_legacy_router_unless_both_nodes_run_df_controller(cloud, mode):
    for one, two in (("vxlan1", "vlan2"), ("vlan2", "vxlan1"), ("vxlan2", "geneve1"),
                     ("gre1", "vxlan1")):
        with counting(cloud, (one, two)) as count:
            cloud[one].tcp_transfer(cloud[two])
            if takes_short_cut(cloud[one], cloud[two]):
                assert count() == 0
            else:
                assert count() > 100


def test_udp(cloud, mode):
    cloud["vxlan1"].udp_echo(cloud["vlan2"], sizes=(0, 1, 1000, 1400))
    cloud["gre2"].udp_echo(cloud["geneve2"], sizes=(0, 1, 1000, 1400))


@pytest.mark.every_driver
@pytest.mark.parametrize("one, two", [("vxlan1", "vxlan2"), ("vlan1", "vlan2"), ("gre2", "gre1"),
                                      ("geneve1", "geneve2"), ("flat1", "flat2")])
def test_machines_of_one_network_talk_without_a_router(cloud, mode, one, two):
    with counting(cloud, (one, two)) as count:
        cloud[one].expect_ping(cloud[two].ip)
        cloud[one].tcp_transfer(cloud[two])
        assert count() == 0


def test_there_is_one_router_on_the_way(cloud, mode):
    for one, two in (("vxlan1", "vlan1"), ("vlan1", "gre2"), ("geneve2", "vxlan1")):
        gateway = cloud[one].gateway
        assert cloud[one].traceroute(cloud[two].ip) == [gateway, cloud[two].ip]


def test_every_address_of_the_router_answers(cloud, mode):
    for name in ("vxlan1", "vlan2"):
        for number in (1, 2, 3, 4, 5):
            cloud[name].expect_ping("10.0.%d.1" % number, count=1)


@pytest.mark.parametrize("name", ["vxlan1", "vlan2"])
def test_who_does_not_exist_is_unreachable(cloud, mode, name):
    """The legacy router is the one that says so."""
    out = cloud[name].run("ping -n -c 1 -W 5 10.0.3.250", check=False)
    assert "From %s icmp_seq=1 Destination Host Unreachable" % cloud[name].gateway in out


# --- North-South, by the legacy router ------------------------------------

def seen_outside(cloud, vm):
    """The source address that the machine outside sees."""
    with cloud.outside.socket() as listener, vm.socket() as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((OUTSIDE_ADDRESS, 7777))
        listener.listen()
        s.connect((OUTSIDE_ADDRESS, 7777))
        peer, address = listener.accept()
        peer.close()
    return address[0]


@pytest.mark.every_driver
def test_snat(cloud, mode):
    gateway = next(a["ip_address"] for a in
                   cloud.router["external_gateway_info"]["external_fixed_ips"]
                   if ":" not in a["ip_address"])
    for vm in cloud.vms:
        with cloud.network_node.counting(cloud.router["id"], [(vm.ip, OUTSIDE_ADDRESS)]) as count:
            vm.expect_ping(OUTSIDE_ADDRESS)
            assert seen_outside(cloud, vm) == gateway
            assert count() > 6


@pytest.mark.every_driver
@pytest.mark.parametrize("name", ["vxlan1", "vlan2"])
def test_floating_ip(cloud, mode, name):
    vm, other = cloud[name], cloud["gre1"]
    fip = cloud.add_floating_ip(vm, cloud.external)
    address = fip["floating_ip_address"]
    try:
        cloud.outside.run("ip neigh flush all")
        wait_until(lambda: cloud.outside.ping(address, count=1, timeout=0.5),
                   "floating IP does not answer", timeout=60)
        cloud.outside.expect_ping(address)
        wait_until(lambda: seen_outside(cloud, vm) == address, "not the floating IP's address")
        # Others reach it by its floating IP, too, and by its own address.
        other.expect_ping(address)
        other.expect_ping(vm.ip)
    finally:
        cloud.neutron.delete("floatingips", fip["id"])
