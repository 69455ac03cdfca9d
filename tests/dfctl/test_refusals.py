# SPDX-License-Identifier: Apache-2.0
"""Values that make no sense are refused, with a sentence that names the object and
the reason, whichever command brings them."""
import re

import pytest

REFUSED = [
    # Malformed values.
    ("port-add p n1 fa:16:3e:00:00", 'port p: "fa:16:3e:00:00" is not a MAC address '
                                     '(aa:bb:cc:dd:ee:ff)'),
    ("port-add p n1 01:00:5e:00:00:01", 'port p: "01:00:5e:00:00:01" is a multicast MAC address'),
    ("port-add p n1 00:00:00:00:00:00", 'port p: "00:00:00:00:00:00" is the all-zero MAC address'),
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1", 'port p: "10.0.1" is not an IP address'),
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1.7/24", 'port p: "10.0.1.7/24" is not an IP address'),
    ("port-add p n1 fa:16:3e:00:00:09 224.0.0.1",
     'port p: "224.0.0.1" is a multicast address, which no host can have'),
    ("subnet-add s n1 10.0.3/24", 'subnet s: "10.0.3/24" is not an IP prefix (10.0.1.0/24)'),
    ("subnet-add s n1 10.0.3.1/24",
     'subnet s: "10.0.3.1/24" has bits set beyond its prefix length: is 10.0.3.0/24 meant?'),
    ("subnet-add s n1 10.0.3.0/33", 'subnet s: "10.0.3.0/33" is not an IP prefix (10.0.1.0/24)'),
    ("subnet-add s n1 10.0.3.0",
     "subnet s: 10.0.3.0 has no prefix length: is 10.0.3.0/24 meant?"),
    ("set Subnet s1 cidr=10.0.3.1",
     "subnet s1: 10.0.3.1 has no prefix length: is 10.0.3.1/24 meant?"),
    ("subnet-add s n1 0.0.0.0/0", "subnet s: a subnet cannot have a prefix length of 0"),
    ("subnet-add s n1 224.0.0.0/24",
     "subnet s: 224.0.0.0/24 overlaps 224.0.0.0/4, which no host can be in"),
    ("router-port-add rp r1 n1 xx 10.0.1.2/24",
     'router port rp: "xx" is not a MAC address (aa:bb:cc:dd:ee:ff)'),
    ("router-port-add rp r1 n1 fa:16:3e:00:01:09 10.0.1.2",
     'router port rp: "10.0.1.2" is not an IP address with a prefix length (10.0.1.1/24)'),
    ("router-port-add rp r1 n1 fa:16:3e:00:01:09 10.0.1.0/24",
     "router port rp: 10.0.1.0 is the network address of its /24 prefix"),
    ("route-add r1 10.9.0.1/16 10.0.1.254",
     'router r1: route "10.9.0.1/16 via 10.0.1.254": "10.9.0.1/16" has bits set beyond its '
     'prefix length: is 10.9.0.0/16 meant?'),
    ("route-add r1 10.9.0.0/16 nowhere",
     'router r1: route "10.9.0.0/16 via nowhere": "nowhere" is not an IP address'),
    # Malformed values of IPv6.
    ("port-add p n1 fa:16:3e:00:00:09 2001:db8::g", 'port p: "2001:db8::g" is not an IP address'),
    ("port-add p n1 fa:16:3e:00:00:09 fe80::1%eth0",
     'port p: "fe80::1%eth0" is not an IP address'),
    ("port-add p n1 fa:16:3e:00:00:09 ::ffff:10.0.1.7",
     'port p: "::ffff:10.0.1.7" is not an IP address of its own: is 10.0.1.7 meant?'),
    ("port-add p n1 fa:16:3e:00:00:09 ::FFFF:a00:107",
     'port p: "::FFFF:a00:107" is not an IP address of its own: is 10.0.1.7 meant?'),
    ("port-add p n1 fa:16:3e:00:00:09 ff02::1",
     'port p: "ff02::1" is a multicast address, which no host can have'),
    ("port-add p n1 fa:16:3e:00:00:09 ::",
     'port p: "::" is an unspecified address, which no host can have'),
    ("port-add p n1 fa:16:3e:00:00:09 ::1",
     'port p: "::1" is a loopback address, which no host can have'),
    ("subnet-add s n1 2001:db8:3::/129",
     'subnet s: "2001:db8:3::/129" is not an IP prefix (2001:db8::/64)'),
    ("subnet-add s n1 2001:db8:3::1/64",
     'subnet s: "2001:db8:3::1/64" has bits set beyond its prefix length: is 2001:db8:3::/64 '
     'meant?'),
    ("subnet-add s n1 2001:db8:3::",
     "subnet s: 2001:db8:3:: has no prefix length: is 2001:db8:3::/64 meant?"),
    ("subnet-add s n1 ::ffff:10.0.3.0/120",
     'subnet s: "::ffff:10.0.3.0/120" is not an IP address of its own: is 10.0.3.0 meant?'),
    ("subnet-add s n1 ::/0", "subnet s: a subnet cannot have a prefix length of 0"),
    ("subnet-add s n1 ff05::/64",
     "subnet s: ff05::/64 overlaps ff00::/8, which no host can be in"),
    ("subnet-add s n1 fe80::/64",
     "subnet s: fe80::/64 overlaps fe80::/10, which every network has without a subnet"),
    ("subnet-add s n1 ::/64", "subnet s: ::/64 overlaps ::1/128, which no host can be in"),
    ("router-port-add rp r1 n1 fa:16:3e:00:01:09 2001:db8::2",
     'router port rp: "2001:db8::2" is not an IP address with a prefix length (2001:db8::1/64)'),
    ("router-port-add rp r1 n1 fa:16:3e:00:01:09 ::ffff:10.0.1.2/120",
     'router port rp: "::ffff:10.0.1.2/120" is not an IP address of its own: is 10.0.1.2 meant?'),
    ("route-add r1 2001:db8:9::/48 10.0.1.254",
     'router r1: route "2001:db8:9::/48 via 10.0.1.254": prefix and next hop are of different '
     'families'),
    ("route-add r1 10.8.0.0/16 2001:db8:1::9",
     'router r1: route "10.8.0.0/16 via 2001:db8:1::9": prefix and next hop are of different '
     'families'),
    # What machines are told.
    ("subnet-add s n1 2001:db8:3::/64 ra-mode=radv",
     'subnet s: ra-mode: "radv" is none of slaac, dhcpv6-stateful, dhcpv6-stateless'),
    ("subnet-add s n1 2001:db8:3::/64 address-mode=",
     'subnet s: address-mode: "" is none of slaac, dhcpv6-stateful, dhcpv6-stateless'),
    ("subnet-add s n1 2001:db8:3::/80 ra-mode=slaac",
     "subnet s: RA mode: with slaac, machines make addresses, which takes a prefix length of 64"),
    ("subnet-add s n1 10.0.3.0/24 ra-mode=slaac",
     "subnet s: RA mode: a subnet of IPv4 has none"),
    ("subnet-add s n1 2001:db8:3::/64 ra-mode=slaac address-mode=dhcpv6-stateful",
     "subnet s: the address mode is dhcpv6-stateful, but the RA mode slaac: routers would "
     "advertise what is not so"),
    ("subnet-add s n1 2001:db8:3::/64 dns-servers=2001:db8::53,",
     'subnet s: dns-servers: "" is not an IP address'),
    ("subnet-add s n1 2001:db8:3::/64 dns-servers=192.0.2.1",
     "subnet s: DNS server: 192.0.2.1 is of another family than the subnet"),
    ("subnet-add s n1 2001:db8:3::/64 dns-search=-a",
     'subnet s: dns-search: "-a" is not a domain name'),
    ("set Subnet s1 dns_search=a..b", 'subnet s1: DNS search list: "a..b" is not a domain name'),
    # Types.
    ("net-add n type=stt",
     'network n: "stt" is none of geneve, vxlan, gre, vlan, flat, local'),
    ("net-add n segmentation-id=0",
     "network n: segmentation id 0 is not in 1..16777215, the range of a geneve network"),
    ("net-add n type=vxlan segmentation-id=16777216",
     "network n: segmentation id 16777216 is not in 1..16777215, the range of a vxlan network"),
    ("net-add n type=gre segmentation-id=4294967296",
     "network n: segmentation id 4294967296 is not in 1..4294967295, the range of a gre network"),
    ("net-add n type=vlan segmentation-id=4095 physical-network=p",
     "network n: segmentation id 4095 is not in 1..4094, the range of a vlan network"),
    ("net-add n type=vlan segmentation-id=5", "network n: a vlan network needs a physical network"),
    ("net-add n type=flat", "network n: a flat network needs a physical network"),
    ("net-add n type=flat physical-network=p segmentation-id=5",
     "network n: a flat network has no segmentation id"),
    ("net-add n type=local segmentation-id=5", "network n: a local network has no segmentation id"),
    ("net-add n type=geneve physical-network=p",
     "network n: a geneve network has no physical network"),
    ("net-add n mtu=67", "network n: MTU 67 is not in 68..65535"),
    # Objects that do not exist.
    ("subnet-add s nx 10.0.3.0/24", "network nx does not exist"),
    ("port-add p nx fa:16:3e:00:00:09", "network nx does not exist"),
    ("port-list nx", "network nx does not exist"),
    ("router-port-add rp rx n1 fa:16:3e:00:01:09 10.0.1.2/24", "router rx does not exist"),
    ("router-port-add rp r1 nx fa:16:3e:00:01:09 10.0.1.2/24", "network nx does not exist"),
    ("route-add rx 10.9.0.0/16 10.0.1.254", "router rx does not exist"),
    ("route-del rx", "router rx does not exist"),
    # Names.
    ("net-add n1", "network n1 already exists"),
    ("subnet-add s1 n1 10.0.3.0/24", "subnet s1 already exists"),
    ("port-add vm1 n1 fa:16:3e:00:00:09", "port vm1 already exists"),
    ("router-add r1", "router r1 already exists"),
    ("router-port-add rp1 r1 n1 fa:16:3e:00:01:09 10.0.1.2/24", "router port rp1 already exists"),
    ("route-add r1 10.9.0.0/16 10.0.1.254",
     'router r1 already has route "10.9.0.0/16 via 10.0.1.254"'),
    # Addresses.
    ("port-add p n1 fa:16:3e:00:00:09 10.0.2.9",
     "port p: address 10.0.2.9 is outside every subnet of network n1"),
    ("port-add p n1 fa:16:3e:00:00:09 2001:db8::1",
     "port p: address 2001:db8::1 is outside every subnet of network n1"),
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1.255",
     "port p: 10.0.1.255 is the broadcast address of its /24 prefix"),
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1.5",
     "port p: address 10.0.1.5 is also used by port vm1"),
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1.1",
     "port p: address 10.0.1.1 is also used by router port rp1"),
    ("port-add p n1 FA:16:3E:00:00:01",
     "port p: MAC address fa:16:3e:00:00:01 is also used by port vm1"),
    ("port-add p n1 fa:16:3e:00:01:01",
     "port p: MAC address fa:16:3e:00:01:01 is also used by router port rp1"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 10.0.1.5/24",
     "router port rp: address 10.0.1.5 is also used by port vm1"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:00:01 10.0.1.2/24",
     "router port rp: MAC address fa:16:3e:00:00:01 is also used by port vm1"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 10.0.9.1/24",
     "router port rp: address 10.0.9.1 is outside every subnet of network n1"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 10.0.1.2/16",
     "router port rp: address 10.0.1.2/16 does not have the prefix length of subnet s1, /24"),
    ("router-port-add rp r1 n1 fa:16:3e:00:01:09 10.0.1.2/24",
     "router port rp: 10.0.1.2/24 overlaps 10.0.1.1/24 of router port rp1"),
    ("net-add n3 -- router-port-add rp r1 n3 fa:16:3e:00:01:09 10.0.2.129/25",
     "router port rp: 10.0.2.129/25 overlaps 10.0.2.1/24 of router port rp2"),
    # Subnets.
    ("subnet-add s n1 10.0.1.128/25", "subnet s: 10.0.1.128/25 overlaps 10.0.1.0/24 of subnet s1"),
    ("subnet-add s n1 10.0.0.0/16", "subnet s: 10.0.0.0/16 overlaps 10.0.1.0/24 of subnet s1"),
    ("subnet-add s n1 10.0.3.0/24 gateway=10.0.4.1",
     "subnet s: gateway: 10.0.4.1 is outside 10.0.3.0/24"),
    ("subnet-add s n1 10.0.3.0/24 gateway=10.0.3.0",
     "subnet s: gateway: 10.0.3.0 is the network address of its /24 prefix"),
    ("subnet-add s n1 10.0.3.0/24 gateway=x", 'subnet s: gateway: "x" is not an IP address'),
    # Segments.
    ("net-add n segmentation-id=1", "network n: segmentation id 1 is also used by network n1"),
    # Routes.
    ("route-add r1 10.8.0.0/16 10.0.3.1",
     'router r1: route "10.8.0.0/16 via 10.0.3.1": next hop is on none of the router\'s connected '
     'prefixes'),
    ("route-add r1 10.8.0.0/16 10.0.1.1",
     'router r1: route "10.8.0.0/16 via 10.0.1.1": next hop is an address of the router itself'),
    ("route-add r1 10.8.0.0/16 10.0.1.255",
     'router r1: route "10.8.0.0/16 via 10.0.1.255": next hop is a network or broadcast address'),
    ("route-add r1 10.8.0.0/16 224.0.0.5",
     'router r1: route "10.8.0.0/16 via 224.0.0.5": "224.0.0.5" is a multicast address, which no '
     'host can have'),
    ("route-add r1 224.0.0.0/4 10.0.1.254",
     'router r1: route "224.0.0.0/4 via 10.0.1.254": no host can have an address in this prefix'),
    ("route-add r1 127.9.0.0/16 10.0.1.254",
     'router r1: route "127.9.0.0/16 via 10.0.1.254": no host can have an address in this prefix'),
    ("route-add r1 169.254.0.0/16 10.0.1.254",
     'router r1: route "169.254.0.0/16 via 10.0.1.254": packets to link-local addresses are never '
     'forwarded'),
    ("route-add r1 10.0.2.0/24 10.0.1.254",
     'router r1: route "10.0.2.0/24 via 10.0.1.254": the router is connected to that prefix '
     'itself'),
    ("router-port-del rp1",
     "router r1: route \"10.9.0.0/16 via 10.0.1.254\": next hop is on none of the router's "
     "connected prefixes"),
    # What is still in use.
    ("net-del n1", "network n1 is still used by port vm1"),
    ("port-del vm1 -- net-del n1", "network n1 is still used by router port rp1"),
    ("port-del vm1 -- route-del r1 -- router-port-del rp1 -- net-del n1",
     "network n1 is still used by subnet s1"),
    ("router-del r1", "router r1 is still used by router port rp1"),
    ("subnet-del s1",
     "subnet s1 is the last one of network n1, where port vm1 has address 10.0.1.5 (--force "
     "deletes it)"),
    ("port-del vm1 -- subnet-del s1",
     "subnet s1 is the last one of network n1, where router port rp1 has address 10.0.1.1/24 "
     "(--force deletes it)"),
    ("subnet-add s n1 2001:db8:3::/64 -- subnet-del s1 -- subnet-del s",
     "subnet s is the last one of network n1, where port vm1 has address 10.0.1.5 (--force "
     "deletes it)"),
    ("subnet-add s n1 2001:db8:3::/64 -- subnet-del s1",
     "port vm1: address 10.0.1.5 is outside every subnet of network n1 (and 1 more)"),
    # The generic commands are no way around.
    ("set Port vm1 mac=xx", 'port vm1: "xx" is not a MAC address (aa:bb:cc:dd:ee:ff)'),
    ("set Port vm1 addresses=10.0.2.5",
     "port vm1: address 10.0.2.5 is outside every subnet of network n1"),
    ("add Port vm1 addresses 10.0.1.1",
     "port vm1: address 10.0.1.1 is also used by router port rp1"),
    ("set Subnet s1 cidr=10.0.5.0/24",
     "subnet s1: gateway: 10.0.1.1 is outside 10.0.5.0/24"),
    ("create Network name=n type=geneve", "network n: a geneve network needs a segmentation id"),
    ("create Network name=n1 type=local",
     "network n1: its name n1 is used twice"),
    ("destroy Router r1",
     "route 10.9.0.0/16 via 10.0.1.254: its router does not exist (and 2 more)"),
    ("create Static_Route router=r1 prefix=10.9.0.0/16 next_hop=10.0.1.254",
     'router r1 already has route "10.9.0.0/16 via 10.0.1.254"'),
    ("create Static_Route router=r1 prefix=10.9.0.0/16 next_hop=10.0.1.254 --force",
     'router r1 already has route "10.9.0.0/16 via 10.0.1.254"'),
    ("create Static_Route router=r1 prefix=10.8.0.0/16 next_hop=10.0.1.254 "
     "-- create Static_Route router=r1 prefix=10.8.0.0/16 next_hop=10.0.1.254",
     'router r1 already has route "10.8.0.0/16 via 10.0.1.254"'),
    ("set Router r1 static_routes=x", 'router r1: "x" is not a route (PREFIX via NEXTHOP)'),
    ("create Chassis name=c hostname=h encaps:geneve=x",
     'chassis c: geneve encapsulation: "x" is not an IP address'),
    ("create Chassis name=c hostname=h encaps_ipv6:gre=192.0.2.1",
     'chassis c: gre encapsulation over IPv6: "192.0.2.1" is an IPv4 address'),
]


