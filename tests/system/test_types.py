# SPDX-License-Identifier: Apache-2.0
"""Every network type with real kernels: within a network and routed between any
two, on one chassis and across.

On each network are machines X1 and X2 on the first chassis and X3 on the second
(none for "local", which is a network of one chassis)."""
import itertools
import re
import socket

import pytest

from dfharness import NsCloud

# Name, subnet number, columns.
NETWORKS = {
    "geneve": (1, {"type": "geneve"}),
    "vxlan": (2, {"type": "vxlan"}),
    "gre": (3, {"type": "gre"}),
    "vlan": (4, {"type": "vlan", "segmentation_id": 104, "physical_network": "phys1"}),
    "flat": (5, {"type": "flat", "physical_network": "phys1"}),
    "local": (6, {"type": "local"}),
}
ACROSS = [name for name in NETWORKS if name != "local"]


@pytest.fixture(scope="module")
def cloud():
    with NsCloud(chassis=2, physnets=["phys1"]) as cloud:
        gateways = {}
        for name, (number, columns) in NETWORKS.items():
            cloud.add_network(name, "10.0.%d.0/24" % number, **columns)
            gateways[name] = "10.0.%d.1/24" % number
        cloud.r1 = cloud.add_router("r1", **gateways)
        for name, (number, _) in NETWORKS.items():
            for i, chassis in ((1, 0), (2, 0), (3, 1)):
                if i < 3 or name in ACROSS:
                    cloud.add_vm("%s%d" % (name, i), name, chassis, "10.0.%d.1%d/24" % (number, i),
                                 gateway="10.0.%d.1" % number)
        cloud.sync()
        yield cloud


@pytest.mark.parametrize("name", NETWORKS)
def test_layer_2_within_a_chassis(cloud, name):
    cloud[name + "1"].converse(cloud[name + "2"])


@pytest.mark.parametrize("name", ACROSS)
def test_layer_2_across_chassis(cloud, name):
    cloud[name + "1"].converse(cloud[name + "3"])


@pytest.mark.parametrize("source, destination", itertools.permutations(NETWORKS, 2))
def test_router_east_west_traffic(cloud, source, destination):
    """Routing between any two types, on one chassis and across."""
    cloud[source + "1"].converse(cloud[destination + "2"])
    if destination in ACROSS and source in ACROSS:
        cloud[source + "1"].converse(cloud[destination + "3"])


@pytest.mark.parametrize("name", NETWORKS)
def test_ping_to_each_address_of_the_router(cloud, name):
    for number in (1, 3):
        if number == 3 and name not in ACROSS:
            continue
        vm = cloud["%s%d" % (name, number)]
        for port in cloud.r1.values():
            vm.expect_ping(port.ip, count=1)
        vm.expect_ping(cloud.r1[name].ip, count=1, size=1472)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_broadcast_reaches_each_other_machine_once(cloud, name):
    vms = [vm for vm in cloud.vms if re.fullmatch(name + r"\d", vm.name)]
    for sender in vms:
        others = [vm for vm in cloud.vms if vm is not sender]
        listeners = {vm: vm.socket(socket.SOCK_DGRAM) for vm in others}
        try:
            for listener in listeners.values():
                listener.bind(("", 6000))
            with sender.socket(socket.SOCK_DGRAM) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                for payload in (b"first", b"second"):
                    s.sendto(payload, ("10.0.%d.255" % NETWORKS[name][0], 6000))
            for vm in vms:
                if vm is not sender:
                    # In this order and each once: a copy of the first would come
                    # before the second.
                    assert [listeners[vm].recv(100) for _ in range(2)] == [b"first", b"second"]
            for vm, listener in listeners.items():
                listener.setblocking(False)
                with pytest.raises(BlockingIOError):
                    listener.recv(100)
        finally:
            for listener in listeners.values():
                listener.close()


def megaflows(chassis, vm, destination):
    """The datapath flows for what 'vm' sends to the address 'destination'."""
    return [line for line in chassis.appctl("dpctl/dump-flows", "--names").splitlines()
            if "in_port(%s)" % vm.name in line and re.search(
                r"\bdst=%s\b" % re.escape(destination), line)]


@pytest.mark.parametrize("source, destination", [("geneve1", "vxlan2"), ("geneve1", "gre3"),
                                                 ("vlan1", "geneve2"), ("vxlan1", "vlan3")])
def test_routing_is_one_pass_and_one_megaflow_for_all_connections(cloud, source, destination):
    """No recirculation, no source address, no port number in the match."""
    one, two = cloud[source], cloud[destination]
    one.tcp_transfer(two, size=10000, port=5100)
    for port in range(5101, 5104):
        one.tcp_transfer(two, size=10, port=port)
    flows = [f for f in megaflows(one.chassis, one, two.ip) if "proto=6" in f]
    assert len(flows) == 1, "\n".join(flows)
    match, actions = flows[0].split(", actions:")
    assert "recirc" not in actions and "ct(" not in actions and "recirc_id(0)" in match
    assert "src=10.0" not in match and not re.search(r"tcp\(.*(src|dst)=", match), match


def test_no_ping_without_a_router(cloud):
    """A network that no router joins is on its own, whatever its addresses."""
    cloud.add_network("alone", "10.0.1.0/24")
    cloud.add_vm("alone1", "alone", 0, "10.0.1.12/24", gateway="10.0.1.1")
    cloud.add_vm("alone2", "alone", 1, "10.0.1.77/24", gateway="10.0.1.1")
    cloud.sync()
    cloud["alone1"].expect_ping("10.0.1.77", count=1)
    cloud["alone1"].expect_no_ping("10.0.1.1", count=1)
    cloud["alone1"].expect_no_ping("10.0.1.13", count=1)
    cloud["geneve1"].expect_no_ping("10.0.1.77", count=1)
    cloud["geneve1"].expect_ping("10.0.1.12", count=1)
