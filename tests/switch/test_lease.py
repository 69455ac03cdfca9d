# SPDX-License-Identifier: Apache-2.0
"""The lease: a flow that expires unless the daemon lives."""
import signal
import time

import pytest

from dfharness.process import wait_until

LEASE = "table=101,priority=100,actions=resubmit(,102)"
COOKIE = "0xdf65a6f16c656173"
# Open vSwitch looks for expired flows about twice a second.
LATE = 1.5


def lease(seconds, flow=LEASE):
    return "lease hard_timeout=%d,%s" % (seconds, flow)


def held(host, table=101):
    flows = host.dump(table)
    assert len(flows) <= 1
    return bool(flows)


def test_the_lease_is_installed_behind_the_flows(host):
    driver = host.start("--hold")
    driver.ask("fill 20000")
    driver.ask(lease(5))
    driver.ask("connected")
    time.sleep(0.2)
    assert not held(host) and driver.status()["lease"] == "waiting"
    driver.ask("write on")
    while not held(host):
        pass
    assert host.n_flows() == 20001  # Both are there, or none.
    flow, = host.dump(101)
    assert flow["cookie"] == COOKIE and flow["hard_timeout"] == "5"
    assert flow["priority"] == "100" and flow["actions"] == "resubmit(,102)"
    assert driver.status()["lease"] == "held"


def test_the_lease_is_renewed_three_times_in_its_life(host):
    driver = host.start()
    driver.add("f", "table=102,priority=1,actions=drop")
    driver.sync()
    driver.ask(lease(2))
    wait_until(lambda: held(host), "no lease")
    oldest, end = 0, time.monotonic() + 5
    ticks = driver.cpu_ticks()
    while time.monotonic() < end:
        flow, = host.dump(101)
        oldest = max(oldest, flow["duration"])
        time.sleep(0.02)
    assert 0.4 < oldest < 1.0
    status = driver.status()
    assert 7 <= status["lease renewals"] <= 9 and status["lease losses"] == 0
    assert status["flow mods sent"] == 1 and driver.cpu_ticks() - ticks <= 10


@pytest.mark.parametrize("version", ["OpenFlow13", "OpenFlow14", "OpenFlow15"])
def test_the_lease_of_a_hung_daemon_expires_and_comes_back_with_it(host, version):
    host.use_version(version)
    driver = host.start()
    driver.ask(lease(1))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    for _ in range(2):
        driver.proc.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: not held(host), "still there", 1 + LATE)
        finally:
            driver.proc.send_signal(signal.SIGCONT)
        wait_until(lambda: held(host), "not back", 0.5)
    assert driver.status()["lease losses"] == 2
    assert driver.log().count("has expired") == 2


def test_the_lease_of_a_dead_daemon_expires_and_its_flows_stay(host):
    driver = host.start()
    driver.add("f", "table=102,priority=1,actions=drop")
    driver.ask(lease(1))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    driver.exit()
    wait_until(lambda: not held(host), "still there", 1 + LATE)
    assert host.flows() == ["table=102, priority=1 actions=drop"]


def test_a_restart_takes_the_lease_over_without_a_gap(host):
    for attempt in range(3):
        driver = host.start("--hold")
        driver.ask("fill 50")
        driver.ask(lease(3 + attempt))
        driver.ask("connected")
        assert held(host) == (attempt > 0)
        assert driver.ask("diff") == "" or not attempt
        driver.ask("write on")
        driver.sync()
        wait_until(lambda: driver.status()["lease renewals"], "not renewed")
        wait_until(lambda: held(host) and host.dump(101)[0]["hard_timeout"] == str(3 + attempt),
                   "another lease", 1)
        status = driver.status()
        assert status["flows read"] == 50 * (attempt > 0) and status["lease losses"] == 0
        driver.exit()


def test_a_predecessors_lease_that_was_read_before_ours_was_set_stays(host):
    driver = host.start()
    driver.ask(lease(60))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    driver.exit()
    driver = host.start("--hold")
    driver.ask("connected")
    driver.ask(lease(60))
    driver.ask("write on")
    driver.sync()
    wait_until(lambda: driver.status()["lease renewals"], "not renewed")
    driver.sync()
    assert held(host) and driver.status()["lease losses"] == 0


