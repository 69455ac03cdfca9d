# SPDX-License-Identifier: Apache-2.0
"""What a chassis says in the Northbound database, and no more."""
from neutronharness import waiting


class Chassis:
    """Without a switch; what it says is up to the test."""

    def __init__(self, cloud, name, host):
        self._cloud = cloud
        self._name = name
        self._host = host
        self.uuid = cloud.nb.insert('Chassis', name=name, hostname=host,
                                    encaps=['map', [['vxlan', '192.0.2.9']]])

    def _is_alive(self):
        """Answers what chassis are asked, and returns whether Neutron knows that it lives."""
        rows = self._cloud.nb.transact({'op': 'select', 'table': 'Global', 'where': []})[0]['rows']
        if rows:
            self._cloud.nb.update('Chassis', self._name, applied=rows[0]['sequence'])
        return [a for a in self._cloud.neutron.get('agents')
                if a['host'] == self._host and a['alive']]

    def wait_alive(self):
        waiting.until(self._is_alive, 30, 'the chassis is alive')

    def say_up(self, port, up=True):
        """Says so as soon as the port is in the database."""
        waiting.until(lambda: port['id'] in self._cloud.nb.rows('Port'), 20)
        self._cloud.nb.update('Port', port['id'], up=up, chassis=['uuid', str(self.uuid)])
