# SPDX-License-Identifier: Apache-2.0
"""The life of the packages on a machine: installed, used, upgraded, removed, purged.

The tests build on each other, in this order, as the days of a machine do."""
import json
import re
import shlex
import subprocess

import pytest

from dfharness.process import TOP, wait_until

NB = "/var/lib/dragonflow/nb.db"
SCHEMA = "/usr/share/dragonflow/dragonflow.ovsschema"
PREPARE = "/usr/share/dragonflow/scripts/prepare-nb"
NEWER = "99.0"


def have_neutron():
    return not subprocess.run(["dpkg-query", "-W", "python3-neutron"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


@pytest.fixture(scope="module")
def machine(root):
    """A machine with the packages, from which nothing has been started yet.  The plugin's
    dependencies may be missing where the tests beside Neutron are not wanted."""
    root.before = set(root.changes())
    root.sh("dpkg -i /packages/dragonflow-*.deb")
    root.sh("dpkg -i %s /packages/python3-*.deb" % ("" if have_neutron() else "--force-depends"))
    return root


def nb_commands():
    """The commands of dragonflow-nb.service and their environment, as systemd makes them of
    the unit when nothing is configured."""
    text = re.sub(r"\\\n\s*", " ",
                  (TOP / "packaging/systemd/dragonflow-nb.service").read_text())
    env = {}
    for line in re.findall(r"^Environment=(.*)$", text, re.M):
        env.update(word.split("=", 1) for word in line.split())

    def command(key):
        line, = re.findall(r"^%s=-?(.*)$" % key, text, re.M)
        return shlex.split(re.sub(r"\$\{?(\w+)\}?", lambda m: env[m[1]], line))

    return {key: command(key) for key in ("ExecStartPre", "ExecStart", "ExecStop")}, env


def start_nb(machine):
    """Starts the Northbound database as systemd does."""
    machine.sh("install -d -o dragonflow -g dragonflow /run/dragonflow /var/log/dragonflow;"
               "install -d -o dragonflow -g dragonflow -m 750 /var/lib/dragonflow")
    commands, env = nb_commands()
    for key in ("ExecStartPre", "ExecStart"):
        machine.run(["sh", "-c", 'umask 0007; exec "$@"', "sh", *commands[key]],
                    user="dragonflow:dragonflow", env=env)


def nb_is_up(machine):
    return "pong" in machine.sh("dfctl --timeout=5 show >/dev/null 2>&1 && echo pong || :")


def controller_pid(machine):
    return machine.sh("cat /run/openvswitch/df-controller.pid").strip()


def flows_of(machine):
    return machine.run(["ovs-ofctl", "--no-stats", "dump-flows", "br-int"])


def test_the_programs_run(machine):
    version = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
    assert "df-controller " + version in machine.run(["df-controller", "--version"])
    assert version in machine.run(["dfctl", "--version"])
    machine.run(["man", "--warnings", "8", "df-controller"])
    machine.run(["bash", "-c", ". /usr/share/bash-completion/completions/dfctl && "
                               "complete -p dfctl"])


def test_installing_made_the_user_of_the_database_and_no_database(machine):
    uid, shell = re.fullmatch(r"dragonflow:x:(\d+):\d+:[^:]*:/var/lib/dragonflow:(.*)\n",
                              machine.run(["getent", "passwd", "dragonflow"])).groups()
    assert int(uid) < 1000
    assert shell == "/usr/sbin/nologin"
    assert not machine.exists(NB)
    assert not machine.exists("/run/dragonflow")


def test_neutron_sees_the_plugin(machine):
    script = """
import importlib.metadata, json
print(json.dumps({g: {e.name: e.value for e in importlib.metadata.entry_points(group=g)}
                  for g in ("neutron.service_plugins", "neutron.ml2.mechanism_drivers")}))
"""
    points = json.loads(machine.run(["/usr/bin/python3", "-c", script]))
    assert (points["neutron.service_plugins"]["dragonflow"]
            == "networking_dragonflow.l3.plugin:DragonflowL3Plugin")
    assert (points["neutron.ml2.mechanism_drivers"]["dragonflow"]
            == "networking_dragonflow.ml2.mech_driver:DragonflowMechanismDriver")


@pytest.mark.skipif(not have_neutron(), reason="Neutron is not installed")
def test_neutron_can_load_the_plugin(machine):
    script = """
import importlib.metadata
for group in "neutron.service_plugins", "neutron.ml2.mechanism_drivers":
    point, = (e for e in importlib.metadata.entry_points(group=group) if e.name == "dragonflow")
    print(point.load().__name__)
"""
    assert machine.run(["/usr/bin/python3", "-c", script]).split() == [
        "DragonflowL3Plugin", "DragonflowMechanismDriver"]
    usage = machine.run(["neutron-dragonflow-sync", "--help"])
    assert "--check" in usage and "--repair" in usage


def test_dfctl_finds_the_database_of_its_host(machine):
    start_nb(machine)
    machine.run(["dfctl", "net-add", "blue", "--", "subnet-add", "s1", "blue", "10.0.1.0/24"])
    assert "10.0.1.0/24" in machine.run(["dfctl", "show"])
    # Members of the group dragonflow need not be root.
    assert "10.0.1.0/24" in machine.run(["dfctl", "show"], user="nobody:dragonflow")


def test_the_database_runs_with_its_allocator(machine):
    assert "/libjemalloc.so.2" in machine.sh("cat /proc/$(cat /run/dragonflow/nb.pid)/maps")


def test_the_database_has_no_other_listener_by_default(machine):
    assert machine.run(["ss", "-Hltn"]) == ""


def test_the_database_listens_to_its_own_connections(machine):
    machine.run(["dfctl", "connection-add", "ptcp:6641:127.0.0.1"])
    wait_until(lambda: "127.0.0.1:6641" in machine.run(["ss", "-Hltn"]), "the server listens")
    assert "blue" in machine.run(["dfctl", "--db=tcp:127.0.0.1:6641", "show"])
    machine.run(["dfctl", "connection-del", "ptcp:6641:127.0.0.1"])
    wait_until(lambda: not machine.run(["ss", "-Hltn"]), "the server no longer listens")


def test_the_database_survives_a_restart(machine):
    commands, env = nb_commands()
    machine.run(commands["ExecStop"], env=env)
    wait_until(lambda: not nb_is_up(machine), "the database server ends")
    start_nb(machine)
    assert "10.0.1.0/24" in machine.run(["dfctl", "show"])


def test_a_database_of_an_older_schema_is_converted_and_kept(machine):
    schema = json.loads((TOP / "schema/dragonflow.ovsschema").read_text())
    new = schema["version"]
    schema["version"] = "0.9.0"
    del schema["tables"]["Network"]["columns"]["mtu"]
    (machine.path / "tmp/old.ovsschema").write_text(json.dumps(schema))
    machine.sh("ovsdb-tool create /tmp/old.db /tmp/old.ovsschema;"
               "%s /tmp/old.db" % PREPARE)
    assert machine.run(["ovsdb-tool", "db-version", "/tmp/old.db"]).strip() == new
    assert machine.run(["ovsdb-tool", "db-version", "/tmp/old.db.0.9.0.backup"]
                       ).strip() == "0.9.0"
    # Once is enough.
    assert machine.sh("rm /tmp/old.db.*.backup; %s /tmp/old.db; ls /tmp" % PREPARE
                      ).count("backup") == 0


def test_a_member_of_a_cluster_is_left_alone(machine):
    machine.sh("ovsdb-tool create-cluster /tmp/cluster.db %s unix:/tmp/raft;"
               "cp /tmp/cluster.db /tmp/same.db; %s /tmp/cluster.db;"
               "cmp /tmp/cluster.db /tmp/same.db" % (SCHEMA, PREPARE))


def test_a_broken_database_is_an_error(machine):
    out = machine.sh("echo nonsense >/tmp/broken.db; %s /tmp/broken.db 2>&1 || echo status $?"
                     % PREPARE)
    assert re.search(r"broken\.db.*\nstatus [1-9]", out)


def test_a_chassis_joins(machine):
    """Without systemd, so the daemons are started by hand."""
    machine.sh("""
mkdir -p /run/openvswitch /tmp/ovs
ovsdb-tool create /tmp/ovs/conf.db /usr/share/openvswitch/vswitch.ovsschema
export OVS_LOGDIR=/tmp/ovs
ovsdb-server --detach --no-chdir --pidfile --remote=punix:/run/openvswitch/db.sock \
    -vconsole:off /tmp/ovs/conf.db
ovs-vsctl --no-wait init
/usr/lib/openvswitch-switch/ovs-vswitchd --detach --no-chdir --pidfile -vconsole:off \
    --enable-dummy=override --disable-system
ovs-vsctl set Open_vSwitch . external_ids:system-id=hv1 \
    external_ids:dragonflow-remote=unix:/run/dragonflow/nb.sock \
    external_ids:dragonflow-encap-ip=192.0.2.1
df-controller --detach --no-chdir --pidfile --log-file=/var/log/openvswitch/df-controller.log \
    -vconsole:off
""")
    wait_until(lambda: "hv1" in machine.run(["dfctl", "chassis-list"]), "the chassis is there")
    wait_until(lambda: "df-geneve" in machine.run(["ovs-vsctl", "list-ports", "br-int"]),
               "the tunnel port is there")
    wait_until(lambda: flows_of(machine).count("\n") > 10, "the flows are there")


def test_an_upgrade_keeps_configuration_flows_and_databases(machine):
    """The service is systemd's to restart, which is not there: so the process stays, too."""
    edited = "# edited\nDF_CONTROLLER_OPTS=-vinfo\n"
    (machine.path / "etc/default/df-controller").write_text(edited)
    pid = controller_pid(machine)
    flows = flows_of(machine)
    machine.sh("""
for p in dragonflow-controller dragonflow-common; do
    dpkg-deb -R /packages/${p}_*.deb /tmp/$p
    sed -i 's/^Version: .*/Version: %s/' /tmp/$p/DEBIAN/control
    dpkg-deb -Znone -b /tmp/$p /tmp/$p.deb
done
dpkg -i /tmp/dragonflow-*.deb
""" % NEWER)
    assert machine.run(["dpkg-query", "-W", "-f", "${Version}", "dragonflow-controller"]) == NEWER
    assert (machine.path / "etc/default/df-controller").read_text() == edited
    assert controller_pid(machine) == pid
    assert flows_of(machine) == flows
    assert "hv1" in machine.run(["dfctl", "chassis-list"])
    assert "10.0.1.0/24" in machine.run(["dfctl", "show"])


def test_removing_the_controller_takes_the_chassis_out(machine):
    machine.run(["dpkg", "--remove", "dragonflow-controller"])
    assert not machine.exists("/run/openvswitch/df-controller.pid")
    assert "hv1" not in machine.run(["dfctl", "chassis-list"])
    assert machine.run(["ovs-vsctl", "list-ports", "br-int"]) == ""
    assert machine.exists("/etc/default/df-controller")


def test_purging_leaves_the_database_and_its_user_only(machine):
    assert machine.exists("/var/log/openvswitch/df-controller.log")
    commands, env = nb_commands()
    machine.run(commands["ExecStop"], env=env)
    machine.run(["dpkg", "--purge", "dragonflow-controller", "dragonflow-common",
                 "dragonflow-doc", "python3-networking-dragonflow"])
    # What dpkg, man and the dynamic linker know, the user, and Open vSwitch's own files.
    others = re.compile(r"/var/(lib/(dpkg|systemd/deb-systemd-helper)|cache|log/dpkg\.log)|"
                        r"/etc/(passwd|group|g?shadow)-?$|/etc/subu?g?id|/etc/openvswitch/|"
                        r"/etc/\.pwd\.lock|.*/__pycache__/|/var/lib/neutron/|/root/")
    left = [f for f in set(machine.changes()) - machine.before if not others.match(f)]
    assert sorted(left) == ["/var/lib/dragonflow/.nb.db.~lock~", NB]
    machine.run(["getent", "passwd", "dragonflow"])
