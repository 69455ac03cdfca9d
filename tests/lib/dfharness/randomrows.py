# SPDX-License-Identifier: Apache-2.0
"""Random changes of an NB database, in which objects collide, refer to each other, come and
go.  Networks, routers and routes are IPv4, IPv6 or both."""
import ovs.jsonrpc
import ovs.stream

from .process import Failure


class RandomRows:
    """Every object keeps its name.  Ports "p0" up to LOCAL are there to be plugged in; the
    others are on chassis that exist in the database only, "other0" and so on.  No other client
    may change these rows, except for what chassis write into them."""

    NETWORKS, PORTS, ROUTERS, ROUTER_PORTS, ROUTES, OTHERS = 8, 40, 5, 10, 6, 4
    SUBNETS = 10
    LOCAL = 6

    def __init__(self, db, rng):
        self.db, self.rng = db, rng
        self.uuids = {}  # (table, name): as in a reference.
        self.stream = None

    def close(self):
        if self.stream:
            self.stream.close()
            self.stream = None

    def transact(self, operation):
        """The result, or None if the database refuses it; over one connection, which is made again
        when it is lost."""
        request = ovs.jsonrpc.Message.create_request(
            "transact", [self.db.schema_name, operation])
        for _ in range(2):
            if not self.stream:
                error, stream = ovs.stream.Stream.open_block(
                    ovs.stream.Stream.open(self.db.remote))
                if error:
                    raise Failure("%s: cannot connect" % self.db.remote)
                self.stream = ovs.jsonrpc.Connection(stream)
            error, reply = self.stream.transact_block(request)
            if not error:
                break
            self.close()
        else:
            raise Failure("transact: %s" % error)
        failed = reply.error or [r for r in reply.result if not r or r.get("error")]
        return None if failed else reply.result[0]

    def uuid(self, table, name):
        return self.uuids.get((table, name))

    def put(self, table, name, **columns):
        if (table, name) in self.uuids:
            self.transact({"op": "update", "table": table, "where": [["name", "==", name]],
                           "row": columns})  # Two with one MAC are refused.
        else:
            result = self.transact({"op": "insert", "table": table,
                                    "row": {"name": name, **columns}})
            if result:
                self.uuids[table, name] = result["uuid"]

    def delete(self, table, name):
        """Unless another row refers to it."""
        if self.transact({"op": "delete", "table": table, "where": [["name", "==", name]]}):
            self.uuids.pop((table, name), None)

    def address(self, first, last):
        """One of four subnets of either family, its host from 'first' to 'last'."""
        subnet, host = self.rng.randrange(4), self.rng.randrange(first, last + 1)
        return self.rng.choice(["10.0.%d.%d", "2001:db8:0:%d::%x"]) % (subnet, host)

    def addresses(self, first, last, *more):
        """One or two, of one family or both, perhaps with one of 'more'."""
        drawn = {self.address(first, last) for _ in range(self.rng.randrange(1, 3))}
        return sorted(drawn | ({self.rng.choice(more)} if self.rng.random() < 0.2 else set()))

    def route(self):
        """A prefix and a next hop of one family."""
        if self.rng.random() < 0.5:
            return (self.rng.choice(["10.%d.0.0/16" % self.rng.randrange(20, 23), "0.0.0.0/0"]),
                    "10.0.%d.%d" % (self.rng.randrange(4), self.rng.randrange(1, 10)))
        return (self.rng.choice(["2001:db8:%d::/48" % self.rng.randrange(20, 23), "::/0"]),
                self.rng.choice(["2001:db8:0:%d::%x" % (self.rng.randrange(4),
                                                        self.rng.randrange(1, 10)), "fe80::1"]))

    def network(self, i):
        kind = self.rng.choice(["geneve", "vxlan", "vlan", "flat", "local"])
        self.put("Network", "n%d" % i, type=kind, mtu=self.rng.choice([1400, 1500]),
                 segmentation_id=self.rng.randrange(1, 10) if kind[0] in "gv" else ["set", []],
                 physical_network="phys1" if kind in ("vlan", "flat") else ["set", []])

    def subnet(self, i):
        network = self.uuid("Network", "n%d" % self.rng.randrange(self.NETWORKS))
        prefix = self.rng.choice(["10.0.%d.0/24", "2001:db8:0:%d::/64"]) % self.rng.randrange(4)
        modes = ["slaac", "dhcpv6-stateful", "dhcpv6-stateless", ["set", []]]
        if network:
            self.put("Subnet", "s%d" % i, network=network, cidr=prefix,
                     ra_mode=self.rng.choice(modes if ":" in prefix else modes[-1:]))

    def port(self, i):
        network = self.uuid("Network", "n%d" % self.rng.randrange(self.NETWORKS))
        other = self.uuid("Chassis", "other%d" % self.rng.randrange(self.OTHERS))
        if network:
            self.put("Port", "p%d" % i, network=network, mac="0a:00:00:00:%02x:%02x" % (
                         self.rng.randrange(4), i),
                     addresses=["set", self.addresses(20, 59, "fe80::20")],
                     enabled=self.rng.random() < 0.9,
                     **({"chassis": other} if i >= self.LOCAL and other else {}))

    def router(self, i):
        self.put("Router", "r%d" % i, enabled=self.rng.random() < 0.9,
                 static_routes=["set", ["%s via %s" % self.route()]])

    def static_route(self, i):
        router = self.uuid("Router", "r%d" % self.rng.randrange(self.ROUTERS))
        self.delete_static_route(i)
        if router:
            prefix, next_hop = self.route()
            row = {"router": router, "prefix": prefix, "next_hop": next_hop,
                   "external_ids": ["map", [["number", str(i)]]]}
            self.transact({"op": "insert", "table": "Static_Route", "row": row})

    def delete_static_route(self, i):
        self.transact({"op": "delete", "table": "Static_Route",
                       "where": [["external_ids", "includes", ["map", [["number", str(i)]]]]]})

    def router_port(self, i):
        network = self.uuid("Network", "n%d" % self.rng.randrange(self.NETWORKS))
        router = self.uuid("Router", "r%d" % self.rng.randrange(self.ROUTERS))
        if network and router:
            self.put("Router_Port", "rp%d" % i, network=network, router=router,
                     mac="0e:00:00:00:00:%02x" % i, addresses=["set", [
                         a + ("/64" if ":" in a else "/24")
                         for a in self.addresses(1, 9, "fe80::1", "fe80::2")]])

    def other(self, i):
        self.put("Chassis", "other%d" % i, encaps=["map", [
            ["geneve", "172.31.1.%d" % self.rng.randrange(1, 20)],
            ["vxlan", "172.31.1.%d" % i]]])

    def change(self):
        table, make, name, n = self.rng.choice(
            [("Network", self.network, "n%d", self.NETWORKS),
             ("Subnet", self.subnet, "s%d", self.SUBNETS),
             ("Port", self.port, "p%d", self.PORTS), ("Port", self.port, "p%d", self.PORTS),
             ("Router", self.router, "r%d", self.ROUTERS),
             ("Static_Route", self.static_route, "%d", self.ROUTES),
             ("Router_Port", self.router_port, "rp%d", self.ROUTER_PORTS),
             ("Chassis", self.other, "other%d", self.OTHERS)])
        i = self.rng.randrange(n)
        if self.rng.random() < 0.2:
            if table == "Static_Route":
                self.delete_static_route(i)
            else:
                self.delete(table, name % i)
        else:
            make(i)
