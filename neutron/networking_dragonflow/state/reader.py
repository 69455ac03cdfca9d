# SPDX-License-Identifier: Apache-2.0
"""Reads from Neutron's database what the Northbound database should contain.

Objects are read by columns instead of through Neutron's object layer, so that ten
thousand ports take a fraction of a second, and always together with their revision
number, in one database transaction.
"""
import collections

from neutron.db.models import external_net
from neutron.db.models import l3 as l3_models
from neutron.db.models import segment as segment_models
from neutron.db import models_v2
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib import constants
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api
from neutron_lib.db import standard_attr

from networking_dragonflow import config
from networking_dragonflow.nb import schema
from networking_dragonflow.state import objects

# The kinds of objects.
NETWORK = 'network'
SUBNET = 'subnet'
PORT = 'port'
ROUTER = 'router'
FLOATING_IP = 'floating_ip'
# The rows that an object of the kind may have: table, and what follows the object's id in the
# name of the row.
KINDS = {
    NETWORK: ((schema.NETWORK, ''),),
    SUBNET: ((schema.SUBNET, ''),),
    ROUTER: ((schema.ROUTER, ''), (schema.NAT, objects.SNAT)),
    PORT: ((schema.PORT, ''), (schema.ROUTER_PORT, '')),
    FLOATING_IP: ((schema.NAT, ''),),
}
MODELS = {
    NETWORK: models_v2.Network,
    SUBNET: models_v2.Subnet,
    ROUTER: l3_models.Router,
    PORT: models_v2.Port,
    FLOATING_IP: l3_models.FloatingIP,
}


def keys_of(kind, id_):
    """Returns the (table, name) of all rows that the object may have."""
    return [(table, id_ + suffix) for table, suffix in KINDS[kind]]


def mark_of(table, name):
    """Returns the mark, (kind, id), of the object that a row mirrors."""
    if table == schema.NAT and name.endswith(objects.SNAT):
        return ROUTER, name[:-len(objects.SNAT)]
    return _KIND_OF_TABLE[table], name


_KIND_OF_TABLE = {table: kind for kind, tables in KINDS.items() for table, suffix in tables
                  if not suffix}


class State(collections.namedtuple('State', 'revision rows')):
    """An object that exists: its revision number, and {(table, name): rows.Row}, with only those
    rows that it should have."""


