# SPDX-License-Identifier: Apache-2.0
"""A chassis whose integration bridge is programmed by Neutron's Open vSwitch agent.

What controller/chassis reads of the rows that the agent writes, and how it stays out of the
agent's way.  The agent's part is played by the class Agent, whose rows are those that the
agent of Neutron 21 was seen to write, in the same order.
"""
import collections
import random
import re

import pytest

from dfharness.process import program, run, wait_until
from ovs_host import REMOTE

DEAD = 4095


class Agent:
    """Neutron's agent on a host, as its database sees it."""

    def __init__(self, host):
        self.host = host

    def add_bridges(self, *bridges):
        for bridge in bridges:
            self.host.vsctl("add-br", bridge, "--", "set", "Bridge", bridge, "fail_mode=secure")

    def patch(self, bridge, name, peer, tag=None, **external_ids):
        words = ["--", "set", "Port", name, "tag=%d" % tag] if tag else []
        for key, value in external_ids.items():
            words += ["--", "set", "Interface", name,
                      "external_ids:%s=%s" % (key.replace("_", "-"), value)]
        self.host.vsctl("--no-wait", "add-port", bridge, name, "--", "set", "Interface", name,
                        "type=patch", "options:peer=" + peer, *words)

    def connect_tunnels(self):
        self.patch("br-int", "patch-tun", "patch-int")
        self.patch("br-tun", "patch-int", "patch-tun")

    def connect(self, bridge):
        """Like the agent: first to nowhere, so that nothing loops, then to each other."""
        ours, theirs = "int-" + bridge, "phy-" + bridge
        self.patch("br-int", ours, "nonexistent-peer")
        self.patch(bridge, theirs, "nonexistent-peer")
        self.host.vsctl("--no-wait", "set", "Interface", ours, "options:peer=" + theirs)
        self.host.vsctl("--no-wait", "set", "Interface", theirs, "options:peer=" + ours)

    def plug_dead(self, name, iface_id):
        """Neutron's other agents and Nova plug a port; it is dead until it is wired."""
        self.host.vsctl("add-port", "br-int", name, "--", "set", "Interface", name, "type=dummy",
                        "external_ids:iface-id=" + iface_id, "external_ids:iface-status=active",
                        "--", "set", "Port", name, "tag=%d" % DEAD, "vlan_mode=trunk",
                        "trunks=%d" % DEAD)

    def name_network(self, name, network, vlan):
        self.host.vsctl("--no-wait", "set", "Port", name, "other_config:net_uuid=" + network,
                        "other_config:network_type=vxlan", "other_config:physical_network=None",
                        "other_config:segmentation_id=%d" % (1000 + vlan),
                        "other_config:tag=%d" % vlan)

    def set_tag(self, name, vlan):
        self.host.vsctl("--no-wait", "set", "Port", name, "tag=%d" % vlan,
                        "--", "clear", "Port", name, "vlan_mode",
                        "--", "clear", "Port", name, "trunks")

    def wire(self, name, network, vlan):
        """The network first, and the VLAN when the security group is in force."""
        self.name_network(name, network, vlan)
        self.set_tag(name, vlan)

    def plug(self, name, iface_id, network, vlan):
        self.plug_dead(name, iface_id)
        self.wire(name, network, vlan)

    def shut(self, name):
        self.host.vsctl("--no-wait", "set", "Port", name, "tag=%d" % DEAD)


@pytest.fixture
def agent(bare):
    """A host with the agent's bridges, one of them for physnet1, and the add-on."""
    agent = Agent(bare)
    agent.add_bridges("br-int", "br-tun", "br-ex")
    agent.connect_tunnels()
    agent.connect("br-ex")
    bare.set(system_id="c1", remote=REMOTE, l2="ml2", encap_type="vxlan",
             encap_ip="192.0.2.1", bridge_mappings="physnet1:br-ex")
    bare.await_view(lambda v: v["tunnels"] and v["providers"] and v["reinject"],
                    "all that the agent has made")
    return agent


# --- Ports and their VLANs


