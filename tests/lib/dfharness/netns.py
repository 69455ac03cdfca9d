# SPDX-License-Identifier: Apache-2.0
"""Clouds of real packets: every chassis and every machine is a network namespace.

Needs root.  The underlay is a Linux bridge in a namespace of its own.  The
physical networks are bridges of one more Open vSwitch, which plays the top of
rack switch: trunks to the chassis, access ports for physical hosts.  Switches
use the userspace datapath, so that no kernel module is needed."""
import contextlib
import ctypes
import itertools
import os
import re
import shlex
import socket
import tempfile
import threading

from .base import CloudBase
from .chassis import Chassis
from .database import Database, Nb
from .process import OVS_SCHEMA, Failure, program, run, wait_until
from .registry import RegisteredWorkspace, sweep
from .streams import PingStream, Streams, family_of

UNDERLAY_MTU = 9000
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def why_impossible():
    """None if this machine can run such a cloud, otherwise a sentence."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in ("ip", "ethtool", "ping", "ovs-vswitchd", "ovsdb-server"):
        try:
            program(tool)
        except Failure as e:
            return str(e)
    name = "df-probe-%d" % os.getpid()
    try:
        run(["ip", "netns", "add", name])
        try:
            run(["ip", "-n", name, "link", "add", "name", "probe0", "type", "veth",
                 "peer", "name", "probe1"])
            run(["ip", "-n", name, "link", "add", "name", "probe2", "type", "bridge"])
            run(["ip", "-n", name, "tuntap", "add", "dev", "probe3", "mode", "tap"])
        finally:
            run(["ip", "netns", "del", name])
    except Failure as e:
        return ("this kernel or container lacks namespaces, veth, bridges or tap devices: "
                + " ".join(str(e).split()))
    return None


@contextlib.contextmanager
def inside(namespace):
    """The calling thread is in 'namespace' meanwhile; sockets opened there stay
    there."""
    with open("/proc/thread-self/ns/net") as here, open("/run/netns/" + namespace) as there:
        if _libc.setns(there.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns " + namespace)
        try:
            yield
        finally:
            if _libc.setns(here.fileno(), _CLONE_NEWNET):
                os._exit(70)  # In the wrong namespace, nothing must go on.


class NsHost:
    """A machine: a namespace with one interface, eth0.  'gateway' is one address, or a list of
    one for each family."""

    def __init__(self, cloud, name, mac=None, cidrs=(), gateway=None, mtu=1500):
        self.cloud = cloud
        self.name = name
        self.mac = mac
        self.ips = [cidr.split("/")[0] for cidr in cidrs]
        self.namespace = cloud.make_netns(name)
        self.cidrs, self.gateway, self.mtu = cidrs, gateway, mtu

    @property
    def ip(self):
        return self.ips[0]

    def connect(self, namespace, peer):
        """Its cable's other end is 'peer' in another namespace."""
        self.cloud.veth(self.namespace, "eth0", namespace, peer, self.mtu, mac=self.mac)
        if any(":" in cidr for cidr in self.cidrs):
            # Nothing but what it is given; its link-local address it makes itself.
            self.run("sysctl -q -w net.ipv6.conf.eth0.accept_ra=0 "
                     "net.ipv6.conf.eth0.disable_ipv6=0")
        for cidr in self.cidrs:
            run(["ip", "-n", self.namespace, "addr", "add", cidr, "dev", "eth0",
                 *(["nodad"] if ":" in cidr else [])])
        gateways = [self.gateway] if isinstance(self.gateway, str) else self.gateway or []
        for gateway in gateways:
            run(["ip", "-n", self.namespace, "route", "add", "default", "via", gateway])

    def exec(self, *argv):
        return ["ip", "netns", "exec", self.namespace, *argv]

    def run(self, command, check=True, timeout=60):
        """Runs a command line (a string) on the machine."""
        return run(self.exec(*shlex.split(command)), check=check, timeout=timeout)

    def _ping(self, target, count, interval=0.05, size=56, timeout=1, dont_fragment=False):
        """Which of 'count' pings were answered: a set of numbers from 1."""
        out = self.run("ping -n -c %d -i %g -s %d -W %g %s %s" % (
            count, interval, size, timeout, "-M do" if dont_fragment else "", target),
            check=False)
        return {int(n) for n in re.findall(r"bytes from .* icmp_seq=(\d+)", out)}

    def ping(self, target, count=3, **kwargs):
        """How many of 'count' pings were answered."""
        return len(self._ping(target, count, **kwargs))

    def expect_ping(self, target, count=3, **kwargs):
        answered = self._ping(target, count, **kwargs)
        if answered and answered == set(range(1, count)):
            # ping waits for the last only twice as long as another one took.
            answered |= {count} if self._ping(target, 1, **kwargs) else set()
        if len(answered) != count:
            raise Failure("%s: %d of %d pings to %s answered" % (self.name, len(answered), count,
                                                                 target))

    def wait_ping(self, target, timeout=30):
        """Until a ping is answered.  The first packets of all may be lost, while
        switches of others and machines learn the MAC addresses."""
        wait_until(lambda: self.ping(target, count=1, timeout=0.5),
                   "%s: no ping to %s answered" % (self.name, target), timeout)

    def expect_no_ping(self, target, count=2, timeout=0.3):
        answered = self.ping(target, count, timeout=timeout)
        if answered:
            raise Failure("%s: %d pings to %s answered, none should be" % (self.name, answered,
                                                                           target))

    def ping_stream(self, target, interval=0.001):
        return PingStream(self, target, interval)

    def traceroute(self, target, max_hops=5):
        """The addresses on the way to 'target' ("*" where none answered)."""
        out = self.run("traceroute -n -q 1 -w 1 -m %d %s" % (max_hops, target))
        return [line.split()[1] for line in out.splitlines()[1:] if line.strip()]

    def socket(self, kind=socket.SOCK_STREAM, proto=0, family=socket.AF_INET):
        with inside(self.namespace):
            s = socket.socket(family, kind, proto)
        s.settimeout(10)
        return s

    def tcp_transfer(self, server, size=1000000, port=5000, address=None):
        """Sends 'size' bytes to the machine 'server', at 'address' (its first one by
        default), over TCP and back; raises Failure unless they come back as they were."""
        data = os.urandom(size)
        address = address or server.ip
        family = family_of(address)
        with server.socket(family=family) as listener, self.socket(family=family) as client:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()

            def echo():
                peer, _ = listener.accept()
                with peer:
                    peer.settimeout(10)
                    while True:
                        chunk = peer.recv(65536)
                        if not chunk:
                            return
                        peer.sendall(chunk)
            thread = threading.Thread(target=echo, daemon=True)
            thread.start()
            client.connect((address, port))
            sender = threading.Thread(
                target=lambda: (client.sendall(data), client.shutdown(socket.SHUT_WR)),
                daemon=True)
            sender.start()
            back = bytearray()
            while len(back) < size:
                chunk = client.recv(65536)
                if not chunk:
                    break
                back += chunk
        if bytes(back) != data:
            raise Failure("%s: TCP to %s: %d of %d bytes came back%s" % (
                self.name, server.name, len(back), size,
                "" if len(back) != size else ", not the same"))

    def udp_echo(self, server, sizes=(0, 1, 1000, 1472), port=5001):
        """Sends datagrams to 'server', which sends them back."""
        family = family_of(server.ip)
        with server.socket(socket.SOCK_DGRAM, family=family) as there, \
                self.socket(socket.SOCK_DGRAM, family=family) as here:
            there.bind((server.ip, port))
            for size in sizes:
                data = os.urandom(size)
                here.sendto(data, (server.ip, port))
                got, sender = there.recvfrom(65536)
                if got != data or sender[0] != self.ip:
                    raise Failure("%s: got another datagram, from %s" % (server.name, sender))
                there.sendto(got, sender)
                back, sender = here.recvfrom(65536)
                if back != data or sender[0] != server.ip:
                    raise Failure("%s: got another datagram, from %s" % (self.name, sender))

    def converse(self, other):
        """Exchanges pings of several sizes, UDP datagrams and a TCP stream with another machine."""
        self.expect_ping(other.ip, count=2, interval=0.01)
        self.expect_ping(other.ip, count=1, size=1472, dont_fragment=True)
        self.udp_echo(other)
        self.tcp_transfer(other, size=200000)

    def flush_neighbours(self):
        run(["ip", "-n", self.namespace, "neigh", "flush", "all"])

    def __repr__(self):
        return self.name


