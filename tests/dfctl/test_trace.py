# SPDX-License-Identifier: Apache-2.0
"""trace names the stage and the logical object of each step, and says what becomes of
the packet; and that is what becomes of it."""
import json
import os
import subprocess

import pytest

from dfharness import Cloud
from dfharness.process import SANITIZER, ovs_env, program


class Tracer:
    def __init__(self, cloud):
        self.cloud = cloud

    def run(self, chassis, *argv, **env):
        p = subprocess.run(
            [program("dfctl"), "--db=" + self.cloud.nb_db.remote, "trace", *argv],
            env={**ovs_env(self.cloud[chassis].rundir), **env}, capture_output=True, text=True,
            timeout=60)
        assert not SANITIZER.search(p.stderr), p.stderr
        return p

    def __call__(self, chassis, port, flow):
        """The lines of a trace that works."""
        p = self.run(chassis, port, flow)
        assert (p.returncode, p.stderr) == (0, ""), p.stderr
        return p.stdout.splitlines()

    def verdict(self, chassis, port, flow):
        return self(chassis, port, flow)[-1]

    def refused(self, chassis, port, flow, **env):
        p = self.run(chassis, port, flow, **env)
        assert p.returncode == 1 and p.stdout == "", p
        assert p.stderr.startswith("dfctl: ") and p.stderr.count("\n") == 1
        return p.stderr[len("dfctl: "):-1]


@pytest.fixture(scope="module")
def trace():
    with Cloud(2, physnets=["physnet1"]) as cloud:
        cloud.nb(
            "net-add n1 type=geneve segmentation-id=11", "net-add n2 type=vxlan segmentation-id=22",
            "net-add n3 type=gre segmentation-id=33 mtu=1400",
            "net-add n4 type=vlan physical-network=physnet1 segmentation-id=44",
            "net-add n5 type=local",
            *("subnet-add s%d n%d 10.0.%d.0/24%s" % (
                i, i, i, " gateway=10.0.2.1" if i == 2 else "") for i in range(1, 6)),
            *("subnet-add s%d-v6 n%d 2001:db8:0:%d::/64%s" % (
                i, i, i, " gateway=2001:db8:0:2::1" if i == 2 else "") for i in range(1, 6)),
            "router-add r1", *(
                "router-port-add r1-n%d r1 n%d 0e:00:00:00:01:0%d 10.0.%d.1/24 "
                "2001:db8:0:%d::1/64" % (i, i, i, i, i) for i in (1, 2, 3, 4)),
            "router-add r2", "router-port-add r2-n2 r2 n2 0e:00:00:00:02:02 10.0.2.2/24 "
            "2001:db8:0:2::2/64")
        for name, n, chassis, host in (("a", 1, "c1", 5), ("a2", 1, "c1", 6), ("b", 2, "c1", 5),
                                       ("c", 1, "c2", 7), ("d", 2, "c2", 6), ("e", 3, "c2", 5),
                                       ("f", 4, "c2", 5), ("alone", 5, "c1", 5)):
            cloud.add_vm(name, "n%d" % n, chassis, "10.0.%d.%d" % (n, host),
                         "2001:db8:0:%d::%d" % (n, host))
        cloud.nb("port-add nowhere n1 0a:00:00:00:99:01 10.0.1.99 2001:db8:0:1::99")
        cloud.sync()
        yield Tracer(cloud)


