# SPDX-License-Identifier: Apache-2.0
"""What the RFCs have routers do with a packet, for both families: a model of its own, which has
nothing in common with df-controller but what it is about.

It knows no chassis, no flows and no tunnels.  Where several outcomes are right (equal-cost
routes), it names all of them."""
import dataclasses
import ipaddress
import typing

TTL_OF_ANSWERS = 64


@dataclasses.dataclass
class Port:
    """A virtual machine; nowhere: it has an address, but no chassis."""
    name: str
    network: str
    mac: str
    ips: list
    nowhere: bool = False


@dataclasses.dataclass
class RouterPort:
    name: str
    router: str
    network: str
    mac: str
    interfaces: list  # Of ipaddress.ip_interface().

    @property
    def link_local(self):
        """RFC 4291 appendix A; None without IPv6."""
        if not any(i.version == 6 for i in self.interfaces):
            return None
        octets = [int(x, 16) for x in self.mac.split(":")]
        octets[0] ^= 2
        identifier = bytes(octets[:3]) + b"\xff\xfe" + bytes(octets[3:])
        return ipaddress.IPv6Address(bytes.fromhex("fe80000000000000") + identifier)


@dataclasses.dataclass
class Router:
    name: str
    ports: list = dataclasses.field(default_factory=list)
    routes: list = dataclasses.field(default_factory=list)  # Of (prefix, next hop).
    enabled: bool = True

    def own_address(self, address):
        """The address from which the router answers what is sent to 'address', None if that is not
        its own.  It is the same, but for the subnet-router anycast address, which is that of all
        routers on a prefix (RFC 4291 2.6.1, RFC 6164 section 5.1; RFC 4443 2.2 (b))."""
        for i in (i for port in self.ports for i in port.interfaces):
            if address == i.ip:
                return address
        for i in (i for port in self.ports for i in port.interfaces):
            if (i.version == 6 and i.network.prefixlen < 127
                    and address == i.network.network_address):
                return i.ip
        return None


class Hop(typing.NamedTuple):
    egress: RouterPort
    source: object    # The router's address on the way.
    next_hop: object  # None: the destination itself.
    prefix: object    # The connected prefix that the way begins with.


class Packet(typing.NamedTuple):
    kind: str  # "udp", "echo", "echo-reply" or "error".
    src: object
    dst: object
    ttl: int
    size: int = 100       # Of the IP packet.
    error: tuple = None   # (type, code, MTU or 0)


class Delivery(typing.NamedTuple):
    """What one machine gets, and from which MAC address."""
    port: str
    src_mac: str
    dst_mac: str
    packet: Packet


NOTHING = None

# (IPv4, IPv6): RFC 792 and RFC 1812 4.3.3, RFC 4443 3.
TIME_EXCEEDED = ((11, 0), (3, 0))
NO_ROUTE = ((3, 0), (1, 0))
NO_ADDRESS = ((3, 1), (1, 3))
PORT_UNREACHABLE = ((3, 3), (1, 4))
TOO_BIG = ((3, 4), (2, 0))

# RFC 1812 5.3.7 and 4.2.2.11, RFC 3927 2.7; RFC 4291 2.5.2, 2.5.3, 2.5.6, 2.7.
NEVER_ROUTED = [ipaddress.ip_network(n) for n in (
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
    "::/128", "::1/128", "fe80::/10", "ff00::/8")]


def contains(network, address):
    return network.version == address.version and address in network


def is_scoped(address):
    return address.version == 6 and address.is_link_local


def is_directed_broadcast(network, address):
    """RFC 1812 4.2.2.11 (d), 4.2.3.1; RFC 3021 section 2."""
    return (network.version == 4 and network.prefixlen < 31
            and address in (network.network_address, network.broadcast_address))


