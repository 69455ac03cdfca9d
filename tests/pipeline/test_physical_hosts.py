# SPDX-License-Identifier: Apache-2.0
"""Physical hosts and the routers on their networks: one chassis, the active gateway of the router
port, answers for it, and takes up what they send; every chassis reaches them."""
import pytest
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6ND_NA, ICMPv6TimeExceeded, IPv6
from scapy.layers.l2 import Dot1Q, Ether

from dfharness import Cloud, packets, packets6

VID = 104
NETWORKS = ("vlan", "flat")
SUBNET = {"vlan": 4, "flat": 5, "overlay": 1}
TTL_EXCEEDED, NET, PORT = (11, 0), (3, 0), (3, 3)


def ip4(network, host):
    return "10.0.%d.%d" % (SUBNET[network], host)


def ip6(network, host):
    return "2001:db8:%d::%d" % (SUBNET[network], host)


class Host:
    """A physical host on a network, at an end of the fabric."""

    def __init__(self, cloud, network, number):
        self.cloud, self.network = cloud, network
        self.mac = "02:bb:00:00:%02x:%02x" % (SUBNET[network], number)
        self.ips = [ip4(network, number), ip6(network, number)]
        self.ip = self.ips[0]
        self.end = cloud.physnets["phys1"].host("%s-%d" % (network, number), self.mac)
        cloud.nb("port-add %s-%d %s %s %s" % (network, number, network, self.mac,
                                              " ".join(self.ips)))

    def wire(self, frame):
        return packets.tagged(VID, frame) if self.network == "vlan" else frame

    def unwire(self, frame):
        """The frame without the tag that it must have."""
        if self.network == "flat":
            assert frame[12:14] != b"\x81\x00"
            return frame
        assert Ether(frame)[Dot1Q].vlan == VID
        return frame[:12] + frame[16:]

    def send(self, frame):
        self.end.send(self.wire(frame))

    def take(self):
        return [self.unwire(frame) for frame in self.end.take()]

    @property
    def router(self):
        return self.cloud.r1[self.network]

    def udp(self, dst, dst_mac=None, **fields):
        if ":" in dst:
            return packets6.udp(self.mac, dst_mac or self.router.mac,
                                fields.pop("src", self.ips[1]), dst, **fields)
        return packets.udp(self.mac, dst_mac or self.router.mac, fields.pop("src", self.ip), dst,
                           **fields)


def routed(frame, src_mac, dst_mac):
    layer = packets6 if Ether(frame).type == 0x86dd else packets
    return layer.routed(frame, src_mac, dst_mac)


def make(**options):
    """c1 and c2 are connected to the physical network, c3 is not; a machine on the overlay on
    each, and one on each provider network on c1."""
    cloud = Cloud(chassis=3, physnets=["phys1"], **options)
    try:
        cloud.chassis[2].configure(bridge_mappings=None)
        cloud.add_network("vlan", "10.0.4.0/24", "2001:db8:4::/64", type="vlan",
                          segmentation_id=VID, physical_network="phys1")
        cloud.add_network("flat", "10.0.5.0/24", "2001:db8:5::/64", type="flat",
                          physical_network="phys1")
        cloud.add_network("overlay", "10.0.1.0/24", "2001:db8:1::/64",
                          type=cloud.encap_types[0])
        cloud.r1 = cloud.add_router("r1", **{network: [ip4(network, 1) + "/24",
                                                       ip6(network, 1) + "/64"]
                                             for network in SUBNET})
        cloud.host = {network: Host(cloud, network, 200) for network in NETWORKS}
        cloud.other = Host(cloud, "vlan", 201)
        for i in (1, 2, 3):
            cloud.add_vm("o%d" % i, "overlay", i - 1, ip4("overlay", 10 + i),
                         ip6("overlay", 10 + i))
        for network in NETWORKS:
            cloud.add_vm(network[0] + "1", network, 0, ip4(network, 11), ip6(network, 11))
        cloud.sync()
        # The fabric learns where they are.
        for host in [*cloud.host.values(), cloud.other]:
            host.send(packets.gratuitous_arp(host.mac, host.ip))
        for network in NETWORKS:
            vm = cloud[network[0] + "1"]
            vm.send(packets.gratuitous_arp(vm.mac, vm.ip))
        cloud.chassis_mac = {chassis.name: chassis_mac(cloud, chassis)
                             for chassis in cloud.chassis[:2]}
        cloud.gateway = {network: gateway(cloud, network) for network in NETWORKS}
    except BaseException:
        cloud.close(verify=False)
        raise
    return cloud


