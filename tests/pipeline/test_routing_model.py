# SPDX-License-Identifier: Apache-2.0
"""What becomes of packets in random topologies of both families is what the RFCs have become of
them, as an independent model says (dfharness/routing_model.py).

DRAGONFLOW_MODEL_SEED repeats what a failure has printed, or tries something else;
DRAGONFLOW_MODEL_PACKETS says how many packets there are in each topology (default 240)."""
import ipaddress
import os
import random

import pytest
from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from dfharness import Cloud
from dfharness.routing_model import (NO_ADDRESS, NOTHING, Delivery, Model, Packet, Port, Router,
                                     RouterPort, contains)

SEED = int(os.environ.get("DRAGONFLOW_MODEL_SEED", 1))
PACKETS = int(os.environ.get("DRAGONFLOW_MODEL_PACKETS", 240))
BATCH = 40
FIRST_TAG = 20000
LARGE = 1450  # Fits 1500, but not 1400.

pytestmark = pytest.mark.timeout(180 + PACKETS)

ip = ipaddress.ip_address


# --- Topologies ---------------------------------------------------------------


class Drawing:
    """A random topology: its model, and the commands that make it."""

    def __init__(self, rng):
        self.rng, self.model, self.commands = rng, Model(), []
        for i in range(5):
            self.network(i)
        for i in range(4):
            self.router(i)
        self.macs = 0
        for i, name in enumerate(self.model.mtus):
            for _ in range(rng.choice((0, 2, 3)) if i > 1 else 2):  # Some are for transit only.
                self.port(name)
        for router in self.model.routers.values():
            for _ in range(rng.randint(2, 7)):
                self.route(router)

    def network(self, i):
        name = "n%d" % i
        kind = self.rng.choice(("geneve", "geneve", "vxlan", "gre", "vlan"))
        self.model.mtus[name] = self.rng.choice((1500, 1500, 1400))
        self.commands.append("net-add %s type=%s mtu=%d%s" % (
            name, kind, self.model.mtus[name],
            " physical-network=phys1 segmentation-id=%d" % (100 + i) if kind == "vlan" else ""))
        subnets = {4: ["10.0.%d.0/24" % i], 6: ["2001:db8:0:%d::/64" % i]}
        if self.rng.random() < 0.3:
            subnets[4].append("10.1.%d.16/28" % i)
        if self.rng.random() < 0.3:
            subnets[6].append("fd00:0:0:%d::/%d" % (i, self.rng.choice((64, 112, 124))))
        if self.rng.random() < 0.2:
            subnets = {4: ["10.2.%d.2/31" % i], 6: ["2001:db8:2:%d::/127" % i]}
        families = self.rng.choice(((4,), (6,), (4, 6), (4, 6)))
        self.model.subnets[name] = [ipaddress.ip_network(s) for f in families for s in subnets[f]]
        self.commands += ["subnet-add %s-%d %s %s" % (name, j, name, s)
                          for j, s in enumerate(self.model.subnets[name])]

    def free(self, network, subnet):
        """An address of 'subnet' that nobody has; None if there is none."""
        taken = {a for p in self.model.ports for a in p.ips} | {
            i.ip for p in self.model.router_ports() for i in p.interfaces}
        hosts = range(1, 15) if subnet.num_addresses > 2 else range(2)
        left = [subnet[h] for h in hosts if subnet[h] not in taken]
        return self.rng.choice(left) if left else None

    def router(self, i):
        router = Router("r%d" % i, enabled=self.rng.random() < 0.9)
        self.model.routers[router.name] = router
        self.commands.append("router-add %s" % router.name)
        if not router.enabled:
            self.commands.append("set Router %s enabled=false" % router.name)
        networks = self.rng.sample(sorted(self.model.mtus), self.rng.randint(2, 4))
        for j, network in enumerate(networks):
            subnets = [s for s in self.model.subnets[network] if self.rng.random() < 0.9]
            addresses = [(a, s) for s in subnets for a in [self.free(network, s)] if a]
            if not addresses:
                continue
            port = RouterPort("%s-%s" % (router.name, network), router.name, network,
                              "0e:00:00:00:%02x:%02x" % (i, j),
                              [ipaddress.ip_interface("%s/%d" % (a, s.prefixlen))
                               for a, s in addresses])
            router.ports.append(port)
            self.commands.append("router-port-add %s %s %s %s %s" % (
                port.name, router.name, network, port.mac,
                " ".join(i.with_prefixlen for i in port.interfaces)))

    def port(self, network):
        self.macs += 1
        ips = [a for s in self.model.subnets[network] for a in [self.free(network, s)] if a]
        if ips:
            nowhere = self.macs > 2 and self.rng.random() < 0.1
            self.model.ports.append(Port("vm%d" % self.macs, network, "0a:00:00:00:00:%02x"
                                         % self.macs, ips, nowhere))

    def route(self, router):
        """One that is in force, perhaps beside another one to the same prefix."""
        connected = [i.network for p in router.ports for i in p.interfaces]
        if not connected:
            return
        subnet = self.rng.choice(connected)
        network = next(p.network for p in router.ports
                       if subnet in [i.network for i in p.interfaces])
        own = [i.ip for p in router.ports for i in p.interfaces]
        next_hops = [a for p in self.model.ports for a in p.ips if p.network == network] + 3 * [
            i.ip for p in self.model.router_ports() for i in p.interfaces
            if p.network == network] + [self.free(network, subnet)]
        next_hops = [a for a in next_hops if a and a in subnet and a not in own]
        if not next_hops:
            return
        others = [s for n in self.model.subnets.values() for s in n if s.version == subnet.version]
        hosts = [ipaddress.ip_network(a) for p in self.model.ports for a in p.ips
                 if a.version == subnet.version]
        edges = [ipaddress.ip_network(a) for s in connected if s.version == subnet.version
                 for a in (s[0], s[-1])]
        prefixes = others + hosts + [
            ipaddress.ip_network(n) for n in (("0.0.0.0/0", "10.0.0.0/8", "192.0.2.0/24")
                                              if subnet.version == 4 else
                                              ("::/0", "2001:db8::/32", "2001:db8:ffff::/48"))]
        prefixes += edges + [p for p, _ in router.routes if p.version == subnet.version]
        route = (self.rng.choice([p for p in prefixes if p not in connected]),
                 self.rng.choice(next_hops))
        if route not in router.routes:
            router.routes.append(route)
            self.commands.append("route-add %s %s %s" % (router.name, *route))

    def build(self, cloud):
        cloud.nb(*self.commands)
        for port in self.model.ports:
            if port.nowhere:
                cloud.nb("port-add %s %s %s %s" % (port.name, port.network, port.mac,
                                                   " ".join(map(str, port.ips))))
            else:
                cloud.add_vm(port.name, port.network, self.rng.randrange(len(cloud.chassis)),
                             *map(str, port.ips), mac=port.mac)
        cloud.sync()


