# SPDX-License-Identifier: Apache-2.0
"""Rows are written only from later states than they have, in any order of
writers."""
import pytest

from neutronharness import waiting


def network(revision, mtu=1450, name='n'):
    from networking_dragonflow.nb import rows

    return rows.Row('Network', name, revision, {
        'type': 'vxlan', 'segmentation_id': [revision + 1], 'physical_network': [],
        'mtu': [mtu], 'external_ids': {'neutron:revision': str(revision)}})


def port(revision=1, name='p', mac='fa:16:3e:00:00:01', host=None, parent='n'):
    from networking_dragonflow.nb import rows

    return rows.Row('Port', name, revision, {
        'network': parent, 'mac': mac, 'addresses': ['10.0.0.1'], 'enabled': [True],
        'external_ids': {'neutron:revision': str(revision)}}, host=host)


@pytest.fixture
def put(nb):
    """Writes rows, and returns the write.Result."""
    def put(*rows, **arguments):
        from networking_dragonflow.nb import write

        writes = [write.Write(r.table, r.name, r, **arguments) for r in rows]
        return write.WriteRows(nb, writes).execute(check_error=True, log_errors=False)
    return put


@pytest.fixture
def remove(nb):
    """Deletes a row, and returns the write.Result."""
    def remove(table, name, **arguments):
        from networking_dragonflow.nb import write

        return write.WriteRows(nb, [write.Write(table, name, **arguments)]).execute(
            check_error=True, log_errors=False)
    return remove


def test_a_later_state_replaces_an_earlier_one(put, nb_server):
    assert put(network(1)).created == {('Network', 'n')}
    assert put(network(2, mtu=1400)).updated == {('Network', 'n')}
    assert nb_server.rows('Network')['n']['mtu'] == 1400


def test_an_earlier_state_never_replaces_a_later_one(put, nb_server):
    put(network(2, mtu=1400))
    result = put(network(1, mtu=1300))
    assert result.protected == {('Network', 'n')} and not result.changes
    assert nb_server.rows('Network')['n']['mtu'] == 1400


def test_the_same_state_is_not_written_again(put, nb_server):
    put(network(1), port())
    before = nb_server.size()
    assert not put(network(1), port()).changes
    assert nb_server.size() == before


class Racing:
    """Runs something between what a command reads and what it sends, the first time."""

    def __init__(self, monkeypatch, race):
        from networking_dragonflow.nb import write

        self.runs = 0
        original = write.WriteRows.run_idl

        def run_idl(command, txn):
            original(command, txn)
            self.runs += 1
            if self.runs == 1:
                race()
        monkeypatch.setattr(write.WriteRows, 'run_idl', run_idl)


def test_a_later_state_written_meanwhile_wins(put, nb_server, monkeypatch):
    put(network(1))
    later = ['map', [['neutron:revision', '5']]]
    racing = Racing(monkeypatch, lambda: nb_server.update('Network', 'n', mtu=1200,
                                                          external_ids=later))
    result = put(network(3, mtu=1300))
    assert racing.runs == 2, 'the race did not take place'
    assert result.protected == {('Network', 'n')}
    assert nb_server.rows('Network')['n']['mtu'] == 1200


def test_an_earlier_state_written_meanwhile_loses(put, nb_server, monkeypatch):
    put(network(1))
    earlier = ['map', [['neutron:revision', '2']]]
    racing = Racing(monkeypatch, lambda: nb_server.update('Network', 'n', mtu=1200,
                                                          external_ids=earlier))
    assert put(network(3, mtu=1300)).updated
    assert racing.runs == 2, 'the race did not take place'
    assert nb_server.rows('Network')['n']['mtu'] == 1300


def test_a_transaction_that_is_repeated_does_all_of_it_again(put, nb_server, monkeypatch):
    from networking_dragonflow.nb import rows

    put(network(1))
    later = ['map', [['neutron:revision', '2']]]
    racing = Racing(monkeypatch, lambda: nb_server.update('Network', 'n', external_ids=later))
    router = rows.Row('Router', 'r', 1, {
        'enabled': [True], 'routes': ['10.9.0.0/16 via 10.0.1.9'], 'static_routes': [],
        'external_ids': {'neutron:revision': '1'}})
    assert put(network(3), router).created == {('Router', 'r')}
    assert racing.runs == 2, 'the race did not take place'
    assert list(nb_server.routes().values()) == [['10.9.0.0/16 via 10.0.1.9']]


def test_two_that_create_the_same_row_do_not_collide(put, nb, nb_server, monkeypatch):
    """The second is refused by the index on names, and then finds the row."""
    racing = Racing(monkeypatch, lambda: nb_server.insert(
        'Network', name='n', type='vxlan', external_ids=['map', [['neutron:revision', '7']]]))
    with pytest.raises(RuntimeError, match='constraint violation'):
        put(network(3))
    assert racing.runs == 1
    assert put(network(3)).protected


