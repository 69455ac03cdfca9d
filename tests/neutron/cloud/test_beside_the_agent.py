# SPDX-License-Identifier: Apache-2.0
"""The stock OVS agent removes what it does not know from its tables when it starts, and
knows nothing of df-controller: whatever happens to either, traffic does not notice."""
import re
import time

import pytest

from conftest import counting, ours, without_port_numbers
from dfharness import wait_until
from dfharness.process import Failure
from dfneutron import TcpStream

pytestmark = pytest.mark.usefixtures("short_cut")
PAIRS = [("vxlan1", "vlan2"), ("vlan1", "vxlan1"), ("gre1", "geneve2")]
CONTROL = ("vxlan1", "vxlan2")


def expect_short_cut(cloud):
    def taken():
        with counting(cloud, *PAIRS) as count:
            for one, two in PAIRS:
                cloud[one].expect_ping(cloud[two].ip)
                cloud[two].expect_ping(cloud[one].ip)
            return count() == 0
    wait_until(taken, "the short cut is not taken")


def restart_agent(chassis):
    chassis.restart_ovs_agent()


def kill_agent(chassis):
    chassis.restart_ovs_agent("kill")


def restart_controller(chassis):
    chassis.restart_controller("exit --restart")


def kill_controller(chassis):
    chassis.restart_controller("kill")


@pytest.mark.parametrize("steps", [
    pytest.param([restart_agent], marks=pytest.mark.thorough),
    pytest.param([kill_agent], marks=pytest.mark.thorough),
    [restart_agent, restart_controller],
    [kill_controller, restart_agent], [kill_agent, kill_controller, restart_agent]],
    ids=lambda steps: "-".join(step.__name__ for step in steps))
def test_restarts_lose_nothing(cloud, steps):
    """On both nodes, one after the other."""
    streams = cloud.streams(PAIRS, control=CONTROL)
    for chassis in cloud.chassis[:2]:
        for step in steps:
            step(chassis)
    time.sleep(1)
    streams.expect_no_loss(at_least=500)
    expect_short_cut(cloud)


def test_both_at_the_same_time(cloud):
    streams = cloud.streams(PAIRS, control=CONTROL)
    chassis = cloud.chassis[0]
    size = chassis.ovs_agent.log.stat().st_size
    chassis.ovs_agent.terminate()
    chassis.controller.kill()
    chassis.ovs_agent.start()
    chassis.start_controller()
    chassis.wait_ovs_agent(size)
    time.sleep(1)
    streams.expect_no_loss(at_least=500)
    expect_short_cut(cloud)


def test_the_agent_restarts_while_the_controller_is_dead(cloud):
    chassis = cloud.chassis[0]
    chassis.controller.kill()
    try:
        chassis.restart_ovs_agent()
        for one, two in PAIRS:
            wait_until(lambda: cloud[one].ping(cloud[two].ip, count=1), "no fall-back")
            cloud[two].expect_ping(cloud[one].ip)
    finally:
        chassis.start_controller()
    expect_short_cut(cloud)


DURATION = re.compile(r"duration=([\d.]+)s")
# Without the second option, the agent gives the switch its flows a hundred at a time, and where a
# port's are cut in two its firewall may forbid connections for good that it had allowed.
DROP_FLOWS = """
[agent]
drop_flows_on_start = True
[ovs]
openflow_processed_per_port = True
"""


def test_the_agent_may_drop_all_flows_when_it_starts(cloud):
    """Its option drop_flows_on_start takes ours along, from all tables, and the port to
    br-tun."""
    chassis = cloud.chassis[0]
    conf = chassis.rundir / "ovs-agent.conf"
    text = conf.read_text()
    streams = [TcpStream(cloud[one], cloud[two]) for one, two in PAIRS]
    before = without_port_numbers(ours(chassis))
    since = time.monotonic()
    conf.write_text(text + DROP_FLOWS)
    try:
        chassis.restart_ovs_agent()
        ages = [float(age) for age in DURATION.findall(chassis.ofctl("dump-flows", "br-int"))]
        assert len(ages) > len(before) and max(ages) < time.monotonic() - since
        wait_until(lambda: without_port_numbers(ours(chassis)) == before,
                   lambda: "others than before: %s" % "\n".join(sorted(ours(chassis))))
        expect_short_cut(cloud)
        for stream in streams:
            stream.expect_progress(timeout=30)
            stream.stop()
    finally:
        conf.write_text(text)
        chassis.restart_ovs_agent()
    expect_short_cut(cloud)


