# SPDX-License-Identifier: Apache-2.0
"""Tunnels over IPv6, and between chassis with addresses of one family and of both."""
import itertools
import re

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether, GRE
from scapy.layers.vxlan import VXLAN

from dfharness import Cloud, packets, wait_until
from dfharness.process import ovs_env, program, run

TYPES = ("geneve", "vxlan", "gre")
STRANGER, STRANGER_MAC = "fd31::66", "02:aa:00:00:00:66"


def make(families):
    """For each encapsulation a network with a machine on every chassis, "geneve1" on c1 and so
    on, and a router between them."""
    cloud = Cloud(chassis=len(families), families=dict(enumerate(families, 1)))
    try:
        routed = {}
        for i, type_ in enumerate(TYPES, 1):
            cloud.add_network(type_, "10.0.%d.0/24" % i, type=type_, segmentation_id=1000 + i)
            routed[type_] = "10.0.%d.1/24" % i
        cloud.r1 = cloud.add_router("r1", **routed)
        for number in range(1, len(families) + 1):
            for i, type_ in enumerate(TYPES, 1):
                cloud.add_vm("%s%d" % (type_, number), type_, number - 1,
                             "10.0.%d.1%d" % (i, number))
        cloud.stranger = cloud.underlay.host("stranger", STRANGER_MAC)
        cloud.sync()
    except BaseException:
        cloud.close(verify=False)
        raise
    return cloud


@pytest.fixture(scope="module")
def ipv6():
    """Two chassis that have IPv6 addresses only."""
    with make(["6", "6"]) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def mixed():
    """One chassis with IPv4, one with IPv6, two with both."""
    with make(["4", "6", "46", "64"]) as cloud:
        yield cloud


def crossing(cloud):
    """The packets that have crossed the underlay since the last look."""
    return [Ether(frame) for frame in cloud.underlay.take()]


def addresses(packet):
    layer = packet[IPv6] if packet.haslayer(IPv6) else packet[IP]
    return layer.src, layer.dst


@pytest.mark.parametrize("type_", TYPES)
def test_unicast_and_broadcast_cross_an_ipv6_underlay_once(ipv6, type_):
    one, two = ipv6[type_ + "1"], ipv6[type_ + "2"]
    for source, destination in ((one, two), (two, one)):
        frame = source.udp(destination.mac, destination.ip)
        ipv6.check(source, frame, {destination: frame})
        frame = source.udp(packets.BROADCAST, "255.255.255.255")
        ipv6.check(source, frame, {destination: frame})


@pytest.mark.parametrize("source, destination", itertools.permutations(TYPES, 2))
def test_routing_between_any_two_encapsulations(ipv6, source, destination):
    sender, receiver = ipv6[source + "1"], ipv6[destination + "2"]
    frame = sender.udp(ipv6.r1[source].mac, receiver.ip)
    ipv6.check(sender, frame,
               {receiver: packets.routed(frame, ipv6.r1[destination].mac, receiver.mac)})


@pytest.mark.parametrize("type_", TYPES)
def test_what_is_seen_on_the_wire(ipv6, type_):
    """The addresses of the two chassis, the network's own number, and with UDP a checksum (RFC 8200
    section 8.1)."""
    one, two = ipv6[type_ + "1"], ipv6[type_ + "2"]
    frame = one.udp(two.mac, two.ip)
    ipv6.clear()
    one.send(frame)
    outer, = crossing(ipv6)
    assert addresses(outer) == ("fd31::1", "fd31::2")
    if type_ == "gre":
        assert outer[IPv6].nh == 47
        assert (outer[GRE].key, outer[GRE].proto) == (1003, 0x6558)
        assert bytes(outer[GRE].payload) == frame
        return
    assert outer[IPv6].nh == 17 and outer["UDP"].chksum
    again = Ether(bytes(outer))
    del again["UDP"].chksum
    assert Ether(bytes(again))["UDP"].chksum == outer["UDP"].chksum
    header = (GENEVE if type_ == "geneve" else VXLAN)(bytes(outer["UDP"].payload))
    assert outer["UDP"].dport == (6081 if type_ == "geneve" else 4789)
    assert header.vni == (1001 if type_ == "geneve" else 1002)
    assert bytes(header.payload) == frame


