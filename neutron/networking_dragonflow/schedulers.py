# SPDX-License-Identifier: Apache-2.0
"""Schedulers of routers and networks to agents, for clouds without such agents.

In native mode a cloud may do without DHCP agents, and no router is an L3 agent's.  Neutron's
own schedulers then have a warning for each change of a router, subnet or port.
"""
from neutron.objects import agent
from neutron.scheduler import dhcp_agent_scheduler
from neutron.scheduler import l3_agent_scheduler
from neutron_lib import constants


class NoAgents(list):
    """An empty list of agents that is true: Neutron logs a warning for a result that is
    false."""

    def __bool__(self):
        return True


class DhcpScheduler(dhcp_agent_scheduler.WeightScheduler):

    def schedule(self, plugin, context, network):
        if not _exist(context, constants.AGENT_TYPE_DHCP):
            return NoAgents()
        return super().schedule(plugin, context, network)


class L3Scheduler(l3_agent_scheduler.LeastRoutersScheduler):
    """Gives no router to any agent: two would answer for the router's addresses then."""

    def schedule(self, plugin, context, router_id, **more):
        return None

    def auto_schedule_routers(self, plugin, context, host):
        return None


def _exist(context, agent_type):
    """Whether there are agents of the type, dead or alive."""
    return agent.Agent.objects_exist(context.elevated(), agent_type=agent_type)
