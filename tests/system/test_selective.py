# SPDX-License-Identifier: Apache-2.0
"""Traffic does not notice that what a chassis reads of the NB database changes.

Streams of pings at 1 ms run meanwhile, routed within the first chassis and from
it to the second."""
import pytest

from dfharness import NsCloud, wait_until


@pytest.fixture(scope="module")
def cloud():
    with NsCloud(chassis=2) as cloud:
        cloud.add_control()
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("sender", "n1", 0, "10.0.1.11/24", gateway="10.0.1.1")
        cloud.add_vm("near", "n2", 0, "10.0.2.11/24", gateway="10.0.2.1")
        cloud.add_vm("far", "n2", 1, "10.0.2.12/24", gateway="10.0.2.1")
        cloud.sync()
        for name in ("near", "far"):
            cloud["sender"].expect_ping(cloud[name].ip)
        yield cloud


def streams(cloud):
    return cloud.streams(("sender", "near"), ("sender", "far"))


def conditions(chassis):
    return chassis.dfappctl("northbound/conditions")


def name_interface(cloud, name, iface_id):
    """Plugs a machine in, or unplugs it, without touching its interface."""
    if iface_id:
        cloud[name].chassis.vsctl("set", "Interface", name, "external_ids:iface-id=" + iface_id)
    else:
        cloud[name].chassis.vsctl("remove", "Interface", name, "external_ids", "iface-id")


def test_other_networks_come_into_reach_and_out_of_it(cloud):
    """By ports here, and by routers."""
    c1 = cloud.chassis[0]
    rows = conditions(c1).splitlines()[2]
    for i in (3, 4):
        cloud.add_network("n%d" % i, "10.0.%d.0/24" % i)
        cloud.add_vm("here%d" % i, "n%d" % i, 0, "10.0.%d.11/24" % i)
        cloud.add_vm("there%d" % i, "n%d" % i, 1, "10.0.%d.12/24" % i)
    cloud.sync()
    for i in (3, 4):
        name_interface(cloud, "here%d" % i, None)
    wait_until(lambda: conditions(c1).splitlines()[2] == rows, lambda: conditions(c1), 20)

    running = streams(cloud)
    for i in (3, 4):
        name_interface(cloud, "here%d" % i, "here%d" % i)
        cloud.wait_up("here%d" % i)
        cloud.sync(ports_up=False)
        assert "Network 3," in conditions(c1).splitlines()[2]
        name_interface(cloud, "here%d" % i, None)
        wait_until(lambda: conditions(c1).splitlines()[2] == rows, lambda: conditions(c1), 20)
        cloud.add_router("s%d" % i, **{"n1": "10.0.1.%d/24" % i,
                                       "n%d" % i: "10.0.%d.1/24" % i})
        cloud.sync(ports_up=False)
        assert "Network 3," in conditions(c1).splitlines()[2]
        cloud.nb("router-port-del s%d-n1" % i, "router-port-del s%d-n%d" % (i, i),
                 "router-del s%d" % i)
        wait_until(lambda: conditions(c1).splitlines()[2] == rows, lambda: conditions(c1), 20)
    running.expect_no_loss()
    for i in (3, 4):
        cloud.remove_vm("here%d" % i)
        cloud.remove_vm("there%d" % i)


def test_a_router_gives_way_to_one_that_was_not_known(cloud):
    """In one transaction: what replaces it takes some round trips to be read."""
    db = cloud.nb_db

    def uuid(table, name):
        return db.rows(table, [["name", "==", name]], ["_uuid"])[0]["_uuid"]
    running = streams(cloud)
    for old, new in (("r1", "r2"), ("r2", "r3"), ("r3", "r1")):
        ports = [{"op": "insert", "table": "Router_Port", "row": {
            "name": "%s-%s" % (new, net), "router": ["named-uuid", "new"],
            "network": uuid("Network", net), "mac": cloud.r1[net].mac,
            "addresses": cloud.r1[net].cidrs[0]}} for net in ("n1", "n2")]
        db.transact({"op": "delete", "table": "Router_Port",
                     "where": [["router", "==", uuid("Router", old)]]},
                    {"op": "delete", "table": "Router", "where": [["name", "==", old]]},
                    {"op": "insert", "table": "Router", "uuid-name": "new",
                     "row": {"name": new}}, *ports)
        cloud.sync()
    running.expect_no_loss()


def test_a_controller_starts_with_what_it_reads_in_rounds(cloud):
    """What it has not read yet is not taken out of the switch."""
    running = streams(cloud)
    for _ in range(5):
        cloud.chassis[0].restart_controller("kill")
        cloud.sync()
        cloud.nb_db.restart()
        cloud.sync()
    running.expect_no_loss()
