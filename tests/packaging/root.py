# SPDX-License-Identifier: Apache-2.0
"""A copy of this machine that lasts as long as a test.

The file system is an overlay over the machine's own, in namespaces for mounts, processes and
the network: whatever is installed, started or removed in it is gone when it is closed, even
if the test run is killed.
"""
import os
import pathlib
import shutil
import subprocess
import tempfile

from dfharness.process import Failure

# Makes the root in the directory "$1", tells so, and waits as its process 1, which buries
# orphans.  /run is new, so nothing in here sees daemons of the machine.
SET_UP = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
mount -t tmpfs tmpfs "$1/root/tmp"
mkdir -p "$1/root/run/lock" "$1/root/packages"
ip link set lo up
echo ready
while :; do sleep 3600 & wait; done
"""
UNSHARE = ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child"]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def add_systemctl(root):
    """Gives a root a systemctl that works there, in place of systemd's."""
    # Where maintainer scripts find it, too, which have a path of their own.
    (root.path / "bin/systemctl").unlink(missing_ok=True)
    root.put(pathlib.Path(__file__).with_name("systemctl"), "bin")
    # So that maintainer scripts call it, too.
    root.sh("mkdir -p /run/systemd/system; rm -f /usr/sbin/policy-rc.d")


def why_impossible():
    """Returns why there can be no such root here, or None."""
    if os.geteuid():
        return "not root"
    try:
        OverlayRoot().close()
    except Failure as e:
        return str(e)
    return None


class OverlayRoot:
    """'path' is its file system, and 'pid' its process 1, as seen from outside."""

    def __init__(self):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="df-root-%d-" % os.getpid()))
        self._holder = subprocess.Popen(
            UNSHARE + ["/bin/sh", "-c", SET_UP, "sh", str(self.place)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "ready\n":
            reason = self._holder.communicate()[1].strip()
            self.close()
            raise Failure(reason)
        children = pathlib.Path("/proc/%d/task/%d/children" % (self._holder.pid,
                                                               self._holder.pid))
        self._init = self.pid = children.read_text().split()[0]
        # The overlay, which only its own mount namespace sees, as seen from here.
        self.path = pathlib.Path("/proc/%s/root%s/root" % (self._init, self.place))
        self.upper = self.path.parent / "upper"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self._holder.kill()
        self._holder.communicate()
        shutil.rmtree(self.place, ignore_errors=True)

    def run(self, argv, check=True, user=None, env=None, timeout=120):
        """Runs a command in here; returns its standard output.  With 'user', as that user
        without any privilege."""
        # chroot(1) is the machine's own: it must be found before the root is changed.
        as_user = ["--userspec=%s" % user] if user else []
        argv = ["nsenter", "--target", self._init, "--mount", "--pid", "--net", "--uts", "--ipc",
                "chroot", *as_user, "%s/root" % self.place,
                "env", "-i", "PATH=" + PATH, "HOME=/root", "LANG=C.UTF-8",
                "DEBIAN_FRONTEND=noninteractive",
                *("%s=%s" % item for item in (env or {}).items()), *map(str, argv)]
        # Into a file: daemons that detach may keep it open.
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            status = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                    timeout=timeout).returncode
            out.seek(0)
            err.seek(0)
            output, errors = out.read(), err.read()
        if check and status:
            raise Failure("%s: exit status %d\n%s%s" % (" ".join(argv[argv.index("chroot"):]),
                                                        status, output, errors))
        return output

    def sh(self, script, **kwargs):
        """Runs a shell script in here, which ends at the first error."""
        return self.run(["sh", "-ec", script], **kwargs)

    def put(self, path, folder):
        shutil.copy(path, self.path / folder)

    def exists(self, path):
        return os.path.lexists(self.path / path.lstrip("/"))

    def changes(self):
        """The files that are new or changed in here, in sorted order."""
        return sorted("/" + str(p.relative_to(self.upper)) for p in self.upper.rglob("*")
                      if p.is_symlink() or p.is_file())