def test_names_that_begin_like_options(cloud):
    for command in ("net-add -x", "router-add -x", "subnet-add -x n1 10.0.3.0/24",
                    "port-add -x n1 fa:16:3e:00:00:09"):
        kind = {"net": "network"}.get(command.split("-add")[0], command.split("-add")[0])
        assert cloud.refused(command) == (
            'the name of a %s begins with "-", as options do' % kind)


def test_a_route_inside_a_connected_prefix_is_none_to_it(cloud):
    cloud("route-add r1 10.0.2.128/25 10.0.1.254 -- route-add r1 10.0.0.0/16 10.0.1.254")


def test_a_connected_route_that_was_there_before_stops_nothing(cloud):
    cloud.transact({"op": "update", "table": "Router", "where": [],
                    "row": {"static_routes": "10.0.2.0/24 via 10.0.1.254"}})
    cloud("set Router r1 enabled=false -- net-add n3")
    assert "fault: router r1: route" in cloud.run("status")[1]


def test_what_is_faulty_is_committed_by_force(cloud):
    fault = "port vm1: address 10.0.9.9 is outside every subnet of network n1"
    assert cloud.refused("set Port vm1 addresses=10.0.9.9") == fault
    assert cloud.run("--force", "set", "Port", "vm1", "addresses=10.0.9.9") == (
        0, "", "dfctl: warning: %s\n" % fault)
    assert "fault: " + fault in cloud.run("status")[1]
    # What the schema forbids stays forbidden, and what is fine needs no warning.
    assert cloud.run("--force", "set", "Network", "n1", "mtu=1")[0] == 1
    cloud("net-add n3 --force")