class Reader:
    """Reads objects.  With routers=False there are neither routers nor their ports,
    because another service plugin has them.  Without 'north_south' nothing is external, and
    neither gateways nor floating IPs are read, because L3 agents have them."""

    def __init__(self, routers=True, north_south=False):
        self._routers = routers
        self._north_south = north_south

    @db_api.retry_db_errors
    def read(self, kind, ids=None):
        """Returns {id: State} for those objects of 'kind' that exist, among 'ids' (a
        list of moderate length) or, if None, all."""
        context = n_context.get_admin_context()
        with db_api.CONTEXT_READER.using(context):
            return getattr(self, '_read_' + kind)(context.session, ids)

    @db_api.retry_db_errors
    def read_all(self):
        """Returns {kind: {id: State}} of everything, all of the same moment."""
        context = n_context.get_admin_context()
        with db_api.CONTEXT_READER.using(context):
            return {kind: getattr(self, '_read_' + kind)(context.session, None)
                    for kind in KINDS}

    @db_api.retry_db_errors
    def on_networks(self, ids):
        """Returns the (kind, id) of the subnets and ports of the networks 'ids'."""
        context = n_context.get_admin_context()
        found = set()
        with db_api.CONTEXT_READER.using(context):
            for kind in (SUBNET, PORT):
                query = context.session.query(MODELS[kind].id)
                query = query.filter(MODELS[kind].network_id.in_(list(ids)))
                found.update((kind, id_) for id_, in query)
        return found

    @db_api.retry_db_errors
    def revisions(self):
        """Returns {(kind, id): what differs when the object has changed} of everything: its
        revision number, with what its rows depend on and does not change it, such as the
        segments of networks.  Much faster than reading everything."""
        context = n_context.get_admin_context()
        attributes = standard_attr.StandardAttribute
        found = {}
        with db_api.CONTEXT_READER.using(context):
            for kind, model in MODELS.items():
                if (kind == ROUTER and not self._routers
                        or kind == FLOATING_IP and not self._north_south):
                    continue
                query = context.session.query(model.id, attributes.revision_number)
                query = query.join(attributes, model.standard_attr_id == attributes.id)
                found.update(((kind, id_), revision) for id_, revision in query)
            segments = _segments(context.session, None)
            depends = [((NETWORK, id_), frozenset(s)) for id_, s in segments.items()]
            if self._north_south:
                depends += _north_south_depends(context.session, segments)
            for key, more in depends:
                if key in found:
                    found[key] = found[key], more
        return found

    def _read_network(self, session, ids):
        model = models_v2.Network
        segments = _segments(session, ids)
        external = self._external(session, ids)
        states = {}
        for n in _query(session, model, ids, model.mtu):
            obj = objects.Network(n.id, n.name, n.project_id, n.mtu, n.revision_number,
                                  segments.get(n.id, ()), n.id in external)
            states[n.id] = _state(obj, objects.network(obj))
        return states

    def _read_subnet(self, session, ids):
        model = models_v2.Subnet
        found = _query(session, model, ids, model.network_id, model.cidr, model.gateway_ip,
                       model.ipv6_ra_mode, model.ipv6_address_mode)
        segments = _segments(session, ids and {s.network_id for s in found})
        external = self._external(session, ids and {s.network_id for s in found})
        dns_servers = _dns_servers(session, ids)
        states = {}
        for s in found:
            obj = objects.Subnet(s.id, s.name, s.project_id, s.network_id, str(s.cidr),
                                 s.gateway_ip and str(s.gateway_ip), s.revision_number,
                                 s.ipv6_ra_mode, s.ipv6_address_mode,
                                 dns_servers.get(s.id, ()), s.network_id in external)
            mirrored = objects.is_mirrored_network(segments.get(s.network_id, ()))
            states[s.id] = _state(obj, mirrored and objects.subnet(obj))
        return states

    def _read_port(self, session, ids):
        model = models_v2.Port
        found = _query(session, model, ids, model.network_id, model.mac_address,
                       model.admin_state_up, model.device_id, model.device_owner)
        segments = _segments(session, ids and {p.network_id for p in found})
        hosts = _hosts(session, ids)
        addresses = _addresses(session, ids)
        states = {}
        for p in found:
            obj = objects.Port(p.id, p.name, p.project_id, p.network_id, str(p.mac_address),
                               p.admin_state_up, p.device_id, p.device_owner,
                               hosts.get(p.id), p.revision_number, addresses.get(p.id, ()))
            mirrored = objects.is_mirrored_network(segments.get(p.network_id, ()))
            states[p.id] = _state(
                obj, mirrored and objects.port(obj, self._north_south),
                mirrored and self._routers and objects.router_port(obj, self._north_south))
        return states

    def _read_router(self, session, ids):
        if not self._routers:
            return {}
        model = l3_models.Router
        routes = _routes(session, ids)
        gateways = _gateways(session, ids) if self._north_south else {}
        states = {}
        for r in _query(session, model, ids, model.admin_state_up):
            obj = objects.Router(r.id, r.name, r.project_id, r.admin_state_up,
                                 r.revision_number, routes.get(r.id, ()), gateways.get(r.id))
            states[r.id] = _state(obj, objects.router(obj), objects.snat(obj))
        return states

    def _read_floating_ip(self, session, ids):
        if not self._north_south:
            return {}
        found = _floating_ips(session, ids)
        segments = _segments(session, ids and {obj.network_id for obj in found})
        return {obj.id: _state(obj, objects.is_mirrored_network(segments.get(obj.network_id, ()))
                               and objects.floating_ip(obj)) for obj in found}

    def _external(self, session, network_ids):
        """Those of the networks, or of all, that are external."""
        if not self._north_south:
            return frozenset()
        column = external_net.ExternalNetwork.network_id
        return {id_ for id_, in _among(session.query(column), column, network_ids)}


def configured(conf):
    """Returns a Reader of what Neutron's configuration says is Dragonflow's."""
    return Reader(config.routers_enabled(conf), config.north_south(conf))


def _state(obj, *rows):
    return State(obj.revision, {row.key: row for row in rows if row})


def _query(session, model, ids, *columns):
    """The objects of 'model' with the attributes that all of them have."""
    attributes = standard_attr.StandardAttribute
    query = session.query(model.id, model.name, model.project_id, attributes.revision_number,
                          *columns)
    query = query.join(attributes, model.standard_attr_id == attributes.id)
    return _among(query, model.id, ids).all()


def _among(query, column, ids):
    return query if ids is None else query.filter(column.in_(list(ids)))


