# SPDX-License-Identifier: Apache-2.0
"""A chassis and its local database.

What controller/chassis builds in a real ovsdb-server and ovs-vswitchd (dummy datapath, no
root), what it reports, and that it finds back after whatever happens to them.  It runs in
chassis-driver, which prints its view as JSON.
"""
import os
import time

import pytest

from dfharness.process import OVS_SCHEMA, program, run, wait_until
from ovs_host import REMOTE, Host


def test_bootstrap_from_nothing(bare):
    assert bare.bridges() == set()
    bare.set(system_id="c1", remote=REMOTE, encap_type="geneve,vxlan,gre",
             encap_ip="192.0.2.1", hostname="host-1")
    view = bare.await_view(lambda v: len(v["tunnels"]) == 3, "three tunnels")
    assert view["bridge_ready"]
    assert view["settings"]["system_id"] == "c1"
    assert view["settings"]["hostname"] == "host-1"
    assert bare.get("Bridge", "br-int", "fail_mode") == "secure"
    assert bare.ports() == {"df-geneve", "df-vxlan", "df-gre"}
    for kind in ("geneve", "vxlan", "gre"):
        name = "df-" + kind
        assert view["tunnels"][kind] == bare.ofport(name) > 0
        assert bare.get("Interface", name, "type") == kind
        assert bare.get("Interface", name, "options:remote_ip") == "flow"
        assert bare.get("Interface", name, "options:key") == "flow"
        assert bare.get("Interface", name, "options:local_ip") == "192.0.2.1"
        assert bare.get("Port", name, "external_ids:dragonflow-tunnel") == kind


def test_nothing_is_built_before_the_chassis_has_a_name_and_a_remote(bare):
    bare.set(encap_ip="192.0.2.1")
    bare.settled()
    assert bare.bridges() == set()
    bare.set(system_id="c1")
    bare.settled()
    assert bare.bridges() == set()
    assert bare.logged("dragonflow-remote is not set") == 1
    bare.set(remote=REMOTE)
    bare.await_view(lambda v: "geneve" in v["tunnels"], "a tunnel")


def test_the_host_name_is_the_default(host):
    assert host.view()["settings"]["hostname"] == os.uname().nodename


def test_a_change_of_encap_ip_changes_the_tunnel_port(host):
    host.set(encap_ip="192.0.2.2")
    wait_until(lambda: host.get("Interface", "df-geneve", "options:local_ip") == "192.0.2.2",
               "the new address")
    host.set(encap_ip="2001:db8::7")
    host.await_ports({"df-geneve6"})
    assert host.get("Interface", "df-geneve6", "options:local_ip") == "2001:db8::7"
    host.set(encap_ip="2001:db8::8")
    wait_until(lambda: host.get("Interface", "df-geneve6", "options:local_ip") == "2001:db8::8",
               "the new IPv6 address")
    host.set(encap_ip=None)
    host.await_ports(set())
    host.await_view(lambda v: not v["tunnels"], "no tunnel")


def test_each_family_has_tunnel_ports_of_its_own(host):
    """A second address leaves the ports of the first as they are."""
    before = host.get("Interface", "df-geneve", "_uuid")
    host.set(encap_ip="192.0.2.1,2001:db8::7", encap_type="geneve,gre")
    view = host.await_view(lambda v: len(v["tunnels"]) == 4, "four tunnels")
    assert host.ports() == {"df-geneve", "df-geneve6", "df-gre", "df-gre6"}
    for kind in ("geneve", "gre"):
        for suffix, address in (("", "192.0.2.1"), ("6", "2001:db8::7")):
            name = "df-" + kind + suffix
            assert view["tunnels"][kind + suffix] == host.ofport(name) > 0
            assert host.get("Interface", name, "type") == kind
            assert host.get("Interface", name, "options:local_ip") == address
            assert host.get("Interface", name, "options:remote_ip") == "flow"
            assert host.get("Port", name, "external_ids:dragonflow-tunnel") == kind + suffix
    assert host.get("Interface", "df-geneve", "_uuid") == before
    host.set(encap_ip="2001:db8::7")
    host.await_ports({"df-geneve6", "df-gre6"})


