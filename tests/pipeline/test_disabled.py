# SPDX-License-Identifier: Apache-2.0
"""Ports and routers that are disabled, removed, and come back."""
import pytest

from dfharness import Cloud, packets


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("a1", "n1", 0, "10.0.1.11")
        cloud.add_vm("a2", "n1", 0, "10.0.1.12")
        cloud.add_vm("b1", "n1", 1, "10.0.1.21")
        cloud.add_vm("b2", "n2", 1, "10.0.2.21")
        cloud.sync()
        yield cloud


@pytest.fixture
def baseline(cloud):
    """Before and after each test everything works as it should."""
    works(cloud)
    yield
    works(cloud)


def works(cloud):
    a1, b1, b2 = cloud["a1"], cloud["b1"], cloud["b2"]
    frame = a1.udp(b1.mac, b1.ip)
    cloud.check(a1, frame, {b1: frame})
    for source, destination, net1, net2 in ((a1, b2, "n1", "n2"), (b2, a1, "n2", "n1")):
        frame = source.udp(cloud.r1[net1].mac, destination.ip)
        cloud.check(source, frame, {destination: packets.routed(frame, cloud.r1[net2].mac,
                                                                destination.mac)})
    cloud.check(a1, a1.arp_request("10.0.1.1"),
                {a1: packets.arp_reply(cloud.r1["n1"].mac, "10.0.1.1", a1.mac, a1.ip)})


@pytest.fixture
def disabled_port(cloud, baseline):
    cloud.nb("set Port b1 enabled=false")
    cloud.sync(ports_up=False)
    yield cloud["b1"]
    cloud.nb("set Port b1 enabled=true")
    cloud.sync()


def test_a_disabled_port_sends_nothing(cloud, disabled_port):
    for frame in (disabled_port.udp(cloud["a1"].mac, "10.0.1.11"),
                  disabled_port.udp(packets.BROADCAST, "255.255.255.255"),
                  disabled_port.udp(cloud.r1["n1"].mac, "10.0.2.21"),
                  disabled_port.arp_request("10.0.1.1")):
        cloud.check(disabled_port, frame, {})


def test_a_disabled_port_receives_nothing(cloud, disabled_port):
    a1, a2, b2 = cloud["a1"], cloud["a2"], cloud["b2"]
    cloud.check(a1, a1.udp(disabled_port.mac, disabled_port.ip), {})
    broadcast = a1.udp(packets.BROADCAST, "255.255.255.255")
    cloud.check(a1, broadcast, {a2: broadcast})
    cloud.clear()
    b2.send(b2.udp(cloud.r1["n2"].mac, disabled_port.ip))
    assert disabled_port.take() == []


@pytest.fixture
def disabled_router(cloud, baseline):
    cloud.nb("set Router r1 enabled=false")
    cloud.sync()
    yield
    cloud.nb("set Router r1 enabled=true")
    cloud.sync()


def test_a_disabled_router_does_not_route(cloud, disabled_router):
    a1 = cloud["a1"]
    cloud.check(a1, a1.udp(cloud.r1["n1"].mac, "10.0.2.21"), {})


def test_a_disabled_router_does_not_answer(cloud, disabled_router):
    a1 = cloud["a1"]
    cloud.check(a1, a1.echo(cloud.r1["n1"].mac, "10.0.1.1"), {})
    cloud.clear()
    a1.send(a1.arp_request("10.0.1.1"))
    a1.expect_nothing()


def test_layer_2_goes_on_without_the_router(cloud, disabled_router):
    a1, b1 = cloud["a1"], cloud["b1"]
    frame = a1.udp(b1.mac, b1.ip)
    cloud.check(a1, frame, {b1: frame})


def test_a_router_port_that_is_removed_and_comes_back(cloud, baseline):
    a1, port = cloud["a1"], cloud.r1["n2"]
    cloud.nb("router-port-del %s" % port.name)
    cloud.sync()
    frame = a1.udp(cloud.r1["n1"].mac, "10.0.2.21")
    cloud.check_icmp_error(a1, frame, packets.icmp_error(
        cloud.r1["n1"].mac, a1.mac, "10.0.1.1", frame, 3, 0))
    cloud.nb("router-port-add %s r1 n2 %s 10.0.2.1/24" % (port.name, port.mac))
    cloud.sync()


def test_a_port_that_is_removed_and_comes_back(cloud, baseline):
    a1, b1 = cloud["a1"], cloud["b1"]
    cloud.nb("port-del b1")
    cloud.sync()
    cloud.check(a1, a1.udp(b1.mac, b1.ip), {})
    cloud.nb("port-add b1 n1 %s %s" % (b1.mac, b1.ip))
    cloud.sync()


def test_a_changed_mac_address_counts_at_once(cloud, baseline):
    a1, b1 = cloud["a1"], cloud["b1"]
    new = "0a:77:00:00:00:01"
    cloud.nb(r'set Port b1 mac=\"%s\"' % new)
    cloud.sync()
    cloud.check(a1, a1.udp(b1.mac, b1.ip), {})
    frame = a1.udp(new, b1.ip)
    cloud.check(a1, frame, {b1: frame})
    cloud.nb(r'set Port b1 mac=\"%s\"' % b1.mac)
    cloud.sync()


def test_a_faulty_row_disables_itself_only(cloud, baseline):
    """Written past dfctl."""
    network = cloud.nb_db.rows("Network", [["name", "==", "n1"]], ["_uuid"])[0]["_uuid"]
    router = cloud.nb_db.rows("Router", [["name", "==", "r1"]], ["_uuid"])[0]["_uuid"]
    bad = [
        ("Port", {"name": "bad1", "network": network, "mac": "nonsense", "addresses": "10.0.1.66"}),
        ("Port", {"name": "bad2", "network": network, "mac": "0a:66:00:00:00:01",
                  "addresses": "10.0.1.333"}),
        ("Router_Port", {"name": "bad3", "network": network, "router": router,
                         "mac": "0a:66:00:00:00:02", "addresses": "10.0.1.1/99"}),
    ]
    cloud.nb_db.transact(*[{"op": "insert", "table": table, "row": row} for table, row in bad])
    cloud.nb_db.transact({"op": "update", "table": "Router", "where": [["name", "==", "r1"]],
                          "row": {"static_routes": "not a route"}})
    cloud.sync()
    works(cloud)
    cloud.nb_db.transact(*[
        {"op": "insert", "table": "Static_Route", "row": {
            "router": router, "prefix": prefix, "next_hop": "10.0.1.254"}}
        for prefix in ("10.0.0.0/33", "10.77.0.0/16")])
    cloud.sync()
    works(cloud)
    for chassis in cloud.chassis:
        status = chassis.dfappctl("status")
        assert ("route 10.0.0.0/33 via 10.0.1.254 of router r1 (disabled): route \"10.0.0.0/33 via "
                "10.0.1.254\": ") in status
        assert "10.77.0.0/16 via 10.0.1.254 of router r1 (disabled)" not in status
        assert "nw_dst=10.77.0.0/16" in "\n".join(chassis.flows())
    cloud.nb("--force route-del r1")
    for chassis in cloud.chassis:
        assert "bad1" in cloud.nb("status", check=False) or "bad1" in chassis.dfappctl("status")
    cloud.nb_db.transact(*[{"op": "delete", "table": table, "where": [["name", "==", row["name"]]]}
                           for table, row in bad])
    cloud.nb_db.transact({"op": "update", "table": "Router", "where": [["name", "==", "r1"]],
                          "row": {"static_routes": ["set", []]}})
    cloud.sync()
