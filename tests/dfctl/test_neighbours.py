# SPDX-License-Identifier: Apache-2.0
"""neighbours lists the physical hosts that routers send to, on a chassis."""
import json
import subprocess

import pytest

from dfharness import Cloud, packets, wait_until
from dfharness.process import ovs_env, program

VID, MAC, IP = 104, "02:bb:00:00:00:01", "10.0.4.254"
UNKNOWN = "10.0.4.9"
ROUTER_MAC, OUTSIDE_MAC = "0e:00:00:00:01:01", "0e:00:00:00:01:02"


@pytest.fixture(scope="module")
def cloud():
    """The name of the provider network has a space."""
    with Cloud(1, physnets=["phys1"]) as cloud:
        cloud.add_network("inside", "10.0.1.0/24")
        cloud.nb("net-add 'out side' type=vlan segmentation-id=%d physical-network=phys1" % VID,
                 "router-add r1",
                 "router-port-add inside r1 inside %s 10.0.1.1/24" % ROUTER_MAC,
                 "router-port-add outside r1 'out side' %s 10.0.4.1/24" % OUTSIDE_MAC)
        cloud.add_vm("a", "inside", 0, "10.0.1.11")
        cloud.host = cloud.physnets["phys1"].host("host", MAC)
        cloud.sync()
        yield cloud


def dfctl(cloud, *argv, rundir=None):
    return subprocess.run([program("dfctl"), "--db=" + cloud.nb_db.remote, *argv],
                          env=ovs_env(rundir or cloud.chassis[0].rundir), capture_output=True,
                          text=True, timeout=60)


def rows(cloud):
    p = dfctl(cloud, "--format=json", "neighbours")
    assert (p.returncode, p.stderr) == (0, ""), p.stderr
    table = json.loads(p.stdout)
    assert table["headings"] == ["network", "address", "mac", "state", "seconds"]
    return [row[:4] for row in table["data"]]


def test_hosts_are_listed(cloud):
    assert rows(cloud) == []
    cloud["a"].send(cloud["a"].udp(ROUTER_MAC, IP))
    # The router may have announced itself besides.
    source, = {frame[6:12].hex(":") for frame in cloud.host.take()} - {OUTSIDE_MAC}
    cloud.host.send(packets.tagged(VID, packets.arp_reply(MAC, IP, source, "0.0.0.0")))
    known = ["out side", IP, MAC, "reachable"]
    wait_until(lambda: rows(cloud) == [known], lambda: rows(cloud))
    cloud["a"].send(cloud["a"].udp(ROUTER_MAC, UNKNOWN))
    wait_until(lambda: rows(cloud) == [["out side", UNKNOWN, "-", "failed"], known],
               lambda: rows(cloud))


def test_without_a_controller_there_is_nothing_to_list(cloud, tmp_path):
    p = dfctl(cloud, "neighbours", rundir=tmp_path)
    assert p.returncode == 1 and p.stdout == ""
    assert "df-controller does not run on this host" in p.stderr
