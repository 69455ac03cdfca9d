# SPDX-License-Identifier: Apache-2.0
"""Sources that share an external address, byte for byte: connections on the active gateway."""
import re

import pytest

from dfharness import Cloud, packets
from dfharness.packets import ICMP, IP, UDP, Ether, Raw

VID = 104
GATEWAY_MAC, GATEWAY_IP = "02:bb:00:00:00:01", "203.0.113.254"
FAR = "198.51.100.7"
SHARED = "203.0.113.1"
FIP, FIP_MAC = "203.0.113.21", "0a:ff:00:00:00:01"
SOURCES = ["a1", "a2", "a3", "b1", "b2", "b3"]


@pytest.fixture(scope="module")
def cloud():
    """Machines of a and b on each of three chassis, of which the last is not connected.  d is not
    translated; d1 has a floating IP."""
    with Cloud(chassis=3, physnets=["phys1"]) as cloud:
        cloud.chassis[2].configure(bridge_mappings=None)
        cloud.add_network("ext", "203.0.113.0/24", type="vlan", segmentation_id=VID,
                          physical_network="phys1", external="true")
        cloud.add_network("a", "10.0.1.0/24")
        cloud.add_network("b", "10.0.2.0/24")
        cloud.add_network("d", "10.1.3.0/24")
        cloud.r1 = cloud.add_router("r1", ext=SHARED + "/24", a="10.0.1.1/24", b="10.0.2.1/24",
                                    d="10.1.3.1/24")
        cloud.nb("route-add r1 0.0.0.0/0 %s" % GATEWAY_IP,
                 "nat-add r1 snat %s 10.0.0.0/16" % SHARED)
        for number in (1, 2, 3):
            cloud.add_vm("a%d" % number, "a", number - 1, "10.0.1.1%d" % number)
            cloud.add_vm("b%d" % number, "b", number - 1, "10.0.2.1%d" % number)
        cloud.add_vm("d1", "d", 0, "10.1.3.11")
        cloud.add_vm("d2", "d", 1, "10.1.3.12")
        cloud.nb("nat-add r1 dnat_and_snat %s 10.1.3.11 external-mac=%s" % (FIP, FIP_MAC))
        cloud.phys1 = cloud.physnets["phys1"]
        cloud.gateway = cloud.phys1.router("gateway", GATEWAY_MAC, GATEWAY_IP)
        cloud.sync()
        for name in ("d1", "d2", "a1"):  # Each chassis has found the gateway.
            cloud[name].send(cloud[name].udp(cloud.r1[name[0]].mac, FAR))
        yield cloud


def vlan(frame):
    return packets.tagged(VID, frame)


def out(cloud, vm, frame):
    """What the gateway gets of a frame of a machine: one, from the router."""
    cloud.clear()
    vm.send(frame)
    got = cloud.gateway.take()
    cloud.expect({})
    assert len(got) == 1, [packets.summary(f) for f in got]
    sent = Ether(packets.untagged(got[0]))
    assert sent[IP].src == SHARED and sent.src == cloud.r1["ext"].mac
    return sent


def outer_port(cloud, vm, make, sport, **fields):
    frame = make(vm.mac, cloud.r1[vm.name[0]].mac, vm.ip, FAR, sport=sport, **fields)
    sent = out(cloud, vm, frame)
    port = sent.sport
    assert bytes(sent) == make(cloud.r1["ext"].mac, GATEWAY_MAC, SHARED, FAR, sport=port, ttl=63,
                               **fields)
    return port


@pytest.mark.parametrize("make", [packets.udp, packets.tcp])
@pytest.mark.parametrize("name", SOURCES)
def test_a_connection_goes_out_and_back(cloud, name, make):
    vm = cloud[name]
    port = outer_port(cloud, vm, make, 4321)
    reply = {"flags": "SA", "ack": 1001} if make is packets.tcp else {}
    frame = make(GATEWAY_MAC, cloud.r1["ext"].mac, FAR, SHARED, sport=make.__defaults__[1],
                 dport=port, **reply)
    want = make(cloud.r1[name[0]].mac, vm.mac, FAR, vm.ip, sport=make.__defaults__[1], dport=4321,
                ttl=63, **reply)
    cloud.check(cloud.gateway, vlan(frame), {vm: want})


@pytest.mark.parametrize("name", SOURCES)
def test_an_echo_goes_out_and_back(cloud, name):
    vm = cloud[name]
    ident = 100 + SOURCES.index(name)
    sent = out(cloud, vm, vm.echo(cloud.r1[name[0]].mac, FAR, ident=ident))
    assert bytes(sent) == packets.echo(cloud.r1["ext"].mac, GATEWAY_MAC, SHARED, FAR, ident=ident,
                                       ttl=63)
    frame = packets.echo(GATEWAY_MAC, cloud.r1["ext"].mac, FAR, SHARED, ident=ident, reply=True)
    want = packets.echo(cloud.r1[name[0]].mac, vm.mac, FAR, vm.ip, ident=ident, reply=True,
                        ttl=63)
    cloud.check(cloud.gateway, vlan(frame), {vm: want})


