# SPDX-License-Identifier: Apache-2.0
"""show, status, and sync with chassis that answer, answer late or not at all."""
import json
import signal
import subprocess
import threading
import time

from dfharness.database import Nb
from dfharness.process import Workspace, program


def add_chassis(dfctl, *names, applied=0):
    dfctl.transact(*({"op": "insert", "table": "Chassis", "row": {
        "name": name, "hostname": "host-" + name, "applied": applied,
        "encaps": ["map", [["geneve", "192.0.2.1"]]]}} for name in names))


def set_applied(dfctl, name, applied):
    dfctl.transact({"op": "update", "table": "Chassis", "where": [["name", "==", name]],
                    "row": {"applied": applied}})


def sequence(dfctl):
    rows = dfctl.rows("Global")
    return rows[0]["sequence"] if rows else None


def age_sequence(dfctl, seconds):
    """Makes the current sequence look as if raised 'seconds' ago."""
    ids = dict(dfctl.rows("Global")[0]["external_ids"][1])
    ids["sequence_raised_at"] = str(int((time.time() - seconds) * 1000))
    dfctl.transact({"op": "update", "table": "Global", "where": [],
                    "row": {"external_ids": ["map", list(map(list, ids.items()))]}})


class Answerer(threading.Thread):
    """A chassis that applies every sequence, 'delay' seconds late."""

    def __init__(self, dfctl, name, delay=0.0):
        super().__init__(daemon=True)
        self.dfctl, self.name_, self.delay = dfctl, name, delay
        self.applied = []
        self.stop = threading.Event()

    def run(self):
        while not self.stop.wait(0.02):
            now = sequence(self.dfctl)
            if now is not None and (not self.applied or now > self.applied[-1]):
                time.sleep(self.delay)
                set_applied(self.dfctl, self.name_, now)
                self.applied.append(now)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.join()


def test_show_prints_the_topology(cloud):
    add_chassis(cloud, "c1")
    cloud.transact({"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
                    "row": {"chassis": ["uuid", cloud.row("Chassis", "c1")["_uuid"][1]],
                            "up": True}},
                   {"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
                    "row": {"requested_chassis": "c9", "enabled": True}})
    cloud("port-add vm3 n2 fa:16:3e:00:00:03 10.0.2.6 -- set Port vm3 enabled=false "
          "-- set Router r1 enabled=false -- set Network n2 mtu=1400 "
          "-- set Chassis c1 bridge_mappings:p1=br-p1")
    assert cloud("show") == """\
network n1 (geneve 1, mtu 1500)
    subnet s1: 10.0.1.0/24, gateway 10.0.1.1
    port vm1: fa:16:3e:00:00:01 10.0.1.5, up on c1
network n2 (geneve 2, mtu 1400)
    subnet s2: 10.0.2.0/24
    port vm2: fa:16:3e:00:00:02 10.0.2.5, on no chassis (requested: c9)
    port vm3: fa:16:3e:00:00:03 10.0.2.6, disabled
router r1 (disabled)
    port rp1: network n1, fa:16:3e:00:01:01 10.0.1.1/24
    port rp2: network n2, fa:16:3e:00:01:02 10.0.2.1/24
    route 10.9.0.0/16 via 10.0.1.254
chassis c1 (host-c1)
    encapsulation geneve: 192.0.2.1
    physical network p1: br-p1
"""


