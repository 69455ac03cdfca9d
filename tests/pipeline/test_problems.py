# SPDX-License-Identifier: Apache-2.0
"""Whatever stops traffic is a problem with a name: in "status" of the chassis, in the metrics,
and, if the NB database can be written, in "dfctl status"."""
import re

import pytest

from dfharness import Cloud, wait_until
from dfharness.packets6 import link_local
from dfharness.secure import ADDRESS, free_port


@pytest.fixture
def cloud():
    with Cloud(chassis=2, encap_types=("geneve",)) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n1", 1, "10.0.1.12")
        cloud.sync()
        wait_well(cloud)
        yield cloud


def problems(chassis):
    return chassis.dfappctl("status").split("problems:")[1]


def reported(cloud):
    """The problems of all chassis as "dfctl status" prints them."""
    return "\n".join(re.findall("problem: (.*)", cloud.nb("status", check=False)))


def wait_well(cloud):
    wait_until(lambda: "no faults" in cloud.nb("status", check=False)
               and all(problems(c) == " none\n" for c in cloud.chassis),
               lambda: cloud.nb("status", check=False) + "".join(map(problems, cloud.chassis)), 20)


def check(cloud, sentence, far=True):
    """The first chassis has the problem; far from it it is known as well, if 'far'."""
    c1 = cloud.chassis[0]
    wait_until(lambda: sentence in problems(c1), lambda: problems(c1), 20)
    wait_until(lambda: re.search(r"^dragonflow_problems [1-9]", c1.dfappctl("metrics/show"), re.M),
               lambda: c1.dfappctl("metrics/show"), 20)
    if far:
        wait_until(lambda: sentence in reported(cloud), lambda: reported(cloud), 20)


@pytest.mark.parametrize("config, sentence", [
    ({"encap_ip": "nonsense"}, "ignoring external_ids:dragonflow-encap-ip=nonsense"),
    ({"bridge_maping": "a:b"}, "dragonflow-bridge-maping=a:b: there is no such key"),
    ({"bridge_mappings": "phys1:br-none"}, "br-none does not exist"),
    ({"metrics": "192.0.2.1:9999"}, "metrics: cannot be served on ptcp:9999:192.0.2.1"),
])
def test_settings(cloud, config, sentence):
    c1 = cloud.chassis[0]
    before = {"encap_ip": c1.encap_ip}
    c1.configure(**config)
    check(cloud, sentence)
    c1.configure(**{key: before.get(key) for key in config})
    wait_well(cloud)


def test_what_is_mended_is_no_problem_once_sync_has_returned(cloud):
    c1 = cloud.chassis[0]
    for _ in range(3):
        c1.configure(system_id=None)
        check(cloud, "external_ids:system-id is not set: nothing is done", far=False)
        c1.configure(system_id="c1")
        wait_until(lambda: cloud.nb_db.rows("Chassis", where=[["name", "==", "c1"]]), "the row")
        cloud.nb("sync")
        assert reported(cloud) == ""


@pytest.mark.parametrize("how, sentence", [
    ("refused", "refuses connections"),
    ("no socket", "there is no such socket"),
    ("name", "cannot be resolved"),
    ("other database", 'does not serve database "Dragonflow"'),
])
def test_no_connection_to_the_nb_database(cloud, how, sentence):
    c1 = cloud.chassis[0]
    c1.configure(remote={"refused": "tcp:%s:%d" % (ADDRESS, free_port()),
                         "no socket": "unix:/nowhere",
                         "name": "tcp:host.invalid:6641",
                         "other database": c1.ovsdb.remote}[how])
    check(cloud, "NB database: not connected", far=False)
    wait_until(lambda: sentence in problems(c1), lambda: problems(c1), 20)
    c1.configure(remote=cloud.nb_db.remote)
    wait_well(cloud)


def test_the_switch_is_dead(cloud):
    cloud.chassis[0].vswitchd.kill()
    check(cloud, "bridge br-int: no connection to the switch")


def test_the_local_database_is_lost(cloud):
    c1 = cloud.chassis[0]
    c1.ovsdb.kill()
    check(cloud, "local database: lost")
    c1.ovsdb.start()
    wait_well(cloud)


def test_ports_are_unknown_until_the_nb_database_has_been_read(cloud):
    c1 = cloud.chassis[0]
    c1.controller.exit("--restart")
    c1.configure(remote="tcp:%s:%d" % (ADDRESS, free_port()))
    c1.start_controller()
    check(cloud, "NB database: not connected", far=False)
    expected = "vm1: port vm1, unknown for [0-9]+ s: NB database not read yet"
    wait_until(lambda: re.search(expected, c1.dfappctl("ports")), lambda: c1.dfappctl("ports"))
    status = c1.dfappctl("status")
    assert "plugged ports: 1 unknown\n" in status and re.search(expected, status)
    c1.configure(remote=cloud.nb_db.remote)
    wait_well(cloud)
    wait_until(lambda: "vm1: port vm1, network n1, up for" in c1.dfappctl("ports"),
               lambda: c1.dfappctl("ports"))


