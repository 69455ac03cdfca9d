# SPDX-License-Identifier: Apache-2.0
"""Compares everything in Neutron with everything in the Northbound database.

The comparison itself only finds objects that differ; the reconciler then looks at
each of them once more and repairs it.  So what changes while we compare does no
harm.  The Northbound database is looked at first: a row without an object then is
one of a deleted object, and a revision number that Neutron's database has not
reached yet is one that it will not reach, because it was restored from a backup.
"""
import collections

from networking_dragonflow.nb import routes
from networking_dragonflow.nb import rows
from networking_dragonflow.nb import schema
from networking_dragonflow.nb import write
from networking_dragonflow.state import reader
from networking_dragonflow.sync import reconciler

ABSENT, SURPLUS, DIFFERENT = 'absent', 'surplus', 'different'


class Difference(collections.namedtuple('Difference', 'table name what columns')):
    """A row that is not as it should be: 'what' is ABSENT, SURPLUS or DIFFERENT, the last
    in 'columns'."""

    def __str__(self):
        detail = ': ' + ', '.join(self.columns) if self.columns else ''
        return '%s %s: %s%s' % (self.table, self.name, self.what, detail)


def compare(nb, source):
    """Returns the differences, and {(table, name): revision} of rows that are from a later
    revision than Neutron's."""
    with nb.lock():
        if not nb.idl.is_current:
            raise write.NotReady()
        seen = {(table, row.name): rows.revision_of(row)
                for table in schema.MIRRORED for row in nb.rows(table) if rows.is_ours(row)}
    states = source.read_all()
    wanted = {row.key: row for objects in states.values()
              for state in objects.values() for row in state.rows.values()}

    differences = []
    for table, name in seen:
        if (table, name) not in wanted:
            differences.append(Difference(table, name, SURPLUS, ()))
    with nb.lock():
        chassis = rows.chassis_names(nb)
        routes_by_router = routes.by_router(nb)
        for key, row in wanted.items():
            idl_row = nb.find(*key)
            if idl_row is None:
                differences.append(Difference(*key, ABSENT, ()))
                continue
            columns = rows.difference(idl_row, row, chassis, routes_by_router)
            if columns:
                differences.append(Difference(*key, DIFFERENT, tuple(sorted(columns))))
    revisions = {key: state.revision for kind, found in states.items()
                 for id_, state in found.items() for key in reader.keys_of(kind, id_)}
    ahead = {key: revision for key, revision in seen.items()
             if revision > revisions.get(key, revision)}
    return differences, ahead


def repair(nb, source, differences, ahead):
    """Repairs what compare() found; returns a reconciler.Outcome."""
    marks = [reader.mark_of(d.table, d.name)
             for d in sorted(differences, key=lambda d: schema.MIRRORED.index(d.table))]
    return reconciler.Reconciler(nb, source).reconcile(marks, overrule=ahead)
