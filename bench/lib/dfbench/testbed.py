# SPDX-License-Identifier: Apache-2.0
"""One real chassis of Dragonflow in a large topology.

The other chassis exist in the NB database only."""
import re
import subprocess
import time

from dfharness.database import Nb
from dfharness.process import SCHEMA, build_dir, program, run

from . import topology as topo
from .meters import Process, wait_for
from .switchbed import SwitchBed


class Testbed(SwitchBed):
    """Leaving the context stops everything.

        with Testbed(Topology(5, 5, 400)) as bed:
            print(bed.cold_start())
            print(bed.measure(bed.add_remote_port))
    """

    def __init__(self, topology, wrap=(), log_session=False, **config):
        """'wrap' is put before df-controller's command line (a profiler); 'log_session'
        is for openflow_seconds()."""
        super().__init__(topology, config)
        self.routes = 0
        try:
            nb = self.workspace.path / "nb"
            nb.mkdir()
            topology.write_database(nb / "nb.db", SCHEMA)
            self.nb_db = Nb(self.workspace, nb)
            self.add_host()
            self.host.controller.prefix = list(wrap)
            if log_session:
                self.host.controller.argv.append("-vofsession:file:dbg")
            self.nb_client = self.client(self.nb_db)
            self.nb_client.monitor(Chassis=["name", "applied"], Port=["name", "up"])
            self.processes["nb"] = Process("nb", self.nb_db.daemon.pid)
        except BaseException:
            self.close(verify=False)
            raise

    # --- The controller ---

    def is_applied(self, sequence):
        def applied():
            for _, update in self.nb_client.updates:
                for row in update.get("Chassis", {}).values():
                    new = row.get("new", {})
                    if (new.get("name") == self.host.name
                            and new.get("applied") == sequence):
                        return True
            return False
        return applied

    def cold_start(self, timeout=120):
        """Starts df-controller and waits until it says that everything is in the switch.
        Returns a dictionary: 'seconds' to that; 'cpu' by process; 'memory' of
        df-controller (now, peak); 'flows'."""
        self.processes.pop("df-controller", None)
        for process in self.processes.values():
            process.reset()
        self.nb_client.updates.clear()
        sequence = self.nb_client.transact({"op": "select", "table": "Global", "where": [],
                                            "columns": ["sequence"]})[0]["rows"][0]["sequence"]
        start = time.monotonic()
        self.host.controller.start(wait=False)
        controller = Process("df-controller", self.host.controller.pid)
        controller.start = 0
        self.processes["df-controller"] = controller
        wait_for(self.is_applied(sequence), [self.nb_client], timeout)
        seconds = time.monotonic() - start
        cpu = {name: process.cpu for name, process in self.processes.items()}
        memory = controller.memory()
        return {"seconds": seconds, "cpu": cpu, "memory": memory, "flows": self.flow_count()}

    def restart(self):
        """Ends df-controller ("exit --restart") and starts it again on the same flows."""
        self.host.controller.exit("--restart")
        return self._start_anew()

    def _start_anew(self):
        self.nb_client.transact({"op": "mutate", "table": "Global", "where": [],
                                 "mutations": [["sequence", "+=", 1]]})
        return self.cold_start()

    def openflow_seconds(self):
        """Of the time since the start: how long a bundle was being filled or waiting for
        the switch's confirmation.  (Milliseconds are as exact as the log is.)"""
        total, since = 0, None
        for line in self.host.controller.log.read_text().splitlines():
            change = re.search(r"T(\d+):(\d+):([\d.]+)Z.*\|ofsession\|.* (\w+) -> (\w+)$", line)
            if change:
                hour, minute, second = (float(x) for x in change.groups()[:3])
                at = (hour * 60 + minute) * 60 + second
                if change.group(5) == "sending":
                    since = at
                elif since is not None:
                    total += (at - since) % 86400
                    since = None
        assert total, "df-controller has logged no bundle"
        return total

    def database_size(self):
        """MB on disk."""
        return self.nb_db.file.stat().st_size / 1e6

    @property
    def controller_process(self):
        return self.processes["df-controller"]

    # --- Single operations ---

    def measure(self, operation, settle=0.05):
        """Runs one operation: a method of this class that commits something and returns
        a condition (for wait_for) for its being done, or None if the last change of a
        flow is the end.  Returns a dictionary: 'flows', ms from the commit to the
        last change of a flow in the switch; 'done', ms to the condition; 'cpu', ms by
        process until everything is quiet again."""
        watch = self.flow_watch
        self.nb_client.updates.clear()
        self.ofport_watch.updates.clear()
        watch.last = None
        for process in self.processes.values():
            process.reset()
        start = time.monotonic()
        done = operation()
        condition = done or (lambda: watch.last is not None)
        end = []

        def condition_with_time():
            if condition():
                end.append(time.monotonic())
                return True
            return False
        wait_for(condition_with_time, [self.nb_client, watch, self.ofport_watch], 20, settle)
        ofport = [at for at, update in self.ofport_watch.updates
                  for row in update["Interface"].values()
                  if isinstance(row.get("new", {}).get("ofport"), int)]
        return {"flows": (watch.last - start) * 1e3 if watch.last else None,
                "ofport": (ofport[0] - start) * 1e3 if ofport else None,
                "done": (end[0] - start) * 1e3,
                "cpu": {name: process.cpu * 1e3 for name, process in self.processes.items()}}

    def commit(self, *operations):
        self.nb_client.transact(*operations)

    def is_up(self, name):
        def up():
            for _, update in self.nb_client.updates:
                for row in update.get("Port", {}).values():
                    if (row.get("new", {}).get("name") == name
                            and row["new"].get("up") is True):
                        return True
            return False
        return up

    def plug_local_port(self):
        """A port that is in the NB database already is plugged in; done when the NB
        database says that it is up."""
        n = self.prepared
        self.prepared = None
        self.ovs_client.transact(*self._plug_operations("port%d" % n), self._next_cfg)
        return self.is_up("port%d" % n)

    def prepare_local_port(self):
        """What plug_local_port() will plug."""
        self.prepared = self.next_port
        self.next_port += 1
        self.commit(topo.insert("Port", self.topology.port(self.prepared)))
        self.settle_flows()

    def add_remote_port(self):
        n = self.next_port
        self.next_port += 1
        self.commit(topo.insert("Port", self.topology.port(n, n % self.topology.chassis)))

    def move_remote_port(self):
        """The last port to another chassis."""
        self.moves += 1
        n = self.next_port - 1
        where = "other%d" % ((n + self.moves) % self.topology.chassis)
        self.commit(topo.update("Port", "port%d" % n, chassis=topo.ref(where)))

    def remove_remote_port(self):
        self.next_port -= 1
        self.commit(topo.delete("Port", "port%d" % self.next_port))

    def prepare_network(self, ports=40):
        """A network with ports, on no router yet."""
        net = self.next_network
        self.next_network += 1
        first, self.next_port = self.next_port, self.next_port + ports
        self.commit(topo.insert("Network", self.topology.network(net)),
                    *[topo.insert("Port", self.topology.port(n, n % self.topology.chassis, net))
                      for n in range(first, first + ports)])
        self.settle_flows()

    def add_router_port(self):
        """Connects the network of prepare_network() to router 0."""
        self.commit(topo.insert("Router_Port",
                                self.topology.router_port(0, self.next_network - 1)))

    def remove_router_port(self):
        self.commit(topo.delete("Router_Port", "rp0-%d" % (self.next_network - 1)))

    def finish_remote_port(self):
        self.settle_flows()

    def prepare_move(self):
        pass

    def prepare_joined_network(self):
        self.prepare_network()
        self.add_router_port()
        self.settle_flows(0.4)

    def prepare_route(self):
        pass

    def add_unreachable_port(self):
        """A port on a network that no router connects to anything."""
        if self.island is None:
            self.island = self.next_network
            self.next_network += 1
            self.commit(topo.insert("Network", self.topology.network(self.island)))
            self.settle_flows()
        n = self.next_port
        self.next_port += 1
        self.commit(topo.insert("Port", self.topology.port(n, n % self.topology.chassis,
                                                           self.island)))

    def change_route(self):
        def name():
            return "route%d" % self.routes

        old = [topo.delete("Static_Route", name())] if self.routes else []
        self.routes += 1
        self.commit(*old, topo.insert("Static_Route", (name(), {
            "router": topo.ref("router0"), "prefix": "192.168.%d.0/24" % (self.routes & 255),
            "next_hop": self.topology.cidr(0, 10)[0]})))

    def plug_unknown_port(self):
        """An interface of which the NB database knows nothing; done when it has an
        OpenFlow port."""
        self.unknown += 1
        name = self.unknown_name()
        self.ovs_client.transact(*self._plug_operations(name), self._next_cfg)
        return lambda: any(row.get("new", {}).get("name") == name
                           and isinstance(row["new"].get("ofport"), int)
                           for _, update in self.ofport_watch.updates
                           for row in update["Interface"].values())

    def plug_floor(self, times):
        """What plug_local_port() takes with a controller that does nothing else in
        df-controller's place (bench/plug-floor.c): results of measure()."""
        before = set(self.host.flows())
        self.prepare_local_port()
        self.measure(self.plug_local_port)
        flows = sorted(set(self.host.flows()) - before)
        port = next(m.group(1) for m in (re.search(r"in_port=(\d+)", f) for f in flows) if m)
        self.finish_local_port()
        file = self.workspace.path / "port-flows.txt"
        file.write_text("\n".join(flows) + "\n")

        self.host.controller.exit("--restart")
        del self.processes["df-controller"]
        floor = subprocess.Popen(
            [build_dir() / "bench/plug-floor", self.host.ovsdb.remote, self.nb_db.remote,
             "unix:%s/br-int.mgmt" % self.host.rundir, self.host.name, file, port],
            stdout=subprocess.PIPE, text=True)
        try:
            assert floor.stdout.readline() == "ready\n"
            self.processes["floor"] = Process("floor", floor.pid)
            results = []
            for _ in range(1 + times):  # The first is slower.
                self.prepare_local_port()
                results.append(self.measure(self.plug_local_port))
                self.finish_local_port()
            del results[0]
        finally:
            self.processes.pop("floor", None)
            floor.kill()
            floor.wait()
            floor.stdout.close()
        self._start_anew()
        return results

    def unknown_name(self):
        return "unknown%d" % self.unknown

    def finish_unknown_port(self):
        self.unplug(self.unknown_name())

    def settle_flows(self, seconds=0.05):
        wait_for(lambda: True, [self.nb_client, self.flow_watch], settle=seconds)

    def verify(self):
        """Flows equal those computed from scratch."""
        run([program("ovs-appctl"), "-t", str(self.host.controller.ctl), "engine/verify"])


