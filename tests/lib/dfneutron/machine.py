# SPDX-License-Identifier: Apache-2.0
"""A computer on which stock daemons run as they are: they fork, find their files
under /run, and call "ip netns" and "ovs-vsctl" without asking where.

A Machine is a PID namespace with mounts of its own, inside a network namespace that
exists already.  All that runs in it dies with its first process, which dies with the
test run: so it does not matter how many helpers a daemon starts, and where they hide."""
import os
import shlex
import signal
import subprocess

from dfharness.process import Daemon, Failure, program, run, wait_until

# The first process.  A child without a waiting parent disappears at once, because
# SIGCHLD is ignored.  The private mounts do not keep the namespaces of other
# tests alive.
_INIT = """set -e
mount -t proc proc /proc
umount -l -R /run/netns 2>/dev/null || :
mkdir -p /run/netns /run/openvswitch
mount -t tmpfs tmpfs /run/netns
mount --bind {rundir} /run/openvswitch
mount --bind {rundir}/hosts /etc/hosts
hostname {name}
: >{rundir}/machine.ready
trap '' CHLD
exec sleep infinity
"""


class Machine(Daemon):
    """'rundir' becomes /run/openvswitch in there, and has all files."""

    def __init__(self, workspace, name, namespace, rundir):
        super().__init__("machine", ["unshare"], rundir)
        self.workspace = workspace
        self.namespace = namespace
        self.host = name
        workspace.add(self)
        self.start()

    def start(self, wait=True):
        (self.rundir / "hosts").write_text("127.0.0.1 localhost %s\n::1 localhost\n" % self.host)
        ready = self.rundir / "machine.ready"
        ready.unlink(missing_ok=True)
        script = _INIT.format(rundir=shlex.quote(str(self.rundir)), name=self.host)
        with open(self.stderr, "a") as err:
            self.proc = subprocess.Popen(
                [program("ip"), "netns", "exec", self.namespace, "unshare", "--mount", "--uts",
                 "--ipc", "--pid", "--fork", "--kill-child", "--propagation", "private", "--",
                 "/bin/sh", "-c", script],
                stdin=subprocess.DEVNULL, stdout=err, stderr=err, cwd="/",
                preexec_fn=self._in_child)
        self.on_start(self.pid)
        wait_until(lambda: ready.exists() or not self.is_running(),
                   lambda: "%s: %s" % (self.host, self.output()))
        if not self.is_running():
            raise Failure("%s did not start\n%s" % (self.host, self.output()))

    def problems(self):
        return []  # It is only ever killed.

    def exec(self, *argv):
        """The command line that runs 'argv' in there."""
        return ["nsenter", "-t", str(self.pid), "-m", "-u", "-i", "-n",
                "--pid=/proc/%d/ns/pid_for_children" % self.pid, "--", *map(str, argv)]

    def run(self, *argv, **kwargs):
        return run(self.exec(*argv), env=self.environment(), **kwargs)

    def environment(self):
        """Clean, so that Debian's programs find Debian's interpreter and nothing
        points to files of the test run."""
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(self.rundir),
                "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}

    def daemon(self, name, argv, **env):
        return self.workspace.add(MachineDaemon(self, name, argv, env))


class MachineDaemon(Daemon):
    """A daemon on a machine.  It and its helpers are one process group."""

    def __init__(self, machine, name, argv, env):
        super().__init__(name, argv, machine.rundir)
        self.machine = machine
        self.env = {**machine.environment(), **env}

    @property
    def inner_pid(self):
        """Its process id on its machine."""
        return (self.rundir / (self.name + ".inner-pid")).read_text().strip()

    def start(self, wait=True):
        """Returns at once: the user of the service has to wait for it."""
        assert not self.is_running(), self.name
        pidfile = self.rundir / (self.name + ".inner-pid")
        pidfile.unlink(missing_ok=True)
        argv = self.machine.exec("/bin/sh", "-c", 'echo $$ >"$0"; exec "$@"', pidfile,
                                 *self.argv)
        with open(self.stderr, "a") as err:
            self.proc = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=err, stderr=err,
                                         env=self.env, preexec_fn=self._in_child, cwd="/")
        self.starts += 1
        self.expect_crash = False
        self.on_start(self.pid)
        return self

    def check(self):
        """Raises Failure if it is not running."""
        if not self.is_running():
            raise Failure("%s of %s ended (exit status %s)\n%s" % (
                self.name, self.machine.host, self.proc and self.proc.returncode, self.output()))

    def _signal_group(self, number):
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def kill(self):
        """kill -9 to it and its helpers, as when a service manager gives up."""
        if self.is_running():
            self._signal_group(signal.SIGKILL)
            self.proc.wait()
        self.expect_crash = True

    def terminate(self, timeout=90):
        """Agents end when they have taken leave of the message bus."""
        if self.is_running():
            self.machine.run("kill", "-TERM", self.inner_pid, check=False)
            self.expect_crash = True  # Some end with the status of the signal.
            self.wait(timeout)
            self._signal_group(signal.SIGKILL)

    def restart(self, how="terminate"):
        getattr(self, how)()
        self.start()