def test_a_removed_lease_is_back_at_once(host):
    driver = host.start()
    driver.ask(lease(60))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    for i in range(3):
        host.ofctl("del-flows", "br-int", "cookie=%s/-1" % COOKIE)
        wait_until(lambda: driver.status()["lease losses"] == i + 1, "not noticed", 1)
        wait_until(lambda: held(host), "not back", 0.5)


def test_a_lease_without_an_end_is_not_renewed_but_put_back(host):
    driver = host.start()
    driver.ask(lease(0))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    ticks = driver.cpu_ticks()
    time.sleep(1.5)
    assert driver.status()["lease renewals"] == 1 and driver.cpu_ticks() - ticks <= 2
    host.ofctl("del-flows", "br-int", "table=101")
    wait_until(lambda: driver.status()["lease losses"] == 1 and held(host), "not back", 1)


def test_a_lease_that_is_not_set_any_more_is_removed(host):
    driver = host.start()
    driver.ask(lease(60))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    driver.ask("lease")
    wait_until(lambda: not held(host), "still there", 1)
    time.sleep(0.2)
    status = driver.status()
    assert not held(host) and status["lease"] == "none" and status["lease losses"] == 0


def test_a_changed_lease_replaces_the_old_one(host):
    driver = host.start()
    driver.ask(lease(60))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    driver.ask(lease(60, "table=101,priority=100,actions=drop"))
    wait_until(lambda: host.dump(101)[0]["actions"] == "drop", "not changed", 1)
    driver.ask(lease(60, "table=94,priority=7,ip,actions=drop"))
    wait_until(lambda: held(host, 94) and not held(host), "not moved", 1)
    driver.ask(lease(60))
    wait_until(lambda: held(host) and not held(host, 94), "not moved back", 1)
    time.sleep(0.2)
    assert driver.status()["lease losses"] == 0


@pytest.mark.parametrize("successor", [None, "table=94,priority=7,ip,actions=drop"])
def test_what_a_predecessor_left_is_removed(host, successor):
    first = host.start()
    first.ask(lease(0))
    first.sync()
    wait_until(lambda: held(host), "no lease")
    first.exit()
    second = host.start("--hold")
    if successor:
        second.ask(lease(60, successor))
    second.ask("connected")
    time.sleep(0.2)
    assert held(host)  # Nothing is written before the flows are known.
    second.ask("write on")
    second.sync()
    wait_until(lambda: not held(host) and held(host, 94) == bool(successor), "wrong", 1)


def test_a_lease_is_not_renewed_while_the_desired_flows_are_incomplete(host):
    driver = host.start()
    driver.ask(lease(1))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    driver.ask("write off")
    wait_until(lambda: not held(host), "still there", 1 + LATE)
    time.sleep(0.2)
    assert not held(host)
    driver.ask("write on")
    wait_until(lambda: held(host), "not back", 0.5)


def test_a_restarted_switch_gets_the_lease_back(host):
    driver = host.start()
    driver.ask("fill 1000")
    driver.ask(lease(5))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    host.vswitchd.kill()
    host.vswitchd.start()
    driver.sync()
    wait_until(lambda: held(host), "not back")
    assert host.n_flows() == 1001


def test_the_lease_lives_through_big_changes(host):
    driver = host.start()
    driver.ask(lease(1))
    driver.sync()
    wait_until(lambda: held(host), "no lease")
    for n in (100000, 10, 100000):
        driver.ask("fill %d" % n)
        driver.sync()
    assert held(host)


def test_a_refused_lease_is_tried_again_now_and_then(host):
    driver = host.start()
    driver.ask(lease(60, "table=101,priority=100,actions=group:99"))
    driver.add("f", "table=102,priority=1,actions=drop")
    driver.sync()
    wait_until(lambda: driver.status()["lease"] == "refused", "not refused")
    ticks = driver.cpu_ticks()
    time.sleep(1)
    assert driver.status()["lease renewals"] == 1 and driver.cpu_ticks() - ticks <= 2
    assert driver.log().count("refuses the lease") == 1
    assert host.flows() == ["table=102, priority=1 actions=drop"]
    driver.ask(lease(60))
    wait_until(lambda: held(host), "no lease", 1)
