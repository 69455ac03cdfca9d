# SPDX-License-Identifier: Apache-2.0
"""A node with the stock agents, and, where wanted, df-controller beside them."""
import contextlib

from dfharness.netns import NsChassis, NsHost
from dfharness.process import run, wait_until

from . import config
from .control import PYTHON
from .machine import Machine

MANAGEMENT_MTU = 1500


def enable_ipv6(host):
    """Its addresses are given by hand."""
    for what in ("all", "default", "lo", "eth0"):
        run(host.exec("sysctl", "-q", "-w", "net.ipv6.conf.%s.disable_ipv6=0" % what,
                      "net.ipv6.conf.%s.accept_ra=0" % what))


class NeutronVm(NsHost):
    """A machine on a Neutron port.  Members beside those of NsHost: 'port' (the
    API's dictionary), 'ipv6' (a list), 'chassis'."""

    def __init__(self, cloud, name, port, subnets, mtu):
        self.port = port
        addresses = [(a["ip_address"], subnets[a["subnet_id"]]) for a in port["fixed_ips"]]
        v4 = [(ip, s) for ip, s in addresses if s["ip_version"] == 4]
        self._v6 = [(ip, s) for ip, s in addresses if s["ip_version"] == 6]
        self.ipv6 = [ip for ip, _ in self._v6]
        gateways = [s["gateway_ip"] for _, s in v4 if s["gateway_ip"]]
        super().__init__(cloud, name, port["mac_address"],
                         ["%s/%s" % (ip, s["cidr"].split("/")[1]) for ip, s in v4],
                         gateways[0] if gateways else None, mtu)

    @property
    def device(self):
        """What it is called on its node."""
        return "tap" + self.port["id"][:11]

    def connect(self, namespace, peer):
        super().connect(namespace, peer)
        if not self._v6:
            return
        enable_ipv6(self)
        for ip, subnet in self._v6:
            run(["ip", "-n", self.namespace, "addr", "add",
                 "%s/%s" % (ip, subnet["cidr"].split("/")[1]), "dev", "eth0", "nodad"])
            if subnet["gateway_ip"]:
                run(["ip", "-n", self.namespace, "-6", "route", "add", "default", "via",
                     subnet["gateway_ip"]])


