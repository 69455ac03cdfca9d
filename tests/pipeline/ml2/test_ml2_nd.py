# SPDX-License-Identifier: Apache-2.0
"""Neighbour discovery for a router's addresses beside Neutron's Open vSwitch agent (RFC 4861):
answered here as the legacy router answers, which hears the solicitation as well."""
import pytest

from dfharness import packets6
from dfharness.packets6 import link_local, solicitation

ROUTER1, ROUTER2 = "fd00:0:0:1::1", "fd00:0:0:2::1"


@pytest.fixture(params=["global", "link-local"])
def target(request, cloud):
    """An address of the router on n1."""
    return ROUTER1 if request.param == "global" else link_local(cloud.r1_6["n1"].mac)


def ask(vm, target, **kwargs):
    return solicitation(vm.mac, kwargs.pop("ip", vm.ips[-1]), target, **kwargs)


def answer(vm, port, target, **kwargs):
    return packets6.advertisement(port.mac, target, vm.mac, kwargs.pop("ip", vm.ips[-1]), router=1,
                                  **kwargs)


def test_a_solicitation_of_a_routers_address_is_answered_and_heard_by_all(cloud, target):
    """All: NORMAL floods it, as ever."""
    vm1 = cloud["vm1"]
    frame = ask(vm1, target)
    cloud.check(vm1, frame, {vm1: answer(vm1, cloud.r1_6["n1"], target), cloud["vm1b"]: frame,
                             cloud["legacy1"]: frame})


def test_every_router_port_answers_on_its_own_network(cloud):
    vm2 = cloud["vm2"]
    frame = ask(vm2, ROUTER2)
    cloud.check(vm2, frame, {vm2: answer(vm2, cloud.r1_6["n2"], ROUTER2),
                             cloud["legacy2"]: frame})


def test_who_asks_from_its_link_local_address_is_answered_there(cloud, target):
    vm1, port = cloud["vm1"], cloud.r1_6["n1"]
    ip = link_local(vm1.mac)
    frame = ask(vm1, target, ip=ip)
    cloud.check(vm1, frame, {vm1: answer(vm1, port, target, ip=ip), cloud["vm1b"]: frame,
                             cloud["legacy1"]: frame})


def test_a_solicitation_to_the_router_alone_is_answered(cloud, target):
    """RFC 4861 7.3.3: by this, neighbours make sure of what they know."""
    vm1, port = cloud["vm1"], cloud.r1_6["n1"]
    frame = ask(vm1, target, dst=target, dst_mac=port.mac)
    cloud.check(vm1, frame, {vm1: answer(vm1, port, target), cloud["legacy1"]: frame})


def test_a_solicitation_to_another_host_is_not_answered_here(cloud, target):
    vm1, vm1b = cloud["vm1"], cloud["vm1b"]
    frame = ask(vm1, target, dst=target, dst_mac=vm1b.mac)
    cloud.check(vm1, frame, {vm1b: frame})


@pytest.mark.parametrize("other", ["fd00:0:0:1::12", "fd00:0:0:1::99", ROUTER2, "fe80::99",
                                   "fd00:0:0:1::"])
def test_other_addresses_are_not_answered_here(cloud, other):
    """The last is the routers' anycast address (RFC 4291 2.6.1)."""
    vm1 = cloud["vm1"]
    frame = ask(vm1, other)
    cloud.check(vm1, frame, {cloud["vm1b"]: frame, cloud["legacy1"]: frame})


def test_a_solicitation_from_afar_is_not_answered(cloud, target):
    """RFC 4861 7.1.1: hop limit 255, which a router would have lowered."""
    vm1 = cloud["vm1"]
    frame = ask(vm1, target, hlim=254)
    cloud.check(vm1, frame, {cloud["vm1b"]: frame, cloud["legacy1"]: frame})
    frame = ask(vm1, target, dst=target, dst_mac=cloud.r1_6["n1"].mac, hlim=254)
    cloud.check(vm1, frame, {cloud["legacy1"]: frame})


