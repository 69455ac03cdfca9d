# SPDX-License-Identifier: Apache-2.0
"""Floods: of packets that need the daemon, and of changes to the database."""
import os
import re
import signal

import pytest

from dfharness import Cloud, wait_until

FLOOD = 4000
BURST = 100  # Packets to the daemon of a local port.
CHANGES = 3000


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=1) as cloud:
        populate(cloud)
        yield cloud


def populate(cloud):
    cloud.add_network("n1", "10.0.1.0/24")
    cloud.add_network("n2", "10.0.2.0/24")
    cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
    for i in range(3):
        cloud.add_vm("vm%d" % i, "n1", 0, "10.0.1.1%d" % i)
    cloud.add_vm("far", "n2", 0, "10.0.2.10")
    cloud.sync()


def status(cloud, what):
    text = cloud.chassis[0].dfappctl("status")
    return int(re.search(r"^ *%s: (\d+)" % what, text, re.M)[1])


def frames(cloud, vm):
    """What each need the daemon: TTL, no route, no neighbour, the router itself."""
    mac = cloud.r1["n1"].mac
    return [vm.udp(mac, "10.0.2.10", ttl=1), vm.udp(mac, "192.0.2.1"),
            vm.udp(mac, "10.0.2.99"), vm.udp(mac, "10.0.1.1")]


def flood(cloud, vm, n=FLOOD):
    hexes = [frame.hex() for frame in frames(cloud, vm)] * 25
    for _ in range(n // len(hexes)):
        cloud.chassis[0].appctl("netdev-dummy/receive", vm.name, *hexes)


def test_a_port_that_floods_takes_nothing_from_the_others():
    """All that one port sends is dropped, but for its share, before it is mixed with
    the rest.  The switch's clock stands still, so no meter fills up again."""
    with Cloud(chassis=1) as cloud:
        populate(cloud)
        hostile, other, far = cloud["vm0"], cloud["vm1"], cloud["far"]
        before = status(cloud, "packet-ins")
        cloud.chassis[0].appctl("time/stop")
        flood(cloud, hostile)
        wait_until(lambda: status(cloud, "packet-ins") == before + BURST, "the port's share")
        for i, frame in enumerate(frames(cloud, other), 1):
            cloud.clear()
            other.send(frame)
            assert len(other.take()) == 1
            assert status(cloud, "packet-ins") == before + BURST + i
        cloud.clear()
        hostile.send(hostile.udp(cloud.r1["n1"].mac, far.ip))
        assert len(far.take()) == 1  # What needs no daemon is forwarded.


def test_ports_come_up_while_another_one_floods(cloud):
    for i in range(3):
        flood(cloud, cloud["vm0"], 1000)
        cloud.add_vm("new%d" % i, "n1", 0, "10.0.1.5%d" % i)
        flood(cloud, cloud["vm0"], 1000)
        cloud.sync()


def test_each_local_port_and_each_tunnel_has_a_meter_of_its_own(cloud):
    cloud.sync()
    chassis = cloud.chassis[0]
    flows = chassis.ofctl("-O", "OpenFlow15", "dump-flows", "br-int", "table=176")
    meters = re.findall(r"reg8=0x\w+ actions=meter:(\d+),", flows)
    assert len(set(meters)) == len(meters) == len(chassis.vms) + len(cloud.encap_types)


def resident_kb(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read())[1])


def test_changes_that_the_switch_cannot_take_are_not_queued(cloud):
    """While the switch stands still the database goes on changing: what is sent then
    is the last state, not each of them."""
    chassis = cloud.chassis[0]
    # What has been freed is not the daemon's any more, though a sanitizer keeps it.
    chassis.controller.env["ASAN_OPTIONS"] = "%s:quarantine_size_mb=1" % os.environ.get(
        "ASAN_OPTIONS", "")
    chassis.restart_controller()
    cloud.sync()
    sent = status(cloud, "flow mods sent")
    bundles = status(cloud, "bundles sent")
    memory = resident_kb(chassis.controller.pid)
    os.kill(chassis.vswitchd.pid, signal.SIGSTOP)
    try:
        for start in range(0, CHANGES, 50):
            cloud.nb(*["route-add r1 172.16.%d.0/24 10.0.1.%d" % (i, 10 + start // 50 % 2)
                       for i in range(50)])
            if start + 50 < CHANGES:
                cloud.nb(*["route-del r1 172.16.%d.0/24" % i for i in range(50)])
        want = cloud.nb_db.rows("Global")[0]["sequence"]
        wait_until(lambda: " sequence %d\n" % want in chassis.dfappctl("status"),
                   "the database to be followed")
        assert resident_kb(chassis.controller.pid) - memory < 10 * 1024
    finally:
        os.kill(chassis.vswitchd.pid, signal.SIGCONT)
    cloud.sync()
    assert 50 <= status(cloud, "flow mods sent") - sent < CHANGES / 4
    assert 1 <= status(cloud, "bundles sent") - bundles <= 10
    routes = [flow for flow in chassis.flows() if "nw_dst=172.16." in flow]
    assert len(routes) == 50
    assert chassis.dfappctl("engine/verify").startswith("%d flows" % len(
        chassis.dfappctl("flows").splitlines()))
