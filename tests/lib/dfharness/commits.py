# SPDX-License-Identifier: Apache-2.0
"""A stream of changes of the NB database, and a look at what becomes of it: nothing that was
committed is lost, no flow disappears, and every chassis has everything in the end."""
import re
import threading
import time

import ovs.jsonrpc
import ovs.poller
import ovs.stream

from .process import wait_until


class Writer(threading.Thread):
    """Adds routes to r1 and networks, one of each in a transaction, as fast as they are
    committed.  'committed' are those of which the database said so.

    A transaction with a lost answer is sent again, to the next server: the same route
    twice is one, and a network with the same name is refused as a duplicate, which tells
    that the first was committed."""

    ANSWER_S = 3

    def __init__(self, remotes):
        super().__init__(daemon=True)
        self.remotes = remotes
        self.committed = []
        self.running = True
        self.problem = None
        self.connection = None
        self.start()

    def run(self):
        number = 0
        try:
            while self.running:
                if self.transact(number):
                    self.committed.append(number)
                    number += 1
        except Exception as e:
            self.problem = e
        self.disconnect()

    def disconnect(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def connect(self):
        self.remotes.append(self.remotes.pop(0))
        error, stream = ovs.stream.Stream.open_block(
            ovs.stream.Stream.open(self.remotes[0]), timeout=1000)
        if error:
            time.sleep(0.05)
            return False
        self.connection = ovs.jsonrpc.Connection(stream)
        return True

    def answer(self, request):
        """The reply, or None if there is none in time."""
        if self.connection.send(request):
            return None
        end = time.monotonic() + self.ANSWER_S
        while time.monotonic() < end and self.running:
            error, message = self.connection.recv()
            if error not in (0, 11):
                return None
            if message and message.type == message.T_REQUEST:  # Are we alive?
                self.connection.send(ovs.jsonrpc.Message.create_reply(message.params, message.id))
            elif message and message.id == request.id:
                return message
            else:
                self.connection.run()
                poller = ovs.poller.Poller()
                self.connection.wait(poller)
                self.connection.recv_wait(poller)
                poller.timer_wait(50)
                poller.block()
        return None

    def transact(self, number):
        """True if 'number' is known to be in the database."""
        if not self.connection and not self.connect():
            return False
        reply = self.answer(ovs.jsonrpc.Message.create_request("transact", [
            "Dragonflow",
            {"op": "mutate", "table": "Router", "where": [["name", "==", "r1"]],
             "mutations": [["static_routes", "insert", route(number)]]},
            {"op": "insert", "table": "Network", "row": {"name": network(number),
                                                         "type": "local"}}]))
        if reply is None or reply.type != reply.T_REPLY:
            self.disconnect()
            return False
        errors = [r for r in reply.result if r and "error" in r]
        if not errors:
            return True
        if errors[0]["error"] == "constraint violation":
            assert "same values" in errors[0]["details"] or "identical" in errors[0]["details"] \
                or "index" in errors[0]["details"], errors
            return True
        # A server without leader, or one that is giving up its role.
        self.disconnect()
        return False

    def wait_more(self, n, timeout=30):
        """Waits until 'n' more transactions are committed."""
        target = len(self.committed) + n
        wait_until(lambda: self.problem or len(self.committed) >= target,
                   lambda: "only %d of %d commits" % (len(self.committed), target), timeout)
        if self.problem:
            raise self.problem

    def stop(self):
        self.running = False
        self.join(20)
        if self.problem:
            raise self.problem


def route(number):
    """Of IPv4 and of IPv6 by turns, by the machine "vm0"."""
    if number % 2:
        return "2001:db8:f0:%x::/64 via 2001:db8:1::11" % number
    return "172.%d.%d.%d/32 via 10.0.1.11" % (20 + (number >> 16), number >> 8 & 255, number & 255)


def network(number):
    return "s%d" % number


# The one route that a test takes away again.
GOING = "198.51.100.0"


class Watcher(threading.Thread):
    """Looks at the flows of the switches again and again.  There are only ever more, since
    the stream of changes removes nothing."""

    def __init__(self, cloud):
        super().__init__(daemon=True)
        self.cloud = cloud
        self.running = True
        self.looks = 0
        self.missing = []
        self.start()

    @staticmethod
    def keys(chassis):
        return {line.split(" actions=")[0] for line in chassis.flows()}

    def run(self):
        seen = {chassis: set() for chassis in self.cloud.chassis}
        while self.running:
            for chassis in self.cloud.chassis:
                now = self.keys(chassis)
                self.missing += ["%s: %s" % (chassis.name, key) for key in seen[chassis] - now]
                seen[chassis] = now
                self.looks += 1

    def stop(self):
        self.running = False
        self.join(20)
        assert self.looks > 2 * len(self.cloud.chassis)
        missing = [key for key in self.missing if GOING not in key]
        assert not missing, missing[:10]


class Stream:
    """A writer and a watcher around what happens to the database."""

    def __init__(self, cloud):
        self.cloud = cloud

    def __enter__(self):
        self.watcher = Watcher(self.cloud)
        self.writer = Writer([s.remote for s in self.cloud.nb_db.servers])
        self.writer.wait_more(10)
        return self.writer

    def __exit__(self, exc_type, exc, tb):
        try:
            self.writer.stop()
            if exc_type is None:
                self.check(self.writer.committed)
        finally:
            self.watcher.stop()
        if exc_type is None:
            self.clean()

    def check(self, committed):
        nb = self.cloud.nb_db
        nb.sync()
        routes = set(nb.rows("Router", [["name", "==", "r1"]])[0]["static_routes"][1])
        networks = {row["name"] for row in nb.rows("Network")}
        assert not {route(n) for n in committed} - routes
        assert not {network(n) for n in committed} - networks
        for chassis in self.cloud.chassis:
            chassis.verify()
            flows = "\n".join(chassis.flows())
            there = set(re.findall(r"(?:nw|ipv6)_dst=(172\.[\d.]+|2001:db8:f0:[\da-f:]+)", flows))
            assert not {route(n).split("/")[0] for n in committed} - there, chassis.name

    def clean(self):
        nb = self.cloud.nb_db
        networks = {row["name"] for row in nb.rows("Network")}
        nb.dfctl("route-del r1", *["net-del " + name for name in networks if name[0] == "s"])
        nb.sync()
