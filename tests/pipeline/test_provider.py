# SPDX-License-Identifier: Apache-2.0
"""Provider networks and the physical machines on them, of which Dragonflow
knows nothing."""
import pytest
from scapy.layers.l2 import Dot1Q, Ether

from dfharness import Cloud, packets

VID = 104
HOST_MAC, HOST_IP = "02:bb:00:00:00:01", "10.0.4.200"


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=3, physnets=["phys1"]) as cloud:
        cloud.add_network("vlan", "10.0.4.0/24", type="vlan", segmentation_id=VID,
                          physical_network="phys1")
        cloud.add_network("flat", "10.0.5.0/24", type="flat", physical_network="phys1")
        cloud.add_network("overlay", "10.0.1.0/24")
        cloud.r1 = cloud.add_router("r1", vlan="10.0.4.1/24", flat="10.0.5.1/24",
                                    overlay="10.0.1.1/24")
        for chassis in (1, 2):
            cloud.add_vm("v%d" % chassis, "vlan", chassis - 1, "10.0.4.1%d" % chassis)
            cloud.add_vm("f%d" % chassis, "flat", chassis - 1, "10.0.5.1%d" % chassis)
            cloud.add_vm("o%d" % chassis, "overlay", chassis - 1, "10.0.1.1%d" % chassis)
        cloud.add_vm("o3", "overlay", 2, "10.0.1.13")
        cloud.phys1 = cloud.physnets["phys1"]
        cloud.host = cloud.phys1.host("host", HOST_MAC, HOST_IP)
        cloud.sync()
        yield cloud


def learned(cloud, frame):
    """The fabric has learned where 'host' is."""
    cloud.host.send(frame)
    cloud.clear()


def test_a_broadcast_reaches_the_physical_host_and_each_machine_once(cloud):
    v1, v2 = cloud["v1"], cloud["v2"]
    request = v1.arp_request(HOST_IP)
    cloud.check(v1, request, {v2: request, cloud.host: packets.tagged(VID, request)})


def test_a_broadcast_of_the_physical_host_reaches_each_machine_once(cloud):
    request = packets.arp_request(HOST_MAC, HOST_IP, "10.0.4.11")
    cloud.check(cloud.host, packets.tagged(VID, request),
                {cloud["v1"]: request, cloud["v2"]: request})


@pytest.mark.parametrize("last", [0x00, 0x0e, 0x0f])
def test_addresses_reserved_for_bridges_do_not_pass_to_or_from_the_fabric(cloud, last):
    """Not even through a flat network."""
    dst = "01:80:c2:00:00:%02x" % last

    def frame(mac):
        return bytes(Ether(src=mac, dst=dst, type=0x88cc) / (b"x" * 60))

    for vm in cloud["v1"], cloud["f1"]:
        cloud.check(vm, frame(vm.mac), {})
    cloud.check(cloud.host, frame(HOST_MAC), {})
    cloud.check(cloud.host, packets.tagged(VID, frame(HOST_MAC)), {})


def test_unicast_with_the_physical_host_passes_both_ways(cloud):
    for name in ("v1", "v2"):
        vm = cloud[name]
        frame = packets.udp(HOST_MAC, vm.mac, HOST_IP, vm.ip)
        cloud.check(cloud.host, packets.tagged(VID, frame), {vm: frame})
        frame = vm.udp(HOST_MAC, HOST_IP)
        cloud.check(vm, frame, {cloud.host: packets.tagged(VID, frame)})


@pytest.mark.parametrize("pcp", [0, 6])
def test_a_priority_tag_of_the_fabric_is_no_tag(cloud, pcp):
    """IEEE 802.1Q 6.9.1, for ARP, too; and on a VLAN it makes a frame of no
    network."""
    f1, f2 = cloud["f1"], cloud["f2"]
    frame = packets.udp(HOST_MAC, f1.mac, "10.0.5.200", f1.ip)
    cloud.check(cloud.host, packets.tagged(0, frame, pcp), {f1: frame})
    request = packets.arp_request(HOST_MAC, "10.0.5.200", "10.0.5.99")
    cloud.check(cloud.host, packets.tagged(0, request, pcp), {f1: request, f2: request})
    v1 = cloud["v1"]
    cloud.check(cloud.host, packets.tagged(0, packets.udp(HOST_MAC, v1.mac, HOST_IP, v1.ip)), {})


