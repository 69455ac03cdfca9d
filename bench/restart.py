# SPDX-License-Identifier: Apache-2.0
"""Pings lost while the controller of the sending chassis restarts, Dragonflow's and
OVN's, in the same topology with real packets."""
import bisect
import shutil
import time

from dfbench.meters import median
from dfbench.ovn import Central, Installation, Tuning, add_controller, next_cfg
from dfbench.ovn_topology import OvnTopology
from dfbench.report import row, skipped
from dfbench.topology import Topology, insert, ref
from dfharness.netns import NsCloud, why_impossible
from dfharness.process import program, wait_until

WAIT = 4000  # ms; longer than what OVN needs here.

WAYS = {"restart": "restart (exit --restart)", "upgrade": "upgrade (another binary)",
        "kill": "crash (kill -9) and start"}


class RestartBed(NsCloud):
    """Two chassis; machine "a" on the first, "b" on the first and "c" on the second, on
    networks of one router; the topology's other ports are elsewhere."""

    def __init__(self, topology):
        super().__init__(chassis=2, encap_types=("geneve",), controller=False)
        self.topology = topology
        self.names = dict(zip("abc", topology.local_names()))

    def plug_machines(self):
        for chassis, machine in ((0, "a"), (0, "b"), (1, "c")):
            number = int(self.names[machine][4:])
            net = self.topology.network_of(number)
            _, port = self.topology.port(number)
            _, router_port = self.topology.router_port(0, net)
            gateway, bits = router_port["addresses"].split("/")
            self.chassis[chassis].plug(self.names[machine], port["mac"],
                                       ["%s/%s" % (port["addresses"], bits)], gateway)
        self.add_control()

    def expect_connectivity(self):
        a = self[self.names["a"]]
        for machine in "bc":
            other = self[self.names[machine]]
            wait_until(lambda ip=other.ip: a.ping(ip, count=1), "no connectivity", 60)

    def measure(self, way, times):
        """{"b": (sent, lost, longest gap in s, excused), "c": ...}, and seconds until the flows
        are confirmed again.  'excused' are pings that were lost while the machine lost those
        of the control stream, too, or took long for them."""
        a, b, c = (self.names[m] for m in "abc")
        self.expect_connectivity()
        streams = self.streams((a, b), (a, c))
        time.sleep(0.2)
        seconds = []
        for _ in range(times):
            start = time.monotonic()
            self.restart(way)
            seconds.append(time.monotonic() - start)
        losses = streams.losses()
        return {machine: (len(stream.sent), len(lost), longest_gap(stream, lost),
                          len(stream.lost_at) - len(lost))
                for machine, stream, lost in zip("bc", streams.streams, losses)}, median(seconds)

    def copy_of(self, name, path):
        """Another binary: what an upgrade puts in place."""
        copies = self.workspace.path / ("upgrade-%d" % time.monotonic_ns())
        copies.mkdir()
        shutil.copy(path, copies / name)
        return str(copies / name)


class DragonflowRestartBed(RestartBed):
    def __init__(self, topology):
        super().__init__(topology)
        rows = [insert(table, r) for table, named in topology.tables().items() for r in named]
        for i in range(0, len(rows), 5000):
            self.nb_db.transact(*rows[i:i + 5000])
        for chassis in self.chassis:
            chassis.start_controller()
        self.plug_machines()
        self.wait_up(*self.names.values())

    def restart(self, way):
        controller = self.chassis[0].controller
        if way == "kill":
            controller.kill()
        else:
            controller.exit("--restart")
        if way == "upgrade":
            controller.argv[0] = self.copy_of("df-controller", program(controller.argv[0]))
        controller.start()
        wait_until(lambda: "wanted, 0 not" in self.chassis[0].dfappctl("status"),
                   "flows are not confirmed", 60)