def test_gre_over_ipv6_is_a_type_of_its_own_in_the_kernel():
    """Without ovs-vswitchd, so nothing says that there are dummies."""
    host = Host()
    host.driver.start()
    host.set(system_id="c1", remote=REMOTE, encap_ip="192.0.2.1,2001:db8::7",
             encap_type="gre,vxlan")
    wait_until(lambda: "br-int" in host.bridges(), "a bridge")
    host.await_ports({"df-gre", "df-gre6", "df-vxlan", "df-vxlan6"})

    def types():
        return [host.get("Interface", "df-" + n, "type") for n in ("gre", "gre6", "vxlan6")]
    assert types() == ["gre", "ip6gre", "vxlan"]
    host.set(datapath_type="netdev")
    wait_until(lambda: types() == ["gre", "gre", "vxlan"], "the type of the userspace datapath")
    problems = host.workspace.close()
    assert not problems, "\n".join(problems)


def test_encapsulations_come_and_go(host):
    host.set(encap_type="vxlan,gre")
    view = host.await_view(lambda v: set(v["tunnels"]) == {"vxlan", "gre"}, "vxlan and gre")
    host.await_ports({"df-vxlan", "df-gre"})
    assert view["settings"]["encaps"] == ["vxlan", "gre"]
    host.set(encap_type=None)
    host.await_view(lambda v: set(v["tunnels"]) == {"geneve"}, "geneve")
    host.await_ports({"df-geneve"})


def test_bridge_mappings_make_pairs_of_patch_ports(host):
    host.vsctl("add-br", "br-ex", "--", "add-br", "br-vlan")
    host.set(bridge_mappings="physnet1:br-ex,physnet2:br-vlan")
    view = host.await_view(lambda v: len(v["providers"]) == 2, "two physical networks")
    host.await_ports({"df-geneve", "df-int-physnet1", "df-int-physnet2"})
    host.await_ports({"df-phy-physnet1"}, "br-ex")
    assert view["providers"] == {p: host.ofport("df-int-" + p) for p in ("physnet1", "physnet2")}
    assert host.get("Interface", "df-int-physnet1", "options:peer") == "df-phy-physnet1"
    assert host.get("Interface", "df-phy-physnet1", "options:peer") == "df-int-physnet1"

    host.set(bridge_mappings="physnet1:br-vlan")
    host.await_ports({"df-phy-physnet1"}, "br-vlan")
    host.await_ports(set(), "br-ex")
    host.await_view(lambda v: v["providers"] == {"physnet1": host.ofport("df-int-physnet1")},
                    "physnet1 alone")
    host.set(bridge_mappings=None)
    host.await_ports(set(), "br-vlan")
    host.await_ports({"df-geneve"})
    host.await_view(lambda v: not v["providers"], "no physical network")


def test_a_mapped_bridge_may_appear_later(host):
    host.set(bridge_mappings="physnet1:br-ex")
    wait_until(lambda: host.logged("bridge br-ex does not exist"), "a warning")
    host.plug("tap1", "p1")
    host.settled()
    assert host.logged("bridge br-ex does not exist") == 1
    assert host.ports() == {"df-geneve", "tap1"}
    assert "br-ex does not exist" in host.driver.appctl("status")

    host.vsctl("add-br", "br-ex")
    host.await_view(lambda v: "physnet1" in v["providers"], "physnet1")
    assert "br-ex does not exist" not in host.driver.appctl("status")

    host.vsctl("del-br", "br-ex")
    host.await_ports({"df-geneve", "tap1"})
    host.await_view(lambda v: not v["providers"], "no physical network")


