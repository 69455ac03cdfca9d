# SPDX-License-Identifier: Apache-2.0
"""The physical network between dummy chassis: a learning switch in Python.

Every frame that leaves a chassis passes through here, so that tests can look at
it, and the harness knows when nothing is under way any more."""
import struct

from . import packets
from .process import Failure


class PcapReader:
    """Reads a growing pcap file (little endian, as ovs-vswitchd writes it)."""

    def __init__(self, path):
        self.path = path
        self.offset = 24  # After the file's header.

    def read(self):
        """The frames written since the last call."""
        frames = []
        try:
            with open(self.path, "rb") as f:
                f.seek(self.offset)
                data = f.read()
        except FileNotFoundError:
            return frames
        at = 0
        while at + 16 <= len(data):
            _, _, caplen, length = struct.unpack_from("<IIII", data, at)
            assert caplen == length
            if at + 16 + caplen > len(data):
                break
            frames.append(data[at + 16:at + 16 + caplen])
            at += 16 + caplen
        self.offset += at
        return frames


class Tap:
    """A dummy interface seen from outside: what the switch transmits on it can
    be read, and frames can be injected as if they had come in."""

    def __init__(self, chassis, iface):
        self.chassis = chassis
        self.iface = iface
        self.pcap = PcapReader(chassis.pcap(iface))

    def read(self):
        return self.pcap.read()

    def inject(self, frame):
        self.chassis.vswitchd.appctl("netdev-dummy/receive", self.iface, frame.hex())

    def __repr__(self):
        return "%s:%s" % (self.chassis.name, self.iface)


class FabricHost:
    """A physical machine on the fabric, of which Dragonflow knows nothing.  It
    sends and receives raw frames (with a tag on a VLAN)."""

    def __init__(self, fabric, name, mac, ip=None):
        self.fabric, self.name, self.mac, self.ip = fabric, name, mac, ip
        self.received = []
        self.outbox = []

    def send(self, frame):
        self.outbox.append(frame)
        self.fabric.cloud.settle()

    def read(self):
        frames, self.outbox = self.outbox, []
        return frames

    def inject(self, frame):
        self.received.append(frame)

    def take(self):
        frames, self.received = self.received, []
        return frames

    def __repr__(self):
        return self.name


class PhysicalRouter(FabricHost):
    """A host on the fabric that answers ARP requests, in whatever VLAN, for its addresses.  Those
    requests, and announcements, are not among what it receives."""

    def __init__(self, fabric, name, mac, *ips):
        super().__init__(fabric, name, mac, ips[0])
        self.ips = ips

    def inject(self, frame):
        at = 18 if vlan_of(frame) else 14
        arp = frame[at:]
        if frame[at - 2:at] == b"\x08\x06" and arp[6:8] == b"\0\1":
            asked = ".".join(str(b) for b in arp[24:28])
            if asked in self.ips:
                reply = packets.arp_reply(self.mac, asked, arp[8:14].hex(":"),
                                          ".".join(str(b) for b in arp[14:18]))
                tag = frame[12:16] if at == 18 else b""
                self.outbox.append(reply[:12] + tag + reply[12:])
                return
            if arp[14:18] == arp[24:28]:
                return
        super().inject(frame)


def vlan_of(frame):
    if frame[12:14] == b"\x81\x00":
        return struct.unpack(">H", frame[14:16])[0] & 0xfff
    return 0


def is_announcement(frame):
    """A gratuitous ARP request or an unsolicited neighbour advertisement of a router or a floating
    IP (their MAC addresses begin with 0e in tests): these come at any time."""
    frame = frame[:12] + frame[16:] if vlan_of(frame) else frame
    if frame[6] != 0x0e:
        return False
    if frame[12:14] == b"\x08\x06":
        return frame[20:22] == b"\0\1" and frame[28:32] == frame[38:42]
    return frame[:6] == b"\x33\x33\0\0\0\1" and frame[20:21] == b"\x3a" and frame[54] == 136 \
        and not frame[58] & 0x40


class Fabric:
    """A switch that learns MACs per VLAN.  'moves' lists the MACs that were seen
    at two places, which a real switch would suffer from; 'frames' every frame
    that crossed, as (source, frame).  It learns from announcements of chassis, which are in
    'announcements' instead, but forwards them only if 'forwards_announcements'."""

    forwards_announcements = False

    def __init__(self, cloud, name):
        self.cloud = cloud
        self.name = name
        self.ends = []
        self.table = {}
        self.frames = []
        self.announcements = []
        self.moves = []

    def attach(self, end):
        self.ends.append(end)
        return end

    def host(self, name, mac, ip=None):
        return self.attach(FabricHost(self, name, mac, ip))

    def router(self, name, mac, *ips):
        return self.attach(PhysicalRouter(self, name, mac, *ips))

    def take(self):
        """The frames that crossed since the last call."""
        frames, self.frames = self.frames, []
        return [frame for _, frame in frames]

    def run(self):
        """Forwards what has come in; returns True if there was something."""
        moved = False
        for end in self.ends:
            for frame in end.read():
                moved = True
                quiet = not hasattr(end, "outbox") and is_announcement(frame)
                (self.announcements if quiet else self.frames).append((end, frame))
                self._forward(end, frame)
        if len(self.frames) > 5000:
            raise Failure("%s: packet storm" % self.name)
        return moved

    def _forward(self, source, frame):
        vid, src, dst = vlan_of(frame), frame[6:12], frame[0:6]
        known = self.table.get((vid, src))
        if known is not None and known is not source:
            self.moves.append((src.hex(":"), vid, known, source))
        if not src[0] & 1:
            self.table[vid, src] = source
        if (not self.forwards_announcements and not hasattr(source, "outbox")
                and is_announcement(frame)):
            return
        target = self.table.get((vid, dst))
        for end in [target] if target is not None else self.ends:
            if end is not source:
                end.inject(frame)
