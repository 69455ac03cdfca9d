# SPDX-License-Identifier: Apache-2.0
"""neutron-server without RPC workers still has a process that compares."""
import pytest


@pytest.fixture(scope='module')
def settings():
    return dict(rpc_workers=0, options='comparison_interval = 100000')


def test_one_process_is_elected(cloud):
    cloud.make_topology()
    cloud.expect_mirrored()
    cloud.nb.kill()
    cloud.nb.create()
    cloud.nb.start()
    cloud.expect_mirrored(40)
    assert cloud.neutron.log.read_text().count('Elected to keep') == 2
