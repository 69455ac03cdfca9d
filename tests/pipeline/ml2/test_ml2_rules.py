# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent: what is routed here, and what reaches the legacy
router as it was sent."""
import re

import pytest

from dfharness import packets


@pytest.fixture
def routes(cloud):
    """Adds routes of r1 and removes them at the end: routes("PREFIX", "HOP")."""
    def mutate(how, values):
        # Past dfctl, which refuses next hops that it does not know.
        cloud.nb_db.transact({"op": "mutate", "table": "Router",
                              "where": [["name", "==", "r1"]],
                              "mutations": [["static_routes", how, ["set", values]]]})
        cloud.nb_db.sync()
    added = []

    def add(prefix, hop):
        added.append("%s via %s" % (prefix, hop))
        mutate("insert", added)
    yield add
    mutate("delete", added)


def to_router(cloud, dst, **kwargs):
    return cloud["vm1"].udp(cloud.r1["n1"].mac, dst, **kwargs)


def check_routed(cloud, dst, receiver):
    """It comes from the chassis' own MAC address, not from the router's."""
    frame = to_router(cloud, dst)
    cloud.clear()
    cloud["vm1"].send(frame)
    got = receiver.take()
    assert len(got) == 1, "%s received %s" % (receiver, [packets.summary(f) for f in got])
    source = ":".join("%02x" % octet for octet in got[0][6:12])
    assert source not in (cloud["vm1"].mac, cloud.r1["n1"].mac, cloud.r1["n2"].mac)
    report = packets.compare(receiver, got, [packets.routed(frame, source, receiver.mac)])
    assert not report, report
    cloud.expect({}, packets.summary(frame))


def check_left(cloud, dst, **kwargs):
    """It reaches the legacy router, unchanged, and no other receiver."""
    frame = to_router(cloud, dst, **kwargs)
    cloud.check(cloud["vm1"], frame, {cloud["legacy1"]: frame})


def test_between_known_ports_it_is_routed_here(cloud):
    check_routed(cloud, "10.0.2.11", cloud["vm2"])


def test_what_enters_the_agents_pipeline_again_has_the_agents_registers_cleared(cloud):
    """They say which port has sent it, and are the receiver's from here on."""
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    trace = cloud.chassis[0].trace(
        "in_port=%s,dl_src=%s,dl_dst=%s,udp,nw_src=%s,nw_dst=%s,nw_ttl=64" % (
            cloud.chassis[0].ofport("vm1"), vm1.mac, cloud.r1["n1"].mac, vm1.ip, vm2.ip))
    cleared = trace.index("set_field:0->reg7")
    assert re.search(r"^\s*60\. ", trace[cleared:], re.M)
    assert not re.search(r"\breg[567]=", re.search(r"^Final flow: .*", trace, re.M)[0])


@pytest.mark.parametrize("dst", ["10.0.2.99", "10.0.1.1", "10.0.2.1", "192.0.2.1", "224.0.0.5"])
def test_what_is_not_known_is_left_to_the_legacy_router(cloud, dst):
    check_left(cloud, dst)


def test_an_expiring_packet_is_left_to_the_legacy_router(cloud):
    check_left(cloud, "10.0.2.11", ttl=1)


def test_a_protocol_with_a_ttl_that_the_switch_does_not_lower_is_left_to_the_legacy_router(cloud):
    vm1, legacy = cloud["vm1"], cloud["legacy1"]
    frame = packets.ipv4(vm1.mac, cloud.r1["n1"].mac, vm1.ip, "10.0.2.11", b"", proto=0)
    cloud.check(vm1, frame, {legacy: frame})


# --- Static routes --------------------------------------------------------


def test_a_route_by_a_known_port_is_taken_here(cloud, routes):
    routes("192.0.2.0/24", "10.0.2.11")
    check_routed(cloud, "192.0.2.1", cloud["vm2"])


def test_a_route_by_an_unknown_neighbour_is_left_to_the_legacy_router(cloud, routes):
    """And the shorter prefix does not matter."""
    routes("192.0.2.0/24", "10.0.2.99")
    routes("192.0.0.0/16", "10.0.2.11")
    check_left(cloud, "192.0.2.1")
    check_routed(cloud, "192.0.3.1", cloud["vm2"])


@pytest.mark.parametrize("shorter", ["192.0.0.0/16", "128.0.0.0/1"])
def test_a_route_by_the_external_network_precedes_a_shorter_one(cloud, routes, shorter):
    routes(shorter, "10.0.2.11")
    check_routed(cloud, "192.0.2.1", cloud["vm2"])
    routes("192.0.2.0/24", "203.0.113.9")
    check_left(cloud, "192.0.2.1")
    check_routed(cloud, "192.0.3.1", cloud["vm2"])


def test_a_route_by_the_external_network_precedes_a_connected_prefix(cloud, routes):
    routes("10.0.2.0/28", "203.0.113.9")
    check_left(cloud, "10.0.2.11")
    routes("10.0.2.11/32", "10.0.2.11")
    check_routed(cloud, "10.0.2.11", cloud["vm2"])


def test_a_default_route_by_the_external_network_leaves_the_rest_as_it_is(cloud, routes):
    routes("0.0.0.0/0", "203.0.113.9")
    check_left(cloud, "192.0.2.1")
    check_routed(cloud, "10.0.2.11", cloud["vm2"])


def test_a_default_route_by_a_known_port_is_left_to_the_legacy_router(cloud, routes):
    """It contains the external subnets and the floating IPs, which are not known
    here."""
    routes("0.0.0.0/0", "10.0.2.11")
    check_left(cloud, "192.0.2.1")
    check_routed(cloud, "10.0.2.11", cloud["vm2"])


def test_equal_routes_of_which_one_is_unknown_are_left_to_the_legacy_router(cloud, routes):
    """Whatever the hash says."""
    routes("192.0.2.0/24", "10.0.2.11")
    routes("192.0.2.0/24", "203.0.113.9")
    for port in range(10000, 10016):
        check_left(cloud, "192.0.2.1", sport=port)


def test_a_static_route_to_a_connected_prefix_is_left_to_the_legacy_router(cloud, routes):
    routes("10.0.2.0/24", "10.0.1.12")
    check_left(cloud, "10.0.2.11")


def test_a_disabled_router_is_left_alone(cloud, routes):
    routes("192.0.2.0/24", "203.0.113.9")
    cloud.nb("set Router r1 enabled=false")
    cloud.nb_db.sync()
    try:
        for dst in ("10.0.2.11", "192.0.2.1"):
            check_left(cloud, dst)
    finally:
        cloud.nb("set Router r1 enabled=true")
        cloud.nb_db.sync()
    check_routed(cloud, "10.0.2.11", cloud["vm2"])