def test_show_and_status_print_json(cloud):
    add_chassis(cloud, "c1")
    cloud.transact({"op": "update", "table": "Chassis", "where": [],
                    "row": {"problems": "bridge br-int: \x1b gone", "heard_at": 7}},
                   {"op": "update", "table": "Global", "where": [], "row": {"sequence": 3}},
                   {"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
                    "row": {"mac": "junk", "requested_chassis": "c1", "enabled": False}})
    shown = json.loads(cloud("--format=json show"))
    assert shown["networks"][0] == {
        "name": "n1", "type": "geneve", "segmentation_id": 1, "mtu": 1500, "external": False,
        "subnets": [{"name": "s1", "cidr": "10.0.1.0/24", "gateway": "10.0.1.1",
                     "dns_servers": [], "dns_search": []}],
        "ports": [{"name": "vm1", "mac": "junk", "addresses": ["10.0.1.5"], "enabled": False,
                   "up": False, "requested_chassis": "c1"}]}
    assert shown["routers"][0]["routes"] == ["10.9.0.0/16 via 10.0.1.254"]
    assert shown["routers"][0]["ports"][0] == {
        "name": "rp1", "network": "n1", "mac": "fa:16:3e:00:01:01", "addresses": ["10.0.1.1/24"]}
    assert shown["chassis"] == [{"name": "c1", "hostname": "host-c1", "physical_networks": {},
                                 "gateway": False,
                                 "encapsulations": {"geneve": "192.0.2.1"},
                                 "ipv6_encapsulations": {}}]
    status, out, err = cloud.run("status", "--format=json", "--pretty")
    assert (status, err) == (1, "") and out.count("\n") > 5
    assert json.loads(out) == {
        "sequence": 3, "wrong": True,
        "chassis": [{"name": "c1", "applied": 0, "silent": True, "heard_at": 7,
                     "problems": ["bridge br-int: \x1b gone"]}],
        "faults": [{"object": "port vm1",
                    "reason": '"junk" is not a MAC address (aa:bb:cc:dd:ee:ff)'}]}


def test_status_prints_what_each_chassis_has_applied_and_what_is_faulty(cloud):
    assert cloud("status") == "no chassis\nno faults\n"
    add_chassis(cloud, "c2", "c1")
    cloud.transact({"op": "update", "table": "Global", "where": [], "row": {"sequence": 7}},
                   {"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
                    "row": {"addresses": "10.0.2.1"}},
                   {"op": "update", "table": "Router", "where": [],
                    "row": {"static_routes": "junk"}})
    set_applied(cloud, "c1", 7)
    assert cloud.run("status") == (1, """\
chassis c1: applied 7 of 7
chassis c2: applied 0 of 7, behind by 7, silent
fault: port vm2: address 10.0.2.1 is also used by router port rp2
fault: router port rp2: address 10.0.2.1 is also used by port vm2
fault: router r1: "junk" is not a route (PREFIX via NEXTHOP)
1 chassis with problems
""", "")


def test_status_prints_the_problems_of_each_chassis(dfctl):
    add_chassis(dfctl, "c1", "c2", "c3")
    dfctl.transact({"op": "update", "table": "Chassis", "where": [["name", "==", "c2"]], "row": {
        "problems": ["set", ["bridge br-int: gone", "a \x1b[31mtrick\nand a line"]]}})
    assert dfctl.run("status") == (1, """\
chassis c1: applied 0 of 0
chassis c2: applied 0 of 0
    problem: a \\u001b[31mtrick\\nand a line
    problem: bridge br-int: gone
chassis c3: applied 0 of 0
1 chassis with problems
""", "")


def test_status_says_when_a_silent_chassis_was_last_heard_of(dfctl):
    add_chassis(dfctl, "c1")
    dfctl.transact({"op": "update", "table": "Chassis", "where": [],
                    "row": {"heard_at": 1700000000123}})
    assert dfctl.run("sync", "--timeout=1")[0] == 1
    # It has not had the time to answer.
    assert dfctl.run("status")[:2] == (0, "chassis c1: applied 0 of 1, behind by 1\nno faults\n")
    age_sequence(dfctl, 11)
    assert dfctl.run("status")[:2] == (1, "chassis c1: applied 0 of 1, behind by 1, silent, last "
                                          "heard of on 2023-11-14 22:13:20 UTC\n"
                                          "1 chassis with problems\n")


