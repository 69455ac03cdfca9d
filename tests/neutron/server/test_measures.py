# SPDX-License-Identifier: Apache-2.0
"""How long it takes, which is printed; that it takes no writes when nothing differs, and
that no call of the API waits for the Northbound database.
"""
import re
import statistics
import time

import pytest

from conftest import Cloud
from neutronharness import filling
from neutronharness import waiting

PORTS = 10000
PATIENCE = 300
NB_TIMEOUT = 30  # Its default.


@pytest.fixture
def say(capsys):
    def say(text):
        with capsys.disabled():
            print('\n  ' + text, end='')
    return say


def comparisons(cloud):
    """Returns (text, seconds) of each comparison that was logged."""
    return [(text, float(seconds)) for text, seconds in re.findall(
        r'Compared Neutron with the Northbound database: (.*), in ([0-9.]+) seconds',
        cloud.neutron.log.read_text())]


def test_ten_thousand_ports(tmp_path, package, pristine, say):
    cloud = Cloud(tmp_path, package, pristine, options='comparison_interval = 5')
    rows = filling.add_ports(tmp_path / 'neutron.db', PORTS)
    try:
        cloud.start()
        waiting.until(lambda: comparisons(cloud), PATIENCE, cloud.neutron.log_tail)
        text, seconds = comparisons(cloud)[0]
        say('%d ports (%d rows) into an empty database: %.2f s' % (PORTS, rows, seconds))
        assert text == '%d differences, wrote %d rows, 0 objects left' % (rows, rows)

        size = cloud.nb.size()
        done = len(comparisons(cloud))
        waiting.until(lambda: len(comparisons(cloud)) >= done + 3, PATIENCE)
        assert {text for text, _ in comparisons(cloud)[done:]} == {'no difference'}
        again = [seconds for _, seconds in comparisons(cloud)[done:]]
        assert cloud.nb.size() == size, 'something was written'
        say('compared again, nothing differs: %s s, 0 writes\n'
            % ', '.join('%.2f' % s for s in again))
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
        networks = {}
        for name, cloud in clouds.items():
            networks[name] = cloud.neutron.create('network')
            cloud.neutron.create('subnet', network_id=networks[name]['id'], ip_version=4,
                                 cidr='10.0.0.0/16')
        times = {'without': [], 'with': []}

        def measure(name):
            start = time.monotonic()
            clouds[name].make_port(networks[name])
            return time.monotonic() - start

        for i in range(43):
            for name in clouds:
                seconds = measure(name)
                if i >= 3:              # The first ones fill caches.
                    times[name].append(seconds)
        medians = {name: statistics.median(t) for name, t in times.items()}
        clouds['with'].nb.freeze()
        hung = [measure('with') for _ in range(15)]
        clouds['with'].nb.thaw()
        say('port create, median: %.3f s without, %.3f s with, %.3f s with a hung database\n'
            % (medians['without'], medians['with'], statistics.median(hung)))
        assert max(hung) < NB_TIMEOUT
    finally:
        for cloud in clouds.values():
            cloud.close()
