# SPDX-License-Identifier: Apache-2.0
"""Gateways, SNAT and floating IPs in the Northbound database, where they are Dragonflow's."""
import pytest

PROVIDER = {'provider:network_type': 'flat', 'provider:physical_network': 'physnet1'}


@pytest.fixture(scope='module', autouse=True)
def package(neutron_session):
    """The package is importable once Neutron is set up."""


def gateway(*addresses, enable_snat=True):
    from networking_dragonflow.state import objects

    return objects.Gateway('n', enable_snat, {
        objects.GatewayAddress(ip, subnet, next_hop) for ip, subnet, next_hop in addresses})


def router(*routes, gateway=None):
    from networking_dragonflow.state import objects

    return objects.Router('r', 'name', 't', True, 4,
                          [objects.Route(*r.split(' via ')) for r in routes], gateway)


def routes(*arguments, **more):
    from networking_dragonflow.state import objects

    return objects.router(router(*arguments, **more)).columns['routes']


def test_the_default_routes_are_by_the_gateways_of_the_subnets():
    assert routes() == []
    assert routes(gateway=gateway(('203.0.113.5', 's', '203.0.113.1'))) == [
        '0.0.0.0/0 via 203.0.113.1']
    assert routes('10.9.0.0/16 via 10.0.1.9', gateway=gateway(
        ('203.0.113.5', 's', '203.0.113.1'), ('2001:db8::5', 't', '2001:db8::1'))) == [
        '0.0.0.0/0 via 203.0.113.1', '10.9.0.0/16 via 10.0.1.9', '::/0 via 2001:db8::1']
    assert routes(gateway=gateway(('203.0.113.5', 's', None))) == []


def test_one_subnet_of_each_family_has_the_default_route():
    """The one that the API names first of those that have a gateway."""
    assert routes(gateway=gateway(
        ('203.0.113.5', 's', '203.0.113.1'), ('198.51.100.5', 't', '198.51.100.1'),
        ('192.0.2.5', 'u', None))) == ['0.0.0.0/0 via 198.51.100.1']


def test_an_extra_route_precedes_the_gateways():
    outside = gateway(('203.0.113.5', 's', '203.0.113.1'), ('2001:db8::5', 't', '2001:db8::1'))
    assert routes('0.0.0.0/0 via 10.0.1.9', '0.0.0.0/0 via 10.0.1.10', gateway=outside) == [
        '0.0.0.0/0 via 10.0.1.10', '0.0.0.0/0 via 10.0.1.9', '::/0 via 2001:db8::1']


def test_snat_is_to_the_first_ipv4_address_of_the_gateway():
    from networking_dragonflow.state import objects

    row = objects.snat(router(gateway=gateway(
        ('203.0.113.5', 's', None), ('2001:db8::5', 't', None), ('203.0.113.10', 's', None))))
    assert row.key == ('NAT', 'r-snat') and row.revision == 4
    assert row.columns == {
        'router': 'r', 'type': 'snat', 'external_ip': '203.0.113.10', 'logical_ip': '0.0.0.0/0',
        'external_mac': [], 'external_ids': {
            'neutron:revision': '4', 'neutron:name': 'name', 'neutron:project_id': 't'}}


def test_there_is_no_snat_without_an_address_or_if_it_is_not_wanted():
    from networking_dragonflow.state import objects

    assert objects.snat(router()) is None
    assert objects.snat(router(gateway=gateway(('2001:db8::5', 't', None)))) is None
    assert objects.snat(router(gateway=gateway(('203.0.113.5', 's', None),
                                               enable_snat=False))) is None


