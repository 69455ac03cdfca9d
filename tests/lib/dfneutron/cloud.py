# SPDX-License-Identifier: Apache-2.0
"""A cloud of real Neutron on one machine.

    with NeutronCloud(computes=2, converted=[0, 1]) as cloud:
        n1 = cloud.add_network("n1", "10.0.1.0/24")
        n2 = cloud.add_network("n2", "10.0.2.0/24")
        router = cloud.add_router("r1", n1, n2, external=True)
        vm1 = cloud.add_vm("vm1", n1, 0)
        vm2 = cloud.add_vm("vm2", n2, 1)
        cloud.sync()
        vm1.expect_ping(vm2.ip)

The chassis are the compute nodes c1, c2 ..., with the stock OVS agent, and the
network node, with the stock OVS and L3 agents (the last one, cloud.network_node).
'converted' are the indexes of those that run df-controller beside the agent.
A machine outside, cloud.outside, is on the external network."""
import ipaddress
import time

from dfharness.netns import NsCloud
from dfharness.process import run, wait_until
from dfharness.streams import Streams

from . import mirror
from .chassis import MANAGEMENT_MTU, NeutronChassis, NeutronVm, enable_ipv6
from .control import ADDRESS, Control, build_metadata
from .machine import Machine

EXTERNAL_CIDR, EXTERNAL_GATEWAY = "203.0.113.0/24", "203.0.113.1"
EXTERNAL_CIDR6, EXTERNAL_GATEWAY6 = "2001:db8:ffff::/64", "2001:db8:ffff::1"
# Beyond the external network's gateway.
OUTSIDE_ADDRESS, OUTSIDE_ADDRESS6 = "198.51.100.1", "2001:db8:beef::1"


