# SPDX-License-Identifier: Apache-2.0
"""Neighbour discovery: what is known is answered on the spot (RFC 4861 7.1.1, 7.2.3 to 7.2.6; RFC
4862 5.4)."""
import re

import pytest
from scapy.layers.inet6 import IPv6, ICMPv6MLReport2
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets, packets6
from dfharness.packets6 import link_local, solicitation, solicited_node

VM1, VM2, VM3 = "2001:db8:1::11", "2001:db8:1::12", "2001:db8:1::13"
ROUTER, ROUTER2, UNKNOWN = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::99"
# Options as RFC 4861 4.6 has them: type, length in 8 octets, and the rest.
NONCE = bytes([14, 1]) + b"nonce!"  # RFC 3971 5.3.2.
LONG = bytes([253, 3]) + bytes(22)


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "2001:db8:1::/64", "10.0.1.0/24")
        cloud.add_network("n2", "2001:db8:2::/64")
        cloud.r1 = cloud.add_router("r1", n1=[ROUTER + "/64", "10.0.1.1/24"],
                                    n2="2001:db8:2::1/64")
        cloud.r2 = cloud.add_router("r2", n1=ROUTER2 + "/64")
        cloud.add_network("n4", "10.0.4.0/24")
        cloud.r4 = cloud.add_router("r4", n4="10.0.4.1/24")
        cloud.add_vm("vm1", "n1", 0, VM1, "10.0.1.11")
        cloud.add_vm("vm2", "n1", 0, VM2)
        cloud.add_vm("vm3", "n1", 1, VM3, "2001:db8:1::113")
        cloud.add_vm("vm4", "n2", 0, "2001:db8:2::14")
        cloud.add_vm("v4", "n4", 0, "10.0.4.11")
        cloud.add_vm("w4", "n4", 1, "10.0.4.12")
        cloud.sync()
        yield cloud


def solicit(vm, target, src=None, **kwargs):
    return solicitation(vm.mac, src or vm.ip, target, **kwargs)


def answered(cloud, vm, target, mac, router=False, src=None, options=b"", **kwargs):
    """Only the asker hears of it, and nothing leaves the chassis."""
    frame = solicit(vm, target, src, options=options, **kwargs)
    option = kwargs.get("option", True)
    answer = packets6.advertisement(mac, target, vm.mac, src or vm.ip, router, override=option,
                                    option=option, options=options)
    cloud.check(vm, frame, {vm: answer})
    assert cloud.underlay.take() == []


def carried(cloud, vm, frame):
    """The whole network hears it, as it is, and nobody answers."""
    others = [cloud[name] for name in ("vm1", "vm2", "vm3") if cloud[name] is not vm]
    cloud.check(vm, frame, {other: frame for other in others})


# --- 7.2.3 and 7.2.4: solicitations and their advertisements ---

def test_a_solicitation_for_a_router_ports_address_is_answered_with_the_router_flag(cloud):
    answered(cloud, cloud["vm1"], ROUTER, cloud.r1["n1"].mac, router=True)


def test_each_router_of_a_network_answers_for_its_own_address(cloud):
    answered(cloud, cloud["vm3"], ROUTER, cloud.r1["n1"].mac, router=True)
    answered(cloud, cloud["vm3"], ROUTER2, cloud.r2["n1"].mac, router=True)


def test_a_solicitation_for_a_routers_link_local_address_is_answered(cloud):
    for r in (cloud.r1["n1"], cloud.r2["n1"]):
        answered(cloud, cloud["vm1"], r.link_local, r.mac, router=True)


def test_a_solicitation_from_a_link_local_address_is_answered(cloud):
    """As hosts send it for the gateway that a router advertisement has named."""
    vm3, r = cloud["vm3"], cloud.r1["n1"]
    answered(cloud, vm3, r.link_local, r.mac, router=True, src=link_local(vm3.mac))
    answered(cloud, vm3, VM1, cloud["vm1"].mac, src=link_local(vm3.mac))


def test_a_solicitation_for_a_port_of_the_same_chassis_is_answered(cloud):
    """Override, solicited, and no router."""
    answered(cloud, cloud["vm1"], VM2, cloud["vm2"].mac)


def test_a_solicitation_for_a_port_of_another_chassis_does_not_leave_the_chassis(cloud):
    answered(cloud, cloud["vm1"], VM3, cloud["vm3"].mac)


def test_each_address_of_a_port_is_answered(cloud):
    answered(cloud, cloud["vm1"], "2001:db8:1::113", cloud["vm3"].mac)


