# SPDX-License-Identifier: Apache-2.0
"""The sweep sees by revision numbers what has not been mirrored."""
import pytest


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def sweep(topology, nb, source):
    """A sweep that is due each time it is called."""
    from networking_dragonflow.sync import sweep

    clock = Clock()
    s = sweep.Sweep(nb, source, clock, clock.sleep)
    s.start()

    def run():
        clock.now = s.due
        return s.run()
    return run


def test_lost_marks_are_made_good(topology, neutron, sweep, compare):
    assert sweep() == 0
    neutron.update_port(topology.port1, admin_state_up=False)
    neutron.core.delete_port(neutron.context(), topology.port2['id'])
    neutron.create_port(topology.network2)
    neutron.remove_interface(topology.router, topology.subnet1)
    neutron.take_marks()
    assert len(compare()) == 5
    assert sweep() == 5
    assert compare() == []
    assert sweep() == 0


def test_what_could_not_be_written_is_tried_again(topology, neutron, sweep, compare, nb,
                                                  nb_server):
    from neutronharness import waiting

    # Another port has the MAC address.
    row = nb_server.transact({'op': 'select', 'table': 'Network', 'columns': ['_uuid'],
                              'where': [['name', '==', topology.network1['id']]]})[0]['rows'][0]
    nb_server.insert('Port', name='theirs', network=row['_uuid'], mac='fa:16:3e:00:00:01')
    neutron.create_port(topology.network1, mac_address='fa:16:3e:00:00:01')
    assert sweep() == 0 and sweep() == 0
    nb_server.delete('Port', 'theirs')
    waiting.until(lambda: not nb.find('Port', 'theirs'), 5)
    assert sweep() == 1
    assert compare() == []


def test_segments_change_without_a_revision_of_the_network(topology, neutron, sweep, compare):
    from neutron.db import segments_db

    context = neutron.context()
    own, = segments_db.get_network_segments(context, topology.network1['id'])
    segments_db.update_network_segment(context, own['id'], 777)
    assert compare() == ['Network %s: different: segmentation_id' % topology.network1['id']]
    assert sweep() == 1 and compare() == [] and sweep() == 0

    second = {'network_type': 'vlan', 'physical_network': 'physnet1', 'segmentation_id': 150}
    segments_db.add_network_segment(context, topology.network1['id'], second, segment_index=1)
    assert sweep() == 4 and compare() == []     # The network, and three on it, are gone.
    segments_db.delete_network_segment(context, second['id'])
    assert sweep() == 4 and compare() == []


def test_dns_servers_of_a_subnet_are_seen(topology, neutron, sweep, compare):
    """They are in a table of their own, but change the revision of the subnet."""
    for servers in (['192.0.2.53', '192.0.2.54'], ['192.0.2.54'], []):
        neutron.core.update_subnet(neutron.context(), topology.subnet1['id'],
                                   {'subnet': {'dns_nameservers': servers}})
        neutron.take_marks()
        assert any('different: dns_servers' in difference for difference in compare())
        assert sweep() > 0 and compare() == [] and sweep() == 0


def test_it_is_not_run_more_often_than_it_is_worth(topology, neutron, nb, source):
    from networking_dragonflow.sync import sweep

    clock = Clock()

    class Slow:
        looks = 0

        def revisions(self):
            self.looks += 1
            clock.now += 2
            return {}

    slow = Slow()
    s = sweep.Sweep(nb, slow, clock, clock.sleep)
    s.start()
    for _ in range(100):
        s.run()
        clock.now += 1
    assert slow.looks == 1 + 3
