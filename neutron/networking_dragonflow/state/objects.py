# SPDX-License-Identifier: Apache-2.0
"""From an object in Neutron's database to the row that mirrors it.

Pure functions.  Each takes the object as one of the tuples below, and returns a
rows.Row, or None if the object is not to be seen in the Northbound database.
"""
import collections
import ipaddress

from neutron_lib import constants

from networking_dragonflow.nb import rows
from networking_dragonflow.nb import schema

Network = collections.namedtuple('Network', 'id name project_id mtu revision segments external',
                                 defaults=(False,))
Segment = collections.namedtuple('Segment', 'type physical_network segmentation_id')
Subnet = collections.namedtuple('Subnet',
                                'id name project_id network_id cidr gateway_ip revision '
                                'ra_mode address_mode dns_servers external',
                                defaults=(None, None, (), False))
Port = collections.namedtuple('Port', 'id name project_id network_id mac enabled device_id '
                              'device_owner host revision addresses')
Address = collections.namedtuple('Address', 'ip prefix_length')
Router = collections.namedtuple('Router',
                                'id name project_id enabled revision routes gateway',
                                defaults=(None,))
Route = collections.namedtuple('Route', 'destination nexthop')
# The way of a router to an external network: whether addresses are translated there (SNAT), and
# the router's addresses, each with the subnet's gateway or None.
Gateway = collections.namedtuple('Gateway', 'network_id enable_snat addresses')
GatewayAddress = collections.namedtuple('GatewayAddress', 'ip subnet_id next_hop')
FloatingIp = collections.namedtuple('FloatingIp', 'id project_id revision router_id floating_ip '
                                    'mac fixed_ip port_id network_id')

TYPES = frozenset(('geneve', 'vxlan', 'gre', 'vlan', 'flat', 'local'))

# Ports that are no interface anywhere: addresses that Neutron reserves.
NOT_PLUGGED = frozenset((constants.DEVICE_OWNER_FLOATINGIP,
                         constants.DEVICE_OWNER_LOCAL_IP,
                         constants.DEVICE_OWNER_ROUTED,
                         constants.DEVICE_OWNER_DISTRIBUTED))


# The row of a router's SNAT is called after the router; the other rows of its table, after
# floating IPs.
SNAT = '-snat'


def _external_ids(obj, **more):
    ids = {schema.REVISION: str(obj.revision),
           schema.PREFIX + 'name': getattr(obj, 'name', None) or '',
           schema.PREFIX + 'project_id': obj.project_id or ''}
    ids.update((schema.PREFIX + k, v or '') for k, v in more.items())
    return ids


def is_mirrored_network(segments):
    """Whether a network with these segments can be mirrored to Dragonflow.

    A network of several segments cannot: which of them carries a port depends on
    the port's host.  Such a network, and everything on it, is left to the other L2
    and L3 implementation.
    """
    return len(segments) == 1 and segments[0].type in TYPES


def network(obj):
    if not is_mirrored_network(obj.segments):
        return None
    segment, = obj.segments
    return rows.Row(schema.NETWORK, obj.id, obj.revision, {
        'type': segment.type,
        'segmentation_id': rows.optional(segment.segmentation_id),
        'physical_network': rows.optional(segment.physical_network),
        'mtu': rows.optional(obj.mtu or None),
        'external': rows.optional(obj.external or None),
        'external_ids': _external_ids(obj)})


def subnet(obj):
    """A gateway that is outside of the subnet, which Neutron allows, is left out, unless it is
    a link-local one: the Northbound database has no use for it.  So are DNS servers that the
    machines of the subnet cannot be told of.  A router tells nothing to what is outside of the
    cloud: on an external network there are no router advertisements."""
    prefix = ipaddress.ip_network(obj.cidr)
    gateway = obj.gateway_ip and ipaddress.ip_address(obj.gateway_ip)
    if gateway and gateway not in prefix and not (
            gateway.version == prefix.version == 6 and gateway.is_link_local):
        gateway = None
    return rows.Row(schema.SUBNET, obj.id, obj.revision, {
        'network': obj.network_id,
        'cidr': str(obj.cidr),
        'gateway_ip': rows.optional(gateway and str(gateway)),
        'ra_mode': rows.optional(None if obj.external else obj.ra_mode),
        'address_mode': rows.optional(obj.address_mode),
        'dns_servers': sorted({str(a) for a in map(ipaddress.ip_address, obj.dns_servers)
                               if a.version == prefix.version and _is_host(a)}),
        'external_ids': _external_ids(obj)})