def test_a_unicast_solicitation_is_answered(cloud):
    answered(cloud, cloud["vm1"], VM3, cloud["vm3"].mac, dst=VM3, dst_mac=cloud["vm3"].mac)


def test_a_unicast_solicitation_without_an_option_does_not_override(cloud):
    """7.2.4: the advertisement may be without the target's address, and then override is not
    set; a neighbour that is checked (7.3.3) stays reachable by it."""
    vm1, vm3, r = cloud["vm1"], cloud["vm3"], cloud.r1["n1"]
    answered(cloud, vm1, VM3, vm3.mac, dst=VM3, dst_mac=vm3.mac, option=False)
    answered(cloud, vm1, ROUTER, r.mac, True, dst=ROUTER, dst_mac=r.mac, option=False)
    answered(cloud, vm1, r.link_local, r.mac, True, src=link_local(vm1.mac), dst=r.link_local,
             dst_mac=r.mac, option=False)


def test_a_unicast_solicitation_to_a_router_is_answered_though_it_came_to_the_routers_mac(cloud):
    r = cloud.r1["n1"]
    answered(cloud, cloud["vm1"], ROUTER, r.mac, True, dst=ROUTER, dst_mac=r.mac)


def test_the_advertisement_is_from_the_target_to_the_asker(cloud):
    """7.2.4: its source is an address of the sender, its destination the solicitation's source, its
    hop limit 255, its MAC addresses those two's."""
    vm1 = cloud["vm1"]
    cloud.clear()
    vm1.send(solicit(vm1, VM3))
    p = Ether(vm1.take()[0])
    assert (p.src, p.dst) == (cloud["vm3"].mac, vm1.mac)
    assert (p[IPv6].src, p[IPv6].dst, p[IPv6].hlim) == (VM3, VM1, 255)


def test_a_solicitation_from_an_address_of_another_prefix_is_answered(cloud):
    answered(cloud, cloud["vm1"], ROUTER, cloud.r1["n1"].mac, router=True, src="2001:db8:9::1")


def test_the_option_that_says_where_the_asker_is_is_not_believed_where_it_differs(cloud):
    """The answer goes to the frame's source, which is checked."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    frame = bytearray(solicit(vm1, VM3))
    other = bytes.fromhex("0a0000000099")
    frame[-6:] = other
    p = Ether(bytes(frame))
    del p[2].cksum
    cloud.check(vm1, bytes(p), {vm1: packets6.advertisement(vm3.mac, VM3, vm1.mac, VM1)})


def test_options_behind_the_first_are_returned(cloud):
    """4.4: receivers ignore options that they do not know in such a message."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    p = Ether(solicit(vm1, VM3))
    frame = packets6.ipv6(vm1.mac, p.dst, VM1, p[IPv6].dst,
                          packets6.ICMPv6ND_NS(tgt=VM3)
                          / packets6.ICMPv6NDOptSrcLLAddr(lladdr=vm1.mac)
                          / packets6.Raw(LONG), hlim=255)
    cloud.check(vm1, frame, {vm1: packets6.advertisement(vm3.mac, VM3, vm1.mac, VM1,
                                                         options=LONG)})