def test_another_integration_bridge_takes_over(host):
    host.vsctl("add-br", "br-ex")
    host.set(bridge_mappings="physnet1:br-ex")
    host.plug("tap1", "p1")
    host.await_view(lambda v: "p1" in v["vifs"] and "physnet1" in v["providers"], "all of it")

    host.set(bridge="br0")
    host.await_view(lambda v: v["settings"]["bridge"] == "br0" and v["tunnels"]
                    and v["providers"] and not v["vifs"], "br0")
    host.await_ports({"df-geneve", "df-int-physnet1"}, "br0")
    host.await_ports({"tap1"}, "br-int")
    assert host.get("Bridge", "br0", "fail_mode") == "secure"

    host.set(bridge=None)
    host.await_view(lambda v: v["tunnels"] and v["providers"] and "p1" in v["vifs"], "br-int")
    host.await_ports(set(), "br0")


def test_a_bridge_that_is_there_is_used(bare):
    bare.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "fail_mode=standalone",
               "datapath_type=netdev", "other_config:hwaddr=02:00:00:00:00:01")
    uuid = bare.get("Bridge", "br-int", "_uuid")
    bare.set(system_id="c1", remote=REMOTE)
    wait_until(lambda: bare.get("Bridge", "br-int", "fail_mode") == "secure", "fail_mode=secure")
    bare.settled()
    assert bare.get("Bridge", "br-int", "_uuid") == uuid
    assert bare.get("Bridge", "br-int", "datapath_type") == "netdev"
    assert bare.get("Bridge", "br-int", "other_config:hwaddr") == "02:00:00:00:00:01"


def test_the_datapath_type_of_the_bridge(bare):
    bare.vsctl("add-br", "br-phy", "--", "set", "Bridge", "br-phy", "datapath_type=netdev")
    bare.set(system_id="c1", remote=REMOTE)
    bare.await_view(lambda v: v["bridge_ready"], "a bridge")
    # Nothing is configured, and the host has userspace bridges only.
    assert bare.get("Bridge", "br-int", "datapath_type") == "netdev"
    bare.set(datapath_type="system")
    wait_until(lambda: bare.get("Bridge", "br-int", "datapath_type") == "system", "system")
    # "What the bridge has".
    bare.set(datapath_type=None)
    bare.settled()
    assert bare.get("Bridge", "br-int", "datapath_type") == "system"
    # A second kind of bridge: the system's default.
    bare.set(bridge="br0")
    bare.await_view(lambda v: v["bridge_ready"] and v["settings"]["bridge"] == "br0", "br0")
    assert bare.get("Bridge", "br0", "datapath_type") == ""


def test_ml2_mode_leaves_the_bridges_alone(bare):
    bare.set(system_id="c1", remote=REMOTE, l2="ml2", encap_ip="192.0.2.1",
             encap_type="vxlan", bridge_mappings="physnet1:br-ex", datapath_type="system")
    bare.vsctl("add-br", "br-ex")
    bare.settled()
    assert bare.bridges() == {"br-ex"}
    assert bare.view()["settings"]["ml2"]
    bare.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "fail_mode=standalone",
               "datapath_type=netdev")
    bare.await_view(lambda v: "vxlan" in v["tunnels"], "the tunnel")
    bare.settled()
    assert bare.ports() == {"df-vxlan"}
    assert bare.ports("br-ex") == set()
    assert bare.get("Bridge", "br-int", "fail_mode") == "standalone"
    assert bare.get("Bridge", "br-int", "datapath_type") == "netdev"
    # And back.
    bare.set(l2=None)
    bare.await_view(lambda v: "physnet1" in v["providers"], "native mode")
    wait_until(lambda: bare.get("Bridge", "br-int", "fail_mode") == "secure", "fail_mode=secure")


