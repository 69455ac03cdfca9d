# SPDX-License-Identifier: Apache-2.0
"""Private OVSDB servers."""
import json
import shlex
import socket

import ovs.jsonrpc
import ovs.stream

from .process import SCHEMA, Failure, program, run


# What dragonflow-nb.service and dragonflow-relay.service set for their ovsdb-server.
SERVICE_ENV = {"LD_PRELOAD": "libjemalloc.so.2"}


class Database:
    """An ovsdb-server of its own for one database in 'rundir'."""

    def __init__(self, workspace, rundir, schema, name="ovsdb-server", socket="db.sock",
                 options=(), env=None, **daemon_options):
        rundir.mkdir(parents=True, exist_ok=True)
        self.file = rundir / (name + ".db")
        self.socket = rundir / socket
        self.remote = "unix:%s" % self.socket
        if not self.file.exists():
            run([program("ovsdb-tool"), "create", self.file, schema])
        self.schema_name = json.load(open(schema))["name"]
        self.daemon = workspace.daemon(
            name, ["ovsdb-server", "--remote=p" + self.remote, *options, self.file], rundir,
            **daemon_options)
        self.daemon.env.update(env or {})
        self.start()

    def start(self):
        self.daemon.start()

    def kill(self):
        self.daemon.kill()

    def restart(self):
        """As after a crash: clients must reconnect."""
        self.kill()
        self.start()

    def transact(self, *operations):
        """Runs operations of RFC 7047 past every tool; returns their results."""
        error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(self.remote))
        if error:
            raise Failure("%s: cannot connect" % self.remote)
        connection = ovs.jsonrpc.Connection(stream)
        request = ovs.jsonrpc.Message.create_request("transact",
                                                     [self.schema_name, *operations])
        error, reply = connection.transact_block(request)
        connection.close()
        if error or reply.error:
            raise Failure("transact: %s" % (error or reply.error))
        for result in reply.result:
            if result and result.get("error"):
                raise Failure("transact: %s" % result)
        return reply.result

    def transact_large(self, *operations):
        """The same for many megabytes, for which the connections of the Python library take
        time in proportion to the square."""
        request = {"id": 0, "method": "transact", "params": [self.schema_name, *operations]}
        text = ""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.remote[len("unix:"):])
            s.sendall(json.dumps(request).encode())
            reply = None
            while reply is None:
                received = s.recv(1 << 20)
                if not received:
                    raise Failure("%s: no answer" % self.remote)
                text += received.decode()
                try:
                    reply = json.loads(text)
                except ValueError:
                    continue
        for result in reply["result"] or [reply]:
            if result and result.get("error"):
                raise Failure("transact: %s" % result)
        return reply["result"]

    def rows(self, table, where=(), columns=None):
        operation = {"op": "select", "table": table, "where": list(where)}
        if columns:
            operation["columns"] = columns
        return self.transact(operation)[0]["rows"]


class Nb(Database):
    """The Northbound database, and dfctl to talk to it."""

    def __init__(self, workspace, rundir, **daemon_options):
        super().__init__(workspace, rundir, SCHEMA, name="nb", socket="nb.sock",
                         env=SERVICE_ENV, **daemon_options)

    def dfctl(self, *commands, timeout=30, check=True):
        """Runs dfctl, each argument one command as on the command line
        ("net-add n1 type=geneve"), all in one transaction."""
        argv = []
        for command in commands:
            argv += (["--"] if argv else []) + shlex.split(command)
        return run([program("dfctl"), "--db=" + self.remote, *argv], timeout=timeout,
                   check=check)

    def sync(self, timeout=20):
        run([program("dfctl"), "--db=" + self.remote, "sync", "--timeout=%d" % timeout],
            timeout=timeout + 10)