def test_a_tag_behind_a_priority_tag_does_not_leave_a_flat_network(cloud):
    """Or a machine there would reach any VLAN of the fabric."""
    f1 = cloud["f1"]
    frame = packets.tagged(0, packets.tagged(VID, f1.udp(HOST_MAC, HOST_IP)))
    cloud.check(f1, frame, {})


def test_no_port_takes_the_mac_of_another_on_the_fabric(cloud):
    """A physical switch would send that one's frames to the impostor."""
    v1, v2 = cloud["v1"], cloud["v2"]
    cloud.check(v1, packets.arp_request(v2.mac, v2.ip, HOST_IP), {})


def test_a_flat_network_is_untagged(cloud):
    f1 = cloud["f1"]
    frame = packets.udp(HOST_MAC, f1.mac, "10.0.5.200", f1.ip)
    cloud.check(cloud.host, frame, {f1: frame})
    frame = f1.udp(HOST_MAC, "10.0.5.200")
    cloud.check(f1, frame, {cloud.host: frame})


def test_frames_of_other_vlans_are_not_accepted(cloud):
    v1 = cloud["v1"]
    frame = packets.udp(HOST_MAC, v1.mac, HOST_IP, v1.ip)
    for wrong in (frame, packets.tagged(VID + 1, frame), packets.tagged(0, frame)):
        cloud.check(cloud.host, wrong, {})


def test_machines_on_a_vlan_reach_each_other_across_chassis(cloud):
    v1, v2 = cloud["v1"], cloud["v2"]
    v2.send(packets.gratuitous_arp(v2.mac, v2.ip))  # The fabric learns where it is.
    frame = v1.udp(v2.mac, v2.ip)
    cloud.check(v1, frame, {v2: frame})


def test_a_machine_announces_itself_to_the_fabric(cloud):
    """Its gratuitous ARP is not answered, but physical hosts and switches
    hear it."""
    v1 = cloud["v1"]
    frame = packets.gratuitous_arp(v1.mac, v1.ip)
    cloud.clear()
    v1.send(frame)
    v1.expect_nothing()
    assert cloud.host.take() == [packets.tagged(VID, frame)]


def test_no_mac_address_moves_on_the_fabric(cloud):
    """Two chassis route into the VLAN at the same time: a learning switch sees
    each MAC address in one place only, and never the router's."""
    learned(cloud, packets.tagged(VID, packets.gratuitous_arp(HOST_MAC, HOST_IP)))
    v1, v2 = cloud["v1"], cloud["v2"]
    cloud.phys1.moves.clear()
    router_mac = cloud.r1["vlan"].mac
    for _ in range(3):
        for source, network, target in ((cloud["o1"], "overlay", v2), (cloud["o2"], "overlay", v1),
                                        (cloud["o3"], "overlay", v1), (cloud["o3"], "overlay", v2),
                                        (cloud["f1"], "flat", v2), (cloud["f2"], "flat", v1)):
            cloud.clear()
            source.send(source.udp(cloud.r1[network].mac, target.ip))
            got = target.take()
            assert len(got) == 1, (source, target, got)
            crossed = [Ether(f) for f in cloud.phys1.take()]
            assert len(crossed) == 1
            assert crossed[0].src != router_mac
        for source, target in ((v1, v2), (v2, v1)):
            source.send(source.udp(target.mac, target.ip))
    assert cloud.phys1.moves == []


def test_a_packet_routed_into_the_vlan_carries_its_tag(cloud):
    o1, v2 = cloud["o1"], cloud["v2"]
    frame = o1.udp(cloud.r1["overlay"].mac, v2.ip)
    cloud.clear()
    o1.send(frame)
    crossed = [Ether(f) for f in cloud.phys1.take()]
    assert [p[Dot1Q].vlan for p in crossed] == [VID]
    got = v2.take()
    assert got == [packets.routed(frame, crossed[0].src, v2.mac)]


def test_a_chassis_without_ports_on_the_vlan_routes_into_it(cloud):
    o3, v1 = cloud["o3"], cloud["v1"]
    frame = o3.udp(cloud.r1["overlay"].mac, v1.ip)
    cloud.clear()
    o3.send(frame)
    got = v1.take()
    assert len(got) == 1
    assert got == [packets.routed(frame, Ether(got[0]).src, v1.mac)]
    # And back, from the chassis of v1.
    frame = v1.udp(cloud.r1["vlan"].mac, o3.ip)
    cloud.check(v1, frame, {o3: packets.routed(frame, cloud.r1["overlay"].mac, o3.mac)})