@pytest.mark.parametrize("key,good,bad", [
    ("remote", "tcp:192.0.2.9:6641", "192.0.2.9"),
    ("bridge", "br0", "a-bridge-name-too-long"),
    ("bridge_mappings", "a:br-a", "a:br-a,a:br-b"),
    ("encap_type", "vxlan", "stt"),
    ("encap_ip", "192.0.2.9", "224.0.0.9"),
    ("gateway", "true", "yes"),
    ("l2", "ml2", "both"),
    ("fallback_timeout", "7", "-7"),
    ("datapath_type", "netdev", "dpdk"),
])
def test_a_wrong_value_is_logged_once_and_the_last_good_one_stays(host, key, good, bad):
    before = host.view()["settings"]
    host.set(**{key: good})
    view = host.await_view(lambda v: v["settings"] != before, "the new value")
    host.settled()
    good_settings = view["settings"]
    host.set(**{key: bad})
    message = "dragonflow-%s=%s: " % (key.replace("_", "-"), bad)
    wait_until(lambda: host.logged(message), "a warning about %s" % message)
    host.vsctl("--no-wait", "set", "Open_vSwitch", ".", "external_ids:unrelated=1")
    host.settled()
    assert host.view()["settings"] == good_settings
    assert host.logged(message) == 1
    assert message in host.driver.appctl("status")


def test_what_an_operator_removes_comes_back(host):
    host.vsctl("add-br", "br-ex")
    host.set(bridge_mappings="physnet1:br-ex")
    ports = {"df-geneve", "df-int-physnet1"}
    host.await_ports(ports)
    for bridge, port in (("br-int", "df-geneve"), ("br-int", "df-int-physnet1"),
                         ("br-ex", "df-phy-physnet1")):
        host.vsctl("--no-wait", "del-port", bridge, port)
        host.await_ports(ports)
        host.await_ports({"df-phy-physnet1"}, "br-ex")
    host.vsctl("--no-wait", "set", "Interface", "df-geneve", "options:remote_ip=192.0.2.99")
    wait_until(lambda: host.get("Interface", "df-geneve", "options:remote_ip") == "flow",
               "remote_ip=flow")
    host.vsctl("--no-wait", "clear", "Port", "df-geneve", "external_ids")
    wait_until(lambda: "dragonflow-tunnel" in host.get("Port", "df-geneve", "external_ids"),
               "the mark")
    host.vsctl("--no-wait", "set-fail-mode", "br-int", "standalone")
    wait_until(lambda: host.get("Bridge", "br-int", "fail_mode") == "secure", "fail_mode=secure")
    seqno = host.view()["seqno"]
    old = host.get("Bridge", "br-int", "_uuid")
    host.vsctl("--no-wait", "del-br", "br-int")
    wait_until(lambda: host.vsctl("--if-exists", "get", "Bridge", "br-int", "_uuid").strip()
               not in ("", old), "another br-int")
    host.await_view(lambda v: v["tunnels"] and v["providers"] and v["seqno"] > seqno,
                    "all of it")
    host.await_ports(ports)


def test_an_operators_own_options_stay(host):
    host.vsctl("--no-wait", "set", "Interface", "df-geneve", "options:tos=inherit",
               "external_ids:note=mine")
    host.set(encap_ip="192.0.2.2")
    wait_until(lambda: host.get("Interface", "df-geneve", "options:local_ip") == "192.0.2.2",
               "the new address")
    assert host.get("Interface", "df-geneve", "options:tos") == "inherit"
    assert host.get("Interface", "df-geneve", "external_ids:note") == "mine"


def test_what_is_not_marked_is_not_touched(host):
    host.vsctl("--no-wait", "add-port", "br-int", "foreign", "--", "set", "Interface", "foreign",
               "type=vxlan", "options:remote_ip=192.0.2.50", "options:key=5",
               "--", "add-port", "br-int", "df-vxlan", "--", "set", "Interface", "df-vxlan",
               "type=dummy")
    host.set(encap_type="geneve,vxlan")
    wait_until(lambda: host.logged("cannot add port df-vxlan"), "a warning")
    host.set(encap_type="gre")
    host.await_ports({"foreign", "df-vxlan", "df-gre"})
    assert host.get("Interface", "df-vxlan", "type") == "dummy"
    # The name becomes free.
    host.set(encap_type="vxlan")
    host.vsctl("--no-wait", "del-port", "df-vxlan")
    host.await_view(lambda v: "vxlan" in v["tunnels"], "the tunnel")