def test_an_interface_of_no_port(cloud):
    vm = cloud.chassis[0].plug("tap77", iface_id="nosuch")
    check(cloud, "interface tap77: iface-id nosuch is the name of no port in the NB database")
    vm.unplug()
    wait_well(cloud)


def test_an_interface_that_the_switch_cannot_open(cloud):
    c1 = cloud.chassis[0]
    c1.vsctl("--no-wait", "add-port", "br-int", "tapz", "--", "set", "Interface", "tapz",
             "type=no-such-type", "external_ids:iface-id=vm9")
    check(cloud, "interface tapz: the switch cannot open it: could not open network device tapz")
    assert re.search("tapz: port vm9, no OpenFlow port for .*: the switch cannot open the "
                     "interface: could not open network device tapz",
                     c1.dfappctl("ports", "tapz"))
    c1.vsctl("del-port", "br-int", "tapz")
    wait_well(cloud)


def test_two_interfaces_with_one_iface_id(cloud):
    """The first by name is used, so that a new one may cut off one that works."""
    c1 = cloud.chassis[0]
    vm = c1.plug("aaa", iface_id="vm1")
    check(cloud, "interface vm1: iface-id vm1 is that of interface aaa, too, which is used; "
                 "remove one")
    vm.unplug()
    wait_well(cloud)


def test_a_port_that_is_requested_elsewhere(cloud):
    cloud.nb("port-add vm3 n1 %s 10.0.1.33" % cloud.new_mac(),
             "set Port vm3 requested_chassis=c2")
    cloud.chassis[0].plug("vm3", cloud.new_mac(), ["10.0.1.33"])
    check(cloud, "port vm3: it is plugged here, but requested on chassis c2")


def test_one_interface_id_on_two_chassis(cloud):
    """The one that was there first keeps the port until the other one is plugged anew."""
    c1 = cloud.chassis[0]
    c1.controller.exit("--restart")
    c1.plug("vm2", cloud.new_mac(), ["10.0.1.12"])
    c1.start_controller()
    check(cloud, "port vm2: it is plugged here, but chassis c2 has it")


def test_two_chassis_with_one_tunnel_address(cloud):
    c1, c2 = cloud.chassis
    c1.configure(encap_ip=c2.encap_ip)
    check(cloud, "chassis c1: its tunnel address %s is that of chassis c2, too" % c2.encap_ip)


def test_a_port_without_the_address_that_its_machine_makes(cloud):
    """The machine is told to use a prefix of which the port has no address."""
    cloud.nb("subnet-add s6 n1 2001:db8:1::/64 ra-mode=slaac")
    cloud.add_router("r1", n1="2001:db8:1::1/64")
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    made = {vm: link_local(vm.mac).replace("fe80::", "2001:db8:1:0:") for vm in (vm1, vm2)}
    check(cloud, "port vm1: its machine is told to make an address (ra-mode of subnet s6), and the "
          "port has none of that subnet: what is sent from there gets no answers; give the port "
          + made[vm1])
    for vm in (vm1, vm2):
        cloud.nb("add Port %s addresses %s" % (vm.name, made[vm]))
    wait_well(cloud)


@pytest.mark.parametrize("prefix, next_hop", [("10.9.0.0/16", "10.0.1.99"),
                                              ("2001:db8:9::/48", "2001:db8:1::99")])
def test_a_route_by_an_address_that_nobody_has(cloud, prefix, next_hop):
    """Where all addresses are known, that is on all but provider networks. A port that is on no
    chassis has its address, one that is disabled has not."""
    cloud.nb("subnet-add s6 n1 2001:db8:1::/64")
    cloud.add_router("r1", n1=["10.0.1.1/24", "2001:db8:1::1/64"])
    cloud.nb("route-add r1 %s %s" % (prefix, next_hop))
    sentence = ("router r1: route %s via %s: no enabled port or router port on network n1 has this "
                "next hop, " % (prefix, next_hop))
    check(cloud, sentence)
    cloud.nb("port-add late n1 0a:00:00:00:00:99 " + next_hop)
    wait_well(cloud)
    cloud.nb("set Port late enabled=false")
    check(cloud, sentence)
    cloud.nb("port-del late")
    cloud.add_router("r2", n1=[next_hop + ("/64" if ":" in next_hop else "/24")])
    wait_well(cloud)


def test_a_route_by_a_physical_host_is_none(cloud):
    """Whom the database need not know."""
    cloud.add_network("p1", "10.0.2.0/24", type="vlan", segmentation_id=7,
                      physical_network="physnet1")
    cloud.add_router("r1", n1="10.0.1.1/24", p1="10.0.2.1/24")
    cloud.nb("route-add r1 10.9.0.0/16 10.0.2.99")
    check(cloud, "network p1: this chassis has no bridge mapping")
    assert "10.9.0.0/16" not in problems(cloud.chassis[0])


def test_more_than_a_router_advertisement_holds(cloud):
    """Machines are not told what there is no room for."""
    servers = ",".join("2001:db8::%x" % (i + 1) for i in range(80))
    cloud.nb("subnet-add s6 n1 2001:db8:1::/64 ra-mode=dhcpv6-stateful dns-servers=" + servers)
    cloud.add_router("r1", n1="2001:db8:1::1/64")
    check(cloud, "router port r1-n1: its router advertisements have no room for 7 of 80 DNS "
          "servers,")
    cloud.nb("clear Subnet s6 dns_servers")
    wait_well(cloud)


