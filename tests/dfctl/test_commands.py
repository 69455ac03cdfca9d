# SPDX-License-Identifier: Apache-2.0
"""What each command writes and prints."""
import json
import os
import socket
import subprocess

import pytest

from dfharness.process import program, run


def as_set(value):
    """A set of the database as a Python list."""
    return sorted(value[1]) if isinstance(value, list) and value[0] == "set" else [value]


def test_a_network_is_geneve_with_the_first_free_segmentation_id_unless_told_otherwise(dfctl):
    dfctl("net-add n1")
    row = dfctl.row("Network", "n1")
    assert (row["type"], row["segmentation_id"], row["mtu"]) == ("geneve", 1, ["set", []])
    dfctl("net-add n2 type=vlan physical-network=physnet1 segmentation-id=100 mtu=9000")
    row = dfctl.row("Network", "n2")
    assert (row["type"], row["segmentation_id"], row["physical_network"], row["mtu"]) == (
        "vlan", 100, "physnet1", 9000)
    dfctl("net-add n3 type=flat physical-network=physnet1")
    assert dfctl.row("Network", "n3")["segmentation_id"] == ["set", []]
    dfctl("net-add n4 type=local")


def test_segmentation_ids_are_allocated_per_type_and_physical_network(dfctl):
    status, _, err = dfctl.run(*(
        "net-add a segmentation-id=2 -- net-add b -- net-add c -- net-add d type=vxlan "
        "-- net-add e type=gre -- net-add f type=vlan physical-network=p1 "
        "-- net-add g type=vlan physical-network=p2 "
        "-- net-add h type=vlan physical-network=p1").split())
    # Which VLAN it is matters to the switches between the hypervisors; never VLAN 1.
    assert status == 0 and err.count("was chosen; the switches must carry it") == 3
    ids = {r["name"]: r["segmentation_id"] for r in dfctl.rows("Network")}
    assert ids == {"a": 2, "b": 1, "c": 3, "d": 1, "e": 1, "f": 2, "g": 2, "h": 3}
    dfctl("net-del b -- net-add i")
    assert dfctl.row("Network", "i")["segmentation_id"] == 1


def test_when_every_vlan_is_taken_none_is_allocated(dfctl):
    dfctl.transact(*({"op": "insert", "table": "Network", "row": {
        "name": "v%d" % i, "type": "vlan", "physical_network": "p1", "segmentation_id": i}}
        for i in range(1, 4095)))
    assert dfctl.refused("net-add x type=vlan physical-network=p1") == (
        "network x: every segmentation id of type vlan is taken")


def test_networks_are_listed_by_name(dfctl):
    dfctl("net-add b mtu=1400 -- net-add a type=flat physical-network=p1")
    assert dfctl("--format=csv net-list") == (
        "name,type,segmentation_id,physical_network,mtu,external\n"
        "a,flat,,p1,1500,false\n"
        "b,geneve,1,,1400,false\n")
    assert dfctl("net-list").splitlines()[0].split() == [
        "name", "type", "segmentation_id", "physical_network", "mtu", "external"]
    assert json.loads(dfctl("--format=json net-list"))["data"][0][0] == "a"


def test_a_subnet_belongs_to_a_network(dfctl):
    dfctl("net-add n1 -- subnet-add s1 n1 10.0.1.0/24 gateway=10.0.1.1")
    row = dfctl.row("Subnet", "s1")
    assert row["network"] == dfctl.row("Network", "n1")["_uuid"]
    assert (row["cidr"], row["gateway_ip"]) == ("10.0.1.0/24", "10.0.1.1")
    dfctl("subnet-del s1")
    assert dfctl.row("Subnet", "s1") is None


