# SPDX-License-Identifier: Apache-2.0
"""Cycles per packet of East-West routing on one core, against the switch's limit and
OVN.  All of them forward on the same switch, one after the other, in rounds: what
disturbs the machine disturbs all alike."""
import re
import time

from dfbench import dpdk
from dfbench.forwarders import (MACS, ROUTER_MACS, Dragonflow, HandWritten, Ovn, PortToPort,
                                address)
from dfbench.meters import median
from dfbench.ovn import Installation
from dfbench.report import row, skipped
from dfbench.traffic import connections, udp, write_pcap
from dfharness.process import wait_until

SECONDS = 0.4  # Of one measurement: 1 to 8 million packets.
WARM_UP = 0.2
LIMIT = 1.02


def make_pcaps(directory, target, n_destinations, counts):
    """{pattern: path} for packets of "a" to machine 'target'."""
    def frame(version, i, sport, dport):
        return udp(MACS["a"], ROUTER_MACS["a"], address("a", 0, version),
                   address(target, i, version), sport, dport)
    patterns = {}
    for version, prefix in ((4, ""), (6, "IPv6, ")):
        for n in counts:
            patterns["%s%s connection%s" % (prefix, format(n, ","), "" if n == 1 else "s")] = [
                frame(version, 0, *ports) for ports in connections(n)]
        patterns["%s%s destinations" % (prefix, format(n_destinations, ","))] = [
            frame(version, i, 1024, 5000) for i in range(n_destinations)]
    paths = {}
    for number, (pattern, frames) in enumerate(patterns.items()):
        paths[pattern] = directory / ("%s-%d.pcap" % (target, number))
        write_pcap(paths[pattern], frames)
    return paths


class Bench:
    def __init__(self, cloud, forwarders):
        self.cloud, self.chassis, self.forwarders = cloud, cloud.chassis[0], forwarders
        self.chassis.meet_peer("172.31.0.9")
        self.chassis.meet_peer("172.31.0.8")

    def cache(self, on):
        self.chassis.vsctl("set", "Open_vSwitch", ".", "other_config:emc-insert-inv-prob=%d"
                           % (100 if on else 0))

    def attach(self, forwarder, target, pcap):
        self.chassis.appctl("revalidator/purge")
        self.chassis.add_source(forwarder.bridge, "source", pcap, forwarder.iface_id)
        forwarder.attached("source", target)
        out = forwarder.sink if target == "b" else "uplink"
        start = self.chassis.sent(out)
        wait_until(lambda: self.chassis.sent(out) > start + 10000,
                   "%s: nothing comes out of %s" % (forwarder.name, out), 20)
        return out

    def detach(self):
        self.chassis.vsctl("del-port", "source")

    def measure(self, forwarder, target, pcap, seconds=SECONDS):
        """A dictionary of cycles per packet and how packets were looked up.  The switch
        counts cycles whether its thread runs or not: 'share' is how much of the time
        it did."""
        out = self.attach(forwarder, target, pcap)
        try:
            time.sleep(WARM_UP)
            before = self.chassis.sent(out)
            running, start = self.chassis.polling_seconds(), time.monotonic()
            self.chassis.appctl("dpif-netdev/pmd-stats-clear")
            time.sleep(seconds)
            running = self.chassis.polling_seconds() - running
            share = min(1.0, running / (time.monotonic() - start))
            text = dpdk.polling_thread(self.chassis.appctl("dpif-netdev/pmd-stats-show"))
            sent = self.chassis.sent(out) - before
            flows, masks = self.chassis.megaflows("source")
        finally:
            self.detach()
        received = dpdk.number(text, "packets received")
        if sent < 0.95 * received:
            raise AssertionError("%s lost packets to %s: %d of %d came out" % (
                forwarder.name, target, sent, received))
        return {"cycles": dpdk.number(text, "avg processing cycles per packet") * share,
                "share": share,
                "passes": dpdk.number(text, "avg. datapath passes per packet"),
                "emc": dpdk.number(text, "emc hits") / received,
                "lookups": dpdk.number(text, "avg. subtable lookups per megaflow hit"),
                "flows": flows, "masks": masks}

    def first_packets(self, forwarder, target, pcap):
        """Microseconds of the polling thread for a packet that has no megaflow yet."""
        self.attach(forwarder, target, pcap)
        try:
            self.chassis.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-perf-metrics=true")
            self.chassis.appctl("dpif-netdev/pmd-stats-clear")
            for _ in range(5):
                self.chassis.appctl("revalidator/purge")
                time.sleep(0.05)
            text = dpdk.polling_thread(self.chassis.appctl("dpif-netdev/pmd-perf-show"))
        finally:
            self.chassis.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-perf-metrics=false")
            self.detach()
        found = re.search(r"- Upcalls:\s+(\d+)\s+\(.*?([\d.]+) us/upcall", text)
        return {"upcalls": int(found.group(1)), "microseconds": float(found.group(2))}

    def tables(self, forwarder, target, pcap):
        """Flow tables that the first packet visits."""
        self.attach(forwarder, target, pcap)
        try:
            text = self.chassis.trace(
                "in_port=%s,udp,dl_src=%s,dl_dst=%s,nw_src=%s,nw_dst=%s,nw_ttl=64,"
                "udp_src=1024,udp_dst=5000" % (self.chassis.ofport("source"), MACS["a"],
                                               ROUTER_MACS["a"], address("a"), address(target)),
                forwarder.bridge)
        finally:
            self.detach()
        text = text[:text.index("Final flow:")]
        return len(re.findall(r"^\s*\d+\. ", text, re.M))


