# SPDX-License-Identifier: Apache-2.0
"""What a chassis that is not connected to a physical network sends there: by tunnel to the active
gateway of the router port, which routes it."""
import pytest
from scapy.contrib.geneve import GENEVE
from scapy.layers.inet import IP
from scapy.layers.inet6 import ICMPv6PacketTooBig, IPv6
from scapy.layers.l2 import Ether, GRE
from scapy.layers.vxlan import VXLAN

from dfharness import Cloud, Failure, packets, packets6, wait_until
from dfharness.process import program, run
from test_physical_hosts import Host, ip4, make, routed

TRANSIT_KEY = 16777214
STRANGER, STRANGER_MAC = "172.31.0.66", "02:aa:00:00:00:66"
TOO_BIG, UNREACHABLE = (3, 4), (3, 1)


@pytest.fixture(scope="module")
def cloud():
    with make() as cloud:
        cloud.stranger = cloud.underlay.host("stranger", STRANGER_MAC)
        yield cloud


@pytest.fixture(params=["4-geneve", "4-vxlan", "4-gre", "6-geneve", "6-vxlan", "6-gre"])
def any_cloud(request):
    family, type_ = request.param.split("-")
    with make(encap_types=(type_,), families={number: family for number in (1, 2, 3)}) as cloud:
        yield cloud


def inner(outer):
    """The key and the frame in a tunnel packet."""
    p = Ether(outer)
    for layer, key in ((GENEVE, "vni"), (VXLAN, "vni"), (GRE, "key")):
        if p.haslayer(layer):
            if layer is GRE:
                return p[GRE].key, bytes(p[GRE].payload)
            return getattr(p[layer], key), bytes(p[layer].payload)
    raise Failure("no tunnel packet: %s" % packets.summary(outer))


def in_transit(cloud, vm, frame):
    """The one tunnel packet that a frame of 'vm' crosses the underlay in."""
    cloud.clear()
    vm.send(frame)
    crossed = cloud.underlay.take()
    assert len(crossed) == 1, [packets.summary(f) for f in crossed]
    return crossed[0]


def frame_to(vm, router_mac, host, family):
    layer = packets6 if family else packets
    return layer.udp(vm.mac, router_mac, vm.ips[family], host.ips[family])


def test_by_any_tunnel(any_cloud):
    """It crosses unrouted, and leaves with one hop less."""
    cloud = any_cloud
    o3, host = cloud["o3"], cloud.host["vlan"]
    for family in (0, 1):
        frame = frame_to(o3, cloud.r1["overlay"].mac, host, family)
        key, sent = inner(in_transit(cloud, o3, frame))
        assert key == TRANSIT_KEY
        assert sent[14:] == frame[14:]
        assert not sent[0] & 1 and sent[:6] not in (frame[:6], bytes(6))
        gateway = cloud.gateway["vlan"]
        cloud.expect({host.end: host.wire(
            routed(frame, cloud.chassis_mac[gateway.name], host.mac))})
        # And back.
        back = host.udp(o3.ips[family])
        cloud.check(host, back, {o3: routed(back, cloud.r1["overlay"].mac, o3.mac)})


def test_each_router_port_has_a_gateway_of_its_own(cloud):
    """What is for the flat network goes to that one's."""
    o3 = cloud["o3"]
    for network, host in cloud.host.items():
        outer = in_transit(cloud, o3, o3.udp(cloud.r1["overlay"].mac, host.ip))
        assert Ether(outer)[IP].dst == cloud.gateway[network].encap_ip


def test_a_connected_chassis_sends_by_itself(cloud):
    for number in (1, 2):
        vm = cloud["o%d" % number]
        cloud.clear()
        vm.send(vm.udp(cloud.r1["overlay"].mac, cloud.host["vlan"].ip))
        assert cloud.underlay.take() == []
        assert len(cloud.host["vlan"].take()) == 1


def test_the_last_hop_ends_on_the_senders_chassis(cloud):
    o3, overlay = cloud["o3"], cloud.r1["overlay"]
    for ttl in (0, 1):
        frame = o3.udp(overlay.mac, cloud.host["vlan"].ip, ttl=ttl)
        cloud.check_icmp_error(o3, frame, packets.icmp_error(overlay.mac, o3.mac, overlay.ip,
                                                             frame, 11, 0))
        assert cloud.underlay.take() == []
    frame = o3.udp(overlay.mac, cloud.host["vlan"].ip, ttl=2)
    cloud.clear()
    o3.send(frame)
    got, = cloud.host["vlan"].take()
    assert Ether(got)[IP].ttl == 1


