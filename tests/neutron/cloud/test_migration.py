# SPDX-License-Identifier: Apache-2.0
"""docs/migration.md, step by step, on a running cloud with legacy, highly available and
distributed routers.

The cloud begins as stock Neutron. For each kind of router there are two networks, with
machines legacy1 (on the first network, c1), legacy2 (on the second network, c2), legacy3
(on the second network, c1); ha1 ...; dvr1 ...  Those of
the legacy router have addresses of both families."""
import contextlib
import re
import time

import pytest

from conftest import counting
from dfharness import netns, wait_until
from dfneutron import OUTSIDE_ADDRESS, NeutronCloud, TcpStream, why_impossible
from dfneutron.control import build_metadata

KINDS = {"legacy": {"distributed": False, "ha": False}, "ha": {"distributed": False, "ha": True},
         "dvr": {"distributed": True, "ha": False}}
# Across nodes, and on one.
PAIRS = [(k + "1", k + other) for k in KINDS for other in "23"]
CONTROL = ("legacy2", "legacy3")
DUAL_STACK = {"legacy"}


def cidrs(kind, router, network):
    """The prefixes of a network."""
    four, six = "10.%d.%d.0/24" % (router, network), "fd00:0:%d:%d::/64" % (router, network)
    return [four, six] if kind in DUAL_STACK else [four]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory):
    """The package of the plugin is installed, but nothing refers to it."""
    reason = netns.why_impossible()
    if reason:
        pytest.skip("clouds of real Neutron need root and network namespaces: %s" % reason)
    reason = why_impossible()
    if reason:
        pytest.fail("%s (run tools/deps.sh --neutron)" % reason)
    package = build_metadata(tmp_path_factory.mktemp("plugin") / "metadata")
    with NeutronCloud(dvr=True, python_path=package) as cloud:
        cloud.external = cloud.add_external_network()
        cloud.routers = {}
        for i, (kind, attributes) in enumerate(KINDS.items()):
            first = cloud.add_network(kind + "-1", *cidrs(kind, i, 1))
            second = cloud.add_network(kind + "-2", *cidrs(kind, i, 2),
                                       provider__network_type="vlan",
                                       provider__physical_network="physnet1")
            cloud.routers[kind] = cloud.add_router("r-" + kind, first, second,
                                                   external=cloud.external, **attributes)
            for number, network, node in ((1, first, 0), (2, second, 1), (3, second, 0)):
                cloud.add_vm("%s%d" % (kind, number), network, node, wait=False)
        cloud.sync(timeout=400)
        wait_until(lambda: not unreachable(cloud), lambda: unreachable(cloud), timeout=60)
        yield cloud


def unreachable(cloud):
    return cut_off(cloud) + [vm for vm in cloud.vms if not vm.ping(OUTSIDE_ADDRESS, count=1)]


def cut_off(cloud):
    """Pairs that cannot reach each other East-West, which is all that Dragonflow does."""
    return [(one, address) for one, two in PAIRS for address in addresses(cloud[two])
            if not cloud[one].ping(address, count=1)]


def addresses(vm):
    return [vm.ip, *vm.ipv6]


def expect_everything_reachable(cloud):
    for one, two in PAIRS:
        for address in addresses(cloud[two]):
            cloud[one].expect_ping(address)
        for address in addresses(cloud[one]):
            cloud[two].expect_ping(address)
    for vm in cloud.vms:
        vm.expect_ping(OUTSIDE_ADDRESS)


def by_stock_router(cloud, one, two):
    """How many of three packets of each family, from 'one' to 'two' and back, stock routers
    forward on average of the families."""
    kind = re.sub(r"\d", "", one)
    router = cloud.routers[kind]
    nodes = [chassis for chassis in cloud.chassis if router["id"] in chassis.router_namespaces()]
    total = 0
    for ipv6, address in enumerate(addresses(cloud[two])):
        with counting(cloud, (one, two), router=router, nodes=nodes, ipv6=bool(ipv6)) as count:
            cloud[one].expect_ping(address)
            total += count()
    return total / len(addresses(cloud[two]))