def _is_host(address):
    """Whether a host can have the address: 0.0.0.0 as DNS server, for example, stands for none
    in Neutron."""
    return not (address.is_unspecified or address.is_multicast or address.is_loopback
                or address.version == 4 and address.is_reserved)


def is_router_port(obj, north_south=False):
    """Whether the port connects a network to a router, and so becomes a Router_Port.  With
    'north_south', gateways of routers do, else they are legacy routers'."""
    return (obj.device_owner in constants.ROUTER_INTERFACE_OWNERS
            or north_south and obj.device_owner == constants.DEVICE_OWNER_ROUTER_GW)


def is_plugged(obj, north_south=False):
    """Whether the port is an interface of something on a host.

    That is the ports of instances, and whatever else was given a host: DHCP servers,
    the external side and the replication networks of legacy routers, load balancers.
    A port without either, such as the virtual address of a group of instances, has a
    MAC address without an interface, which must not be known.
    """
    if obj.device_owner in NOT_PLUGGED or is_router_port(obj, north_south):
        return False
    return bool(obj.host) or obj.device_owner.startswith(constants.DEVICE_OWNER_COMPUTE_PREFIX)


def port(obj, north_south=False):
    if not is_plugged(obj, north_south):
        return None
    columns = {
        'network': obj.network_id,
        'mac': obj.mac.lower(),
        'addresses': sorted(a.ip for a in obj.addresses),
        'enabled': [bool(obj.enabled)],
        'external_ids': _external_ids(obj, device_owner=obj.device_owner,
                                      device_id=obj.device_id, host=obj.host)}
    return rows.Row(schema.PORT, obj.id, obj.revision, columns, host=obj.host or None)


def router_port(obj, north_south=False):
    """A disabled one is left out, as in the legacy router, which has no interface on
    the network then."""
    if not is_router_port(obj, north_south) or not obj.device_id or not obj.enabled:
        return None
    return rows.Row(schema.ROUTER_PORT, obj.id, obj.revision, {
        'router': obj.device_id,
        'network': obj.network_id,
        'mac': obj.mac.lower(),
        'addresses': sorted('%s/%d' % a for a in obj.addresses),
        'external_ids': _external_ids(obj, device_owner=obj.device_owner)})


def router(obj):
    """Extra routes of a default prefix precede that by the gateway, as in the legacy router."""
    routes = {(_prefix(r.destination), r.nexthop) for r in obj.routes}
    prefixes = {prefix for prefix, _next_hop in routes}
    routes.update(r for r in _default_routes(obj.gateway) if r[0] not in prefixes)
    return rows.Row(schema.ROUTER, obj.id, obj.revision, {
        'enabled': [bool(obj.enabled)],
        schema.ROUTES: sorted('%s via %s' % route for route in routes),
        'static_routes': [],
        'external_ids': _external_ids(obj)})


def _prefix(destination):
    """Neutron accepts destinations with bits beyond the prefix length."""
    return str(ipaddress.ip_network(destination, strict=False))


def _in_order(gateway):
    """The addresses of a gateway in the order in which Neutron's API has them."""
    return sorted(gateway.addresses) if gateway else []


def _default_routes(gateway):
    """Yields (prefix, next hop), one of each address family at most: the gateway of the first
    subnet that has one."""
    for version, prefix in ((4, '0.0.0.0/0'), (6, '::/0')):
        next_hops = [a.next_hop for a in _in_order(gateway)
                     if a.next_hop and ipaddress.ip_address(a.next_hop).version == version]
        if next_hops:
            yield prefix, next_hops[0]


def snat(obj):
    """The translation of what a router sends to its external network, to the first IPv4
    address that it has there; None if there is no such address, or no translation wanted."""
    addresses = [a.ip for a in _in_order(obj.gateway)
                 if ipaddress.ip_address(a.ip).version == 4]
    if not addresses or not obj.gateway.enable_snat:
        return None
    return rows.Row(schema.NAT, obj.id + SNAT, obj.revision, {
        'router': obj.id,
        'type': 'snat',
        'external_ip': addresses[0],
        'logical_ip': '0.0.0.0/0',
        'external_mac': [],
        'external_ids': _external_ids(obj)})


def floating_ip(obj):
    """One that is not associated with a fixed IP has no row."""
    if not obj.router_id or not obj.fixed_ip:
        return None
    return rows.Row(schema.NAT, obj.id, obj.revision, {
        'router': obj.router_id,
        'type': 'dnat_and_snat',
        'external_ip': obj.floating_ip,
        'logical_ip': obj.fixed_ip,
        'external_mac': [obj.mac.lower()],
        'external_ids': _external_ids(obj, port_id=obj.port_id)})