@pytest.mark.parametrize("port, flow, verdict", [
    ("a", "icmp,nw_dst=10.0.1.6", "delivered to port a2"),
    ("a", "udp,nw_dst=10.0.1.7,tp_dst=53", "sent to chassis c2 over geneve, VNI 11"),
    ("a", "icmp,nw_dst=10.0.2.5", "delivered to port b"),
    ("a", "tcp,nw_dst=10.0.2.6,tp_dst=80", "sent to chassis c2 over vxlan, VNI 22"),
    ("b", "icmp,nw_dst=10.0.3.5", "sent to chassis c2 over gre, key 33; if larger than 1400 "
     "bytes, answered by router r1 (ICMP fragmentation needed)"),
    ("a", "tcp,nw_dst=10.0.3.77",
     "answered by router r1 (ICMP host unreachable: nobody has the next hop's address); if larger "
     "than 1400 bytes, answered by router r1 (ICMP fragmentation needed)"),
    ("a", "icmp,nw_dst=10.0.4.5", "sent to physical network physnet1, VLAN 44"),
    ("a", "icmp,nw_dst=10.0.1.1", "answered by router r1"),
    ("a", "icmp,nw_dst=10.0.4.1", "answered by router r1"),
    ("b", "icmp,nw_dst=10.0.2.2", "answered by router r2"),
    ("a", "udp,nw_dst=10.0.1.1,tp_dst=7",
     "answered by router r1 (the packet is addressed to the router itself)"),
    ("a", "icmp,nw_dst=10.0.2.5,nw_ttl=1", "answered by router r1 (ICMP time exceeded)"),
    ("a", "icmp,nw_dst=10.0.2.77",
     "answered by router r1 (ICMP host unreachable: nobody has the next hop's address)"),
    ("a", "icmp,nw_dst=192.0.2.1",
     "answered by router r1 (ICMP network unreachable: no route)"),
    ("a", "icmp,nw_dst=10.0.2.5,dl_dst=0a:00:00:00:99:99",
     "dropped in stage deliver"),
    ("a", "icmp,nw_dst=127.0.0.1", "dropped in stage route (constant(pipeline -))"),
    ("a", "arp,arp_tpa=10.0.1.1", "answered by router r1"),
    ("a", "arp,arp_tpa=10.0.1.7", "answered for address 10.0.1.7 of port c in n1"),
    ("a", "udp,nw_dst=255.255.255.255",
     "delivered to port a2; sent to chassis c2 over geneve, VNI 11"),
    ("a", "udp,nw_dst=10.0.1.255",
     "delivered to port a2; sent to chassis c2 over geneve, VNI 11"),
    ("a", "udp,nw_dst=224.0.0.251",
     "delivered to port a2; sent to chassis c2 over geneve, VNI 11"),
    ("alone", "udp,nw_dst=255.255.255.255", "dropped in stage flood-out"),
])
def test_the_verdict_is_what_becomes_of_the_packet(trace, port, flow, verdict):
    assert trace.verdict("c1", port, flow) == verdict


P = "2001:db8:0:"
FLOODED = "delivered to port a2; sent to chassis c2 over geneve, VNI 11"


@pytest.mark.parametrize("port, flow, verdict", [
    ("a", "icmp6,ipv6_dst=%s1::6" % P, "delivered to port a2"),
    ("a", "udp6,ipv6_dst=%s1::7,tp_dst=53" % P, "sent to chassis c2 over geneve, VNI 11"),
    ("a", "icmp6,ipv6_dst=%s2::5" % P, "delivered to port b"),
    ("a", "tcp6,ipv6_dst=%s2::6,tp_dst=80" % P, "sent to chassis c2 over vxlan, VNI 22"),
    ("a", "ipv6,ipv6_dst=%s2::6,nw_proto=50" % P, "sent to chassis c2 over vxlan, VNI 22"),
    ("b", "icmp6,ipv6_dst=%s3::5" % P, "sent to chassis c2 over gre, key 33; if larger than 1400 "
     "bytes, answered by router r1 (ICMPv6 packet too big)"),
    ("a", "icmp6,ipv6_dst=%s4::5" % P, "sent to physical network physnet1, VLAN 44"),
    ("a", "icmp6,ipv6_dst=%s1::1" % P, "answered by router r1"),
    ("a", "icmp6,ipv6_dst=%s4::1" % P, "answered by router r1"),
    ("a", "icmp6,ipv6_dst=fe80::c00:ff:fe00:101", "answered by router r1"),
    ("b", "icmp6,ipv6_dst=%s2::2" % P, "answered by router r2"),
    ("a", "icmp6,ipv6_dst=%s1::" % P, "answered by router r1"),
    ("a", "icmp6,ipv6_dst=%s3::" % P, "answered by router r1"),
    ("a", "udp6,ipv6_dst=%s1::1,tp_dst=7" % P,
     "answered by router r1 (the packet is addressed to the router itself)"),
    ("a", "icmp6,ipv6_dst=%s2::5,nw_ttl=1" % P, "answered by router r1 (ICMPv6 time exceeded)"),
    ("a", "icmp6,ipv6_dst=%s2::77" % P,
     "answered by router r1 (ICMPv6 address unreachable: nobody has the next hop's address)"),
    ("a", "icmp6,ipv6_dst=2001:db8:ffff::1",
     "answered by router r1 (ICMPv6 destination unreachable: no route)"),
    ("a", "icmp6,icmp_type=135,nd_target=%s1::1" % P, "answered by router r1"),
    ("a", "icmp6,icmp_type=135,nd_target=%s1::7" % P,
     "answered for address %s1::7 of port c in n1" % P),
    ("a", "icmp6,icmp_type=135,nd_target=%s1::7,ipv6_dst=%s1::7" % (P, P),
     "answered for address %s1::7 of port c in n1" % P),
    ("a", "icmp6,icmp_type=135,nd_target=%s1::99,ipv6_src=::" % P,
     "answered for the address's owner (duplicate address detection)"),
    ("a", "icmp6,icmp_type=135,nd_target=%s1::77" % P, FLOODED),
    ("a", "icmp6,icmp_type=136,ipv6_dst=ff02::1", FLOODED),
    ("a", "udp6,ipv6_dst=ff02::fb", FLOODED),
    ("a", "icmp6,ipv6_dst=fe80::800:ff:fe00:2", "delivered to port a2"),
    ("alone", "udp6,ipv6_dst=ff02::1", "dropped in stage flood-out"),
])
def test_the_verdict_on_ipv6(trace, port, flow, verdict):
    assert trace.verdict("c1", port, flow) == verdict


