# SPDX-License-Identifier: Apache-2.0
"""One Open vSwitch (dummy datapath, no root) with chassis-driver beside it."""
import json
import os
import pathlib
import tempfile
import time

from dfharness.database import Database
from dfharness.process import OVS_SCHEMA, Failure, Workspace, program, run, wait_until

REMOTE = "unix:/nonexistent/nb.sock"


class Host:
    """One Open vSwitch and the driver beside it."""

    def __init__(self):
        self.workspace = Workspace(tempfile.mkdtemp(prefix="df-chassis-%d-" % os.getpid()))
        self.dir = self.workspace.path
        self.db = Database(self.workspace, self.dir, OVS_SCHEMA)
        self.vsctl("--no-wait", "init")
        self.vswitchd = self.workspace.daemon(
            "ovs-vswitchd", ["ovs-vswitchd", "--enable-dummy=override", "--disable-system",
                             self.db.remote], self.dir)
        self.driver = self.workspace.daemon(
            "chassis-driver", ["chassis-driver", self.db.remote],
            self.dir, ours=True)

    def vsctl(self, *args, check=True):
        return run([program("ovs-vsctl"), "--timeout=20", "--db=" + self.db.remote, *args],
                   check=check)

    def set(self, **config):
        """Keys as in CONTRACT.md without "dragonflow-"; None removes one."""
        words = []
        for key, value in config.items():
            key = key.replace("_", "-")
            key = key if key in ("system-id", "hostname") else "dragonflow-" + key
            if value is None:
                words += ["--", "remove", "Open_vSwitch", ".", "external_ids", key]
            else:
                words += ["--", "set", "Open_vSwitch", ".",
                          "external_ids:%s=%s" % (key, json.dumps(value))]
        self.vsctl("--no-wait", *words)

    def plug(self, name, iface_id, bridge="br-int"):
        self.vsctl("add-port", bridge, name, "--", "set", "Interface", name, "type=dummy",
                   "external_ids:iface-id=" + iface_id)

    def ofport(self, name):
        value = self.vsctl("--if-exists", "get", "Interface", name, "ofport").strip()
        return int(value) if value.lstrip("-").isdigit() else 0

    def get(self, table, row, column):
        return self.vsctl("get", table, row, column).strip().strip('"')

    def ports(self, bridge="br-int"):
        return set(self.vsctl("list-ports", bridge).split())

    def bridges(self):
        return set(self.vsctl("list-br").split())

    def views(self):
        path = self.dir / "chassis-driver.stderr"
        lines = path.read_text().split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def view(self):
        views = self.views()
        return views[-1] if views else None

    def await_view(self, condition, what):
        def check():
            view = self.view()
            return view if view and condition(view) else None
        try:
            return wait_until(check, what)
        except Failure as e:
            raise Failure("%s\nlast view: %s\n%s" % (e, self.view(), self.driver.output()))

    def await_ports(self, ports, bridge="br-int"):
        wait_until(lambda: self.ports(bridge) == ports,
                   "ports of %s: %s" % (bridge, ports), interval=0.05)

    def log(self):
        return self.driver.log.read_text()

    def logged(self, text):
        return self.log().count(text)

    def sanitized(self):
        return b"__asan_init" in pathlib.Path(program("chassis-driver")).read_bytes()

    def settled(self):
        """All that was committed so far has been seen and answered: the driver has
        answered a command, and then no row of the database changes any more."""
        def contents():
            self.driver.appctl("version")
            return [self.db.rows(t, columns=["_version"]) for t in
                    ("Open_vSwitch", "Bridge", "Port", "Interface")]
        last, same, end = contents(), 0, time.monotonic() + 15
        while same < 5:
            assert time.monotonic() < end, "the database does not come to rest"
            time.sleep(0.04)
            now = contents()
            same = same + 1 if now == last else 0
            last = now