def uplink(cloud, chassis):
    end, = [end for end in cloud.physnets["phys1"].ends if getattr(end, "chassis", None) is chassis]
    return end


def chassis_mac(cloud, chassis):
    """The MAC address that it has on the fabric."""
    vm, host = cloud["o%d" % chassis.number], cloud.host["vlan"]
    cloud.clear()
    vm.send(vm.udp(cloud.r1["overlay"].mac, host.ip))
    frame, = host.take()
    return Ether(frame).src


def answers(cloud, host, frame):
    """What chassis send to the fabric when a host sends a frame: (chassis, frame)."""
    cloud.clear()
    host.send(frame)
    return [(end.chassis, host.unwire(sent)) for end, sent in cloud.physnets["phys1"].frames
            if end is not host.end]


def gateway(cloud, network):
    """The chassis that answers for the router's address."""
    host = cloud.host[network]
    got = answers(cloud, host, packets.arp_request(host.mac, host.ip, ip4(network, 1)))
    assert len(got) == 1, got
    return got[0][0]


@pytest.fixture(scope="module")
def cloud():
    with make() as cloud:
        yield cloud


@pytest.fixture(params=NETWORKS)
def host(cloud, request):
    return cloud.host[request.param]


def gateway_mac(cloud, network):
    return cloud.chassis_mac[cloud.gateway[network].name]


# --- Questions ---------------------------------------------------------------


def test_exactly_one_chassis_answers_an_arp_request_always_the_same(cloud, host):
    request = packets.arp_request(host.mac, host.ip, ip4(host.network, 1))
    want = packets.arp_reply(host.router.mac, ip4(host.network, 1), host.mac, host.ip)
    for _ in range(3):
        assert answers(cloud, host, request) == [(cloud.gateway[host.network], want)]
        assert host.take() == [want]


def test_a_probe_with_sender_zero_is_answered(cloud, host):
    request = packets.arp_request(host.mac, "0.0.0.0", ip4(host.network, 1))
    (chassis, frame), = answers(cloud, host, request)
    assert chassis is cloud.gateway[host.network]
    assert frame == packets.arp_reply(host.router.mac, ip4(host.network, 1), host.mac, "0.0.0.0")


def test_a_unicast_request_is_answered_by_the_gateway_and_dropped_by_others(cloud, host):
    """Whichever chassis the fabric hands it to."""
    request = packets.arp_request(host.mac, host.ip, ip4(host.network, 1), dst=host.router.mac)
    for chassis in cloud.chassis[:2]:
        cloud.clear()
        uplink(cloud, chassis).inject(host.wire(request))
        cloud.settle()
        expected = []
        if chassis is cloud.gateway[host.network]:
            expected = [packets.arp_reply(host.router.mac, ip4(host.network, 1), host.mac,
                                          host.ip)]
        assert host.take() == expected
        cloud.expect({})
        assert cloud.underlay.take() == []


def test_a_question_for_another_network_is_not_answered(cloud, host):
    """It has this router's address, but on another network."""
    for target in (ip4("overlay", 1), ip4("flat" if host.network == "vlan" else "vlan", 1)):
        assert answers(cloud, host, packets.arp_request(host.mac, host.ip, target)) == []


def test_gratuitous_arp_of_a_host_is_not_answered(cloud, host):
    for op in (1, 2):
        assert answers(cloud, host, packets.gratuitous_arp(host.mac, host.ip, op)) == []


