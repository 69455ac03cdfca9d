# SPDX-License-Identifier: Apache-2.0
"""What each process of Neutron has: marks, and a thread that reconciles them.

The thread connects by itself and for as long as it takes.  Marking an object never
waits.

Where Neutron's API runs under a WSGI server such as uwsgi, there is no thread: with
eventlet it would only run while requests are served.  There the sweep of the elected
worker (sync/sweep.py) sees what has changed.
"""
import importlib
import os
import threading

from neutron_lib.db import api as db_api
from oslo_config import cfg
from oslo_log import log
from sqlalchemy import event

from networking_dragonflow.nb import connection
from networking_dragonflow.state import reader
from networking_dragonflow.sync import marks as marks_
from networking_dragonflow.sync import reconciler

try:
    from eventlet import patcher
except ImportError:
    patcher = None      # Neutron does without since 2026.1.

LOG = log.getLogger(__name__)

# Between attempts to reconcile after an error that concerns all objects.
PAUSE = 1.0


class Runtime:
    """Marks, and the thread that reconciles them over a connection of its own."""

    def __init__(self, connect=connection.connect, source=None):
        self.marks = marks_.Marks()
        self._connect = connect
        self._source = source or reader.configured(cfg.CONF)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name='dragonflow', daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._stopping.set()
        self.marks.stop()
        self._thread.join()

    def _run(self):
        nb = connect_persistently(self._connect, self._stopping)
        if nb is None:
            return
        try:
            worker = reconciler.Reconciler(nb, self._source)
            while not self._stopping.is_set():
                reconcile_marked(worker, self.marks, self._stopping)
        finally:
            nb.close()


def connect_persistently(connect, stopping):
    """Calls connect() until it returns a connection, which it returns; None if
    'stopping', an Event, is set before."""
    complained = False
    while not stopping.is_set():
        try:
            return connect()
        except Exception as e:
            if not complained:
                LOG.warning('Cannot reach the Northbound database, trying on: %s', e)
                complained = True
            stopping.wait(PAUSE)
    return None


def reconcile_marked(worker, marks, stopping, timeout=None):
    """Waits up to 'timeout' seconds for marks, and reconciles some."""
    taken = marks.take(reconciler.BATCH, timeout)
    if not taken:
        return
    try:
        outcome = worker.reconcile(taken)
    except Exception as e:
        # One of the databases is away, or a row cannot be handled.  All marks stay.
        LOG.warning('Cannot mirror %d objects to the Northbound database now: %s: %s',
                    len(taken), type(e).__name__, e)
        marks.again(taken)
        stopping.wait(PAUSE)
        return
    marks.done(set(taken) - outcome.failed)
    marks.again(outcome.failed)


def can_run():
    """Whether threads of this process run all the time."""
    if patcher is None or not patcher.is_monkey_patched('thread'):
        return True
    for server in ('uwsgi', 'mod_wsgi'):
        try:
            importlib.import_module(server)     # Exists inside of it only.
            return False
        except ImportError:
            pass
    return True


_current = None
_current_pid = None
_lock = threading.Lock()


def start(factory=Runtime):
    """Starts this process's runtime, unless it runs, and returns it; None where it cannot
    run.  A process inherits none."""
    global _current, _current_pid
    with _lock:
        if _current_pid != os.getpid():
            _current = factory() if can_run() else None
            _current_pid = os.getpid()
            if _current is not None:
                _current.start()
        return _current


def mark(*marks, context=None):
    """Marks objects, (kind, id), as changed: now, or when the transaction that 'context', a
    Neutron context, may be in has ended, since other processes do not see the change
    before."""
    if context is not None and (db_api.is_session_active(context.session)
                                or context.session.in_nested_transaction()):
        _mark_at_end(context.session, marks)
        return
    runtime = start()
    if runtime is not None:
        runtime.marks.add(*marks)


# In Session.info: the marks that wait for the end of the session's transaction.
_WAITING = 'dragonflow_marks'


def _mark_at_end(session, marks):
    if _WAITING not in session.info:
        session.info[_WAITING] = set()
        event.listen(session, 'after_transaction_end', _transaction_ended)
    session.info[_WAITING].update(marks)


def _transaction_ended(session, transaction):
    # Those within others are savepoints.
    if transaction.parent is None and session.info[_WAITING]:
        marks, session.info[_WAITING] = session.info[_WAITING], set()
        mark(*marks)
