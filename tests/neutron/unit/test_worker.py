# SPDX-License-Identifier: Apache-2.0
"""One elected worker at a time compares; whatever was lost is found by it."""
import pytest

from neutronharness import waiting


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def candidate(connect, source, clock):
    """A function that makes a candidate: (connection, duty)."""
    from networking_dragonflow.sync import worker

    def candidate():
        nb = connect(elect=True, status=True)
        return nb, worker.Duty(nb, source, clock=clock)
    return candidate


def elected(nb):
    def is_elected():
        with nb.lock():
            return nb.elected
    return waiting.until(is_elected, 15, 'elected')


def test_the_elected_repairs_at_once_and_then_periodically(topology, neutron, candidate, clock,
                                                           compare):
    nb, duty = candidate()
    elected(nb)
    neutron.update_port(topology.port1, admin_state_up=False)
    duty.step()
    assert compare() == []
    neutron.update_port(topology.port1, admin_state_up=True)
    duty.step()
    assert len(compare()) == 1, 'it is not time yet'
    clock.now += 121
    duty.step()
    assert compare() == []


def test_only_one_is_elected_and_its_death_elects_another(topology, neutron, candidate, compare):
    first, first_duty = candidate()
    elected(first)
    second, second_duty = candidate()
    neutron.update_port(topology.port1, admin_state_up=False)
    second_duty.step()
    assert len(compare()) == 1, 'the second is not elected, and yet works'
    first.close()
    elected(second)
    second_duty.step()
    assert compare() == []


def test_who_is_not_elected_cannot_write(topology, neutron, candidate, source):
    from networking_dragonflow.nb import write
    from networking_dragonflow.sync import comparison

    first, _ = candidate()
    elected(first)
    second, _ = candidate()
    neutron.update_port(topology.port1, admin_state_up=False)
    differences, ahead = comparison.compare(second, source)
    assert len(differences) == 1
    with pytest.raises(write.NotReady):
        comparison.repair(second, source, differences, ahead)


def test_a_database_that_was_lost_is_written_anew(topology, candidate, nb_server):
    nb, duty = candidate()
    elected(nb)
    duty.step()
    before = nb_server.names()
    nb_server.kill()
    nb_server.create()
    nb_server.start()

    def repaired():
        duty_step_may_fail(duty)
        return nb_server.names() == before
    waiting.until(repaired, 20, nb_server.names, interval=0.2)


def duty_step_may_fail(duty):
    try:
        duty.step()
    except Exception:
        pass                # What the process does: it tries again.


def test_a_new_chassis_gets_its_ports_at_once(topology, candidate, nb_server, clock, compare):
    nb, duty = candidate()
    elected(nb)
    duty.step()
    nb_server.insert('Chassis', name='c1', hostname='h1')
    waiting.until(lambda: nb.find('Chassis', 'c1'), 5)
    duty.step()
    clock.now += 2
    duty.step()
    assert nb_server.rows('Port')[topology.port1['id']]['requested_chassis'] == 'c1'
    assert nb_server.rows('Port')[topology.port2['id']]['requested_chassis'] == 'h2'


def test_raising_the_sequence_is_what_dfctl_does(nb_server, connect):
    from networking_dragonflow.sync import liveness

    nb = connect(elect=True, status=True)
    elected(nb)
    nb_server.insert('Chassis', name='c1', applied=41)
    waiting.until(lambda: nb.find('Chassis', 'c1'), 5)
    assert liveness.RaiseSequence(nb).execute(check_error=True) == 42
    row, = nb_server.transact({'op': 'select', 'table': 'Global', 'where': []})[0]['rows']
    ids = dict(row['external_ids'][1])
    assert row['sequence'] == 42
    assert ids['sequence_settled'] == '0' and int(ids['sequence_raised_at']) > 10**12
    assert liveness.RaiseSequence(nb).execute(check_error=True) == 43
