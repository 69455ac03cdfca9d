# SPDX-License-Identifier: Apache-2.0
"""Beside real Neutron: every way to route East-West in the same cloud, what is lost when
something dies or restarts, and what Neutron itself notices of Dragonflow.

Namespaces, veth pairs and the userspace datapath bound the throughput: compare within a
run only."""
import contextlib
import os
import pathlib
import re
import signal
import socket
import statistics
import sys
import tempfile
import threading
import time

from dfbench.report import row, skipped
from dfharness import NsCloud, netns, wait_until
from dfharness.process import Failure
from dfneutron import NeutronCloud
from dfneutron import why_impossible as neutron_missing

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TOP / "tests/neutron/lib")]

FALLBACK_TIMEOUT = 2  # dragonflow-fallback-timeout, in seconds.
RESTART_SLACK = 50    # Milliseconds after a new switch serves one network, for routed packets.
PATIENCE = 180        # The stock agent takes its time on a busy machine.


def why_impossible():
    """None if Neutron can be run here, otherwise a sentence."""
    reason = netns.why_impossible() or neutron_missing()
    return reason and "%s (tools/deps.sh --neutron)" % reason


# --- Speed ------------------------------------------------------------------

def rtt(one, two):
    """In milliseconds, of each ping.  Its median is what a busy machine changes least."""
    out = one.run("ping -n -c 500 -i 0.002 %s" % two.ip)
    return [float(ms) for ms in re.findall(r"time=([\d.]+) ms", out)]


def throughput(client, server, seconds, port=5010):
    """In Gb/s."""
    received = []

    def sink(listener):
        peer, _ = listener.accept()
        total = 0
        with peer:
            while True:
                data = peer.recv(1 << 20)
                if not data:
                    break
                total += len(data)
        received.append(total)

    with server.socket() as listener, client.socket() as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((server.ip, port))
        listener.listen()
        thread = threading.Thread(target=sink, args=(listener,), daemon=True)
        thread.start()
        s.settimeout(60)
        s.connect((server.ip, port))
        data = bytes(1 << 20)
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        thread.join()
        return received[0] * 8 / (time.monotonic() - begin) / 1e9


class Way:
    """The speed of one way to route: medians."""

    def __init__(self, one, two, options):
        one.ping(two.ip, count=20, interval=0.01)
        pings = [ms for _ in range(options.neutron_rounds) for ms in rtt(one, two)]
        self.rtt, self.least = statistics.median(pings), min(pings)
        self.tcp = statistics.median(throughput(one, two, options.neutron_seconds)
                                     for _ in range(options.neutron_rounds))


def speed_rows(ways):
    """'ways' is {name: Way}: "legacy router" first, then perhaps "stock DVR"."""
    peers = [name for name in ways if name in ("legacy router", "stock DVR")]
    rows = []
    for name, way in ways.items():
        best = min(ways[peer].rtt for peer in peers)
        target = [] if name in peers else ["< %.2f ms" % best, way.rtt < best]
        rows.append(row("round trip, %s" % name, "%.2f ms, %.2f at least" % (way.rtt, way.least),
                        *target, data={"median_ms": way.rtt, "least_ms": way.least}))
    for name, way in ways.items():
        best = max(ways[peer].tcp for peer in peers)
        target = [] if name in peers else ["> %.2f Gb/s" % best, way.tcp > best]
        rows.append(row("TCP, %s" % name, "%.2f Gb/s" % way.tcp, *target, data={"gbps": way.tcp}))
    return rows


def native_way(options):
    with NsCloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24", type="vxlan")
        cloud.add_network("n2", "10.0.2.0/24", type="vxlan")
        cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        one = cloud.add_vm("one", "n1", 0, "10.0.1.11/24", gateway="10.0.1.1", mtu=1450)
        two = cloud.add_vm("two", "n2", 1, "10.0.2.11/24", gateway="10.0.2.1", mtu=1450)
        cloud.sync()
        return Way(one, two, options)


# --- Security groups ----------------------------------------------------------

def connects(client, server, port):
    with server.socket() as listener, client.socket() as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((server.ip, port))
        listener.listen()
        s.settimeout(1)
        try:
            s.connect((server.ip, port))
        except OSError:
            return False
        return True


def security_rows(cloud):
    """Port 22 is allowed, 23 is not: by the group of the receiver, or of the sender."""
    rows = []
    for side, client, server in (("receiver", "one", "guarded"), ("sender", "quiet", "two")):
        client, server = cloud[client], cloud[server]
        allowed, forbidden = connects(client, server, 22), connects(client, server, 23)
        rows.append(row("forbidden by the %s's security group" % side, "%s (allowed: %s)" % tuple(
            "arrives" if arrived else "refused" for arrived in (forbidden, allowed)),
            "refused", allowed and not forbidden))
    return rows


# --- Losses -------------------------------------------------------------------

