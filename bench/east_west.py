# SPDX-License-Identifier: Apache-2.0
"""East-West routing: flows, megaflows, work and self-check."""
import random
import re

from dfbench.report import row
from dfharness.dummy import Cloud
from dfharness.process import wait_until

OTHERS = 20  # Chassis that exist in the NB database only.


# --- A large topology in the NB database -------------------------------------

def insert(table, **columns):
    return {"op": "insert", "table": table, "row": columns}


def ref(uuid):
    return ["uuid", uuid]


class Topology:
    """Networks on one router; ports on chassis that are not there, by direct
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

    def add_router(self):
        k = self.routers
        self.routers += 1
        uuid, = self.transact([insert("Router", name="router%d" % k)])
        self.router = uuid  # The last one.
        self.transact([insert("Router_Port", name="rp%d-%d" % (k, i), router=ref(uuid),
                              network=ref(net), mac="0e:00:00:%02x:00:%02x" % (k, i),
                              addresses="10.%d.255.%d/16" % (i, 254 - k))
                       for i, net in enumerate(self.networks)])

    def port(self, n, chassis=None):
        i = n % len(self.networks)
        k = n // len(self.networks) + 1
        columns = {"name": "port%d" % n, "network": ref(self.networks[i]),
                   "mac": "0a:00:%02x:%02x:%02x:%02x" % (n >> 24, n >> 16 & 255, n >> 8 & 255,
                                                         n & 255),
                   "addresses": "10.%d.%d.%d" % (i, k >> 8, k & 255)}
        if chassis is not None:
            columns["chassis"] = ref(self.others[chassis])
        return insert("Port", **columns)

    def add_ports(self, count, remote=True):
        first = self.n_ports
        self.n_ports += count
        for start in range(first, first + count, 5000):
            numbers = range(start, min(start + 5000, first + count))
            self.transact([self.port(n, n % OTHERS if remote else None) for n in numbers])
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
    wait_until(lambda: db.rows("Chassis", [["name", "==", chassis.name]],
                               ["applied"])[0]["applied"] == sequence, "changes applied")


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
        t.add_router()
        second = flow_count(cloud)
    per_local = (local - start) / 20
    per_remote = (remote - local) / 1000
    per_router_port = (second - remote) / 2
    return [
        row("constant", base),
        row("two networks with a router, a local and a remote port each", start - base),
        row("each local port", "%.1f" % per_local, "<= 12", per_local <= 12),
        row("each remote port", "%.3f" % per_remote, "<= 2", per_remote <= 2),
        row("each port of a second router, 1,024 ports behind it", "%.1f" % per_router_port,
            "<= 8", per_router_port <= 8),
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


def megaflows():
    """What the datapath sees of a routed packet."""
    rows = []
    with Cloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24", segmentation_id=1)
        cloud.add_network("n2", "10.0.2.0/24", segmentation_id=2)
        router = cloud.add_router("r", n1="10.0.1.1/24", n2="10.0.2.1/24")
        a = cloud.add_vm("a", "n1", 0, "10.0.1.2")
        cloud.add_vm("b", "n2", 0, "10.0.2.2")
        cloud.add_vm("c", "n2", 1, "10.0.2.3")
        cloud.sync()
        for where, target in (("one chassis", "10.0.2.2"), ("across chassis", "10.0.2.3")):
            cloud.chassis[0].appctl("dpctl/del-flows")
            for port in (1000, 2000, 3000):
                a.send(a.tcp(router["n1"].mac, target, sport=port, dport=port + 1))
            dump = cloud.chassis[0].appctl("dpctl/dump-flows", "-m").splitlines()
            mine = [f for f in dump if re.search(r"dst=%s" % re.escape(target), f)
                    and re.search(r"in_port\(a\)", f)]
            match = mine[0].split("actions:")[0] if mine else ""
            l4 = [x for x in re.findall(r"(?:tcp|udp|sctp)\([^)]*\)", match)
                  if not re.fullmatch(r"\w+\((?:\w+=\d+/0(?:x0)?,?)*\)", x)]
            source = re.search(r"ipv4\(src=[\d.]+(?:/(?!0\.0\.0\.0))", match)
            exact_source = re.search(r"ipv4\(src=[\d.]+,", match)
            recirculated = [f for f in mine if "recirc(" in f.split("actions:")[1]]
            rows += [
                row("%s: megaflows of three connections" % where, len(mine), "1",
                    len(mine) == 1),
                row("%s: recirculations" % where, len(recirculated), "0", not recirculated),
                row("%s: L4 ports matched" % where, len(l4), "0", not l4),
                row("%s: source IP matched" % where,
                    "yes" if source or exact_source else "no", "no",
                    not source and not exact_source),
            ]
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
        columns = {"addresses": ["set", ["10.%d.9.%d" % (net, rng.randrange(1, 60))
                                         for _ in range(rng.randrange(1, 3))][:1]]}
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
        prefix = "10.99.%d.0/24" % rng.randrange(4)
        if rng.random() < 0.5:
            return {"op": "delete", "table": "Static_Route", "where": [["prefix", "==", prefix]]}
        return insert("Static_Route", router=ref(t.router), prefix=prefix,
                      next_hop="10.%d.0.%d" % (rng.randrange(len(t.networks)),
                                               rng.randrange(1, 5)))
    return {"op": "update", "table": "Port", "where": [port], "row": columns}


MEASURES = [flows, work, megaflows, self_check]
