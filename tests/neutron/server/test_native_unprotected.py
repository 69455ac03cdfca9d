# SPDX-License-Identifier: Apache-2.0
"""The operator of native mode may do without security groups, knowing it."""
import time

import pytest

from neutronharness import waiting
from neutronharness.chassis import Chassis


@pytest.fixture(scope='module')
def pristine():
    """MariaDB: in native mode Neutron's workers write at the same time."""


@pytest.fixture(scope='module')
def settings():
    return dict(mechanism_drivers='dragonflow', agent_down_time=30, options='''
liveness_interval = 1
allow_port_security_without_enforcement = True''')


def test_a_port_with_port_security_is_bound_if_the_operator_says_so(cloud):
    Chassis(cloud, 'c9', 'h9').wait_alive()
    network = cloud.neutron.create('network')
    cloud.neutron.create('subnet', network_id=network['id'], ip_version=4, cidr='10.0.1.0/24')
    port = cloud.make_port(network, host='h9', port_security_enabled=True)
    assert port['binding:vif_type'] == 'ovs'
    # The chassis of the host, by its own name.
    waiting.until(
        lambda: cloud.nb.rows('Port').get(port['id'], {}).get('requested_chassis') == 'c9', 10)
    # Up somewhere else does not count.
    Chassis(cloud, 'c8', 'h8').say_up(port)
    time.sleep(3)
    assert cloud.neutron.get('ports/' + port['id'])['status'] == 'DOWN'
