# SPDX-License-Identifier: Apache-2.0
"""Clouds with a clustered NB database."""
import pytest

from dfharness.cluster import ClusterCloud
from dfharness.commits import Stream


def populate(cloud):
    cloud.add_network("n1", "10.0.1.0/24")
    cloud.add_network("n2", "10.0.2.0/24")
    cloud.r1 = cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
    for i, chassis in enumerate(cloud.chassis):
        cloud.add_vm("vm%d" % i, "n%d" % (i % 2 + 1), i, "10.0.%d.%d" % (i % 2 + 1, 11 + i))
    cloud.sync()


@pytest.fixture(scope="module")
def cloud(request):
    """As the file's SHAPE says: the arguments of ClusterCloud."""
    with ClusterCloud(**request.module.SHAPE) as cloud:
        populate(cloud)
        yield cloud


@pytest.fixture
def stream(cloud):
    cloud.nb_db.wait_healthy()
    return Stream(cloud)
