# SPDX-License-Identifier: Apache-2.0
"""The DevStack plugin, on one node and on two, in both modes: what holds after each phase.

A node's whole life, from before stack.sh to after clean.sh, is lived once; the tests look
at what was found after each phase."""
import re
import types

import pytest

from dfharness import run, wait_until
from dfharness.process import TOP, program

SINGLE = "local.conf.single-node"
CONTROLLER, COMPUTE = "local.conf.multi-node-controller", "local.conf.multi-node-compute"


def look(node):
    """What there is now."""
    return types.SimpleNamespace(
        running=node.running, external_ids=node.external_ids, ours=node.ours, ports=node.ports,
        neutron_conf=node.neutron_conf, ml2_conf=node.ml2_conf, tempest_conf=node.tempest_conf,
        data=sorted(p.name for p in node.data_dir.glob("*")), link=node.link.is_symlink(),
        build=(node.plugin_dir / "build/release").exists(),
        status=node.status() if "df-controller" in node.running else None,
        chassis=sorted(row.split()[0] for row in node.dfctl(
            "--no-headings", "chassis-list").splitlines() if row.strip())
        if "df-nb" in node.running else None, lines=list(node.lines))


def live(node):
    """The whole life of a node."""
    seen = {"before": look(node)}
    for phase in node.script("stack"):
        if phase == "stack extra" and node.ours.get("dragonflow-l2") == "ml2":
            # Given soon after all else is in the switch.
            wait_until(lambda: "lease: held" in node.status(), node.status)
        seen[phase] = look(node)
    for script in ("unstack", "clean"):
        node.run_script(script)
        seen[script] = look(node)
    return seen


@pytest.fixture(scope="module")
def ml2(make_nodes):
    with make_nodes((SINGLE, {})) as (node,):
        seen = live(node)
        seen["node"] = node
        yield seen


@pytest.fixture(scope="module")
def native(make_nodes):
    with make_nodes((SINGLE, {"DRAGONFLOW_L2": "native"})) as (node,):
        yield live(node)


@pytest.fixture(scope="module", params=["ml2", "native"])
def seen(request):
    return request.getfixturevalue(request.param)


# --- The phases -----------------------------------------------------------------

def test_pre_install_only_installs_packages(seen):
    assert "install_package make git openvswitch-switch" in seen["stack pre-install"].lines
    assert not any(line.startswith("make") for line in seen["stack pre-install"].lines)


def test_install_builds_from_the_checkout(seen):
    before, after = seen["stack pre-install"], seen["stack install"]
    made = [line for line in after.lines if line.startswith(("make", "setup_develop"))]
    assert [line.split("/")[-1] for line in made] == ["dragonflow build", "neutron"]
    assert not before.build and after.build
    assert after.link and not before.link
    assert not after.running


def test_post_config_starts_the_northbound_database_with_the_schema(seen):
    after = seen["stack post-config"]
    assert seen["stack install"].running == []
    assert after.running == ["df-controller", "df-nb"]
    assert {"nb.db", "nb.sock", "nb.pid", "nb.ctl"} <= set(after.data)
    assert after.chassis is not None  # dfctl, which knows the schema, has read it.


def test_post_config_gives_the_chassis_its_name(seen):
    after = seen["stack post-config"]
    assert seen["before"].ours == {}
    assert after.external_ids["hostname"] == "c1"
    assert after.external_ids["system-id"] == "c1"
    assert after.ours["dragonflow-remote"].startswith("tcp:127.0.0.1:")
    assert {**after.ours, "dragonflow-remote": None, "dragonflow-l2": None} == {
        "dragonflow-remote": None, "dragonflow-l2": None,
        "dragonflow-bridge": "br-int", "dragonflow-bridge-mappings": "public:br-ex",
        "dragonflow-encap-type": "vxlan", "dragonflow-encap-ip": "172.31.0.1",
        "dragonflow-fallback-timeout": "30"}


def test_after_extra_the_controller_is_connected_and_has_programmed_the_switch(seen):
    after = seen["stack extra"]
    assert after.chassis == ["c1"]
    assert "NB database: connected" in after.status
    assert "0 not yet confirmed" in after.status
    assert "state: synced" in after.status
    assert "df-vxlan" in after.ports


