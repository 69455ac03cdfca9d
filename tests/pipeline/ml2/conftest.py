# SPDX-License-Identifier: Apache-2.0
"""Beside Neutron's Open vSwitch agent."""
import pytest

from dfharness.stockagent import ml2_cloud


@pytest.fixture(scope="module", params=[False, True], ids=["noop", "firewall"])
def cloud(request):
    with ml2_cloud(firewall=request.param) as cloud:
        yield cloud
