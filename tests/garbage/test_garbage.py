# SPDX-License-Identifier: Apache-2.0
"""Whatever is in databases, packets and OpenFlow messages: df-controller neither crashes
nor leaks (a sanitized build says so at the end of each test), nor does anything happen
to the objects that have nothing to do with it.

DRAGONFLOW_GARBAGE says how many of each there are: rows, settings, packets, messages
(default 300), and DRAGONFLOW_GARBAGE_SEED repeats what a failure has printed.  The
messages depend on when the switch says what, so for them it repeats the choices only."""
import os
import random
import re
import sys
import time

import ovs.jsonrpc
import ovs.stream
import pytest
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6ND_RS, ICMPv6NDOptSrcLLAddr,
                                IPv6)
from scapy.layers.l2 import Ether

from dfharness import Cloud, Failure, packets, packets6, wait_until

sys.path.insert(0, os.path.dirname(__file__))
import garbage  # noqa: E402
import ofproxy  # noqa: E402

COUNT = int(os.environ.get("DRAGONFLOW_GARBAGE", 300))
SEED = int(os.environ.get("DRAGONFLOW_GARBAGE_SEED", 0)) or random.SystemRandom().getrandbits(31)
BATCH = 200

pytestmark = pytest.mark.timeout(180 + COUNT // 2)


class Healthy:
    """Two dual-stack networks, a router between them, a machine on each of two chassis; interfaces
    g0 to g7 wait on the first for ports of these names."""

    def __init__(self, cloud):
        self.cloud = cloud
        cloud.add_network("n1", "10.0.1.0/24", "2001:db8:0:1::/64")
        cloud.add_network("n2", "10.0.2.0/24", "2001:db8:0:2::/64", type="vxlan")
        self.router = cloud.add_router("r1", n1=["10.0.1.1/24", "2001:db8:0:1::1/64"],
                                       n2=["10.0.2.1/24", "2001:db8:0:2::1/64"])
        cloud.nb("route-add r1 10.8.0.0/16 10.0.2.12",
                 "route-add r1 2001:db8:8::/48 2001:db8:0:2::12")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11", "2001:db8:0:1::11")
        cloud.add_vm("vm2", "n2", 0, "10.0.2.11", "2001:db8:0:2::11")
        cloud.add_vm("vm3", "n2", 1, "10.0.2.12", "2001:db8:0:2::12")
        cloud.sync()
        self.interfaces = [cloud.chassis[0].plug("g%d" % i) for i in range(8)]
        self.settle()
        self.flows = self.read_flows()
        self.pids = [c.controller.pid for c in cloud.chassis]

    def read_flows(self):
        """With ports by name, and no numbers of ports: one that was removed and made again has
        another.  So has a chassis that has had another name another row, and its flow another
        owner."""
        def constant(line):
            line = re.sub(r"load:0x\w+->NXM_NX_REG8|reg8=0x\w+", "reg8", line.strip())
            return re.sub(r"cookie=0x\w+(, .*tun_src=)", r"cookie=0x0\1", line)
        return [sorted(constant(line) for line in c.ofctl(
            "--no-stats", "--names", "dump-flows", "br-int").splitlines() if "cookie=" in line)
            for c in self.cloud.chassis]

    def settle(self):
        """The chassis have applied what the NB database says."""
        nb = self.cloud.nb_db
        nb.transact({"op": "mutate", "table": "Global", "where": [],
                     "mutations": [["sequence", "+=", 1]]})
        sequence = nb.rows("Global", columns=["sequence"])[0]["sequence"]

        def applied(chassis):
            # Nothing else of these rows: they may be full of garbage.
            row, = nb.rows("Chassis", [["name", "==", chassis.name]], ["applied"])
            return row["applied"] >= sequence

        def behind():
            for c in self.cloud.chassis:
                if not c.controller.is_running():
                    raise Failure("%s is gone\n%s" % (c.name, c.controller.output()))
            return [c.name for c in self.cloud.chassis if not applied(c)]
        wait_until(lambda: not behind(), lambda: "not applied by %s" % behind(), 60, 0.05)

    def check(self, exactly=False):
        """Nothing has happened to what is healthy; 'exactly' if the garbage is gone."""
        for c, pid, before, now in zip(self.cloud.chassis, self.pids, self.flows,
                                       self.read_flows()):
            assert c.controller.pid == pid and c.controller.is_running(), c.controller.output()
            assert not sorted(set(before) - set(now)), c.name
            assert not exactly or now == before, c.name
            c.verify()
        vm1, vm3 = self.cloud["vm1"], self.cloud["vm3"]
        gateway, egress = self.router["n1"].mac, self.router["n2"].mac
        ping = vm1.udp(gateway, vm3.ip)
        ping6 = packets6.udp(vm1.mac, gateway, vm1.ips[1], vm3.ips[1])
        for c in self.cloud.chassis:
            c.revalidated()
        self.cloud.clear()
        vm1.send(ping, ping6)
        vm3.expect(packets.routed(ping, egress, vm3.mac), packets6.routed(ping6, egress, vm3.mac))

    def check_restored(self):
        self.settle()
        wait_until(lambda: self.read_flows() == self.flows, self.difference, 30, 0.1)
        self.check(exactly=True)

    def difference(self):
        return "\n".join(
            "%s %s %s" % (c.name, "+" if f in new else "-", f)
            for c, old, new in zip(self.cloud.chassis, self.flows, self.read_flows())
            for f in sorted(set(old) ^ set(new)))


@pytest.fixture
def rng():
    # Shown when a test fails.
    print("DRAGONFLOW_GARBAGE_SEED=%d DRAGONFLOW_GARBAGE=%d" % (SEED, COUNT))
    return random.Random(SEED)


@pytest.fixture
def cloud():
    with Cloud(chassis=2) as cloud:
        yield cloud


class Client:
    """Transactions of one operation each, over one connection.  Those that the schema does
    not admit are no matter of df-controller, and not counted."""

    def __init__(self, database):
        error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(database.remote))
        assert not error
        self.schema = database.schema_name
        self.connection = ovs.jsonrpc.Connection(stream)

    def transact(self, *operations):
        request = ovs.jsonrpc.Message.create_request("transact", [self.schema, *operations])
        error, reply = self.connection.transact_block(request)
        assert not error, os.strerror(error)
        return not reply.error and not any(r and r.get("error") for r in reply.result)

    def close(self):
        self.connection.close()


