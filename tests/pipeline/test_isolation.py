# SPDX-License-Identifier: Apache-2.0
"""Unrelated networks with the same addresses are kept fully apart."""
import pytest

from dfharness import Cloud, packets

MACS = {"p": "0a:11:00:00:00:01", "q": "0a:11:00:00:00:02"}


@pytest.fixture(scope="module")
def cloud():
    """Two tenants, "red" and "blue", with the same subnets, the same addresses,
    the same MACs, on the same two chassis."""
    with Cloud(chassis=2) as cloud:
        cloud.routers = {}
        for tenant in ("red", "blue"):
            cloud.add_network(tenant + "-left", "10.0.1.0/24")
            cloud.add_network(tenant + "-right", "10.0.2.0/24")
            cloud.routers[tenant] = cloud.add_router(
                tenant, **{tenant + "-left": "10.0.1.1/24", tenant + "-right": "10.0.2.1/24"})
            cloud.add_vm(tenant + "-p", tenant + "-left", 0, "10.0.1.11", mac=MACS["p"])
            cloud.add_vm(tenant + "-q", tenant + "-right", 1, "10.0.2.11", mac=MACS["q"])
            cloud.add_vm(tenant + "-s", tenant + "-left", 1, "10.0.1.12")
        cloud.sync()
        yield cloud


@pytest.mark.parametrize("tenant", ["red", "blue"])
def test_a_routed_packet_stays_with_its_tenant(cloud, tenant):
    p, q, router = cloud[tenant + "-p"], cloud[tenant + "-q"], cloud.routers[tenant]
    frame = p.udp(router[tenant + "-left"].mac, q.ip)
    cloud.check(p, frame, {q: packets.routed(frame, router[tenant + "-right"].mac, q.mac)})


@pytest.mark.parametrize("tenant", ["red", "blue"])
def test_a_broadcast_stays_with_its_tenant(cloud, tenant):
    p, s = cloud[tenant + "-p"], cloud[tenant + "-s"]
    frame = p.udp(packets.BROADCAST, "255.255.255.255")
    cloud.check(p, frame, {s: frame})


@pytest.mark.parametrize("tenant", ["red", "blue"])
def test_an_arp_request_is_answered_from_its_own_network(cloud, tenant):
    p = cloud[tenant + "-p"]
    router = cloud.routers[tenant][tenant + "-left"]
    cloud.check(p, p.arp_request("10.0.1.1"),
                {p: packets.arp_reply(router.mac, "10.0.1.1", p.mac, p.ip)})
    s = cloud[tenant + "-s"]
    cloud.check(p, p.arp_request(s.ip), {p: packets.arp_reply(s.mac, s.ip, p.mac, p.ip)})


def test_the_other_tenants_router_is_out_of_reach(cloud):
    p = cloud["red-p"]
    frame = p.udp(cloud.routers["blue"]["blue-left"].mac, "10.0.2.11")
    if cloud.routers["blue"]["blue-left"].mac != cloud.routers["red"]["red-left"].mac:
        cloud.check(p, frame, {})
