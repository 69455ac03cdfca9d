# SPDX-License-Identifier: Apache-2.0
"""Tells Neutron the state of ports that this driver has bound, and of floating IPs.

A port is ACTIVE when it is enabled and the chassis on the host that the port is bound to
has the port's flows in its switch, which it says in Port.chassis and Port.up.  A floating IP
is when it is in the Northbound database and the port that it stands for is ACTIVE.
"""
from neutron.db.models import l3 as l3_models
from neutron.db import models_v2
from neutron.db import provisioning_blocks
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib.callbacks import resources
from neutron_lib import constants
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api
from neutron_lib.plugins import constants as plugin_constants
from neutron_lib.plugins import directory

from networking_dragonflow import config
from networking_dragonflow.nb import schema


def report(nb, ids=None):
    """Corrects the status of the ports 'ids', or all, in Neutron.  Returns the number of
    ports that had a wrong status."""
    with nb.lock():
        names = [row.name for row in nb.rows(schema.PORT)] if ids is None else ids
        hosts = {name: _host(nb.find(schema.PORT, name)) for name in names}
    context = n_context.get_admin_context()
    wrong = 0
    for id_, host, status, enabled in _bound_ports(context, ids):
        # Those that are not in the Northbound database cannot be up there.
        up = enabled and host in hosts.get(id_, ())
        if up and status != constants.PORT_STATUS_ACTIVE:
            provisioning_blocks.provisioning_complete(
                context, id_, resources.PORT, provisioning_blocks.L2_AGENT_ENTITY)
            wrong += 1
        elif not up and status == constants.PORT_STATUS_ACTIVE:
            # Others that complete their part must not make it ACTIVE again.
            provisioning_blocks.add_provisioning_component(
                context, id_, resources.PORT, provisioning_blocks.L2_AGENT_ENTITY)
            directory.get_plugin().update_port_status(context, id_,
                                                      constants.PORT_STATUS_DOWN)
            wrong += 1
    return wrong


def report_floating_ips(nb, ids=None, ports=()):
    """Corrects the status of floating IPs in Neutron: of those 'ids' and those of the ports
    'ports', or of all.  Returns the number of those that had a wrong status."""
    context = n_context.get_admin_context()
    found = _floating_ips(context, ids, ports)
    with nb.lock():
        present = {id_ for id_, _port_id, _status, _port_status in found
                   if nb.find(schema.NAT, id_)}
    plugin = directory.get_plugin(plugin_constants.L3)
    wrong = 0
    for id_, port_id, status, port_status in found:
        up = port_id and id_ in present and port_status == constants.PORT_STATUS_ACTIVE
        wanted = (constants.FLOATINGIP_STATUS_ACTIVE if up
                  else constants.FLOATINGIP_STATUS_DOWN)
        if status != wanted:
            plugin.update_floatingip_status(context, id_, wanted)
            wrong += 1
    return wrong


def _host(row):
    """Returns the names of the host that 'row' is up on: its chassis' two names."""
    if row is None or row.up != [True] or not row.chassis:
        return ()
    chassis, = row.chassis
    return chassis.name, chassis.hostname


@db_api.retry_db_errors
def _bound_ports(context, ids):
    """Yields (id, host, status, admin_state_up) of those ports, of 'ids', that this driver
    has bound."""
    port, binding, level = (models_v2.Port, ml2_models.PortBinding,
                            ml2_models.PortBindingLevel)
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(port.id, binding.host, port.status, port.admin_state_up)
        query = query.join(binding, binding.port_id == port.id)
        query = query.join(level, (level.port_id == port.id) & (level.host == binding.host))
        query = query.filter(binding.status == constants.ACTIVE, level.driver == config.ALIAS)
        if ids is not None:
            query = query.filter(port.id.in_(list(ids)))
        return query.all()


@db_api.retry_db_errors
def _floating_ips(context, ids, ports):
    """Returns (id, id of its port or None, status, status of the port) of floating IPs."""
    model, port = l3_models.FloatingIP, models_v2.Port
    with db_api.CONTEXT_READER.using(context):
        query = context.session.query(model.id, model.fixed_port_id, model.status, port.status)
        query = query.outerjoin(port, port.id == model.fixed_port_id)
        if ids is not None:
            query = query.filter(model.id.in_(list(ids)) | model.fixed_port_id.in_(list(ports)))
        return query.all()
