# SPDX-License-Identifier: Apache-2.0
"""Marked objects become what Neutron says, whatever happens in between."""


def test_a_topology_is_mirrored(topology, nb_server, compare):
    assert compare() == []
    port = nb_server.rows('Port')[topology.port1['id']]
    assert port['mac'] == topology.port1['mac_address']
    assert port['addresses'] == [topology.port1['fixed_ips'][0]['ip_address']]
    assert port['enabled'] is True and port['requested_chassis'] == 'h1'
    router_port = nb_server.rows('Router_Port')[topology.interface1['port_id']]
    assert router_port['addresses'] == ['10.0.1.1/24']
    assert nb_server.names() == {
        'Network': sorted([topology.network1['id'], topology.network2['id']]),
        'Subnet': sorted([topology.subnet1['id'], topology.subnet2['id']]),
        'Port': sorted([topology.port1['id'], topology.port2['id']]),
        'Router': [topology.router['id']],
        'Router_Port': sorted([topology.interface1['port_id'],
                               topology.interface2['port_id']])}


def test_every_change_is_marked(topology, neutron, mirror, compare, nb_server):
    context = neutron.context()
    steps = [
        lambda: neutron.update_port(topology.port1, name='other', admin_state_up=False),
        lambda: neutron.update_port(topology.port1, **{'binding:host_id': 'h3'}),
        lambda: neutron.update_port(topology.port2, fixed_ips=[{'ip_address': '10.0.2.77'}]),
        lambda: neutron.core.update_port_status(context, topology.port2['id'], 'ACTIVE'),
        lambda: neutron.core.update_network(context, topology.network1['id'],
                                            {'network': {'mtu': 1300}}),
        lambda: neutron.core.update_subnet(context, topology.subnet1['id'],
                                           {'subnet': {'name': 'renamed'}}),
        lambda: neutron.core.update_subnet(context, topology.subnet1['id'],
                                           {'subnet': {'dns_nameservers': ['192.0.2.1']}}),
        lambda: neutron.l3.update_router(context, topology.router['id'], {'router': {
            'routes': [{'destination': '10.9.0.0/16', 'nexthop': '10.0.1.9'}]}}),
        lambda: neutron.l3.update_router(context, topology.router['id'],
                                         {'router': {'admin_state_up': False}}),
        lambda: neutron.create_subnet(topology.network1, 'fd00::/64', ipv6_ra_mode='slaac',
                                      ipv6_address_mode='slaac', enable_dhcp=True,
                                      dns_nameservers=['fd00::53']),
        lambda: neutron.l3.update_router(context, topology.router['id'],
                                         {'router': {'routes': []}}),
        lambda: neutron.remove_interface(topology.router, topology.subnet1),
        lambda: neutron.core.delete_port(context, topology.port1['id']),
        lambda: neutron.remove_interface(topology.router, topology.subnet2),
        lambda: neutron.l3.delete_router(context, topology.router['id']),
        lambda: neutron.core.delete_port(context, topology.port2['id']),
        lambda: neutron.core.delete_subnet(context, topology.subnet2['id']),
        lambda: neutron.core.delete_network(context, topology.network1['id']),
        lambda: neutron.core.delete_network(context, topology.network2['id']),
    ]
    for i, step in enumerate(steps):
        step()
        mirror()
        assert compare() == [], 'after step %d' % i
    assert nb_server.names() == {}


def test_a_port_is_mirrored_while_it_is_on_a_host(topology, neutron, mirror, nb_server):
    port = neutron.create_port(topology.network1, host='', device_owner='')
    mirror()
    assert port['id'] not in nb_server.rows('Port')
    neutron.update_port(port, **{'binding:host_id': 'h1', 'device_owner': 'compute:nova'})
    mirror()
    assert nb_server.rows('Port')[port['id']]['requested_chassis'] == 'h1'
    neutron.update_port(port, **{'binding:host_id': '', 'device_owner': ''})
    mirror()
    assert port['id'] not in nb_server.rows('Port')


