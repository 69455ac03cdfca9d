# SPDX-License-Identifier: Apache-2.0
"""A node for the DevStack plugin: a real Open vSwitch without ports, real programs, and
devstack.sh in the place of DevStack; see there."""
import configparser
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess

from dfharness import run
from dfharness.process import SANITIZER, TOP, Failure, build_dir, ovs_env, program

HERE = TOP / "tests/devstack"
PLUGIN = TOP / "devstack"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """What systemd runs for DevStack."""

    def __init__(self, node, name, command, group, user):
        self.name, self.argv, self.owner = name, shlex.split(command), (group, user)
        self.log = node.path / (name + ".log")
        with open(self.log, "a") as log:
            self.proc = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": os.environ["PATH"], "ASAN_OPTIONS": os.environ.get(
                    "ASAN_OPTIONS", ""), "LSAN_OPTIONS": os.environ.get("LSAN_OPTIONS", "")},
                preexec_fn=node.workspace.daemons[0]._in_child)

    def is_running(self):
        return self.proc.poll() is None

    def stop(self):
        """As "systemctl stop": its process, and only that."""
        if self.is_running():
            self.proc.terminate()
        try:
            status = self.proc.wait(20)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            raise Failure("%s did not stop" % self.name)
        if status not in (0, -signal.SIGTERM) or SANITIZER.search(self.log.read_text()):
            raise Failure("%s: exit status %s\n%s" % (self.name, status, self.log.read_text()))


class Node:
    """A node with DevStack in 'path'.  'chassis' is its Open vSwitch."""

    def __init__(self, chassis, local_conf, settings):
        self.chassis, self.workspace = chassis, chassis.cloud.workspace
        self.path = chassis.rundir / "devstack"
        self.services = {}
        self.lines = []  # Of the script, in order.
        self.plugin_dir = self.path / "opt/dragonflow"
        self.data_dir = self.path / "opt/data/dragonflow"
        self.link = self.path / "bin/dfctl"
        self.port = settings.get("DRAGONFLOW_NB_PORT")
        for directory in (self.plugin_dir, self.link.parent, self.path / "etc/neutron"):
            directory.mkdir(parents=True)
        # The checkout that enable_plugin makes.
        shutil.copytree(PLUGIN, self.plugin_dir / "devstack")
        for name in ("schema", "neutron", "Makefile"):
            (self.plugin_dir / name).symlink_to(TOP / name)
        settings = {"DRAGONFLOW_LINK_DIR": self.link.parent, "OVS_RUNDIR": chassis.rundir,
                    "DRAGONFLOW_HOSTNAME": chassis.name, "TUNNEL_ENDPOINT_IP": chassis.encap_ip,
                    "HOST_IP": "127.0.0.1", "SERVICE_HOST": "127.0.0.1", **settings}
        if self.port:
            settings.setdefault("DRAGONFLOW_NB_LISTEN", "ptcp:%d:127.0.0.1" % self.port)
        (self.path / "local.conf").write_text(
            (PLUGIN / local_conf).read_text()
            + "".join("%s=%s\n" % (k, shlex.quote(str(v))) for k, v in settings.items()))

    # --- DevStack ---

    def script(self, name):
        """Runs stack, unstack or clean; a generator that yields after each phase."""
        to_script, from_script = os.pipe(), os.pipe()
        log = self.path / (name + ".output")
        with open(log, "a") as output:
            proc = subprocess.Popen(
                ["/bin/bash", HERE / "devstack.sh", name], stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, pass_fds=(to_script[0], from_script[1]),
                env={**os.environ, "TOP_DIR": str(self.path), "TESTED_BUILD": str(build_dir()),
                     "CONTROL_IN": str(to_script[0]), "CONTROL_OUT": str(from_script[1])})
        os.close(to_script[0])
        os.close(from_script[1])

        def go_on():
            try:
                os.write(to_script[1], b"\n")
            except BrokenPipeError:
                pass  # It has ended.
        try:
            with open(from_script[0]) as lines:
                go_on()
                for line in lines:
                    line = line.rstrip("\n")
                    self.lines.append(line)
                    word, _, rest = line.partition(" ")
                    if word == "done":
                        yield rest
                        go_on()
                    elif word in ("start", "stop"):
                        getattr(self, "_" + word)(rest)
                        go_on()
        finally:
            os.close(to_script[1])
            try:
                status = proc.wait(60)
            except subprocess.TimeoutExpired:
                proc.kill()
                proc.wait()
                raise
        if status:
            raise Failure("%s: exit status %d\n%s" % (name, status, log.read_text()[-3000:]))

    def run_script(self, name):
        for _ in self.script(name):
            pass

    def _start(self, text):
        # run_process NAME "COMMAND" [GROUP USER]: nothing of it has blanks of its own.
        name, command = text.split(" ", 1)
        group, user = "", ""
        if command.endswith(" root root"):
            command, group, user = command.rsplit(" ", 2)
        assert name not in self.services, "%s is started twice" % name
        self.services[name] = Service(self, name, command, group, user)

    def _stop(self, name):
        self.services.pop(name).stop()

    def close(self):
        for service in self.services.values():
            if service.is_running():
                service.proc.kill()
                service.proc.wait()

    # --- What holds ---

    @property
    def running(self):
        return sorted(name for name, s in self.services.items() if s.is_running())

    @property
    def neutron_conf(self):
        return self._ini("etc/neutron/neutron.conf")

    @property
    def ml2_conf(self):
        return self._ini("etc/neutron/plugins/ml2/ml2_conf.ini")

    @property
    def tempest_conf(self):
        return self._ini("tempest.conf")

    def _ini(self, path):
        """{section: {option: value}}; an empty file has none."""
        conf = configparser.RawConfigParser()
        conf.read(self.path / path)
        return {**{s: dict(conf[s]) for s in conf.sections()}, "DEFAULT": dict(conf.defaults())}

    @property
    def external_ids(self):
        text = self.chassis.vsctl("get", "Open_vSwitch", ".", "external_ids").strip("{}\n ")
        return {key: value.strip('"') for key, value in
                (pair.split("=", 1) for pair in re.findall(r'[\w-]+=(?:"[^"]*"|[^,]+)', text))}

    @property
    def ours(self):
        return {k: v for k, v in self.external_ids.items() if k.startswith("dragonflow-")}

    @property
    def ports(self):
        """Of all bridges."""
        return sorted(port for bridge in self.chassis.vsctl("list-br").split()
                      for port in self.chassis.vsctl("list-ports", bridge).split())

    def dfctl(self, *args):
        return run([program("dfctl"), "--db=tcp:127.0.0.1:%d" % self.port, "--timeout=20", *args],
                   timeout=30)

    def status(self):
        """That of df-controller."""
        return run([program("ovs-appctl"), "--timeout=20", "-t", "df-controller", "status"],
                   env=ovs_env(self.chassis.rundir))
