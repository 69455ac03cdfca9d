# SPDX-License-Identifier: Apache-2.0
"""What differs between Neutron's releases, by stand-ins for those that are not here."""
import subprocess

import pytest

from neutronharness import PACKAGE
from neutronharness import PYTHON

# Neutron itself needs eventlet here, and so is imported before there is none.
WITHOUT_EVENTLET = """
import importlib, pkgutil, sys
for name in ('neutron.service', 'neutron.manager', 'neutron.plugins.ml2.models',
             'neutron.services.l3_router.l3_router_plugin', 'neutron.db.provisioning_blocks',
             'neutron.conf.plugins.ml2.config', 'neutron.scheduler.l3_agent_scheduler',
             'neutron.scheduler.dhcp_agent_scheduler', 'neutron.services.trunk.plugin',
             'neutron.api.extensions'):
    importlib.import_module(name)
for name in [n for n in sys.modules if n.partition('.')[0] == 'eventlet']:
    sys.modules[name] = None
sys.modules['eventlet'] = sys.modules['neutron.common.eventlet_utils'] = None
sys.path.insert(0, sys.argv[1])
import networking_dragonflow
names = [m.name for m in pkgutil.walk_packages(networking_dragonflow.__path__,
                                               'networking_dragonflow.')]
for name in names:
    importlib.import_module(name)
from networking_dragonflow.sync import runtime
assert runtime.can_run()
sys.modules['uwsgi'] = sys      # Its threads are real ones, too.
assert runtime.can_run()
print(len(names))
"""


def test_there_may_be_no_eventlet():
    process = subprocess.run([PYTHON, '-W', 'ignore', '-c', WITHOUT_EVENTLET, str(PACKAGE)],
                             capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    assert int(process.stdout) > 20


@pytest.fixture
def candidates(neutron, monkeypatch):
    """The candidates that are made, and a mechanism driver of this process."""
    from neutron_lib.plugins import directory
    from networking_dragonflow.sync import worker

    made = []
    monkeypatch.setattr(worker, 'Candidate', lambda: made.append(1))
    driver = directory.get_plugin().mechanism_manager.mech_drivers['dragonflow'].obj
    monkeypatch.setattr(driver, '_candidate', None)
    monkeypatch.setattr(driver, '_has_worker', False)
    return driver, made


def processes():
    """(trigger, whether it is that of an RPC worker)"""
    from neutron import service

    worker = service.RpcWorker([])
    reports = service.RpcReportsWorker([])
    others = service.AllServicesNeutronWorker([])

    def function():
        pass
    return [(worker.start, True), (worker, True), (service.RpcWorker, True),
            (reports.start, True), (reports, True), (service.RpcReportsWorker, True),
            (others.start, False), (others, False), (service.AllServicesNeutronWorker, False),
            (function, False), (None, False)]


@pytest.mark.parametrize('number', range(11))
def test_rpc_workers_are_candidates_whatever_the_trigger_is(candidates, number):
    from neutron_lib.callbacks import events
    from neutron_lib.callbacks import resources

    driver, made = candidates
    trigger, is_rpc_worker = processes()[number]
    driver._process_started(resources.PROCESS, events.AFTER_INIT, trigger)
    assert bool(made) == is_rpc_worker


def test_each_program_that_starts_workers_has_one_candidate(candidates):
    """Some start those with processes, some those without, neutron-server both."""
    driver, made = candidates
    workers = driver.get_workers()
    for worker in workers:
        if worker.worker_process_count < 1:
            worker.start()
    assert len(made) == 1
    for worker in workers:
        if worker.worker_process_count > 0:
            worker.start()
    assert len(made) == 2
    driver._server_starts(None, None, None)
    for worker in driver.get_workers():
        worker.start()
    assert len(made) == 3
