# SPDX-License-Identifier: Apache-2.0
"""Tells Neutron the state of ports that this driver has bound.

A port is ACTIVE when it is enabled and the chassis on the host that the port is bound to
has the port's flows in its switch, which it says in Port.chassis and Port.up.
"""
from neutron.db import models_v2
from neutron.db import provisioning_blocks
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib.callbacks import resources
from neutron_lib import constants
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api
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
