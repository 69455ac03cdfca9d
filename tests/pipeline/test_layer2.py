# SPDX-License-Identifier: Apache-2.0
"""Layer 2 of an overlay network: unicast, broadcast and multicast, on one
chassis and across several, without duplicates and without echo."""
import pytest
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets

BROADCAST = packets.BROADCAST


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=3) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        for name, network, chassis, ip in (
                ("a1", "n1", 0, "10.0.1.11"), ("a2", "n1", 0, "10.0.1.12"),
                ("b1", "n1", 1, "10.0.1.21"), ("b2", "n1", 1, "10.0.1.22"),
                ("y1", "n2", 2, "10.0.2.31"), ("x1", "n2", 0, "10.0.2.11")):
            cloud.add_vm(name, network, chassis, ip)
        cloud.sync()
        yield cloud


def frame(source, dst, ethertype=0x88b5, data=b"x" * 60):
    return bytes(Ether(src=source.mac, dst=dst, type=ethertype) / data)


def test_unicast_on_one_chassis_reaches_its_destination_only(cloud):
    a1, a2 = cloud["a1"], cloud["a2"]
    f = a1.udp(a2.mac, a2.ip)
    cloud.check(a1, f, {a2: f})
    assert cloud.underlay.take() == []


def test_unicast_across_chassis_reaches_its_destination_only(cloud):
    a1, b2 = cloud["a1"], cloud["b2"]
    for source, destination in ((a1, b2), (b2, a1)):
        f = source.udp(destination.mac, destination.ip)
        cloud.check(source, f, {destination: f})
        assert len(cloud.underlay.take()) == 1


def test_frames_that_are_not_ip_pass_like_any_other(cloud):
    a1, a2, b1 = cloud["a1"], cloud["a2"], cloud["b1"]
    for destination in (a2, b1):
        f = frame(a1, destination.mac)
        cloud.check(a1, f, {destination: f})


@pytest.mark.parametrize("dst", [BROADCAST, "01:00:5e:00:00:fb", "33:33:00:00:00:01"])
def test_broadcast_and_multicast_reach_each_other_port_once(cloud, dst):
    a1 = cloud["a1"]
    f = frame(a1, dst)
    cloud.check(a1, f, {vm: f for vm in (cloud["a2"], cloud["b1"], cloud["b2"])})


def test_broadcast_crosses_the_underlay_once_for_each_chassis_that_needs_it(cloud):
    a1, b1 = cloud["a1"], cloud["b1"]
    for source, others in ((a1, ("a2", "b1", "b2")), (b1, ("a1", "a2", "b2"))):
        f = frame(source, BROADCAST)
        cloud.check(source, f, {cloud[name]: f for name in others})
        # Not to c3, which has no port on the network.
        assert len(cloud.underlay.take()) == 1


def test_an_unknown_unicast_address_is_not_flooded(cloud):
    cloud.check(cloud["a1"], frame(cloud["a1"], "0a:00:00:00:ff:ff"), {})
    assert cloud.underlay.take() == []


def test_a_frame_to_the_senders_own_address_does_not_come_back(cloud):
    cloud.check(cloud["a1"], frame(cloud["a1"], cloud["a1"].mac), {})


@pytest.mark.parametrize("last", range(16))
def test_addresses_reserved_for_bridges_are_not_forwarded(cloud, last):
    """IEEE 802.1Q, table 8-1."""
    cloud.check(cloud["a1"], frame(cloud["a1"], "01:80:c2:00:00:%02x" % last), {})
    assert cloud.underlay.take() == []


def test_the_address_after_those_is_flooded_like_any_group(cloud):
    f = frame(cloud["a1"], "01:80:c2:00:00:10")
    cloud.check(cloud["a1"], f, {vm: f for vm in (cloud["a2"], cloud["b1"], cloud["b2"])})


def test_a_mac_address_is_known_in_its_own_network_only(cloud):
    cloud.check(cloud["a1"], frame(cloud["a1"], cloud["x1"].mac), {})
    cloud.check(cloud["a1"], frame(cloud["a1"], cloud["y1"].mac), {})


def test_tagged_frames_of_a_virtual_machine_are_dropped(cloud):
    a1, a2 = cloud["a1"], cloud["a2"]
    cloud.check(a1, packets.tagged(101, a1.udp(a2.mac, a2.ip)), {})
    cloud.check(a1, packets.tagged(101, frame(a1, BROADCAST)), {})


@pytest.mark.parametrize("pcp", [0, 5, 7])
def test_a_priority_tag_of_a_virtual_machine_is_no_tag(cloud, pcp):
    """IEEE 802.1Q 6.9.1: VLAN ID 0 means none.  Whatever is behind it counts."""
    a1, a2, b1 = cloud["a1"], cloud["a2"], cloud["b1"]
    for vm in (a2, b1):
        f = a1.udp(vm.mac, vm.ip)
        cloud.check(a1, packets.tagged(0, f, pcp), {vm: f})
    cloud.clear()
    a1.send(packets.tagged(0, a1.arp_request(a2.ip), pcp))
    assert len(a1.take()) == 1
    cloud.check(a1, packets.tagged(0, packets.tagged(101, a1.udp(a2.mac, a2.ip)), pcp), {})


@pytest.mark.parametrize("destination", [BROADCAST, "b1"])
def test_a_machine_cannot_send_from_the_address_of_another(cloud, destination):
    a1, a2, b1 = cloud["a1"], cloud["a2"], cloud["b1"]
    mac = b1.mac if destination == "b1" else destination
    for source in (a2.mac, "0a:00:00:00:99:99"):
        cloud.check(a1, packets.udp(source, mac, a1.ip, b1.ip), {})


def test_a_jumbo_frame_passes_if_the_underlay_can_carry_it(cloud):
    a1, b1 = cloud["a1"], cloud["b1"]
    f = a1.udp(b1.mac, b1.ip, data=b"j" * 8000)
    cloud.check(a1, f, {b1: f})


def test_a_port_that_is_unplugged_no_longer_receives(cloud):
    a1, a2, b1, b2 = (cloud[name] for name in ("a1", "a2", "b1", "b2"))
    late = cloud.add_vm("late", "n1", 2, "10.0.1.33")
    cloud.sync()
    f = frame(a1, BROADCAST)
    cloud.check(a1, f, {vm: f for vm in (a2, b1, b2, late)})
    assert len(cloud.underlay.take()) == 2
    late.unplug()
    cloud.nb("wait-until Port late up=false")
    cloud.sync()
    cloud.check(a1, f, {vm: f for vm in (a2, b1, b2)})
    assert len(cloud.underlay.take()) == 1
    cloud.nb("port-del late")


def test_broadcast_reaches_more_local_ports_than_one_list_holds(cloud):
    """Longer lists of copies are split: stage "flood" in docs/pipeline.md."""
    cloud.add_network("n3", "10.0.3.0/24")
    vms = [cloud.add_vm("many%d" % i, "n3", 0, "10.0.3.%d" % (10 + i)) for i in range(70)]
    far = cloud.add_vm("far", "n3", 1, "10.0.3.200")
    cloud.sync()
    for source in (vms[0], vms[69]):
        f = frame(source, BROADCAST)
        cloud.check(source, f, {vm: f for vm in (*vms, far) if vm is not source})
    f = frame(far, BROADCAST)
    cloud.check(far, f, {vm: f for vm in vms})
