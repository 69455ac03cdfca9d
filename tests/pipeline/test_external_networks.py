# SPDX-License-Identifier: Apache-2.0
"""An external network is where reading ends: of a thousand routers on it a chassis reads those that
its machines use, and a gateway all."""
import re

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets, wait_until
from test_selective import rows, wait_rows

VID, N = 200, 1000
HOST_MAC, HOST_IP = "02:bb:00:00:00:09", "203.0.113.9"


def address(number):
    """Of the router of this number on the external network."""
    return "100.64.%d.%d" % (1 + number // 250, 1 + number % 250)


def external_mac(number):
    return "0e:ee:00:00:%02x:%02x" % divmod(number, 256)


def inner_mac(number):
    return "0e:ef:00:00:%02x:%02x" % divmod(number, 256)


def prefix(number):
    return "10.%d.%d" % divmod(number, 256)


def router(number, external):
    """The operations that add a router between the external network and a network of its own, with
    a default route and source translation."""
    def row(table, uuid_name, **columns):
        return {"op": "insert", "table": table, "uuid-name": uuid_name, "row": columns}
    net, rtr = "net%d" % number, "rtr%d" % number
    return [
        row("Network", net, name="n%d" % number, type="geneve", segmentation_id=10000 + number),
        row("Subnet", "sub%d" % number, name="s%d" % number, network=["named-uuid", net],
            cidr=prefix(number) + ".0/24"),
        row("Router", rtr, name="r%d" % number),
        row("Router_Port", "in%d" % number, name="r%d-in" % number, router=["named-uuid", rtr],
            network=["named-uuid", net], mac=inner_mac(number),
            addresses=prefix(number) + ".1/24"),
        row("Router_Port", "out%d" % number, name="r%d-out" % number, router=["named-uuid", rtr],
            network=external, mac=external_mac(number), addresses=address(number) + "/16"),
        row("Static_Route", "route%d" % number, router=["named-uuid", rtr],
            prefix="0.0.0.0/0", next_hop="100.64.0.1"),
        row("NAT", "nat%d" % number, name="nat%d" % number, router=["named-uuid", rtr],
            type="snat", external_ip=address(number), logical_ip=prefix(number) + ".0/24"),
    ]


def add_routers(cloud, numbers):
    external = cloud.nb_db.rows("Network", [["name", "==", "ext"]])[0]["_uuid"]
    cloud.nb_db.transact(*[operation for number in numbers
                           for operation in router(number, external)])


@pytest.fixture(scope="module")
def cloud():
    """c1 is the gateway; c2 is connected as well, c3 is not; machines of router 0 are on c2 and
    c3."""
    with Cloud(chassis=3, physnets=["phys1"]) as cloud:
        cloud.chassis[2].configure(bridge_mappings=None)
        cloud.add_network("ext", "100.64.0.0/16", type="vlan", segmentation_id=VID,
                          physical_network="phys1", external="true")
        cloud.chassis[0].configure(gateway="true")
        add_routers(cloud, [0])
        for number in (2, 3):
            cloud.add_vm("o%d" % number, "n0", number - 1, prefix(0) + ".1%d" % number)
        cloud.host = cloud.physnets["phys1"].host("host", HOST_MAC, HOST_IP)
        cloud.sync()
        yield cloud


def test_a_chassis_reads_of_a_thousand_routers_the_one_that_its_machines_use(cloud):
    before = [chassis.flows() for chassis in cloud.chassis]
    mine = {"Network": 2, "Subnet": 2, "Router": 1, "Router_Port": 2, "Static_Route": 1, "NAT": 1}
    for chassis in cloud.chassis:
        wait_rows(chassis, **mine)
    add_routers(cloud, range(1, N))
    cloud.sync()
    for chassis, flows in zip(cloud.chassis[1:], before[1:]):
        assert chassis.flows() == flows
        # While c1 had not said that it is a gateway, c2 was one, which it gives up with some delay.
        wait_rows(chassis, **mine)
        assert chassis.flows() == flows
    all_of_them = {"Network": N + 1, "Subnet": N + 1, "Router": N, "Router_Port": 2 * N,
                   "Static_Route": N, "NAT": N}
    found = rows(cloud.chassis[0])
    assert {table: found[table] for table in all_of_them} == all_of_them
    # What a router costs a gateway that has none of its machines.
    assert (len(cloud.chassis[0].flows()) - len(before[0])) / (N - 1) <= 32


def ask(cloud, target):
    """Which chassis answer a physical host's ARP request."""
    cloud.clear()
    cloud.host.send(packets.tagged(VID, packets.arp_request(HOST_MAC, "100.64.0.1", target)))
    return [(end.chassis.name, frame) for end, frame in cloud.physnets["phys1"].frames
            if end is not cloud.host]


@pytest.mark.parametrize("number", [0, 1, N - 1])
def test_the_gateway_answers_for_each_router(cloud, number):
    (chassis, frame), = ask(cloud, address(number))
    assert chassis == "c1"
    assert frame == packets.tagged(VID, packets.arp_reply(
        external_mac(number), address(number), HOST_MAC, "100.64.0.1"))


def test_a_physical_host_reaches_machines_behind_the_gateway(cloud):
    for number in (2, 3):
        vm = cloud["o%d" % number]
        frame = packets.udp(HOST_MAC, external_mac(0), HOST_IP, vm.ip)
        cloud.clear()
        cloud.host.send(packets.tagged(VID, frame))
        assert vm.take() == [packets.routed(frame, inner_mac(0), vm.mac)]


def test_a_machine_on_the_external_network_comes_up_and_is_a_host_as_any_other(cloud):
    cloud.add_vm("v1", "ext", 0, "100.64.200.1")
    cloud.add_vm("v2", "ext", 1, "100.64.200.2")
    cloud.sync()
    v1, v2 = cloud["v1"], cloud["v2"]
    for chassis in cloud.chassis[:2]:
        assert "reading" not in chassis.dfappctl("status")
        assert "problems: none" in chassis.dfappctl("status")
    # Machines and hosts find one another by themselves.
    for one, other in ((v1, v2), (v2, v1)):
        request = one.arp_request(other.ip)
        cloud.check(one, request, {other: request, cloud.host: packets.tagged(VID, request)})
        reply = packets.arp_reply(other.mac, other.ip, one.mac, one.ip)
        cloud.check(other, reply, {one: reply})
        frame = one.udp(other.mac, other.ip)
        cloud.check(one, frame, {other: frame})
    for vm in (v1, v2):
        cloud.host.send(packets.tagged(VID, packets.gratuitous_arp(HOST_MAC, "100.64.0.1")))
        frame = vm.udp(HOST_MAC, "100.64.0.1")
        cloud.check(vm, frame, {cloud.host: packets.tagged(VID, frame)})
        frame = packets.udp(HOST_MAC, vm.mac, "100.64.0.1", vm.ip)
        cloud.check(cloud.host, packets.tagged(VID, frame), {vm: frame})


def test_it_reaches_a_router_that_its_chassis_does_not_read(cloud):
    """The gateway answers it by the fabric, and routes what it sends."""
    v2, o3 = cloud["v2"], cloud["o3"]
    cloud.clear()
    v2.send(v2.arp_request(address(7)))
    assert v2.take() == [packets.arp_reply(external_mac(7), address(7), v2.mac, v2.ip)]
    assert rows(cloud.chassis[1])["Router"] == 1
    # The router that it reads answers on the spot, and routes there.
    cloud.clear()
    v2.send(v2.arp_request(address(0)))
    assert v2.take() == [packets.arp_reply(external_mac(0), address(0), v2.mac, v2.ip)]
    assert cloud.physnets["phys1"].take() == []
    frame = v2.udp(external_mac(0), o3.ip)
    cloud.check(v2, frame, {o3: packets.routed(frame, inner_mac(0), o3.mac)})


def test_what_others_have_there_does_not_win_on_a_chassis_that_knows_of_it(cloud):
    """A machine with the address of a router that only the gateway reads: it works on its own
    chassis, and the gateway names the conflict."""
    c1, c2 = cloud.chassis[:2]
    before = cloud.chassis[1].flows()
    number = 8
    cloud.nb("--force port-add v3 ext 0a:00:00:00:77:01 %s" % address(number))
    c2.plug("v3", "0a:00:00:00:77:01", [address(number)])
    cloud.sync()
    v3 = cloud["v3"]
    frame = v3.udp(HOST_MAC, "100.64.0.1")
    cloud.check(v3, frame, {cloud.host: packets.tagged(VID, frame)})
    v3.unplug()
    cloud.nb("port-del v3")
    cloud.sync()
    assert c2.flows() == before
    assert Ether(frame)[IP].src == address(number)
    assert "problems: none" in c1.dfappctl("status")


def test_the_whole_database_gives_the_same_flows(cloud):
    for chassis in cloud.chassis[1:]:
        selective = chassis.flows()
        chassis.configure(monitor_all="true")
        wait_rows(chassis, Router=N)
        cloud.sync()
        assert chassis.flows() == selective
        chassis.configure(monitor_all=None)
        wait_rows(chassis, Router=1)
        cloud.sync()
        assert chassis.flows() == selective


def test_another_gateway_reads_all_and_one_that_is_none_any_more_gives_it_up(cloud):
    c1, c2 = cloud.chassis[:2]
    c2.configure(gateway="true")
    c1.configure(gateway=None)
    cloud.sync()
    wait_rows(cloud.chassis[1], Router=N)
    (chassis, _), = ask(cloud, address(N - 1))
    assert chassis == "c2"
    wait_rows(cloud.chassis[0], Router=0)
    c1.configure(gateway="true")
    c2.configure(gateway=None)
    wait_rows(c2, Router=1)
    cloud.sync()
    (chassis, _), = ask(cloud, address(N - 1))
    assert chassis == "c1"


def test_translations_that_are_not_in_force_are_problems(cloud):
    c1, c2 = cloud.chassis[:2]
    router = cloud.nb_db.rows("Router", [["name", "==", "r0"]])[0]["_uuid"]

    def nat(name, **columns):
        return {"op": "insert", "table": "NAT", "row": dict(columns, name=name, router=router)}
    cloud.nb_db.transact(
        nat("foreign", type="snat", external_ip="100.64.99.99", logical_ip="10.0.0.0/25"),
        nat("taken", type="dnat_and_snat", external_ip=address(0), logical_ip=prefix(0) + ".12"),
        nat("empty", type="dnat_and_snat", external_ip="100.64.99.98",
            logical_ip=prefix(0) + ".77"))
    cloud.sync()
    status = c2.dfappctl("status")
    assert "nat foreign: 100.64.99.99 is no address of router port r0-out" in status
    assert re.search("nat taken: %s .*already belongs to r0-out" % address(0), status), status
    assert re.search(r"nat empty: no enabled port on network \S+ has %s.77, so nobody answers at "
                     "100.64.99.98" % prefix(0), status), status
    cloud.nb_db.transact(*[{"op": "delete", "table": "NAT", "where": [["name", "==", name]]}
                           for name in ("foreign", "taken", "empty")])
    c1.configure(bridge_mappings=None)
    wait_until(lambda: "declared a gateway" in c1.dfappctl("status"), "the problem", 20)