def test_each_step_is_named_by_stage_and_object(trace):
    lines = trace("c1", "a", "icmp,nw_dst=10.0.2.6")
    steps = [line.strip() for line in lines if line.lstrip()[:1].isdigit() and ": " in line]
    assert steps == [
        "0 classify: classify-port(port a)",
        "104 responder: constant(pipeline -)",
        "112 fdb: fdb(mac 0e:00:00:00:01:01 of router port r1-n1 in n1)",
        "120 router: constant(pipeline -)",
        "128 route: route(prefix 10.0.2.0/24 of router r1)",
        "136 pmtu: constant(pipeline -)",
        "144 neighbour: neighbour(address 10.0.2.6 of port d in n2)",
        "152 rewrite: constant(pipeline -)",
        "112 fdb: fdb(mac %s of port d in n2)" % trace.cloud["d"].mac,
        "160 deliver: deliver(network n2)",
    ]
    assert lines[0].startswith("Flow: icmp,")
    for field in ("dl_src=" + trace.cloud["a"].mac, "dl_dst=0e:00:00:00:01:01", "nw_src=10.0.1.5",
                  "nw_ttl=64", "icmp_type=8"):
        assert field in lines[0]


def test_each_step_of_ipv6_is_named_by_stage_and_object(trace):
    lines = trace("c1", "a", "icmp6,ipv6_dst=%s2::6" % P)
    steps = [line.strip() for line in lines if line.lstrip()[:1].isdigit() and ": " in line]
    for step in ("128 route: route(prefix %s2::/64 of router r1)" % P,
                 "144 neighbour: neighbour(address %s2::6 of port d in n2)" % P,
                 "112 fdb: fdb(mac %s of port d in n2)" % trace.cloud["d"].mac,
                 "160 deliver: deliver(network n2)"):
        assert step in steps, steps
    for field in ("dl_src=" + trace.cloud["a"].mac, "dl_dst=0e:00:00:00:01:01",
                  "ipv6_src=%s1::5" % P, "nw_ttl=64", "icmp_type=128"):
        assert field in lines[0]