@pytest.mark.every_driver
def test_what_another_program_removes_is_back_within_a_second(cloud):
    """Without polling: df-controller watches the switch.  (The best of three, since a busy
    machine may keep all waiting.)"""
    chassis = cloud.chassis[0]
    before = ours(chassis)
    for match in ("table=60,cookie=0xdf00a6f100000000/0xff00ffff00000000",
                  "cookie=0xdf00a6f100000000/0xff00ffff00000000"):
        times = []
        for _ in range(3):
            chassis.ofctl("del-flows", "br-int", match)
            since = time.monotonic()
            wait_until(lambda: ours(chassis) == before,
                       lambda: "missing: %s" % "\n".join(sorted(before - ours(chassis))))
            times.append(time.monotonic() - since)
        assert min(times) < 1, times
    expect_short_cut(cloud)


@pytest.mark.every_driver
def test_no_flow_of_the_agent_is_touched(cloud):
    """Those of the agent are the same with and without df-controller, and all have the
    agent's cookie."""
    chassis = cloud.chassis[0]
    with_ours = set(chassis.flows()) - ours(chassis)
    cloud.convert({1})
    wait_until(lambda: not ours(chassis), lambda: "left: %s" % "\n".join(sorted(ours(chassis))))
    without = set(chassis.flows())
    assert with_ours == without
    assert len({re.search(r"cookie=(\w+)", flow).group(1) for flow in without}) == 1


def test_bridges_and_controllers_are_as_the_agent_made_them(cloud):
    def settings(chassis):
        return chassis.vsctl("--columns=name,fail_mode,controller,protocols,datapath_type,"
                             "other_config", "list", "Bridge", "br-int", "br-tun")
    chassis = cloud.chassis[0]
    with_ours = settings(chassis)
    cloud.convert({1})
    assert settings(chassis) == with_ours


def await_end_of_round(chassis):
    """The agent's next round is a second away then.  An agent with a request on its way to
    the switch when that goes away waits for good: os_ken fails an assertion over it."""
    def rounds():
        return chassis.ovs_agent.log.read_text(errors="replace").count(
            "completed. Processed ports")
    before = rounds()
    wait_until(lambda: rounds() > before, "the agent makes no rounds", timeout=30, interval=0.05)


@pytest.mark.parametrize("how", ["exit", "kill"])
def test_ovs_vswitchd_restarts(cloud, how):
    """All flows are gone; df-controller notices at once, and the agent within seconds: what
    arrives until then may be lost once more when it makes its bridges anew."""
    chassis = cloud.chassis[0]
    await_end_of_round(chassis)
    chassis.restart_vswitchd(how)

    def restored():
        try:
            expect_short_cut(cloud)
        except Failure:
            return False
        return True
    wait_until(restored, "the short cut is not taken again", timeout=60)


@pytest.mark.every_driver
def test_machines_come_and_go(cloud):
    """The agent wires a new port; local VLANs change when a network's last port
    leaves a node."""
    network = cloud.add_network("passing", "10.0.9.0/24")
    port = cloud.neutron.add_router_interface(cloud.router["id"],
                                              subnet_id=network["subnets"][0]["id"])
    try:
        for order in ((0, 1), (1, 0)):
            for i in order:
                cloud.add_vm("passing%d" % i, network, i, wait=False)
            cloud.sync()
            one, two = cloud["passing0"], cloud["passing1"]
            others = ("vxlan2", "vlan1", "gre2")
            with counting(cloud, *((name, other) for name in ("passing0", "passing1")
                                   for other in others)) as count:
                for other in others:
                    one.expect_ping(cloud[other].ip)
                    cloud[other].expect_ping(two.ip)
                assert count() == 0
            for i in order:
                cloud.remove_vm("passing%d" % i)
    finally:
        cloud.neutron.remove_router_interface(cloud.router["id"], port_id=port["port_id"])
        cloud.neutron.delete("networks", network["id"])
    cloud.sync()
    expect_short_cut(cloud)
