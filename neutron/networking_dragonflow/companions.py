# SPDX-License-Identifier: Apache-2.0
"""The other service plugins of neutron.conf, and their compatibility with Dragonflow.

Some plugins name others that they need (required_service_plugins), which Neutron loads in
front of them.  Port forwardings and conntrack helpers need "router", Neutron's stock L3
plugin, of which Dragonflow's is one: a second one beside it would do all work twice.
So these are made to need ours.  The core plugin is loaded before any service plugin, and
its mechanism drivers with it, which is when this has to be done.
"""
import inspect

from neutron.extensions import l3
from neutron_lib.utils import runtime
from oslo_config import cfg
from oslo_log import log

from networking_dragonflow import config

LOG = log.getLogger(__name__)

NAMESPACE = 'neutron.service_plugins'
TRUNK = frozenset(('trunk', 'neutron.services.trunk.plugin.TrunkPlugin'))
# What L3 agents serve.
AGENTS_ONLY = {
    'port forwardings': ('port_forwarding',
                         'neutron.services.portforwarding.pf_plugin.PortForwardingPlugin'),
    'conntrack helpers': ('conntrack_helper', 'neutron.services.conntrack_helper.plugin.Plugin'),
    'NDP proxies': ('ndp_proxy', 'neutron.services.ndp_proxy.plugin.NDPProxyPlugin'),
}


class Unsuitable(RuntimeError):
    """neutron.conf has service plugins that are incompatible with
    Dragonflow."""


def settle(conf=cfg.CONF):
    """Makes the configured service plugins compatible with Dragonflow; raises Unsuitable,
    with what to change in neutron.conf, if they cannot."""
    if config.native(conf):
        refuse_trunks(conf)
    if config.north_south(conf):
        refuse_what_agents_serve(conf)
    if config.routers_enabled(conf):
        refuse_second_l3_plugin(conf)
        for name in conf.service_plugins:
            need_ours(_load(name))


def refuse_trunks(conf):
    """Nothing in native mode would carry the traffic of subports."""
    for name in TRUNK.intersection(conf.service_plugins):
        raise Unsuitable(
            'Dragonflow does not serve trunk ports in native mode. Take "%s" out of '
            'service_plugins in section [DEFAULT] of neutron.conf, or put "openvswitch" in '
            'front of "dragonflow" in mechanism_drivers in section [ml2] of ml2_conf.ini to '
            'leave layer 2 to the Open vSwitch agent' % name)


def refuse_what_agents_serve(conf):
    """In native mode there is no L3 agent, so the API would accept what nothing does."""
    for what, names in AGENTS_ONLY.items():
        for name in set(names).intersection(conf.service_plugins):
            raise Unsuitable(
                'Dragonflow does not serve %s in native mode. Take "%s" out of '
                'service_plugins in section [DEFAULT] of neutron.conf, or put "openvswitch" in '
                'front of "dragonflow" in mechanism_drivers in section [ml2] of ml2_conf.ini to '
                'leave North-South traffic to the L3 agents' % (what, name))


def refuse_second_l3_plugin(conf):
    ours = {config.ALIAS, config.L3_PLUGIN}
    second = [name for name in conf.service_plugins
              if name not in ours and is_l3_plugin(_load(name))]
    if second:
        raise Unsuitable(
            'service_plugins in section [DEFAULT] of neutron.conf has several L3 plugins: '
            '"dragonflow" and "%s". Each would do all that is asked of Neutron\'s routers. '
            'Take "%s" out: "dragonflow" contains Neutron\'s stock L3 plugin. Or take '
            '"dragonflow" out: then routers are not Dragonflow\'s'
            % ('" and "'.join(second), '" and "'.join(second)))


def is_l3_plugin(plugin):
    """Whether 'plugin', a class or None, serves Neutron's routers."""
    return inspect.isclass(plugin) and issubclass(plugin, l3.RouterPluginBase)


def need_ours(plugin):
    """If the class 'plugin' needs another L3 plugin, makes it need ours."""
    needed = getattr(plugin, 'required_service_plugins', None) or ()
    if any(is_l3_plugin(_load(name)) for name in needed):
        plugin.required_service_plugins = list(dict.fromkeys(
            config.ALIAS if is_l3_plugin(_load(name)) else name for name in needed))


def _load(name):
    """The class of the service plugin 'name'; None if there is none: Neutron reports that
    itself when it loads the plugin."""
    try:
        return runtime.load_class_by_alias_or_classname(NAMESPACE, name) if name else None
    except ImportError:
        LOG.debug('There is no service plugin "%s"', name)
        return None
