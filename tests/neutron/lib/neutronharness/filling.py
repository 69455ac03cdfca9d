# SPDX-License-Identifier: Apache-2.0
"""Fills Neutron's database with many ports, which over the API would take half an hour."""
import sqlite3
import uuid

PORTS_OF_A_NETWORK = 250


def add_ports(database, count):
    """Adds 'count' ports of instances, on networks of 250 each, every ten networks on a
    router.  Returns the number of rows that mirror it all."""
    with sqlite3.connect(database) as connection:
        filler = _Filler(connection)
        router = None
        for n in range(0, count, PORTS_OF_A_NETWORK):
            number = n // PORTS_OF_A_NETWORK
            if number % 10 == 0:
                router = filler.router()
            network, subnet = filler.network(number)
            filler.port(network, subnet, number, 1, 'network:router_interface', router, '')
            for i in range(min(PORTS_OF_A_NETWORK, count - n)):
                filler.port(network, subnet, number, i + 2, 'compute:nova', str(uuid.uuid4()),
                            'h%d' % (i % 4 + 1))
    return filler.rows


class _Filler:
    def __init__(self, connection):
        self._connection = connection
        self._mac = 0
        self.rows = 0

    def _insert(self, table, **values):
        self._connection.execute(
            'INSERT INTO %s (%s) VALUES (%s)'
            % (table, ','.join('"%s"' % k for k in values), ','.join('?' * len(values))),
            list(values.values()))

    def _object(self, table, resource, **values):
        cursor = self._connection.execute(
            'INSERT INTO standardattributes (resource_type, revision_number) VALUES (?, 1)',
            [resource])
        id_ = str(uuid.uuid4())
        self._insert(table, id=id_, project_id='p', standard_attr_id=cursor.lastrowid, **values)
        return id_

    def router(self):
        self.rows += 1
        return self._object('routers', 'routers', name='r', status='ACTIVE', admin_state_up=True)

    def network(self, number):
        self.rows += 2
        network = self._object('networks', 'networks', name='n', status='ACTIVE', mtu=1450,
                               admin_state_up=True)
        self._object_segment(network, number)
        subnet = self._object('subnets', 'subnets', name='', network_id=network, ip_version=4,
                              cidr='10.%d.%d.0/24' % divmod(number, 256), enable_dhcp=False,
                              gateway_ip='10.%d.%d.1' % divmod(number, 256))
        return network, subnet

    def _object_segment(self, network, number):
        cursor = self._connection.execute(
            'INSERT INTO standardattributes (resource_type, revision_number) VALUES (?, 0)',
            ['segments'])
        self._insert('networksegments', id=str(uuid.uuid4()), network_id=network,
                     network_type='vxlan', segmentation_id=number + 1, is_dynamic=False,
                     segment_index=0, standard_attr_id=cursor.lastrowid)

    def port(self, network, subnet, number, host_part, owner, device, host):
        self.rows += 1
        self._mac += 1
        mac = 'fa:16:3e:%02x:%02x:%02x' % (self._mac >> 16, self._mac >> 8 & 255,
                                           self._mac & 255)
        port = self._object('ports', 'ports', name='', network_id=network, mac_address=mac,
                            admin_state_up=True, status='ACTIVE', device_id=device,
                            device_owner=owner)
        ip = '10.%d.%d.%d' % (*divmod(number, 256), host_part)
        self._insert('ipallocations', port_id=port, ip_address=ip, subnet_id=subnet,
                     network_id=network)
        self._insert('ml2_port_bindings', port_id=port, host=host, vif_type='ovs',
                     vnic_type='normal', profile='', vif_details='', status='ACTIVE')
