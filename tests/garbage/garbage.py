# SPDX-License-Identifier: Apache-2.0
"""Values, rows, settings, frames and OpenFlow messages that should not be written, and
a generator of random numbers decides on all of it: the same seed, the same garbage."""
import struct
import uuid

STRINGS = [
    "x", " ", "-", "\n", "\t", "\x7f", "\x01", "é", "\u202e", "\U0001f525" * 9, "%s%n%d",
    "../..", "'", '"', "\\", "a,b", "a b", "a=b", "[]", "{}", "null", "true", "-1", "0", "NaN",
    "0x10", "1e9", "18446744073709551616", "A" * 70000, "a" * 255, "ü" * 3000, "\u0000", "vm1",
    "n1", "r1",
]
ADDRESSES = [
    "10.0.1.11", "10.0.2.12", "10.0.1.1", "010.0.1.11", "10.0.1.11/32", "10.0.1.11/33",
    "10.0.1.256", "10.0.1", "10.0.1.11 ", " 10.0.1.11", "0.0.0.0", "0.0.0.0/0", "255.255.255.255",
    "127.0.0.1", "224.0.0.1", "169.254.169.254", "10.0.9.1/-1", "10.0.9.1/", "/24",
    "10.0.9.1/24/24", "10.0.9.255/24", "10.0.9.0/24", "::", "::1", "::/0", "fe80::1", "ff02::1",
    "2001:db8::1/64", "2001:db8::g", "::ffff:10.0.1.11", "2001:db8::1/129", "fe80::1%lo",
    "1.2.3.4,5.6.7.8", "2001:db8:0:1::11", "2001:DB8:0:1:0:0:0:11", "2001:db8:0:1::",
    "2001:db8:0:1::1/127", "fe80::/10", "fe80::1/64", "ff05::/16", "::ffff:0:0/96", "fd00::1/128",
    "::10.0.1.11", "1:2:3:4:5:6:7:8:9", "2001:db8:::1", "fec0::1",
]
MACS = [
    "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "33:33:00:00:00:01",
    "0A:00:00:00:00:01", "0a-00-00-00-00-01", "0a000000 0001", "0a:00:00:00:00", "a:0:0:0:0:1",
    "0a:00:00:00:00:01:02", "0e:00:00:00:01:01", "0E:00:00:00:01:02", "fa:16:3e:00:00:01 10.0.0.1",
]
INTEGERS = [-(1 << 63), -1, 0, 1, 42, 67, 68, 576, 1500, 4094, 4095, 4096, 65535, 65536,
            (1 << 24) - 1, 1 << 24, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1]


class Values:
    """Random values around what means something."""

    def __init__(self, rng):
        self.rng = rng

    def string(self):
        s = self.rng.choice(STRINGS)
        if self.rng.random() < 0.3:
            s += self.rng.choice(STRINGS)[:50]
        return s.replace("\x00", "")

    def mutated(self, s):
        """'s' with some characters changed, doubled, left out or put in."""
        s = list(s)
        for _ in range(self.rng.randint(1, 3)):
            i = self.rng.randrange(len(s) + 1)
            s[i:i + self.rng.randint(0, 2)] = self.rng.choice(
                ["", "0", "9", "f", ":", ".", "/", ",", " ", "-", "é", "\x7f"])
        return "".join(s)

    def plain_address(self, host):
        """Of either family, and none of a healthy object."""
        return self.rng.choice(("10.%d.%d.%d", "2001:db8:%d:%d::%x")) % (
            self.rng.choice((3, 9)), self.rng.randrange(4), host)

    def plain_cidr(self):
        s = self.plain_address(self.rng.randrange(256))
        return s + ("/64" if ":" in s else "/24")

    def address(self):
        r = self.rng.random()
        if r < 0.4:
            return self.plain_address(self.rng.randrange(256))
        if r < 0.7:
            return self.rng.choice(ADDRESSES)
        if r < 0.9:
            return self.mutated(self.rng.choice(ADDRESSES))
        return self.string()

    def cidr(self):
        s = self.address()
        return s if "/" in s or self.rng.random() < 0.2 else "%s/%d" % (s, self.rng.choice(
            (0, 1, 48, 64, 64, 64, 127, 128) if ":" in s else
            (0, 1, 8, 16, 24, 24, 24, 30, 31, 32)))

    def mac(self):
        r = self.rng.random()
        if r < 0.5:
            return "0c:%02x:%02x:00:00:%02x" % tuple(self.rng.randbytes(3))
        if r < 0.8:
            return self.rng.choice(MACS)
        return self.mutated(self.rng.choice(MACS)) or "m"

    def integer(self, low=None, high=None):
        n = self.rng.choice(INTEGERS) + self.rng.randint(-1, 1)
        return min(max(n, -(1 << 63) if low is None else low), (1 << 63) - 1 if high is None
                   else high)

    def several(self, value, most=6):
        n = self.rng.choice((0, 1, 1, 2, most))
        return ["set", sorted({value() for _ in range(n)})]

    def optional(self, value):
        return ["set", [value()] if self.rng.random() < 0.7 else []]

    def map(self, key, value):
        keys = {key() for _ in range(self.rng.randint(0, 4))}
        return ["map", [[k, value()] for k in sorted(keys)]]


