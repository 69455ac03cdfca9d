# SPDX-License-Identifier: Apache-2.0
"""Duplicate address detection (RFC 4862 5.4): who wants an address that somebody has is told so,
and nobody else hears of it."""
import pytest
from scapy.layers.inet6 import ICMPv6ND_NA
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets6
from dfharness.packets6 import ALL_NODES, advertisement, group_mac, link_local, solicitation

NONCE = bytes([14, 1]) + b"nonce!"  # RFC 3971 5.3.2, RFC 7527.


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        cloud.add_network("n1", "fd00:1::/64")
        cloud.add_network("n2", "fd00:2::/64", type="vlan", segmentation_id=102,
                          physical_network="phys1")
        cloud.r1 = cloud.add_router("r1", n1="fd00:1::1/64", n2="fd00:2::1/64")
        cloud.add_vm("vm1", "n1", 0, "fd00:1::11")
        cloud.add_vm("vm2", "n1", 0, "fd00:1::12", "fd00:1::112")
        cloud.add_vm("vm3", "n1", 1, "fd00:1::13")
        cloud.add_vm("vm4", "n2", 0, "fd00:2::14")
        cloud.add_vm("vm5", "n2", 1, "fd00:2::15")
        cloud.sync()
        yield cloud


def probe(vm, target, **kwargs):
    return solicitation(vm.mac, "::", target, **kwargs)


def check_told(cloud, vm, target, mac, router=False, **kwargs):
    """The owner's advertisement to all nodes reaches the prober only."""
    answer = advertisement(mac, target, group_mac(ALL_NODES), ALL_NODES, router, solicited=False)
    cloud.check(vm, probe(vm, target, **kwargs), {vm: answer})
    assert cloud.underlay.take() == []
    assert cloud.physnets["phys1"].take() == []


def test_an_address_of_a_machine_on_this_or_another_chassis_is_taken(cloud):
    vm1 = cloud["vm1"]
    for ip in cloud["vm2"].ips:
        check_told(cloud, vm1, ip, cloud["vm2"].mac)
    check_told(cloud, vm1, "fd00:1::13", cloud["vm3"].mac)


def test_a_routers_addresses_are_taken(cloud):
    """RFC 4861 4.4: it says that it is a router."""
    vm1, port = cloud["vm1"], cloud.r1["n1"]
    check_told(cloud, vm1, port.ip, port.mac, router=True)
    check_told(cloud, vm1, port.link_local, port.mac, router=True)


def test_a_nonce_does_not_matter(cloud):
    check_told(cloud, cloud["vm1"], "fd00:1::13", cloud["vm3"].mac, options=NONCE)


def test_on_a_provider_network_the_prober_is_told_as_well(cloud):
    check_told(cloud, cloud["vm4"], "fd00:2::15", cloud["vm5"].mac)
    check_told(cloud, cloud["vm4"], "fd00:2::1", cloud.r1["n2"].mac, router=True)


def test_ones_own_address_is_not_taken(cloud):
    vm1, others = cloud["vm1"], (cloud["vm2"], cloud["vm3"])
    frame = probe(vm1, vm1.ip)
    cloud.check(vm1, frame, {other: frame for other in others})
    frame = probe(vm1, link_local(vm1.mac))
    cloud.check(vm1, frame, {other: frame for other in others})


def test_an_address_of_another_network_is_not_taken(cloud):
    vm1, others = cloud["vm1"], (cloud["vm2"], cloud["vm3"])
    frame = probe(vm1, "fd00:2::15")
    cloud.check(vm1, frame, {other: frame for other in others})


@pytest.mark.parametrize("change", [{"hlim": 254}, {"code": 1}],
                         ids=["forwarded by a router", "with a code"])
def test_what_is_no_valid_probe_tells_nothing(cloud, change):
    vm1 = cloud["vm1"]
    cloud.clear()
    vm1.send(probe(vm1, "fd00:1::13", **change))
    assert vm1.take() == []


def test_a_probe_with_a_wrong_checksum_tells_nothing(cloud):
    vm1 = cloud["vm1"]
    frame = bytearray(probe(vm1, "fd00:1::13"))
    frame[14 + 40 + 3] ^= 1
    cloud.check(vm1, bytes(frame), {})


def test_a_flood_of_probes_is_limited_and_another_machine_is_still_told(cloud):
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    cloud.clear()
    for _ in range(5):
        vm1.chassis.appctl("netdev-dummy/receive", vm1.name,
                           *[probe(vm1, "fd00:1::13").hex()] * 100)
    cloud.settle()
    answers = vm1.take()
    assert 0 < len(answers) < 200 and all(Ether(f).haslayer(ICMPv6ND_NA) for f in answers)
    check_told(cloud, vm2, "fd00:1::13", cloud["vm3"].mac)


def test_the_owner_is_asked_for_anew_each_time(cloud):
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    new = "fd00:1::77"
    port = {"table": "Port", "where": [["name", "==", "vm3"]]}
    cloud.nb_db.transact({"op": "mutate", **port, "mutations": [["addresses", "insert", new]]})
    cloud.sync()
    check_told(cloud, vm2, new, cloud["vm3"].mac)
    cloud.nb_db.transact({"op": "mutate", **port, "mutations": [["addresses", "delete", new]]})
    cloud.sync()
    frame = packets6.solicitation(vm2.mac, "::", new)
    cloud.check(vm2, frame, {vm1: frame, cloud["vm3"]: frame})
