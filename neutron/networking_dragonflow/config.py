# SPDX-License-Identifier: Apache-2.0
"""The options of section [dragonflow], and what follows from Neutron's own."""
from oslo_config import cfg

GROUP = 'dragonflow'
ALIAS = 'dragonflow'
L3_PLUGIN = 'networking_dragonflow.l3.plugin.DragonflowL3Plugin'
L3_SCHEDULER = 'networking_dragonflow.schedulers.L3Scheduler'
DHCP_SCHEDULER = 'networking_dragonflow.schedulers.DhcpScheduler'

# Mechanism drivers that bind the same ports as we would.  Beside one of them we
# only mirror; without, we bind.
L2_DRIVERS = frozenset(('openvswitch', 'linuxbridge', 'ovn'))

OPTS = [
    cfg.StrOpt('nb_connection',
               default='tcp:127.0.0.1:6641',
               help='The Northbound database: comma-separated unix:PATH, tcp:HOST:PORT or '
                    'ssl:HOST:PORT. Name all servers of a cluster.'),
    cfg.StrOpt('nb_private_key', default='',
               help='File with the private key for ssl: connections.'),
    cfg.StrOpt('nb_certificate', default='',
               help='File with the certificate that belongs to nb_private_key.'),
    cfg.StrOpt('nb_ca_cert', default='',
               help='File with the certificate of the authority that the server must have.'),
    cfg.IntOpt('nb_timeout', default=30, min=1,
               help='Seconds after which a transaction with the Northbound database is given up '
                    'for now. It is tried again; no API call waits for it.'),
    cfg.IntOpt('nb_probe_interval', default=5000, min=0,
               help='Milliseconds of silence after which a connection to the Northbound '
                    'database is probed, and given up if silent for as long again; 0: never.'),
    cfg.IntOpt('comparison_interval', default=120, min=1,
               help='Seconds between full comparisons of Neutron with the Northbound database. '
                    'One comparison takes place at each start and each reconnection as well.'),
    cfg.IntOpt('liveness_interval', default=25, min=1,
               help='Native mode: seconds between questions to the chassis whether they live. '
                    'Must be well below agent_down_time.'),
    cfg.StrOpt('integration_bridge', default='br-int',
               help='Native mode: the integration bridge that virtual machines are plugged '
                    'into, as in external_ids:dragonflow-bridge of the chassis.'),
    cfg.BoolOpt('allow_port_security_without_enforcement', default=False,
                help='Native mode does not enforce security groups and anti-spoofing yet, and '
                     'so refuses to bind ports that have port security enabled. If true, it '
                     'binds them all the same: THEIR SECURITY GROUPS HAVE NO EFFECT.'),
]


def register(conf=cfg.CONF):
    """Registers the options; harmless when they are."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts():
    """For oslo-config-generator."""
    return [(GROUP, OPTS)]


def native(conf=cfg.CONF):
    """Whether this driver binds ports, since no other driver does."""
    return not L2_DRIVERS.intersection(conf.ml2.mechanism_drivers)


def routers_enabled(conf=cfg.CONF):
    """Whether Neutron's routers are Dragonflow's: its service plugin is configured."""
    return bool({ALIAS, L3_PLUGIN}.intersection(conf.service_plugins))


def north_south(conf=cfg.CONF):
    """Whether gateways, floating IPs and SNAT are Dragonflow's, and no L3 agent's."""
    return native(conf) and routers_enabled(conf)
