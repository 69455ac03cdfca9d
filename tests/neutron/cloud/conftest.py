# SPDX-License-Identifier: Apache-2.0
"""One cloud of real Neutron for each firewall driver.

Networks of all types, with IPv6 on two, joined by one router that has a gateway to the
outside; on each network a machine on c1 and one on c2: vxlan1, vxlan2, vlan1 ...  The
network node has the router, and no machine.

Tests find the cloud as it is described here and leave it so, except for which compute
nodes run df-controller: whoever cares says so (the fixture 'mode', or cloud.convert())."""
import os
import re

import pytest

from dfharness import netns
from dfharness.process import TOP
from dfneutron import NeutronCloud, why_impossible

TIMEOUT = 600  # The first test waits for the cloud.
TYPES = {"vxlan": ["10.0.1.0/24", "fd00:0:0:1::/64"], "vlan": ["10.0.2.0/24", "fd00:0:0:2::/64"],
         "gre": ["10.0.3.0/24"], "geneve": ["10.0.4.0/24"]}
# Which compute nodes run df-controller.
MODES = {"legacy": set(), "mixed": {0}, "short-cut": {0, 1}}


def pytest_collection_modifyitems(items):
    for item in items:
        if not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(TIMEOUT))


def populate(cloud):
    cloud.external = cloud.add_external_network()
    networks = {t: cloud.add_network(t, *cidrs, provider__network_type=t,
                                     **({"provider__physical_network": "physnet1"}
                                        if t == "vlan" else {}))
                for t, cidrs in TYPES.items()}
    cloud.networks = networks
    cloud.router = cloud.add_router("r1", *networks.values(), external=cloud.external)
    for t, network in networks.items():
        for i in (0, 1):
            cloud.add_vm("%s%d" % (t, i + 1), network, i, wait=False)
    cloud.sync()


@pytest.fixture(scope="session", params=["openvswitch", "iptables_hybrid", "noop"])
def cloud(request):
    reason = netns.why_impossible() or why_impossible()
    if reason:
        pytest.skip("no cloud of real Neutron: %s" % reason)
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
