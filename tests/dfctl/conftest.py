# SPDX-License-Identifier: Apache-2.0
"""dfctl against an ovsdb-server of its own: no chassis, no root.

These tests prove what dfctl writes, what it prints, and above all what it
refuses, each time with the sentence that the user reads."""
import os
import pathlib
import re
import subprocess
import tempfile

import pytest

from dfharness.database import Nb
from dfharness.process import SANITIZER, Failure, Workspace, program

TABLES = ("NAT", "Static_Route", "Router_Port", "Router", "Port", "Subnet", "Network", "Chassis",
          "Global", "RBAC_Role")


# What "apply" warns about whenever a file leaves a VLAN to it.
CHOSEN = re.compile(r"dfctl: warning: network .*: VLAN \d+ of .* was chosen; .*\n")


class Dfctl:
    """Runs dfctl on a database."""

    def __init__(self, server, path):
        self.server = server
        self.path = path
        self.transact = server.transact
        self.rows = server.rows

    def run(self, *argv, input=None, env=None):
        """Returns (exit status, standard output, standard error)."""
        p = subprocess.run([program("dfctl"), "--db=" + self.server.remote, *map(str, argv)],
                           input=input, capture_output=True, text=True, timeout=60, env=env)
        assert not SANITIZER.search(p.stderr), p.stderr
        return p.returncode, p.stdout, p.stderr

    def __call__(self, *argv, input=None):
        """Runs commands that must succeed and warn about nothing; returns what
        they print.  A single argument is split into words."""
        if len(argv) == 1 and isinstance(argv[0], str):
            argv = argv[0].split()
        status, out, err = self.run(*argv, input=input)
        if "apply" in argv:
            err = CHOSEN.sub("", err)
        assert (status, err) == (0, ""), "dfctl %s: %s" % (" ".join(map(str, argv)), err)
        return out

    def refused(self, *argv, input=None):
        """Runs commands that must fail, change nothing and say one line; returns
        it without "dfctl: "."""
        if len(argv) == 1 and isinstance(argv[0], str):
            argv = argv[0].split()
        before = self.dump()
        status, out, err = self.run(*argv, input=input)
        assert status == 1, (out, err)
        assert out == ""
        assert err.startswith("dfctl: ") and err.count("\n") == 1, err
        assert self.dump() == before
        return err[len("dfctl: "):-1]

    def dump(self):
        return {t: sorted(map(str, self.rows(t))) for t in TABLES}

    def row(self, table, name):
        rows = self.rows(table, [["name", "==", name]])
        assert len(rows) <= 1
        return rows[0] if rows else None

    def file(self, text, name="topology.yaml"):
        path = self.path / name
        path.write_text(text)
        return path

    def clear(self):
        self.transact(*({"op": "delete", "table": t, "where": []} for t in TABLES))


@pytest.fixture(scope="module")
def server():
    workspace = Workspace(tempfile.mkdtemp(prefix="df-dfctl-%d-" % os.getpid()))
    nb = Nb(workspace, workspace.path)
    yield nb
    problems = workspace.close()
    if problems:
        raise Failure("\n".join(problems))


@pytest.fixture
def dfctl(server, tmp_path):
    dfctl = Dfctl(server, pathlib.Path(tmp_path))
    dfctl.clear()
    return dfctl


@pytest.fixture
def cloud(dfctl):
    """Two networks with a router between them."""
    dfctl("net-add n1 -- subnet-add s1 n1 10.0.1.0/24 gateway=10.0.1.1 "
          "-- net-add n2 -- subnet-add s2 n2 10.0.2.0/24 "
          "-- port-add vm1 n1 fa:16:3e:00:00:01 10.0.1.5 "
          "-- port-add vm2 n2 fa:16:3e:00:00:02 10.0.2.5 "
          "-- router-add r1 "
          "-- router-port-add rp1 r1 n1 fa:16:3e:00:01:01 10.0.1.1/24 "
          "-- router-port-add rp2 r1 n2 fa:16:3e:00:01:02 10.0.2.1/24 "
          "-- route-add r1 10.9.0.0/16 10.0.1.254")
    return dfctl
