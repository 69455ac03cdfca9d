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
            "net-add n1 type=geneve segmentation-id=11", "subnet-add s1 n1 10.0.1.0/24",
            "net-add n2 type=vxlan segmentation-id=22",
            "subnet-add s2 n2 10.0.2.0/24 gateway=10.0.2.1",
            "net-add n3 type=gre segmentation-id=33 mtu=1400", "subnet-add s3 n3 10.0.3.0/24",
            "net-add n4 type=vlan physical-network=physnet1 segmentation-id=44",
            "subnet-add s4 n4 10.0.4.0/24",
            "net-add n5 type=local", "subnet-add s5 n5 10.0.5.0/24",
            "router-add r1", *(
                "router-port-add r1-n%d r1 n%d 0e:00:00:00:01:0%d 10.0.%d.1/24" % (i, i, i, i)
                for i in (1, 2, 3, 4)),
            "router-add r2", "router-port-add r2-n2 r2 n2 0e:00:00:00:02:02 10.0.2.2/24")
        cloud.add_vm("a", "n1", "c1", "10.0.1.5")
        cloud.add_vm("a2", "n1", "c1", "10.0.1.6")
        cloud.add_vm("b", "n2", "c1", "10.0.2.5")
        cloud.add_vm("c", "n1", "c2", "10.0.1.7")
        cloud.add_vm("d", "n2", "c2", "10.0.2.6")
        cloud.add_vm("e", "n3", "c2", "10.0.3.5")
        cloud.add_vm("f", "n4", "c2", "10.0.4.5")
        cloud.add_vm("alone", "n5", "c1", "10.0.5.5")
        cloud.nb("port-add nowhere n1 0a:00:00:00:99:01 10.0.1.99")
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
            ("a", "ipv6", "trace: ipv6: neither an IPv4 nor an ARP packet: give dl_dst"),
            ("a", "icmp,nw_dst=10.0.1.99x", None),
            ("a", "icmp,nw_dst=10.0.1.77",
             "trace: nobody on network n1 has address 10.0.1.77 (give dl_dst)"),
            ("alone", "icmp,nw_dst=10.0.1.5",
             "trace: network n5 has no router for 10.0.5.5 (give dl_dst)")):
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