def test_a_subnet_says_what_its_machines_are_told(dfctl):
    dfctl("net-add n1 -- subnet-add s1 n1 2001:db8:1::/64 ra-mode=slaac address-mode=slaac "
          "dns-servers=2001:DB8::54,2001:db8:0::53 dns-search=Example.org.,lab.example.org "
          "-- subnet-add s2 n1 10.0.1.0/24 dns-servers=192.0.2.53 -- router-add r1 "
          "-- router-port-add rp1 r1 n1 fa:16:3e:00:01:01 2001:db8:1::1/64 "
          "-- set Router_Port rp1 router_preference=low")
    row = dfctl.row("Subnet", "s1")
    assert (row["ra_mode"], row["address_mode"]) == ("slaac", "slaac")
    assert as_set(row["dns_servers"]) == ["2001:db8::53", "2001:db8::54"]
    assert as_set(row["dns_search"]) == ["example.org", "lab.example.org"]
    shown = dfctl("show")
    assert ("    subnet s1: 2001:db8:1::/64, ra-mode slaac, address-mode slaac, dns 2001:db8::53, "
            "dns 2001:db8::54, search example.org, search lab.example.org\n") in shown
    assert "    subnet s2: 10.0.1.0/24, dns 192.0.2.53\n" in shown
    assert ("    port rp1: network n1, fa:16:3e:00:01:01 2001:db8:1::1/64, preference low\n"
            in shown)
    same = "--may-exist subnet-add s1 n1 2001:db8:1::/64 "
    dfctl(same)
    dfctl(same + "ra-mode=slaac dns-servers=2001:db8::54,2001:db8::53 "
                 "dns-search=lab.example.org,EXAMPLE.org")
    for option, message in (
            ("ra-mode=dhcpv6-stateful", "ra-mode slaac, not dhcpv6-stateful"),
            ("address-mode=dhcpv6-stateful", "address-mode slaac, not dhcpv6-stateful"),
            ("dns-servers=2001:db8::53",
             "dns-servers 2001:db8::53,2001:db8::54, not 2001:db8::53"),
            ("dns-search=example.org", "dns-search example.org,lab.example.org, not example.org")):
        assert dfctl.refused(same + option) == "subnet s1 already exists with " + message


def test_macs_and_addresses_are_stored_in_their_canonical_spelling(dfctl):
    dfctl("net-add n1 -- port-add vm1 n1 FA:16:3E:AA:00:01 10.0.1.5 2001:DB8:0:0::1")
    row = dfctl.row("Port", "vm1")
    assert row["mac"] == "fa:16:3e:aa:00:01"
    assert as_set(row["addresses"]) == ["10.0.1.5", "2001:db8::1"]
    dfctl("net-add n2 -- router-add r1 -- router-port-add rp1 r1 n2 FA:16:3E:00:01:02 10.0.2.1/24 "
          "-- route-add r1 10.9.0.1 10.0.2.9")
    assert dfctl.row("Router_Port", "rp1")["mac"] == "fa:16:3e:00:01:02"
    route, = dfctl.rows("Static_Route")
    assert (route["prefix"], route["next_hop"]) == ("10.9.0.1/32", "10.0.2.9")


def test_ports_are_listed_of_all_networks_or_of_one(cloud):
    assert cloud("--format=csv port-list") == (
        "name,network,mac,addresses,enabled,chassis,up\n"
        "vm1,n1,fa:16:3e:00:00:01,10.0.1.5,true,,false\n"
        "vm2,n2,fa:16:3e:00:00:02,10.0.2.5,true,,false\n")
    assert "vm1" not in cloud("port-list n2")
    cloud("port-del vm2")
    assert cloud("--format=csv --no-headings port-list n2") == ""


def test_addresses_are_listed_in_the_order_of_numbers(dfctl):
    dfctl("net-add n1 -- port-add vm1 n1 fa:16:3e:00:00:01 10.0.1.10 10.0.1.9")
    assert "10.0.1.9 10.0.1.10" in dfctl("port-list")


def test_a_router_is_built_and_taken_apart(cloud):
    assert cloud("--format=csv router-list") == (
        "name,enabled,ports,routes\n"
        "r1,true,rp1 rp2,10.9.0.0/16 via 10.0.1.254\n")
    cloud("route-del r1 -- router-port-del rp1 -- router-port-del rp2 -- router-del r1")
    assert cloud.rows("Router") == cloud.rows("Router_Port") == []


def test_routes_go_with_their_router(cloud):
    cloud("route-add r1 10.8.0.0/16 10.0.1.254 -- router-port-del rp1 -- router-port-del rp2 "
          "-- router-del r1")
    assert cloud.rows("Router") == cloud.rows("Static_Route") == []