def test_a_state_that_neutron_went_back_from_is_replaced(put, nb_server):
    put(network(9, mtu=1200))
    assert put(network(4, mtu=1300), overrule=8).protected
    assert put(network(4, mtu=1300), overrule=9).updated
    assert nb_server.rows('Network')['n']['mtu'] == 1300


def test_rows_of_others_are_never_deleted(remove, nb_server):
    nb_server.insert('Network', name='n', type='vxlan')
    assert not remove('Network', 'n').changes
    assert 'n' in nb_server.rows('Network')


def test_external_ids_of_others_are_kept(put, nb_server):
    put(network(1))
    nb_server.update('Network', 'n', external_ids=['map', [
        ['neutron:revision', '1'], ['neutron:stale', 'x'], ['theirs', 'y']]])
    put(network(2))
    assert nb_server.rows('Network')['n']['external_ids'] == {'neutron:revision': '2',
                                                              'theirs': 'y'}


def test_what_chassis_write_is_kept(put, nb_server):
    put(network(1), port())
    chassis = nb_server.insert('Chassis', name='c1', hostname='h1')
    nb_server.update('Port', 'p', up=True, chassis=['uuid', str(chassis)])
    put(port(revision=2, mac='fa:16:3e:00:00:02'))
    row = nb_server.rows('Port')['p']
    assert row['up'] is True and row['chassis'] == str(chassis)


def test_a_network_goes_with_what_is_on_it(put, remove, nb_server):
    put(network(1), port())
    assert remove('Network', 'n').deleted == {('Network', 'n'), ('Port', 'p')}
    assert nb_server.names() == {}


def test_a_network_stays_while_it_has_a_port_of_another_client(put, remove, nb_server):
    put(network(1))
    uuid = nb_server.transact({'op': 'select', 'table': 'Network', 'where': [],
                               'columns': ['_uuid']})[0]['rows'][0]['_uuid']
    nb_server.insert('Port', name='theirs', network=uuid, mac='fa:16:3e:00:00:09')
    with pytest.raises(RuntimeError, match='referential integrity'):
        remove('Network', 'n')
    assert nb_server.names() == {'Network': ['n'], 'Port': ['theirs']}


def test_a_row_without_its_parent_is_reported_and_not_written(put, nb_server):
    assert put(port()).orphans == {('Port', 'p')}
    assert nb_server.names() == {}


def test_ports_can_exchange_their_mac_addresses(put, nb_server):
    a, b = 'fa:16:3e:00:00:0a', 'fa:16:3e:00:00:0b'
    put(network(1), port(name='a', mac=a), port(name='b', mac=b))
    assert len(put(port(2, name='a', mac=b), port(2, name='b', mac=a)).updated) == 2
    assert nb_server.rows('Port')['a']['mac'] == b


def test_a_port_that_shall_have_no_row_keeps_one_of_a_later_state(put, remove, nb_server):
    put(network(1), port(revision=5))
    assert remove('Port', 'p', revision=4).protected
    assert remove('Port', 'p', revision=6).deleted


def test_the_chassis_of_a_host_is_asked_for_by_its_name(put, nb_server, nb):
    put(network(1), port(host='h1'))
    assert nb_server.rows('Port')['p']['requested_chassis'] == 'h1'
    nb_server.insert('Chassis', name='c1', hostname='h1')
    waiting.until(lambda: nb.find('Chassis', 'c1'), 5)
    assert put(port(host='h1')).updated
    assert nb_server.rows('Port')['p']['requested_chassis'] == 'c1'


def test_chassis_that_say_they_are_on_the_same_host_are_not_believed(put, nb_server, nb):
    nb_server.insert('Chassis', name='c1', hostname='h1')
    nb_server.insert('Chassis', name='c2', hostname='h1')
    nb_server.insert('Chassis', name='c3', hostname='h3')
    waiting.until(lambda: len(nb.rows('Chassis')) == 3, 5, 'three chassis')
    put(network(1), port(host='h1'), port(name='q', mac='fa:16:3e:00:00:02', host='h3'))
    rows = nb_server.rows('Port')
    assert rows['p']['requested_chassis'] == 'h1'
    assert rows['q']['requested_chassis'] == 'c3'


def test_no_chassis_takes_the_place_of_one_that_is_called_like_the_host(put, nb_server, nb):
    nb_server.insert('Chassis', name='h2', hostname='h2.example.org')
    nb_server.insert('Chassis', name='a', hostname='h2')
    waiting.until(lambda: len(nb.rows('Chassis')) == 2, 5, 'two chassis')
    put(network(1), port(host='h2'))
    assert nb_server.rows('Port')['p']['requested_chassis'] == 'h2'
