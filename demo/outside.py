# SPDX-License-Identifier: Apache-2.0
"""The world outside a cloud, and what becomes of traffic with it when a gateway dies.

The world is a physical router on the external network of the topology, which the default
routes there have as next hop, and a host "internet" behind it: both are plain Linux, of which
Dragonflow knows nothing."""
import ipaddress
import re
import time

from dfharness import Failure, run, wait_until
from dfharness.netns import NsHost
from dfharness.traffic import Connections, TcpStream

ROUTER_MAC, INTERNET_MAC = "02:bb:00:00:00:02", "02:bb:00:00:00:03"
# The network between the two: the addresses of the router and of the host.
BEYOND = [("198.51.100.1/24", "198.51.100.10/24"), ("2001:db8:ffff::1/64", "2001:db8:ffff::10/64")]
N_CANDIDATES = 2
TCP_PORT, STREAM_PORT, NEW_PORT, SNAT_PORT, SNAT_CONNECTION_PORT = 5101, 5110, 5120, 5130, 5131
SWITCH_OVER = 10  # Seconds after which it is given up.


def host_part(cidr):
    return cidr.split("/")[0]


def version_of(address):
    return ipaddress.ip_address(host_part(address)).version


class Outside:
    """The external network of a topology, the router on it, and the two hosts outside.

    Members: 'network', 'router' and 'port' are parts of the topology; 'isp' and 'internet' are
    machines, once make() has been called; 'candidates' the names of the chassis that may be the
    gateway, once declare_gateways() has."""

    @classmethod
    def of(cls, topology):
        """None if the topology has no router on an external network with a default route."""
        external = {n["name"]: n for n in topology["networks"] if n.get("external")}
        for router in topology.get("routers", []):
            for port in router.get("ports", []):
                if port["network"] in external:
                    outside = cls(topology, external[port["network"]], router, port)
                    if outside.hops:
                        return outside
        return None

    def __init__(self, topology, network, router, port):
        self.network, self.router, self.port = network, router, port
        prefixes = [ipaddress.ip_interface(a).network for a in port["addresses"]]
        hops = [ipaddress.ip_address(route.split(" via ")[1]) for route in router.get("routes", [])
                if route.startswith(("0.0.0.0/0 ", "::/0 "))]
        # With their prefix lengths.
        self.hops = ["%s/%d" % (hop, prefix.prefixlen)
                     for hop in hops for prefix in prefixes if hop in prefix]
        self.inside6 = [subnet["cidr"] for n in topology["networks"] if n is not network
                        for subnet in n["subnets"] if version_of(subnet["cidr"]) == 6]
        nat = router.get("nat", [])
        self.floating = {t["logical-ip"]: t["external-ip"] for t in nat
                         if t["type"] == "dnat_and_snat"}
        self.snat = [(ipaddress.ip_network(t["logical-ip"]), t["external-ip"]) for t in nat
                     if t["type"] == "snat"]

    # --- Building -----------------------------------------------------------

    def declare_gateways(self, cloud):
        """The last chassis are the candidates, so that machines on the first outlive each
        gateway.  Before there are networks: then no other chassis ever takes itself for one."""
        self.candidates = [c.name for c in cloud.chassis[-N_CANDIDATES:]]
        for name in self.candidates:
            cloud[name].configure(gateway="true")
            cloud.nb("wait-until Chassis %s gateway=true" % name)

    def make(self, cloud):
        """The hosts outside."""
        families = {version_of(hop) for hop in self.hops}
        beyond = [pair for pair in BEYOND if version_of(pair[0]) in families]
        self.cloud = cloud
        self.isp = NsHost(cloud, "isp", ROUTER_MAC, self.hops)
        self.isp.connect(cloud.net, "isp")
        cloud.switch_port(self.network["physical-network"], "isp",
                          self.network.get("segmentation-id"))
        self.internet = NsHost(cloud, "internet", INTERNET_MAC, [host for _, host in beyond],
                               [host_part(router) for router, _ in beyond])
        ns = self.isp.namespace
        # The cable first: an address of the router is the host's gateway.
        self.internet.connect(ns, "eth1")
        self.isp.run("sysctl -q -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 "
                     "net.ipv6.conf.eth1.disable_ipv6=0")
        for router, _ in beyond:
            run(["ip", "-n", ns, "addr", "add", router, "dev", "eth1",
                 *(["nodad"] if ":" in router else [])])
        for own in self.port["addresses"]:
            for cidr in self.inside6 if version_of(own) == 6 else []:
                run(["ip", "-n", ns, "route", "add", cidr, "via", host_part(own)])

    # --- What the chassis know ----------------------------------------------

    def gateway(self, chassis):
        """The active gateway of the router port, as a chassis sees it; None without one."""
        match = re.search(r"^  %s on \S+ \(\S+\): ([^\s,]+)" % re.escape(self.port["name"]),
                          chassis.dfappctl("gateways"), re.M)
        return match and match[1]

    def agreed(self):
        """The active gateway that all chassis agree on, while all candidates live and their
        sessions are at full speed; otherwise None."""
        views = {self.gateway(c) for c in self.cloud.chassis}
        for chassis in self.cloud.chassis:
            sessions = re.search(r"(\d+) of (\d+) BFD sessions up", chassis.dfappctl("status"))
            fast = chassis.appctl("bfd/show").count("RX Interval: Approx 100ms")
            if (not sessions or not sessions[1] == sessions[2] == str(fast)
                    or (chassis.name in self.candidates and not fast)
                    or ": dead" in chassis.dfappctl("gateways")):
                return None
        return views.pop() if len(views) == 1 and views <= set(self.candidates) else None

    def wait_agreed(self, timeout=30):
        return wait_until(self.agreed, lambda: "no gateway that all agree on:\n%s" % "\n".join(
            "%s: %s" % (c.name, c.dfappctl("gateways")) for c in self.cloud.chassis),
            timeout, interval=0.1)

    # --- Who speaks with whom -----------------------------------------------

    def outside_of(self, vm):
        """(family, its own address, its address outside, the word for how it gets there) for
        each way of a machine to the world."""
        for ip in vm.ips:
            if version_of(ip) == 6:
                yield 6, ip, ip, "routed"
            elif ip in self.floating:
                yield 4, ip, self.floating[ip], "floating IP"
            else:
                for prefix, external in self.snat:
                    if ipaddress.ip_address(ip) in prefix:
                        yield 4, ip, external, "snat"

    def internet_ip(self, family):
        return next((ip for ip in self.internet.ips if version_of(ip) == family), None)

    def ways(self, vms):
        """(machine, family, own address, address outside, word): each kind of way once, by the
        first machine that has it."""
        seen = {}
        for vm in vms:
            for family, own, external, how in self.outside_of(vm):
                if self.internet_ip(family):
                    seen.setdefault(how, (vm, family, own, external, how))
        return [seen[how] for how in ("floating IP", "routed", "snat") if how in seen]

    def to_try(self, vm):
        """Commands, a line each."""
        lines = ["demo/vm %s ping %s" % (vm.name, self.internet_ip(family))
                 for family, *_ in self.outside_of(vm)]
        lines += ["demo/vm internet ping %s" % address for address in self.floating.values()][:1]
        lines += ["demo/on %s ovs-appctl -t df-controller gateways" % vm.chassis.name]
        return "".join("    %s\n" % line for line in lines)


