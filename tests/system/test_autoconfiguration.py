# SPDX-License-Identifier: Apache-2.0
"""Machines whose kernels configure themselves by router advertisements (RFC 4861, RFC 4862)."""
import ipaddress
import json

import pytest

from dfharness import NsCloud, wait_until
from dfharness.packets6 import link_local

A, B = "2001:db8:a::/64", "2001:db8:b::/64"


def sysctl(vm, device="eth0", **values):
    for key, value in values.items():
        vm.run("sysctl -q -w net.ipv6.conf.%s.%s=%s" % (device, key, value))


def join(vm, device="eth0"):
    """The kernel of 'vm' begins with IPv6, as at a start."""
    sysctl(vm, device, accept_ra=1, autoconf=1, addr_gen_mode=0, accept_ra_min_hop_limit=1)
    sysctl(vm, device, disable_ipv6=0)


def leave(vm):
    sysctl(vm, disable_ipv6=1)


def addresses(vm, device="eth0"):
    """The global addresses of 'vm' that are in use, as "ADDRESS/LENGTH"."""
    links = json.loads(vm.run("ip -j -6 addr show dev %s scope global" % device))
    return {"%s/%d" % (a["local"], a["prefixlen"]) for link in links
            for a in link.get("addr_info", ()) if a and not a.get("tentative")}


def deprecated(vm):
    """Those that new connections are not to use."""
    links = json.loads(vm.run("ip -j -6 addr show dev eth0 scope global deprecated"))
    return {"%s/%d" % (a["local"], a["prefixlen"]) for link in links
            for a in link.get("addr_info", ()) if a}


def routers(vm):
    """The default routers of 'vm': (address, preference)."""
    routes = json.loads(vm.run("ip -j -6 route show default"))
    hops = []
    for route in routes:
        hops += [(hop["gateway"], route.get("pref")) for hop in route.get("nexthops", [route])]
    return set(hops)


def made_of(prefix, mac):
    """The address that a kernel makes of a prefix of 64 bits."""
    identifier = int(ipaddress.IPv6Address(link_local(mac))) & (1 << 64) - 1
    return str(ipaddress.IPv6Network(prefix)[identifier])


def slaac(prefix, vm):
    return made_of(prefix, vm.mac) + "/64"


@pytest.fixture(scope="module")
def cloud():
    """Machines a1 and b1 on the first chassis, a2 and b2 on the second; r1 joins a and b."""
    with NsCloud(chassis=2) as cloud:
        for name, prefix in (("a", A), ("b", B)):
            cloud.add_network(name, prefix)
            cloud.nb("set Subnet %s-0 ra_mode=slaac address_mode=slaac" % name)
        cloud.r1 = cloud.add_router("r1", a="2001:db8:a::1/64", b="2001:db8:b::1/64")
        for name, prefix in (("a", A), ("b", B)):
            for chassis in (1, 2):
                mac = "02:0a:00:00:0%s:0%d" % (name, chassis)
                vm = cloud.add_vm("%s%d" % (name, chassis), name, chassis - 1, mac=mac)
                address = slaac(prefix, vm).split("/")[0]
                cloud.nb('set Port %s \'addresses="%s","%s"\'' % (
                    vm.name, address, link_local(mac)))
                vm.ips = [address]
        cloud.sync()
        yield cloud


@pytest.fixture
def a1(cloud):
    """With what the kernel has learnt after its start."""
    vm = cloud["a1"]
    join(vm)
    wait_until(lambda: addresses(vm), lambda: vm.run("ip -6 addr"), 20)
    wait_until(lambda: routers(vm), lambda: vm.run("ip -6 route"), 20)
    yield vm
    leave(vm)


def test_a_machine_makes_its_address_and_finds_its_router(cloud, a1):
    """With the network's MTU, and the router's link-local address."""
    assert addresses(a1) == {slaac(A, a1)}
    assert routers(a1) == {(link_local(cloud.r1["a"].mac), "medium")}
    assert a1.run("sysctl -n net.ipv6.conf.eth0.mtu").strip() == "1500"
    assert A in a1.run("ip -6 route show dev eth0 proto kernel")


