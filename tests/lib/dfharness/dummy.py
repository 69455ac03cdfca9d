# SPDX-License-Identifier: Apache-2.0
"""Clouds of dummy switches: no root, no kernel, no timing.

Frames enter by "netdev-dummy/receive", leave through pcap files, and travel
between chassis over a Fabric, all under the control of settle(), which returns
when nothing is under way any more.  So "nothing arrives" is a fact and not a
timeout."""
import ipaddress
import os
import pathlib
import shutil
import tempfile

from . import packets
from .base import CloudBase
from .chassis import Chassis
from .database import Nb
from .fabric import Fabric, Tap
from .process import Failure, Workspace, run, wait_until

UNDERLAY_MTU = 9000
MAX_ROUNDS = 200  # Far more than any packet needs to get anywhere.


class DummyVm:
    """A virtual machine's interface on a dummy chassis."""

    def __init__(self, chassis, name, mac=None, ips=()):
        self.chassis = chassis
        self.name = name
        self.mac = mac
        self.ips = list(ips)
        self.received = []
        self.tap = Tap(chassis, name)

    @property
    def ip(self):
        return self.ips[0]

    @property
    def cloud(self):
        return self.chassis.cloud

    def send(self, *frames):
        """Sends and waits until everything that follows from it has happened."""
        for frame in frames:
            self.tap.inject(frame)
            self.cloud.settle()

    def poll(self):
        frames = self.tap.read()
        self.received += frames
        return bool(frames)

    def take(self):
        """What it has received since the last call."""
        frames, self.received = self.received, []
        return frames

    def expect(self, *frames):
        """Exactly these frames have arrived since the last look, in any order."""
        report = packets.compare(self.name, self.take(), frames)
        if report:
            raise Failure(report)

    def expect_nothing(self):
        self.expect()

    def unplug(self):
        self.chassis.vsctl("del-port", "br-int", self.name)
        del self.chassis.vms[self.name]

    # Short hands for frames of this machine.

    def arp_request(self, target, **kwargs):
        return packets.arp_request(self.mac, kwargs.pop("ip", self.ip), target, **kwargs)

    def udp(self, dst_mac, dst, **kwargs):
        return packets.udp(self.mac, dst_mac, kwargs.pop("src", self.ip), dst, **kwargs)

    def tcp(self, dst_mac, dst, **kwargs):
        return packets.tcp(self.mac, dst_mac, kwargs.pop("src", self.ip), dst, **kwargs)

    def echo(self, dst_mac, dst, **kwargs):
        return packets.echo(self.mac, dst_mac, kwargs.pop("src", self.ip), dst, **kwargs)

    def __repr__(self):
        return self.name


class DummyChassis(Chassis):
    # The "system" types of bridges and interfaces are dummies; "netdev" would be
    # the real userspace datapath, and "override" would replace tunnels as well.
    vswitchd_options = ("--enable-dummy=system",)

    def vswitchd_prefix(self):
        """A network namespace to itself, for local_route(); takes no root."""
        own = ["--net"] if os.geteuid() == 0 else ["--net", "--map-root-user"]
        return ["unshare", *own, "setpriv", "--pdeathsig", "KILL"]

    def local_route(self):
        """A tunnel with a local_ip is only sent if the address is local by the
        kernel's routing table: a link of the same name as the dummy must have it
        in the kernel as well."""
        enter = ["nsenter", "--target", str(self.vswitchd.pid), "--net"]
        if os.geteuid() != 0:
            enter += ["--user", "--preserve-credentials"]
        run(enter + ["ip", "link", "add", "name", "br-phy", "type", "bridge"])
        for cidr in self.encap_cidrs:
            run(enter + ["ip", "addr", "add", cidr, "dev", "br-phy"]
                + (["nodad"] if ":" in cidr else []))
        wait_until(lambda: " local" in self.appctl("ovs/route/show"),
                   "%s: the tunnel address does not become local" % self.name)

    def pcap(self, iface):
        return self.rundir / (iface + ".pcap")

    def _dummy_options(self, iface):
        return ["type=dummy", "options:tx_pcap=%s" % self.pcap(iface)]

    def make_underlay(self):
        cloud = self.cloud
        if cloud.encap_types:
            # A bridge with the tunnel address on its LOCAL port, and an uplink.
            self.underlay_mac = "02:aa:00:00:00:%02x" % self.number
            self.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy",
                       "datapath_type=system", "other_config:hwaddr=" + self.underlay_mac,
                       "--", "set", "Interface", "br-phy", "mtu_request=%d" % UNDERLAY_MTU,
                       "--", "add-port", "br-phy", "uplink", "--", "set", "Interface", "uplink",
                       "mtu_request=%d" % UNDERLAY_MTU, *self._dummy_options("uplink"))
            for cidr in self.encap_cidrs:
                family = "6" if ":" in cidr else "4"
                self.appctl("netdev-dummy/ip%saddr" % family, "br-phy", cidr)
                self.appctl("ovs/route/add",
                            str(ipaddress.ip_interface(cidr).network), "br-phy")
            self.local_route()
            cloud.underlay.attach(Tap(self, "uplink"))
            self.configure(encap_type=",".join(cloud.encap_types),
                           encap_ip=",".join(self.encap_ips))
        mappings = []
        for physnet, fabric in cloud.physnets.items():
            bridge, uplink = "br-" + physnet, "up-" + physnet
            self.vsctl("add-br", bridge, "--", "set", "bridge", bridge, "datapath_type=system",
                       "--", "set", "Interface", bridge, "mtu_request=%d" % UNDERLAY_MTU,
                       "--", "add-port", bridge, uplink, "--", "set", "Interface", uplink,
                       "mtu_request=%d" % UNDERLAY_MTU, *self._dummy_options(uplink))
            fabric.attach(Tap(self, uplink))
            mappings.append("%s:%s" % (physnet, bridge))
        if mappings:
            self.configure(bridge_mappings=",".join(mappings))
        self.configure(remote=cloud.nb_db.remote)

    def meet(self, other):
        """Knows the underlay MAC of another chassis (ARP takes a packet)."""
        for ip in other.encap_ips:
            self.appctl("tnl/neigh/set", "br-phy", ip, other.underlay_mac)

    def plug(self, name, mac=None, ips=(), iface_id=None, mtu=UNDERLAY_MTU):
        """Attaches an interface with iface-id 'name'."""
        vm = DummyVm(self, name, mac, ips)
        self.vsctl("add-port", "br-int", name, "--", "set", "Interface", name,
                   "external_ids:iface-id=%s" % (iface_id or name), "mtu_request=%d" % mtu,
                   *self._dummy_options(name))
        self.vms[name] = vm
        return vm

    def barrier(self):
        """What was injected has been through the switch, and what the switch
        sent to the daemon has been answered."""
        for _ in range(2):
            self.appctl("version")
        if self.controller.is_running():
            for _ in range(2):
                self.dfappctl("version")
            for _ in range(2):
                self.appctl("version")


