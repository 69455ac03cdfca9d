# SPDX-License-Identifier: Apache-2.0
"""When df-controller is gone, or hangs, the short cut's lease runs out and packets take
the legacy router; when it returns, the short cut does.  Connections survive both ways."""
import os
import signal
import time

import pytest

from conftest import counting
from dfharness import wait_until
from dfneutron import TcpStream

pytestmark = pytest.mark.usefixtures("short_cut")
FALLBACK_TIMEOUT = 2  # As NeutronCloud configures it.
LEASE = FALLBACK_TIMEOUT / 2  # It has run at least so long when df-controller dies.
# From a machine on c1 to one on c2 and to one on c1.
PAIRS = [("vxlan1", "vlan2"), ("vlan1", "vxlan1"), ("gre1", "geneve2")]
CONTROL = ("vxlan1", "vxlan2")
NEIGHBOURS = [CONTROL, ("vlan1", "vlan2"), ("gre1", "gre2")]


def by_legacy_router(cloud, one, two):
    """Whether requests from 'one' to 'two' cross the legacy router (answers are
    routed by two's chassis)."""
    with counting(cloud, (one, two)) as count:
        cloud[one].ping(cloud[two].ip, count=2)
        return count() >= 2


def expect_fall_back(cloud, since):
    """Machines on c1 reach all others again, by the legacy router, no later than
    the time-out (and what a busy machine may need) after 'since'."""
    wait_until(lambda: by_legacy_router(cloud, "vxlan1", "vlan2"), "no fall-back",
               timeout=since + FALLBACK_TIMEOUT + 5 - time.monotonic())
    for one, two in PAIRS:
        cloud[one].expect_ping(cloud[two].ip)


def expect_return(cloud):
    wait_until(lambda: not by_legacy_router(cloud, "vxlan1", "vlan2"),
               "the short cut does not return")
    with counting(cloud, *PAIRS) as count:
        for one, two in PAIRS:
            cloud[one].expect_ping(cloud[two].ip)
        assert count() == 0


def kill(chassis):
    chassis.controller.kill()
    return lambda: chassis.start_controller()


def stop(chassis):
    chassis.controller.proc.send_signal(signal.SIGSTOP)
    return lambda: os.kill(chassis.controller.pid, signal.SIGCONT)


@pytest.mark.every_driver
@pytest.mark.parametrize("end", [kill, stop], ids=["killed", "stopped"])
def test_traffic_takes_the_legacy_router_when_the_controller_is(cloud, end):
    """Nothing is lost while the lease still runs, and nothing after the fall-back.  That
    the switch has layer-2 traffic of the same machines in its cache does not matter."""
    chassis = cloud.chassis[0]
    chassis.appctl("revalidator/purge")
    beside = cloud.streams(NEIGHBOURS, interval=0.05, control=CONTROL)
    streams = [TcpStream(cloud[one], cloud[two]) for one, two in PAIRS]
    with counting(cloud, *PAIRS) as count:
        since = time.monotonic()
        resume = end(chassis)
        try:
            for stream in streams:
                stream.expect_progress()
            crossed = count()
        except BaseException:
            resume()
            raise
    try:
        # On a busy machine it may have run out; then this says nothing.
        assert not crossed or time.monotonic() > since + LEASE, "the lease has not run out yet"
        expect_fall_back(cloud, since)
        for stream in streams:
            stream.expect_progress()
    finally:
        resume()
    expect_return(cloud)
    for stream in streams:
        stream.expect_progress()
        stream.stop()
    beside.expect_no_loss()


def test_pings_are_not_lost_at_fall_back_and_return(cloud):
    chassis = cloud.chassis[0]
    streams = cloud.streams(PAIRS, interval=0.01, control=CONTROL)
    since = time.monotonic()
    chassis.controller.kill()
    try:
        expect_fall_back(cloud, since)
        time.sleep(1)
    finally:
        chassis.start_controller()
    expect_return(cloud)
    time.sleep(1)
    streams.expect_no_loss(at_least=200)


@pytest.mark.every_driver
def test_a_controller_that_exits_leaves_the_legacy_path_at_once(cloud):
    streams = cloud.streams(PAIRS, interval=0.01, control=CONTROL)
    time.sleep(0.5)
    cloud.chassis[0].controller.exit()
    assert by_legacy_router(cloud, "vxlan1", "vlan2")
    time.sleep(0.5)
    cloud.chassis[0].start_controller()
    expect_return(cloud)
    streams.expect_no_loss()


def test_a_restart_is_not_noticed(cloud):
    """exit --restart leaves the flows and the lease to the successor."""
    streams = cloud.streams(PAIRS, control=CONTROL)
    with counting(cloud, *PAIRS) as count:
        for _ in range(3):
            cloud.chassis[0].restart_controller("exit --restart")
            time.sleep(0.3)
        streams.expect_no_loss(at_least=200)
        assert count() == 0


def test_the_nb_database_is_not_needed(cloud):
    """Without it nothing changes, for longer than the time-out."""
    streams = cloud.streams(PAIRS, interval=0.01, control=CONTROL)
    with counting(cloud, *PAIRS) as count:
        cloud.nb_db.kill()
        try:
            time.sleep(FALLBACK_TIMEOUT + 1)
            for one, two in PAIRS:
                cloud[one].expect_ping(cloud[two].ip)
        finally:
            cloud.nb_db.start()
        assert count() == 0
    streams.expect_no_loss()
    cloud.sync()


def test_no_other_process_is_needed(cloud):
    """With the NB database, the stock agent and neutron-server, everything is dead that
    could tell the switch; the lease runs out by itself."""
    chassis = cloud.chassis[0]
    stream = TcpStream(cloud["vxlan1"], cloud["vlan2"])
    size = chassis.ovs_agent.log.stat().st_size
    cloud.nb_db.kill()
    cloud.control.server.kill()
    chassis.ovs_agent.kill()
    since = time.monotonic()
    chassis.controller.kill()
    try:
        expect_fall_back(cloud, since)
        stream.expect_progress()
    finally:
        cloud.nb_db.start()
        cloud.control.server.start()
        chassis.ovs_agent.start()
        chassis.start_controller()
        cloud.control.wait()
        chassis.wait_ovs_agent(size, timeout=180)
    cloud.sync()
    expect_return(cloud)
    stream.expect_progress()
    stream.stop()


def test_dead_on_both_nodes(cloud):
    streams = [TcpStream(cloud[one], cloud[two]) for one, two in PAIRS]
    since = time.monotonic()
    for chassis in cloud.chassis[:2]:
        chassis.controller.kill()
    try:
        expect_fall_back(cloud, since)
        for one, two in PAIRS:
            cloud[two].expect_ping(cloud[one].ip)
        for stream in streams:
            stream.expect_progress()
    finally:
        for chassis in cloud.chassis[:2]:
            chassis.start_controller()
    expect_return(cloud)
    for stream in streams:
        stream.expect_progress()
        stream.stop()