# --- Packets ------------------------------------------------------------------


def draw_packet(rng, model):
    """A machine, the MAC address of a router on its network, and a packet; None if they do not
    go together."""
    sender = rng.choice([p for p in model.ports if not p.nowhere])
    routers = [p for p in model.router_ports() if p.network == sender.network]
    src = rng.choice(sender.ips)
    special = (["192.0.2.9", "203.0.113.1", "224.0.0.5", "240.0.0.1", "169.254.1.1"]
               if src.version == 4 else ["2001:db8:ffff::9", "2001:db9::1", "ff0e::5", "fe80::77"])
    subnets = [s for n in model.subnets.values() for s in n]
    groups = [[a for p in model.ports for a in p.ips if p is not sender]] * 3 + [
        [i.ip for p in model.router_ports() for i in p.interfaces],
        [s[h] for s in subnets for h in (0, -1, min(14, s.num_addresses - 1))],
        [ip(a) for a in special]]
    candidates = [a for a in rng.choice(groups) if a.version == src.version]
    if not routers or not candidates:
        return None
    dst = rng.choice(candidates)
    router_port = rng.choice(routers)
    if src.version == 6 and rng.random() < 0.05:
        dst = router_port.link_local or dst
    # Which of the two is to be said of a special address with a TTL of 1 no RFC says.
    ttl = 8 if str(dst) in special else rng.choice((1, 2, 3, 8, 8, 8))
    size = LARGE if model.mtus[sender.network] >= LARGE and rng.random() < 0.3 else 100
    return sender, router_port.mac, Packet(rng.choice(("udp", "echo")), src, dst, ttl, size)


def frame_of(sender, dst_mac, packet, tag):
    """Its number is its UDP source port, or the identifier of its echo request."""
    ether = Ether(src=sender.mac, dst=dst_mac)
    src, dst = str(packet.src), str(packet.dst)
    if packet.src.version == 4:
        header = IP(src=src, dst=dst, ttl=packet.ttl, flags="DF", id=tag)
        echo, length = ICMP(type=8, id=tag, seq=1), 20
    else:
        header = IPv6(src=src, dst=dst, hlim=packet.ttl)
        echo, length = ICMPv6EchoRequest(id=tag, seq=1), 40
    layer = UDP(sport=tag, dport=33434) if packet.kind == "udp" else echo
    return bytes(ether / header / layer / Raw(b"m" * (packet.size - length - 8)))


def layer_4(ether_type, raw):
    """Source, destination, TTL, protocol and payload of an IP packet, which may be cut off."""
    if ether_type == 0x0800:
        length = (raw[0] & 0xf) * 4
        return (ip(raw[12:16]), ip(raw[16:20]), raw[8], raw[9], raw[length:])
    return ip(raw[8:24]), ip(raw[24:40]), raw[7], raw[6], raw[40:]


