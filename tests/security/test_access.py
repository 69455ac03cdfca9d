# SPDX-License-Identifier: Apache-2.0
"""With role-based access control, a chassis does its whole job, and one that was broken
into can do nothing to the others."""
import pytest

from dfharness import Failure, wait_until
from dfharness.secure import Client, Refused, SecureCloud


@pytest.fixture(scope="module")
def cloud(pki):
    with SecureCloud(chassis=2, pki=pki) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n2", 1, "10.0.2.12")
        cloud.sync()
        yield cloud


def chassis_row(cloud, name):
    row, = cloud.nb_db.rows("Chassis", [["name", "==", name]])
    return row


def expect_routed(cloud, source, destination):
    """A packet gets from one to the other through r1."""
    here, there = cloud[source], cloud[destination]
    router = {"10.0.1": cloud.r1["n1"], "10.0.2": cloud.r1["n2"]}
    frame = here.udp(router[here.ip[:6]].mac, there.ip)
    cloud.clear()
    here.send(frame)
    assert len(there.take()) == 1


# --- A chassis does its job ----------------------------------------------

def test_ports_are_claimed_and_packets_flow(cloud):
    assert cloud.port("vm1") == ("c1", True)
    assert cloud.port("vm2") == ("c2", True)
    expect_routed(cloud, "vm1", "vm2")
    assert "NB access control" not in cloud.chassis[0].dfappctl("status")


def test_encapsulations_are_announced_and_changed(cloud):
    c2 = cloud.chassis[1]
    c2.configure(encap_type="geneve,vxlan")
    try:
        wait_until(lambda: len(chassis_row(cloud, "c2")["encaps"][1]) == 2, "no change")
    finally:
        c2.configure(encap_type="geneve,vxlan,gre")
    wait_until(lambda: len(chassis_row(cloud, "c2")["encaps"][1]) == 3, "no change")


def test_a_second_tunnel_address_is_announced_and_withdrawn(cloud):
    c2 = cloud.chassis[1]
    for address, number in (("172.31.0.2,fd31::2", 3), ("172.31.0.2", 0)):
        c2.configure(encap_ip=address)
        wait_until(lambda: len(chassis_row(cloud, "c2")["encaps_ipv6"][1]) == number, "no change")
        assert len(chassis_row(cloud, "c2")["encaps"][1]) == 3


def test_a_gateway_is_announced_and_withdrawn(cloud):
    c2 = cloud.chassis[1]
    for value, row in (("true", True), ("false", ["set", []])):
        c2.configure(gateway=value)
        wait_until(lambda: chassis_row(cloud, "c2")["gateway"] == row, "no change")


@pytest.mark.parametrize("how", ["exit --restart", "kill", "exit"])
def test_the_controller_restarts(cloud, how):
    cloud.chassis[1].restart_controller(how)
    cloud.sync()
    expect_routed(cloud, "vm1", "vm2")


def test_an_unplugged_port_is_released(cloud):
    vm = cloud.add_vm("passing", "n1", 0, "10.0.1.20")
    cloud.wait_port("passing", cloud.chassis[0])
    vm.unplug()
    cloud.wait_port("passing", None, up=False)
    cloud.nb("port-del passing")


def test_a_port_moves_to_where_it_is_requested(cloud):
    """Live migration: plugged in at both, then asked for at the other."""
    c1, c2 = cloud.chassis
    old = cloud.add_vm("moving", "n1", 0, "10.0.1.21")
    cloud.wait_port("moving", c1)
    new = c2.plug("moving", old.mac, old.ips)
    cloud.request("moving", c2)
    cloud.wait_port("moving", c2)
    del c1.vms["moving"]
    c1.vsctl("del-port", "br-int", "moving")
    cloud.sync()
    assert cloud.port("moving") == ("c2", True)
    frame = cloud["vm1"].udp(new.mac, new.ip)
    cloud.check(cloud["vm1"], frame, {new: frame})
    new.unplug()
    cloud.wait_port("moving", None, up=False)
    cloud.nb("port-del moving")


def test_a_port_without_requested_chassis_is_not_claimed_and_holds_up_nothing(cloud):
    c1 = cloud.chassis[0]
    vm = cloud.add_vm("stray", "n1", 0, "10.0.1.22", requested=False)
    wait_until(lambda: "NB access control: in force; 1 ports" in c1.dfappctl("status"),
               lambda: c1.dfappctl("status"))
    cloud.nb_db.sync()
    assert cloud.port("stray") == (None, False)
    assert "port stray, network n1, refused for " in c1.dfappctl("ports", "stray")
    cloud.add_vm("welcome", "n1", 0, "10.0.1.23")
    cloud.wait_port("welcome", c1)
    cloud.request("stray", c1)
    cloud.wait_port("stray", c1)
    # Asked for elsewhere, and then unplugged: the claim is no longer ours to give up.
    cloud.request("stray", cloud.chassis[1])
    vm.unplug()
    cloud["welcome"].unplug()
    cloud.wait_port("welcome", None, up=False)
    cloud.nb_db.sync()
    cloud.nb("port-del stray", "port-del welcome")


