# SPDX-License-Identifier: Apache-2.0
"""The life of a cluster, as df-nb manages it, while the database is in use."""
import json
import subprocess

import pytest

from dfharness import Failure, wait_until
from dfharness.process import SCHEMA, TOP, run

SHAPE = {"servers": 3, "relays": 1, "chassis": 2}


def test_a_server_leaves_and_another_joins(cloud, stream):
    nb = cloud.nb_db
    with stream as writer:
        gone = nb.followers()[0]
        assert "left" in gone.df_nb("leave")
        gone.kill()
        gone.file.unlink()
        writer.wait_more(10)
        others = [s for s in nb.servers if s is not gone]
        gone.df_nb("join", gone.address, *[s.address for s in others])
        gone.start()
        nb.wait_healthy()
        writer.wait_more(10)


def test_a_dead_server_is_kicked(cloud, stream):
    nb = cloud.nb_db
    dead = nb.followers()[0]
    leader = nb.leader()
    dead.kill()
    dead.file.unlink()
    leader.df_nb("kick", dead.address)
    wait_until(lambda: leader.df_nb("health", check=False).startswith("2 of 2"),
               lambda: leader.df_nb("health", check=False))
    dead.df_nb("join", dead.address, leader.address)
    dead.start()
    nb.wait_healthy()


def test_the_schema_is_upgraded_while_the_database_is_in_use(cloud, stream, tmp_path):
    server = cloud.nb_db.servers[1]
    assert "already" in server.df_nb("upgrade")
    schema = json.load(open(SCHEMA))
    schema["version"] = "99.0.0"
    schema["tables"]["Port"]["columns"]["new"] = {"type": "string"}
    (tmp_path / "new.ovsschema").write_text(json.dumps(schema))
    with stream as writer:
        assert "is 99.0.0" in server.df_nb("upgrade", tmp_path / "new.ovsschema")
        writer.wait_more(10)
    server.df_nb("upgrade")


def test_a_backup_restores_the_cluster(cloud, stream, tmp_path):
    """All servers stop, one begins anew with the backup, the others join it.  Rows keep
    their UUIDs, and so no flow changes."""
    nb = cloud.nb_db
    direct = cloud.chassis[1]
    direct.configure(relays=None)
    wait_until(lambda: "NB remotes: using the servers\n" in direct.dfappctl("status"),
               lambda: direct.dfappctl("status"))
    with stream as writer:
        writer.stop()
        first, *others = nb.servers
        first.df_nb("backup", tmp_path / "backup")
        nb.dfctl("route-add r1 198.51.100.0/24 10.0.1.11", "sync")
        for server in nb.servers:
            server.kill()
        assert "is kept in" in first.df_nb("restore", tmp_path / "backup", first.address)
        for server in others:
            server.file.unlink()
            server.df_nb("join", server.address, first.address)
        for server in nb.servers:
            server.start()
        nb.wait_healthy()
        # They would take the new cluster's servers for old ones for ever.
        for relay in nb.relays:
            relay.kill()
            relay.start()
        assert "198.51.100.0" not in nb.dfctl("router-list")
        # A chassis gives in by itself.
        for chassis in cloud.chassis:
            wait_until(lambda: "nw_dst=198.51.100.0" not in "\n".join(chassis.flows()),
                       "%s does not accept the restored database" % chassis.name, 60)
    direct.configure(relays=nb.relay_remote)


@pytest.mark.parametrize("args, reason", [
    (["create", "127.0.0.1:6643"], "is not of the form"),
    (["create"], "wrong number of arguments"),
    (["join", "tcp:127.0.0.1:1"], "wrong number of arguments"),
    (["restore", "/nonexistent", "tcp:127.0.0.1:1"], "cannot be read"),
    (["restore", "{schema}", "tcp:127.0.0.1:1"], "is no backup"),
    (["restore", "{schema}"], "is no backup"),
    (["create", "tcp:127.0.0.1:1", "{schema}"], "is no backup"),
    (["status"], "no answer from a server"),
    (["frob"], "unknown command"),
    (["--frob", "status"], "unknown option"),
])
def test_df_nb_refuses(tmp_path, args, reason):
    p = subprocess.run([TOP / "packaging/cluster/df-nb", "--database=%s/nb.db" % tmp_path,
                        "--rundir=%s" % tmp_path, *[a.format(schema=SCHEMA) for a in args]],
                       capture_output=True, text=True)
    assert p.returncode == 1 and reason in p.stderr
    assert not list(tmp_path.iterdir())


def test_df_nb_overwrites_no_database(tmp_path):
    command = [TOP / "packaging/cluster/df-nb", "--database=%s/nb.db" % tmp_path,
               "--schema=%s" % SCHEMA, "create", "tcp:127.0.0.1:1"]
    run(command)
    with pytest.raises(Failure, match="exists"):
        run(command)
