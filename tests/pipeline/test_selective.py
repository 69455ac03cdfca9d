# SPDX-License-Identifier: Apache-2.0
"""A chassis reads those rows of the NB database that matter to it, and is not
bothered with others; its flows are those that the whole database would give."""
import random
import re

import pytest

from dfharness import Cloud, wait_until
from dfharness.randomrows import RandomRows
from dfharness.relay import Relay


@pytest.fixture
def cloud():
    """Two chassis with a network each; machines of n1 on the first, of n2 on the second."""
    with Cloud(chassis=2) as cloud:
        for i in (1, 2):
            cloud.add_network("n%d" % i, "10.0.%d.0/24" % i)
            cloud.add_vm("vm%d" % i, "n%d" % i, i - 1, "10.0.%d.11" % i)
        cloud.sync()
        yield cloud


def conditions(chassis):
    return chassis.dfappctl("northbound/conditions")


def rows(chassis):
    """Table to number of rows."""
    line = [x for x in conditions(chassis).splitlines() if x.startswith("rows:")][0]
    return {table: int(n) for table, n in re.findall(r"(\w+) (\d+)", line)}


def updates(chassis):
    """How often something came from the NB database."""
    return int(re.search(r"(\d+) updates", conditions(chassis)).group(1))


def requests(chassis):
    return int(re.search(r"conditions: (\d+) requests", conditions(chassis)).group(1))


def wait_rows(chassis, **expected):
    def right():
        now = rows(chassis)
        return all(now[table] == n for table, n in expected.items())
    wait_until(right, lambda: conditions(chassis), 20)


def test_what_is_out_of_reach_is_not_read(cloud):
    for chassis in cloud.chassis:
        assert rows(chassis) == {"Network": 1, "Subnet": 1, "Port": 1, "Router": 0,
                                 "Router_Port": 0, "Static_Route": 0, "NAT": 0, "Chassis": 2}


def test_a_chassis_is_not_woken_for_what_is_out_of_its_reach(cloud):
    c1 = cloud.chassis[0]
    before = updates(c1)
    for i in range(5):
        cloud.add_vm("more%d" % i, "n2", 1, "10.0.2.2%d" % i)
    cloud.add_network("n3", "10.0.3.0/24")
    cloud.add_router("r", n2="10.0.2.1/24", n3="10.0.3.1/24")
    cloud.nb("route-add r 10.9.0.0/16 10.0.2.11")
    cloud.nb_db.transact({"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
                          "row": {"enabled": False}})
    cloud.wait_up("more0", "more4")
    assert updates(c1) == before


def test_a_router_brings_what_is_behind_it_and_takes_it_along(cloud):
    c1 = cloud.chassis[0]
    cloud.add_router("r", n1="10.0.1.1/24", n2="10.0.2.1/24")
    cloud.sync()
    wait_rows(c1, Network=2, Subnet=2, Port=2, Router=1, Router_Port=2, Chassis=2)
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    gateway = "0e:00:00:00:01:01"
    cloud.clear()
    vm1.send(vm1.udp(gateway, vm2.ip))
    assert len(vm2.take()) == 1
    cloud.nb("router-port-del r-n2", "router-port-del r-n1", "router-del r")
    wait_rows(c1, Network=1, Subnet=1, Port=1, Router=0, Router_Port=0, Chassis=2)


def test_a_chain_of_routers_is_read_to_its_end(cloud):
    """r1 has a route by r2, which has one by r3."""
    for i in (3, 4):
        cloud.add_network("n%d" % i, "10.0.%d.0/24" % i)
    cloud.add_router("r1", n1="10.0.1.1/24", n3="10.0.3.1/24")
    cloud.add_router("r2", n3="10.0.3.2/24", n4="10.0.4.2/24")
    cloud.add_router("r3", n4="10.0.4.3/24", n2="10.0.2.1/24")
    cloud.nb("route-add r1 10.0.2.0/24 10.0.3.2", "route-add r2 10.0.2.0/24 10.0.4.3")
    cloud.sync()
    wait_rows(cloud.chassis[0], Network=4, Port=2, Router=3, Router_Port=6, Static_Route=2)
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    cloud.clear()
    vm1.send(vm1.udp("0e:00:00:00:01:01", vm2.ip))
    assert len(vm2.take()) == 1


