# SPDX-License-Identifier: Apache-2.0
"""External networks and the translations of routers: what is written, listed, exported and
refused."""
import json

import pytest


@pytest.fixture
def outside(cloud):
    """r1 has ports on two external networks, and a network behind a static route."""
    cloud("net-add ext type=flat physical-network=physnet1 external=true "
          "-- subnet-add ext-v4 ext 203.0.113.0/24 gateway=203.0.113.1 "
          "-- router-port-add r1-ext r1 ext fa:16:3e:00:01:03 203.0.113.2/24 203.0.113.3/24 "
          "-- route-add r1 0.0.0.0/0 203.0.113.1")
    return cloud


@pytest.fixture
def two(outside):
    outside("net-add ext2 type=flat physical-network=physnet2 external=true "
            "-- router-port-add r1-ext2 r1 ext2 fa:16:3e:00:01:04 198.51.100.2/24")
    return outside


def translations(dfctl):
    return {row["name"]: (row["type"], row["external_ip"], row["logical_ip"], row["external_mac"])
            for row in dfctl.rows("NAT")}


NONE = ["set", []]


def test_a_network_is_external_on_demand(dfctl):
    dfctl("net-add a type=flat physical-network=p1 external=true -- "
          "net-add b type=flat physical-network=p2 external=false -- net-add c")
    assert [dfctl.row("Network", name)["external"] for name in "abc"] == [True, False, NONE]
    dfctl("--may-exist net-add a external=true -- --may-exist net-add b external=false "
          "-- --may-exist net-add c external=false")
    assert dfctl.refused("--may-exist net-add c external=true") == (
        "network c already exists with external false, not true")
    assert "network a (flat on p1, mtu 1500, external)\n" in dfctl("show")
    assert "network b (flat on p2, mtu 1500)\n" in dfctl("show")


def test_translations_are_added_under_derived_names_and_deleted(outside):
    outside("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 "
            "-- nat-add r1 snat 203.0.113.2 10.0.1.0/24 "
            "-- nat-add r1 snat 203.0.113.2 10.9.0.0/16 name=behind "
            "-- nat-add r1 dnat_and_snat 203.0.113.6 10.0.2.5/32 name=fip "
            "external-mac=FA:16:3E:00:00:66 -- nat-add r1 snat 203.0.113.2 10.0.2.5")
    assert translations(outside) == {
        "r1-203.0.113.5": ("dnat_and_snat", "203.0.113.5", "10.0.1.5", NONE),
        "r1-10.0.1.0/24": ("snat", "203.0.113.2", "10.0.1.0/24", NONE),
        "behind": ("snat", "203.0.113.2", "10.9.0.0/16", NONE),
        "fip": ("dnat_and_snat", "203.0.113.6", "10.0.2.5", "fa:16:3e:00:00:66"),
        "r1-10.0.2.5": ("snat", "203.0.113.2", "10.0.2.5", NONE)}
    outside("nat-del fip -- nat-del r1-10.0.1.0/24 -- --if-exists nat-del fip")
    assert set(translations(outside)) == {"behind", "r1-203.0.113.5", "r1-10.0.2.5"}
    assert outside.refused("nat-del r1-203.0.113.6") == (
        "nat r1-203.0.113.6 does not exist; did you mean r1-203.0.113.5?")


def test_may_exist_takes_the_same_translation(outside):
    add = "--may-exist nat-add r1 dnat_and_snat 203.0.113.5 "
    outside(add + "10.0.1.5 external-mac=fa:16:3e:00:00:66 -- " + add + "10.0.1.5 -- "
            + add + "10.0.1.5/32 external-mac=FA:16:3E:00:00:66")
    has = "nat r1-203.0.113.5 already exists with "
    assert outside.refused(add + "10.0.1.6") == has + "logical address 10.0.1.5, not 10.0.1.6"
    assert outside.refused(add + "10.0.1.5 external-mac=fa:16:3e:00:00:67") == (
        has + "MAC address fa:16:3e:00:00:66, not fa:16:3e:00:00:67")
    assert outside.refused("--may-exist nat-add r1 snat 203.0.113.2 10.0.1.5 "
                           "name=r1-203.0.113.5") == has + "type dnat_and_snat, not snat"
    assert outside.refused("router-add r2 -- --may-exist nat-add r2 dnat_and_snat 203.0.113.5 "
                           "10.0.1.5 name=r1-203.0.113.5") == has + "router r1, not r2"
    assert outside.refused("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5") == (
        "nat r1-203.0.113.5 already exists")


