# SPDX-License-Identifier: Apache-2.0
"""Dragonflow beside other service plugins of Neutron: those that need an L3 plugin get ours,
and what cannot be together is refused with words."""
import shutil

import pytest

from neutronharness import server as server_
from neutronharness.cloud import Cloud


@pytest.fixture(scope='module')
def settings():
    # The first needs an L3 plugin before its turn.
    return dict(service_plugins='port_forwarding,dragonflow,conntrack_helper,qos',
                extension_drivers='port_security,qos')


def test_port_forwardings_and_conntrack_helpers_are_of_our_routers(cloud):
    n = cloud.neutron
    networks, _, ports, router = cloud.make_topology()
    external = n.create('network', **{'router:external': True, 'provider:network_type': 'flat',
                                      'provider:physical_network': 'physnet1'})
    n.create('subnet', network_id=external['id'], ip_version=4, cidr='203.0.113.0/24',
             enable_dhcp=False)
    n.update('router', router['id'], external_gateway_info={'network_id': external['id']})
    floating_ip = n.create('floatingip', floating_network_id=external['id'])
    forwarding = n.call('POST', 'floatingips/%s/port_forwardings' % floating_ip['id'], {
        'port_forwarding': {'protocol': 'tcp', 'external_port': 2222, 'internal_port': 22,
                            'internal_port_id': ports[0]['id'],
                            'internal_ip_address': ports[0]['fixed_ips'][0]['ip_address']}})
    assert forwarding['port_forwarding']['external_port'] == 2222
    helper = n.call('POST', 'routers/%s/conntrack_helpers' % router['id'], {
        'conntrack_helper': {'protocol': 'udp', 'port': 69, 'helper': 'tftp'}})
    aliases = {e['alias'] for e in n.get('extensions')}
    assert {'router', 'floating-ip-port-forwarding', 'l3-conntrack-helper', 'qos'} <= aliases
    cloud.expect_mirrored()
    # Nothing is done twice, nor said to exist already.
    assert len(n.get('ports?device_owner=network:router_gateway')) == 1
    log = n.log.read_text()
    assert 'Traceback' not in log
    assert 'Loading service plugin dragonflow, it is required by conntrack_helper' in log
    assert 'Loading service plugin router' not in log

    n.call('DELETE', 'routers/%s/conntrack_helpers/%s'
           % (router['id'], helper['conntrack_helper']['id']))
    n.call('DELETE', 'floatingips/%s/port_forwardings/%s'
           % (floating_ip['id'], forwarding['port_forwarding']['id']))
    n.delete('floatingip', floating_ip['id'])
    n.update('router', router['id'], external_gateway_info={})


@pytest.mark.parametrize('other', [
    'router', 'neutron.services.l3_router.l3_router_plugin.L3RouterPlugin', 'ovn-router'])
def test_a_second_l3_plugin_is_refused(tmp_path, package, pristine, other):
    shutil.copy(pristine, tmp_path / 'neutron.db')
    server = server_.NeutronServer(tmp_path, package, 'unix:/nonexistent',
                                   service_plugins='dragonflow,metering,' + other)
    said = server.refuse()
    assert 'service_plugins in section [DEFAULT] of neutron.conf has several L3 plugins' in said
    assert 'Take "%s" out' % other in said


@pytest.mark.parametrize('trunk', ['trunk', 'neutron.services.trunk.plugin.TrunkPlugin'])
def test_trunks_in_native_mode_are_refused(tmp_path, package, pristine, trunk):
    shutil.copy(pristine, tmp_path / 'neutron.db')
    server = server_.NeutronServer(tmp_path, package, 'unix:/nonexistent',
                                   service_plugins='dragonflow,' + trunk,
                                   mechanism_drivers='dragonflow')
    said = server.refuse()
    assert 'Dragonflow does not serve trunk ports in native mode. Take "%s" out' % trunk in said


@pytest.mark.parametrize('plugin, what', [
    ('port_forwarding', 'port forwardings'),
    ('neutron.services.conntrack_helper.plugin.Plugin', 'conntrack helpers')])
def test_what_l3_agents_serve_is_refused_in_native_mode(tmp_path, package, pristine, plugin,
                                                        what):
    shutil.copy(pristine, tmp_path / 'neutron.db')
    server = server_.NeutronServer(tmp_path, package, 'unix:/nonexistent',
                                   service_plugins='dragonflow,' + plugin,
                                   mechanism_drivers='dragonflow')
    said = server.refuse()
    assert 'Dragonflow does not serve %s in native mode. Take "%s" out' % (what, plugin) in said


def test_trunks_beside_the_agent_are_the_agents(tmp_path, package, pristine):
    cloud = Cloud(tmp_path, package, pristine, service_plugins='dragonflow,trunk')
    try:
        cloud.start()
        network = cloud.neutron.create('network', name='n')
        parent, child = (cloud.neutron.create('port', network_id=network['id'])
                         for _ in range(2))
        trunk = cloud.neutron.create('trunk', port_id=parent['id'], sub_ports=[
            {'port_id': child['id'], 'segmentation_type': 'vlan', 'segmentation_id': 101}])
        assert len(trunk['sub_ports']) == 1
    finally:
        cloud.close()
