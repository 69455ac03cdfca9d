# SPDX-License-Identifier: Apache-2.0
"""Router advertisements: who is told what, and when (RFC 4861 6.2; RFC 4191; RFC 8106)."""
import pytest
from scapy.layers.inet6 import IPv6, ICMPv6ND_RA, ICMPv6NDOptDNSSL, ICMPv6NDOptRDNSS
from scapy.layers.l2 import Ether

from dfharness import Cloud, packets, packets6, wait_until
from dfharness.packets6 import link_local

PREFIX = "2001:db8:1::/64"


def values(column, *strings):
    """An argument of "dfctl set": strings with colons are to be quoted."""
    return "%s='%s'" % (column, ",".join('"%s"' % s for s in strings))


def advertisements(frames):
    return [frame for frame in frames if ICMPv6ND_RA in Ether(frame)]


def to_all(frame):
    return frame[:6] == bytes.fromhex("333300000001")


def next_to(vm, all_=True, timeout=10):
    """The next advertisement that comes to 'vm', be it one for all machines or for it alone."""
    found = []

    def arrived():
        vm.cloud.settle()
        found.extend(f for f in advertisements(vm.take()) if to_all(f) == all_)
        return found
    wait_until(arrived, "an advertisement", timeout)
    return found[0]


def options_of(packet, layer):
    """All options of a type."""
    return [p for p in packet.iterpayloads() if isinstance(p, layer)]


@pytest.fixture
def cloud():
    """Machines vm1 and vm2 on the first chassis, vm3 on the second; plain is on a network of which
    nothing is advertised."""
    with Cloud(chassis=2, physnets=["physnet1"]) as cloud:
        cloud.add_network("n1", PREFIX, "10.0.1.0/24")
        cloud.add_network("n2", "2001:db8:2::/64")
        cloud.nb("set Subnet n1-0 ra_mode=slaac")
        for name, chassis in (("vm1", 0), ("vm2", 0), ("vm3", 1)):
            cloud.add_vm(name, "n1", chassis, "2001:db8:1::1" + name[2])
        cloud.add_vm("plain", "n2", 0, "2001:db8:2::11")
        cloud.add_vm("plain2", "n2", 0, "2001:db8:2::12")
        cloud.sync()
        cloud.clear()
        yield cloud


@pytest.fixture
def r1(cloud):
    """The ports of a router of which all machines have heard once."""
    ports = cloud.add_router("r1", n1=["2001:db8:1::1/64", "10.0.1.1/24"], n2="2001:db8:2::1/64")
    cloud.sync()
    expected = packets6.router_advertisement(ports["n1"].mac, [PREFIX])
    for name in ("vm1", "vm2", "vm3"):
        assert next_to(cloud[name]) == expected
    cloud.clear()
    return ports


def solicit(vm, src=None, **kwargs):
    vm.send(packets6.router_solicitation(vm.mac, src or link_local(vm.mac), **kwargs))


def test_a_new_router_tells_the_machines_of_each_chassis(cloud, r1):
    """The fixture has seen that; and nothing of it crosses the underlay."""
    assert not advertisements(cloud["plain"].take())
    assert cloud.underlay.take() == []


def test_a_machine_that_solicits_is_answered_alone(cloud, r1):
    vm1 = cloud["vm1"]
    solicit(vm1)
    assert next_to(vm1, all_=False, timeout=5) == packets6.router_advertisement(
        r1["n1"].mac, [PREFIX], vm1.mac, link_local(vm1.mac))
    assert not [f for f in cloud["vm2"].take() if not to_all(f)]
    assert not [f for f in cloud["vm3"].take() if not to_all(f)]
    assert cloud.underlay.take() == []


def test_a_machine_without_address_is_answered_with_all(cloud, r1):
    solicit(cloud["vm1"], "::")
    expected = packets6.router_advertisement(r1["n1"].mac, [PREFIX])
    for name in ("vm1", "vm2"):
        assert next_to(cloud[name], timeout=5) == expected


@pytest.mark.parametrize("wrong", [{"hlim": 254}, {"code": 1}])
def test_what_is_no_solicitation_is_carried_as_any_multicast(cloud, r1, wrong):
    vm1 = cloud["vm1"]
    frame = packets6.router_solicitation(vm1.mac, link_local(vm1.mac), **wrong)
    vm1.send(frame)
    assert frame in cloud["vm2"].take() and frame in cloud["vm3"].take()


def test_a_network_of_which_nothing_is_advertised_is_silent(cloud, r1):
    plain = cloud["plain"]
    frame = packets6.router_solicitation(plain.mac, link_local(plain.mac))
    cloud.clear()
    plain.send(frame)
    assert cloud["plain2"].take() == [frame]
    assert plain.take() == []


