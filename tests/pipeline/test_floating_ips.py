# SPDX-License-Identifier: Apache-2.0
"""Floating IPs, byte for byte: one for one, without state, on the chassis of the machine."""
import pytest

from dfharness import Cloud, packets

VID = 104
GATEWAY_MAC, GATEWAY_IP = "02:bb:00:00:00:01", "203.0.113.254"
FAR = "198.51.100.7"
# The floating IPs and MACs of a1 (on c1), a2 (on c2), a3 (on c3, which is not connected).
FIPS = {"a1": "203.0.113.11", "a2": "203.0.113.12", "a3": "203.0.113.13", "b1": "203.0.113.21"}
MACS = {name: "0a:ff:00:00:00:%02x" % i for i, name in enumerate(FIPS, 1)}


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=3, physnets=["phys1"]) as cloud:
        cloud.chassis[2].configure(bridge_mappings=None)
        cloud.add_network("ext", "203.0.113.0/24", type="vlan", segmentation_id=VID,
                          physical_network="phys1", external="true")
        cloud.add_network("a", "10.0.1.0/24")
        cloud.add_network("b", "10.0.2.0/24")
        cloud.r1 = cloud.add_router("r1", ext="203.0.113.1/24", a="10.0.1.1/24",
                                    b="10.0.2.1/24")
        cloud.nb("route-add r1 0.0.0.0/0 %s" % GATEWAY_IP)
        for number in (1, 2, 3):
            cloud.add_vm("a%d" % number, "a", number - 1, "10.0.1.1%d" % number)
            cloud.add_vm("b%d" % number, "b", number - 1, "10.0.2.1%d" % number)
        cloud.phys1 = cloud.physnets["phys1"]
        cloud.gateway = cloud.phys1.router("gateway", GATEWAY_MAC, GATEWAY_IP)
        for name in FIPS:
            add_floating_ip(cloud, name)
        cloud.sync()
        for name in ("a1", "a2"):  # Each chassis has found the gateway.
            cloud[name].send(outward(cloud, name, packets.udp)[0])
        yield cloud


def add_floating_ip(cloud, name):
    cloud.nb("nat-add r1 dnat_and_snat %s %s name=fip-%s external-mac=%s"
             % (FIPS[name], cloud[name].ip, name, MACS[name]))


def vlan(frame):
    return packets.tagged(VID, frame)


def outward(cloud, name, make, **fields):
    """A frame of a machine to a host far away, and what the gateway gets."""
    vm = cloud[name]
    network = name[0]
    frame = make(vm.mac, cloud.r1[network].mac, vm.ip, FAR, **fields)
    ttl = fields.pop("ttl", 64)
    return frame, vlan(make(MACS[name], GATEWAY_MAC, FIPS[name], FAR, ttl=ttl - 1, **fields))


def inward(cloud, name, make, src=FAR, **fields):
    """A frame from far away to a floating IP, and what the machine gets."""
    vm = cloud[name]
    frame = make(GATEWAY_MAC, MACS[name], src, FIPS[name], **fields)
    ttl = fields.pop("ttl", 64)
    return vlan(frame), make(cloud.r1[name[0]].mac, vm.mac, src, vm.ip, ttl=ttl - 1, **fields)


MAKERS = [packets.udp, packets.tcp, packets.echo]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("name", FIPS)
def test_a_machine_speaks_to_a_host_far_away(cloud, name, make):
    """That of a chassis that is not connected by the active gateway."""
    frame, want = outward(cloud, name, make)
    cloud.check(cloud[name], frame, {cloud.gateway: want})


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("name", FIPS)
def test_a_host_far_away_speaks_to_a_machine(cloud, name, make):
    frame, want = inward(cloud, name, make)
    cloud.check(cloud.gateway, frame, {cloud[name]: want})


@pytest.mark.parametrize("name", FIPS)
def test_one_chassis_answers_for_a_floating_ip(cloud, name):
    request = packets.arp_request(GATEWAY_MAC, GATEWAY_IP, FIPS[name])
    cloud.check(cloud.gateway, vlan(request), {
        cloud.gateway: vlan(packets.arp_reply(MACS[name], FIPS[name], GATEWAY_MAC, GATEWAY_IP))})


def test_no_mac_address_moves_on_the_fabric(cloud):
    cloud.phys1.moves.clear()
    for name in FIPS:
        for make in MAKERS:
            cloud.check(cloud[name], outward(cloud, name, make)[0],
                        {cloud.gateway: outward(cloud, name, make)[1]})
            cloud.check(cloud.gateway, inward(cloud, name, make)[0],
                        {cloud[name]: inward(cloud, name, make)[1]})
    assert cloud.phys1.moves == []


