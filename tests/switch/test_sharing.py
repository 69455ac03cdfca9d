# SPDX-License-Identifier: Apache-2.0
"""A bridge shared with a program that removes flows that are not its own.

As Neutron's stock Open vSwitch agent does: when it starts it removes each cookie that it
finds in its tables and does not know.
"""
import threading
import time

import pytest

from dfharness.process import wait_until

AT_ONCE = 1.0


def wipe(host, table):
    """What the stock agent does with the flows of a table, except those with cookie 0x1."""
    cookies = {flow["cookie"] for flow in host.dump(table)} - {"0x1"}
    for cookie in cookies:
        host.ofctl("del-flows", "br-int", "cookie=%s/-1" % cookie)
    return len(cookies)


@pytest.mark.parametrize("version", ["OpenFlow13", "OpenFlow14", "OpenFlow15"])
def test_wiped_flows_are_back_at_once_and_only_those(host, version):
    host.use_version(version)
    host.ofctl("add-flow", "br-int", "cookie=0x1,table=60,priority=3,actions=normal")
    driver = host.start()
    driver.share(60, 94)
    for i in range(10):
        driver.add("shared%d" % i, "table=60,priority=20,ip,reg5=%d,actions=resubmit(,101)" % i)
        driver.add("free%d" % i, "table=101,priority=20,ip,reg5=%d,actions=drop" % i)
    driver.sync()
    before, sent = sorted(host.flows()), driver.status()["flow mods sent"]
    assert all(f["send_flow_rem"] == (f["cookie"] != "0x1") for f in host.dump(60))
    assert not any(f["send_flow_rem"] for f in host.dump(101))

    assert wipe(host, 60) == 10
    wait_until(lambda: sorted(host.flows()) == before, "not back", AT_ONCE)
    status = driver.status()
    assert status["flows put back"] == 10
    assert status["flow mods sent"] == sent + 10
    time.sleep(0.3)
    assert driver.status()["flow mods sent"] == sent + 10


def test_many_wiped_flows_come_back_together(host):
    """In one bundle, unless the switch takes its time to report them."""
    driver = host.start()
    driver.share(30)
    driver.ask("fill 5000")
    driver.sync()
    bundles = driver.status()["bundles sent"]
    host.ofctl("del-flows", "br-int", "table=30")
    wait_until(lambda: driver.status()["flows put back"] == 5000, "not noticed", AT_ONCE)
    wait_until(lambda: host.n_flows() == 5000, "not back", AT_ONCE)
    assert driver.status()["bundles sent"] <= bundles + 3


def test_a_restart_over_shared_tables_sends_nothing(host):
    for attempt in range(2):
        driver = host.start("--hold")
        driver.share(30)
        driver.ask("fill 50")
        driver.ask("write on")
        driver.sync()
        assert driver.status()["flow mods sent"] == (0 if attempt else 50)
        driver.exit()


def test_what_others_remove_of_theirs_is_their_business(host):
    driver = host.start()
    driver.share(60)
    driver.add("mine", "table=60,priority=20,actions=drop")
    driver.sync()
    host.ofctl("add-flow", "br-int",
               "cookie=0x2,send_flow_rem,table=60,priority=4,actions=drop")
    host.ofctl("del-flows", "br-int", "cookie=0x2/-1")
    # One of ours where we want none, which vanishes again.
    host.ofctl("add-flow", "br-int",
               "cookie=0xdf3ca6f100000001,send_flow_rem,table=60,priority=5,actions=drop")
    host.ofctl("del-flows", "br-int", "cookie=0xdf3ca6f100000001/-1")
    time.sleep(0.2)
    assert host.flows() == ["table=60, send_flow_rem priority=20 actions=drop"]
    assert driver.status()["flow mods sent"] == 1 and driver.status()["flows put back"] == 0


def test_what_we_remove_and_add_ourselves_stays_right(host):
    """News of our own removals arrives when the flow may be there again."""
    driver = host.start()
    driver.share(60)
    driver.add("other", "table=60,priority=1,actions=drop")
    for i in range(200):
        driver.add("f", "table=60,priority=20,actions=output:%d" % (i % 2 + 1))
        if i % 3:
            driver.sync()
        driver.ask("del f")
        if i % 2:
            driver.sync()
    driver.sync()
    time.sleep(0.2)
    assert host.flows() == ["table=60, send_flow_rem priority=1 actions=drop"]
    driver.add("f", "table=60,priority=20,actions=output:1")
    driver.sync()
    assert len(host.flows()) == 2