def test_an_option_before_is_overwritten_by_the_targets(cloud):
    """The switch writes to the first option (RFC 3971's nonce, say), which must be as long."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    frame = solicit(vm1, VM3, options=NONCE)
    own = bytes([1, 1]) + bytes.fromhex(vm1.mac.replace(":", ""))
    cloud.check(vm1, frame, {vm1: packets6.advertisement(vm3.mac, VM3, vm1.mac, VM1,
                                                         options=own)})


def test_the_anycast_address_of_the_routers_is_answered_without_the_override_flag(cloud):
    """7.2.7; by one of them."""
    vm1 = cloud["vm1"]
    cloud.clear()
    vm1.send(solicit(vm1, "2001:db8:1::"))
    answers = [packets6.advertisement(r["n1"].mac, "2001:db8:1::", vm1.mac, VM1, router=True,
                                      override=False) for r in (cloud.r1, cloud.r2)]
    answer, = vm1.take()
    assert answer in answers
    cloud.expect({})
    assert cloud.underlay.take() == []


def test_an_unknown_address_is_asked_of_the_whole_network(cloud):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, UNKNOWN))
    assert len(cloud.underlay.take()) == 1


def test_a_machines_link_local_address_is_asked_of_the_whole_network(cloud):
    """It is not known: a machine chooses it."""
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, link_local(cloud["vm3"].mac), src=link_local(vm1.mac)))


def test_an_address_of_another_network_is_unknown(cloud):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, "2001:db8:2::14"))


def test_a_router_port_without_an_ipv6_address_has_no_link_local_address(cloud):
    v4, w4 = cloud["v4"], cloud["w4"]
    frame = solicit(v4, cloud.r4["n4"].link_local, src=link_local(v4.mac))
    cloud.check(v4, frame, {w4: frame})


def test_arp_is_answered_beside(cloud):
    vm1 = cloud["vm1"]
    cloud.check(vm1, packets.arp_request(vm1.mac, "10.0.1.11", "10.0.1.1"),
                {vm1: packets.arp_reply(cloud.r1["n1"].mac, "10.0.1.1", vm1.mac, "10.0.1.11")})


# --- 7.1.1: what must be discarded is not answered ---

@pytest.mark.parametrize("hlim", [0, 1, 64, 254])
def test_a_solicitation_that_a_router_may_have_forwarded_is_not_answered(cloud, hlim):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, VM3, hlim=hlim))


@pytest.mark.parametrize("code", [1, 255])
def test_a_solicitation_with_a_code_is_not_answered(cloud, code):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, VM3, code=code))


def test_a_solicitation_for_a_multicast_address_is_not_answered(cloud):
    vm1 = cloud["vm1"]
    for target in ("ff02::1", solicited_node(VM3)):
        carried(cloud, vm1, solicit(vm1, target, dst=solicited_node(VM3)))


def test_a_solicitation_that_is_too_short_is_not_answered(cloud):
    """Less than 24 octets of ICMP."""
    vm1 = cloud["vm1"]
    frame = packets6.ipv6(vm1.mac, packets6.group_mac(solicited_node(VM3)), VM1,
                          solicited_node(VM3), bytes([135, 0, 0, 0]) + bytes(16), nh=58, hlim=255)
    carried(cloud, vm1, frame)


def test_an_option_of_length_0_is_returned(cloud):
    """The switch takes it for no option: the answer has it as well, and so the asker discards it
    (7.1.2)."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    broken = bytes([1, 0]) + bytes(6)
    cloud.check(vm1, solicit(vm1, VM3, options=broken, option=False),
                {vm1: packets6.advertisement(vm3.mac, VM3, vm1.mac, VM1, override=False,
                                             option=False, options=broken)})


