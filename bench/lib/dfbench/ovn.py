# SPDX-License-Identifier: Apache-2.0
"""OVN, the peer: an installation, its central processes, and chassis.

It runs as Dragonflow does here: as private daemons with directories of their own,
never as services, on the same kind of switch.  It gets what makes it fast: logical
datapath groups, no probes, and whatever of conditional monitoring and parallel
northd is better (see Tuning)."""
import dataclasses
import os
import pathlib
import re

from dfharness.database import SERVICE_ENV, Database
from dfharness.process import Daemon, Failure, run, wait_until

from .ovn_topology import NB_OPTIONS, write_database

DEFAULT_PREFIX = "/usr"


class Installation:
    """Where OVN is.  'prefix' is that of its configure; programs of Open vSwitch
    (ovsdb-server) are always the system's."""

    def __init__(self, prefix=None):
        self.prefix = pathlib.Path(prefix or os.environ.get("DF_OVN_PREFIX") or DEFAULT_PREFIX)

    def program(self, name):
        for place in ("bin", "sbin"):
            path = self.prefix / place / name
            if os.access(path, os.X_OK):
                return str(path)
        raise Failure("%s has no %s (tools/deps.sh --bench installs Debian's OVN)"
                      % (self.prefix, name))

    def schema(self, name):
        for place in ("share/ovn", "share/openvswitch"):
            path = self.prefix / place / name
            if path.exists():
                return path
        raise Failure("%s has no %s" % (self.prefix, name))

    def why_impossible(self):
        """None if everything is there, otherwise what is not."""
        try:
            for name in ("ovn-northd", "ovn-controller"):
                self.program(name)
            for name in ("ovn-nb.ovsschema", "ovn-sb.ovsschema"):
                self.schema(name)
        except Failure as e:
            return str(e)
        return None

    def version(self):
        return re.search(r"\d+\.\d+\.\d+", run([self.program("ovn-northd"), "--version"])).group()


@dataclasses.dataclass(frozen=True)
class Tuning:
    """What there is to choose.  With everything reachable from a chassis, filtering
    in the SB database costs the server and saves the chassis nothing: monitor_all
    is what a large cloud uses then."""
    monitor_all: bool = True
    threads: int = 1  # Of ovn-northd, for building logical flows.

    def __str__(self):
        return "ovn-monitor-all=%s, %d thread%s of ovn-northd" % (
            str(self.monitor_all).lower(), self.threads, "" if self.threads == 1 else "s")


# What is tried, to give OVN its best.
TUNINGS = (Tuning(), Tuning(monitor_all=False), Tuning(threads=2))


class OvnDaemon(Daemon):
    """A daemon of an installation, with its directories in 'rundir'."""

    def __init__(self, name, argv, rundir, **kwargs):
        super().__init__(name, argv, rundir, **kwargs)
        for kind in ("RUNDIR", "LOGDIR", "DBDIR", "SYSCONFDIR"):
            self.env["OVN_" + kind] = str(rundir)


class Central:
    """The NB and SB servers, and ovn-northd (made, not started).  'tables' is what
    they start with, as for write_database(): (NB, SB).  The servers run with the same
    allocator as Dragonflow's, which is faster than the one that OVN's packages leave them."""

    def __init__(self, workspace, installation, tuning, tables=None):
        rundir = workspace.path / "ovn"
        rundir.mkdir()
        nb_tables, sb_tables = tables or ({"NB_Global": [
            ("nb-global", {"options": ["map", sorted(map(list, NB_OPTIONS.items()))]})]}, {})
        nb_schema = installation.schema("ovn-nb.ovsschema")
        sb_schema = installation.schema("ovn-sb.ovsschema")
        write_database(rundir / "ovn-nb.db", nb_schema, nb_tables)
        write_database(rundir / "ovn-sb.db", sb_schema, sb_tables)
        self.nb = Database(workspace, rundir, nb_schema, name="ovn-nb", socket="nb.sock",
                           env=SERVICE_ENV)
        self.sb = Database(workspace, rundir, sb_schema, name="ovn-sb", socket="sb.sock",
                           env=SERVICE_ENV)
        threads = ["--n-threads=%d" % tuning.threads] if tuning.threads > 1 else []
        self.northd = workspace.add(OvnDaemon(
            "ovn-northd", [installation.program("ovn-northd"), "--ovnnb-db=" + self.nb.remote,
                           "--ovnsb-db=" + self.sb.remote, *threads], rundir))

    def nb_cfg(self):
        return self.nb.rows("NB_Global", columns=["nb_cfg"])[0]["nb_cfg"]

    def sync_sb(self, timeout=600, interval=0.01):
        """Waits until ovn-northd has put what the NB database says into SB."""
        number = self.nb_cfg() + 1
        self.nb.transact(next_cfg(number))
        wait_until(lambda: self.nb.rows("NB_Global", columns=["sb_cfg"])[0]["sb_cfg"] >= number,
                   "ovn-northd is not done", timeout, interval)


def next_cfg(number):
    """The operation on the NB database that asks all chassis to confirm 'number'."""
    return {"op": "update", "table": "NB_Global", "where": [], "row": {"nb_cfg": number}}


def settings(chassis, central, tuning):
    """The external_ids by which ovn-controller of 'chassis' is configured."""
    return {"ovn-remote": central.sb.remote, "ovn-encap-type": "geneve",
            "ovn-encap-ip": chassis.encap_ip, "ovn-encap-csum": "false",
            "ovn-monitor-all": str(tuning.monitor_all).lower(),
            "ovn-remote-probe-interval": "0", "ovn-openflow-probe-interval": "0",
            "ovn-enable-lflow-cache": "true"}


def add_controller(workspace, installation, tuning, central, chassis):
    """Makes an ovn-controller for a chassis of dfharness (and does not start it)."""
    prefix = ["ip", "netns", "exec", chassis.namespace] if chassis.namespace else []
    daemon = workspace.add(OvnDaemon(
        "ovn-controller", [installation.program("ovn-controller"), chassis.ovsdb.remote],
        chassis.rundir, prefix=prefix))
    wanted = settings(chassis, central, tuning)
    chassis.vsctl("--no-wait", "set", "Open_vSwitch", ".",
                  *["external_ids:%s=\"%s\"" % item for item in wanted.items()])
    return daemon