@pytest.mark.parametrize("flow, fields", [
    # RFC 4861 4.3, 4.4, 4.1; RFC 4862 5.4.2; RFC 2464 section 7; RFC 6724 section 5.
    ("icmp6,icmp_type=135,nd_target=%s1::7" % P,
     ("dl_dst=33:33:ff:00:00:07", "ipv6_src=%s1::5" % P, "ipv6_dst=ff02::1:ff00:7", "nw_ttl=255",
      "nd_sll=MAC")),
    ("icmp6,icmp_type=135,nd_target=fe80::7",
     ("dl_dst=33:33:ff:00:00:07", "ipv6_src=fe80::LL", "ipv6_dst=ff02::1:ff00:7")),
    ("icmp6,icmp_type=135,ipv6_src=::,nd_target=%s1::5" % P,
     ("dl_dst=33:33:ff:00:00:05", "ipv6_src=::", "nd_sll=00:00:00:00:00:00")),
    ("icmp6,icmp_type=136,ipv6_dst=ff02::1",
     ("dl_dst=33:33:00:00:00:01", "nd_tll=MAC", "nw_ttl=255", "ipv6_dst=ff02::1")),
    ("icmp6,icmp_type=133",
     ("dl_dst=33:33:00:00:00:02", "ipv6_src=fe80::LL", "ipv6_dst=ff02::2", "nw_ttl=255")),
    ("udp6,ipv6_dst=ff05::1:3", ("dl_dst=33:33:00:01:00:03", "ipv6_src=%s1::5" % P, "nw_ttl=64")),
])
def test_what_is_left_out_of_ipv6_is_as_a_host_would_send_it(trace, flow, fields):
    first = trace("c1", "a", flow)[0].replace("\n", "")
    mac = trace.cloud["a"].mac
    octets = [int(x, 16) for x in mac.split(":")]
    link_local = "%x:ff:fe00:%x" % ((octets[0] ^ 2) << 8, octets[4] << 8 | octets[5])
    for field in fields:
        assert field.replace("MAC", mac).replace("LL", link_local) in first, first


def test_fields_that_are_given_stay(trace):
    flow = ("udp,nw_dst=10.0.2.6,nw_src=10.0.1.77,dl_src=02:00:00:00:00:07,"
            "dl_dst=0e:00:00:00:01:01,nw_ttl=9")
    first = trace("c1", "a", flow)[0]
    for field in flow.split(","):
        assert field in first


def test_a_packet_goes_where_trace_says(trace):
    cloud = trace.cloud
    a, d = cloud["a"], cloud["d"]
    sent = a.udp("0e:00:00:00:01:01", d.ip, ttl=9)
    cloud.clear()
    a.send(sent)
    assert len(d.take()) == 1
    assert "chassis c2" in trace.verdict("c1", "a", "udp,nw_ttl=9,nw_dst=" + d.ip)


def test_what_cannot_be_traced_is_refused(trace, tmp_path):
    for port, flow, message in (
            ("x", "icmp,nw_dst=10.0.1.6", "port x does not exist"),
            ("d", "icmp,nw_dst=10.0.1.6",
             "trace: port d is on chassis c2: run this there"),
            ("nowhere", "icmp,nw_dst=10.0.1.6", "trace: port nowhere is on no chassis"),
            ("a", "icmp,color=red", "trace: icmp,color=red: unknown field color"),
            ("a", "icmp,in_port=1,nw_dst=10.0.1.6",
             "trace: icmp,in_port=1,nw_dst=10.0.1.6: in_port is that of the port"),
            ("a", "icmp", "trace: an IP packet needs nw_dst"),
            ("a", "arp", "trace: an ARP packet needs arp_tpa"),
            ("a", "ipv6", "trace: an IPv6 packet needs ipv6_dst"),
            ("a", "icmp6,icmp_type=135", "trace: a neighbour solicitation needs nd_target"),
            ("a", "mpls", "trace: mpls: neither an IPv4, an IPv6 nor an ARP packet: give dl_dst"),
            ("a", "icmp,nw_dst=10.0.1.262",
             'trace: icmp,nw_dst=10.0.1.262: nw_dst: "10.0.1.262" is not an IP address'),
            ("a", "arp,arp_tpa=10.0.257.1",
             'trace: arp,arp_tpa=10.0.257.1: arp_tpa: "10.0.257.1" is not an IP address'),
            ("a", "icmp6,ipv6_dst=::ffff:10.0.1.6",
             'trace: icmp6,ipv6_dst=::ffff:10.0.1.6: ipv6_dst: "::ffff:10.0.1.6" is not an IP '
             'address of its own: is 10.0.1.6 meant?'),
            ("a", "icmp6,ipv6_dst=2001:db8::1::1", None),
            ("a", "icmp6,ipv6_dst=2001:db8:0:1::77",
             "trace: nobody on network n1 has address 2001:db8:0:1::77 (give dl_dst)"),
            ("a", "icmp6,ipv6_dst=fe80::77",
             "trace: nobody on network n1 has address fe80::77 (give dl_dst)"),
            ("alone", "icmp6,ipv6_dst=2001:db8:0:1::5",
             "trace: network n5 has no router for source address 2001:db8:0:5::5 (give dl_dst)"),
            ("a", "icmp6,ipv6_dst=%s2::5,ipv6_src=fe80::1" % P,
             "trace: network n1 has no router for source address fe80::1 (give dl_dst)"),
            ("a", "icmp6,ipv6_dst=%s2::5,ipv6_src=2001:db8:ffff::1" % P,
             "trace: network n1 has no router for source address 2001:db8:ffff::1 (give dl_dst)"),
            ("a", "icmp,nw_dst=10.0.1.99x", None),
            ("a", "icmp,nw_dst=10.0.1.77",
             "trace: nobody on network n1 has address 10.0.1.77 (give dl_dst)"),
            ("alone", "icmp,nw_dst=10.0.1.5",
             "trace: network n5 has no router for source address 10.0.5.5 (give dl_dst)")):
        got = trace.refused("c1", port, flow)
        assert message is None or got == message
    assert trace.refused("c1", "a", "icmp,nw_dst=10.0.1.6", OVS_RUNDIR=str(tmp_path)) == (
        "trace: port a is on chassis c1: run this there (here is unix:%s/db.sock: "
        "No such file or directory)" % tmp_path)


