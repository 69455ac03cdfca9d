# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates: where they come from, which are accepted, and their
renewal."""
import os
import re
import subprocess

import pytest

from dfharness import Failure, wait_until
from dfharness.process import TOP, program, run
from dfharness.secure import ADDRESS, Client, Pki, SecureCloud, free_port


@pytest.fixture
def cloud(pki):
    with SecureCloud(chassis=1, pki=pki, tls_options=True, encap_types=()) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        yield cloud


def status(chassis):
    return chassis.dfappctl("status")


def connected(chassis):
    wait_until(lambda: "NB database: connected" in status(chassis), lambda: status(chassis))


def reconnect(cloud):
    cloud.nb_db.restart()


def test_options_name_the_certificate(cloud):
    cloud.nb_db.sync()
    assert 'certificate: "c1"' in status(cloud.chassis[0])


def test_the_certificate_is_renewed_without_a_restart(cloud):
    """Both ends: certificate and key are replaced, and the old authority with them."""
    c1 = cloud.chassis[0]
    cloud.nb_db.sync()
    pid = c1.controller.pid
    serial = ["openssl", "x509", "-noout", "-serial", "-in",
              cloud.pki.folder("chassis", "c1") / "cert.pem"]
    before = run(serial)
    cloud.pki.run("renew", "c1", "nb")
    assert run(serial) != before
    wait_until(lambda: c1.controller.output().count('certificate of "c1"') >= 2 or
               c1.dfappctl("version") is None, "the new certificate is not read")
    reconnect(cloud)
    connected(c1)
    cloud.nb_db.sync()
    assert c1.controller.pid == pid


def test_a_key_that_comes_before_its_certificate_is_waited_for(cloud):
    """As when an operator copies one file after the other."""
    c1 = cloud.chassis[0]
    cloud.nb_db.sync()
    folder = cloud.pki.folder("chassis", "c1")
    old = {name: (folder / name).read_bytes() for name in ("key.pem", "cert.pem")}
    cloud.pki.run("--force", "chassis", "c1")
    new = {name: (folder / name).read_bytes() for name in ("key.pem", "cert.pem")}
    (folder / "cert.pem").write_bytes(old["cert.pem"])
    wait_until(lambda: [c1.dfappctl("version"), "is not the key" in c1.controller.output()][1],
               "nothing is logged")
    # With the pair that was in force it still connects.
    reconnect(cloud)
    connected(c1)
    (folder / "cert.pem").write_bytes(new["cert.pem"])
    wait_until(lambda: [c1.dfappctl("version"),
                        c1.controller.output().count('certificate of "c1"') >= 2][1],
               "the new pair is not read")
    reconnect(cloud)
    connected(c1)
    cloud.nb_db.sync()


def test_files_that_are_no_certificates_are_reported(cloud, tmp_path):
    c1 = cloud.chassis[0]
    c1.controller.exit()
    (tmp_path / "junk").write_text("junk\n")
    c1.controller.argv[1:4] = ["--private-key=%s/junk" % tmp_path,
                               "--certificate=%s/missing" % tmp_path, c1.controller.argv[3]]
    c1.controller.start()
    wait_until(lambda: "this is no private key" in c1.controller.output()
               and "cannot open the certificate" in c1.controller.output(), c1.controller.output)
    assert "not connected" in status(c1)
    wait_until(lambda: re.search("problems:.*  certificate: .*(private key|certificate)",
                                 status(c1), re.S), lambda: status(c1))


def test_the_certificate_of_another_chassis_is_a_problem_with_a_name(pki, cloud):
    """The database lets it write nothing about this one."""
    c1 = cloud.chassis[0]
    c1.controller.exit()
    argv = list(c1.controller.argv)
    c1.controller.argv[1:4] = pki.options("chassis", "c2")
    c1.controller.start()
    wait_until(lambda: 'made out to "c2", not to this chassis, "c1"' in status(c1)
               and "the NB database refuses what it writes" in status(c1), lambda: status(c1))
    c1.controller.exit()
    c1.controller.argv = argv
    c1.controller.start()
    cloud.nb_db.sync()
    wait_until(lambda: "problems: none" in status(c1), lambda: status(c1))


@pytest.mark.parametrize("days", [-1, 1])
def test_a_certificate_that_has_expired_is_a_problem_with_a_name(cloud, tmp_path, days):
    c1 = cloud.chassis[0]
    c1.controller.exit()
    run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=c1",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "request.pem"])
    run(["openssl", "x509", "-req", "-in", tmp_path / "request.pem", "-days", str(days),
         "-signkey", tmp_path / "key.pem", "-out", tmp_path / "cert.pem"])
    c1.controller.argv[1:3] = ["--private-key=%s/key.pem" % tmp_path,
                               "--certificate=%s/cert.pem" % tmp_path]
    c1.controller.start()
    # Either way the server does not believe it.
    wait_until(lambda: "NB database: not connected (ssl:" in status(c1), lambda: status(c1))
    assert ('that of "c1" has expired' in status(c1)) == (days < 0)


@pytest.mark.parametrize("kind, name", [("chassis", "c2"), ("client", "neutron")])
def test_a_client_cannot_play_the_server(pki, cloud, kind, name):
    """Another chassis' certificate, or that of Neutron or a person, is good for clients only."""
    port = free_port()
    false = cloud.workspace.daemon(
        "false-nb", ["ovsdb-server", "--remote=pssl:%d:%s" % (port, ADDRESS),
                     *pki.options(kind, name), "--ca-cert=%s/ca.pem" %
                     pki.folder("relay", "nb"), cloud.workspace.path / "false.db"],
        cloud.workspace.path)
    run([program("ovsdb-tool"), "create", cloud.workspace.path / "false.db",
         TOP / "schema/dragonflow.ovsschema"])
    false.start()
    c1 = cloud.chassis[0]
    connected(c1)
    c1.configure(remote="ssl:%s:%d" % (ADDRESS, port))
    wait_until(lambda: "certificate verify failed" in c1.controller.output(), c1.controller.output)
    wait_until(lambda: "the TLS handshake failed" in status(c1), lambda: status(c1))
    c1.configure(remote=cloud.remote)
    connected(c1)


