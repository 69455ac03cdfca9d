# SPDX-License-Identifier: Apache-2.0
"""Extra routes of a router: with and without the short cut the longest prefix decides,
also when only the legacy router knows the way."""
import contextlib
import socket

import pytest

from dfharness import wait_until
from dfneutron import EXTERNAL_GATEWAY

PORT = 7778


@contextlib.contextmanager
def routes(cloud, *routes):
    cloud.neutron.update("routers", cloud.router["id"], routes=[
        {"destination": destination, "nexthop": nexthop} for destination, nexthop in routes])
    cloud.sync()
    try:
        yield
    finally:
        cloud.neutron.update("routers", cloud.router["id"], routes=[])
        cloud.sync()


@contextlib.contextmanager
def listening(host, address):
    with host.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, PORT))
        listener.listen()
        yield


def connects(vm, address):
    with vm.socket() as s:
        s.settimeout(1)
        try:
            s.connect((address, PORT))
        except OSError:
            return False
    return True


@pytest.mark.parametrize("names", [("vxlan1", "vlan2"), ("vlan1", "vxlan1")], ids="-".join)
def test_one_by_the_external_network_precedes_a_connected_subnet(cloud, mode, names):
    """A machine outside has the address of one inside as well."""
    one, two = cloud[names[0]], cloud[names[1]]
    assert not connects(one, two.ip)
    cloud.outside.run("ip addr add %s/32 dev lo" % two.ip)
    try:
        with listening(cloud.outside, two.ip), \
                routes(cloud, (two.ip + "/32", EXTERNAL_GATEWAY)):
            wait_until(lambda: connects(one, two.ip), "the route is not taken")
            assert connects(one, two.ip)
    finally:
        cloud.outside.run("ip addr del %s/32 dev lo" % two.ip)
    wait_until(lambda: one.ping(two.ip, count=1), "the subnet is not reached again")
    with listening(two, two.ip):
        assert connects(one, two.ip)


@pytest.mark.parametrize("name", ["vxlan1", "vlan2"])
def test_one_by_the_external_network_precedes_a_shorter_one_by_a_machine(cloud, mode, name):
    vm, gateway = cloud[name], cloud["gre1"]
    cloud.outside.run("ip addr add 192.0.2.1/32 dev lo")
    gateway.run("ip addr add 192.0.2.1/32 dev lo")
    try:
        with listening(cloud.outside, "192.0.2.1"), \
                routes(cloud, ("192.0.0.0/16", gateway.ip), ("192.0.2.0/24", EXTERNAL_GATEWAY)):
            wait_until(lambda: connects(vm, "192.0.2.1"), "the route is not taken")
            assert connects(vm, "192.0.2.1")
    finally:
        cloud.outside.run("ip addr del 192.0.2.1/32 dev lo")
        gateway.run("ip addr del 192.0.2.1/32 dev lo")