def test_a_flow_that_is_wiped_and_withdrawn_at_the_same_time_is_gone(host):
    driver = host.start()
    driver.share(60)
    for i in range(20):
        driver.add("f", "table=60,priority=20,actions=output:1")
        driver.sync()
        host.ofctl("del-flows", "br-int", "table=60")
        driver.ask("del f")
        driver.sync()
        assert host.flows() == []
    assert driver.status()["errors received"] == 0


def test_who_removes_flows_again_and_again_is_not_raced(host):
    driver = host.start()
    driver.share(60)
    driver.add("f", "table=60,priority=20,actions=output:1")
    driver.add("free", "table=101,priority=20,actions=drop")
    driver.sync()
    done = threading.Event()

    def remove():
        while not done.is_set():
            host.ofctl("del-flows", "br-int", "table=60")

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        time.sleep(4)
        bundles, ticks = driver.status()["bundles sent"], driver.cpu_ticks()
        time.sleep(2)
        status = driver.status()
        # Twice a second in the end, and other changes do not wait for that.
        assert 1 <= status["bundles sent"] - bundles <= 6
        assert driver.cpu_ticks() - ticks < 100
        driver.add("g", "table=101,priority=21,actions=drop")
        assert driver.sync() < 300
    finally:
        done.set()
        thread.join()
    assert status["bundles sent"] <= 40
    assert driver.log().count("again and again") == 1
    wait_until(lambda: host.dump(60), "not back", AT_ONCE)


def test_a_table_that_becomes_shared_gets_its_flows_reported(host):
    driver = host.start()
    driver.add("f", "table=60,priority=20,actions=output:1")
    driver.add("g", "table=61,priority=20,actions=output:1")
    driver.sync()
    assert not host.dump(60)[0]["send_flow_rem"]
    driver.share(60)
    wait_until(lambda: host.dump(60)[0]["send_flow_rem"], "no flag")
    status = driver.status()
    assert status["flow mods sent"] == 3 and status["flows put back"] == 0
    host.ofctl("del-flows", "br-int", "table=60")
    wait_until(lambda: host.dump(60), "not back", AT_ONCE)

    # The same again is no change, and less needs none in the switch.
    reads = driver.status()["flows read"]
    driver.share(60, 60)
    driver.sync()
    assert driver.status()["flows read"] == reads
    driver.share()
    wait_until(lambda: driver.status()["flows read"] == reads + 2, "not read again")
    driver.sync()
    assert driver.status()["flow mods sent"] == status["flow mods sent"] + 1


def test_flows_that_are_not_ours_any_more_are_left_alone(host):
    foreign = "cookie=0x1234,table=7,priority=5,actions=drop"
    host.ofctl("add-flow", "br-int", foreign)
    driver = host.start("--mask=0/0", "--hold")
    driver.add("mine", "table=7,priority=1,actions=output:1")
    driver.ask("connected")
    assert driver.ask("diff").count("\n") == 2  # One to add and one to remove.
    driver.share(7)
    driver.ask("write on")
    driver.sync()
    assert [f["cookie"] == "0x1234" for f in host.dump(7)] == [False, True]
    driver.ask("del mine")
    driver.sync()
    assert [f["cookie"] for f in host.dump(7)] == ["0x1234"]


def test_flows_that_are_ours_from_now_on_are_compared(host):
    host.ofctl("add-flow", "br-int", "cookie=0x1234,table=7,priority=5,actions=drop")
    driver = host.start()
    driver.add("mine", "table=7,priority=1,actions=output:1")
    driver.sync()
    assert len(host.dump(7)) == 2
    driver.share(ours="0/0")
    wait_until(lambda: host.flows() == ["table=7, priority=1 actions=output:1"], "still there")


def test_a_change_of_what_is_ours_in_the_middle_of_a_bundle(host):
    driver = host.start()
    driver.ask("fill 1000")
    driver.sync()
    for tables in ([30], [], [30]):
        driver.ask("fill 60000")
        driver.share(*tables)
        driver.ask("fill 30000")
        driver.sync()
        assert host.n_flows() == 30000
    assert "send_flow_rem" in host.ofctl("dump-flows", "br-int", "table=30,ip,nw_dst=10.0.0.5")
    assert driver.status()["errors received"] == 0


def test_a_flow_with_a_timeout_is_replaced_by_one_without(host):
    driver = host.start()
    driver.add("f", "table=7,priority=1,actions=output:1")
    driver.sync()
    cookie = host.dump(7)[0]["cookie"]
    driver.exit()
    host.ofctl("add-flow", "br-int",
               "cookie=%s,hard_timeout=1000,table=7,priority=1,actions=output:1" % cookie)
    driver = host.start()
    driver.add("f", "table=7,priority=1,actions=output:1")
    driver.sync()
    assert "hard_timeout" not in host.dump(7)[0]
