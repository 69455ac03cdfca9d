# SPDX-License-Identifier: Apache-2.0
"""Whatever dies, hangs or is lost: afterwards the mirror is what Neutron says."""
import time

import pytest

from neutronharness import waiting


@pytest.fixture(scope='module')
def settings():
    return dict(options='comparison_interval = 5\nnb_timeout = 5')


def test_the_database_is_away_for_a_while(cloud):
    networks, _, ports, router = cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.kill()
    start = time.monotonic()
    cloud.make_port(networks[0])
    cloud.neutron.delete('port', ports[0]['id'])
    cloud.neutron.update('router', router['id'], admin_state_up=False)
    assert time.monotonic() - start < 10, 'the API waits for the Northbound database'
    cloud.nb.start()
    cloud.expect_mirrored(40)


def test_the_database_is_lost(cloud):
    """It comes back without anything in it."""
    cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.kill()
    cloud.nb.create()
    cloud.nb.start()
    cloud.expect_mirrored(40)


def test_the_database_is_damaged(cloud):
    networks, _, ports, router = cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.delete('Port', ports[0]['id'])
    cloud.nb.update('Port', ports[1]['id'], mac='00:00:00:00:00:01')
    cloud.nb.update('Router', router['id'], static_routes='10.0.0.0/8 via 10.0.1.1')
    cloud.expect_mirrored(20)


def test_neutron_is_killed_between_its_commit_and_the_write(cloud):
    """The marks of what Neutron has committed die with its workers."""
    networks, _, ports, _ = cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.kill()
    created = cloud.make_port(networks[0])
    cloud.neutron.delete('port', ports[0]['id'])
    cloud.neutron.update('port', ports[1]['id'], admin_state_up=False)
    cloud.neutron.kill()
    cloud.nb.start()
    rows = cloud.nb.rows('Port')
    assert created['id'] not in rows and ports[0]['id'] in rows, 'nothing was lost'
    cloud.neutron.start()
    cloud.expect_mirrored(20)


def test_the_database_hangs(cloud):
    networks, _, ports, _ = cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.freeze()
    try:
        start = time.monotonic()
        cloud.make_port(networks[0])
        cloud.neutron.delete('port', ports[0]['id'])
        assert time.monotonic() - start < 10, 'the API waits for the Northbound database'
        time.sleep(12)      # Longer than a transaction, or a silent connection, is let be.
    finally:
        cloud.nb.thaw()
    cloud.expect_mirrored(40)


@pytest.mark.parametrize('round_', [
    0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)])
def test_neutron_is_killed_at_any_time(cloud, round_):
    networks, _, _, _ = cloud.make_topology()
    for _ in range(3 + round_):
        port = cloud.make_port(networks[0])
        cloud.neutron.update('port', port['id'], name='x')
    time.sleep(0.03 * round_)
    cloud.neutron.kill()
    cloud.neutron.start()
    cloud.expect_mirrored(20)


def test_an_api_worker_is_killed(cloud):
    networks, _, _, _ = cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.kill()
    cloud.make_port(networks[0])
    worker = cloud.neutron.kill_worker('api worker')
    cloud.nb.start()
    waiting.until(lambda: cloud.neutron.workers('api worker') not in ([], [worker]), 20)
    cloud.expect_mirrored(40)


def test_the_worker_that_compares_is_killed(cloud):
    _, _, ports, _ = cloud.make_topology()
    worker = cloud.neutron.kill_worker('dragonflow')
    cloud.nb.delete('Port', ports[0]['id'])
    waiting.until(lambda: cloud.neutron.workers('dragonflow') not in ([], [worker]), 20)
    cloud.expect_mirrored(20)


def test_nothing_is_written_when_nothing_differs(cloud):
    cloud.make_topology()
    cloud.expect_mirrored()
    size = cloud.nb.size()
    log = cloud.neutron.log.read_text().count('no difference')
    waiting.until(lambda: cloud.neutron.log.read_text().count('no difference') >= log + 2, 30,
                  'two comparisons')
    assert cloud.nb.size() == size
