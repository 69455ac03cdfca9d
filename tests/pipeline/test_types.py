# SPDX-License-Identifier: Apache-2.0
"""Every network type: layer 2 within, routing to every other type, and what is
seen on the wire."""
import itertools

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP
from scapy.layers.l2 import Dot1Q, Ether, GRE
from scapy.layers.vxlan import VXLAN

from dfharness import Cloud, packets

# Name, subnet number, columns.
NETWORKS = {
    "geneve": (1, {"type": "geneve", "segmentation_id": 1001}),
    "vxlan": (2, {"type": "vxlan", "segmentation_id": 1002}),
    "gre": (3, {"type": "gre", "segmentation_id": 1003}),
    "vlan": (4, {"type": "vlan", "segmentation_id": 104, "physical_network": "phys1"}),
    "flat": (5, {"type": "flat", "physical_network": "phys1"}),
    "vlan2": (6, {"type": "vlan", "segmentation_id": 104, "physical_network": "phys2"}),
}
LOCAL = ("local", 7)


@pytest.fixture(scope="module")
def cloud():
    """On each of two chassis one machine on each network: "geneve1" on c1,
    "geneve2" on c2, and so on."""
    with Cloud(chassis=2, physnets=["phys1", "phys2"]) as cloud:
        routed = {}
        for name, (number, columns) in NETWORKS.items():
            cloud.add_network(name, "10.0.%d.0/24" % number, **columns)
            routed[name] = "10.0.%d.1/24" % number
        cloud.add_network("local", "10.0.7.0/24", type="local")
        routed["local"] = "10.0.7.1/24"
        cloud.r1 = cloud.add_router("r1", **routed)
        for name, (number, _) in NETWORKS.items():
            for chassis in (1, 2):
                cloud.add_vm("%s%d" % (name, chassis), name, chassis - 1,
                             "10.0.%d.1%d" % (number, chassis))
        for i in (1, 2):
            cloud.add_vm("local%d" % i, "local", 0, "10.0.7.1%d" % i)
        cloud.sync()
        yield cloud


@pytest.mark.parametrize("name", NETWORKS)
def test_unicast_and_broadcast_cross_to_the_other_chassis_once(cloud, name):
    one, two = cloud[name + "1"], cloud[name + "2"]
    for source, destination in ((one, two), (two, one)):
        frame = source.udp(destination.mac, destination.ip)
        cloud.check(source, frame, {destination: frame})
        frame = source.udp(packets.BROADCAST, "255.255.255.255")
        cloud.check(source, frame, {destination: frame})


def test_a_local_network_stays_on_its_chassis(cloud):
    one, two = cloud["local1"], cloud["local2"]
    for dst in (two.mac, packets.BROADCAST):
        frame = one.udp(dst, two.ip)
        cloud.check(one, frame, {two: frame})
    for fabric in (cloud.underlay, *cloud.physnets.values()):
        assert fabric.take() == []


@pytest.mark.parametrize("source, destination", itertools.permutations(NETWORKS, 2))
def test_routing_between_any_two_types(cloud, source, destination):
    """On one chassis and across: what arrives is the same."""
    sender = cloud[source + "1"]
    for receiver in (cloud[destination + "1"], cloud[destination + "2"]):
        frame = sender.udp(cloud.r1[source].mac, receiver.ip)
        cloud.clear()
        sender.send(frame)
        source_mac = cloud.r1[destination].mac
        if destination in ("vlan", "flat", "vlan2") and receiver.chassis is not sender.chassis:
            # A provider network never shows a router's MAC; see test_provider.py.
            source_mac = Ether(receiver.received[0]).src if receiver.received else source_mac
            assert source_mac != cloud.r1[destination].mac
        cloud.expect({receiver: packets.routed(frame, source_mac, receiver.mac)})


@pytest.mark.parametrize("name", NETWORKS)
def test_routing_between_a_local_network_and_any_other(cloud, name):
    local, other = cloud["local1"], cloud[name + "1"]
    frame = local.udp(cloud.r1["local"].mac, other.ip)
    cloud.check(local, frame, {other: packets.routed(frame, cloud.r1[name].mac, other.mac)})
    frame = other.udp(cloud.r1[name].mac, local.ip)
    cloud.check(other, frame, {local: packets.routed(frame, cloud.r1["local"].mac, local.mac)})


