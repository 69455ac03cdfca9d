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

Network = collections.namedtuple('Network', 'id name project_id mtu revision segments')
Segment = collections.namedtuple('Segment', 'type physical_network segmentation_id')
Subnet = collections.namedtuple('Subnet',
                                'id name project_id network_id cidr gateway_ip revision '
                                'ra_mode address_mode dns_servers',
                                defaults=(None, None, ()))
Port = collections.namedtuple('Port', 'id name project_id network_id mac enabled device_id '
                              'device_owner host revision addresses')
Address = collections.namedtuple('Address', 'ip prefix_length')
Router = collections.namedtuple('Router', 'id name project_id enabled revision routes')
Route = collections.namedtuple('Route', 'destination nexthop')

TYPES = frozenset(('geneve', 'vxlan', 'gre', 'vlan', 'flat', 'local'))

# Ports that are no interface anywhere: addresses that Neutron reserves.
NOT_PLUGGED = frozenset((constants.DEVICE_OWNER_FLOATINGIP,
                         constants.DEVICE_OWNER_LOCAL_IP,
                         constants.DEVICE_OWNER_ROUTED,
                         constants.DEVICE_OWNER_DISTRIBUTED))


def _external_ids(obj, **more):
    ids = {schema.REVISION: str(obj.revision),
           schema.PREFIX + 'name': obj.name or '',
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
        'external_ids': _external_ids(obj)})


def subnet(obj):
    """A gateway that is outside of the subnet, which Neutron allows, is left out, unless it is
    a link-local one: the Northbound database has no use for it.  So are DNS servers that the
    machines of the subnet cannot be told of."""
    prefix = ipaddress.ip_network(obj.cidr)
    gateway = obj.gateway_ip and ipaddress.ip_address(obj.gateway_ip)
    if gateway and gateway not in prefix and not (
            gateway.version == prefix.version == 6 and gateway.is_link_local):
        gateway = None
    return rows.Row(schema.SUBNET, obj.id, obj.revision, {
        'network': obj.network_id,
        'cidr': str(obj.cidr),
        'gateway_ip': rows.optional(gateway and str(gateway)),
        'ra_mode': rows.optional(obj.ra_mode),
        'address_mode': rows.optional(obj.address_mode),
        'dns_servers': sorted({str(a) for a in map(ipaddress.ip_address, obj.dns_servers)
                               if a.version == prefix.version and _is_host(a)}),
        'external_ids': _external_ids(obj)})


def _is_host(address):
    """Whether a host can have the address: 0.0.0.0 as DNS server, for example, stands for none
    in Neutron."""
    return not (address.is_unspecified or address.is_multicast or address.is_loopback
                or address.version == 4 and address.is_reserved)


def is_router_port(obj):
    """Whether the port connects a network to a router, and so becomes a Router_Port."""
    return obj.device_owner in constants.ROUTER_INTERFACE_OWNERS


def is_plugged(obj):
    """Whether the port is an interface of something on a host.

    That is the ports of instances, and whatever else was given a host: DHCP servers,
    the external side and the replication networks of legacy routers, load balancers.
    A port without either, such as the virtual address of a group of instances, has a
    MAC address without an interface, which must not be known.
    """
    if obj.device_owner in NOT_PLUGGED or is_router_port(obj):
        return False
    return bool(obj.host) or obj.device_owner.startswith(constants.DEVICE_OWNER_COMPUTE_PREFIX)


def port(obj):
    if not is_plugged(obj):
        return None
    columns = {
        'network': obj.network_id,
        'mac': obj.mac.lower(),
        'addresses': sorted(a.ip for a in obj.addresses),
        'enabled': [bool(obj.enabled)],
        'external_ids': _external_ids(obj, device_owner=obj.device_owner,
                                      device_id=obj.device_id, host=obj.host)}
    return rows.Row(schema.PORT, obj.id, obj.revision, columns, host=obj.host or None)


def router_port(obj):
    """A disabled one is left out, as in the legacy router, which has no interface on
    the network then."""
    if not is_router_port(obj) or not obj.device_id or not obj.enabled:
        return None
    return rows.Row(schema.ROUTER_PORT, obj.id, obj.revision, {
        'router': obj.device_id,
        'network': obj.network_id,
        'mac': obj.mac.lower(),
        'addresses': sorted('%s/%d' % a for a in obj.addresses),
        'external_ids': _external_ids(obj, device_owner=obj.device_owner)})


def router(obj):
    return rows.Row(schema.ROUTER, obj.id, obj.revision, {
        'enabled': [bool(obj.enabled)],
        schema.ROUTES: sorted({
            '%s via %s' % (_prefix(r.destination), r.nexthop) for r in obj.routes}),
        'static_routes': [],
        'external_ids': _external_ids(obj)})


def _prefix(destination):
    """Neutron accepts destinations with bits beyond the prefix length."""
    return str(ipaddress.ip_network(destination, strict=False))
