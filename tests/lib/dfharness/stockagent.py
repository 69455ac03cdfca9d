# SPDX-License-Identifier: Apache-2.0
"""Neutron's Open vSwitch agent on a dummy chassis, played: those of its bridges, rows and
flows that df-controller meets in ml2 mode (see tests/neutron/stock-agent-flows.md)."""
import contextlib

from .base import RouterPort
from .dummy import Cloud
from .packets6 import link_local

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
            self._guard(vm, ofport)
        else:
            self.add_flow("table=0,priority=10,arp,in_port=%s actions=goto_table:24" % ofport)
            self.add_flow("table=0,priority=10,icmp6,in_port=%s,icmp_type=136 "
                          "actions=goto_table:24" % ofport)
            for ip in vm.ips:
                self.add_flow(
                    ("table=24,priority=2,icmp6,in_port=%s,icmp_type=136,nd_target=%s "
                     "actions=goto_table:59" if ":" in ip else
                     "table=24,priority=2,arp,in_port=%s,arp_spa=%s actions=goto_table:59")
                    % (ofport, ip))

    def _guard(self, vm, ofport):
        """What a port may send."""
        match = "reg5=%s,in_port=%s,dl_src=%s" % (ofport, ofport, vm.mac)

        def let(priority, what):
            self.add_flow("table=71,priority=%d,%s,%s actions=resubmit(,94)"
                          % (priority, match, what))
        for ip in vm.ips:
            if ":" in ip:
                let(65, "ipv6,ipv6_src=" + ip)
            else:
                let(95, "arp,arp_spa=" + ip)
                let(65, "ip,nw_src=" + ip)
        for ip in [ip for ip in vm.ips if ":" in ip] + [link_local(vm.mac)]:
            for icmp_type in (130, 133, 135):
                let(95, "icmp6,icmp_type=%d,ipv6_src=%s" % (icmp_type, ip))
            let(95, "icmp6,icmp_type=136,nd_target=" + ip)

    def plug_legacy(self, name, mac, vlan, *ips, more_macs=()):
        """The interface of the legacy router, as if its network node was this chassis.
        Returns what is like a machine, and receives what is sent to the router; also to
        'more_macs', those of more interfaces on the same network."""
        router = self.chassis.plug(name, mac, ips, iface_id=name)
        self.chassis.vsctl("set", "Port", name, "tag=%d" % vlan)
        for address in (mac, *more_macs):
            self._learn(name, vlan, address)
        return router

    def _learn(self, port, vlan, mac):
        """So that NORMAL does not flood."""
        self.chassis.appctl("fdb/add", "br-int", port, str(vlan), mac)


@contextlib.contextmanager
def ml2_cloud(firewall=False, families=None):
    """Machines vm1, vm1b on network n1 and vm2 on n2, with addresses of both families and
    joined by a router, all on one chassis.  As Neutron makes them, the router's ports for IPv4
    and IPv6 are not the same: cloud.r1 and cloud.r1_6.  "legacy1" and "legacy2" are the legacy
    router's interfaces."""
    vlans = {"n1": 1, "n2": 2}
    with Cloud(chassis=1, encap_types=("vxlan",), controller=False, families=families,
               config={"l2": "ml2", "fallback_timeout": 0}) as cloud:
        chassis, = cloud.chassis
        cloud.agent = agent = StockAgent(chassis, firewall)
        for name, number in vlans.items():
            cloud.add_network(name, "10.0.%d.0/24" % number, "fd00:0:0:%d::/64" % number,
                              type="vxlan")
        cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.r1_6 = {network: RouterPort("r1-%s-6" % network, "0e:00:00:00:06:%02x" % number,
                                          ["fd00:0:0:%d::1/64" % number])
                      for network, number in vlans.items()}
        cloud.nb(*("router-port-add %s r1 %s %s %s" % (rp.name, network, rp.mac, rp.cidrs[0])
                   for network, rp in cloud.r1_6.items()))
        for name, network, ip, ip6 in (("vm1", "n1", "10.0.1.11", "fd00:0:0:1::11"),
                                       ("vm1b", "n1", "10.0.1.12", "fd00:0:0:1::12"),
                                       ("vm2", "n2", "10.0.2.11", "fd00:0:0:2::11")):
            agent.wire(cloud.add_vm(name, network, 0, ip, ip6), network, vlans[network])
        for network, number in vlans.items():
            agent.plug_legacy("legacy%d" % number, cloud.r1[network].mac, number,
                              cloud.r1[network].ip, more_macs=[cloud.r1_6[network].mac])
        chassis.start_controller()
        cloud.wait_up("vm1", "vm1b", "vm2")
        cloud.sync(ports_up=False)
        yield cloud
