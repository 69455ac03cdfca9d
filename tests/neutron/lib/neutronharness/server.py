# SPDX-License-Identifier: Apache-2.0
"""A real neutron-server, and its REST API."""
import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request

from neutronharness import PYTHON
from neutronharness import configuration
from neutronharness import oslolog
from neutronharness import waiting


class ApiError(Exception):
    def __init__(self, status, body):
        super().__init__('%s: %s' % (status, body))
        self.status = status
        self.body = body


class NeutronServer:
    """neutron-server with a process group of its own, so that all of it can be killed."""

    def __init__(self, directory, package, nb, **settings):
        self.directory = directory
        self.package = package
        self.log = directory / 'neutron-server.log'
        self.port = _free_port()
        self._files = configuration.write(directory, nb, port=self.port, **settings)
        self._process = None

    @property
    def _arguments(self):
        return [a for file in self._files for a in ('--config-file', str(file))]

    def upgrade_database(self):
        """Makes the tables, as an operator would."""
        subprocess.run(['/usr/bin/neutron-db-manage', *self._arguments, 'upgrade', 'heads'],
                       env=self._environment, check=True, capture_output=True)

    @property
    def _environment(self):
        return dict(os.environ, PYTHONPATH=str(self.package), PYTHONDONTWRITEBYTECODE='1')

    def start(self):
        if self._process is not None:
            return
        self._process = self._spawn(PYTHON, '/usr/bin/neutron-server', *self._arguments)
        self._wait_until_it_answers()

    def refuse(self):
        """Starts it; returns what it says, on its output and in its log, when it has ended by
        itself instead of serving."""
        process = self._spawn(PYTHON, '/usr/bin/neutron-server', *self._arguments)
        try:
            waiting.until(lambda: process.poll() is not None, 90, lambda:
                          'neutron-server ends; its log ends in\n' + self.log_tail())
        finally:
            _kill_group(process, signal.SIGKILL)
        assert process.returncode != 0
        return self.log_tail()

    def _spawn(self, *arguments):
        with open(self.directory / 'neutron-server.out', 'a') as output:
            return subprocess.Popen(arguments, env=self._environment, stdin=subprocess.DEVNULL,
                                    stdout=output, stderr=output, start_new_session=True)

    def _wait_until_it_answers(self):
        waiting.until(self._answers, 90, lambda: 'neutron-server answers; its log ends in\n'
                      + self.log_tail())

    def _answers(self):
        assert self._process.poll() is None, 'neutron-server ended\n' + self.log_tail()
        try:
            return bool(self.get('networks') or True)
        except (OSError, ApiError):
            return False

    def kill(self):
        """Kills all processes at once, in the middle of whatever they do."""
        self._end(signal.SIGKILL)

    def stop(self):
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                pass
            self._end(signal.SIGKILL)

    def _end(self, how):
        if self._process is not None:
            _kill_group(self._process, how)
            self._process = None

    def workers(self, title):
        """Returns the ids of our processes that have 'title' in their title."""
        found = []
        for entry in os.listdir('/proc'):
            if entry.isdigit():
                try:
                    if os.getpgid(int(entry)) == self._process.pid:
                        with open('/proc/%s/cmdline' % entry) as f:
                            if title in f.read():
                                found.append(int(entry))
                except OSError:
                    pass
        return found

    def kill_worker(self, title):
        """Kills our only process that has 'title' in its title.  Returns its id."""
        worker, = self.workers(title)
        oslolog.kill_while_it_does_not_log(worker, self._process.pid)
        return worker

    def log_tail(self, lines=40):
        text = ''
        for file in (self.directory / 'neutron-server.out', self.log):
            if file.exists():
                text += '\n'.join(file.read_text(errors='replace').splitlines()[-lines:])
        return text

    def sync(self, *options):
        """Runs neutron-dragonflow-sync."""
        return subprocess.run(
            [PYTHON, '-W', 'ignore', '-c',
             'import sys; from networking_dragonflow.cmd import sync; sys.exit(sync.main())',
             *self._arguments, '--log-file', str(self.directory / 'sync.log'), *options],
            env=self._environment, capture_output=True, text=True, timeout=120)

    # The API.

    def call(self, method, path, body=None, timeout=120):
        """One request."""
        request = urllib.request.Request(
            'http://127.0.0.1:%d/v2.0/%s' % (self.port, path), method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:
                text = response.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as e:
            raise ApiError(e.code, e.read().decode(errors='replace')) from None

    def get(self, path):
        """GET of a collection or a member; returns what is inside."""
        answer = self.call('GET', path)
        return next(iter(answer.values()))

    def create(self, resource, **values):
        return self.call('POST', resource + 's', {resource: values})[resource]

    def update(self, resource, id_, **values):
        return self.call('PUT', '%ss/%s' % (resource, id_), {resource: values})[resource]

    def delete(self, resource, id_):
        self.call('DELETE', '%ss/%s' % (resource, id_))

    def router_action(self, router, action, /, **values):
        return self.call('PUT', 'routers/%s/%s' % (router['id'], action), values)


class SplitServer(NeutronServer):
    """The same as Debian starts it: the API under uwsgi, everything else in a
    neutron-rpc-server of its own."""

    OTHER = ['/usr/bin/neutron-rpc-server']
    _other = None

    def start(self):
        if self._process is not None:
            return
        self._other = self._spawn(PYTHON, *self.OTHER, *self._arguments,
                                  '--log-file', str(self.directory / 'other.log'))
        self._process = self._spawn(
            '/usr/bin/uwsgi_python3', '--http-socket', '127.0.0.1:%d' % self.port,
            '--buffer-size', '65535', '--rem-header', 'Content-Length',
            '--add-header', 'Connection: close', '--master', '--lazy-apps', '--no-orphans',
            '--die-on-term', '--enable-threads', '--processes', '2',
            '--wsgi-file', '/usr/bin/neutron-api', '--pyargv', ' '.join(self._arguments))
        self._wait_until_it_answers()

    def _end(self, how):
        super()._end(how)
        if self._other is not None:
            _kill_group(self._other, how)
            self._other = None


class WorkerServer(SplitServer):
    """The API under uwsgi, and nothing of Neutron's else, but neutron-dragonflow-worker."""

    OTHER = ['-W', 'ignore', '-c',
             'import sys; from networking_dragonflow.cmd import worker; sys.exit(worker.main())']


class PeriodicServer(SplitServer):
    """The API under uwsgi, and what neutron-periodic-workers of later releases is: the workers
    of plugins that ask for no process of their own."""

    OTHER = ['-W', 'ignore', '-c', """
import sys
from neutron.common import eventlet_utils
eventlet_utils.monkey_patch()
from neutron import manager, server, service

def start():
    manager.init()
    service._start_workers([w for w in service._get_plugins_workers()
                            if w.worker_process_count < 1]).wait()
server.boot_server(start)
"""]


def _kill_group(process, how):
    """Ends a process with all that it has started."""
    try:
        os.killpg(process.pid, how)
    except ProcessLookupError:
        pass
    process.wait()


def _free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]
