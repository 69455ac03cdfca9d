# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent: what comes by our own tunnel ports comes from a chassis."""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from dfharness import packets, wait_until
from dfharness.stockagent import ml2_cloud

PEER, PEER_MAC = "172.31.0.50", "02:aa:00:00:00:50"
STRANGER = "172.31.0.66"
PEER_IPV6, STRANGER_IPV6 = "fd31::50", "fd31::66"


@pytest.fixture
def peer(cloud):
    """Another chassis, of which there is nothing but its row and what it sends."""
    cloud.nb_db.transact({"op": "insert", "table": "Chassis", "row": {
        "name": "peer", "hostname": "peer", "encaps": ["map", [["vxlan", PEER]]]}})
    wait_until(lambda: PEER in cloud.chassis[0].ofctl("dump-flows", "br-int", "table=96"),
               "it stays unknown")
    yield cloud.underlay.host("peer", PEER_MAC)
    cloud.nb_db.transact({"op": "delete", "table": "Chassis", "where": [["name", "==", "peer"]]})


def test_only_a_chassis_reaches_the_machines(cloud, peer):
    chassis, vm = cloud.chassis[0], cloud["vm1"]
    vni = cloud.nb_db.rows("Network", [["name", "==", "n1"]])[0]["segmentation_id"]
    frame = packets.udp("0a:00:00:00:0f:01", vm.mac, "10.0.1.77", vm.ip)

    def sent_by(source):
        return bytes(Ether(src=PEER_MAC, dst=chassis.underlay_mac) / IP(src=source,
                     dst=chassis.encap_ip) / UDP(sport=50000, dport=4789, chksum=0)
                     / VXLAN(vni=vni, flags="Instance") / Ether(frame))
    cloud.check(peer, sent_by(PEER), {vm: frame})
    cloud.check(peer, sent_by(STRANGER), {})


def test_a_chassis_with_ipv6_only_beside_the_agent():
    """What it sends arrives, and what is routed here reaches it.  The chassis has both families."""
    with ml2_cloud(families={1: "46"}) as cloud:
        chassis, vm = cloud.chassis[0], cloud["vm1"]
        peer = cloud.underlay.host("peer", PEER_MAC)
        chassis.appctl("tnl/neigh/set", "br-phy", PEER_IPV6, PEER_MAC)
        network, = cloud.nb_db.rows("Network", [["name", "==", "n2"]])
        vni = cloud.nb_db.rows("Network", [["name", "==", "n1"]])[0]["segmentation_id"]
        cloud.nb_db.transact(
            {"op": "insert", "table": "Chassis", "uuid-name": "peer", "row": {
                "name": "peer", "hostname": "peer", "encaps": ["map", [["vxlan", PEER_IPV6]]]}},
            {"op": "insert", "table": "Port", "row": {
                "name": "far", "mac": "0a:00:00:00:0f:01", "addresses": "10.0.2.77",
                "network": network["_uuid"], "chassis": ["named-uuid", "peer"]}})
        wait_until(lambda: PEER_IPV6 in chassis.ofctl("dump-flows", "br-int", "table=96")
                   and "TUN_IPV6_DST" in chassis.ofctl("dump-flows", "br-int", "table=112"),
                   "it stays unknown")
        frame = packets.udp("0a:00:00:00:0f:01", vm.mac, "10.0.1.77", vm.ip)

        def sent_by(source):
            return bytes(Ether(src=PEER_MAC, dst=chassis.underlay_mac)
                         / IPv6(src=source, dst="fd31::1") / UDP(sport=50000, dport=4789)
                         / VXLAN(vni=vni, flags="Instance") / Ether(frame))
        cloud.check(peer, sent_by(PEER_IPV6), {vm: frame})
        cloud.check(peer, sent_by(STRANGER_IPV6), {})

        frame = vm.udp(cloud.r1["n1"].mac, "10.0.2.77")
        cloud.clear()
        vm.send(frame)
        outer = Ether(peer.take()[0])
        assert (outer[IPv6].src, outer[IPv6].dst) == ("fd31::1", PEER_IPV6)
        inner = VXLAN(bytes(outer[UDP].payload))
        assert inner.vni == network["segmentation_id"]
        got = bytes(inner.payload)
        assert got == packets.routed(frame, Ether(got).src, "0a:00:00:00:0f:01")
