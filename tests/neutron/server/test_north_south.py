# SPDX-License-Identifier: Apache-2.0
"""Native mode: gateways, SNAT and floating IPs in the Northbound database, over the REST API."""
import pytest

from neutronharness import server as server_
from neutronharness import waiting
from neutronharness.chassis import Chassis


@pytest.fixture(scope='module')
def pristine():
    """MariaDB: in native mode Neutron's workers write at the same time."""


@pytest.fixture(scope='module')
def settings():
    return dict(mechanism_drivers='dragonflow', service_plugins='dragonflow,qos',
                extension_drivers='port_security,qos', options='''
liveness_interval = 1
comparison_interval = 5
allow_port_security_without_enforcement = True''')


def nat(cloud):
    """Returns {name: (external address, logical address)}."""
    return {name: (row['external_ip'], row['logical_ip'])
            for name, row in cloud.nb.rows('NAT').items()}


def create_floating_ip(cloud, network, port=None):
    return cloud.neutron.create('floatingip', floating_network_id=network['id'],
                                **{'port_id': port['id']} if port else {})


def address(port):
    return port['fixed_ips'][0]['ip_address']


def test_a_gateway_comes_changes_and_goes(cloud):
    n = cloud.neutron
    _, _, _, router = cloud.make_topology()
    network, subnet = cloud.make_outside(router)
    cloud.expect_mirrored()
    ip = n.get('routers/' + router['id'])['external_gateway_info']['external_fixed_ips'][0][
        'ip_address']
    name = router['id'] + '-snat'
    assert nat(cloud) == {name: (ip, '0.0.0.0/0')}
    assert cloud.nb.rows('Network')[network['id']]['external'] is True
    assert len(cloud.nb.rows('Router_Port')) == 3 and len(cloud.nb.rows('Port')) == 2

    # Neither of these changes the revision of the router.
    n.update('subnet', subnet['id'], gateway_ip='203.0.113.2')
    cloud.expect_mirrored()
    gateway, = n.get('ports?device_owner=network:router_gateway')
    n.update('port', gateway['id'], fixed_ips=[{'subnet_id': subnet['id'],
                                                'ip_address': '203.0.113.50'}])
    cloud.expect_mirrored()
    assert nat(cloud) == {name: ('203.0.113.50', '0.0.0.0/0')}
    assert list(cloud.nb.routes().values()) == [['0.0.0.0/0 via 203.0.113.2']]

    n.update('router', router['id'], external_gateway_info={
        'network_id': network['id'], 'enable_snat': False, 'external_fixed_ips': [
            {'subnet_id': subnet['id'], 'ip_address': '203.0.113.60'}]})
    cloud.expect_mirrored()
    assert nat(cloud) == {}
    n.update('router', router['id'], external_gateway_info={})
    cloud.expect_mirrored()
    assert cloud.nb.routes() == {} and len(cloud.nb.rows('Router_Port')) == 2


def test_a_gateway_has_addresses_of_both_families(cloud):
    n = cloud.neutron
    _, _, _, router = cloud.make_topology()
    network, _ = cloud.make_outside(router)
    n.create('subnet', network_id=network['id'], ip_version=6, cidr='2001:db8::/64',
             gateway_ip='2001:db8::1',
             ipv6_ra_mode='slaac', ipv6_address_mode='slaac')
    n.update('router', router['id'], external_gateway_info={})
    n.update('router', router['id'], external_gateway_info={'network_id': network['id']})
    n.update('router', router['id'], routes=[{'destination': '10.9.0.0/16',
                                              'nexthop': '203.0.113.9'}])
    cloud.expect_mirrored()
    routes, = cloud.nb.routes().values()
    assert routes == ['0.0.0.0/0 via 203.0.113.1', '10.9.0.0/16 via 203.0.113.9',
                      '::/0 via 2001:db8::1']
    assert {s['ra_mode'] for s in cloud.nb.rows('Subnet').values()} == {None}
    n.update('router', router['id'], routes=[{'destination': '0.0.0.0/0',
                                              'nexthop': '10.0.1.9'}])
    cloud.expect_mirrored()
    routes, = cloud.nb.routes().values()
    assert routes == ['0.0.0.0/0 via 10.0.1.9', '::/0 via 2001:db8::1']


def test_whether_a_network_is_external_may_change(cloud):
    n = cloud.neutron
    network = n.create('network', **{'provider:network_type': 'flat',
                                     'provider:physical_network': 'physnet1'})
    n.create('subnet', network_id=network['id'], ip_version=6, cidr='2001:db8::/64',
             ipv6_ra_mode='slaac', ipv6_address_mode='slaac')
    for external in (False, True, False):
        n.update('network', network['id'], **{'router:external': external})
        cloud.expect_mirrored()
        assert cloud.nb.rows('Network')[network['id']]['external'] is (external or None)


def test_a_floating_ip_is_associated_moved_and_taken_away(cloud):
    n = cloud.neutron
    _, _, ports, router = cloud.make_topology()
    network, _ = cloud.make_outside(router, enable_snat=False)
    floating_ip = create_floating_ip(cloud, network)
    cloud.expect_mirrored()
    assert nat(cloud) == {}
    for port in ports:
        n.update('floatingip', floating_ip['id'], port_id=port['id'])
        cloud.expect_mirrored()
        assert nat(cloud) == {floating_ip['id']: (floating_ip['floating_ip_address'],
                                                  address(port))}
    n.update('floatingip', floating_ip['id'], port_id=None)
    cloud.expect_mirrored()
    assert nat(cloud) == {}
    second = create_floating_ip(cloud, network, ports[0])
    n.update('floatingip', floating_ip['id'], port_id=ports[1]['id'])
    cloud.expect_mirrored()
    n.delete('port', ports[0]['id'])
    cloud.expect_mirrored()
    assert set(nat(cloud)) == {floating_ip['id']}
    assert n.get('floatingips/' + second['id'])['port_id'] is None
    n.delete('floatingip', floating_ip['id'])
    cloud.expect_mirrored()
    assert nat(cloud) == {}