def one_frame(fabric):
    frames = fabric.take()
    assert len(frames) == 1, [packets.summary(f) for f in frames]
    return Ether(frames[0])


@pytest.mark.parametrize("source", ["geneve", "vlan"])
def test_geneve_carries_the_vni_of_the_destination_network(cloud, source):
    sender, receiver = cloud[source + "1"], cloud["geneve2"]
    cloud.clear()
    sender.send(sender.udp(receiver.mac if source == "geneve" else cloud.r1[source].mac,
                           receiver.ip))
    outer = one_frame(cloud.underlay)
    assert (outer[IP].src, outer[IP].dst, outer["UDP"].dport) == ("172.31.0.1", "172.31.0.2",
                                                                  6081)
    geneve = GENEVE(bytes(outer["UDP"].payload))
    assert geneve.vni == 1001 and geneve.optionlen == 0


@pytest.mark.parametrize("source", ["vxlan", "flat"])
def test_vxlan_carries_the_vni_of_the_destination_network(cloud, source):
    sender, receiver = cloud[source + "1"], cloud["vxlan2"]
    cloud.clear()
    sender.send(sender.udp(receiver.mac if source == "vxlan" else cloud.r1[source].mac,
                           receiver.ip))
    outer = one_frame(cloud.underlay)
    assert outer["UDP"].dport == 4789
    vxlan = VXLAN(bytes(outer["UDP"].payload))
    assert vxlan.vni == 1002 and vxlan.flags == 0x08


@pytest.mark.parametrize("source", ["gre", "geneve"])
def test_gre_carries_the_key_of_the_destination_network(cloud, source):
    sender, receiver = cloud[source + "1"], cloud["gre2"]
    cloud.clear()
    sender.send(sender.udp(receiver.mac if source == "gre" else cloud.r1[source].mac,
                           receiver.ip))
    outer = one_frame(cloud.underlay)
    assert outer[IP].proto == 47
    gre = outer[GRE]
    assert (gre.key_present, gre.key, gre.proto) == (1, 1003, 0x6558)


def test_vlan_carries_the_tag_and_flat_carries_none(cloud):
    for name, tag in (("vlan", 104), ("flat", None)):
        sender, receiver = cloud[name + "1"], cloud[name + "2"]
        cloud.clear()
        sender.send(sender.udp(receiver.mac, receiver.ip))
        outer = one_frame(cloud.physnets["phys1"])
        assert (outer[Dot1Q].vlan if outer.haslayer(Dot1Q) else None) == tag
        assert cloud.physnets["phys2"].take() == []


def test_a_packet_with_an_unknown_vni_goes_nowhere(cloud):
    """A host on the underlay does not get into other networks."""
    one, two = cloud["geneve1"], cloud["geneve2"]
    cloud.clear()
    one.send(one.udp(two.mac, two.ip))
    outer = one_frame(cloud.underlay)
    two.take()
    forged = bytearray(bytes(outer))
    at = 14 + 20 + 8 + 4
    assert forged[at:at + 3] == (1001).to_bytes(3, "big")
    forged[at:at + 3] = (4001).to_bytes(3, "big")
    forged[14 + 20 + 6:14 + 20 + 8] = b"\0\0"  # No UDP checksum.
    cloud.underlay.ends[1].inject(bytes(forged))
    cloud.settle()
    cloud.expect({})


def test_bridges_and_physical_networks_may_have_long_names():
    """Three of forty characters, which no interface could have."""
    physnets = [letter * 37 for letter in "abc"]
    with Cloud(chassis=2, encap_types=(), physnets=physnets) as cloud:
        for i, physnet in enumerate(physnets, 1):
            cloud.add_network("n%d" % i, "10.0.%d.0/24" % i, type="flat", physical_network=physnet)
            for chassis in (0, 1):
                cloud.add_vm("vm%d%d" % (i, chassis), "n%d" % i, chassis,
                             "10.0.%d.1%d" % (i, chassis))
        cloud.sync()
        for chassis in cloud.chassis:
            assert "problems: none" in chassis.dfappctl("status")
            assert all("br-" + physnet in cloud.nb("chassis-list") for physnet in physnets)
        for i in range(1, 4):
            one, two = cloud["vm%d0" % i], cloud["vm%d1" % i]
            two.send(packets.gratuitous_arp(two.mac, two.ip))  # The fabric learns where it is.
            frame = one.udp(two.mac, two.ip)
            cloud.check(one, frame, {two: frame})
