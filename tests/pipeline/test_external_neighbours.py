# SPDX-License-Identifier: Apache-2.0
"""Physical hosts that a router sends to: chassis find their MAC addresses out (RFC 826, RFC 4861),
and packets wait for the answer."""
import re
import time

import pytest
from scapy.layers.l2 import ARP, Ether

from dfharness import Cloud, packets, packets6, wait_until

VID = 104
ZERO, BROADCAST = "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"
GATEWAY_MAC, OTHER_MAC = "02:bb:00:00:00:01", "02:bb:00:00:00:02"
HOST = (3, 1)


@pytest.fixture(scope="module")
def cloud():
    """Machines a and b on an overlay, m on the provider network.  All that r1 does not know goes to
    10.0.4.254 there."""
    with Cloud(chassis=1, physnets=["phys1"]) as cloud:
        cloud.add_network("inside", "10.0.1.0/24", "fd00:1::/64")
        cloud.add_network("vlan", "10.0.4.0/24", "fd00:4::/64", type="vlan", segmentation_id=VID,
                          physical_network="phys1")
        cloud.r1 = cloud.add_router("r1", inside=["10.0.1.1/24", "fd00:1::1/64"],
                                    vlan=["10.0.4.1/24", "fd00:4::1/64"])
        cloud.nb("route-add r1 0.0.0.0/0 10.0.4.254")
        cloud.add_vm("a", "inside", 0, "10.0.1.11", "fd00:1::11")
        cloud.add_vm("b", "inside", 0, "10.0.1.12", "fd00:1::12")
        cloud.add_vm("m", "vlan", 0, "10.0.4.11", "fd00:4::11")
        cloud.host = cloud.physnets["phys1"].host("host", GATEWAY_MAC)
        cloud.sync()
        time.sleep(3)  # The router announces itself three times.
        cloud.settle()
        yield cloud


@pytest.fixture(autouse=True)
def quiet(cloud):
    cloud.settle()
    cloud.clear()
    cloud.host.take()


class Chassis:
    """How the chassis speaks to the fabric."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.controller = cloud.chassis[0]

    def neighbours(self):
        """{address: (MAC, state)}"""
        lines = self.controller.dfappctl("neighbours").splitlines()
        return {ip: (mac, state) for _, ip, mac, state, _ in (line.split() for line in lines)}

    def metric(self, name):
        page = self.controller.dfappctl("metrics/show")
        return int(re.search(r"^%s (\d+)" % re.escape(name), page, re.M)[1])


@pytest.fixture(scope="module")
def chassis(cloud):
    return Chassis(cloud)


def question(mac, ip, dst=BROADCAST):
    return bytes(Ether(src=mac, dst=dst) / ARP(op=1, hwsrc=mac, psrc="0.0.0.0", pdst=ip,
                                               hwdst=ZERO if dst == BROADCAST else dst))


def taken(cloud, ip):
    """What the host got, but for questions for others than 'ip' and the router's announcements."""
    return [frame for frame in cloud.host.take()
            if Ether(frame).src != cloud.r1["vlan"].mac
            and (ARP not in Ether(frame) or Ether(frame)[ARP].pdst == ip)]


def asked(cloud, ip):
    """The MAC address that the chassis asks for 'ip' from, once it has."""
    frames = taken(cloud, ip)
    assert len(frames) == 1, [Ether(f).summary() for f in frames]
    mac = Ether(frames[0]).src
    assert int(mac[:2], 16) & 3 == 2
    assert frames == [packets.tagged(VID, question(mac, ip))]
    return mac


def answer(cloud, chassis_mac, ip, mac):
    cloud.host.send(packets.tagged(VID, packets.arp_reply(mac, ip, chassis_mac, "0.0.0.0")))


