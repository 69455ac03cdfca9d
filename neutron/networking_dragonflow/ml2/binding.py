# SPDX-License-Identifier: Apache-2.0
"""Whether a port can be bound on a host, in native mode.

Functions of what Neutron knows: the port, the segment, and the agent that stands
for the chassis on the host.  A refusal is a sentence for the operator.
"""
import collections
import time

from neutron_lib.api.definitions import port_security
from neutron_lib.api.definitions import portbindings
from neutron_lib import constants
from neutron_lib.utils import net

VNIC_TYPES = (portbindings.VNIC_NORMAL,)
TUNNELS = frozenset((constants.TYPE_GENEVE, constants.TYPE_VXLAN, constants.TYPE_GRE))
PROVIDER = frozenset((constants.TYPE_VLAN, constants.TYPE_FLAT))


def has_port_security(port):
    """Whether the port is to be protected by security groups or anti-spoofing.

    Without Neutron's port_security extension all ports do, except its own.
    """
    if port_security.PORTSECURITY in port:
        return port[port_security.PORTSECURITY]
    return not net.is_port_trusted(port)


def port_refusal(port, allow_port_security):
    """Returns why the port cannot be bound anywhere, or None."""
    vnic_type = port.get(portbindings.VNIC_TYPE, portbindings.VNIC_NORMAL)
    if vnic_type not in VNIC_TYPES:
        return 'binding:vnic_type is %s, and Dragonflow only has %s' % (
            vnic_type, ', '.join(VNIC_TYPES))
    if has_port_security(port) and not allow_port_security:
        return ('port security is enabled, which Dragonflow does not enforce yet in native '
                'mode; disable it for the port or its network, or set [dragonflow] '
                'allow_port_security_without_enforcement to do without protection')
    return None


def segment_refusal(segment, agent):
    """Returns why the agent's chassis cannot carry the segment, or None."""
    network_type = segment['network_type']
    if network_type in TUNNELS:
        if network_type not in agent['configurations'].get('tunnel_types', ()):
            return 'the chassis has no %s tunnels' % network_type
    elif network_type in PROVIDER:
        physnet = segment['physical_network']
        if physnet not in agent['configurations'].get('bridge_mappings', {}):
            return 'the chassis has no bridge mapping for %s' % physnet
    elif network_type != constants.TYPE_LOCAL:
        return 'Dragonflow has no networks of type %s' % network_type
    return None


def usable(agents, everywhere):
    """Returns those of 'agents', which are a host's, that ports may be bound to.

    Those that live.  But if of the agents of the whole cloud, which everywhere() returns, none
    lives, then no process reports from the Northbound database, and the state of the chassis
    is not known: then all.
    """
    living = [a for a in agents if a['alive']]
    if living or not agents or any(a['alive'] for a in everywhere()):
        return living
    return agents


class Refusals:
    """Finds the refusals that are not in the log yet: Neutron tries ten times in a row."""

    REMEMBERED = 1000
    SECONDS = 60.0

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._logged = collections.OrderedDict()

    def is_new(self, port, host, reason):
        """Whether the same was not refused for the same reason within a minute."""
        key = port, host, reason
        logged = self._logged.pop(key, None)
        now = self._clock()
        self._logged[key] = now if logged is None or now - logged >= self.SECONDS else logged
        while len(self._logged) > self.REMEMBERED:
            self._logged.popitem(last=False)
        return self._logged[key] == now
