# SPDX-License-Identifier: Apache-2.0
"""What the Northbound database should contain, worked out from Neutron's REST API alone.

It shares no code with the package that is tested.
"""
import ipaddress

ROUTER_INTERFACES = ('network:router_interface', 'network:ha_router_replicated_interface',
                     'network:router_interface_distributed')
GATEWAY = 'network:router_gateway'


def expected(server, north_south=False):
    """Returns {table: {name: {column: value}}}.  With 'north_south', gateways and floating IPs
    are Dragonflow's, else there is nothing of them."""
    networks = server.get('networks')
    subnets = {s['id']: s for s in server.get('subnets')}
    ports = server.get('ports')
    routers = server.get('routers')
    floating_ips = server.get('floatingips') if north_south else []
    external = {n['id'] for n in networks if north_south and n['router:external']}
    router_owners = ROUTER_INTERFACES + ((GATEWAY,) if north_south else ())
    return {
        'Network': {n['id']: {
            'type': n['provider:network_type'],
            'segmentation_id': n['provider:segmentation_id'],
            'physical_network': n['provider:physical_network'],
            'mtu': n['mtu'],
            'external': True if n['id'] in external else None,
            'revision': n['revision_number']} for n in networks},
        'Subnet': {s['id']: {
            'network': s['network_id'],
            'cidr': s['cidr'],
            'gateway_ip': s['gateway_ip'],
            'ra_mode': None if s['network_id'] in external else s['ipv6_ra_mode'],
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
            if p['device_owner'] not in router_owners
            and p['device_owner'] != 'network:floatingip'
            and (p['binding:host_id'] or p['device_owner'].startswith('compute:'))},
        'Router': {r['id']: {
            'enabled': r['admin_state_up'],
            'static_routes': [],
            'routes': sorted('%s via %s' % route
                             for route in _routes(r, subnets if north_south else {})),
            'revision': r['revision_number']} for r in routers},
        'Router_Port': {p['id']: {
            'router': p['device_id'],
            'network': p['network_id'],
            'mac': p['mac_address'],
            'addresses': sorted('%s/%d' % (f['ip_address'], ipaddress.ip_network(
                subnets[f['subnet_id']]['cidr']).prefixlen) for f in p['fixed_ips']),
            'router_preference': None,
            'revision': p['revision_number']} for p in ports
            if p['device_owner'] in router_owners},
        'NAT': {**_snat(routers if north_south else []), **_floating_ips(floating_ips, ports)},
    }


def _routes(router, subnets):
    """Returns {(prefix, next hop)}: of each family one default route by a gateway, if there is
    no other."""
    found = {(x['destination'], x['nexthop']) for x in router['routes']}
    for address in _gateway(router):
        next_hop = subnets.get(address['subnet_id'], {}).get('gateway_ip')
        default = '::/0' if ':' in address['ip_address'] else '0.0.0.0/0'
        if next_hop and default not in {prefix for prefix, _ in found}:
            found.add((default, next_hop))
    return found


def _gateway(router):
    return (router['external_gateway_info'] or {}).get('external_fixed_ips', [])


def _snat(routers):
    found = {}
    for r in routers:
        addresses = [a['ip_address'] for a in _gateway(r) if '.' in a['ip_address']]
        if addresses and r['external_gateway_info']['enable_snat']:
            found[r['id'] + '-snat'] = {
                'router': r['id'], 'type': 'snat', 'external_ip': addresses[0],
                'logical_ip': '0.0.0.0/0', 'external_mac': None,
                'revision': r['revision_number']}
    return found


def _floating_ips(floating_ips, ports):
    macs = {p['device_id']: p['mac_address'] for p in ports}
    return {f['id']: {
        'router': f['router_id'], 'type': 'dnat_and_snat',
        'external_ip': f['floating_ip_address'], 'logical_ip': f['fixed_ip_address'],
        'external_mac': macs[f['id']], 'revision': f['revision_number']}
        for f in floating_ips if f['port_id']}


def present(nb_server):
    """Returns the same of what the Northbound database contains at one moment."""
    tables = nb_server.tables('Network', 'Subnet', 'Port', 'Router', 'Router_Port', 'NAT')
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


def differences(server, nb_server, north_south=False):
    """Returns a list of what differs, to be empty."""
    wanted, found = expected(server, north_south), present(nb_server)
    found_differences = []
    for table in wanted:
        for name in sorted(set(wanted[table]) | set(found[table])):
            want, have = wanted[table].get(name), found[table].get(name)
            if want != have:
                found_differences.append('%s %s: wanted %s, found %s'
                                         % (table, name, want, have))
    return found_differences
