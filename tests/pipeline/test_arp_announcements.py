# SPDX-License-Identifier: Apache-2.0
"""An address that comes to another MAC address is announced to the machines of its network, which
would use the old one for half a minute (RFC 5227 section 3)."""
import pytest

from dfharness import Cloud, packets, wait_until

MOVING, OTHER_MAC = "10.0.1.11", "0a:00:00:00:0f:01"


@pytest.fixture
def cloud():
    """Machines a, b and c on n1, c on another chassis; d on n2."""
    with Cloud(chassis=2, encap_types=("geneve",)) as cloud:
        for number in (1, 2):
            cloud.add_network("n%d" % number, "10.0.%d.0/24" % number)
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("a", "n1", 0, MOVING)
        cloud.add_vm("b", "n1", 0, "10.0.1.12")
        cloud.add_vm("c", "n1", 1, "10.0.1.13")
        cloud.add_vm("d", "n2", 0, "10.0.2.11")
        cloud.sync()
        cloud.settle()
        yield cloud


def change(cloud, *operations):
    """Changes the NB database and waits for what follows."""
    cloud.clear()
    cloud.nb_db.transact(*operations)
    cloud.nb_db.sync()
    cloud.settle()


def set_mac(table, name, mac):
    return {"op": "update", "table": table, "where": [["name", "==", name]], "row": {"mac": mac}}


def delete(name):
    return {"op": "delete", "table": "Port", "where": [["name", "==", name]]}


def insert(cloud, name, mac, ip, **row):
    network = cloud.nb_db.rows("Network", [["name", "==", "n1"]], ["_uuid"])[0]["_uuid"]
    return {"op": "insert", "table": "Port", "row": dict(
        name=name, mac=mac, addresses=ip, network=network, **row)}


def test_at_the_start_nothing_is_announced(cloud):
    cloud.expect({})


def test_a_port_that_gets_another_mac(cloud):
    """Its own machine gets no announcement."""
    change(cloud, set_mac("Port", "a", OTHER_MAC))
    news = packets.gratuitous_arp(OTHER_MAC, MOVING)
    cloud.expect({cloud["b"]: news, cloud["c"]: news})
    change(cloud, set_mac("Port", "a", cloud["a"].mac))
    news = packets.gratuitous_arp(cloud["a"].mac, MOVING)
    cloud.expect({cloud["b"]: news, cloud["c"]: news})


def test_nothing_of_it_crosses_the_underlay(cloud):
    change(cloud, set_mac("Port", "a", OTHER_MAC))
    assert cloud.underlay.take() == []


def test_a_router_port_that_gets_another_mac(cloud):
    name = cloud.r1["n1"].name
    change(cloud, set_mac("Router_Port", name, "0e:00:00:00:0f:02"))
    news = packets.gratuitous_arp("0e:00:00:00:0f:02", "10.0.1.1")
    cloud.expect({cloud[vm]: news for vm in "abc"})


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "later"])
def test_a_port_that_replaces_another(cloud, at_once):
    """On no chassis yet, so the interface of the old one gets it as well."""
    operations = [delete("a"), insert(cloud, "new", OTHER_MAC, MOVING)]
    if at_once:
        change(cloud, *operations)
    else:
        change(cloud, operations[0])
        cloud.expect({})
        change(cloud, operations[1])
    news = packets.gratuitous_arp(OTHER_MAC, MOVING)
    cloud.expect({cloud["b"]: news, cloud["c"]: news})


def test_a_port_that_takes_anothers_address_over(cloud):
    """A port gets an address that another one had."""
    change(cloud, {"op": "update", "table": "Port", "where": [["name", "==", "a"]],
                   "row": {"addresses": "10.0.1.99"}},
           {"op": "update", "table": "Port", "where": [["name", "==", "c"]],
            "row": {"addresses": ["set", [MOVING, "10.0.1.13"]]}})
    news = packets.gratuitous_arp(cloud["c"].mac, MOVING)
    cloud.expect({cloud["a"]: news, cloud["b"]: news})


def test_what_comes_back_as_it_was_is_not_announced(cloud):
    row, = cloud.nb_db.rows("Port", [["name", "==", "a"]])
    change(cloud, delete("a"))
    change(cloud, insert(cloud, "a", row["mac"], MOVING))
    cloud.expect({})


def test_what_changes_while_the_database_is_away(cloud):
    """Is announced when it is back."""
    for chassis in cloud.chassis:
        chassis.configure(remote="unix:/nowhere")
        wait_until(lambda: "NB database: not connected" in chassis.dfappctl("status"),
                   "disconnection")
    cloud.nb_db.restart()
    cloud.nb_db.transact(set_mac("Port", "a", OTHER_MAC))
    cloud.clear()
    for chassis in cloud.chassis:
        chassis.configure(remote=cloud.nb_db.remote)
    cloud.sync()
    cloud.settle()
    news = packets.gratuitous_arp(OTHER_MAC, MOVING)
    cloud.expect({cloud["b"]: news, cloud["c"]: news})


def test_a_restart_of_the_daemon_announces_nothing(cloud):
    cloud.clear()
    cloud.chassis[0].controller.exit("--restart")
    cloud.chassis[0].controller.start()
    cloud.sync()
    cloud.settle()
    cloud.expect({})


def test_hundreds_of_addresses_are_announced_one_after_the_other(cloud):
    addresses = ["10.0.1.%d" % i for i in range(20, 220)]
    change(cloud, {"op": "update", "table": "Port", "where": [["name", "==", "c"]],
                   "row": {"addresses": ["set", addresses]}})
    cloud.expect({})
    change(cloud, set_mac("Port", "c", OTHER_MAC))
    got = []

    def all_there():
        cloud.settle()
        got.extend(cloud["a"].take())
        return len(got) >= len(addresses)
    wait_until(all_there, lambda: "%d have come" % len(got))
    assert sorted(got) == sorted(packets.gratuitous_arp(OTHER_MAC, ip) for ip in addresses)
