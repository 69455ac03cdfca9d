# SPDX-License-Identifier: Apache-2.0
"""Between df-controller and its switch: a switch that talks nonsense on demand."""
import random

import garbage
from dfharness.relay import OpenFlowRelay


class Proxy(OpenFlowRelay):
    """While 'mangling', every message of the switch is replaced with a chance of one in
    eight, and accompanied by 'echoes' others that are made of what the switch has said so
    far."""

    MAX_SEEDS = 300

    def __init__(self, path, target, seed, echoes=10):
        super().__init__(path, target)
        self.echoes = echoes
        self.rng = random.Random(seed)
        self.mangling = False
        self.mangled = 0
        self.seeds = []
        self.start()

    def pass_on(self, message):
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
