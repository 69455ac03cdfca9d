# SPDX-License-Identifier: Apache-2.0
"""What native mode tells Neutron of ports, from what their chassis say."""
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
