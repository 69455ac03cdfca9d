# SPDX-License-Identifier: Apache-2.0
"""The alerts for Prometheus: about metrics that exist, silent while all is well, and raised
when it is not.

What they say is evaluated as Prometheus would, as far as it is a threshold of one metric or of
its increase; "for" is not waited for."""
import operator
import re
import time

import pytest
import yaml

from dfharness import wait_until
from dfharness.process import TOP
from test_metrics import cloud, metrics  # noqa: F401

FILE = TOP / "packaging" / "prometheus" / "dragonflow.rules.yml"
GUIDE = (TOP / "docs/operator-guide.md").read_text()
RULES = {rule["alert"]: rule for group in yaml.safe_load(FILE.read_text())["groups"]
         for rule in group["rules"]}
# Of Prometheus itself: whether an instance answers.
OTHERS = {"up"}
WORDS = {"and", "or", "on", "by", "offset", "group_right", "sum", "max"}
CALL = re.compile(r"(?:(increase|rate|min_over_time)\()?(\w+)(?:\{(.*)\})?(?:\[\w+\]\))? "
                  r"(==|>|<) ([\d.]+)")
COMPARE = {"==": operator.eq, ">": operator.gt, "<": operator.lt}


def matches(selector, labels):
    wanted = re.findall(r'(\w+)="([^"]*)"', selector or "")
    return all(dict(labels).get(key) == value for key, value in wanted)


def raised(before, after):
    """The alerts with a threshold that is passed, from the samples at two
    moments."""
    names = set()
    for alert, rule in RULES.items():
        for part in rule["expr"].split(" or "):
            m = CALL.fullmatch(part.strip())
            if not m:
                continue
            function, name, selector, compare, bound = m.groups()
            for (sample, labels), value in after.items():
                if sample != name or not matches(selector, labels):
                    continue
                if function in ("increase", "rate"):
                    value -= before[sample, labels]
                elif function:
                    value = min(value, before[sample, labels])
                if COMPARE[compare](value, float(bound)):
                    names.add(alert)
    return names


def test_nearly_all_can_be_evaluated_here():
    other = [alert for alert, rule in RULES.items()
             if not all(CALL.fullmatch(p.strip()) for p in rule["expr"].split(" or "))]
    assert other == ["DragonflowControllerDown", "DragonflowBehind", "DragonflowUpdatesSlow"]


@pytest.mark.parametrize("alert", RULES)
def test_the_rule_is_one(cloud, alert):  # noqa: F811
    rule = RULES[alert]
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert set(rule["annotations"]) == {"summary", "description"}
    expr = rule["expr"]
    assert expr.count("(") == expr.count(")") and expr.count("{") == expr.count("}")
    samples = metrics(cloud)
    names = {name for name, _ in samples} | OTHERS
    # What is no function, no label in braces or parentheses, and no range.
    bare = re.sub(r"\{[^}]*\}|\[\w+\]|\b(?:by|on|group_right) \([^)]*\)|offset \w+", "", expr)
    used = set(re.findall(r"\b([a-z]\w*)\b(?!\()", bare)) - WORDS
    assert used and used <= names, expr
    for name, selector in re.findall(r"(\w+)\{([^}]*)\}", expr):
        assert [1 for sample, labels in samples if sample == name and matches(selector, labels)], \
            "%s{%s} never exists" % (name, selector)
    labels = {key for name, labels in samples if name in used for key, _ in labels}
    used_labels = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert used_labels <= labels | {"instance", "job"}


@pytest.mark.parametrize("alert", RULES)
def test_the_guide_tells_about_it(alert):
    assert "`%s`" % alert.removeprefix("Dragonflow") in GUIDE


def test_every_alert_of_the_guide_exists():
    table = GUIDE[GUIDE.index("| alert (`Dragonflow...`)"):]
    rows = re.findall(r"^\| (`\w+`.*?) \|", table[:table.index("\n\n")], re.M)
    assert {"Dragonflow" + n for row in rows for n in re.findall(r"`(\w+)`", row)} == set(RULES)


def test_while_all_is_well_nothing_is_raised(cloud):  # noqa: F811
    before = metrics(cloud)
    cloud.nb("route-add r1 10.9.0.0/16 10.0.1.11")
    cloud.sync()
    cloud.nb("route-del r1 10.9.0.0/16")
    cloud.sync()
    assert raised(before, metrics(cloud)) == set()


def expect(cloud, before, *alerts):  # noqa: F811
    wait_until(lambda: raised(before, metrics(cloud)) >= set(alerts),
               lambda: "raised: %s" % raised(before, metrics(cloud)), 30)


def test_without_the_database(cloud):  # noqa: F811
    before = metrics(cloud)
    cloud.nb_db.kill()
    try:
        expect(cloud, before, "DragonflowNorthboundDisconnected", "DragonflowProblems")
    finally:
        cloud.nb_db.start()
    cloud.sync()


def test_without_the_switch(cloud):  # noqa: F811
    chassis = cloud.chassis[0]
    before = metrics(cloud)
    chassis.vswitchd.kill()
    try:
        expect(cloud, before, "DragonflowSwitchDisconnected")
    finally:
        chassis.vswitchd.start()
    wait_until(lambda: "DragonflowSwitchDisconnected" not in raised(before, metrics(cloud)),
               "the connection to the switch")


def test_when_another_program_changes_flows(cloud):  # noqa: F811
    before = metrics(cloud)
    cloud.chassis[0].ofctl("add-flow", "br-int", "table=0,priority=65535,actions=drop")
    expect(cloud, before, "DragonflowChangesByOthers")


def test_what_was_is_no_alert(cloud):  # noqa: F811
    wait_until(lambda: [time.sleep(0.2), not raised(metrics(cloud), metrics(cloud))][1],
               "silence", 30)