def test_a_floating_ip_has_a_row_while_it_is_associated():
    from networking_dragonflow.state import objects

    def floating_ip(**values):
        return objects.floating_ip(objects.FloatingIp(**dict(
            dict(id='f', project_id='t', revision=7, router_id='r', floating_ip='203.0.113.9',
                 mac='FA:16:3E:00:00:09', fixed_ip='10.0.1.5', port_id='p', network_id='n'),
            **values)))

    row = floating_ip()
    assert row.key == ('NAT', 'f') and row.revision == 7
    assert row.columns == {
        'router': 'r', 'type': 'dnat_and_snat', 'external_ip': '203.0.113.9',
        'logical_ip': '10.0.1.5', 'external_mac': ['fa:16:3e:00:00:09'], 'external_ids': {
            'neutron:revision': '7', 'neutron:name': '', 'neutron:project_id': 't',
            'neutron:port_id': 'p'}}
    assert floating_ip(fixed_ip=None, port_id=None, router_id=None) is None
    # As with port forwardings, which have no fixed IP.
    assert floating_ip(fixed_ip=None, port_id=None) is None


def test_the_gateway_of_a_router_is_its_port_or_a_legacy_routers():
    from networking_dragonflow.state import objects

    port = objects.Port('p', '', '', 'n', 'FA:16:3E:00:00:01', True, 'r',
                        'network:router_gateway', 'h1', 3, [objects.Address('203.0.113.5', 24)])
    assert objects.port(port).host == 'h1' and objects.router_port(port) is None
    assert objects.port(port, north_south=True) is None
    row = objects.router_port(port, north_south=True)
    assert row.columns['router'] == 'r' and row.columns['addresses'] == ['203.0.113.5/24']
    assert objects.router_port(port._replace(enabled=False), north_south=True) is None


def test_nothing_is_advertised_on_external_networks():
    from networking_dragonflow.state import objects

    subnet = objects.Subnet('s', '', 't', 'n', '2001:db8::/64', '2001:db8::1', 1, 'slaac',
                            'slaac')
    assert objects.subnet(subnet).columns['ra_mode'] == ['slaac']
    columns = objects.subnet(subnet._replace(external=True)).columns
    assert (columns['ra_mode'], columns['address_mode']) == ([], ['slaac'])


def test_each_row_belongs_to_one_object():
    from networking_dragonflow.state import reader

    for kind in reader.KINDS:
        for key in reader.keys_of(kind, 'id'):
            assert reader.mark_of(*key) == (kind, 'id')


# In a Neutron.

@pytest.fixture
def source(neutron):
    from networking_dragonflow.state import reader

    return reader.Reader(north_south=True)


class Outside:
    """An external network with a subnet, on which the router of 'topology' has its gateway."""

    def __init__(self, neutron, topology):
        self.neutron = neutron
        self.topology = topology
        self.router = topology.router['id']
        self.network = neutron.create_network('outside', **{'router:external': True, **PROVIDER})
        self.subnet = neutron.create_subnet(self.network, '203.0.113.0/24', allocation_pools=[
            {'start': '203.0.113.100', 'end': '203.0.113.199'}])
        self.set_gateway(network_id=self.network['id'])

    def set_gateway(self, **info):
        return self.neutron.l3.update_router(self.neutron.context(), self.router, {
            'router': {'external_gateway_info': info}})

    @property
    def gateway(self):
        port, = self.neutron.core.get_ports(self.neutron.context(), filters={
            'device_owner': ['network:router_gateway']})
        return port

    def create_floating_ip(self, port=None):
        return self.neutron.l3.create_floatingip(self.neutron.context(), {'floatingip': {
            'tenant_id': 'p', 'floating_network_id': self.network['id'],
            'port_id': port and port['id']}})

    def associate(self, floating_ip, port):
        self.neutron.l3.update_floatingip(self.neutron.context(), floating_ip['id'], {
            'floatingip': {'port_id': port and port['id']}})

    def update_subnet(self, **values):
        self.neutron.core.update_subnet(self.neutron.context(), self.subnet['id'],
                                        {'subnet': values})


@pytest.fixture
def outside(topology, neutron, repair):
    outside = Outside(neutron, topology)
    assert repair() == 5        # Two of the network, two of the gateway, and the router.
    return outside


def nat(nb_server, name):
    """What the row says, without what all rows have; None if there is none."""
    row = nb_server.rows('NAT').get(name)
    return row and (row['type'], row['external_ip'], row['logical_ip'], row['external_mac'])