def _grouped(query, make):
    """{first column: [make(*other columns)]}"""
    result = collections.defaultdict(list)
    for key, *values in query:
        result[key].append(make(*values))
    return result


def _segments(session, network_ids):
    model = segment_models.NetworkSegment
    query = session.query(model.network_id, model.network_type, model.physical_network,
                          model.segmentation_id)
    query = query.filter(model.is_dynamic.is_(False))
    return _grouped(_among(query, model.network_id, network_ids), objects.Segment)


def _dns_servers(session, subnet_ids):
    model = models_v2.DNSNameServer
    query = session.query(model.subnet_id, model.address)
    return _grouped(_among(query, model.subnet_id, subnet_ids), str)


def _hosts(session, port_ids):
    model = ml2_models.PortBinding
    query = session.query(model.port_id, model.host).filter(model.status == constants.ACTIVE)
    return dict(_among(query, model.port_id, port_ids).all())


def _addresses(session, port_ids):
    model = models_v2.IPAllocation
    query = session.query(model.port_id, model.ip_address, models_v2.Subnet.cidr)
    query = query.join(models_v2.Subnet, models_v2.Subnet.id == model.subnet_id)
    return _grouped(
        _among(query, model.port_id, port_ids),
        lambda ip, cidr: objects.Address(str(ip), int(str(cidr).rpartition('/')[2])))


def _routes(session, router_ids):
    model = l3_models.RouterRoute
    query = session.query(model.router_id, model.destination, model.nexthop)
    return _grouped(_among(query, model.router_id, router_ids), objects.Route)


def _gateways(session, router_ids):
    """Returns {router id: objects.Gateway}, of routers with a gateway that is enabled, on a
    network that is mirrored."""
    router, port, address = l3_models.Router, models_v2.Port, models_v2.IPAllocation
    query = session.query(router.id, port.network_id, router.enable_snat, address.ip_address,
                          address.subnet_id, models_v2.Subnet.gateway_ip)
    query = query.join(port, port.id == router.gw_port_id)
    query = query.join(address, address.port_id == port.id)
    query = query.join(models_v2.Subnet, models_v2.Subnet.id == address.subnet_id)
    query = query.filter(port.admin_state_up.is_(True))
    found = {}
    for id_, network_id, enable_snat, ip, subnet_id, next_hop in _among(query, router.id,
                                                                        router_ids):
        gateway = found.setdefault(id_, objects.Gateway(network_id, bool(enable_snat), set()))
        gateway.addresses.add(objects.GatewayAddress(str(ip), subnet_id,
                                                     next_hop and str(next_hop)))
    segments = _segments(session, router_ids and {g.network_id for g in found.values()})
    return {id_: gateway for id_, gateway in found.items()
            if objects.is_mirrored_network(segments.get(gateway.network_id, ()))}


def _floating_ips(session, ids):
    """Returns objects.FloatingIp of those 'ids', or all."""
    model, port = l3_models.FloatingIP, models_v2.Port
    attributes = standard_attr.StandardAttribute
    query = session.query(model.id, model.project_id, attributes.revision_number,
                          model.router_id, model.floating_ip_address, port.mac_address,
                          model.fixed_ip_address, model.fixed_port_id,
                          model.floating_network_id)
    query = query.join(attributes, model.standard_attr_id == attributes.id)
    query = query.join(port, port.id == model.floating_port_id)
    return [objects.FloatingIp(id_, project_id, revision, router_id, str(floating_ip), str(mac),
                               fixed_ip and str(fixed_ip), port_id, network_id)
            for (id_, project_id, revision, router_id, floating_ip, mac, fixed_ip, port_id,
                 network_id) in _among(query, model.id, ids)]


def _north_south_depends(session, segments):
    """Yields ((kind, id), what else the rows of the object depend on): of routers the gateway,
    of floating IPs the port, of subnets the network."""
    for id_, gateway in _gateways(session, None).items():
        yield (ROUTER, id_), (gateway.network_id, gateway.enable_snat,
                              frozenset(gateway.addresses))
    for obj in _floating_ips(session, None):
        yield (FLOATING_IP, obj.id), (obj.mac, objects.is_mirrored_network(
            segments.get(obj.network_id, ())))
    query = session.query(models_v2.Subnet.id)
    query = query.join(external_net.ExternalNetwork,
                       external_net.ExternalNetwork.network_id == models_v2.Subnet.network_id)
    for id_, in query:
        yield (SUBNET, id_), 'external'
