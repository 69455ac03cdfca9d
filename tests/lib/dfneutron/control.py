# SPDX-License-Identifier: Apache-2.0
"""The control plane: MariaDB, RabbitMQ and neutron-server on one machine."""
import contextlib
import fcntl
import glob
import os
import pathlib
import shutil
import socket
import subprocess

from dfharness.netns import inside
from dfharness.process import TOP, Failure, run, wait_until

from . import config
from .rest import Rest

ADDRESS = "172.30.0.1"
PYTHON = "/usr/bin/python3"
PACKAGE = TOP / "neutron"
# Debian's wrapper of this changes to another user.
_RABBITMQ = "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"
_MARIADB_OPTIONS = ("--no-defaults", "--user=root", "--skip-networking", "--skip-log-bin",
                    "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M",
                    "--innodb-flush-log-at-trx-commit=0", "--skip-name-resolve")
NEEDS = ("neutron-server", "neutron-db-manage", "neutron-openvswitch-agent", "neutron-l3-agent",
         "mariadbd", "mariadb-install-db", "epmd")


def why_impossible():
    """None if Neutron is installed here, otherwise a sentence."""
    missing = [name for name in NEEDS
               if not shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")]
    if not glob.glob(_RABBITMQ):
        missing.append("rabbitmq-server")
    return "not installed: %s" % ", ".join(missing) if missing else None


class Control:
    """Starts in steps, so that much of it happens at the same time:
    construction returns while database and message bus are starting;
    start_server() waits for these; wait() for the API."""

    def __init__(self, machine, options):
        """'options': service_plugins, mechanism_drivers, tenant_type, python_path
        (directories with out-of-tree packages), server_config (sections to merge)."""
        self.machine = machine
        self.path = machine.rundir
        self.options = options
        self.rest = Rest(machine.namespace)
        self.transport = "rabbit://guest:guest@%s:5672/" % ADDRESS
        self.rabbitmq = self._start_rabbitmq()
        self.mariadb = MariaDb(machine)
        self.mariadb.restore(_image(machine, self._db_config))
        self.mariadb.start()
        self.config = self._write_config()
        self.server = machine.daemon(
            "neutron-server", [PYTHON, "/usr/bin/neutron-server", "--config-file", self.config],
            **self.python_path())

    def python_path(self):
        path = self.options.get("python_path", ())
        return {"PYTHONPATH": ":".join(map(str, path))} if path else {}

    def _start_rabbitmq(self):
        """On its default ports, in the control plane's namespace."""
        home = self.path / "rabbitmq"
        home.mkdir()
        (home / "enabled_plugins").write_text("[].\n")
        (home / "rabbitmq.conf").write_text(
            "listeners.tcp.1 = 0.0.0.0:5672\n"
            "loopback_users = none\n"  # guest may come from other machines.
            "vm_memory_high_watermark.absolute = 512MB\n"
            "disk_free_limit.absolute = 50MB\n"
            "log.console.level = warning\n")
        (program,) = sorted(glob.glob(_RABBITMQ))[-1:]
        return self.machine.daemon(
            "rabbitmq", [program],
            HOME=str(home), RABBITMQ_NODENAME="rabbit@localhost",
            RABBITMQ_MNESIA_BASE=str(home / "mnesia"), RABBITMQ_LOG_BASE=str(home),
            RABBITMQ_LOGS="-", RABBITMQ_CONFIG_FILE=str(home / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE="/dev/null",
            RABBITMQ_ENABLED_PLUGINS_FILE=str(home / "enabled_plugins"),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none").start()

    def _write_config(self):
        options = self.options
        sections = config.server(self.path, self.mariadb.url, self.transport,
                                 options["service_plugins"], options["mechanism_drivers"],
                                 options["tenant_type"])
        return config.write(self.path / "neutron.conf",
                            config.merge(sections, options.get("server_config", {})))

    @staticmethod
    def _db_config(path, url):
        """What neutron-db-manage needs to know."""
        return config.write(path, {"DEFAULT": {"core_plugin": "ml2"},
                                   "database": {"connection": url}})

    def start_server(self):
        self.mariadb.wait()
        wait_until(lambda: self._connects(5672), "RabbitMQ does not listen", timeout=60,
                   interval=0.1)
        self.server.start()

    def _connects(self, port):
        self.rabbitmq.check()
        with inside(self.machine.namespace):
            s = socket.socket()
        with s:
            return s.connect_ex((ADDRESS, port)) == 0

    def wait(self, timeout=90):
        """Until the API answers."""
        def answers():
            self.server.check()
            return self.rest.answers()
        wait_until(answers, lambda: "neutron-server does not answer\n%s" % self.server.output(),
                   timeout, interval=0.1)

    def restart_server(self, how="terminate"):
        self.server.restart(how)
        self.wait()

    def reconfigure(self, **options):
        """Restarts the server with some of the options of __init__() changed."""
        self.options.update(options)
        self._write_config()
        self.restart_server()

    def run_tool(self, name, *args, **kwargs):
        """Runs a program of Neutron's, or of an out-of-tree package, with the
        server's configuration."""
        env = {**self.machine.environment(), **self.python_path()}
        return run(self.machine.exec(*name if isinstance(name, tuple) else (name,),
                                     "--config-file", self.config, *args), env=env, **kwargs)


class MariaDb:
    """A database server with a socket only."""

    def __init__(self, machine, path=None):
        self.machine = machine
        self.path = pathlib.Path(path or machine.rundir)
        self.data = self.path / "mariadb"
        self.socket = self.path / "mariadb.sock"
        self.url = ("mysql+pymysql://root@localhost/neutron?unix_socket=%s&charset=utf8"
                    % self.socket)
        self.daemon = machine.daemon("mariadb", [
            "mariadbd", *_MARIADB_OPTIONS, "--datadir=%s" % self.data,
            "--socket=%s" % self.socket, "--pid-file=%s" % (self.path / "mariadb.pid")])

    def restore(self, image):
        shutil.copytree(image, self.data)

    def start(self):
        self.daemon.start()

    def wait(self):
        def accepts():
            self.daemon.check()
            with socket.socket(socket.AF_UNIX) as s:
                return s.connect_ex(str(self.socket)) == 0
        wait_until(accepts, lambda: "MariaDB does not start\n%s" % self.daemon.output(), 60)

    def sql(self, statement):
        return self.machine.run("mariadb", "--no-defaults", "-uroot", "-S", self.socket,
                                "-e", statement)


def _image(machine, db_config):
    """A database as "neutron-db-manage upgrade heads" leaves it, made once for
    each version of the packages."""
    versions = run(["dpkg-query", "-W", "-f=${Version}-", "neutron-common",
                    "mariadb-server"]).strip("-")
    image = TOP / "build/neutron-db" / "".join(
        c if c.isalnum() or c in ".-+~" else "_" for c in versions)
    image.parent.mkdir(parents=True, exist_ok=True)
    with _locked(str(image) + ".lock"):
        if not image.exists():
            _make_image(machine, image, db_config)
    return image


@contextlib.contextmanager
def _locked(path):
    with open(path, "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def _make_image(machine, image, db_config):
    path = machine.rundir / "image"
    path.mkdir()
    db = MariaDb(machine, path)
    machine.run("mariadb-install-db", "--no-defaults", "--user=root",
                "--datadir=%s" % db.data, "--auth-root-authentication-method=normal",
                "--skip-test-db", "--innodb-log-file-size=16M", timeout=120)
    db.start()
    db.wait()
    db.sql("CREATE DATABASE neutron CHARACTER SET utf8")
    machine.run("neutron-db-manage", "--config-file", db_config(path / "neutron.conf", db.url),
                "upgrade", "heads", timeout=300)
    db.daemon.terminate()
    # Complete or not there at all.
    unfinished = str(image) + ".new"
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(db.data, unfinished)
    os.rename(unfinished, image)
    shutil.rmtree(path)


def build_metadata(path, package=PACKAGE):
    """Makes the entry points of our package known to programs with the returned directories
    on their PYTHONPATH, without installing it."""
    path.mkdir()
    result = subprocess.run([PYTHON, "setup.py", "-q", "egg_info", "--egg-base", str(path)],
                            cwd=package, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True)
    if result.returncode:
        raise Failure("%s/setup.py egg_info: %s" % (package, result.stdout))
    return [path, package]
