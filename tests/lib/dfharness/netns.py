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
import struct
import tempfile
import threading
import time

from .base import CloudBase
from .chassis import Chassis
from .database import Database, Nb
from .process import OVS_SCHEMA, Failure, program, run, wait_until
from .registry import RegisteredWorkspace, sweep

UNDERLAY_MTU = 9000
_CLONE_NEWNET = 0x40000000
_SO_RCVBUFFORCE = 33
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


class PingStream:
    """Echo requests every 'interval' seconds in the background, until stop(),
    which waits for the last answers."""

    def __init__(self, vm, target, interval):
        self.socket = vm.socket(socket.SOCK_RAW, proto=socket.IPPROTO_ICMP)
        # A busy machine must not make this process lose answers that came.
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 16 << 20)
        self.target, self.interval = target, interval
        self.ident = next(self._idents) & 0xffff
        self.sent, self.answered = [], set()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=f, daemon=True)
                         for f in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    _idents = itertools.count(os.getpid())

    def _send(self):
        due = time.monotonic()
        while not self._stopping.is_set():
            number = len(self.sent)
            data = struct.pack(">HHQ", self.ident, number & 0xffff, number)
            header = struct.pack(">BBH", 8, 0, 0) + data
            total = sum(struct.unpack(">%dH" % (len(header) // 2), header))
            total = (total & 0xffff) + (total >> 16)
            total = (total & 0xffff) + (total >> 16)
            self.sent.append(time.monotonic())
            try:
                self.socket.sendto(struct.pack(">BBH", 8, 0, ~total & 0xffff) + data,
                                   (self.target, 0))
            except OSError:
                pass  # Counts as lost.
            due = max(due + self.interval, time.monotonic() - 0.1)
            time.sleep(max(0, due - time.monotonic()))

    def _receive(self):
        self.socket.settimeout(0.1)
        while not (self._stopping.is_set() and self._drained()):
            try:
                packet = self.socket.recv(2048)
            except socket.timeout:
                continue
            icmp = packet[(packet[0] & 0xf) * 4:]
            if len(icmp) >= 16 and icmp[0] == 0 and icmp[4:6] == struct.pack(">H", self.ident):
                self.answered.add(struct.unpack(">Q", icmp[8:16])[0])

    def _drained(self):
        return len(self.answered) == len(self.sent) or time.monotonic() > self.sent[-1] + 1

    def stop(self):
        """Returns (sent, lost); str() of the stream then says when those were
        lost."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self.socket.close()
        self.lost_at = [self.sent[i] - self.sent[0] for i in range(len(self.sent))
                        if i not in self.answered]
        return len(self.sent), len(self.lost_at)

    def expect_no_loss(self, at_least=100):
        """Stops; raises Failure if anything was lost, or if there was not enough
        traffic for that to mean something."""
        sent, lost = self.stop()
        if lost:
            raise Failure("to %s: %s" % (self.target, self))
        if sent < at_least:
            raise Failure("to %s: only %d pings sent" % (self.target, sent))

    def __str__(self):
        text = "%d of %d pings lost" % (len(self.lost_at), len(self.sent))
        if self.lost_at:
            text += ", between %.3f and %.3f s" % (self.lost_at[0], self.lost_at[-1])
        return text


class NsHost:
    """A machine: a namespace with one interface, eth0."""

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
        for cidr in self.cidrs:
            run(["ip", "-n", self.namespace, "addr", "add", cidr, "dev", "eth0"])
        if self.gateway:
            run(["ip", "-n", self.namespace, "route", "add", "default", "via", self.gateway])

    def exec(self, *argv):
        return ["ip", "netns", "exec", self.namespace, *argv]

    def run(self, command, check=True, timeout=60):
        """Runs a command line (a string) on the machine."""
        return run(self.exec(*shlex.split(command)), check=check, timeout=timeout)

    def ping(self, target, count=3, interval=0.05, size=56, timeout=1, dont_fragment=False):
        """How many of 'count' pings were answered."""
        out = self.run("ping -n -q -c %d -i %g -s %d -W %g %s %s" % (
            count, interval, size, timeout, "-M do" if dont_fragment else "", target),
            check=False)
        match = re.search(r"(\d+) received", out)
        return int(match.group(1)) if match else 0

    def expect_ping(self, target, count=3, **kwargs):
        answered = self.ping(target, count, **kwargs)
        if answered != count:
            raise Failure("%s: %d of %d pings to %s answered" % (self.name, answered, count,
                                                                 target))

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

    def socket(self, kind=socket.SOCK_STREAM, proto=0):
        with inside(self.namespace):
            s = socket.socket(socket.AF_INET, kind, proto)
        s.settimeout(10)
        return s

    def tcp_transfer(self, server, size=1000000, port=5000):
        """Sends 'size' bytes to the machine 'server' over TCP and back; raises
        Failure unless they come back as they were."""
        data = os.urandom(size)
        with server.socket() as listener, self.socket() as client:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((server.ip, port))
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
            client.connect((server.ip, port))
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
        with server.socket(socket.SOCK_DGRAM) as there, \
                self.socket(socket.SOCK_DGRAM) as here:
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
        self.encap_ip = "172.31.0.%d" % self.number
        self.underlay_mac = "02:aa:00:00:00:%02x" % self.number
        if cloud.encap_types:
            cloud.veth(self.namespace, "phy0", cloud.net, self.name, UNDERLAY_MTU)
            run(["ip", "-n", cloud.net, "link", "set", self.name, "master", "underlay"])
            self.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy",
                       "datapath_type=netdev", "other_config:hwaddr=" + self.underlay_mac,
                       "--", "set", "Interface", "br-phy", "mtu_request=%d" % UNDERLAY_MTU,
                       "--", "add-port", "br-phy", "phy0")
            self.address_underlay()
            self.configure(encap_type=",".join(cloud.encap_types), encap_ip=self.encap_ip)
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
        run(["ip", "-n", ns, "addr", "replace", self.encap_ip + "/24", "dev", "br-phy"])
        run(["ip", "-n", ns, "link", "set", "br-phy", "up"])
        for other in self.cloud.chassis:
            if other is not self:
                self.meet(other)

    def meet(self, other):
        """Knows the underlay MAC of another chassis: the userspace tunnel code
        loses the first packet while it asks."""
        self.appctl("tnl/neigh/set", "br-phy", other.encap_ip, other.underlay_mac)

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
    _numbers = itertools.count(1)

    def __init__(self, chassis=1, encap_types=("geneve", "vxlan", "gre"), physnets=(),
                 config=None, controller=True, path=None, ident=None, progress=None):
        super().__init__(config, controller)
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
        new = NsChassis(self, name, number, {**self.config, **config},
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

    def remove_vm(self, name):
        """The opposite of add_vm()."""
        self[name].chassis.unplug(name)
        self.nb("port-del %s" % name)
