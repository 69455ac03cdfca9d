# SPDX-License-Identifier: Apache-2.0
"""Several equal next hops of IPv6: a flow keeps to one, and flows spread."""
import collections

import pytest
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets6

N_FLOWS = 64


@pytest.fixture(scope="module")
def cloud():
    """r1's way to "right" is by r2 or r3, whose ports on it tell who it was."""
    with Cloud(chassis=2) as cloud:
        cloud.add_network("left", "2001:db8:1::/64")
        cloud.add_network("transit", "2001:db8:9::/64")
        cloud.add_network("right", "2001:db8:2::/64")
        cloud.r1 = cloud.add_router("r1", left="2001:db8:1::1/64", transit="2001:db8:9::1/64")
        cloud.r2 = cloud.add_router("r2", transit="2001:db8:9::2/64", right="2001:db8:2::2/64")
        cloud.r3 = cloud.add_router("r3", transit="2001:db8:9::3/64", right="2001:db8:2::3/64")
        cloud.add_vm("a", "left", 0, "2001:db8:1::11")
        cloud.add_vm("b", "right", 1, "2001:db8:2::11")
        cloud.nb("route-add r1 2001:db8:2::/64 2001:db8:9::2",
                 "route-add r1 2001:db8:2::/64 2001:db8:9::3",
                 "route-add r2 ::/0 2001:db8:9::1", "route-add r3 ::/0 2001:db8:9::1")
        cloud.sync()
        yield cloud


def taken(cloud, make):
    """Which router each flow takes: make(i) is the i-th frame."""
    names = {cloud.r2["right"].mac: "r2", cloud.r3["right"].mac: "r3"}
    cloud.clear()
    result = []
    for i in range(N_FLOWS):
        frame = make(i)
        cloud["a"].send(frame)
        got, = cloud["b"].take()
        router = names[Ether(got).src]
        assert got == packets6.routed(frame, Ether(got).src, cloud["b"].mac, 2)
        result.append(router)
    return result


def frame(cloud, make=packets6.udp, **kwargs):
    a = cloud["a"]
    return make(a.mac, cloud.r1["left"].mac, kwargs.pop("src", a.ip), cloud["b"].ip, **kwargs)


@pytest.mark.parametrize("make", [packets6.udp, packets6.tcp])
def test_ports_spread_the_flows_and_each_keeps_to_its_way(cloud, make):
    first = taken(cloud, lambda i: frame(cloud, make, sport=20000 + i))
    assert min(collections.Counter(first)[r] for r in ("r2", "r3")) >= N_FLOWS // 5
    for chassis in cloud.chassis:
        chassis.appctl("revalidator/purge")
    assert taken(cloud, lambda i: frame(cloud, make, sport=20000 + i)) == first


def test_sources_spread_the_flows(cloud):
    ways = taken(cloud, lambda i: frame(cloud, packets6.echo, src="2001:db8:8::%x" % i))
    assert min(collections.Counter(ways)[r] for r in ("r2", "r3")) >= N_FLOWS // 5


def test_the_flow_label_is_not_looked_at(cloud):
    """A flow label that changes within a connection must not tear it apart."""
    assert len(set(taken(cloud, lambda i: frame(cloud, fl=i)))) == 1


def test_without_one_next_hop_the_other_takes_all(cloud):
    first = taken(cloud, lambda i: frame(cloud, sport=20000 + i))
    cloud.nb("route-del r1 2001:db8:2::/64 2001:db8:9::3")
    cloud.sync()
    try:
        assert set(taken(cloud, lambda i: frame(cloud, sport=20000 + i))) == {"r2"}
    finally:
        cloud.nb("route-add r1 2001:db8:2::/64 2001:db8:9::3")
        cloud.sync()
    assert taken(cloud, lambda i: frame(cloud, sport=20000 + i)) == first
