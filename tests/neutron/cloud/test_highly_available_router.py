# SPDX-License-Identifier: Apache-2.0
"""A highly available legacy router, on two network nodes: the short cut does not depend on
the active one."""
import time

import pytest

from conftest import MODES, counting
from dfharness import wait_until
from dfneutron import OUTSIDE_ADDRESS

FAIL_OVER = 60  # Seconds at most.


class HaRouter:
    """A router on the nodes, with machines "ha11" and "ha12" on one network, on c1 and c2,
    and "ha21", "ha22" on another."""

    def __init__(self, cloud, nodes):
        self.cloud, self.nodes = cloud, nodes
        self.networks = [cloud.add_network("ha%d" % i, "10.1.%d.0/24" % i) for i in (1, 2)]
        self.router = cloud.add_router("ha", *self.networks, external=cloud.external, ha=True)
        for i, network in enumerate(self.networks, 1):
            for j in (0, 1):
                cloud.add_vm("ha%d%d" % (i, j + 1), network, j, wait=False)
        cloud.wait_active()

    @property
    def machines(self):
        return [vm for vm in self.cloud.vms if vm.name.startswith("ha")]

    def exec(self, node, *argv):
        return node.router_exec(self.router["id"], *argv)

    def is_on(self, node):
        return self.router["id"] in node.router_namespaces()

    def has_gateways(self, node):
        addresses = self.exec(node, "ip", "-4", "-o", "addr")
        return "10.1.1.1/" in addresses and "10.1.2.1/" in addresses

    @property
    def active(self):
        """The node that has the router's addresses."""
        def find():
            active = [node for node in self.nodes if self.is_on(node) and self.has_gateways(node)]
            return len(active) == 1 and active[0]
        return wait_until(find, "not one active router", FAIL_OVER, interval=0.2)

    def wait(self):
        """Until it is on both nodes, and the active one leads outside: from each network, and
        from each compute node, with a switch that learns of a new network node in its own
        time."""
        wait_until(lambda: all(self.is_on(node) for node in self.nodes), "not on both", FAIL_OVER)
        assert self.active
        for vm in self.machines:
            vm.wait_ping(OUTSIDE_ADDRESS, FAIL_OVER)

    def counting(self, *pairs):
        return counting(self.cloud, *pairs, router=self.router, nodes=self.nodes)

    def fail(self, node):
        """The node does not hear from the other any more, and knows it."""
        self._set(node, "down")

    def repair(self, node):
        self._set(node, "up")

    def _set(self, node, state):
        interface = next(line.split()[1].split("@")[0] for line in
                         self.exec(node, "ip", "-o", "link").splitlines() if " ha-" in line)
        self.exec(node, "ip", "link", "set", interface.rstrip(":"), state)

    def remove(self):
        cloud = self.cloud
        for vm in self.machines:
            cloud.remove_vm(vm.name)
        for network in self.networks:
            cloud.neutron.remove_router_interface(self.router["id"],
                                                  subnet_id=network["subnets"][0]["id"])
        cloud.neutron.delete("routers", self.router["id"])
        for network in self.networks:
            cloud.neutron.delete("networks", network["id"])


@pytest.fixture(scope="module")
def ha(cloud):
    node = cloud.add_network_node("net2")
    try:
        router = HaRouter(cloud, [cloud.network_node, node])
        try:
            cloud.sync()
            router.wait()
            yield router
        finally:
            router.remove()
    finally:
        cloud.retire_node(node)
        cloud.sync()


PAIRS = [("ha11", "ha22"), ("ha22", "ha11"), ("ha12", "ha22"), ("ha11", "ha12")]


def expect_connectivity(cloud):
    for one, two in PAIRS:
        cloud[one].expect_ping(cloud[two].ip)


@pytest.mark.parametrize("mode", MODES)
def test_east_west_crosses_the_active_router_unless_both_nodes_run_df_controller(cloud, ha, mode):
    cloud.convert(MODES[mode])
    cloud.sync()
    cloud["ha11"].wait_ping(cloud["ha22"].ip)
    with ha.counting(*PAIRS) as count:
        expect_connectivity(cloud)
        crossed = count()
    assert (crossed == 0) == (mode == "short-cut"), crossed


def test_a_fail_over_of_the_router_is_nothing_to_the_short_cut(cloud, ha):
    """North-South traffic goes on by the other node; East-West traffic notices nothing."""
    cloud.convert(MODES["short-cut"])
    cloud.sync()
    first = ha.active
    streams = cloud.streams([("ha11", "ha22"), ("ha21", "ha11")], control=("vxlan1", "vxlan2"))
    ha_pairs = PAIRS + [("ha21", "ha11")]
    try:
        with ha.counting(*ha_pairs) as count:
            ha.fail(first)
            wait_until(lambda: ha.active is not first, "no fail-over", FAIL_OVER)
            assert count() == 0
        streams.expect_no_loss(at_least=500)
        cloud["ha21"].wait_ping(OUTSIDE_ADDRESS, FAIL_OVER)
        expect_connectivity(cloud)
        # A chassis that falls back finds the router where it is now.
        since = time.monotonic()
        cloud.chassis[0].controller.kill()
        wait_until(lambda: cloud["ha11"].ping(cloud["ha22"].ip, count=1)
                   and time.monotonic() > since + 4, "no fall-back", FAIL_OVER)
        with ha.counting(("ha11", "ha22")) as count:
            cloud["ha11"].expect_ping(cloud["ha22"].ip)
            assert count() > 0
    finally:
        ha.repair(first)
        if not cloud.chassis[0].converted:
            cloud.chassis[0].start_controller()
    ha.wait()
    cloud.sync()
    expect_connectivity(cloud)
