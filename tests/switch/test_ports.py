# SPDX-License-Identifier: Apache-2.0
"""What the switch tells of its ports while the session lasts."""
from dfharness.process import wait_until


def ports(driver):
    pairs = (line.split(": ") for line in driver.ask("ports").splitlines())
    return {name: int(number) for name, number in pairs}


def plug(host, *names):
    words = []
    for name in names:
        words += ["--", "add-port", "br-int", name, "--", "set", "interface", name, "type=dummy"]
    host.vsctl(*words[1:])
    return {name: int(host.vsctl("get", "interface", name, "ofport")) for name in names}


def test_a_new_port_is_announced_with_its_number(host):
    driver = host.start()
    driver.sync()
    assert ports(driver) == {}  # p1 and p2 were there before.
    numbers = plug(host, "tap1", "tap2")
    wait_until(lambda: ports(driver) == numbers, lambda: "announced: %s" % ports(driver))


def test_a_port_that_goes_is_forgotten(host):
    driver = host.start()
    driver.sync()
    numbers = plug(host, "tap1", "tap2")
    wait_until(lambda: ports(driver) == numbers, "two ports")
    host.vsctl("del-port", "tap1")
    wait_until(lambda: ports(driver) == {"tap2": numbers["tap2"]}, "one port")


def test_a_port_that_gets_another_number_is_announced_again(host):
    driver = host.start()
    driver.sync()
    plug(host, "tap1")
    host.vsctl("set", "interface", "tap1", "ofport_request=77")
    wait_until(lambda: ports(driver) == {"tap1": 77}, lambda: "announced: %s" % ports(driver))


def test_a_name_that_openflow_cuts_off_is_not_announced(host):
    driver = host.start()
    driver.sync()
    numbers = plug(host, "a-name-of-fifteen-bytes-and-more", "14-bytes-12345")
    expected = {"14-bytes-12345": numbers["14-bytes-12345"]}
    wait_until(lambda: ports(driver) == expected, lambda: "announced: %s" % ports(driver))


def test_announcements_of_another_connection_are_void(host):
    driver = host.start()
    driver.sync()
    numbers = plug(host, "tap1")
    wait_until(lambda: ports(driver) == numbers, "a port")
    host.vswitchd.exit()
    host.vswitchd.start()
    driver.sync()
    assert ports(driver) == {}