def add_chassis(dfctl, name, mappings, *ports):
    dfctl.transact(
        {"op": "insert", "table": "Chassis", "uuid-name": "c", "row": {
            "name": name, "hostname": name, "bridge_mappings": ["map", mappings]}},
        *({"op": "update", "table": "Port", "where": [["name", "==", port]],
           "row": {"chassis": ["named-uuid", "c"]}} for port in ports))


def test_the_list_says_where_each_translation_is_done(outside):
    """On the machine's chassis if that is connected to the network outside."""
    outside("port-add vm3 n1 fa:16:3e:00:00:03 10.0.1.6 -- net-add n3 "
            "-- port-add other n3 fa:16:3e:00:00:01 10.0.1.7")
    add_chassis(outside, "c1", [["physnet1", "br-ex"]], "vm1", "other")
    add_chassis(outside, "c2", [["physnet9", "br-ex"]], "vm2")
    outside("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 "
            "-- nat-add r1 dnat_and_snat 203.0.113.6 10.0.2.5 external-mac=fa:16:3e:00:00:66 "
            "-- nat-add r1 dnat_and_snat 203.0.113.7 10.0.1.6 "
            "-- nat-add r1 dnat_and_snat 203.0.113.8 10.0.1.7 "
            "-- nat-add r1 snat 203.0.113.2 10.0.1.0/24 "
            "-- set Port vm1 addresses=10.0.1.5,10.0.1.8 "
            "-- nat-add r1 dnat_and_snat 192.0.2.7 10.0.1.8 "
            "-- router-add r2")
    assert outside("--format=csv nat-list") == """\
name,router,type,external_ip,logical_ip,external_mac,translated_by
r1-10.0.1.0/24,r1,snat,203.0.113.2,10.0.1.0/24,,gateway
r1-192.0.2.7,r1,dnat_and_snat,192.0.2.7,10.0.1.8,,chassis c1
r1-203.0.113.5,r1,dnat_and_snat,203.0.113.5,10.0.1.5,,chassis c1
r1-203.0.113.6,r1,dnat_and_snat,203.0.113.6,10.0.2.5,fa:16:3e:00:00:66,gateway
r1-203.0.113.7,r1,dnat_and_snat,203.0.113.7,10.0.1.6,,gateway
r1-203.0.113.8,r1,dnat_and_snat,203.0.113.8,10.0.1.7,,gateway
"""
    assert outside("--format=csv --no-headings nat-list r2") == ""
    assert len(outside("--format=csv --no-headings nat-list r1").splitlines()) == 6
    assert outside.refused("nat-list r3") == "router r3 does not exist"
    # What is not in force is done by nobody.
    outside.run("--force", "set", "Network", "ext", "external=false")
    assert {line.split(",")[6] for line in outside(
        "--format=csv --no-headings nat-list").splitlines()} == {""}


