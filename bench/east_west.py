# SPDX-License-Identifier: Apache-2.0
"""East-West routing: flows, megaflows, work and self-check."""
import random
import re

from dfbench.report import row
from dfharness import packets, packets6
from dfharness.dummy import Cloud
from dfharness.process import wait_until

OTHERS = 20  # Chassis that exist in the NB database only.


# --- A large topology in the NB database -------------------------------------

def insert(table, **columns):
    return {"op": "insert", "table": table, "row": columns}


def ref(uuid):
    return ["uuid", uuid]


class Topology:
    """Networks of both families on one router; ports on chassis that are not there, by direct
    transactions: thousands of ports take a second."""

    def __init__(self, cloud, networks):
        self.cloud = cloud
        self.n_ports = 0
        uuids = self.transact([insert("Network", name="net%d" % i, type="geneve",
                                      segmentation_id=1000 + i) for i in range(networks)]
                              + [insert("Chassis", name="other%d" % i,
                                        encaps=["map", [["geneve", "172.31.1.%d" % (i + 1)]]])
                                 for i in range(OTHERS)])
        self.networks, self.others = uuids[:networks], uuids[networks:]
        self.routers = 0
        self.add_router()

    def transact(self, operations):
        results = self.cloud.nb_db.transact(*operations)
        return [r["uuid"][1] if r and "uuid" in r else None for r in results]

    def add_router(self, dual=True):
        k = self.routers
        self.routers += 1
        uuid, = self.transact([insert("Router", name="router%d" % k)])
        self.router = uuid  # The last one.
        self.transact([insert("Router_Port", name="rp%d-%d" % (k, i), router=ref(uuid),
                              network=ref(net), mac="0e:00:00:%02x:00:%02x" % (k, i),
                              addresses=["set", ["10.%d.255.%d/16" % (i, 254 - k)] + [
                                  "2001:db8:0:%x::%x/64" % (i, k + 1)] * dual])
                       for i, net in enumerate(self.networks)])

    def port(self, n, chassis=None, dual=False):
        i = n % len(self.networks)
        k = n // len(self.networks) + 1
        columns = {"name": "port%d" % n, "network": ref(self.networks[i]),
                   "mac": "0a:00:%02x:%02x:%02x:%02x" % (n >> 24, n >> 16 & 255, n >> 8 & 255,
                                                         n & 255),
                   "addresses": ["set", ["10.%d.%d.%d" % (i, k >> 8, k & 255)] + [
                       "2001:db8:0:%x::1:%x" % (i, k)] * dual]}
        if chassis is not None:
            columns["chassis"] = ref(self.others[chassis])
        return insert("Port", **columns)

    def add_ports(self, count, remote=True, dual=False):
        first = self.n_ports
        self.n_ports += count
        for start in range(first, first + count, 5000):
            numbers = range(start, min(start + 5000, first + count))
            self.transact([self.port(n, n % OTHERS if remote else None, dual) for n in numbers])
        return ["port%d" % n for n in range(first, first + count)]


def quiet(cloud, ports_up=True):
    """All that the NB database says is in the one switch that is there.  (dfctl
    sync would wait for the other chassis.)"""
    chassis, db = cloud.chassis[0], cloud.nb_db
    known = {r["name"] for r in db.rows("Port", columns=["name"])}
    if ports_up:
        cloud.wait_up(*[name for name in chassis.vms if name in known])
    rows = db.rows("Global")
    sequence = rows[0]["sequence"] + 1 if rows else 1
    db.transact({"op": "update", "table": "Global", "where": [], "row": {"sequence": sequence}}
                if rows else insert("Global", sequence=sequence))
    # It may have no row yet.
    wait_until(lambda: db.rows("Chassis", [["name", "==", chassis.name]],
                               ["applied"]) == [{"applied": sequence}], "changes applied")


def flow_count(cloud):
    quiet(cloud)
    return len(cloud.chassis[0].flows())


# --- Measures -----------------------------------------------------------------

