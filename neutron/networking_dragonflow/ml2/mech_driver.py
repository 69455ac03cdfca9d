# SPDX-License-Identifier: Apache-2.0
"""The ML2 mechanism driver "dragonflow".

Always: networks, subnets and ports that change are marked, to be mirrored to the
Northbound database.  Nothing else happens while an API call is served.

Native mode, that is without another L2 driver: binds ports, too.  What it needs to know
about chassis for this is in Neutron's own agents table, where sync/liveness.py puts it.
"""
from neutron.db import provisioning_blocks
from neutron.plugins.ml2.common import constants as ml2_constants
from neutron import service
from neutron_lib.api.definitions import portbindings
from neutron_lib.api.definitions import provider_net
from neutron_lib.callbacks import events
from neutron_lib.callbacks import registry
from neutron_lib.callbacks import resources
from neutron_lib import constants
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log

from networking_dragonflow import companions
from networking_dragonflow import config
from networking_dragonflow.ml2 import binding
from networking_dragonflow.state import reader
from networking_dragonflow.sync import liveness
from networking_dragonflow.sync import runtime
from networking_dragonflow.sync import worker

LOG = log.getLogger(__name__)


class DragonflowMechanismDriver(api.MechanismDriver):
    """See the module."""

    def initialize(self):
        config.register()
        companions.settle()
        self._native = config.native()
        self._has_worker = False
        self._candidate = None
        if self._native:
            cfg.CONF.set_default('network_scheduler_driver', config.DHCP_SCHEDULER)
        self._refusals = binding.Refusals()
        registry.subscribe(self._server_starts, resources.PROCESS, events.BEFORE_SPAWN)
        registry.subscribe(self._process_started, resources.PROCESS, events.AFTER_INIT)
        LOG.info('Dragonflow mirrors networks, subnets and ports%s',
                 ' and binds ports' if self._native else '')

    def get_workers(self):
        # Some of Neutron's programs start workers with processes of their own only, some
        # those without only.
        return [worker.DragonflowWorker(), worker.DragonflowThread(lambda: self._has_worker)]

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    def _server_starts(self, resource, event, trigger, payload=None):
        """Called in neutron-server only, which starts all of get_workers()."""
        self._has_worker = True

    def _process_started(self, resource, event, trigger, payload=None):
        """Connects in each worker process, after the fork."""
        runtime.start()
        if not self._has_worker and issubclass(_class_of(trigger), service.RpcWorker):
            self._candidate = worker.Candidate()

    # What provider networks may change while ports are bound: for those that we have bound.

    def provider_network_attribute_updates_supported(self):
        return [provider_net.SEGMENTATION_ID] if self._native else []

    def get_supported_vif_types(self):
        return [portbindings.VIF_TYPE_OVS]

    # Marks.

    def create_network_postcommit(self, context):
        runtime.mark((reader.NETWORK, context.current['id']), context=context._plugin_context)

    update_network_postcommit = create_network_postcommit
    delete_network_postcommit = create_network_postcommit

    def create_subnet_postcommit(self, context):
        # The network's revision may have changed as well.
        runtime.mark((reader.SUBNET, context.current['id']),
                     (reader.NETWORK, context.current['network_id']),
                     context=context._plugin_context)

    update_subnet_postcommit = create_subnet_postcommit
    delete_subnet_postcommit = create_subnet_postcommit

    def create_port_postcommit(self, context):
        runtime.mark((reader.PORT, context.current['id']), context=context._plugin_context)

    update_port_postcommit = create_port_postcommit
    delete_port_postcommit = create_port_postcommit

    # Binding, in native mode.

    def create_port_precommit(self, context):
        if self._native:
            self._await_chassis(context)

    def update_port_precommit(self, context):
        if self._native and context.host != context.original_host:
            self._await_chassis(context)

    def _await_chassis(self, context):
        """Keeps the port from becoming ACTIVE before its chassis says that it is up."""
        port = context.current
        if (context.host and port['status'] != constants.PORT_STATUS_ACTIVE
                and port['device_owner'] not in ml2_constants.NO_PBLOCKS_TYPES
                and context.host_agents(liveness.AGENT_TYPE)):
            provisioning_blocks.add_provisioning_component(
                context._plugin_context, port['id'], resources.PORT,
                provisioning_blocks.L2_AGENT_ENTITY)

    def bind_port(self, context):
        if not self._native:
            return
        options = cfg.CONF[config.GROUP]
        reason = binding.port_refusal(context.current,
                                      options.allow_port_security_without_enforcement)
        if reason is None:
            reason = self._bind(context, options.integration_bridge)
        if reason is not None and self._refusals.is_new(context.current['id'], context.host,
                                                        reason):
            LOG.error('Cannot bind port %s on host %s: %s', context.current['id'],
                      context.host, reason)

    @staticmethod
    def _bind(context, bridge):
        """Binds the port; returns why it did not, or None."""
        agents = binding.usable(
            context.host_agents(liveness.AGENT_TYPE),
            lambda: context._plugin.get_agents(context._plugin_context,
                                               filters={'agent_type': [liveness.AGENT_TYPE]}))
        if not agents:
            return 'no living chassis is known there'
        reasons = []
        for agent in agents:
            for segment in context.segments_to_bind:
                reason = binding.segment_refusal(segment, agent)
                if reason is None:
                    context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OVS, {
                        portbindings.CAP_PORT_FILTER: False,
                        portbindings.OVS_HYBRID_PLUG: False,
                        portbindings.VIF_DETAILS_BRIDGE_NAME: bridge,
                        portbindings.VIF_DETAILS_CONNECTIVITY: portbindings.CONNECTIVITY_L2})
                    return None
                reasons.append(reason)
        return '; '.join(reasons) or 'its network has no segment'


def _class_of(trigger):
    """The class of the worker that a process was started for.  The trigger of AFTER_INIT is
    the worker's method start() until neutron-lib 3, the worker since 4; it may be a class."""
    worker_ = getattr(trigger, '__self__', trigger)
    return worker_ if isinstance(worker_, type) else type(worker_)
