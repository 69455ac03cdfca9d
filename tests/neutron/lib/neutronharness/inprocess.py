# SPDX-License-Identifier: Apache-2.0
"""Neutron's plugins in this process, with a database and without a server.

Neutron's configuration and plugins are global, so there is one for the whole run.  The
runtime that the plugins mark objects in does nothing by itself: a test decides when and
what is reconciled, and what goes wrong.
"""
import contextlib
import sqlite3
import sys

from neutronharness import configuration


class IdleRuntime:
    """A runtime without a thread; its marks are the test's."""

    def __init__(self):
        from networking_dragonflow.sync import marks
        self.marks = marks.Marks()

    def start(self):
        pass


class Neutron:
    """core and l3 are the plugins; marks are those made since they were last taken."""

    def __init__(self, directory):
        sys.path.insert(0, str(configuration.install_package(directory / 'package')))
        self._database = configuration.make_database(directory / 'neutron.db')
        files = configuration.write(directory, nb='unix:/nonexistent')
        from neutron.common import config as neutron_config
        from neutron.conf.plugins.ml2 import config as ml2_config
        from neutron import manager
        from neutron_lib import context
        from neutron_lib.plugins import directory as plugins
        from networking_dragonflow.sync import runtime

        neutron_config.register_common_config_options()
        ml2_config.register_ml2_plugin_opts()
        neutron_config.init([a for f in files for a in ('--config-file', str(f))])
        self.runtime = runtime.start(IdleRuntime)
        manager.init()
        self.context = context.get_admin_context
        self.core = plugins.get_plugin()
        self.l3 = plugins.get_plugin('L3_ROUTER_NAT')
        self.save('empty')

    def take_marks(self):
        return self.runtime.marks.take(100000, timeout=0)

    # What the API would do, without its validation.

    def create_network(self, name='n', **values):
        body = dict(name=name, admin_state_up=True, shared=False, tenant_id='p', mtu=0,
                    **values)
        return self.core.create_network(self.context(), {'network': body})

    def create_subnet(self, network, cidr, **values):
        from neutron_lib import constants as c
        body = dict(network_id=network['id'], cidr=cidr, ip_version=6 if ':' in cidr else 4,
                    name='', tenant_id='p', gateway_ip=c.ATTR_NOT_SPECIFIED,
                    allocation_pools=c.ATTR_NOT_SPECIFIED, enable_dhcp=False,
                    dns_nameservers=c.ATTR_NOT_SPECIFIED, host_routes=c.ATTR_NOT_SPECIFIED,
                    ipv6_ra_mode=c.ATTR_NOT_SPECIFIED, ipv6_address_mode=c.ATTR_NOT_SPECIFIED,
                    subnetpool_id=None)
        body.update(values)
        return self.core.create_subnet(self.context(), {'subnet': body})

    def create_port(self, network, host='h1', device_owner='compute:nova', **values):
        from neutron_lib import constants as c
        body = {'network_id': network['id'], 'name': '', 'tenant_id': 'p', 'device_id': 'vm',
                'device_owner': device_owner, 'admin_state_up': True,
                'mac_address': c.ATTR_NOT_SPECIFIED, 'fixed_ips': c.ATTR_NOT_SPECIFIED,
                'binding:host_id': host, 'security_groups': []}
        body.update(values)
        return self.core.create_port(self.context(), {'port': body})

    def update_port(self, port, **values):
        return self.core.update_port(self.context(), port['id'], {'port': values})

    def create_router(self, name='r'):
        return self.l3.create_router(self.context(), {'router': {
            'name': name, 'admin_state_up': True, 'tenant_id': 'p'}})

    def add_interface(self, router, subnet):
        return self.l3.add_router_interface(self.context(), router['id'],
                                            {'subnet_id': subnet['id']})

    def remove_interface(self, router, subnet):
        return self.l3.remove_router_interface(self.context(), router['id'],
                                               {'subnet_id': subnet['id']})

    # The database as a whole; much faster than taking everything apart by the API.

    def save(self, name):
        """Saves what the database contains."""
        _copy(self._database, self._saved(name))

    def restore(self, name):
        """Brings the database back to what it was; returns whether save(name) was called
        before.  Whatever was marked is not any more."""
        if not self._saved(name).exists():
            return False
        _copy(self._saved(name), self._database)
        self.take_marks()
        return True

    def _saved(self, name):
        return self._database.with_name('saved-%s.db' % name)


def _copy(source, destination):
    with contextlib.closing(sqlite3.connect(source)) as s, \
            contextlib.closing(sqlite3.connect(destination)) as d:
        s.backup(d)
