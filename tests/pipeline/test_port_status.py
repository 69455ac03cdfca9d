# SPDX-License-Identifier: Apache-2.0
"""What a chassis writes back: Port.chassis, Port.up, Chassis, applied."""
import re

import pytest

from dfharness import Cloud, wait_until


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n2", 1, "10.0.2.12")
        cloud.sync()
        yield cloud


def port(cloud, name):
    row = cloud.nb_db.rows("Port", [["name", "==", name]])[0]
    chassis = {r["_uuid"][1]: r["name"] for r in cloud.nb_db.rows("Chassis")}
    where = chassis.get(row["chassis"][1]) if row["chassis"] != ["set", []] else None
    return where, row["up"] is True


def test_a_plugged_port_names_its_chassis_and_is_up(cloud):
    assert port(cloud, "vm1") == ("c1", True)
    assert port(cloud, "vm2") == ("c2", True)


def test_a_port_without_an_interface_is_not_up(cloud):
    cloud.nb("port-add ghost n1 0a:00:00:00:77:01 10.0.1.77")
    cloud.nb_db.sync()
    assert port(cloud, "ghost") == (None, False)
    cloud.nb("port-del ghost")


def test_a_port_goes_down_when_its_interface_goes(cloud):
    vm = cloud.add_vm("vm3", "n1", 1, "10.0.1.13")
    cloud.sync()
    assert port(cloud, "vm3") == ("c2", True)
    vm.unplug()
    wait_until(lambda: not port(cloud, "vm3")[1], "vm3 is still up")
    assert port(cloud, "vm3")[0] is None
    cloud.nb("port-del vm3")


def test_an_interface_may_come_before_its_port(cloud):
    vm = cloud.chassis[0].plug("early", "0a:00:00:00:78:01", ["10.0.1.78"])
    cloud.nb("port-add early n1 %s %s" % (vm.mac, vm.ip))
    cloud.wait_up("early")
    assert port(cloud, "early") == ("c1", True)
    vm.unplug()
    cloud.nb("port-del early")
    cloud.sync()


def test_up_means_that_packets_pass(cloud):
    """Without dfctl sync: as soon as the port is up, its chassis forwards."""
    vm1 = cloud["vm1"]
    for i in range(5):
        ip = "10.0.1.%d" % (100 + i)
        vm = cloud.add_vm("quick%d" % i, "n1", 0, ip)
        cloud.wait_up(vm.name)
        cloud.chassis[0].revalidated()
        frame = vm1.udp(vm.mac, vm.ip)
        cloud.check(vm1, frame, {vm: frame})
    for i in range(5):
        cloud["quick%d" % i].unplug()
        cloud.nb("port-del quick%d" % i)
    cloud.sync()


def test_a_machine_that_moves_is_found_at_its_new_place(cloud):
    """Live migration: the new interface is plugged before the old one goes."""
    vm1 = cloud["vm1"]
    old = cloud.add_vm("mover", "n1", 0, "10.0.1.50")
    cloud.sync()
    frame = vm1.udp(old.mac, old.ip)
    cloud.check(vm1, frame, {old: frame})
    old.unplug()
    wait_until(lambda: port(cloud, "mover")[0] is None, "mover is still on c1")
    new = cloud.chassis[1].plug("mover", old.mac, old.ips)
    cloud.sync()
    assert port(cloud, "mover") == ("c2", True)
    cloud.check(vm1, frame, {new: frame})
    new.unplug()
    cloud.nb("port-del mover")
    cloud.sync()


def test_each_chassis_describes_itself(cloud):
    rows = {row["name"]: row for row in cloud.nb_db.rows("Chassis")}
    assert set(rows) == {"c1", "c2"}
    for number, name in ((1, "c1"), (2, "c2")):
        encaps = dict(rows[name]["encaps"][1])
        assert encaps == {t: "172.31.0.%d" % number for t in ("geneve", "vxlan", "gre")}
        assert dict(rows[name]["bridge_mappings"][1]) == {"phys1": "br-phys1"}
        assert rows[name]["hostname"]


def test_sync_raises_the_sequence_and_every_chassis_follows(cloud):
    cloud.nb_db.sync()
    cloud.nb_db.sync()
    sequence = cloud.nb_db.rows("Global")[0]["sequence"]
    assert sequence >= 2
    assert [row["applied"] for row in cloud.nb_db.rows("Chassis")] == [sequence, sequence]


def lines(cloud, number, *command):
    """What the chassis says of its plugged ports, without the times."""
    out = cloud.chassis[number].dfappctl(*command)
    return [re.sub(r" for \d+ s", "", line.strip()) for line in out.splitlines()]


def test_the_status_says_how_far_each_plugged_port_is(cloud):
    chassis = cloud.chassis[0]
    assert "vm1: port vm1, network n1, up" in lines(cloud, 0, "status")
    chassis.plug("tap-x", iface_id="nowhere")
    chassis.plug("vm1-again", iface_id="vm1")
    cloud.nb("port-add y n2 0a:00:00:00:79:01 10.0.2.79")
    cloud.nb("set Port y requested_chassis=c2")
    chassis.plug("tap-y", iface_id="y")
    expected = {
        "plugged ports: 1 no such port, 1 requested elsewhere, 1 up, 1 duplicate",
        "tap-x: port nowhere, no such port: "
        "no port of this name has been read from the NB database",
        "tap-y: port y, network n2, requested elsewhere: on chassis c2",
        "vm1: port vm1, network n1, up",
        "vm1-again: port vm1, network n1, duplicate: the port is on interface vm1",
    }
    wait_until(lambda: expected <= set(lines(cloud, 0, "status")),
               lambda: lines(cloud, 0, "status"))
    assert set(lines(cloud, 0, "ports")) == {
        line for line in expected if not line.startswith("plugged")}

    cloud.nb("set Port y enabled=false")
    disabled = "tap-y: port y, network n2, disabled: Port.enabled is false"
    wait_until(lambda: lines(cloud, 0, "ports", "tap-y") == [disabled], "the port is disabled")
    assert lines(cloud, 0, "ports", "n2") == lines(cloud, 0, "ports", "y") == [disabled]
    with pytest.raises(Exception, match="no interface"):
        chassis.dfappctl("ports", "unheard-of")
    for name in ("tap-x", "vm1-again", "tap-y"):
        chassis.vms[name].unplug()
    cloud.nb("port-del y")
    wait_until(lambda: lines(cloud, 0, "ports") == ["vm1: port vm1, network n1, up"], "all gone")


def test_of_many_ports_the_status_lists_those_that_are_not_up(cloud):
    chassis = cloud.chassis[1]
    for i in range(40):
        chassis.plug("many%d" % i, iface_id="many%d" % i)
    wait_until(lambda: "plugged ports: 40 no such port, 1 up" in lines(cloud, 1, "status"), "all")
    status = lines(cloud, 1, "status")
    assert sum(": port " in line for line in status) == 32
    assert 'and 8 more: see "ports"' in status
    assert not any(line.startswith("vm2:") for line in status)
    assert len(lines(cloud, 1, "ports")) == 41
    for i in range(40):
        chassis.vms["many%d" % i].unplug()
    wait_until(lambda: len(lines(cloud, 1, "ports")) == 1, "all gone")
