# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the unit tests: Neutron's plugins in this process, a real ovsdb-server."""
import pytest

from neutronharness import inprocess


@pytest.fixture(scope='session')
def neutron_session(tmp_path_factory):
    return inprocess.Neutron(tmp_path_factory.mktemp('neutron'))


@pytest.fixture
def neutron(neutron_session):
    """Neutron without any object."""
    assert neutron_session.restore('empty')
    return neutron_session


@pytest.fixture
def connect(neutron, nb_server):
    """A function that connects to the test's Northbound database."""
    from oslo_config import cfg

    from networking_dragonflow.nb import connection

    cfg.CONF.set_override('nb_connection', nb_server.remote, group='dragonflow')
    cfg.CONF.set_override('nb_timeout', 5, group='dragonflow')
    connections = []

    def connect(**arguments):
        connections.append(connection.connect(**arguments))
        return connections[-1]

    yield connect
    for c in connections:
        c.close()


@pytest.fixture
def nb(connect):
    """A connection to it."""
    return connect()


@pytest.fixture
def source(neutron):
    from networking_dragonflow.state import reader

    return reader.Reader()


@pytest.fixture
def reconciler(nb, source):
    from networking_dragonflow.sync import reconciler

    return reconciler.Reconciler(nb, source)


@pytest.fixture
def mirror(neutron, reconciler):
    """A function that reconciles whatever is marked, until nothing is."""
    def mirror():
        for _ in range(5):
            marks = neutron.take_marks()
            if not marks:
                return
            neutron.runtime.marks.add(*reconciler.reconcile(marks).failed)
        raise AssertionError('cannot mirror %s' % neutron.take_marks())
    return mirror


@pytest.fixture
def compare(nb, source):
    """A function that compares, and returns the differences as text."""
    from networking_dragonflow.sync import comparison

    return lambda: sorted(str(d) for d in comparison.compare(nb, source)[0])


@pytest.fixture
def repair(nb, source):
    """A function that compares, repairs and returns the number of rows written."""
    from networking_dragonflow.sync import comparison

    def repair():
        outcome = comparison.repair(nb, source, *comparison.compare(nb, source))
        assert not outcome.failed
        return outcome.result.changes
    return repair


class Topology:
    """Two networks with a router between them and a port on each."""

    def __init__(self, neutron):
        self.network1, self.network2 = (neutron.create_network(n) for n in ('n1', 'n2'))
        self.subnet1 = neutron.create_subnet(self.network1, '10.0.1.0/24')
        self.subnet2 = neutron.create_subnet(self.network2, '10.0.2.0/24')
        self.port1 = neutron.create_port(self.network1)
        self.port2 = neutron.create_port(self.network2, 'h2')
        self.router = neutron.create_router()
        self.interface1 = neutron.add_interface(self.router, self.subnet1)
        self.interface2 = neutron.add_interface(self.router, self.subnet2)


@pytest.fixture(scope='session')
def topology_session(neutron_session):
    assert neutron_session.restore('empty')
    topology = Topology(neutron_session)
    neutron_session.save('topology')
    return topology


@pytest.fixture
def topology(topology_session, neutron, repair):
    """A Topology that is mirrored."""
    assert neutron.restore('topology')
    assert repair() == 9
    return topology_session