def tag_of(protocol, payload):
    at = 4 if protocol in (1, 58) else 0
    return int.from_bytes(payload[at:at + 2], "big")


def read(port, frame):
    """The number of the packet that 'frame' is, or is an answer to, and the Delivery; None if
    it is neither (neighbour discovery and the like)."""
    p = Ether(frame)
    if p.type not in (0x0800, 0x86dd):
        return None
    src, dst, ttl, protocol, payload = layer_4(p.type, frame[14:])
    size = len(frame) - 14
    if protocol == 17:
        packet = Packet("udp", src, dst, ttl, size)
    elif protocol in (1, 58) and payload[0] in (8, 128, 0, 129):
        packet = Packet("echo" if payload[0] in (8, 128) else "echo-reply", src, dst, ttl, size)
    elif protocol in (1, 58) and payload[0] < 128:
        mtu = (int.from_bytes(payload[4:8], "big")
               if (protocol, payload[0]) in ((58, 2), (1, 3)) else 0)
        packet = Packet("error", src, dst, ttl, error=(payload[0], payload[1], mtu))
        *_, protocol, payload = layer_4(p.type, payload[8:])
    else:
        return None
    return tag_of(protocol, payload), Delivery(port, p.src, p.dst, packet)


def may_be_physical(model, vlans, address):
    """Whether its next hop is on a provider network, where somebody may have it whom only the
    fabric knows.  That nobody has, a chassis finds out after three seconds, which is too long for
    these tests."""
    def outside(a):
        return any(contains(subnet, a) for vlan in vlans for subnet in model.subnets[vlan])
    return outside(address) or any(
        outside(next_hop) and contains(prefix, address)
        for router in model.routers.values() for prefix, next_hop in router.routes)


def comparable(delivery, provider):
    """Without what the model does not say: the TTL and the size of what routers say
    themselves, and what a MAC address becomes on a physical network."""
    if delivery is NOTHING:
        return NOTHING
    p = delivery.packet
    if p.kind not in ("udp", "echo"):
        p = p._replace(ttl=0, size=0)
    return delivery._replace(packet=p, src_mac="" if delivery.port in provider
                             else delivery.src_mac)


def outcomes(cloud, packets):
    """What each machine gets of 'packets', by number."""
    cloud.clear()
    for tag, (sender, dst_mac, packet) in packets.items():
        cloud[sender.name].tap.inject(frame_of(sender, dst_mac, packet, tag))
    cloud.settle()
    got = {tag: [] for tag in packets}
    for vm in cloud.vms:
        for frame in vm.take():
            found = read(vm.name, frame)
            if found and found[0] in got:
                got[found[0]].append(found[1])
    return got


def summary(outcome):
    if outcome is NOTHING:
        return "nothing"
    p = outcome.packet
    return "%s gets %s%s %s > %s, TTL %d, from %s" % (
        outcome.port, p.kind, p.error or "", p.src, p.dst, p.ttl, outcome.src_mac)


@pytest.mark.parametrize("number", range(4))
def test_packets_go_where_the_model_says(number):
    seed = SEED * 1000 + number
    print("DRAGONFLOW_MODEL_SEED=%d, topology %d" % (SEED, number))
    rng = random.Random(seed)
    drawing = Drawing(rng)
    model = drawing.model
    faults, seen = [], {}
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        drawing.build(cloud)
        vlans = {c.split()[1] for c in drawing.commands if "type=vlan" in c}
        provider = {p.name for p in model.ports if p.network in vlans}
        drawn = [d for d in (draw_packet(rng, model) for _ in range(PACKETS)) if d]
        for first in range(0, len(drawn), BATCH):
            batch = dict(enumerate(drawn[first:first + BATCH], FIRST_TAG + first))
            for tag, got in outcomes(cloud, batch).items():
                sender, dst_mac, packet = batch[tag]
                want = {comparable(o, provider) for o in model.send(sender, dst_mac, packet)}
                if (any(o and o.packet.error and o.packet.error[:2] in NO_ADDRESS for o in want)
                        and may_be_physical(model, vlans, packet.dst)):
                    want.add(NOTHING)
                got = [comparable(o, provider) for o in got] or [NOTHING]
                for o in got:
                    what = (o and (o.packet.kind, o.packet.src.version))
                    seen[what] = seen.get(what, 0) + 1
                if len(got) != 1 or got[0] not in want:
                    faults.append("%s to %s: %s\n  got  %s\n  want %s" % (
                        sender.name, dst_mac, packet, "; ".join(map(summary, got)),
                        " or ".join(map(summary, want))))
        if faults:
            print("\n".join(drawing.commands), *model.ports, sep="\n")
    assert not faults, "%d of %d packets:\n%s" % (len(faults), len(drawn), "\n".join(faults[:10]))
    answered = sum(n for what, n in seen.items() if what)
    assert answered > len(drawn) // 3, seen  # Or nothing is said.
    assert {what[1] for what in seen if what} == {4, 6}