class PortReader:
    """A client of the NB server that does nothing but read the ports of all networks."""

    COLUMNS = ["name", "network", "mac", "addresses", "enabled", "requested_chassis", "chassis"]

    def __init__(self, bed):
        self.bed = bed
        self.client = bed.client(bed.nb_db)
        networks = bed.nb_client.transact({"op": "select", "table": "Network", "where": [],
                                           "columns": ["_uuid"]})[0]["rows"]
        self.where = [["network", "==", n["_uuid"]] for n in networks]
        self.client.call("monitor_cond", [self.client.database, "reader", {
            "Port": [{"columns": self.COLUMNS, "where": self.where}]}])

    def ask(self):
        """Returns the milliseconds in which the server answers when asked for the ports of
        one more network, 40 in number.  Everything is as before Testbed.add_router_port():
        the network has just been made, and since the server last went through all ports
        it has had other things to do; that it wakes up is not counted.  Afterwards the
        network is gone again."""
        bed = self.bed
        number, port = bed.next_network, bed.next_port
        bed.prepare_network()
        bed.nb_client.transact({"op": "comment", "comment": "is awake"})
        start = time.monotonic()
        self._change(self.where + [["network", "==", topo.ref("net%d" % number)]])
        took = time.monotonic() - start
        bed.settle_flows(0.4)
        self._change(self.where)
        bed.commit(*[topo.delete("Port", "port%d" % n) for n in range(port, bed.next_port)],
                   topo.delete("Network", "net%d" % number))
        bed.settle_flows(0.4)
        return took * 1e3

    def _change(self, where):
        self.client.call("monitor_cond_change", ["reader", "reader", {"Port": [{"where": where}]}])