def test_a_port_is_there_when_the_agent_has_given_it_its_vlan(agent):
    host = agent.host
    agent.plug_dead("tap1", "p1")
    host.settled()
    assert host.view()["vifs"] == {}
    # The network is known before the security group is in force.
    agent.name_network("tap1", "net-a", 1)
    host.settled()
    assert host.view()["vifs"] == {} and host.view()["local_vlans"] == {}

    agent.set_tag("tap1", 1)
    view = host.await_view(lambda v: v["vifs"], "p1")
    assert view["vifs"] == {"p1": host.ofport("tap1")}
    assert view["local_vlans"] == {"net-a": 1}
    assert view["changed"] == ["p1"] and view["changed_local_vlans"] == ["net-a"]

    # As when somebody sets the port's admin_state_up to false.
    agent.shut("tap1")
    view = host.await_view(lambda v: not v["vifs"], "no port")
    assert view["local_vlans"] == {}
    assert view["changed"] == ["p1"] and view["changed_local_vlans"] == ["net-a"]
    agent.set_tag("tap1", 1)
    host.await_view(lambda v: "p1" in v["vifs"] and v["local_vlans"] == {"net-a": 1}, "p1 again")


def test_a_port_without_any_vlan_is_not_there_yet(agent):
    host = agent.host
    host.plug("tap1", "p1")
    host.settled()
    assert host.view()["vifs"] == {}
    agent.wire("tap1", "net-a", 4094)
    host.await_view(lambda v: "p1" in v["vifs"] and v["local_vlans"] == {"net-a": 4094}, "p1")
    host.vsctl("--no-wait", "clear", "Port", "tap1", "tag")
    host.await_view(lambda v: not v["vifs"] and not v["local_vlans"], "no port")
    # VLAN 0 is no VLAN.
    host.vsctl("--no-wait", "set", "Port", "tap1", "tag=0")
    host.settled()
    assert host.view()["vifs"] == {} and host.view()["local_vlans"] == {}


def test_of_two_interfaces_with_one_iface_id_the_wired_one_counts(agent):
    host = agent.host
    agent.plug_dead("tap-a", "p1")
    agent.plug("tap-b", "p1", "net-a", 1)
    host.await_view(lambda v: v["vifs"] == {"p1": host.ofport("tap-b")}, "tap-b")
    agent.wire("tap-a", "net-a", 1)
    host.await_view(lambda v: v["vifs"] == {"p1": host.ofport("tap-a")}, "tap-a")


