# SPDX-License-Identifier: Apache-2.0
"""The service plugin "dragonflow": Neutron's L3 API.

It is the stock L3 plugin, with its scheduler of legacy L3 agents, HA included, which so
serve what Dragonflow leaves to them: North-South and floating IPs.  In addition,
routers that change are marked, to be mirrored to the Northbound database.
"""
from neutron.services.l3_router import l3_router_plugin
from neutron_lib.callbacks import events
from neutron_lib.callbacks import registry
from neutron_lib.callbacks import resources
from oslo_config import cfg

from networking_dragonflow import config
from networking_dragonflow.state import reader
from networking_dragonflow.sync import runtime


class DragonflowL3Plugin(l3_router_plugin.L3RouterPlugin):
    """See the module."""

    # Neutron asks each class for these by its own name, so they are not inherited.
    __native_pagination_support = True
    __native_sorting_support = True
    __filter_validation_support = True

    def __init__(self):
        config.register()
        if config.ALIAS not in cfg.CONF.ml2.mechanism_drivers:
            raise RuntimeError('The service plugin "dragonflow" needs the mechanism driver '
                               '"dragonflow" beside it, in [ml2] mechanism_drivers')
        if config.native():
            cfg.CONF.set_default('router_scheduler_driver', config.L3_SCHEDULER)
        super().__init__()
        for event in (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE):
            registry.subscribe(self._router_changed, resources.ROUTER, event)
        for event in (events.AFTER_CREATE, events.AFTER_DELETE):
            registry.subscribe(self._interface_changed, resources.ROUTER_INTERFACE, event)

    def get_plugin_description(self):
        return 'Dragonflow: distributed East-West routing, beside legacy L3 agents'

    @staticmethod
    def _router_changed(resource, event, trigger, payload):
        """Extra routes change in a transaction around that of the router."""
        runtime.mark((reader.ROUTER, payload.resource_id), context=payload.context)

    @staticmethod
    def _interface_changed(resource, event, trigger, payload):
        """A router's interfaces change its revision.  Its ports were marked by the
        mechanism driver."""
        runtime.mark((reader.ROUTER, payload.resource_id), context=payload.context)
