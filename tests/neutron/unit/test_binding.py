# SPDX-License-Identifier: Apache-2.0
"""Which ports native mode binds, and what it says of the others."""
import pytest


@pytest.fixture(scope='module', autouse=True)
def package(neutron_session):
    """The package is importable once Neutron is set up."""


def refusal(allow=False, **values):
    from networking_dragonflow.ml2 import binding

    return binding.port_refusal(dict({'device_owner': 'compute:nova',
                                      'binding:vnic_type': 'normal'}, **values), allow)


def test_a_port_with_port_security_is_refused_and_the_reason_says_what_to_do():
    reason = refusal(port_security_enabled=True)
    assert 'port security' in reason
    assert 'allow_port_security_without_enforcement' in reason


def test_a_port_without_port_security_is_bound():
    assert refusal(port_security_enabled=False) is None


def test_the_operator_may_do_without_protection():
    assert refusal(allow=True, port_security_enabled=True) is None


def test_without_the_extension_all_ports_but_neutrons_own_have_port_security():
    assert 'port security' in refusal()
    assert refusal(device_owner='network:dhcp') is None


def test_other_kinds_of_interfaces_are_refused():
    assert 'direct' in refusal(**{'binding:vnic_type': 'direct', 'port_security_enabled': False})


@pytest.mark.parametrize('segment, reason', [
    (dict(network_type='geneve', physical_network=None), None),
    (dict(network_type='vxlan', physical_network=None), 'no vxlan tunnels'),
    (dict(network_type='vlan', physical_network='physnet1'), None),
    (dict(network_type='flat', physical_network='physnet2'), 'no bridge mapping for physnet2'),
    (dict(network_type='local', physical_network=None), None),
    (dict(network_type='other', physical_network=None), 'no networks of type other'),
])
def test_a_segment_needs_a_chassis_that_carries_it(segment, reason):
    from networking_dragonflow.ml2 import binding

    agent = {'configurations': {'tunnel_types': ['geneve'],
                                'bridge_mappings': {'physnet1': 'br-ex'}}}
    said = binding.segment_refusal(segment, agent)
    assert said is None if reason is None else reason in said


def usable(here, everywhere):
    from networking_dragonflow.ml2 import binding

    agents = [{'alive': alive} for alive in here]
    return len(binding.usable(agents, lambda: agents + [{'alive': a} for a in everywhere]))


@pytest.mark.parametrize('here, everywhere, number', [
    ([], [True], 0),                # Unknown.
    ([True], [], 1),
    ([False], [True, False], 0),    # Dead: others are reported.
    ([False], [False], 1),          # None is: that says nothing of this one.
    ([False], [], 1),
    ([False, True], [], 1),
])
def test_a_dead_chassis_is_one_that_is_not_reported_while_others_are(here, everywhere, number):
    assert usable(here, everywhere) == number


def test_a_refusal_is_logged_once_a_minute():
    from networking_dragonflow.ml2 import binding

    now = [1000.0]
    refusals = binding.Refusals(lambda: now[0])
    assert refusals.is_new('p', 'h', 'why')
    now[0] += 30
    assert not refusals.is_new('p', 'h', 'why')
    assert refusals.is_new('p', 'h', 'why else')
    assert refusals.is_new('p', 'h2', 'why')
    now[0] += 30
    assert refusals.is_new('p', 'h', 'why')
    now[0] += 30
    assert not refusals.is_new('p', 'h', 'why')
    for number in range(refusals.REMEMBERED):
        refusals.is_new(number, 'h', 'why')
    assert len(refusals._logged) == refusals.REMEMBERED
