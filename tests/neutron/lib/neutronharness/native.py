# SPDX-License-Identifier: Apache-2.0
"""Neutron in native mode: without an agent, with real chassis on dummy switches."""
from dfharness import Cloud as Chassis
from neutronharness import mariadb
from neutronharness import server as server_
from neutronharness import waiting

AGENT_DOWN_TIME = 12


class NativeCloud:
    """Two chassis and a neutron-server that share a Northbound database."""

    def __init__(self, directory, package):
        self._mariadb = mariadb.MariaDb(directory)
        self.dummies = Chassis(chassis=2, physnets=['physnet1'])
        self.nb = self.dummies.nb_db
        for number, chassis in enumerate(self.dummies.chassis, 1):
            chassis.vsctl('set', 'Open_vSwitch', '.', 'external_ids:hostname=h%d' % number)
        self.neutron = server_.NeutronServer(
            directory, package, self.nb.remote, mechanism_drivers='dragonflow',
            agent_down_time=AGENT_DOWN_TIME, options='liveness_interval = 3',
            database=self._mariadb.url, dhcp_agent_notification=True)

    def start(self):
        self._mariadb.start()
        self.neutron.upgrade_database()
        self.neutron.start()

    def close(self):
        self.neutron.stop()
        self._mariadb.kill()
        self.dummies.close()

    def agents(self):
        """Returns {host: alive} of our chassis."""
        return {a['host']: a['alive'] for a in self.neutron.get('agents')
                if a['agent_type'] == 'Dragonflow controller'}

    def wait_alive(self):
        waiting.until(lambda: self.agents() == {'h1': True, 'h2': True}, 30, self.agents)

    def network(self, cidr, **values):
        network = self.neutron.create('network', port_security_enabled=False, **values)
        self.neutron.create('subnet', network_id=network['id'], ip_version=4, cidr=cidr)
        return network

    def port(self, network, host, **values):
        return self.neutron.create('port', network_id=network['id'], device_owner='compute:nova',
                                   **{'binding:host_id': host, **values})

    def plug(self, port, number):
        """Attaches the port's interface, as Nova would."""
        return self.dummies.chassis[number].plug(
            'tap' + port['id'][:8], port['mac_address'],
            [f['ip_address'] for f in port['fixed_ips']], iface_id=port['id'])

    def status(self, port):
        return self.neutron.get('ports/' + port['id'])['status']

    def wait_status(self, port, status):
        waiting.until(lambda: self.status(port) == status, 30,
                      lambda: 'port is %s' % self.status(port))
