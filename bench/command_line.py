# SPDX-License-Identifier: Apache-2.0
"""What a command of dfctl takes on a large database: no more than what it has to read."""
import pathlib
import subprocess
import tempfile
import time

from control_plane import ports_text, shape
from dfbench.meters import Process, median
from dfbench.report import row
from dfharness.database import Nb
from dfharness.process import SCHEMA, Workspace, program

# What is measured, and the most that it may take with any number of ports, in seconds.
# "{i}" is another number each time.
COMMANDS = [
    ("port-add p{i} net0 0a:ff:00:00:00:{i:02x} 10.0.250.{i}", 0.1),
    ("list Port port7", 0.1),
    ("get Port port7 mac", 0.1),
    ("set Port port7 external_ids:round={i}", 0.1),
    ("port-del p{i}", 0.1),
    ("net-add n{i}", 0.1),
    ("sync", 0.1),
    ("port-list net0", None),
]


def dfctl(remote, command):
    """Seconds by the clock of one invocation."""
    start = time.monotonic()
    subprocess.run([program("dfctl"), "--db=" + remote, *command.split()], check=True,
                   stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def measure(ports, rounds):
    """A row for each command."""
    workspace = Workspace(tempfile.mkdtemp(prefix="df-bench-commands-"))
    try:
        rundir = pathlib.Path(workspace.path)
        topology = shape(ports)
        topology.write_database(rundir / "nb.db", SCHEMA)
        nb = Nb(workspace, rundir)
        # No chassis answers a sync.
        nb.transact({"op": "delete", "table": "Chassis", "where": []})
        server = Process("ovsdb-server", nb.daemon.pid)
        rows = []
        for command, target in COMMANDS:
            server.reset()
            seconds = [dfctl(nb.remote, command.format(i=i)) for i in range(1, rounds + 1)]
            value = median(seconds)
            rows.append(row("%s: dfctl %s" % (ports_text(ports), command.format(i=1)),
                            "%.3f s" % value, target and "<= %g s" % target,
                            target and value <= target,
                            data={"seconds": seconds, "server_cpu_s": server.cpu / rounds}))
        return rows
    finally:
        workspace.close()


def commands(options):
    """dfctl on a large database: seconds by the clock for one command"""
    return [r for ports in options.ports for r in measure(ports, options.rounds)]


MEASURES = [commands]
