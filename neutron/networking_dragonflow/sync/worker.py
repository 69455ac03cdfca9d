# SPDX-License-Identifier: Apache-2.0
"""The duty to repair and report, which one process of all Neutron servers has.

Each neutron-server has a process that is a candidate for it.  Where Neutron's API and RPC
servers are separate programs, the RPC workers are candidates, and neutron-periodic-workers
has one; and neutron-dragonflow-worker is a candidate only.  One candidate holds a lock of
the Northbound database, and works; the others wait for it.  What is written over this
connection is only written while the lock is held.

The one elected compares Neutron with the Northbound database when it is elected, which
includes each reconnection, when the chassis that there are change, and periodically; in
between it sweeps.  In native mode it also reports chassis, ports and floating IPs to Neutron.
"""
import threading
import time

from neutron_lib import worker as neutron_worker
from oslo_config import cfg
from oslo_log import log

from networking_dragonflow import config
from networking_dragonflow.nb import connection
from networking_dragonflow.nb import rows
from networking_dragonflow.nb import schema
from networking_dragonflow.state import reader
from networking_dragonflow.sync import comparison
from networking_dragonflow.sync import liveness
from networking_dragonflow.sync import runtime
from networking_dragonflow.sync import status
from networking_dragonflow.sync import sweep

LOG = log.getLogger(__name__)


class Duty:
    """The work of the elected.  step() does what there is to do and returns how long,
    in seconds, there will be nothing unless wake() is called."""

    # Chassis come in groups, when a rack gets power.
    SETTLE = 1.0
    RETRY = 2.0

    def __init__(self, nb, source, conf=cfg.CONF, clock=time.monotonic):
        self._nb = nb
        self._source = source
        self._interval = conf[config.GROUP].comparison_interval
        self._clock = clock
        self._election = None
        self._compare_at = None
        self._chassis = None
        self._sweep = sweep.Sweep(nb, source, clock)
        self._native = config.native(conf)
        self._north_south = config.north_south(conf)
        self._liveness = liveness.Liveness(nb, conf[config.GROUP].liveness_interval, clock)
        self._lock = threading.Lock()
        self._changed_ports = set()
        self._changed_floating_ips = set()

    def row_changed(self, table, name):
        """To be called when a row has changed, on any thread."""
        if table == schema.PORT and self._native and name is not None:
            with self._lock:
                self._changed_ports.add(name)
        elif table == schema.NAT and self._north_south:
            with self._lock:
                self._changed_floating_ips.add(name)

    def step(self):
        with self._nb.lock():
            election = self._nb.elected
            chassis = rows.chassis_names(self._nb)
        if not election:
            self._election = None
            return self.RETRY
        now = self._clock()
        if election != self._election:
            LOG.info('Elected to keep the Northbound database what Neutron says')
            self._compare_at = now
            self._sweep.start()
        elif chassis != self._chassis:
            self._compare_at = min(self._compare_at, now + self.SETTLE)
        self._election, self._chassis = election, chassis
        if now >= self._compare_at:
            self._compare_at = now + (self._interval if self.compare() else self.RETRY)
        self._sweep.run()
        if self._native:
            self._report()
        return max(0.0, min(self._compare_at, self._sweep.due) - self._clock())

    def compare(self):
        """Compares and repairs.  Returns whether everything is as it should be now, as far
        as is known."""
        started = time.monotonic()
        differences, ahead = comparison.compare(self._nb, self._source)
        if differences:
            outcome = comparison.repair(self._nb, self._source, differences, ahead)
            LOG.info('Compared Neutron with the Northbound database: %d differences, wrote '
                     '%d rows, %d objects left, in %.2f seconds', len(differences),
                     outcome.result.changes, len(outcome.failed), time.monotonic() - started)
        else:
            outcome = None
            LOG.info('Compared Neutron with the Northbound database: no difference, in '
                     '%.2f seconds', time.monotonic() - started)
        if self._native:
            status.report(self._nb)
        if self._north_south:
            status.report_floating_ips(self._nb)
        return not (outcome and outcome.failed)

    def _report(self):
        with self._lock:
            ports, self._changed_ports = self._changed_ports, set()
            floating_ips, self._changed_floating_ips = self._changed_floating_ips, set()
        try:
            if ports:
                status.report(self._nb, ports)
            if self._north_south and (ports or floating_ips):
                status.report_floating_ips(self._nb, floating_ips, ports)
        except Exception:
            with self._lock:
                self._changed_ports |= ports
                self._changed_floating_ips |= floating_ips
            raise
        self._liveness.run()


class Candidate:
    """A thread that does the duty of the elected whenever elected."""

    def __init__(self):
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=run_duty, args=(self._stopping,),
                                        name='dragonflow-duty', daemon=True)
        self._thread.start()

    def is_alive(self):
        return self._thread.is_alive()

    def stop(self):
        self._stopping.set()

    def wait(self):
        self._thread.join()


class DragonflowWorker(neutron_worker.BaseWorker):
    """A process that is a candidate."""

    def __init__(self, process_count=1):
        super().__init__(worker_process_count=process_count, desc='dragonflow')
        self._candidate = None

    def start(self):
        super().start(desc='dragonflow')
        self._candidate = Candidate()

    def stop(self):
        if self._candidate is not None:
            self._candidate.stop()

    def wait(self):
        if self._candidate is not None:
            self._candidate.wait()

    @staticmethod
    def reset():
        config.register()


class DragonflowThread(DragonflowWorker):
    """A candidate in a process that it shares with other workers, unless there is one with a
    process of its own beside it, which has_worker() tells."""

    def __init__(self, has_worker):
        super().__init__(process_count=0)
        self._has_worker = has_worker

    def start(self):
        if not self._has_worker():
            super().start()


def run_duty(stopping, conf=cfg.CONF):
    """Connects, and does the duty of the elected whenever elected, until 'stopping'."""
    awake = threading.Event()
    duty = None

    def row_changed(table, name):
        if duty is not None:
            duty.row_changed(table, name)
        awake.set()

    nb = runtime.connect_persistently(
        lambda: connection.connect(conf, elect=True, status=True, on_change=row_changed),
        stopping)
    if nb is None:
        return
    duty = Duty(nb, reader.configured(conf), conf)
    while not stopping.is_set():
        try:
            pause = duty.step()
        except Exception as e:
            LOG.warning('Cannot compare Neutron with the Northbound database now: %s: %s',
                        type(e).__name__, e)
            pause = Duty.RETRY
        awake.wait(pause)
        awake.clear()
    nb.close()
