# SPDX-License-Identifier: Apache-2.0
"""The wall clock jumps, by a day and back: nothing notices, since every interval and every
timeout is measured by the monotonic clock."""
import datetime
import pathlib
import struct

import pytest

from dfharness import Cloud, wait_until
from dfharness.process import program, run

DAY = 24 * 3600


class WallClock:
    """The wall clock of daemons that are started with env_of()."""

    def __init__(self, path):
        library = path / "wall-clock.so"
        run(["cc", "-shared", "-fPIC", "-O2", "-o", library,
             pathlib.Path(__file__).with_name("wall-clock.c")])
        self.file = path / "ahead"
        self.file.write_bytes(struct.pack("q", 0))
        self.env = {"LD_PRELOAD": str(library), "WALL_CLOCK_AHEAD": str(self.file)}

    def set(self, ahead):
        with open(self.file, "r+b") as f:
            f.write(struct.pack("q", ahead))

    def env_of(self, name):
        """'env' for a program; a sanitizer's library must come before ours."""
        first = []
        if b"__asan_init" in pathlib.Path(program(name)).read_bytes():
            first = [run(["cc", "-print-file-name=libasan.so"]).strip()]
        return dict(self.env, LD_PRELOAD=":".join([*first, self.env["LD_PRELOAD"]]))


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


@pytest.fixture
def cloud(clock):
    class FakeTimeCloud(Cloud):
        def make_nb(self):
            nb = super().make_nb()
            nb.kill()
            nb.daemon.env.update(clock.env_of("ovsdb-server"))
            nb.start()
            return nb

    with FakeTimeCloud(chassis=0, config={"remote_probe_interval": "1000"}) as cloud:
        cloud.controller = False
        for _ in range(2):
            chassis = cloud.add_chassis()
            chassis.controller.env.update(clock.env_of("df-controller"))
            chassis.start_controller()
        cloud.controller = True
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n1", 1, "10.0.1.12")
        cloud.sync()
        yield cloud


def believed(chassis, word):
    """The time by the wall clock of a df-controller, which has to complain about 'word'."""
    def complaint():
        return [line for line in chassis.controller.log.read_text().splitlines()
                if "timeout=%s:" % word in line]
    chassis.configure(fallback_timeout=word)
    line = wait_until(complaint, "no complaint")[0]
    return datetime.datetime.fromisoformat(line.split("|")[0].rstrip("Z"))


@pytest.mark.parametrize("jumps", [
    [DAY, 0], pytest.param([-DAY, 0], marks=pytest.mark.long),
    pytest.param([20 * 365 * DAY], marks=pytest.mark.long)], ids=str)
def test_the_clock_jumps(cloud, clock, jumps):
    before = [chassis.flows() for chassis in cloud.chassis]
    connections = cloud.chassis[0].controller.log.read_text().count("connected")
    for i, jump in enumerate(jumps):
        was = believed(cloud.chassis[0], "was%d" % i)
        clock.set(jump)
        assert abs(believed(cloud.chassis[0], "is%d" % i) - was) > datetime.timedelta(hours=23)
        cloud.nb_db.sync()
        assert [chassis.flows() for chassis in cloud.chassis] == before
        name = "new%d" % i
        cloud.add_vm(name, "n1", 0, "10.0.1.%d" % (20 + i))
        cloud.sync()
        frame = cloud["vm2"].udp(cloud[name].mac, cloud[name].ip)
        cloud.check(cloud["vm2"], frame, {cloud[name]: frame})
        cloud[name].unplug()
        cloud.nb("port-del " + name)
        cloud.nb_db.sync()
    assert cloud.chassis[0].controller.log.read_text().count("connected") == connections
