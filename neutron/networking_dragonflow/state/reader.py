# SPDX-License-Identifier: Apache-2.0
"""Reads from Neutron's database what the Northbound database should contain.

Objects are read by columns instead of through Neutron's object layer, so that ten
thousand ports take a fraction of a second, and always together with their revision
number, in one database transaction.
"""
import collections

from neutron.db.models import l3 as l3_models
from neutron.db.models import segment as segment_models
from neutron.db import models_v2
from neutron.plugins.ml2 import models as ml2_models
from neutron_lib import constants
from neutron_lib import context as n_context
from neutron_lib.db import api as db_api
from neutron_lib.db import standard_attr

from networking_dragonflow.nb import schema
from networking_dragonflow.state import objects

# The kinds of objects, and the tables in which an object of the kind has its row.
NETWORK = 'network'
SUBNET = 'subnet'
PORT = 'port'
ROUTER = 'router'
KINDS = {
    NETWORK: (schema.NETWORK,),
    SUBNET: (schema.SUBNET,),
    ROUTER: (schema.ROUTER,),
    PORT: (schema.PORT, schema.ROUTER_PORT),
}
MODELS = {
    NETWORK: models_v2.Network,
    SUBNET: models_v2.Subnet,
    ROUTER: l3_models.Router,
    PORT: models_v2.Port,
}
KIND_OF_TABLE = {table: kind for kind, tables in KINDS.items() for table in tables}


class State(collections.namedtuple('State', 'revision rows')):
    """An object that exists: its revision number, and {table: rows.Row}, with only those
    tables in which it should have a row."""


class Reader:
    """Reads objects.  With routers=False there are neither routers nor their ports,
    because another service plugin has them."""

    def __init__(self, routers=True):
        self._routers = routers

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
        revision number, for networks with the segments, which do not change it.  Much faster
        than reading everything."""
        context = n_context.get_admin_context()
        attributes = standard_attr.StandardAttribute
        found = {}
        with db_api.CONTEXT_READER.using(context):
            for kind, model in MODELS.items():
                if kind == ROUTER and not self._routers:
                    continue
                query = context.session.query(model.id, attributes.revision_number)
                query = query.join(attributes, model.standard_attr_id == attributes.id)
                found.update(((kind, id_), revision) for id_, revision in query)
            for id_, segments in _segments(context.session, None).items():
                if (NETWORK, id_) in found:
                    found[NETWORK, id_] = found[NETWORK, id_], frozenset(segments)
        return found

    def _read_network(self, session, ids):
        model = models_v2.Network
        segments = _segments(session, ids)
        states = {}
        for n in _query(session, model, ids, model.mtu):
            obj = objects.Network(n.id, n.name, n.project_id, n.mtu, n.revision_number,
                                  segments.get(n.id, ()))
            states[n.id] = _state(obj, objects.network(obj))
        return states

    def _read_subnet(self, session, ids):
        model = models_v2.Subnet
        found = _query(session, model, ids, model.network_id, model.cidr, model.gateway_ip,
                       model.ipv6_ra_mode, model.ipv6_address_mode)
        segments = _segments(session, ids and {s.network_id for s in found})
        dns_servers = _dns_servers(session, ids)
        states = {}
        for s in found:
            obj = objects.Subnet(s.id, s.name, s.project_id, s.network_id, str(s.cidr),
                                 s.gateway_ip and str(s.gateway_ip), s.revision_number,
                                 s.ipv6_ra_mode, s.ipv6_address_mode,
                                 dns_servers.get(s.id, ()))
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
            states[p.id] = _state(obj, mirrored and objects.port(obj),
                                  mirrored and self._routers and objects.router_port(obj))
        return states

    def _read_router(self, session, ids):
        if not self._routers:
            return {}
        model = l3_models.Router
        routes = _routes(session, ids)
        states = {}
        for r in _query(session, model, ids, model.admin_state_up):
            obj = objects.Router(r.id, r.name, r.project_id, r.admin_state_up,
                                 r.revision_number, routes.get(r.id, ()))
            states[r.id] = _state(obj, objects.router(obj))
        return states


def _state(obj, *rows):
    return State(obj.revision, {row.table: row for row in rows if row})


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
