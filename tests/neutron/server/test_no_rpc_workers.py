# SPDX-License-Identifier: Apache-2.0
"""neutron-server that is told to have no RPC workers still has who compares."""
import pytest


@pytest.fixture(scope='module')
def settings():
    return dict(rpc_workers=0, options='comparison_interval = 100000')


def test_somebody_is_elected(cloud):
    cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.kill()
    cloud.nb.create()
    cloud.nb.start()
    cloud.expect_mirrored(40)
    assert cloud.neutron.log.read_text().count('Elected to keep') == 2