def test_a_gateway_is_mirrored(outside, nb_server, compare):
    port = outside.gateway
    ip = port['fixed_ips'][0]['ip_address']
    row = nb_server.rows('Router_Port')[port['id']]
    assert row['addresses'] == [ip + '/24'] and row['mac'] == port['mac_address']
    assert nb_server.rows('Network')[outside.network['id']]['external'] is True
    router = nb_server.rows('Router')[outside.router]
    assert row['router'] == router['_uuid']
    assert nb_server.routes() == {router['_uuid']: ['0.0.0.0/0 via 203.0.113.1']}
    assert nat(nb_server, outside.router + '-snat') == ('snat', ip, '0.0.0.0/0', None)
    assert compare() == []


def test_a_gateway_goes_with_all_that_it_brought(outside, nb_server, repair):
    outside.set_gateway()
    assert repair() == 3
    assert nb_server.rows('NAT') == {} and nb_server.routes() == {}
    assert len(nb_server.rows('Router_Port')) == 2


def test_snat_is_switched(outside, nb_server, repair, compare):
    name = outside.router + '-snat'
    outside.set_gateway(network_id=outside.network['id'], enable_snat=False)
    assert 'NAT %s: surplus' % name in compare()
    repair()
    assert nat(nb_server, name) is None and nb_server.routes()
    outside.set_gateway(network_id=outside.network['id'], enable_snat=True)
    repair()
    assert nat(nb_server, name)[0] == 'snat'


def test_what_changes_nothing_of_the_router_is_seen(outside, neutron, nb, nb_server, source,
                                                    compare):
    """The addresses of its gateway, and the subnet's gateway, have revisions of their own."""
    from networking_dragonflow.sync import sweep

    s = sweep.Sweep(nb, source, lambda: 0.0, lambda seconds: None)
    s.start()

    def sweep_until_equal():
        neutron.take_marks()
        assert compare() != []
        s.due = 0.0
        assert s.run() > 0 and compare() == []

    outside.update_subnet(gateway_ip='203.0.113.2')
    sweep_until_equal()
    assert list(nb_server.routes().values()) == [['0.0.0.0/0 via 203.0.113.2']]
    neutron.update_port(outside.gateway, fixed_ips=[{'subnet_id': outside.subnet['id'],
                                                     'ip_address': '203.0.113.77'}])
    sweep_until_equal()
    assert nat(nb_server, outside.router + '-snat')[1] == '203.0.113.77'
    floating_ip = outside.create_floating_ip(outside.topology.port1)
    sweep_until_equal()
    outside.associate(floating_ip, outside.topology.port2)
    sweep_until_equal()
    assert nat(nb_server, floating_ip['id'])[2] == \
        outside.topology.port2['fixed_ips'][0]['ip_address']


def test_a_floating_ip_is_mirrored_while_it_is_associated(outside, neutron, nb_server, repair):
    floating_ip = outside.create_floating_ip()
    assert repair() == 0
    for port in (outside.topology.port1, outside.topology.port2):
        outside.associate(floating_ip, port)
        assert repair() == 1
        owner, = neutron.core.get_ports(neutron.context(), filters={
            'device_owner': ['network:floatingip']})
        assert nat(nb_server, floating_ip['id']) == (
            'dnat_and_snat', floating_ip['floating_ip_address'],
            port['fixed_ips'][0]['ip_address'], owner['mac_address'])
    assert owner['id'] not in nb_server.rows('Port')
    outside.associate(floating_ip, None)
    assert repair() == 1 and nat(nb_server, floating_ip['id']) is None
    outside.associate(floating_ip, port)
    repair()
    neutron.core.delete_port(neutron.context(), port['id'])
    assert repair() == 2 and nat(nb_server, floating_ip['id']) is None
    neutron.l3.delete_floatingip(neutron.context(), floating_ip['id'])
    assert repair() == 0