class NeutronChassis(NsChassis):
    """Members beside those of NsChassis: 'machine' (the namespaces of the agents),
    'ovs_agent', 'l3_agent' (None except on network nodes and for DVR)."""

    def __init__(self, cloud, name, number, namespace, l3):
        super().__init__(cloud, name, number, dict(cloud.config), namespace=namespace)
        # Otherwise the agents believe that this host does without IPv6.
        run(["ip", "netns", "exec", namespace, "sysctl", "-q", "-w",
             "net.ipv6.conf.default.disable_ipv6=0"])
        self.machine = Machine(cloud.workspace, name, namespace, self.rundir)
        cloud.management_link(namespace, name, "172.30.0.%d" % (10 + number))
        self.ovs_agent = self._agent("ovs-agent", "neutron-openvswitch-agent", config.ovs_agent,
                                     self.encap_ip, self.bridge_mappings(), cloud.firewall,
                                     cloud.encap_types, cloud.dvr)
        mode = ("dvr_snat" if cloud.dvr else "legacy") if l3 else "dvr" if cloud.dvr else None
        self.l3_agent = self._agent("l3-agent", "neutron-l3-agent", config.l3_agent,
                                    mode) if mode else None

    @property
    def converted(self):
        """Whether df-controller runs beside the agent."""
        return self.controller.is_running()

    def bridge_mappings(self):
        return ["%s:br-%s" % (physnet, physnet) for physnet in self.cloud.physnets]

    def _agent(self, name, program, make_config, *args):
        conf = self.rundir / (name + ".conf")
        state = self.rundir / "neutron"
        state.mkdir(exist_ok=True)
        sections = make_config(state, self.name, self.cloud.control.transport, conf, *args)
        sections["DEFAULT"]["log_file"] = self.rundir / (name + ".log")
        config.write(conf, config.merge(sections, self.cloud.agent_config))
        return self.machine.daemon(name, [PYTHON, "/usr/bin/" + program, "--config-file", conf])

    @property
    def agents(self):
        return [agent for agent in (self.ovs_agent, self.l3_agent) if agent]

    def restart_ovs_agent(self, how="terminate"):
        """Returns when the new agent has gone through all ports."""
        log = self.ovs_agent.log
        before = log.stat().st_size
        self.ovs_agent.restart(how)
        self.wait_ovs_agent(before)

    def wait_ovs_agent(self, since=0, timeout=90):
        """Until the agent has finished its first round, and so has deleted what
        it deletes after a start."""
        def done():
            self.ovs_agent.check()
            with open(self.ovs_agent.log, errors="replace") as f:
                f.seek(since)
                return "Cleaning stale br-" in f.read()
        wait_until(done, lambda: "%s: the agent did not finish its first round\n%s"
                   % (self.name, self.ovs_agent.output()), timeout, interval=0.05)

    def plug_port(self, vm):
        """As Nova does; the agent has reported to Neutron, and Neutron to Nova,
        whether there must be a bridge of the kernel in between, for
        iptables."""
        vm.chassis = self
        vm.connect(self.namespace, vm.device)
        run(["ip", "netns", "exec", self.namespace, "sysctl", "-q", "-w",
             "net.ipv6.conf.%s.disable_ipv6=1" % vm.device])
        device = vm.device
        if vm.port["binding:vif_details"].get("ovs_hybrid_plug"):
            device = self._make_hybrid_bridge(vm)
        self.vsctl("add-port", "br-int", device, "--", "set", "Interface", device,
                   "external_ids:iface-id=%s" % vm.port["id"],
                   "external_ids:iface-status=active",
                   "external_ids:attached-mac=%s" % vm.mac, "external_ids:vm-uuid=%s" % vm.name)
        vm.plugged = device
        self.vms[vm.name] = vm

    def _make_hybrid_bridge(self, vm):
        bridge, inside, outside = (prefix + vm.port["id"][:11] for prefix in ("qbr", "qvb", "qvo"))
        run(["ip", "-n", self.namespace, "link", "add", "name", bridge, "mtu", str(vm.mtu),
             "type", "bridge", "ageing_time", "0", "mcast_snooping", "0"])
        self.cloud.veth(self.namespace, inside, self.namespace, outside, vm.mtu)
        for device in (vm.device, inside):
            run(["ip", "-n", self.namespace, "link", "set", device, "master", bridge])
        run(["ip", "-n", self.namespace, "link", "set", bridge, "up"])
        return outside

    def unplug(self, name):
        vm = self.vms.pop(name)
        self.vsctl("del-port", "br-int", vm.plugged)
        run(["ip", "-n", self.namespace, "link", "del", vm.device])
        if vm.plugged != vm.device:
            for device in (vm.plugged, "qbr" + vm.port["id"][:11]):
                run(["ip", "-n", self.namespace, "link", "del", device])
        run(["ip", "netns", "del", vm.namespace])

    # --- Routers of the stock agent ---

    def router_exec(self, router, *argv, **kwargs):
        """Runs a command in the namespace of a router (its id)."""
        return self.machine.run("ip", "netns", "exec", "qrouter-" + router, *argv, **kwargs)

    def router_namespaces(self):
        return [line.split()[0][len("qrouter-"):] for line in
                self.machine.run("ip", "netns").splitlines() if line.startswith("qrouter-")]

    def router_finished(self, router, interfaces):
        """Whether the L3 agent has nothing left to do for a router with these
        interfaces (ids of ports).  Ports are active earlier: the rules that let
        packets pass from one to the other come last."""
        if router not in self.router_namespaces():
            return False
        rules = self.router_exec(router, "sh", "-c", "iptables-save; ip6tables-save")
        log = self.l3_agent.log.read_text(errors="replace")
        finished = max(log.rfind("Finished a router %s for %s" % (what, router))
                       for what in ("update", "delete"))
        return (finished > log.rfind("Starting router update for " + router)
                and all(rules.count("%s qr-%s -" % (way, port[:11]))
                        for port in interfaces for way in ("-i", "-o")))

    @contextlib.contextmanager
    def counting(self, router, pairs):
        """Counts what the router forwards between the addresses of each of 'pairs', all of
        one IP version, in both directions, whatever else it has to do.  Yields a function
        that returns the number of packets so far.  Not to be used within itself."""
        iptables = ("ip6tables" if ":" in pairs[0][0] else "iptables") + " -w 20 -t mangle "
        rules = {"-s %s -d %s" % addresses for one, two in pairs
                 for addresses in ((one, two), (two, one))}

        def sh(*commands):
            return self.router_exec(router, "sh", "-ec", "\n".join(iptables + c for c in commands))

        def count():
            # Two lines of titles, then a rule a line, which begins with its packets.
            lines = sh("-L counting -v -n -x").splitlines()[2:]
            return sum(int(line.split()[0]) for line in lines)
        sh("-N counting", *("-A counting " + rule for rule in sorted(rules)),
           "-I FORWARD -j counting")
        try:
            yield count
        finally:
            sh("-D FORWARD -j counting", "-F counting", "-X counting")
