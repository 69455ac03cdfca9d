# SPDX-License-Identifier: Apache-2.0
"""ARP for a router's addresses beside Neutron's Open vSwitch agent (RFC 826): answered here
as the legacy router answers, which hears the request as well."""
import pytest

from dfharness import packets


def reply(cloud, vm, port):
    return packets.arp_reply(port.mac, port.ip, vm.mac, vm.ip)


def test_a_request_for_a_routers_address_is_answered_and_heard_by_all(cloud):
    """All: NORMAL floods it, as ever."""
    vm1, vm2, r1 = cloud["vm1"], cloud["vm2"], cloud.r1
    request = vm1.arp_request("10.0.1.1")
    cloud.check(vm1, request, {vm1: reply(cloud, vm1, r1["n1"]), cloud["vm1b"]: request,
                               cloud["legacy1"]: request})
    request = vm2.arp_request("10.0.2.1")
    cloud.check(vm2, request, {vm2: reply(cloud, vm2, r1["n2"]), cloud["legacy2"]: request})


def test_a_request_to_the_router_alone_is_answered(cloud):
    """By this, neighbours make sure of what they know (RFC 1122 2.3.2.1)."""
    vm1, port = cloud["vm1"], cloud.r1["n1"]
    request = vm1.arp_request(port.ip, dst=port.mac)
    cloud.check(vm1, request, {vm1: reply(cloud, vm1, port), cloud["legacy1"]: request})


def test_a_request_to_another_host_is_not_answered_here(cloud):
    vm1, vm1b = cloud["vm1"], cloud["vm1b"]
    request = vm1.arp_request("10.0.1.1", dst=vm1b.mac)
    cloud.check(vm1, request, {vm1b: request})


@pytest.mark.parametrize("target", ["10.0.1.12", "10.0.1.99", "10.0.2.1"])
def test_other_addresses_are_not_answered_here(cloud, target):
    vm1 = cloud["vm1"]
    request = vm1.arp_request(target)
    cloud.check(vm1, request, {cloud["vm1b"]: request, cloud["legacy1"]: request})


def test_a_reply_or_an_announcement_is_left_alone(cloud):
    vm1, vm1b, legacy = cloud["vm1"], cloud["vm1b"], cloud["legacy1"]
    port = cloud.r1["n1"]
    frame = packets.arp_reply(vm1.mac, vm1.ip, port.mac, port.ip)
    cloud.check(vm1, frame, {legacy: frame})
    frame = packets.gratuitous_arp(vm1.mac, vm1.ip)
    cloud.check(vm1, frame, {vm1b: frame, legacy: frame})


def test_what_the_legacy_router_asks_is_left_alone(cloud):
    legacy = cloud["legacy1"]
    request = legacy.arp_request("10.0.1.11")
    cloud.check(legacy, request, {cloud["vm1"]: request, cloud["vm1b"]: request})


def test_who_asks_with_anothers_address_is_not_answered(cloud):
    """The agent's protection comes first."""
    vm1 = cloud["vm1"]
    cloud.check(vm1, vm1.arp_request("10.0.1.1", ip="10.0.1.12"), {})


def test_the_switch_learns_the_askers_mac_address(cloud):
    chassis, vm1 = cloud.chassis[0], cloud["vm1"]
    chassis.appctl("fdb/flush", "br-int")
    vm1.send(vm1.arp_request("10.0.1.1"))
    assert vm1.mac in chassis.appctl("fdb/show", "br-int")


def test_a_disabled_router_does_not_answer(cloud):
    vm1, vm1b, legacy = cloud["vm1"], cloud["vm1b"], cloud["legacy1"]
    request = vm1.arp_request("10.0.1.1")
    cloud.nb("set Router r1 enabled=false")
    cloud.nb_db.sync()
    try:
        cloud.check(vm1, request, {vm1b: request, legacy: request})
    finally:
        cloud.nb("set Router r1 enabled=true")
        cloud.nb_db.sync()
    cloud.check(vm1, request, {vm1: reply(cloud, vm1, cloud.r1["n1"]), vm1b: request,
                               legacy: request})


def test_an_address_is_answered_in_its_own_network_only(cloud, elsewhere):
    """Networks have the same addresses as often as not."""
    vm1, vm1b, legacy = cloud["vm1"], cloud["vm1b"], cloud["legacy1"]
    vm3, port = elsewhere("10.0.1.0/24", "10.0.1.7/24", "10.0.1.11")
    request = vm3.arp_request("10.0.1.7")
    cloud.check(vm3, request, {vm3: reply(cloud, vm3, port)})
    request = vm1.arp_request("10.0.1.7")
    cloud.check(vm1, request, {vm1b: request, legacy: request})