@pytest.mark.parametrize("source", ["a1", "b1", "a2"])
@pytest.mark.parametrize("target", ["a1", "a2", "b1", "a3"])
def test_a_machine_speaks_to_a_floating_ip_from_its_own(cloud, source, target):
    """To its own, to another's on the same chassis, and on another one."""
    a, b = cloud[source], cloud[target]
    frame = a.udp(cloud.r1[source[0]].mac, FIPS[target])
    want = packets.udp(cloud.r1[target[0]].mac, b.mac, FIPS[source], b.ip, ttl=62)
    cloud.check(a, frame, {b: want})


def test_a_machine_without_floating_ip_leaves_as_it_is(cloud):
    """No translation tells otherwise: it is routed."""
    frame = cloud["b2"].udp(cloud.r1["b"].mac, FAR)
    cloud.clear()
    cloud["b2"].send(frame)
    got = cloud.gateway.take()
    assert len(got) == 1 and packets.summary(got[0]).find("10.0.2.12") > 0


def test_east_west_is_not_translated(cloud):
    frame = cloud["a1"].udp(cloud.r1["a"].mac, cloud["b2"].ip)
    cloud.check(cloud["a1"], frame,
                {cloud["b2"]: packets.routed(frame, cloud.r1["b"].mac, cloud["b2"].mac)})


def test_east_west_does_not_look_at_the_source(cloud):
    chassis = cloud.chassis[0]
    frame = cloud["a1"].udp(cloud.r1["a"].mac, cloud["b2"].ip)
    cloud.clear()
    chassis.appctl("revalidator/purge")
    cloud["a1"].send(frame)
    flows = [line for line in chassis.appctl("dpctl/dump-flows").splitlines()
             if "dst=10.0.2.12" in line and "br-int" not in line]
    assert flows
    for line in flows:
        match, actions = line.split(", actions:")
        assert "ipv4(src=" not in match and "recirc_id(0)" in match and "ct" not in actions, line


@pytest.mark.parametrize("ttl", [0, 1])
def test_a_ttl_that_ends_at_the_router_is_told_of_the_floating_ip(cloud, ttl):
    frame = packets.udp(GATEWAY_MAC, MACS["a1"], FAR, FIPS["a1"], ttl=ttl)
    cloud.clear()
    cloud.gateway.send(vlan(frame))
    got = cloud.gateway.take()
    assert len(got) == 1
    want = packets.icmp_error(None, GATEWAY_MAC, "203.0.113.1", frame, 11, 0)
    want["eth_src"] = packets.Ether(got[0]).src
    assert packets.icmp_error_difference(packets.untagged(got[0]), want) is None


def test_what_is_too_big_for_the_network_inside_is_told_of_the_floating_ip(cloud):
    cloud.nb("set Network a mtu=1400")
    cloud.sync()
    try:
        fits = packets.udp(GATEWAY_MAC, MACS["a1"], FAR, FIPS["a1"], data=b"x" * 1372)
        cloud.check(cloud.gateway, vlan(fits), {cloud["a1"]: packets.udp(
            cloud.r1["a"].mac, cloud["a1"].mac, FAR, cloud["a1"].ip, ttl=63, data=b"x" * 1372)})
        frame = packets.udp(GATEWAY_MAC, MACS["a1"], FAR, FIPS["a1"], data=b"x" * 1373)
        cloud.clear()
        cloud.gateway.send(vlan(frame))
        got = cloud.gateway.take()
        assert len(got) == 1 and not cloud["a1"].take()
        want = packets.icmp_error(packets.Ether(got[0]).src, GATEWAY_MAC, "203.0.113.1", frame,
                                  3, 4, mtu=1400)
        assert packets.icmp_error_difference(packets.untagged(got[0]), want) is None
    finally:
        cloud.nb("set Network a mtu=1442")
        cloud.sync()


def test_a_floating_ip_that_goes_cuts_at_once(cloud):
    cloud.nb("nat-del fip-b1")
    cloud.sync()
    try:
        cloud.check(cloud.gateway, inward(cloud, "b1", packets.udp)[0], {})
        cloud.check(cloud.gateway, vlan(packets.arp_request(GATEWAY_MAC, GATEWAY_IP, FIPS["b1"])),
                    {})
    finally:
        add_floating_ip(cloud, "b1")
        cloud.sync()
    frame, want = inward(cloud, "b1", packets.udp)
    cloud.check(cloud.gateway, frame, {cloud["b1"]: want})


