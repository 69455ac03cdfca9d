# SPDX-License-Identifier: Apache-2.0
"""What comes by tunnel comes from a chassis' tunnel address, or is dropped."""
import re

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Ether

from dfharness import Cloud, wait_until

TYPES = ("geneve", "vxlan", "gre")
STRANGER, STRANGER_MAC = "172.31.0.66", "02:aa:00:00:00:66"


@pytest.fixture(scope="module")
def cloud():
    """For each encapsulation a network on both chassis, and a stranger on the underlay."""
    with Cloud(chassis=2) as cloud:
        for i, type_ in enumerate(TYPES, 1):
            cloud.add_network(type_, "10.0.%d.0/24" % i, type=type_)
            cloud.add_vm(type_ + "1", type_, 0, "10.0.%d.11" % i)
            cloud.add_vm(type_ + "2", type_, 1, "10.0.%d.12" % i)
        cloud.stranger = cloud.underlay.host("stranger", STRANGER_MAC)
        cloud.sync()
        yield cloud


def tunnelled(cloud, type_, source):
    """A frame from the first chassis' machine to the second's, and the packet with it in which it
    crosses the underlay, as if 'source' had sent that."""
    one, two = cloud[type_ + "1"], cloud[type_ + "2"]
    frame = one.udp(two.mac, two.ip)
    cloud.clear()
    one.send(frame)
    outer, = cloud.underlay.take()
    cloud.expect({two: frame})
    packet = Ether(outer)
    packet.src, packet[IP].src = STRANGER_MAC, source
    del packet[IP].chksum
    return frame, bytes(packet)


def status(chassis):
    return chassis.dfappctl("status")


def strangers(chassis):
    return int(re.search(r"^dragonflow_tunnel_strangers_total (\d+)",
                         chassis.dfappctl("metrics/show"), re.M)[1])


@pytest.mark.parametrize("type_", TYPES)
def test_what_a_chassis_sends_is_accepted(cloud, type_):
    frame, packet = tunnelled(cloud, type_, cloud.chassis[0].encap_ip)
    cloud.check(cloud.stranger, packet, {cloud[type_ + "2"]: frame})


@pytest.mark.parametrize("type_", TYPES)
def test_what_a_stranger_sends_is_dropped_and_counted(cloud, type_):
    _, packet = tunnelled(cloud, type_, STRANGER)
    before = strangers(cloud.chassis[1])
    cloud.check(cloud.stranger, packet, {})
    assert strangers(cloud.chassis[1]) == before + 1


def test_its_own_address_is_no_others(cloud):
    c2 = cloud.chassis[1]
    _, packet = tunnelled(cloud, "vxlan", c2.encap_ip)
    cloud.check(cloud.stranger, packet, {})


def test_a_stranger_that_goes_on_is_a_problem_with_its_address(cloud):
    c1, c2 = cloud.chassis
    _, packet = tunnelled(cloud, "geneve", STRANGER)

    def reported():
        cloud.stranger.send(packet)
        return "tunnel packets from %s are dropped" % STRANGER in status(c2)
    wait_until(reported, lambda: status(c2), 20)
    assert "tunnel packets" not in status(c1)


def test_the_address_may_change(cloud):
    """The old one is a stranger's then."""
    c1, c2 = cloud.chassis
    old = c1.encap_ip
    frame, packet = tunnelled(cloud, "geneve", STRANGER)
    _, former = tunnelled(cloud, "geneve", old)
    c1.configure(encap_ip=STRANGER)
    cloud.nb_db.sync()
    cloud.check(cloud.stranger, packet, {cloud["geneve2"]: frame})
    cloud.check(cloud.stranger, former, {})
    c1.configure(encap_ip=old)
    cloud.nb_db.sync()
    cloud.check(cloud.stranger, former, {cloud["geneve2"]: frame})
    cloud.check(cloud.stranger, packet, {})


def test_a_chassis_that_has_gone_is_a_stranger(cloud):
    """As long as its row is away."""
    c1 = cloud.chassis[0]
    frame, packet = tunnelled(cloud, "vxlan", c1.encap_ip)
    cloud.check(cloud.stranger, packet, {cloud["vxlan2"]: frame})
    c1.controller.exit()
    c2 = cloud.chassis[1]
    wait_until(lambda: "172.31.0.1" not in c2.ofctl("dump-flows", "br-int", "table=96"),
               "its flow stays")
    cloud.check(cloud.stranger, packet, {})
    c1.controller.start()
    cloud.sync()
    cloud.check(cloud.stranger, packet, {cloud["vxlan2"]: frame})


def test_no_entry_of_the_switch_is_split_by_it(cloud):
    """Whatever comes by tunnel is matched by its outer addresses anyway."""
    frame, packet = tunnelled(cloud, "geneve", cloud.chassis[0].encap_ip)
    c2 = cloud.chassis[1]
    cloud.check(cloud.stranger, packet, {cloud["geneve2"]: frame})
    entries = [line for line in c2.appctl("dpctl/dump-flows").splitlines()
               if "tun_id=" in line or "tunnel(" in line]
    assert entries
    for entry in entries:
        assert re.search(r"tunnel\([^)]*src=[0-9.]+,dst=%s" % c2.encap_ip,
                         entry), entry