def flows():
    """OpenFlow flows on a chassis."""
    with Cloud(chassis=1) as cloud:
        chassis = cloud.chassis[0]
        base = flow_count(cloud)
        t = Topology(cloud, 2)
        locals_ = t.add_ports(2, remote=False)
        for name in locals_:
            chassis.plug(name)
        t.add_ports(2)  # So that there are ports to flood to.
        start = flow_count(cloud)
        for name in t.add_ports(20, remote=False):
            chassis.plug(name)
        local = flow_count(cloud)
        t.add_ports(1000)
        remote = flow_count(cloud)
        t.add_ports(1000, dual=True)
        dual = flow_count(cloud)
        t.add_router(dual=False)
        second = flow_count(cloud)
        t.add_router()
        third = flow_count(cloud)
    per_dual = (dual - remote) / 1000
    per_local = (local - start) / 20
    per_remote = (remote - local) / 1000
    per_router_port = (second - dual) / 2
    per_dual_router_port = (third - second) / 2
    return [
        row("constant", base),
        row("two networks with a router, a local and a remote port each", start - base),
        row("each local port", "%.1f" % per_local, "<= 12", per_local <= 12),
        row("each remote port", "%.3f" % per_remote, "<= 2", per_remote <= 2),
        row("each remote port of both families", "%.3f" % per_dual, "<= 3", per_dual <= 3),
        row("each port of a second router, 2,024 ports behind it", "%.1f" % per_router_port,
            "<= 8", per_router_port <= 8),
        row("the same of both families", "%.1f" % per_dual_router_port),
    ]


def work():
    """Rules run for one more port."""
    rows, seen = [], {}
    with Cloud(chassis=1) as cloud:
        chassis = cloud.chassis[0]
        t = Topology(cloud, 2)
        for name in t.add_ports(10, remote=False):
            chassis.plug(name)
        for size in (100, 10000):
            t.add_ports(size - t.n_ports)
            quiet(cloud)

            def total():
                line = [x for x in chassis.dfappctl("engine/stats").splitlines()
                        if x.startswith("total")][0]
                return int(re.search(r"rules run (\d+)", line).group(1))
            before = total()
            t.add_ports(1)
            quiet(cloud)
            remote = total() - before
            before = total()
            name, = t.add_ports(1, remote=False)
            chassis.plug(name)
            quiet(cloud)
            seen[size] = (remote, total() - before)
    for i, kind in enumerate(("remote", "local")):
        small, large = seen[100][i], seen[10000][i]
        rows += [row("%s port among 100" % kind, small),
                 row("%s port among 10,000" % kind, large, "the same", small == large)]
    return rows


def megaflow_rows(what, chassis, machine, target, frames):
    """What the datapath has of three connections of 'machine', the 'frames', to 'target'."""
    chassis.appctl("dpctl/del-flows")
    machine.send(*frames)
    dump = chassis.appctl("dpctl/dump-flows", "-m").splitlines()
    mine = [f for f in dump if re.search(r"dst=%s\b" % re.escape(target), f)
            and re.search(r"in_port\(%s\)" % machine.name, f)]
    match = mine[0].split("actions:")[0] if mine else ""
    l4 = [x for x in re.findall(r"(?:tcp|udp|sctp)\([^)]*\)", match)
          if not re.fullmatch(r"\w+\((?:\w+=\d+/0(?:x0)?,?)*\)", x)]
    source = re.search(r"ipv[46]\(src=([^,]*)", match)
    # The first 10 bits tell link-local sources, which no router forwards (RFC 4291 2.5.6).
    wide = source and re.search(r"/(0\.0\.0\.0|::|ffc0::)$", source[1])
    recirculated = [f for f in mine if "recirc(" in f.split("actions:")[1]]
    return [
        row("%s: megaflows of three connections" % what, len(mine), "1", len(mine) == 1),
        row("%s: recirculations" % what, len(recirculated), "0", not recirculated),
        row("%s: L4 ports matched" % what, len(l4), "0", not l4),
        row("%s: source IP matched" % what, "no" if wide else "yes", "no", wide),
    ]