def test_a_controller_with_the_certificate_of_another_says_so(cloud):
    c3 = cloud.add_chassis()
    try:
        wait_until(lambda: cloud.nb_db.rows("Chassis", [["name", "==", "c3"]]), "no c3")
        c3.controller.exit()
        folder = cloud.pki.folder("chassis", "c1")
        c3.vsctl("--no-wait", "set-ssl", folder / "key.pem", folder / "cert.pem",
                 folder / "ca.pem")
        c3.start_controller()
        wait_until(lambda: "is our certificate made out to this name?" in c3.controller.output(),
                   "nothing is logged")
        assert 'certificate: "c1"' in c3.dfappctl("status")
        assert "not the name of this chassis" in c3.dfappctl("status")
        assert not cloud.nb_db.rows("Chassis", [["name", "==", "c3"]])
    finally:
        c3.controller.kill()
        cloud.chassis.remove(c3)


# --- A chassis that was broken into --------------------------------------

NEW_CHASSIS = {"hostname": "", "encaps": ["map", [["geneve", "172.31.0.66"]]]}
HIJACK = {
    "another chassis' tunnel address":
        {"op": "update", "table": "Chassis", "where": [["name", "==", "c2"]],
         "row": {"encaps": ["map", [["geneve", "172.31.0.66"]]]}},
    "another chassis' row":
        {"op": "delete", "table": "Chassis", "where": [["name", "==", "c2"]]},
    "all chassis":
        {"op": "delete", "table": "Chassis", "where": []},
    "what another chassis has applied":
        {"op": "mutate", "table": "Chassis", "where": [["name", "==", "c2"]],
         "mutations": [["applied", "+=", 1000]]},
    "a row in another's name":
        {"op": "insert", "table": "Chassis", "row": {"name": "c9", **NEW_CHASSIS}},
    "its own name":
        {"op": "update", "table": "Chassis", "where": [["name", "==", "c1"]],
         "row": {"name": "c2"}},
    "a port that is elsewhere":
        {"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
         "row": {"chassis": ["named-uuid", "me"]}},
    "whether a port elsewhere is up":
        {"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
         "row": {"up": False}},
    "all ports":
        {"op": "update", "table": "Port", "where": [], "row": {"up": False}},
    "where its own port is requested":
        {"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
         "row": {"requested_chassis": "c2"}},
    "where another port is requested":
        {"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
         "row": {"requested_chassis": "c1"}},
    "the addresses of its own port":
        {"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
         "row": {"addresses": ["set", ["10.0.1.11", "10.0.1.12"]]}},
    "the address of a port elsewhere":
        {"op": "mutate", "table": "Port", "where": [["name", "==", "vm2"]],
         "mutations": [["addresses", "delete", "10.0.2.12"]]},
    "its own port's existence":
        {"op": "delete", "table": "Port", "where": [["name", "==", "vm1"]]},
    "a network": {"op": "update", "table": "Network", "where": [["name", "==", "n1"]],
                  "row": {"mtu": 68}},
    "a network's existence":
        {"op": "delete", "table": "Subnet", "where": []},
    "a new network":
        {"op": "insert", "table": "Network", "row": {"name": "evil", "type": "local"}},
    "routes": {"op": "update", "table": "Router", "where": [["name", "==", "r1"]],
               "row": {"static_routes": "0.0.0.0/0 via 10.0.1.66"}},
    "a new route":
        {"op": "insert", "table": "Static_Route", "row": {
            "prefix": "0.0.0.0/0", "next_hop": "10.0.1.66"}},
    "a route's existence": {"op": "delete", "table": "Static_Route", "where": []},
    "a new floating IP":
        {"op": "insert", "table": "NAT", "row": {
            "name": "evil", "type": "dnat_and_snat", "external_ip": "203.0.113.66",
            "logical_ip": "10.0.1.66"}},
    "whose a floating IP is": {"op": "update", "table": "NAT", "where": [],
                               "row": {"logical_ip": "10.0.1.66"}},
    "a floating IP's existence": {"op": "delete", "table": "NAT", "where": []},
    "whether another chassis is a gateway":
        {"op": "update", "table": "Chassis", "where": [["name", "==", "c2"]],
         "row": {"gateway": True}},
    "a router's address":
        {"op": "mutate", "table": "Router_Port", "where": [],
         "mutations": [["addresses", "insert", "10.0.1.12/24"]]},
    "the sequence": {"op": "mutate", "table": "Global", "where": [],
                     "mutations": [["sequence", "+=", 1]]},
    "what is listened to":
        {"op": "insert", "table": "Connection", "row": {"target": "ptcp:0"}},
    "its role": {"op": "update", "table": "Connection", "where": [], "row": {"role": ""}},
    "what roles may do":
        {"op": "update", "table": "RBAC_Permission", "where": [], "row": {"authorization": ""}},
    "the roles": {"op": "delete", "table": "RBAC_Role", "where": []},
}


