# SPDX-License-Identifier: Apache-2.0
"""Between two that talk over a Unix socket: to hear, to change and to swallow what is
said."""
import os
import select
import socket
import struct
import threading


class Relay(threading.Thread):
    """Listens on 'path', connects to 'target' (Unix sockets), and hands on what each
    says, one connection at a time; what the target says goes through said().  Call start()
    when all is set."""

    def __init__(self, path, target):
        super().__init__(daemon=True)
        self.path, self.target = str(path), str(target)
        self.connections = 0
        self._drop = self._ending = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(1)
        self._wake = os.pipe()

    def begin(self):
        """A connection begins."""

    def said(self, data):
        """Bytes of the target; returns what the other side gets."""
        return data

    def drop(self):
        """Ends the connection."""
        self._drop = True
        os.write(self._wake[1], b"x")

    def stop(self):
        self._ending = True
        self.drop()
        self.join()
        self._listener.close()
        for fd in self._wake:
            os.close(fd)

    def run(self):
        while not self._ending:
            ready, _, _ = select.select([self._listener, self._wake[0]], [], [])
            if self._wake[0] in ready:
                os.read(self._wake[0], 100)
                continue
            client, _ = self._listener.accept()
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
                self.connections += 1
                self._relay(client, server)
            except OSError:
                pass  # Either end may go away at any time.
            finally:
                client.close()
                server.close()

    def _relay(self, client, server):
        self._drop = False
        self.begin()
        while not self._drop:
            ready, _, _ = select.select([client, server, self._wake[0]], [], [])
            if self._wake[0] in ready:
                os.read(self._wake[0], 100)
            if client in ready:
                data = client.recv(1 << 16)
                if not data:
                    return
                server.sendall(data)
            if server in ready:
                data = server.recv(1 << 16)
                if not data:
                    return
                client.sendall(self.said(data))


class OpenFlowRelay(Relay):
    """Goes through pass_on() message by message."""

    def begin(self):
        self._pending = b""

    def said(self, data):
        self._pending += data
        out = []
        while len(self._pending) >= 8:
            length, = struct.unpack_from(">H", self._pending, 2)
            if len(self._pending) < length:
                break
            out += self.pass_on(self._pending[:length])
            self._pending = self._pending[length:]
        return b"".join(out)

    def pass_on(self, message):
        """A message of the switch; returns those that the other side gets."""
        return [message]
