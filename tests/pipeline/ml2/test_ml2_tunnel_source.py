# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent: what comes by our own tunnel ports comes from a chassis."""
import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.layers.vxlan import VXLAN

from dfharness import packets, wait_until

PEER, PEER_MAC = "172.31.0.50", "02:aa:00:00:00:50"
STRANGER = "172.31.0.66"


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
