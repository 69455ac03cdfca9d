# SPDX-License-Identifier: Apache-2.0
"""What dummy clouds and namespace clouds have in common."""
import contextlib
import itertools

from . import packets6
from .process import Failure, wait_until


class RouterPort:
    def __init__(self, name, mac, cidrs):
        self.name, self.mac, self.cidrs = name, mac, cidrs
        self.ips = [cidr.split("/")[0] for cidr in cidrs]

    @property
    def ip(self):
        return self.ips[0]

    @property
    def link_local(self):
        """The address that it has beside those that it is given."""
        return packets6.link_local(self.mac)


class CloudBase:
    """Chassis and an NB database.  A context manager: leaving it stops
    everything, and raises Failure if a daemon crashed, leaked or disagrees with
    itself.

    Members: 'workspace', 'nb_db', 'chassis' (a list), 'config' (external_ids for
    every chassis, see Chassis), 'controller' (whether chassis run one), 'families' (by the
    number of a chassis, the families of its tunnel addresses if it is not "4": "6", "46" or
    "64")."""

    mac_prefix = "0a:00:00:00:00"

    def __init__(self, config=None, controller=True, families=None):
        self.chassis = []
        self.families = families or {}
        self.config = config or {}
        self.controller = controller
        self._macs = itertools.count(1)
        self._routers = itertools.count(1)
        self._closed = False

    def __getitem__(self, name):
        """cloud["c1"] is a chassis, cloud["vm1"] a virtual machine."""
        for chassis in self.chassis:
            if chassis.name == name:
                return chassis
            if name in chassis.vms:
                return chassis.vms[name]
        raise KeyError(name)

    @property
    def vms(self):
        return [vm for chassis in self.chassis for vm in chassis.vms.values()]

    def nb(self, *commands, **kwargs):
        """Runs dfctl commands in one transaction; see Nb.dfctl()."""
        return self.nb_db.dfctl(*commands, **kwargs)

    def new_mac(self):
        return "%s:%02x" % (self.mac_prefix, next(self._macs))

    def add_network(self, name, *cidrs, **columns):
        """A network and its subnets; 'columns' are those of "net-add", with
        underscores (type="vlan", segmentation_id=101)."""
        columns.setdefault("type", "geneve")
        options = ["%s=%s" % (k.replace("_", "-"), v) for k, v in columns.items()]
        self.nb("net-add %s %s" % (name, " ".join(options)),
                *["subnet-add %s-%d %s %s" % (name, i, name, cidr)
                  for i, cidr in enumerate(cidrs)])

    def add_router(self, name, **networks):
        """A router with a port on each network, given as NETWORK="10.0.1.1/24" or
        a list of them.  Returns a dictionary from network to RouterPort."""
        number = next(self._routers)
        ports = {}
        commands = ["router-add %s" % name]
        for i, (network, cidrs) in enumerate(networks.items(), 1):
            cidrs = [cidrs] if isinstance(cidrs, str) else cidrs
            port = RouterPort("%s-%s" % (name, network), "0e:00:00:00:%02x:%02x" % (number, i),
                              cidrs)
            ports[network] = port
            commands.append("router-port-add %s %s %s %s %s" % (
                port.name, name, network, port.mac, " ".join(cidrs)))
        self.nb(*commands)
        return ports

    @contextlib.contextmanager
    def extra_routes(self, router):
        """with extra_routes("r1") as add: add(PREFIX, HOP) adds a static route of the router, past
        what dfctl would refuse.  At the end all of them are removed."""
        added = []

        def add(prefix, hop):
            self.nb("--force route-add %s %s %s" % (router, prefix, hop))
            added.append((prefix, hop))
            self.sync()
        yield add
        for prefix, hop in added:
            self.nb("--if-exists route-del %s %s %s" % (router, prefix, hop))
        self.sync()

    def add_port(self, name, network, chassis, ips, mac):
        """The NB half of add_vm(): returns the chassis (an index from 0, or a
        name) and the MAC."""
        mac = mac or self.new_mac()
        self.nb("port-add %s %s %s %s" % (name, network, mac, " ".join(ips)))
        return self[chassis] if isinstance(chassis, str) else self.chassis[chassis], mac

    def sync(self, ports_up=True):
        """Waits until every plugged port is up (unless 'ports_up' is false),
        every chassis has applied what the NB database says, and the datapaths
        reflect it."""
        if ports_up:
            self.wait_up(*[vm.name for vm in self.vms])
        self.nb_db.sync()
        for chassis in self.chassis:
            if chassis.vswitchd.is_running():
                chassis.revalidated()

    def wait_up(self, *names, timeout=30):
        def down():
            rows = {row["name"]: row["up"]
                    for row in self.nb_db.rows("Port", columns=["name", "up"])}
            return [n for n in names if n in rows and rows[n] is not True]
        wait_until(lambda: not down(), lambda: "ports not up: %s" % ", ".join(down()), timeout)

    def save_logs(self, where):
        return self.workspace.save_logs(where)

    def close(self, verify=True):
        if self._closed:
            return
        self._closed = True
        problems = []
        try:
            for chassis in self.chassis if verify else []:
                try:
                    chassis.verify()
                except Failure as e:
                    problems.append("%s: %s" % (chassis.name, e))
        finally:
            problems += self.workspace.close()
        if problems:
            raise Failure("\n".join(problems))

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc, tb):
        if exc_type is None:
            self.close()
            return
        try:
            self.close(verify=False)
        except Failure as e:
            print("while stopping: %s" % e)
