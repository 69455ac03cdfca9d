# SPDX-License-Identifier: Apache-2.0
"""The one way in which we change the mirrored tables.

WriteRows() brings a few rows to the state that Neutron's database had when it was
read, in one transaction.  In between, another process may have read and written a
later state.  So each row has the revision of the object it was written from, and
here
  - a row that was written from a later revision is left alone;
  - a row that we do change must still be from that revision when the transaction
    is executed by the server ("verify"), otherwise all is looked at again.
A row that is gone has no revision: after the creation of a row, Neutron has to
be asked whether the object still exists (see Result.created).
"""
import dataclasses
from typing import Optional

from ovsdbapp.backend.ovs_idl import command

from networking_dragonflow.nb import routes
from networking_dragonflow.nb import rows
from networking_dragonflow.nb import schema


class NotReady(Exception):
    """There is no connection, or the replica is not up to date yet."""


@dataclasses.dataclass(frozen=True)
class Write:
    """One row to bring about.

    row: what it should be; None if there should be none.
    revision: of the object, if it exists but should have no such row; None if the
        object does not exist, and so never will again.
    overrule: a revision number that was found in the database before Neutron was
        read.  If it is the row's still, it does not protect the row, even if it is
        later than 'revision': Neutron's own database was restored from a backup.
    """

    table: str
    name: str
    row: Optional[rows.Row] = None
    revision: Optional[int] = None
    overrule: Optional[int] = None

    @property
    def key(self):
        return self.table, self.name


@dataclasses.dataclass
class Result:
    """What a transaction did: sets of (table, name).

    orphans were not written, because a row that they refer to does not exist;
    protected were not, because the row is from a later revision.
    """

    created: set = dataclasses.field(default_factory=set)
    updated: set = dataclasses.field(default_factory=set)
    deleted: set = dataclasses.field(default_factory=set)
    orphans: set = dataclasses.field(default_factory=set)
    protected: set = dataclasses.field(default_factory=set)

    @property
    def changes(self):
        return len(self.created) + len(self.updated) + len(self.deleted)

    def add(self, other):
        for field in dataclasses.fields(self):
            getattr(self, field.name).update(getattr(other, field.name))


class WriteRows(command.BaseCommand):
    """Executes a list of Write in one transaction; the result is a Result."""

    def __init__(self, api, writes):
        super().__init__(api)
        self.writes = writes

    def __str__(self):
        return 'WriteRows(%d rows)' % len(self.writes)

    def run_idl(self, txn):
        if not self.api.idl.is_current:
            raise NotReady()
        if self.api.idl.lock_name and not self.api.idl.has_lock:
            raise NotReady()
        self.result = Result()
        self._inserted = {}
        self._chassis = rows.chassis_names(self.api)
        self._routes = (routes.by_router(self.api)
                        if any(w.table == schema.ROUTER for w in self.writes) else {})
        order = schema.MIRRORED.index
        deletes = [w for w in self.writes if w.row is None]
        puts = [w for w in self.writes if w.row is not None]
        for write in sorted(deletes, key=lambda w: order(w.table), reverse=True):
            self._delete(write)
        for write in sorted(puts, key=lambda w: order(w.table)):
            self._put(txn, write)

    # Deleting.

    def _delete(self, write):
        idl_row = self.api.find(write.table, write.name)
        if idl_row is None or not rows.is_ours(idl_row):
            return
        if write.revision is not None and self._is_protected(idl_row, write, write.revision):
            return
        self._delete_row(idl_row, write.table)

    def _delete_row(self, idl_row, table):
        """Deletes the row, and ours that refer to it: the objects behind these cannot
        exist any more either, or will be written again."""
        for referrer, column in schema.REFERRERS.get(table, ()):
            for child in self.api.rows(referrer):
                if getattr(child, column) is idl_row and rows.is_ours(child):
                    self._delete_row(child, referrer)
        key = table, idl_row.name
        if key not in self.result.deleted:
            for route in self._routes.get(idl_row.uuid, ()):
                route.delete()
            idl_row.verify('external_ids')
            self.result.deleted.add(key)
            idl_row.delete()

    # Inserting and updating.

    def _put(self, txn, write):
        row = write.row
        idl_row = self._find(write.table, write.name)
        if idl_row is not None and self._is_protected(idl_row, write, row.revision):
            return
        changes = rows.difference(idl_row, row, self._chassis, self._routes)
        if not changes:
            return
        references = {}
        for column, table in schema.REFERENCES.items():
            if column in changes:
                references[column] = self._find(table, changes[column])
        if None in references.values():
            self.result.orphans.add(write.key)
            return
        if idl_row is None:
            idl_row = txn.insert(self.api.tables[write.table])
            idl_row.name = write.name
            self._inserted[write.key] = idl_row
            self.result.created.add(write.key)
        else:
            idl_row.verify('external_ids')
            if 'external_ids' in changes:
                foreign = {k: v for k, v in idl_row.external_ids.items()
                           if not k.startswith(schema.PREFIX)}
                changes['external_ids'] = dict(foreign, **changes['external_ids'])
            self.result.updated.add(write.key)
        if schema.ROUTES in changes:
            routes.replace(lambda: txn.insert(self.api.tables[schema.STATIC_ROUTE]), idl_row,
                           self._routes.get(idl_row.uuid, ()), changes.pop(schema.ROUTES),
                           row.revision)
        for column, value in changes.items():
            setattr(idl_row, column, references.get(column, value))

    def _find(self, table, name):
        """The row, also if this transaction inserts it, but not if it deletes it."""
        key = table, name
        if key in self._inserted:
            return self._inserted[key]
        return None if key in self.result.deleted else self.api.find(table, name)

    def _is_protected(self, idl_row, write, revision):
        present = rows.revision_of(idl_row)
        if present <= revision or present == write.overrule:
            return False
        self.result.protected.add(write.key)
        return True
