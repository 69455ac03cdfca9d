# SPDX-License-Identifier: Apache-2.0
"""Traffic that shows what a change of path does to it."""
import socket
import struct
import time

from dfharness.process import Failure
from dfharness.streams import BackgroundStream, family_of


class TcpStream(BackgroundStream):
    """An established TCP connection from one machine to another: a line every
    'interval' seconds, which comes back.  A reset, a wrong byte, or an answer that
    never comes make check() and stop() raise Failure.  'address' is that of the server,
    its first one by default."""

    def __init__(self, client, server, port=5999, interval=0.01, address=None):
        super().__init__()
        address = address or server.ip
        family = family_of(address)
        self.what = "TCP from %s to %s (%s)" % (client, server, address)
        self.interval = interval
        self.answers = []  # When each came.
        self.sent = 0
        self.error = None
        with server.socket(family=family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            listener.listen()
            self.here = client.socket(family=family)
            self.here.connect((address, port))
            self.there, _ = listener.accept()
        for s in (self.here, self.there):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.settimeout(60)
        self._start(self._send, self._echo, self._receive)

    def _guard(self, function):
        try:
            function()
        except OSError as e:
            self.error = self.error or e
            self._stopping.set()

    def _send(self):
        def loop():
            while not self._stopping.is_set():
                self.here.sendall(b"%08d" % self.sent)
                self.sent += 1
                time.sleep(self.interval)
            self.here.shutdown(socket.SHUT_WR)
        self._guard(loop)

    def _echo(self):
        def loop():
            while True:
                data = self.there.recv(4096)
                if not data:
                    break
                self.there.sendall(data)
            self.there.shutdown(socket.SHUT_WR)
        self._guard(loop)

    def _receive(self):
        def loop():
            rest = b""
            while True:
                data = self.here.recv(4096)
                if not data:
                    return
                rest += data
                while len(rest) >= 8:
                    if rest[:8] != b"%08d" % len(self.answers):
                        raise OSError("answer %d is %r" % (len(self.answers), rest[:8]))
                    self.answers.append(time.monotonic())
                    rest = rest[8:]
        self._guard(loop)

    @property
    def longest_silence(self):
        """In seconds."""
        return max((b - a for a, b in zip(self.answers, self.answers[1:])), default=0)

    def expect_progress(self, timeout=10):
        """Raises Failure unless something sent after the call is answered."""
        target = self.sent + 1
        end = time.monotonic() + timeout
        while len(self.answers) <= target:
            if self.error or time.monotonic() > end:
                raise Failure("%s: %s" % (self.what, self.error or "no answer within %g s"
                                          % timeout))
            time.sleep(0.01)

    def stop(self):
        """Ends the connection; everything sent must have been answered."""
        self._stopping.set()
        self._join(70)
        self.here.close()
        self.there.close()
        if self.error or len(self.answers) != self.sent:
            raise Failure("%s: %d sent, %d answered: %s" % (self.what, self.sent,
                                                            len(self.answers), self.error))

    def end(self):
        """Resets the connection, without waiting for what is on the way."""
        self._stopping.set()
        for s in (self.here, self.there):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            try:
                s.shutdown(socket.SHUT_RDWR)  # Wakes up the threads that wait for it.
            except OSError:
                pass  # It is no longer connected.
        self._join()
        self.here.close()
        self.there.close()