def average_ms(client, target):
    """Of three pings, all answered; Failure otherwise."""
    client.wait_ping(target, timeout=10)  # The next hop becomes known.
    out = client.run("ping -n -q -c 3 -i 0.02 -W 1 %s" % target, check=False)
    if " 3 received" not in out:
        raise Failure("%s: no answer by %s:\n%s" % (client, target, out))
    return float(out.rpartition("= ")[2].split("/")[1])


def exchange(client, server, address, bind, seen_as):
    """TCP, there and back; Failure unless the server sees the client as 'seen_as'."""
    stream = TcpStream(client, server, port=TCP_PORT, address=address, bind=bind)
    try:
        stream.expect_progress()
    finally:
        stream.stop()
    if stream.peer != seen_as:
        raise Failure("%s: the server sees %s, not %s" % (stream.what, stream.peer, seen_as))


def reach(outside, vms):
    """Each kind of way, outward and inward: prints a line for each; Failure if one fails."""
    for vm, family, own, external, how in outside.ways(vms):
        there = outside.internet_ip(family)
        ms = average_ms(vm, there)
        exchange(vm, outside.internet, there, there, external)
        print("%-10s %-4s to internet (%s): ping %.3f ms, TCP: seen as %s%s" % (
            vm.name, vm.chassis.name, there, ms, external, {
                "routed": "", "snat": " (SNAT on the gateway)",
                "floating IP": " (floating IP)"}[how]), flush=True)
        if how == "snat":
            continue  # Nobody outside can begin.
        ms = average_ms(outside.internet, external)
        exchange(outside.internet, vm, external, own, there)
        print("%-10s %-4s to %s (%s): ping %.3f ms, TCP: arrives at %s" % (
            "internet", "", vm.name, external, ms, own), flush=True)


# --- A gateway dies ---------------------------------------------------------


def longest_pause(times, end):
    """In seconds, between successive 'times' and to 'end'."""
    times = [t for t in sorted(times) if t <= end] + [end]
    return max((b - a for a, b in zip(times, times[1:])), default=float("inf"))


