# SPDX-License-Identifier: Apache-2.0
"""The systemd units: correct, sandboxed, and described in the files that configure them."""
import re
import shutil
import subprocess

import pytest

from dfharness.process import TOP

UNITS = sorted((TOP / "packaging/systemd").glob("*.service"))
# What "systemd-analyze security" may say at most, times ten (its scale: 0 to 10.0, of which 2.9
# is still "OK").
EXPOSURE = {"df-controller.service": 23, "dragonflow-nb.service": 15}
MOST_EXPOSURE = 25

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                reason="checking units needs systemd (make deps)")


def settings(unit):
    """The assignments of a unit: a list of (key, value)."""
    text = re.sub(r"\\\n\s*", "", unit.read_text())
    return re.findall(r"^(\w+)=(.*)$", text, re.M)


def values(unit, key):
    return [value for k, value in settings(unit) if k == key]


def by_name(name):
    return TOP / "packaging/systemd" / name


@pytest.fixture(scope="module")
def installed(root):
    root.sh("dpkg -i --force-depends /packages/dragonflow-co*.deb")
    return root


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_units_are_correct(installed, unit):
    """With everything in place that they name: programs, manual pages."""
    installed.run(["systemd-analyze", "verify", "--man=yes", "/lib/systemd/system/" + unit.name],
                  env={"SYSTEMD_LOG_LEVEL": "warning"})


def test_a_wrong_unit_is_found(installed):
    unit = "/lib/systemd/system/wrong.service"
    (installed.path / unit.lstrip("/")).write_text("[Service]\nExecStart=/usr/sbin/absent\n")
    assert "absent" in installed.run(["sh", "-c", "systemd-analyze verify %s 2>&1 || :" % unit])


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_units_are_sandboxed(unit):
    p = subprocess.run(["systemd-analyze", "security", "--no-pager", "--offline=true",
                        "--threshold=%d" % EXPOSURE.get(unit.name, MOST_EXPOSURE), unit],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert p.returncode == 0, p.stdout


def test_the_database_server_has_no_privileges():
    unit = by_name("dragonflow-nb.service")
    assert values(unit, "User") == ["dragonflow"]
    assert values(unit, "CapabilityBoundingSet") == [""]
    assert values(unit, "NoNewPrivileges") == ["yes"]


def test_a_stop_of_the_controller_leaves_the_flows():
    """And that the process is gone, after a plain "exit", is no failure: systemd would
    start the chassis again."""
    stop, = values(by_name("df-controller.service"), "ExecStop")
    assert re.fullmatch(r"-/usr/bin/ovs-appctl -t df-controller exit --restart", stop)


@pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)
def test_what_can_be_configured_is_explained(unit):
    """The file that a unit reads shows each variable that the unit uses."""
    used = {name for key, value in settings(unit) if key.startswith("Exec")
            for name in re.findall(r"\$\{?(\w+)", value)} - {"MAINPID"}
    files = [f.lstrip("-") for f in values(unit, "EnvironmentFile")]
    explained = {name for f in files if f.startswith("/etc/default/")
                 for name in re.findall(r"^#?(\w+)=", (TOP / "packaging/default" /
                                                       f.rpartition("/")[2]).read_text(), re.M)}
    assert used - explained == set()


def test_what_is_configured_by_default_is_nothing():
    """All settings in the files are examples."""
    for path in (TOP / "packaging/default").iterdir():
        assert [line for line in path.read_text().splitlines()
                if line and not line.startswith("#")] == []