def test_a_port_in_the_way_of_the_bridge(bare):
    bare.vsctl("add-br", "br-other", "--", "add-port", "br-other", "br-int",
               "--", "set", "Interface", "br-int", "type=dummy")
    bare.set(system_id="c1", remote=REMOTE)
    wait_until(lambda: bare.logged("cannot create bridge br-int"), "a warning")
    bare.vsctl("--no-wait", "del-port", "br-other", "br-int")
    bare.await_view(lambda v: v["bridge_ready"], "the bridge")


def test_vifs_are_the_bridges_interfaces_with_an_iface_id(host):
    host.vsctl("add-br", "br-other")
    host.plug("tap0", "elsewhere", "br-other")
    host.vsctl("add-port", "br-int", "tap-anonymous", "--",
               "set", "Interface", "tap-anonymous", "type=dummy")
    host.plug("tap1", "p1")
    view = host.await_view(lambda v: v["vifs"], "p1")
    assert view["vifs"] == {"p1": host.ofport("tap1")}
    assert view["changed"] == ["p1"]

    # Plugged first, named later, renamed, unnamed.
    host.vsctl("set", "Interface", "tap-anonymous", "external_ids:iface-id=p2")
    host.await_view(lambda v: set(v["vifs"]) == {"p1", "p2"}, "p2")
    host.vsctl("set", "Interface", "tap-anonymous", "external_ids:iface-id=p3")
    view = host.await_view(lambda v: set(v["vifs"]) == {"p1", "p3"}, "p3 and not p2")
    assert set(view["changed"]) == {"p2", "p3"}
    host.vsctl("remove", "Interface", "tap-anonymous", "external_ids", "iface-id")
    host.await_view(lambda v: set(v["vifs"]) == {"p1"}, "not p3")

    # Another OpenFlow port number.
    host.vsctl("set", "Interface", "tap1", "ofport_request=77")
    view = host.await_view(lambda v: v["vifs"] == {"p1": 77}, "port 77")
    host.vsctl("del-port", "br-int", "tap1")
    host.await_view(lambda v: not v["vifs"], "nothing")


def test_an_interface_that_the_switch_cannot_make_is_no_vif(host):
    host.vsctl("--no-wait", "add-port", "br-int", "tap1", "--", "set", "Interface", "tap1",
               "type=no-such-type", "external_ids:iface-id=p1")
    wait_until(lambda: host.ofport("tap1") == -1, "ofport=-1")
    host.settled()
    assert host.view()["vifs"] == {}


def test_a_port_number_counts_as_soon_as_the_switch_has_told_it(host):
    """The database has it some milliseconds later, and then has the last word."""
    host.vswitchd.exit()
    host.vsctl("--no-wait", "add-port", "br-int", "tap1", "--", "set", "Interface", "tap1",
               "type=dummy", "external_ids:iface-id=p1")
    host.settled()
    assert host.view()["vifs"] == {}
    host.driver.appctl("tell", "tap1", "42")
    host.driver.appctl("tell", "tap2", "43")
    view = host.await_view(lambda v: v["vifs"] == {"p1": 42}, "port 42")
    assert view["changed"] == ["p1"]
    # Told before the row is seen.
    host.vsctl("--no-wait", "add-port", "br-int", "tap2", "--", "set", "Interface", "tap2",
               "type=dummy", "external_ids:iface-id=p2")
    host.await_view(lambda v: v["vifs"] == {"p1": 42, "p2": 43}, "port 43")
    host.driver.appctl("tell", "tap2", "0")
    host.await_view(lambda v: v["vifs"] == {"p1": 42}, "no port 43")
    host.vswitchd.start()
    host.await_view(lambda v: set(v["vifs"]) == {"p1", "p2"} and v["vifs"] == {
        "p1": host.ofport("tap1"), "p2": host.ofport("tap2")}, "what the database says")
    host.driver.appctl("tell", "tap1", "99")
    host.settled()
    assert host.view()["vifs"]["p1"] == host.ofport("tap1") != 99


