# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent."""
import pytest

from dfharness.stockagent import ml2_cloud


@pytest.fixture(scope="module", params=[False, True], ids=["noop", "firewall"])
def cloud(request):
    with ml2_cloud(firewall=request.param) as cloud:
        yield cloud


@pytest.fixture
def elsewhere(cloud):
    """Makes another network, whose addresses are those of n1: elsewhere(SUBNET, ROUTER, MACHINE)
    returns its machine and the port of a router on it."""
    vms = []

    def make(subnet, router, machine):
        cloud.add_network("elsewhere", subnet, type="vxlan")
        r2 = cloud.add_router("r2", elsewhere=router)
        vms.append(cloud.add_vm("vm3", "elsewhere", 0, machine))
        cloud.agent.wire(vms[0], "elsewhere", 3)
        cloud.wait_up("vm3")
        cloud.sync(ports_up=False)
        return vms[0], r2["elsewhere"]
    yield make
    for vm in vms:
        vm.unplug()
    cloud.nb("--if-exists port-del vm3", "--if-exists router-port-del r2-elsewhere",
             "--if-exists router-del r2", "--if-exists subnet-del elsewhere-0",
             "--if-exists net-del elsewhere")
    cloud.nb_db.sync()