def test_routes_are_deleted_by_prefix_and_next_hop(cloud):
    def routes():
        column = as_set(cloud.row("Router", "r1")["static_routes"])
        return sorted({*column, *("%s via %s" % (row["prefix"], row["next_hop"])
                                  for row in cloud.rows("Static_Route"))})

    cloud("route-add r1 10.9.0.0/16 10.0.2.254 -- route-add r1 10.9.0.0/17 10.0.2.253 "
          "-- route-add r1 0.0.0.0/0 10.0.1.254")
    assert len(routes()) == 4
    cloud("route-del r1 10.9.0.0/16 10.0.2.254")
    assert routes() == ["0.0.0.0/0 via 10.0.1.254", "10.9.0.0/16 via 10.0.1.254",
                        "10.9.0.0/17 via 10.0.2.253"]
    cloud("route-del r1 10.9.0.0/16")
    assert routes() == ["0.0.0.0/0 via 10.0.1.254", "10.9.0.0/17 via 10.0.2.253"]
    assert cloud.refused("route-del r1 10.9.0.0/16") == "router r1 has no route to 10.9.0.0/16"
    assert cloud.refused("route-del r1 10.9.0.0/17 10.0.2.1") == (
        "router r1 has no route to 10.9.0.0/17 via 10.0.2.1")
    cloud("--if-exists route-del r1 10.9.0.0/16")
    # However a route was written, and is written now.
    cloud.transact({"op": "update", "table": "Router", "where": [], "row": {
        "static_routes": ["set", ["10.7.0.1/16 via 10.0.1.254", "10.8.0.0/16 via 10.0.1.254",
                                  "10.6.0.1 via 10.0.1.254", "0.0.0.0/0 via 10.0.1.254"]]}})
    cloud("route-del r1 0.0.0.0/0 -- route-del r1 10.9.0.0/17")
    cloud("route-del r1 10.7.0.0/16 -- route-del r1 10.8.3.4/16 10.0.1.254 "
          "-- route-del r1 10.6.0.1/32")
    assert routes() == []
    cloud("route-add r1 0.0.0.0/0 10.0.1.254")
    cloud("route-del r1")
    assert routes() == []
    cloud("route-del r1")


def test_a_chassis_is_listed_and_forgotten(cloud):
    uuid = cloud.transact(
        {"op": "insert", "table": "Chassis", "uuid-name": "c", "row": {
            "name": "c1", "hostname": "host1", "encaps": ["map", [["geneve", "192.0.2.1"]]],
            "encaps_ipv6": ["map", [["geneve", "2001:db8::1"]]],
            "bridge_mappings": ["map", [["physnet1", "br-ex"]]], "applied": 3, "gateway": True}},
        {"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
         "row": {"chassis": ["named-uuid", "c"], "up": True}})[0]["uuid"]
    assert cloud.row("Port", "vm1")["chassis"] == uuid
    assert cloud("--format=csv chassis-list") == (
        "name,hostname,encaps,bridge_mappings,gateway,applied\n"
        "c1,host1,\"geneve 192.0.2.1, geneve 2001:db8::1\",physnet1:br-ex,true,3\n")
    cloud("chassis-del c1")
    row = cloud.row("Port", "vm1")
    assert (row["chassis"], row["up"]) == (["set", []], ["set", []])
    assert cloud.refused("chassis-del c1") == "chassis c1 does not exist"
    cloud("--if-exists chassis-del c1")


def test_may_exist_takes_what_is_there_if_it_is_the_same(cloud):
    cloud("--may-exist net-add n1 -- --may-exist net-add n1 type=geneve segmentation-id=1 "
          "-- --may-exist subnet-add s1 n1 10.0.1.0/24 "
          "-- --may-exist port-add vm1 n1 FA:16:3e:00:00:01 10.0.1.5 "
          "-- --may-exist port-add vm1 n1 fa:16:3e:00:00:01 -- --may-exist net-add n1 mtu=1500 "
          "-- --may-exist router-add r1 "
          "-- --may-exist router-port-add rp1 r1 n1 fa:16:3e:00:01:01 10.0.1.1/24 "
          "-- --may-exist route-add r1 10.9.0.0/16 10.0.1.254 -- --may-exist net-add n9")
    for command, message in (
            ("net-add n1 type=gre", "network n1 already exists with type geneve, not gre"),
            ("net-add n1 mtu=1400", "network n1 already exists with mtu 1500, not 1400"),
            ("net-add n1 segmentation-id=7",
             "network n1 already exists with segmentation-id 1, not 7"),
            ("subnet-add s1 n2 10.0.1.0/24",
             "subnet s1 already exists with network n1, not n2"),
            ("subnet-add s1 n1 10.0.3.0/24",
             "subnet s1 already exists with CIDR 10.0.1.0/24, not 10.0.3.0/24"),
            ("port-add vm1 n1 fa:16:3e:00:00:09 10.0.1.5",
             "port vm1 already exists with MAC address fa:16:3e:00:00:01, not "
             "fa:16:3e:00:00:09"),
            ("port-add vm1 n1 fa:16:3e:00:00:01 10.0.1.6",
             "port vm1 already exists with addresses 10.0.1.5, not 10.0.1.6"),
            ("router-port-add rp1 r1 n2 fa:16:3e:00:01:01 10.0.1.1/24",
             "router port rp1 already exists with network n1, not n2")):
        assert cloud.refused("--may-exist " + command) == message


