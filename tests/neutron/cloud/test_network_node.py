# SPDX-License-Identifier: Apache-2.0
"""East-West traffic needs no network node, not even to find the router: df-controller
answers for the router's addresses, by ARP and neighbour discovery, as the legacy router does."""
import contextlib
import time

import pytest

from dfharness import wait_until
from dfharness.process import run
from dfneutron import OUTSIDE_ADDRESS, TcpStream

pytestmark = pytest.mark.usefixtures("short_cut")
PAIRS = [("vxlan1", "vlan2"), ("vlan1", "vxlan1"), ("gre1", "geneve2")]
PAIRS6 = PAIRS[:2]


@contextlib.contextmanager
def away(cloud, chassis):
    """Its cables are cut: to the underlay and to the physical networks."""
    cables = [chassis.name] + ["%s-%s" % (chassis.name, physnet) for physnet in cloud.physnets]

    def set_all(state):
        for cable in cables:
            run(["ip", "-n", cloud.net, "link", "set", cable, state])
    set_all("down")
    try:
        yield
    finally:
        set_all("up")
        for vm in cloud.vms:
            vm.wait_ping(OUTSIDE_ADDRESS, timeout=60)


def gateways(vm):
    return [vm.gateway] + [ip.rsplit("::", 1)[0] + "::1" for ip in vm.ipv6]


def neighbour(vm, address):
    """What the machine knows of another on its network: ("STALE", MAC address)."""
    words = vm.run("ip neigh show %s dev eth0" % address).split()
    return words[-1], words[words.index("lladdr") + 1] if "lladdr" in words else None


def gateway_macs(vm):
    return [neighbour(vm, gateway)[1] for gateway in gateways(vm)]


@pytest.mark.every_driver
def test_east_west_traffic_outlives_the_network_node_and_all_neighbour_entries(cloud):
    """Established connections and new ones."""
    streams = [TcpStream(cloud[one], cloud[two]) for one, two in PAIRS]
    streams += [TcpStream(cloud[one], cloud[two], address=cloud[two].ipv6[0])
                for one, two in PAIRS6]
    before = {}
    for vm in cloud.vms:
        for gateway in gateways(vm):
            vm.expect_ping(gateway)
        before[vm] = gateway_macs(vm)
    with away(cloud, cloud.network_node):
        assert not cloud["vxlan1"].ping(OUTSIDE_ADDRESS, count=1)
        for vm in cloud.vms:
            vm.flush_neighbours()
        for one, two in PAIRS:
            cloud[one].expect_ping(cloud[two].ip)
            cloud[two].expect_ping(cloud[one].ip)
            cloud[one].tcp_transfer(cloud[two])
        for one, two in PAIRS6:
            cloud[one].expect_ping(cloud[two].ipv6[0])
            cloud[two].expect_ping(cloud[one].ipv6[0])
            cloud[one].tcp_transfer(cloud[two], address=cloud[two].ipv6[0])
        for vm in {cloud[name] for pair in PAIRS for name in pair}:
            assert gateway_macs(vm) == before[vm]
        for stream in streams:
            stream.expect_progress()
            stream.stop()


@pytest.mark.every_driver
def test_a_machine_makes_sure_of_its_ipv6_router_without_the_network_node(cloud):
    """Neighbour unreachability detection (RFC 4861 7.3): it asks the MAC address that it knows,
    and three questions without an answer are the end of it."""
    vm, other = cloud["vxlan1"], cloud["vlan2"]
    _, router = gateways(vm)
    vm.run("sysctl -q -w net.ipv6.neigh.eth0.base_reachable_time_ms=1000 "
           "net.ipv6.neigh.eth0.delay_first_probe_time=1")
    try:
        vm.flush_neighbours()
        with away(cloud, cloud.network_node):
            states = set()
            for _ in range(60):
                vm.expect_ping(other.ipv6[0], count=1)
                states.add(neighbour(vm, router)[0])
                time.sleep(0.1)
            # It did ask, and was answered.
            assert {"DELAY", "REACHABLE"} <= states and "FAILED" not in states, states
    finally:
        vm.run("sysctl -q -w net.ipv6.neigh.eth0.base_reachable_time_ms=30000 "
               "net.ipv6.neigh.eth0.delay_first_probe_time=5")


def test_the_network_node_answers_as_well(cloud):
    """So nothing is hidden from the legacy router, which keeps its entry for the
    asker."""
    vm, router = cloud["vxlan1"], cloud.router["id"]
    node = cloud.network_node
    node.router_exec(router, "ip", "neigh", "flush", "all")
    vm.flush_neighbours()
    vm.expect_ping(cloud["vlan2"].ip)
    wait_until(lambda: vm.mac in node.router_exec(router, "ip", "neigh"),
               "the legacy router has not heard the request")
