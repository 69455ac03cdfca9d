# SPDX-License-Identifier: Apache-2.0
"""The forwarders of the data-plane benchmark: each brings up the same
network, machine "a" on one subnet, "b" on another one on the same chassis, and "c" on
a third one on another chassis, on a bridge of its own of the same switch.

"b" and "c" have many addresses, so that many destinations take one device each."""
from dfharness.process import wait_until

from .ovn import Central, Tuning, add_controller
from .topology import ref

PEER, OTHER_PEER = "172.31.0.9", "172.31.0.8"
SUBNETS = {"a": "10.1", "b": "10.2", "c": "10.3"}
SUBNETS6 = {"a": "2001:db8:0:1::", "b": "2001:db8:0:2::", "c": "2001:db8:0:3::"}
MACS = {"a": "0a:00:00:00:00:0a", "b": "0a:00:00:00:00:0b", "c": "0a:00:00:00:00:0c"}
ROUTER_MACS = {"a": "0e:00:00:00:00:0a", "b": "0e:00:00:00:00:0b", "c": "0e:00:00:00:00:0c"}
VNIS = {"a": 1001, "b": 1002, "c": 1003}


def address(machine, i=0, version=4):
    if version == 6:
        return SUBNETS6[machine] + "%x" % (i + 10)
    return "%s.%d.%d" % (SUBNETS[machine], (i + 10) >> 8, (i + 10) & 255)


def cidrs(machine):
    """Of the router, of IPv4 and IPv6."""
    return [SUBNETS[machine] + ".0.1/16", SUBNETS6[machine] + "1/64"]


class Forwarder:
    """'name' is for people; 'bridge' is what the source is attached to, by attached()
    as soon as it is there; 'sink' is where packets to "b" leave the switch."""

    name = bridge = None
    iface_id = None

    def __init__(self, cloud, destinations, installation):
        """'installation' is that of OVN."""
        self.cloud, self.chassis, self.destinations = cloud, cloud.chassis[0], destinations
        self.installation = installation

    @property
    def sink(self):
        return "sink-" + self.bridge[3:]

    def addresses(self, machine, versions=(4, 6)):
        count = 1 if machine == "a" else self.destinations
        return [address(machine, i, version) for version in versions for i in range(count)]

    def add_bridge(self):
        self.chassis.vsctl("--may-exist", "add-br", self.bridge, "--", "set", "bridge",
                           self.bridge, "datapath_type=netdev", "fail_mode=secure")

    def attached(self, source, target):
        """The port 'source' is there; packets go to machine 'target'."""

    def load(self, flows):
        path = self.chassis.rundir / "flows.txt"
        path.write_text("\n".join(flows) + "\n")
        self.chassis.ofctl("del-flows", self.bridge)
        self.chassis.ofctl("-O", "OpenFlow15", "--bundle", "add-flows", self.bridge, path)


class PortToPort(Forwarder):
    """Nothing but output."""

    name, bridge = "port to port", "br-plain"

    def __init__(self, *args):
        super().__init__(*args)
        self.add_bridge()
        self.chassis.add_sink(self.bridge, self.sink)

    def attached(self, source, target):
        self.load(["in_port=%s,actions=output:%s" % (self.chassis.ofport(source),
                                                     self.chassis.ofport(self.sink))])


class HandWritten(Forwarder):
    """What routing costs the switch in any case: one flow for a destination, which
    matches the router's MAC and the destination, and rewrites MACs and TTL."""

    name, bridge = "hand-written", "br-hand"

    def __init__(self, *args):
        super().__init__(*args)
        self.add_bridge()
        self.chassis.vsctl("set", "bridge", self.bridge,
                           "protocols=OpenFlow10,OpenFlow13,OpenFlow15")
        self.chassis.add_sink(self.bridge, self.sink)
        self.chassis.vsctl("add-port", self.bridge, "tun-hand", "--", "set", "Interface",
                           "tun-hand", "type=geneve", "options:remote_ip=" + OTHER_PEER,
                           "options:key=flow")

    def attached(self, source, target):
        if target == "b":
            out = "output:%s" % self.chassis.ofport(self.sink)
        else:
            out = "set_field:%d->tun_id,output:%s" % (VNIS[target],
                                                      self.chassis.ofport("tun-hand"))
        in_port = self.chassis.ofport(source)
        self.load(["in_port=%s,dl_dst=%s,%s=%s,actions=set_field:%s->eth_src,"
                   "set_field:%s->eth_dst,dec_ttl,%s" % (
                       in_port, ROUTER_MACS["a"], "ipv6,ipv6_dst" if ":" in ip else "ip,nw_dst",
                       ip, ROUTER_MACS[target], MACS[target], out)
                   for ip in self.addresses(target)])


