# SPDX-License-Identifier: Apache-2.0
"""The service plugin "dragonflow": Neutron's L3 API.

It is the stock L3 plugin.  In addition, routers that change are marked, to be mirrored to
the Northbound database.

Beside another L2 driver it has the stock scheduler of legacy L3 agents, HA included, which so
serve what Dragonflow leaves to them: North-South and floating IPs.  In native mode no router
is an agent's, and floating IPs are mirrored as well.
"""
from neutron.services.l3_router import l3_router_plugin
from neutron_lib.api.definitions import qos_fip
from neutron_lib.api.definitions import qos_gateway_ip
from neutron_lib.callbacks import events
from neutron_lib.callbacks import registry
from neutron_lib.callbacks import resources
from neutron_lib import exceptions
from oslo_config import cfg

from networking_dragonflow import config
from networking_dragonflow.state import reader
from networking_dragonflow.sync import runtime

# Extensions of the stock plugin that L3 agents serve.
AGENTS_ONLY = frozenset((qos_fip.ALIAS, qos_gateway_ip.ALIAS))


class NoAgentsInNativeMode(exceptions.Conflict):
    message = ('Dragonflow serves router %(router_id)s itself: in native mode no router can be '
               'hosted by an L3 agent')


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
        self._native = config.native()
        if self._native:
            cfg.CONF.set_override('router_scheduler_driver', config.L3_SCHEDULER)
        super().__init__()
        for event in (events.AFTER_CREATE, events.AFTER_UPDATE, events.AFTER_DELETE):
            registry.subscribe(self._router_changed, resources.ROUTER, event)
            if self._native:
                registry.subscribe(self._floating_ip_changed, resources.FLOATING_IP, event)
        for event in (events.AFTER_CREATE, events.AFTER_DELETE):
            registry.subscribe(self._interface_changed, resources.ROUTER_INTERFACE, event)

    def get_plugin_description(self):
        return 'Dragonflow: distributed routing'

    @property
    def supported_extension_aliases(self):
        aliases = super().supported_extension_aliases
        return [a for a in aliases if a not in AGENTS_ONLY] if self._native else aliases

    @staticmethod
    def _router_changed(resource, event, trigger, payload):
        """Extra routes change in a transaction around that of the router."""
        runtime.mark((reader.ROUTER, payload.resource_id), context=payload.context)

    @staticmethod
    def _interface_changed(resource, event, trigger, payload):
        """A router's interfaces change its revision.  Its ports were marked by the
        mechanism driver."""
        runtime.mark((reader.ROUTER, payload.resource_id), context=payload.context)

    @staticmethod
    def _floating_ip_changed(resource, event, trigger, payload):
        runtime.mark((reader.FLOATING_IP, payload.resource_id), context=payload.context)

    def notify_router_updated(self, context, router_id, operation=None):
        """The stock plugin calls this, to tell agents, also when the gateway of a subnet or an
        address of the router's gateway has changed, and nothing of the router itself."""
        if self._native and router_id:
            runtime.mark((reader.ROUTER, router_id), context=context)
        super().notify_router_updated(context, router_id, operation)

    # L3 agents, in native mode: none is given a router, also of those that it had before.

    def add_router_to_l3_agent(self, context, agent_id, router_id):
        if self._native:
            raise NoAgentsInNativeMode(router_id=router_id)
        super().add_router_to_l3_agent(context, agent_id, router_id)

    def list_active_sync_routers_on_active_l3_agent(self, context, host, router_ids):
        if self._native:
            return []
        return super().list_active_sync_routers_on_active_l3_agent(context, host, router_ids)

    def list_router_ids_on_host(self, context, host, router_ids=None, with_dvr=True):
        if self._native:
            return []
        return super().list_router_ids_on_host(context, host, router_ids, with_dvr)
