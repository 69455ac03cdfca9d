# SPDX-License-Identifier: Apache-2.0
"""Neutron and a Northbound database together."""
import shutil

from neutronharness import expectation
from neutronharness import mariadb
from neutronharness import nbserver
from neutronharness import server as server_
from neutronharness import waiting

# Ports of routers that Neutron itself deletes.
NO_INTERFACES = ('network:router_gateway', 'network:router_centralized_snat')


class Cloud:
    """A neutron-server and a Northbound database, both private.

    Its own database is a copy of the SQLite file 'pristine', or an empty MariaDB if that is
    None."""

    def __init__(self, directory, package, pristine, server=server_.NeutronServer, **settings):
        self._mariadb = None
        if pristine:
            shutil.copy(pristine, directory / 'neutron.db')
        else:
            self._mariadb = mariadb.MariaDb(directory)
            settings['database'] = self._mariadb.url
        self.nb = nbserver.NbServer(directory)
        self.north_south = settings.get('mechanism_drivers') == 'dragonflow'
        self.neutron = server(directory, package, self.nb.remote, **settings)

    def start(self):
        self.nb.start()
        if self._mariadb:
            self._mariadb.start()
            self.neutron.upgrade_database()
        self.neutron.start()

    def close(self):
        self.neutron.stop()
        self.nb.kill()
        if self._mariadb:
            self._mariadb.kill()

    def expect_mirrored(self, timeout=20):
        """The Northbound database becomes what the REST API says."""
        def differences():
            return expectation.differences(self.neutron, self.nb, self.north_south)

        waiting.until(lambda: not differences(), timeout,
                      lambda: '\n'.join(differences()) + '\n' + self.neutron.log_tail())

    def make_topology(self, host='h1'):
        """Two networks, a router between them, a port on each; returns the objects."""
        n = self.neutron
        networks = [n.create('network', name='n%d' % i) for i in (1, 2)]
        subnets = [n.create('subnet', network_id=network['id'], ip_version=4,
                            cidr='10.0.%d.0/24' % i)
                   for i, network in enumerate(networks, 1)]
        ports = [self.make_port(network, host=host) for network in networks]
        router = n.create('router', name='r')
        for subnet in subnets:
            n.router_action(router, 'add_router_interface', subnet_id=subnet['id'])
        return networks, subnets, ports, router

    def make_port(self, network, host='h1', **values):
        return self.neutron.create('port', network_id=network['id'], device_owner='compute:nova',
                                   **{'binding:host_id': host, **values})

    def make_outside(self, router, **values):
        """An external network with a subnet, and the router's gateway on it; returns both."""
        n = self.neutron
        network = n.create('network', **{'router:external': True,
                                         'provider:network_type': 'flat',
                                         'provider:physical_network': 'physnet1'})
        subnet = n.create('subnet', network_id=network['id'], ip_version=4,
                          cidr='203.0.113.0/24', enable_dhcp=False, allocation_pools=[
                              {'start': '203.0.113.100', 'end': '203.0.113.199'}])
        n.update('router', router['id'], external_gateway_info={'network_id': network['id'],
                                                                **values})
        return network, subnet

    def delete_everything(self):
        n = self.neutron
        for floating_ip in n.get('floatingips'):
            n.delete('floatingip', floating_ip['id'])
        for router in n.get('routers'):
            n.update('router', router['id'], routes=[])
            for port in n.get('ports?device_id=' + router['id']):
                if port['device_owner'] not in NO_INTERFACES:
                    n.router_action(router, 'remove_router_interface', port_id=port['id'])
            n.delete('router', router['id'])
        for port in n.get('ports'):
            n.delete('port', port['id'])
        for network in n.get('networks'):
            n.delete('network', network['id'])