def test_neutron_finds_the_database(seen):
    after = seen["stack extra"]
    assert after.ml2_conf["dragonflow"]["nb_connection"] == after.ours["dragonflow-remote"]
    assert after.neutron_conf["DEFAULT"]["service_plugins"] == "dragonflow"
    assert after.neutron_conf["DEFAULT"]["core_plugin"] == "ml2"


def test_every_option_that_is_written_exists(seen):
    """Those of the Python package, and the keys that the operator's guide has."""
    config = (TOP / "neutron/networking_dragonflow/config.py").read_text()
    for option in seen["stack extra"].ml2_conf["dragonflow"]:
        assert "Opt('%s'" % option in config
    guide = (TOP / "docs/operator-guide.md").read_text()
    for key in seen["stack extra"].ours:
        assert "| `%s` |" % key in guide


def test_unstack_stops_both_services_and_takes_the_chassis_out(seen):
    before, after = seen["stack test-config"], seen["unstack"]
    assert before.running == ["df-controller", "df-nb"] and after.running == []
    assert "df-vxlan" in before.ports and "df-vxlan" not in after.ports
    # What is not ours stays, and so does what clean removes.
    assert {p for p in before.ports if not p.startswith("df-")} == set(after.ports)
    assert after.ours and after.data and after.build


def test_clean_leaves_nothing(seen):
    after = seen["clean"]
    assert after.ours == {} and after.data == []
    assert not after.link and not after.build
    assert after.ports == seen["unstack"].ports
    assert after.external_ids["system-id"] == "c1"


# --- The modes --------------------------------------------------------------------

def test_beside_the_agent_nothing_of_it_is_replaced(ml2):
    after = ml2["stack extra"]
    assert after.ml2_conf["ml2"]["mechanism_drivers"] == "openvswitch,dragonflow"
    assert set(after.ml2_conf["dragonflow"]) == {"nb_connection"}
    (services,) = [line for line in after.lines if line.startswith("services ")]
    assert "neutron-trunk" in services
    assert after.ours["dragonflow-l2"] == "ml2"
    assert "br-int (ready, ml2 mode)" in after.status
    assert "patch-tun" in after.ports and "patch-tun" in ml2["clean"].ports
    assert after.tempest_conf == {"DEFAULT": {}}


def test_native_mode_does_without_the_agent(native):
    after = native["stack extra"]
    assert after.ml2_conf["ml2"]["mechanism_drivers"] == "dragonflow"
    assert after.ml2_conf["dragonflow"] == {
        "nb_connection": after.ours["dragonflow-remote"], "integration_bridge": "br-int",
        "allow_port_security_without_enforcement": "False"}
    assert after.ours["dragonflow-l2"] == "native"
    assert "br-int (ready" in after.status and "ml2" not in after.status
    (services,) = [line for line in after.lines if line.startswith("services ")]
    assert "q-agt" not in services and "neutron-trunk" not in services


def test_native_mode_tells_tempest_what_is_not_there(native):
    assert native["stack extra"].tempest_conf == {"DEFAULT": {}}
    assert native["stack test-config"].tempest_conf["network-feature-enabled"] == {
        "port_security": "False", "ipv6": "False", "floating_ips": "False"}


def test_a_second_stack_starts_with_an_empty_database(make_nodes):
    with make_nodes((SINGLE, {})) as (node,):
        node.run_script("stack")
        node.dfctl("net-add", "n1", "type=vxlan")
        node.run_script("unstack")
        node.run_script("stack")
        assert node.dfctl("net-list").count("n1") == 0
        assert look(node).chassis == ["c1"]


@pytest.mark.parametrize("settings, drivers, plugins", [
    ({"Q_DVR_MODE": "dvr_snat"}, "openvswitch,l2population,dragonflow", "dragonflow"),
    ({"Q_ML2_PLUGIN_MECHANISM_DRIVERS": "sriovnicswitch,openvswitch"},
     "sriovnicswitch,openvswitch,dragonflow", "dragonflow"),
    ({"ML2_L3_PLUGIN": "trunk,router"}, "openvswitch,dragonflow", "trunk,dragonflow")],
    ids=["dvr", "other drivers", "other plugins"])
