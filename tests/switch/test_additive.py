# SPDX-License-Identifier: Apache-2.0
"""Flows with several owners, in a real ovs-vswitchd.

Each owner joins its conjunctions to a flow, and takes them back; the switch always holds
the sum.
"""

MEMBER = "table=7,priority=5,ip,nw_src=10.0.0.1,actions="
SUM = "table=7, priority=5,ip,nw_src=10.0.0.1 actions="


def join(driver, **owners):
    for name, conjunctions in owners.items():
        driver.join(name, MEMBER + ",".join("conjunction(%s)" % c for c in conjunctions.split()))


def conjunctions(*which):
    return [SUM + ",".join("conjunction(%s)" % c for c in which)]


def test_the_switch_holds_what_all_owners_add(host):
    driver = host.start()
    join(driver, a="12,1/2")
    driver.sync()
    assert host.flows() == conjunctions("12,1/2")
    join(driver, b="7,2/3 12,1/2", c="300,2/2")
    driver.sync()
    assert host.flows() == conjunctions("7,2/3", "12,1/2", "300,2/2")
    driver.ask("del a")
    driver.sync()
    assert host.flows() == conjunctions("7,2/3", "12,1/2", "300,2/2")
    join(driver, b="7,2/3")
    driver.sync()
    assert host.flows() == conjunctions("7,2/3", "300,2/2")
    driver.ask("del c")
    driver.ask("del b")
    driver.sync()
    assert host.flows() == []
    assert driver.status()["errors received"] == 0


def test_one_bundle_carries_the_sum_however_many_have_joined(host):
    driver = host.start("--hold")
    for i in range(500):
        join(driver, **{"o%d" % i: "%d,1/2" % (i + 1)})
    driver.ask("write on")
    driver.sync()
    assert driver.status()["flow mods sent"] == 1
    assert host.flows() == conjunctions(*["%d,1/2" % (i + 1) for i in range(500)])


def test_a_restart_finds_the_sum_whatever_the_order_of_its_owners(host):
    first = host.start()
    join(first, a="1,1/2", b="2,1/2", c="3,1/2")
    first.sync()
    first.exit()

    second = host.start("--hold")
    join(second, c="3,1/2", a="1,1/2", d="4,1/2", b="2,1/2")
    second.ask("del d")
    second.ask("connected")
    assert second.ask("diff") == ""
    second.ask("write on")
    second.sync()
    assert second.status()["flow mods sent"] == 0


def test_a_flow_that_is_stated_as_a_whole_precedes_what_is_added_to_it(host):
    driver = host.start()
    join(driver, a="1,1/2", b="2,1/2")
    driver.add("whole", MEMBER + "drop")
    driver.sync()
    assert host.flows() == [SUM + "drop"]
    join(driver, c="3,1/2")
    driver.ask("del whole")
    driver.sync()
    assert host.flows() == conjunctions("1,1/2", "2,1/2", "3,1/2")


def test_a_sum_that_the_switch_refuses_is_reported_with_all_its_owners(host):
    driver = host.start("--hold")
    driver.join("bad", "table=7,priority=1,actions=group:98")
    driver.join("worse", "table=7,priority=1,actions=group:99")
    driver.add("good", "table=7,priority=2,actions=output:2")
    driver.ask("write on")
    driver.sync()
    assert host.flows() == ["table=7, priority=2 actions=output:2"]
    owners = driver.log().split("wanted by ")[1].splitlines()[0]
    assert sorted(owners.split(" + ")) == ["say(text bad)", "say(text worse)"]

    driver.ask("del worse")
    driver.join("bad", "table=7,priority=1,actions=output:1")
    driver.sync()
    assert len(host.flows()) == 2 and driver.status()["flows set aside"] == 0
