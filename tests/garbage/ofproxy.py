# SPDX-License-Identifier: Apache-2.0
"""Between df-controller and its switch: a switch that talks nonsense on demand."""
import os
import random
import select
import socket
import struct
import threading

import garbage


class Proxy(threading.Thread):
    """Listens on 'path', connects to 'target' (Unix sockets).  While 'mangling', every
    message of the switch is replaced with a chance of one in eight, and accompanied by
    'echoes' others that are made of what the switch has said so far."""

    MAX_SEEDS = 300

    def __init__(self, path, target, seed, echoes=10):
        super().__init__(daemon=True)
        self.path, self.target, self.echoes = str(path), str(target), echoes
        self.rng = random.Random(seed)
        self.mangling = False
        self.mangled = 0
        self.connections = 0
        self.seeds = []
        self._drop = self._ending = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(1)
        self._wake = os.pipe()
        self.start()

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
            controller, _ = self._listener.accept()
            switch = socket.socket(socket.AF_UNIX)
            try:
                switch.connect(self.target)
                self.connections += 1
                self._relay(controller, switch)
            except OSError:
                pass  # Either end may go away at any time.
            finally:
                controller.close()
                switch.close()

    def _relay(self, controller, switch):
        self._drop = False
        pending = b""
        while not self._drop:
            ready, _, _ = select.select([controller, switch, self._wake[0]], [], [])
            if self._wake[0] in ready:
                os.read(self._wake[0], 100)
            if controller in ready:
                data = controller.recv(1 << 16)
                if not data:
                    return
                switch.sendall(data)
            if switch in ready:
                data = switch.recv(1 << 16)
                if not data:
                    return
                pending += data
                out = []
                while len(pending) >= 8:
                    length, = struct.unpack_from(">H", pending, 2)
                    if len(pending) < length:
                        break
                    out += self._mangle(pending[:length])
                    pending = pending[length:]
                controller.sendall(b"".join(out))

    def _mangle(self, message):
        if len(self.seeds) < self.MAX_SEEDS:
            self.seeds.append(message)
        elif self.rng.random() < 0.1:
            self.seeds[self.rng.randrange(self.MAX_SEEDS)] = message
        if not self.mangling:
            return [message]
        # The first messages of a connection decide whether there is one.
        hello = message[1] == 0 and self.rng.random() < 0.9
        out = [message]
        if not hello:
            if self.rng.random() < 0.125:
                out = [garbage.message(self.rng, [message])]
                self.mangled += 1
            for _ in range(self.echoes):
                m = garbage.message(self.rng, self.seeds)
                # Half of them pretend to answer what has been asked last.
                if self.rng.random() < 0.5:
                    m = m[:4] + message[4:8] + m[8:]
                out.append(m)
                self.mangled += 1
        return out
