# SPDX-License-Identifier: Apache-2.0
"""Which tables and columns of the Northbound database Neutron uses, and how.

Columns fall in two classes: those that we write (OWNED) and those that the
chassis write, which we read at most.  A row is ours if its external_ids have
the key MARK; no other row is ever deleted.
"""

SCHEMA = 'Dragonflow'

NETWORK = 'Network'
SUBNET = 'Subnet'
PORT = 'Port'
ROUTER = 'Router'
ROUTER_PORT = 'Router_Port'
STATIC_ROUTE = 'Static_Route'
NAT = 'NAT'
CHASSIS = 'Chassis'
GLOBAL = 'Global'

# Rows refer to rows of tables further left only.
MIRRORED = (NETWORK, SUBNET, ROUTER, PORT, ROUTER_PORT, NAT)

# Static routes have no name and no object of their own: they are part of their router, as if
# it had this column of 'PREFIX via NEXTHOP' (see routes.py).
ROUTES = 'routes'

# Keys in external_ids.
PREFIX = 'neutron:'
MARK = REVISION = PREFIX + 'revision'

# Columns that refer to other rows: column -> table.  Same in all tables.
REFERENCES = {'network': NETWORK, 'router': ROUTER}

# The references to a table: table -> ((table, column), ...)
REFERRERS = {
    NETWORK: ((SUBNET, 'network'), (PORT, 'network'), (ROUTER_PORT, 'network')),
    ROUTER: ((ROUTER_PORT, 'router'), (NAT, 'router')),
}

# What every connection replicates.
COLUMNS = {
    NETWORK: ('name', 'type', 'segmentation_id', 'physical_network', 'mtu', 'external',
              'external_ids'),
    SUBNET: ('name', 'network', 'cidr', 'gateway_ip', 'ra_mode', 'address_mode', 'dns_servers',
             'external_ids'),
    PORT: ('name', 'network', 'mac', 'addresses', 'enabled', 'requested_chassis',
           'external_ids'),
    ROUTER: ('name', 'enabled', 'static_routes', 'external_ids'),
    ROUTER_PORT: ('name', 'router', 'network', 'mac', 'addresses', 'external_ids'),
    STATIC_ROUTE: ('router', 'prefix', 'next_hop', 'external_ids'),
    NAT: ('name', 'router', 'type', 'external_ip', 'logical_ip', 'external_mac', 'external_ids'),
    CHASSIS: ('name', 'hostname'),
}

# What the elected worker replicates beside, to report chassis and ports.
STATUS_COLUMNS = {
    PORT: ('chassis', 'up'),
    CHASSIS: ('encaps', 'bridge_mappings', 'applied'),
    GLOBAL: ('sequence', 'external_ids'),
}


def register(helper, status=False):
    """Makes 'helper', an ovs.db.idl.SchemaHelper, replicate what we use."""
    for tables in (COLUMNS, STATUS_COLUMNS) if status else (COLUMNS,):
        for table, columns in tables.items():
            helper.register_columns(table, list(columns))
