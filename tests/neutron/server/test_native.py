# SPDX-License-Identifier: Apache-2.0
"""Native mode: Neutron binds ports to real chassis, on dummy switches, without an agent.

No other L2 driver is configured.  The chassis are df-controllers; their hosts are h1
and h2, and their own names are others.
"""
import time

import pytest

from dfharness import packets
from neutronharness import waiting
from neutronharness.native import AGENT_DOWN_TIME
from neutronharness.native import NativeCloud


@pytest.fixture(scope='module')
def cloud(tmp_path_factory, package):
    cloud = NativeCloud(tmp_path_factory.mktemp('native'), package)
    try:
        cloud.start()
        yield cloud
    finally:
        cloud.close()


def test_chassis_are_agents(cloud):
    cloud.wait_alive()
    agent = next(a for a in cloud.neutron.get('agents') if a['host'] == 'h2'
                 and a['binary'] == 'df-controller')
    assert agent['configurations']['chassis'] == 'c2'
    assert agent['configurations']['tunnel_types'] == ['geneve', 'gre', 'vxlan']
    assert agent['configurations']['bridge_mappings'] == {'physnet1': 'br-physnet1'}


def test_a_port_is_bound_becomes_active_when_plugged_and_is_routed(cloud, capsys):
    cloud.wait_alive()
    networks = cloud.network('10.0.1.0/24'), cloud.network('10.0.2.0/24')
    router = cloud.neutron.create('router', name='r')
    for network in networks:
        subnet, = cloud.neutron.get('subnets?network_id=' + network['id'])
        cloud.neutron.router_action(router, 'add_router_interface', subnet_id=subnet['id'])
    ports = [cloud.port(network, host) for network, host in zip(networks, ('h1', 'h2'))]
    for port in ports:
        assert port['binding:vif_type'] == 'ovs'
        assert port['binding:vif_details']['port_filter'] is False
        assert port['binding:vif_details']['bridge_name'] == 'br-int'
        assert port['status'] == 'DOWN'
    machines, times = [], []
    for number, port in enumerate(ports):
        assert cloud.status(port) == 'DOWN', 'nothing is plugged yet'
        start = time.monotonic()
        machines.append(cloud.plug(port, number))
        cloud.wait_status(port, 'ACTIVE')
        times.append(time.monotonic() - start)
    with capsys.disabled():
        print('\n  from port plugged to ACTIVE: %s s' % ', '.join('%.2f' % t for t in times))
    # What Nova does next is boot; so let a packet cross the router.
    gateway = next(p for p in cloud.neutron.get('ports?device_id=' + router['id'])
                   if p['network_id'] == networks[0]['id'])
    exit_ = next(p for p in cloud.neutron.get('ports?device_id=' + router['id'])
                 if p['network_id'] == networks[1]['id'])
    cloud.dummies.nb_db.sync()
    frame = machines[0].udp(gateway['mac_address'], machines[1].ip)
    cloud.dummies.check(machines[0], frame, {machines[1]: packets.routed(
        frame, exit_['mac_address'], machines[1].mac)})

    machines[0].unplug()
    cloud.wait_status(ports[0], 'DOWN')
    cloud.neutron.update('port', ports[1]['id'], **{'binding:host_id': 'h1'})
    cloud.wait_status(ports[1], 'DOWN')
    machines[1].unplug()
    machine = cloud.plug(ports[1], 0)
    cloud.wait_status(ports[1], 'ACTIVE')
    machine.unplug()


def test_a_port_with_port_security_is_not_bound_and_the_log_says_why(cloud):
    cloud.wait_alive()
    network = cloud.network('10.0.3.0/24')
    port = cloud.port(network, 'h1', port_security_enabled=True)
    assert port['binding:vif_type'] == 'binding_failed'
    said = [line for line in cloud.neutron.log.read_text().splitlines()
            if 'Cannot bind port %s on host h1' % port['id'] in line]
    assert len(said) == 1, 'Neutron has tried ten times'
    assert 'port security is enabled' in said[0]
    assert 'allow_port_security_without_enforcement' in said[0]
    # Without, it is bound at once.
    port = cloud.neutron.update('port', port['id'], port_security_enabled=False,
                                security_groups=[], **{'binding:host_id': ''})
    port = cloud.neutron.update('port', port['id'], **{'binding:host_id': 'h1'})
    assert port['binding:vif_type'] == 'ovs'


def test_a_chassis_must_carry_the_network(cloud):
    cloud.wait_alive()
    vlan = {'provider:network_type': 'vlan', 'provider:physical_network': 'physnet1',
            'provider:segmentation_id': 150}
    assert cloud.port(cloud.network('10.0.4.0/24', **vlan), 'h1')['binding:vif_type'] == 'ovs'
    cloud.dummies.chassis[0].configure(encap_type='geneve')
    waiting.until(lambda: next(
        a for a in cloud.neutron.get('agents') if a['host'] == 'h1'
        and a['binary'] == 'df-controller')['configurations']['tunnel_types'] == ['geneve'], 20)
    port = cloud.port(cloud.network('10.0.5.0/24'), 'h1')
    assert port['binding:vif_type'] == 'binding_failed'
    assert 'the chassis has no vxlan tunnels' in cloud.neutron.log.read_text()
    cloud.dummies.chassis[0].configure(encap_type='geneve,vxlan,gre')


