# SPDX-License-Identifier: Apache-2.0
"""A private MariaDB, for tests in which two processes of Neutron write: SQLite then fails."""
import subprocess

from neutronharness import waiting


class MariaDb:
    """Listens on a socket in 'directory'; 'url' is what Neutron wants to know."""

    def __init__(self, directory):
        self._data = directory / 'mariadb'
        self._socket = directory / 'mariadb.sock'
        self._log = directory / 'mariadb.log'
        self.url = 'mysql+pymysql://root@localhost/neutron?unix_socket=%s&charset=utf8' % (
            self._socket)
        self._process = None

    def start(self):
        """Starts it, with an empty database "neutron"."""
        with open(self._log, 'w') as log:
            subprocess.run(['mariadb-install-db', '--no-defaults', '--user=root',
                            '--datadir=%s' % self._data, '--skip-test-db',
                            '--auth-root-authentication-method=normal'],
                           check=True, stdout=log, stderr=log)
            self._process = subprocess.Popen(
                ['/usr/sbin/mariadbd', '--no-defaults', '--user=root', '--skip-networking',
                 '--datadir=%s' % self._data, '--socket=%s' % self._socket,
                 '--pid-file=%s' % (self._data / 'pid'), '--skip-log-bin',
                 '--innodb-buffer-pool-size=64M', '--innodb-flush-log-at-trx-commit=0'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        waiting.until(lambda: self._sql('CREATE DATABASE IF NOT EXISTS neutron '
                                        'CHARACTER SET utf8') == 0, 30, 'MariaDB answers')

    def _sql(self, statement):
        assert self._process.poll() is None, self._log.read_text()
        return subprocess.run(['mariadb', '--no-defaults', '-uroot', '-S', str(self._socket),
                               '-e', statement], capture_output=True).returncode

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
