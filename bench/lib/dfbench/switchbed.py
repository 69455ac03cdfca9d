# SPDX-License-Identifier: Apache-2.0
"""One chassis' switch with the local interfaces of a topology, and what is measured
on it with any controller.

ovs-vswitchd runs with dummy interfaces and the userspace datapath (no root, no
kernel module); OpenFlow and OVSDB are the real ones."""
import json
import os
import re
import tempfile
import time

from dfharness import dummy
from dfharness.base import CloudBase
from dfharness.fabric import Fabric
from dfharness.process import Workspace, build_dir, program, run, wait_until

from .meters import FlowWatch, OvsdbClient, Process, median, wait_for


class SwitchBed(dummy.Cloud):
    """Members: 'topology'; 'processes', a dictionary from name to Process, of all that
    take part; 'host', the chassis, after add_host(); 'ovs_client' and 'ofport_watch',
    connections to its local database."""

    def __init__(self, topology, config=None):
        CloudBase.__init__(self, config, controller=False)
        dummy.sweep()
        self.topology = topology
        self.workspace = Workspace(tempfile.mkdtemp(prefix="df-%d-" % os.getpid()))
        self.encap_types = ("geneve",)
        self.underlay, self.physnets = Fabric(self, "underlay"), {}
        self.next_port = topology.n_ports
        self.next_network = topology.n_networks
        self.moves = self.unknown = 0
        self.island = None  # The network of add_unreachable_port().
        self.clients = []
        self.processes = {}

    def add_host(self):
        """The chassis under test, with its bridge and its interfaces; 'nb_db' must be
        there."""
        self.host = self.add_chassis()
        self.ovs_client = self.client(self.host.ovsdb)
        self.ofport_watch = self.client(self.host.ovsdb)
        self.ofport_watch.monitor(Interface=["name", "ofport"])
        self._make_bridge()
        self.plug_many(self.topology.local_names())
        for daemon in (self.host.ovsdb.daemon, self.host.vswitchd):
            self.processes[daemon.name] = Process(daemon.name, daemon.pid)

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

    def _unplug_operations(self, name):
        port = self.ovs_client.transact({"op": "select", "table": "Port", "columns": ["_uuid"],
                                         "where": [["name", "==", name]]})[0]["rows"][0]
        return [{"op": "mutate", "table": "Bridge", "where": [["name", "==", "br-int"]],
                 "mutations": [["ports", "delete", port["_uuid"]]]}]

    def unplug(self, name):
        """Takes an interface away, and waits until the switch has no such port."""
        self.ovs_client.transact(*self._unplug_operations(name), self._next_cfg)
        wait_until(lambda: "(%s)" % name not in self.host.ofctl("show", "br-int"),
                   "%s is still there" % name)
        self.settle_flows()

    def finish_local_port(self):
        """Takes away what was plugged last, so that the chassis stays as large as it was."""
        self.unplug("port%d" % (self.next_port - 1))

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

    # --- Flows ---

    def flow_count(self):
        text = self.host.ofctl("dump-aggregate", "br-int")
        return int(re.search(r"flow_count=(\d+)", text).group(1))

    @property
    def flow_watch(self):
        if not getattr(self, "_flow_watch", None):
            self._flow_watch = FlowWatch(program("ovs-ofctl"), "br-int", self.host.env)
            self.clients.append(self._flow_watch)
            time.sleep(0.3)
        return self._flow_watch

    def measure_unreachable(self, times, seconds=0.3):
        """Adds ports that this chassis cannot reach.  A list of dictionaries: 'cpu' in ms
        and 'wakeups' of its controller, 'flows' that became more."""
        results = []
        self.add_unreachable_port()  # The first makes the network, too.
        self.settle_flows()
        controller = self.controller_process
        for _ in range(times):
            flows, wakeups = self.flow_count(), controller.wakeups()
            controller.reset()
            self.add_unreachable_port()
            time.sleep(seconds)
            results.append({"cpu": controller.cpu * 1e3,
                            "wakeups": controller.wakeups() - wakeups,
                            "flows": self.flow_count() - flows})
        return results

    def switch_limit(self, repeat=3):
        """How fast this switch takes the flows that are there, sent as one bundle to an
        empty bridge.  Returns medians: 'seconds' from an encoded bundle to the switch's
        confirmation (bench/send-flows.c); 'vswitchd', CPU seconds of ovs-vswitchd in
        that time; 'ofctl', seconds for "ovs-ofctl --bundle add-flows", which parses and
        encodes in between, and 'parse', what of these it takes to do so."""
        flows = self.workspace.path / "flows.txt"
        flows.write_text("\n".join(self.host.flows()) + "\n")
        results = [self._apply_once(flows, "direct") for _ in range(repeat)]
        return {**self._apply_once(flows, "ofctl"),
                **{key: median([r[key] for r in results]) for key in results[0]}}

    def _apply_once(self, flows, *senders):
        result = {}
        for sender in senders:
            self.host.vsctl("add-br", "br-limit", "--", "set", "bridge", "br-limit",
                            "fail_mode=secure", "datapath_type=system",
                            "protocols=OpenFlow10,OpenFlow13,OpenFlow14,OpenFlow15")
            # Meters are per bridge.
            self.host.ofctl("-O", "OpenFlow15", "add-meter", "br-limit",
                            "meter=1,pktps,burst,band=type=drop,rate=1000,burst_size=1000")
            self.processes["ovs-vswitchd"].reset()
            if sender == "direct":
                sent = json.loads(run([build_dir() / "bench/send-flows",
                                       "unix:%s/br-limit.mgmt" % self.host.rundir, flows]))
                result.update(seconds=sent["apply"], parse=sent["encode"],
                              bytes=sent["bytes"], vswitchd=self.processes["ovs-vswitchd"].cpu)
            else:
                start = time.monotonic()
                self.host.ofctl("-O", "OpenFlow15", "--bundle", "add-flows", "br-limit", flows)
                result["ofctl"] = time.monotonic() - start
            self.host.vsctl("del-br", "br-limit")
        return result