def test_the_rows_have_the_addresses_in_the_first_column_alone(ipv6):
    for row in ipv6.nb_db.rows("Chassis", columns=["name", "encaps", "encaps_ipv6"]):
        assert dict(row["encaps"][1]) == {t: "fd31::" + row["name"][1:] for t in TYPES}
        assert row["encaps_ipv6"] == ["map", []]


def test_there_are_no_problems_on_an_ipv6_underlay(ipv6):
    for chassis in ipv6.chassis:
        assert "problems: none" in chassis.dfappctl("status")
        assert "tunnel: geneve from " + chassis.encap_ip in chassis.dfappctl("status")


@pytest.mark.parametrize("type_", TYPES)
def test_what_a_stranger_sends_over_ipv6_is_dropped(ipv6, type_):
    one, two = ipv6[type_ + "1"], ipv6[type_ + "2"]
    frame = one.udp(two.mac, two.ip)
    ipv6.clear()
    one.send(frame)
    outer, = crossing(ipv6)
    ipv6.expect({two: frame})
    outer.src = STRANGER_MAC
    ipv6.check(ipv6.stranger, bytes(outer), {two: frame})
    outer[IPv6].src = STRANGER
    if outer.haslayer("UDP"):
        del outer["UDP"].chksum
    before = strangers(ipv6.chassis[1])
    ipv6.check(ipv6.stranger, bytes(outer), {})
    assert strangers(ipv6.chassis[1]) == before + 1


def strangers(chassis):
    return int(re.search(r"^dragonflow_tunnel_strangers_total (\d+)",
                         chassis.dfappctl("metrics/show"), re.M)[1])


def verdict(cloud, vm, flow):
    """What dfctl trace says becomes of a packet of 'vm'."""
    return run([program("dfctl"), "--db=" + cloud.nb_db.remote, "trace", vm.name, flow],
               env=ovs_env(vm.chassis.rundir)).splitlines()[-1]


def test_a_trace_names_the_chassis(ipv6, mixed):
    assert verdict(ipv6, ipv6["gre1"], "icmp,nw_dst=10.0.3.12") == \
        "sent to chassis c2 over gre, key 1003"
    assert verdict(mixed, mixed["vxlan4"], "icmp,nw_dst=10.0.2.12") == \
        "sent to chassis c2 over vxlan, VNI 1002"
    flow = "arp,arp_tpa=10.0.2.99"
    assert sorted(verdict(mixed, mixed["vxlan4"], flow).split("; ")) == [
        "sent to chassis c%d over vxlan, VNI 1002" % n for n in (1, 2, 3)]


def test_two_chassis_with_one_ipv6_address_are_a_problem(ipv6):
    c1, c2 = ipv6.chassis
    c1.configure(encap_ip=c2.encap_ip)
    wait_until(lambda: "chassis c1: its tunnel address fd31::2 is that of chassis c2, too"
               in c1.dfappctl("status"), lambda: c1.dfappctl("status"))
    c1.configure(encap_ip=c1.encap_ip)
    ipv6.sync()
    wait_until(lambda: "problems: none" in c1.dfappctl("status"), lambda: c1.dfappctl("status"))


def test_routing_over_ipv6_is_one_pass_and_one_megaflow(ipv6):
    sender, receiver = ipv6["geneve1"], ipv6["vxlan2"]
    for port in range(3):
        sender.send(sender.udp(ipv6.r1["geneve"].mac, receiver.ip, sport=2000 + port))
    flows = [f for f in sender.chassis.appctl("dpctl/dump-flows").splitlines()
             if "src=%s,dst=%s" % (sender.mac, ipv6.r1["geneve"].mac) in f
             and "dst=" + receiver.ip in f]
    assert len(flows) == 1, "\n".join(flows)
    match, actions = flows[0].split(", actions:")
    assert "recirc" not in actions and "udp(" not in match and "src=10." not in match


# --- Several families ------------------------------------------------------------