def watched(dfctl, argv, changes):
    """What "watch" prints meanwhile 'changes' (functions) are made, a list of lines."""
    p = subprocess.Popen([program("dfctl"), "--db=" + dfctl.server.remote, "watch", *argv],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         # The tests may have been started in the background.
                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    time.sleep(1)
    lines = []
    for change in changes:
        change()
        lines.append(p.stdout.readline())
    p.send_signal(signal.SIGINT)
    out, err = p.communicate(timeout=20)
    assert (out, err) == ("", "")
    return lines


def test_watch_prints_changes_as_they_come(cloud):
    port = cloud.row("Port", "vm1")
    assert watched(cloud, ["Port"], [
        lambda: cloud("set Port vm1 enabled=false -- net-add n3"),
        lambda: cloud("set Port vm1 addresses=10.0.1.6 mac=\"fa:16:3e:00:00:99\""),
        lambda: cloud("port-add vm3 n1 fa:16:3e:00:00:03"),
        lambda: cloud("port-del vm3")]) == [
        "~ Port vm1: enabled=false\n",
        '~ Port vm1: addresses=["10.0.1.6"] mac="fa:16:3e:00:00:99"\n',
        '+ Port vm3: mac="fa:16:3e:00:00:03" network=%s\n' % port["network"][1],
        "- Port vm3\n"]


def test_watch_prints_json(cloud):
    line, = watched(cloud, ["Router", "--format=json"], [lambda: cloud("router-add r2")])
    assert json.loads(line) == {"change": "insert", "table": "Router", "name": "r2",
                                "columns": {}}


def test_watch_ends_in_time(cloud):
    start = time.monotonic()
    assert cloud("watch --timeout=1") == ""
    assert 0.9 < time.monotonic() - start < 8
    assert cloud.refused("watch Prot") == 'unknown table "Prot"; did you mean Port?'


def test_sync_without_chassis_is_done_at_once(dfctl):
    dfctl("sync")
    assert sequence(dfctl) == 2
    dfctl("sync --timeout=1")
    assert sequence(dfctl) == 4


def test_sync_waits_for_two_rounds(dfctl):
    add_chassis(dfctl, "c1", "c2")
    with Answerer(dfctl, "c1") as c1, Answerer(dfctl, "c2", delay=0.3) as c2:
        start = time.monotonic()
        dfctl("net-add n1 -- sync --timeout=10")
        assert time.monotonic() - start >= 0.6
        assert dfctl.row("Chassis", "c2")["applied"] == 2
    assert c1.applied[-2:] == [1, 2] and c2.applied[-2:] == [1, 2]


def test_a_chassis_that_does_not_answer_makes_sync_fail(dfctl):
    add_chassis(dfctl, "c1", "c2", "c3", applied=0)
    with Answerer(dfctl, "c1"):
        status, _, err = dfctl.run("sync", "--timeout=1")
    assert status == 1
    assert err == ("dfctl: sequence 1 has not been applied within 1 s by chassis "
                   "c2 (last applied 0), c3 (last applied 0)\n")


def test_the_timeout_may_be_given_before_the_command(dfctl):
    add_chassis(dfctl, "c1")
    start = time.monotonic()
    status, _, err = dfctl.run("--timeout=1", "sync")
    assert status == 1 and "within 1 s by chassis c1 (last applied 0)" in err
    assert time.monotonic() - start < 5


def test_what_was_committed_with_sync_stays_though_it_fails(dfctl):
    add_chassis(dfctl, "c1")
    status, _, _ = dfctl.run("net-add", "n1", "--", "sync", "--timeout=1")
    assert status == 1 and dfctl.row("Network", "n1")


def test_a_chassis_known_to_be_dead_is_not_waited_for_but_makes_sync_fail(dfctl):
    add_chassis(dfctl, "c1", "c2")
    with Answerer(dfctl, "c1"):
        assert dfctl.run("sync", "--timeout=1")[0] == 1
        age_sequence(dfctl, 11)
        start = time.monotonic()
        for _ in range(3):  # A quick series does not revive it.
            status, _, err = dfctl.run("sync", "--timeout=10")
            assert status == 1
            assert err == ("dfctl: sequence %d has been applied by all but those that have been "
                           "silent for long: chassis c2 (last applied 0); remove them by "
                           "chassis-del, or sync with --ignore-silent\n" % sequence(dfctl))
        warning = ("dfctl: not waited for, because silent for long: chassis c2 (last applied 0)\n")
        assert dfctl.run("--ignore-silent", "sync", "--timeout=10") == (0, "", warning)
        assert dfctl.run("sync", "--timeout=10", "--ignore-silent") == (0, "", warning)
        assert time.monotonic() - start < 10
        # Who is silent, but not for long, is no exception.
        set_applied(dfctl, "c2", sequence(dfctl))
        assert dfctl.run("--ignore-silent", "sync", "--timeout=1")[0] == 1
        # Once it has applied something, it is alive.
        with Answerer(dfctl, "c2"):
            time.sleep(0.3)
            assert dfctl("sync --timeout=10") == ""


def test_a_chassis_that_has_just_come_is_waited_for(dfctl):
    add_chassis(dfctl, "c1")
    with Answerer(dfctl, "c1"):
        dfctl("sync --timeout=10")
        age_sequence(dfctl, 11)
        dfctl("sync --timeout=10")  # Now it is known that everybody has applied the first one,
        add_chassis(dfctl, "c2")
        dfctl.transact({"op": "update", "table": "Chassis", "where": [["name", "==", "c2"]],
                        "row": {"heard_at": int(time.time() * 1000)}})
        age_sequence(dfctl, 11)
        # which says nothing about one that was not there.
        assert dfctl.run("status")[:2] == (
            0, "chassis c1: applied 4 of 4\nchassis c2: applied 0 of 4, behind by 4\nno faults\n")
        for n in (5, 6):
            assert dfctl.run("sync", "--timeout=1")[2] == (
                "dfctl: sequence %d has not been applied within 1 s by chassis "
                "c2 (last applied 0)\n" % n)
        with Answerer(dfctl, "c2"):
            dfctl("sync --timeout=10")


def test_a_chassis_that_is_late_by_less_than_ten_seconds_is_waited_for(dfctl):
    add_chassis(dfctl, "c1")
    assert dfctl.run("sync", "--timeout=1")[0] == 1
    age_sequence(dfctl, 5)
    assert dfctl.run("sync", "--timeout=1")[0] == 1


def test_a_new_global_row_does_not_take_old_answers_for_new_ones(dfctl):
    add_chassis(dfctl, "c1", applied=9)
    with Answerer(dfctl, "c1"):
        dfctl("sync --timeout=10")
    assert sequence(dfctl) == 11


def test_a_chassis_that_goes_away_is_not_waited_for_any_more(dfctl):
    add_chassis(dfctl, "c1")
    timer = threading.Timer(0.5, lambda: dfctl("chassis-del c1"))
    timer.start()
    dfctl("sync --timeout=10")
    timer.join()


def test_a_dry_run_waits_for_nobody(dfctl):
    add_chassis(dfctl, "c1")
    dfctl("--dry-run sync --timeout=10")
    assert sequence(dfctl) is None


def test_watch_says_nothing_of_rows_that_stay(cloud):
    """Those that refer to what has changed."""
    lines = watched(cloud, [], [lambda: cloud.transact(
        {"op": "update", "table": "Network", "where": [["name", "==", "n1"]],
         "row": {"mtu": 1400}})])
    assert lines == ["~ Network n1: mtu=1400\n"]


def test_watch_ends_with_its_connection(tmp_path):
    """It would not know what was deleted meanwhile."""
    workspace = Workspace(tmp_path)
    try:
        nb = Nb(workspace, tmp_path / "nb")
        p = subprocess.Popen([program("dfctl"), "--db=" + nb.remote, "watch"],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1)
        nb.kill()
        out, err = p.communicate(timeout=20)
        assert (p.returncode, out) == (1, "")
        assert "the connection to the database was lost" in err
    finally:
        workspace.close()