class Rows:
    """Rows of the NB database that its schema admits.

    They get high UUIDs, so that what is in use already wins where two claim the same thing.
    What may change an object of 'healthy' by right is left out: a router port's claim to
    an address or the MAC of a machine."""

    TABLES = ("Network", "Subnet", "Port", "Port", "Port", "Router", "Router_Port", "NAT",
              "Chassis", "Connection", "Port", "RBAC_Role", "RBAC_Permission")

    def __init__(self, rng, healthy):
        self.rng, self.values = rng, Values(rng)
        self.healthy = healthy  # Table to list of UUIDs.
        self.rows = {table: [] for table in self.TABLES}
        self.serial = 0

    def _name(self):
        """Unique; names that are taken are the schema's business."""
        self.serial += 1
        r = self.rng.random()
        if r < 0.2:
            return "g%d" % self.rng.randrange(8)  # Interfaces of this name are plugged.
        return "g%d" % self.serial + ("" if r < 0.6 else self.values.string())

    def _any(self, table):
        mine = self.rows[table]
        return ["uuid", self.rng.choice(mine)] if mine else None

    def _network(self, share):
        """A network of ours, or a healthy one."""
        if self.rng.random() < share:
            return ["uuid", self.rng.choice(self.healthy["Network"])]
        return self._any("Network")

    def _columns(self, table):
        """A table ('table', or one that must have rows first), and columns for a row."""
        v = self.values
        row = {}
        if table not in ("Connection", "RBAC_Permission"):
            row["name"] = self._name()
        if table in ("Port", "Router_Port", "Subnet") and not self.rows["Network"]:
            table = "Network"
        elif table in ("Router_Port", "NAT") and not self.rows["Router"]:
            table = "Router"
        if table == "Network":
            row.update(type=self.rng.choice(("geneve", "vxlan", "gre", "vlan", "flat", "local")),
                       segmentation_id=v.optional(lambda: v.integer(0, (1 << 32) - 1)),
                       physical_network=v.optional(
                           lambda: self.rng.choice(("phys1", v.string() or "x"))),
                       external=v.optional(lambda: self.rng.random() < 0.5),
                       mtu=v.optional(lambda: v.integer(68, 65535)))
        elif table == "Subnet":
            row.update(network=self._network(0.3), cidr=v.cidr() or "x",
                       gateway_ip=v.optional(lambda: v.address() or "x"))
        elif table == "Port":
            name = row["name"]
            # An interface of ours must not become part of a healthy network.
            row.update(network=self._network(0 if name[:1] == "g" and len(name) == 2 else 0.3),
                       mac=v.mac(), addresses=v.several(v.address, 40),
                       enabled=v.optional(lambda: self.rng.random() < 0.7),
                       up=v.optional(lambda: self.rng.random() < 0.5))
            if row["network"][1] not in self.healthy["Network"]:
                chassis = self.rng.choice([self._any("Chassis"), None, [
                    "uuid", self.rng.choice(self.healthy["Chassis"])]])
                row["chassis"] = ["set", [chassis] if chassis else []]
                row["requested_chassis"] = v.optional(
                    lambda: self.rng.choice(("c1", "c2", v.string() or "x")))
        elif table == "Router":
            row.update(enabled=v.optional(lambda: self.rng.random() < 0.8),
                       static_routes=v.several(self._route, 30))
        elif table == "Router_Port":
            network = self._network(0.3)
            healthy = network[1] in self.healthy["Network"]
            row.update(router=self._any("Router"), network=network,
                       mac="0c:%02x:%02x:00:00:%02x" % tuple(self.rng.randbytes(3))
                       if healthy else v.mac(),
                       addresses=v.several(v.plain_cidr if healthy else v.cidr, 8))
        elif table == "NAT":
            row.update(router=self._any("Router"),
                       type=self.rng.choice(("dnat_and_snat", "snat")),
                       external_ip=v.address() or "x",
                       logical_ip=self.rng.choice((v.address, v.cidr))() or "x",
                       external_mac=v.optional(v.mac))
        elif table == "Chassis":
            row.update(hostname=v.string(), applied=v.integer(0),
                       encaps=["map", [[t, self.rng.choice((v.address() or "x", "172.31.0.1",
                                                            "172.31.0.77"))]
                                       for t in ("geneve", "vxlan", "gre")
                                       if self.rng.random() < 0.6]],
                       encaps_ipv6=["map", [[t, self.rng.choice((v.address() or "x", "fd31::1",
                                                                 "172.31.0.77"))]
                                            for t in ("geneve", "vxlan", "gre")
                                            if self.rng.random() < 0.3]],
                       # Not phys1: the gateway of a healthy network would be there by right.
                       bridge_mappings=v.map(v.string, v.string),
                       gateway=v.optional(lambda: self.rng.random() < 0.5))
        elif table == "RBAC_Permission":
            row.update(table=v.string() or "x", insert_delete=False, update=v.several(v.string))
        row["external_ids"] = v.map(v.string, v.string)
        return table, row

    def _route(self):
        v = self.values
        via = v.address()
        return self.rng.choice((v.string(), v.cidr(), v.cidr() + self.rng.choice(
            (" ", "=", " via ", ",")) + via))

    def operation(self):
        """An operation of RFC 7047, and what to call when it has been admitted."""
        table = self.rng.choice(self.TABLES)
        rows = self.rows[table]
        r = self.rng.random()
        if table == "Connection":  # Referred to, or it is gone at once; and never listened on.
            return {"op": "mutate", "table": "Global", "where": [], "mutations": [
                ["external_ids", "insert", self.values.map(self.values.string,
                                                           self.values.string)]]}, lambda: None
        if rows and r < 0.15:
            victim = self.rng.choice(rows)
            delete = {"op": "delete", "table": table,
                      "where": [["_uuid", "==", ["uuid", victim]]]}
            return delete, lambda: rows.remove(victim)
        table, row = self._columns(table)
        rows = self.rows[table]
        if rows and r < 0.4:
            victim = self.rng.choice(rows)
            if table in ("Port", "Router_Port", "Subnet"):
                row.pop("name")      # Keeps what belongs together:
                row.pop("network")   # see _columns().
                row.pop("chassis", None)
                row.pop("requested_chassis", None)
                if table == "Router_Port":
                    row.pop("mac")
                if table != "Subnet":
                    row["addresses"] = self.values.several(self.values.plain_cidr)
            row = {k: row[k] for k in sorted(row) if self.rng.random() < 0.6}
            return {"op": "update", "table": table, "where": [["_uuid", "==", ["uuid", victim]]],
                    "row": row}, lambda: None
        new = str(uuid.UUID(int=(0xffffffff << 96) | self.rng.getrandbits(96)))
        insert = {"op": "insert", "table": table, "uuid": new, "row": row}
        return insert, lambda: rows.append(new)

    def removal(self):
        """The operations that take away all that is left."""
        return [{"op": "delete", "table": table, "where": [["_uuid", "==", ["uuid", u]]]}
                for table in ("NAT", "Router_Port", "Subnet", "Port", "Router", "Network",
                              "Chassis", "RBAC_Role", "RBAC_Permission")
                for u in self.rows[table]] + [
            {"op": "update", "table": "Global", "where": [], "row": {"external_ids": ["map", []]}}]


