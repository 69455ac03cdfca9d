# SPDX-License-Identifier: Apache-2.0
"""Every daemon that df-controller depends on may die, hang, or come late; objects
may be deleted while others are in use; rows may be wrong.  Each test has a cloud
of its own: "sender" and "near" on the first chassis, "far" on the second, with r1
between them, all of both families.

Streams to the other chassis that must lose nothing go from "vsender" to "vfar", over
VLANs: whenever any network device of its host changes, the userspace datapath of
Open vSwitch forgets its routes for a moment, reads them again, and drops what should
go into tunnels meanwhile."""
import contextlib
import itertools
import os
import re
import signal
import socket
import threading
import time

import pytest

from dfharness import NsCloud, wait_until
from dfharness.streams import family_of


def add_dual_vm(cloud, name, network, chassis, host):
    """On "n1" or "n2", with an address of each family."""
    four, six = "10.0.%s." % network[1], "2001:db8:%s::" % network[1]
    return cloud.add_vm(name, network, chassis, four + host + "/24", six + host + "/64",
                        gateway=[four + "1", six + "1"])


def populate(cloud):
    cloud.add_network("n1", "10.0.1.0/24", "2001:db8:1::/64")
    cloud.add_network("n2", "10.0.2.0/24", "2001:db8:2::/64", type="vxlan")
    cloud.r1 = cloud.add_router("r1", n1=["10.0.1.1/24", "2001:db8:1::1/64"],
                                n2=["10.0.2.1/24", "2001:db8:2::1/64"])
    add_dual_vm(cloud, "sender", "n1", 0, "11")
    add_dual_vm(cloud, "near", "n2", 0, "11")
    if len(cloud.chassis) > 1:
        add_dual_vm(cloud, "far", "n2", 1, "12")
        for i, (name, chassis) in enumerate((("vsender", 0), ("vfar", 1)), 4):
            cloud.add_network("v%d" % i, "10.0.%d.0/24" % i, type="vlan",
                              segmentation_id=100 + i, physical_network="phys1")
            cloud.nb("router-port-add r1-v%d r1 v%d 0e:00:00:00:04:0%d 10.0.%d.1/24"
                     % (i, i, i, i))
            cloud.add_vm(name, "v%d" % i, chassis, "10.0.%d.12/24" % i, gateway="10.0.%d.1" % i)


@pytest.fixture
def cloud():
    with NsCloud(chassis=2, physnets=["phys1"]) as cloud:
        cloud.add_control()
        populate(cloud)
        cloud.sync()
        for one, two in (("sender", "near"), ("sender", "far"), ("vsender", "vfar")):
            cloud[one].expect_ping(cloud[two].ip, count=2)
        yield cloud


def streams(cloud):
    return cloud.streams(("sender", "near"), ("vsender", "vfar"))


def wait_for_ping(vm, target, timeout=15):
    wait_until(lambda: vm.ping(target, count=1, timeout=0.2),
               "no ping from %s to %s" % (vm, target), timeout)


def expect_all_pings(cloud):
    for one in cloud.vms:
        for two in cloud.vms:
            if one is not two:
                for ip in two.ips:
                    if any(family_of(ip) == family_of(own) for own in one.ips):
                        one.expect_ping(ip, count=1)


# --- Daemons --------------------------------------------------------------

@pytest.mark.parametrize("how", ["exit", "kill"])
def test_ovs_vswitchd_restarts(cloud, how):
    """It comes back without flows and with other port numbers; traffic returns by
    itself."""
    chassis = cloud.chassis[0]
    # A port that goes leaves a hole, which the new process fills.
    cloud.add_vm("passing", "n1", 0, "10.0.1.50/24")
    add_dual_vm(cloud, "later", "n1", 0, "51")
    cloud.sync()
    cloud.remove_vm("passing")
    pid = chassis.controller.pid
    chassis.restart_vswitchd(how)
    for name in ("near", "far", "later"):
        for ip in cloud[name].ips:
            wait_for_ping(cloud["sender"], ip)
    assert chassis.controller.pid == pid and chassis.controller.is_running()
    cloud.sync()
    expect_all_pings(cloud)


def test_ovs_vswitchd_restarts_while_the_controller_is_away(cloud):
    chassis = cloud.chassis[0]
    chassis.controller.kill()
    chassis.restart_vswitchd()
    cloud["sender"].expect_no_ping(cloud["near"].ip, count=1)
    chassis.start_controller()
    wait_for_ping(cloud["sender"], cloud["far"].ip)
    cloud.sync()
    expect_all_pings(cloud)


