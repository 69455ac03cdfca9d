# SPDX-License-Identifier: Apache-2.0
"""A cloud of many chassis on one machine: the real code of df-controller, without a
switch, many chassis to a process (sim/df-simulate.c), on one real NB database."""
import copy
import json
import os
import resource
import tempfile
import time

from dfbench.meters import OvsdbClient, Process, median, wait_for
from dfbench.report import row
from dfbench.topology import insert, mac, ref
from dfharness.database import SERVICE_ENV, Nb
from dfharness.process import Failure, Workspace, wait_until

PORTS = 50        # On each chassis.
SPAN = 10         # Chassis that share projects: a project's machines are on so many,
PROJECTS = 5      # and so many projects are on each of them.
SPARE = 10        # Interfaces on each chassis that have no port yet.
PER_PROCESS = 250
IDLE = 3          # Seconds.
SETTLE = 60       # Seconds, at most, until conditions have shrunk to what is needed.
QUIET = 0.05      # Of a core: as good as idle.


class Plan:
    """The places of ports.  A project has a router, two networks, and PORTS / PROJECTS
    ports on each of its chassis."""

    def __init__(self, chassis):
        self.chassis = chassis
        self.n_ports = chassis * PORTS

    def project(self, chassis, k):
        index = k * PROJECTS // PORTS if k < PORTS else k % PROJECTS
        return chassis // SPAN * PROJECTS + index

    def port(self, chassis, k, claimed=True):
        name = "vm%d-%d" % (chassis, k)
        project, net = self.project(chassis, k), k % 2
        host = (10 + chassis % SPAN * 10 + k % 10 if k < PORTS
                else 110 + chassis % SPAN * 10 + k - PORTS)
        columns = {"name": name, "network": ref("net%d-%d" % (project, net)),
                   "mac": mac(0x0a, chassis << 8 | k), "addresses": "10.0.%d.%d" % (net, host),
                   "external_ids": ["map", [["neutron:project", "project%d" % project]]]}
        if claimed:
            columns.update(chassis=ref("chassis%d" % chassis), up=True)
        return name, columns

    def reach(self, chassis):
        """How many chassis see the ports of this one."""
        first = chassis // SPAN * SPAN
        return min(SPAN, self.chassis - first)

    def operations(self):
        yield insert("Global", ("global", {"sequence": 1}))
        for i in range(self.chassis):
            name = "chassis%d" % i
            ip = (10 << 24) + (128 << 16) + i
            yield insert("Chassis", (name, {
                "name": name, "hostname": name, "encaps": ["map", [["geneve", "%d.%d.%d.%d" % (
                    ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255)]]]}))
        groups = (self.chassis + SPAN - 1) // SPAN
        for project in range(groups * PROJECTS):
            router = "router%d" % project
            yield insert("Router", (router, {"name": router}))
            for net in range(2):
                name = "net%d-%d" % (project, net)
                yield insert("Network", (name, {"name": name, "type": "geneve",
                                                "segmentation_id": 1000 + project * 2 + net}))
                name = "rp%d-%d" % (project, net)
                yield insert("Router_Port", (name, {
                    "name": name, "router": ref(router), "mac": mac(0x0e, project << 8 | net),
                    "network": ref("net%d-%d" % (project, net)),
                    "addresses": "10.0.%d.1/24" % net}))
        for chassis in range(self.chassis):
            for k in range(PORTS):
                yield insert("Port", self.port(chassis, k))