def test_a_request_for_a_machine_is_left_to_the_machine(cloud, host):
    request = packets.arp_request(host.mac, host.ip, ip4(host.network, 11))
    assert answers(cloud, host, request) == []
    assert cloud[host.network[0] + "1"].take() == [request]


@pytest.mark.parametrize("unicast", [False, True])
@pytest.mark.parametrize("option", [True, False])
def test_exactly_one_chassis_answers_a_solicitation(cloud, host, unicast, option):
    for target in (ip6(host.network, 1), host.router.link_local):
        where = {"dst": target, "dst_mac": host.router.mac} if unicast else {}
        frame = packets6.solicitation(host.mac, host.ips[1], target, option=option, **where)
        want = packets6.advertisement(host.router.mac, target, host.mac, host.ips[1], router=True,
                                      override=option, option=option)
        assert answers(cloud, host, frame) == [(cloud.gateway[host.network], want)]


def test_a_solicitation_that_a_router_has_forwarded_is_not_answered(cloud, host):
    frame = packets6.solicitation(host.mac, host.ips[1], ip6(host.network, 1), hlim=254)
    assert answers(cloud, host, frame) == []


def test_a_probe_for_the_routers_address_is_answered_to_all(cloud, host):
    """RFC 4862 5.4.3: or a host would take the address."""
    target = ip6(host.network, 1)
    fabric = cloud.physnets["phys1"]
    want = host.wire(packets6.unsolicited(host.router.mac, target, router=True))
    cloud.clear()
    before = len(fabric.announcements)
    host.send(packets6.solicitation(host.mac, "::", target))
    # It looks as what is said unasked, from time to time.
    got = [(end.chassis, frame) for end, frame in fabric.announcements[before:] if frame == want]
    assert got and {chassis for chassis, _ in got} == {cloud.gateway[host.network]}


def test_the_anycast_address_is_answered_without_override(cloud, host):
    target = "2001:db8:%d::" % SUBNET[host.network]
    frame = packets6.solicitation(host.mac, host.ips[1], target)
    (chassis, answer), = answers(cloud, host, frame)
    assert chassis is cloud.gateway[host.network]
    na = Ether(answer)[ICMPv6ND_NA]
    assert (na.tgt, na.R, na.S, na.O) == (target, 1, 1, 0)


# --- The router itself -------------------------------------------------------


def test_the_router_answers_pings_at_each_of_its_addresses(cloud, host):
    for network in SUBNET:
        for target in (ip4(network, 1), ip6(network, 1)):
            v6 = ":" in target
            layer = packets6 if v6 else packets
            src = host.ips[1] if v6 else host.ip
            frame = layer.echo(host.mac, host.router.mac, src, target, ident=3, seq=9)
            (chassis, answer), = answers(cloud, host, frame)
            assert chassis is cloud.gateway[host.network]
            want = layer.echo(gateway_mac(cloud, host.network), host.mac, target, src, ident=3,
                              seq=9, reply=True, **{"hlim" if v6 else "ttl": 64})
            assert packets.compare(host, [answer], [want]) is None, packets.compare(
                host, [answer], [want])


def test_an_echo_request_from_and_to_link_local_addresses_is_answered(cloud, host):
    source = packets6.link_local(host.mac)
    for src, dst in ((source, host.router.link_local), (source, ip6(host.network, 1)),
                     (host.ips[1], host.router.link_local)):
        frame = packets6.echo(host.mac, host.router.mac, src, dst, ident=3, seq=9)
        (chassis, answer), = answers(cloud, host, frame)
        assert chassis is cloud.gateway[host.network]
        p = Ether(answer)
        assert (p.src, p.dst, p[IPv6].src, p[IPv6].dst) == (host.router.mac, host.mac, dst, src)
        assert (p[ICMPv6EchoReply].id, p[ICMPv6EchoReply].seq) == (3, 9)