class NsChassis(Chassis):
    vswitchd_options = ("--disable-system",)

    def vswitchd_prefix(self):
        """The priority that ovs-ctl gives it, too: the kernel's queue in front of
        a userspace switch is short."""
        return ["nice", "-n", "-10"]

    def make_underlay(self):
        cloud = self.cloud
        self.underlay_mac = "02:aa:00:00:00:%02x" % self.number
        if cloud.encap_types:
            cloud.veth(self.namespace, "phy0", cloud.net, self.name, UNDERLAY_MTU)
            run(["ip", "-n", cloud.net, "link", "set", self.name, "master", "underlay"])
            self.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy",
                       "datapath_type=netdev", "other_config:hwaddr=" + self.underlay_mac,
                       "--", "set", "Interface", "br-phy", "mtu_request=%d" % UNDERLAY_MTU,
                       "--", "add-port", "br-phy", "phy0")
            self.address_underlay()
            self.configure(encap_type=",".join(cloud.encap_types),
                           encap_ip=",".join(self.encap_ips))
        mappings = []
        for physnet in cloud.physnets:
            bridge, cable = "br-" + physnet, "to-" + physnet
            cloud.veth(self.namespace, cable, cloud.net, self.name + "-" + physnet, UNDERLAY_MTU)
            cloud.switch_port(physnet, self.name + "-" + physnet)
            self.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=netdev",
                       "--", "add-port", bridge, cable)
            mappings.append("%s:%s" % (physnet, bridge))
        if mappings:
            self.configure(bridge_mappings=",".join(mappings))
        self.configure(remote=cloud.nb_db.remote, datapath_type="netdev")
        if not cloud.outlive:
            # revalidated() waits for the end of the next round.
            self.vsctl("set", "Open_vSwitch", ".", "other_config:max-revalidator=100")

    def address_underlay(self):
        """br-phy's device is ovs-vswitchd's: a new process makes a new one."""
        ns = self.namespace
        wait_until(lambda: run(["ip", "-n", ns, "link", "show", "br-phy"], check=False),
                   "%s: no br-phy" % self.name)
        for cidr in self.encap_cidrs:
            if ":" in cidr:
                run(["ip", "netns", "exec", ns, "sysctl", "-q", "-w",
                     "net.ipv6.conf.br-phy.disable_ipv6=0"])
            run(["ip", "-n", ns, "addr", "replace", cidr, "dev", "br-phy"]
                + (["nodad"] if ":" in cidr else []))
        run(["ip", "-n", ns, "link", "set", "br-phy", "up"])
        for other in self.cloud.chassis:
            if other is not self:
                self.meet(other)

    def meet(self, other):
        """Knows the underlay MAC of another chassis: the userspace tunnel code
        loses the first packet while it asks."""
        for ip in other.encap_ips:
            self.appctl("tnl/neigh/set", "br-phy", ip, other.underlay_mac)

    def restart_vswitchd(self, how="exit"):
        if how == "kill":
            self.vswitchd.kill()
        else:
            self.vswitchd.exit()
        self.vswitchd.start()
        if self.cloud.encap_types:
            self.address_underlay()

    def plug(self, name, mac=None, cidrs=(), gateway=None, mtu=1500, iface_id=None):
        """A virtual machine: a namespace, a cable to br-int, and the iface-id."""
        vm = NsHost(self.cloud, name, mac, cidrs, gateway, mtu)
        vm.chassis = self
        vm.connect(self.namespace, name)
        self.vsctl("add-port", "br-int", name, "--", "set", "Interface", name,
                   "external_ids:iface-id=%s" % (iface_id or name))
        self.vms[name] = vm
        return vm

    def unplug(self, name):
        """The machine is gone, its port in the NB database stays."""
        vm = self.vms.pop(name)
        self.vsctl("del-port", "br-int", name)
        # The kernel would remove the cable some time after the namespace.
        run(["ip", "-n", self.namespace, "link", "del", name])
        run(["ip", "netns", "del", vm.namespace])


