# SPDX-License-Identifier: Apache-2.0
"""Brings the rows of marked objects to the objects' present state.

reconcile() reads the objects from Neutron's database and writes their rows.  It may
run in any number of processes at once, for the same objects, and may die anywhere.
  - An old state never overwrites a newer one: see nb/write.py.
  - A row that was created might be that of an object that was deleted, and its row
    with it, after we read it.  So created rows are compared with Neutron once more.
  - Some rows also depend on other objects, whose changes leave the revision as it is: the
    default route of a router on its gateway, for example.  So changed ones are compared, too.
  - Whatever was not done is returned, to be done again.
"""
import collections

from oslo_log import log

from networking_dragonflow.nb import schema
from networking_dragonflow.nb import write
from networking_dragonflow.state import reader

LOG = log.getLogger(__name__)

BATCH = 500

# Tables with rows that depend on other objects as well.
DEPENDENT = frozenset((schema.NETWORK, schema.SUBNET, schema.ROUTER, schema.NAT))


class Outcome(collections.namedtuple('Outcome', 'result failed')):
    """What reconcile() did (write.Result), and the marks that it has to be called with
    again, later."""


class Reconciler:
    """Mirrors objects that 'source', a state.reader.Reader, reads, to 'nb', an NbApi."""

    def __init__(self, nb, source):
        self._nb = nb
        self._source = source

    def reconcile(self, marks, overrule=None):
        """Mirrors the objects marked.

        marks: of (kind, id).
        overrule: {(table, name): revision}, see write.Write.
        Returns an Outcome.  Raises an exception if nothing could be done at all, such
        as when a database is away.
        """
        result = write.Result()
        failed = set()
        marks = list(dict.fromkeys(marks))
        self._reconcile_all(marks, overrule or {}, result, failed)
        networks = [name for table, name in result.created if table == schema.NETWORK]
        for i in range(0, len(networks), BATCH):
            # A network may have been absent while it had several segments.
            more = self._source.on_networks(networks[i:i + BATCH]).difference(marks)
            self._reconcile_all(list(more), {}, result, failed)
        return Outcome(result, failed)

    def _reconcile_all(self, marks, overrule, result, failed):
        """Does so in batches; adds to 'result' and 'failed' what was done, and what was not."""
        for i in range(0, len(marks), BATCH):
            some, again = self._reconcile_batch(marks[i:i + BATCH], overrule)
            result.add(some)
            failed.update(again)

    def _reconcile_batch(self, marks, overrule):
        writes = self._writes(marks, overrule)
        result, failed = self._commit(writes)
        if result.orphans:
            # What they refer to was not marked, or is marked in another worker.
            orphans = [w for w in writes if w.key in result.orphans]
            parents = {reader.mark_of(*key) for w in orphans for key in w.row.parents()}
            more = self._writes(parents | {reader.mark_of(*w.key) for w in orphans}, overrule)
            result.orphans = set()
            second, failed_again = self._commit(more)
            result.add(second)
            failed |= failed_again
            writes += more
        failed.update(reader.mark_of(*key) for key in result.orphans)
        failed.update(self._outdated([w for w in writes if w.key in result.created or (
            w.table in DEPENDENT and w.key in result.updated | result.deleted)]))
        return result, failed

    def _writes(self, marks, overrule):
        """Reads the objects, and returns the writes that mirror them."""
        ids = collections.defaultdict(list)
        for kind, id_ in marks:
            ids[kind].append(id_)
        return [w for kind in ids
                for w in writes_of(kind, ids[kind], self._source.read(kind, ids[kind]), overrule)]

    def _commit(self, writes):
        """Executes writes together, or one by one if together they are refused.

        Returns a Result, and the set of marks of those that were refused.
        """
        if not writes:
            return write.Result(), set()
        try:
            return self._execute(writes), set()
        except Refused as e:
            if len(writes) == 1:
                LOG.warning('Cannot write %s %s to the Northbound database now: %s',
                            writes[0].table, writes[0].name, e)
                return write.Result(), {reader.mark_of(*writes[0].key)}
        result = write.Result()
        failed = set()
        for w in writes:
            some, refused = self._commit([w])
            result.add(some)
            failed |= refused
        return result, failed

    def _execute(self, writes):
        command = write.WriteRows(self._nb, writes)
        try:
            return command.execute(check_error=True, log_errors=False)
        except RuntimeError as e:
            # That is how ovsdbapp tells what the server has against a transaction;
            # but also that there was no server.
            if 'constraint violation' in str(e) or 'referential integrity' in str(e):
                raise Refused(e) from e
            raise

    def _outdated(self, written):
        """Returns the marks of rows just written, or deleted, that are not what they should be
        any more."""
        marks = {reader.mark_of(*w.key) for w in written}
        now = {w.key: w.row for w in self._writes(marks, {})} if marks else {}
        return {reader.mark_of(*w.key) for w in written if now[w.key] != w.row}


class Refused(Exception):
    """The server refuses a transaction for what it contains."""


def writes_of(kind, ids, states, overrule):
    """Returns what has to be written for the objects 'ids' of 'kind' to be mirrored as
    'states' (of state.reader) says."""
    writes = []
    for id_ in ids:
        state = states.get(id_)
        for key in reader.keys_of(kind, id_):
            row = state.rows.get(key) if state else None
            writes.append(write.Write(*key, row, state and state.revision, overrule.get(key)))
    return writes
