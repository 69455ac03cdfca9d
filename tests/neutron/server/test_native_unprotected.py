# SPDX-License-Identifier: Apache-2.0
"""The operator of native mode may do without security groups, knowing it."""
import time

import pytest

from neutronharness import waiting


@pytest.fixture(scope='module')
def pristine():
    """MariaDB: in native mode Neutron's workers write at the same time."""


@pytest.fixture(scope='module')
def settings():
    return dict(mechanism_drivers='dragonflow', agent_down_time=30, options='''
liveness_interval = 1
allow_port_security_without_enforcement = True''')


def test_a_port_with_port_security_is_bound_if_the_operator_says_so(cloud):
    cloud.nb.insert('Chassis', name='c9', hostname='h9', encaps=['map', [['vxlan', '192.0.2.9']]])

    def answer():
        """What a chassis does, and no more."""
        rows = cloud.nb.transact({'op': 'select', 'table': 'Global', 'where': []})[0]['rows']
        if rows:
            cloud.nb.update('Chassis', 'c9', applied=rows[0]['sequence'])
        return [a for a in cloud.neutron.get('agents') if a['host'] == 'h9' and a['alive']]
    waiting.until(answer, 30, 'the chassis is alive')
    network = cloud.neutron.create('network')
    cloud.neutron.create('subnet', network_id=network['id'], ip_version=4, cidr='10.0.1.0/24')
    port = cloud.make_port(network, host='h9', port_security_enabled=True)
    assert port['binding:vif_type'] == 'ovs'
    # The chassis of the host, by its own name.
    waiting.until(
        lambda: cloud.nb.rows('Port').get(port['id'], {}).get('requested_chassis') == 'c9', 10)
    # Up somewhere else does not count.
    other = cloud.nb.insert('Chassis', name='c8', hostname='h8')
    cloud.nb.update('Port', port['id'], up=True, chassis=['uuid', str(other)])
    time.sleep(3)
    assert cloud.neutron.get('ports/' + port['id'])['status'] == 'DOWN'