def test_machines_with_the_same_ports_share_the_address(cloud):
    ports = [outer_port(cloud, cloud[name], packets.udp, 5555) for name in SOURCES]
    assert len(set(ports)) == len(SOURCES)
    for name, port in zip(SOURCES, ports):
        vm = cloud[name]
        frame = packets.udp(GATEWAY_MAC, cloud.r1["ext"].mac, FAR, SHARED, sport=20000, dport=port)
        want = packets.udp(cloud.r1[name[0]].mac, vm.mac, FAR, vm.ip, sport=20000, dport=5555,
                           ttl=63)
        cloud.check(cloud.gateway, vlan(frame), {vm: want})


def test_the_shared_address_does_not_move_on_the_fabric(cloud):
    cloud.phys1.moves.clear()
    for name in SOURCES:
        outer_port(cloud, cloud[name], packets.udp, 6000)
    assert cloud.phys1.moves == []


@pytest.mark.parametrize("name", ["a1", "a3"])
@pytest.mark.parametrize("icmp_type, code", [(3, 0), (3, 3), (3, 4), (11, 0)])
def test_an_icmp_error_about_a_connection_reaches_the_machine(cloud, name, icmp_type, code):
    vm = cloud[name]
    port = outer_port(cloud, vm, packets.udp, 7000)

    def about(src, sport):
        sent = packets.udp(GATEWAY_MAC, GATEWAY_MAC, src, FAR, sport=sport, ttl=63)
        return ICMP(type=icmp_type, code=code) / Raw(bytes(Ether(sent)[IP]))

    frame = packets.ipv4(GATEWAY_MAC, cloud.r1["ext"].mac, "192.0.2.9", SHARED,
                         about(SHARED, port))
    want = packets.ipv4(cloud.r1["a"].mac, vm.mac, "192.0.2.9", vm.ip, about(vm.ip, 7000), ttl=63)
    cloud.check(cloud.gateway, vlan(frame), {vm: want})


@pytest.mark.parametrize("name", ["a1", "a3"])
def test_an_icmp_error_of_a_machine_quotes_the_shared_address(cloud, name):
    vm = cloud[name]
    port = outer_port(cloud, vm, packets.udp, 7100)

    def about(dst, dport):
        sent = packets.udp(GATEWAY_MAC, GATEWAY_MAC, FAR, dst, sport=20000, dport=dport, ttl=63)
        return ICMP(type=3, code=3) / Raw(bytes(Ether(sent)[IP]))

    frame = packets.ipv4(vm.mac, cloud.r1["a"].mac, vm.ip, FAR, about(vm.ip, 7100))
    want = packets.ipv4(cloud.r1["ext"].mac, GATEWAY_MAC, SHARED, FAR, about(SHARED, port), ttl=63)
    cloud.check(vm, frame, {cloud.gateway: vlan(want)})


def test_a_ttl_that_ends_on_the_way_in_is_told_of_the_shared_address(cloud):
    port = outer_port(cloud, cloud["a1"], packets.udp, 7200)
    frame = packets.udp(GATEWAY_MAC, cloud.r1["ext"].mac, FAR, SHARED, sport=20000, dport=port,
                        ttl=1)
    cloud.clear()
    cloud.gateway.send(vlan(frame))
    (got,) = cloud.gateway.take()
    want = packets.icmp_error(cloud.r1["ext"].mac, GATEWAY_MAC, SHARED, frame, 11, 0)
    assert packets.icmp_error_difference(packets.untagged(got), want) is None


def test_the_router_itself_is_pinged_from_outside(cloud):
    frame = packets.echo(GATEWAY_MAC, cloud.r1["ext"].mac, GATEWAY_IP, SHARED, ident=9999)
    cloud.clear()
    cloud.gateway.send(vlan(frame))
    (got,) = cloud.gateway.take()
    reply = Ether(packets.untagged(got))
    assert (reply[IP].src, reply[IP].dst, reply[ICMP].type) == (SHARED, GATEWAY_IP, 0)


def test_what_belongs_to_no_connection_is_for_the_router(cloud):
    frame = packets.udp(GATEWAY_MAC, cloud.r1["ext"].mac, GATEWAY_IP, SHARED, dport=9)
    cloud.clear()
    cloud.gateway.send(vlan(frame))
    (got,) = cloud.gateway.take()
    answer = Ether(packets.untagged(got))
    assert (answer[IP].src, answer[ICMP].type, answer[ICMP].code) == (SHARED, 3, 3)


def test_sources_under_no_prefix_leave_as_they_are(cloud):
    d2 = cloud["d2"]
    frame = d2.udp(cloud.r1["d"].mac, FAR)
    cloud.clear()
    d2.send(frame)
    (got,) = cloud.gateway.take()
    assert Ether(got)[IP].src == d2.ip