def test_what_is_only_warned_about(cloud):
    assert cloud.run("set", "Port", "vm1", "requested_chassis=c9") == (
        0, "", "dfctl: warning: port vm1: there is no chassis c9 (so far)\n")
    cloud.transact({"op": "insert", "table": "Chassis", "row": {"name": "c8", "hostname": "h"}})
    cloud("set Port vm1 requested_chassis=c8")
    cloud("net-add n3")
    assert cloud.run("net-add", "v", "type=vlan", "physical-network=p") == (
        0, "", "dfctl: warning: network v: VLAN 2 of physical network p was chosen; the switches "
               "must carry it (segmentation-id=N chooses another)\n")


@pytest.mark.parametrize("command, message", REFUSED, ids=[c for c, _ in REFUSED])
def test_refused(cloud, command, message):
    assert cloud.refused(*command.split()) == message


@pytest.fixture
def both(cloud):
    """The same with IPv6 beside IPv4."""
    cloud("subnet-add s1v6 n1 2001:db8:1::/64 gateway=2001:db8:1::1 "
          "-- subnet-add s2v6 n2 2001:db8:2::/64 "
          '-- add Port vm1 addresses "2001:db8:1::5" '
          '-- add Router_Port rp1 addresses "2001:db8:1::1/64" '
          '-- add Router_Port rp2 addresses "2001:db8:2::1/64" '
          "-- route-add r1 2001:db8:9::/48 2001:db8:1::fe")
    return cloud