class Losses:
    """Counts pings, one each millisecond, that are lost while something happens.  "control"
    pings cross the same switches within one network, where Dragonflow has no part."""

    def __init__(self, cloud):
        self.cloud, self.one, self.two = cloud, cloud["one"], cloud["two"]
        self.rows = []

    def measure(self, what, event, settle, more=None):
        """'more': how many pings more than of control may be lost, if there is a target."""
        stream, control = [self.one.ping_stream(vm.ip) for vm in (self.two, self.cloud["peer"])]
        time.sleep(0.5)
        event()
        note, failed = None, False
        try:
            note = settle()
        except Failure as e:
            note, failed = "in vain: %s" % e, True
        time.sleep(0.5)
        stream.stop_sending()
        control_lost = control.stop()[1]
        sent, lost = stream.stop()
        self.rows.append(row(
            what, "%d of %d, control %d" % (lost, sent, control_lost),
            *([] if more is None else ["<= %d" % (control_lost + more),
                                       lost <= control_lost + more and not failed]),
            note=note, data={"lost": lost, "sent": sent, "control": control_lost}))

    def by_legacy(self):
        """Whether anything crosses the legacy router: the control pings never do."""
        node, router = self.cloud.network_node, self.cloud.legacy["id"]
        before, _ = node.forwarded(router)
        time.sleep(0.05)
        return node.forwarded(router)[0] > before

    def fallen_back(self):
        begin = time.monotonic()
        wait_until(self.by_legacy, "no fall-back", timeout=PATIENCE)
        return "fall-back after %.1f s" % (time.monotonic() - begin)

    def returned(self):
        wait_until(lambda: not self.by_legacy(), "the short cut does not return", timeout=PATIENCE)

    def reachable(self):
        begin = time.monotonic()
        for vm in (self.two, self.cloud["peer"]):
            wait_until(lambda: self.one.ping(vm.ip, count=1, timeout=0.2),
                       "%s is not reached" % vm, timeout=PATIENCE)
        if self.one.chassis.converted:
            self.returned()
        return "all reached after %.1f s" % (time.monotonic() - begin)

    def without_dragonflow(self):
        chassis = self.one.chassis
        self.measure("lost: ovs-vswitchd restarts, without Dragonflow", chassis.restart_vswitchd,
                     self.reachable)

    def with_dragonflow(self):
        chassis, controller = self.one.chassis, self.one.chassis.controller
        for what, event, settle in (
                ("df-controller: kill -9", controller.kill, self.fallen_back),
                ("df-controller returns", chassis.start_controller, self.returned),
                ("df-controller: kill -STOP", lambda: os.kill(controller.pid, signal.SIGSTOP),
                 self.fallen_back),
                ("df-controller: kill -CONT", lambda: os.kill(controller.pid, signal.SIGCONT),
                 self.returned),
                ("df-controller: exit --restart and start",
                 lambda: chassis.restart_controller("exit --restart"), self.returned),
                ("df-controller: exit", controller.exit, self.fallen_back),
                ("df-controller starts", chassis.start_controller, self.returned),
                ("stock OVS agent restarts", chassis.restart_ovs_agent, self.returned),
                ("stock OVS agent killed and started",
                 lambda: chassis.restart_ovs_agent("kill"), self.returned)):
            self.measure("lost: " + what, event, settle, 0)
        self.measure("lost: ovs-vswitchd restarts, beside Dragonflow", chassis.restart_vswitchd,
                     self.reachable, RESTART_SLACK)


# --- The cloud ----------------------------------------------------------------

def populate(cloud):
    """Networks a1 and a2 on a legacy router, b1 and b2 on a distributed one; of each pair
    of machines one on c1, one on c2."""
    networks = {name: cloud.add_network(name, "10.0.%d.0/24" % i)
                for i, name in enumerate(("a1", "a2", "b1", "b2"), 1)}
    cloud.legacy = cloud.add_router("legacy", networks["a1"], networks["a2"])
    cloud.distributed = cloud.add_router("distributed", networks["b1"], networks["b2"],
                                         distributed=True)
    for name, network, i in (("one", "a1", 0), ("two", "a2", 1), ("peer", "a1", 1),
                             ("dvr1", "b1", 0), ("dvr2", "b2", 1)):
        cloud.add_vm(name, networks[network], i, wait=False)
    guarded = cloud.add_security_group("guarded", "tcp/22")
    quiet = cloud.add_security_group("quiet", "tcp")
    for rule in quiet["security_group_rules"]:
        cloud.neutron.delete("security-group-rules", rule["id"])
    cloud.add_rule(quiet, "tcp/22", "egress")
    cloud.add_vm("guarded", networks["a2"], 1, groups=[guarded], wait=False)
    cloud.add_vm("quiet", networks["a1"], 0, groups=[quiet], wait=False)
    cloud.sync()