def test_a_chassis_with_a_dead_controller_gets_no_ports(cloud):
    cloud.wait_alive()
    network = cloud.network('10.0.6.0/24')
    cloud.dummies.chassis[1].controller.kill()
    waiting.until(lambda: cloud.agents() == {'h1': True, 'h2': False}, AGENT_DOWN_TIME + 20,
                  cloud.agents)
    assert cloud.port(network, 'h2')['binding:vif_type'] == 'binding_failed'
    assert 'no living chassis is known there' in cloud.neutron.log.read_text()
    cloud.dummies.chassis[1].start_controller()
    cloud.wait_alive()
    assert cloud.port(network, 'h2')['binding:vif_type'] == 'ovs'


def test_the_northbound_database_may_be_away_for_longer_than_agents_may(cloud):
    """No process reports chassis then, so all agents look dead."""
    cloud.wait_alive()
    network = cloud.network('10.0.8.0/24')
    cloud.nb.kill()
    try:
        waiting.until(lambda: cloud.agents() == {'h1': False, 'h2': False},
                      AGENT_DOWN_TIME + 20, cloud.agents)
        port = cloud.port(network, 'h1')
        assert port['binding:vif_type'] == 'ovs'
        unknown = cloud.port(network, 'h3')
        assert unknown['binding:vif_type'] == 'binding_failed'
    finally:
        cloud.nb.start()
    machine = cloud.plug(port, 0)
    cloud.wait_status(port, 'ACTIVE')
    machine.unplug()


def test_what_could_not_be_bound_to_a_dead_chassis_is_when_it_lives_again(cloud):
    cloud.wait_alive()
    network = cloud.network('10.0.9.0/24')
    cloud.dummies.chassis[1].controller.kill()
    waiting.until(lambda: cloud.agents() == {'h1': True, 'h2': False}, AGENT_DOWN_TIME + 20,
                  cloud.agents)
    port = cloud.port(network, 'h2')
    assert port['binding:vif_type'] == 'binding_failed'
    cloud.dummies.chassis[1].start_controller()
    waiting.until(lambda: cloud.neutron.get('ports/' + port['id'])['binding:vif_type'] == 'ovs',
                  30)


def test_a_disabled_port_is_down(cloud):
    cloud.wait_alive()
    port = cloud.port(cloud.network('10.0.10.0/24'), 'h1')
    machine = cloud.plug(port, 0)
    cloud.wait_status(port, 'ACTIVE')
    cloud.neutron.update('port', port['id'], admin_state_up=False)
    cloud.wait_status(port, 'DOWN')
    cloud.neutron.update('port', port['id'], admin_state_up=True)
    cloud.wait_status(port, 'ACTIVE')
    machine.unplug()


def test_agents_that_a_cloud_does_without_are_not_missed(cloud):
    network = cloud.network('10.0.11.0/24')
    cloud.port(network, 'h1')
    router = cloud.neutron.create('router', name='r2')
    subnet, = cloud.neutron.get('subnets?network_id=' + network['id'])
    cloud.neutron.router_action(router, 'add_router_interface', subnet_id=subnet['id'])
    cloud.neutron.update('subnet', subnet['id'], dns_nameservers=['192.0.2.1'])
    log = cloud.neutron.log.read_text()
    for complaint in ('No active L3 agents', 'No more DHCP agents', 'Unable to schedule network'):
        assert complaint not in log


def test_the_segmentation_id_of_a_network_may_change(cloud):
    cloud.wait_alive()
    network = cloud.network('10.0.12.0/24', **{
        'provider:network_type': 'vlan', 'provider:physical_network': 'physnet1',
        'provider:segmentation_id': 160})
    assert cloud.port(network, 'h1')['binding:vif_type'] == 'ovs'
    cloud.neutron.update('network', network['id'], **{'provider:segmentation_id': 161})
    waiting.until(lambda: [row['segmentation_id'] for row in cloud.nb.rows('Network')
                           if row['name'] == network['id']] == [161], 10)


def test_a_port_that_was_plugged_while_neutron_was_away_becomes_active(cloud):
    cloud.wait_alive()
    port = cloud.port(cloud.network('10.0.7.0/24'), 'h1')
    waiting.until(lambda: any(row['name'] == port['id'] for row in cloud.nb.rows('Port')), 10)
    cloud.neutron.kill()
    machine = cloud.plug(port, 0)
    cloud.dummies.wait_up(port['id'])
    cloud.neutron.start()
    cloud.wait_status(port, 'ACTIVE')
    machine.unplug()
