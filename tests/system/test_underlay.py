# SPDX-License-Identifier: Apache-2.0
"""Tunnels over IPv6 with real kernels on the machines and on the underlay: two chassis with IPv6
addresses only, and chassis of both families beside them."""
import itertools
import re

import pytest

from dfharness import NsCloud, wait_until
from dfharness.process import run

TYPES = {"geneve": 1, "vxlan": 2, "gre": 3}


def make(families):
    """On each network a machine on every chassis, "geneve1" on c1 and so on."""
    cloud = NsCloud(chassis=len(families), families=dict(enumerate(families, 1)))
    try:
        for type_, i in TYPES.items():
            cloud.add_network(type_, "10.0.%d.0/24" % i, type=type_)
        cloud.r1 = cloud.add_router("r1", **{t: "10.0.%d.1/24" % i for t, i in TYPES.items()})
        for type_, i in TYPES.items():
            for number in range(1, len(families) + 1):
                cloud.add_vm("%s%d" % (type_, number), type_, number - 1,
                             "10.0.%d.1%d/24" % (i, number), gateway="10.0.%d.1" % i)
        cloud.sync()
    except BaseException:
        cloud.close(verify=False)
        raise
    return cloud


@pytest.fixture(scope="module")
def ipv6():
    with make(["6", "6"]) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def mixed():
    with make(["4", "46", "6"]) as cloud:
        yield cloud


@pytest.mark.parametrize("type_", TYPES)
def test_layer_2_over_ipv6(ipv6, type_):
    ipv6[type_ + "1"].converse(ipv6[type_ + "2"])
    ipv6[type_ + "2"].converse(ipv6[type_ + "1"])


@pytest.mark.parametrize("source, destination", itertools.permutations(TYPES, 2))
def test_routing_over_ipv6(ipv6, source, destination):
    ipv6[source + "1"].converse(ipv6[destination + "2"])


def test_an_ipv6_underlay_has_no_ipv4_and_no_problems(ipv6):
    for chassis in ipv6.chassis:
        assert "172.31" not in run(["ip", "-n", chassis.namespace, "addr"])
        assert "problems: none" in chassis.dfappctl("status")


def test_a_neighbour_on_the_underlay_is_found_by_neighbour_discovery(ipv6):
    """The switch asks for it, and loses what it sends meanwhile."""
    for chassis in ipv6.chassis:
        chassis.appctl("tnl/neigh/flush")
    ipv6["geneve1"].wait_ping(ipv6["geneve2"].ip)
    assert re.search(r"^fd31::2 +%s" % ipv6.chassis[1].underlay_mac,
                     ipv6.chassis[0].appctl("tnl/neigh/show"), re.M)


def test_a_tunnel_address_that_no_interface_has_is_a_problem(ipv6):
    c1 = ipv6.chassis[0]
    c1.configure(encap_ip="fd31::77")
    wait_until(lambda: "tunnel address fd31::77 (dragonflow-encap-ip): no interface of this host "
               "has it" in c1.dfappctl("status"), lambda: c1.dfappctl("status"))
    c1.configure(encap_ip=c1.encap_ip)
    ipv6.nb_db.sync()
    wait_until(lambda: "problems: none" in c1.dfappctl("status"), lambda: c1.dfappctl("status"))


@pytest.mark.parametrize("type_", TYPES)
def test_a_chassis_with_both_families_reaches_both(mixed, type_):
    for other in ("1", "3"):
        mixed[type_ + "2"].converse(mixed[type_ + other])
        mixed[type_ + other].converse(mixed[type_ + "2"])
    mixed[type_ + "1"].expect_no_ping(mixed[type_ + "3"].ip)
