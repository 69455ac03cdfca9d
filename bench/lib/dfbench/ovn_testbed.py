# SPDX-License-Identifier: Apache-2.0
"""One real OVN chassis in a large topology: the counterpart of testbed.py.

The switch, its interfaces and the topology are the same.  The other chassis exist
in the SB database only; their part (claiming ports) is done by transactions, which
are not measured by default."""
import time

from .meters import Process, wait_for
from .ovn import Central, Installation, Tuning, add_controller, next_cfg
from .ovn_topology import OvnTopology, insert, join, update
from .switchbed import SwitchBed
from .topology import ref

QUIET = 0.3  # Seconds without work in any process: the change has been digested.
BUSY = 0.002  # CPU seconds in that time that timers cost anyway.


class OvnTestbed(SwitchBed):
    """As Testbed, with OVN.  A cold start is two steps: ovn-northd's, from the NB
    database to the SB database, and ovn-controller's, from there to the switch."""

    def __init__(self, topology, installation=None, tuning=None):
        super().__init__(topology)
        self.rows = OvnTopology(topology)
        self.number = 0  # The last nb_cfg that was asked for.
        self.routes = None
        installation, tuning = installation or Installation(), tuning or Tuning()
        try:
            self.central = Central(self.workspace, installation, tuning,
                                   (self.rows.nb_tables(), self.rows.sb_tables()))
            self.nb_db = self.central.nb
            self.add_host()
            self.controller = add_controller(self.workspace, installation, tuning, self.central,
                                             self.host)
            self.nb_client = self.client(self.central.nb)
            self.sb_client = self.client(self.central.sb)
            self.nb_client.monitor(NB_Global=["sb_cfg"])
            self.sb_client.monitor(Chassis_Private=["name", "nb_cfg"])
            self.ovs_client.monitor(Interface=["name", "external_ids"])
            for name, database in (("nb", self.central.nb), ("sb", self.central.sb)):
                self.processes[name] = Process(name, database.daemon.pid)
        except BaseException:
            self.close(verify=False)
            raise

    # --- Confirmations ---

    def ask(self, *operations):
        """Commits 'operations' to the NB database with the next nb_cfg."""
        self.number += 1
        self.nb_client.transact(*operations, next_cfg(self.number))
        return self.number

    def in_sb(self, number):
        def condition():
            return any(row.get("new", {}).get("sb_cfg", 0) >= number
                       for _, update in self.nb_client.updates
                       for row in update.get("NB_Global", {}).values())
        return condition

    def confirmed(self, number):
        """ovn-controller's own word that its flows for nb_cfg are in the switch.  It is
        read where it says so: the way back through ovn-northd is not OVN's latency."""
        def condition():
            return any(row.get("new", {}).get("name") == self.host.name
                       and row["new"].get("nb_cfg", 0) >= number
                       for _, update in self.sb_client.updates
                       for row in update.get("Chassis_Private", {}).values())
        return condition

    def installed(self, names):
        """ovn-controller's word that the flows of these interfaces are in the switch."""
        missing = set(names)

        def condition():
            for _, update in self.ovs_client.updates:
                for row in update.get("Interface", {}).values():
                    new = row.get("new", {})
                    if ["ovn-installed", "true"] in new.get("external_ids", ["", []])[1]:
                        missing.discard(new["name"])
            self.ovs_client.updates.clear()
            return not missing
        return condition

    def sync(self, *_):
        """Until all have done what there is to do."""
        wait_for(self.confirmed(self.ask()), [self.sb_client], 600)
        self.sb_client.updates.clear()
        self.settle_flows()

    # --- Cold start ---

    def _begin(self):
        for process in self.processes.values():
            process.reset()
        for client in (self.nb_client, self.sb_client, self.ovs_client):
            client.updates.clear()

    def _start(self, daemon):
        daemon.start(wait=False)
        process = Process(daemon.name, daemon.pid)
        process.start = 0
        self.processes[daemon.name] = process

    def _cpu(self):
        return {name: process.cpu for name, process in self.processes.items()}

    def start_northd(self, timeout=600):
        """From the NB database to a complete SB database."""
        self._begin()
        number = self.ask()
        start = time.monotonic()
        self._start(self.central.northd)
        wait_for(self.in_sb(number), [self.nb_client], timeout)
        return {"seconds": time.monotonic() - start, "cpu": self._cpu()}

    def bind_remote_ports(self):
        """What the other chassis do: they claim their ports."""
        local, t = set(self.topology.local_names()), self.topology
        bindings = self.sb_client.transact({
            "op": "select", "table": "Port_Binding", "where": [],
            "columns": ["_uuid", "logical_port"]})[0]["rows"]
        operations = []
        for row in bindings:
            name = row["logical_port"]
            if name.startswith("port") and name not in local:
                operations.append(self._claim(row["_uuid"], int(name[4:]) % t.chassis))
        for i in range(0, len(operations), 2000):
            self.sb_client.transact(*operations[i:i + 2000])

    @staticmethod
    def _claim(binding, chassis):
        return {"op": "update", "table": "Port_Binding", "where": [["_uuid", "==", binding]],
                "row": {"chassis": ref("other%d" % chassis), "up": True}}

    def start_controller(self, timeout=600):
        """From the SB database to the switch: until ovn-controller has confirmed
        nb_cfg and every local interface."""
        self._begin()
        start = time.monotonic()
        self._start(self.controller)
        confirmed = self.confirmed(self.number)
        installed = self.installed(self.topology.local_names())
        wait_for(confirmed, [self.sb_client], timeout)
        wait_for(installed, [self.ovs_client], timeout)
        seconds = time.monotonic() - start
        cpu = self._cpu()
        self.quiet()
        return {"seconds": seconds, "cpu": cpu}

    def cold_start(self, timeout=600):
        """As Testbed.cold_start(); 'northd' and 'controller' are the two steps, and
        'memory_of' the resident memory of each process."""
        northd = self.start_northd(timeout)
        self.bind_remote_ports()
        number = self.ask()
        wait_for(self.in_sb(number), [self.nb_client], timeout)
        self.quiet()
        controller = self.start_controller(timeout)
        self.sync()
        names = set(northd["cpu"]) | set(controller["cpu"])
        return {"seconds": northd["seconds"] + controller["seconds"],
                "northd": northd, "controller": controller,
                "cpu": {name: northd["cpu"].get(name, 0) + controller["cpu"].get(name, 0)
                        for name in names},
                "memory": self.processes["ovn-controller"].memory(),
                "memory_of": {name: p.memory()[0] for name, p in self.processes.items()},
                "flows": self.flow_count()}

    def quiet(self, timeout=60):
        """Waits until no process works any more.  Returns what each had used by then,
        in ms since the last reset."""
        end = time.monotonic() + timeout
        while True:
            before = self._cpu()
            time.sleep(QUIET)
            after = self._cpu()
            if sum(after.values()) - sum(before.values()) < BUSY or time.monotonic() > end:
                return {name: seconds * 1e3 for name, seconds in before.items()}

    # --- Single operations ---

    def measure(self, operation, _settle=None):
        """As Testbed.measure(); 'done' is OVN's own confirmation, 'flows' the last
        change of a flow before it."""
        watch = self.flow_watch
        self._begin()
        watch.last = None
        start = time.monotonic()
        done = operation()
        wait_for(done, [self.nb_client, self.sb_client, self.ovs_client, watch], 120)
        end, last = time.monotonic(), watch.last
        cpu = self.quiet()
        watch.receive()
        return {"flows": (last - start) * 1e3 if last else None, "done": (end - start) * 1e3,
                "cpu": cpu}

    def prepare_local_port(self):
        self.prepared = self.next_port
        self.next_port += 1
        self.ask(*self.rows.add_port(self.prepared))
        self.sync()

    def plug_local_port(self):
        name = "port%d" % self.prepared
        self.ovs_client.transact(*self._plug_operations(name), self._next_cfg)
        return self.installed([name])

    def add_remote_port(self):
        """Until the chassis under test has the flows that follow from the NB row alone.
        Its claim by another chassis comes after the measurement (finish_remote_port):
        in a real cloud it is part of the time."""
        n = self.next_port
        self.next_port += 1
        return self.confirmed(self.ask(*self.rows.add_port(n)))

    def _binding(self, n):
        return self.sb_client.transact({
            "op": "select", "table": "Port_Binding",
            "where": [["logical_port", "==", "port%d" % n]], "columns": ["_uuid"]}
        )[0]["rows"][0]["_uuid"]

    def finish_remote_port(self):
        n = self.next_port - 1
        self.sb_client.transact(self._claim(self._binding(n), n % self.topology.chassis))
        self.sync()

    def prepare_move(self):
        self.moving = self._binding(self.next_port - 1)
        self.moves += 1

    def move_remote_port(self):
        """Another chassis claims the port: a transaction on the SB database, with the
        number that is to be confirmed in it, so that ovn-northd is not waited for."""
        self.number += 1
        self.sb_client.transact(
            self._claim(self.moving, (self.next_port - 1 + self.moves) % self.topology.chassis),
            {"op": "update", "table": "SB_Global", "where": [], "row": {"nb_cfg": self.number}})
        self.nb_client.transact(next_cfg(self.number))
        return self.confirmed(self.number)

    def remove_remote_port(self):
        self.next_port -= 1
        return self.confirmed(self.ask(*self.rows.remove_port(self.next_port)))

    def prepare_network(self, ports=40):
        net = self.next_network
        self.next_network += 1
        first, self.next_port = self.next_port, self.next_port + ports
        numbers = range(first, first + ports)
        number = self.ask(*self.rows.add_network(net, numbers))
        wait_for(self.in_sb(number), [self.nb_client], 600)
        names = {"port%d" % n for n in numbers}
        bindings = self.sb_client.transact({
            "op": "select", "table": "Port_Binding", "where": [],
            "columns": ["_uuid", "logical_port"]})[0]["rows"]
        self.sb_client.transact(*[self._claim(row["_uuid"], int(row["logical_port"][4:])
                                              % self.topology.chassis)
                                  for row in bindings if row["logical_port"] in names])
        self.sync()

    def add_router_port(self):
        return self.confirmed(self.ask(*self.rows.add_router_port(0, self.next_network - 1)))

    def remove_router_port(self):
        return self.confirmed(self.ask(*self.rows.remove_router_port(0, self.next_network - 1)))

    def prepare_joined_network(self):
        self.prepare_network()
        wait_for(self.add_router_port(), [self.sb_client], 600)
        self.sync()

    def add_unreachable_port(self):
        if self.island is None:
            self.island = self.next_network
            self.next_network += 1
            self.nb_client.transact(*self.rows.add_network(self.island, []))
        n = self.next_port
        self.next_port += 1
        number = self.ask(*self.rows.add_port(n, self.island))
        wait_for(self.in_sb(number), [self.nb_client], 600)
        self.sb_client.transact(self._claim(self._binding(n), n % self.topology.chassis))

    def database_size(self):
        return sum(db.file.stat().st_size for db in (self.central.nb, self.central.sb)) / 1e6

    @property
    def controller_process(self):
        return self.processes["ovn-controller"]

    def prepare_route(self):
        if self.routes is None:
            self.routes = 0
            self.ask(insert("Logical_Router_Static_Route", ("route", self._route_columns())),
                     join("Logical_Router", "router0", "static_routes", "route"))
            self.sync()

    def _route_columns(self):
        return {"ip_prefix": "192.168.%d.0/24" % (self.routes & 255),
                "nexthop": self.topology.cidr(0, 10)[0]}

    def change_route(self):
        self.routes += 1
        return self.confirmed(self.ask(update("Logical_Router_Static_Route", "route",
                                              **self._route_columns())))

    def settle_flows(self):
        self.quiet()