def test_ports_are_asked_for_by_name_only_until_their_networks_are_known(cloud):
    """Two networks and the claims of this chassis: nothing to be given up later, which would
    cost the server another walk over all ports."""
    c1 = cloud.chassis[0]
    cloud.add_router("r", n1="10.0.1.1/24", n2="10.0.2.1/24")
    c1.restart_controller()
    cloud.sync()
    assert re.search(r"clauses: .*\bPort 3\b", conditions(c1)), conditions(c1)
    c1.plug("later")
    cloud.sync()
    assert re.search(r"clauses: .*\bPort 4\b", conditions(c1)), conditions(c1)


def test_a_machine_that_is_rebooted_costs_no_request(cloud):
    """What it needs is given up some seconds later only."""
    c1 = cloud.chassis[0]
    cloud.add_vm("other", "n1", 0, "10.0.1.12")
    cloud.sync()
    before = requests(c1)
    for _ in range(2):
        cloud["other"].unplug()
        cloud.sync()
        c1.plug("other", cloud["vm1"].mac)
        cloud.sync()
    assert requests(c1) - before <= 1  # To give up what the start needed.


def test_the_chassis_that_is_left_gives_up_its_claim(cloud):
    """Also when it has lost sight of the port's network."""
    cloud["vm1"].unplug()
    wait_until(lambda: not cloud.nb_db.rows("Port", [["name", "==", "vm1"]])[0]["up"],
               "the port to be down")
    cloud.sync(ports_up=False)
    wait_rows(cloud.chassis[0], Network=0, Port=0, Chassis=2)


def test_a_port_may_move_to_a_network_that_is_out_of_reach(cloud):
    network = cloud.nb_db.rows("Network", [["name", "==", "n2"]])[0]["_uuid"]
    cloud.nb_db.transact({"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
                          "row": {"network": network}})
    cloud.sync()
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    cloud.clear()
    vm1.send(vm1.udp(vm2.mac, vm2.ip))
    assert len(vm2.take()) == 1
    wait_rows(cloud.chassis[0], Network=1, Port=2)


@pytest.mark.parametrize("how", ["restart", "reconnect"])
def test_the_connection_may_be_lost_meanwhile(cloud, how):
    """Conditions that were changed while the server was away are not forgotten."""
    c1 = cloud.chassis[0]
    if how == "restart":
        cloud.nb_db.restart()
    else:
        cloud.nb_db.daemon.appctl("ovsdb-server/reconnect")
    c1.plug("late", cloud.new_mac(), ["10.0.2.33"])
    cloud.nb("port-add late n2 %s 10.0.2.33" % cloud["late"].mac)
    cloud.sync()
    wait_rows(c1, Network=2, Port=3)


def test_a_rival_for_a_segment_is_known(cloud):
    """Two networks with one VNI: the one that is in use has it, on every chassis,
    whichever can be reached from there."""
    c1 = cloud.chassis[0]
    vni = cloud.nb_db.rows("Network", [["name", "==", "n1"]])[0]["segmentation_id"]
    cloud.nb_db.transact({"op": "insert", "table": "Network", "row": {
        "name": "rival", "type": "geneve", "segmentation_id": vni}})
    cloud.sync()
    assert rows(c1)["Network"] == 2
    assert "network rival: its segment already belongs to network n1" in c1.dfappctl("status")
    assert "rival" not in cloud.chassis[1].dfappctl("status")


def test_a_row_that_is_not_read_is_no_fault(cloud):
    cloud.add_router("r", n1="10.0.1.1/24", n2="10.0.2.1/24")
    cloud.add_network("n3", "10.0.3.0/24")
    cloud.add_router("s", n2="10.0.2.2/24", n3="10.0.3.1/24")
    cloud.sync()
    for chassis in cloud.chassis:
        assert "problems: none" in chassis.dfappctl("status")
        log = (chassis.rundir / "df-controller.log").read_text()
        assert "does not exist" not in log and "inconsistent" not in log


# --- Selective equals whole --------------------------------------------------


