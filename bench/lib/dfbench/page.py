# SPDX-License-Identifier: Apache-2.0
"""Results as Markdown, for the page in docs/."""
BEGIN = "<!-- results: begin; written by bench/page -->"
END = "<!-- results: end -->"


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


def targets(measures):
    """The table of everything that has a target."""
    lines = [[name, r.get("peer", "–"), r["value"], r["target"].replace("<=", "≤"),
              "met" if r["met"] else "**missed**"]
             for rows in measures.values() for r, name in full_names(rows) if "target" in r]
    return table(["what", "OVN", "Dragonflow", "target", ""], lines)


def measure_table(rows):
    if any("peer" in r for r in rows):
        heads = ["", "Dragonflow", "OVN", "ratio", "remarks"]
        keys = ["value", "peer", "ratio", "note"]
    elif any("note" in r for r in rows):
        heads, keys = ["", "Dragonflow", "remarks"], ["value", "note"]
    else:
        heads, keys = ["", "Dragonflow"], ["value"]

    def name(r):
        what = r["what"]
        return what if not what.startswith(" ") else "– " + what.strip()
    return table(heads, [[name(r)] + [r.get(k, "") for k in keys] for r in rows])


def render(results, titles):
    """Markdown of the 'results' that bench/run has written; 'titles' of measures."""
    lines = ["Measured on %s%s. %s" % (
        results["date"], "" if not results.get("ovn") else ", OVN %s" % results["ovn"],
        results.get("machine", "")), "", "### Targets", "",
        *targets(results["measures"])]
    for name, rows in results["measures"].items():
        lines += ["", "### %s" % name, "", titles.get(name, "") + ".", "", *measure_table(rows)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def replace(text, part):
    """The page 'text' with 'part' between the marks."""
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError("the page has no place for results: " + BEGIN)
    return "%s%s\n\n%s\n%s%s" % (before, BEGIN, part, END, after)