REFUSED_IPV6 = [
    # Addresses.
    ("port-add p n1 fa:16:3e:00:00:09 2001:db8:2::9",
     "port p: address 2001:db8:2::9 is outside every subnet of network n1"),
    ("port-add p n1 fa:16:3e:00:00:09 2001:db8:1::5",
     "port p: address 2001:db8:1::5 is also used by port vm1"),
    ("port-add p n1 fa:16:3e:00:00:09 2001:DB8:1:0:0::0005",
     "port p: address 2001:db8:1::5 is also used by port vm1"),
    ("port-add p n1 fa:16:3e:00:00:09 2001:db8:1::1",
     "port p: address 2001:db8:1::1 is also used by router port rp1"),
    ("port-add p n1 fa:16:3e:00:00:09 fe80::f816:3eff:fe00:101",
     "port p: address fe80::f816:3eff:fe00:101 is also used by router port rp1"),
    ("port-add p n1 fa:16:3e:00:00:09 2001:db8:1::",
     "port p: 2001:db8:1:: is the subnet-router anycast address of its /64 prefix, which only "
     "routers have"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 2001:db8:1::5/64",
     "router port rp: address 2001:db8:1::5 is also used by port vm1"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 2001:db8:9::1/64",
     "router port rp: address 2001:db8:9::1 is outside every subnet of network n1"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 2001:db8:1::2/48",
     "router port rp: address 2001:db8:1::2/48 does not have the prefix length of subnet s1v6, "
     "/64"),
    ("router-port-add rp r1 n1 fa:16:3e:00:01:09 2001:db8:1::2/64",
     "router port rp: 2001:db8:1::2/64 overlaps 2001:db8:1::1/64 of router port rp1"),
    # Subnets.
    ("subnet-add s n1 2001:db8:1:0:8000::/65",
     "subnet s: 2001:db8:1:0:8000::/65 overlaps 2001:db8:1::/64 of subnet s1v6"),
    ("subnet-add s n1 2001:db8:3::/64 gateway=2001:db8:4::1",
     "subnet s: gateway: 2001:db8:4::1 is outside 2001:db8:3::/64"),
    ("subnet-add s n1 2001:db8:3::/64 gateway=10.0.1.1",
     "subnet s: gateway: 10.0.1.1 is outside 2001:db8:3::/64"),
    ("subnet-add s n1 10.0.3.0/24 gateway=fe80::1",
     "subnet s: gateway: fe80::1 is outside 10.0.3.0/24"),
    # Networks.
    ("set Network n1 mtu=1279", "network n1: MTU 1279 is less than 1280, which IPv6 needs"),
    # Routes.
    ("route-add r1 2001:db8:8::/48 2001:db8:3::1",
     'router r1: route "2001:db8:8::/48 via 2001:db8:3::1": next hop is on none of the router\'s '
     'connected prefixes'),
    ("route-add r1 2001:db8:8::/48 2001:db8:1::1",
     'router r1: route "2001:db8:8::/48 via 2001:db8:1::1": next hop is an address of the router '
     'itself'),
    ("route-add r1 2001:db8:8::/48 2001:db8:1::",
     'router r1: route "2001:db8:8::/48 via 2001:db8:1::": next hop is an address of the router '
     'itself'),
    ("route-add r1 2001:db8:8::/48 fe80::9",
     'router r1: route "2001:db8:8::/48 via fe80::9": a link-local next hop does not say on which '
     'network it is'),
    ("route-add r1 2001:db8:8::/48 ff02::9",
     'router r1: route "2001:db8:8::/48 via ff02::9": "ff02::9" is a multicast address, which no '
     'host can have'),
    ("route-add r1 fe80::/10 2001:db8:1::fe",
     'router r1: route "fe80::/10 via 2001:db8:1::fe": packets to link-local addresses are never '
     'forwarded'),
    ("route-add r1 fe80:0:0:1::/64 2001:db8:1::fe",
     'router r1: route "fe80:0:0:1::/64 via 2001:db8:1::fe": packets to link-local addresses are '
     'never forwarded'),
    ("route-add r1 ff05::/16 2001:db8:1::fe",
     'router r1: route "ff05::/16 via 2001:db8:1::fe": no host can have an address in this '
     'prefix'),
    ("route-add r1 ::1 2001:db8:1::fe",
     'router r1: route "::1/128 via 2001:db8:1::fe": no host can have an address in this prefix'),
    ("route-add r1 2001:db8:2::/64 2001:db8:1::fe",
     'router r1: route "2001:db8:2::/64 via 2001:db8:1::fe": the router is connected to that '
     'prefix itself'),
    ("route-add r1 2001:DB8:9:0::/48 2001:db8:1::00fe",
     'router r1 already has route "2001:db8:9::/48 via 2001:db8:1::fe"'),
    ('create Static_Route router=r1 prefix="2001:DB8:9:0::/48" next_hop="2001:db8:1::00fe"',
     'router r1: its route "2001:db8:9::/48 via 2001:db8:1::fe" is used twice'),
    ('remove Router_Port rp1 addresses "2001:db8:1::1/64"',
     "router r1: route \"2001:db8:9::/48 via 2001:db8:1::fe\": next hop is on none of the router's "
     "connected prefixes"),
]


