# SPDX-License-Identifier: Apache-2.0
"""The security groups of both ports are in force for what is routed on the sender's
chassis as for what crosses the legacy router.

"guarded" and "quiet" are on vlan: the former only hears TCP to port 22, the latter only
says TCP to port 22, by IPv4 and IPv6; one of each on c1 and c2."""
import contextlib
import socket

import pytest

from dfharness import wait_until

pytestmark = [pytest.mark.every_driver,
              pytest.mark.parametrize("mode", ["mixed", "short-cut"], indirect=True,
                                      scope="module"),
              pytest.mark.parametrize("cloud", ["openvswitch", "iptables_hybrid"], indirect=True,
                                      scope="session")]
ANYWHERE6 = "::/0"
# The other machine, and the version of IP.
OTHERS = pytest.mark.parametrize("other, version", [
    *((other, 4) for other in ("vxlan1", "vxlan2", "gre1", "vlan1")),
    *((other, 6) for other in ("vxlan1", "vxlan2", "vlan1"))])


def address(vm, version):
    return vm.ip if version == 4 else vm.ipv6[0]


@contextlib.contextmanager
def machines(cloud, *names, group):
    """Machines NAME1 and NAME2, on c1 and c2, each in 'group' only."""
    made = []
    try:
        for name in names:
            for i in (0, 1):
                vm = cloud.add_vm("%s%d" % (name, i + 1), cloud.networks["vlan"], i,
                                  groups=[group], wait=False)
                made.append(vm.name)
        cloud.sync()
        yield
    finally:
        for name in made:
            cloud.remove_vm(name)
        cloud.neutron.delete("security-groups", group["id"])


@pytest.fixture(scope="module")
def guarded(cloud):
    group = cloud.add_security_group("guarded", "tcp/22")
    cloud.add_rule(group, "tcp/22", remote=ANYWHERE6)
    with machines(cloud, "guarded", group=group):
        yield


@pytest.fixture(scope="module")
def quiet(cloud):
    group = cloud.add_security_group("quiet", "tcp", "icmp", "ipv6-icmp")
    cloud.add_rule(group, "tcp", remote=ANYWHERE6)
    for rule in group["security_group_rules"]:
        cloud.neutron.delete("security-group-rules", rule["id"])
    cloud.add_rule(group, "tcp/22", "egress")
    cloud.add_rule(group, "tcp/22", "egress", remote=ANYWHERE6)
    with machines(cloud, "quiet", group=group):
        yield


def tcp_works(client, server, port, version=4, timeout=5):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with server.socket(family=family) as listener, client.socket(family=family) as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address(server, version), port))
        listener.listen()
        s.settimeout(timeout)
        try:
            s.connect((address(server, version), port))
        except socket.timeout:
            return False
        peer, _ = listener.accept()
        with peer:
            peer.settimeout(timeout)
            peer.sendall(b"x")
            return s.recv(1) == b"x"


def tcp_is_forbidden(client, server, port, version=4):
    """Nothing arrives at once; what answers, answers at once."""
    return not tcp_works(client, server, port, version, timeout=0.5)


@OTHERS
@pytest.mark.parametrize("name", ["guarded1", "guarded2"])
def test_what_the_receivers_group_forbids_does_not_arrive(cloud, mode, guarded, other, version,
                                                          name):
    vm, other = cloud[name], cloud[other]
    assert tcp_works(other, vm, 22, version)
    assert tcp_is_forbidden(other, vm, 23, version)
    other.expect_no_ping(address(vm, version))
    # What it asks for itself is answered.
    vm.expect_ping(address(other, version))
    assert tcp_works(vm, other, 23, version)


@OTHERS
@pytest.mark.parametrize("name", ["quiet1", "quiet2"])
def test_what_the_senders_group_forbids_is_not_sent(cloud, mode, quiet, other, version, name):
    vm, other = cloud[name], cloud[other]
    assert tcp_works(vm, other, 22, version)
    assert tcp_is_forbidden(vm, other, 23, version)
    if version == 4 or cloud.firewall != "iptables_hybrid":  # It lets all ICMPv6 out.
        vm.expect_no_ping(address(other, version))
    # What it is asked it answers.
    other.expect_ping(address(vm, version))
    assert tcp_works(other, vm, 23, version)


def test_forbidden_on_both_sides(cloud, mode, guarded, quiet):
    assert tcp_works(cloud["quiet1"], cloud["guarded2"], 22)
    assert tcp_is_forbidden(cloud["quiet2"], cloud["guarded1"], 23)


def test_a_rule_is_in_force_when_it_is_added_and_removed(cloud, mode, guarded):
    vm, other = cloud["guarded2"], cloud["vxlan1"]
    group = next(g for g in cloud.neutron.list("security-groups") if g["name"] == "guarded")
    rule = cloud.add_rule(group, "icmp", remote=other.ip + "/32")
    try:
        wait_until(lambda: other.ping(vm.ip, count=1, timeout=0.3), "the rule is not in force", 60)
        cloud["vxlan2"].expect_no_ping(vm.ip)
    finally:
        cloud.neutron.delete("security-group-rules", rule["id"])
    wait_until(lambda: not other.ping(vm.ip, count=1, timeout=0.3), "it is still in force", 60)


def test_no_machine_sends_with_anothers_address(cloud, mode):
    """Anti-spoofing comes first."""
    vm, other = cloud["vxlan1"], cloud["vlan2"]
    vm.run("ip addr add 10.0.1.77/24 dev eth0")
    try:
        out = vm.run("ping -n -q -c 2 -i 0.1 -W 0.3 -I 10.0.1.77 %s" % other.ip, check=False)
        assert " 0 received" in out
    finally:
        vm.run("ip addr del 10.0.1.77/24 dev eth0")
    vm.expect_ping(other.ip)