def test_a_router_port_may_have_two_addresses_of_a_prefix(cloud):
    """That is no problem."""
    cloud.add_router("r1", n1=["10.0.1.1/24", "10.0.1.2/24"])
    cloud.sync()
    assert all(problems(c) == " none\n" for c in cloud.chassis)
    wait_well(cloud)


def test_a_loopback_address_for_tunnels_leaves_the_last_one_in_force(cloud):
    c1 = cloud.chassis[0]
    before = c1.encap_ip
    c1.configure(encap_ip="::1")
    check(cloud, '"::1" is a loopback address, which no other chassis can reach')
    assert "geneve from %s" % before in c1.dfappctl("status")
    c1.configure(encap_ip=before)
    wait_well(cloud)


def test_a_long_list_is_cut(cloud):
    """The database takes 20 problems of a chassis, "status" all of them."""
    c1 = cloud.chassis[0]
    for i in range(25):
        c1.vsctl("set", "Open_vSwitch", ".", "external_ids:dragonflow-x%d=1" % i)
    wait_until(lambda: problems(c1).count("no such key") == 25, lambda: problems(c1))
    wait_until(lambda: "... and 6 more" in reported(cloud), lambda: reported(cloud), 20)
    assert reported(cloud).count("\n") == 19


def test_a_second_controller_of_one_chassis_waits_for_the_first(cloud):
    """It writes nothing, says so, and takes over when the first one ends."""
    c1 = cloud.chassis[0]
    second = cloud.workspace.daemon("second", ["df-controller", c1.ovsdb.remote], c1.rundir,
                                    ours=True)
    flows = sorted(c1.flows())
    second.start()

    def status():
        return second.appctl("status")
    wait_until(lambda: "another df-controller of this chassis runs" in status(),
               lambda: status())
    cloud.nb("port-add vm9 n1 %s 10.0.1.99" % cloud.new_mac())
    cloud.sync()
    assert re.search(r"^flow mods sent: 0$", status(), re.M)
    cloud.nb("port-del vm9")
    cloud.sync()
    assert sorted(c1.flows()) == flows
    c1.controller.kill()
    wait_until(lambda: "another df-controller" not in status(), lambda: status())
    cloud.nb("port-add vm9 n1 %s 10.0.1.99" % cloud.new_mac())
    cloud.sync()
    assert sorted(c1.flows()) != flows
    second.exit("--restart")
    c1.start_controller()


def test_a_dozen_faults_at_once_are_all_shown_by_one_command():
    """By "dfctl status", from anywhere."""
    with Cloud(chassis=5, encap_types=("geneve",)) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.nb("subnet-add v6 n1 2001:db8::/64")
        for i in range(5):
            cloud.add_vm("vm%d" % (i + 1), "n1", i, "10.0.1.1%d" % i)
        cloud.sync()
        c1, c2, c3, c4, c5 = cloud.chassis
        network, = cloud.nb_db.rows("Network", [["name", "==", "n1"]])
        c1.configure(bridge_maping="a:b", bridge_mappings="phys1:br-none",
                     metrics="192.0.2.1:9999", fallback_timeout="soon")
        c1.plug("orphan", cloud.new_mac(), ["10.0.1.33"])
        cloud.nb("port-add elsewhere n1 %s 10.0.1.34" % cloud.new_mac(),
                 "set Port elsewhere requested_chassis=c2")
        c1.plug("elsewhere", cloud.new_mac(), ["10.0.1.34"])
        c2.configure(encap_ip=c3.encap_ip)
        c4.vswitchd.kill()
        c5.controller.kill()
        cloud.nb_db.transact(
            {"op": "insert", "table": "Network", "row": {
                "name": "rival", "type": "geneve",
                "segmentation_id": network["segmentation_id"]}},
            {"op": "insert", "table": "Port", "row": {
                "name": "odd", "network": network["_uuid"], "mac": "0a:00"}})
        sentences = [
            "dragonflow-bridge-maping=a:b: there is no such key", "br-none does not exist",
            "metrics: cannot be served", "dragonflow-fallback-timeout=soon",
            "interface orphan", "port elsewhere: it is plugged here, but requested on chassis c2",
            "its tunnel address %s is that of chassis" % c3.encap_ip,
            "bridge br-int: no connection to the switch",
            "network rival", "port odd"]

        # All chassis have to answer; the death of c5 alone causes no report.
        cloud.nb_db.dfctl("sync --timeout=1", check=False)

        def missing():
            said = cloud.nb("status", check=False)
            silent = re.search(r"chassis c5: .*, silent", said)
            return [s for s in sentences if s not in said] + (["c5 is silent"] * (not silent))
        wait_until(lambda: not missing(),
                   lambda: "%s\nnot in\n%s" % (missing(), cloud.nb("status", check=False)), 60)
        c4.vswitchd.start()
        c5.start_controller()