# By the numbers of two chassis, what they share; IPv4 is preferred.
SHARED = {(1, 3): 4, (1, 4): 4, (2, 3): 6, (2, 4): 6, (3, 4): 4}


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("pair", SHARED)
def test_two_chassis_use_a_family_that_both_have(mixed, pair, type_):
    for a, b in (pair, pair[::-1]):
        source, destination = mixed["%s%d" % (type_, a)], mixed["%s%d" % (type_, b)]
        frame = source.udp(destination.mac, destination.ip)
        mixed.check(source, frame, {destination: frame})
        mixed.clear()
        source.send(frame)
        packet, = crossing(mixed)
        prefix = "172.31.0." if SHARED[pair] == 4 else "fd31::"
        assert addresses(packet) == (prefix + str(a), prefix + str(b))


@pytest.mark.parametrize("type_", TYPES)
@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_broadcast_reaches_each_chassis_that_shares_a_family_once(mixed, type_, number):
    vm = mixed["%s%d" % (type_, number)]
    frame = vm.udp(packets.BROADCAST, "255.255.255.255")
    others = [n for n in range(1, 5) if n != number
              and (min(n, number), max(n, number)) in SHARED]
    mixed.check(vm, frame, {mixed["%s%d" % (type_, n)]: frame for n in others})


def test_chassis_with_no_family_in_common_are_a_problem_on_both(mixed):
    one, two = mixed.chassis[:2]
    frame = mixed["vxlan1"].udp(mixed["vxlan2"].mac, mixed["vxlan2"].ip)
    mixed.check(mixed["vxlan1"], frame, {})
    for here, there, takes, sends in ((one, "c2", "IPv6", "IPv4"), (two, "c1", "IPv4", "IPv6")):
        problem = ("network vxlan: chassis %s has ports of it, but takes vxlan tunnels over %s "
                   "only, and this chassis sends them over %s only" % (there, takes, sends))
        assert problem in here.dfappctl("status")
    for chassis in mixed.chassis[2:]:
        assert "problems: none" in chassis.dfappctl("status")


def test_the_rows_of_a_chassis_with_both_families(mixed):
    """Who does not know the column of IPv6 sees IPv4."""
    rows = {row["name"]: row for row in
            mixed.nb_db.rows("Chassis", columns=["name", "encaps", "encaps_ipv6"])}
    for name in ("c3", "c4"):
        assert dict(rows[name]["encaps"][1]) == {t: "172.31.0." + name[1:] for t in TYPES}
        assert dict(rows[name]["encaps_ipv6"][1]) == {t: "fd31::" + name[1:] for t in TYPES}
    assert rows["c1"]["encaps_ipv6"] == rows["c2"]["encaps_ipv6"] == ["map", []]


def test_a_chassis_that_gets_and_loses_an_address_changes_the_family():
    """Traffic goes on meanwhile: the port of the other family stays as it is."""
    with Cloud(chassis=2, encap_types=("geneve",), families={1: "46", 2: "46"}) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        one, two = (cloud.add_vm("vm%d" % n, "n1", n - 1, "10.0.1.1%d" % n) for n in (1, 2))
        c1, c2 = cloud.chassis
        for chassis in cloud.chassis:
            chassis.configure(encap_ip=chassis.encap_ips[0])
        cloud.sync()
        before = c1.ofport("df-geneve")
        frame = one.udp(two.mac, two.ip)

        def carried_by(src):
            cloud.clear()
            one.send(frame)
            cloud.expect({two: frame})
            return [addresses(p)[0] for p in crossing(cloud)] == [src]
        assert carried_by("172.31.0.1")
        for chassis in cloud.chassis:
            chassis.configure(encap_ip=",".join(chassis.encap_ips))
            cloud.sync()
            wait_until(lambda: chassis.ofport("df-geneve6"), "its second tunnel port")
            assert carried_by("172.31.0.1")
        assert c1.ofport("df-geneve") == before
        c2.configure(encap_ip="fd31::2")
        wait_until(lambda: carried_by("fd31::1"), "packets over IPv6")
        c1.configure(encap_ip="fd31::1")
        cloud.sync()
        wait_until(lambda: "df-geneve\n" not in c1.vsctl("list-ports", "br-int"), "one port")
        assert carried_by("fd31::1")
