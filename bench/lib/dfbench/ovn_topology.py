# SPDX-License-Identifier: Apache-2.0
"""The topology of topology.py in OVN's terms: a network is a logical switch, and a
router port is a pair of ports, one on each side."""
import hashlib
import json

from .topology import Topology, object_uuid, ref


def insert(table, row):
    name, columns = row
    return {"op": "insert", "table": table, "uuid": object_uuid(name), "row": columns}


def join(table, name, column, member):
    """Puts 'member' into a set of references of the object 'name'."""
    return {"op": "mutate", "table": table, "where": [["_uuid", "==", ref(name)]],
            "mutations": [[column, "insert", ref(member)]]}


def leave(table, name, column, member):
    return {"op": "mutate", "table": table, "where": [["_uuid", "==", ref(name)]],
            "mutations": [[column, "delete", ref(member)]]}


def update(table, name, **columns):
    return {"op": "update", "table": table, "where": [["_uuid", "==", ref(name)]],
            "row": columns}


NB_OPTIONS = {"use_logical_dp_groups": "true", "northd_probe_interval": "0",
              "ignore_lsp_down": "true"}


class OvnTopology:
    """Composes rows of OVN's databases for a Topology.  A logical switch has the
    name of the network, a logical switch port that of the port."""

    def __init__(self, topology: Topology):
        self.topology = topology

    def port(self, n, net=None):
        name, port = self.topology.port(n, net=net)
        ips = [port["addresses"]] if isinstance(port["addresses"], str) else port["addresses"][1]
        return name, {"name": name, "addresses": " ".join([port["mac"], *ips])}

    def router_port(self, router, net):
        """The logical router port, and the switch's port to it."""
        name, port = self.topology.router_port(router, net)
        return ((name, {"name": name, "mac": port["mac"], "networks": port["addresses"]}),
                ("to-" + name, {"name": "to-" + name, "type": "router", "addresses": "router",
                                "options": ["map", [["router-port", name]]]}))

    def add_port(self, n, net=None):
        """Operations that add port 'n'."""
        net = self.topology.network_of(n) if net is None else net
        return [insert("Logical_Switch_Port", self.port(n, net)),
                join("Logical_Switch", "net%d" % net, "ports", "port%d" % n)]

    def remove_port(self, n):
        return [leave("Logical_Switch", "net%d" % self.topology.network_of(n), "ports",
                      "port%d" % n)]

    def add_network(self, net, numbers):
        """Operations that add network 'net' with its ports, on no router."""
        return [insert("Logical_Switch", ("net%d" % net, {"name": "net%d" % net})),
                *[op for n in numbers for op in self.add_port(n, net)]]

    def add_router_port(self, router, net):
        inner, outer = self.router_port(router, net)
        return [insert("Logical_Router_Port", inner), insert("Logical_Switch_Port", outer),
                join("Logical_Router", "router%d" % router, "ports", inner[0]),
                join("Logical_Switch", "net%d" % net, "ports", outer[0])]

    def remove_router_port(self, router, net):
        name = "rp%d-%d" % (router, net)
        return [leave("Logical_Router", "router%d" % router, "ports", name),
                leave("Logical_Switch", "net%d" % net, "ports", "to-" + name)]

    def nb_tables(self):
        """{table: [(name, columns)]}, everything."""
        t = self.topology
        ports = [self.port(n) for n in range(t.n_ports)]
        router_ports = [self.router_port(i // t.networks, i) for i in range(t.n_networks)]
        on_switch = [[] for _ in range(t.n_networks)]
        for n in range(t.n_ports):
            on_switch[t.network_of(n)].append("port%d" % n)
        for net, (_, outer) in enumerate(router_ports):
            on_switch[net].append(outer[0])
        on_router = [[] for _ in range(t.routers)]
        for net, (inner, _) in enumerate(router_ports):
            on_router[net // t.networks].append(inner[0])

        def references(names):
            return ["set", [ref(name) for name in names]]
        return {
            "NB_Global": [("nb-global", {"options": ["map", sorted(map(list,
                                                                       NB_OPTIONS.items()))]})],
            "Logical_Switch_Port": ports + [outer for _, outer in router_ports],
            "Logical_Router_Port": [inner for inner, _ in router_ports],
            "Logical_Switch": [("net%d" % i, {"name": "net%d" % i, "ports": references(names)})
                               for i, names in enumerate(on_switch)],
            "Logical_Router": [("router%d" % i, {
                "name": "router%d" % i, "ports": references(names),
                "options": ["map", [["always_learn_from_arp_request", "false"]]]})
                for i, names in enumerate(on_router)],
        }

    def sb_tables(self):
        """What other chassis have registered before anything else happens."""
        rows = {"Chassis": [], "Chassis_Private": [], "Encap": []}
        for i in range(self.topology.chassis):
            name, chassis = self.topology.other(i)
            encap, private = "encap-" + name, "private-" + name
            rows["Encap"].append((encap, {"type": "geneve", "ip": chassis["encaps"][1][0][1],
                                          "chassis_name": name,
                                          "options": ["map", [["csum", "false"]]]}))
            rows["Chassis"].append((name, {"name": name, "hostname": name,
                                           "encaps": ref(encap)}))
            rows["Chassis_Private"].append((private, {"name": name, "chassis": ref(name)}))
        return rows


def write_database(path, schema, tables):
    """Writes a standalone database file, as Topology.write_database() does."""
    def record(content):
        text = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        return b"OVSDB JSON %d %s\n" % (len(text), hashlib.sha1(text).hexdigest().encode()) + text
    content = {table: {object_uuid(name): columns for name, columns in rows}
               for table, rows in tables.items()}
    with open(path, "wb") as f:
        f.write(record(json.load(open(schema))))
        f.write(record(content))