class Model:
    def __init__(self):
        self.mtus = {}          # Network to MTU.
        self.subnets = {}       # Network to list of prefixes.
        self.ports = []
        self.routers = {}

    # --- Look-ups ---

    def router_ports(self):
        return [p for r in self.routers.values() for p in r.ports]

    def neighbour(self, network, address):
        """The port or router port of 'network' that has 'address', or None."""
        for p in self.ports:
            if p.network == network and address in p.ips:
                return p
        for p in self.router_ports():
            if (p.network == network and self.routers[p.router].enabled
                    and address in [i.ip for i in p.interfaces]):
                return p
        return None

    def connected(self, router, address):
        """The longest connected prefix with 'address', as a hop, or None."""
        found = [Hop(p, i.ip, None, i.network) for p in router.ports for i in p.interfaces
                 if contains(i.network, address)]
        return max(found, key=lambda h: h.prefix.prefixlen, default=None)

    def hops(self, router, dst):
        """RFC 1812 5.2.4: those of the longest prefix that matches; none, or several."""
        best, length = [], -1
        connected = self.connected(router, dst)
        if connected:
            best, length = [connected], connected.prefix.prefixlen
        for prefix, next_hop in router.routes:
            way = self.connected(router, next_hop)
            if not contains(prefix, dst) or not way or prefix.prefixlen < length:
                continue
            if prefix.prefixlen > length:
                best, length = [], prefix.prefixlen
            if not best or best[0].next_hop is not None:  # A connected prefix precedes.
                best.append(way._replace(next_hop=next_hop))
        return best

    def is_broadcast(self, router, dst):
        """Unless a longer static route makes it the address of a host elsewhere."""
        return any(h.next_hop is None and is_directed_broadcast(h.prefix, dst)
                   for h in self.hops(router, dst))

    # --- Forwarding ---

    def send(self, port, dst_mac, packet):
        """The set of outcomes, of which one must be: a Delivery or NOTHING.  'port' sends
        'packet' to the MAC address of a router port on its network."""
        for p in self.router_ports():
            if p.mac == dst_mac and p.network == port.network:
                if self.routers[p.router].enabled:
                    return self.receive(self.routers[p.router], p, packet)
        return {NOTHING}

    def receive(self, router, ingress, packet):
        """'router' gets 'packet' by its port 'ingress'."""
        own = router.own_address(packet.dst)
        if own or packet.dst == ingress.link_local:
            return self.to_router(router, ingress, packet, own or packet.dst)
        if is_scoped(packet.src):
            return self.refuse(router, ingress, packet, ((), (1, 2))) | {NOTHING}
        if packet.ttl <= 1:
            return self.refuse(router, ingress, packet, TIME_EXCEEDED)
        return self.forward(router, ingress, packet)

    def forward(self, router, ingress, packet):
        """Also what a router sends itself, 'ingress' is None then."""
        if any(contains(n, packet.dst) for n in NEVER_ROUTED):
            return {NOTHING}
        hops = self.hops(router, packet.dst)
        if not hops:
            return self.refuse(router, ingress, packet, NO_ROUTE)
        return set().union(*(self.take(router, ingress, packet, hop) for hop in hops))

    def take(self, router, ingress, packet, hop):
        network = hop.egress.network
        if packet.size > self.mtus[network]:
            return self.refuse(router, ingress, packet, TOO_BIG, self.mtus[network])
        neighbour = self.neighbour(network, hop.next_hop or packet.dst)
        if neighbour is None:
            return self.refuse(router, ingress, packet, NO_ADDRESS)
        sent = packet._replace(ttl=packet.ttl - 1 if ingress else packet.ttl)
        if isinstance(neighbour, Port):
            if neighbour.nowhere:
                return {NOTHING}
            return {Delivery(neighbour.name, hop.egress.mac, neighbour.mac, sent)}
        outcomes = self.receive(self.routers[neighbour.router], neighbour, sent)
        if hop.next_hop is None and ingress:
            # Of a router that no route leads through, the chassis may know the addresses only, and
            # answer for it by the way back of the router before.
            outcomes = outcomes | self.to_router(router, ingress, packet, packet.dst)
        return outcomes

    # --- What a router says itself ---

    def to_router(self, router, ingress, packet, source):
        if packet.kind == "echo":
            answer = Packet("echo-reply", source, packet.src, TTL_OF_ANSWERS, packet.size)
            return self.answer(router, ingress, answer)
        if packet.kind == "udp":
            return self.refuse(router, ingress, packet, PORT_UNREACHABLE, source=source)
        return {NOTHING}

    def refuse(self, router, ingress, packet, kinds, mtu=0, source=None):
        """RFC 1812 4.3.2.7, RFC 4443 2.4 (e): there is no error about an error, nor about a
        broadcast.  Where it comes from: RFC 1812 4.3.2.4, RFC 4443 2.2."""
        if (packet.kind == "error" or router.own_address(packet.src)
                or self.is_broadcast(router, packet.dst)):
            return {NOTHING}
        kind = kinds[packet.src.version == 6]
        # An error from a link-local address needs no route: see answer().
        ways = [source] if source and is_scoped(source) else [
            source or hop.source for hop in self.hops(router, packet.src)]
        return set().union({NOTHING} if not ways else set(), *(
            self.answer(router, ingress, Packet("error", way, packet.src, TTL_OF_ANSWERS,
                                                error=(*kind, mtu))) for way in ways))

    def answer(self, router, ingress, packet):
        """What goes from or to a link-local address stays on the link by which the packet came
        in (RFC 4291 2.5.6)."""
        if ingress and (is_scoped(packet.src) or is_scoped(packet.dst)):
            owner = self.neighbour(ingress.network, packet.dst)
            return {Delivery(owner.name, ingress.mac, owner.mac, packet)
                    if isinstance(owner, Port) else NOTHING}
        return self.forward(router, None, packet)