def test_a_probe_is_left_to_the_legacy_router(cloud, target):
    """Duplicate address detection (RFC 4862 5.4.2): a machine's own address does not depend on
    the answer while that router is away."""
    vm1 = cloud["vm1"]
    frame = ask(vm1, target, ip="::", option=False)
    heard = {} if cloud.agent.firewall else {cloud["vm1b"]: frame, cloud["legacy1"]: frame}
    cloud.check(vm1, frame, heard)


def test_other_messages_are_left_alone(cloud):
    vm1, vm1b, legacy = cloud["vm1"], cloud["vm1b"], cloud["legacy1"]
    port = cloud.r1_6["n1"]
    frame = packets6.advertisement(vm1.mac, vm1.ips[1], port.mac, ROUTER1)
    cloud.check(vm1, frame, {legacy: frame})
    frame = packets6.advertisement(vm1.mac, vm1.ips[1], packets6.group_mac("ff02::1"),
                                   "ff02::1", solicited=0)
    cloud.check(vm1, frame, {vm1b: frame, legacy: frame})


def test_an_echo_request_to_the_router_is_left_to_the_legacy_router(cloud):
    """So a ping of the gateway shows the truth."""
    vm1 = cloud["vm1"]
    for target in (ROUTER1, ROUTER2):
        frame = packets6.echo(vm1.mac, cloud.r1_6["n1"].mac, vm1.ips[1], target)
        cloud.check(vm1, frame, {cloud["legacy1"]: frame})


def test_what_the_legacy_router_asks_is_left_alone(cloud):
    legacy, port = cloud["legacy1"], cloud.r1_6["n1"]
    frame = solicitation(port.mac, ROUTER1, "fd00:0:0:1::11")
    cloud.check(legacy, frame, {cloud["vm1"]: frame, cloud["vm1b"]: frame})


def test_who_asks_with_anothers_address_is_not_answered(cloud, target):
    """The agent's protection comes first, where it has one: without its firewall nothing looks
    at the source address of a solicitation."""
    vm1 = cloud["vm1"]
    frame = ask(vm1, target, ip="fd00:0:0:1::12")
    if cloud.agent.firewall:
        cloud.check(vm1, frame, {})


def test_the_switch_learns_the_askers_mac_address(cloud):
    chassis, vm1 = cloud.chassis[0], cloud["vm1"]
    chassis.appctl("fdb/flush", "br-int")
    vm1.send(ask(vm1, ROUTER1))
    assert vm1.mac in chassis.appctl("fdb/show", "br-int")


def test_an_address_is_answered_in_its_own_network_only(cloud, elsewhere):
    """Networks have the same addresses as often as not."""
    vm1, vm1b, legacy = cloud["vm1"], cloud["vm1b"], cloud["legacy1"]
    vm3, port = elsewhere("fd00:0:0:1::/64", "fd00:0:0:1::7/64", "fd00:0:0:1::13")
    for target in ("fd00:0:0:1::7", link_local(port.mac)):
        frame = ask(vm3, target)
        cloud.check(vm3, frame, {vm3: answer(vm3, port, target)})
        frame = ask(vm1, target)
        cloud.check(vm1, frame, {vm1b: frame, legacy: frame})


def test_a_disabled_router_does_not_answer(cloud, target):
    vm1, vm1b, legacy = cloud["vm1"], cloud["vm1b"], cloud["legacy1"]
    frame = ask(vm1, target)
    cloud.nb("set Router r1 enabled=false")
    cloud.nb_db.sync()
    try:
        cloud.check(vm1, frame, {vm1b: frame, legacy: frame})
    finally:
        cloud.nb("set Router r1 enabled=true")
        cloud.nb_db.sync()
    cloud.check(vm1, frame, {vm1: answer(vm1, cloud.r1_6["n1"], target), vm1b: frame,
                             legacy: frame})
