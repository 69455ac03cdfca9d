# SPDX-License-Identifier: Apache-2.0
"""Marks: the objects with a mirror that has to be looked at.

A mark does not tell what happened, so any number of changes of an object are
one mark, and losing marks costs no more than the time until the next comparison.
Their number is bounded by the number of objects, however long the database is away.
"""
import random
import threading
import time

FIRST_RETRY = 0.2
LAST_RETRY = 30.0


class Marks:
    """A set of (kind, id), each with the time from which it may be taken.

    Thread-safe.
    """

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._changed = threading.Condition()
        self._due = {}
        self._attempts = {}
        self._stopped = False

    def __len__(self):
        with self._changed:
            return len(self._due)

    def add(self, *marks):
        """Marks objects, to be looked at at once."""
        with self._changed:
            for mark in marks:
                self._due[mark] = 0
            self._changed.notify_all()

    def again(self, marks):
        """Marks objects after a failed reconciliation: for later, with a longer delay
        each time, unless they are marked with add() before."""
        now = self._clock()
        with self._changed:
            for mark in marks:
                n = self._attempts.get(mark, 0)
                self._attempts[mark] = n + 1
                # Not all workers at once when the database comes back.
                delay = min(FIRST_RETRY * 2 ** min(n, 16), LAST_RETRY)
                delay *= random.uniform(0.5, 1.0)
                self._due.setdefault(mark, now + delay)
            self._changed.notify_all()

    def done(self, marks):
        """Forgets how often the reconciliation of these failed."""
        with self._changed:
            for mark in marks:
                self._attempts.pop(mark, None)

    def clear(self):
        with self._changed:
            self._due.clear()
            self._attempts.clear()

    def take(self, limit, timeout=None):
        """Waits until an object may be looked at, takes up to 'limit' such objects off the
        set and returns their marks; [] after 'timeout' seconds or stop()."""
        deadline = None if timeout is None else self._clock() + timeout
        with self._changed:
            while not self._stopped:
                now = self._clock()
                due = [m for m, when in self._due.items() if when <= now][:limit]
                if due:
                    for mark in due:
                        del self._due[mark]
                    return due
                if deadline is not None and now >= deadline:
                    break
                wake = min(self._due.values(), default=None)
                if wake is None or deadline is not None and deadline < wake:
                    wake = deadline
                self._changed.wait(None if wake is None else max(wake - now, 0))
            return []

    def stop(self):
        """Lets take() return at once, for good."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
