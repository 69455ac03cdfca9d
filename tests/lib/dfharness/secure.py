# SPDX-License-Identifier: Apache-2.0
"""Clouds with NB connections that are encrypted and limited to what a chassis may
do."""
import json
import pathlib
import socket
import tempfile

from .dummy import Cloud
from .process import TOP, Failure, program, run, wait_until

ADDRESS = "127.0.0.1"


def free_port():
    """A TCP port of the loopback interface that no process listens to."""
    with socket.socket() as s:
        s.bind((ADDRESS, 0))
        return s.getsockname()[1]


class Pki:
    """Authorities in 'path', made by df-pki."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.run("init")

    def run(self, *args, check=True):
        return run([TOP / "packaging/pki/df-pki", "--dir=%s" % self.path, *args], check=check)

    def folder(self, kind, name):
        """The folder of a certificate, which is made if need be."""
        folder = self.path / kind / name
        if not folder.exists():
            self.run(kind, name)
        return folder

    def options(self, kind, name):
        """The options of a program that is to be 'name'."""
        folder = self.folder(kind, name)
        return ["--private-key=%s/key.pem" % folder, "--certificate=%s/cert.pem" % folder,
                "--ca-cert=%s/ca.pem" % folder]


class Refused(Failure):
    """The database said no."""


class Client:
    """A client with a certificate, and a free choice of what to send."""

    def __init__(self, remote, options):
        self.remote, self.options = remote, options

    def transact(self, *operations):
        out = run([program("ovsdb-client"), "--timeout=10", *self.options, "transact",
                   self.remote, json.dumps(["Dragonflow", *operations])])
        results = json.loads(out)
        for result in results:
            if result and result.get("error"):
                raise Refused("%s: %s" % (result["error"], result.get("details")))
        return results


class SecureCloud(Cloud):
    """A dummy cloud with two ways to its NB database: the unix socket, for clients with
    all rights, and 'remote', where chassis have the role df-controller.

    Each chassis has its certificate by "ovs-vsctl set-ssl", or, with
    tls_options=True, by options of df-controller."""

    role = "df-controller"

    def __init__(self, chassis=1, tls_options=False, pki=None, **kwargs):
        super().__init__(chassis=0, **kwargs)
        self.tls_options = tls_options
        try:
            self.pki = pki or Pki(tempfile.mkdtemp(prefix="pki-", dir=self.workspace.path))
            self.tls_port = free_port()
            self.remote = "ssl:%s:%d" % (ADDRESS, self.tls_port)
            self.nb_db.kill()
            self.nb_db.daemon.argv += self.nb_options()
            self.nb_db.start()
            self.nb("rbac-init", "connection-add pssl:%d:%s role=%s"
                    % (self.tls_port, ADDRESS, self.role))
            self.config["remote"] = self.remote
            for _ in range(chassis):
                self.add_chassis()
        except BaseException:
            self.workspace.close()
            raise

    def nb_options(self):
        return ["--remote=db:Dragonflow,Global,connections", *self.pki.options("relay", "nb")]

    def make_chassis(self, new):
        """What is done with a new chassis before its controller is started."""
        if self.tls_options:
            new.controller.argv[1:1] = self.pki.options("chassis", new.name)
        else:
            folder = self.pki.folder("chassis", new.name)
            new.vsctl("--no-wait", "set-ssl", folder / "key.pem", folder / "cert.pem",
                      folder / "ca.pem")

    def add_chassis(self, **config):
        controller, self.controller = self.controller, False
        try:
            new = super().add_chassis(**config)
        finally:
            self.controller = controller
        self.make_chassis(new)
        if controller:
            new.start_controller()
        return new

    def client(self, name, kind="chassis"):
        return Client(self.remote, self.pki.options(kind, name))

    def add_vm(self, name, network, chassis, *ips, requested=True, **kwargs):
        """As in the base class; the port is requested where it is plugged."""
        where, mac = self.add_port(name, network, chassis, ips, kwargs.get("mac"))
        if requested:
            self.request(name, where)
        return where.plug(name, mac, ips)

    def request(self, port, chassis):
        """Asks for 'port' to be on 'chassis' (None: on none)."""
        if chassis is None:
            self.nb("clear Port %s requested_chassis" % port)
        else:
            self.nb("set Port %s requested_chassis=%s" % (port, chassis.name))

    def port(self, name):
        """(name of the chassis, up) as the NB database says."""
        names = {row["_uuid"][1]: row["name"] for row in self.nb_db.rows("Chassis")}
        row, = self.nb_db.rows("Port", [["name", "==", name]])
        chassis = row["chassis"]
        return names.get(chassis[1]) if chassis[0] == "uuid" else None, row["up"] is True

    def wait_port(self, name, chassis, up=True):
        wait_until(lambda: self.port(name) == (chassis and chassis.name, up),
                   lambda: "port %s is at %s" % (name, self.port(name)))