def megaflows():
    """What the datapath sees of a routed packet."""
    rows = []
    with Cloud(chassis=2) as cloud:
        for i in (1, 2):
            cloud.add_network("n%d" % i, "10.0.%d.0/24" % i, "2001:db8:0:%d::/64" % i,
                              segmentation_id=i)
        router = cloud.add_router("r", **{"n%d" % i: ["10.0.%d.1/24" % i,
                                                      "2001:db8:0:%d::1/64" % i] for i in (1, 2)})
        a = cloud.add_vm("a", "n1", 0, "10.0.1.2", "2001:db8:0:1::2")
        cloud.add_vm("b", "n2", 0, "10.0.2.2", "2001:db8:0:2::2")
        cloud.add_vm("c", "n2", 1, "10.0.2.3", "2001:db8:0:2::3")
        cloud.sync()
        for where, name in (("one chassis", "b"), ("across chassis", "c")):
            for family, i, make in (("", 0, packets.tcp), (", IPv6", 1, packets6.tcp)):
                target = cloud[name].ips[i]
                frames = [make(a.mac, router["n1"].mac, a.ips[i], target, sport=port,
                               dport=port + 1) for port in (1000, 2000, 3000)]
                rows += megaflow_rows(where + family, cloud.chassis[0], a, target, frames)
    return rows


def self_check():
    """engine/verify after random changes of the NB database."""
    changes, rng = 10000, random.Random(1)
    with Cloud(chassis=1) as cloud:
        chassis = cloud.chassis[0]
        t = Topology(cloud, 8)
        for name in t.add_ports(30, remote=False):
            chassis.plug(name)
        t.add_ports(300)
        quiet(cloud)
        done = 0
        while done < changes:
            batch = [random_change(rng, t) for _ in range(rng.randrange(1, 20))]
            for operation in batch:  # One that is refused must not undo the others.
                try:
                    t.transact([operation])
                    done += 1
                except AssertionError:
                    pass
        quiet(cloud, ports_up=False)  # Some are disabled or gone.
        verdict = chassis.dfappctl("engine/verify").strip()
    return [row("changes made", done),
            row("engine/verify", "clean" if "equal" in verdict else "differs", "clean",
                "equal" in verdict)]


def random_change(rng, t):
    """One operation on a random object, likely to matter and sometimes wrong."""
    n = rng.randrange(t.n_ports)
    port = ["name", "==", "port%d" % n]
    net = rng.randrange(len(t.networks))
    kind = rng.randrange(10)
    if kind == 0:
        return {"op": "delete", "table": "Port", "where": [port]}
    if kind in (1, 2):
        return t.port(n, rng.randrange(OTHERS) if n >= 30 else None)
    if kind == 3:
        columns = {"enabled": rng.random() < 0.7}
    elif kind == 4:
        columns = {"addresses": ["set", sorted({
            rng.choice(("10.%d.9.%d", "2001:db8:0:%x::%x")) % (net, rng.randrange(2, 60))
            for _ in range(rng.randrange(1, 3))})]}
    elif kind == 5:
        columns = {"chassis": ref(rng.choice(t.others))} if n >= 30 else {"enabled": True}
    elif kind == 6:
        columns = {"network": ref(t.networks[net])}
    elif kind == 7:
        return {"op": "update", "table": "Network", "where": [["name", "==", "net%d" % net]],
                "row": {"mtu": rng.choice([1400, 1450, 1500])}}
    elif kind == 8:
        return {"op": "update", "table": "Router", "where": [["name", "==", "router0"]],
                "row": {"enabled": rng.random() < 0.8}}
    else:
        number, v6 = rng.randrange(4), rng.random() < 0.5
        prefix = ("2001:db8:99:%d::/64" if v6 else "10.99.%d.0/24") % number
        if rng.random() < 0.5:
            return {"op": "delete", "table": "Static_Route", "where": [["prefix", "==", prefix]]}
        return insert("Static_Route", router=ref(t.router), prefix=prefix,
                      next_hop=("2001:db8:0:%x::1:%x" if v6 else "10.%d.0.%d") % (
                          rng.randrange(len(t.networks)), rng.randrange(1, 5)))
    return {"op": "update", "table": "Port", "where": [port], "row": columns}


MEASURES = [flows, work, megaflows, self_check]
