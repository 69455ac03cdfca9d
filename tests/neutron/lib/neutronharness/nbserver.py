# SPDX-License-Identifier: Apache-2.0
"""An ovsdb-server with a Northbound database of its own."""
import json
import os
import signal
import subprocess
import uuid

from neutronharness import TOP
from neutronharness import waiting

SCHEMA = TOP / 'schema/dragonflow.ovsschema'


class NbServer:
    """Start it, kill it, wipe it, and look at what is in it past any client library."""

    def __init__(self, directory):
        self.directory = directory
        self.socket = directory / 'nb.sock'
        self.file = directory / 'nb.db'
        self.remote = 'unix:%s' % self.socket
        self._process = None
        self.create()

    def create(self):
        """Makes a new, empty database."""
        self.file.unlink(missing_ok=True)
        (self.directory / '.nb.db.~lock~').unlink(missing_ok=True)
        subprocess.run(['ovsdb-tool', 'create', str(self.file), str(SCHEMA)], check=True)

    def start(self):
        if self._process is not None:
            return
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ['ovsdb-server', '--remote=p%s' % self.remote, '--unixctl=none',
             '--log-file=%s' % (self.directory / 'nb.log'), '-vconsole:off', str(self.file)],
            env=dict(os.environ, OVS_RUNDIR=str(self.directory)), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        waiting.until(self._answers, 10, 'ovsdb-server answers')

    def _answers(self):
        assert self._process.poll() is None, 'ovsdb-server ended'
        return self.socket.exists() and subprocess.run(
            ['ovsdb-client', 'list-dbs', self.remote], capture_output=True).returncode == 0

    def kill(self):
        self._end(signal.SIGKILL)

    def stop(self):
        self._end(signal.SIGTERM)

    def _end(self, how):
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def transact(self, *operations):
        """Executes OVSDB operations (RFC 7047, 5.2); returns their results."""
        output = subprocess.run(
            ['ovsdb-client', 'transact', self.remote, json.dumps(['Dragonflow', *operations])],
            check=True, capture_output=True, text=True).stdout
        results = json.loads(output)
        for result in results:
            assert not (result and 'error' in result), result
        return results

    def tables(self, *tables):
        """Returns {table: rows(table)}, all as of one moment."""
        results = self.transact(*({'op': 'select', 'table': table, 'where': []}
                                  for table in tables))
        return {table: {row['name']: {c: _value(c, v) for c, v in row.items()}
                        for row in result['rows']}
                for table, result in zip(tables, results)}

    def rows(self, table):
        """Returns {row name: {column: value}}: sets as sorted lists, maps as dicts, None for
        what is empty but may hold one value at most."""
        return self.tables(table)[table]

    def routes(self):
        """Returns {UUID of a router, as its row has it: sorted 'PREFIX via NEXTHOP'}."""
        result, = self.transact({'op': 'select', 'table': 'Static_Route', 'where': []})
        found = {}
        for row in result['rows']:
            found.setdefault(_value('router', row['router']), []).append(
                '%s via %s' % (row['prefix'], row['next_hop']))
        return {router: sorted(texts) for router, texts in found.items()}

    def update(self, table, name, **row):
        """Sets columns of one row, given as OVSDB has them in JSON."""
        result, = self.transact({'op': 'update', 'table': table, 'row': row,
                                 'where': [['name', '==', name]]})
        assert result['count'] == 1

    def delete(self, table, name):
        self.transact({'op': 'delete', 'table': table, 'where': [['name', '==', name]]})

    def insert(self, table, **row):
        """Inserts a row, and returns its UUID."""
        result, = self.transact({'op': 'insert', 'table': table, 'row': row})
        return uuid.UUID(result['uuid'][1])

    def names(self):
        """Returns {table: sorted names}, for tables that have rows."""
        tables = self.tables('Network', 'Subnet', 'Router', 'Port', 'Router_Port', 'NAT')
        return {table: sorted(rows) for table, rows in tables.items() if rows}

    def size(self):
        """The size of the database file: each transaction that changes anything adds."""
        return self.file.stat().st_size


def _value(column, value):
    if isinstance(value, list):
        kind, value = value
        if kind == 'map':
            value = dict(value)
        elif kind == 'set':
            value = sorted(value)
    if column in ('addresses', 'static_routes', 'dns_servers', 'dns_search'):
        return value if isinstance(value, list) else [value]
    return None if value == [] else value