def test_advertisements_have_what_the_subnets_say(cloud, r1):
    cloud.nb("set Router_Port r1-n1 router_preference=high",
             "set Network n1 mtu=1400",
             "set Subnet n1-0 ra_mode=dhcpv6-stateless dns_search=example.org,lab.example.org "
             + values("dns_servers", "2001:db8::53", "2001:db8::54"),
             "subnet-add n1-s n1 2001:db8:11::/64 ra-mode=dhcpv6-stateful",
             "subnet-add n1-x n1 2001:db8:12::/64 ra-mode=slaac",
             "set Router_Port r1-n1 " + values("addresses", "2001:db8:1::1/64",
                                               "2001:db8:11::1/64", "10.0.1.1/24"))
    cloud.sync()
    expected = packets6.router_advertisement(
        r1["n1"].mac, [PREFIX, "-2001:db8:11::/64"], mtu=1400, flags="MO", preference=1,
        dns=["2001:db8::53", "2001:db8::54"], search=["example.org", "lab.example.org"])
    for name in ("vm1", "vm3"):
        wait_until(lambda name=name: next_to(cloud[name]) == expected, "what is new", 10)


def test_a_dns_server_and_a_domain_that_go_are_withdrawn(cloud, r1):
    """Machines must not use them any more (RFC 8106 5.1, 5.2)."""
    servers = ["2001:db8::53", "2001:db8::54"]
    cloud.nb("set Subnet n1-0 dns_search=example.org,lab.example.org "
             + values("dns_servers", *servers))
    cloud.sync()
    told = packets6.router_advertisement(r1["n1"].mac, [PREFIX], dns=servers,
                                         search=["example.org", "lab.example.org"])
    wait_until(lambda: next_to(cloud["vm1"]) == told, "both are told", 10)
    wait_until(lambda: next_to(cloud["vm3"]) == told, "both are told", 10)
    cloud.nb("set Subnet n1-0 dns_search=example.org " + values("dns_servers", servers[0]))
    cloud.sync()

    def options(frame):
        ra = Ether(frame)
        found = set()
        for option in options_of(ra, ICMPv6NDOptRDNSS):
            found |= {(address, option.lifetime) for address in option.dns}
        for option in options_of(ra, ICMPv6NDOptDNSSL):
            found |= {(name, option.lifetime) for name in option.searchlist}
        return found
    for name in ("vm1", "vm3"):
        wait_until(lambda name=name: options(next_to(cloud[name])) == {
            (servers[0], 1800), (servers[1], 0), ("example.org.", 1800), ("lab.example.org.", 0)},
            "the second of both is withdrawn", 10)


def test_a_configured_link_local_address_is_the_routers(cloud, r1):
    cloud.nb("set Router_Port r1-n1 " + values("addresses", "2001:db8:1::1/64", "fe80::1/64"))
    cloud.sync()

    def sources():
        return Ether(next_to(cloud["vm1"]))[IPv6].src
    wait_until(lambda: sources() == "fe80::1", "advertisements of fe80::1", 10)


def test_each_router_of_a_network_is_one(cloud, r1):
    r2 = cloud.add_router("r2", n1="2001:db8:1::2/64")
    cloud.sync()
    wait_until(lambda: next_to(cloud["vm1"]) == packets6.router_advertisement(
        r2["n1"].mac, [PREFIX]), "the second router", 10)
    solicit(cloud["vm1"])
    got = {next_to(cloud["vm1"], all_=False, timeout=5)}
    got |= set(f for f in advertisements(cloud["vm1"].take()) if not to_all(f))
    assert {Ether(f).src for f in got} <= {r1["n1"].mac, r2["n1"].mac}


@pytest.mark.parametrize("command", ["router-port-del r1-n1", "set Router r1 enabled=false",
                                     "clear Subnet n1-0 ra_mode"])
def test_a_router_that_goes_is_none_any_more(cloud, r1, command):
    """Three times."""
    cloud.nb(command)
    cloud.sync()
    expected = packets6.router_advertisement(r1["n1"].mac, lifetime=0)
    for _ in range(3):
        assert next_to(cloud["vm1"]) == expected
    assert expected in cloud["vm3"].take()


@pytest.mark.parametrize("how", ["--restart", ""])
def test_the_end_of_the_daemon_is_not_that_of_the_router(cloud, r1, how):
    controller = cloud.chassis[0].controller
    controller.exit(*how.split())
    cloud.settle()
    assert not advertisements(cloud["vm1"].take())
    cloud.chassis[0].start_controller()
    cloud.sync()
    assert next_to(cloud["vm1"]) == packets6.router_advertisement(r1["n1"].mac, [PREFIX])


def test_a_provider_network_has_its_own_routers(cloud, r1):
    """Physical machines hear nothing of ours; but routers there are asked as well."""
    cloud.add_network("p1", "2001:db8:5::/64", type="vlan", segmentation_id=101,
                      physical_network="physnet1")
    cloud.nb("set Subnet p1-0 ra_mode=slaac")
    port = cloud.add_router("r5", p1="2001:db8:5::1/64")["p1"]
    vm = cloud.add_vm("p", "p1", 0, "2001:db8:5::11")
    host = cloud.physnets["physnet1"].host("host", "02:bb:00:00:00:01", "2001:db8:5::99")
    cloud.sync()
    assert next_to(vm) == packets6.router_advertisement(port.mac, ["2001:db8:5::/64"])
    frame = packets6.router_solicitation(vm.mac, link_local(vm.mac))
    vm.send(frame)
    assert next_to(vm, all_=False) == packets6.router_advertisement(
        port.mac, ["2001:db8:5::/64"], vm.mac, link_local(vm.mac))
    heard = host.take()
    assert packets.tagged(101, frame) in heard and not advertisements(heard)
