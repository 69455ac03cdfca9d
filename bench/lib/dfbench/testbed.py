# SPDX-License-Identifier: Apache-2.0
"""One real chassis in a large topology.

ovs-vswitchd runs with dummy interfaces and the userspace datapath (no root, no
kernel module); OpenFlow, OVSDB and df-controller are the real ones.  The other
chassis exist in the NB database only."""
import os
import re
import tempfile
import time

from dfharness import dummy
from dfharness.base import CloudBase
from dfharness.database import Nb
from dfharness.fabric import Fabric
from dfharness.process import SCHEMA, Workspace, program, run

from . import topology as topo
from .meters import FlowWatch, OvsdbClient, Process, wait_for


class Testbed(dummy.Cloud):
    """Leaving the context stops everything.

        with Testbed(Topology(5, 5, 400)) as bed:
            print(bed.cold_start())
            print(bed.measure(bed.add_remote_port))
    """

    def __init__(self, topology, wrap=(), **config):
        """'wrap' is put before df-controller's command line (a profiler)."""
        CloudBase.__init__(self, config, controller=False)
        dummy.sweep()
        self.topology = topology
        self.workspace = Workspace(tempfile.mkdtemp(prefix="df-%d-" % os.getpid()))
        self.encap_types = ("geneve",)
        self.underlay, self.physnets = Fabric(self, "underlay"), {}
        self.next_port = topology.n_ports
        self.next_network = topology.n_networks
        self.moves = self.routes = 0
        self.clients = []
        try:
            nb = self.workspace.path / "nb"
            nb.mkdir()
            topology.write_database(nb / "nb.db", SCHEMA)
            self.nb_db = Nb(self.workspace, nb)
            self.host = self.add_chassis()
            self.host.controller.prefix = list(wrap)
            self.nb_client = self.client(self.nb_db)
            self.ovs_client = self.client(self.host.ovsdb)
            self.ofport_watch = self.client(self.host.ovsdb)
            self.ofport_watch.monitor(Interface=["name", "ofport"])
            self.nb_client.monitor(Chassis=["name", "applied"], Port=["name", "up"])
            self._make_bridge()
            self.plug_many(topology.local_names())
            self.processes = {d.name if d is not self.nb_db.daemon else "nb": Process(d.name, d.pid)
                              for d in (self.nb_db.daemon, self.host.ovsdb.daemon,
                                        self.host.vswitchd)}
        except BaseException:
            self.close(verify=False)
            raise

    def client(self, database):
        client = OvsdbClient(database.socket, database.schema_name)
        self.clients.append(client)
        return client

    def close(self, verify=False):
        for client in self.clients:
            client.close()
        self.clients = []
        super().close(verify=verify)

    # --- Plugging ---

    def _make_bridge(self):
        """br-int as df-controller makes it, so that interfaces can be there before."""
        self.host.vsctl("add-br", "br-int", "--", "set", "bridge", "br-int",
                        "fail_mode=secure", "datapath_type=system")

    def _plug_operations(self, name):
                return [
            {"op": "insert", "table": "Interface", "uuid-name": "i_" + name,
             "row": {"name": name, "type": "dummy",
                     "external_ids": ["map", [["iface-id", name]]]}},
            {"op": "insert", "table": "Port", "uuid-name": "p_" + name,
             "row": {"name": name, "interfaces": ["named-uuid", "i_" + name]}},
            {"op": "mutate", "table": "Bridge", "where": [["name", "==", "br-int"]],
             "mutations": [["ports", "insert", ["named-uuid", "p_" + name]]]},
        ]

    _next_cfg = {"op": "mutate", "table": "Open_vSwitch", "where": [],
                 "mutations": [["next_cfg", "+=", 1]]}

    def plug_many(self, names):
        """Plugs interfaces and waits until they have OpenFlow ports."""
        self.ovs_client.transact(*[op for name in names for op in self._plug_operations(name)],
                                 self._next_cfg)
        missing = set(names)

        def plugged():
            for _, update in self.ofport_watch.updates:
                for row in update["Interface"].values():
                    new = row.get("new", {})
                    if isinstance(new.get("ofport"), int):
                        missing.discard(new["name"])
            return not missing
        wait_for(plugged, [self.ofport_watch])

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

    def flow_count(self):
        text = self.host.ofctl("dump-aggregate", "br-int")
        return int(re.search(r"flow_count=(\d+)", text).group(1))

    def restart(self):
        """Ends df-controller ("exit --restart") and starts it again on the same flows."""
        self.host.controller.exit("--restart")
        self.nb_client.transact({"op": "mutate", "table": "Global", "where": [],
                                 "mutations": [["sequence", "+=", 1]]})
        return self.cold_start()

    def switch_limit(self):
        """Seconds, and CPU seconds of ovs-vswitchd and ovs-ofctl, for the flows that
        are there, sent by ovs-ofctl as one bundle to an empty bridge."""
        flows = self.workspace.path / "flows.txt"
        flows.write_text("\n".join(self.host.flows()) + "\n")
        self.host.vsctl("add-br", "br-limit", "--", "set", "bridge", "br-limit",
                        "fail_mode=secure", "datapath_type=system",
                        "protocols=OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15")
        # Meters are per bridge.
        self.host.ofctl("-O", "OpenFlow15", "add-meter", "br-limit",
                        "meter=1,pktps,burst,band=type=drop,rate=1000,burst_size=1000")
        vswitchd = self.processes["ovs-vswitchd"]
        vswitchd.reset()
        before = os.times()
        start = time.monotonic()
        self.host.ofctl("-O", "OpenFlow15", "--bundle", "add-flows", "br-limit", flows)
        seconds = time.monotonic() - start
        after = os.times()
        result = {"seconds": seconds, "vswitchd": vswitchd.cpu,
                  "ofctl": after.children_user + after.children_system
                  - before.children_user - before.children_system}
        self.host.vsctl("del-br", "br-limit")
        return result

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

    @property
    def flow_watch(self):
        if not getattr(self, "_flow_watch", None):
            self._flow_watch = FlowWatch(program("ovs-ofctl"), "br-int", self.host.env)
            self.clients.append(self._flow_watch)
            time.sleep(0.3)
        return self._flow_watch

    def _commit(self, *operations):
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
        self._commit(topo.insert("Port", self.topology.port(self.prepared)))
        self.settle_flows()

    def add_remote_port(self):
        n = self.next_port
        self.next_port += 1
        self._commit(topo.insert("Port", self.topology.port(n, n % self.topology.chassis)))

    def move_remote_port(self):
        """The last port to another chassis."""
        self.moves += 1
        n = self.next_port - 1
        where = "other%d" % ((n + self.moves) % self.topology.chassis)
        self._commit(topo.update("Port", "port%d" % n, chassis=topo.ref(where)))

    def remove_remote_port(self):
        self.next_port -= 1
        self._commit(topo.delete("Port", "port%d" % self.next_port))

    def prepare_network(self, ports=40):
        """A network with ports, on no router yet."""
        net = self.next_network
        self.next_network += 1
        first, self.next_port = self.next_port, self.next_port + ports
        self._commit(topo.insert("Network", self.topology.network(net)),
                     *[topo.insert("Port", self.topology.port(n, n % self.topology.chassis, net))
                       for n in range(first, first + ports)])
        self.settle_flows()

    def add_router_port(self):
        """Connects the network of prepare_network() to router 0."""
        self._commit(topo.insert("Router_Port",
                                 self.topology.router_port(0, self.next_network - 1)))

    def remove_router_port(self):
        self._commit(topo.delete("Router_Port", "rp0-%d" % (self.next_network - 1)))

    def change_route(self):
        self.routes += 1
        self._commit(topo.update("Router", "router0", static_routes="192.168.%d.0/24 via %s" % (
            self.routes & 255, self.topology.cidr(0, 10)[0])))

    def settle_flows(self):
        wait_for(lambda: True, [self.nb_client, self.flow_watch], settle=0.05)

    def verify(self):
        """Flows equal those computed from scratch."""
        run([program("ovs-appctl"), "-t", str(self.host.controller.ctl), "engine/verify"])
