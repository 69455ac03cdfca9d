# SPDX-License-Identifier: Apache-2.0
"""A database that cannot be used is named with the reason and the way out."""
import os
import pathlib
import socket
import subprocess
import tempfile
import threading
import time

import pytest

from dfharness.cluster import NbCluster
from dfharness.database import Database
from dfharness.process import OVS_SCHEMA, SANITIZER, Workspace, program, run
from dfharness.secure import ADDRESS, Pki, free_port


@pytest.fixture(scope="module")
def workspace():
    workspace = Workspace(tempfile.mkdtemp(prefix="df-dfctl-connection-%d-" % os.getpid()))
    yield workspace
    assert not workspace.close()


def dfctl(*argv):
    p = subprocess.run([program("dfctl"), *argv], capture_output=True, text=True, timeout=60)
    assert not SANITIZER.search(p.stderr), p.stderr
    return p


def refused(db, *argv, command=("show",)):
    """The one line that dfctl says when it cannot use the database."""
    p = dfctl("--db=" + db, *argv, *command)
    assert (p.returncode, p.stdout) == (1, "")
    assert p.stderr.startswith("dfctl: ") and p.stderr.count("\n") == 1, p.stderr
    return p.stderr[len("dfctl: "):-1]


@pytest.mark.parametrize("db, message", [
    ("foo", "foo is not a database: --db takes unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT"),
    ("", "--db is empty: give unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT, or leave it out"),
    (",", "--db is empty: give unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT, or leave it out"),
    ("tcp:127.0.0.1:6641,bar",
     "bar is not a database: --db takes unix:FILE, tcp:HOST:PORT or ssl:HOST:PORT"),
    ("ptcp:6641", "ptcp:6641 is not a database: --db takes unix:FILE, tcp:HOST:PORT or "
                  "ssl:HOST:PORT (without the p of a server's)"),
    ("tcp:127.0.0.1", "tcp:127.0.0.1: the port is missing (tcp:127.0.0.1:6641)"),
    ("tcp:nobody.invalid:6641",
     "tcp:nobody.invalid:6641: database connection failed (the host's name cannot be resolved: "
     "is it spelled right, and is it in /etc/hosts or DNS?)"),
])
def test_what_is_no_database(db, message):
    assert refused(db) == message


def test_nobody_listens(tmp_path):
    db = "tcp:%s:%d" % (ADDRESS, free_port())
    assert refused(db) == (
        "%s: database connection failed (Connection refused: no server listens there)" % db)
    # To wait for what may never come is asked for by --retry.
    start = time.monotonic()
    assert "Connection refused" in refused(db, "--timeout=30")
    assert time.monotonic() - start < 10
    assert refused(db, "--timeout=1", "--retry") == (
        "%s: not done within 1 s (Connection refused: no server listens there)" % db)
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "gone"))
    assert refused("unix:%s/gone" % tmp_path) == (
        "unix:%s/gone: database connection failed (Connection refused: the database server that "
        "made this socket does not run)" % tmp_path)


def test_a_server_of_another_database(workspace, tmp_path):
    other = Database(workspace, workspace.path / "other", OVS_SCHEMA)
    assert refused(other.remote) == (
        "%s: database connection failed (the server there has no database Dragonflow, but "
        "Open_vSwitch: is this the right port?)" % other.remote)


def test_what_is_not_a_database_server():
    with socket.socket() as listener:
        listener.bind((ADDRESS, 0))
        listener.listen(5)
        db = "tcp:%s:%d" % listener.getsockname()

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")
        threading.Thread(target=serve, daemon=True).start()
        message = refused(db)
        listener.shutdown(socket.SHUT_RDWR)
    assert message.startswith("%s: database connection failed (" % db)
    assert message.endswith(": not a database server?)"), message


# --- Clusters -------------------------------------------------------------

@pytest.fixture(scope="module")
def cluster(workspace):
    return NbCluster(workspace, workspace.path / "cluster")


def test_a_follower_is_told_from_the_leader(cluster):
    follower = cluster.followers()[0].remote
    reason = ("this member of the cluster is not its leader: give --db all of its servers, or "
              "--no-leader-only")
    assert refused(follower) == (
        "%s: database connection failed (%s; with --timeout=SECONDS it is waited for)"
        % (follower, reason))
    start = time.monotonic()
    assert refused(follower, "--timeout=2") == (
        "%s: not done within 2 s (%s)" % (follower, reason))
    assert 1 <= time.monotonic() - start < 10
    assert dfctl("--db=" + follower, "--no-leader-only", "show").returncode == 0
    # Whichever of several servers is asked first.
    for _ in range(3):
        assert dfctl("--db=" + cluster.remote, "show").returncode == 0


def test_a_lost_majority_is_waited_for(cluster):
    survivor, *others = cluster.servers
    for server in others:
        server.kill()
    message = refused(cluster.remote, "--timeout=3", command=("net-add", "n1"))
    assert message.startswith("%s: not done within 3 s (no server is the leader of a majority: "
                              % cluster.remote)
    assert message.count("Connection refused: no server listens there") == 2
    assert survivor.remote + ": this member of the cluster" in message
    # It comes back while dfctl waits.
    p = subprocess.Popen([program("dfctl"), "--db=" + cluster.remote, "--timeout=30",
                          "--may-exist", "net-add", "n1"], stderr=subprocess.PIPE, text=True)
    time.sleep(1)
    assert p.poll() is None
    for server in others:
        server.start()
    _, err = p.communicate(timeout=40)
    assert (p.returncode, err) == (0, "")
    cluster.wait_healthy()


