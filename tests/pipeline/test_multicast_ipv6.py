# SPDX-License-Identifier: Apache-2.0
"""IPv6 multicast reaches each other machine of a network once, and nobody else, as IPv4 multicast
does.  There is no snooping: what MLD says (RFC 2710, RFC 3810) goes the same way, unanswered, and
nobody has to join a group to get its packets."""
import ipaddress

import pytest
from scapy.layers.inet import UDP
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6MLDMultAddrRec, ICMPv6MLQuery,
                                ICMPv6MLQuery2, ICMPv6MLReport, ICMPv6MLReport2, ICMPv6MLDone,
                                ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6, IPv6ExtHdrHopByHop,
                                RouterAlert)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from dfharness import Cloud, packets

GROUP = "ff05::1234"
LINK_LOCAL = "fe80::800:ff:fe00:%x"


@pytest.fixture(scope="module", params=["geneve", "flat"])
def cloud(request):
    """Machines a and b on the first chassis, c on the second, all on n1; d and e on n2, which a
    router joins with n1."""
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        columns = {"physical_network": "phys1"} if request.param == "flat" else {}
        cloud.add_network("n1", "10.0.1.0/24", "fd00:1::/64", type=request.param, **columns)
        cloud.add_network("n2", "10.0.2.0/24", "fd00:2::/64")
        cloud.r1 = cloud.add_router("r1", n1=["10.0.1.1/24", "fd00:1::1/64"],
                                    n2=["10.0.2.1/24", "fd00:2::1/64"])
        for name, network, chassis, number in (("a", 1, 0, 11), ("b", 1, 0, 12), ("c", 1, 1, 13),
                                               ("d", 2, 0, 11), ("e", 2, 1, 12)):
            cloud.add_vm(name, "n%d" % network, chassis, "10.0.%d.%d" % (network, number),
                         "fd00:%d::%d" % (network, number))
        cloud.sync()
        for vm in cloud.vms:  # The fabric learns where they are.
            vm.send(packets.gratuitous_arp(vm.mac, vm.ip))
        yield cloud


def multicast_mac(group):
    """RFC 2464 section 7."""
    return "33:33:" + ipaddress.ip_address(group).packed[12:].hex(":")


def multicast(vm, group, payload, src=None, hlim=1):
    return bytes(Ether(src=vm.mac, dst=multicast_mac(group))
                 / IPv6(src=src or LINK_LOCAL % 1, dst=group, hlim=hlim) / payload)


def mld(vm, group, message):
    """With the Router Alert option that each of these messages has (RFC 3810 section 5)."""
    return multicast(vm, group, IPv6ExtHdrHopByHop(options=[RouterAlert(value=0)]) / message)


def reaches_its_network(cloud, vm, frame):
    """Each other machine of n1 once."""
    cloud.check(vm, frame, {other: frame for other in (cloud["a"], cloud["b"], cloud["c"])
                            if other is not vm})


@pytest.mark.parametrize("group", ["ff02::1", "ff02::2", "ff02::fb", "ff05::1234", "ff0e::1",
                                   "ff02::1:ff00:99", "ff32::8000:1"])
@pytest.mark.parametrize("sender", ["a", "c"])
def test_a_datagram_to_a_group_reaches_each_machine_once(cloud, sender, group):
    """Of any scope; no router forwards it."""
    vm = cloud[sender]
    frame = multicast(vm, group, UDP(sport=5353, dport=5353) / Raw(packets.PAYLOAD), vm.ips[1],
                      hlim=64)
    reaches_its_network(cloud, vm, frame)


@pytest.mark.parametrize("message", [
    ("ff02::1", ICMPv6MLQuery()),
    (GROUP, ICMPv6MLQuery(mladdr=GROUP)),
    ("ff02::1", ICMPv6MLQuery2()),
    (GROUP, ICMPv6MLReport(mladdr=GROUP)),
    ("ff02::2", ICMPv6MLDone(mladdr=GROUP)),
    ("ff02::16", ICMPv6MLReport2(records=[ICMPv6MLDMultAddrRec(rtype=4, dst=GROUP)])),
], ids=["general query", "specific query", "MLDv2 query", "report", "done", "MLDv2 report"])
def test_mld_goes_as_multicast_does_and_nothing_answers(cloud, message):
    vm = cloud["a"]
    reaches_its_network(cloud, vm, mld(vm, *message))


def test_a_solicitation_for_an_unknown_address_reaches_its_network(cloud):
    """The group of solicited nodes works without a report for it."""
    vm = cloud["a"]
    frame = multicast(vm, "ff02::1:ff00:99", ICMPv6ND_NS(tgt="fd00:1::99")
                      / ICMPv6NDOptSrcLLAddr(lladdr=vm.mac), vm.ips[1], hlim=255)
    reaches_its_network(cloud, vm, frame)


def test_a_ping_of_all_nodes_reaches_each_machine_once(cloud):
    vm = cloud["b"]
    frame = multicast(vm, "ff02::1", ICMPv6EchoRequest(id=7, seq=1, data=b"all"), vm.ips[1])
    reaches_its_network(cloud, vm, frame)


def test_multicast_to_a_routers_own_mac_is_not_forwarded(cloud):
    """RFC 4291 2.7: nothing routes it, whatever its scope."""
    vm = cloud["a"]
    for group in ("ff02::1", GROUP, "ff0e::1"):
        frame = bytes(Ether(src=vm.mac, dst=cloud.r1["n1"].mac)
                      / IPv6(src=vm.ips[1], dst=group, hlim=64)
                      / UDP(sport=1, dport=2) / Raw(packets.PAYLOAD))
        cloud.check(vm, frame, {})