def test_an_interface_with_an_error_is_no_vif_whatever_was_told(host):
    host.driver.appctl("tell", "tap1", "42")
    host.vsctl("--no-wait", "add-port", "br-int", "tap1", "--", "set", "Interface", "tap1",
               "type=no-such-type", "external_ids:iface-id=p1")
    wait_until(lambda: host.ofport("tap1") == -1, "ofport=-1")
    host.settled()
    assert host.view()["vifs"] == {}


def test_of_two_interfaces_with_one_iface_id_the_first_by_name_wins(host):
    host.plug("tap-b", "p1")
    host.await_view(lambda v: v["vifs"] == {"p1": host.ofport("tap-b")}, "tap-b")
    host.plug("tap-a", "p1")
    host.await_view(lambda v: v["vifs"] == {"p1": host.ofport("tap-a")}, "tap-a")
    host.plug("tap-c", "p1")
    host.settled()
    assert host.view()["vifs"] == {"p1": host.ofport("tap-a")}
    assert host.logged("both have iface-id p1") == 1
    host.vsctl("del-port", "tap-a")
    host.await_view(lambda v: v["vifs"] == {"p1": host.ofport("tap-b")}, "tap-b")


def test_the_view_changes_only_when_something_changed(host):
    host.plug("tap1", "p1")
    host.await_view(lambda v: v["vifs"], "p1")
    host.settled()
    seqno = host.view()["seqno"]
    host.vsctl("set", "Interface", "tap1", "external_ids:attached-mac=02:00:00:00:00:01",
               "--", "set", "Open_vSwitch", ".", "external_ids:unrelated=1",
               "--", "add-port", "br-int", "other", "--", "set", "Interface", "other",
               "type=dummy", "--", "add-br", "br-ex")
    host.settled()
    assert host.view()["seqno"] == seqno


def test_restart_of_ovsdb_server(host):
    host.plug("tap1", "p1")
    host.await_view(lambda v: v["vifs"], "p1")
    host.settled()
    before = host.view()
    host.db.kill()
    host.driver.appctl("version")
    host.db.start()
    host.plug("tap2", "p2")
    view = host.await_view(lambda v: set(v["vifs"]) == {"p1", "p2"}, "p2")
    assert view["tunnels"] == before["tunnels"]
    # Nothing was taken back in between.
    for view in host.views()[len(host.views()) - view["seqno"] + before["seqno"]:]:
        assert view["vifs"]["p1"] == before["vifs"]["p1"]
        assert view["bridge_ready"] and view["tunnels"] == before["tunnels"]


def test_changes_made_while_the_database_was_away_are_seen(host):
    host.plug("tap1", "p1")
    host.await_view(lambda v: v["vifs"], "p1")
    host.driver.appctl("version")
    pid = host.driver.pid
    os.kill(pid, 19)  # SIGSTOP: it sees nothing of what follows.
    try:
        host.vsctl("--no-wait", "del-port", "tap1", "--", "del-port", "df-geneve",
                   "--", "set", "Open_vSwitch", ".", "external_ids:dragonflow-encap-type=gre")
        host.db.restart()
    finally:
        os.kill(pid, 18)
    host.await_view(lambda v: not v["vifs"] and set(v["tunnels"]) == {"gre"}, "the new state")
    host.await_ports({"df-gre"})


def test_another_database_takes_the_place_of_the_old_one(host):
    host.plug("tap1", "p1")
    host.await_view(lambda v: v["vifs"], "p1")
    host.db.kill()
    host.vswitchd.kill()
    host.db.file.unlink()
    run([program("ovsdb-tool"), "create", host.db.file, OVS_SCHEMA])
    host.db.start()
    # It is quite empty at first: not even an Open_vSwitch row.
    view = host.await_view(lambda v: not v["bridge_ready"], "no bridge")
    assert not view["vifs"] and not view["tunnels"]
    assert view["settings"]["system_id"] == "c1"
    host.vsctl("--no-wait", "init")
    host.vswitchd.start()
    host.set(system_id="c2", remote=REMOTE, encap_ip="192.0.2.2", encap_type="vxlan")
    host.await_view(lambda v: v["settings"]["system_id"] == "c2" and set(v["tunnels"])
                    == {"vxlan"}, "the new chassis")
    host.plug("tap9", "p9")
    host.await_view(lambda v: set(v["vifs"]) == {"p9"}, "p9")