SETTINGS = {
    "dragonflow-remote": ["unix:/nowhere", "unix:", "tcp:127.0.0.1:1", "tcp:[::1]:1", "tcp::",
                          "ssl:"],
    "dragonflow-relays": ["unix:/nowhere", "tcp:127.0.0.1:1", "tcp:127.0.0.1:1,unix:/nowhere",
                          ","],
    "dragonflow-remote-probe-interval": ["0", "1000", "86400000", "999"],
    "dragonflow-bridge": ["br-int2", "br-other", "/", "..", "a" * 15, "a" * 16],
    "dragonflow-datapath-type": ["system", "kernel"],
    "dragonflow-encap-type": ["geneve", "vxlan", "gre,geneve", "geneve,geneve", "stt", ","],
    "dragonflow-encap-ip": ["172.31.0.99", "172.31.0.99,2001:db8::5", "fe80::1", "224.0.0.1",
                            "::1", "2001:db8::5", "0.0.0.0"],
    "dragonflow-bridge-mappings": ["phys1:br-none", "p:br-int", "p:q,p:r", "p:q,r:q", ":", "p:",
                                   ":q"],
    "dragonflow-gateway": ["true", "false"],
    "dragonflow-gateway-drain": ["true", "false"],
    "dragonflow-bfd-interval": ["0", "100", "10000"],
    "dragonflow-l2": ["native", "ml2"],
    "dragonflow-fallback-timeout": ["0", "1", "65535", "65536"],
    "dragonflow-monitor-all": ["true", "false"],
    "dragonflow-nothing": ["x"],
    "system-id": ["other"],
    "hostname": ["a.b", "c"],
}