def test_the_machines_of_many_floating_ips_are_found(outside):
    n = 100
    outside("set Subnet s1 cidr=10.0.0.0/23 -- set Router_Port rp1 addresses=10.0.1.1/23")
    n1, r1 = outside.row("Network", "n1")["_uuid"], outside.row("Router", "r1")["_uuid"]
    outside.transact(*({"op": "insert", "table": "Port", "row": {
        "name": "m%d" % i, "network": n1, "mac": "fa:16:3e:00:0c:%02x" % i,
        "addresses": "10.0.0.%d" % (i + 10)}} for i in range(n)),
        *({"op": "insert", "table": "NAT", "row": {
            "name": "nat%03d" % i, "router": r1, "type": "dnat_and_snat",
            "external_ip": "203.0.113.%d" % (i + 10), "logical_ip": "10.0.0.%d" % (i + 10)}}
          for i in range(n)))
    add_chassis(outside, "c1", [["physnet1", "br-ex"]], *("m%d" % i for i in range(0, n, 2)))
    rows = outside("--format=csv --no-headings nat-list").splitlines()
    assert [row.split(",")[6] for row in rows] == ["chassis c1", "gateway"] * (n // 2)


def test_show_has_translations_below_their_router(outside):
    outside("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=fa:16:3e:00:00:66 "
            "-- nat-add r1 snat 203.0.113.2 10.0.1.0/24")
    assert """
    nat r1-10.0.1.0/24: snat 203.0.113.2 for 10.0.1.0/24
    nat r1-203.0.113.5: dnat_and_snat 203.0.113.5 for 10.0.1.5, fa:16:3e:00:00:66
""" in outside("show")
    router, = json.loads(outside("--format=json show"))["routers"]
    assert router["nat"] == [
        {"name": "r1-10.0.1.0/24", "type": "snat", "external_ip": "203.0.113.2",
         "logical_ip": "10.0.1.0/24"},
        {"name": "r1-203.0.113.5", "type": "dnat_and_snat", "external_ip": "203.0.113.5",
         "logical_ip": "10.0.1.5", "external_mac": "fa:16:3e:00:00:66"}]


FILE = """\
networks:
- name: n1
  segmentation-id: 1
- name: ext
  type: flat
  physical-network: physnet1
  external: true
routers:
- name: r1
  ports:
  - name: r1-ext
    network: ext
    mac: fa:16:3e:00:01:03
    addresses: [203.0.113.2/24]
  - name: r1-n1
    network: n1
    mac: fa:16:3e:00:01:01
    addresses: [10.0.1.1/24]
  nat:
  - name: fip
    type: dnat_and_snat
    external-ip: 203.0.113.5
    logical-ip: 10.0.1.5/32
    external-mac: FA:16:3E:00:00:66
    external-ids: {a: b}
  - name: out
    type: snat
    external-ip: 203.0.113.2
    logical-ip: 10.0.1.0/24
  routes:
  - 0.0.0.0/0 via 203.0.113.1
"""


def test_translations_are_applied_exported_and_pruned(dfctl):
    assert dfctl("apply", "-", input=FILE).splitlines() == [
        "+ network ext", "+ network n1", "+ router r1", "+ router port r1-ext",
        "+ router port r1-n1", "+ nat fip", "+ nat out", "7 added, 0 changed, 0 removed, "
        "0 unchanged"]
    assert translations(dfctl) == {
        "fip": ("dnat_and_snat", "203.0.113.5", "10.0.1.5", "fa:16:3e:00:00:66"),
        "out": ("snat", "203.0.113.2", "10.0.1.0/24", NONE)}
    text = dfctl("export")
    assert """\
- name: ext
  type: flat
  physical-network: physnet1
  external: true
""" in text and """\
  nat:
  - name: fip
    type: dnat_and_snat
    external-ip: 203.0.113.5
    logical-ip: 10.0.1.5
    external-mac: fa:16:3e:00:00:66
    external-ids:
      a: b
  - name: out
    type: snat
    external-ip: 203.0.113.2
    logical-ip: 10.0.1.0/24
""" in text
    assert dfctl("apply", "--prune", "-", input=text) == "unchanged\n"
    dfctl.clear()
    dfctl("apply", "-", input=text)
    assert dfctl("export") == text
    changed = FILE.replace("10.0.1.5/32", "10.0.1.6").replace("FA:16:3E:00:00:66", "~")
    assert dfctl("apply", "-", input=changed).splitlines()[0] == (
        "~ nat fip: logical-ip 10.0.1.5 -> 10.0.1.6, external-mac fa:16:3e:00:00:66 -> (none)")
    without = "\n".join(line for line in changed[:changed.index("  nat:")].splitlines()
                        if "external:" not in line)
    assert dfctl("apply", "--prune", "-", input=without).splitlines() == [
        "~ network ext: external true -> false",
        "~ router r1: routes 0.0.0.0/0 via 203.0.113.1 -> (none)", "- nat fip", "- nat out",
        "0 added, 2 changed, 2 removed, 3 unchanged"]
    assert translations(dfctl) == {}


def test_translations_of_neutron_are_not_pruned(dfctl):
    dfctl("apply", "-", input=FILE.replace("{a: b}", "{'neutron:revision': '1'}"))
    without = FILE[:FILE.index("  nat:")]
    out = dfctl("apply", "--prune", "-", input=without)
    assert "- nat out\n" in out and "1 of Neutron kept" in out
    assert set(translations(dfctl)) == {"fip"}


@pytest.mark.parametrize("old, new, message", [
    ("type: snat", "type: dnat", '27: type: "dnat" is none of dnat_and_snat, snat'),
    ("type: snat", "", "26: a translation needs \"type\""),
    ("    external-ip: 203.0.113.2\n", "", '26: a translation needs "external-ip"'),
    ("    logical-ip: 10.0.1.0/24\n", "", '26: a translation needs "logical-ip"'),
    ("10.0.1.0/24\n  routes", "10.0.1.1/24\n  routes",
     '29: logical-ip: "10.0.1.1/24" has bits set beyond its prefix length: is 10.0.1.0/24 meant?'),
    ("203.0.113.2\n    log", "203.0.113\n    log",
     '28: external-ip: "203.0.113" is not an IP address'),
    ("FA:16:3E:00:00:66", "FA", '24: external-mac: "FA" is not a MAC address (aa:bb:cc:dd:ee:ff)'),
    ("external: true", "external: maybe", '7: external: "maybe" is neither true nor false'),
    ("name: out", "name: fip", "26: nat fip is given twice, first in line 20"),
    ("10.0.1.5/32", "10.0.7.5", "20: nat fip: logical address 10.0.7.5 is on no internal network "
                                "of router r1, nor behind a static route"),
])
def test_an_error_in_a_file_has_its_line(dfctl, old, new, message):
    assert FILE.count(old) == 1
    path = dfctl.file(FILE.replace(old, new))
    assert dfctl.refused("apply", path) == "%s:%s" % (path, message)


REFUSED = [
    # Malformed values.
    ("nat-add r1 dnat 203.0.113.5 10.0.1.5",
     'nat-add r1: "dnat" is none of dnat_and_snat, snat'),
    ("nat-add r1 snat 203.0.113 10.0.1.0/24",
     'nat r1-10.0.1.0/24: "203.0.113" is not an IP address'),
    ("nat-add r1 snat 203.0.113.2 10.0.1.5/24",
     'nat r1-10.0.1.5/24: "10.0.1.5/24" has bits set beyond its prefix length: is 10.0.1.0/24 '
     'meant?'),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.0/24",
     "nat r1-203.0.113.5: a dnat_and_snat is for one logical address, not for 10.0.1.0/24"),
    ("nat-add r1 dnat_and_snat 2001:db8::5 10.0.1.5",
     "nat r1-2001:db8::5: external address 2001:db8::5 is not an IPv4 address"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=x",
     'nat r1-203.0.113.5: "x" is not a MAC address (aa:bb:cc:dd:ee:ff)'),
    ("nat-add r1 snat 203.0.113.2 10.0.1.0/24 external-mac=fa:16:3e:00:00:66",
     "nat r1-10.0.1.0/24: a snat has the MAC address of the router's port, not one of its own"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 mac=x",
     'nat-add r1: "mac=x" is none of name=, external-mac='),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 name=-x",
     'the name of a nat begins with "-", as options do'),
    ("nat-add rx dnat_and_snat 203.0.113.5 10.0.1.5", "router rx does not exist"),
    ("net-add n external=true",
     "network n: a network of type geneve cannot be external: only one of type vlan or flat leads "
     "out of the cloud"),
    ("net-add n type=local external=true",
     "network n: a network of type local cannot be external: only one of type vlan or flat leads "
     "out of the cloud"),
    ("net-add n external=1", 'network n: external: "1" is neither true nor false'),
    # External addresses.
    ("router-add r2 -- router-port-add r2-n1 r2 n1 fa:16:3e:00:02:01 10.0.1.2/24 "
     "-- nat-add r2 dnat_and_snat 203.0.113.5 10.0.1.5",
     "nat r2-203.0.113.5: router r2 has no port on an external network"),
    ("nat-add r1 snat 203.0.113.5 10.0.1.0/24",
     "nat r1-10.0.1.0/24: external address 203.0.113.5 is not one of router r1 on an external "
     "network"),
    ("nat-add r1 snat 10.0.1.1 10.0.2.0/24",
     "nat r1-10.0.2.0/24: external address 10.0.1.1 is in 10.0.1.0/24 of router port rp1, whose "
     "network n1 is not external"),
    ("nat-add r1 dnat_and_snat 10.0.2.9 10.0.1.5",
     "nat r1-10.0.2.9: external address 10.0.2.9 is in 10.0.2.0/24 of router port rp2, whose "
     "network n2 is not external"),
    ("nat-add r1 dnat_and_snat 203.0.113.0 10.0.1.5",
     "nat r1-203.0.113.0: external address 203.0.113.0: 203.0.113.0 is the network address of its "
     "/24 prefix"),
    ("nat-add r1 dnat_and_snat 203.0.113.255 10.0.1.5",
     "nat r1-203.0.113.255: external address 203.0.113.255: 203.0.113.255 is the broadcast address "
     "of its /24 prefix"),
    ("nat-add r1 dnat_and_snat 203.0.113.1 10.0.1.5",
     "nat r1-203.0.113.1: external address 203.0.113.1: it is a next hop of router r1"),
    ("nat-add r1 dnat_and_snat 203.0.113.2 10.0.1.5",
     "nat r1-203.0.113.2: address 203.0.113.2 is also used by router port r1-ext"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 "
     "-- nat-add r1 dnat_and_snat 203.0.113.5 10.0.2.5 name=x",
     "nat r1-203.0.113.5: address 203.0.113.5 is also used by nat x (and 1 more)"),
    ("port-add p ext fa:16:3e:00:00:09 203.0.113.5 "
     "-- nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5",
     "nat r1-203.0.113.5: address 203.0.113.5 is also used by port p (and 1 more)"),
    ("port-add p ext fa:16:3e:00:00:66 "
     "-- nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=fa:16:3e:00:00:66",
     "nat r1-203.0.113.5: MAC address fa:16:3e:00:00:66 is also used by port p (and 1 more)"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=fa:16:3e:00:01:03",
     "nat r1-203.0.113.5: MAC address fa:16:3e:00:01:03 is also used by router port r1-ext"),
    # Logical addresses.
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.7.5",
     "nat r1-203.0.113.5: logical address 10.0.7.5 is on no internal network of router r1, nor "
     "behind a static route"),
    ("nat-add r1 snat 203.0.113.2 10.0.7.0/24",
     "nat r1-10.0.7.0/24: logical address 10.0.7.0/24 is on no internal network of router r1, nor "
     "behind a static route"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 203.0.113.9",
     "nat r1-203.0.113.5: logical address 203.0.113.9 is on no internal network of router r1, nor "
     "behind a static route"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.1",
     "nat r1-203.0.113.5: logical address 10.0.1.1 is one of router r1 itself"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.255",
     "nat r1-203.0.113.5: logical address 10.0.1.255: 10.0.1.255 is the broadcast address of its "
     "/24 prefix"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 "
     "-- nat-add r1 dnat_and_snat 203.0.113.6 10.0.1.5",
     "nat r1-203.0.113.5: logical address 10.0.1.5 is also used by nat r1-203.0.113.6 "
     "(and 1 more)"),
    ("nat-add r1 snat 203.0.113.2 10.0.1.0/24 -- nat-add r1 snat 203.0.113.3 10.0.1.0/24 name=x",
     "nat r1-10.0.1.0/24: logical address 10.0.1.0/24 is also used by nat x (and 1 more)"),
    # What translations need.
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 -- route-del r1 0.0.0.0/0 "
     "-- router-port-del r1-ext",
     "nat r1-203.0.113.5: router r1 has no port on an external network"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.9.1.5 -- route-del r1 10.9.0.0/16",
     "nat r1-203.0.113.5: logical address 10.9.1.5 is on no internal network of router r1, nor "
     "behind a static route"),
    ("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 -- route-del r1 -- router-port-del rp1 "
     "-- router-port-del rp2 -- router-port-del r1-ext -- router-del r1",
     "router r1 is still used by nat r1-203.0.113.5"),
    # The generic commands are no way around.
    ("create NAT name=x router=r1 type=snat external_ip=203.0.113.9 logical_ip=10.0.1.0/24",
     "nat x: external address 203.0.113.9 is not one of router r1 on an external network"),
    ("set Network n1 external=true",
     "network n1: a network of type geneve cannot be external: only one of type vlan or flat leads "
     "out of the cloud"),
]