def test_the_checksum_is_not_looked_at(cloud):
    """The switch does not, and puts a right one into what it rewrites: nobody but the asker,
    which made the wrong one, hears of it."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    frame = bytearray(solicit(vm1, VM3))
    frame[14 + 40 + 2] ^= 0x55
    cloud.check(vm1, bytes(frame), {vm1: packets6.advertisement(vm3.mac, VM3, vm1.mac, VM1)})


def test_a_probe_to_another_than_the_solicited_node_address_is_not_answered(cloud):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, VM3, src="::", dst="ff02::1"))


def test_a_probe_with_the_option_of_a_source_is_not_answered(cloud):
    vm1 = cloud["vm1"]
    option = bytes([1, 1]) + bytes.fromhex(vm1.mac.replace(":", ""))
    carried(cloud, vm1, solicit(vm1, VM3, src="::", options=option))


# --- RFC 4862 5.4: duplicate address detection ---

def test_a_probe_for_the_probers_own_address_is_heard_by_the_others_and_not_answered(cloud):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, VM1, src="::"))


def test_a_probe_for_an_unknown_address_is_heard_by_the_others(cloud):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, UNKNOWN, src="::"))
    carried(cloud, vm1, solicit(vm1, link_local(vm1.mac), src="::"))


@pytest.mark.parametrize("target", [VM2, VM3, ROUTER])
def test_a_probe_for_a_known_address_is_the_daemons_to_answer(cloud, target):
    """Its answer must have an option that the switch cannot add.  Nobody but the prober hears of
    it."""
    vm1 = cloud["vm1"]
    cloud.clear()
    vm1.send(solicit(vm1, target, src="::"))
    vm1.take()
    cloud.expect({})
    assert cloud.underlay.take() == []
    flow = ("icmp6,in_port=%s,dl_src=%s,dl_dst=%s,ipv6_src=::,ipv6_dst=%s,icmpv6_type=135,"
            "icmpv6_code=0,nw_ttl=255,nd_target=%s"
            % (vm1.chassis.ofport("vm1"), vm1.mac, packets6.group_mac(solicited_node(target)),
               solicited_node(target), target))
    assert "userdata=07.00" in vm1.chassis.trace(flow)


def test_a_solicitation_for_the_askers_own_address_is_not_answered(cloud):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, solicit(vm1, VM1))


# --- 7.2.5, 7.2.6: advertisements of machines ---

def test_a_solicited_advertisement_of_a_machine_reaches_whom_it_is_for(cloud):
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    frame = packets6.advertisement(vm1.mac, link_local(vm1.mac), vm3.mac, VM3)
    cloud.check(vm1, frame, {vm3: frame})


def test_an_unsolicited_advertisement_is_heard_by_all(cloud):
    """7.2.6: the others may have an old MAC for the address."""
    vm1 = cloud["vm1"]
    carried(cloud, vm1, packets6.unsolicited(vm1.mac, VM1))
    carried(cloud, vm1, packets6.unsolicited(vm1.mac, link_local(vm1.mac)))


def test_an_advertisement_to_a_router_is_not_forwarded(cloud):
    vm1, r = cloud["vm1"], cloud.r1["n1"]
    cloud.check(vm1, packets6.advertisement(vm1.mac, VM1, r.mac, ROUTER), {})


# --- The network around ---

@pytest.mark.parametrize("group", ["ff02::1", "ff02::2", "ff02::16", "ff02::fb", "ff05::1:3",
                                   "ff0e::1"])
def test_multicast_reaches_the_network_as_it_is_and_no_other(cloud, group):
    vm1 = cloud["vm1"]
    carried(cloud, vm1, packets6.udp(vm1.mac, packets6.group_mac(group), link_local(vm1.mac),
                                     group, hlim=1))


def test_a_report_of_multicast_listeners_reaches_the_network(cloud):
    vm1 = cloud["vm1"]
    header = bytes([58, 0, 5, 2, 0, 0, 1, 0])
    frame = packets6.ipv6(vm1.mac, packets6.group_mac("ff02::16"), link_local(vm1.mac), "ff02::16",
                          header + bytes(ICMPv6MLReport2()), nh=0, hlim=1)
    carried(cloud, vm1, frame)


def test_other_messages_between_machines_pass(cloud):
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    for frame in (packets6.echo(vm1.mac, vm3.mac, VM1, VM3),
                  packets6.echo(vm1.mac, vm3.mac, link_local(vm1.mac), link_local(vm3.mac)),
                  packets6.udp(vm1.mac, vm3.mac, VM1, VM3)):
        cloud.check(vm1, frame, {vm3: frame})


def test_packets_between_machines_have_wide_megaflows(cloud):
    """Of what is no solicitation no more than the protocol, and the type of ICMPv6, is matched."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    vm1.chassis.appctl("revalidator/purge")
    for i in (1, 2, 3):
        vm1.send(packets6.udp(vm1.mac, vm3.mac, VM1, VM3, sport=i, hlim=60 + i))
        vm1.send(packets6.udp(vm1.mac, vm3.mac, "2001:db8:1::%d" % i, VM3))
    flows = [line.split("actions:")[0] for line in
             vm1.chassis.appctl("dpctl/dump-flows", "-m").splitlines() if vm3.mac in line
             and "eth_type(0x86dd)" in line and "eth(src=%s" % vm1.mac in line]
    assert len(flows) == 1, flows
    assert re.search(r"ipv6\(src=\S+/::,dst=\S+/::,label=\w+/0,proto=17,tclass=\w+/(0|0x3),"
                     r"hlimit=\d+/0,frag=no\)", flows[0]), flows


def test_the_answer_follows_changes_of_the_address(cloud):
    vm2, vm3 = cloud["vm2"], cloud["vm3"]
    new = "2001:db8:1::213"
    port = {"table": "Port", "where": [["name", "==", "vm3"]]}
    cloud.nb_db.transact({"op": "mutate", **port, "mutations": [["addresses", "insert", new]]})
    cloud.sync()
    answered(cloud, vm2, new, vm3.mac)
    cloud.nb_db.transact({"op": "mutate", **port, "mutations": [["addresses", "delete", new]]})
    cloud.sync()
    carried(cloud, vm2, solicit(vm2, new))


def test_a_router_that_is_disabled_answers_no_more(cloud):
    vm1, r = cloud["vm1"], cloud.r2["n1"]
    cloud.nb("set Router r2 enabled=false")
    cloud.sync()
    try:
        carried(cloud, vm1, solicit(vm1, ROUTER2))
        carried(cloud, vm1, solicit(vm1, r.link_local))
    finally:
        cloud.nb("set Router r2 enabled=true")
        cloud.sync()
    answered(cloud, vm1, r.link_local, r.mac, router=True)
