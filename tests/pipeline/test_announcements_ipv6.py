# SPDX-License-Identifier: Apache-2.0
"""An IPv6 address that comes to another MAC address is announced to the machines of its network by
an unsolicited neighbour advertisement (RFC 4861 7.2.6), which is what a machine sends itself."""
import re

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA, ICMPv6NDOptDstLLAddr, IPv6
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets, wait_until

MOVING, OTHER_MAC = "fd00:1::11", "0a:00:00:00:0f:01"


def advertisement(mac, ip, router=0):
    return bytes(Ether(src=mac, dst="33:33:00:00:00:01") / IPv6(src=ip, dst="ff02::1", hlim=255)
                 / ICMPv6ND_NA(tgt=ip, R=router, S=0, O=1) / ICMPv6NDOptDstLLAddr(lladdr=mac))


@pytest.fixture(scope="module")
def cloud():
    """Machines a, b and c on n1, c on another chassis; d on n2.  All have addresses of both
    families."""
    with Cloud(chassis=2, encap_types=("geneve",)) as cloud:
        for number in (1, 2):
            cloud.add_network("n%d" % number, "10.0.%d.0/24" % number, "fd00:%d::/64" % number)
        cloud.r1 = cloud.add_router("r1", n1=["10.0.1.1/24", "fd00:1::1/64"],
                                    n2=["10.0.2.1/24", "fd00:2::1/64"])
        for name, network, chassis, number in (("a", 1, 0, 11), ("b", 1, 0, 12), ("c", 1, 1, 13),
                                               ("d", 2, 0, 11)):
            cloud.add_vm(name, "n%d" % network, chassis, "10.0.%d.%d" % (network, number),
                         "fd00:%d::%d" % (network, number))
        cloud.sync()
        cloud.settle()
        yield cloud


def change(cloud, *operations):
    """Changes the NB database and waits for what follows."""
    cloud.clear()
    cloud.nb_db.transact(*operations)
    cloud.nb_db.sync()
    cloud.settle()


def update(table, name, **row):
    return {"op": "update", "table": table, "where": [["name", "==", name]], "row": row}


def test_at_the_start_nothing_is_announced(cloud):
    cloud.expect({})


def test_a_port_with_both_families_that_gets_another_mac(cloud):
    """Its own machine gets no announcement, and nothing crosses the underlay."""
    a = cloud["a"]
    for mac in (OTHER_MAC, a.mac):
        change(cloud, update("Port", "a", mac=mac))
        news = [packets.gratuitous_arp(mac, a.ip), advertisement(mac, MOVING)]
        cloud.expect({cloud["b"]: news, cloud["c"]: news})
        assert cloud.underlay.take() == []


def test_a_router_port_is_announced_as_a_router(cloud):
    port = cloud.r1["n1"]
    for mac in ("0e:00:00:00:0f:02", port.mac):
        change(cloud, update("Router_Port", port.name, mac=mac))
        news = [packets.gratuitous_arp(mac, "10.0.1.1"), advertisement(mac, "fd00:1::1", router=1)]
        cloud.expect({cloud[vm]: news for vm in "abc"})


def test_a_port_that_takes_anothers_address_over(cloud):
    a, c = cloud["a"], cloud["c"]
    change(cloud, update("Port", "a", addresses=a.ip),
           update("Port", "c", addresses=["set", [*c.ips, MOVING]]))
    news = advertisement(c.mac, MOVING)
    cloud.expect({a: news, cloud["b"]: news})
    change(cloud, update("Port", "c", addresses=["set", c.ips]),
           update("Port", "a", addresses=["set", a.ips]))
    news = advertisement(a.mac, MOVING)
    cloud.expect({cloud["b"]: news, c: news})


def test_what_a_machine_announces_reaches_its_network(cloud):
    """An address of its own or not: as any multicast does."""
    a = cloud["a"]
    for ip in (MOVING, "fd00:1::99", "fe80::800:ff:fe00:1"):
        frame = advertisement(a.mac, ip)
        cloud.check(a, frame, {cloud["b"]: frame, cloud["c"]: frame})


def counter(chassis, name):
    return int(re.search(r"^%s (\d+)" % name, chassis.dfappctl("metrics/show"), re.M)[1])


def test_what_is_too_much_to_be_announced_is_counted(cloud):
    """4,096 addresses may wait."""
    addresses = ["fd00:1::1:%x" % i for i in range(4200)]
    c1, c = cloud.chassis[0], cloud["c"]
    sent, dropped = ("dragonflow_address_announcements_total",
                     "dragonflow_address_announcements_dropped_total")
    assert counter(c1, dropped) == 0
    before = counter(c1, sent)
    change(cloud, update("Port", "c", addresses=["set", addresses]))
    change(cloud, update("Port", "c", mac=OTHER_MAC))
    wait_until(lambda: counter(c1, sent) == before + 4096,
               lambda: "%d sent" % (counter(c1, sent) - before))
    assert counter(c1, dropped) == 4200 - 4096
    assert "104 addresses have come to another MAC address and are not announced" \
        in c1.controller.output()
    change(cloud, update("Port", "c", mac=c.mac, addresses=["set", c.ips]))
