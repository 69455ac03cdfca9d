# SPDX-License-Identifier: Apache-2.0
"""Machines, with the network between them, on which a guide is followed."""
import re
import subprocess

from dfharness.process import Failure
from root import OverlayRoot, add_systemctl

OVS = """
mkdir -p /run/openvswitch /tmp/ovs
ovsdb-tool create /tmp/ovs/conf.db /usr/share/openvswitch/vswitch.ovsschema
export OVS_LOGDIR=/tmp/ovs
ovsdb-server --detach --no-chdir --pidfile --remote=punix:/run/openvswitch/db.sock \
    -vconsole:off /tmp/ovs/conf.db
ovs-vsctl --no-wait init
/usr/lib/openvswitch-switch/ovs-vswitchd --detach --no-chdir --pidfile -vconsole:off \
    --enable-dummy=override --disable-system
"""


class Machines:
    """Roots with the given names and addresses ("ADDRESS/PREFIX"), without our packages, which
    are in /root."""

    def __init__(self, packages, **addresses):
        self.roots = {}
        try:
            for name, own in addresses.items():
                self.roots[name] = root = OverlayRoot()
                root.sh("hostname " + name)
                root.run(["dpkg", "--purge", *packages], check=False)
                for path in packages.values():
                    root.put(path, "root")
                add_systemctl(root)
                # The answer to apt is always yes.  Manual pages need no index here.
                (root.path / "etc/apt/apt.conf.d/99yes").write_text(
                    'APT::Get::Assume-Yes "true";\n')
                (root.path / "var/lib/man-db/auto-update").unlink(missing_ok=True)
                self.connect(root, own)
        except BaseException:
            self.close()
            raise

    def connect(self, root, addresses):
        """To a bridge in the first one."""
        hub = next(iter(self.roots.values()))

        def ip(where, *args):
            subprocess.run(["nsenter", "--target", where.pid, "--net", "ip", *args], check=True)

        if root is hub:
            ip(hub, "link", "add", "lan", "type", "bridge")
            ip(hub, "link", "set", "lan", "up")
            device = "lan"
        else:
            port, device = "port%d" % len(self.roots), "eth0"
            ip(hub, "link", "add", port, "type", "veth", "peer", "name", device, "netns",
               root.pid)
            ip(hub, "link", "set", port, "master", "lan", "up")
            ip(root, "link", "set", device, "up")
        for address in addresses:
            ip(root, "address", "add", address, "dev", device)

    def __getitem__(self, name):
        return self.roots[name]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        for root in reversed(self.roots.values()):
            root.close()

    def start_ovs(self, name):
        """Open vSwitch, with a datapath that needs no kernel."""
        self[name].sh(OVS)

    def copy(self, source, path, destination, to):
        """A file or folder from one machine to another; 'to' does not exist yet."""
        subprocess.run(["cp", "-a", self[source].path / path.lstrip("/"),
                        self[destination].path / to.lstrip("/")], check=True)

    def follow(self, block, words):
        """Does what a block says; 'words' does what it is to come after."""
        for name in block.after:
            words[name](self)
        for host, text in block.scripts():
            root = self[host]
            if block.kind == "write":
                path = root.path / block.path.lstrip("/")
                before = path.read_text() if path.exists() else ""
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(before + text)
                continue
            try:
                root.sh("cd /root\n" + text)
            except Failure as e:
                raise Failure("%s, on %s: %s" % (block.id, host, re.sub(
                    r"^\(Reading database.*\n", "", str(e), flags=re.M))) from None