def test_the_mac_address_of_a_floating_ip_need_not_be_given(cloud):
    cloud.nb("nat-del fip-b1")
    cloud.nb("nat-add r1 dnat_and_snat %s %s name=fip-b1" % (FIPS["b1"], cloud["b1"].ip))
    cloud.sync()
    try:
        cloud.clear()
        cloud.gateway.send(vlan(packets.arp_request(GATEWAY_MAC, GATEWAY_IP, FIPS["b1"])))
        (reply,) = cloud.gateway.take()
        mac = packets.Ether(reply).src
        assert int(mac[:2], 16) & 3 == 2
        frame = packets.udp(GATEWAY_MAC, mac, FAR, FIPS["b1"])
        cloud.check(cloud.gateway, vlan(frame), {cloud["b1"]: packets.udp(
            cloud.r1["b"].mac, cloud["b1"].mac, FAR, cloud["b1"].ip, ttl=63)})
    finally:
        cloud.nb("nat-del fip-b1")
        add_floating_ip(cloud, "b1")
        cloud.sync()


def learned(cloud):
    """The bridges to the fabric forward by what they have seen last."""
    for chassis in cloud.chassis:
        chassis.revalidated()


def test_a_floating_ip_follows_its_machine(cloud):
    """To a chassis that is not connected: then the active gateway has it."""
    b1 = cloud["b1"]
    b1.unplug()
    moved = cloud.chassis[2].plug("b1", b1.mac, b1.ips)
    cloud.sync()
    try:
        frame, want = outward(cloud, "b1", packets.udp)  # The fabric learns where it is.
        cloud.check(moved, frame, {cloud.gateway: want})
        learned(cloud)
        frame, want = inward(cloud, "b1", packets.udp)
        cloud.check(cloud.gateway, frame, {moved: want})
    finally:
        moved.unplug()
        cloud.chassis[0].plug("b1", b1.mac, b1.ips)
        cloud.sync()
    frame, want = outward(cloud, "b1", packets.udp)
    cloud.check(cloud["b1"], frame, {cloud.gateway: want})
    learned(cloud)
    frame, want = inward(cloud, "b1", packets.udp)
    cloud.check(cloud.gateway, frame, {cloud["b1"]: want})


QUOTED = {"udp": packets.udp, "tcp": packets.tcp, "echo": packets.echo}


@pytest.mark.parametrize("icmp_type, code", [(3, 0), (3, 1), (3, 3), (3, 4), (11, 0), (11, 1),
                                             (12, 0), (4, 0)])
@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("name", ["a1", "a3"])
def test_an_icmp_error_from_far_away_quotes_what_the_machine_sent(
        cloud, name, quoted, icmp_type, code):
    vm = cloud[name]
    error = packets.ICMP(type=icmp_type, code=code)

    def about(address):
        """What the machine sent, as the one that complains saw it."""
        sent = QUOTED[quoted](vm.mac, GATEWAY_MAC, address, FAR, ttl=9)
        length = 28 if quoted == "tcp" else None
        return error / packets.Raw(bytes(packets.Ether(sent)[packets.IP])[:length])

    frame = packets.ipv4(GATEWAY_MAC, MACS[name], "192.0.2.9", FIPS[name], about(FIPS[name]))
    want = packets.ipv4(cloud.r1["a"].mac, vm.mac, "192.0.2.9", vm.ip, about(vm.ip), ttl=63)
    cloud.check(cloud.gateway, vlan(frame), {vm: want})


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("name", ["a1", "a3"])
def test_an_icmp_error_of_a_machine_quotes_what_was_sent_to_its_floating_ip(cloud, name, quoted):
    vm = cloud[name]

    def about(address):
        sent = QUOTED[quoted](GATEWAY_MAC, vm.mac, FAR, address, ttl=9)
        return packets.ICMP(type=3, code=3) / packets.Raw(bytes(packets.Ether(sent)[packets.IP]))

    frame = packets.ipv4(vm.mac, cloud.r1["a"].mac, vm.ip, FAR, about(vm.ip))
    want = packets.ipv4(MACS[name], GATEWAY_MAC, FIPS[name], FAR, about(FIPS[name]), ttl=63)
    cloud.check(vm, frame, {cloud.gateway: vlan(want)})


@pytest.mark.parametrize("icmp_type, quoted", [(5, FIPS["a1"]), (3, FIPS["a2"]),
                                               (3, "10.0.1.11")])
def test_an_icmp_error_about_nothing_of_the_machine_does_not_pass(cloud, icmp_type, quoted):
    sent = packets.udp(MACS["a1"], GATEWAY_MAC, quoted, FAR, ttl=9)
    frame = packets.ipv4(GATEWAY_MAC, MACS["a1"], "192.0.2.9", FIPS["a1"], packets.ICMP(
        type=icmp_type, code=1) / packets.Raw(bytes(packets.Ether(sent)[packets.IP])))
    cloud.check(cloud.gateway, vlan(frame), {})


def fragments(frame, size=1400):
    return [bytes(part) for part in packets.Ether(frame).fragment(size)]