def resolve(cloud, ip, mac=GATEWAY_MAC):
    """Has a machine send to 'ip', which answers.  Returns the chassis' MAC address."""
    a = cloud["a"]
    frame = a.udp(cloud.r1["inside"].mac, ip)
    a.send(frame)
    source = asked(cloud, ip)
    answer(cloud, source, ip, mac)
    assert taken(cloud, ip) == [packets.tagged(VID, packets.routed(frame, source, mac))]
    return source


def test_a_host_is_asked_for_and_packets_wait_in_order(cloud, chassis):
    """The oldest ones make room: three wait."""
    a, ip = cloud["a"], "10.0.4.101"
    frames = [a.udp(cloud.r1["inside"].mac, ip, data=b"%d" % i) for i in range(5)]
    dropped = 'dragonflow_neighbour_packets_total{outcome="dropped"}'
    before = chassis.metric(dropped)
    for frame in frames:
        a.send(frame)
    source = asked(cloud, ip)
    answer(cloud, source, ip, GATEWAY_MAC)
    assert taken(cloud, ip) == [packets.tagged(VID, packets.routed(frame, source, GATEWAY_MAC))
                                for frame in frames[2:]]
    assert chassis.metric(dropped) == before + 2
    assert chassis.neighbours()[ip] == (GATEWAY_MAC, "reachable")
    a.expect_nothing()

    # Later ones do not pass the daemon.
    ins = chassis.metric("dragonflow_packet_ins_total")
    cloud.check(a, frames[0], {
        cloud.host: packets.tagged(VID, packets.routed(frames[0], source, GATEWAY_MAC))})
    assert chassis.metric("dragonflow_packet_ins_total") == ins


def test_machines_on_the_network_are_asked_as_well(cloud):
    """One may have an address that the database does not know."""
    a, m, ip = cloud["a"], cloud["m"], "10.0.4.102"
    frame = a.udp(cloud.r1["inside"].mac, ip)
    a.send(frame)
    source = asked(cloud, ip)
    assert m.take() == [question(source, ip)]
    m.send(packets.arp_reply(m.mac, ip, source, "0.0.0.0"))
    assert m.take() == [packets.routed(frame, cloud.r1["vlan"].mac, m.mac)]
    assert taken(cloud, ip) == []


def test_a_route_by_a_physical_host(cloud):
    a, ip = cloud["a"], "10.0.4.254"
    frame = a.udp(cloud.r1["inside"].mac, "198.51.100.7")
    a.send(frame)
    source = asked(cloud, ip)
    answer(cloud, source, ip, GATEWAY_MAC)
    assert taken(cloud, ip) == [packets.tagged(VID, packets.routed(frame, source, GATEWAY_MAC))]


def test_a_host_of_ipv6(cloud, chassis):
    a, ip = cloud["a"], "fd00:4::101"
    frame = packets6.udp(a.mac, cloud.r1["inside"].mac, "fd00:1::11", ip)
    a.send(frame)
    got = taken(cloud, ip)
    assert len(got) == 1
    source = Ether(got[0]).src
    local = packets6.link_local(source)
    assert got == [packets.tagged(VID, packets6.solicitation(source, local, ip))]
    cloud.host.send(packets.tagged(VID, packets6.advertisement(GATEWAY_MAC, ip, source, local)))
    want = [packets.tagged(VID, packets6.routed(frame, source, GATEWAY_MAC))]
    assert taken(cloud, ip) == want
    assert chassis.neighbours()[ip] == (GATEWAY_MAC, "reachable")
    cloud.check(a, frame, {cloud.host: want[0]})


