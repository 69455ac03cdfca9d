# SPDX-License-Identifier: Apache-2.0
"""Marks are never lost, and never taken too early."""
import threading

import pytest


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def marks(neutron_session, clock):
    from networking_dragonflow.sync import marks

    return marks.Marks(clock)


def test_many_changes_of_an_object_are_one_mark(marks):
    for _ in range(10):
        marks.add(('port', 'a'), ('port', 'b'))
    assert sorted(marks.take(10, timeout=0)) == [('port', 'a'), ('port', 'b')]
    assert marks.take(10, timeout=0) == []


def test_an_object_that_changes_while_it_is_reconciled_is_looked_at_again(marks):
    marks.add(('port', 'a'))
    assert marks.take(1, timeout=0)
    marks.add(('port', 'a'))
    marks.done([('port', 'a')])
    assert marks.take(1, timeout=0) == [('port', 'a')]


def test_retries_come_later_and_later(marks, clock):
    waits = []
    for _ in range(12):
        marks.again([('port', 'a')])
        start = clock.now
        while not marks.take(1, timeout=0):
            clock.now += 0.05
        waits.append(clock.now - start)
    assert waits[0] < 0.3
    assert 10 <= waits[-1] <= 31
    marks.done([('port', 'a')])
    marks.again([('port', 'a')])
    clock.now += 0.3
    assert marks.take(1, timeout=0)


def test_a_change_does_not_wait_for_the_retry(marks):
    marks.again([('port', 'a')])
    assert marks.take(1, timeout=0) == []
    marks.add(('port', 'a'))
    assert marks.take(1, timeout=0) == [('port', 'a')]


def test_stop_ends_waiting(marks):
    waiter = threading.Thread(target=marks.take, args=(1,), daemon=True)
    waiter.start()
    marks.stop()
    waiter.join(5)
    assert not waiter.is_alive()