def applied(cloud):
    """Waits for the first chassis alone: the others are not there."""
    db, name = cloud.nb_db, cloud.chassis[0].name
    found = db.rows("Global")
    sequence = found[0]["sequence"] + 1 if found else 1
    db.transact({"op": "update", "table": "Global", "where": [], "row": {"sequence": sequence}}
                if found else {"op": "insert", "table": "Global", "row": {"sequence": sequence}})
    wait_until(lambda: db.rows("Chassis", [["name", "==", name]], ["applied"])[0]["applied"]
               == sequence, lambda: "applied: " + conditions(cloud.chassis[0]), 20)


@pytest.mark.parametrize("seed", range(3))
def test_selective_equals_whole(seed):
    """Against a real server: after any changes the flows are those of a controller that
    reads the whole database."""
    rng = random.Random(seed)
    fewer = 0
    with Cloud(chassis=1, physnets=["phys1"]) as cloud:
        chassis, db = cloud.chassis[0], RandomRows(cloud.nb_db, rng)
        for i in range(RandomRows.LOCAL):
            chassis.plug("p%d" % i)
        for i in range(RandomRows.NETWORKS):
            db.network(i)
        for _ in range(8):
            for _ in range(40):
                db.change()
            i = rng.randrange(RandomRows.LOCAL)  # Unplugged, and perhaps back again.
            if "p%d" % i in chassis.vms:
                chassis.vms["p%d" % i].unplug()
            else:
                chassis.plug("p%d" % i)
            applied(cloud)
            selective, n = chassis.flows(), sum(rows(chassis).values())
            chassis.configure(monitor_all="true")
            wait_until(lambda: "the whole database" in conditions(chassis), "the whole database")
            applied(cloud)
            assert chassis.flows() == selective
            fewer += n < sum(rows(chassis).values())
            chassis.configure(monitor_all=None)
            wait_until(lambda: "the whole database" not in conditions(chassis), "conditions")
            applied(cloud)
            assert chassis.flows() == selective
            assert "inconsistent" not in (chassis.rundir / "df-controller.log").read_text()
    assert fewer  # Or nothing has been compared.


class Forgetful(Relay):
    """Hands on nothing any more from the moment in which the server says 'word'."""

    word, deaf = None, False

    def begin(self):
        self.deaf = False

    def said(self, data):
        self.deaf = self.deaf or self.word is not None and self.word in data
        return b"" if self.deaf else data


def test_a_chassis_that_never_learns_of_its_new_row_takes_it_away_again(cloud):
    """It gets another name, claims its ports in that name, and gets the old one back before
    it has heard that the database took note of the first change."""
    c1 = cloud.chassis[0]
    before = sorted(c1.flows())
    relay = Forgetful(cloud.workspace.path / "forgetful.sock", cloud.nb_db.socket)
    relay.start()
    try:
        c1.configure(remote="unix:" + relay.path)
        cloud.sync()
        relay.word = b'"other"'
        c1.configure(system_id="other")
        wait_until(lambda: relay.deaf and cloud.nb_db.rows("Chassis", [["name", "==", "other"]]),
                   "the new name")
        c1.configure(system_id="c1")
        wait_until(lambda: "chassis: c1" in c1.dfappctl("status"), "the old name")
        relay.word = None
        relay.drop()
        wait_until(lambda: sorted(r["name"] for r in cloud.nb_db.rows("Chassis")) == ["c1", "c2"],
                   "one row for each chassis")
        cloud.sync()
        assert sorted(c1.flows()) == before
    finally:
        relay.stop()


def test_a_chassis_that_is_renamed_behind_the_servers_back_keeps_its_ports(cloud):
    """Its old row, which has claimed them, is gone in the end."""
    c1 = cloud.chassis[0]
    before = sorted(c1.flows())
    remote = cloud.nb_db.remote
    c1.configure(system_id="other")
    wait_until(lambda: cloud.nb_db.rows("Chassis", [["name", "==", "other"]]), "the new name")
    c1.configure(remote="unix:/nowhere")
    wait_until(lambda: "NB database: not connected" in c1.dfappctl("status"), "the end")
    c1.configure(system_id="c1")
    c1.configure(remote=remote)
    wait_until(lambda: sorted(r["name"] for r in cloud.nb_db.rows("Chassis")) == ["c1", "c2"],
               "one row for each chassis")
    cloud.sync()
    assert sorted(c1.flows()) == before
