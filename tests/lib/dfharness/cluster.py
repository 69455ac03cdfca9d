# SPDX-License-Identifier: Apache-2.0
"""An NB database of several servers and relays, as packaging/cluster/df-nb makes it."""
import json
import re
import shlex

from .database import SERVICE_ENV, Database
from .dummy import Cloud
from .process import SCHEMA, TOP, Daemon, Failure, program, run, wait_until
from .secure import ADDRESS, free_port

ELECTION_TIMER_MS = 500


class NbDaemon(Daemon):
    """A server or relay, with its control socket where df-nb looks for it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.env.update(SERVICE_ENV)

    @property
    def ctl(self):
        return self.rundir / "nb.ctl"

    def start(self, wait=True):
        self.ctl.unlink(missing_ok=True)
        return super().start(wait)


class Server:
    """One server of the cluster: 'remote' for clients, 'address' for the others."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.name = "nb%d" % number
        self.rundir = cluster.path / self.name
        self.rundir.mkdir(parents=True)
        self.file = self.rundir / "nb.db"
        self.port = free_port()
        self.remote = "tcp:%s:%d" % (ADDRESS, self.port)
        self.address = "tcp:%s:%d" % (ADDRESS, free_port())
        self.daemon = cluster.workspace.add(NbDaemon(
            self.name, ["ovsdb-server", "--unixctl=%s/nb.ctl" % self.rundir,
                        "--remote=punix:%s/nb.sock" % self.rundir,
                        "--remote=ptcp:%d:%s" % (self.port, ADDRESS), self.file], self.rundir))

    def df_nb(self, *args, check=True):
        return run([TOP / "packaging/cluster/df-nb", "--database=%s" % self.file,
                    "--rundir=%s" % self.rundir, "--schema=%s" % SCHEMA, "--timeout=10",
                    *args], check=check)

    def start(self):
        self.daemon.start()

    def kill(self):
        self.daemon.kill()

    def is_running(self):
        return self.daemon.is_running()

    def status(self):
        """What "df-nb status" says, as a dictionary of its simple lines."""
        return dict(re.findall(r"^(\w[\w ]*): +(.*)$", self.df_nb("status", check=False), re.M))

    def is_member(self):
        status = self.status()
        return status.get("Status") == "cluster member" and status.get("Leader") not in (
            None, "unknown")


class Relay:
    def __init__(self, cluster, number):
        self.rundir = cluster.path / ("relay%d" % number)
        self.rundir.mkdir(parents=True)
        self.port = free_port()
        self.remote = "tcp:%s:%d" % (ADDRESS, self.port)
        self.daemon = cluster.workspace.add(NbDaemon(
            "relay%d" % number, ["ovsdb-server", "--unixctl=%s/nb.ctl" % self.rundir,
                                 "--remote=ptcp:%d:%s" % (self.port, ADDRESS),
                                 "relay:Dragonflow:" + cluster.remote], self.rundir))

    def start(self):
        self.daemon.start()

    def kill(self):
        self.daemon.kill()


class NbCluster:
    """Stands for a Database: the first server that works answers."""

    def __init__(self, workspace, path, servers=3, relays=0):
        self.workspace, self.path = workspace, path
        self.servers = [Server(self, i) for i in range(1, servers + 1)]
        first = self.servers[0]
        first.df_nb("--election-timer=%d" % ELECTION_TIMER_MS, "create", first.address)
        for server in self.servers[1:]:
            server.df_nb("join", server.address, first.address)
        for server in self.servers:
            server.start()
        self.wait_healthy()
        self.relays = [Relay(self, i) for i in range(1, relays + 1)]
        for relay in self.relays:
            relay.start()

    @property
    def remote(self):
        return ",".join(server.remote for server in self.servers)

    @property
    def relay_remote(self):
        return ",".join(relay.remote for relay in self.relays)

    def wait_healthy(self):
        """Every server runs and agrees with the others."""
        wait_until(lambda: all(s.is_running() and s.df_nb("health", check=False).startswith(
            "%d of %d servers" % (len(self.servers), len(self.servers))) for s in self.servers),
            lambda: "\n".join(s.df_nb("status", check=False) for s in self.servers), 30)

    def leader(self):
        def find():
            return [s for s in self.servers if s.is_running()
                    and s.status().get("Role") == "leader"]
        return wait_until(find, "no leader")[0]

    def followers(self):
        leader = self.leader()
        return [s for s in self.servers if s is not leader]

    def transact(self, *operations, timeout=10):
        out = run([program("ovsdb-client"), "--timeout=%d" % timeout, "transact", self.remote,
                   json.dumps(["Dragonflow", *operations])])
        results = json.loads(out)
        for result in results:
            if result and result.get("error"):
                raise Failure("transact: %s" % result)
        return results

    rows = Database.rows

    def dfctl(self, *commands, timeout=30, check=True, options=("--retry", "--timeout=20")):
        argv = []
        for command in commands:
            argv += (["--"] if argv else []) + shlex.split(command)
        return run([program("dfctl"), "--db=" + self.remote, *options, *argv], timeout=timeout,
                   check=check)

    def sync(self, timeout=20):
        run([program("dfctl"), "--db=" + self.remote, "--retry", "sync",
             "--timeout=%d" % timeout], timeout=timeout + 10)


class ClusterCloud(Cloud):
    """Dummy chassis that ask the relays, if there are any, and else the servers."""

    def __init__(self, servers=3, relays=0, probe_interval=1000, config=None, **kwargs):
        self.n_servers, self.n_relays = servers, relays
        config = {"remote_probe_interval": str(probe_interval), **(config or {})}
        super().__init__(config=config, **kwargs)

    def make_nb(self):
        return NbCluster(self.workspace, self.workspace.path / "nb", self.n_servers,
                         self.n_relays)

    def add_chassis(self, **config):
        if self.n_relays:
            config = {"relays": self.nb_db.relay_remote, **config}
        return super().add_chassis(**config)
