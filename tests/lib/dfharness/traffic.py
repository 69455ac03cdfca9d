# SPDX-License-Identifier: Apache-2.0
"""Traffic that shows what a change of path does to it."""
import socket
import struct
import time

from .process import Failure
from .streams import BackgroundStream, family_of


class TcpStream(BackgroundStream):
    """An established TCP connection from one machine to another: a line every
    'interval' seconds, which comes back.  A reset, a wrong byte, or an answer that
    never comes make check() and stop() raise Failure.  'address' is that of the server,
    its first one by default; 'bind' is the address that the server listens at, if that is
    another one, because something translates between them."""

    def __init__(self, client, server, port=5999, interval=0.01, address=None, bind=None):
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
            listener.bind((bind or address, port))
            listener.listen()
            self.here = client.socket(family=family)
            self.here.connect((address, port))
            self.there, peer = listener.accept()
            self.peer = peer[0]  # Who the client is to the server.
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


class Connections(BackgroundStream):
    """TCP connections from one machine to another, one after the other: each is opened, and closed
    as soon as it is open.  One that is not open after 'patience' seconds is given up.  'address'
    and 'bind' are as with TcpStream.

    Members: 'tried' is how many, 'made' when each was open that was."""

    def __init__(self, client, server, port=5998, interval=0.02, address=None, bind=None,
                 patience=0.2):
        super().__init__()
        self.client, self.interval, self.patience = client, interval, patience
        address = address or server.ip
        self.target = (address, port)
        self.tried, self.made = 0, []
        self.listener = server.socket(family=family_of(address))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((bind or address, port))
        self.listener.listen(128)
        self._start(self._connect, self._accept)

    def _connect(self):
        while not self._stopping.is_set():
            with self.client.socket(family=family_of(self.target[0])) as s:
                s.settimeout(self.patience)
                # Reset when closed: no port stays taken.
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.tried += 1
                try:
                    s.connect(self.target)
                    self.made.append(time.monotonic())
                except OSError:
                    pass  # Counts as failed.
            time.sleep(self.interval)

    def _accept(self):
        self.listener.settimeout(0.1)
        while not self._stopping.is_set():
            try:
                self.listener.accept()[0].close()
            except OSError:
                pass  # Nobody came, or has gone again.

    def end(self):
        super().end()
        self.listener.close()