class Dragonflow(Forwarder):
    name, bridge, iface_id = "Dragonflow", "br-int", "a"

    def __init__(self, *args):
        super().__init__(*args)
        cloud, nb = self.cloud, self.cloud.nb_db
        for machine in SUBNETS:
            cloud.add_network("net-" + machine, SUBNETS[machine] + ".0.0/16",
                              SUBNETS6[machine] + "/64", segmentation_id=VNIS[machine])
        cloud.nb("router-add r", *["router-port-add rp-%s r net-%s %s %s" % (
            m, m, ROUTER_MACS[m], " ".join(cidrs(m))) for m in SUBNETS])
        cloud.nb(*["port-add %s net-%s %s %s" % (m, m, MACS[m], " ".join(self.addresses(m)))
                   for m in SUBNETS])
        nb.transact({"op": "insert", "table": "Chassis", "uuid-name": "peer",
                     "row": {"name": "peer", "encaps": ["map", [["geneve", PEER]]]}},
                    {"op": "update", "table": "Port", "where": [["name", "==", "c"]],
                     "row": {"chassis": ["named-uuid", "peer"]}})
        self.chassis.start_controller()
        self.chassis.add_sink(self.bridge, self.sink, "b")

    def attached(self, source, target):
        self.cloud.wait_up("a", "b")


class Ovn(Forwarder):
    name, bridge, iface_id = "OVN", "br-ovn", "a"

    def __init__(self, *args):
        super().__init__(*args)
        self.central = Central(self.cloud.workspace, self.installation, Tuning(),
                               (self.nb_tables(), self.sb_tables()))
        self.controller = add_controller(self.cloud.workspace, self.installation, Tuning(),
                                         self.central, self.chassis)
        self.chassis.vsctl("set", "Open_vSwitch", ".", "external_ids:ovn-bridge=" + self.bridge,
                           "external_ids:ovn-bridge-datapath-type=netdev")
        self.central.northd.start()
        self.central.sync_sb()
        self.central.sb.transact({"op": "update", "table": "Port_Binding",
                                  "where": [["logical_port", "==", "c"]],
                                  "row": {"chassis": ref("peer"), "up": True}})
        self.add_bridge()
        self.controller.start()
        self.chassis.add_sink(self.bridge, self.sink, "b")

    def nb_tables(self):
        switches, ports, router_ports = [], [], []
        for m in SUBNETS:
            ports += [(m, {"name": m,
                           "addresses": "%s %s" % (MACS[m], " ".join(self.addresses(m)))}),
                      ("to-" + m, {"name": "to-" + m, "type": "router", "addresses": "router",
                                   "options": ["map", [["router-port", "rp-" + m]]]})]
            switches.append(("net-" + m, {"name": "net-" + m,
                                          "ports": ["set", [ref(m), ref("to-" + m)]]}))
            router_ports.append(("rp-" + m, {"name": "rp-" + m, "mac": ROUTER_MACS[m],
                                             "networks": ["set", cidrs(m)]}))
        return {"NB_Global": [("nb-global", {})], "Logical_Switch": switches,
                "Logical_Switch_Port": ports, "Logical_Router_Port": router_ports,
                "Logical_Router": [("r", {"name": "r", "ports": ["set", [
                    ref("rp-" + m) for m in SUBNETS]]})]}

    @staticmethod
    def sb_tables():
        return {"Encap": [("encap", {"type": "geneve", "ip": PEER, "chassis_name": "peer",
                                     "options": ["map", [["csum", "false"]]]})],
                "Chassis": [("peer", {"name": "peer", "hostname": "peer",
                                      "encaps": ref("encap")})]}

    def attached(self, source, target):
        def installed():
            return all("ovn-installed" in self.chassis.vsctl("get", "Interface", name,
                                                             "external_ids")
                       for name in (source, self.sink))
        wait_until(installed, "ovn-controller has not installed the flows", 60)