def setting(rng):
    """A key and a value that might be written there, or None for the key taken
    away."""
    v = Values(rng)
    key = rng.choice(sorted(SETTINGS))
    r = rng.random()
    known = rng.choice(SETTINGS[key])
    if r < 0.1:
        return key, None
    if r < 0.3:
        return key, known
    if r < 0.6:
        return key, v.mutated(known)
    return key, rng.choice((v.string, v.address, lambda: str(v.integer())))()


def frame(rng, seeds):
    """A frame, made from one of 'seeds'."""
    f = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((0, 1, 1, 2, 4, 16))):
        # Mostly in the headers.
        f[min(rng.randrange(len(f)), rng.randrange(12, 60)) % len(f)] = rng.choice(
            (0, 1, 0x45, 0x4f, 0x7f, 0x80, 0xff, rng.randrange(256)))
    r = rng.random()
    if r < 0.25:
        f = f[:rng.randint(14, max(len(f), 15))]
    elif r < 0.35:
        f += rng.randbytes(rng.choice((1, 100, 1400)))
    elif r < 0.4:
        f[14:] = rng.randbytes(rng.randint(0, 80))
    return bytes(f)


def message(rng, seeds):
    """An OpenFlow message, made from one of 'seeds'.  Mostly the length in its header is
    right, so that the connection lives on."""
    m = bytearray(rng.choice(seeds))
    if rng.random() < 0.1:
        m[1] = rng.randrange(36)   # Another type,
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if len(m) > 8:
            m[min(rng.randrange(8, len(m)), rng.randrange(8, 80)) % len(m)] = rng.choice(
                (0, 1, 7, 8, 0x80, 0xff, rng.randrange(256)))
    r = rng.random()
    if r < 0.2:
        m = m[:rng.randint(8, len(m))]
    elif r < 0.25:
        m += rng.randbytes(8 * rng.randint(1, 9))
    m = m[:65535]
    struct.pack_into(">H", m, 2, len(m))
    r = rng.random()
    if r < 0.005:
        struct.pack_into(">H", m, 2, rng.choice((0, 7, 65535)))
    elif r < 0.01:
        m[0] = rng.randrange(256)  # another version.
    return bytes(m)