def test_without_a_controller_trace_says_so(trace):
    controller = trace.cloud["c1"].controller
    os.rename(controller.rundir / "df-controller.pid", controller.rundir / "moved.pid")
    try:
        assert trace.refused("c1", "a", "icmp,nw_dst=10.0.1.6").startswith(
            "trace: df-controller does not run on this host (")
    finally:
        os.rename(controller.rundir / "moved.pid", controller.rundir / "df-controller.pid")


def test_a_trace_as_json(trace):
    """Has the same words."""
    text = trace("c1", "a", "dl_dst=0e:00:00:00:01:01,ip,nw_dst=10.0.2.6")
    packet = "dl_dst=0e:00:00:00:01:01,ip,nw_dst=10.0.2.6"
    p = trace.run("c1", "a", packet, "--format=json")
    assert (p.returncode, p.stderr) == (0, ""), p.stderr
    told = json.loads(p.stdout)
    assert (told["port"], told["packet"]) == ("a", packet)
    assert told["steps"] == [line for line in text[:-1] if line]
    assert told["verdict"] == [text[-1]]


def test_a_trace_goes_through_translations(trace):
    """The switch translates nothing for a trace: it is to be told that it does."""
    trace.cloud.nb(
        "net-add out type=flat physical-network=physnet1 external=true",
        "subnet-add out-v4 out 203.0.113.0/24",
        "router-port-add r1-out r1 out 0e:00:00:00:01:09 203.0.113.2/24",
        "nat-add r1 snat 203.0.113.2 10.0.0.0/16",
        "nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 name=fip")
    trace.cloud["c2"].configure(bridge_mappings=None)
    trace.cloud.sync()
    trace.cloud.physnets["physnet1"].router("host", "02:bb:00:00:00:09", "203.0.113.9")
    for vm in (trace.cloud["a"], trace.cloud["a2"]):
        vm.send(vm.udp("0e:00:00:00:01:01", "203.0.113.9"))
    try:
        outside = "sent to physical network physnet1, untagged"
        for port, flow, verdict in (
                ("a2", "udp,nw_dst=203.0.113.9", outside),
                ("a", "udp,nw_dst=203.0.113.9", outside),
                ("a", "udp,nw_dst=203.0.113.9,nw_frag=first", outside),
                ("a2", "udp,nw_dst=203.0.113.5", "delivered to port a"),
                ("a2", "udp,nw_dst=203.0.113.5,nw_frag=first", "delivered to port a"),
                ("a2", "udp,nw_dst=203.0.113.2",
                 "answered by router r1 (the packet is addressed to the router itself)")):
            assert trace("c1", port, flow)[-1] == verdict, flow
    finally:
        trace.cloud.nb("nat-del fip", "nat-del r1-10.0.0.0/16",
                       "router-port-del r1-out", "subnet-del out-v4", "net-del out")
        trace.cloud["c2"].configure(bridge_mappings="physnet1:br-physnet1")
        trace.cloud.sync()
