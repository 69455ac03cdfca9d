# SPDX-License-Identifier: Apache-2.0
"""Daemons and files of a test: started, stopped and never left behind.

A daemon runs in the foreground as a child, so that its process id is known and
its exit status can be checked.  It dies with the test run, even if that is
killed (PR_SET_PDEATHSIG), unless it was started to outlive it.
"""
import ctypes
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

from ovs.unixctl.client import UnixctlClient

TOP = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = TOP / "schema/dragonflow.ovsschema"
OVS_SCHEMA = pathlib.Path("/usr/share/openvswitch/vswitch.ovsschema")

# What must never be in the output of one of our daemons.
SANITIZER = re.compile(r"ERROR: (Address|Leak|Undefined)\w*Sanitizer|runtime error:"
                       r"|assertion .* failed|\|EMER\|")
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Failure(AssertionError):
    """Something did not do what it should have done."""


def build_dir():
    """The build with the programs to test: $DRAGONFLOW_BUILD, else the release build."""
    return pathlib.Path(os.environ.get("DRAGONFLOW_BUILD", TOP / "build/release")).resolve()


def program(name):
    """The path of a program, ours or Open vSwitch's."""
    ours = {"df-controller": "controller/df-controller", "dfctl": "dfctl/dfctl",
            "chassis-driver": "tests/chassis/chassis-driver",
            "df-simulate": "bench/sim/df-simulate"}
    if name in ours:
        path = build_dir() / ours[name]
        if not path.exists():
            raise Failure("%s is not built (run make)" % path)
        return str(path)
    # The plain daemon, not a DPDK one that alternatives may have put first.
    places = ["/usr/lib/openvswitch-switch"] if name == "ovs-vswitchd" else []
    places += os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin", "/usr/bin"]
    for place in places:
        path = os.path.join(place, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise Failure("%s is not installed (run make deps)" % name)


def ovs_env(rundir):
    """The environment in which the family's programs use 'rundir'."""
    return dict(os.environ, OVS_RUNDIR=str(rundir), OVS_LOGDIR=str(rundir),
                OVS_DBDIR=str(rundir), OVS_SYSCONFDIR=str(rundir))


def run(argv, timeout=60, check=True, env=None, input=None):
    """Runs a command; returns its standard output.  Raises Failure with all
    that it said if it fails."""
    argv = [str(a) for a in argv]
    p = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                       timeout=timeout, env=env, input=input, errors="replace")
    if check and p.returncode:
        raise Failure("%s: exit status %d\n%s%s" % (" ".join(argv), p.returncode, p.stdout,
                                                    p.stderr))
    if SANITIZER.search(p.stderr):
        raise Failure("%s:\n%s" % (" ".join(argv), p.stderr))
    return p.stdout