class OvnRestartBed(RestartBed):
    def __init__(self, topology, installation):
        super().__init__(topology)
        rows, tuning = OvnTopology(topology), Tuning()
        self.central = Central(self.workspace, installation, tuning,
                               (rows.nb_tables(), rows.sb_tables()))
        self.central.northd.start()
        self.central.sync_sb()
        self.claim_remote_ports()
        self.controllers = [add_controller(self.workspace, installation, tuning, self.central, c)
                            for c in self.chassis]
        for chassis, controller in zip(self.chassis, self.controllers):
            chassis.vsctl("set", "Open_vSwitch", ".",
                          "external_ids:ovn-bridge-datapath-type=netdev")
            controller.start()
            chassis.vsctl("wait-until", "bridge", "br-int")
        self.plug_machines()
        self.number = 100
        for chassis in self.chassis:
            self.confirm(chassis)

    def wait_before_clear(self):
        """What OVN has against clearing flows before the new ones are known: it waits so
        many ms, whether it needs them or not."""
        self.chassis[0].vsctl("set", "Open_vSwitch", ".",
                              "external_ids:ovn-ofctrl-wait-before-clear=%d" % WAIT)
        self.confirm(self.chassis[0])

    def claim_remote_ports(self):
        local = set(self.names.values())
        bindings = self.central.sb.rows("Port_Binding", columns=["_uuid", "logical_port"])
        self.central.sb.transact(*[
            {"op": "update", "table": "Port_Binding", "where": [["_uuid", "==", r["_uuid"]]],
             "row": {"chassis": ref("other%d" % (int(r["logical_port"][4:])
                                                 % self.topology.chassis)), "up": True}}
            for r in bindings if r["logical_port"].startswith("port")
            and r["logical_port"] not in local])

    def confirm(self, chassis):
        """ovn-controller says that its flows are in the switch."""
        self.number += 1
        self.central.nb.transact(next_cfg(self.number))

        def confirmed():
            rows = self.central.sb.rows("Chassis_Private", [["name", "==", chassis.name]],
                                        ["nb_cfg"])
            return rows and rows[0]["nb_cfg"] >= self.number
        wait_until(confirmed, "ovn-controller does not confirm", 120)

    def restart(self, way):
        controller = self.controllers[0]
        if way == "kill":
            controller.kill()
        else:
            controller.exit("--restart")
        if way == "upgrade":
            controller.argv[0] = self.copy_of("ovn-controller", controller.argv[0])
        controller.start()
        self.confirm(self.chassis[0])


def longest_gap(stream, lost):
    """Seconds from one answered ping to the next, around those in 'lost'."""
    answered = sorted(at for at, delay in stream.delays() if delay != float("inf"))
    longest = 0.0
    for at in lost:
        i = bisect.bisect(answered, at)
        before = answered[i - 1] if i else stream.sent[0]
        after = answered[i] if i < len(answered) else stream.sent[-1]
        longest = max(longest, after - before)
    return longest


def restart(options):
    """Pings of a 1 ms stream that are lost while the controller restarts."""
    reason = why_impossible()
    if reason:
        return [skipped(reason)]
    topology = Topology(1, 25, options.restart_ports // 25, local=3)
    installation = Installation(options.ovn_prefix)
    no_ovn = "as asked for" if options.alone else installation.why_impossible()
    with DragonflowRestartBed(topology) as bed:
        ours = {way: bed.measure(way, options.restarts) for way in WAYS}
    plain, tuned, rows = {}, {}, []
    if no_ovn:
        rows.append(skipped("OVN: " + no_ovn))
    else:
        times = max(1, options.restarts // 3)
        with OvnRestartBed(topology, installation) as bed:
            plain = {way: bed.measure(way, times) for way in WAYS}
            bed.wait_before_clear()
            tuned = {way: bed.measure(way, times) for way in WAYS}

    def text(result):
        excused = ", %d excused" % result[3] if result[3] else ""
        return "%d of %d lost, %.0f ms%s" % (result[1], result[0], result[2] * 1e3, excused)
    for way, what in WAYS.items():
        for machine, where in (("b", "on one chassis"), ("c", "across chassis")):
            mine = ours[way][0][machine]
            other = plain[way][0][machine] if plain else None
            rows.append(row("%s, %s" % (what, where), text(mine), "0 lost", mine[1] == 0,
                            peer=other and text(other),
                            data={"dragonflow": mine, "ovn": other,
                                  "ovn_waiting": tuned[way][0][machine] if tuned else None},
                            note=tuned and "OVN that waits %d s: %s" % (
                                WAIT // 1000, text(tuned[way][0][machine])) or None))
        rows.append(row("  until flows are confirmed again", "%.2f s" % ours[way][1],
                        peer="%.2f s" % plain[way][1] if plain else None,
                        note="OVN that waits: %.2f s" % tuned[way][1] if tuned else None))
    return rows


MEASURES = [restart]
