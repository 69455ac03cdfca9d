# SPDX-License-Identifier: Apache-2.0
"""The disk of the NB database is full: what cannot be written is reported, the flows stay,
and once there is room again everything goes on by itself.

The database lies in a small tmpfs of the server's own mount namespace."""
import os
import pathlib

import pytest

from dfharness import Cloud, Failure, wait_until
from dfharness.database import Nb
from dfharness.process import SCHEMA, program, run

SIZE = 1 << 20


def small_disk(path):
    """What to put before a command line that gets an own, small 'path'."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            'mount -t tmpfs -o size=%d tmpfs "$0" && [ -e "$0/nb.db" ] || '
            'ovsdb-tool create "$0/nb.db" %s && exec "$@"' % (SIZE, SCHEMA), str(path)]


class FullDiskCloud(Cloud):
    def make_nb(self):
        path = self.workspace.path / "nb"
        self.disk = self.workspace.path / "disk"
        self.disk.mkdir()
        nb = Nb.__new__(Nb)
        path.mkdir()
        nb.schema_name = "Dragonflow"
        nb.socket = path / "nb.sock"
        nb.remote = "unix:%s" % nb.socket
        nb.file = self.disk / "nb.db"
        nb.daemon = self.workspace.daemon(
            "nb", ["ovsdb-server", "--remote=p" + nb.remote, nb.file], path,
            prefix=small_disk(self.disk))
        nb.start()
        return nb

    @property
    def inside(self):
        """The disk, as the server sees it."""
        return pathlib.Path("/proc/%d/root%s" % (self.nb_db.daemon.pid, self.disk))

    def fill(self):
        with open(self.inside / "ballast", "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        assert os.statvfs(self.inside).f_bavail == 0

    def free(self):
        (self.inside / "ballast").unlink()


@pytest.fixture
def cloud():
    with FullDiskCloud(chassis=1, encap_types=()) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.nb("port-add vm2 n1 0a:00:00:00:00:77 10.0.1.12")
        cloud.sync()
        yield cloud


def fill_up(cloud):
    """Until not even a small transaction fits into the last page of the database."""
    cloud.fill()
    for i in range(200):
        try:
            cloud.nb_db.transact({"op": "update", "table": "Subnet", "where": [],
                                  "row": {"external_ids": ["map", [["x", str(i)]]]}})
        except Failure as e:
            return str(e)
    raise Failure("the disk does not fill")


def matches(chassis):
    return {line.split(" actions=")[0] for line in chassis.flows()}


def test_writes_are_refused_with_the_reason_and_go_on_when_there_is_room(cloud):
    chassis = cloud.chassis[0]
    reason = fill_up(cloud)
    assert "No space left on device" in reason, reason
    with pytest.raises(Failure, match="No space left on device"):
        cloud.nb("net-add before type=local")
    # The chassis cannot say that it has the port, and tries again.
    flows = matches(chassis)
    vm2 = chassis.plug("vm2", "0a:00:00:00:00:77", ["10.0.1.12"])
    wait_until(lambda: "writing to the NB database failed" in chassis.controller.output(),
               chassis.controller.output)
    frame = cloud["vm1"].udp(vm2.mac, vm2.ip)
    cloud.check(cloud["vm1"], frame, {vm2: frame})
    assert flows <= matches(chassis)
    cloud.free()
    cloud.wait_up("vm2")
    cloud.nb("net-add after type=local")
    cloud.nb_db.sync()
    # What it says is on the disk: the file can be read by another server.
    cloud.nb_db.daemon.appctl("ovsdb-server/compact")
    out = run(["nsenter", "--target", str(cloud.nb_db.daemon.pid), "--mount", "--",
               program("ovsdb-tool"), "query", cloud.nb_db.file,
               '["Dragonflow", {"op": "select", "table": "Network", "where": '
               '[["name", "==", "after"]], "columns": ["name"]}]'])
    assert "after" in out
