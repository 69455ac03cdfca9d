# SPDX-License-Identifier: Apache-2.0
"""A chassis with the DPDK build of ovs-vswitchd as its switch, on virtual
devices.

One thread of the switch polls and does nothing else, so cycles per packet are
exact.  The source of packets is a pcap file that is read into memory and sent for
ever; what comes out of the switch vanishes in null devices, that of the underlay,
too.  Needs root and huge pages."""
import contextlib
import itertools
import os
import pathlib
import re

from dfharness.netns import NsChassis, NsCloud
from dfharness.netns import why_impossible as no_namespaces
from dfharness.process import Failure

PROGRAM = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
DRIVERS = ("net_pcap", "net_null", "mempool_ring", "bus_vdev")
MEGABYTES = 640
HUGE_PAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")
PEER_MAC = "02:aa:00:00:00:fe"


def _huge_pages():
    """(size of a page in MB, number of free ones)."""
    text = pathlib.Path("/proc/meminfo").read_text()
    size = re.search(r"Hugepagesize:\s+(\d+) kB", text)
    free = re.search(r"HugePages_Free:\s+(\d+)", text)
    return (int(size.group(1)) // 1024, int(free.group(1))) if size and free else (0, 0)


@contextlib.contextmanager
def huge_pages(megabytes=MEGABYTES):
    """Sees to huge pages, and returns them afterwards."""
    size, free = _huge_pages()
    before = int(HUGE_PAGES.read_text())
    wanted = -(-megabytes // size)
    try:
        if free < wanted:
            HUGE_PAGES.write_text(str(before + wanted - free))
        yield
    finally:
        HUGE_PAGES.write_text(str(before))


def why_impossible():
    """None if this machine can run such a chassis, otherwise a sentence."""
    reason = no_namespaces()
    if reason:
        return reason
    if not os.access(PROGRAM, os.X_OK):
        return "openvswitch-switch-dpdk is not installed (tools/deps.sh --bench)"
    for driver in DRIVERS:
        if not [*pathlib.Path("/usr/lib").glob("*/dpdk/pmds-*/librte_%s.so*" % driver)]:
            return "DPDK's %s driver is not installed (tools/deps.sh --bench)" % driver
    if len(os.sched_getaffinity(0)) < 2:
        return "it takes two cores: one is the switch's alone"
    if not _huge_pages()[0]:
        return "the kernel has no huge pages"
    try:
        with huge_pages():
            size, free = _huge_pages()
            if size * free < MEGABYTES:
                return "no %d MB of huge pages to be had" % MEGABYTES
    except OSError as e:
        return "huge pages cannot be set up: %s" % e
    return None


class DpdkChassis(NsChassis):
    """Bridge br-phy has the tunnel address; its uplink is a null device."""

    vswitchd_program = PROGRAM

    def vswitchd_prefix(self):
        """In a mount namespace of its own, with the huge pages; first at the core that
        it polls on."""
        return ["nice", "-n", "-20", "unshare", "--mount", "sh", "-c",
                "mkdir -p $0 && mount -t hugetlbfs none $0 && exec \"$@\"",
                str(self.rundir / "huge")]

    def configure_vswitchd(self):
        cores = sorted(os.sched_getaffinity(0))
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                   "other_config:dpdk-lcore-mask=%#x" % (1 << cores[0]),
                   "other_config:pmd-cpu-mask=%#x" % (1 << cores[-1]),
                   "other_config:dpdk-socket-mem=512",
                   "other_config:dpdk-extra=--no-pci --huge-dir=%s --file-prefix=%s" % (
                       self.rundir / "huge", self.cloud.ident),
                   # 100,000 connections may be 100,000 megaflows.
                   "other_config:flow-limit=200000")

    def prefer(self):
        """Lets ovs-vswitchd run before other sessions, too, which share processors with
        its session whatever its own priority."""
        with contextlib.suppress(OSError):
            pathlib.Path("/proc/%d/autogroup" % self.vswitchd.pid).write_text("-20")

    def make_underlay(self):
        self.prefer()
        self._numbers = itertools.count()
        self.underlay_mac = "02:aa:00:00:00:%02x" % self.number
        self.vsctl("add-br", "br-phy", "--", "set", "bridge", "br-phy", "datapath_type=netdev",
                   "other_config:hwaddr=" + self.underlay_mac)
        self.add_sink("br-phy", "uplink")
        self.address_underlay()
        # Not to the LOCAL interface, which is the kernel's: it would be measured.
        self.ofctl("add-flow", "br-phy", "priority=100,in_port=LOCAL,actions=output:%s"
                   % self.ofport("uplink"))
        self.configure(encap_type="geneve", encap_ip=self.encap_ip,
                       remote=self.cloud.nb_db.remote, datapath_type="netdev")

    def meet_peer(self, ip):
        """A chassis that exists in databases only."""
        self.appctl("tnl/neigh/set", "br-phy", ip, PEER_MAC)

    # --- Ports ---

    def _add(self, bridge, name, devargs, iface_id):
        self.vsctl("add-port", bridge, name, "--", "set", "Interface", name, "type=dpdk",
                   "options:dpdk-devargs=\"%s\"" % devargs,
                   *(["external_ids:iface-id=" + iface_id] if iface_id else []))
        error = self.vsctl("get", "Interface", name, "error").strip()
        if error not in ("[]", '""'):
            raise Failure("%s: %s" % (name, error))

    def add_sink(self, bridge, name, iface_id=None):
        self._add(bridge, name, "net_null%d,no-rx=1" % next(self._numbers), iface_id)

    def add_source(self, bridge, name, pcap, iface_id=None):
        """A name of a device can be used once: each source is a new device."""
        self._add(bridge, name, "net_pcap%d,rx_pcap=%s,infinite_rx=1" % (
            next(self._numbers), pcap), iface_id)

    def sent(self, name):
        """Packets that a port has sent."""
        text = self.appctl("dpctl/show", "-s")
        port = re.search(r"port \d+: %s \(.*?\n\s+RX packets.*?\n\s+TX packets:(\d+)"
                         % re.escape(name), text)
        return int(port.group(1)) if port else 0

    def polling_seconds(self):
        """CPU seconds of the polling thread."""
        for task in pathlib.Path("/proc/%d/task" % self.vswitchd.pid).iterdir():
            if (task / "comm").read_text().startswith("pmd-"):
                return int((task / "schedstat").read_text().split()[0]) / 1e9
        raise Failure("ovs-vswitchd has no polling thread")

    def megaflows(self, in_port):
        """(megaflows, different masks) of packets that enter by a port."""
        masks = []
        for line in self.appctl("dpctl/dump-flows", "-m").splitlines():
            match = line.split(", packets:")[0]
            if "in_port(%s)" % in_port in match:
                # Field names, and the masks of those fields that have one.
                masks.append(re.sub(r"ufid:[-0-9a-f]+", "",
                                    re.sub(r"=[^,()/]*(/[^,()]*)?", r"\1", match)))
        return len(masks), len(set(masks))


class DpdkCloud(NsCloud):
    """One such chassis."""

    chassis_class = DpdkChassis

    def __init__(self, **kwargs):
        self._pages = contextlib.ExitStack()
        self._pages.enter_context(huge_pages())
        try:
            super().__init__(chassis=1, encap_types=("geneve",), **kwargs)
        except BaseException:
            self._pages.close()
            raise

    def close(self, verify=True):
        try:
            super().close(verify)
        finally:
            self._pages.close()


def polling_thread(text):
    """The part of a report that is about the thread that polls."""
    text = text[text.index("pmd thread"):]
    return text[:text.index("main thread")] if "main thread" in text else text


def number(text, pattern):
    """The number that follows 'pattern' in a report."""
    match = re.search(pattern + r":?\s+([\d.]+)", text)
    return float(match.group(1)) if match else 0.0
