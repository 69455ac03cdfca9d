# SPDX-License-Identifier: Apache-2.0
"""What of Neutron is seen in the Northbound database, and how."""
import pytest


@pytest.fixture(scope='module', autouse=True)
def package(neutron_session):
    """The package is importable once Neutron is set up."""


def port(**values):
    from networking_dragonflow.state import objects

    defaults = dict(id='p', name='', project_id='t', network_id='n', mac='FA:16:3E:00:00:01',
                    enabled=True, device_id='vm', device_owner='compute:nova', host='h1',
                    revision=3, addresses=[objects.Address('10.0.0.9', 24),
                                           objects.Address('10.0.0.10', 24)])
    return objects.Port(**dict(defaults, **values))


@pytest.mark.parametrize('owner, host, plugged', [
    ('compute:nova', 'h1', True),
    ('compute:az-2', '', True),             # An instance without a host yet.
    ('', 'h1', True),                       # Plugged without Nova.
    ('', '', False),                        # A virtual address, or not used yet.
    ('Octavia', '', False),
    ('Octavia', 'h1', True),
    ('trunk:subport', 'h1', True),
    ('network:dhcp', 'h1', True),
    ('network:router_gateway', 'h1', True),
    ('network:router_centralized_snat', 'h1', True),
    ('network:router_ha_interface', 'h1', True),
    ('network:floatingip_agent_gateway', 'h1', True),
    ('network:floatingip', '', False),
    ('network:floatingip', 'h1', False),
    ('network:local_ip', 'h1', False),
    ('network:distributed', 'h1', False),
    ('network:router_interface', 'h1', False),
    ('network:ha_router_replicated_interface', 'h1', False),
    ('network:router_interface_distributed', '', False),
])
def test_ports_that_are_an_interface_on_some_host_are_ports(owner, host, plugged):
    from networking_dragonflow.state import objects

    row = objects.port(port(device_owner=owner, host=host))
    assert (row is not None) == plugged


@pytest.mark.parametrize('owner', ['network:router_interface',
                                   'network:ha_router_replicated_interface',
                                   'network:router_interface_distributed'])
def test_interfaces_of_routers_are_router_ports(owner):
    from networking_dragonflow.state import objects

    row = objects.router_port(port(device_owner=owner, device_id='r'))
    assert row.columns['router'] == 'r'
    assert row.columns['addresses'] == ['10.0.0.10/24', '10.0.0.9/24']
    assert row.columns['mac'] == 'fa:16:3e:00:00:01'


def test_other_ports_of_routers_are_no_router_ports():
    from networking_dragonflow.state import objects

    for owner in ('network:router_gateway', 'network:router_centralized_snat', 'compute:nova'):
        assert objects.router_port(port(device_owner=owner)) is None


def test_a_disabled_interface_of_a_router_is_none():
    from networking_dragonflow.state import objects

    disabled = port(device_owner='network:router_interface', device_id='r', enabled=False)
    assert objects.router_port(disabled) is None


def test_a_disabled_port_stays_and_says_so():
    from networking_dragonflow.state import objects

    row = objects.port(port(enabled=False))
    assert row.columns['enabled'] == [False]
    assert row.revision == 3 and row.columns['external_ids']['neutron:revision'] == '3'


def network(*segments):
    from networking_dragonflow.state import objects

    return objects.network(objects.Network(
        'n', None, 't', 1450, 1, [objects.Segment(*s) for s in segments]))


def test_a_flat_network_has_no_segmentation_id():
    columns = network(('flat', 'physnet1', None)).columns
    assert (columns['type'], columns['segmentation_id'], columns['physical_network']) == \
        ('flat', [], ['physnet1'])


def test_networks_that_cannot_be_mirrored_are_left_out():
    assert network() is None
    assert network(('vxlan', None, 1), ('vlan', 'physnet1', 2)) is None
    assert network(('unknown', None, 1)) is None


def test_a_gateway_outside_of_its_subnet_is_left_out():
    from networking_dragonflow.state import objects

    def gateway(ip):
        return objects.subnet(objects.Subnet('s', '', 't', 'n', '10.0.0.0/24', ip, 1)
                              ).columns['gateway_ip']

    assert gateway('10.0.0.1') == ['10.0.0.1']
    assert gateway('10.0.1.1') == []
    assert gateway(None) == []


def ipv6_subnet(gateway='2001:db8::1', *modes_and_servers):
    from networking_dragonflow.state import objects

    return objects.subnet(objects.Subnet('s', '', 't', 'n', '2001:db8::/64', gateway, 1,
                                         *modes_and_servers)).columns


def test_a_link_local_gateway_is_one_of_an_ipv6_subnet():
    assert ipv6_subnet('fe80::1')['gateway_ip'] == ['fe80::1']
    assert ipv6_subnet('2001:db8:1::1')['gateway_ip'] == []
    assert ipv6_subnet(None)['gateway_ip'] == []


def test_the_modes_of_a_subnet_are_those_of_its_row():
    columns = ipv6_subnet(None, 'slaac', 'slaac')
    assert (columns['ra_mode'], columns['address_mode']) == (['slaac'], ['slaac'])
    columns = ipv6_subnet(None, None, 'dhcpv6-stateful')
    assert (columns['ra_mode'], columns['address_mode']) == ([], ['dhcpv6-stateful'])


def test_dns_servers_are_those_that_machines_can_be_told_of():
    """Of the subnet's family, in one spelling."""
    def servers(*addresses):
        return ipv6_subnet(None, None, None, addresses)['dns_servers']

    assert servers('2001:DB8::54', '2001:db8:0::53') == ['2001:db8::53', '2001:db8::54']
    assert servers('192.0.2.1', '2001:db8::53') == ['2001:db8::53']
    assert servers('::', '::1', 'ff02::fb') == []
    assert servers() == []


def test_routes_are_written_as_prefixes():
    from networking_dragonflow.state import objects

    row = objects.router(objects.Router('r', '', 't', True, 1, [
        objects.Route('10.9.1.1/16', '10.0.1.5'), objects.Route('0.0.0.0/0', '10.0.1.6')]))
    assert row.columns['static_routes'] == []
    assert row.columns['routes'] == ['0.0.0.0/0 via 10.0.1.6', '10.9.0.0/16 via 10.0.1.5']
