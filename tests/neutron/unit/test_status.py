# SPDX-License-Identifier: Apache-2.0
"""What native mode tells Neutron of ports and floating IPs, from what their chassis say."""
import pytest

from neutronharness import waiting


@pytest.fixture
def port(topology, neutron):
    """A port that Dragonflow has bound."""
    from neutron.plugins.ml2 import models
    from neutron_lib.db import api as db_api

    port = neutron.create_port(topology.network1)
    context = neutron.context()
    with db_api.CONTEXT_WRITER.using(context):
        bound = context.session.query(models.PortBindingLevel).filter_by(port_id=port['id'])
        assert bound.update({'driver': 'dragonflow'}) == 1
    return port


@pytest.fixture
def report(neutron, connect, mirror, port, nb_server):
    """A function: the chassis says whether the port is up; returns the port's status."""
    from networking_dragonflow.sync import status

    nb = connect(status=True)
    chassis = nb_server.insert('Chassis', name='c1', hostname='h1')

    def report(up):
        mirror()
        nb_server.update('Port', port['id'], up=up, chassis=['uuid', str(chassis)])
        waiting.until(lambda: nb.find('Port', port['id'])
                      and nb.find('Port', port['id']).up == [up], 5)
        status.report(nb, [port['id']])
        return neutron.core.get_port(neutron.context(), port['id'])['status']
    return report


def test_a_port_is_active_while_it_is_up(report):
    assert report(True) == 'ACTIVE'
    assert report(False) == 'DOWN'
    assert report(True) == 'ACTIVE'


def test_a_disabled_port_is_down_whatever_its_chassis_says(report, neutron, port):
    assert report(True) == 'ACTIVE'
    neutron.update_port(port, admin_state_up=False)
    assert report(True) == 'DOWN'
    neutron.update_port(port, admin_state_up=True)
    assert report(True) == 'ACTIVE'


def test_a_port_that_went_down_is_not_made_active_by_another_process(report, neutron, port):
    from neutron.db import provisioning_blocks
    from neutron_lib.callbacks import resources

    assert report(True) == 'ACTIVE'
    assert report(False) == 'DOWN'
    provisioning_blocks.provisioning_complete(neutron.context(), port['id'], resources.PORT,
                                              provisioning_blocks.DHCP_ENTITY)
    assert neutron.core.get_port(neutron.context(), port['id'])['status'] == 'DOWN'
    assert report(True) == 'ACTIVE'


class FloatingIp:
    """One of an external network that the router of 'topology' leads to."""

    def __init__(self, neutron, topology, nb):
        self._neutron = neutron
        self._nb = nb
        network = neutron.create_network('outside', **{
            'router:external': True, 'provider:network_type': 'flat',
            'provider:physical_network': 'physnet1'})
        neutron.create_subnet(network, '203.0.113.0/24')
        context = neutron.context()
        neutron.l3.update_router(context, topology.router['id'], {'router': {
            'external_gateway_info': {'network_id': network['id']}}})
        self.id = neutron.l3.create_floatingip(context, {'floatingip': {
            'tenant_id': 'p', 'floating_network_id': network['id'], 'port_id': None}})['id']

    def associate(self, port):
        self._neutron.l3.update_floatingip(self._neutron.context(), self.id, {
            'floatingip': {'port_id': port and port['id']}})

    def status(self, ids=(), ports=()):
        """Reports what has changed; returns the status, and the number of those that were
        wrong."""
        from networking_dragonflow.sync import status

        wrong = status.report_floating_ips(self._nb, ids, ports)
        found = self._neutron.l3.get_floatingip(self._neutron.context(), self.id)
        return found['status'], wrong


@pytest.fixture
def source(neutron):
    from networking_dragonflow.state import reader

    return reader.Reader(north_south=True)


def test_a_floating_ip_is_active_while_it_is_associated_with_a_port_that_is(
        report, port, neutron, topology, connect, repair):
    nb = connect(status=True)
    floating_ip = FloatingIp(neutron, topology, nb)
    id_ = floating_ip.id

    def seen(present):
        waiting.until(lambda: bool(nb.find('NAT', id_)) == present, 5)

    assert floating_ip.status([id_]) == ('DOWN', 0)
    assert report(True) == 'ACTIVE'
    floating_ip.associate(port)
    assert floating_ip.status([id_]) == ('DOWN', 0), 'it is not in the Northbound database yet'
    repair()
    seen(True)
    assert floating_ip.status([topology.network1['id']]) == ('DOWN', 0), 'of another'
    assert floating_ip.status([id_]) == ('ACTIVE', 1)
    assert report(False) == 'DOWN'
    assert floating_ip.status(ports=[topology.port2['id']]) == ('ACTIVE', 0), 'of another port'
    assert floating_ip.status(ports=[port['id']]) == ('DOWN', 1)
    assert report(True) == 'ACTIVE'
    assert floating_ip.status(None) == ('ACTIVE', 1)
    neutron.core.delete_port(neutron.context(), port['id'])
    repair()
    seen(False)
    assert floating_ip.status([id_]) == ('DOWN', 1)
    assert floating_ip.status([id_]) == ('DOWN', 0)
