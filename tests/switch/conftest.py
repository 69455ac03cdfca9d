# SPDX-License-Identifier: Apache-2.0
"""A switch, and sessions with it that get their desired flows from the test."""
import os
import re
import subprocess
import tempfile
import threading

import pytest

from dfharness.database import Database
from dfharness.process import (OVS_SCHEMA, SANITIZER, Failure, Workspace, build_dir, ovs_env,
                               program, run)


OURS = "0xdf00a6f100000000/0xff00ffff00000000"


class Driver:
    """switch-driver: a session that gets its desired flows from this test."""

    def __init__(self, host, *options, bridge="br-int", rundir=None):
        """'rundir' is where it looks for the switch, if not where that is."""
        self.env = ovs_env(rundir or host.dir)
        self.stderr = open(host.dir / ("driver-%d.stderr" % len(host.drivers)), "w+")
        self.proc = subprocess.Popen(
            [str(build_dir() / "tests/switch/switch-driver"), "-vconsole:info", *options, bridge],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.stderr, text=True)

    def ask(self, command, timeout=60):
        """One command; returns what it answers, without the final "ok"."""
        killer = threading.Timer(timeout, self.proc.kill)
        killer.start()
        try:
            self.proc.stdin.write(command + "\n")
            self.proc.stdin.flush()
            lines = []
            for line in self.proc.stdout:
                if line == "ok\n":
                    return "".join(lines)
                if line.startswith("error:"):
                    raise Failure("%s: %s" % (command[:200], line))
                lines.append(line)
        finally:
            killer.cancel()
        raise Failure("%s: no answer\n%s" % (command, self.log()))

    def add(self, name, flow):
        self.ask("add %s %s" % (name, flow))

    def join(self, name, flow):
        """Like add(), but the actions add to those that others have joined to this flow."""
        self.ask("join %s %s" % (name, flow))

    def share(self, *tables, ours=OURS):
        """Another program may remove flows from these tables."""
        self.ask("sharing %s %s" % (ours, " ".join(map(str, tables))))

    def sync(self):
        return int(self.ask("sync").split()[1])

    def status(self):
        pairs = (line.split(": ", 1) for line in self.ask("status").splitlines())
        return {key: int(value) if value.isdigit() else value for key, value in pairs}

    def warp(self, ms):
        """Turns its clock forward; it must have been started with "--clock"."""
        run([program("ovs-appctl"), "-t", "%s/switch-driver.%d.ctl" % (
            self.env["OVS_RUNDIR"], self.proc.pid), "time/warp", str(ms), str(ms)],
            env=self.env)

    def cpu_ticks(self):
        fields = open("/proc/%d/stat" % self.proc.pid).read().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    def log(self):
        self.stderr.seek(0)
        return self.stderr.read()

    def exit(self):
        """Ends it, as a restart of the daemon would, and checks that it was well."""
        if self.proc.poll() is None:
            self.ask("exit")
            self.proc.wait(10)
        assert self.proc.returncode == 0 and not SANITIZER.search(self.log()), self.log()

    def kill(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()


class Host:
    """One Open vSwitch with two bridges."""

    def __init__(self):
        self.workspace = Workspace(tempfile.mkdtemp(prefix="df-switch-%d-" % os.getpid()))
        self.dir = self.workspace.path
        self.drivers = []
        self.version = "-OOpenFlow15"
        self.db = Database(self.workspace, self.dir, OVS_SCHEMA)
        self.vsctl("--no-wait", "init")
        self.vswitchd = self.workspace.daemon(
            "ovs-vswitchd", ["ovs-vswitchd", "--enable-dummy=override", "--disable-system",
                             self.db.remote], self.dir)
        self.vswitchd.start()
        self.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int", "fail_mode=secure",
                   "--", "add-port", "br-int", "p1", "--", "set", "interface", "p1",
                   "ofport_request=1", "--", "add-port", "br-int", "p2", "--",
                   "set", "interface", "p2", "ofport_request=2",
                   "options:tx_pcap=%s" % (self.dir / "p2.pcap"))

    def vsctl(self, *args):
        return run([program("ovs-vsctl"), "--timeout=20", "--db=" + self.db.remote, *args])

    def use_version(self, version):
        """The bridge speaks this version of OpenFlow only, e.g. "OpenFlow13"."""
        self.vsctl("set", "bridge", "br-int", "protocols=" + version)
        self.version = "-O" + version

    def ofctl(self, *args):
        return run([program("ovs-ofctl"), self.version, *args], env=ovs_env(self.dir))

    def flows(self, bridge="br-int"):
        lines = self.ofctl("--no-stats", "--sort", "--no-names", "dump-flows",
                           bridge).splitlines()
        return [re.sub(r"^ *cookie=0x\w+, ", "", x).strip() for x in lines if "actions=" in x]

    def dump(self, table):
        """The flows of a table, each as a dict: what ovs-ofctl says of it."""
        lines = self.ofctl("--sort", "--no-names", "dump-flows", "br-int",
                           "table=%d" % table).splitlines()
        flows = []
        for line in lines:
            if "actions=" not in line:
                continue
            about, actions = line.split("actions=")
            flow = dict(re.findall(r"([a-z_]+)=([^, ]+)", about), actions=actions)
            flow["duration"] = float(flow["duration"].rstrip("s"))
            flow["send_flow_rem"] = "send_flow_rem" in about
            flows.append(flow)
        return flows

    def n_flows(self):
        return int(re.search(r"flow_count=(\d+)",
                             self.ofctl("dump-aggregate", "br-int")).group(1))

    def start(self, *options, **kwargs):
        driver = Driver(self, *options, **kwargs)
        self.drivers.append(driver)
        return driver


@pytest.fixture
def host():
    host = Host()
    yield host
    try:
        for driver in host.drivers:
            driver.exit()
    finally:
        for driver in host.drivers:
            driver.kill()
            driver.stderr.close()
        host.workspace.close()
