# SPDX-License-Identifier: Apache-2.0
"""How long it takes, which is printed; that it takes no writes when nothing differs, and
that no call of the API waits for the Northbound database.
"""
import statistics

import pytest

from neutronharness import measures
from neutronharness.cloud import Cloud

pytestmark = pytest.mark.long

PORTS = 10000
NB_TIMEOUT = 30  # Its default.


@pytest.fixture
def say(capsys):
    def say(text):
        with capsys.disabled():
            print('\n  ' + text, end='')
    return say


def test_ten_thousand_ports(tmp_path, package, pristine, say):
    cloud = Cloud(tmp_path, package, pristine, options='comparison_interval = 5')
    try:
        rows, (text, seconds), again, grown = measures.reconcile(cloud, tmp_path, PORTS)
        say('%d ports (%d rows) into an empty database: %.2f s' % (PORTS, rows, seconds))
        assert text == '%d differences, wrote %d rows, 0 objects left' % (rows, rows)
        assert {text for text, _ in again} == {'no difference'}
        assert grown == 0, 'something was written'
        say('compared again, nothing differs: %s s, 0 writes\n'
            % ', '.join('%.2f' % s for _, s in again))
        assert sum(map(len, cloud.nb.names().values())) == rows
    finally:
        cloud.close()


def test_port_create_latency(tmp_path, package, pristine, say):
    """With and without the plugins, taking turns; and with the database hung."""
    clouds = {}
    try:
        for name, settings in (
                ('without', dict(service_plugins='router', mechanism_drivers='openvswitch')),
                ('with', {})):
            directory = tmp_path / name
            directory.mkdir()
            clouds[name] = Cloud(directory, package, pristine, **settings)
            clouds[name].start()
        times = measures.port_create(clouds)
        say('port create, median: %.3f s without, %.3f s with, %.3f s with a hung database\n'
            % tuple(statistics.median(times[name]) for name in ('without', 'with', 'hung')))
        assert max(times['hung']) < NB_TIMEOUT
    finally:
        for cloud in clouds.values():
            cloud.close()
