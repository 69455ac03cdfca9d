# SPDX-License-Identifier: Apache-2.0
"""What a process has used, and when something happened."""
import json
import math
import os
import re
import select
import socket
import subprocess
import time


class Process:
    """CPU time and memory of a process, by /proc."""

    def __init__(self, name, pid):
        self.name, self.pid = name, pid
        self.start = 0
        self.reset()

    def _cpu(self):
        """Seconds so far.  'schedstat' of each thread has nanoseconds; 'stat' only
        hundredths of a second, sampled."""
        total = 0
        for tid in os.listdir("/proc/%d/task" % self.pid):
            try:
                with open("/proc/%d/task/%s/schedstat" % (self.pid, tid)) as f:
                    total += int(f.read().split()[0])
            except FileNotFoundError:
                pass  # A thread that has just ended.
        return total / 1e9

    def reset(self):
        self.start = self._cpu()

    @property
    def cpu(self):
        """Seconds since the last reset()."""
        return self._cpu() - self.start

    def wakeups(self):
        """How often its main thread has gone to sleep so far."""
        with open("/proc/%d/status" % self.pid) as f:
            return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))

    def memory(self):
        """(resident, most that was ever resident), in MB."""
        with open("/proc/%d/status" % self.pid) as f:
            text = f.read()
        return tuple(int(re.search(r"%s:\s+(\d+) kB" % key, text).group(1)) / 1024
                     for key in ("VmRSS", "VmHWM"))


class OvsdbClient:
    """One connection to an OVSDB server: transactions, and a monitor that is read as
    its notifications arrive."""

    def __init__(self, path, database):
        self.database = database
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.chunks = []
        self.updates = []  # [(time, table-updates)]
        self.ids = 0
        self.decoder = json.JSONDecoder()

    def fileno(self):
        return self.socket.fileno()

    def close(self):
        self.socket.close()

    def _send(self, method, params):
        self.ids += 1
        self.socket.sendall(json.dumps({"method": method, "params": params,
                                        "id": self.ids}).encode())
        return self.ids

    def receive(self):
        """Reads once; returns the replies that have come."""
        data = self.socket.recv(1 << 20)
        now = time.monotonic()
        if not data:
            raise ConnectionError("the OVSDB server has closed the connection")
        self.chunks.append(data)
        # A message of many megabytes is not looked at again with each piece of it.
        text = b"".join(self.chunks).decode() if data.endswith(b"}") else ""
        replies = []
        while text:
            try:
                message, end = self.decoder.raw_decode(text)
            except ValueError:
                break
            text = text[end:].lstrip()
            self.chunks = [text.encode()] if text else []
            if message.get("method") == "update":
                self.updates.append((now, message["params"][1]))
            elif message.get("method") == "echo":
                self.socket.sendall(json.dumps({"result": message["params"], "error": None,
                                                "id": message["id"]}).encode())
            else:
                replies.append(message)
        return replies

    def call(self, method, params):
        number = self._send(method, params)
        while True:
            for reply in self.receive():
                if reply.get("id") == number:
                    if reply.get("error"):
                        raise RuntimeError("%s: %s" % (method, reply["error"]))
                    return reply["result"]

    def transact(self, *operations):
        results = self.call("transact", [self.database, *operations])
        for result in results:
            if result and result.get("error"):
                raise RuntimeError("transact: %s" % result)
        return results

    def monitor(self, **tables):
        """monitor(Port=["up"]): from now on changes of these columns are noticed.
        Returns what there is."""
        return self.call("monitor", [self.database, None,
                                     {t: {"columns": c} for t, c in tables.items()}])


class FlowWatch:
    """When the flows of a bridge change, by OpenFlow's flow monitor (ovs-ofctl prints
    what the switch reports in the moment in which it changes)."""

    def __init__(self, ofctl, bridge, env):
        self.proc = subprocess.Popen([ofctl, "monitor", bridge, "watch:!initial,!actions"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
        os.set_blocking(self.proc.stderr.fileno(), False)
        self.last = None  # When the last change was seen.

    def fileno(self):
        return self.proc.stderr.fileno()

    def receive(self):
        data = self.proc.stderr.read()
        if data and b"event=" in data:
            self.last = time.monotonic()

    def close(self):
        self.proc.kill()
        self.proc.wait()


def wait_for(condition, sources, timeout=60, settle=0):
    """Receives from 'sources' until 'condition()' is true, and then as long as it takes
    for 'settle' seconds to pass without anything."""
    end = time.monotonic() + timeout
    while not condition():
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing of what was waited for in %d s" % timeout)
        for source in select.select(sources, [], [], left)[0]:
            source.receive()
    while settle:
        ready = select.select(sources, [], [], settle)[0]
        if not ready:
            break
        for source in ready:
            source.receive()


def median(values):
    values = sorted(values)
    return values[len(values) // 2] if values else None


def percentile(values, p):
    values = sorted(values)
    return values[max(0, math.ceil(len(values) * p / 100) - 1)]
