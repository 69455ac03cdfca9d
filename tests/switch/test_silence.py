# SPDX-License-Identifier: Apache-2.0
"""A switch that owes an answer is not waited for without end."""
import struct

import pytest

from dfharness.process import wait_until
from dfharness.relay import OpenFlowRelay

# ONF OpenFlow 1.5.1, 7.1.1: types; 7.3.5.1.2: multipart types.
MULTIPART_REPLY, BARRIER_REPLY, BUNDLE_CONTROL = 19, 21, 33
FLOW_DESC = 1


class Silence(OpenFlowRelay):
    """Swallows messages of the switch for which 'swallow' is true."""

    def __init__(self, *args):
        self.swallow = lambda message: False
        self.swallowed = 0
        super().__init__(*args)
        self.start()

    def pass_on(self, message):
        if self.swallow(message):
            self.swallowed += 1
            return []
        return [message]


@pytest.fixture
def silence(host):
    rundir = host.dir / "session"
    rundir.mkdir()
    relay = Silence(rundir / "br-int.mgmt", host.dir / "br-int.mgmt")
    yield relay
    relay.stop()


def is_type(*types):
    return lambda message: message[1] in types


def is_last_of_flows(message):
    kind, flags = struct.unpack_from(">HH", message, 8) if len(message) >= 12 else (0, 0)
    return message[1] == MULTIPART_REPLY and kind == FLOW_DESC and not flags & 1


@pytest.mark.parametrize("what, swallow", [
    ("the answer to the set-up", is_type(BARRIER_REPLY)),
    ("the end of the flows", is_last_of_flows),
])
def test_a_connection_on_which_nothing_can_be_read_is_made_again(host, silence, what, swallow):
    silence.swallow = swallow
    driver = host.start("--clock", rundir=host.dir / "session")
    driver.add("f", "table=7,priority=1,actions=drop")
    wait_until(lambda: silence.swallowed, what + " is swallowed")
    driver.warp(29000)
    assert silence.connections == 1
    silence.swallow = lambda message: False
    driver.warp(2000)
    driver.warp(2000)  # It does not dial at once.
    driver.sync()
    assert silence.connections == 2 and host.n_flows() == 1
    assert "does not answer" in driver.log()


def test_a_bundle_that_is_not_confirmed_is_looked_for_in_the_switch(host, silence):
    driver = host.start("--clock", rundir=host.dir / "session")
    driver.ask("fill 10")
    driver.sync()
    silence.swallow = is_type(BARRIER_REPLY, BUNDLE_CONTROL)
    driver.add("f", "table=7,priority=1,actions=drop")
    wait_until(lambda: host.n_flows() == 11, "the flow")
    wait_until(lambda: silence.swallowed >= 2, "its confirmation is swallowed")
    silence.swallow = lambda message: False
    driver.warp(31000)
    driver.warp(2000)
    driver.sync()
    status = driver.status()
    # It was there: nothing had to be sent again.
    assert status["connections"] == 2 and status["flow mods sent"] == 11
    assert status["state"] == "synced" and status["confirmed"] > 0
