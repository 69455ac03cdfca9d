# SPDX-License-Identifier: Apache-2.0
"""Of three servers one may die; of their relays, all."""
import os
import re
import signal
import subprocess

import pytest

from dfharness import wait_until
from dfharness.process import program, run

SHAPE = {"servers": 3, "relays": 2, "chassis": 3}


def test_the_leader_is_killed(cloud, stream):
    with stream as writer:
        leader = cloud.nb_db.leader()
        leader.kill()
        writer.wait_more(30)
        assert cloud.nb_db.leader() is not leader
        leader.start()
        writer.wait_more(20)
        wait_until(leader.is_member, "the old leader does not come back")


def test_a_minority_is_killed(cloud, stream):
    with stream as writer:
        servers = cloud.nb_db.servers
        minority = servers[:(len(servers) - 1) // 2]
        for server in minority:
            server.kill()
        writer.wait_more(30)
        for server in minority:
            server.start()
        writer.wait_more(20)


def test_the_majority_is_lost_and_returns(cloud, stream):
    """Nothing can be written, which is said; the flows stay."""
    servers = cloud.nb_db.servers
    majority = servers[:len(servers) // 2 + 1]
    survivor = servers[-1]
    with stream as writer:
        for server in majority:
            server.kill()
        wait_until(lambda: "nothing can be written" in survivor.df_nb("health", check=False),
                   lambda: survivor.df_nb("status", check=False))
        before = len(writer.committed)
        p = subprocess.run([program("dfctl"), "--db=" + cloud.nb_db.remote, "--timeout=4",
                            "net-add", "late"], capture_output=True, text=True, timeout=20)
        assert p.returncode == 1
        assert "no server is the leader of a majority" in p.stderr, p.stderr
        # One with a lost answer may still turn out to have been committed before.
        assert len(writer.committed) <= before + 1
        for server in majority:
            server.start()
        cloud.nb_db.wait_healthy()
        writer.wait_more(20)


def nb_connected(chassis):
    return "NB database: connected" in chassis.dfappctl("status")


def through_relays(chassis):
    return "NB remotes: using the relays" in chassis.dfappctl("status")


def use_relays(cloud):
    """A chassis that had to go to a server would find a relay within a minute; one that
    starts anew asks the relays."""
    for relay in cloud.nb_db.relays:
        wait_until(lambda: relay.daemon.appctl("ovsdb-server/list-dbs").count("Dragonflow"),
                   "a relay without database")
    for chassis in cloud.chassis:
        if not through_relays(chassis):
            chassis.restart_controller()
        wait_until(lambda: through_relays(chassis) and relay_of(cloud, chassis),
                   lambda: chassis.dfappctl("status"), 60)


def connections(daemon):
    """The local ports of TCP connections that a process has as a client."""
    out = run(["ss", "-tnpH", "state", "established"])
    return re.findall(r"\d+\.\d+\.\d+\.\d+:(\d+)\s+users:.*pid=%d," % daemon.pid, out)


def relay_of(cloud, chassis):
    """The relay that a chassis is connected to, or None."""
    ports = {str(relay.port): relay for relay in cloud.nb_db.relays}
    found = [ports[p] for p in connections(chassis.controller) if p in ports]
    return found[0] if found else None


def test_chassis_use_relays(cloud):
    for chassis in cloud.chassis:
        wait_until(lambda: through_relays(chassis) and relay_of(cloud, chassis),
                   lambda: chassis.dfappctl("status"), 60)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "silent"])
def test_a_relay_dies(cloud, stream, how):
    """Or says nothing any more, without closing its connections."""
    for relay in cloud.nb_db.relays:
        if not relay.daemon.is_running():
            relay.start()
    use_relays(cloud)
    victim = relay_of(cloud, cloud.chassis[0])
    with stream as writer:
        victim.daemon.expect_crash = True
        os.kill(victim.daemon.pid, how)
        writer.wait_more(30)
        for chassis in cloud.chassis:
            wait_until(lambda: nb_connected(chassis) and relay_of(cloud, chassis) is not victim,
                       lambda: chassis.dfappctl("status"), 60)
    victim.kill()
    victim.start()


def test_all_relays_die(cloud, stream):
    with stream as writer:
        for relay in cloud.nb_db.relays:
            relay.kill()
        writer.wait_more(10)
        for chassis in cloud.chassis:
            wait_until(lambda: "using the servers, while no relay answers"
                       in chassis.dfappctl("status"), lambda: chassis.dfappctl("status"), 60)
        writer.wait_more(10)
    for relay in cloud.nb_db.relays:
        relay.start()
    use_relays(cloud)