@pytest.mark.parametrize("command, message", REFUSED_IPV6, ids=[c for c, _ in REFUSED_IPV6])
def test_refused_of_ipv6(both, command, message):
    assert both.refused(*command.split()) == message


def test_what_ipv6_admits(both):
    """Default routes, all lengths of prefixes, the addresses that IPv6 has beside IPv4."""
    both("route-add r1 ::/0 2001:db8:1::fe -- route-add r1 fc00::/7 2001:db8:1::fe")
    both("net-add p2p -- subnet-add p2p-127 p2p 2001:db8:7::/127 "
         "-- port-add a p2p fa:16:3e:00:07:01 2001:db8:7:: "
         "-- router-port-add rp7 r1 p2p fa:16:3e:00:07:02 2001:db8:7::1/127")
    both("net-add one -- subnet-add one-128 one fd00::1/128 "
         "-- router-port-add rp8 r1 one fa:16:3e:00:08:01 fd00::1/128")
    both("subnet-add s1b n1 2001:db8:11::/64 gateway=fe80::1 "
         "-- router-port-add rp9 r1 n1 fa:16:3e:00:09:01 2001:db8:11::/64")


def test_link_local_addresses_belong_to_every_network(both):
    """Whatever the subnets; two ports of a router have the same prefix, and may have the same
    address."""
    both("port-add p n1 fa:16:3e:00:00:09 fe80::9 -- port-add q n2 fa:16:3e:00:00:09 fe80::9 "
         '-- add Router_Port rp1 addresses "fe80::1/64" '
         '-- add Router_Port rp2 addresses "fe80::1/64"')
    both("port-add p3 n1 fa:16:3e:00:00:0a fe80::f816:3eff:fe00:101")
    assert both.refused("port-add p4 n1 fa:16:3e:00:00:0b fe80::1") == (
        "port p4: address fe80::1 is also used by router port rp1")


