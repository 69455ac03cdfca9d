# SPDX-License-Identifier: Apache-2.0
"""Neutron's Open vSwitch agent on a dummy chassis, played: those of its bridges, rows and
flows that df-controller meets in ml2 mode (see tests/neutron/stock-agent-flows.md)."""
import contextlib

from .dummy import Cloud

COOKIE = "cookie=0x1234567890abcdef"


class StockAgent:
    """Made before df-controller is started.  With 'firewall', ports pass the tables of
    firewall_driver=openvswitch, without its connection tracking."""

    def __init__(self, chassis, firewall=False):
        self.chassis = chassis
        self.firewall = firewall
        for bridge in ("br-int", "br-tun"):
            chassis.vsctl("add-br", bridge, "--", "set", "Bridge", bridge, "fail_mode=secure",
                          "datapath_type=system")
        for bridge, name, peer in (("br-int", "patch-tun", "patch-int"),
                                   ("br-tun", "patch-int", "patch-tun")):
            chassis.vsctl("add-port", bridge, name, "--", "set", "Interface", name, "type=patch",
                          "options:peer=" + peer)
        self.add_flow("table=0,priority=0 actions=goto_table:59")
        self.add_flow("table=59,priority=0 actions=goto_table:60")
        self.add_flow("table=60,priority=3 actions=NORMAL")
        self.add_flow("table=94,priority=1 actions=NORMAL")

    def add_flow(self, flow):
        self.chassis.ofctl("-O", "OpenFlow13", "add-flow", "br-int", "%s,%s" % (COOKIE, flow))

    def wire(self, vm, network, vlan):
        """A port that has been plugged."""
        self.chassis.vsctl(
            "set", "Port", vm.name, "tag=%d" % vlan, "other_config:net_uuid=" + network,
            "other_config:network_type=vxlan", "other_config:physical_network=None",
            "other_config:tag=%d" % vlan)
        self._learn(vm.name, vlan, vm.mac)
        ofport = self.chassis.ofport(vm.name)
        if self.firewall:
            self.add_flow("table=60,priority=100,in_port=%s actions=set_field:%s->reg5,"
                          "set_field:%d->reg6,resubmit(,71)" % (ofport, ofport, vlan))
            self.add_flow("table=60,priority=90,dl_vlan=%d,dl_dst=%s actions=pop_vlan,output:%s"
                          % (vlan, vm.mac, ofport))
            match = "reg5=%s,in_port=%s,dl_src=%s" % (ofport, ofport, vm.mac)
            self.add_flow("table=71,priority=95,arp,%s,arp_spa=%s actions=resubmit(,94)"
                          % (match, vm.ip))
            self.add_flow("table=71,priority=65,ip,%s,nw_src=%s actions=resubmit(,94)"
                          % (match, vm.ip))
        else:
            self.add_flow("table=0,priority=10,arp,in_port=%s actions=goto_table:24" % ofport)
            self.add_flow("table=24,priority=2,arp,in_port=%s,arp_spa=%s actions=goto_table:59"
                          % (ofport, vm.ip))

    def plug_legacy(self, name, mac, vlan, *ips):
        """The interface of the legacy router, as if its network node was this chassis.
        Returns what is like a machine, and receives what is sent to the router."""
        router = self.chassis.plug(name, mac, ips, iface_id=name)
        self.chassis.vsctl("set", "Port", name, "tag=%d" % vlan)
        self._learn(name, vlan, mac)
        return router

    def _learn(self, port, vlan, mac):
        """So that NORMAL does not flood."""
        self.chassis.appctl("fdb/add", "br-int", port, str(vlan), mac)


@contextlib.contextmanager
def ml2_cloud(firewall=False, families=None):
    """Machines vm1, vm1b on network n1 and vm2 on n2, joined by the router cloud.r1, all
    on one chassis; "legacy1" and "legacy2" are the legacy router's interfaces."""
    vlans = {"n1": 1, "n2": 2}
    with Cloud(chassis=1, encap_types=("vxlan",), controller=False, families=families,
               config={"l2": "ml2", "fallback_timeout": 0}) as cloud:
        chassis, = cloud.chassis
        cloud.agent = agent = StockAgent(chassis, firewall)
        for name, number in vlans.items():
            cloud.add_network(name, "10.0.%d.0/24" % number, type="vxlan")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        for name, network, ip in (("vm1", "n1", "10.0.1.11"), ("vm1b", "n1", "10.0.1.12"),
                                  ("vm2", "n2", "10.0.2.11")):
            agent.wire(cloud.add_vm(name, network, 0, ip), network, vlans[network])
        for network, number in vlans.items():
            agent.plug_legacy("legacy%d" % number, cloud.r1[network].mac, number,
                              cloud.r1[network].ip)
        chassis.start_controller()
        cloud.wait_up("vm1", "vm1b", "vm2")
        cloud.sync(ports_up=False)
        yield cloud