def test_a_floating_ip_is_active_while_its_port_is(cloud):
    n = cloud.neutron
    chassis = Chassis(cloud, 'h9', 'h9')
    chassis.wait_alive()
    networks, _, _, router = cloud.make_topology()
    network, _ = cloud.make_outside(router)
    port = cloud.make_port(networks[0], host='h9')
    assert port['binding:vif_type'] == 'ovs'
    floating_ip = create_floating_ip(cloud, network, port)

    def wait(status):
        waiting.until(lambda: n.get('floatingips/' + floating_ip['id'])['status'] == status, 20,
                      lambda: 'it is not %s' % status)
    wait('DOWN')
    chassis.say_up(port)
    wait('ACTIVE')
    cloud.expect_mirrored()     # The status changes the revision.
    chassis.say_up(port, False)
    wait('DOWN')
    chassis.say_up(port)
    wait('ACTIVE')
    n.update('floatingip', floating_ip['id'], port_id=None)
    wait('DOWN')
    n.update('floatingip', floating_ip['id'], port_id=port['id'])
    wait('ACTIVE')
    n.delete('port', port['id'])
    wait('DOWN')


def test_neutron_is_killed_between_its_commit_and_the_write(cloud):
    n = cloud.neutron
    _, _, ports, router = cloud.make_topology()
    network, subnet = cloud.make_outside(router)
    floating_ips = [create_floating_ip(cloud, network, port) for port in ports]
    cloud.expect_mirrored()
    before = nat(cloud)
    cloud.nb.kill()
    n.update('floatingip', floating_ips[0]['id'], port_id=None)
    n.delete('floatingip', floating_ips[1]['id'])
    created = create_floating_ip(cloud, network, ports[1])
    n.update('router', router['id'], external_gateway_info={
        'network_id': network['id'], 'external_fixed_ips': [
            {'subnet_id': subnet['id'], 'ip_address': '203.0.113.60'}]})
    n.update('subnet', subnet['id'], gateway_ip='203.0.113.2')
    n.kill()
    cloud.nb.start()
    assert nat(cloud) == before, 'nothing was lost'
    n.start()
    cloud.expect_mirrored(40)
    assert nat(cloud) == {
        router['id'] + '-snat': ('203.0.113.60', '0.0.0.0/0'),
        created['id']: (created['floating_ip_address'], address(ports[1]))}


def test_what_others_change_is_repaired(cloud):
    _, _, ports, router = cloud.make_topology()
    network, _ = cloud.make_outside(router)
    floating_ip = create_floating_ip(cloud, network, ports[0])
    cloud.expect_mirrored()
    cloud.nb.update('NAT', floating_ip['id'], logical_ip='10.0.1.250')
    cloud.nb.delete('NAT', router['id'] + '-snat')
    cloud.nb.update('Network', network['id'], external=['set', []])
    cloud.nb.transact({'op': 'delete', 'table': 'Static_Route', 'where': []})
    cloud.expect_mirrored(30)
    uuid = cloud.nb.rows('Router')[router['id']]['_uuid']
    cloud.nb.insert('NAT', name='surplus', router=['uuid', uuid], type='snat',
                    external_ip='203.0.113.9', logical_ip='0.0.0.0/0',
                    external_ids=['map', [['neutron:revision', '1']]])
    cloud.expect_mirrored(30)


def test_any_router_is_highly_available_and_distributed(cloud):
    """Whatever was asked for: the attributes are accepted, and change nothing."""
    n = cloud.neutron
    networks, subnets, ports, _ = cloud.make_topology()
    external = None
    for i, attributes in enumerate(({'ha': True}, {'distributed': True, 'ha': False},
                                    {'ha': True, 'distributed': True})):
        router = n.create('router', name='r%d' % i, **attributes)
        assert {k: router[k] for k in attributes} == attributes
        if external is None:
            external, _ = cloud.make_outside(router)
        else:
            n.update('router', router['id'], external_gateway_info={
                'network_id': external['id']})
        network = n.create('network')
        subnet = n.create('subnet', network_id=network['id'], ip_version=4,
                          cidr='10.1.%d.0/24' % i)
        n.router_action(router, 'add_router_interface', subnet_id=subnet['id'])
        create_floating_ip(cloud, external, cloud.make_port(network))
        with pytest.raises(server_.ApiError) as e:
            n.call('POST', 'agents/11111111-2222-3333-4444-555555555555/l3-routers',
                   {'router_id': router['id']})
        assert e.value.status == 409 and 'Dragonflow serves router' in e.value.body
    cloud.expect_mirrored()
    assert len(nat(cloud)) == 6
    assert len(cloud.nb.rows('Router_Port')) == 2 + 6
    log = n.log.read_text()
    assert 'No active L3 agents' not in log and 'No L3 agents can host' not in log


def test_what_only_l3_agents_serve_is_not_offered(cloud):
    aliases = {e['alias'] for e in cloud.neutron.get('extensions')}
    assert {'router', 'ext-gw-mode', 'extraroute', 'fip-port-details', 'qos'} <= aliases
    assert not {'qos-fip', 'qos-gateway-ip', 'floating-ip-port-forwarding'} & aliases