def test_if_exists_does_not_mind_what_is_missing(dfctl):
    for command, kind in (("net-del", "network"), ("subnet-del", "subnet"), ("port-del", "port"),
                          ("router-del", "router"), ("router-port-del", "router port"),
                          ("chassis-del", "chassis")):
        dfctl("--if-exists %s x" % command)
        assert dfctl.refused("%s x" % command) == "%s x does not exist" % kind


def test_commands_of_one_invocation_are_one_transaction(dfctl):
    assert dfctl.refused("net-add n1 -- net-add n2 -- net-add n1") == "network n1 already exists"
    # In between it may be wrong.
    dfctl("net-add n1 -- port-add vm1 n1 fa:16:3e:00:00:01 10.0.9.9 -- subnet-add s1 n1 "
          "10.0.1.0/24 -- set Port vm1 addresses=10.0.1.9")


def test_dry_run_changes_nothing_and_refuses_what_is_wrong(dfctl):
    before = dfctl.dump()
    dfctl("--dry-run net-add n1")
    assert dfctl.dump() == before
    assert dfctl.refused("--dry-run net-del n1") == "network n1 does not exist"


def test_what_changes_nothing_writes_nothing(cloud):
    before = cloud.dump()
    cloud("--may-exist net-add n1 -- set Network n1 type=geneve")
    assert cloud.dump() == before


def test_generic_commands_work(cloud):
    assert cloud("get Port vm1 mac") == '"fa:16:3e:00:00:01"\n'
    cloud("set Network n1 mtu=1400 -- add Port vm1 addresses 10.0.1.6 "
          "-- set Port vm1 external_ids:owner=me")
    assert cloud("--bare --columns=name find Network mtu=1400") == "n1\n"
    assert as_set(cloud.row("Port", "vm1")["addresses"]) == ["10.0.1.5", "10.0.1.6"]
    cloud("remove Port vm1 addresses 10.0.1.6 -- clear Network n1 mtu")
    assert cloud("wait-until Port vm1 external_ids:owner=me -- get Port vm1 addresses") == (
        '["10.0.1.5"]\n')
    uuid = cloud("create Router name=r9").strip()
    assert cloud("get Router r9 _uuid").strip() == uuid
    cloud("destroy Router r9")


def test_the_database_is_found_by_environment(cloud, tmp_path):
    env = dict(os.environ, DF_NB_DB=cloud.server.remote)
    out = subprocess.run([program("dfctl"), "--format=csv", "--no-headings", "router-list"],
                         env=env, check=True, capture_output=True, text=True).stdout
    assert out.startswith("r1,")
    env = dict(os.environ, DF_NB_DB="unix:%s/nb.sock" % tmp_path)
    p = subprocess.run([program("dfctl"), "show"], env=env, capture_output=True, text=True)
    assert p.returncode == 1
    assert p.stderr == ("dfctl: unix:%s/nb.sock: database connection failed (No such file or "
                        "directory: is the database server running on this host? --db or DF_NB_DB "
                        "name another)\n" % tmp_path)


def test_without_a_hint_the_database_is_that_of_this_host():
    env = {name: value for name, value in os.environ.items() if name != "DF_NB_DB"}
    usage = subprocess.run([program("dfctl"), "--help"], env=env, check=True,
                           capture_output=True, text=True).stdout
    assert "(default: $DF_NB_DB, or unix:/run/dragonflow/nb.sock)" in usage