def test_the_mtu_of_a_network_of_ipv4_may_be_smaller(cloud):
    cloud("set Network n1 mtu=576")
    assert cloud.refused("subnet-add s n1 2001:db8:1::/64") == (
        "network n1: MTU 576 is less than 1280, which IPv6 needs")
    cloud("set Network n1 mtu=1280 -- subnet-add s n1 2001:db8:1::/64")


def test_two_vlans_or_flat_networks_share_no_segment(dfctl):
    dfctl("net-add v type=vlan physical-network=p segmentation-id=5 "
          "-- net-add f type=flat physical-network=p")
    dfctl("net-add v2 type=vlan physical-network=q segmentation-id=5 "
          "-- net-add g type=geneve segmentation-id=5 -- net-add x type=vxlan segmentation-id=5")
    assert dfctl.refused("net-add w type=vlan physical-network=p segmentation-id=5") == (
        "network w: segmentation id 5 of physical network p is also used by network v")
    assert dfctl.refused("net-add f2 type=flat physical-network=p") == (
        "network f2: physical network p is also used by network f")


def test_an_address_is_unique_in_its_network_only(cloud):
    cloud("net-add n3 -- port-add vm3 n3 fa:16:3e:00:00:01 10.0.1.5")


def test_a_network_without_subnets_takes_any_address(dfctl):
    dfctl("net-add n1 -- port-add vm1 n1 fa:16:3e:00:00:01 192.0.2.7 -- router-add r1 "
          "-- router-port-add rp1 r1 n1 fa:16:3e:00:00:02 192.0.2.1/24")


