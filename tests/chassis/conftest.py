# SPDX-License-Identifier: Apache-2.0
"""The hosts that the tests of this suite start from."""
import pytest

from ovs_host import REMOTE, Host


@pytest.fixture
def bare():
    """A host on which nothing is configured."""
    host = Host()
    host.vswitchd.start()
    host.driver.start()
    yield host
    problems = host.workspace.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def host(bare):
    """A chassis with a geneve tunnel."""
    bare.set(system_id="c1", remote=REMOTE, encap_ip="192.0.2.1")
    bare.await_view(lambda v: "geneve" in v["tunnels"], "a geneve tunnel")
    return bare
