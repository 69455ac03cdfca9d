# SPDX-License-Identifier: Apache-2.0
"""Reports living chassis to Neutron, as agents.

A chassis has no heartbeat of its own, which would be a load in every cloud.  It is
asked: Global.sequence is raised, as 'dfctl sync' does, and a chassis that copies it to
Chassis.applied lives.  Neutron then shows it alive for agent_down_time seconds.
"""
import time

from neutron_lib import constants
from neutron_lib import context as n_context
from neutron_lib.plugins import directory
from ovsdbapp.backend.ovs_idl import command

from networking_dragonflow.nb import schema

AGENT_TYPE = 'Dragonflow controller'
BINARY = 'df-controller'

# As dfctl has it (SYNC_PATIENCE_MS): a sequence number older than that should have been
# applied by every living chassis.
PATIENCE_MS = 10000


class RaiseSequence(command.BaseCommand):
    """Raises Global.sequence; the result is the new value.

    Records what 'dfctl sync' records, too, to find dead chassis.
    """

    def run_idl(self, txn):
        row = next(iter(self.api.rows(schema.GLOBAL)), None)
        if row is None:
            row = txn.insert(self.api.tables[schema.GLOBAL])
            sequence, ids = 0, {}
        else:
            row.verify('sequence')
            sequence, ids = row.sequence, dict(row.external_ids)
        now = int(time.time() * 1000)
        settled = ids.get('sequence_settled', '0')
        if now - _number(ids.get('sequence_raised_at')) > PATIENCE_MS:
            settled = str(sequence)
        applied = [chassis.applied for chassis in self.api.rows(schema.CHASSIS)]
        self.result = max([sequence] + applied) + 1
        row.sequence = self.result
        row.external_ids = dict(ids, sequence_settled=settled, sequence_raised_at=str(now))


def _number(text):
    return int(text) if text and text.isdigit() else 0


class Liveness:
    """Asks chassis every 'interval' seconds, and reports those that answer."""

    def __init__(self, nb, interval, clock=time.monotonic):
        self._nb = nb
        self._interval = interval
        self._clock = clock
        self._asked_at = None
        self._sequence = None
        self._reported = set()

    def run(self):
        """Asks if it is time to; reports chassis that have answered since, once."""
        now = self._clock()
        if self._asked_at is None or now - self._asked_at >= self._interval:
            self._sequence = RaiseSequence(self._nb).execute(check_error=True, log_errors=False)
            self._asked_at = now
            self._reported = set()
        with self._nb.lock():
            states = {row.name: agent_state(row) for row in self._nb.rows(schema.CHASSIS)
                      if row.applied >= self._sequence and row.name not in self._reported}
        plugin = directory.get_plugin()
        if states:
            rebind_when_revived(plugin)
        for name, state in states.items():
            self._reported.add(name)
            plugin.create_or_update_agent(n_context.get_admin_context(), state)


def rebind_when_revived(plugin):
    """Makes ML2 bind what it could not bind when an agent that was dead is reported again,
    which it does for agents of these types."""
    types = getattr(plugin, '_rebind_on_revive_agent_types', None)
    if types is not None and AGENT_TYPE not in types:
        plugin._rebind_on_revive_agent_types = [*types, AGENT_TYPE]


def agent_state(row):
    """Returns the entry of a chassis for Neutron's agents table."""
    return {
        'agent_type': AGENT_TYPE,
        'binary': BINARY,
        'host': row.hostname or row.name,
        'topic': constants.L2_AGENT_TOPIC,
        'configurations': {
            'chassis': row.name,
            'tunnel_types': sorted(row.encaps),
            'tunneling_ips': dict(row.encaps),
            'bridge_mappings': dict(row.bridge_mappings),
        },
    }
