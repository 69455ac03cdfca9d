# SPDX-License-Identifier: Apache-2.0
"""Two hosts with one system-id, as after the copy of an image: no row is deleted, no port is
taken, the database is left in peace, and both report the fault."""
import time

import pytest

from dfharness import Cloud, wait_until


@pytest.fixture
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n1", 1, "10.0.1.12")
        cloud.sync()
        yield cloud


def transactions(cloud):
    return cloud.nb_db.file.read_bytes().count(b"OVSDB JSON")


def chassis_rows(cloud):
    return {row["name"]: (row["_uuid"][1], dict(row["encaps"][1]).get("geneve"))
            for row in cloud.nb_db.rows("Chassis", columns=["name", "_uuid", "encaps"])}


def problems(chassis):
    return chassis.dfappctl("status").split("problems:")[1]


def check_connectivity(cloud):
    cloud.sync()
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    cloud.check(vm1, vm1.udp(vm2.mac, vm2.ip), {vm2: [vm1.udp(vm2.mac, vm2.ip)]})


def test_two_hosts_with_one_name_say_so_and_leave_the_database_in_peace(cloud):
    c1, c2 = cloud.chassis
    c2.configure(system_id="c1")
    for chassis in cloud.chassis:
        wait_until(lambda: "another host has the same name" in problems(chassis),
                   lambda: problems(chassis))
    time.sleep(1)
    before = transactions(cloud)
    time.sleep(3)
    assert transactions(cloud) - before <= 5
    assert list(chassis_rows(cloud)) == ["c1"]
    owners = {row["name"]: row["chassis"] for row in cloud.nb_db.rows("Port")}
    assert owners["vm1"] == owners["vm2"] != ["set", []]

    c2.configure(system_id="c2")
    wait_until(lambda: chassis_rows(cloud).get("c2", ("", ""))[1] == c2.encap_ip
               and chassis_rows(cloud)["c1"][1] == c1.encap_ip, "the rows", 30)
    check_connectivity(cloud)


def test_a_host_that_borrowed_a_name_leaves_the_row_behind(cloud):
    """Once it has its own name again, no row is deleted any more."""
    c1, c2 = cloud.chassis
    before = chassis_rows(cloud)
    c2.configure(system_id="c1")
    wait_until(lambda: "c2" not in chassis_rows(cloud), "the loan")
    c2.configure(system_id="c2")
    wait_until(lambda: "c2" in chassis_rows(cloud)
               and chassis_rows(cloud)["c1"] == before["c1"], "both rows", 30)
    check_connectivity(cloud)
    known = transactions(cloud)
    time.sleep(2)
    assert transactions(cloud) - known <= 2
    assert chassis_rows(cloud)["c1"] == before["c1"]


def test_two_hosts_may_swap_their_names(cloud):
    c1, c2 = cloud.chassis
    c1.configure(system_id="c2")
    c2.configure(system_id="c1")
    wait_until(lambda: {name: encap for name, (_, encap) in chassis_rows(cloud).items()}
               == {"c1": c2.encap_ip, "c2": c1.encap_ip}, lambda: str(chassis_rows(cloud)), 30)
    check_connectivity(cloud)
    known = transactions(cloud)
    time.sleep(2)
    assert transactions(cloud) - known <= 2


def test_a_host_that_leaves_does_not_take_the_row_of_its_namesake(cloud):
    c1, c2 = cloud.chassis
    c2.configure(system_id="c1")
    for chassis in cloud.chassis:
        wait_until(lambda: "another host has the same name" in problems(chassis),
                   lambda: problems(chassis))
    uuid = chassis_rows(cloud)["c1"][0]
    c2.controller.exit()
    assert chassis_rows(cloud)["c1"][0] == uuid
    c2.configure(system_id="c2")
    c2.start_controller()
    wait_until(lambda: chassis_rows(cloud)["c1"] == (uuid, c1.encap_ip), "the row", 30)
    check_connectivity(cloud)