class NeutronCloud(NsCloud):
    """'plugin': whether Dragonflow's service plugin and mechanism driver write the
    NB database; if not, neutron-server is the stock one, and sync() writes it from
    what the API says (if any chassis is converted).
    'dvr': whether there are L3 agents for distributed routers on all nodes; routers are
    distributed with distributed=True of add_router()."""

    def __init__(self, computes=2, converted=(), firewall="openvswitch", tenant_type="vxlan",
                 plugin=False, service_plugins=None, mechanism_drivers=None, python_path=(),
                 server_config=None, agent_config=None, fallback_timeout=2, dvr=False):
        self.started = time.monotonic()
        self.firewall, self.agent_config = firewall, agent_config or {}
        self.plugin, self.dvr = plugin, dvr
        super().__init__(chassis=0, encap_types=("vxlan", "gre", "geneve"),
                         physnets=["physnet1", "public"], controller=False,
                         config={"l2": "ml2", "fallback_timeout": fallback_timeout})
        try:
            self._start(computes, set(converted), {
                "tenant_type": tenant_type,
                "service_plugins": service_plugins or (["dragonflow"] if plugin else ["router"]),
                "mechanism_drivers": mechanism_drivers or (
                    ["openvswitch"] + ["l2population"] * dvr + ["dragonflow"] * plugin),
                "python_path": list(python_path), "server_config": server_config or {}})
        except BaseException:
            self.workspace.close()
            raise

    # --- Building ---

    def _start(self, computes, converted, options):
        run(["ip", "-n", self.net, "link", "add", "name", "management", "type", "bridge"])
        run(["ip", "-n", self.net, "link", "set", "management", "up"])
        namespace = self.make_netns("ctl")
        self.management_link(namespace, "ctl", ADDRESS)
        rundir = self.workspace.path / "ctl"
        rundir.mkdir()
        if self.plugin:
            options["python_path"] += build_metadata(self.workspace.path / "metadata")
            options["server_config"] = {**options["server_config"], "dragonflow": {
                "nb_connection": self.nb_db.remote,
                **options["server_config"].get("dragonflow", {})}}
        self.control = Control(Machine(self.workspace, "ctl", namespace, rundir), options)
        for i in range(computes):
            self.add_node("c%d" % (i + 1))
        self.network_node = self.add_node("net1", l3=True)
        self._make_outside()
        self.control.start_server()
        self.control.wait()
        for chassis in self.chassis:
            for agent in chassis.agents:
                agent.start()
        self._wait_agents()
        self.neutron = self.control.rest
        self.convert(converted)
        self.open_group = self.add_security_group("open", "icmp", "tcp", "udp", "ipv6-icmp")
        for protocol in ("tcp", "udp"):
            self.add_rule(self.open_group, protocol, remote="::/0")
        self.ready = time.monotonic()

    def add_node(self, name, l3=False):
        chassis = NeutronChassis(self, name, len(self.chassis) + 1, self.make_netns(name), l3)
        for other in self.chassis:
            other.meet(chassis)
        self.chassis.append(chassis)
        return chassis

    def add_network_node(self, name):
        """One more, while the cloud runs."""
        chassis = self.add_node(name, l3=True)
        for agent in chassis.agents:
            agent.start()
        self._wait_agents()
        return chassis

    def retire_node(self, chassis):
        """Its agents are gone for good, and Neutron forgets them."""
        for agent in chassis.agents:
            agent.kill()
        chassis.ovs_agent = chassis.l3_agent = None
        for agent in self.neutron.list("agents", host=chassis.name):
            self.neutron.delete("agents", agent["id"])

    def management_link(self, namespace, name, address):
        """The network of the message bus."""
        peer = "mg-" + name
        self.veth(namespace, "mg0", self.net, peer, MANAGEMENT_MTU)
        run(["ip", "-n", self.net, "link", "set", peer, "master", "management"])
        run(["ip", "-n", namespace, "addr", "add", address + "/24", "dev", "mg0"])

    def _make_outside(self):
        self.outside = self.add_physical_host("outside", "public", "02:bb:00:00:00:01",
                                              [EXTERNAL_GATEWAY + "/24"])
        run(["ip", "-n", self.outside.namespace, "addr", "add", OUTSIDE_ADDRESS + "/32", "dev",
             "lo"])
        enable_ipv6(self.outside)
        for address, device in ((EXTERNAL_GATEWAY6 + "/64", "eth0"),
                                (OUTSIDE_ADDRESS6 + "/128", "lo")):
            run(["ip", "-n", self.outside.namespace, "addr", "add", address, "dev", device,
                 "nodad"])

    def _wait_agents(self, timeout=120):
        """Until all have reported and the OVS agents have gone through their first
        round."""
        wanted = sum(len(chassis.agents) for chassis in self.chassis)

        def alive():
            for chassis in self.chassis:
                for agent in chassis.agents:
                    agent.check()
            return sum(a["alive"] for a in self.control.rest.list("agents")) >= wanted
        wait_until(alive, "not all agents are alive", timeout, interval=0.2)
        for chassis in self.chassis:
            if chassis.ovs_agent:  # Not retired.
                chassis.wait_ovs_agent()

    def convert(self, indexes):
        """From now on just these chassis run df-controller.  Call sync() afterwards."""
        for i, chassis in enumerate(self.chassis):
            if i in indexes and not chassis.controller.is_running():
                chassis.start_controller()
            elif i not in indexes:
                chassis.controller.exit()

    # --- Neutron's objects ---

    def add_network(self, name, *cidrs, **attributes):
        """Returns the API's network, with a list of its "subnets" (dictionaries).
        'attributes' are those of the API (provider__network_type="vlan")."""
        network = self.neutron.create("networks", name=name, **attributes)
        network["subnets"] = [self.add_subnet(network, cidr) for cidr in cidrs]
        return network

    def add_subnet(self, network, cidr, **attributes):
        """Nothing gives out addresses here: machines have theirs from the start."""
        subnet = ipaddress.ip_network(cidr)
        attributes.setdefault("gateway_ip", str(subnet[1]))
        return self.neutron.create("subnets", network_id=network["id"], cidr=cidr,
                                   ip_version=subnet.version, enable_dhcp=False, **attributes)

    def add_external_network(self, name="external", ipv6=False):
        """With 'ipv6', of both families: outside, nothing knows the way to IPv6 subnets of
        the cloud then until a test says it."""
        network = self.neutron.create(
            "networks", name=name, router__external=True, provider__network_type="flat",
            provider__physical_network="public")
        network["subnets"] = [self.neutron.create(
            "subnets", network_id=network["id"], cidr=EXTERNAL_CIDR, ip_version=4,
            gateway_ip=EXTERNAL_GATEWAY, enable_dhcp=False,
            allocation_pools=[{"start": "203.0.113.100", "end": "203.0.113.200"}])]
        if ipv6:
            network["subnets"].append(self.neutron.create(
                "subnets", network_id=network["id"], cidr=EXTERNAL_CIDR6, ip_version=6,
                gateway_ip=EXTERNAL_GATEWAY6, enable_dhcp=False))
        return network

    def add_router(self, name, *networks, external=None, **attributes):
        """A router with an interface on every subnet of 'networks', and a gateway
        to the network 'external'.  Returns the API's router."""
        if external:
            attributes["external_gateway_info"] = {"network_id": external["id"]}
        router = self.neutron.create("routers", name=name, **attributes)
        for network in networks:
            for subnet in network["subnets"]:
                self.neutron.add_router_interface(router["id"], subnet_id=subnet["id"])
        return router

    def add_security_group(self, name, *protocols, remote=None):
        """Lets everything out, and 'protocols' in ("icmp", or "tcp/22"), from
        anywhere or from a network (a CIDR)."""
        group = self.neutron.create("security-groups", name=name)
        for protocol in protocols:
            self.add_rule(group, protocol, remote=remote)
        return group

    def add_rule(self, group, protocol, direction="ingress", remote=None):
        protocol, _, port = protocol.partition("/")
        six = protocol == "ipv6-icmp" or (remote and ":" in remote)
        return self.neutron.create(
            "security-group-rules", security_group_id=group["id"], direction=direction,
            ethertype="IPv6" if six else "IPv4", protocol=protocol,
            **({"port_range_min": int(port), "port_range_max": int(port)} if port else {}),
            **({"remote_ip_prefix": remote} if remote else {}))

    def add_floating_ip(self, vm, network):
        return self.neutron.create("floatingips", floating_network_id=network["id"],
                                   port_id=vm.port["id"])

    def add_vm(self, name, network, chassis, *ips, groups=None, wait=True, **attributes):
        """A port over the API and the machine on it.  Without 'ips', Neutron gives
        one address of each subnet.  'groups': security groups, cloud.open_group
        unless given; None of 'attributes' is needed ("port_security_enabled"...)."""
        where = self[chassis] if isinstance(chassis, str) else self.chassis[chassis]
        fixed_ips = [{"ip_address": ip} for ip in ips] or [
            {"subnet_id": s["id"]} for s in network["subnets"]]
        if attributes.get("port_security_enabled", True):
            attributes["security_groups"] = [g["id"] for g in (
                [self.open_group] if groups is None else groups)]
        port = self.neutron.create(
            "ports", name=name, network_id=network["id"], fixed_ips=fixed_ips,
            binding__host_id=where.name, device_id=name, device_owner="compute:nova",
            **attributes)
        subnets = {s["id"]: s for s in network["subnets"]}
        vm = NeutronVm(self, name, port, subnets, network["mtu"])
        where.plug_port(vm)
        if wait:
            self.wait_active(vm)
        return vm

    def remove_vm(self, name):
        vm = self[name]
        vm.chassis.unplug(name)
        self.neutron.delete("ports", vm.port["id"])

    def wait_active(self, *vms, timeout=60):
        """Until Neutron says so; all machines if none are named."""
        waiting = {vm.port["id"] for vm in vms or self.vms}

        def down():
            states = {p["id"]: p["status"] for p in self.neutron.list("ports")}
            return sorted(i for i in waiting if states.get(i) != "ACTIVE")
        wait_until(lambda: not down(), lambda: "ports not ACTIVE: %s" % ", ".join(down()),
                   timeout, interval=0.1)

    def wait_routers(self, timeout=60):
        """Until the L3 agents have done what they have to for every router."""
        def unfinished():
            interfaces, inactive = {}, []  # {(chassis, router): [ids of ports]}
            for p in self.neutron.list("ports"):
                if not p["device_owner"].startswith(("network:router_", "network:ha_router_")):
                    continue
                if p["status"] != "ACTIVE":
                    inactive.append(p["id"])
                for chassis in self._nodes_of_interface(p):
                    interfaces.setdefault((chassis, p["device_id"]), []).append(p["id"])
            return inactive or [router for (chassis, router), ports in interfaces.items()
                                if not chassis.router_finished(router, ports)]
        wait_until(lambda: not unfinished(),
                   lambda: "the L3 agents have not finished: %s" % ", ".join(unfinished()),
                   timeout, interval=0.1)

    def _nodes_of_interface(self, port):
        """The nodes on which a router has this interface.  Those of distributed routers
        are where machines of any of its networks are; to know the network itself will do."""
        nodes = set()
        if port["device_owner"].startswith("network:router_interface"):
            nodes.add(self.network_node)
        if port["device_owner"] == "network:router_interface_distributed":
            nodes |= {vm.chassis for vm in self.vms
                      if vm.port["network_id"] == port["network_id"]}
        if port["device_owner"] == "network:ha_router_replicated_interface":
            agents = self.neutron.request("GET", "routers/%s/l3-agents" % port["device_id"])
            nodes |= {self[agent["host"]] for agent in agents["agents"]}
        return nodes

    # --- The NB database ---

    def sync(self, timeout=60):
        """Waits until ports are active, the NB database says what Neutron says,
        converted chassis have applied it, and datapaths reflect it."""
        self.wait_active(timeout=timeout)
        self.wait_routers(timeout)
        if any(chassis.converted for chassis in self.chassis):
            self.sync_nb(timeout)
        for chassis in self.chassis:
            chassis.revalidated()

    def sync_nb(self, timeout=60):
        topo = mirror.topology(self.neutron)
        if self.plugin:
            wanted = mirror.names(topo)
            wait_until(lambda: mirror.nb_names(self.nb_db) == wanted,
                       lambda: "NB database and Neutron differ: %s"
                       % sorted(mirror.nb_names(self.nb_db) ^ wanted), timeout, interval=0.1)
        else:
            mirror.write(topo, self.nb_db, self.workspace.path / "topology.yaml")
        self.nb_db.sync()

    # --- Traffic ---

    def streams(self, pairs, control, interval=0.005, ipv6=False):
        """Streams of pings between machines, given by their names.  What 'control'
        names are machines of one network, so that it crosses the same switches and
        nothing of Dragonflow's.  (More pings would keep the agents from getting on.)"""
        *streams, control = [
            self[one].ping_stream(self[two].ipv6[0] if ipv6 else self[two].ip, interval)
            for one, two in [*pairs, control]]
        return Streams(streams, control)

    # --- Deleting ---

    def remove_everything(self):
        """All machines and all of Neutron's objects, in an order that the API
        accepts."""
        rest = self.neutron
        for vm in self.vms:
            self.remove_vm(vm.name)
        for fip in rest.list("floatingips"):
            rest.delete("floatingips", fip["id"])
        for router in rest.list("routers"):
            rest.update("routers", router["id"], routes=[])
            rest.update("routers", router["id"], external_gateway_info=None)
            for port in rest.list("ports", device_id=router["id"]):
                rest.remove_router_interface(router["id"], port_id=port["id"])
            rest.delete("routers", router["id"])
        for port in rest.list("ports"):
            rest.delete("ports", port["id"])
        for network in rest.list("networks"):
            rest.delete("networks", network["id"])
        for group in rest.list("security-groups"):
            if group["name"] not in ("default", "open"):
                rest.delete("security-groups", group["id"])