def test_what_does_not_fit_is_answered_by_the_gateway(cloud):
    o3, overlay, host = cloud["o3"], cloud.r1["overlay"], cloud.host["vlan"]
    cloud.nb("set Network vlan mtu=1300")
    cloud.sync()
    try:
        for size, fits in ((1300, True), (1301, False)):
            frame = o3.udp(overlay.mac, host.ip, data=bytes(size - 28), flags="DF")
            frame6 = packets6.udp(o3.mac, overlay.mac, o3.ips[1], host.ips[1],
                                  data=bytes(size - 48))
            cloud.clear()
            if fits:
                o3.send(frame, frame6)
                assert len(host.take()) == 2 and o3.take() == []
                continue
            cloud.check_icmp_error(o3, frame, packets.icmp_error(
                overlay.mac, o3.mac, overlay.ip, frame, *TOO_BIG, mtu=1300))
            cloud.clear()
            o3.send(frame6)
            answer, = o3.take()
            cloud.expect({})
            p = Ether(answer)
            assert (p.src, p.dst, p[IPv6].src, p[IPv6].dst) == (
                overlay.mac, o3.mac, overlay.ips[1], o3.ips[1])
            assert p[ICMPv6PacketTooBig].mtu == 1300
    finally:
        cloud.nb("set Network vlan mtu=[]")
        cloud.sync()


def test_a_host_that_is_not_there_is_unreachable(cloud):
    """The gateway says so, which is to be heard within some seconds."""
    o3, overlay = cloud["o3"], cloud.r1["overlay"]
    frame = o3.udp(overlay.mac, ip4("vlan", 99))
    cloud.clear()
    o3.send(frame)
    got = []

    def answered():
        cloud.settle()
        got.extend(o3.take())
        return got
    wait_until(answered, "no answer", 20)
    assert len(got) == 1
    error = packets.icmp_error(overlay.mac, o3.mac, overlay.ip, frame, *UNREACHABLE)
    assert packets.icmp_error_difference(got[0], error) is None, packets.icmp_error_difference(
        got[0], error)


def test_an_equal_cost_or_static_route_leads_there_too(cloud):
    o3, host = cloud["o3"], cloud.host["vlan"]
    cloud.nb("route-add r1 192.0.2.0/24 %s" % host.ip)
    cloud.sync()
    try:
        frame = o3.udp(cloud.r1["overlay"].mac, "192.0.2.7")
        cloud.check(o3, frame, {host.end: host.wire(routed(
            frame, cloud.chassis_mac[cloud.gateway["vlan"].name], host.mac))})
    finally:
        cloud.nb("route-del r1 192.0.2.0/24 %s" % host.ip)
        cloud.sync()


# --- What nobody may send ----------------------------------------------------


def replayed(outer, change=None, source=None):
    """A tunnel packet with something changed in its frame."""
    p = Ether(outer)
    p.src = STRANGER_MAC
    if source:
        p[IP].src = source
    if change:
        change(p[GENEVE].payload)
    for layer in (IP, p[IP].payload.__class__):
        del p[layer].chksum
    p[IP].payload.chksum = 0
    return bytes(p)


def test_what_a_stranger_sends_in_transit_is_dropped(cloud):
    o3, host = cloud["o3"], cloud.host["vlan"]
    outer = in_transit(cloud, o3, o3.udp(cloud.r1["overlay"].mac, host.ip))
    got, = host.take()
    cloud.check(cloud.stranger, replayed(outer), {host.end: host.wire(got)})
    cloud.check(cloud.stranger, replayed(outer, source=STRANGER), {})


@pytest.mark.parametrize("mac", ["02:00:00:00:00:01", packets.BROADCAST, "01:00:5e:00:00:01",
                                 "33:33:00:00:00:01", "01:80:c2:00:00:00", "router", "host"])
def test_what_is_for_no_router_port_is_dropped(cloud, mac):
    """Also what is for a MAC address that means something on the networks."""
    o3, host = cloud["o3"], cloud.host["vlan"]
    mac = {"router": host.router.mac, "host": host.mac}.get(mac, mac)
    outer = in_transit(cloud, o3, o3.udp(cloud.r1["overlay"].mac, host.ip))

    def change(frame):
        frame.dst = mac
    cloud.check(cloud.stranger, replayed(outer, change), {})


@pytest.mark.parametrize("dst", ["224.0.0.1", "127.0.0.1", "255.255.255.255", "10.0.4.255",
                                 "192.0.2.99"])
def test_no_destination_in_transit_goes_round(cloud, dst):
    """A router takes it up once, and what it cannot send on it drops or answers."""
    o3, host = cloud["o3"], cloud.host["vlan"]
    outer = in_transit(cloud, o3, o3.udp(cloud.r1["overlay"].mac, host.ip))

    def change(frame):
        frame[IP].dst = dst
        del frame[IP].chksum
        frame[IP].payload.chksum = 0
    cloud.clear()
    cloud.stranger.send(replayed(outer, change))
    assert len(cloud.underlay.take()) <= 2
    assert host.take() == []


