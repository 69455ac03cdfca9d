# SPDX-License-Identifier: Apache-2.0
"""The plugin's connection, with keys and certificates of df-pki."""
import socket
import subprocess

import pytest

from neutronharness import TOP

DF_PKI = TOP / 'packaging/pki/df-pki'


def make(path, kind, name):
    subprocess.run([DF_PKI, '--dir=%s' % path, kind, name], check=True, capture_output=True)
    return path / kind / name


@pytest.fixture
def pki(tmp_path):
    path = tmp_path / 'pki'
    subprocess.run([DF_PKI, '--dir=%s' % path, 'init'], check=True)
    return path


@pytest.fixture
def remote(nb_server, pki):
    """The database, encrypted: a second server relays it."""
    folder = make(pki, 'server', 'nb')
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        port = s.getsockname()[1]
    process = subprocess.Popen(
        ['ovsdb-server', '--remote=pssl:%d:127.0.0.1' % port, '--unixctl=none', '-vconsole:off',
         '--private-key=%s/key.pem' % folder, '--certificate=%s/cert.pem' % folder,
         '--ca-cert=%s/ca.pem' % folder, 'relay:Dragonflow:' + nb_server.remote])
    yield 'ssl:127.0.0.1:%d' % port
    process.kill()
    process.wait()


def configure(remote, folder, ca=None):
    from oslo_config import cfg

    for key, value in (('nb_connection', remote), ('nb_private_key', folder / 'key.pem'),
                       ('nb_certificate', folder / 'cert.pem'),
                       ('nb_ca_cert', (ca or folder) / 'ca.pem'), ('nb_timeout', 5)):
        cfg.CONF.set_override(key, value if key == 'nb_timeout' else str(value),
                              group='dragonflow')


@pytest.fixture
def settings(neutron):
    from oslo_config import cfg

    yield configure
    for key in ('nb_connection', 'nb_private_key', 'nb_certificate', 'nb_ca_cert', 'nb_timeout'):
        cfg.CONF.clear_override(key, group='dragonflow')


def read_schema():
    """What connect() begins with."""
    from networking_dragonflow.nb import connection, schema
    from oslo_config import cfg
    from ovsdbapp.backend.ovs_idl import idlutils

    connection.use_certificates()
    return idlutils.get_schema_helper(cfg.CONF.dragonflow.nb_connection, schema.SCHEMA)


def test_the_plugin_connects_with_its_certificate(settings, remote, pki):
    settings(remote, make(pki, 'client', 'neutron'))
    assert read_schema() is not None


def test_a_chassis_certificate_is_refused_by_a_server(settings, remote, pki):
    settings(remote, make(pki, 'chassis', 'c1'))
    with pytest.raises(Exception):
        read_schema()


def test_a_server_of_another_authority_is_refused(settings, remote, pki, tmp_path):
    other = tmp_path / 'other'
    subprocess.run([DF_PKI, '--dir=%s' % other, 'init'], check=True)
    settings(remote, make(pki, 'client', 'neutron'), ca=make(other, 'server', 'neutron'))
    with pytest.raises(Exception):
        read_schema()
