# SPDX-License-Identifier: Apache-2.0
"""Streams that run while something happens; those of pings must lose nothing."""
import bisect
import itertools
import os
import socket
import struct
import threading
import time
import weakref

from .process import Failure

_SO_RCVBUFFORCE = 33


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class BackgroundStream:
    """Traffic by threads, which end soon after '_stopping' is set.  The test that starts
    it stops it; end_all() is for what a test that failed has left behind, since other
    tests count packets."""

    _running = weakref.WeakSet()

    def __init__(self):
        self._stopping = threading.Event()
        self._threads = []

    def _start(self, *functions):
        self._threads = [threading.Thread(target=f, daemon=True) for f in functions]
        self._running.add(self)
        for thread in self._threads:
            thread.start()

    def _join(self, timeout=None):
        for thread in self._threads:
            thread.join(timeout)
        self._running.discard(self)

    def end(self):
        """Ends the traffic, whatever state it is in."""
        self._stopping.set()
        self._join()

    @classmethod
    def end_all(cls):
        for stream in list(cls._running):
            stream.end()


class PingStream(BackgroundStream):
    """Echo requests every 'interval' seconds in the background, until stop(),
    which waits for the last answers."""

    _idents = itertools.count(os.getpid())

    def __init__(self, vm, target, interval):
        super().__init__()
        self.family = family_of(target)
        six = self.family == socket.AF_INET6
        self.request, self.reply = (128, 129) if six else (8, 0)
        self.socket = vm.socket(socket.SOCK_RAW, family=self.family, proto=(
            socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP))
        # What has come back must not be lost while this process waits for its turn.
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 23)
        self.target, self.interval = target, interval
        self.ident = next(self._idents) & 0xffff
        self.sent, self.answered = [], {}  # Times; number to time.
        self._start(self._send, self._receive)

    def _send(self):
        due = time.monotonic()
        while not self._stopping.is_set():
            number = len(self.sent)
            data = struct.pack(">HHQ", self.ident, number & 0xffff, number)
            header = struct.pack(">BBH", self.request, 0, 0) + data
            total = sum(struct.unpack(">%dH" % (len(header) // 2), header))
            total = (total & 0xffff) + (total >> 16)
            total = (total & 0xffff) + (total >> 16)
            self.sent.append(time.monotonic())
            try:
                # For IPv6 the kernel fills in the checksum itself.
                self.socket.sendto(struct.pack(">BBH", self.request, 0, ~total & 0xffff) + data,
                                   (self.target, 0))
            except OSError:
                pass  # Counts as lost.
            due = max(due + self.interval, time.monotonic() - 0.1)
            time.sleep(max(0, due - time.monotonic()))

    def _receive(self):
        self.socket.settimeout(0.1)
        while not (self._stopping.is_set() and self._drained()):
            try:
                packet = self.socket.recv(2048)
            except socket.timeout:
                continue
            # Only of IPv4 the header is received, too.
            icmp = packet if self.family == socket.AF_INET6 else packet[(packet[0] & 0xf) * 4:]
            if (len(icmp) >= 16 and icmp[0] == self.reply
                    and icmp[4:6] == struct.pack(">H", self.ident)):
                self.answered.setdefault(struct.unpack(">Q", icmp[8:16])[0], time.monotonic())

    def _drained(self):
        return len(self.answered) == len(self.sent) or time.monotonic() > self.sent[-1] + 1

    def stop_sending(self):
        self._stopping.set()

    def stop(self):
        """Returns (sent, lost); str() of the stream then says when those were
        lost."""
        self.end()
        self.socket.close()
        self.lost_at = [self.sent[i] - self.sent[0] for i in range(len(self.sent))
                        if i not in self.answered]
        return len(self.sent), len(self.lost_at)

    def delays(self):
        """(time sent, seconds until answered; infinite if lost) of each ping."""
        return [(at, self.answered.get(i, float("inf")) - at) for i, at in enumerate(self.sent)]

    def __str__(self):
        text = "%d of %d pings lost" % (len(self.lost_at), len(self.sent))
        if self.lost_at:
            text += ", between %.3f and %.3f s" % (self.lost_at[0], self.lost_at[-1])
        return text


class Streams:
    """Several streams, and a control stream across the same switches and kernels
    but nothing of Dragonflow's.

    Where the control stream shows that the machine itself did not get round to
    moving packets (queues overflow when a switch does not get the processor for
    a tenth of a second), what the streams lost says nothing, and is not counted."""

    STALL = 0.05   # An answer of the control stream that took as long is a stall,
    AROUND = 0.1   # which excuses losses so long before and after.

    def __init__(self, streams, control):
        self.streams, self.control = streams, control

    def losses(self):
        """Stops; returns for each stream the times at which pings were lost that nothing
        excuses."""
        time.sleep(0.1)  # Whatever went wrong last must have the time to show.
        everything = [*self.streams, self.control]
        for stream in everything:
            stream.stop_sending()
        for stream in everything:
            stream.stop()
        stalls = [at for at, delay in self.control.delays() if delay > self.STALL]

        def excused(at):
            i = bisect.bisect_left(stalls, at - self.AROUND)
            return i < len(stalls) and stalls[i] <= at + self.AROUND
        return [[at for at, delay in stream.delays() if delay == float("inf") and not excused(at)]
                for stream in self.streams]

    def expect_no_loss(self, at_least=50):
        """Stops; raises Failure if anything was lost, or if too few pings were
        answered for that to mean something."""
        for stream, lost in zip(self.streams, self.losses()):
            if lost:
                raise Failure("to %s: %s; %d of them while the control stream (%s) had no trouble"
                              % (stream.target, stream, len(lost), self.control))
            if len(stream.answered) < at_least:
                raise Failure("to %s: only %d of %d pings answered" % (
                    stream.target, len(stream.answered), len(stream.sent)))
