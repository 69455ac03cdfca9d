# SPDX-License-Identifier: Apache-2.0
"""Configuration files, database and package for a private Neutron."""
import pathlib
import shutil
import subprocess

from neutronharness import PACKAGE
from neutronharness import PYTHON

NEUTRON_CONF = """
[DEFAULT]
core_plugin = ml2
service_plugins = {service_plugins}
auth_strategy = noauth
bind_host = 127.0.0.1
bind_port = {port}
host = controller
transport_url = fake://
api_workers = {api_workers}
rpc_workers = {rpc_workers}
rpc_state_report_workers = 0
state_path = {directory}/neutron
log_file = {directory}/neutron-server.log
notify_nova_on_port_status_changes = False
notify_nova_on_port_data_changes = False
dhcp_agent_notification = {dhcp_agent_notification}
l3_ha = False
agent_down_time = {agent_down_time}
router_distributed = False
[database]
connection = {database}
[oslo_concurrency]
lock_path = {directory}/lock
[quotas]
default_quota = -1
quota_network = -1
quota_subnet = -1
quota_port = -1
quota_router = -1
quota_floatingip = -1
quota_security_group = -1
quota_security_group_rule = -1
"""

ML2_CONF = """
[ml2]
type_drivers = flat,vlan,gre,vxlan,geneve
tenant_network_types = vxlan
mechanism_drivers = {mechanism_drivers}
extension_drivers = {extension_drivers}
[ml2_type_flat]
flat_networks = physnet1
[ml2_type_vlan]
network_vlan_ranges = physnet1:100:199
[ml2_type_gre]
tunnel_id_ranges = 1:1000
[ml2_type_vxlan]
vni_ranges = 1:1000
[ml2_type_geneve]
vni_ranges = 1:1000
max_header_size = 38
[securitygroup]
enable_security_group = True
[dragonflow]
nb_connection = {nb}
{options}
"""

# The migrations cannot be run on SQLite, but the models can make what they lead to.
MAKE_DATABASE = """
import sys, sqlalchemy
from neutron_lib.db import model_base
from neutron.db.migration.models import head
engine = sqlalchemy.create_engine(sys.argv[1])
model_base.BASEV2.metadata.create_all(engine)
# Readers must not keep writers waiting: there is a process more than in a plain Neutron.
engine.execute('PRAGMA journal_mode=WAL')
# Hosts with a stock agent, so that ports on them can be bound.
from neutron.db.models import agent
from oslo_serialization import jsonutils
from oslo_utils import timeutils, uuidutils
now = timeutils.utcnow()
for host in ('h1', 'h2', 'h3', 'h4'):
    engine.execute(agent.Agent.__table__.insert().values(
        id=uuidutils.generate_uuid(), agent_type='Open vSwitch agent', topic='N/A', host=host,
        binary='neutron-openvswitch-agent', admin_state_up=True, created_at=now, load=0,
        started_at=now, heartbeat_timestamp=now, configurations=jsonutils.dumps(
            dict(tunnel_types=['vxlan', 'gre', 'geneve'], bridge_mappings=dict(physnet1='b')))))
"""


def install_package(directory):
    """Makes the package importable, with its entry points, from 'directory'."""
    shutil.copytree(PACKAGE, directory, ignore=shutil.ignore_patterns(
        '__pycache__', '*.egg-info', 'build'))
    subprocess.run([PYTHON, 'setup.py', '-q', 'egg_info'], cwd=directory, check=True,
                   capture_output=True)
    return directory


def make_database(path):
    """Makes an SQLite file with Neutron's tables; slow, so copy it (copy_database())."""
    subprocess.run([PYTHON, '-W', 'ignore', '-c', MAKE_DATABASE, 'sqlite:///%s' % path],
                   check=True, capture_output=True)
    return path


def write(directory, nb, port=0, service_plugins='dragonflow',
          mechanism_drivers='openvswitch,dragonflow', options='', api_workers=1,
          agent_down_time=100000, database=None, extension_drivers='port_security',
          rpc_workers=1, dhcp_agent_notification=False):
    """Writes the configuration files, and returns them."""
    pathlib.Path(directory, 'lock').mkdir(exist_ok=True)
    values = dict(directory=directory, nb=nb, port=port, service_plugins=service_plugins,
                  mechanism_drivers=mechanism_drivers, options=options,
                  extension_drivers=extension_drivers, rpc_workers=rpc_workers,
                  dhcp_agent_notification=dhcp_agent_notification,
                  api_workers=api_workers, agent_down_time=agent_down_time,
                  database=database or 'sqlite:///%s/neutron.db' % directory)
    files = []
    for name, text in (('neutron.conf', NEUTRON_CONF), ('ml2_conf.ini', ML2_CONF)):
        file = pathlib.Path(directory, name)
        file.write_text(text.format(**values))
        files.append(file)
    return files
