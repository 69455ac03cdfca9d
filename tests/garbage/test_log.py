# SPDX-License-Identifier: Apache-2.0
"""What others have written, into the databases or into a certificate, can neither forge lines
of df-controller's log, nor control the terminal that shows it, nor fill the disk."""
import re

import pytest

from dfharness import Cloud, wait_until

EVIL = "\x1b[2J\x1b]0;t\x07\nchassis|WARN|forged\r\u009b31m\x7f"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MAX_LINE = 4096
HUGE = 10 * 1024 * 1024


@pytest.fixture
def cloud():
    with Cloud(chassis=1) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_router("r1", n1="10.0.1.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.sync()
        yield cloud


def uuid_of(cloud, table, name):
    return cloud.nb_db.rows(table, [["name", "==", name]], ["_uuid"])[0]["_uuid"]


def write_garbage(cloud, evil, huge):
    """Rows that the chassis can reach and has to complain about.  'huge' is where a long text
    is worst."""
    n1, r1 = uuid_of(cloud, "Network", "n1"), uuid_of(cloud, "Router", "r1")
    ids = ["map", [[evil, huge]]]
    cloud.nb_db.transact_large(
        {"op": "insert", "table": "Port", "row": {
            "name": "a" + huge, "network": n1, "mac": huge, "external_ids": ids}},
        {"op": "insert", "table": "Port", "row": {
            "name": "b" + evil, "network": n1, "mac": "fa:16:3e:00:00:01",
            "addresses": ["set", [*(str(i) + evil for i in range(30)), "10.0.1.11", "10.0.1.12"]],
            "external_ids": ids, "requested_chassis": evil}},
        {"op": "insert", "table": "Port", "row": {
            "name": "c" + evil, "network": n1, "mac": "fa:16:3e:00:00:02",
            "addresses": ["set", ["10.0.1.12"]]}},
        {"op": "insert", "table": "Router_Port", "row": {
            "name": "d" + evil, "network": n1, "router": r1, "mac": "fa:16:3e:00:00:05",
            "addresses": ["set", [evil, "10.0.1.1/24"]]}},
        {"op": "insert", "table": "Static_Route", "row": {
            "router": r1, "prefix": huge, "next_hop": evil, "external_ids": ids}},
        {"op": "insert", "table": "Chassis", "row": {
            "name": "e" + evil, "hostname": evil, "encaps": ["map", [["geneve", evil]]]}},
        {"op": "update", "table": "Router", "where": [["name", "==", "r1"]], "row": {
            "static_routes": ["set", [huge, "10.8.0.0/16 via " + evil,
                                      "10.9.0.0/16 via 10.77.0.1"]]}})
    sync(cloud)


def check_text(what, text, max_line=MAX_LINE):
    assert not CONTROL.search(text), (what, CONTROL.search(text))
    for line in text.split("\n"):
        assert len(line.encode()) <= max_line, (what, len(line), line[:300])
        assert not line.startswith("chassis|WARN"), what


def check(cloud, chassis):
    check_text("log", chassis.controller.log.read_text())
    for command in ("status", "flows", "engine/verify", "metrics/show"):
        check_text(command, chassis.dfappctl(command))
    problems = cloud.nb_db.rows("Chassis", [["name", "==", chassis.name]], ["problems"])
    for problem in problems[0]["problems"][1]:
        check_text("problems", problem, 300)
        assert "\n" not in problem


def problems_of(cloud, chassis):
    problems = cloud.nb_db.rows("Chassis", [["name", "==", chassis.name]], ["problems"])
    problems = problems[0]["problems"]
    return problems[1] if isinstance(problems, list) else [problems]


def sync(cloud):
    """dfctl sync does it as well, but reads all of it."""
    cloud.nb_db.transact({"op": "mutate", "table": "Global", "where": [],
                          "mutations": [["sequence", "+=", 1]]})
    sequence = cloud.nb_db.rows("Global", columns=["sequence"])[0]["sequence"]
    chassis = cloud.chassis[0]

    def applied():
        row, = cloud.nb_db.rows("Chassis", [["name", "==", chassis.name]], ["applied"])
        return row["applied"]
    wait_until(lambda: applied() >= sequence, lambda: (applied(), chassis.controller.output()), 60)


@pytest.mark.parametrize("evil, huge", [
    (EVIL, EVIL), (EVIL + "x" * 100000, EVIL + "x" * HUGE), ("☃" * 1000, "☃" * (HUGE // 3)),
], ids=["short", "10 MB", "10 MB of snowmen"])
def test_rows_are_quoted_escaped_and_cut(cloud, evil, huge):
    chassis = cloud.chassis[0]
    write_garbage(cloud, evil, huge)
    chassis.ovsdb.transact(
        {"op": "update", "table": "Interface", "where": [["name", "==", "vm1"]],
         "row": {"external_ids": ["map", [["iface-id", "b" + evil]]]}})
    wait_until(lambda: "requested on chassis" in str(problems_of(cloud, chassis)),
               lambda: problems_of(cloud, chassis), 60)
    log = chassis.controller.log.read_text()
    # It has complained, about each kind.
    for complaint in ("is not a MAC address", "is not an IP address", "is not a route"):
        assert complaint in log, complaint
    if huge is EVIL:
        assert r"port a\u001b[2J\u001b]0;t\u0007\nchassis|WARN|forged\r\u009b31m\u007f" in log
    else:
        assert "bytes)" in log
    check(cloud, chassis)


def test_settings_are_quoted_escaped_and_cut(cloud):
    chassis = cloud.chassis[0]
    for evil in (EVIL, EVIL + "x" * (1 << 20)):
        for key in ("dragonflow-remote", "dragonflow-bridge-mappings", "dragonflow-encap-ip",
                    "dragonflow-bridge", "dragonflow-metrics", "hostname", "dragonflow-l2",
                    "dragonflow-datapath-type", "dragonflow-nonsense" + evil):
            value = "unix:" + evil if key == "dragonflow-remote" else evil
            ids = dict(chassis.ovsdb.rows("Open_vSwitch")[0]["external_ids"][1])
            chassis.ovsdb.transact({"op": "update", "table": "Open_vSwitch", "where": [], "row": {
                "external_ids": ["map", list(dict(ids, **{key: value}).items())]}})
            chassis.dfappctl("version")  # It has had a look.
            chassis.ovsdb.transact({"op": "update", "table": "Open_vSwitch", "where": [], "row": {
                "external_ids": ["map", list(ids.items())]}})
            chassis.dfappctl("version")
    log = chassis.controller.log.read_text()
    assert "ignoring external_ids:" in log and "control characters" in log
    check_text("log", log)
