# SPDX-License-Identifier: Apache-2.0
"""What is deleted from the NB database while a chassis is not connected is gone from the
chassis once it is connected again, whichever table it was in."""
import contextlib
import json
import re
import time

import pytest

from dfharness import Cloud, wait_until
from dfharness.process import SCHEMA, Failure, program, run


@pytest.fixture
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n2", 1, "10.0.2.11")
        cloud.sync()
        yield cloud


@contextlib.contextmanager
def disconnected(cloud):
    """No chassis has a connection, and the server is not the one that they knew: it cannot
    tell them what has changed, but only what there is."""
    for chassis in cloud.chassis:
        chassis.configure(remote="unix:/nowhere")
        wait_until(lambda: "NB database: not connected" in chassis.dfappctl("status"),
                   "disconnection")
    cloud.nb_db.restart()
    yield
    for chassis in cloud.chassis:
        chassis.configure(remote=cloud.nb_db.remote)
        wait_until(lambda: "NB database: connected" in chassis.dfappctl("status"),
                   "connection", 20)
    cloud.sync()


def flows(cloud):
    return [sorted(chassis.flows()) for chassis in cloud.chassis]


def topology(chassis):
    return [x for x in chassis.dfappctl("status").splitlines() if x.startswith("topology:")][0]


DELETIONS = {
    "port": (["port-add ghost n1 0a:00:00:00:99:01 10.0.1.99"], ["port-del ghost"]),
    "router port": (["net-add n3", "router-port-add r1-n3 r1 n3 0e:00:00:00:99:01 10.0.3.1/24"],
                    ["router-port-del r1-n3", "net-del n3"]),
    "static route": (["route-add r1 10.9.0.0/16 10.0.2.11"], ["route-del r1 10.9.0.0/16"]),
    "router": (["router-add r2", "router-port-add r2-n1 r2 n1 0e:00:00:00:99:02 10.0.1.2/24",
                "net-add n3", "router-port-add r2-n3 r2 n3 0e:00:00:00:99:03 10.0.3.1/24",
                "port-add far n3 0a:00:00:00:99:04 10.0.3.99"],
               ["router-port-del r2-n1", "router-port-del r2-n3", "router-del r2",
                "port-del far", "net-del n3"]),
    "chassis": (["create Chassis name=c9 encaps:geneve=172.31.1.99",
                 "port-add ghost n1 0a:00:00:00:99:01 10.0.1.99",
                 "set Port ghost chassis=@c9"], ["port-del ghost", "chassis-del c9"]),
}


@pytest.mark.parametrize("what", DELETIONS)
def test_what_was_deleted_meanwhile_is_gone(cloud, what):
    create, delete = DELETIONS[what]
    before, counts = flows(cloud), [topology(c) for c in cloud.chassis]
    if what == "chassis":
        cloud.nb("-- --id=@c9 %s -- %s -- %s" % tuple(create))
    else:
        cloud.nb(*create)
    wait_until(lambda: flows(cloud)[0] != before[0], "the flows")
    with disconnected(cloud):
        cloud.nb(*delete)
    assert flows(cloud) == before
    wait_until(lambda: [topology(c) for c in cloud.chassis] == counts, "what there was before")


def test_a_port_that_replaced_another_meanwhile_is_answered_for_with_its_mac(cloud):
    cloud.nb("port-add old n1 0a:00:00:00:99:01 10.0.1.99")
    cloud.sync()
    with disconnected(cloud):
        cloud.nb("port-del old")
        cloud.nb("port-add new n1 0a:00:00:00:99:02 10.0.1.99")
    vm1 = cloud["vm1"]
    cloud.clear()
    vm1.send(vm1.arp_request("10.0.1.99"))
    reply, = vm1.take()
    assert bytes.fromhex("0a0000009902") in reply
    assert bytes.fromhex("0a0000009901") not in reply


def test_the_problem_of_a_row_that_was_deleted_meanwhile_is_gone(cloud):
    network = cloud.nb_db.rows("Network", [["name", "==", "n1"]], ["_uuid"])[0]["_uuid"]
    cloud.nb_db.transact({"op": "insert", "table": "Port", "row": {
        "name": "wrong", "network": network, "mac": "nonsense"}})
    wait_until(lambda: "port wrong" in cloud.chassis[0].dfappctl("status"), "the problem")
    with disconnected(cloud):
        cloud.nb("destroy Port wrong")
    assert "problems: none" in cloud.chassis[0].dfappctl("status")