def flow_mods(chassis):
    return int(re.search(r"flow mods sent: (\d+)", chassis.dfappctl("status")).group(1))


def test_the_local_database_restarts(cloud):
    """Not a flow is touched.  (ovs-vswitchd does nothing without its database, and
    the userspace datapath lives in its main thread: so there is no traffic meanwhile,
    with or without a controller.)"""
    chassis = cloud.chassis[0]
    before, flows, start = flow_mods(chassis), chassis.flows(), time.monotonic()
    chassis.ovsdb.kill()
    time.sleep(0.3)
    assert "local database: lost" in chassis.dfappctl("status")
    chassis.ovsdb.start()
    wait_for_ping(cloud["sender"], cloud["near"].ip)
    wait_for_ping(cloud["vsender"], cloud["vfar"].ip)
    assert chassis.flows() == flows
    running = streams(cloud)
    cloud.sync()
    assert flow_mods(chassis) == before
    assert min(float(t) for t in re.findall(r"duration=([\d.]+)s", chassis.ofctl(
        "dump-flows", "br-int"))) > time.monotonic() - start
    cloud.add_vm("new", "n1", 0, "10.0.1.51/24", gateway="10.0.1.1")
    cloud.sync()
    cloud["new"].expect_ping(cloud["far"].ip, count=1)
    running.expect_no_loss()


def test_the_nb_database_dies_and_returns(cloud):
    """Nothing is lost meanwhile; what changes afterwards is applied."""
    running = streams(cloud)
    before = [flow_mods(chassis) for chassis in cloud.chassis]
    cloud.nb_db.kill()
    time.sleep(1.5)
    for chassis in cloud.chassis:
        assert "NB database: not connected" in chassis.dfappctl("status")
    cloud.nb_db.start()
    for chassis in cloud.chassis:
        wait_until(lambda: "NB database: connected" in chassis.dfappctl("status"),
                   "%s does not connect again" % chassis.name)
    cloud.nb_db.sync()
    assert [flow_mods(chassis) for chassis in cloud.chassis] == before
    cloud.add_vm("new", "n1", 1, "10.0.1.51/24", gateway="10.0.1.1")
    cloud.sync()
    cloud["new"].expect_ping(cloud["near"].ip, count=1)
    cloud["sender"].expect_ping(cloud["new"].ip, count=1)
    running.expect_no_loss()


def test_a_machine_is_plugged_while_the_nb_database_is_away(cloud):
    """A local change with a port that is known already."""
    cloud.nb("port-add new n1 0a:00:00:00:09:01 10.0.1.51")
    cloud.nb_db.sync()
    cloud.nb_db.kill()
    cloud.chassis[0].plug("new", "0a:00:00:00:09:01", ["10.0.1.51/24"], "10.0.1.1")
    wait_for_ping(cloud["new"], cloud["near"].ip)
    cloud.nb_db.start()
    cloud.sync()
    cloud["new"].expect_ping(cloud["far"].ip, count=1)


def test_the_controller_hangs(cloud):
    """Traffic goes on; afterwards it catches up."""
    running = streams(cloud)
    for chassis in cloud.chassis:
        os.kill(chassis.controller.pid, signal.SIGSTOP)
    try:
        time.sleep(0.3)
        cloud.nb("port-add new n1 0a:00:00:00:09:01 10.0.1.51")
        cloud["near"].expect_ping("10.0.2.1", count=1)  # The switch answers.
        time.sleep(0.7)
    finally:
        for chassis in cloud.chassis:
            os.kill(chassis.controller.pid, signal.SIGCONT)
    cloud.chassis[1].plug("new", "0a:00:00:00:09:01", ["10.0.1.51/24"], "10.0.1.1")
    cloud.sync()
    cloud["sender"].expect_ping("10.0.1.51", count=1)
    running.expect_no_loss()