def test_a_database_that_does_not_answer_is_given_up_on(dfctl, tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "silent"))
        silent.listen(1)
        status, out, err = dfctl.run("--db=unix:%s/silent" % tmp_path, "--timeout=1", "show")
    assert (status, out) == (1, "")
    assert err == ("dfctl: unix:%s/silent: not done within 1 s (connected, but it does not answer: "
                   "is it a database server that is alive?)\n" % tmp_path)


def test_wrong_usage_is_told(dfctl):
    for command, message in (
            ("", "missing command name (use --help for help)"),
            ("frobnicate", "unknown command 'frobnicate'; use --help for help"),
            ("net-ad n1", "unknown command 'net-ad'; use --help for help; did you mean net-add?"),
            ("lsit Port", "unknown command 'lsit'; use --help for help; did you mean list?"),
            ("net-add", "'net-add' command requires at least 1 arguments; usage: net-add "
                        "NEW-NETWORK [KEY=VALUE]..."),
            ("show x", "'show' command takes at most 0 arguments; usage: show"),
            ("set Port", "'set' command requires at least 3 arguments; usage: set TABLE RECORD "
                         "COLUMN[:KEY]=VALUE..."),
            ("--timeout=x show", '--timeout: "x" is not a number of seconds'),
            ("net-add n1 color=red", 'net-add n1: "color=red" is none of type=, '
                                     'segmentation-id=, physical-network=, mtu=, external='),
            ("net-add n1 mtu=1 mtu=2", "net-add n1: mtu is given twice"),
            ("net-add n1 mtu=big", 'network n1: mtu "big" is not a number'),
            ("sync 5", 'sync: "5" is not --timeout=SECONDS')):
        assert dfctl.refused(*command.split()) == message
    assert dfctl.refused("net-add", "") == "the name of a network is empty"
    assert dfctl.refused("net-add", "a\nb") == (
        "the name of a network contains a control character")
    assert dfctl.refused("net-add", "a\udcff") == "the name of a network is not UTF-8"
    assert dfctl.refused("net-add", "n1", "--timeout") == (
        "option --timeout needs a value (use --help for help)")
    assert not dfctl.rows("Network")
    status, _, err = dfctl.run("--frobnicate", "show")
    assert status == 1 and "--frobnicate" in err


def test_names_stand_for_references(cloud):
    def uuid(table, name):
        return cloud.row(table, name)["_uuid"]

    cloud("net-add web -- set Port vm1 network=web addresses=[]")
    assert cloud.row("Port", "vm1")["network"] == uuid("Network", "web")
    assert cloud("--bare --columns=name find Port network=web") == "vm1\n"
    assert cloud("--bare --columns=name find Port network!=web") == "vm2\n"
    cloud("wait-until Port vm1 network=web")
    cloud("create Port name=vm3 network=\"web\" mac=\"fa:16:3e:00:00:03\"")
    assert cloud.row("Port", "vm3")["network"] == uuid("Network", "web")
    # A network of the same transaction, and UUIDs as before.
    cloud("net-add x -- set Port vm3 network=x")
    cloud("--id=@n create Network name=y type=local -- set Port vm3 network=@n")
    cloud("set Port vm3 network=%s" % uuid("Network", "web")[1])
    assert cloud.row("Port", "vm3")["network"] == uuid("Network", "web")

    # Another network may have that UUID for its name.
    cloud("net-add", uuid("Network", "web")[1])
    cloud("set Port vm3 network=%s" % uuid("Network", "web")[1])
    assert cloud.row("Port", "vm3")["network"] == uuid("Network", "web")

    # Sets: whole, and one by one.
    cloud("connection-add ptcp:6641:127.0.0.1 -- connection-add ptcp:6642:127.0.0.1")
    cloud("set Global . relay_connections=[ptcp:6641:127.0.0.1,ptcp:6642:127.0.0.1]")
    assert len(cloud.rows("Global")[0]["relay_connections"][1]) == 2
    cloud("remove Global . relay_connections ptcp:6641:127.0.0.1")
    assert cloud.rows("Global")[0]["relay_connections"] == cloud.rows(
        "Connection", [["target", "==", "ptcp:6642:127.0.0.1"]])[0]["_uuid"]
    cloud("add Global . relay_connections ptcp:6641:127.0.0.1")
    assert len(cloud.rows("Global")[0]["relay_connections"][1]) == 2
    for command in ("set Port vm1 network=weg", "add Port vm1 chassis weg",
                    "create Port name=vm4 network=weg mac=\"fa:16:3e:00:00:04\""):
        assert cloud.refused(command).startswith('no row "weg" in table ')
    assert cloud.refused("set Port vm1 network=Web") == (
        'no row "Web" in table Network; did you mean web?')
    cloud("clear Global . connections relay_connections")