def test_a_network_with_the_reserved_key_is_refused(cloud):
    with pytest.raises(Failure):
        cloud.nb("net-add reserved type=geneve segmentation-id=%d" % TRANSIT_KEY)
    cloud.nb_db.transact({"op": "insert", "table": "Network", "row": {
        "name": "reserved", "type": "geneve", "segmentation_id": TRANSIT_KEY}})
    try:
        cloud.sync()
        o3, host = cloud["o3"], cloud.host["vlan"]
        frame = o3.udp(cloud.r1["overlay"].mac, host.ip)
        cloud.check(o3, frame, {host.end: host.wire(routed(
            frame, cloud.chassis_mac[cloud.gateway["vlan"].name], host.mac))})
        cloud.chassis[2].plug("on-reserved", cloud.new_mac(), ["10.0.9.9"])
        cloud.nb("port-add on-reserved reserved %s 10.0.9.9" % cloud["on-reserved"].mac,
                 "--force")
        cloud.sync(ports_up=False)
        assert "reserved" in cloud.chassis[2].dfappctl("status")
    finally:
        cloud["on-reserved"].unplug()
        cloud.nb("--force port-del on-reserved", "net-del reserved")
        cloud.sync()


# --- Chassis that do not agree -----------------------------------------------


def test_the_gateways_may_be_declared(cloud):
    """Then the others of the connected chassis are none, whatever router port it is."""
    host = cloud.host["vlan"]
    request = packets.arp_request(host.mac, host.ip, ip4("vlan", 1))
    o3 = cloud["o3"]
    for chassis in cloud.chassis[:2]:
        chassis.configure(gateway="true")
        wait_until(lambda: cloud.nb_db.rows("Chassis", [["name", "==", chassis.name]],
                                            ["gateway"])[0]["gateway"] is True, "the declaration")
        cloud.sync()
        cloud.clear()
        host.send(request)
        assert [end.chassis for end, _ in cloud.physnets["phys1"].frames
                if end is not host.end] == [chassis]
        outer = in_transit(cloud, o3, o3.udp(cloud.r1["overlay"].mac, host.ip))
        assert Ether(outer)[IP].dst == chassis.encap_ip
        chassis.configure(gateway=None)
        wait_until(lambda: cloud.nb_db.rows("Chassis", [["name", "==", chassis.name]],
                                            ["gateway"])[0]["gateway"] is not True, "the end of it")
    cloud.sync()


def test_a_gateway_that_others_take_for_none_sends_on_what_comes_to_it(cloud):
    """While chassis learn of a change at different times, nothing is lost."""
    o3, host = cloud["o3"], cloud.host["vlan"]
    frame = o3.udp(cloud.r1["overlay"].mac, host.ip)
    outer = in_transit(cloud, o3, frame)
    other, = [c for c in cloud.chassis[:2] if c is not cloud.gateway["vlan"]]
    p = Ether(outer)
    p[IP].dst, p.dst = other.encap_ip, other.underlay_mac
    cloud.check(cloud.stranger, replayed(bytes(p)), {host.end: host.wire(
        routed(frame, cloud.chassis_mac[other.name], host.mac))})


def test_two_chassis_that_take_one_another_for_the_gateway_send_nothing_around():
    """c1 has been cut off from the physical network and takes c2 for the gateway, which is none
    any more and takes c1 for it."""
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        c1, c2 = cloud.chassis
        cloud.add_network("vlan", "10.0.4.0/24", "2001:db8:4::/64", type="vlan",
                          segmentation_id=104, physical_network="phys1")
        cloud.add_network("overlay", "10.0.1.0/24")
        cloud.r1 = cloud.add_router("r1", vlan="10.0.4.1/24", overlay="10.0.1.1/24")
        for i in (1, 2):
            cloud.add_vm("o%d" % i, "overlay", i - 1, "10.0.1.1%d" % i)
        host = Host(cloud, "vlan", 200)
        mappings = c1.vsctl("get", "Open_vSwitch", ".",
                            "external_ids:dragonflow-bridge-mappings").strip().strip('"')
        c1.configure(bridge_mappings=None)
        cloud.sync()
        o1, o2 = cloud["o1"], cloud["o2"]
        cloud.clear()
        o1.send(o1.udp(cloud.r1["overlay"].mac, host.ip))
        assert len(host.take()) == 1
        c1.controller.exit("--restart")  # Its flows stay as they are.
        c2.configure(bridge_mappings=None)
        cloud.nb_db.transact({"op": "update", "table": "Chassis", "where": [["name", "==", "c1"]],
                              "row": {"bridge_mappings": ["map", [["phys1", "br-phys1"]]]}})
        wait_until(lambda: "TUN_IPV4_DST" in "".join(f for f in c2.flows() if "table=132" in f),
                   lambda: "\n".join(c2.flows()), 20)
        for vm in (o1, o2):
            cloud.clear()
            vm.send(vm.udp(cloud.r1["overlay"].mac, host.ip))
            assert len(cloud.underlay.take()) == 1
            cloud.expect({})
        c2.configure(bridge_mappings=mappings)
        c1.start_controller()
        cloud.sync()
        cloud.clear()
        o1.send(o1.udp(cloud.r1["overlay"].mac, host.ip))
        assert len(host.take()) == 1


def test_a_trace_names_the_gateway(cloud):
    o3, host = cloud["o3"], cloud.host["vlan"]
    trace = run([program("dfctl"), "--db=" + cloud.nb_db.remote, "trace", "o3",
                 "icmp,nw_dst=%s" % host.ip], env=o3.chassis.env)
    assert "sent to gateway %s over " % cloud.gateway["vlan"].name in trace