def uuids(cloud, table):
    return sorted(row["_uuid"][1] for row in cloud.nb_db.rows(table, columns=["_uuid"]))


@pytest.mark.parametrize("monitor", ["selective", "everything"])
def test_rows(rng, monitor):
    config = {"monitor_all": "true"} if monitor == "everything" else {}
    with Cloud(chassis=2, config=config) as cloud:
        healthy = Healthy(cloud)
        rows = garbage.Rows(rng, {t: uuids(cloud, t) for t in ("Network", "Chassis")})
        client = Client(cloud.nb_db)
        count = 0
        while count < COUNT // 2:
            for _ in range(min(BATCH, COUNT // 2 - count)):
                while True:
                    operation, done = rows.operation()
                    if client.transact(operation):
                        break
                done()
                count += 1
            healthy.settle()
            healthy.check()
        for operation in rows.removal():
            assert client.transact(operation), operation
        client.close()
        healthy.check_restored()


def test_settings(rng, cloud):
    """What makes sense is followed, and what was before comes back with the old values."""
    healthy = Healthy(cloud)
    chassis = cloud.chassis[0]
    client = Client(chassis.ovsdb)

    def read():
        return dict(chassis.ovsdb.rows("Open_vSwitch")[0]["external_ids"][1])

    def write(values):
        assert client.transact({"op": "update", "table": "Open_vSwitch", "where": [], "row": {
            "external_ids": ["map", sorted([k, v] for k, v in values.items())]}})
    original = read()
    bridges = chassis.vsctl("list-br").split()
    count = 0
    while count < COUNT:
        for _ in range(min(BATCH, COUNT - count)):
            values = dict(original)
            for _ in range(rng.choice((1, 1, 2, 5))):
                key, value = garbage.setting(rng)
                values.pop(key, None)
                if value is not None:
                    values[key] = value
            write(values)
            count += 1
            chassis.dfappctl("version")  # It has had a look.
        write(original)
        wait_until(lambda: "br-int" in chassis.vsctl("list-br").split(), "the bridge", 20)
        for bridge in set(chassis.vsctl("list-br").split()) - set(bridges):
            chassis.vsctl("del-br", bridge)
        healthy.check_restored()
    client.close()


def seeds(cloud):
    """Frames that the pipeline and the daemon have an interest in."""
    vm1, vm3 = cloud["vm1"], cloud["vm3"]
    gateway = "0e:00:00:00:01:01"
    src, dst = vm1.ips[1], vm3.ips[1]
    ip6 = Ether(src=vm1.mac, dst="33:33:ff:00:00:01") / IPv6(src="fe80::1", dst="ff02::1:ff00:1")
    return [
        vm1.arp_request("10.0.1.1"), vm1.arp_request("10.0.1.99"), vm1.arp_request(vm3.ip),
        packets.arp_reply(vm1.mac, vm1.ip, gateway, "10.0.1.1"),
        packets.gratuitous_arp(vm1.mac, "10.0.1.1"),
        vm1.udp(gateway, vm3.ip), vm1.udp(gateway, vm3.ip, ttl=1), vm1.udp(gateway, "10.0.1.1"),
        vm1.udp(gateway, "203.0.113.9"), vm1.tcp(gateway, vm3.ip, ttl=1),
        vm1.tcp(gateway, "10.0.1.1"),
        vm1.udp(gateway, vm3.ip, ttl=1, frag=10), vm1.udp(gateway, vm3.ip, ttl=1, flags="MF"),
        vm1.udp(gateway, vm3.ip, data=b"x" * 2000, flags="DF"),
        vm1.echo(gateway, "10.0.1.1"), vm1.echo(gateway, "10.0.2.1"),
        vm1.echo(gateway, vm3.ip, ttl=1),
        vm1.echo(gateway, "10.0.1.1", data=b"y" * 1400),
        packets.tagged(7, vm1.udp(gateway, vm3.ip, ttl=1)),
        bytes(ip6 / ICMPv6ND_NS(tgt="fe80::2") / ICMPv6NDOptSrcLLAddr(lladdr=vm1.mac)),
        packets6.solicitation(vm1.mac, src, "2001:db8:0:1::1"),
        packets6.solicitation(vm1.mac, "::", "2001:db8:0:1::1"),
        packets6.solicitation(vm1.mac, src, "2001:db8:0:1::99"),
        packets6.unsolicited(vm1.mac, src),
        packets6.udp(vm1.mac, gateway, src, dst), packets6.udp(vm1.mac, gateway, src, dst, hlim=1),
        packets6.udp(vm1.mac, gateway, src, "2001:db8:0:1::1"),
        packets6.udp(vm1.mac, gateway, src, "2001:db8:ffff::9"),
        packets6.tcp(vm1.mac, gateway, src, "2001:db8:0:1::1"),
        packets6.echo(vm1.mac, gateway, src, "2001:db8:0:2::1"),
        packets6.echo(vm1.mac, gateway, src, dst, hlim=1),
        packets6.ipv6(vm1.mac, gateway, src, dst, b"\x11\x00" + bytes(6) + b"x" * 40, nh=0),
        packets6.ipv6(vm1.mac, gateway, src, dst, b"\x11\x00\x00\x01" + b"x" * 40, nh=44, hlim=1),
        bytes(ip6 / ICMPv6ND_RS()), bytes(ip6 / ICMPv6EchoRequest(data=b"z" * 60)),
    ]


def test_packets(rng, cloud):
    healthy = Healthy(cloud)
    frames = seeds(cloud)
    vm1, c2 = cloud["vm1"], cloud["c2"]
    # What arrives in tunnels: the real thing, to begin with.
    vm1.send(vm1.udp(healthy.router["n1"].mac, cloud["vm3"].ip))
    tunnelled = [f for f in cloud.underlay.take()]
    assert tunnelled
    uplink = [end for end in cloud.underlay.ends if end.chassis is c2][0]
    count = 0
    while count < COUNT:
        for i in range(min(BATCH, COUNT - count)):
            if rng.random() < 0.8:
                vm1.tap.inject(garbage.frame(rng, frames))
            else:
                uplink.inject(garbage.frame(rng, tunnelled))
            count += 1
        cloud.clear()
        healthy.check(exactly=True)


def test_openflow_messages(rng):
    """A switch that says what it should not: at the latest a new connection sets right what
    that has led to."""
    with Cloud(chassis=2, controller=False) as cloud:
        c1, c2 = cloud.chassis
        # A place of its own for the controller's sockets: it takes the proxy for the switch.
        rundir = c1.rundir / "garbled"
        rundir.mkdir()
        c1.controller = cloud.workspace.daemon(
            "df-controller", ["df-controller", c1.ovsdb.remote], rundir, ours=True)
        proxy = ofproxy.Proxy(rundir / "br-int.mgmt", c1.rundir / "br-int.mgmt",
                              rng.getrandbits(31))
        try:
            for c in cloud.chassis:
                c.start_controller()
            healthy = Healthy(cloud)
            vm1, gateway = cloud["vm1"], healthy.router["n1"].mac
            goal = 0
            while goal < COUNT:
                goal = min(goal + BATCH, COUNT)
                proxy.mangling = True
                proxy.drop()
                last = [time.monotonic(), proxy.mangled]

                def enough():
                    # A reply that never comes is waited for: only another connection helps.
                    if last[1] != proxy.mangled:
                        last[:] = time.monotonic(), proxy.mangled
                    elif time.monotonic() > last[0] + 0.3:
                        last[0] = time.monotonic()
                        proxy.drop()
                    # Keeps the switch talking: packets that go up, flows that change.
                    vm1.tap.inject(vm1.udp(gateway, "10.0.2.11", ttl=1))
                    cloud.nb_db.transact({"op": "mutate", "table": "Global", "where": [],
                                          "mutations": [["sequence", "+=", 1]]})
                    cloud.nb_db.transact({
                        "op": "update", "table": "Router", "where": [], "row": {
                            "enabled": rng.random() < 0.5}})
                    return proxy.mangled >= goal
                wait_until(enough, lambda: "%d messages, %d connections" % (
                    proxy.mangled, proxy.connections), 60, 0.02)
                cloud.nb_db.transact({"op": "update", "table": "Router", "where": [],
                                      "row": {"enabled": ["set", []]}})
                proxy.mangling = False
                proxy.drop()
                healthy.check_restored()
        finally:
            for c in cloud.chassis:
                if c.controller.is_running():
                    c.controller.exit("--restart")
            proxy.stop()
