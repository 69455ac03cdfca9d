# SPDX-License-Identifier: Apache-2.0
"""Path MTU between networks of different MTU (RFC 1191)."""
import pytest

from dfharness import Cloud, packets

FRAGMENTATION_NEEDED = (3, 4)
OVERHEAD = 20 + 8  # IPv4 and UDP headers.


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=2) as cloud:
        cloud.add_network("big", "10.0.1.0/24", mtu=8000)
        cloud.add_network("small", "10.0.2.0/24", type="vxlan", mtu=1400)
        cloud.add_network("same", "10.0.3.0/24", type="gre", mtu=8000)
        cloud.r1 = cloud.add_router("r1", big="10.0.1.1/24", small="10.0.2.1/24",
                                    same="10.0.3.1/24")
        cloud.add_vm("a1", "big", 0, "10.0.1.11")
        cloud.add_vm("a2", "small", 0, "10.0.2.11")
        cloud.add_vm("b2", "small", 1, "10.0.2.21")
        cloud.add_vm("b3", "same", 1, "10.0.3.21")
        cloud.sync()
        yield cloud


def of_size(cloud, size, destination, **fields):
    """A packet of 'size' bytes from a1 by way of the router."""
    a1 = cloud["a1"]
    return a1.udp(cloud.r1["big"].mac, destination.ip, data=b"m" * (size - OVERHEAD), **fields)


@pytest.mark.parametrize("name", ["a2", "b2"])
@pytest.mark.parametrize("size", [100, 1399, 1400])
def test_what_fits_passes(cloud, name, size):
    vm = cloud[name]
    frame = of_size(cloud, size, vm, flags="DF")
    cloud.check(cloud["a1"], frame, {vm: packets.routed(frame, cloud.r1["small"].mac, vm.mac)})


@pytest.mark.parametrize("name", ["a2", "b2"])
@pytest.mark.parametrize("flags", ["DF", 0])
@pytest.mark.parametrize("size", [1401, 1500, 8000])
def test_what_does_not_fit_is_answered_with_the_mtu(cloud, name, flags, size):
    """With or without DF: a switch cannot fragment."""
    vm, a1 = cloud[name], cloud["a1"]
    frame = of_size(cloud, size, vm, flags=flags)
    cloud.check_icmp_error(a1, frame, packets.icmp_error(
        cloud.r1["big"].mac, a1.mac, "10.0.1.1", frame, *FRAGMENTATION_NEEDED, mtu=1400))
    assert cloud.underlay.take() == []


def test_between_networks_of_one_mtu_any_size_passes(cloud):
    b3 = cloud["b3"]
    frame = of_size(cloud, 8000, b3, flags="DF")
    cloud.check(cloud["a1"], frame, {b3: packets.routed(frame, cloud.r1["same"].mac, b3.mac)})


def test_within_a_network_nothing_is_measured(cloud):
    a2, b2 = cloud["a2"], cloud["b2"]
    frame = a2.udp(b2.mac, b2.ip, data=b"m" * 1450)
    cloud.check(a2, frame, {b2: frame})


def test_a_changed_mtu_counts_at_once(cloud):
    b3, a1 = cloud["b3"], cloud["a1"]
    frame = of_size(cloud, 3000, b3, flags="DF")
    passes = {b3: packets.routed(frame, cloud.r1["same"].mac, b3.mac)}
    cloud.check(a1, frame, passes)
    cloud.nb("set Network same mtu=2000")
    cloud.sync()
    cloud.check_icmp_error(a1, frame, packets.icmp_error(
        cloud.r1["big"].mac, a1.mac, "10.0.1.1", frame, *FRAGMENTATION_NEEDED, mtu=2000))
    cloud.nb("set Network same mtu=8000")
    cloud.sync()
    cloud.check(a1, frame, passes)


def test_where_mtus_do_not_differ_there_is_no_length_check(cloud):
    """It costs nothing in the data path."""
    a1, b3 = cloud["a1"], cloud["b3"]
    a1.chassis.appctl("revalidator/purge")
    a1.send(of_size(cloud, 500, b3))
    flows = [line for line in a1.chassis.appctl("dpctl/dump-flows").splitlines()
             if "dst=%s" % b3.ip in line]
    assert len(flows) == 1 and "check_pkt_len" not in flows[0], flows
