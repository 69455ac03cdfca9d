# SPDX-License-Identifier: Apache-2.0
"""Finds out, from revision numbers alone, what has changed in Neutron since the last look.

Usually what changed has been mirrored already, by the process that changed it.  The sweep is
for processes that could not: because they were killed in between, or have no thread for it.
"""
import time

from networking_dragonflow.sync import reconciler

# The least pause between sweeps, in seconds and as a multiple of the time of a
# sweep.
PAUSE = 1.0
SHARE = 20
# Seconds in which a process can mirror its change itself, so that the sweep
# need not.
GRACE = 0.3


class Sweep:
    """Looks whenever run() is called and it is time; reconciles what has changed."""

    def __init__(self, nb, source, clock=time.monotonic, sleep=time.sleep):
        self._reconciler = reconciler.Reconciler(nb, source)
        self._source = source
        self._clock = clock
        self._sleep = sleep
        self._revisions = None
        self.due = clock()

    def start(self):
        """Changes from now on count.  To be called before a full comparison."""
        self._revisions = self._source.revisions()

    def run(self):
        """Returns the number of rows that were written."""
        if self._clock() < self.due:
            return 0
        started = self._clock()
        revisions = self._source.revisions()
        self.due = started + PAUSE + SHARE * (self._clock() - started)
        before = self._revisions
        changed = {mark for mark, revision in revisions.items() if before.get(mark) != revision}
        changed |= before.keys() - revisions.keys()
        written = 0
        if changed:
            self._sleep(GRACE)
            outcome = self._reconciler.reconcile(changed)
            written = outcome.result.changes
            # Not what any object has: so these will have changed next time, too.
            revisions.update(dict.fromkeys(outcome.failed))
        self._revisions = revisions
        return written
