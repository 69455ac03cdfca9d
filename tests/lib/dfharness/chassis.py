# SPDX-License-Identifier: Apache-2.0
"""One hypervisor: its own Open vSwitch and df-controller."""
from .database import Database
from .process import OVS_SCHEMA, Failure, ovs_env, program, run, wait_until


class Chassis:
    """What dummy and namespace chassis have in common.

    'config' holds the external_ids of CONTRACT.md without the "dragonflow-"
    prefix, for example encap_type="geneve,vxlan"."""

    # By family, the prefix of tunnel addresses and its length.
    underlay_prefixes = {"4": ("172.31.0.", 24), "6": ("fd31::", 64)}
    vswitchd_options = ()
    vswitchd_program = "ovs-vswitchd"

    def __init__(self, cloud, name, number, config, namespace=None, outlive=False):
        self.cloud = cloud
        self.name = name
        self.number = number
        self.namespace = namespace
        self.rundir = cloud.workspace.path / name
        self.rundir.mkdir()
        self.env = ovs_env(self.rundir)
        self.vms = {}
        prefix = ["ip", "netns", "exec", namespace] if namespace else []
        options = {"prefix": prefix, "outlive": outlive}
        self.ovsdb = Database(cloud.workspace, self.rundir, OVS_SCHEMA, **options)
        run([program("ovs-vsctl"), "--db=" + self.ovsdb.remote, "--no-wait", "init"])
        self.vswitchd = cloud.workspace.daemon(
            "ovs-vswitchd", [self.vswitchd_program, *self.vswitchd_options, self.ovsdb.remote],
            self.rundir, **{**options, "prefix": prefix + self.vswitchd_prefix()})
        self.controller = cloud.workspace.daemon(
            "df-controller", ["df-controller", self.ovsdb.remote], self.rundir, ours=True,
            **options)
        self.configure_vswitchd()
        self.vswitchd.start()
        self.make_underlay()
        self.configure(system_id=name, **config)

    # --- To be defined by subclasses ---

    def vswitchd_prefix(self):
        """What is put before the command line of ovs-vswitchd."""
        return []

    def configure_vswitchd(self):
        """What must be in the database before ovs-vswitchd starts."""

    def make_underlay(self):
        raise NotImplementedError

    @property
    def encap_ips(self):
        return [self.underlay_prefixes[family][0] + str(self.number)
                for family in self.cloud.families.get(self.number, "4")]

    @property
    def encap_ip(self):
        """Its tunnel address, or the first of two."""
        return self.encap_ips[0]

    @property
    def encap_cidrs(self):
        return ["%s/%d" % (ip, self.underlay_prefixes["6" if ":" in ip else "4"][1])
                for ip in self.encap_ips]

    # --- Tools ---

    def vsctl(self, *args, timeout=20):
        """Runs ovs-vsctl with words as arguments."""
        return run([program("ovs-vsctl"), "--db=" + self.ovsdb.remote,
                    "--timeout=%d" % timeout, *args], timeout=timeout + 5)

    def ofctl(self, *args):
        return run([program("ovs-ofctl"), *args], env=self.env)

    def appctl(self, *args):
        """A runtime command of ovs-vswitchd."""
        return self.vswitchd.appctl(*args)

    def dfappctl(self, *args):
        """A runtime command of df-controller."""
        return self.controller.appctl(*args)

    def configure(self, **config):
        """Sets external_ids: encap_ip="..." is dragonflow-encap-ip; None
        removes the key."""
        for key, value in config.items():
            key = key.replace("_", "-")
            if key != "system-id":
                key = "dragonflow-" + key
            if value is None:
                self.vsctl("--no-wait", "remove", "Open_vSwitch", ".", "external_ids", key)
            else:
                self.vsctl("--no-wait", "set", "Open_vSwitch", ".",
                           'external_ids:%s="%s"' % (key, value))

    def start_controller(self):
        """Starts df-controller and waits for the integration bridge."""
        self.controller.start()
        try:
            self.vsctl("wait-until", "bridge", "br-int")
        except Failure as e:
            raise Failure("%s: no integration bridge\n%s\n%s"
                          % (self.name, e, self.controller.output()))

    def restart_controller(self, how="exit --restart"):
        """'how': "exit", "exit --restart", "terminate" or "kill"."""
        if how == "kill":
            self.controller.kill()
        elif how == "terminate":
            self.controller.terminate()
        else:
            self.controller.exit(*how.split()[1:])
        self.start_controller()

    def flows(self, bridge="br-int"):
        """The flows, without counters, sorted: comparable."""
        lines = self.ofctl("--no-stats", "--sort", "dump-flows", bridge).splitlines()
        return sorted(line.strip() for line in lines
                      if "NXST" not in line and "OFPST" not in line)

    def trace(self, flow, bridge="br-int"):
        return self.appctl("ofproto/trace", bridge, flow)

    def revalidated(self):
        """Waits until the datapath reflects the flow tables."""
        self.appctl("revalidator/wait")

    def ofport(self, iface):
        return wait_until(
            lambda: [p for p in [self.vsctl("get", "Interface", iface, "ofport").strip()]
                     if p.isdigit()],
            "%s: no OpenFlow port for %s" % (self.name, iface))[0]

    def verify(self):
        """The desired flows equal those computed from scratch, and those in the
        switch."""
        if self.controller.is_running():
            self.dfappctl("engine/verify")
