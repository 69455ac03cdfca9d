# SPDX-License-Identifier: Apache-2.0
"""The operator's guide is followed."""
import pytest

from dfharness.process import TOP, wait_until
from guide import Guide
from machines import Machines
from root import why_impossible

GUIDE = Guide(TOP / "docs/operator-guide.md")


@pytest.fixture
def machines(packages):
    reason = why_impossible()
    if reason:
        pytest.skip("machines to follow the guide on: %s" % reason)
    with Machines(packages, nb=["192.0.2.10/24"],
                  hv1=["192.0.2.11/24", "198.51.100.1/24"]) as machines:
        for root in machines.roots.values():
            root.sh("dpkg -i --force-depends /root/dragonflow-co*.deb;"
                    "systemctl stop df-controller")
        yield machines


# --- What the guide says in words -----------------------------------------

def start_open_vswitch(machines):
    machines.start_ovs("hv1")


def chassis(machines):
    return machines["nb"].run(["dfctl", "chassis-list"])


def wait_for_the_chassis(machines):
    wait_until(lambda: "hv1" in chassis(machines), "the chassis")


def have_a_port(machines):
    machines["nb"].run(["dfctl", "net-add", "n1", "--",
                        "port-add", "vm1", "n1", "0a:00:00:00:00:01"])


def see_that_the_port_is_up(machines):
    def up():
        return machines["nb"].run(["dfctl", "get", "Port", "vm1", "up"]).strip() == "true"
    wait_until(up, lambda: machines["hv1"].run(["ovs-appctl", "-t", "df-controller", "status"]))


def ports(machines):
    return machines["hv1"].run(["ovs-vsctl", "list-ports", "br-int"]).split()


def start_the_controller_again(machines):
    assert "df-geneve" in ports(machines) and "hv1" in chassis(machines)
    machines["hv1"].run(["systemctl", "start", "df-controller"])
    machines["nb"].run(["dfctl", "sync"])


def start_it_once_more(machines):
    assert ports(machines) == ["tap0"] and "hv1" not in chassis(machines)
    machines["hv1"].run(["systemctl", "start", "df-controller"])


def test_the_guide(machines):
    for block in GUIDE.blocks:
        machines.follow(block, globals())
    fetch = ("import urllib.request as r; "
             "print(r.urlopen('http://127.0.0.1:9476/metrics').read().decode())")
    wait_until(lambda: 'dragonflow_connected{peer="northbound"} 1' in machines["hv1"].sh(
        "/usr/bin/python3 -c \"%s\" 2>&1 || :" % fetch), "metrics")
