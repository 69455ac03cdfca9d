# SPDX-License-Identifier: Apache-2.0
"""What the Northbound database should contain, worked out from Neutron's REST API alone.

It shares no code with the package that is tested.
"""
import ipaddress

ROUTER_INTERFACES = ('network:router_interface', 'network:ha_router_replicated_interface',
                     'network:router_interface_distributed')


def expected(server):
    """Returns {table: {name: {column: value}}}."""
    networks = server.get('networks')
    subnets = {s['id']: s for s in server.get('subnets')}
    ports = server.get('ports')
    routers = server.get('routers')
    return {
        'Network': {n['id']: {
            'type': n['provider:network_type'],
            'segmentation_id': n['provider:segmentation_id'],
            'physical_network': n['provider:physical_network'],
            'mtu': n['mtu'],
            'revision': n['revision_number']} for n in networks},
        'Subnet': {s['id']: {
            'network': s['network_id'],
            'cidr': s['cidr'],
            'gateway_ip': s['gateway_ip'],
            'ra_mode': s['ipv6_ra_mode'],
            'address_mode': s['ipv6_address_mode'],
            'dns_servers': sorted(s['dns_nameservers']),
            'dns_search': [],
            'revision': s['revision_number']} for s in subnets.values()},
        'Port': {p['id']: {
            'network': p['network_id'],
            'mac': p['mac_address'],
            'addresses': sorted(f['ip_address'] for f in p['fixed_ips']),
            'enabled': p['admin_state_up'],
            'requested_chassis': p['binding:host_id'] or None,
            'revision': p['revision_number']} for p in ports
            if p['device_owner'] not in ROUTER_INTERFACES
            and p['device_owner'] != 'network:floatingip'
            and (p['binding:host_id'] or p['device_owner'].startswith('compute:'))},
        'Router': {r['id']: {
            'enabled': r['admin_state_up'],
            'static_routes': [],
            'routes': sorted('%s via %s' % (x['destination'], x['nexthop'])
                             for x in r['routes']),
            'revision': r['revision_number']} for r in routers},
        'Router_Port': {p['id']: {
            'router': p['device_id'],
            'network': p['network_id'],
            'mac': p['mac_address'],
            'addresses': sorted('%s/%d' % (f['ip_address'], ipaddress.ip_network(
                subnets[f['subnet_id']]['cidr']).prefixlen) for f in p['fixed_ips']),
            'router_preference': None,
            'revision': p['revision_number']} for p in ports
            if p['device_owner'] in ROUTER_INTERFACES},
    }


def present(nb_server):
    """Returns the same of what the Northbound database contains at one moment."""
    tables = nb_server.tables('Network', 'Subnet', 'Port', 'Router', 'Router_Port')
    routes = nb_server.routes()
    for row in tables['Router'].values():
        row['routes'] = routes.get(row['_uuid'], [])
    names = {row['_uuid']: name for rows in tables.values() for name, row in rows.items()}
    for rows in tables.values():
        for row in rows.values():
            row['revision'] = int(row.pop('external_ids')['neutron:revision'])
            for reference in ('network', 'router'):
                if reference in row:
                    row[reference] = names[row[reference]]
            for column in ('_uuid', '_version', 'name', 'chassis', 'up'):
                row.pop(column, None)
    return tables


def differences(server, nb_server):
    """Returns a list of what differs, to be empty."""
    wanted, found = expected(server), present(nb_server)
    found_differences = []
    for table in wanted:
        for name in sorted(set(wanted[table]) | set(found[table])):
            want, have = wanted[table].get(name), found[table].get(name)
            if want != have:
                found_differences.append('%s %s: wanted %s, found %s'
                                         % (table, name, want, have))
    return found_differences