def test_a_subnet_of_31_bits_has_two_hosts(dfctl):
    dfctl("net-add n1 -- subnet-add s1 n1 10.0.0.0/31 -- port-add a n1 fa:16:3e:00:00:01 10.0.0.0 "
          "-- port-add b n1 fa:16:3e:00:00:02 10.0.0.1")


def test_several_addresses_of_a_router_port_may_share_a_subnet(cloud):
    cloud("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 10.0.1.2/24 10.0.1.3/24")


def test_faults_that_were_there_before_do_not_stop_other_work(cloud):
    """A row written past dfctl is reported by status, and can be repaired or
    worked around, but not be added to."""
    cloud.transact({"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
                    "row": {"mac": "nonsense"}})
    fault = 'fault: port vm1: "nonsense" is not a MAC address (aa:bb:cc:dd:ee:ff)\n'
    assert cloud.run("status")[:2] == (1, "no chassis\n" + fault)
    cloud("net-add n3")
    cloud("set Port vm1 external_ids:a=b")
    assert cloud.refused("set Port vm1 mac=other") == (
        'port vm1: "other" is not a MAC address (aa:bb:cc:dd:ee:ff)')
    cloud('set Port vm1 mac="fa:16:3e:00:00:01"')
    assert "no faults" in cloud("status")