class Pings:
    """Echo requests, a hundred a second."""

    def __init__(self, client, address, what):
        self.stream = client.ping_stream(address, 0.01)
        self.what, self.must_live = what, True

    def answers(self):
        return list(self.stream.answered.values())

    def result(self):
        """(what became of it, whether it works now)"""
        sent, lost = self.stream.stop()
        return "%d of %d lost" % (lost, sent), sent - 1 in self.stream.answered


class Stream:
    """An open connection; one under a snat may end with its gateway."""

    def __init__(self, client, server, address, bind, what, port, must_live=True):
        self.stream = TcpStream(client, server, port=port, address=address, bind=bind)
        self.what, self.must_live = what, must_live

    def answers(self):
        return list(self.stream.answers)

    def result(self):
        try:
            self.stream.expect_progress(timeout=5 if self.must_live else 1)
            self.stream.stop()
        except Failure:
            self.stream.end()
            return "ended with the gateway", False
        return "goes on, nothing lost", True


class NewConnections:
    """Connections that are opened one after the other."""

    def __init__(self, client, server, address, bind, what, port):
        self.stream = Connections(client, server, port=port, address=address, bind=bind)
        self.what, self.must_live = what, True

    def answers(self):
        return list(self.stream.made)

    def result(self):
        self.stream.end()
        tried, made = self.stream.tried, len(self.stream.made)
        return "%d of %d failed" % (tried - made, tried), bool(made)


def begin(outside, vms, only_pings=False):
    """What runs while a gateway goes or comes: a list of what is above."""
    there = outside.internet
    pings, others = [], []
    for vm, family, own, external, how in outside.ways(vms):
        if how == "snat":  # Nobody outside can begin.
            address = outside.internet_ip(family)
            pings.append(Pings(vm, address, "pings by %s, SNAT" % vm.name))
            if not only_pings:
                others += [
                    Stream(vm, there, address, address, "TCP by %s, SNAT" % vm.name, SNAT_PORT,
                           must_live=False),
                    NewConnections(vm, there, address, address,
                                   "new TCP by %s, SNAT" % vm.name,
                                   SNAT_CONNECTION_PORT)]
            continue
        to = "%s of %s" % ({"routed": "IPv6 address"}.get(how, how), vm.name)
        pings.append(Pings(there, external, "pings to the %s" % to))
        if not only_pings:
            others += [Stream(there, vm, external, own, "TCP to the %s" % to,
                              STREAM_PORT + family),
                       NewConnections(there, vm, external, own, "new TCP to the %s" % to,
                                      NEW_PORT + family)]
    return pings + others


def end(running, since):
    """Ends what begin() began and prints what became of it since then.  Returns the number of
    what should work and does not."""
    print("%-40s %-24s %s" % ("", "", "longest pause"))
    failed = 0
    for one in running:
        now = time.monotonic()
        result, lives = one.result()
        pause = longest_pause([t for t in one.answers() if t > since], now)
        failed += one.must_live and not (lives and pause < SWITCH_OVER)
        print("%-40s %-24s %s" % (one.what, result, "%.0f ms" % (1000 * pause) if lives else "-"),
              flush=True)
    return failed


def kill_the_gateway(outside, vms):
    """Kills the switch of the active gateway under traffic of machines on other chassis, prints
    what was lost, and starts it again.  Returns the number of what did not survive."""
    cloud = outside.cloud
    victim = cloud[outside.wait_agreed()]
    vms = [vm for vm in vms if vm.chassis is not victim]
    watcher = next(cloud[name] for name in outside.candidates if name != victim.name)
    running = begin(outside, vms)
    time.sleep(0.5)
    killed = time.monotonic()
    victim.vswitchd.kill()
    heir = wait_until(
        lambda: [g for g in [outside.gateway(watcher)] if g not in (None, victim.name)],
        lambda: "nobody takes over from %s:\n%s" % (victim.name, watcher.dfappctl("gateways")),
        SWITCH_OVER)[0]
    print("ovs-vswitchd of %s, the active gateway, is killed under traffic of machines elsewhere; "
          "after %.0f ms %s takes over" % (victim.name, 1000 * (time.monotonic() - killed), heir),
          flush=True)
    time.sleep(3)
    failed = end(running, killed - 0.5)

    running = begin(outside, vms, only_pings=True)
    start = time.monotonic()
    victim.vswitchd.start()
    victim.address_underlay()
    active = outside.wait_agreed()
    print("\nIt is started again; after %.1f s %s is the active gateway" % (
        time.monotonic() - start, active), flush=True)
    time.sleep(1)
    failed += end(running, start)
    cloud.sync()
    return failed