def test_members_that_do_not_trust_chassis_refuse_them(pki, cloud):
    """The folder of kind "server" has the authority of servers only."""
    port = free_port()
    member = cloud.workspace.daemon(
        "member", ["ovsdb-server", "--remote=pssl:%d:%s" % (port, ADDRESS),
                   *pki.options("server", "member"), cloud.workspace.path / "member.db"],
        cloud.workspace.path)
    run([program("ovsdb-tool"), "create", cloud.workspace.path / "member.db",
         TOP / "schema/dragonflow.ovsschema"])
    member.start()
    remote = "ssl:%s:%d" % (ADDRESS, port)
    select = {"op": "select", "table": "Port", "where": []}
    Client(remote, pki.options("relay", "nb")).transact(select)
    with pytest.raises(Failure):
        Client(remote, pki.options("chassis", "c1")).transact(select)


def test_a_client_is_served(pki, cloud):
    options = pki.options("client", "admin")
    assert run([program("dfctl"), "--db=" + cloud.remote, *options, "net-list"]).count("n1")


# --- df-pki --------------------------------------------------------------

@pytest.fixture
def own(tmp_path):
    return Pki(tmp_path / "own")


def test_df_pki_makes_keys_that_only_their_owner_can_read(own):
    folder = own.folder("chassis", "hv1")
    assert (folder / "key.pem").stat().st_mode & 0o77 == 0
    assert (own.path / "ca-chassis/key.pem").stat().st_mode & 0o77 == 0
    assert "CN = hv1" in own.run("verify", folder)


def test_df_pki_signs_requests_and_looks_at_the_name(own, tmp_path):
    run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=hv2",
         "-keyout", tmp_path / "key.pem", "-out", tmp_path / "request.pem"])
    with pytest.raises(Failure, match='asks for the name "hv2", not "hv1"'):
        own.run("sign", "chassis", "hv1", tmp_path / "request.pem")
    own.run("sign", "chassis", "hv2", tmp_path / "request.pem")
    folder = own.path / "chassis/hv2"
    assert not (folder / "key.pem").exists()
    os.link(tmp_path / "key.pem", folder / "key.pem")
    own.run("verify", folder)


def test_df_pki_renews_what_ends_soon_and_nothing_else(own):
    own.run("--days=10", "chassis", "short")
    own.run("--days=300", "chassis", "long")
    assert own.run("renew").split() == [str(own.path / "chassis/short")]
    assert own.run("renew") == ""
    assert own.run("renew", "long").split() == [str(own.path / "chassis/long")]


@pytest.mark.parametrize("args, reason", [
    (["chassis", "../evil"], "is not a name"),
    (["chassis", "a b"], "is not a name"),
    (["chassis", "x" * 65], "longer than 64"),
    (["chassis", "a", "b"], "one name"),
    (["client", "a", "b"], "one name"),
    (["install", "/nonexistent"], "what it is for"),
    (["install", "/nonexistent", "frob"], "is none of"),
    (["chassis"], "name is missing"),
    (["frob"], "unknown command"),
    (["--days=x", "list"], "take numbers"),
])
def test_df_pki_refuses(own, args, reason):
    p = subprocess.run([TOP / "packaging/pki/df-pki", "--dir=%s" % own.path, *args],
                       capture_output=True, text=True)
    assert p.returncode == 1 and reason in p.stderr


def test_df_pki_overwrites_only_with_force(own):
    own.run("chassis", "hv1")
    with pytest.raises(Failure, match="exists"):
        own.run("chassis", "hv1")
    own.run("--force", "chassis", "hv1")