def test_machines_that_configured_themselves_reach_each_other(cloud, a1):
    """On the other chassis, and through the router."""
    others = [cloud["a2"], cloud["b1"], cloud["b2"]]
    for vm in others:
        join(vm)
    for vm in others:
        wait_until(lambda vm=vm: addresses(vm) and routers(vm), lambda: vm.run("ip -6 addr"), 20)
    for vm in others:
        a1.wait_ping(vm.ip)
        a1.expect_ping(vm.ip)
        leave(vm)


def test_a_machine_loses_the_router_when_that_goes(cloud, a1):
    """And finds it again; the address stays, as the network is still there."""
    port = cloud.r1["a"]
    add = "router-port-add %s r1 a %s %s" % (port.name, port.mac, " ".join(port.cidrs))
    cloud.nb("router-port-del " + port.name)
    wait_until(lambda: not routers(a1), lambda: a1.run("ip -6 route"), 10)
    assert addresses(a1) == {slaac(A, a1)}
    cloud.nb(add)
    wait_until(lambda: routers(a1), "the router is back", 10)


def test_a_restart_of_the_daemon_takes_no_router_away(cloud, a1):
    chassis = cloud.chassis[0]
    chassis.controller.exit("--restart")
    assert routers(a1)
    chassis.start_controller()
    cloud.sync()
    assert routers(a1) == {(link_local(cloud.r1["a"].mac), "medium")}


def test_a_preferred_router_is_preferred(cloud, a1):
    """The kernel knows both, and takes the better one (RFC 4191)."""
    r2 = cloud.add_router("r2", a="2001:db8:a::2/64")["a"]
    cloud.nb("set Router_Port %s router_preference=high" % r2.name)
    wait_until(lambda: routers(a1) == {(link_local(cloud.r1["a"].mac), "medium"),
                                       (link_local(r2.mac), "high")},
               lambda: a1.run("ip -6 route"), 20)
    cloud.nb("router-port-del " + r2.name, "router-del r2")
    wait_until(lambda: len(routers(a1)) == 1, lambda: a1.run("ip -6 route"), 20)


def test_a_prefix_for_dhcpv6_is_on_link_without_addresses(cloud):
    vm = cloud["b1"]
    cloud.nb("clear Subnet b-0 address_mode", "set Subnet b-0 ra_mode=dhcpv6-stateful")
    cloud.sync()
    try:
        join(vm)
        wait_until(lambda: routers(vm), lambda: vm.run("ip -6 route"), 20)
        assert addresses(vm) == set()
        assert B in vm.run("ip -6 route show dev eth0 proto kernel")
    finally:
        leave(vm)
        cloud.nb("set Subnet b-0 ra_mode=slaac address_mode=slaac")


def test_a_network_is_renumbered(cloud, a1):
    """Machines use addresses of the new prefix at once; those of the old one serve what is open."""
    new = "2001:db8:aa::/64"
    port = cloud.r1["a"]
    cloud.nb("subnet-add a-new a %s ra-mode=slaac" % new,
             "add Router_Port %s addresses 2001:db8:aa::1/64" % port.name)
    wait_until(lambda: slaac(new, a1) in addresses(a1), lambda: a1.run("ip -6 addr"), 20)
    assert not deprecated(a1)
    cloud.nb("clear Subnet a-0 ra_mode", "clear Subnet a-0 address_mode")
    wait_until(lambda: deprecated(a1) == {slaac(A, a1)}, lambda: a1.run("ip -6 addr"), 20)
    assert addresses(a1) == {slaac(A, a1), slaac(new, a1)} and routers(a1)
    cloud.nb("set Subnet a-0 ra_mode=slaac address_mode=slaac", "subnet-del a-new",
             "remove Router_Port %s addresses 2001:db8:aa::1/64" % port.name)
    wait_until(lambda: deprecated(a1) == {slaac(new, a1)}, lambda: a1.run("ip -6 addr"), 20)