# --- Keys and certificates ------------------------------------------------

class Tls:
    def __init__(self, workspace):
        self.path = workspace.path / "tls"
        self.workspace = workspace
        self.pki = Pki(self.path / "pki")
        # What has ended a day ago.
        self.old = Pki(self.path / "old")
        for name in ("nb", "admin"):
            self.expire(name)
        self.servers = 0

    def expire(self, name):
        """Makes relay/NAME of 'old' one that the authority of 'pki' has signed until
        yesterday."""
        folder, ca = self.old.folder("relay", name), self.pki.path / "ca-servers"
        request = self.path / "request.pem"
        run(["openssl", "req", "-new", "-key", folder / "key.pem", "-out", request,
             "-subj", "/CN=" + name])
        run(["openssl", "x509", "-req", "-in", request, "-CA", ca / "cert.pem", "-CAkey",
             ca / "key.pem", "-set_serial", "7", "-days", "-1", "-out", folder / "cert.pem"])
        (folder / "ca.pem").write_bytes((ca / "cert.pem").read_bytes())

    def server(self, pki, name="nb"):
        """A database that is 'name' of 'pki'; returns its remote."""
        self.servers += 1
        port = free_port()
        Database(self.workspace, self.path / ("server%d" % self.servers),
                 pathlib.Path(__file__).parents[2] / "schema/dragonflow.ovsschema",
                 options=["--remote=pssl:%d:%s" % (port, ADDRESS), *pki.options("relay", name)])
        return "ssl:%s:%d" % (ADDRESS, port)


@pytest.fixture(scope="module")
def tls(workspace):
    return Tls(workspace)


@pytest.fixture(scope="module")
def secure(tls):
    return tls.server(tls.pki)


def test_keys_and_certificates_that_fit(tls, secure):
    p = dfctl("--db=" + secure, *tls.pki.options("relay", "admin"), "show")
    assert (p.returncode, p.stderr) == (0, "")


def test_missing_key_files(tls, secure, tmp_path):
    key, certificate, ca = tls.pki.options("relay", "admin")
    needs = "ssl: needs --private-key, --certificate and --ca-cert: --%s is missing"
    assert refused(secure) == needs % "private-key"
    assert refused(secure, key, ca) == needs % "certificate"
    assert refused(secure, key, certificate) == needs % "ca-cert"
    for option in ("private-key", "certificate", "ca-cert"):
        options = {"private-key": key, "certificate": certificate, "ca-cert": ca}
        options[option] = "--%s=%s/none.pem" % (option, tmp_path)
        assert refused(secure, *options.values()) == (
            "--%s: %s/none.pem: No such file or directory" % (option, tmp_path))
        (tmp_path / "junk.pem").write_text("junk\n")
        options[option] = "--%s=%s/junk.pem" % (option, tmp_path)
        assert refused(secure, *options.values()) == (
            "--%s: %s/junk.pem is not a %s in PEM"
            % (option, tmp_path, "key" if option == "private-key" else "certificate"))
    other = tls.pki.options("relay", "other")[1]
    assert "is not the key of certificate" in refused(secure, key, other, ca)


def test_an_authority_that_did_not_sign_the_server(tls, secure):
    key, certificate, _ = tls.pki.options("relay", "admin")
    ca = tls.old.path / "ca-servers/cert.pem"
    message = refused(secure, key, certificate, "--ca-cert=%s" % ca)
    assert message.startswith(secure + ": database connection failed (the server's certificate is "
                              "not accepted (")
    assert message.endswith("): is the authority that signed it the one in --ca-cert=%s?)" % ca)


def test_a_certificate_that_the_server_does_not_accept(tls, secure):
    folder = Pki(tls.path / "foreign").folder("relay", "admin")
    message = refused(secure, "--private-key=%s/key.pem" % folder,
                      "--certificate=%s/cert.pem" % folder,
                      "--ca-cert=%s" % (tls.pki.path / "ca-servers/cert.pem"))
    assert "the server does not accept certificate %s/cert.pem (" % folder in message
    assert "is it signed by the authority that the server trusts?" in message


def test_certificates_that_have_expired(tls, secure):
    folder = tls.old.path / "relay/admin"
    assert refused(secure, *tls.old.options("relay", "admin")) == (
        "%s: database connection failed (certificate %s/cert.pem has expired: renew it)"
        % (secure, folder))
    expired = tls.server(tls.old)
    assert refused(expired, *tls.pki.options("relay", "admin")) == (
        "%s: database connection failed (the server's certificate has expired: renew it there)"
        % expired)


def test_a_server_that_does_not_speak_tls(tls, workspace):
    port = free_port()
    Database(workspace, workspace.path / "plain", OVS_SCHEMA,
             options=["--remote=ptcp:%d:%s" % (port, ADDRESS)])
    message = refused("ssl:%s:%d" % (ADDRESS, port), *tls.pki.options("relay", "admin"))
    assert "does the server speak TLS there?" in message or "is tcp: meant?" in message
