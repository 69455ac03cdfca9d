# SPDX-License-Identifier: Apache-2.0
"""The demo does what it shows, twice in a row, and leaves no trace."""
import os
import pathlib
import re
import subprocess

import pytest

from dfharness import run
from dfharness.process import TOP, build_dir

HOME = pathlib.Path("/run/dfd%d" % os.getpid())


def demo(program, *args, check=True):
    env = dict(os.environ, DRAGONFLOW_DEMO=str(HOME), DRAGONFLOW_BUILD=str(build_dir()))
    return run([TOP / "demo" / program, *args], timeout=120, env=env, check=check)


def traces():
    """Whatever there is of the demo: namespaces, files, processes."""
    namespaces = run(["ip", "netns"])
    processes = subprocess.run(["ps", "-eo", "args"], stdout=subprocess.PIPE, text=True).stdout
    return [line for line in (namespaces + processes).splitlines() if HOME.name in line] + (
        [str(HOME)] if HOME.exists() else [])


@pytest.fixture
def up():
    yield demo("up")
    demo("down")
    assert traces() == []


def test_the_demo_shows_what_it_should(up):
    """Exit status 0 means that everything in it works."""
    assert "printer" in up and "answers 2 of 2 machines" in up
    assert "10.0.1.1 " in up and "10.0.9.2 " in up  # traceroute
    assert "2001:db8:1::1 " in up and "2001:db8:9::1 " in up
    assert up.count("answers 2 of 2 machines") == 2  # By IPv4 and IPv6.
    assert "sent to physical network physnet1, VLAN 103" in up
    for command in ("demo/vm vm1 ping", "demo/on c1 dfctl trace vm1", "make demo-down",
                    "demo/vm internet ping 203.0.113.11"):
        assert command in up
    for address in ("10.0.3.5", "2001:db8:3::5"):
        assert "1 received" in demo("vm", "vm1", "ping", "-c", "1", address)
    assert "no faults" in demo("dfctl", "status")
    assert "table=" in demo("on", "c1", "ovs-ofctl", "dump-flows", "br-int")
    assert "total:" in demo("on", "c2", "ovs-appctl", "-t", "df-controller", "engine/stats")
    assert "1 received" in demo("vm", "internet", "ping", "-c", "1", "203.0.113.11")


def test_the_demo_speaks_with_the_world_outside_and_kills_a_gateway(up):
    """Streams go on, and those of a floating IP do not so much as notice."""
    for text in (r"vm1 +c1 +to internet \(198\.51\.100\.10\): .*seen as 203\.0\.113\.11",
                 r"vm1 +c1 +to internet \(2001:db8:ffff::10\): .*seen as 2001:db8:1::5",
                 r"internet +to vm1 \(203\.0\.113\.11\): .*arrives at 10\.0\.1\.5",
                 r"internet +to vm1 \(2001:db8:1::5\): .*arrives at 2001:db8:1::5",
                 r"vm2 +c2 +to internet \(198\.51\.100\.10\): .*seen as 203\.0\.113\.2 \(SNAT",
                 r"TCP to the floating IP of vm1 +goes on, nothing lost",
                 r"TCP to the IPv6 address of vm1 +goes on, nothing lost"):
        assert re.search(text, up), up
    killed, heir = re.search(r"ovs-vswitchd of (c\d), the active gateway, is killed .* ms (c\d) "
                             r"takes over", up).groups()
    assert {killed, heir} == {"c2", "c3"}
    lost = re.search(r"pings to the IPv6 address of vm1 +(\d+) of", up)
    assert int(lost[1]) > 0  # What comes in came by the one that was killed.
    assert re.search(r"It is started again; after .* s %s is the active gateway" % killed, up)
    assert len(re.findall(r"pings to the IPv6 address of vm1 +\d+ of \d+ lost +\d+ ms", up)) == 2
    assert "%s: alive" % killed in demo("on", heir, "ovs-appctl", "-t", "df-controller",
                                        "gateways")


def test_a_second_demo_takes_the_first_one_down(up):
    assert "Removed the cloud of an earlier demo." in demo("up", TOP / "examples/minimal.yaml")
    assert "1 received" in demo("vm", "vm1", "ping", "-c", "1", "192.168.2.10")
