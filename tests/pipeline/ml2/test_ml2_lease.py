# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent: what becomes of packets when the lease, the flow that
df-controller renews while it lives, is gone."""
import contextlib
import re

import pytest

from dfharness import packets, packets6


@contextlib.contextmanager
def dead_controller(cloud):
    """Nothing else has changed: the lease of this cloud does not expire."""
    cloud.chassis[0].controller.kill()
    try:
        yield
    finally:
        cloud.chassis[0].start_controller()
        cloud.sync(ports_up=False)


def remove_lease(cloud):
    chassis = cloud.chassis[0]
    lease, = [flow for flow in chassis.flows() if "table=148" in flow and "NORMAL" not in flow]
    chassis.ofctl("--strict", "del-flows", "br-int",
                  "table=148," + re.search(r"priority=\d+", lease).group())
    chassis.revalidated()


@pytest.fixture(params=["IPv4", "IPv6"])
def to_vm2(request, cloud):
    vm1 = cloud["vm1"]
    return (vm1.udp(cloud.r1["n1"].mac, "10.0.2.11") if request.param == "IPv4" else
            packets6.udp(vm1.mac, cloud.r1_6["n1"].mac, vm1.ips[1], "fd00:0:0:2::11"))


def test_packets_reach_the_legacy_router_as_they_were_sent(cloud, to_vm2):
    legacy = cloud["legacy1"]
    with dead_controller(cloud):
        remove_lease(cloud)
        cloud.check(cloud["vm1"], to_vm2, {legacy: to_vm2})
    cloud.clear()
    cloud["vm1"].send(to_vm2)
    assert len(cloud["vm2"].take()) == 1 and not legacy.take()


def test_only_the_legacy_router_answers_arp(cloud):
    vm1, port = cloud["vm1"], cloud.r1["n1"]
    request = vm1.arp_request("10.0.1.1")
    reply = packets.arp_reply(port.mac, port.ip, vm1.mac, vm1.ip)
    heard = {cloud["vm1b"]: request, cloud["legacy1"]: request}
    with dead_controller(cloud):
        cloud.check(vm1, request, {**heard, vm1: reply})
        remove_lease(cloud)
        cloud.check(vm1, request, heard)
    cloud.check(vm1, request, {**heard, vm1: reply})


def test_only_the_legacy_router_answers_solicitations(cloud):
    vm1, port = cloud["vm1"], cloud.r1_6["n1"]
    question = packets6.solicitation(vm1.mac, vm1.ips[1], port.ip)
    answer = packets6.advertisement(port.mac, port.ip, vm1.mac, vm1.ips[1], router=1)
    heard = {cloud["vm1b"]: question, cloud["legacy1"]: question}
    with dead_controller(cloud):
        cloud.check(vm1, question, {**heard, vm1: answer})
        remove_lease(cloud)
        cloud.check(vm1, question, heard)
    cloud.check(vm1, question, {**heard, vm1: answer})


def megaflows(cloud, frame):
    """Of those that vm1's packet needs: (keys and masks, actions)."""
    chassis = cloud.chassis[0]
    chassis.appctl("revalidator/purge")
    cloud["vm1"].send(frame)
    flows = re.findall(r"(recirc_id.*?), packets:.*actions:(.*)",
                       chassis.appctl("dpctl/dump-flows", "-m"))
    assert flows
    return zip(*sorted(flows))


def test_megaflows_look_at_the_same_fields_with_and_without_it(cloud, to_vm2):
    """So they need not be made anew, and never overlap with others: the userspace datapath
    of Open vSwitch 3.1.0 alters one of those that overlap instead of the other."""
    with dead_controller(cloud):
        with_lease, routed = megaflows(cloud, to_vm2)
        remove_lease(cloud)
        without, left = megaflows(cloud, to_vm2)
        assert without == with_lease and left != routed
