# SPDX-License-Identifier: Apache-2.0
"""Results: rows of a table, for people and for JSON.

A row is a dictionary: 'what'; 'value', what Dragonflow came to, as text; 'peer', the
same of OVN; 'ratio', how many times better than the peer; 'target' and whether it was
'met'; 'note', a second line; 'data', the numbers.  Only the first two must be
there."""


NOTHING = "-"  # The value of a row that is only said.


def row(what, value, target=None, met=None, **more):
    r = {"what": what, "value": value}
    if target is not None:
        r.update(target=target, met=bool(met))
    r.update({k: v for k, v in more.items() if v is not None})
    return r


def compared(what, ours, theirs, form, target=None, data=None, note=None):
    """A row for two numbers of which the smaller is better; 'theirs' may be None.
    'form' is a format for them, with the unit; 'target' the most that ours may be."""
    return row(what, form % ours, target is not None and "<= " + form % target or None,
               target is not None and ours <= target,
               peer=None if theirs is None else form % theirs,
               ratio=None if theirs is None or not ours else "%.3g x" % (theirs / ours),
               data={"dragonflow": ours, "ovn": theirs, **(data or {})}, note=note)


def skipped(reason):
    return row("skipped: " + reason, NOTHING)


def show(name, title, rows):
    print("\n%s: %s" % (name, title))
    columns = ["what", "value", "peer", "ratio"]
    heads = {"what": "", "value": "Dragonflow", "peer": "OVN", "ratio": "ratio"}
    if not any("peer" in r for r in rows):
        columns, heads["value"] = columns[:2], ""
    plain = [r for r in rows if r["value"] != NOTHING]
    width = {c: max([len(str(r.get(c, ""))) for r in plain] + [len(heads[c])]) for c in columns}

    def line(cells):
        return "  ".join([("%-*s" if c == "what" else "%*s") % (width[c], cells.get(c, ""))
                          for c in columns])
    if any(heads[c] for c in columns):
        print("  " + line(heads))
    for r in rows:
        verdict = ("   target %-10s %s" % (r["target"], "met" if r["met"] else "missed")
                   if "target" in r else "")
        print("  " + ((line(r) if r in plain else r["what"]) + verdict).rstrip())
        if "note" in r:
            print("      " + r["note"])


def verdicts(measures):
    """(met, missed) targets of {name: rows}."""
    judged = [r["met"] for rows in measures.values() for r in rows if "target" in r]
    return sum(judged), len(judged) - sum(judged)