class NsCloud(CloudBase):
    """Several chassis in namespaces.  'path' and 'ident' are for a cloud that
    outlives its maker (the demo): where its files are, and the prefix of its
    namespaces.  'progress' is called with a phrase before each step."""

    mac_prefix = "0a:00:00:00:01"
    chassis_class = NsChassis
    _numbers = itertools.count(1)

    def __init__(self, chassis=1, encap_types=("geneve", "vxlan", "gre"), physnets=(),
                 config=None, controller=True, path=None, ident=None, progress=None,
                 families=None):
        super().__init__(config, controller, families)
        self.outlive = path is not None
        if not self.outlive:
            sweep("df-ns-*")
            path = tempfile.mkdtemp(prefix="df-ns-%d-" % os.getpid())
        self.workspace = RegisteredWorkspace(path, owner=None if self.outlive else os.getpid())
        self.ident = ident or "df%d-%d" % (os.getpid(), next(self._numbers))
        self.encap_types, self.physnets = encap_types, list(physnets)
        self.hosts = []
        progress = progress or (lambda what: None)
        try:
            self.net = self.make_netns("net")
            if encap_types:
                run(["ip", "-n", self.net, "link", "add", "name", "underlay", "mtu",
                     str(UNDERLAY_MTU), "type", "bridge"])
                run(["ip", "-n", self.net, "link", "set", "underlay", "up"])
            progress("Northbound database")
            self.nb_db = Nb(self.workspace, self.workspace.path / "nb", outlive=self.outlive)
            if self.physnets:
                progress("physical network")
                self._make_switch()
            for i in range(chassis):
                progress("chassis c%d" % (i + 1))
                self.add_chassis()
        except BaseException:
            self.workspace.close()
            raise

    # --- The physical world ---

    def make_netns(self, name):
        namespace = "%s-%s" % (self.ident, name)
        self.workspace.add_netns(namespace)
        run(["ip", "-n", namespace, "link", "set", "lo", "up"])
        run(["ip", "netns", "exec", namespace, "sysctl", "-q", "-w",
             "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"],
            check=False)
        return namespace

    def veth(self, ns1, name1, ns2, name2, mtu=1500, mac=None):
        run(["ip", "link", "add", "name", name1, "netns", ns1, "mtu", str(mtu),
             *(["address", mac] if mac else []),
             "type", "veth", "peer", "name", name2, "netns", ns2, "mtu", str(mtu)])
        for ns, name in ((ns1, name1), (ns2, name2)):
            # The userspace datapath does not complete checksums.
            run(["ip", "netns", "exec", ns, "ethtool", "-K", name, "tx", "off"])
            run(["ip", "-n", ns, "link", "set", "dev", name, "up"])

    def _make_switch(self):
        """The switch of the physical networks: one bridge each."""
        rundir = self.workspace.path / "switch"
        options = {"prefix": ["ip", "netns", "exec", self.net], "outlive": self.outlive}
        self._switch_db = Database(self.workspace, rundir, OVS_SCHEMA, **options)
        self.switch_vsctl("--no-wait", "init")
        self.switch = self.workspace.daemon(
            "ovs-vswitchd", ["ovs-vswitchd", "--disable-system", self._switch_db.remote],
            rundir, **options)
        self.switch.start()
        for physnet in self.physnets:
            self.switch_vsctl("add-br", physnet, "--", "set", "bridge", physnet,
                              "datapath_type=netdev", "other_config:mac-aging-time=3600")

    def switch_vsctl(self, *args):
        return run([program("ovs-vsctl"), "--db=" + self._switch_db.remote, "--timeout=20",
                    *args])

    def switch_port(self, physnet, device, vlan=None):
        self.switch_vsctl("add-port", physnet, device,
                          *(["tag=%d" % vlan] if vlan else []))

    def add_physical_host(self, name, physnet, mac, cidrs, vlan=None, gateway=None, mtu=1500):
        """A machine on a physical network of which Dragonflow knows nothing."""
        host = NsHost(self, name, mac, cidrs, gateway, mtu)
        host.connect(self.net, name)
        self.switch_port(physnet, name, vlan)
        self.hosts.append(host)
        return host

    def add_chassis(self, **config):
        number = len(self.chassis) + 1
        name = "c%d" % number
        new = self.chassis_class(self, name, number, {**self.config, **config},
                                 namespace=self.make_netns(name), outlive=self.outlive)
        for other in self.chassis:
            if self.encap_types:
                other.meet(new)
        self.chassis.append(new)
        if self.controller:
            new.start_controller()
        return new

    def add_vm(self, name, network, chassis, *cidrs, gateway=None, mtu=1500, mac=None):
        """A port in the NB database and its machine on a chassis (an index from
        0, or a name).  Call sync() when all are there."""
        where, mac = self.add_port(name, network, chassis,
                                   [cidr.split("/")[0] for cidr in cidrs], mac)
        return where.plug(name, mac, cidrs, gateway, mtu)

    def add_control(self):
        """A path from the first chassis to the second that Dragonflow has no part
        in: the same switches and kernels, but a bridge of its own on each, and
        the machines on it.  See Streams."""
        run(["ip", "-n", self.net, "link", "add", "name", "control", "type", "bridge"])
        run(["ip", "-n", self.net, "link", "set", "control", "up"])
        self.control = []
        for chassis in self.chassis[:2]:
            cable = "ctl-" + chassis.name
            self.veth(chassis.namespace, "ctl", self.net, cable)
            run(["ip", "-n", self.net, "link", "set", cable, "master", "control"])
            host = NsHost(self, "control%d" % chassis.number,
                          cidrs=["10.255.0.%d/24" % chassis.number])
            host.connect(chassis.namespace, "ctl-host")
            chassis.vsctl("add-br", "br-ctl", "--", "set", "bridge", "br-ctl",
                          "datapath_type=netdev", "--", "add-port", "br-ctl", "ctl",
                          "--", "add-port", "br-ctl", "ctl-host")
            self.control.append(host)
        wait_until(lambda: self.control[0].ping(self.control[1].ip, count=1), "no control path")

    def streams(self, *pairs, interval=0.001):
        """Streams of pings between (FROM, TO), names of machines; TO may be an address."""
        def address(to):
            return to if set(to) & set(".:") else self[to].ip
        return Streams([self[one].ping_stream(address(two), interval) for one, two in pairs],
                       self.control[0].ping_stream(self.control[1].ip, interval))

    def remove_vm(self, name):
        """The opposite of add_vm()."""
        self[name].chassis.unplug(name)
        self.nb("port-del %s" % name)