@pytest.mark.parametrize("number, mode", [(1, "slaac"), (2, "dhcpv6-stateless")],
                         ids=["slaac", "dhcpv6stateless"])
def test_a_network_gets_ipv6_while_a_machine_runs(cloud, number, mode):
    """A network gets its IPv6 subnet, and then its router, while a machine runs with IPv4 only."""
    name = "hot%d" % number
    prefix = "2001:db8:c::/64"
    cloud.add_network(name, "10.0.9.0/24")
    vm = cloud.add_vm("hp%d" % number, name, 0, "10.0.9.5/24", mac="02:0a:00:00:0c:0%d" % number)
    cloud.sync()
    join(vm)
    assert not addresses(vm)
    cloud.nb("subnet-add %s-6 %s %s ra-mode=%s" % (name, name, prefix, mode))
    port = cloud.add_router("rhot%d" % number, **{name: "2001:db8:c::1/64"})[name]
    wait_until(lambda: addresses(vm), lambda: vm.run("ip -6 addr"), 20)
    assert addresses(vm) == {slaac(prefix, vm)}
    wait_until(lambda: routers(vm), lambda: vm.run("ip -6 route"), 20)
    address = slaac(prefix, vm).split("/")[0]
    cloud.nb("add Port %s addresses %s %s" % (vm.name, address, link_local(vm.mac)))
    vm.wait_ping("2001:db8:c::1")
    cloud.nb("router-port-del " + port.name, "router-del rhot%d" % number)
    wait_until(lambda: not routers(vm), lambda: vm.run("ip -6 route"), 20)


def hotplug(cloud, mode):
    """A machine of IPv4 gets an interface on a network of IPv6 while it runs, and in place of that
    one on another; its router is on all three."""
    name = "v4" + mode[:2]
    prefixes = {mode[:2] + "61": "2001:db8:d1::/64", mode[:2] + "62": "2001:db8:d2::/64"}
    cloud.add_network(name, "10.0.8.0/24")
    router = {name: "10.0.8.1/24"}
    for network, prefix in prefixes.items():
        cloud.add_network(network, prefix)
        cloud.nb("set Subnet %s-0 ra_mode=%s address_mode=%s" % (network, mode, mode))
        router[network] = prefix.replace("::/", "::1/")
    ports = cloud.add_router("r" + name, **router)
    vm = cloud.add_vm("vm-" + name, name, 0, "10.0.8.5/24", gateway="10.0.8.1")
    cloud.sync()
    for i, (network, prefix) in enumerate(prefixes.items(), 1):
        nic, mac = "nic-" + network, "02:0a:00:00:0d:%d%d" % (len(mode) > 5, i)
        address = made_of(prefix, mac)
        cloud.nb("port-add %s %s %s %s %s" % (nic, network, mac, address, link_local(mac)))
        cloud.veth(vm.namespace, "eth1", vm.chassis.namespace, nic, mac=mac)
        join(vm, "eth1")
        vm.chassis.vsctl("add-port", "br-int", nic, "--", "set", "Interface", nic,
                         "external_ids:iface-id=" + nic)
        cloud.wait_up(nic)
        wait_until(lambda: addresses(vm, "eth1") == {address + "/64"},
                   lambda: vm.run("ip -6 addr"), 20)
        wait_until(lambda: routers(vm) == {(ports[network].link_local, "medium")},
                   lambda: vm.run("ip -6 route"), 20)
        vm.wait_ping(ports[network].ip)
        vm.expect_ping("10.0.8.1")
        vm.chassis.vsctl("del-port", "br-int", nic)
        vm.run("ip link del eth1")
        cloud.nb("port-del " + nic)
    cloud.nb(*["router-port-del " + port.name for port in ports.values()], "router-del r" + name)


def test_ipv6_hotplug_slaac(cloud):
    hotplug(cloud, "slaac")


def test_ipv6_hotplug_dhcpv6stateless(cloud):
    hotplug(cloud, "dhcpv6-stateless")
