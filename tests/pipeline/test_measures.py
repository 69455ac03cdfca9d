# SPDX-License-Identifier: Apache-2.0
"""What the flow tables cost, and that the work of a change does not grow with
the topology."""
import re

import pytest

from dfharness import Cloud, wait_until

PER_REMOTE_PORT, PER_LOCAL_PORT, PER_ROUTER_PORT = 2, 12, 8
PER_REMOTE_PORT_OF_BOTH_FAMILIES = 3
CONSTANT = 105
N = 20


@pytest.fixture
def cloud():
    """Two networks, one router, a machine on each network and each chassis."""
    with Cloud(chassis=2) as cloud:
        for i in (1, 2):
            cloud.add_network("n%d" % i, "10.0.%d.0/24" % i)
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        for i in (1, 2):
            for chassis in (0, 1):
                cloud.add_vm("vm%d%d" % (i, chassis), "n%d" % i, chassis,
                             "10.0.%d.1%d" % (i, chassis))
        cloud.sync()
        yield cloud


def n_flows(cloud):
    cloud.sync()
    return len(cloud.chassis[0].flows())


def add_machines(cloud, chassis, network, first, n=N):
    for i in range(first, first + n):
        cloud.add_vm("x%d-%d" % (network, i), "n%d" % network, chassis,
                     "10.0.%d.%d" % (network, i))


def test_a_remote_port_costs_two_flows(cloud):
    before = n_flows(cloud)
    add_machines(cloud, 1, 1, 100)
    add_machines(cloud, 1, 2, 100)
    assert n_flows(cloud) - before <= PER_REMOTE_PORT * 2 * N


def test_a_remote_port_of_both_families_costs_three_flows(cloud):
    cloud.nb("subnet-add n1-v6 n1 2001:db8:1::/64")
    cloud.add_router("r6", n1="2001:db8:1::1/64")
    before = n_flows(cloud)
    for i in range(100, 100 + N):
        cloud.add_vm("x%d" % i, "n1", 1, "10.0.1.%d" % i, "2001:db8:1::%d" % i)
    assert n_flows(cloud) - before <= PER_REMOTE_PORT_OF_BOTH_FAMILIES * N


def test_a_local_port_of_both_families_costs_a_dozen_flows_at_most(cloud):
    cloud.nb("subnet-add n1-v6 n1 2001:db8:1::/64")
    cloud.add_router("r6", n1="2001:db8:1::1/64")
    before = n_flows(cloud)
    for i in range(100, 100 + N):
        cloud.add_vm("x%d" % i, "n1", 0, "10.0.1.%d" % i, "2001:db8:1::%d" % i)
    assert n_flows(cloud) - before <= PER_LOCAL_PORT * N


def test_a_local_port_costs_a_dozen_flows_at_most(cloud):
    before = n_flows(cloud)
    add_machines(cloud, 0, 1, 100)
    assert n_flows(cloud) - before <= PER_LOCAL_PORT * N


def test_another_router_costs_no_flow_for_each_port(cloud):
    add_machines(cloud, 1, 1, 100)
    before = n_flows(cloud)
    cloud.add_network("n3", "10.0.3.0/24")
    cloud.add_router("r2", n1="10.0.1.2/24", n3="10.0.3.1/24")
    # n3 becomes reachable: what a network costs without ports, too.
    assert n_flows(cloud) - before <= PER_ROUTER_PORT * 2 + 4


def test_many_routers_on_a_network_cost_a_handful_each(cloud):
    before = n_flows(cloud)
    for i in range(10):
        cloud.add_network("s%d" % i, "10.%d.0.0/24" % (100 + i))
        cloud.add_router("t%d" % i, **{"n1": "10.0.1.%d/24" % (200 + i),
                                       "s%d" % i: "10.%d.0.1/24" % (100 + i)})
    assert n_flows(cloud) - before <= 10 * (PER_ROUTER_PORT * 2 + 4)


def test_an_empty_chassis_has_a_constant_number_of_flows(cloud):
    add_machines(cloud, 1, 1, 100)
    cloud.add_chassis()
    cloud.sync()
    assert len(cloud.chassis[2].flows()) <= CONSTANT


