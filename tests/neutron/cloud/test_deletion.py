# SPDX-License-Identifier: Apache-2.0
"""What is deleted in Neutron leaves nothing behind."""
import pytest

from conftest import MODES, ours, without_port_numbers
from dfneutron import mirror

pytestmark = pytest.mark.last


def flows(cloud):
    """Without the numbers of the tunnel ports, which are new with every start."""
    return [without_port_numbers(ours(chassis)) for chassis in cloud.chassis]


def constant_flows(cloud):
    """Of fresh df-controllers that have nothing to do."""
    cloud.convert(MODES["legacy"])
    assert not any(flows(cloud))
    cloud.convert(MODES["short-cut"])
    cloud.sync()
    return flows(cloud)


def test_after_everything_was_deleted_nothing_is_left(cloud):
    cloud.convert(MODES["short-cut"])
    cloud.sync()
    full = flows(cloud)
    cloud.remove_everything()
    cloud.sync()
    assert not mirror.nb_names(cloud.nb_db)
    left = flows(cloud)
    for chassis in cloud.chassis[:2]:
        chassis.verify()
        assert "problems: none" in chassis.dfappctl("status")
    assert left == constant_flows(cloud)
    assert all(len(one) < len(other) for one, other in zip(left[:2], full))