def expect_distributed(cloud):
    """The stock DVR's own nodes route, not the network node."""
    def forwarded(chassis):
        return chassis.forwarded(cloud.distributed["id"])[0]
    nodes = [cloud["dvr1"].chassis, cloud.network_node]
    wait_until(lambda: cloud["dvr1"].ping(cloud["dvr2"].ip, count=1), "no connectivity by DVR", 60)
    before = [forwarded(node) for node in nodes]
    cloud["dvr1"].expect_ping(cloud["dvr2"].ip)
    after = [forwarded(node) for node in nodes]
    if after[0] == before[0] or after[1] != before[1]:
        raise Failure("the distributed router is not distributed: %s, %s" % (before, after))


def neutron_paths(options):
    """East-West between two compute nodes (vxlan): speed, fall-back, lost pings (1 ms apart).

    "control" pings cross the same switches within one network, where Dragonflow has no part."""
    reason = why_impossible()
    if reason:
        return [skipped(reason)]
    ways = {}
    with NeutronCloud(plugin=True, dvr=True, fallback_timeout=FALLBACK_TIMEOUT) as cloud:
        populate(cloud)
        losses = Losses(cloud)
        losses.reachable()
        ways["legacy router"] = Way(cloud["one"], cloud["two"], options)
        expect_distributed(cloud)
        ways["stock DVR"] = Way(cloud["dvr1"], cloud["dvr2"], options)
        losses.without_dragonflow()

        cloud.convert({0, 1})
        cloud.sync()
        losses.reachable()
        before, _ = cloud.network_node.forwarded(cloud.legacy["id"])
        ways["add-on"] = Way(cloud["one"], cloud["two"], options)
        security = security_rows(cloud)
        after, _ = cloud.network_node.forwarded(cloud.legacy["id"])
        losses.with_dragonflow()
    ways["native"] = native_way(options)
    return speed_rows(ways) + [
        row("packets through the legacy router meanwhile", after - before, "0", after == before),
        *security, *losses.rows]


# --- Neutron itself -------------------------------------------------------------

@contextlib.contextmanager
def running(cloud):
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.close()


def port_create_rows(directory, package, pristine, options):
    from neutronharness import measures
    from neutronharness.cloud import Cloud
    with contextlib.ExitStack() as stack:
        clouds = {}
        for name, settings in (("without", {"service_plugins": "router",
                                            "mechanism_drivers": "openvswitch"}),
                               ("with", {})):
            (directory / name).mkdir()
            clouds[name] = stack.enter_context(
                running(Cloud(directory / name, package, pristine, **settings)))
        times = measures.port_create(clouds, options.neutron_repeat)
    medians = {name: statistics.median(values) for name, values in times.items()}
    limit = 1.25 * medians["without"]
    return [row("port create, without Dragonflow", "%.3f s" % medians["without"],
                data={"seconds": times["without"]})] + [
        row("port create, %s" % what, "%.3f s" % medians[name], "<= %.3f s" % limit,
            medians[name] <= limit, data={"seconds": times[name]})
        for name, what in (("with", "with Dragonflow"), ("hung", "while its NB database hangs"))]


def active_rows(directory, package, options):
    from neutronharness import measures
    from neutronharness.native import NativeCloud
    directory.mkdir()
    with running(NativeCloud(directory, package)) as cloud:
        times = measures.plugged_to_active(cloud, max(1, options.neutron_repeat // 4))
    return [row("native: from plugged to ACTIVE", "%.2f s, %.2f at most"
                % (statistics.median(times), max(times)), data={"seconds": times})]


def reconcile_rows(directory, package, pristine, options):
    from neutronharness import measures
    from neutronharness.cloud import Cloud
    directory.mkdir()
    cloud = Cloud(directory, package, pristine, options="comparison_interval = 5")
    try:
        rows, (_, seconds), again, grown = measures.reconcile(cloud, directory,
                                                              options.neutron_ports)
    finally:
        cloud.close()
    ports = "%d ports" % options.neutron_ports
    different = [text for text, _ in again if text != "no difference"]
    return [
        row("%s (%d rows) into an empty NB database" % (ports, rows), "%.1f s" % seconds,
            data={"seconds": seconds}),
        row("%s compared, nothing differs" % ports,
            "%.1f s" % statistics.median(seconds for _, seconds in again),
            data={"seconds": [seconds for _, seconds in again]}),
        row("  writes", "none" if not grown and not different else
            "%d bytes %s" % (grown, different), "none", not grown and not different)]


def neutron_server(options):
    """What Neutron notices: latency of its API, ports becoming active, the mirror."""
    reason = why_impossible()
    if reason:
        return [skipped(reason)]
    from neutronharness import configuration
    with tempfile.TemporaryDirectory(prefix="df-bench-") as directory:
        directory = pathlib.Path(directory)
        package = configuration.install_package(directory / "package")
        pristine = configuration.make_database(directory / "pristine.db")
        return (port_create_rows(directory, package, pristine, options)
                + active_rows(directory / "native", package, options)
                + reconcile_rows(directory / "many", package, pristine, options))


MEASURES = [neutron_paths, neutron_server]
