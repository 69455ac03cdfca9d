# SPDX-License-Identifier: Apache-2.0
"""Large topologies, Dragonflow and OVN side by side: cold start, what the processes
hold, the switch's own limit, and the latency of single changes."""
import dataclasses

from dfbench.meters import median, percentile
from dfbench.ovn import TUNINGS, Installation
from dfbench.ovn_testbed import OvnTestbed
from dfbench.report import NOTHING, compared, row, skipped
from dfbench.testbed import PortReader, Testbed
from dfbench.topology import Topology

SHAPES = {1000: Topology(5, 5, 40), 10000: Topology(5, 5, 400, chassis=200),
          100000: Topology(25, 10, 400, chassis=500)}
CENTRAL = ("nb", "sb", "ovn-northd")

COLD_SECONDS = {10000: 0.6, 100000: 6}
COLD_CPU = {10000: 1}
FLOWS = {1000: 2700, 10000: 20700}
RESIDENT = {10000: 40, 100000: 400}
CENTRAL_RESIDENT = {10000: 60}
LIMIT = 1.3
DUAL = 1.5


def shape(ports):
    """The shapes of the targets; other sizes have 40 ports a network."""
    return SHAPES.get(ports) or Topology(1, max(1, ports // 40), min(40, ports),
                                         chassis=min(500, ports // 10))


def why_no_ovn(options):
    return "as asked for" if options.alone else Installation(options.ovn_prefix).why_impossible()


def ports_text(n):
    return format(n, ",") + " ports"


def text_of(numbers, form):
    return ", ".join("%s %s" % (name, form % value)
                     for name, value in sorted(numbers.items()) if value)


def medians(results):
    """Of dictionaries of numbers, and of dictionaries of these."""
    first = results[0]
    return {key: medians([r[key] for r in results]) if isinstance(first[key], dict)
            else median([r[key] for r in results])
            for key in first if isinstance(first[key], (dict, int, float))}


# --- Cold start -----------------------------------------------------------------

def once(bed):
    """One cold start, and what is there afterwards."""
    result = bed.cold_start()
    result["resident"] = {name: p.memory()[0] for name, p in bed.processes.items()}
    result["peak"] = max(p.memory()[1] for name, p in bed.processes.items()
                         if name in ("df-controller", "ovn-controller"))
    result["disk"] = bed.database_size()
    return result


def cold_rows(n, ours, theirs):
    """Rows for medians of once(); 'theirs' may be None."""
    def of(function):
        return None if theirs is None else function(theirs)

    def total(result):
        return sum(result["cpu"].values())

    def central(result):
        return sum(result["resident"].get(name, 0) for name in CENTRAL)
    rows = [
        compared("%s: database to flows confirmed, all cold" % ports_text(n), ours["seconds"],
                 of(lambda r: r["seconds"]), "%.2f s", COLD_SECONDS.get(n),
                 note=of(lambda r: "OVN: ovn-northd %.2f s, then ovn-controller %.2f s" % (
                     r["northd"]["seconds"], r["controller"]["seconds"]))),
        compared("  CPU of all processes", total(ours), of(total), "%.2f s", COLD_CPU.get(n),
                 data={"dragonflow_of": ours["cpu"], "ovn_of": of(lambda r: r["cpu"])},
                 note="; ".join(filter(None, [text_of(ours["cpu"], "%.2f"), of(
                     lambda r: "OVN: " + text_of(r["cpu"], "%.2f"))]))),
        compared("  OpenFlow flows", ours["flows"], of(lambda r: r["flows"]), "%d", FLOWS.get(n)),
        compared("  controller resident", ours["resident"]["df-controller"],
                 of(lambda r: r["resident"]["ovn-controller"]), "%.0f MB", RESIDENT.get(n),
                 note="at most %.0f MB" % ours["peak"]),
        compared("  central processes resident", central(ours), of(central), "%.0f MB",
                 CENTRAL_RESIDENT.get(n),
                 note=of(lambda r: "OVN: " + text_of(
                     {k: v for k, v in r["resident"].items() if k in CENTRAL}, "%.0f"))),
        compared("  ovs-vswitchd resident", ours["resident"]["ovs-vswitchd"],
                 of(lambda r: r["resident"]["ovs-vswitchd"]), "%.0f MB"),
        compared("  databases on disk", ours["disk"], of(lambda r: r["disk"]), "%.1f MB"),
    ]
    if "restart" in ours:
        rows.append(row("  restart on these flows", "%.2f s" % ours["restart"]["seconds"],
                        data=ours["restart"], note=text_of(ours["restart"]["cpu"], "%.2f")))
    return rows


def best_tuning(results):
    """Of {tuning: results of once()}: the tuning that is ready first."""
    return min(results, key=lambda tuning: median([r["seconds"] for r in results[tuning]]))


def cold_start(options):
    """From a full database and an empty switch to all flows confirmed."""
    reason = why_no_ovn(options)
    rows = [skipped("OVN: " + reason)] if reason else []
    for n in options.ports:
        topology, ours, theirs = shape(n), [], {}
        with_ovn = not reason and n <= options.ovn_max
        for i in range(options.rounds if n < 100000 else min(options.rounds, 3)):
            with Testbed(topology) as bed:
                result = once(bed)
                result["restart"] = bed.restart()
                ours.append(result)
            for tuning in TUNINGS if with_ovn and i < options.ovn_rounds(n) else ():
                with OvnTestbed(topology, Installation(options.ovn_prefix), tuning) as bed:
                    theirs.setdefault(tuning, []).append(once(bed))
        if theirs:
            options.tuning = best_tuning(theirs)
        rows += cold_rows(n, medians(ours), medians(theirs[options.tuning]) if theirs else None)
        if theirs:
            rows.append(row("  OVN's tuning", NOTHING, note="; ".join(
                "%s: %.2f s" % (tuning, median([r["seconds"] for r in results]))
                for tuning, results in theirs.items())))
    return rows


def dual_stack(options):
    """The cold start with ports of both families, beside IPv4 alone."""
    reason = why_no_ovn(options)
    rows = [skipped("OVN: " + reason)] if reason else []
    for n in (n for n in options.ports if n <= options.ovn_max):
        shapes = {"IPv4 alone": shape(n), "both": dataclasses.replace(shape(n), dual=True)}
        ours, theirs = {}, {}
        for i in range(options.rounds):
            for name, topology in shapes.items():
                with Testbed(topology) as bed:
                    ours.setdefault(name, []).append(once(bed))
                if not reason and i < options.ovn_rounds(n):
                    with OvnTestbed(topology, Installation(options.ovn_prefix), TUNINGS[0]) as bed:
                        theirs.setdefault(name, []).append(once(bed))
        rows += dual_rows(n, {k: medians(v) for k, v in ours.items()},
                          {k: medians(v) for k, v in theirs.items()})
    return rows


def dual_rows(n, ours, theirs):
    """Rows for medians of once(), by name of the shape; 'theirs' may be empty."""
    def both(key, form, target=None):
        return [compared("%s, %s" % (key[0], name), key[1](ours[name]),
                         key[1](theirs[name]) if theirs else None, form,
                         target if name == "both" else None) for name in ours]

    def times(result):
        return result["both"]["seconds"] / result["IPv4 alone"]["seconds"]
    ports = n - SHAPES.get(n, shape(n)).local
    more = (ours["both"]["flows"] - ours["IPv4 alone"]["flows"]) / ports
    return [row("%s: database to flows confirmed, both against IPv4 alone" % ports_text(n),
                "%.2f x" % times(ours), "<= %.1f x" % DUAL, times(ours) <= DUAL,
                peer="%.2f x" % times(theirs) if theirs else None,
                data={"dragonflow": ours, "ovn": theirs}),
            *both(("  seconds", lambda r: r["seconds"]), "%.2f s"),
            *both(("  CPU of all processes", lambda r: sum(r["cpu"].values())), "%.2f s"),
            *both(("  OpenFlow flows", lambda r: r["flows"]), "%d"),
            *both(("  controller resident", lambda r: r["resident"].get(
                "df-controller", r["resident"].get("ovn-controller"))), "%.0f MB"),
            row("  flows more for each port", "%.2f" % more)]


def switch_limit(options):
    """The cold start's OpenFlow part, and the same flows from a sender with nothing else to do."""
    rows = []
    for n in options.ports:
        results = []
        for _ in range(min(options.rounds, 3)):
            with Testbed(shape(n), log_session=True) as bed:
                cold = bed.cold_start()
                limit = bed.switch_limit()
                results.append({"part": bed.openflow_seconds(), "limit": limit["seconds"],
                                "flows": cold["flows"], "ofctl": limit["ofctl"],
                                "parse": limit["parse"], "vswitchd": limit["vswitchd"],
                                "ratio": bed.openflow_seconds() / limit["seconds"]})
        m = medians(results)
        rows.append(row(
            "%s: OpenFlow part of the cold start" % ports_text(n),
            "%.3f s, %.2f x the limit" % (m["part"], m["ratio"]),
            # With few flows it is milliseconds that have nothing to do with them.
            "<= %.1f x" % LIMIT if n >= 10000 else None, m["ratio"] <= LIMIT, data=m,
            note="%s flows: the switch takes %.3f s (%s flows/s; its CPU %.3f s); ovs-ofctl "
            "%.2f s, of these %.2f s for parsing and encoding" % (
                format(int(m["flows"]), ","), m["limit"],
                format(int(m["flows"] / m["limit"]), ","), m["vswitchd"], m["ofctl"],
                m["parse"])))
    return rows


# --- Single changes ---------------------------------------------------------------

class Change:
    """'what' for people; 'name' of the method of a testbed; 'prepare' and 'finish' of
    those that come before and after; targets by number of ports (None: any):
    'latency' of the median and 'p99' in ms, 'cpu' of all processes, 'chassis' of
    df-controller in ms.  'settle' is for how many seconds nothing may happen before it
    counts as done."""

    def __init__(self, what, name, prepare=None, finish=None, settle=0.05, **targets):
        self.what, self.name, self.prepare, self.finish = what, name, prepare, finish
        self.settle = settle
        self.targets = targets

    def target(self, kind, n):
        targets = self.targets.get(kind, {})
        return targets.get(n, targets.get(None))

    def misses(self, kind, n, value):
        target = self.target(kind, n)
        return target is not None and value > target


CHANGES = [
    Change("local port plugged", "plug_local_port", "prepare_local_port", "finish_local_port",
           latency={None: 2}, p99={None: 5}, cpu={None: 2}),
    Change("remote port added", "add_remote_port", None, "finish_remote_port",
           latency={10000: 3}, chassis={10000: 0.3}),
    Change("remote port moved", "move_remote_port", "prepare_move"),
    Change("remote port removed", "remove_remote_port"),
    # With 100,000 ports the NB server may be silent for a tenth of a second.
    Change("router port added, 40 ports", "add_router_port", "prepare_network", settle=0.4,
           latency={10000: 10}),
    Change("router port removed, 40 ports", "remove_router_port", "prepare_joined_network",
           settle=0.4),
    Change("route changed", "change_route", "prepare_route"),
]


PLUG, ROUTER_PORT = CHANGES[0], CHANGES[4]
UNKNOWN = Change("no port's", "plug_unknown_port", None, "finish_unknown_port")
TURNS = 5


def once_measured(bed, change):
    if change.prepare:
        getattr(bed, change.prepare)()
    result = bed.measure(getattr(bed, change.name), change.settle)
    if change.finish:
        getattr(bed, change.finish)()
    return result


def with_ms(results):
    return [{**r, "ms": r["flows"] if r["flows"] is not None else r["done"]} for r in results]


def repeat(bed, change, times):
    """Results of measure()."""
    return with_ms([once_measured(bed, change) for _ in range(times)])


def repeat_plug(bed, times):
    """Results of measure() of plugging a port: Dragonflow's; of a controller that does
    nothing else; and of an interface that is no port's.  They take turns, as the
    machine's speed changes."""
    ours, floor, unknown = [], [], []
    each = max(1, times // TURNS)
    while len(ours) < times:
        floor += with_ms(bed.plug_floor(each))
        once_measured(bed, PLUG)  # It has just been started again.
        ours += repeat(bed, PLUG, each)
        unknown += repeat(bed, UNKNOWN, max(1, each // 2))
    return ours, floor, unknown


def repeat_router_port(bed, times):
    """Results of measure(), and what PortReader.ask() says; they take turns."""
    ours, walks = [], []
    reader = PortReader(bed)
    for _ in range(times):
        walks.append(reader.ask())
        ours += repeat(bed, ROUTER_PORT, 1)
    reader.client.close()
    return ours, walks


def cpu_medians(results):
    return medians([r["cpu"] for r in results])


def change_rows(n, change, ours, theirs):
    """'ours' and 'theirs' (may be empty) are results of measure()."""
    def latency(results):
        return median([r["ms"] for r in results]) if results else None

    def p99(results):
        return percentile([r["ms"] for r in results], 99) if results else None

    mine, other = cpu_medians(ours), cpu_medians(theirs) if theirs else None
    rows = [compared("%s: %s" % (ports_text(n), change.what), latency(ours), latency(theirs),
                     "%.2f ms", change.target("latency", n),
                     data={"samples": [r["ms"] for r in ours]}),
            compared("  p99", p99(ours), p99(theirs), "%.2f ms", change.target("p99", n)),
            compared("  CPU of all processes", sum(mine.values()),
                     sum(other.values()) if other else None, "%.2f ms",
                     change.target("cpu", n), data={"dragonflow_of": mine, "ovn_of": other},
                     note="; ".join(filter(None, [text_of(mine, "%.2f"), other and (
                         "OVN: " + text_of(other, "%.2f"))])))]
    if change.target("chassis", n):
        rows.append(compared("  CPU of the chassis' controller", mine["df-controller"],
                             other["ovn-controller"] if other else None, "%.2f ms",
                             change.target("chassis", n)))
    return rows


def compared_with_floor(what, value, floor, missed):
    """'missed' says whether there is a target that the value does not reach: then the floor
    counts."""
    return row("  %s, compared with the floor" % what, "%.2f x" % (value / floor),
               "<= 1.1 x" if missed else None, value <= 1.1 * floor, data={"ratio": value / floor})


def plug_floor_rows(n, floor, unknown, plugged):
    """'floor' are results of measure() for a controller that does nothing else; 'plugged' are
    ours; 'unknown' those of an interface that is no port's, for which df-controller does
    nothing in the switch."""
    times = [r["ms"] for r in floor]
    mine = median([r["ms"] for r in plugged])
    cpu = cpu_medians(floor)
    our_cpu = sum(cpu_medians(plugged).values())
    switch = {name: ms for name, ms in cpu_medians(unknown).items()
              if name in ("ovs-vswitchd", "ovsdb-server")}
    return [row("  the floor: a controller that does nothing else", "%.2f ms" % median(times),
                data={"samples": times, "cpu": cpu},
                note="p99 %.2f ms; CPU %.2f ms: %s" % (
                    percentile(times, 99), sum(cpu.values()), text_of(cpu, "%.2f"))),
            row("  besides: an interface that is no port's",
                "%.2f ms" % median([r["ofport"] for r in unknown]),
                data={"samples": [r["ofport"] for r in unknown], "cpu": switch},
                note="until ovs-vswitchd tells its OpenFlow port; CPU of the switch and its "
                "database %.2f ms: %s" % (sum(switch.values()), text_of(switch, "%.2f"))),
            compared_with_floor("median", mine, median(times), PLUG.misses("latency", n, mine)),
            compared_with_floor("CPU", our_cpu, sum(cpu.values()),
                                PLUG.misses("cpu", n, our_cpu))]


def router_port_floor_rows(n, walks, everything, ours):
    """A network that was out of reach: its rows must come from the NB server, which looks
    at each port that it has.  'walks' are milliseconds of a client that does nothing else;
    'everything' and 'ours' are results of measure(), the former of a chassis that has all
    rows already."""
    walk, rest = median(walks), median([r["ms"] for r in everything])
    mine = median([r["ms"] for r in ours])
    return [row("  the floor: its ports are asked for", "%.2f ms" % walk,
                data={"samples": walks}, note="the NB server looks at all ports for a condition "
                "that has changed; p99 %.2f ms" % percentile(walks, 99)),
            row("  and: the same in a chassis that reads everything", "%.2f ms" % rest,
                data={"samples": [r["ms"] for r in everything]}),
            compared_with_floor("median", mine, walk + rest,
                                ROUTER_PORT.misses("latency", n, mine))]


def unreachable_row(ours, theirs, n):
    """A port that no network of this chassis can reach."""
    mine = medians(ours)
    other = medians(theirs) if theirs else None
    rows = [compared("%s: port added that this chassis cannot reach: its CPU" % ports_text(n),
                     mine["cpu"], other and other["cpu"], "%.3f ms"),
            row("  flows, wake-ups of the controller",
                "%d, %d" % (mine["flows"], mine["wakeups"]), "0, 0",
                mine["flows"] == 0 and mine["wakeups"] == 0,
                peer=other and "%d, %d" % (other["flows"], other["wakeups"]),
                data={"dragonflow": mine, "ovn": other})]
    return rows


def latency(options):
    """From the commit of one change to its flows in the switch."""
    reason = why_no_ovn(options)
    rows = [skipped("OVN: " + reason)] if reason else []
    for n in options.ports:
        ours, theirs = {}, {}
        with Testbed(shape(n)) as bed:
            bed.cold_start()
            for change in CHANGES:
                if change is PLUG:
                    ours[change], floor, unknown = repeat_plug(bed, 2 * options.repeat)
                elif change is ROUTER_PORT:
                    ours[change], walks = repeat_router_port(bed, options.repeat)
                else:
                    ours[change] = repeat(bed, change, options.repeat)
            unreachable = bed.measure_unreachable(options.repeat), []
        with Testbed(shape(n), monitor_all="true") as bed:
            bed.cold_start()
            everything = repeat(bed, ROUTER_PORT, options.repeat)
        if not reason and n <= options.ovn_max:
            times = options.ovn_changes(n)
            with OvnTestbed(shape(n), Installation(options.ovn_prefix), options.tuning) as bed:
                bed.cold_start()
                for change in CHANGES:
                    theirs[change] = repeat(bed, change, times)
                unreachable = unreachable[0], bed.measure_unreachable(times)
        for change in CHANGES:
            rows += change_rows(n, change, ours[change], theirs.get(change))
            if change is PLUG:
                rows += plug_floor_rows(n, floor, unknown, ours[change])
            elif change is ROUTER_PORT:
                rows += router_port_floor_rows(n, walks, everything, ours[change])
        rows += unreachable_row(*unreachable, n)
    return rows


MEASURES = [cold_start, dual_stack, switch_limit, latency]
