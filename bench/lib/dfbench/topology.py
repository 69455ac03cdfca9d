# SPDX-License-Identifier: Apache-2.0
"""Large topologies, the same ones every time.

Objects have names and UUIDs that follow from their numbers, so a topology can be
written as a database file (100,000 ports take two seconds), and an operation on
it be composed without asking the server for a UUID."""
import hashlib
import json
import uuid
from dataclasses import dataclass

VNI_BASE = 1000


def object_uuid(name):
    """Random-looking, as real ones are: keys in flows are made of them."""
    return str(uuid.UUID(bytes=hashlib.md5(name.encode()).digest(), version=4))


def ref(name):
    return ["uuid", object_uuid(name)]


def as_set(values):
    """One alone stands for itself."""
    return values[0] if len(values) == 1 else ["set", values]


def mac(prefix, n):
    return "%02x:%02x:%02x:%02x:%02x:%02x" % (prefix, n >> 32 & 255, n >> 24 & 255,
                                              n >> 16 & 255, n >> 8 & 255, n & 255)


@dataclass
class Topology:
    """'routers' routers with 'networks' networks each, and 'ports' ports on each
    network.  'local' of all ports, spread evenly, are for the real chassis; the others
    are on 'chassis' that exist in the NB database only.  With 'dual' networks and ports are of
    IPv4 and IPv6."""
    routers: int
    networks: int
    ports: int
    chassis: int = 100
    local: int = 50
    dual: bool = False

    @property
    def n_networks(self):
        return self.routers * self.networks

    @property
    def n_ports(self):
        return self.n_networks * self.ports

    def __str__(self):
        return "%d routers x %d networks x %d ports" % (self.routers, self.networks, self.ports)

    # --- Numbers ---

    def local_numbers(self):
        """Ports of as many networks, and so of as many routers, as possible."""
        nets, local = self.n_networks, self.local
        return [i * self.ports // local * nets + (i * nets // local if nets > local else i % nets)
                for i in range(local)]

    def network_of(self, n):
        return n % self.n_networks

    def cidr(self, net, host):
        """10.0.0.0/8 has room for 256 networks of 65,536; with more they are smaller."""
        bits = 16
        while self.n_networks + 64 > 1 << (24 - bits):
            bits -= 1
        ip = (10 << 24) + (net << bits) + host
        return "%d.%d.%d.%d" % (ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255), 32 - bits

    def cidr6(self, net, host):
        return "2001:db8:%x:%x::%x" % (net >> 16, net & 0xffff, host), 64

    # --- Rows, as columns of OVSDB's JSON ---

    def other(self, i):
        name = "other%d" % i
        return name, {"name": name, "hostname": name,
                      "encaps": ["map", [["geneve", "172.30.%d.%d" % (i >> 8, i & 255)]]]}

    def network(self, i):
        name = "net%d" % i
        return name, {"name": name, "type": "geneve", "segmentation_id": VNI_BASE + i}

    def router(self, i):
        return "router%d" % i, {"name": "router%d" % i}

    def router_port(self, router, net):
        name = "rp%d-%d" % (router, net)
        host = 1 + router // max(1, self.routers)
        ways = [self.cidr(net, host)] + [self.cidr6(net, host)] * self.dual
        return name, {"name": name, "router": ref("router%d" % router),
                      "network": ref("net%d" % net),
                      "mac": mac(0x0e, router << 16 | net),
                      "addresses": as_set(["%s/%d" % way for way in ways])}

    def port(self, n, chassis=None, net=None):
        """Port number 'n', on other chassis number 'chassis' if given, on the
        network that is its turn if 'net' is None."""
        name = "port%d" % n
        net = self.network_of(n) if net is None else net
        host = n // self.n_networks + 10
        ips = [self.cidr(net, host)[0]] + [self.cidr6(net, host)[0]] * self.dual
        columns = {"name": name, "network": ref("net%d" % net), "mac": mac(0x0a, n),
                   "addresses": as_set(ips),
                   "external_ids": ["map", [["neutron:project", object_uuid("project")]]]}
        if chassis is not None:
            columns["chassis"] = ref("other%d" % chassis)
            columns["up"] = True
        return name, columns

    def local_names(self):
        return ["port%d" % n for n in self.local_numbers()]

    def tables(self):
        """{table: [(name, columns)]}."""
        local = set(self.local_numbers())
        return {
            "Global": [("global", {"sequence": 1})],
            "Chassis": [self.other(i) for i in range(self.chassis)],
            "Network": [self.network(i) for i in range(self.n_networks)],
            "Router": [self.router(i) for i in range(self.routers)],
            "Router_Port": [self.router_port(i // self.networks, i)
                            for i in range(self.n_networks)],
            "Port": [self.port(n, None if n in local else n % self.chassis)
                     for n in range(self.n_ports)],
        }

    def write_database(self, path, schema):
        """Writes a standalone database file as ovsdb-server does: log records of
        a length, a SHA-1, and JSON."""
        def record(content):
            text = json.dumps(content, separators=(",", ":")).encode() + b"\n"
            digest = hashlib.sha1(text).hexdigest().encode()
            return b"OVSDB JSON %d %s\n" % (len(text), digest) + text
        content = {table: {object_uuid(name): columns for name, columns in rows}
                   for table, rows in self.tables().items()}
        with open(path, "wb") as f:
            f.write(record(json.load(open(schema))))
            f.write(record(content))


# --- Operations of RFC 7047 ---------------------------------------------------

def insert(table, row):
    name, columns = row
    return {"op": "insert", "table": table, "uuid": object_uuid(name), "row": columns}


def delete(table, name):
    return {"op": "delete", "table": table, "where": [["_uuid", "==", ref(name)]]}


def update(table, name, **columns):
    return {"op": "update", "table": table, "where": [["_uuid", "==", ref(name)]],
            "row": columns}
