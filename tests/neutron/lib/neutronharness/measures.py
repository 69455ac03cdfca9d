# SPDX-License-Identifier: Apache-2.0
"""How long things take.  What is measured is decided upon elsewhere."""
import re
import time

from neutronharness import filling
from neutronharness import waiting

PATIENCE = 300


def comparisons(cloud):
    """Returns (text, seconds) of each comparison that was logged."""
    return [(text, float(seconds)) for text, seconds in re.findall(
        r'Compared Neutron with the Northbound database: (.*), in ([0-9.]+) seconds',
        cloud.neutron.log.read_text())]


def reconcile(cloud, directory, ports):
    """Mirrors a Neutron with 'ports' ports into an empty database, and compares three times
    more.  'cloud', with its SQLite file in 'directory', is not started yet and compares every
    few seconds.

    Returns the number of rows, the first comparison, the others (as comparisons()), and by how
    many bytes the database grew meanwhile, since each transaction that changes anything adds."""
    rows = filling.add_ports(directory / 'neutron.db', ports)
    cloud.start()
    waiting.until(lambda: comparisons(cloud), PATIENCE, cloud.neutron.log_tail)
    size = cloud.nb.size()
    done = len(comparisons(cloud))
    waiting.until(lambda: len(comparisons(cloud)) >= done + 3, PATIENCE)
    return rows, comparisons(cloud)[0], comparisons(cloud)[done:], cloud.nb.size() - size


def port_create(clouds, rounds=40):
    """'clouds' are {name: cloud that runs}; they take turns.  The last one is measured once
    more while its Northbound database hangs.  Returns {name: seconds of each}, with 'hung'."""
    networks = {}
    for name, cloud in clouds.items():
        networks[name] = cloud.neutron.create('network')
        cloud.neutron.create('subnet', network_id=networks[name]['id'], ip_version=4,
                             cidr='10.0.0.0/16')

    def measure(name):
        start = time.monotonic()
        clouds[name].make_port(networks[name])
        return time.monotonic() - start

    for _ in range(3):                  # They fill caches.
        for name in clouds:
            measure(name)
    times = {name: [] for name in clouds}
    for _ in range(rounds):
        for name in clouds:
            times[name].append(measure(name))
    clouds[name].nb.freeze()
    try:
        times['hung'] = [measure(name) for _ in range(15)]
    finally:
        clouds[name].nb.thaw()
    return times


def plugged_to_active(cloud, count):
    """Of a NativeCloud: seconds from plugging a port until Neutron says that it is active."""
    cloud.wait_alive()
    network = cloud.network('10.1.0.0/24')
    times = []
    for _ in range(count):
        port = cloud.port(network, 'h1')
        start = time.monotonic()
        cloud.plug(port, 0)
        cloud.wait_status(port, 'ACTIVE')
        times.append(time.monotonic() - start)
    return times
