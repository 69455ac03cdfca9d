# SPDX-License-Identifier: Apache-2.0
"""What flows say about packets that they send to the daemon, across an upgrade."""
import re

import pytest

from dfharness import Cloud, wait_until


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=1) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.sync()
        yield cloud


def n_unknown(chassis):
    found = re.search(r"not of this pipeline: (\d+)", chassis.dfappctl("status"))
    return int(found[1]) if found else 0


# The reason alone is what flows had before there was a header.
@pytest.mark.parametrize("userdata", ["02", "02.01", "02.00.00", "ff.00", "00.00.00.0e.00"])
def test_a_packet_of_another_version_is_ignored(cloud, userdata):
    vm1, chassis = cloud["vm1"], cloud.chassis[0]
    frame = vm1.udp(cloud.r1["n1"].mac, "192.0.2.1")
    before = n_unknown(chassis)
    cloud.clear()
    chassis.ofctl("packet-out", "br-int", "in_port=controller packet=%s "
                  "actions=controller(userdata=%s)" % (frame.hex(), userdata))
    wait_until(lambda: n_unknown(chassis) == before + 1, "the packet to be counted")
    assert vm1.take() == []
    vm1.send(frame)
    assert len(vm1.take()) == 1


def test_flows_of_another_version_are_replaced_at_the_start(cloud):
    chassis = cloud.chassis[0]
    before = chassis.flows()
    reason = r"(userdata=[0-9a-f]{2})\.00"
    changed = [flow for flow in before if re.search(reason, flow)]
    assert len(changed) > 3
    chassis.controller.exit("--restart")
    for flow in changed:
        chassis.ofctl("add-flow", "br-int", re.sub(reason, r"\1", flow).lstrip())
    assert len(chassis.flows()) == len(before) and chassis.flows() != before
    chassis.start_controller()
    wait_until(lambda: chassis.flows() == before, "the flows of this version")
    cloud.sync()