def test_what_else_is_configured_stays(make_nodes, settings, drivers, plugins):
    with make_nodes((SINGLE, settings)) as (node,):
        node.run_script("stack")
        assert node.ml2_conf["ml2"]["mechanism_drivers"] == drivers
        assert node.neutron_conf["DEFAULT"]["service_plugins"] == plugins


def test_no_tunnels_without_networks_that_need_them(make_nodes):
    with make_nodes((SINGLE, {"Q_ML2_TENANT_NETWORK_TYPE": "vlan"})) as (node,):
        node.run_script("stack")
        assert not {"dragonflow-encap-type", "dragonflow-encap-ip"} & set(node.ours)


def test_an_unknown_mode_is_refused(make_nodes):
    with make_nodes((SINGLE, {"DRAGONFLOW_L2": "both"})) as (node,):
        with pytest.raises(AssertionError, match="must be ml2 or native, not 'both'"):
            node.run_script("stack")


def test_a_controller_that_cannot_reach_the_database_fails_the_stack(make_nodes):
    with make_nodes((COMPUTE, {})) as (node,):
        for path in (node.plugin_dir / "devstack/plugin.sh",):  # Not a minute.
            text = path.read_text()
            assert "--timeout=60 wait-until" in text
            path.write_text(text.replace("--timeout=60 wait-until", "--timeout=1 wait-until"))
        with pytest.raises(AssertionError, match="does not appear in tcp:127.0.0.1"):
            node.run_script("stack")


# --- Several nodes ------------------------------------------------------------------

def test_two_nodes(make_nodes):
    """The second has no database, joins the first one's, and leaves it alone."""
    with make_nodes((CONTROLLER, {}), (COMPUTE, {})) as (first, second):
        first.run_script("stack")
        second.run_script("stack")
        assert first.running == ["df-controller", "df-nb"]
        assert second.running == ["df-controller"]
        assert not any(line.startswith("setup_develop") for line in second.lines)
        assert "dragonflow" not in second.ml2_conf
        assert look(first).chassis == ["c1", "c2"]
        pids = {name: s.proc.pid for name, s in first.services.items()}

        second.run_script("unstack")
        assert second.running == [] and second.services == {}
        assert look(first).chassis == ["c1"]
        second.run_script("clean")
        assert second.ours == {}
        assert first.running == ["df-controller", "df-nb"]
        assert {name: s.proc.pid for name, s in first.services.items()} == pids
        assert first.ours

        # In any order: the database may be gone first.
        second.run_script("stack")
        first.run_script("unstack")
        assert second.running == ["df-controller"]
        second.run_script("unstack")
        assert second.running == []


def test_a_node_without_instances_has_no_controller(make_nodes):
    with make_nodes((CONTROLLER, {})) as (node,):
        conf = node.path / "local.conf"
        text = conf.read_text()
        assert "\n#disable_service n-cpu\n" in text
        conf.write_text(text.replace("\n#disable_service n-cpu\n", "\ndisable_service n-cpu\n"))
        seen = live(node)
        assert seen["stack extra"].running == ["df-nb"]
        assert seen["stack extra"].ours == {} and seen["stack extra"].ml2_conf["dragonflow"]
        assert seen["unstack"].running == [] and seen["clean"].data == []


def test_a_disabled_service_is_not_started(make_nodes):
    with make_nodes((CONTROLLER, {}), (COMPUTE, {})) as (first, second):
        conf = second.path / "local.conf"
        conf.write_text(conf.read_text() + "disable_service df-controller\n")
        first.run_script("stack")
        second.run_script("stack")
        assert second.running == [] and second.ours == {}


# --- The scripts themselves -----------------------------------------------------------

def test_shellcheck_has_nothing_to_say():
    run([program("shellcheck"), "-x",
         *[TOP / "devstack" / name for name in ("plugin.sh", "settings", "override-defaults")],
         TOP / "tests/devstack/devstack.sh"])


def test_every_setting_is_documented():
    settings = (TOP / "devstack/settings").read_text()
    names = set(re.findall(r"^(DRAGONFLOW_\w+)=\S*\$[{(]", settings, re.M))
    readme = (TOP / "devstack/README.md").read_text()
    assert len(names) > 8
    assert [n for n in names - {"DRAGONFLOW_DIR", "DRAGONFLOW_LINK_DIR"}
            if "`%s`" % n not in readme] == []
