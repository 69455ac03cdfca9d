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
    neutron_session.clear()
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


@pytest.fixture
def topology(neutron, mirror):
    """Two networks with a router between them and a port on each, mirrored."""
    class Topology:
        pass

    t = Topology()
    t.network1, t.network2 = neutron.create_network('n1'), neutron.create_network('n2')
    t.subnet1 = neutron.create_subnet(t.network1, '10.0.1.0/24')
    t.subnet2 = neutron.create_subnet(t.network2, '10.0.2.0/24')
    t.port1, t.port2 = neutron.create_port(t.network1), neutron.create_port(t.network2, 'h2')
    t.router = neutron.create_router()
    t.interface1 = neutron.add_interface(t.router, t.subnet1)
    t.interface2 = neutron.add_interface(t.router, t.subnet2)
    mirror()
    return t