def run_rounds(bench, options, pcaps):
    """{(where, pattern, cache, forwarder): [result of each round]}"""
    results = {}
    for cache in (True, False):
        bench.cache(cache)
        for target, patterns in pcaps.items():
            for pattern, pcap in patterns.items():
                for _ in range(options.rounds):
                    for forwarder in bench.forwarders:
                        if target == "c" and isinstance(forwarder, PortToPort):
                            continue
                        key = (target, pattern, cache, forwarder.name)
                        results.setdefault(key, []).append(
                            bench.measure(forwarder, target, pcap, options.seconds))
    return results


def cycle_rows(results, names):
    """One row for each pattern, with the cycles of all and the ratios."""
    rows = []
    for target, pattern, cache in sorted(dict.fromkeys(key[:3] for key in results),
                                         key=lambda k: (k[0], not k[2])):
        median_of = {name: {k: median([r[k] for r in results[target, pattern, cache, name]])
                            for k in results[target, pattern, cache, name][0]}
                     for name in names if (target, pattern, cache, name) in results}
        ours = median_of["Dragonflow"]
        # Of the same round: both were disturbed by the same neighbours.
        ratio = median([a["cycles"] / b["cycles"] for a, b in zip(
            results[target, pattern, cache, "Dragonflow"],
            results[target, pattern, cache, "hand-written"])])
        others = ", ".join("%s %.0f" % (name, m["cycles"]) for name, m in median_of.items()
                           if name != "Dragonflow")
        note = "Dragonflow %.0f cycles, %s; %d megaflows, %d masks" % (
            ours["cycles"], others, ours["flows"], ours["masks"])
        if "OVN" in median_of:
            note += "; OVN %d, %d" % (median_of["OVN"]["flows"], median_of["OVN"]["masks"])
        local = target == "b"
        peer = median_of.get("OVN")
        rows.append(row(
            "%s, %s, %s" % ("local" if local else "remote", pattern, "EMC" if cache else "no EMC"),
            "%.3f x the limit" % ratio, "<= %.2f x" % LIMIT if local else None, ratio <= LIMIT,
            peer=peer and "%.3f x the limit" % (
                peer["cycles"] / median_of["hand-written"]["cycles"]),
            note=note, data={"cycles": median_of, "ratio": ratio}))
    return rows


def data_plane(options):
    """Cycles per packet on one core, and the first packet's cost."""
    reason = dpdk.why_impossible()
    if reason:
        return [skipped(reason)]
    rows = []
    with dpdk.DpdkCloud(controller=False) as cloud:
        classes = [PortToPort, HandWritten, Dragonflow]
        installation = Installation(options.ovn_prefix)
        reason = installation.why_impossible()
        if reason or options.alone:
            rows.append(skipped("OVN: " + (reason or "as asked for")))
        else:
            classes.append(Ovn)
        forwarders = [cls(cloud, options.destinations, installation) for cls in classes]
        bench = Bench(cloud, forwarders)
        directory = cloud.chassis[0].rundir
        pcaps = {target: make_pcaps(directory, target, options.destinations, options.connections)
                 for target in ("b", "c")}
        rows += cycle_rows(run_rounds(bench, options, pcaps), [f.name for f in forwarders])
        bench.cache(False)
        many = "%s destinations" % format(options.destinations, ",")
        for target, where in (("b", "local"), ("c", "remote")):
            for f in forwarders[1:]:
                one = next(iter(pcaps[target].values()))
                tables = bench.tables(f, target, one)
                each = median([bench.first_packets(f, target, pcaps[target][many])["microseconds"]
                               for _ in range(options.rounds)])
                rows.append(row(
                    "first packet, %s, %s" % (where, f.name), "%d tables" % tables,
                    data={"tables": tables, "microseconds": each},
                    note="%.1f us of the polling thread, so %s upcalls a second" % (
                        each, format(int(1e6 / each), ",") if each else "?")))
    return rows


MEASURES = [data_plane]
