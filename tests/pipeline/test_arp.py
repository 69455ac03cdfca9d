# SPDX-License-Identifier: Apache-2.0
"""ARP: what is known is answered on the spot (RFC 826, RFC 5227)."""
import pytest

from dfharness import Cloud, packets

VM1, VM2, VM3 = "10.0.1.11", "10.0.1.12", "10.0.1.13"


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.r2 = cloud.add_router("r2", n1="10.0.1.2/24")
        cloud.add_vm("vm1", "n1", 0, VM1)
        cloud.add_vm("vm2", "n1", 0, VM2)
        cloud.add_vm("vm3", "n1", 1, VM3)
        cloud.add_vm("vm4", "n2", 0, "10.0.2.14")
        cloud.sync()
        yield cloud


def answered(cloud, vm, target, mac, **kwargs):
    """Only the asker hears of it, and nothing leaves the chassis."""
    request = vm.arp_request(target, **kwargs)
    cloud.check(vm, request, {vm: packets.arp_reply(mac, target, vm.mac,
                                                    kwargs.get("ip", vm.ip))})
    assert cloud.underlay.take() == []


def test_a_request_for_a_router_ports_address_is_answered(cloud):
    answered(cloud, cloud["vm1"], "10.0.1.1", cloud.r1["n1"].mac)


def test_each_router_of_a_network_answers_for_its_own_address(cloud):
    answered(cloud, cloud["vm3"], "10.0.1.1", cloud.r1["n1"].mac)
    answered(cloud, cloud["vm3"], "10.0.1.2", cloud.r2["n1"].mac)


def test_a_request_for_a_port_of_the_same_chassis_is_answered(cloud):
    answered(cloud, cloud["vm1"], VM2, cloud["vm2"].mac)


def test_a_request_for_a_port_of_another_chassis_does_not_leave_the_chassis(cloud):
    answered(cloud, cloud["vm1"], VM3, cloud["vm3"].mac)


def test_a_unicast_request_is_answered(cloud):
    answered(cloud, cloud["vm1"], VM3, cloud["vm3"].mac, dst=cloud["vm3"].mac)


def test_a_request_from_an_address_of_another_subnet_is_answered(cloud):
    """RFC 826 does not look at the sender's protocol address."""
    answered(cloud, cloud["vm1"], "10.0.1.1", cloud.r1["n1"].mac, ip="192.0.2.7")


def test_a_probe_for_an_address_that_another_port_holds_is_answered(cloud):
    """RFC 5227 2.1.1: so that the prober learns of the conflict."""
    answered(cloud, cloud["vm1"], VM2, cloud["vm2"].mac, ip="0.0.0.0")
    answered(cloud, cloud["vm1"], VM3, cloud["vm3"].mac, ip="0.0.0.0")
    answered(cloud, cloud["vm1"], "10.0.1.1", cloud.r1["n1"].mac, ip="0.0.0.0")


def test_a_probe_for_the_probers_own_address_is_not_answered(cloud):
    """But heard by the others, in case that one of them has it."""
    vm1 = cloud["vm1"]
    probe = vm1.arp_request(VM1, ip="0.0.0.0")
    cloud.check(vm1, probe, {cloud["vm2"]: probe, cloud["vm3"]: probe})


@pytest.mark.parametrize("op", [1, 2])
def test_a_gratuitous_arp_is_heard_by_all_and_answered_by_none(cloud, op):
    """RFC 5227 3: the others may have an old MAC for the address."""
    vm1 = cloud["vm1"]
    gratuitous = packets.gratuitous_arp(vm1.mac, vm1.ip, op)
    cloud.check(vm1, gratuitous, {cloud["vm2"]: gratuitous, cloud["vm3"]: gratuitous})


def test_a_request_for_an_unknown_address_reaches_the_whole_network(cloud):
    vm1 = cloud["vm1"]
    request = vm1.arp_request("10.0.1.99")
    cloud.check(vm1, request, {cloud["vm2"]: request, cloud["vm3"]: request})


def test_an_arp_reply_between_ports_passes(cloud):
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    reply = packets.arp_reply(vm1.mac, vm1.ip, vm3.mac, vm3.ip)
    cloud.check(vm1, reply, {vm3: reply})


def test_an_address_of_another_network_is_unknown(cloud):
    vm1 = cloud["vm1"]
    request = vm1.arp_request("10.0.2.14")
    cloud.check(vm1, request, {cloud["vm2"]: request, cloud["vm3"]: request})


def test_the_answer_follows_changes_of_the_address(cloud):
    vm2, vm3 = cloud["vm2"], cloud["vm3"]
    cloud.nb("add Port vm3 addresses 10.0.1.113")
    cloud.sync()
    answered(cloud, vm2, "10.0.1.113", vm3.mac)
    cloud.nb("remove Port vm3 addresses 10.0.1.113")
    cloud.sync()
    request = vm2.arp_request("10.0.1.113")
    cloud.check(vm2, request, {cloud["vm1"]: request, vm3: request})
