# SPDX-License-Identifier: Apache-2.0
"""One cloud of real Neutron for each firewall driver.

Networks of all types, with IPv6 on two, joined by one router that has a gateway to the
outside; on each network a machine on c1 and one on c2: vxlan1, vxlan2, vlan1 ...  The
network node has the router, and no machine.

Tests find the cloud as it is described here and leave it so, except for which compute
nodes run df-controller: a test that depends on it says so (the fixture 'mode', or
cloud.convert())."""
import contextlib
import os
import pathlib
import re

import pytest

from dfharness import netns
from dfharness.process import TOP
from dfneutron import OUTSIDE_ADDRESS, NeutronCloud, why_impossible

HERE = pathlib.Path(__file__).parent
TYPES = {"vxlan": ["10.0.1.0/24", "fd00:0:0:1::/64"], "vlan": ["10.0.2.0/24", "fd00:0:0:2::/64"],
         "gre": ["10.0.3.0/24"], "geneve": ["10.0.4.0/24"], "flat": ["10.0.5.0/24"]}
PHYSICAL = {"vlan", "flat"}
DRIVERS = ["openvswitch", "iptables_hybrid", "noop"]
# Which compute nodes run df-controller.
MODES = {"legacy": set(), "mixed": {0}, "short-cut": {0, 1}}


def pytest_configure(config):
    config.addinivalue_line("markers", "every_driver: states what depends on firewall_driver")
    config.addinivalue_line("markers", "thorough: most of it is stated by others, too")
    config.addinivalue_line("markers", "last: leaves its cloud without anything in it")


@pytest.hookimpl(tryfirst=True)  # Then pytest puts together what is of one cloud.
def pytest_collection_modifyitems(config, items):
    """All tests but the thorough run with openvswitch.  With the other drivers those marked
    every_driver, where df-controller runs: with both on two nodes, with iptables_hybrid on one,
    too, since its ports are plugged in another way.  DRAGONFLOW_THOROUGH=1: all with all."""
    items.sort(key=lambda item: bool(item.get_closest_marker("last")))
    if os.environ.get("DRAGONFLOW_THOROUGH", "0") != "0":
        return

    modes = {"openvswitch": set(MODES), "iptables_hybrid": {"mixed", "short-cut"},
             "noop": {"short-cut"}}

    def is_repetition(item):
        parameters = item.callspec.params if hasattr(item, "callspec") else {}
        driver, mode = parameters.get("cloud", DRIVERS[0]), parameters.get("mode", "short-cut")
        return HERE in item.path.parents and (
            item.get_closest_marker("thorough") or mode not in modes[driver]
            or driver != DRIVERS[0] and not item.get_closest_marker("every_driver"))
    repetitions = [item for item in items if is_repetition(item)]
    config.hook.pytest_deselected(items=repetitions)
    items[:] = [item for item in items if item not in repetitions]


def populate(cloud):
    cloud.external = cloud.add_external_network(ipv6=True)
    networks = {t: cloud.add_network(t, *cidrs, provider__network_type=t,
                                     **({"provider__physical_network": "physnet1"}
                                        if t in PHYSICAL else {}))
                for t, cidrs in TYPES.items()}
    cloud.networks = networks
    cloud.router = cloud.add_router("r1", *networks.values(), external=cloud.external)
    for t, network in networks.items():
        for i in (0, 1):
            cloud.add_vm("%s%d" % (t, i + 1), network, i, wait=False)
    cloud.sync()
    for vm in cloud.vms:
        vm.wait_ping(OUTSIDE_ADDRESS)


@pytest.fixture(scope="session", params=DRIVERS)
def cloud(request):
    reason = netns.why_impossible()
    if reason:
        pytest.skip("clouds of real Neutron need root and network namespaces: %s" % reason)
    reason = why_impossible()
    if reason:
        pytest.fail("%s (run tools/deps.sh --neutron)" % reason)
    plugin = os.environ.get("DRAGONFLOW_NB_WRITER", "plugin") == "plugin"
    with NeutronCloud(firewall=request.param, plugin=plugin) as cloud:
        try:
            populate(cloud)
        except BaseException:
            cloud.save_logs(TOP / "build/test-results/logs/neutron-cloud")
            raise
        yield cloud


@pytest.fixture(scope="module", params=MODES)
def mode(request, cloud):
    """Which compute nodes run df-controller."""
    cloud.convert(MODES[request.param])
    cloud.sync()
    return request.param


@pytest.fixture
def short_cut(cloud):
    """Both compute nodes run df-controller."""
    cloud.convert(MODES["short-cut"])
    cloud.sync()


def ours(chassis):
    """Our flows on br-int, known by their cookies (COOKIE_BITS in flow/engine.h)."""
    def is_ours(flow):
        cookie = int(re.search(r"cookie=(\w+)", flow).group(1), 16)
        return cookie >> 32 & 0xff00ffff == 0xdf00a6f1
    return {flow for flow in chassis.flows() if is_ours(flow)}


def without_port_numbers(flows):
    """Ports that are made anew have other numbers, and the meters that follow from them; and
    a chassis that comes again another row, of which its flow's cookie is made."""
    flows = [re.sub(r"cookie=0x\w+(, .*tun_src=)", r"cookie=N\1", flow) for flow in flows]
    return {re.sub(r"in_port=\d+|load:0x\w+->NXM_(OF_IN_PORT|NX_REG8)|reg8=0x\w+|meter:\d+",
                   "in_port=N", flow) for flow in flows}


@contextlib.contextmanager
def counting(cloud, *pairs, router=None, nodes=None, ipv6=False):
    """Counts what the legacy router, by default cloud.router, forwards between the
    machines of each pair, given by name; on the network node, or all 'nodes'.  Yields a
    function that returns the number of IPv4 packets so far, or with 'ipv6' of IPv6 packets.

    Not what it forwards at all: that includes whatever is late on a busy machine."""
    def address(name):
        return cloud[name].ipv6[0] if ipv6 else cloud[name].ip
    addresses = [(address(one), address(two)) for one, two in pairs]
    with contextlib.ExitStack() as stack:
        counts = [stack.enter_context(node.counting((router or cloud.router)["id"], addresses))
                  for node in ([cloud.network_node] if nodes is None else nodes)]
        yield lambda: sum(count() for count in counts)