def test_every_network_with_a_port_has_its_vlan(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    agent.plug("tap2", "p2", "net-b", 2)
    # A router port counts as well, though it is no logical port.
    host.vsctl("add-port", "br-int", "qr-3", "tag=3", "--", "set", "Interface", "qr-3",
               "type=internal", "--", "set", "Port", "qr-3", "other_config:net_uuid=net-c")
    host.await_view(lambda v: v["local_vlans"] == {"net-a": 1, "net-b": 2, "net-c": 3},
                    "three networks")
    # Neither of these does: not a network's port, and not the integration bridge's.
    host.vsctl("--no-wait", "add-port", "br-int", "ha-4", "tag=4",
               "--", "set", "Interface", "ha-4", "type=dummy",
               "--", "set", "Port", "ha-4", "other_config:net_uuid=\"\"",
               "--", "add-port", "br-int", "x-5", "tag=5", "--", "set", "Interface", "x-5",
               "type=dummy", "--", "add-port", "br-ex", "x-6", "tag=6",
               "--", "set", "Interface", "x-6", "type=dummy",
               "--", "set", "Port", "x-6", "other_config:net_uuid=net-f")
    host.settled()
    assert host.view()["local_vlans"] == {"net-a": 1, "net-b": 2, "net-c": 3}

    host.vsctl("--no-wait", "del-port", "tap1")
    view = host.await_view(lambda v: v["local_vlans"] == {"net-b": 2, "net-c": 3}, "not net-a")
    assert view["changed_local_vlans"] == ["net-a"]
    # The port's network changes (nobody does it; but it is only a row).
    host.vsctl("--no-wait", "set", "Port", "tap2", "other_config:net_uuid=net-a")
    host.await_view(lambda v: v["local_vlans"] == {"net-a": 2, "net-c": 3}, "net-a")


def test_where_the_ports_of_a_network_disagree_the_majority_counts(agent):
    host = agent.host
    for i, vlan in enumerate((9, 5, 9, 5, 9)):
        agent.plug("tap%d" % i, "p%d" % i, "net-a", vlan)
    host.await_view(lambda v: len(v["vifs"]) == 5 and v["local_vlans"] == {"net-a": 9}, "VLAN 9")
    assert host.logged("network net-a: its ports are in different local VLANs") == 1
    # Two and two: the lower one.
    host.vsctl("--no-wait", "del-port", "tap4")
    view = host.await_view(lambda v: v["local_vlans"] == {"net-a": 5}, "VLAN 5")
    assert view["changed_local_vlans"] == ["net-a"]
    agent.set_tag("tap1", 9)
    host.await_view(lambda v: v["local_vlans"] == {"net-a": 9}, "VLAN 9")
    assert host.logged("network net-a: its ports are in different local VLANs") == 1


def test_a_restarted_agent_may_number_the_networks_anew(agent):
    host = agent.host
    for i in range(3):
        agent.plug("a%d" % i, "pa%d" % i, "net-a", 1)
        agent.plug("b%d" % i, "pb%d" % i, "net-b", 2)
    host.await_view(lambda v: v["local_vlans"] == {"net-a": 1, "net-b": 2}, "both networks")
    for i in range(3):
        agent.wire("a%d" % i, "net-a", 2)
        agent.wire("b%d" % i, "net-b", 1)
    host.await_view(lambda v: v["local_vlans"] == {"net-a": 2, "net-b": 1}, "the other way round")
    # No port was gone in between.
    assert len(host.views()[-1]["vifs"]) == 6
    assert all(len(v["vifs"]) == 6 for v in host.views()
               if v["local_vlans"].get("net-a") == 2 or v["local_vlans"].get("net-b") == 1)


def expected_from_rows(host):
    """What the view must say about ports and networks, computed from scratch."""
    counts = collections.defaultdict(collections.Counter)
    vifs = set()
    for row in host.db.rows("Port", columns=["name", "tag", "other_config"]):
        if row["name"].startswith("rnd") and row["tag"] not in (["set", []], DEAD):
            vifs.add("p-" + row["name"])
            for _, network in row["other_config"][1]:
                counts[network][row["tag"]] += 1
    return vifs, {network: min(tags, key=lambda tag: (-tags[tag], tag))
                  for network, tags in counts.items()}


def change_at_random(host, choose, plugged):
    name = "rnd%d" % choose.randrange(8)
    action = choose.choice(("unplug", "tag", "tag", "tag", "network", "network"))
    if name not in plugged:
        words = ["add-port", "br-int", name, "--", "set", "Interface", name, "type=dummy",
                 "external_ids:iface-id=p-" + name]
        plugged.add(name)
    elif action == "unplug":
        words = ["del-port", name]
        plugged.remove(name)
    elif action == "tag":
        words = ["set", "Port", name, "tag=" + choose.choice(("1", "2", "3", str(DEAD), "[]"))]
    else:
        words = ["set", "Port", name, "other_config:net_uuid=net-" + choose.choice("ab")]
    host.vsctl("--no-wait", *words)


def test_any_sequence_of_changes_ends_with_what_the_rows_say(agent):
    host = agent.host
    choose = random.Random(1)
    plugged = set()
    networks = 0
    for _ in range(6):
        for _ in range(25):
            change_at_random(host, choose, plugged)
        host.vsctl("set", "Open_vSwitch", ".", "external_ids:x=1")  # Waits for the switch.
        host.settled()
        vifs, local_vlans = expected_from_rows(host)
        assert set(host.view()["vifs"]) == vifs
        assert host.view()["local_vlans"] == local_vlans
        networks += len(local_vlans)
    assert networks > 6


# --- The agent's patch ports


def test_the_agents_patch_ports_lead_to_the_mapped_bridges(agent):
    host = agent.host
    assert host.view()["providers"] == {"physnet1": host.ofport("int-br-ex")}
    # A second bridge, mapped before it exists.
    host.set(bridge_mappings="physnet1:br-ex,physnet2:br-vlan")
    wait_until(lambda: "bridge br-vlan does not exist" in host.driver.appctl("status"), "a warning")
    agent.add_bridges("br-vlan")
    wait_until(lambda: "not connected bridge br-vlan" in host.driver.appctl("status"), "another")
    assert set(host.view()["providers"]) == {"physnet1"}
    agent.connect("br-vlan")
    view = host.await_view(lambda v: "physnet2" in v["providers"], "physnet2")
    assert view["providers"] == {"physnet1": host.ofport("int-br-ex"),
                                 "physnet2": host.ofport("int-br-vlan")}
    assert "warning" not in host.driver.appctl("status")
    # We add none of our own.
    assert host.ports() == {"patch-tun", "int-br-ex", "int-br-vlan", "df-vxlan"}
    assert host.ports("br-ex") == {"phy-br-ex"} and host.ports("br-vlan") == {"phy-br-vlan"}

    host.vsctl("--no-wait", "del-port", "br-vlan", "phy-br-vlan")
    host.await_view(lambda v: set(v["providers"]) == {"physnet1"}, "not physnet2")
    host.vsctl("--no-wait", "set", "Interface", "int-br-ex", "options:peer=nonexistent-peer")
    host.await_view(lambda v: not v["providers"], "no physical network")
    host.vsctl("--no-wait", "set", "Interface", "int-br-ex", "options:peer=phy-br-ex")
    host.await_view(lambda v: set(v["providers"]) == {"physnet1"}, "physnet1")
    host.set(bridge_mappings=None)
    host.await_view(lambda v: not v["providers"], "no mapping")


def test_packets_are_reinjected_as_from_the_best_patch_port(agent):
    host = agent.host

    def reinject(name):
        host.await_view(lambda v: v["reinject"] == (host.ofport(name) if name else 0),
                        "re-injection as from %s" % name)

    # A trunk port of the agent, and a patch port towards a bridge that is not mapped.
    agent.add_bridges("br-aaa", "tbr-1")
    agent.connect("br-aaa")
    agent.patch("br-int", "aa-tpt", "tpi", iface_id="p1")
    agent.patch("tbr-1", "tpi", "aa-tpt")
    agent.patch("br-int", "aa-spt", "spi", tag=7)
    agent.patch("tbr-1", "spi", "aa-spt")
    wait_until(lambda: host.ofport("aa-spt") and host.ofport("aa-tpt"), "the trunk's ports")
    host.settled()
    reinject("patch-tun")
    # An operator without tunnels.
    host.vsctl("del-port", "br-int", "patch-tun")
    reinject("int-br-ex")
    host.set(bridge_mappings="physnet1:br-ex,physnet2:br-aaa")
    reinject("int-br-aaa")
    host.set(bridge_mappings="physnet1:br-ex")
    reinject("int-br-ex")
    host.vsctl("del-port", "br-int", "int-br-ex")
    reinject("int-br-aaa")
    host.vsctl("del-port", "br-int", "int-br-aaa")
    reinject(None)
    assert "re-injection: port 0 (impossible)" in host.driver.appctl("status")
    agent.patch("br-int", "patch-tun", "patch-int")
    reinject("patch-tun")
    # Another number.
    host.vsctl("set", "Interface", "patch-tun", "ofport_request=99")
    host.await_view(lambda v: v["reinject"] == 99, "port 99")


def test_an_interface_called_like_the_tunnels_patch_port_is_none(agent):
    host = agent.host
    host.vsctl("del-port", "br-int", "patch-tun")
    host.vsctl("add-port", "br-int", "patch-tun", "--", "set", "Interface", "patch-tun",
               "type=dummy")
    host.await_view(lambda v: v["reinject"] == host.ofport("int-br-ex"), "int-br-ex")
    host.vsctl("set", "Interface", "patch-tun", "type=patch", "options:peer=patch-int")
    host.await_view(lambda v: v["reinject"] == host.ofport("patch-tun"), "patch-tun")
    host.vsctl("set", "Interface", "patch-tun", "type=dummy")
    host.await_view(lambda v: v["reinject"] == host.ofport("int-br-ex"), "int-br-ex again")


# --- Our tunnel ports


def test_our_tunnel_ports_are_in_the_dead_vlan(agent):
    host = agent.host
    assert host.get("Port", "df-vxlan", "tag") == str(DEAD)
    for change in (("clear", "Port", "df-vxlan", "tag"), ("set", "Port", "df-vxlan", "tag=5"),
                   ("set", "Port", "df-vxlan", "tag=0")):
        host.vsctl("--no-wait", *change)
        wait_until(lambda: host.get("Port", "df-vxlan", "tag") == str(DEAD), "the dead VLAN")
    host.vsctl("--no-wait", "set", "Port", "df-vxlan", "vlan_mode=trunk", "trunks=1,2")
    wait_until(lambda: host.get("Port", "df-vxlan", "vlan_mode") == "access", "an access port")
    # The ports of others are left as they are.
    host.vsctl("--no-wait", "set", "Port", "patch-tun", "tag=6")
    host.settled()
    assert host.get("Port", "patch-tun", "tag") == "6"


def test_a_patch_port_in_a_vlan_leads_to_no_bridge(agent):
    host = agent.host
    host.vsctl("--no-wait", "set", "Port", "patch-tun", "tag=6")
    host.await_view(lambda v: v["reinject"] == host.ofport("int-br-ex"), "int-br-ex")
    host.vsctl("--no-wait", "clear", "Port", "patch-tun", "tag")
    host.await_view(lambda v: v["reinject"] == host.ofport("patch-tun"), "patch-tun")


def test_nothing_is_flooded_to_a_tunnel_port_but_output_to_it_works(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    agent.plug("tap2", "p2", "net-a", 1)
    host.await_view(lambda v: len(v["vifs"]) == 2, "two ports")
    # The dummy datapath takes tunnel ports for ordinary ones, each with its own number.
    numbers = dict(re.findall(r"(\S+) \d+/(\d+):", host.vswitchd.appctl("dpif/show")))

    def reached(action, name="tap1"):
        """The ports that a broadcast of 'name' reaches."""
        run([program("ovs-ofctl"), "add-flow", "unix:" + str(host.dir / "br-int.mgmt"),
             "priority=1,actions=" + action])
        trace = host.vswitchd.appctl(
            "ofproto/trace", "br-int", "in_port=%d,dl_src=02:00:00:00:00:01,"
            "dl_dst=ff:ff:ff:ff:ff:ff" % host.ofport(name))
        outputs = re.findall(r"\b\d+\b", re.search(r"Datapath actions: (.*)", trace)[1])
        return {name for name in ("tap1", "tap2", "df-vxlan") if numbers[name] in outputs}

    assert reached("output:%d" % host.ofport("df-vxlan")) == {"df-vxlan"}
    assert reached("NORMAL") == {"tap2"}
    # As an ordinary port it would be flooded to.
    host.driver.exit("--restart")
    host.vsctl("clear", "Port", "df-vxlan", "tag")
    assert reached("NORMAL") == {"tap2", "df-vxlan"}


# --- Modes, restarts


def test_the_mode_may_change_while_running(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    agent.plug_dead("tap2", "p2")
    before = host.await_view(lambda v: v["vifs"], "p1")
    assert set(before["vifs"]) == {"p1"}

    host.set(l2="native")
    view = host.await_view(lambda v: v["providers"] == {"physnet1": host.ofport("df-int-physnet1")}
                           and set(v["vifs"]) == {"p1", "p2"}, "native mode")
    assert view["local_vlans"] == {} and view["reinject"] == 0
    wait_until(lambda: host.get("Port", "df-vxlan", "tag") == "[]", "no tag")
    # A VLAN means nothing now; but a tag on our tunnel port is not ours.
    host.settled()
    seqno = host.view()["seqno"]
    host.vsctl("--no-wait", "set", "Port", "tap1", "tag=9", "other_config:net_uuid=net-z",
               "--", "set", "Port", "df-vxlan", "tag=3")
    wait_until(lambda: host.get("Port", "df-vxlan", "tag") == "[]", "no tag again")
    host.settled()
    assert host.view()["seqno"] == seqno

    host.set(l2="ml2")
    view = host.await_view(lambda v: v["local_vlans"] == {"net-z": 9} and set(v["vifs"]) == {"p1"}
                           and v["reinject"] == before["reinject"]
                           and v["providers"] == before["providers"], "ml2 mode")
    wait_until(lambda: host.get("Port", "df-vxlan", "tag") == str(DEAD), "the dead VLAN")
    host.await_ports({"patch-tun", "int-br-ex", "df-vxlan", "tap1", "tap2"})
    host.await_ports({"phy-br-ex"}, "br-ex")


def test_the_bridges_appear_while_we_wait(bare):
    agent = Agent(bare)
    bare.set(system_id="c1", remote=REMOTE, l2="ml2", encap_type="vxlan",
             encap_ip="192.0.2.1", bridge_mappings="physnet1:br-ex")
    wait_until(lambda: bare.logged("made by Neutron's agent"), "a warning")
    assert bare.bridges() == set()
    agent.add_bridges("br-int", "br-tun", "br-ex")
    agent.connect("br-ex")
    agent.connect_tunnels()
    agent.plug("tap1", "p1", "net-a", 1)
    view = bare.await_view(lambda v: v["tunnels"] and v["providers"] and v["local_vlans"]
                           and v["reinject"] == bare.ofport("patch-tun"), "all of it")
    assert view["vifs"] == {"p1": bare.ofport("tap1")}
    # Never for a moment was the tunnel port without its tag.
    assert not bare.logged("isolating it in the dead VLAN")
    assert bare.get("Port", "df-vxlan", "tag") == str(DEAD)
    assert "warning" not in bare.driver.appctl("status")


def test_another_integration_bridge_has_other_vlans(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    host.await_view(lambda v: v["local_vlans"], "net-a")
    agent.add_bridges("br0")
    host.vsctl("add-port", "br0", "tap2", "tag=8", "--", "set", "Interface", "tap2", "type=dummy",
               "external_ids:iface-id=p2", "--", "set", "Port", "tap2",
               "other_config:net_uuid=net-b")
    host.set(bridge="br0")
    view = host.await_view(lambda v: v["local_vlans"] == {"net-b": 8} and v["tunnels"], "br0")
    assert set(view["vifs"]) == {"p2"} and view["reinject"] == 0 and view["providers"] == {}
    assert host.get("Port", "df-vxlan", "tag") == str(DEAD)


def test_the_view_does_not_change_with_what_does_not_matter(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    host.await_view(lambda v: v["vifs"], "p1")
    host.settled()
    seqno = host.view()["seqno"]
    host.vsctl("set", "Port", "tap1", "other_config:segmentation_id=77", "external_ids:x=1",
               "--", "add-port", "br-tun", "vxlan-c0000202", "--", "set", "Interface",
               "vxlan-c0000202", "type=vxlan", "options:remote_ip=192.0.2.2",
               "options:local_ip=192.0.2.1", "options:in_key=flow", "options:out_key=flow",
               "--", "set", "Port", "patch-tun", "other_config:mcast-snooping-flood=False",
               "--", "set", "Interface", "int-br-ex", "external_ids:x=1")
    host.settled()
    assert host.view()["seqno"] == seqno


def test_restart_of_ovsdb_server_takes_nothing_back(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    before = host.await_view(lambda v: v["vifs"], "p1")
    host.settled()
    before = host.view()
    host.db.kill()
    host.driver.appctl("version")
    host.db.start()
    agent.plug("tap2", "p2", "net-b", 2)
    host.await_view(lambda v: set(v["vifs"]) == {"p1", "p2"}, "p2")
    for view in [v for v in host.views() if v["seqno"] > before["seqno"]]:
        assert view["vifs"]["p1"] == before["vifs"]["p1"]
        assert view["local_vlans"]["net-a"] == 1
        for column in ("tunnels", "providers", "reinject"):
            assert view[column] == before[column]


def test_a_first_view_is_complete(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    before = host.await_view(lambda v: v["vifs"], "p1")
    host.driver.exit("--restart")
    host.driver.start()
    view = host.await_view(lambda v: v["seqno"] == 1, "the first view")
    for column in ("tunnels", "providers", "vifs", "local_vlans", "reinject"):
        assert view[column] == before[column]
    host.settled()
    assert host.view()["seqno"] == 1


def test_cleanup_leaves_the_agents_ports(agent):
    host = agent.host
    agent.plug("tap1", "p1", "net-a", 1)
    host.await_view(lambda v: v["vifs"], "p1")
    host.driver.exit()
    assert host.ports() == {"patch-tun", "int-br-ex", "tap1"}
    assert host.ports("br-ex") == {"phy-br-ex"} and host.ports("br-tun") == {"patch-int"}


def test_wiring_a_port_costs_little_beside_hundreds(agent):
    host = agent.host
    words = []
    for i in range(400):
        name = "t%d" % i
        words += ["--", "add-port", "br-int", name, "tag=%d" % (1 + i % 4),
                  "--", "set", "Interface", name, "type=dummy", "external_ids:iface-id=p%d" % i,
                  "--", "set", "Port", name, "other_config:net_uuid=net-%d" % (i % 4)]
    host.vsctl(*words)
    host.await_view(lambda v: len(v["vifs"]) == 400, "400 interfaces")
    host.settled()
    start = int(host.driver.appctl("cpu"))
    n = 20
    for i in range(n):
        agent.plug("x%d" % i, "q%d" % i, "net-0", 1)
    host.await_view(lambda v: len(v["vifs"]) == 400 + n, "%d more" % n)
    plugging = (int(host.driver.appctl("cpu")) - start) / n
    # Each port off and on again: no port comes or goes, so nobody walks over the bridge.
    start = int(host.driver.appctl("cpu"))
    for i in range(n):
        agent.shut("x%d" % i)
    host.await_view(lambda v: len(v["vifs"]) == 400, "%d less" % n)
    shutting = (int(host.driver.appctl("cpu")) - start) / n
    print("%.0f us of CPU to wire a port, %.0f us to shut one off" % (plugging, shutting))
    # The sanitizers' share is not ours: about ten times.
    factor = 15 if host.sanitized() else 1
    assert plugging < 1500 * factor
    assert shutting < 300 * factor