def test_a_flood_of_packets_that_need_answers(cloud):
    """One machine sends as fast as it can what the daemon would have to answer: it
    stays idle enough to apply changes, others are served, and all is well after."""
    flooding = threading.Event()

    def flood(ttl, address):
        with cloud["sender"].socket(socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
            while flooding.is_set():
                with contextlib.suppress(OSError):
                    s.sendto(b"x" * 100, (address, 9))
    threads = [threading.Thread(target=flood, args=args) for args in (
        (1, "10.0.2.11"), (64, "10.0.2.1"), (64, "203.0.113.1"), (64, "10.0.2.99"))]
    flooding.set()
    try:
        for thread in threads:
            thread.start()
        cloud.nb("route-add r1 172.20.0.0/16 10.0.2.11")
        cloud.nb_db.sync(timeout=5)
        assert cloud["vsender"].ping(cloud["vfar"].ip, count=50, interval=0.01) >= 45
        assert cloud["vsender"].ping("10.0.4.1", count=50, interval=0.01) >= 45
    finally:
        flooding.clear()
        for thread in threads:
            thread.join()
    packet_ins = int(re.search(r"packet-ins: (\d+)",
                               cloud.chassis[0].dfappctl("status")).group(1))
    assert 100 < packet_ins < 10000
    wait_until(lambda: cloud["sender"].traceroute(cloud["near"].ip) ==
               ["10.0.1.1", cloud["near"].ip], "no traceroute after the flood")


# --- Order of start -------------------------------------------------------

def test_the_controller_starts_before_everything_else():
    with NsCloud(chassis=1, controller=False) as cloud:
        chassis = cloud.chassis[0]
        cloud.nb_db.kill()
        chassis.vswitchd.exit()
        chassis.ovsdb.kill()
        chassis.controller.start()
        time.sleep(0.3)
        assert chassis.controller.is_running()
        chassis.ovsdb.start()
        chassis.vsctl("--timeout=10", "--no-wait", "wait-until", "bridge", "br-int")
        chassis.vswitchd.start()
        chassis.address_underlay()
        wait_until(lambda: "state: synced" in chassis.dfappctl("status"), "no OpenFlow session")
        assert "not connected" in chassis.dfappctl("status")
        cloud.nb_db.start()
        populate(cloud)
        cloud.sync()
        expect_all_pings(cloud)


# --- Changes while traffic flows for others -------------------------------

def test_deleting_what_others_do_not_need_loses_nothing(cloud):
    """Ports, router ports, routers and networks come and go next to the streams."""
    running = streams(cloud)
    for i in range(5):
        cloud.add_network("n3", "10.0.3.0/24")
        cloud.add_router("r2", n2="10.0.2.2/24", n3="10.0.3.1/24")
        cloud.nb("router-port-add r1-n3 r1 n3 0e:00:00:00:ff:01 10.0.3.2/24",
                 "route-add r1 10.9.0.0/16 10.0.3.1")
        cloud.add_vm("other", "n3", i % 2, "10.0.3.11/24", gateway="10.0.3.1")
        cloud.sync()
        cloud["other"].expect_ping("10.0.2.2", count=1)
        cloud["sender"].expect_ping("10.0.3.2", count=1)
        cloud.remove_vm("other")
        cloud.nb("route-del r1", "router-port-del r1-n3")
        cloud.nb("router-port-del r2-n2", "router-port-del r2-n3", "router-del r2")
        cloud.nb("subnet-del n3-0", "net-del n3")
        cloud.nb("port-add p n1 0a:00:00:00:09:01 10.0.1.60", "port-add q n2 0a:00:00:00:09:02")
        cloud.nb("port-del p", "port-del q")
        cloud.sync()
    running.expect_no_loss()


def test_changing_an_object_in_use_loses_nothing_either(cloud):
    running = streams(cloud)
    for i in range(10):
        cloud.nb("set Network n2 mtu=%d" % (1400 + i), "set Router r1 external_ids:x=%d" % i)
        cloud.nb("add Port near addresses 10.0.2.9%d" % i)
        cloud.nb("route-add r1 10.%d.0.0/16 10.0.2.11" % (100 + i))
        cloud.nb_db.sync()
    running.expect_no_loss()


def test_another_machine_of_the_same_chassis_leaves(cloud):
    """far leaves: packets to it stop, the others do not."""
    running = streams(cloud)
    cloud.remove_vm("far")
    cloud.sync()
    cloud["sender"].expect_no_ping("10.0.2.12", count=1)
    running.expect_no_loss()


def move_target(cloud, request):
    """Live migration of "far" from the second chassis to the first."""
    old = cloud["far"]
    if request == "before":
        cloud.nb("set Port far requested_chassis=c1")
    new = cloud.chassis[0].plug("far-moved", old.mac, old.cidrs, old.gateway, iface_id="far")
    if request == "after":
        time.sleep(0.3)
        cloud.nb("set Port far requested_chassis=c1")
    wait_until(lambda: cloud.nb("get Port far up chassis") and
               cloud.nb("--format=csv --columns=name list Chassis c1") and
               cloud.nb("get Port far chassis") == cloud.nb("get Chassis c1 _uuid"),
               "c1 does not take the port over")
    cloud.nb_db.sync()
    return old, new


@pytest.mark.parametrize("request_at", ["before", "after", "never"])
def test_live_migration_moves_the_traffic(cloud, request_at):
    """With requested_chassis, and without (the last to plug has it)."""
    streams_to_far = [cloud["sender"].ping_stream(ip, 0.002) for ip in cloud["far"].ips]
    time.sleep(0.2)
    if request_at == "after":
        cloud.nb("set Port far requested_chassis=c2")
    old, new = move_target(cloud, request_at)
    old.run("ip link set eth0 down")
    time.sleep(0.2)
    # What is on its way to the old place when that gives the port up is lost.
    for stream in streams_to_far:
        sent, lost = stream.stop()
        assert lost <= 25 < sent, stream
    for ip in cloud["sender"].ips + cloud["near"].ips:
        new.expect_ping(ip, count=1)
    for ip in new.ips:
        cloud["near"].expect_ping(ip, count=1)

    cloud.chassis[1].unplug("far")
    cloud.nb_db.sync()
    assert cloud.nb("get Port far chassis") == cloud.nb("get Chassis c1 _uuid")
    for ip in new.ips:
        cloud["sender"].expect_ping(ip, count=1)


def test_a_machine_replugged_elsewhere_and_back(cloud):
    """Unplugged here, plugged there, as after an evacuation; three times."""
    far = cloud["far"]
    cloud.chassis[1].unplug("far")
    for i in range(3):
        where = cloud.chassis[i % 2]
        where.plug("far", far.mac, far.cidrs, far.gateway)
        cloud.sync()
        expect_all_pings(cloud)
        where.unplug("far")
        wait_until(lambda: cloud.nb("get Port far up").strip() == "false", "far is still up")


# --- A database that lost or holds nonsense -------------------------------

def test_the_nb_database_is_emptied(cloud):
    """Then the flows go, and come again with the topology; those of physical hosts when they are
    spoken to."""
    def n_flows(chassis):
        owned = chassis.dfappctl("flows").splitlines()
        return len(chassis.flows()) - sum("external neighbour" in line for line in owned)
    with_topology = [n_flows(chassis) for chassis in cloud.chassis]
    everything = ["Port", "Router_Port", "Static_Route", "Router", "Subnet", "Network", "Chassis",
                  "Global"]
    saved = cloud.nb("export")
    cloud.nb_db.transact(*[{"op": "delete", "table": t, "where": []} for t in everything])
    cloud.nb_db.sync()
    for chassis in cloud.chassis:
        assert "topology: 0 networks" in chassis.dfappctl("status")
        assert not re.search(  # But for the networks of transit to gateways.
            r"metadata=0x(?!f{15})[1-9a-f]|nw_dst=10\.", "\n".join(chassis.flows()))
    cloud["sender"].expect_no_ping("10.0.2.11", count=1)

    file = cloud.workspace.path / "saved.yaml"
    file.write_text(saved)
    cloud.nb("apply %s" % file)
    cloud.sync()
    expect_all_pings(cloud)
    for chassis, before in zip(cloud.chassis, with_topology):
        assert n_flows(chassis) == before


def row_uuid(cloud, table, name):
    return ["uuid", cloud.nb_db.rows(table, [["name", "==", name]], ["_uuid"])[0]["_uuid"][1]]


def test_wrong_rows_disable_only_themselves(cloud):
    """Written past dfctl.  Each is reported by name, on the chassis that can reach it;
    everything else goes on."""
    n1, n2 = (row_uuid(cloud, "Network", name) for name in ("n1", "n2"))
    r1 = row_uuid(cloud, "Router", "r1")
    segment = cloud.nb_db.rows("Network", [["name", "==", "n2"]],
                               ["segmentation_id"])[0]["segmentation_id"]
    running = streams(cloud)

    # Of two that claim the same thing the one in use has it, even if its UUID is higher.
    numbers = itertools.count(1)

    def insert(table, **row):
        return {"op": "insert", "table": table, "row": row,
                "uuid": "00000000-0000-4000-8000-%012x" % next(numbers)}
    wrong = [
        insert("Port", name="bad-mac", network=n1, mac="0a:00:00:00:00", addresses="10.0.1.70"),
        insert("Port", name="bad-mac2", network=n1, mac="01:00:5e:00:00:01"),
        insert("Port", name="bad-ip", network=n1, mac="0a:00:00:00:0b:01",
               addresses="10.0.1.300"),
        insert("Port", name="bad-twin", network=n2, mac="0a:00:00:00:0b:02",
               addresses="10.0.2.1"),
        insert("Network", name="bad-segment", type="vxlan", segmentation_id=segment),
        insert("Network", name="bad-range", type="vlan", segmentation_id=5000,
               physical_network="phys1"),
        insert("Network", name="bad-physnet", type="vlan", segmentation_id=7),
        insert("Router", name="bad-routes",
               static_routes=["set", ["nonsense", "10.0.0.0/8 via 10.0.2.300"]]),
        insert("Router_Port", name="bad-rp", router=r1, network=n2, mac="0e:00:00:00:0b:03",
               addresses="10.0.2.1"),
        insert("Router_Port", name="bad-rp2", router=r1, network=n2, mac="xx", addresses="x"),
        insert("Chassis", name="bad-chassis", encaps=["map", [["vxlan", "172.31.0.999"]]]),
    ]
    inserted = cloud.nb_db.transact(*wrong)
    cloud.nb_db.transact(
        {"op": "update", "table": "Port", "where": [["name", "==", "bad-mac"]],
         "row": {"chassis": row_uuid(cloud, "Chassis", "bad-chassis")}},
        {"op": "mutate", "table": "Router", "where": [["name", "==", "r1"]],
         "mutations": [["static_routes", "insert", ["set", ["10.5.0.0/16 over 10.0.2.11"]]]]})

    names = [operation["row"]["name"] for operation in wrong]
    # Networks on phys1 are in reach of the gateways for it.
    out_of_reach = {"bad-physnet", "bad-routes"}

    def problems(chassis):
        return chassis.dfappctl("status").partition("problems:")[2]
    for chassis in cloud.chassis:
        wait_until(lambda: problems(chassis).count("\n") >= len(wrong) - len(out_of_reach) + 1,
                   lambda: "%s reports only\n%s" % (chassis.name, problems(chassis)))
        for name in names:
            assert (name in problems(chassis)) == (name not in out_of_reach)
        assert "r1" in problems(chassis)
    everything = cloud.nb("status", check=False)
    for name in names:
        assert name in everything
    # The rest works, new objects included.
    cloud.add_vm("new", "n1", 1, "10.0.1.51/24", gateway="10.0.1.1")
    cloud.wait_up("new")
    wait_for_ping(cloud["new"], "10.0.2.11")
    cloud["sender"].expect_ping("10.0.2.1", count=1)
    running.expect_no_loss()

    assert len(inserted) == len(wrong)
    cloud.nb_db.transact(
        *[{"op": "delete", "table": o["table"], "where": [["name", "==", o["row"]["name"]]]}
          for o in wrong],
        {"op": "update", "table": "Router", "where": [["name", "==", "r1"]],
         "row": {"static_routes": ["set", []]}})
    for chassis in cloud.chassis:
        wait_until(lambda: problems(chassis) == " none\n", lambda: problems(chassis))
    cloud.sync()


def test_wrong_rows_that_are_corrected_work_at_once(cloud):
    n2 = row_uuid(cloud, "Network", "n2")
    cloud.nb_db.transact({"op": "insert", "table": "Port", "row": {
        "name": "late", "network": n2, "mac": "nonsense", "addresses": "10.0.2.60"}})
    vm = cloud.chassis[1].plug("late", "0a:00:00:00:09:01", ["10.0.2.60/24"], "10.0.2.1")
    time.sleep(0.2)
    vm.expect_no_ping("10.0.1.11", count=1)
    cloud.nb_db.transact({"op": "update", "table": "Port", "where": [["name", "==", "late"]],
                          "row": {"mac": "0a:00:00:00:09:01"}})
    cloud.sync()
    vm.expect_ping("10.0.1.11", count=1)


def test_a_tunnel_address_that_no_interface_has_is_a_problem_with_a_name(cloud):
    chassis = cloud.chassis[0]
    before = chassis.encap_ip
    assert "tunnel address" not in chassis.dfappctl("status").partition("problems:")[2]
    chassis.configure(encap_ip="203.0.113.9")
    sentence = "tunnel address 203.0.113.9 (dragonflow-encap-ip): no interface of this host has it"
    wait_until(lambda: sentence in chassis.dfappctl("status"), lambda: chassis.dfappctl("status"))
    wait_until(lambda: sentence in cloud.nb("status", check=False), "dfctl status")
    chassis.configure(encap_ip=before)
    wait_until(lambda: "no faults" in cloud.nb("status", check=False), "no faults", 20)
    cloud.sync()