@contextlib.contextmanager
def undisturbed(cloud):
    """Pings, and one TCP connection for each kind of router, lose nothing meanwhile."""
    tcp = [TcpStream(cloud[k + "1"], cloud[k + "2"]) for k in KINDS]
    pings = cloud.streams(PAIRS, interval=0.01, control=CONTROL)
    pings6 = cloud.streams([pair for pair in PAIRS if cloud[pair[1]].ipv6], interval=0.02,
                           control=CONTROL, ipv6=True)
    time.sleep(0.5)
    yield
    time.sleep(0.5)
    for stream in tcp:
        stream.expect_progress()
        stream.stop()
    pings.expect_no_loss(at_least=50)
    pings6.expect_no_loss(at_least=25)
    expect_everything_reachable(cloud)


def expect_short_cut_on(cloud, nodes):
    """The short cut is taken between machines on these nodes, and no others."""
    for kind in KINDS:
        for two, needed in (("2", {0, 1}), ("3", {0})):
            expected = 0 if needed <= nodes else 6
            wait_until(lambda: by_stock_router(cloud, kind + "1", kind + two) == expected,
                       lambda: "%s1 to %s%s: %d packets by the stock router, not %d" % (
                           kind, kind, two, by_stock_router(cloud, kind + "1", kind + two),
                           expected))


def configure_server(cloud, dragonflow):
    """Step "The Neutron server", or back."""
    cloud.control.reconfigure(
        service_plugins=["dragonflow" if dragonflow else "router"],
        mechanism_drivers=["openvswitch", "l2population"] + ["dragonflow"] * dragonflow,
        server_config={"dragonflow": {"nb_connection": cloud.nb_db.remote}} if dragonflow else {})
    cloud.plugin = dragonflow


def check(cloud):
    """neutron-dragonflow-sync --check, which fails if something differs."""
    return cloud.control.run_tool(
        ("/usr/bin/python3", "-c", "import sys; from networking_dragonflow.cmd import sync; "
         "sys.exit(sync.main())"), "--check")


@pytest.fixture(scope="module")
def migrated(cloud):
    """The Neutron server is configured; which nodes are, each test says."""
    if not cloud.plugin:
        configure_server(cloud, True)
    return cloud


def test_each_step_and_each_step_back_loses_nothing(cloud):
    expect_short_cut_on(cloud, set())

    with undisturbed(cloud):  # The Neutron server.
        configure_server(cloud, True)
        cloud.sync_nb()
    check(cloud)
    expect_short_cut_on(cloud, set())

    with undisturbed(cloud):  # One compute node.
        cloud.convert({0})
        cloud.sync()
    expect_short_cut_on(cloud, {0})

    with undisturbed(cloud):  # And back.
        cloud.convert(set())
    expect_short_cut_on(cloud, set())

    with undisturbed(cloud):  # Again, and the others.
        cloud.convert({0})
        cloud.convert({0, 1})
        cloud.sync()
    expect_short_cut_on(cloud, {0, 1})

    with undisturbed(cloud):  # Everything back, node by node, then the server.
        cloud.convert({1})
        cloud.convert(set())
        configure_server(cloud, False)
    expect_short_cut_on(cloud, set())


# --- Distributed routers ---------------------------------------------------------

def test_distributed_routers_get_the_short_cut(migrated):
    cloud = migrated
    cloud.convert({0, 1})
    cloud.sync()
    expect_short_cut_on(cloud, {0, 1})
    expect_everything_reachable(cloud)


def test_security_groups_of_both_sides_hold_with_a_distributed_router(migrated):
    cloud = migrated
    group = cloud.add_security_group("web", "tcp/80")
    cloud.convert({0, 1})
    cloud.sync()
    vm, before = cloud["dvr2"], cloud.open_group["id"]
    cloud.neutron.update("ports", vm.port["id"], security_groups=[group["id"]])
    try:
        wait_until(lambda: not cloud["dvr1"].ping(vm.ip, count=1, timeout=0.3), "no effect")
        cloud["dvr1"].expect_no_ping(vm.ip)
        vm.expect_ping(cloud["dvr1"].ip)  # It may ask, and is answered.
    finally:
        cloud.neutron.update("ports", vm.port["id"], security_groups=[before])
    wait_until(lambda: cloud["dvr1"].ping(vm.ip, count=1), "no effect")
    cloud.neutron.delete("security-groups", group["id"])