def test_marks_may_come_in_any_order(neutron, reconciler, compare):
    """A router port and a port are marked; what they are on is not."""
    network = neutron.create_network()
    subnet = neutron.create_subnet(network, '10.0.1.0/24')
    router = neutron.create_router()
    port = neutron.create_port(network)
    interface = neutron.add_interface(router, subnet)
    neutron.take_marks()
    outcome = reconciler.reconcile([('port', interface['port_id']), ('port', port['id'])])
    assert not outcome.failed
    assert [d for d in compare() if not d.startswith('Subnet')] == []


class Interrupting:
    """A source that lets something happen after the first time that it has read."""

    def __init__(self, source, happening):
        self._source = source
        self._happening = happening

    def read(self, kind, ids=None):
        states = self._source.read(kind, ids)
        happening, self._happening = self._happening, None
        if happening:
            happening()
        return states


def test_a_port_deleted_while_its_row_is_created_leaves_no_row(topology, neutron, nb, source,
                                                               mirror, nb_server):
    from networking_dragonflow.sync import reconciler

    port = neutron.create_port(topology.network1)
    neutron.take_marks()

    def delete():
        # Another worker: it is done before we have written anything.
        neutron.core.delete_port(neutron.context(), port['id'])
        mirror()

    ours = reconciler.Reconciler(nb, Interrupting(source, delete))
    outcome = ours.reconcile([('port', port['id'])])
    assert outcome.failed == {('port', port['id'])}
    assert not ours.reconcile(outcome.failed).failed
    assert port['id'] not in nb_server.rows('Port')


def test_a_state_read_before_another_workers_does_not_win(topology, neutron, nb, source, mirror,
                                                          compare):
    from networking_dragonflow.sync import reconciler

    def change():
        neutron.update_port(topology.port1, admin_state_up=False)
        mirror()

    neutron.update_port(topology.port1, name='x')
    neutron.take_marks()
    ours = reconciler.Reconciler(nb, Interrupting(source, change))
    outcome = ours.reconcile([('port', topology.port1['id'])])
    assert outcome.result.protected and not outcome.failed
    assert compare() == []


def test_a_mac_address_that_is_still_taken_is_written_when_it_is_free(topology, neutron,
                                                                      reconciler, compare):
    """The deletion of the first port with it was marked in a worker that was killed."""
    mac = topology.port1['mac_address']
    neutron.core.delete_port(neutron.context(), topology.port1['id'])
    neutron.take_marks()
    port = neutron.create_port(topology.network1, mac_address=mac)
    other = neutron.create_port(topology.network1)
    neutron.take_marks()
    outcome = reconciler.reconcile([('port', port['id']), ('port', other['id'])])
    assert outcome.failed == {('port', port['id'])}
    assert ('Port', other['id']) in outcome.result.created
    outcome = reconciler.reconcile([('port', topology.port1['id']), ('port', port['id'])])
    assert not outcome.failed
    assert compare() == []


def test_networks_with_several_segments_are_left_to_others(neutron, nb, mirror, nb_server):
    from neutron.db import segments_db

    network = neutron.create_network()
    segments_db.add_network_segment(neutron.context(), network['id'], {
        'network_type': 'vlan', 'physical_network': 'physnet1', 'segmentation_id': 150},
        segment_index=1)
    neutron.create_subnet(network, '10.0.1.0/24')
    neutron.create_port(network)
    mirror()
    assert nb_server.names() == {}


def test_a_network_of_one_segment_again_comes_back_with_all_on_it(topology, neutron, mirror,
                                                                  compare, nb_server):
    from neutron.db import segments_db

    before = nb_server.names()
    segment = {'network_type': 'vlan', 'physical_network': 'physnet1', 'segmentation_id': 150}
    segments_db.add_network_segment(neutron.context(), topology.network1['id'], segment,
                                    segment_index=1)
    neutron.runtime.marks.add(('network', topology.network1['id']))
    mirror()
    assert nb_server.names() == {
        'Network': [topology.network2['id']], 'Subnet': [topology.subnet2['id']],
        'Port': [topology.port2['id']], 'Router': [topology.router['id']],
        'Router_Port': [topology.interface2['port_id']]}
    segments_db.delete_network_segment(neutron.context(), segment['id'])
    neutron.runtime.marks.add(('network', topology.network1['id']))
    mirror()
    assert nb_server.names() == before and compare() == []