def test_restart_of_ovs_vswitchd(host):
    host.plug("tap1", "p1")
    before = host.await_view(lambda v: v["vifs"], "p1")
    host.vswitchd.kill()
    host.vswitchd.start()
    host.plug("tap2", "p2")
    view = host.await_view(lambda v: set(v["vifs"]) == {"p1", "p2"}, "p2")
    assert view["vifs"]["p1"] == before["vifs"]["p1"] == host.ofport("tap1")
    assert view["tunnels"] == before["tunnels"]


def test_no_database_at_first():
    host = Host()
    host.db.kill()
    host.driver.start()
    assert "not read yet" in host.driver.appctl("status")
    host.db.start()
    host.vswitchd.start()
    host.set(system_id="c1", remote=REMOTE)
    host.await_view(lambda v: v["bridge_ready"], "the bridge")
    assert not host.workspace.close()


def test_cleanup_removes_what_was_built_and_nothing_else(host):
    host.vsctl("add-br", "br-ex")
    host.set(bridge_mappings="physnet1:br-ex", encap_type="geneve,vxlan")
    host.plug("tap1", "p1")
    host.vsctl("add-port", "br-ex", "uplink", "--", "set", "Interface", "uplink", "type=dummy")
    host.await_ports({"df-geneve", "df-vxlan", "df-int-physnet1", "tap1"})
    host.driver.exit()
    assert host.ports() == {"tap1"}
    assert host.ports("br-ex") == {"uplink"}


def test_a_restart_leaves_everything_in_place(host):
    uuid = host.get("Port", "df-geneve", "_uuid")
    host.plug("tap1", "p1")
    before = host.await_view(lambda v: v["vifs"], "p1")
    host.driver.exit("--restart")
    host.driver.start()
    view = host.await_view(lambda v: v["seqno"] == 1, "the first view")
    host.settled()
    assert host.get("Port", "df-geneve", "_uuid") == uuid
    # The first view is complete: nothing is seen going and coming back.
    for column in ("settings", "bridge_ready", "tunnels", "vifs"):
        assert view[column] == before[column]
    assert host.view()["seqno"] == 1


def test_somebody_who_undoes_our_work_does_not_keep_us_busy(host):
    host.settled()
    end = time.monotonic() + 2
    undone = 0
    while time.monotonic() < end:
        host.vsctl("--no-wait", "--if-exists", "del-port", "df-geneve")
        undone += 1
    added = host.logged("adding geneve port df-geneve")
    # The burst, and then four a second.
    assert added <= 20 + 4 * 4, (added, undone)
    host.await_ports({"df-geneve"})


def test_plugging_a_port_costs_little_beside_hundreds(host):
    words = []
    for i in range(400):
        words += ["--", "add-port", "br-int", "t%d" % i, "--", "set", "Interface", "t%d" % i,
                  "type=dummy", "external_ids:iface-id=p%d" % i]
    host.vsctl(*words)
    host.await_view(lambda v: len(v["vifs"]) == 400, "400 interfaces")
    host.settled()
    start = int(host.driver.appctl("cpu"))
    n = 20
    for i in range(n):
        host.plug("x%d" % i, "q%d" % i)
    host.await_view(lambda v: len(v["vifs"]) == 400 + n, "%d more" % n)
    microseconds = (int(host.driver.appctl("cpu")) - start) / n
    # The sanitizers' share is not ours: about ten times.
    limit = 15000 if host.sanitized() else 1000
    print("%.0f us of CPU a port" % microseconds)
    assert microseconds < limit
