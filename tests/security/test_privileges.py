# SPDX-License-Identifier: Apache-2.0
"""The access to the daemons of a chassis, and what they may do."""
import os
import pathlib
import re
import shutil
import stat
import subprocess

import pytest

from dfharness import Cloud, Failure, wait_until
from dfharness.process import TOP, run

CAP_DAC_OVERRIDE = 1 << 1
NOBODY, NOGROUP = 65534, 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=1) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.sync()
        yield cloud


def proc_status(pid):
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return dict(re.findall(r"^(\w+):\t(.*)$", text, re.M))


def expect_capabilities(pid, mask):
    status = proc_status(pid)
    assert {key: int(status[key], 16) for key in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {
        "CapEff": mask, "CapPrm": mask, "CapInh": 0, "CapAmb": 0}
    assert status["NoNewPrivs"] == "1"
    return status


def listening(pid):
    """Sockets that a process accepts connections or packets on."""
    out = run(["ss", "-nlpH"])
    return [line.split()[0:1] + line.split()[4:5] for line in out.splitlines()
            if "pid=%d," % pid in line]


# --- df-controller -------------------------------------------------------

@as_root
def test_root_keeps_one_capability(cloud):
    status = expect_capabilities(cloud.chassis[0].controller.pid, CAP_DAC_OVERRIDE)
    assert int(status["CapBnd"], 16) == CAP_DAC_OVERRIDE


def test_the_controller_listens_to_its_control_socket_and_nothing_else(cloud):
    controller = cloud.chassis[0].controller
    kinds = [kind for kind, _ in listening(controller.pid)]
    assert kinds == ["u_str"]
    assert stat.S_IMODE(controller.ctl.stat().st_mode) & 0o007 == 0


def nobody_chassis(cloud):
    cloud.controller = False
    chassis = cloud.add_chassis()
    cloud.controller = True
    chassis.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "datapath_type=system",
                  "fail_mode=secure")
    mgmt = chassis.rundir / "br-int.mgmt"
    wait_until(mgmt.exists, "no management socket")
    for path in (cloud.workspace.path, cloud.nb_db.socket.parent):
        path.chmod(0o755)
    for path in (mgmt, chassis.ovsdb.socket, cloud.nb_db.socket):
        path.chmod(0o777)
    os.chown(chassis.rundir, NOBODY, NOGROUP)
    chassis.controller.argv.insert(1, "--user=nobody:nogroup")
    chassis.controller.start()
    return chassis


@as_root
def test_the_controller_works_as_another_user(cloud):
    """Open vSwitch's sockets are opened to this user, and it owns the run directory."""
    chassis = nobody_chassis(cloud)
    try:
        status = expect_capabilities(chassis.controller.pid, 0)
        uids = set(status["Uid"].split())
        assert uids == {str(NOBODY)} and set(status["Gid"].split()) == {str(NOGROUP)}
        cloud.add_vm("vm2", "n1", chassis.name, "10.0.1.12")
        cloud.sync()
        frame = cloud["vm1"].udp(cloud["vm2"].mac, "10.0.1.12")
        cloud.check(cloud["vm1"], frame, {cloud["vm2"]: frame})
        chassis.controller.terminate()
    finally:
        chassis.controller.kill()


# --- The switch ----------------------------------------------------------

def test_the_switch_is_programmed_through_a_local_socket_only(cloud):
    """No controller is set on the bridge, no OpenFlow port is open."""
    chassis = cloud.chassis[0]
    assert chassis.vsctl("get-controller", "br-int") == ""
    assert chassis.vsctl("get-manager") == ""
    for pid in (chassis.vswitchd.pid, chassis.ovsdb.daemon.pid):
        assert {kind for kind, _ in listening(pid)} <= {"u_str"}
    mode = stat.S_IMODE((chassis.rundir / "br-int.mgmt").stat().st_mode)
    assert mode & 0o007 == 0


# --- Units of systemd ----------------------------------------------------

UNITS = sorted((TOP / "packaging/systemd").glob("*.service"))
systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


@systemd
@pytest.mark.parametrize("unit", UNITS, ids=[u.name for u in UNITS])
def test_units_are_hardened(unit):
    """systemd's own judgement: 10 is no protection at all, up to 2 is as good as a networked."""
    p = subprocess.run(["systemd-analyze", "--offline=true", "--no-pager", "security", str(unit)],
                       capture_output=True, text=True)
    match = re.search(r"Overall exposure level for .*: ([\d.]+)", p.stdout)
    if not match:
        raise Failure(p.stdout + p.stderr)
    assert float(match.group(1)) <= 2.0, p.stdout
