# SPDX-License-Identifier: Apache-2.0
"""What is done over the REST API is seen in the Northbound database."""
import pytest

from neutronharness import server as server_


def test_a_topology_is_mirrored_and_vanishes(cloud):
    cloud.make_topology()
    cloud.expect_mirrored()
    assert {t: len(names) for t, names in cloud.nb.names().items()} == {
        'Network': 2, 'Subnet': 2, 'Port': 2, 'Router': 1, 'Router_Port': 2}
    cloud.delete_everything()
    cloud.expect_mirrored()
    assert cloud.nb.names() == {}


def test_changes_are_mirrored(cloud):
    networks, subnets, ports, router = cloud.make_topology()
    n = cloud.neutron
    n.update('port', ports[0]['id'], admin_state_up=False, name='changed')
    n.update('port', ports[1]['id'], **{'binding:host_id': 'h2'})
    n.update('network', networks[0]['id'], mtu=1300)
    n.update('router', router['id'], admin_state_up=False,
             routes=[{'destination': '10.9.0.0/16', 'nexthop': '10.0.1.9'},
                     {'destination': '10.9.0.0/16', 'nexthop': '10.0.1.10'},
                     {'destination': '0.0.0.0/0', 'nexthop': '10.0.2.9'}])
    n.router_action(router, 'add_extraroutes', router={'routes': [
        {'destination': '10.8.0.0/16', 'nexthop': '10.0.1.9'}]})
    cloud.expect_mirrored()
    row = cloud.nb.rows('Router')[router['id']]
    assert len(cloud.nb.routes()[row['_uuid']]) == 4 and row['enabled'] is False
    n.router_action(router, 'remove_extraroutes', router={'routes': [
        {'destination': '10.9.0.0/16', 'nexthop': '10.0.1.10'}]})
    n.update('port', ports[0]['id'], fixed_ips=[{'ip_address': '10.0.1.50'},
                                                {'ip_address': '10.0.1.51'}])
    cloud.expect_mirrored()
    assert cloud.nb.rows('Port')[ports[0]['id']]['addresses'] == ['10.0.1.50', '10.0.1.51']


def test_all_types_of_networks_are_mirrored(cloud):
    n = cloud.neutron
    for kind, segmentation_id in (('vxlan', 500), ('gre', 501), ('geneve', 502)):
        n.create('network', **{'provider:network_type': kind,
                               'provider:segmentation_id': segmentation_id})
    n.create('network', **{'provider:network_type': 'vlan', 'provider:segmentation_id': 150,
                           'provider:physical_network': 'physnet1'})
    n.create('network', **{'provider:network_type': 'flat',
                           'provider:physical_network': 'physnet1'})
    cloud.expect_mirrored()
    assert sorted(r['type'] for r in cloud.nb.rows('Network').values()) == [
        'flat', 'geneve', 'gre', 'vlan', 'vxlan']


def test_an_interface_may_be_a_port_that_exists(cloud):
    networks, _, _, router = cloud.make_topology()
    port = cloud.neutron.create('port', network_id=networks[0]['id'],
                                fixed_ips=[{'ip_address': '10.0.1.200'}])
    # Two interfaces on one subnet would overlap, so on a router of its own.
    other = cloud.neutron.create('router', name='other')
    cloud.neutron.router_action(other, 'add_router_interface', port_id=port['id'])
    cloud.expect_mirrored()
    assert cloud.nb.rows('Router_Port')[port['id']]['addresses'] == ['10.0.1.200/24']
    assert port['id'] not in cloud.nb.rows('Port')


def test_what_legacy_routing_uses_is_no_port_of_a_machine(cloud):
    """External networks, gateways and floating IPs are the legacy agents'."""
    n = cloud.neutron
    networks, _, ports, router = cloud.make_topology()
    external, _ = cloud.make_outside(router)
    floating_ip = n.create('floatingip', floating_network_id=external['id'],
                           port_id=ports[0]['id'])
    assert floating_ip['fixed_ip_address'] == ports[0]['fixed_ips'][0]['ip_address']
    n.create('subnet', network_id=networks[0]['id'], ip_version=6, cidr='fd00:1::/64',
             ipv6_ra_mode='slaac', ipv6_address_mode='slaac')
    cloud.expect_mirrored()
    assert len(cloud.nb.names()['Port']) == len(cloud.nb.names()['Router_Port']) == 2
    assert cloud.nb.rows('NAT') == {} and cloud.nb.routes() == {}
    assert {row['external'] for row in cloud.nb.rows('Network').values()} == {None}
    n.delete('floatingip', floating_ip['id'])
    n.update('router', router['id'], external_gateway_info={})
    cloud.expect_mirrored()


def test_what_machines_are_told_is_mirrored(cloud):
    """Modes and DNS servers of subnets, as router advertisements have them."""
    n = cloud.neutron
    networks, _, _, router = cloud.make_topology()
    subnet = n.create('subnet', network_id=networks[0]['id'], ip_version=6, cidr='fd00:1::/64',
                      ipv6_ra_mode='dhcpv6-stateless', ipv6_address_mode='dhcpv6-stateless',
                      dns_nameservers=['fd00:1::54', 'fd00:1::53'])
    n.router_action(router, 'add_router_interface', subnet_id=subnet['id'])
    cloud.expect_mirrored()

    def row():
        return cloud.nb.rows('Subnet')[subnet['id']]
    assert row()['ra_mode'] == row()['address_mode'] == 'dhcpv6-stateless'
    assert row()['dns_servers'] == ['fd00:1::53', 'fd00:1::54']
    n.update('subnet', subnet['id'], dns_nameservers=[])
    cloud.expect_mirrored()
    assert row()['dns_servers'] == []


def test_the_api_is_that_of_the_stock_plugin(cloud):
    aliases = {e['alias'] for e in cloud.neutron.get('extensions')}
    assert {'router', 'extraroute', 'extraroute-atomic', 'ext-gw-mode', 'l3-ha', 'dvr',
            'l3_agent_scheduler', 'router_availability_zone', 'fip-port-details',
            'sorting', 'pagination', 'filter-validation'} <= aliases
    for name in ('b', 'a', 'c'):
        cloud.neutron.create('router', name=name)
    page = cloud.neutron.get('routers?sort_key=name&sort_dir=asc&limit=2')
    assert [r['name'] for r in page] == ['a', 'b']
    with pytest.raises(server_.ApiError) as e:
        cloud.neutron.get('routers?no_such_attribute=1')
    assert e.value.status == 400


def test_highly_available_and_distributed_routers_are_routers(cloud):
    networks, subnets, _, _ = cloud.make_topology()
    third = cloud.neutron.create('network', name='n3')
    for i, attributes in enumerate(({'ha': False}, {'distributed': True, 'ha': False})):
        subnet = cloud.neutron.create('subnet', network_id=third['id'], ip_version=4,
                                      cidr='10.1.%d.0/24' % i)
        router = cloud.neutron.create('router', name='r%d' % i, **attributes)
        cloud.neutron.router_action(router, 'add_router_interface', subnet_id=subnet['id'])
    cloud.expect_mirrored()
    assert len(cloud.nb.names()['Router_Port']) == 4


def test_a_bulk_of_ports_is_mirrored(cloud):
    networks, _, _, _ = cloud.make_topology()
    cloud.neutron.call('POST', 'ports', {'ports': [
        {'network_id': networks[0]['id'], 'device_owner': 'compute:nova',
         'binding:host_id': 'h2'} for _ in range(20)]})
    cloud.expect_mirrored()
    assert len(cloud.nb.names()['Port']) == 22