def test_nobody_has_the_address(cloud, chassis):
    """Three questions, a second apart, then each packet is answered, and so are later ones without
    a question, for a while."""
    a, ip = cloud["a"], "10.0.4.103"
    frames = [a.udp(cloud.r1["inside"].mac, ip, data=b"%d" % i) for i in range(2)]
    start = time.monotonic()
    for frame in frames:
        a.send(frame)
    wait_until(lambda: chassis.neighbours()[ip] == ("-", "failed"), lambda: chassis.neighbours())
    assert time.monotonic() - start >= 2.9
    cloud.settle()
    questions = taken(cloud, ip)
    assert len(questions) == 3 and len(set(questions)) == 1
    port = cloud.r1["inside"]

    def errors(frames):
        return [packets.icmp_error(port.mac, a.mac, port.ip, f, *HOST) for f in frames]

    got = a.take()
    assert len(got) == 2
    for frame, want in zip(got, errors(frames)):
        difference = packets.icmp_error_difference(frame, want)
        assert difference is None, difference
    cloud.check_icmp_error(a, frames[0], errors(frames)[0])
    assert taken(cloud, ip) == []


@pytest.mark.parametrize("ip", ["10.0.4.255", "10.0.4.0"])
def test_a_broadcast_address_is_not_asked_for(cloud, chassis, ip):
    a = cloud["a"]
    cloud.check(a, a.udp(cloud.r1["inside"].mac, ip), {})
    assert ip not in chassis.neighbours()


def test_an_answer_that_nobody_asked_for_is_not_believed(cloud, chassis):
    source = resolve(cloud, "10.0.4.104")
    answer(cloud, source, "10.0.4.105", OTHER_MAC)
    assert "10.0.4.105" not in chassis.neighbours()


def announce(cloud, ip, mac):
    frame = packets.tagged(VID, packets.gratuitous_arp(mac, ip))
    cloud.host.send(frame)


def test_a_host_with_a_new_mac_address(cloud, chassis):
    """It announces itself; both are asked, and the new one answers."""
    a, ip = cloud["a"], "10.0.4.106"
    source = resolve(cloud, ip)
    announce(cloud, ip, OTHER_MAC)
    assert cloud["m"].take() == [question(source, ip), packets.gratuitous_arp(OTHER_MAC, ip)]
    assert taken(cloud, ip) == [packets.tagged(VID, question(source, ip, mac))
                                for mac in (GATEWAY_MAC, OTHER_MAC)]
    assert chassis.neighbours()[ip][0] == GATEWAY_MAC
    answer(cloud, source, ip, OTHER_MAC)
    wait_until(lambda: chassis.neighbours()[ip] == (OTHER_MAC, "reachable"),
               lambda: chassis.neighbours())
    cloud.settle()
    cloud.host.take()
    frame = a.udp(cloud.r1["inside"].mac, ip)
    cloud.check(a, frame,
                {cloud.host: packets.tagged(VID, packets.routed(frame, source, OTHER_MAC))})


def test_a_spoofed_announcement_changes_nothing(cloud, chassis):
    """The host itself answers, and so does the other one."""
    a, ip = cloud["a"], "10.0.4.107"
    refused = 'dragonflow_neighbour_changes_total{result="refused"}'
    source = resolve(cloud, ip)
    before = chassis.metric(refused)
    announce(cloud, ip, OTHER_MAC)
    answer(cloud, source, ip, OTHER_MAC)
    answer(cloud, source, ip, GATEWAY_MAC)
    wait_until(lambda: chassis.metric(refused) == before + 1, "a decision")
    assert chassis.neighbours()[ip] == (GATEWAY_MAC, "reachable")
    cloud.host.take()
    frame = a.udp(cloud.r1["inside"].mac, ip)
    cloud.check(a, frame,
                {cloud.host: packets.tagged(VID, packets.routed(frame, source, GATEWAY_MAC))})


def test_what_a_host_says_with_its_mac_address_is_no_news(cloud, chassis):
    """It asks for others all the time."""
    ip = "10.0.4.108"
    resolve(cloud, ip)
    ins = chassis.metric("dragonflow_packet_ins_total")
    request = packets.arp_request(GATEWAY_MAC, ip, "10.0.4.11")
    cloud.check(cloud.host, packets.tagged(VID, request), {cloud["m"]: request})
    assert chassis.metric("dragonflow_packet_ins_total") == ins