def datagram(frames):
    """The payload of the IP datagram that these frames are the fragments of."""
    parts = sorted((packets.Ether(f)[packets.IP] for f in frames), key=lambda ip: ip.frag)
    return b"".join(bytes(ip.payload) for ip in parts)


@pytest.mark.parametrize("size", [2500, 8000])
@pytest.mark.parametrize("name", ["a1", "a3"])
def test_fragments_pass_both_ways(cloud, name, size):
    """With the checksum of the whole, which only the first one has."""
    vm, data = cloud[name], bytes(i % 251 for i in range(size))
    sent = packets.udp(vm.mac, cloud.r1["a"].mac, vm.ip, FAR, data=data)
    want = packets.udp(MACS[name], GATEWAY_MAC, FIPS[name], FAR, data=data)
    cloud.clear()
    vm.send(*fragments(sent))
    got = [packets.untagged(f) for f in cloud.gateway.take()]
    assert len(got) == len(fragments(sent))
    assert {(p.src, p.dst, p[packets.IP].src, p[packets.IP].dst, p[packets.IP].ttl)
            for p in map(packets.Ether, got)} == {(MACS[name], GATEWAY_MAC, FIPS[name], FAR, 63)}
    assert datagram(got) == bytes(packets.Ether(want)[packets.IP].payload)

    sent = packets.udp(GATEWAY_MAC, MACS[name], FAR, FIPS[name], sport=20000, dport=10000,
                       data=data)
    want = packets.udp(cloud.r1["a"].mac, vm.mac, FAR, vm.ip, sport=20000, dport=10000, data=data)
    for part in fragments(sent):
        cloud.gateway.send(vlan(part))
    got = vm.take()
    assert len(got) == len(fragments(sent))
    assert {(p.src, p[packets.IP].dst, p[packets.IP].ttl)
            for p in map(packets.Ether, got)} == {(cloud.r1["a"].mac, vm.ip, 63)}
    assert datagram(got) == bytes(packets.Ether(want)[packets.IP].payload)


@pytest.mark.parametrize("source, target", [("a1", "b1"), ("b1", "a1"), ("a1", "a1"),
                                            ("a1", "a2"), ("a1", "a3"), ("a3", "a1")])
def test_fragments_pass_from_one_floating_ip_to_another(cloud, source, target):
    """Translated twice, on one chassis or on two; and the answer, of the same datagram turned."""
    data = bytes(i % 251 for i in range(2500))
    for a, b, ports in ((source, target, (10000, 20000)), (target, source, (20000, 10000))):
        vm, peer = cloud[a], cloud[b]
        sent = vm.udp(cloud.r1[a[0]].mac, FIPS[b], sport=ports[0], dport=ports[1], data=data)
        cloud.clear()
        vm.send(*fragments(sent))
        got = peer.take()
        assert len(got) == len(fragments(sent))
        assert {(p.src, p.dst, p[packets.IP].src, p[packets.IP].dst, p[packets.IP].ttl)
                for p in map(packets.Ether, got)} == {
                    (cloud.r1[b[0]].mac, peer.mac, FIPS[a], peer.ip, 62)}
        want = packets.udp(vm.mac, peer.mac, FIPS[a], peer.ip, *ports, data=data)
        assert datagram(got) == bytes(packets.Ether(want)[packets.IP].payload)


@pytest.mark.parametrize("target", ["a1", "b1", "a2", "a3"])
@pytest.mark.parametrize("source", ["b2", "b3"])
def test_errors_get_back_to_a_machine_without_a_floating_ip(cloud, source, target):
    """Its address outside is the router's own, and conntrack alone knows it."""
    vm = cloud[source]
    cloud.nb("nat-add r1 snat 203.0.113.1 10.0.2.0/24 name=shared",
             "set Network %s mtu=1300" % target[0])
    cloud.sync()
    try:
        for size, ttl, error in ((10, 2, (11, 0)), (1300, 64, (3, 4))):
            if error == (3, 4) and source[0] == target[0]:
                continue  # It does not get that far.
            frame = vm.udp(cloud.r1["b"].mac, FIPS[target], data=b"x" * size, ttl=ttl)
            cloud.clear()
            vm.send(frame)
            (got,) = [packets.Ether(f) for f in vm.take()]
            assert (got[packets.ICMP].type, got[packets.ICMP].code) == error
            quoted = got[packets.ICMP].payload
            assert (got[packets.IP].dst, quoted.src, quoted.dst) == (vm.ip, vm.ip, FIPS[target])
            assert quoted.payload.sport == packets.Ether(frame).sport
    finally:
        cloud.nb("nat-del shared", "set Network %s mtu=1442" % target[0])
        cloud.sync()