def test_an_empty_database_leaves_nothing(cloud):
    """All that a chassis has of the logical network goes, however much there was."""
    with disconnected(cloud):
        for table in ("Port", "Router_Port", "Static_Route", "NAT", "Subnet", "Network", "Router"):
            cloud.nb_db.transact({"op": "delete", "table": table, "where": []})
    for chassis in cloud.chassis:
        assert topology(chassis).startswith("topology: 0 networks (0 reachable), 0 ports")


def test_only_what_was_read_anew_is_compared_as_a_whole(cloud):
    def n_comparisons():
        time.sleep(2.5)  # Counts of events are added up each second.
        return [int(re.search(r"^northbound_compared .*total: (\d+)",
                              c.dfappctl("coverage/show"), re.M)[1]) for c in cloud.chassis]

    before = n_comparisons()
    for address in range(50, 60):
        cloud.nb("set Port vm1 addresses=10.0.1.%d" % address)
        cloud.sync()
    assert n_comparisons() == before
    with disconnected(cloud):
        pass
    assert all(n > b for n, b in zip(n_comparisons(), before))


def convert(cloud, schema):
    """As a server does when it starts after an upgrade."""
    cloud.nb_db.kill()
    run([program("ovsdb-tool"), "convert", cloud.nb_db.file, schema])
    cloud.nb_db.start()


def test_a_database_of_an_earlier_schema_is_a_problem_until_it_is_upgraded(cloud, tmp_path):
    earlier = json.load(open(SCHEMA))
    del earlier["tables"]["Static_Route"]
    earlier["version"] = "1.2.0"
    (tmp_path / "earlier.ovsschema").write_text(json.dumps(earlier))
    before, c1 = flows(cloud), cloud.chassis[0]
    sentence = "NB database: the server says that there is no table Static_Route"
    convert(cloud, tmp_path / "earlier.ovsschema")
    for chassis in cloud.chassis:
        chassis.restart_controller()
    wait_until(lambda: sentence in c1.dfappctl("status"), lambda: c1.dfappctl("status"), 20)
    with pytest.raises(Failure, match="without table Static_Route; upgrade the database first"):
        cloud.nb("net-del n2")
    assert flows(cloud) == before
    convert(cloud, SCHEMA)
    wait_until(lambda: sentence not in c1.dfappctl("status"), lambda: c1.dfappctl("status"), 20)
    cloud.nb("route-add r1 10.9.0.0/16 10.0.2.11")
    cloud.sync()
    assert any("nw_dst=10.9.0.0/16" in flow for flow in c1.flows())


def test_what_is_announced_waits_for_its_column(tmp_path):
    """A second tunnel address, and that the chassis is a gateway.  The first address, of IPv4, is
    announced to a database of an earlier schema as well."""
    earlier = json.load(open(SCHEMA))
    del earlier["tables"]["Chassis"]["columns"]["encaps_ipv6"]
    del earlier["tables"]["Chassis"]["columns"]["gateway"]
    earlier["version"] = "1.3.0"
    (tmp_path / "earlier.ovsschema").write_text(json.dumps(earlier))
    sentence = "no column for IPv6 tunnel addresses beside those of IPv4"
    gateway = "no column that says that this chassis is to be a gateway"
    with Cloud(chassis=1, encap_types=("geneve",), families={1: "46"}) as cloud:
        c1, = cloud.chassis

        def row():
            return cloud.nb_db.rows("Chassis")[0]
        cloud.sync()
        assert sentence not in c1.dfappctl("status")
        assert row()["gateway"] == ["set", []]
        c1.controller.exit()
        convert(cloud, tmp_path / "earlier.ovsschema")
        c1.start_controller()
        wait_until(lambda: cloud.nb_db.rows("Chassis"), "no row")
        assert row()["encaps"] == ["map", [["geneve", "172.31.0.1"]]] and "encaps_ipv6" not in row()
        c1.configure(gateway="true")
        wait_until(lambda: gateway in c1.dfappctl("status"), lambda: c1.dfappctl("status"))
        wait_until(lambda: sentence in c1.dfappctl("status"), lambda: c1.dfappctl("status"))
        convert(cloud, SCHEMA)
        wait_until(lambda: row()["encaps_ipv6"] == ["map", [["geneve", "fd31::1"]]], row, 20)
        assert row()["gateway"] is True
        c1.configure(gateway=None)  # Which it cannot be without a physical network.
        wait_until(lambda: "problems: none" in c1.dfappctl("status"),
                   lambda: c1.dfappctl("status"))