class Cloud:
    """The servers, and processes that simulate chassis.  The last chassis has a process
    to itself, with the memory and the CPU time of one chassis."""

    def __init__(self, plan, relays):
        self.plan = plan
        self.workspace = Workspace(tempfile.mkdtemp(prefix="df-cloud-%d-" % os.getpid()))
        self.relays, self.simulations = [], []
        try:
            self.nb = Nb(self.workspace, self.workspace.path / "nb")
            self.server = Process("ovsdb-server", self.nb.daemon.pid)
            operations = list(plan.operations())
            for i in range(0, len(operations), 5000):
                self.nb.transact(*operations[i:i + 5000])
            self.nb.daemon.appctl("ovsdb-server/compact")
            self.loaded = self.server.memory()[0]
            remotes = [self.add_relay(i) for i in range(relays)] or [self.nb.remote]
            self.start_chassis(remotes)
            self.client = OvsdbClient(self.nb.socket, "Dragonflow")
        except BaseException:
            self.workspace.close()
            raise

    def add_relay(self, i):
        rundir = self.workspace.path / ("relay%d" % i)
        rundir.mkdir()
        remote = "unix:%s/relay.sock" % rundir
        daemon = self.workspace.daemon("relay", [
            "ovsdb-server", "--remote=p" + remote, "relay:Dragonflow:" + self.nb.remote], rundir)
        daemon.env.update(SERVICE_ENV)
        daemon.start()
        relay = copy.copy(self.nb)   # The same requests, to the relay.
        relay.remote = remote

        def has_read():
            try:
                return relay.rows("Global", columns=["sequence"])
            except Failure:
                return False   # Not yet connected: "the database does not exist".
        wait_until(has_read, "the relay to read the database", 60)
        self.relays.append(Process("relay", daemon.pid))
        return remote

    def start_chassis(self, remotes):
        n = self.plan.chassis
        pieces = [(first, min(PER_PROCESS, n - 1 - first)) for first in range(0, n - 1,
                                                                              PER_PROCESS)]
        if len(remotes) > 1 and len(pieces) == 1:
            half = (n - 1) // 2
            pieces = [(0, half), (half, n - 1 - half)]
        pieces.append((n - 1, 1))
        self.reset()
        start = time.monotonic()
        for i, (first, count) in enumerate(pieces):
            rundir = self.workspace.path / ("chassis%d" % first)
            rundir.mkdir()
            daemon = self.workspace.daemon("df-simulate", [
                "df-simulate", "--remote=" + remotes[i % len(remotes)],
                "--vifs=%d" % (PORTS + SPARE), first, count], rundir, ours=True)
            daemon.start(wait=False)
            self.simulations.append(daemon)
        for daemon in self.simulations:
            wait_until(daemon._listens, "a simulation", 60)

        def ready():
            total = self.status()
            return total["complete"] == n and total["local_ports"] == n * PORTS
        wait_until(ready, lambda: "chassis: %s" % self.status(), 420, 0.25)
        self.start_seconds = time.monotonic() - start
        self.processes = [Process("df-simulate", d.pid) for d in self.simulations]
        for p in self.processes:
            p.start = 0
        self.start_cpu = self.server.cpu
        self.one_cpu = self.processes[-1].cpu
        self.relay_start_cpu = sum(r.cpu for r in self.relays)
        self.total = self.status()

    def _ask(self, command, *args):
        return [json.loads(d.appctl(command, *args)) for d in self.simulations]

    def status(self):
        answers = self._ask("status")
        return {key: sum(a[key] for a in answers) for key in answers[0]}

    def changes(self, since):
        """(chassis that have read anything, chassis with changed flows, the time of the
        last such change) since CLOCK_MONOTONIC 'since', in ns."""
        answers = self._ask("changes", since)
        return (sum(a["read"] for a in answers), sum(a["changed"] for a in answers),
                max(a["last"] for a in answers))

    def reset(self):
        for p in [self.server, *self.relays]:
            p.reset()

    def cpu(self):
        """(of the server, of all relays) since reset()."""
        return self.server.cpu, sum(r.cpu for r in self.relays)

    def close(self):
        self.client.close()
        for daemon in self.simulations:
            daemon.kill()
        problems = self.workspace.close()
        if problems:
            raise RuntimeError("\n".join(problems))

    # --- Measurements ---

    def idle(self):
        """CPU seconds in a second, of the server and of relays, once all chassis are idle:
        what the start made superfluous is given up some seconds later."""
        end = time.monotonic() + SETTLE
        while True:
            self.reset()
            time.sleep(IDLE)
            used = tuple(cpu / IDLE for cpu in self.cpu())
            if sum(used) < QUIET or time.monotonic() > end:
                return used

    def spares(self):
        """(chassis, number of the interface), in the order in which they get ports: never two
        in a row in the same group."""
        for k in range(PORTS, PORTS + SPARE):
            for i in range(self.plan.chassis):
                yield i * 37 % self.plan.chassis if self.plan.chassis % 37 else i, k

    def wait_up(self, names):
        names = {ref(name)[1] for name in names}

        def up():
            for _, tables in self.client.updates:
                for uuid, change in tables.get("Port", {}).items():
                    if change.get("new", {}).get("up") is True:
                        names.discard(uuid)
            self.client.updates.clear()
            return not names
        wait_for(up, [self.client], 60)

    def add(self, chassis, k):
        """A port with an interface that is there.  Returns (seconds until the last chassis
        that needs it has its flows, how many have changed flows, how many have read
        anything)."""
        port = self.plan.port(chassis, k, claimed=False)
        start = time.monotonic_ns()
        self.nb_transact(insert("Port", port))
        self.wait_up([port[0]])
        for _ in range(100):   # Nothing tells that there is nothing more to come.
            time.sleep(0.1)
            read, changed, last = self.changes(start)
            if changed >= self.plan.reach(chassis) and time.monotonic_ns() - last > 1e8:
                break
        return (last - start) / 1e9, changed, read

    def nb_transact(self, *operations):
        self.client.transact(*operations)


def measure(plan, relays, repeat, burst):
    cloud = Cloud(plan, relays)
    try:
        return measure_cloud(cloud, repeat, burst)
    finally:
        cloud.close()


