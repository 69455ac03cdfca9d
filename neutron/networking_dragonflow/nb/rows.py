# SPDX-License-Identifier: Apache-2.0
"""Rows of the Northbound database as Neutron wants them, and as they are.

A Row is what one row should be.  Its values have the form that the OVS library
uses: a list for columns that may hold none or several values, else the value.
Two things are only known when the row is compared or written, and so are kept
in terms of Neutron: references ('network', 'router') hold the name of the other
row, and 'host' is the host of the requested chassis.
"""
import collections
import dataclasses
from typing import Optional

from networking_dragonflow.nb import routes
from networking_dragonflow.nb import schema


@dataclasses.dataclass(frozen=True)
class Row:
    """What one row should be; 'columns' includes external_ids, our keys only."""

    table: str
    name: str
    revision: int
    columns: dict
    host: Optional[str] = None

    @property
    def key(self):
        return self.table, self.name

    def parents(self):
        """Yields (table, name) of the rows that this one refers to."""
        for column, table in schema.REFERENCES.items():
            if column in self.columns:
                yield table, self.columns[column]


def optional(value):
    """The OVS library's form of a column that may be empty."""
    return [] if value is None or value == '' else [value]


def is_ours(idl_row):
    return schema.MARK in idl_row.external_ids


def revision_of(idl_row):
    """The revision number of the Neutron object that the row was written from; -1 if
    none is known."""
    try:
        return int(idl_row.external_ids.get(schema.REVISION, -1))
    except ValueError:
        return -1


def chassis_names(nb):
    """Returns which chassis is on which host, {host: chassis name}.

    A chassis with the host as its name precedes one with the host as its hostname: the
    name is in its certificate, but the hostname is written by the chassis itself.  So
    several chassis with the same hostname are all left out.
    """
    chassis = nb.rows(schema.CHASSIS)
    say = collections.Counter(c.hostname for c in chassis)
    names = {c.hostname: c.name for c in chassis if c.hostname and say[c.hostname] == 1}
    names.update((c.name, c.name) for c in chassis)
    return names


def _present(idl_row, column):
    value = getattr(idl_row, column)
    if column in schema.REFERENCES:
        return value.name
    if column == 'external_ids':
        return {k: v for k, v in value.items() if k.startswith(schema.PREFIX)}
    return sorted(value) if isinstance(value, list) else value


def difference(idl_row, row, chassis, routes_by_router):
    """Returns the columns, with their values, that keep 'idl_row' from being 'row'.

    'chassis' is what chassis_names() returned, 'routes_by_router' what routes.by_router() did.
    References still are names, and external_ids still are our keys only.
    """
    wanted = row.columns
    if row.table == schema.PORT:
        wanted = dict(wanted, requested_chassis=optional(
            row.host and chassis.get(row.host, row.host)))
    if idl_row is None:
        return dict(wanted)
    found = {column: value for column, value in wanted.items()
             if column != schema.ROUTES and _present(idl_row, column) != value}
    if schema.ROUTES in wanted:
        value = wanted[schema.ROUTES]
        if routes.present(routes_by_router.get(idl_row.uuid, ()), value) != value:
            found[schema.ROUTES] = value
    return found
