# SPDX-License-Identifier: Apache-2.0
"""Large topologies: cold start, restart, memory, and the latency of single changes."""
import os

from dfbench.meters import median, percentile
from dfbench.testbed import Testbed
from dfbench.topology import Topology

# Totals of ports; DF_SCALE_PORTS names others.
SHAPES = {1000: Topology(5, 5, 40), 10000: Topology(5, 5, 400, chassis=200),
          100000: Topology(25, 10, 400, chassis=500)}
FLOWS = {1000: 2700, 10000: 20700}
REPEAT = int(os.environ.get("DF_SCALE_REPEAT", "20"))


def sizes(default):
    text = os.environ.get("DF_SCALE_PORTS")
    return [int(s) for s in text.split(",")] if text else default


def row(what, value, target=None, met=None):
    r = {"what": what, "value": value}
    if target is not None:
        r.update(target=target, met=bool(met))
    return r


def cpu_text(cpu):
    return ", ".join("%s %.2f" % (name, seconds) for name, seconds in sorted(cpu.items()))


def cold_rows(size, bed):
    cold = bed.cold_start()
    limit = bed.switch_limit()
    total = sum(cold["cpu"].values())
    rows = []

    def add(what, value, text, targets, unit=""):
        target = targets.get(size)
        rows.append(row("%d ports: %s" % (size, what), text,
                        "<= %s%s" % (target, unit) if target else None,
                        target and value <= target))
    add("cold start", cold["seconds"], "%.2f s" % cold["seconds"], {10000: 0.6, 100000: 6}, " s")
    add("CPU of all processes", total, "%.2f s" % total, {10000: 1}, " s")
    rows.append(row("  of these", cpu_text(cold["cpu"])))
    add("df-controller resident", cold["memory"][0], "%.0f MB" % cold["memory"][0],
        {10000: 40, 100000: 400}, " MB")
    rows.append(row("  at most", "%.0f MB" % cold["memory"][1]))
    add("flows", cold["flows"], cold["flows"], FLOWS)
    rows.append(row("  the switch alone takes them in", "%.3f s (ovs-ofctl: %.2f s)" % (
        limit["seconds"], limit["ofctl"])))
    again = bed.restart()
    rows.append(row("  restart on these flows", "%.2f s (CPU: %s)" % (
        again["seconds"], cpu_text(again["cpu"]))))
    return rows


def cold_start():
    """From a full database and an empty switch to all flows confirmed."""
    rows = []
    for size in sizes([1000, 10000, 100000]):
        with Testbed(SHAPES[size]) as bed:
            rows += cold_rows(size, bed)
    return rows


def repeat(bed, operation, prepare=None, after=None):
    results = []
    for _ in range(REPEAT):
        if prepare:
            prepare()
        results.append(bed.measure(operation))
        if after:
            after()
            bed.settle_flows()
    return results


def latency_rows(size, what, results, key, limit, cpu_limits):
    values = [r[key] for r in results]
    cpu = {name: median([r["cpu"][name] for r in results]) for name in results[0]["cpu"]}
    rows = [row("%d ports: %s" % (size, what),
                "%.2f ms, p99 %.2f" % (median(values), percentile(values, 99)),
                "<= %s ms" % limit, median(values) <= limit)]
    rows.append(row("  CPU ms", cpu_text(cpu)))
    for name, most in cpu_limits.items():
        value = sum(cpu.values()) if name == "all" else cpu[name]
        rows.append(row("  CPU of %s" % name, "%.2f ms" % value, "<= %s ms" % most, value <= most))
    return rows


def latency():
    """From the commit of one change to its flows in the switch."""
    rows = []
    for size in sizes([1000, 10000]):
        with Testbed(SHAPES[size]) as bed:
            bed.cold_start()
            plugged = repeat(bed, bed.plug_local_port, bed.prepare_local_port)
            rows += latency_rows(size, "local port plugged", plugged, "flows", 2, {"all": 2})
            rows.append(row("  of this, until ovs-vswitchd tells the OpenFlow port", "%.2f ms" % (
                median([r["ofport"] for r in plugged]))))
            rows.append(row("  until the NB database says that it is up", "%.2f ms" % (
                median([r["done"] for r in plugged]))))
            added = repeat(bed, bed.add_remote_port)
            rows += latency_rows(size, "remote port added", added, "flows", 3,
                                 {"df-controller": 0.3})
            rows += latency_rows(size, "remote port moved", repeat(bed, bed.move_remote_port),
                                 "flows", 3, {})
            rows += latency_rows(size, "remote port removed", repeat(bed, bed.remove_remote_port),
                                 "flows", 3, {})
            joined = repeat(bed, bed.add_router_port, bed.prepare_network)
            rows += latency_rows(size, "router port added, 40 ports", joined, "flows", 10, {})
            rows += latency_rows(size, "route changed", repeat(bed, bed.change_route), "flows", 3,
                                 {})
    return rows


MEASURES = [cold_start, latency]
