# SPDX-License-Identifier: Apache-2.0
"""Traffic does not notice when df-controller restarts, is updated, hangs or dies.

Streams of pings, each at 2 ms, of IPv4 and of IPv6, run meanwhile, routed within the first
chassis and from it to the second."""
import re
import time

import pytest

from dfharness import NsCloud, wait_until

RESTARTS = 10


@pytest.fixture(scope="module")
def cloud():
    with NsCloud(chassis=2) as cloud:
        cloud.add_control()
        cloud.add_network("n1", "10.0.1.0/24", "2001:db8:1::/64")
        cloud.add_network("n2", "10.0.2.0/24", "2001:db8:2::/64", type="vxlan")
        cloud.add_router("r1", n1=["10.0.1.1/24", "2001:db8:1::1/64"],
                         n2=["10.0.2.1/24", "2001:db8:2::1/64"])
        for name, number, chassis, host in (("sender", 1, 0, "11"), ("near", 2, 0, "11"),
                                            ("far", 2, 1, "12")):
            four, six = "10.0.%d." % number, "2001:db8:%d::" % number
            cloud.add_vm(name, "n%d" % number, chassis, four + host + "/24", six + host + "/64",
                         gateway=[four + "1", six + "1"])
        cloud.sync()
        for name in ("near", "far"):
            for ip in cloud[name].ips:
                cloud["sender"].expect_ping(ip)
        yield cloud


def status(chassis):
    return chassis.dfappctl("status")


def wait_settled(chassis):
    """The switch has what the NB database says; returns "status"."""
    def settled():
        text = status(chassis)
        return text if ("state: synced" in text and "NB database: connected" in text
                        and " 0 not yet confirmed" in text
                        and "never read" not in text) else None
    return wait_until(settled, lambda: "%s is not settled:\n%s" % (chassis.name, status(chassis)))


def streams(cloud):
    return cloud.streams(*[("sender", ip) for name in ("near", "far") for ip in cloud[name].ips],
                         interval=0.002)


def megaflows(cloud):
    """(destination, ufid) to packet count, of the pings' datapath flows on both
    chassis."""
    flows = {}
    for chassis in cloud.chassis:
        for line in chassis.appctl("dpctl/dump-flows", "-m").splitlines():
            match = re.search(r"ufid:(\S+?),.*\bdst=(10\.0\.2\.1[12]|2001:db8:2::1[12])\b"
                              r".*icmp(?:v6)?\(.*packets:(\d+)", line)
            if match and "tnl_pop" not in line:
                ufid, address, packets = match.groups()
                flows[chassis.name, address, ufid] = int(packets)
    return flows


def youngest_flow(chassis):
    """Seconds since the last flow was added to the integration bridge."""
    return min(float(t) for t in re.findall(r"duration=([\d.]+)s",
                                            chassis.ofctl("dump-flows", "br-int")))


@pytest.mark.parametrize("how", ["exit --restart", "terminate", "kill"])
def test_no_packet_is_lost_over_restarts(cloud, how):
    """Nor does the new process touch a single flow, so that the megaflows stay as
    well."""
    chassis = cloud.chassis[0]
    time.sleep(0.5)  # Flows of earlier pings must not be about to expire.
    running = streams(cloud)
    time.sleep(0.2)
    before, start = megaflows(cloud), time.monotonic()
    assert {address for _, address, _ in before} == {*cloud["near"].ips, *cloud["far"].ips}
    for _ in range(RESTARTS):
        chassis.restart_controller(how)
        text = wait_settled(chassis)
        assert re.search("^flow mods sent: 0$", text, re.M), text
        assert re.search("^bundles sent: 0$", text, re.M), text
        assert not re.search("^flows read: 0$", text, re.M), text
        time.sleep(0.1)
    elapsed = time.monotonic() - start
    after = megaflows(cloud)
    assert youngest_flow(chassis) >= elapsed
    running.expect_no_loss(at_least=RESTARTS * 50)
    for key, packets in before.items():
        assert after.get(key, 0) > packets, "megaflow %s was made anew" % (key,)
    cloud.sync()