@pytest.mark.parametrize("command, message", REFUSED, ids=[c for c, _ in REFUSED])
def test_refused(outside, command, message):
    assert outside.refused(*command.split()) == message


def test_a_port_does_not_take_the_address_or_mac_of_a_floating_ip(outside):
    outside("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=fa:16:3e:00:00:66")
    assert outside.refused("port-add p ext fa:16:3e:00:00:09 203.0.113.5") == (
        "port p: address 203.0.113.5 is also used by nat r1-203.0.113.5")
    assert outside.refused("port-add p ext fa:16:3e:00:00:66") == (
        "port p: MAC address fa:16:3e:00:00:66 is also used by nat r1-203.0.113.5")
    assert outside.refused(
        "router-add r2 -- router-port-add rp r2 ext fa:16:3e:00:01:09 203.0.113.5/24") == (
        "router port rp: address 203.0.113.5 is also used by nat r1-203.0.113.5")
    outside("port-add p ext fa:16:3e:00:00:09 203.0.113.6 "
            "-- port-add q n1 fa:16:3e:00:00:66 10.0.1.66")


def test_ports_that_were_not_read_are_checked(outside):
    outside("port-add p ext fa:16:3e:00:00:09 203.0.113.9")
    assert outside.refused("nat-add r1 dnat_and_snat 203.0.113.9 10.0.1.5") == (
        "nat r1-203.0.113.9: address 203.0.113.9 is also used by port p")
    assert outside.refused("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 "
                           "external-mac=fa:16:3e:00:00:09") == (
        "nat r1-203.0.113.5: MAC address fa:16:3e:00:00:09 is also used by port p")
    outside("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5")
    assert outside.refused("set NAT r1-203.0.113.5 external_ip=203.0.113.9") == (
        "nat r1-203.0.113.5: address 203.0.113.9 is also used by port p")