def test_what_a_link_local_address_gets_from_the_daemon_has_the_networks_tag(cloud, host):
    frame = packets6.udp(host.mac, host.router.mac, packets6.link_local(host.mac),
                         host.router.link_local)
    (chassis, answer), = answers(cloud, host, frame)
    p = Ether(answer)
    assert chassis is cloud.gateway[host.network]
    assert (p.src, p.dst, p[IPv6].src, p[IPv6].dst) == (
        host.router.mac, host.mac, host.router.link_local, packets6.link_local(host.mac))


def check_error(cloud, host, frame, kind, ip=None):
    (chassis, answer), = answers(cloud, host, frame)
    assert chassis is cloud.gateway[host.network]
    error = packets.icmp_error(gateway_mac(cloud, host.network), host.mac,
                               ip or ip4(host.network, 1), frame, *kind)
    assert packets.icmp_error_difference(answer, error) is None, packets.icmp_error_difference(
        answer, error)
    assert cloud.underlay.take() == []


@pytest.mark.parametrize("ttl", [0, 1])
def test_a_packet_that_would_leave_without_ttl_is_answered(cloud, host, ttl):
    check_error(cloud, host, host.udp(cloud["o3"].ip, ttl=ttl), TTL_EXCEEDED)
    frame = host.udp(cloud["o3"].ips[1], hlim=ttl)
    (chassis, answer), = answers(cloud, host, frame)
    p = Ether(answer)
    assert chassis is cloud.gateway[host.network]
    assert (p.src, p.dst, p[IPv6].src, p[IPv6].dst) == (
        gateway_mac(cloud, host.network), host.mac, ip6(host.network, 1), host.ips[1])
    assert bytes(p[ICMPv6TimeExceeded].payload) == frame[14:]


def test_no_route_is_network_unreachable(cloud, host):
    check_error(cloud, host, host.udp("192.0.2.1"), NET)


def test_a_port_of_the_router_is_unreachable(cloud, host):
    check_error(cloud, host, host.udp(ip4(host.network, 1)), PORT)
    check_error(cloud, host, host.udp(ip4("overlay", 1)), PORT, ip=ip4("overlay", 1))


# --- Through the router ------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("family", [0, 1])
def test_a_host_reaches_machines_on_every_chassis_and_they_reach_it(cloud, host, number, family):
    vm = cloud["o%d" % number]
    frame = host.udp(vm.ips[family])
    cloud.check(host, frame, {vm: routed(frame, cloud.r1["overlay"].mac, vm.mac)})
    layer = packets6 if family else packets
    frame = layer.udp(vm.mac, cloud.r1["overlay"].mac, vm.ips[family], host.ips[family])
    # A connected chassis sends by itself, another one by the gateway.
    mac = (cloud.chassis_mac[vm.chassis.name] if number < 3
           else gateway_mac(cloud, host.network))
    cloud.check(vm, frame, {host.end: host.wire(routed(frame, mac, host.mac))})


def test_a_chassis_that_is_not_the_gateway_takes_up_nothing(cloud, host):
    """The fabric floods a frame whose destination it does not know."""
    vm = cloud["o1"]
    for chassis in cloud.chassis[:2]:
        frame = host.udp(vm.ip)
        cloud.clear()
        uplink(cloud, chassis).inject(host.wire(frame))
        cloud.settle()
        expected = {}
        if chassis is cloud.gateway[host.network]:
            expected = {vm: routed(frame, cloud.r1["overlay"].mac, vm.mac)}
        cloud.expect(expected)


@pytest.mark.parametrize("family", [0, 1])
def test_hosts_of_one_network_may_speak_by_the_router(cloud, family):
    """The packet leaves by the port that it has come in by."""
    one, other = cloud.host["vlan"], cloud.other
    frame = one.udp(other.ips[family])
    cloud.check(one, frame, {other.end: other.wire(
        routed(frame, gateway_mac(cloud, "vlan"), other.mac))})


