# SPDX-License-Identifier: Apache-2.0
"""The backup of a server on its own, restored beside chassis that go on."""
import pytest

from dfharness import Cloud
from dfharness.process import SCHEMA, TOP, run


@pytest.fixture
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n1", 1, "10.0.1.12")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24")
        cloud.sync()
        yield cloud


def df_nb(cloud, *args):
    nb = cloud.nb_db
    return run([TOP / "packaging/cluster/df-nb", "--database=%s" % nb.file,
                "--rundir=%s" % nb.socket.parent, "--schema=%s" % SCHEMA, *args])


def test_flows_are_those_of_the_backup_and_changes_are_followed(cloud, tmp_path):
    before = [chassis.flows() for chassis in cloud.chassis]
    df_nb(cloud, "backup", tmp_path / "backup")
    cloud.nb("route-add r1 198.51.100.0/24 10.0.1.11")
    cloud.sync()
    assert [chassis.flows() for chassis in cloud.chassis] != before
    cloud.nb_db.kill()
    df_nb(cloud, "restore", tmp_path / "backup")
    cloud.nb_db.start()
    cloud.sync()
    assert [chassis.flows() for chassis in cloud.chassis] == before
    cloud.nb("route-add r1 203.0.113.0/24 10.0.1.11")
    cloud.sync()
    assert "nw_dst=203.0.113.0" in "\n".join(cloud.chassis[0].flows())
