# SPDX-License-Identifier: Apache-2.0
"""What was made outside of a process' own memory, written down as it is made.

A file of JSON lines in the workspace names every process and namespace, so that
a later process can remove them, even if their maker was killed.  Everything
else that is made in the kernel (links, bridges, addresses) lives in these
namespaces and disappears with them."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

from .process import Workspace, run


def start_time(pid):
    """When a process started (in clock ticks): with the process id this names a
    process for ever.  None if there is no such process."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return int(f.read().rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None


class RegisteredWorkspace(Workspace):
    """A workspace with a state file.  'owner' is the process without which it is
    stale; None if it is to outlive its maker."""

    STATE = "state"

    def __init__(self, path, owner=None):
        super().__init__(path)
        self.record("owner", pid=owner or 0, start=start_time(owner) if owner else 0)

    def record(self, kind, **what):
        with open(self.path / self.STATE, "a") as f:
            f.write(json.dumps({"kind": kind, **what}) + "\n")

    def add(self, daemon):
        daemon = super().add(daemon)
        daemon.on_start = lambda pid: self.record("process", pid=pid, start=start_time(pid))
        return daemon

    def add_netns(self, name):
        self.record("netns", name=name)  # First: what is not recorded is not removed.
        run(["ip", "netns", "add", name])

    def close(self):
        state = read_state(self.path)
        problems = super().close()
        remove(state)
        return problems


def read_state(path):
    try:
        with open(pathlib.Path(path) / RegisteredWorkspace.STATE) as f:
            return [json.loads(line) for line in f if line.endswith("\n")]
    except OSError:
        return []


def remove(state):
    """Removes all that a state names and that is still there."""
    pids = [e["pid"] for e in state
            if e["kind"] == "process" and e["start"] and start_time(e["pid"]) == e["start"]]
    names = [e["name"] for e in state if e["kind"] == "netns"]
    there = [n for n in names if os.path.exists("/run/netns/" + n)]
    for name in there:
        # All that was started in there, too.
        out = subprocess.run(["ip", "netns", "pids", name], stdout=subprocess.PIPE, text=True,
                             stderr=subprocess.DEVNULL)
        pids += [int(pid) for pid in out.stdout.split()]
    for pid in set(pids) - {os.getpid()}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    end = time.monotonic() + 5
    for pid in pids:
        while start_time(pid) is not None and not _is_zombie(pid) and time.monotonic() < end:
            time.sleep(0.005)
    for name in there:
        subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)


def _is_zombie(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def remove_workspace(path):
    """Undoes what the workspace at 'path' made; false if there is none."""
    path = pathlib.Path(path)
    if not path.exists():
        return False
    remove(read_state(path))
    shutil.rmtree(path, ignore_errors=True)
    return True


def sweep(pattern):
    """Removes the workspaces in /tmp that match 'pattern' and have no living
    owner."""
    for path in pathlib.Path("/tmp").glob(pattern):
        state = read_state(path)
        owner = next((e for e in state if e["kind"] == "owner"), None)
        if owner and owner["pid"] and start_time(owner["pid"]) != owner["start"]:
            remove_workspace(path)
