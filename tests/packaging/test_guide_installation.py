# SPDX-License-Identifier: Apache-2.0
"""The installation guide is followed, from the packages to their removal."""
import subprocess

import pytest

from dfharness.process import TOP, wait_until
from guide import Guide
from machines import Machines
from root import why_impossible

GUIDE = Guide(TOP / "docs/installation.md")
NEWER = "99.0"
COMPUTES = ("compute1", "compute2")


@pytest.fixture
def machines(packages):
    reason = why_impossible()
    if reason:
        pytest.skip("machines to follow the guide on: %s" % reason)
    if subprocess.run(["dpkg-query", "-W", "python3-neutron"], capture_output=True).returncode:
        pytest.skip("Neutron is not installed")
    with Machines(packages, controller=["192.0.2.10/24"],
                  compute1=["192.0.2.11/24", "198.51.100.1/24"],
                  compute2=["192.0.2.12/24", "198.51.100.2/24"]) as machines:
        yield machines


# --- What the guide says in words -----------------------------------------

def start_open_vswitch(machines):
    for name in COMPUTES:
        machines.start_ovs(name)


def have_the_bridges_of_the_agent(machines):
    """As the agent leaves them on a node with tunnels."""
    machines["compute1"].sh("""
ovs-vsctl add-br br-int -- add-br br-tun \
    -- add-port br-int patch-tun -- set Interface patch-tun type=patch options:peer=patch-int \
    -- add-port br-tun patch-int -- set Interface patch-int type=patch options:peer=patch-tun
""")


def have_an_agent_that_is_not_wanted(machines):
    """The real one would need a message queue."""
    root = machines["compute2"]
    (root.path / "etc/systemd/system/neutron-openvswitch-agent.service").write_text(
        "[Service]\nExecStart=/bin/sleep 1000000\n")
    root.sh("systemctl enable --now neutron-openvswitch-agent; ovs-vsctl add-br br-int")


def have_a_virtual_machine(machines):
    """And the other one that the packet is for."""
    machines["controller"].sh("""
dfctl net-add n2 type=vxlan -- subnet-add s2 n2 10.0.2.0/24 -- port-add vm1 n2 \
    0a:00:00:00:02:04 10.0.2.4 -- port-add vm2 n2 0a:00:00:00:02:05 10.0.2.5
""")
    root = machines["compute2"]
    for name in "vm1", "vm2":
        root.sh("ovs-vsctl add-port br-int %s -- set Interface %s external_ids:iface-id=%s"
                % (name, name, name))

    def up(name):
        return machines["controller"].run(["dfctl", "get", "Port", name, "up"]).strip() == "true"
    wait_until(lambda: up("vm1") and up("vm2"),
               lambda: root.sh("ovs-appctl -t df-controller status"))


def have_newer_packages(machines):
    for root in machines.roots.values():
        root.sh("""
for old in /root/*_*.deb; do
    dpkg-deb -R $old /tmp/newer
    sed -i 's/^Version: .*/Version: %s/' /tmp/newer/DEBIAN/control
    name=$(basename $old)
    dpkg-deb -Znone -b /tmp/newer /root/${name%%%%_*}_%s_all.deb
    rm -r $old /tmp/newer
done
""" % (NEWER, NEWER))


def chassis(machines):
    return machines["controller"].run(["dfctl", "chassis-list"])


def see_the_new_version(machines):
    """Everywhere; and the daemons of the new packages run."""
    for name in COMPUTES:
        assert machines[name].run(["dpkg-query", "-W", "-f", "${Version}",
                                   "dragonflow-controller"]) == NEWER
        machines[name].run(["systemctl", "is-active", "df-controller"])
    wait_until(lambda: all(name in chassis(machines) for name in COMPUTES), "two chassis")
    machines["controller"].run(["systemctl", "is-active", "dragonflow-nb"])
    machines["controller"].run(["dfctl", "sync"])


def see_that_the_chassis_is_gone(machines):
    assert "compute1" not in chassis(machines) and "compute2" in chassis(machines)
    assert machines["compute1"].run(["ovs-vsctl", "list-ports", "br-int"]) == "patch-tun\n"


def test_the_guide(machines):
    for block in GUIDE.blocks:
        machines.follow(block, globals())
    root = machines["controller"]
    assert not root.exists("/var/lib/dragonflow") and not root.exists("/etc/dragonflow")
    assert not root.exists("/usr/bin/dfctl")