def contents(cloud):
    """Everything but how often 'dfctl sync' was called."""
    tables = ("Global", "Network", "Subnet", "Port", "Router", "Router_Port",
              "Static_Route", "NAT", "Chassis", "Connection", "RBAC_Role",
              "RBAC_Permission")
    return {table: sorted(map(str, cloud.nb_db.rows(table))) for table in tables}


@pytest.mark.parametrize("what", HIJACK)
def test_a_chassis_cannot_change(cloud, what):
    cloud.sync()
    before = contents(cloud)
    operation = HIJACK[what]
    if what == "a port that is elsewhere":
        uuid = chassis_row(cloud, "c1")["_uuid"]
        operation = dict(operation, row={"chassis": uuid})
    with pytest.raises(Refused, match="permission error"):
        cloud.client("c1").transact(operation)
    assert contents(cloud) == before


def test_one_transaction_does_not_grant_itself_what_the_next_operation_needs(cloud):
    """Neither by first asking for the port oneself, nor by becoming the other."""
    before = contents(cloud)
    for operations in (
            [HIJACK["where another port is requested"], HIJACK["whether a port elsewhere is up"]],
            [HIJACK["its own name"], HIJACK["another chassis' tunnel address"]],
            [HIJACK["what roles may do"], HIJACK["a network"]]):
        with pytest.raises(Refused, match="permission error"):
            cloud.client("c1").transact(*operations)
    assert contents(cloud) == before


def test_what_is_its_own_a_chassis_may_change(cloud):
    """So the refusals above are about rights, and not about the client."""
    result, = cloud.client("c1").transact(
        {"op": "update", "table": "Chassis", "where": [["name", "==", "c1"]],
         "row": {"hostname": "mine"}})
    assert result == {"count": 1}
    result, = cloud.client("c1").transact(
        {"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
         "row": {"up": True}})
    assert result == {"count": 1}
    cloud.chassis[0].restart_controller()
    wait_until(lambda: chassis_row(cloud, "c1")["hostname"] != "mine", "no correction")


def test_a_port_that_is_put_onto_a_chassis_by_another_does_it_no_harm(cloud):
    """c1 may say of its own port that it is on c2, which is nonsense.  c2, which
    has no right to correct it, goes on."""
    cloud.add_vm("bait", "n1", 0, "10.0.1.30")
    cloud.wait_port("bait", cloud.chassis[0])
    cloud.chassis[0].controller.exit("--restart")
    try:
        cloud.client("c1").transact(
            {"op": "update", "table": "Port", "where": [["name", "==", "bait"]],
             "row": {"chassis": chassis_row(cloud, "c2")["_uuid"]}})
        cloud.add_vm("fresh", "n1", 1, "10.0.1.31")
        cloud.wait_port("fresh", cloud.chassis[1])
    finally:
        cloud.chassis[0].start_controller()
    cloud.wait_port("bait", cloud.chassis[0])
    cloud["bait"].unplug()
    cloud["fresh"].unplug()
    cloud.nb("port-del bait", "port-del fresh")


def test_who_has_no_certificate_of_ours_is_not_heard(cloud, tmp_path):
    from dfharness.secure import Pki
    other = Pki(tmp_path / "other")
    for options in (other.options("chassis", "c1"), other.options("relay", "c1")):
        with pytest.raises(Failure):
            Client(cloud.remote, options).transact({"op": "select", "table": "Port", "where": []})


def test_dfctl_does_what_its_role_allows(cloud):
    from dfharness.process import program, run
    dfctl = [program("dfctl"), "--db=" + cloud.remote, *cloud.pki.options("chassis", "c1")]
    assert "vm1" in run([*dfctl, "port-list"])
    with pytest.raises(Failure, match='RBAC rules for client .*c1.* role .*df-controller'):
        run([*dfctl, "net-add", "n3"])