def test_strings_with_colons_need_no_quotes(cloud):
    """With them they are the same."""
    def addresses():
        return as_set(cloud.row("Port", "vm2")["addresses"])

    cloud("subnet-add s2v6 n2 2001:db8:2::/64 -- add Port vm2 addresses 2001:db8:2::5")
    assert addresses() == ["10.0.2.5", "2001:db8:2::5"]
    cloud("set Port vm2 addresses=2001:db8:2::6,10.0.2.6 mac=fa:16:3e:00:00:0c")
    assert addresses() == ["10.0.2.6", "2001:db8:2::6"]
    cloud('set Port vm2 addresses=["2001:db8:2::7",2001:db8:2::8]')
    assert addresses() == ["2001:db8:2::7", "2001:db8:2::8"]
    assert cloud("--bare --columns=name find Port mac=fa:16:3e:00:00:0c") == "vm2\n"
    assert cloud("--bare --columns=name find Port addresses{>=}2001:db8:2::8") == "vm2\n"
    cloud("wait-until Port vm2 mac=fa:16:3e:00:00:0c -- remove Port vm2 addresses 2001:db8:2::7")
    assert addresses() == ["2001:db8:2::8"]
    cloud("create Port name=vm9 network=n2 mac=fa:16:3e:00:00:09 addresses=2001:db8:2::9")
    assert as_set(cloud.row("Port", "vm9")["addresses"]) == ["2001:db8:2::9"]
    cloud("set Port vm9 external_ids:a=b")
    assert cloud.refused("set Port vm9 addresses=2001:db8:2:::9") == (
        'port vm9: "2001:db8:2:::9" is not an IP address')


@pytest.mark.parametrize("command, message", [
    ("list Prot", 'unknown table "Prot"; did you mean Port?'),
    ("list Ruoter-Port", 'unknown table "Ruoter-Port"; did you mean Router_Port?'),
    ("set Port vm1 adresses=10.0.1.9", 'Port does not contain a column whose name matches '
                                       '"adresses"; did you mean addresses?'),
    ("get Port vm3 mac", 'no row "vm3" in table Port; did you mean vm1?'),
    ("list Port nothing-like-it", 'no row "nothing-like-it" in table Port'),
    ("port-del wm2", "port wm2 does not exist; did you mean vm2?"),
    ("net-del m1", "network m1 does not exist"),
    ("router-port-del pr1", "router port pr1 does not exist; did you mean rp1?"),
    ("port-add p N1 fa:16:3e:00:00:09", "network N1 does not exist; did you mean n1?"),
])
def test_a_word_that_may_be_meant_is_named(cloud, command, message):
    assert cloud.refused(command) == message


def test_options_may_follow_the_command(dfctl):
    dfctl("net-add n1")
    run([program("dfctl"), "net-add", "n2", "mtu=1400", "--may-exist", "--",
         "net-add", "n1", "--may-exist", "--db", dfctl.server.remote])
    assert [row["name"] for row in sorted(dfctl.rows("Network"), key=lambda r: r["name"])] == [
        "n1", "n2"]
    assert dfctl("net-list", "-f", "csv", "--no-headings").splitlines()[0].startswith("n1,")
    assert dfctl("net-list", "-fcsv", "--no-headings", "--", "port-list").count("n2,") == 1
    dfctl("net-del", "n1", "--dry-run")
    assert dfctl.row("Network", "n1")
    assert dfctl.refused("net-list --frobnicate") == (
        "net-list: there is no option --frobnicate (use --help for help)")
    assert "takes" in dfctl.refused("net-list -5")
    # An option of one command is none of the other.
    assert dfctl.refused("net-add n3 -- net-del n3 --may-exist") == (
        "'net-del' command has no '--may-exist' option")
    dfctl("comment", "--", "net-list")
    assert dfctl.run("show", "--help")[1].startswith("dfctl: Dragonflow")