def rules_run(chassis):
    match = re.search(r"^total: .*rules run (\d+)", chassis.dfappctl("engine/stats"), re.M)
    return int(match.group(1))


def cost_of_a_port(cloud, number):
    """How many rules c1 runs when a port appears in the NB database, then when
    c2 claims it."""
    costs = []
    cloud.sync()
    before = rules_run(cloud.chassis[0])
    mac = cloud.new_mac()
    cloud.nb("port-add p%d n1 %s 10.0.1.%d" % (number, mac, number))
    cloud.nb_db.sync()
    costs.append(rules_run(cloud.chassis[0]) - before)
    before = rules_run(cloud.chassis[0])
    cloud.chassis[1].plug("p%d" % number, mac)
    cloud.sync()
    costs.append(rules_run(cloud.chassis[0]) - before)
    return costs


def test_a_port_costs_the_same_work_whatever_the_size_of_the_topology(cloud):
    small = [cost_of_a_port(cloud, number) for number in range(50, 53)]
    add_machines(cloud, 1, 1, 100, 3 * N)
    add_machines(cloud, 1, 2, 100, 2 * N)
    large = [cost_of_a_port(cloud, number) for number in range(53, 56)]
    assert min(large) == min(small) and max(map(sum, large)) <= 20, (small, large)


def test_the_first_local_port_of_a_network_does_not_touch_its_remote_ports(cloud):
    cloud["vm20"].unplug()  # Then n2 is reachable by the router only.
    add_machines(cloud, 1, 2, 100, 3 * N)
    cloud.sync()
    before = rules_run(cloud.chassis[0])
    cloud.add_vm("first", "n2", 0, "10.0.2.99")
    cloud.sync()
    assert rules_run(cloud.chassis[0]) - before <= 30


@pytest.mark.parametrize("change", [
    ["set Network n1 mtu=1400"], ["set Router r1 enabled=false"], ["set Port vm11 enabled=false"],
    ["port-del vm11"], ["route-add r1 10.9.0.0/16 10.0.1.99"],
    ["net-add n9 type=geneve", "subnet-add s9 n9 10.9.0.0/24"]])
def test_incremental_equals_from_scratch(cloud, change):
    """After a change, a restart from scratch finds nothing to do."""
    cloud.nb(*change)
    cloud.sync(ports_up=False)
    flows = [chassis.flows() for chassis in cloud.chassis]
    for chassis in cloud.chassis:
        chassis.verify()
        chassis.restart_controller("kill")
    cloud.sync(ports_up=False)
    strip = [[re.sub(r"cookie=\w+", "", flow) for flow in table] for table in flows]
    again = [[re.sub(r"cookie=\w+", "", flow) for flow in chassis.flows()]
             for chassis in cloud.chassis]
    assert again == strip


def megaflows(cloud, source, frame):
    """The matches of the entries that a packet makes, on the chassis of its sender."""
    chassis = source.chassis
    cloud.clear()

    def entries():
        source.send(frame)
        return sorted(line.split(", packets:")[0]
                      for line in chassis.appctl("dpctl/dump-flows").splitlines()
                      if "in_port" in line and "ipv4" in line)
    return wait_until(entries, "no entry", 20)


def test_gateways_split_no_entry_of_traffic_between_overlays():
    """The router gets a port on a physical network, and a default route there."""
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        for i in (1, 2):
            cloud.add_network("n%d" % i, "10.0.%d.0/24" % i)
            cloud.add_vm("vm%d" % i, "n%d" % i, i - 1, "10.0.%d.11" % i)
        ports = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.sync()
        frame = cloud["vm1"].udp(ports["n1"].mac, cloud["vm2"].ip)
        before = megaflows(cloud, cloud["vm1"], frame)
        cloud.add_network("ext", "192.0.2.0/24", type="vlan", segmentation_id=77,
                          physical_network="phys1", external="true")
        cloud.nb("router-port-add r1-ext r1 ext 0e:00:00:00:77:01 192.0.2.1/24",
                 "route-add r1 0.0.0.0/0 192.0.2.254")
        cloud.sync()
        assert megaflows(cloud, cloud["vm1"], frame) == before
        assert cloud["vm2"].take()