def test_what_is_admitted(outside):
    """Nested networks, a whole cloud behind one address, a floating IP that the fabric routes to
    the router, the floating IP of a machine that is in the prefix of a SNAT; all renamed."""
    outside("nat-add r1 snat 203.0.113.2 0.0.0.0/0 -- nat-add r1 snat 203.0.113.3 10.0.0.0/16 "
            "-- nat-add r1 snat 203.0.113.2 10.9.1.0/24 "
            "-- nat-add r1 dnat_and_snat 192.0.2.7 10.0.1.5 "
            "-- nat-add r1 dnat_and_snat 203.0.113.5 10.9.1.5")
    outside("set NAT r1-192.0.2.7 name=fip external_mac=fa:16:3e:00:00:66 -- set Router r1 name=x")
    assert outside.row("NAT", "fip")["external_mac"] == "fa:16:3e:00:00:66"
    assert "no faults" in outside("status")


def test_each_external_network_has_translations_of_its_own(two):
    two("nat-add r1 snat 203.0.113.2 10.0.1.0/24 "
        "-- nat-add r1 snat 198.51.100.2 10.0.1.0/24 name=two "
        "-- nat-add r1 dnat_and_snat 198.51.100.5 10.0.1.5")
    assert two.refused("nat-add r1 dnat_and_snat 192.0.2.7 10.0.2.5") == (
        "nat r1-192.0.2.7: external address 192.0.2.7 is on none of the external networks of "
        "router r1")
    assert two.refused("nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5") == (
        "nat r1-203.0.113.5: logical address 10.0.1.5 is also used by nat r1-198.51.100.5")


def test_the_same_address_on_another_external_network_is_another(outside):
    outside("net-add ext2 type=flat physical-network=physnet2 external=true "
            "-- router-add r2 -- router-port-add r2-ext2 r2 ext2 fa:16:3e:00:02:01 203.0.113.2/24 "
            "-- net-add n3 -- router-port-add r2-n3 r2 n3 fa:16:3e:00:02:02 10.0.1.1/24 "
            "-- nat-add r1 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=fa:16:3e:00:00:66 "
            "-- nat-add r2 dnat_and_snat 203.0.113.5 10.0.1.5 external-mac=fa:16:3e:00:00:66")
