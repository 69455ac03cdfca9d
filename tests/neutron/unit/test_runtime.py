# SPDX-License-Identifier: Apache-2.0
"""The thread that reconciles: it never waits for the sake of one object, and
forgets nothing."""
import time

import pytest

from neutronharness import waiting


@pytest.fixture
def runtime(connect, source):
    """A runtime that runs, over connections of its own."""
    from networking_dragonflow.nb import connection
    from networking_dragonflow.sync import runtime

    r = runtime.Runtime(connection.connect, source)
    r.start()
    yield r
    r.stop()


def move_marks(neutron, runtime):
    """Gives the runtime what the plugins have marked."""
    runtime.marks.add(*neutron.take_marks())


def test_what_is_marked_is_mirrored(neutron, runtime, nb_server):
    network = neutron.create_network()
    port = neutron.create_port(network)
    move_marks(neutron, runtime)
    waiting.until(lambda: nb_server.names() == {'Network': [network['id']],
                                                'Port': [port['id']]}, 10)


def test_changes_while_the_database_is_away_are_mirrored_when_it_is_back(
        topology, neutron, runtime, nb_server):
    nb_server.kill()
    created = neutron.create_port(topology.network1)
    neutron.core.delete_port(neutron.context(), topology.port1['id'])
    start = time.monotonic()
    move_marks(neutron, runtime)
    assert time.monotonic() - start < 1, 'marking waits'
    time.sleep(2)
    nb_server.start()
    waiting.until(lambda: sorted([created['id'], topology.port2['id']])
                  == sorted(nb_server.rows('Port')), 40)


def test_changes_while_the_database_hangs_are_mirrored_when_it_goes_on(
        topology, neutron, runtime, nb_server):
    nb_server.freeze()
    created = neutron.create_port(topology.network1)
    start = time.monotonic()
    move_marks(neutron, runtime)
    assert time.monotonic() - start < 1, 'marking waits'
    time.sleep(8)           # Longer than nb_timeout: the transaction was given up.
    nb_server.thaw()
    waiting.until(lambda: created['id'] in nb_server.rows('Port'), 40)


def test_the_database_may_come_later(neutron, connect, source, nb_server):
    from networking_dragonflow.nb import connection
    from networking_dragonflow.sync import runtime

    nb_server.kill()
    r = runtime.Runtime(connection.connect, source)
    r.start()
    try:
        network = neutron.create_network()
        move_marks(neutron, r)
        time.sleep(1)
        nb_server.start()
        waiting.until(lambda: nb_server.names() == {'Network': [network['id']]}, 10)
    finally:
        r.stop()


def test_neutrons_own_database_may_fail_for_a_while(topology, neutron, connect, source,
                                                    nb_server):
    from networking_dragonflow.nb import connection
    from networking_dragonflow.sync import runtime

    class Failing:
        failures = 2

        def read(self, kind, ids=None):
            if self.failures:
                self.failures -= 1
                raise OSError('the database is on fire')
            return source.read(kind, ids)

    failing = Failing()
    r = runtime.Runtime(connection.connect, failing)
    r.start()
    try:
        neutron.update_port(topology.port1, admin_state_up=False)
        move_marks(neutron, r)
        waiting.until(
            lambda: nb_server.rows('Port')[topology.port1['id']]['enabled'] is False, 20)
        assert failing.failures == 0
    finally:
        r.stop()


def test_many_workers_agree(topology, neutron, connect, source, nb_server, compare):
    """Four workers get marks of the same objects, in different orders, while these change."""
    import random

    from networking_dragonflow.nb import connection
    from networking_dragonflow.sync import runtime

    rng = random.Random(1)
    workers = [runtime.Runtime(connection.connect, source) for _ in range(4)]
    for w in workers:
        w.start()
    try:
        ports = []
        for i in range(25):
            if ports and rng.random() < 0.3:
                port = ports.pop(rng.randrange(len(ports)))
                neutron.core.delete_port(neutron.context(), port['id'])
            elif ports and rng.random() < 0.5:
                neutron.update_port(rng.choice(ports), admin_state_up=bool(i % 2))
            else:
                ports.append(neutron.create_port(topology.network1))
            marks = neutron.take_marks()
            for w in workers:
                w.marks.add(*rng.sample(marks, len(marks)))
        waiting.until(lambda: not any(len(w.marks) for w in workers) and compare() == [], 30,
                      lambda: compare())
    finally:
        for w in workers:
            w.stop()
