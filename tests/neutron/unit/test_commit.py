# SPDX-License-Identifier: Apache-2.0
"""An object is marked when others see its change, not before."""
import pytest


@pytest.fixture
def seen(topology, neutron, source, monkeypatch):
    """A function that does something, and returns what others saw of the router each time it
    was marked: its extra routes."""
    def seen(change):
        found = []

        def add(*marks):
            if ('router', topology.router['id']) in marks:
                row = source.read('router', [topology.router['id']])[topology.router['id']]
                found.append(row.rows['Router', topology.router['id']].columns['routes'])
        with monkeypatch.context() as patch:
            patch.setattr(neutron.runtime.marks, 'add', add)
            change()
        return found
    return seen


def route(number):
    return {'destination': '10.%d.0.0/16' % number, 'nexthop': '10.0.1.9'}


def text(*numbers):
    return ['10.%d.0.0/16 via 10.0.1.9' % number for number in numbers]


def test_extra_routes_are_there_when_their_router_is_marked(topology, neutron, seen):
    context, id_ = neutron.context(), topology.router['id']
    assert seen(lambda: neutron.l3.update_router(context, id_, {
        'router': {'routes': [route(7)]}}))[-1] == text(7)
    for context in (neutron.context(), context):    # Of a new request; of the same.
        assert seen(lambda: neutron.l3.add_extraroutes(context, id_, {
            'router': {'routes': [route(8)]}}))[-1] == text(7, 8)
        assert seen(lambda: neutron.l3.remove_extraroutes(context, id_, {
            'router': {'routes': [route(8)]}}))[-1] == text(7)


def test_marks_of_a_transaction_wait_for_the_outermost_one(topology, neutron, runtime_of_test):
    from neutron_lib.db import api as db_api
    from networking_dragonflow.sync import runtime

    context = neutron.context()
    with db_api.CONTEXT_WRITER.using(context):
        context.session.connection()
        runtime.mark(('port', 'a'), context=context)
        with db_api.CONTEXT_WRITER.using(context):
            runtime.mark(('port', 'b'), ('port', 'a'), context=context)
        with context.session.begin_nested():
            runtime.mark(('port', 'c'), context=context)
        assert runtime_of_test() == []
    assert runtime_of_test() == [('port', 'a'), ('port', 'b'), ('port', 'c')]
    runtime.mark(('port', 'd'), context=context)
    assert runtime_of_test() == [('port', 'd')]
    with pytest.raises(ZeroDivisionError):
        with db_api.CONTEXT_WRITER.using(context):
            context.session.connection()
            runtime.mark(('port', 'e'), context=context)
            1 / 0
    assert runtime_of_test() == [('port', 'e')], 'a mark too many does no harm'


@pytest.fixture
def runtime_of_test(neutron):
    neutron.take_marks()
    return lambda: sorted(neutron.take_marks())
