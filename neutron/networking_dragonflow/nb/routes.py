# SPDX-License-Identifier: Apache-2.0
"""The static routes of routers, each 'PREFIX via NEXTHOP': rows of a table of their own.

Rows without our mark are those of others.  They are left alone, and one with a route that
Neutron wants does for it.  The deprecated column of the router is emptied.
"""
import collections

from networking_dragonflow.nb import schema


def _text(idl_row):
    return '%s via %s' % (idl_row.prefix, idl_row.next_hop)


def _is_ours(idl_row):
    return schema.MARK in idl_row.external_ids


def by_router(nb):
    """Returns the rows of all routers, {UUID of the router: [row]}."""
    found = collections.defaultdict(list)
    for row in nb.rows(schema.STATIC_ROUTE):
        found[row.router.uuid].append(row)
    return found


def present(idl_rows, wanted):
    """Returns which of the routes of a router count, to be compared with 'wanted': ours, and
    those of others that are wanted as well."""
    return sorted({_text(row) for row in idl_rows if _is_ours(row) or _text(row) in wanted})


def replace(insert, router, idl_rows, wanted, revision):
    """Brings the rows of 'router' to the routes 'wanted'.  'insert' returns a new row of the
    table; 'revision' is that of the router in Neutron."""
    there = set()
    for row in idl_rows:
        if _is_ours(row) and _text(row) not in wanted:
            row.delete()
        else:
            there.add(_text(row))
    for text in wanted:
        if text not in there:
            row = insert()
            row.router = router
            row.prefix, row.next_hop = text.split(' via ')
            row.external_ids = {schema.MARK: str(revision)}
