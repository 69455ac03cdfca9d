# SPDX-License-Identifier: Apache-2.0
"""A full comparison finds and repairs whatever differs, and else writes nothing."""
import random

import pytest


def test_nothing_is_written_when_nothing_differs(topology, repair, nb_server):
    before = nb_server.size()
    assert repair() == 0
    assert nb_server.size() == before


def test_everything_is_written_to_an_empty_database(topology, nb_server, nb, compare, repair):
    for table in ('Router_Port', 'Port', 'Router', 'Subnet', 'Network'):
        for name in nb_server.rows(table):
            nb_server.delete(table, name)
    _wait_until_seen(nb, lambda: not nb.rows('Network'))
    assert len(compare()) == 9
    assert repair() == 9
    assert compare() == [] and repair() == 0


def test_lost_marks_are_made_good(topology, neutron, compare, repair):
    """All that a worker had to write is lost with it."""
    neutron.update_port(topology.port1, admin_state_up=False)
    neutron.core.delete_port(neutron.context(), topology.port2['id'])
    created = neutron.create_port(topology.network2)
    neutron.take_marks()
    assert compare() == sorted([
        'Port %s: different: enabled, external_ids' % topology.port1['id'],
        'Port %s: surplus' % topology.port2['id'],
        'Port %s: absent' % created['id']])
    assert repair() == 3
    assert compare() == []


def test_rows_of_others_are_left_alone(topology, nb, nb_server, compare, repair):
    nb_server.insert('Router', name='theirs')
    nb_server.insert('Network', name='11111111-2222-3333-4444-555555555555', type='geneve')
    _wait_until_seen(nb, lambda: nb.find('Router', 'theirs'))
    assert compare() == [] and repair() == 0
    assert 'theirs' in nb_server.rows('Router')


def test_a_row_that_lost_its_mark_is_ours_again(topology, nb, nb_server, compare, repair):
    nb_server.update('Router', topology.router['id'], external_ids=['map', []])
    _wait_until_seen(nb, lambda: not nb.find('Router', topology.router['id']).external_ids)
    assert compare() == ['Router %s: different: external_ids' % topology.router['id']]
    assert repair() == 1 and compare() == []


def test_a_database_of_neutron_restored_from_a_backup_counts(topology, nb, nb_server, compare,
                                                             repair):
    """Rows of states that Neutron does not know any more are not protected."""
    nb_server.update('Port', topology.port1['id'], enabled=False, external_ids=['map', [
        ['neutron:revision', '1000']]])
    _wait_until_seen(nb, lambda: nb.find('Port', topology.port1['id']).enabled == [False])
    assert len(compare()) == 1
    assert repair() == 1
    assert compare() == []
    assert nb_server.rows('Port')[topology.port1['id']]['enabled'] is True


def test_routers_of_another_plugin_are_not_mirrored(topology, nb, nb_server):
    from networking_dragonflow.state import reader
    from networking_dragonflow.sync import comparison

    source = reader.Reader(routers=False)
    comparison.repair(nb, source, *comparison.compare(nb, source))
    assert sorted(nb_server.names()) == ['Network', 'Port', 'Subnet']


def test_a_database_that_comes_back_empty_is_seen_as_such(topology, nb, source, nb_server):
    """Not as the replica of the one before, nor as half of itself."""
    from neutronharness import waiting

    from networking_dragonflow.nb import write
    from networking_dragonflow.sync import comparison

    nb_server.kill()
    nb_server.create()
    nb_server.start()
    counts = set()

    def all_absent():
        try:
            counts.add(len(comparison.compare(nb, source)[0]))
        except write.NotReady:
            pass
        return 9 in counts
    waiting.until(all_absent, 20)
    # Before the connection is known to be lost, the replica equals Neutron.
    assert counts <= {0, 9}


@pytest.mark.parametrize('seed', range(8))
def test_any_damage_is_repaired(topology, nb, nb_server, compare, repair, seed):
    rng = random.Random(seed)
    victims = [(table, name) for table, names in nb_server.names().items() for name in names]
    rng.shuffle(victims)
    damage = {
        'Network': dict(mtu=1111), 'Subnet': dict(gateway_ip=['set', []]),
        'Port': dict(addresses=['set', ['10.0.0.99']]), 'Router': dict(enabled=False),
        'Router_Port': dict(addresses=['set', []]),
    }
    for table, name in victims[:rng.randint(1, len(victims))]:
        change = rng.choice(('delete', 'change', 'forget'))
        if change == 'change':
            nb_server.update(table, name, **damage[table])
        elif change == 'forget':
            nb_server.update(table, name, external_ids=['map', [['neutron:revision', 'x']]])
        elif table in ('Subnet', 'Port', 'Router_Port'):
            nb_server.delete(table, name)
    # What was written last is seen last.
    nb_server.insert('Router', name='last')
    _wait_until_seen(nb, lambda: nb.find('Router', 'last'))
    repair()
    assert compare() == [] and repair() == 0
    assert sum(map(len, nb_server.names().values())) == 10


def _wait_until_seen(nb, condition):
    from neutronharness import waiting

    def seen():
        with nb.lock():
            return condition()
    waiting.until(seen, 5, 'the change is in the replica')


def test_routes_are_rows_and_those_of_others_stay(topology, neutron, nb, nb_server, compare,
                                                  repair):
    """The column that older versions wrote is emptied."""
    context = neutron.context()
    neutron.l3.update_router(context, topology.router['id'], {'router': {'routes': [
        {'destination': '10.8.0.0/16', 'nexthop': '10.0.1.9'},
        {'destination': '10.9.0.0/16', 'nexthop': '10.0.1.9'}]}})
    repair()
    router = nb_server.rows('Router')[topology.router['id']]['_uuid']
    assert nb_server.routes() == {router: ['10.8.0.0/16 via 10.0.1.9',
                                           '10.9.0.0/16 via 10.0.1.9']}

    def insert(prefix, **ids):
        nb_server.insert('Static_Route', router=['uuid', router], prefix=prefix,
                         next_hop='10.0.1.9', external_ids=['map', list(ids.items())])
    insert('10.1.0.0/16')
    insert('10.2.0.0/16', **{'neutron:revision': '1'})
    nb_server.transact({'op': 'delete', 'table': 'Static_Route',
                        'where': [['prefix', '==', '10.9.0.0/16']]})
    nb_server.update('Router', topology.router['id'],
                     static_routes=['set', ['10.9.0.0/16 via 10.0.1.9']])
    _wait_until_seen(nb, lambda: nb.find('Router', topology.router['id']).static_routes)
    assert compare() == ['Router %s: different: routes, static_routes' % topology.router['id']]
    assert repair() == 1 and compare() == []
    assert nb_server.rows('Router')[topology.router['id']]['static_routes'] == []
    assert nb_server.routes() == {router: ['10.1.0.0/16 via 10.0.1.9', '10.8.0.0/16 via 10.0.1.9',
                                           '10.9.0.0/16 via 10.0.1.9']}
    neutron.l3.update_router(context, topology.router['id'], {'router': {'routes': []}})
    neutron.remove_interface(topology.router, topology.subnet1)
    neutron.remove_interface(topology.router, topology.subnet2)
    neutron.l3.delete_router(context, topology.router['id'])
    repair()
    assert nb_server.routes() == {}
