# SPDX-License-Identifier: Apache-2.0
"""East-West traffic needs no network node, not even to find the router: df-controller
answers ARP for the router's addresses as the legacy router does."""
import contextlib

import pytest

from dfharness import wait_until
from dfharness.process import run
from dfneutron import OUTSIDE_ADDRESS, TcpStream

pytestmark = pytest.mark.usefixtures("short_cut")
PAIRS = [("vxlan1", "vlan2"), ("vlan1", "vxlan1"), ("gre1", "geneve2")]


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


def gateway_mac(vm):
    return vm.run("ip neigh show %s" % vm.gateway).split("lladdr ")[1].split()[0]


@pytest.mark.every_driver
def test_east_west_traffic_outlives_the_network_node_and_all_neighbour_entries(cloud):
    """Established connections and new ones."""
    streams = [TcpStream(cloud[one], cloud[two]) for one, two in PAIRS]
    before = {vm: vm.ping(vm.gateway) and gateway_mac(vm) for vm in cloud.vms}
    with away(cloud, cloud.network_node):
        assert not cloud["vxlan1"].ping(OUTSIDE_ADDRESS, count=1)
        for vm in cloud.vms:
            vm.flush_neighbours()
        for one, two in PAIRS:
            cloud[one].expect_ping(cloud[two].ip)
            cloud[two].expect_ping(cloud[one].ip)
            cloud[one].tcp_transfer(cloud[two])
        for vm in {cloud[name] for pair in PAIRS for name in pair}:
            assert gateway_mac(vm) == before[vm]
        for stream in streams:
            stream.expect_progress()
            stream.stop()


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