def measure_cloud(cloud, repeat, burst):
    plan, one, n = cloud.plan, cloud.processes[-1], cloud.plan.chassis
    others = cloud.processes[:-1]
    result = {
        "chassis": n, "ports": plan.n_ports, "relays": len(cloud.relays),
        "flows_of_a_chassis": cloud.total["flows"] / n,
        "ports_known_to_a_chassis": cloud.total["ports"] / n,
        "start_s": cloud.start_seconds, "start_server_cpu_s": cloud.start_cpu,
        "start_relays_cpu_s": cloud.relay_start_cpu, "start_chassis_cpu_s": cloud.one_cpu,
        "server_loaded_mb": cloud.loaded, "server_mb": cloud.server.memory()[0],
        "server_peak_mb": cloud.server.memory()[1],
        "relay_mb": max([r.memory()[0] for r in cloud.relays], default=0),
        "chassis_process_mb": one.memory()[0],
        "chassis_mb": sum(p.memory()[0] for p in others) / (n - 1),
    }
    cloud.client.monitor(Port=["up"], Chassis=["applied"])
    result["idle_server_cpu"], result["idle_relays_cpu"] = cloud.idle()
    spares = cloud.spares()

    # One at a time.
    samples = [cloud.add(*next(spares)) for _ in range(repeat)]
    result["latency_s"] = [s[0] for s in samples]
    result["changed"] = [s[1] for s in samples]
    result["read"] = [s[2] for s in samples]

    # As fast as they can be written.
    ports = [plan.port(*next(spares), claimed=False) for _ in range(burst)]
    cloud.reset()
    for p in cloud.processes:
        p.reset()
    start = time.monotonic_ns()
    for port in ports:
        cloud.nb_transact(insert("Port", port))
    cloud.wait_up([port[0] for port in ports])
    last, before = cloud.changes(start)[2], None
    while last != before:
        time.sleep(0.5)
        last, before = cloud.changes(start)[2], last
    seconds = (time.monotonic_ns() - start) / 1e9
    server, relay = cloud.cpu()
    result["burst"] = burst
    result["burst_s"] = (last - start) / 1e9
    result["server_cpu_ms_per_port"] = (server - seconds * result["idle_server_cpu"]) / burst * 1e3
    result["relays_cpu_ms_per_port"] = (relay - seconds * result["idle_relays_cpu"]) / burst * 1e3
    result["chassis_cpu_ms_per_port"] = (sum(p.cpu for p in others) / burst
                                         / plan.reach(0) * 1e3)

    # All chassis answer: "dfctl sync".
    cloud.client.updates.clear()
    cloud.reset()
    start = time.monotonic()
    cloud.nb_transact({"op": "update", "table": "Global", "where": [], "row": {"sequence": 2}})
    answered = set()

    def all_answered():
        for _, tables in cloud.client.updates:
            answered.update(tables.get("Chassis", {}))
        cloud.client.updates.clear()
        return len(answered) == n
    wait_for(all_answered, [cloud.client], 120)
    result["sync_s"] = time.monotonic() - start
    result["sync_server_cpu_s"] = cloud.server.cpu
    return result


def table(result):
    relays = result["relays"]
    head = "%s chassis, %s ports, %s" % (format(result["chassis"], ","),
                                         format(result["ports"], ","),
                                         "%d relays" % relays if relays else "no relay")

    def line(name, value, *args, **more):
        return row("  " + name, value % args, **more)
    rows = [
        row(head, "%.0f ports known" % result["ports_known_to_a_chassis"], data=result,
            note="%.0f flows on each chassis" % result["flows_of_a_chassis"]),
        line("all start at once: until the last has all flows", "%.1f s", result["start_s"]),
        line("CPU of the NB server for it, of a chassis", "%.2f s, %.3f s",
             result["start_server_cpu_s"], result["start_chassis_cpu_s"]),
        line("memory of the NB server, of a chassis", "%.0f MB, %.1f MB", result["server_mb"],
             result["chassis_mb"], note="a process with one chassis: %.1f MB; the NB server "
             "before the first connection: %.0f MB, at most: %.0f MB" % (
                 result["chassis_process_mb"], result["server_loaded_mb"],
                 result["server_peak_mb"])),
        line("idle: CPU of the NB server", "%.2f %%", result["idle_server_cpu"] * 100),
        line("port added: until the last chassis that needs it has it", "%.1f ms",
             median(result["latency_s"]) * 1e3,
             note="longest %.1f ms; %d chassis changed flows, %d read anything" % (
                 max(result["latency_s"]) * 1e3, max(result["changed"]), max(result["read"]))),
        line("%d ports, one after the other without a break" % result["burst"], "%.2f s",
             result["burst_s"]),
        line("CPU for each of them: NB server, each chassis that needs it", "%.2f ms, %.2f ms",
             result["server_cpu_ms_per_port"], result["chassis_cpu_ms_per_port"]),
        line("dfctl sync: until all have answered; CPU of the NB server", "%.2f s, %.2f s",
             result["sync_s"], result["sync_server_cpu_s"]),
    ]
    if relays:
        rows.append(line("all relays: CPU for the start, for a port; memory of one",
                         "%.2f s, %.2f ms, %.0f MB", result["start_relays_cpu_s"],
                         result["relays_cpu_ms_per_port"], result["relay_mb"]))
    return rows


def cloud(options):
    """A cloud on one machine: what each port costs the NB server and its chassis."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = []
    for chassis in options.cloud_chassis:
        for relays in options.cloud_relays:
            rows += table(measure(Plan(chassis), relays, options.cloud_repeat,
                                  options.cloud_burst))
    return rows


MEASURES = [cloud]
