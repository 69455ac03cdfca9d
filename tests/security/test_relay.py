# SPDX-License-Identifier: Apache-2.0
"""Chassis reach relays only, and servers trust no chassis at all.  What a chassis may do is
decided by the relay; what a relay may do, by the server."""
import pytest

from dfharness import Failure, wait_until
from dfharness.secure import ADDRESS, Client, Refused, SecureCloud, free_port


class RelayedCloud(SecureCloud):
    role = "df-relay"

    def nb_options(self):
        """The server listens to relays at its own port."""
        return ["--remote=db:Dragonflow,Global,connections", *self.pki.options("server", "nb")]

    def __init__(self, **kwargs):
        self.relay = None
        super().__init__(chassis=0, **kwargs)
        try:
            self.server = self.remote
            self.relay_port = free_port()
            self.nb("--relay connection-add pssl:%d:%s role=df-controller"
                    % (self.relay_port, ADDRESS))
            self.relay = self.workspace.daemon(
                "relay", ["ovsdb-server", "--remote=db:Dragonflow,Global,relay_connections",
                          *self.pki.options("relay", "relay"),
                          "relay:Dragonflow:" + self.server], self.workspace.path)
            self.relay.start()
            self.remote = "ssl:%s:%d" % (ADDRESS, self.relay_port)
            self.config["remote"] = self.remote
            for _ in range(2):
                self.add_chassis()
        except BaseException:
            self.workspace.close()
            raise


@pytest.fixture(scope="module")
def cloud(pki):
    with RelayedCloud(pki=pki) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n1", 1, "10.0.1.12")
        cloud.sync()
        yield cloud


SELECT = {"op": "select", "table": "Port", "where": []}
TAKE_ANOTHERS = {"op": "update", "table": "Port", "where": [["name", "==", "vm2"]],
                 "row": {"up": False}}
CHANGE_NETWORK = {"op": "update", "table": "Network", "where": [["name", "==", "n1"]],
                  "row": {"mtu": 68}}


def test_chassis_do_their_job_through_the_relay(cloud):
    assert cloud.port("vm1") == ("c1", True)
    frame = cloud["vm1"].udp(cloud["vm2"].mac, "10.0.1.12")
    cloud.check(cloud["vm1"], frame, {cloud["vm2"]: frame})
    cloud.chassis[0].restart_controller()
    cloud.sync()


@pytest.mark.parametrize("operation", [TAKE_ANOTHERS, CHANGE_NETWORK])
def test_the_relay_refuses_what_a_chassis_may_not(cloud, operation):
    cloud.client("c1").transact(SELECT)
    with pytest.raises(Refused, match='client .*c1.* role .*df-controller'):
        cloud.client("c1").transact(operation)


def test_the_server_does_not_hear_a_chassis(cloud):
    with pytest.raises(Failure):
        Client(cloud.server, cloud.pki.options("chassis", "c1")).transact(SELECT)


def test_the_server_refuses_what_a_relay_may_not(cloud):
    """So an attacker with a way past the relay's check, or into the relay, can still not
    change the logical network."""
    relay = Client(cloud.server, cloud.pki.options("relay", "relay"))
    relay.transact(dict(TAKE_ANOTHERS, row={"up": True}))
    with pytest.raises(Refused, match='client .*relay.* role .*df-relay'):
        relay.transact(CHANGE_NETWORK)
    with pytest.raises(Refused):
        relay.transact({"op": "update", "table": "Port", "where": [],
                        "row": {"requested_chassis": "c1"}})


def test_roles_that_change_count_at_once_at_the_relay(cloud):
    cloud.nb("remove RBAC_Role df-controller permissions Chassis")
    own = {"op": "update", "table": "Chassis", "where": [["name", "==", "c1"]],
           "row": {"hostname": "mine"}}

    def refused():
        try:
            cloud.client("c1").transact(own)
        except Refused:
            return True
        return False
    try:
        wait_until(refused, "c1 still may")
    finally:
        cloud.nb("rbac-init")
    wait_until(lambda: not refused(), "c1 never may again")
    cloud.chassis[0].restart_controller()
    cloud.sync()