@pytest.mark.parametrize("command, reason", [
    ("connection-add ssl:6641", "connection ssl:6641: not of the form pssl:PORT[:ADDRESS], "
                                "ptcp:PORT[:ADDRESS] or punix:FILE"),
    ("connection-add pssl:6641 role=df-controller",
     "connection pssl:6641: there is no role df-controller (rbac-init makes df-controller and "
     "df-relay)"),
    ("rbac-init -- connection-add ptcp:6641 role=df-controller",
     "connection ptcp:6641: a role needs pssl, by whose certificates clients are known"),
    ("connection-add pssl:6641 inactivity-probe=soon",
     'connection pssl:6641: inactivity-probe: "soon" is not a number of milliseconds'),
    ("connection-add pssl:6641 color=red",
     'connection-add pssl:6641: "color=red" is none of role=, inactivity-probe='),
    ("connection-del pssl:6641", "connection pssl:6641 does not exist"),
])
def test_connections_that_would_not_do_what_they_say(dfctl, command, reason):
    assert dfctl.refused(command) == reason


def test_a_connection_is_not_replaced_in_one_step(dfctl):
    dfctl("rbac-init", "--", "connection-add", "pssl:6641")
    assert dfctl.refused("connection-del pssl:6641 -- connection-add pssl:6641 "
                         "role=df-controller") == (
        "connection pssl:6641: delete it and add it in two invocations")
    assert dfctl.refused("--may-exist connection-add pssl:6641 role=df-controller") == (
        "connection pssl:6641 already exists with role (none), not df-controller")


def test_what_the_database_refuses_is_a_sentence(cloud):
    """Past the checks of dfctl itself."""
    status, out, err = cloud.run("--force", "set", "Port", "vm1", "name=vm2")
    assert (status, out) == (1, "")
    assert re.fullmatch(r'dfctl: the database refuses it: .*multiple rows in "Port" table.* '
                        r'\(constraint violation\)\n', err), err
    assert "{" not in err


def test_a_route_becomes_no_duplicate(cloud):
    cloud("route-add r1 10.8.0.0/16 10.0.1.254")
    uuid = cloud.rows("Static_Route", [["prefix", "==", "10.8.0.0/16"]])[0]["_uuid"][1]
    assert cloud.refused("set Static_Route %s prefix=10.9.0.0/16" % uuid) == (
        'router r1 already has route "10.9.0.0/16 via 10.0.1.254"')
    cloud("set Static_Route %s prefix=10.9.0.0/16 next_hop=10.0.2.254" % uuid)
    # One that goes is in nobody's way.
    cloud("destroy Static_Route %s -- create Static_Route router=r1 prefix=10.9.0.0/16 "
          "next_hop=10.0.2.254" % uuid)


def test_the_last_subnet_of_a_network_is_deleted_by_force(cloud):
    assert cloud.run("--force", "subnet-del", "s1") == (
        0, "", "dfctl: warning: subnet s1 was the last one of network n1, where port vm1 has "
               "address 10.0.1.5\n")
    assert cloud.row("Subnet", "s1") is None
    # Link-local addresses need no subnet, and what is moved in the same transaction is fine.
    cloud("set Port vm2 addresses=fe80::5 -- router-port-del rp2 -- subnet-del s2")
    cloud("net-add n3 -- subnet-add s3 n3 10.0.3.0/24 "
          "-- port-add vm3 n3 fa:16:3e:00:00:03 10.0.3.5")
    cloud("subnet-add s3b n3 10.0.4.0/24 -- subnet-del s3 -- set Port vm3 addresses=10.0.4.5")


def test_control_characters_in_names_are_refused_by_all_commands(cloud):
    status, out, err = cloud.run("create", "Router", 'name="a\x02"')
    assert status == 1
    assert "its name has control characters, or is not UTF-8" in err and "\x02" not in err, err


@pytest.mark.parametrize("cidr, meant", [("10.0.1.0", "10.0.1.0/24"),
                                         ("2001:db8::", "2001:db8::/64")])
def test_a_subnet_without_prefix_length_is_refused(dfctl, cidr, meant):
    status, out, err = dfctl.run("apply", "-", input="networks:\n- name: n1\n  subnets:\n"
                                 "  - {name: s1, cidr: '%s'}\n" % cidr)
    assert (status, out) == (1, "")
    assert "has no prefix length: is %s meant?" % meant in err and ":4:" in err, err
    assert dfctl.rows("Network") == []