@pytest.mark.parametrize("family", [0, 1])
def test_hosts_of_two_networks_speak_by_the_router(cloud, family):
    vlan, flat = cloud.host["vlan"], cloud.host["flat"]
    for one, other in ((vlan, flat), (flat, vlan)):
        frame = one.udp(other.ips[family])
        cloud.check(one, frame, {other.end: other.wire(
            routed(frame, gateway_mac(cloud, one.network), other.mac))})


def test_a_machine_on_the_network_is_reached_by_the_router_too(cloud, host):
    vm = cloud[host.network[0] + "1"]
    frame = host.udp(vm.ip)
    cloud.clear()
    host.send(frame)
    got, = vm.take()
    assert got == routed(frame, Ether(got).src, vm.mac)


def test_no_mac_address_moves_on_the_fabric(cloud, host):
    """Whatever chassis send there; a learning switch would lose packets."""
    cloud.physnets["phys1"].moves.clear()
    for _ in range(2):
        host.send(packets.arp_request(host.mac, host.ip, ip4(host.network, 1)))
        host.send(packets.echo(host.mac, host.router.mac, host.ip, ip4(host.network, 1)))
        host.send(host.udp(cloud["o2"].ip))
        for number in (1, 2, 3):
            vm = cloud["o%d" % number]
            vm.send(vm.udp(cloud.r1["overlay"].mac, host.ip))
    assert cloud.physnets["phys1"].moves == []


# --- What no host may send ---------------------------------------------------


@pytest.mark.parametrize("source", [
    "127.0.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.5", "239.1.1.1", "255.255.255.255", "240.0.0.1",
    ip4("vlan", 1), ip4("flat", 1), ip4("overlay", 1), "::1", "::", "ff02::1", ip6("vlan", 1),
    ip6("flat", 1), ip6("overlay", 1)])
def test_a_martian_is_dropped(cloud, host, source):
    """RFC 1812 5.3.7; and nothing answers it."""
    v6 = ":" in source
    for target in (cloud["o1"].ips[v6], cloud["o3"].ips[v6], cloud.other.ips[v6],
                   ip4("overlay", 1) if not v6 else ip6("overlay", 1)):
        cloud.check(host, host.udp(target, src=source), {})
        layer = packets6 if v6 else packets
        cloud.check(host, layer.echo(host.mac, host.router.mac, source, target), {})
        assert cloud.underlay.take() == []


def test_an_address_of_the_inside_does_not_come_from_outside(cloud, host):
    o1, o2 = cloud["o1"], cloud["o2"]
    for family in (0, 1):
        cloud.check(host, host.udp(o2.ips[family], src=o1.ips[family]), {})
        cloud.check(host, host.udp([ip4, ip6][family]("overlay", 1), src=o1.ips[family]), {})
    # Of another physical network it may be: a host that is on both.
    frame = host.udp(o2.ip, src=cloud.host["flat" if host.network == "vlan" else "vlan"].ip)
    cloud.check(host, frame, {o2: routed(frame, cloud.r1["overlay"].mac, o2.mac)})


def test_martians_within_the_network_are_none_of_the_routers_business(cloud, host):
    vm = cloud[host.network[0] + "1"]
    frame = host.udp(vm.ip, dst_mac=vm.mac, src="0.0.0.0")
    cloud.check(host, frame, {vm: frame})


def test_what_the_fabric_asks_of_the_daemon_has_a_meter(cloud):
    """One of its own: physical hosts that flood take nothing from local ports."""
    for chassis in cloud.chassis[:2]:
        patch = chassis.ofctl("show", "br-int")
        number = [line.strip().split("(")[0] for line in patch.splitlines()
                  if "phys1" in line and "addr" in line]
        assert len(number) == 1, patch
        flows = [flow for flow in chassis.ofctl("-OOpenFlow13", "dump-flows", "br-int",
                                                "table=176").splitlines()
                 if "reg8=0x%x " % int(number[0]) in flow]
        assert len(flows) == 1 and "meter:" in flows[0], flows
