# SPDX-License-Identifier: Apache-2.0
"""A connection to the Northbound database."""
from oslo_config import cfg
from ovs import stream
from ovs.db import idl as ovs_idl
from ovsdbapp import api
from ovsdbapp.backend import ovs_idl as backend
from ovsdbapp.backend.ovs_idl import connection
from ovsdbapp.backend.ovs_idl import idlutils

from networking_dragonflow import config
from networking_dragonflow.nb import schema

# The process that holds this lock compares Neutron with the whole database, and
# reports chassis and ports to Neutron.
LOCK = 'dragonflow_neutron'


class NbIdl(connection.OvsdbIdl):
    """A replica of the database.

    'elections' counts how often our lock was acquired, which happens anew after
    each reconnection: what was known before may be gone.  'on_change', if not
    None, is called with (table name, row name) for each changed row, on the
    connection's thread.
    """

    def __init__(self, remote, helper, **kwargs):
        self.elections = 0
        self.on_change = None
        self._has_lock = False
        super().__init__(remote, helper, **kwargs)

    @property
    def has_lock(self):
        return self._has_lock

    @has_lock.setter
    def has_lock(self, value):
        if value and not self._has_lock:
            self.elections += 1
        self._has_lock = value

    @property
    def is_current(self):
        """Whether the replica was filled by the present connection."""
        return self.state == ovs_idl.Idl.IDL_S_MONITORING

    def notify(self, event, row, updates=None):
        if self.on_change is not None:
            self.on_change(row._table.name, getattr(row, 'name', None))


class NbApi(backend.Backend, api.API):
    """The database as ovsdbapp sees it.

    Unlike ovsdbapp's own backends, each object has its own connection.  Rows
    may be read only under lock(), which commands hold when they run.
    """

    ovsdb_connection = None

    def lock(self):
        """Keeps the replica as it is, as a context manager."""
        return self.ovsdb_connection.lock

    def find(self, table, name):
        """Returns the row of 'table' called 'name', or None."""
        rows = self.tables[table].rows
        if 'name' not in rows.indexes:
            # The OVS library forgets indexes when it fills its replica anew.
            index = rows.index_create('name')
            index.add_column('name')
            for row in rows.values():
                index.add(row)
        found = idlutils.index_lookup_all(self.tables[table], name=name)
        return next(iter(found), None)

    def rows(self, table):
        """Returns all rows of 'table'."""
        return list(self.tables[table].rows.values())

    @property
    def elected(self):
        """The number of the election that we hold now, or 0."""
        idl = self.idl
        return idl.elections if idl.has_lock and idl.is_current else 0

    def close(self):
        self.ovsdb_connection.stop()


def use_certificates(conf=cfg.CONF):
    """Tells the OVS library, once a process, about keys for ssl: connections."""
    group = conf[config.GROUP]
    if group.nb_private_key:
        stream.Stream.ssl_set_private_key_file(group.nb_private_key)
        stream.Stream.ssl_set_certificate_file(group.nb_certificate)
        stream.Stream.ssl_set_ca_cert_file(group.nb_ca_cert)


def connect(conf=cfg.CONF, elect=False, status=False, on_change=None):
    """Connects, replicates and returns an NbApi.

    Blocks, and raises an exception if there is no server within nb_timeout.  With
    'elect', the connection stands for election, and writes only when elected.  With
    'status', it replicates what chassis write, too.
    """
    group = conf[config.GROUP]
    use_certificates(conf)
    helper = idlutils.get_schema_helper(group.nb_connection, schema.SCHEMA)
    schema.register(helper, status)
    # The lock of a cluster is one for all only on the leader.
    idl = NbIdl(group.nb_connection, helper, leader_only=True,
                probe_interval=group.nb_probe_interval)
    idl.on_change = on_change
    if elect:
        idl.set_lock(LOCK)
    nb = NbApi(connection.Connection(idl, group.nb_timeout), start=False, auto_index=False)
    try:
        nb.ovsdb_connection.start()
    except Exception:
        idl.close()
        raise
    return nb
