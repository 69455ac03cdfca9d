# SPDX-License-Identifier: Apache-2.0
"""Clouds with a clustered NB database."""
import pytest

from dfharness.cluster import ClusterCloud
from dfharness.commits import Stream


def populate(cloud):
    for i in (1, 2):
        cloud.add_network("n%d" % i, "10.0.%d.0/24" % i, "2001:db8:%d::/64" % i)
    cloud.r1 = cloud.add_router("r1", n1=["10.0.1.1/24", "2001:db8:1::1/64"],
                                n2=["10.0.2.1/24", "2001:db8:2::1/64"])
    for i, chassis in enumerate(cloud.chassis):
        number = i % 2 + 1
        cloud.add_vm("vm%d" % i, "n%d" % number, i, "10.0.%d.%d" % (number, 11 + i),
                     "2001:db8:%d::%d" % (number, 11 + i))
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
