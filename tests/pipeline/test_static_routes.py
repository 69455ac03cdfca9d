# SPDX-License-Identifier: Apache-2.0
"""Static routes: chained routers, longest prefix, equal-cost routes."""
import collections

import pytest

from dfharness import Cloud, packets


@pytest.fixture(scope="module")
def cloud():
    """left - r1 - transit - r2 - right; r3 is on transit and right as well."""
    with Cloud(chassis=2) as cloud:
        cloud.add_network("left", "10.1.0.0/24")
        cloud.add_network("transit", "10.9.0.0/24", type="vxlan")
        cloud.add_network("right", "10.2.0.0/24", type="gre")
        cloud.r1 = cloud.add_router("r1", left="10.1.0.1/24", transit="10.9.0.1/24")
        cloud.r2 = cloud.add_router("r2", transit="10.9.0.2/24", right="10.2.0.1/24")
        cloud.r3 = cloud.add_router("r3", transit="10.9.0.3/24", right="10.2.0.3/24")
        cloud.nb("route-add r1 10.2.0.0/16 10.9.0.2", "route-add r2 10.1.0.0/16 10.9.0.1",
                 "route-add r3 10.1.0.0/16 10.9.0.1")
        cloud.add_vm("l1", "left", 0, "10.1.0.11")
        cloud.add_vm("r1vm", "right", 1, "10.2.0.11")
        cloud.add_vm("r2vm", "right", 0, "10.2.0.12")
        cloud.sync()
        yield cloud


@pytest.fixture
def routes(cloud):
    """Adds routes of r1 and removes them at the end: routes("PREFIX", "HOP")."""
    with cloud.extra_routes("r1") as add:
        yield add


def sent_to(cloud, vm, ip, **kwargs):
    """What is received when l1 sends to 'ip' through r1: (machine, frame) or
    None, and the frame sent."""
    l1 = cloud["l1"]
    frame = l1.udp(cloud.r1["left"].mac, ip, **kwargs)
    cloud.clear()
    l1.send(frame)
    return frame, vm.take()


def check_via(cloud, ip, vm, router, mac=None):
    """From l1 through r1, 'router', to 'vm': two hops."""
    frame, got = sent_to(cloud, vm, ip)
    want = packets.routed(frame, router["right"].mac, vm.mac, hops=2)
    assert packets.compare(vm, got, [want]) is None, packets.compare(vm, got, [want])


def test_a_packet_crosses_two_routers_on_one_chassis(cloud):
    check_via(cloud, "10.2.0.12", cloud["r2vm"], cloud.r2)
    assert cloud.underlay.take() == []


def test_a_packet_crosses_two_routers_and_then_the_underlay_once(cloud):
    check_via(cloud, "10.2.0.11", cloud["r1vm"], cloud.r2)
    assert len(cloud.underlay.take()) == 1


def test_the_way_back_works_too(cloud):
    vm, l1 = cloud["r1vm"], cloud["l1"]
    frame = vm.udp(cloud.r2["right"].mac, l1.ip)
    cloud.check(vm, frame, {l1: packets.routed(frame, cloud.r1["left"].mac, l1.mac, hops=2)})


def test_the_longest_prefix_wins(cloud, routes):
    routes("10.2.0.11/32", "10.9.0.3")
    check_via(cloud, "10.2.0.11", cloud["r1vm"], cloud.r3)
    check_via(cloud, "10.2.0.12", cloud["r2vm"], cloud.r2)


def test_a_route_between_two_lengths_wins_over_the_shorter_only(cloud, routes):
    routes("10.2.0.0/28", "10.9.0.3")
    routes("10.2.0.12/32", "10.9.0.2")
    check_via(cloud, "10.2.0.11", cloud["r1vm"], cloud.r3)
    check_via(cloud, "10.2.0.12", cloud["r2vm"], cloud.r2)


def test_the_default_route_takes_the_rest(cloud, routes):
    cloud.nb("route-del r1 10.2.0.0/16 10.9.0.2")
    try:
        routes("0.0.0.0/0", "10.9.0.3")
        check_via(cloud, "10.2.0.11", cloud["r1vm"], cloud.r3)
    finally:
        cloud.nb("route-add r1 10.2.0.0/16 10.9.0.2")
        cloud.sync()


def test_a_route_in_the_deprecated_column_is_one_with_its_row(cloud, routes):
    """The column alone will do; dfctl takes a route out of both."""
    r1 = [["name", "==", "r1"]]
    both = "\n".join(cloud.chassis[0].flows())
    vm = cloud["r1vm"]

    def works():
        frame, got = sent_to(cloud, vm, vm.ip)
        return got == [packets.routed(frame, cloud.r2["right"].mac, vm.mac, hops=2)]
    cloud.nb_db.transact({"op": "update", "table": "Router", "where": r1,
                          "row": {"static_routes": "10.2.0.0/16 via 10.9.0.2"}})
    cloud.sync()
    assert "\n".join(cloud.chassis[0].flows()) == both and works()
    cloud.nb_db.transact({"op": "delete", "table": "Static_Route", "where": [
        ["prefix", "==", "10.2.0.0/16"]]})
    cloud.sync()
    assert "\n".join(cloud.chassis[0].flows()) == both and works()
    cloud.nb("--may-exist route-add r1 10.2.0.0/16 10.9.0.2")
    assert cloud.nb_db.rows("Static_Route", [["prefix", "==", "10.2.0.0/16"]]) == []
    cloud.nb("route-del r1 10.2.0.0/16")
    cloud.nb("route-add r1 10.2.0.0/16 10.9.0.2")
    cloud.sync()
    assert cloud.nb_db.rows("Router", r1)[0]["static_routes"] == ["set", []]
    assert "\n".join(cloud.chassis[0].flows()) == both and works()