def sweep():
    """Removes the files of runs that were killed; their daemons died with them."""
    for path in pathlib.Path(tempfile.gettempdir()).glob("df-[0-9]*-*"):
        if not os.path.exists("/proc/%s" % path.name.split("-")[1]):
            shutil.rmtree(path, ignore_errors=True)


class Cloud(CloudBase):
    """Several dummy chassis, an underlay, and a fabric for each physical
    network."""

    def __init__(self, chassis=1, encap_types=("geneve", "vxlan", "gre"), physnets=(),
                 controller=True, config=None, families=None):
        # Sessions need an underlay that forwards at all times.
        super().__init__({"bfd_interval": 0, **(config or {})}, controller, families)
        sweep()
        self.workspace = Workspace(tempfile.mkdtemp(prefix="df-%d-" % os.getpid()))
        self.encap_types = encap_types
        self.underlay = Fabric(self, "underlay")
        self.physnets = {name: Fabric(self, name) for name in physnets}
        try:
            self.nb_db = self.make_nb()
            for _ in range(chassis):
                self.add_chassis()
        except BaseException:
            self.workspace.close()
            raise

    def make_nb(self):
        return Nb(self.workspace, self.workspace.path / "nb")

    def add_chassis(self, **config):
        """One more chassis, which is returned; its number counts from 1."""
        number = len(self.chassis) + 1
        new = DummyChassis(self, "c%d" % number, number, {**self.config, **config})
        if self.encap_types:
            for other in self.chassis:
                new.meet(other)
                other.meet(new)
        self.chassis.append(new)
        if self.controller:
            new.start_controller()
        return new

    @property
    def hosts(self):
        return [end for fabric in self.physnets.values() for end in fabric.ends
                if hasattr(end, "received")]

    def add_vm(self, name, network, chassis, *ips, mac=None):
        """A port in the NB database and its interface on a chassis (an index
        from 0, or a name).  Call sync() when all are there."""
        where, mac = self.add_port(name, network, chassis, ips, mac)
        return where.plug(name, mac, ips)

    # --- Packets ---

    def settle(self):
        """Lets everything that is under way arrive."""
        idle = 0
        for _ in range(MAX_ROUNDS):
            for chassis in self.chassis:
                if chassis.vswitchd.is_running():
                    chassis.barrier()
            moved = any([vm.poll() for vm in self.vms]
                        + [f.run() for f in [self.underlay, *self.physnets.values()]])
            idle = 0 if moved else idle + 1
            if idle == 2:
                return
        raise Failure("packets go round in circles")

    def clear(self):
        """Forgets what has been received so far, everywhere."""
        self.settle()
        for end in self.vms + self.hosts:
            end.take()
        for fabric in [self.underlay, *self.physnets.values()]:
            fabric.take()

    def check(self, source, frame, expected):
        """Sends a frame; exactly 'expected' arrives: a dictionary of receivers
        (machines or fabric hosts) and the frame or list of frames they get.
        Those that are not named get nothing."""
        self.clear()
        source.send(frame)
        self.expect(expected, "sent by %s: %s" % (source, packets.summary(frame)))

    def expect(self, expected, what=""):
        reports = []
        for end in self.vms + self.hosts:
            want = expected.get(end, [])
            want = [want] if isinstance(want, bytes) else list(want)
            report = packets.compare(end, end.take(), want)
            if report:
                reports.append(report)
        if reports:
            raise Failure("\n".join([what] + reports))

    def check_icmp_error(self, source, frame, error):
        """Sends a frame; only its sender gets something: the ICMP error
        'error' (of packets.icmp_error())."""
        self.clear()
        source.send(frame)
        got = source.take()
        self.expect({}, "sent by %s: %s" % (source, packets.summary(frame)))
        if len(got) != 1:
            raise Failure("%d answers instead of one ICMP error: %s"
                          % (len(got), [packets.summary(f) for f in got]))
        difference = packets.icmp_error_difference(got[0], error)
        if difference:
            raise Failure(difference)