def test_a_question_of_a_host_with_a_new_mac_address_is_answered(cloud, chassis):
    """At once, by the router."""
    ip = "10.0.4.109"
    source = resolve(cloud, ip)
    port = cloud.r1["vlan"]
    cloud.host.send(packets.tagged(VID, packets.arp_request(OTHER_MAC, ip, port.ip)))
    want = packets.tagged(VID, packets.arp_reply(port.mac, port.ip, OTHER_MAC, ip))
    assert want in cloud.host.take()
    answer(cloud, source, ip, OTHER_MAC)
    wait_until(lambda: chassis.neighbours()[ip] == (OTHER_MAC, "reachable"),
               lambda: chassis.neighbours())


def test_a_port_that_gets_the_address_has_it(cloud):
    a, m, ip = cloud["a"], cloud["m"], "10.0.4.110"
    resolve(cloud, ip)
    frame = a.udp(cloud.r1["inside"].mac, ip)
    cloud.nb_db.transact({"op": "update", "table": "Port", "where": [["name", "==", "m"]],
                          "row": {"addresses": ["set", [*m.ips, ip]]}})
    cloud.nb_db.sync()
    cloud.check(a, frame, {m: packets.routed(frame, cloud.r1["vlan"].mac, m.mac)})
    cloud.nb_db.transact({"op": "update", "table": "Port", "where": [["name", "==", "m"]],
                          "row": {"addresses": ["set", m.ips]}})
    cloud.nb_db.sync()


def test_a_restart_of_the_daemon_loses_nothing(cloud, chassis):
    """The flows stay, while it is away and when it is back, and the hosts are asked again."""
    a, ip = cloud["a"], "10.0.4.111"
    source = resolve(cloud, ip)
    frame = a.udp(cloud.r1["inside"].mac, ip)
    want = packets.tagged(VID, packets.routed(frame, source, GATEWAY_MAC))
    c1 = cloud.chassis[0]
    for how in ("exit --restart", "kill"):
        if how == "kill":
            c1.controller.kill()
            cloud.check(a, frame, {cloud.host: want})
            c1.start_controller()
        else:
            c1.restart_controller()
        cloud.nb_db.sync()
        cloud.settle()
        probe = packets.tagged(VID, question(source, ip, GATEWAY_MAC))
        got = []
        wait_until(lambda: probe in got or got.extend(taken(cloud, ip)), lambda: got)
        cloud.host.take()
        a.send(frame)
        assert want in cloud.host.take()
        answer(cloud, source, ip, GATEWAY_MAC)
        wait_until(lambda: chassis.neighbours()[ip] == (GATEWAY_MAC, "reachable"),
                   lambda: chassis.neighbours())


def test_a_next_hop_that_does_not_answer_is_a_problem(cloud, chassis):
    a, ip = cloud["a"], "10.0.4.253"
    problem = "router r1: next hop %s on network vlan does not answer" % ip
    cloud.nb("route-add r1 203.0.113.0/24 %s" % ip)
    cloud.nb_db.sync()
    status = cloud.chassis[0].dfappctl
    assert problem not in status("status")
    frame = a.udp(cloud.r1["inside"].mac, "203.0.113.1")
    a.send(frame)
    wait_until(lambda: problem in status("status"), lambda: status("status"))
    # It is asked for again by itself.
    cloud.host.take()
    wait_until(lambda: chassis.neighbours()[ip][1] == "incomplete", lambda: chassis.neighbours(),
               timeout=15)
    cloud.settle()
    source = Ether(taken(cloud, ip)[0]).src
    answer(cloud, source, ip, GATEWAY_MAC)
    wait_until(lambda: problem not in status("status"), lambda: status("status"))
    cloud.host.take()
    cloud.check(a, frame,
                {cloud.host: packets.tagged(VID, packets.routed(frame, source, GATEWAY_MAC))})