def test_a_longer_static_route_beats_a_connected_subnet(cloud, routes):
    """10.9.0.66 would be on the transit network itself."""
    l1, vm = cloud["l1"], cloud["r2vm"]
    cloud.nb("route-add r3 10.9.0.66/32 10.2.0.12")
    try:
        routes("10.9.0.66/32", "10.9.0.3")
        frame, got = sent_to(cloud, vm, "10.9.0.66")
        want = packets.routed(frame, cloud.r3["right"].mac, vm.mac, hops=2)
        assert got == [want]
        assert l1.take() == []
    finally:
        cloud.nb("route-del r3 10.9.0.66/32")
        cloud.sync()


def test_a_connected_subnet_beats_a_static_route_of_the_same_length(cloud, routes):
    routes("10.1.0.0/24", "10.9.0.2")
    neighbour = cloud.add_vm("l2", "left", 1, "10.1.0.12")
    cloud.sync()
    try:
        frame, got = sent_to(cloud, neighbour, "10.1.0.12")
        assert got == [packets.routed(frame, cloud.r1["left"].mac, neighbour.mac)]
    finally:
        neighbour.unplug()
        cloud.nb("port-del l2")


def test_routers_that_point_at_each_other_end_with_the_ttl(cloud, routes):
    """Neither endless nor silent: the router where the TTL ends says so."""
    routes("10.77.0.0/16", "10.9.0.2")
    cloud.nb("route-add r2 10.77.0.0/16 10.9.0.1")
    cloud.sync()
    try:
        l1 = cloud["l1"]
        frame = l1.udp(cloud.r1["left"].mac, "10.77.1.1", ttl=8)
        cloud.clear()
        l1.send(frame)
        got = l1.take()
        assert len(got) == 1
        summary = packets.summary(got[0])
        assert "time-exceeded" in summary, summary
    finally:
        cloud.nb("route-del r2 10.77.0.0/16")
        cloud.sync()


# --- Equal-cost routes ---

FLOWS = [(sport, dport) for sport in range(1000, 1030) for dport in (80, 443)]


def hops_of_flows(cloud):
    """Which router each five-tuple takes, as a dictionary."""
    vm, l1 = cloud["r1vm"], cloud["l1"]
    cloud.clear()
    taken = {}
    macs = {r["right"].mac: name for name, r in (("r2", cloud.r2), ("r3", cloud.r3))}
    for sport, dport in FLOWS:
        l1.send(l1.tcp(cloud.r1["left"].mac, vm.ip, sport=sport, dport=dport))
        got = vm.take()
        assert len(got) == 1
        taken[sport, dport] = macs[packets.Ether(got[0]).src]
    return taken


@pytest.fixture(scope="module")
def ecmp(cloud):
    cloud.nb("route-add r1 10.2.0.0/24 10.9.0.2", "route-add r1 10.2.0.0/24 10.9.0.3")
    cloud.sync()
    yield
    cloud.nb("route-del r1 10.2.0.0/24")
    cloud.sync()


def test_equal_routes_share_the_flows(cloud, ecmp):
    taken = hops_of_flows(cloud)
    shares = collections.Counter(taken.values())
    assert len(shares) == 2 and min(shares.values()) >= len(FLOWS) // 5, shares


def test_a_five_tuple_always_takes_the_same_next_hop(cloud, ecmp):
    first = hops_of_flows(cloud)
    for chassis in cloud.chassis:
        chassis.appctl("revalidator/purge")
    assert hops_of_flows(cloud) == first


def test_removing_a_next_hop_moves_only_its_own_share(cloud, ecmp):
    """Three hops, of which one goes: the flows of the others stay."""
    cloud.nb("route-add r1 10.2.0.0/24 10.9.0.4")
    r4 = cloud.add_router("r4", transit="10.9.0.4/24", right="10.2.0.4/24")
    cloud.sync()
    vm, l1 = cloud["r1vm"], cloud["l1"]
    macs = {r["right"].mac: name for name, r in (("r2", cloud.r2), ("r3", cloud.r3), ("r4", r4))}

    def taken():
        result = {}
        cloud.clear()
        for sport, dport in FLOWS:
            l1.send(l1.tcp(cloud.r1["left"].mac, vm.ip, sport=sport, dport=dport))
            got = vm.take()
            result[sport, dport] = macs[packets.Ether(got[0]).src] if got else None
        return result
    before = taken()
    assert set(before.values()) == {"r2", "r3", "r4"}
    cloud.nb("route-del r1 10.2.0.0/24 10.9.0.4")
    cloud.sync()
    after = taken()
    assert {f: h for f, h in after.items() if before[f] != "r4"} == \
        {f: h for f, h in before.items() if h != "r4"}
    assert set(after.values()) == {"r2", "r3"}
    cloud.nb("router-port-del r4-transit", "router-port-del r4-right", "router-del r4")
