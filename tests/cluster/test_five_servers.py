# SPDX-License-Identifier: Apache-2.0
"""Of five servers two may die."""
import subprocess

from dfharness import wait_until
from dfharness.process import program

SHAPE = {"servers": 5, "chassis": 1}


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
        # One whose answer was lost may still turn out to have been committed before.
        assert len(writer.committed) <= before + 1
        for server in majority:
            server.start()
        cloud.nb_db.wait_healthy()
        writer.wait_more(20)