def wait_until(condition, what, timeout=15, interval=0.01):
    """Polls 'condition' until it returns something true, which is returned."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure("timeout after %s s: %s" % (timeout, what() if callable(what) else what))
        time.sleep(interval)


def unixctl(path, command, *args):
    """Runs a runtime command on a connection of its own; returns its output.

    A connection is accepted at the start of one of the daemon's loops and its
    command run in that loop, so that whatever the daemon does in each loop
    before it looks at its control socket has been done, for all that happened
    before the call, when the call returns."""
    error, client = UnixctlClient.create(str(path))
    if error:
        raise Failure("%s: cannot connect: %s" % (path, os.strerror(abs(error))))
    try:
        error, failure, result = client.transact(command, [str(a) for a in args])
    finally:
        client.close()
    if error:
        raise Failure("%s: %s: %s" % (path, command, os.strerror(abs(error))))
    if failure is not None:
        raise Failure("%s %s: %s" % (command, " ".join(map(str, args)), failure))
    return result


class Daemon:
    """One daemon: 'name' names its pidfile and log; its control socket is
    RUNDIR/PROGRAM.PID.ctl as everywhere in the family."""

    def __init__(self, name, argv, rundir, prefix=(), ours=False, outlive=False):
        self.name = name
        self.argv = [str(a) for a in argv]
        self.rundir = pathlib.Path(rundir)
        self.env = ovs_env(self.rundir)
        self.prefix = list(prefix)
        self.ours = ours
        self.outlive = outlive
        self.proc = None
        self.starts = 0
        self.expect_crash = False
        self.on_start = lambda pid: None

    @property
    def pid(self):
        return self.proc.pid

    @property
    def log(self):
        return self.rundir / (self.name + ".log")

    @property
    def stderr(self):
        return self.rundir / (self.name + ".stderr")

    @property
    def ctl(self):
        return self.rundir / ("%s.%d.ctl" % (os.path.basename(self.argv[0]), self.pid))

    def is_running(self):
        return self.proc is not None and self.proc.poll() is None

    def _in_child(self):
        os.setsid()
        if not self.outlive:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def start(self, wait=True):
        assert not self.is_running(), self.name
        argv = self.prefix + [program(self.argv[0])] + self.argv[1:] + [
            "--pidfile=%s/%s.pid" % (self.rundir, self.name),
            "--log-file=%s" % self.log, "-vconsole:emer", "-vsyslog:off"]
        with open(self.stderr, "a") as err:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                                         env=self.env, preexec_fn=self._in_child, cwd="/")
        self.starts += 1
        self.on_start(self.pid)
        if wait:
            wait_until(lambda: self._listens() or not self.is_running(),
                       "%s: no control socket\n%s" % (self.name, self.output()), timeout=30)
            if not self.is_running():
                raise Failure("%s did not start (exit status %s)\n%s"
                              % (self.name, self.proc.returncode, self.output()))
        return self

    def _listens(self):
        """The control socket is there, and accepts connections: it is there a
        moment earlier."""
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.ctl))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
        return True

    def appctl(self, command, *args):
        if not self.is_running():
            raise Failure("%s is not running (exit status %s)\n%s" % (
                self.name, self.proc and self.proc.returncode, self.output()))
        return unixctl(self.ctl, command, *args)

    def exit(self, *args, timeout=15):
        """Asks the daemon to end, through its control socket, and waits."""
        if self.is_running():
            self.appctl("exit", *args)
            self.wait(timeout)

    def terminate(self, timeout=15):
        if self.is_running():
            self.proc.terminate()
            self.wait(timeout)

    def kill(self):
        """kill -9, as a crash would."""
        if self.is_running():
            self.proc.kill()
            self.proc.wait()
        self.expect_crash = True

    def wait(self, timeout):
        try:
            self.proc.wait(timeout)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            raise Failure("%s did not end within %s s\n%s" % (self.name, timeout, self.output()))

    def output(self, lines=40):
        text = ""
        for path in (self.stderr, self.log):
            if path.exists():
                text += "".join(path.read_text(errors="replace").splitlines(True)[-lines:])
        return text

    def problems(self):
        """What a test must not leave unnoticed: a crash, a sanitizer's report,
        an assertion.  Returns a list of sentences."""
        if self.proc is None:
            return []
        found = []
        status = self.proc.poll()
        if status not in (None, 0, -signal.SIGTERM) and not self.expect_crash:
            found.append("%s ended with status %s\n%s" % (self.name, status, self.output()))
        if self.ours:
            for path in (self.stderr, self.log):
                text = path.read_text(errors="replace") if path.exists() else ""
                match = SANITIZER.search(text)
                if match:
                    found.append("%s:\n%s" % (path, text[max(0, match.start() - 200):
                                                         match.start() + 6000]))
        return found


# The open ones, for the cleaning after an accident.
workspaces = []


class Workspace:
    """A temporary directory with daemons; gone at the end."""

    def __init__(self, path):
        workspaces.append(self)
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.daemons = []

    def daemon(self, *args, **kwargs):
        return self.add(Daemon(*args, **kwargs))

    def add(self, daemon):
        """Ends 'daemon', which has not been started yet, when it is time."""
        self.daemons.append(daemon)
        return daemon

    def save_logs(self, where):
        where = pathlib.Path(where)
        for path in self.path.rglob("*"):
            if path.suffix in (".log", ".stderr", ".pcap") and path.stat().st_size:
                target = where / path.relative_to(self.path)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, target)
        return where

    def problems(self):
        return [p for d in self.daemons for p in d.problems()]

    def close(self):
        """Ends what still runs, ours first and gently so that leaks are found;
        removes the directory.  Returns the problems found."""
        problems = []
        for daemon in sorted(self.daemons, key=lambda d: not d.ours):
            try:
                if daemon.ours and daemon.is_running():
                    daemon.exit("--restart")
            except Failure as e:
                problems.append(str(e))
            if not daemon.ours:
                daemon.kill()
        problems += self.problems()
        for daemon in self.daemons:
            daemon.kill()
        shutil.rmtree(self.path, ignore_errors=True)
        if self in workspaces:
            workspaces.remove(self)
        return problems