def test_a_restart_applies_what_changed_meanwhile(cloud):
    chassis = cloud.chassis[0]
    running = streams(cloud)
    chassis.controller.kill()
    cloud.nb("route-add r1 172.20.0.0/24 10.0.2.11",
             "port-add extra n2 0a:00:00:00:09:01 10.0.2.50")
    chassis.start_controller()
    text = wait_settled(chassis)
    assert 1 <= int(re.search(r"flow mods sent: (\d+)", text).group(1)) <= 10
    assert any("nw_dst=172.20.0.0/24" in flow for flow in chassis.flows())

    chassis.controller.kill()
    cloud.nb("route-del r1", "port-del extra")
    chassis.start_controller()
    wait_settled(chassis)
    assert not any("nw_dst=172.20.0.0/24" in flow for flow in chassis.flows())
    running.expect_no_loss()


def test_restarts_on_the_receiving_chassis_lose_nothing(cloud):
    running = streams(cloud)
    for how in ("exit --restart", "terminate", "kill"):
        cloud.chassis[1].restart_controller(how)
        text = wait_settled(cloud.chassis[1])
        assert re.search("^flow mods sent: 0$", text, re.M), text
    running.expect_no_loss()


def test_all_controllers_at_once(cloud):
    running = streams(cloud)
    for chassis in cloud.chassis:
        chassis.controller.kill()
    time.sleep(0.3)
    for chassis in cloud.chassis:
        chassis.start_controller()
    for chassis in cloud.chassis:
        text = wait_settled(chassis)
        assert re.search("^flow mods sent: 0$", text, re.M), text
    cloud.sync()
    running.expect_no_loss()


def test_a_restart_without_nb_database_leaves_the_flows_alone(cloud):
    chassis = cloud.chassis[0]
    running = streams(cloud)
    flows = chassis.flows()
    cloud.nb_db.kill()
    chassis.restart_controller("kill")
    wait_until(lambda: "state: synced" in status(chassis), "no OpenFlow session")
    time.sleep(1)
    assert "never read" in status(chassis)
    assert chassis.flows() == flows
    cloud.nb_db.start()
    text = wait_settled(chassis)
    assert re.search("^flow mods sent: 0$", text, re.M), text
    assert chassis.flows() == flows
    running.expect_no_loss()
    cloud.sync()


def test_ports_stay_up_over_a_restart(cloud):
    """Neutron must not see a port that went down and came back."""
    def rows():
        return sorted((r["name"], str(r["up"]), str(r["chassis"]))
                      for r in cloud.nb_db.rows("Port", columns=["name", "up", "chassis"]))

    def chassis_rows():
        return sorted((r["name"], str(r["_uuid"]))
                      for r in cloud.nb_db.rows("Chassis", columns=["_uuid", "name"]))
    before, chassis_before = rows(), chassis_rows()
    for how in ("exit --restart", "terminate", "kill"):
        cloud.chassis[0].restart_controller(how)
        wait_settled(cloud.chassis[0])
        assert rows() == before
    assert chassis_rows() == chassis_before


def test_a_final_exit_cleans_up_and_a_start_brings_all_back(cloud):
    """"exit" without --restart takes the chassis out of service."""
    chassis = cloud.chassis[1]
    chassis.controller.exit()
    assert [r["name"] for r in cloud.nb_db.rows("Chassis", columns=["name"])] == ["c1"]
    up = {r["name"]: r["up"] for r in cloud.nb_db.rows("Port", columns=["name", "up"])}
    assert up["far"] is False and up["near"] is True
    cloud.nb_db.sync()
    cloud["sender"].expect_no_ping(cloud["far"].ip, count=1)
    cloud["sender"].expect_ping(cloud["near"].ip, count=1)
    chassis.start_controller()
    cloud.sync()
    wait_until(lambda: cloud["sender"].ping(cloud["far"].ip, count=1), "no ping after the return")
    cloud["far"].expect_ping(cloud["sender"].ip)