def test_the_fall_back_of_a_distributed_router_is_on_the_same_node(migrated):
    cloud = migrated
    cloud.convert({0, 1})
    cloud.sync()
    chassis, router = cloud.chassis[0], cloud.routers["dvr"]
    tcp = TcpStream(cloud["dvr1"], cloud["dvr2"])
    streams = cloud.streams([("dvr1", "dvr2"), ("dvr1", "dvr3")], interval=0.01, control=CONTROL)
    with counting(cloud, ("dvr1", "dvr2"), router=router, nodes=[chassis]) as count:
        chassis.controller.kill()
        try:
            wait_until(lambda: count() >= 10, "no fall-back")
            tcp.expect_progress()
        finally:
            chassis.start_controller()
    expect_short_cut_on(cloud, {0, 1})
    tcp.expect_progress()
    tcp.stop()
    streams.expect_no_loss(at_least=100)


def test_floating_ips_of_a_distributed_router_stay(migrated):
    cloud = migrated
    cloud.convert({0, 1})
    cloud.sync()
    fip = cloud.add_floating_ip(cloud["dvr2"], cloud.external)
    address = fip["floating_ip_address"]
    wait_until(lambda: cloud.outside.ping(address, count=1), "no floating IP", timeout=60)
    cloud.outside.expect_ping(address)
    cloud["dvr1"].expect_ping(address)
    cloud["dvr1"].expect_ping(cloud["dvr2"].ip)
    cloud.neutron.delete("floatingips", fip["id"])


# --- Last, since Neutron itself may not get over it ---------------------------------

def convert_router(cloud, kind, **attributes):
    """As "openstack router set --disable", --centralized or --distributed, --enable;
    each once the one before has had its effect."""
    router = cloud.routers[kind]["id"]
    cloud.neutron.update("routers", router, admin_state_up=False)
    wait_until(lambda: not [c for c in cloud.chassis if router in c.router_namespaces()],
               "the router's namespaces stay", timeout=60, interval=0.2)
    cloud.neutron.update("routers", router, **attributes)
    cloud.neutron.update("routers", router, admin_state_up=True)
    wait_until(lambda: router in cloud.network_node.router_namespaces(),
               "the router does not come back", timeout=60, interval=0.2)
    cloud.sync(timeout=90)
    wait_until(lambda: not cut_off(cloud), lambda: cut_off(cloud), timeout=90)


@pytest.mark.thorough
def test_a_distributed_router_becomes_a_legacy_one_and_back(migrated):
    """Through other routers hardly a packet is lost: Open vSwitch may drop one while ports
    come and go.  (Neutron 21 itself does not always get North-South right on the way
    back.)"""
    cloud = migrated
    cloud.convert({0, 1})
    cloud.sync()
    router = cloud.routers["dvr"]["id"]
    others = [(one, two) for one, two in PAIRS if not one.startswith("dvr")]
    for distributed in (False, True):
        streams = [cloud[one].ping_stream(cloud[two].ip, 0.01) for one, two in others]
        convert_router(cloud, "dvr", distributed=distributed)
        for stream in streams:
            sent, lost = stream.stop()
            assert lost <= 10 < 500 <= sent, stream
        assert cloud.neutron.show("routers", router)["distributed"] is distributed
        nodes = {c.name for c in cloud.chassis if router in c.router_namespaces()}
        assert nodes == ({"c1", "c2", "net1"} if distributed else {"net1"})
        expect_short_cut_on(cloud, {0, 1})
        if not distributed:
            wait_until(lambda: not unreachable(cloud), lambda: unreachable(cloud), timeout=60)