def test_damage_is_repaired_and_rows_of_others_stay(outside, nb, nb_server, compare, repair):
    from neutronharness import waiting

    floating_ip = outside.create_floating_ip(outside.topology.port1)
    repair()
    wanted = {name: nat(nb_server, name) for name in (floating_ip['id'], outside.router + '-snat')}
    router = nb_server.rows('Router')[outside.router]['_uuid']
    theirs = dict(router=['uuid', router], type='snat', external_ip='203.0.113.200',
                  logical_ip='10.0.1.0/24')
    nb_server.insert('NAT', name='theirs', **theirs)
    nb_server.insert('NAT', name='left-snat', external_ids=['map', [['neutron:revision', '1']]],
                     **theirs)
    nb_server.update('NAT', floating_ip['id'], type='snat', external_mac=['set', []])
    nb_server.update('NAT', outside.router + '-snat', external_ids=['map', []],
                     logical_ip='10.0.0.0/8')
    nb_server.update('Network', outside.network['id'], external=False)
    nb_server.transact({'op': 'delete', 'table': 'Static_Route', 'where': []})

    def seen():
        with nb.lock():
            return not nb.rows('Static_Route')
    waiting.until(seen, 5, 'the change is in the replica')
    assert compare() == sorted([
        'NAT %s: different: external_mac, type' % floating_ip['id'],
        'NAT %s-snat: different: external_ids, logical_ip' % outside.router,
        'NAT left-snat: surplus',
        'Network %s: different: external' % outside.network['id'],
        'Router %s: different: routes' % outside.router])
    repair()
    assert compare() == []
    assert {name: nat(nb_server, name) for name in wanted} == wanted
    assert set(nb_server.rows('NAT')) == {*wanted, 'theirs'}


def test_a_network_of_several_segments_is_no_way_out(outside, neutron, repair, nb_server):
    """Neither its ports nor what leads there by them."""
    from neutron.db import segments_db

    outside.create_floating_ip(outside.topology.port1)
    repair()
    assert len(nb_server.rows('NAT')) == 2
    second = {'network_type': 'vlan', 'physical_network': 'physnet1', 'segmentation_id': 151}
    segments_db.add_network_segment(neutron.context(), outside.network['id'], second,
                                    segment_index=1)
    repair()
    assert nb_server.rows('NAT') == {} and nb_server.routes() == {}
    assert len(nb_server.rows('Router_Port')) == 2
    segments_db.delete_network_segment(neutron.context(), second['id'])
    repair()
    assert len(nb_server.rows('NAT')) == 2 and nb_server.routes()


def test_a_state_read_before_another_workers_does_not_last(outside, nb, source, neutron,
                                                           nb_server, compare, monkeypatch):
    """What the row depends on has changed, its revision has not."""
    from networking_dragonflow.state import reader
    from networking_dragonflow.sync import reconciler

    mark = reader.ROUTER, outside.router
    worker = reconciler.Reconciler(nb, source)
    outside.update_subnet(gateway_ip='203.0.113.2')
    original = source.read
    meanwhile = []

    def read(kind, ids=None):
        states = original(kind, ids)
        if kind == reader.ROUTER and not meanwhile:
            meanwhile.append(True)
            outside.update_subnet(gateway_ip='203.0.113.3')
        return states
    monkeypatch.setattr(source, 'read', read)
    assert worker.reconcile([mark]).failed == {mark}
    assert list(nb_server.routes().values()) == [['0.0.0.0/0 via 203.0.113.2']]
    assert worker.reconcile([mark]).failed == set()
    assert list(nb_server.routes().values()) == [['0.0.0.0/0 via 203.0.113.3']]


def test_beside_an_agent_nothing_of_it_is_mirrored(outside, nb, nb_server):
    """And what was, in native mode, is removed."""
    from networking_dragonflow.state import reader
    from networking_dragonflow.sync import comparison

    outside.create_floating_ip(outside.topology.port1)
    agents = reader.Reader()
    comparison.repair(nb, agents, *comparison.compare(nb, agents))
    assert nb_server.rows('NAT') == {} and nb_server.routes() == {}
    assert [n['external'] for n in nb_server.rows('Network').values()] == [None] * 3
    assert len(nb_server.rows('Router_Port')) == 2
