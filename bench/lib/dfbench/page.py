# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown, for the appendix of the page in docs/.

The page has what is compared with OVN or with the switch's own limit.  What else is measured is
in bench/run's output and its JSON."""
import re

from dfbench import report

BEGIN = "<!-- results: begin; written by bench/page -->"
END = "<!-- results: end -->"
TOTAL = "CPU of all processes"
LIMIT = " x the limit"
FLOOR = "compared with the floor"
SIZE = re.compile(r"([\d,]+) ports: (.*)")


def full_names(rows):
    """(row, its name together with that of the row it belongs to)."""
    head = ""
    for r in rows:
        what = r["what"]
        if what.startswith(" "):
            yield r, "%s: %s" % (head, what.strip())
        else:
            head = what
            yield r, what


def table(heads, lines):
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" + "---:|" * (len(heads) - 1)
    for cells in lines:
        yield "| " + " | ".join(str(c).replace("|", "\\|") for c in cells) + " |"


def missed(measures):
    """A line for each target that was not met, with the values at all sizes."""
    found = {}
    for rows in measures.values():
        for r, name in full_names(rows):
            if "target" in r and not r["met"]:
                m = SIZE.match(name)
                text = "%s (%s)" % (m[2] if m else name, r["target"].replace("<=", "≤"))
                found.setdefault(text, []).append(
                    r["value"] + (" (%s ports)" % m[1] if m else ""))
    return ["%s: %s" % (text, ", ".join(values)) for text, values in found.items()]


def sizes_of(rows):
    """{number of ports: {name without it: row}}, in the order of the rows."""
    found = {}
    for r, name in full_names(rows):
        m = SIZE.match(name)
        if m:
            found.setdefault(m[1], {})[m[2]] = r
    return found


def pivot(sizes, names):
    """A line for each of the names, columns for each size: Dragonflow's, and OVN's if it was
    measured at that size."""
    heads, lines = [""], [[name] for name in names]
    for size, rows in sizes.items():
        both = any("peer" in rows[name] for name in names if name in rows)
        heads += [size + " ports"] + ["OVN"] * both
        for line in lines:
            r = rows.get(line[0], {})
            line += [r.get("value", "–")] + [r.get("peer", "–")] * both
    return table(heads, lines)


def cold_start(rows):
    sizes = sizes_of(rows)
    names = list(dict.fromkeys(n for found in sizes.values() for n, r in found.items()
                               if r["value"] != "-"))
    # What a line belongs to goes without saying: there is one kind of head.
    short = {size: {n.partition(": ")[2] or n: r for n, r in found.items()}
             for size, found in sizes.items()}
    return pivot(short, [n.partition(": ")[2] or n for n in names])


def dual_stack(rows):
    sizes = {size: {n.rpartition(": ")[2]: r for n, r in found.items()}
             for size, found in sizes_of(rows).items()}
    return pivot(sizes, list(dict.fromkeys(n for found in sizes.values() for n in found)))


def switch_limit(rows):
    return table(["flows", "Dragonflow", "the switch's limit", "ratio", "`ovs-ofctl`"],
                 [[format(int(d["flows"]), ","), "%.3f s" % d["part"], "%.3f s" % d["limit"],
                   "%.2f" % d["ratio"], "%.2f s" % d["ofctl"]]
                  for d in (r["data"] for r in rows if "data" in r)])


def plain(text):
    """Without the unit that all numbers of a column have."""
    return text.removesuffix(" ms").removesuffix(" x")


def latency(rows):
    sizes = sizes_of(rows)
    with_ovn, alone, rest = [], [], []
    for size, found in sizes.items():
        for name, r in found.items():
            total = found.get(name + ": " + TOTAL)
            if not total:
                continue
            three = [r, found[name + ": p99"], total]
            line = ["%s, %s" % (size, name)] + [plain(x["value"]) for x in three]
            if "peer" in r:
                with_ovn.append(line + [plain(x["peer"]) for x in three]
                                + [plain(x.get("ratio", "–")) for x in (r, total)])
            else:
                alone.append(line)
        shown = {name + suffix for name in found if name + ": " + TOTAL in found
                 for suffix in ("", ": p99", ": " + TOTAL)}
        rest += [n for n in found if n not in shown and n not in rest and FLOOR not in n]
    heads = ["ports, change", "median, ms", "p99", "CPU"]
    parts = [table(heads + ["OVN: median", "p99", "CPU", "ratio", "of CPU"], with_ovn)
             if with_ovn else None,
             table(heads, alone) if alone else None,
             pivot(sizes, rest) if rest else None]
    for i, part in enumerate(filter(None, parts)):
        yield from [""] * (i > 0)
        yield from part


def data_plane(rows):
    cycles = {tuple(r["what"].rsplit(", ", 1)): r for r in rows
              if "cycles" in r.get("data", {})}
    first = [(r["what"], r["data"]) for r in rows if "tables" in r.get("data", {})]
    caches = list(dict.fromkeys(cache for _, cache in cycles))
    names = [n for n in ("hand-written", "Dragonflow", "OVN")
             if all(n in r["data"]["cycles"] for r in cycles.values())]

    def cell(r, name):
        ratio = {"Dragonflow": r["value"], "OVN": r.get("peer")}.get(name)
        return "%.0f%s" % (r["data"]["cycles"][name]["cycles"],
                           " (%s)" % ratio.removesuffix(LIMIT) if ratio else "")
    yield from table(["packets"] + ["%s: %s" % (cache, names[0]) if name == names[0] else name
                                    for cache in caches for name in names],
                     [[what] + [cell(cycles[what, cache], name)
                                for cache in caches for name in names]
                      for what in dict.fromkeys(what for what, _ in cycles)])
    yield ""
    yield from table(["first packet", "tables", "microseconds"],
                     [[what.removeprefix("first packet, "), d["tables"],
                       "%.1f" % d["microseconds"]] for what, d in first])


def restart(rows):
    def short(text):
        return re.sub(r" lost, 0 ms|OVN that waits[^:]*: ", "", text)
    return table(["", "Dragonflow", "OVN", "OVN that waits"],
                 [[r["what"].strip()] + [short(r.get(k, "–")) for k in ("value", "peer", "note")]
                  for r in rows if "target" in r or r["what"].startswith(" ")])


LAYOUTS = {"cold-start": cold_start, "dual-stack": dual_stack, "switch-limit": switch_limit,
           "latency": latency, "data-plane": data_plane, "restart": restart}


def render(results, titles):
    """Markdown of the 'results' that bench/run has written; 'titles' of measures."""
    measures = results["measures"]
    good, bad = report.verdicts(measures)
    lines = ["Measured on %s%s. %s" % (
        results["date"], "" if not results.get("ovn") else ", OVN %s" % results["ovn"],
        results.get("machine", "")), "",
        "%d of %d targets are met%s" % (good, good + bad, "; not:" if bad else ".")]
    if bad:
        lines += ["", *("- " + text for text in missed(measures))]
    for name, layout in LAYOUTS.items():
        if any("data" in r for r in measures.get(name, [])):
            lines += ["", "### %s" % name, "", titles.get(name, "") + ".", "",
                      *layout(measures[name])]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def replace(text, part):
    """The page 'text' with 'part' between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the page has no place for results: " + BEGIN)
    return "%s%s\n\n%s\n%s%s" % (before, BEGIN, part, END, after)