@pytest.mark.parametrize("name", SOURCES)
def test_a_machine_reaches_a_floating_ip_of_the_same_router(cloud, name):
    vm, d1 = cloud[name], cloud["d1"]
    cloud.clear()
    vm.send(vm.udp(cloud.r1[name[0]].mac, FIP, sport=8000))
    (got,) = d1.take()
    sent = Ether(got)
    assert (sent[IP].src, sent[IP].dst) == (SHARED, d1.ip)
    answer = packets.udp(d1.mac, cloud.r1["d"].mac, d1.ip, SHARED, sport=20000,
                         dport=sent[UDP].sport)
    cloud.check(d1, answer, {vm: packets.udp(cloud.r1[name[0]].mac, vm.mac, FIP, vm.ip,
                                             sport=20000, dport=8000, ttl=62)})


def test_a_tuple_of_somebody_elses_reply_is_not_translated_back(cloud):
    """A machine that sends what looks like the answer to another's connection."""
    a1, a2 = cloud["a1"], cloud["a2"]
    outer_port(cloud, a1, packets.udp, 8100)
    frame = packets.udp(a2.mac, cloud.r1["a"].mac, FAR, FAR, sport=20000, dport=8100)
    cloud.clear()
    a2.send(frame)
    a1.expect_nothing()


def test_fragments_go_out_and_back(cloud):
    a3 = cloud["a3"]
    whole = Ether(packets.udp(a3.mac, cloud.r1["a"].mac, a3.ip, FAR, sport=8200,
                              data=bytes(range(256)) * 10))
    parts = fragments(whole)
    cloud.clear()
    for part in parts:
        a3.send(part)
    got = [Ether(packets.untagged(f)) for f in cloud.gateway.take()]
    assert [p[IP].src for p in got] == [SHARED] * len(parts)
    payload = b"".join(bytes(p[IP].payload) for p in sorted(got, key=lambda p: p[IP].frag))
    port = int.from_bytes(payload[:2], "big")
    back = Ether(packets.udp(GATEWAY_MAC, cloud.r1["ext"].mac, FAR, SHARED, sport=20000,
                             dport=port, data=bytes(range(256)) * 10))
    sent = packets.udp(cloud.r1["ext"].mac, GATEWAY_MAC, SHARED, FAR, sport=port,
                       data=bytes(range(256)) * 10)
    assert payload == bytes(Ether(sent)[IP].payload)
    cloud.clear()
    for part in fragments(back):
        cloud.gateway.send(vlan(part))
    want = packets.udp(cloud.r1["a"].mac, a3.mac, FAR, a3.ip, sport=20000, dport=8200,
                       data=bytes(range(256)) * 10)
    payload = b"".join(bytes(Ether(f)[IP].payload) for f in a3.take())
    assert payload == bytes(Ether(want)[IP].payload)


def fragments(packet, size=1400):
    return [bytes(part) for part in packet.fragment(size)]


def zones(chassis):
    """The numbers of routers; fragments of floating IPs have zones beside them."""
    return {int(zone) & 0x3fff for zone in re.findall(r"zone=(\d+)", "".join(chassis.flows()))}


def test_a_restart_keeps_connections(cloud):
    ports = {name: outer_port(cloud, cloud[name], packets.udp, 8300) for name in ("a1", "a3")}
    before = [zones(chassis) for chassis in cloud.chassis[:2]]
    assert all(len(z) <= 1 for z in before) and any(before)
    for chassis in cloud.chassis:
        chassis.restart_controller("kill")
    cloud.sync()
    assert [zones(chassis) for chassis in cloud.chassis[:2]] == before
    for name, port in ports.items():
        vm = cloud[name]
        frame = packets.udp(GATEWAY_MAC, cloud.r1["ext"].mac, FAR, SHARED, sport=20000, dport=port)
        cloud.check(cloud.gateway, vlan(frame), {vm: packets.udp(
            cloud.r1["a"].mac, vm.mac, FAR, vm.ip, sport=20000, dport=8300, ttl=63)})


def test_a_router_that_goes_leaves_no_connections(cloud):
    """Its zone is flushed, and may be another's then."""
    cloud.add_network("e", "10.0.9.0/24")
    router = cloud.add_router("r2", ext="203.0.113.2/24", e="10.0.9.1/24")
    cloud.nb("route-add r2 0.0.0.0/0 %s" % GATEWAY_IP, "nat-add r2 snat 203.0.113.2 10.0.9.0/24 "
             "name=gone")
    e1 = cloud.add_vm("e1", "e", 0, "10.0.9.11")
    cloud.sync()
    e1.send(e1.udp(router["e"].mac, FAR))
    e1.send(e1.udp(router["e"].mac, FAR))
    entries = [c.appctl("dpctl/dump-conntrack") for c in cloud.chassis[:2]]
    assert any("10.0.9.11" in e for e in entries)
    cloud.nb("nat-del gone")
    cloud.sync()
    cloud.settle()
    entries = [c.appctl("dpctl/dump-conntrack") for c in cloud.chassis[:2]]
    assert not any("10.0.9.11" in e for e in entries)
    assert any("10.0.1.1" in e for e in entries)
    e1.unplug()
