# SPDX-License-Identifier: Apache-2.0
"""Another program changes the flow tables or meters of a bridge that is Dragonflow's: that
is noticed in a second or two and put right, and nothing counts as confirmed before."""
import os
import random
import re
import signal

import pytest

from dfharness import Cloud, wait_until
from dfharness.process import Failure


@pytest.fixture
def cloud():
    with Cloud(chassis=1) as cloud:
        for i in (1, 2):
            cloud.add_network("n%d" % i, "10.0.%d.0/24" % i)
        cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n2", 0, "10.0.2.11")
        cloud.sync()
        yield cloud


def installed(chassis):
    """Flows and meters."""
    meters = chassis.ofctl("-OOpenFlow15", "dump-meters", "br-int")
    return sorted(chassis.flows()), sorted(re.findall(r"meter=.*\n.*", meters))


def count(chassis, what):
    return int(re.search(r"%s: (\d+)" % what, chassis.dfappctl("status")).group(1))


CHANGES = {
    "all flows removed": ["del-flows br-int"],
    "a table emptied": ["del-flows br-int table=128"],
    "actions replaced": ["mod-flows br-int table=128,actions=drop"],
    "a flow added": ["add-flow br-int table=0,priority=65535,actions=drop"],
    "a flow added to a table that is not used": ["add-flow br-int table=77,actions=drop"],
    "a flow replaced": ["--strict del-flows br-int table=0,priority=0",
                        "add-flow br-int table=0,priority=65535,actions=drop"],
    "meters removed": ["-OOpenFlow15 del-meters br-int"],
    "a meter changed": ["-OOpenFlow15 mod-meter br-int meter=1,pktps,burst,stats,"
                        "band=type=drop,rate=1,burst_size=1"],
    "everything removed": ["-OOpenFlow15 del-meters br-int", "del-groups -OOpenFlow15 br-int",
                           "del-flows br-int"],
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_is_put_right(cloud, what):
    chassis = cloud.chassis[0]
    before = installed(chassis)
    for change in CHANGES[what]:
        chassis.ofctl(*change.split())
    wait_until(lambda: count(chassis, "changes by others"), "the change to be noticed", 5)
    wait_until(lambda: installed(chassis) == before, "what there was before", 5)
    cloud.sync()
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    assert "in the switch" in chassis.dfappctl("engine/verify")
    cloud.clear()
    vm1.send(vm1.arp_request("10.0.1.1"))
    assert len(vm1.take()) == 1


def test_a_controller_that_comes_and_goes_leaves_the_flows(cloud):
    """Open vSwitch removes all flows with the last controller."""
    chassis = cloud.chassis[0]
    before = installed(chassis)
    chassis.vsctl("set-controller", "br-int", "tcp:127.0.0.1:1")
    chassis.vsctl("del-controller", "br-int")
    wait_until(lambda: count(chassis, "changes by others"), "the change to be noticed", 5)
    wait_until(lambda: installed(chassis) == before, "what there was before", 10)


def test_sync_waits_until_flows_are_back(cloud):
    """Flows are removed while the daemon cannot look; sync does not succeed on what it
    remembers."""
    chassis = cloud.chassis[0]
    before = sorted(chassis.flows())
    os.kill(chassis.controller.pid, signal.SIGSTOP)
    try:
        chassis.ofctl("del-flows", "br-int")
    finally:
        os.kill(chassis.controller.pid, signal.SIGCONT)
    cloud.nb_db.sync()
    assert sorted(chassis.flows()) == before


def test_verify_speaks_of_the_switch(cloud):
    """What is changed while the daemon does not look is reported, then put right."""
    chassis = cloud.chassis[0]
    assert "equal to those computed from scratch and to those in the switch" in (
        chassis.dfappctl("engine/verify"))
    os.kill(chassis.controller.pid, signal.SIGSTOP)
    try:
        chassis.ofctl("add-flow", "br-int", "table=0,priority=65535,actions=drop")
    finally:
        os.kill(chassis.controller.pid, signal.SIGCONT)
    try:
        said = chassis.dfappctl("engine/verify")
    except Failure as e:
        said = str(e)
    # Either it was noticed and mended before the question, or the answer names it.
    assert "1 flows in the switch were not" in said or count(chassis, "flows put back") == 1


def test_flows_that_were_refused_for_want_of_a_meter_are_sent_again(cloud):
    """The daemon learns of a new port together with, or before, the loss of the meters."""
    chassis = cloud.chassis[0]
    for i in range(3):
        os.kill(chassis.controller.pid, signal.SIGSTOP)
        try:
            chassis.ofctl("-OOpenFlow15", "del-meters", "br-int")
            cloud.add_vm("new%d" % i, "n1", 0, "10.0.1.%d" % (20 + i))
        finally:
            os.kill(chassis.controller.pid, signal.SIGCONT)
        cloud.sync()
        wait_until(lambda: "problems: none" in chassis.dfappctl("status")
                   and "equal to those" in chassis.dfappctl("engine/verify"),
                   lambda: chassis.dfappctl("status"), 5)
        assert count(chassis, "flows set aside") == 0
    assert count(chassis, "flow mods refused") > 0


def test_own_changes_are_no_foreign_ones(cloud):
    chassis = cloud.chassis[0]
    for i in range(20):
        cloud.nb("port-add p%d n1 0a:00:00:00:77:%02x 10.0.1.%d" % (i, i, 100 + i))
    cloud.sync()
    for i in range(20):
        cloud.nb("port-del p%d" % i)
    cloud.sync()
    assert count(chassis, "changes by others") == 0


@pytest.mark.parametrize("seed", range(3))
def test_any_foreign_changes_among_own_ones_leave_what_a_fresh_start_would_install(cloud, seed):
    rng = random.Random(seed)
    chassis = cloud.chassis[0]
    ports = set()
    for _ in range(30):
        i = rng.randrange(10)
        if rng.random() < 0.5:
            name = "p%d" % i
            if name in ports:
                cloud.nb("port-del " + name)
            else:
                cloud.nb("port-add %s n1 0a:00:00:00:77:%02x 10.0.1.%d" % (name, i, 100 + i))
            ports ^= {name}
        else:
            for change in CHANGES[rng.choice(list(CHANGES))]:
                try:
                    chassis.ofctl(*change.split())
                except Failure:
                    pass  # The meter is not there just now.
    cloud.sync()
    wait_until(lambda: "in the switch" in verify(chassis), lambda: verify(chassis), 15)
    here = installed(chassis)
    chassis.restart_controller()
    cloud.sync()
    assert installed(chassis) == here


def verify(chassis):
    try:
        return chassis.dfappctl("engine/verify")
    except Failure as e:
        return str(e).replace("in the switch", "there")