def test_help_and_version_need_no_database(dfctl):
    status, out, _ = dfctl.run("--db=unix:/nonexistent", "--help")
    assert status == 0
    for command in ("net-add", "apply", "trace", "wait-until"):
        assert command in out
    status, out, _ = dfctl.run("--version")
    assert status == 0 and out.startswith("dfctl ")


def test_two_dfctl_at_once_never_take_the_same_segmentation_id(dfctl):
    argv = [program("dfctl"), "--db=" + dfctl.server.remote]
    procs = [subprocess.Popen(argv + ["net-add", "n%d" % i], stderr=subprocess.PIPE, text=True)
             for i in range(16)]
    for p in procs:
        _, err = p.communicate(timeout=60)
        assert (p.returncode, err) == (0, "")
    assert sorted(r["segmentation_id"] for r in dfctl.rows("Network")) == list(range(1, 17))


# --- Access to the database ----------------------------------------------

def test_connections_are_added_listed_and_deleted(dfctl):
    dfctl("rbac-init")
    dfctl("connection-add", "pssl:6641", "--", "--relay", "connection-add", "pssl:6642",
          "role=df-controller", "inactivity-probe=20000")
    lines = [line.split() for line in dfctl("--no-headings", "connection-list").splitlines()]
    assert lines == [["pssl:6641", "servers"],
                     ["pssl:6642", "relays", "df-controller", "20000"]]
    dfctl("--may-exist", "connection-add", "pssl:6641")
    dfctl("connection-del", "pssl:6641", "--", "connection-del", "pssl:6642")
    assert dfctl("--no-headings", "connection-list") == ""
    left = dfctl("--bare", "--columns=connections,relay_connections", "list", "Global")
    assert left.split() == []


def test_roles_are_made_once_and_put_right(dfctl):
    dfctl("rbac-init")
    before = dfctl("list", "RBAC_Role") + dfctl("list", "RBAC_Permission")
    dfctl("rbac-init")
    assert dfctl("list", "RBAC_Role") + dfctl("list", "RBAC_Permission") == before
    rows = dfctl("--bare", "--columns=_uuid", "find", "RBAC_Permission", "table=Port").split()
    dfctl("set", "RBAC_Permission", rows[0], "authorization=''",
          "update=chassis,up,requested_chassis")
    dfctl("rbac-init")
    shown = dfctl("--bare", "--columns=authorization,update", "find", "RBAC_Permission",
                  "table=Port")
    assert "requested_chassis" in shown and "up requested" not in shown
    assert sorted(shown.split()) == ["chassis", "chassis", "requested_chassis", "up", "up"]


def test_a_route_is_the_same_as_a_row_and_in_the_deprecated_column(cloud):
    """Whatever prints routes, and compares them with a file."""
    def printed():
        return [cloud(command) for command in (
            "export", "show", "--format=json show", "router-list")]
    cloud("route-add r1 10.8.0.0/16 10.0.2.254")
    rows = printed()
    path = cloud.path / "routes.yaml"
    path.write_text(rows[0])
    both = {"op": "update", "table": "Router", "where": [], "row": {"static_routes": ["set", [
        "10.8.0.0/16 via 10.0.2.254", "10.9.0.0/16 via 10.0.1.254"]]}}
    cloud.transact(both)
    assert printed() == rows
    assert cloud.refused("route-add r1 10.8.0.0/16 10.0.2.254") == (
        'router r1 already has route "10.8.0.0/16 via 10.0.2.254"')
    cloud.transact({"op": "delete", "table": "Static_Route", "where": []})
    assert printed() == rows
    assert cloud("diff %s" % path) == "" and "1 unchanged" not in cloud("apply %s" % path)
    assert cloud.rows("Static_Route") == []
    cloud("route-add r1 10.7.0.0/16 10.0.1.254")
    assert len(cloud.rows("Static_Route")) == 1
    cloud("apply %s" % path)
    assert printed() == rows and cloud.rows("Static_Route") == []


def test_a_faulty_route_is_a_fault_of_its_router(cloud):
    router = cloud.row("Router", "r1")["_uuid"]
    cloud.transact({"op": "insert", "table": "Static_Route", "row": {
        "router": router, "prefix": "junk", "next_hop": "10.0.1.254"}})
    assert 'fault: router r1: route "junk via 10.0.1.254": "junk" is not an IP prefix' in (
        cloud.run("status")[1])
    cloud("route-del r1")
    assert cloud("status") == "no chassis\nno faults\n"
