# SPDX-License-Identifier: Apache-2.0
"""Segments change without their network's revision number.  They are mirrored at once, by
the process that serves the API or, where that has no thread, by the sweep."""
import pytest

from neutronharness import server as server_
from neutronharness import waiting


@pytest.fixture(scope='module', params=[server_.NeutronServer, server_.SplitServer])
def settings(request):
    return dict(server=request.param, service_plugins='dragonflow,segments',
                options='comparison_interval = 100000')


def test_a_network_has_a_second_segment_for_a_while(cloud):
    networks, _, _, _ = cloud.make_topology()
    cloud.expect_mirrored()
    segment = cloud.neutron.create('segment', network_id=networks[0]['id'], **{
        'network_type': 'vlan', 'physical_network': 'physnet1', 'segmentation_id': 151})
    waiting.until(lambda: {t: len(names) for t, names in cloud.nb.names().items()} == {
        'Network': 1, 'Subnet': 1, 'Port': 1, 'Router': 1, 'Router_Port': 1}, 20, cloud.nb.names)
    cloud.neutron.delete('segment', segment['id'])
    cloud.expect_mirrored()


def test_the_segmentation_id_changes(cloud):
    network = cloud.neutron.create('network', **{
        'provider:network_type': 'vlan', 'provider:segmentation_id': 150,
        'provider:physical_network': 'physnet1'})
    cloud.expect_mirrored()
    cloud.neutron.update('network', network['id'], **{'provider:segmentation_id': 152})
    cloud.expect_mirrored()
    assert cloud.nb.rows('Network')[network['id']]['segmentation_id'] == 152
