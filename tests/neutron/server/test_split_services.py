# SPDX-License-Identifier: Apache-2.0
"""The API under uwsgi, which starts no workers of Neutron's own and tells no plugin that
it has started, and workers in another program: neutron-rpc-server, as Debian's packages have
it, or others, as later releases have it."""
import pytest

from neutronharness import server as server_


@pytest.fixture(scope='module', params=[
    server_.SplitServer, pytest.param(server_.PeriodicServer, marks=pytest.mark.long),
    server_.WorkerServer])
def settings(request):
    return dict(server=request.param, options='comparison_interval = 100000')


def test_changes_are_mirrored_by_the_api_and_losses_by_the_other(cloud):
    networks, _, ports, router = cloud.make_topology()
    cloud.neutron.update('port', ports[0]['id'], admin_state_up=False)
    cloud.expect_mirrored()
    cloud.nb.kill()
    created = cloud.make_port(networks[0])
    cloud.neutron.kill()
    cloud.nb.start()
    assert created['id'] not in cloud.nb.rows('Port')
    cloud.neutron.start()
    cloud.expect_mirrored()


def test_the_database_is_lost(cloud):
    cloud.make_topology()
    cloud.nb.kill()
    cloud.nb.create()
    cloud.nb.start()
    cloud.expect_mirrored(40)
