# SPDX-License-Identifier: Apache-2.0
"""The guide to clusters, relays and certificates is followed: three servers, a relay, the machine
with the authorities, and a server on its own."""
import json

import pytest

from dfharness import Failure
from dfharness.process import TOP, wait_until
from guide import Guide
from machines import Machines
from root import why_impossible

GUIDE = Guide(TOP / "docs/nb-cluster.md")
SERVERS = {"nb1": "192.0.2.10", "nb2": "192.0.2.11", "nb3": "192.0.2.12"}


@pytest.fixture
def machines(packages):
    reason = why_impossible()
    if reason:
        pytest.skip("machines to follow the guide on: %s" % reason)
    with Machines(packages, safe=["192.0.2.100/24"], relay1=["192.0.2.20/24"],
                  spare=["192.0.2.30/24"],
                  **{name: [a + "/24"] for name, a in SERVERS.items()}) as machines:
        for root in machines.roots.values():
            root.sh("dpkg -i /root/dragonflow-common_*.deb")
        yield machines


# --- What the guide says in words -----------------------------------------

def bring_the_folders(machines):
    """Of all hosts, to all hosts; the relay's and the spare server's are put in place."""
    pki = "/var/lib/dragonflow-pki/"
    machines["safe"].sh("df-pki server nb2 192.0.2.11; df-pki server nb3 192.0.2.12;"
                        "df-pki server spare 192.0.2.30; df-pki relay chassis-are-here")
    for name in SERVERS:
        machines.copy("safe", pki + "server/" + name, name, "/root/" + name)
    for source, to, place in [("relay/relay1", "relay1", "relay"), ("server/spare", "spare", "nb"),
                              ("chassis/hv1", "safe", "chassis"),
                              ("client/neutron", "safe", "client")]:
        machines.copy("safe", pki + source, to, "/root/folder")
        machines[to].sh("df-pki install /root/folder %s; rm -r /root/folder" % place)


def see_that_the_cluster_is_healthy(machines):
    def healthy():
        return all("3 of 3 servers connected" in machines[name].sh("df-nb health || :")
                   for name in SERVERS)
    wait_until(healthy, lambda: machines["nb1"].run(["df-nb", "status"]), 30)


def have_a_server_alone(machines):
    machines["spare"].run(["systemctl", "start", "dragonflow-nb"])
    machines["spare"].run(["dfctl", "net-add", "alone"])


def see_the_new_cluster(machines):
    assert "1 of 1 servers" in machines["spare"].run(["df-nb", "health"])
    assert "alone" in machines["spare"].run(["dfctl", "net-list"])


def keys(owner):
    folder = "/etc/dragonflow/" + owner
    return ["--private-key=%s/key.pem" % folder, "--certificate=%s/cert.pem" % folder,
            "--ca-cert=%s/ca.pem" % folder]


def dfctl(machines, remote, *command):
    """On the safe machine, with the keys of a client."""
    return machines["safe"].run(["dfctl", "--timeout=10", "--db=" + remote, *keys("client"),
                                 *command])


def transact(machines, owner, remote, operation):
    """Likewise, with other keys, and with relays, which dfctl does not talk to."""
    return machines["safe"].run(["ovsdb-client", "--timeout=10", *keys(owner), "transact", remote,
                                 json.dumps(["Dragonflow", operation])])


def served(machines, owner, remote):
    try:
        return "net1" in transact(machines, owner, remote,
                                  {"op": "select", "table": "Network", "where": []})
    except Failure:
        return False


def servers(port):
    return ",".join("ssl:%s:%d" % (a, port) for a in SERVERS.values())


def see_that_the_relay_serves_chassis(machines):
    dfctl(machines, servers(6641), "net-add", "net1")
    wait_until(lambda: served(machines, "chassis", "ssl:192.0.2.20:6642"),
               "the relay serves a chassis", 30)
    assert "RBAC rules" in transact(
        machines, "chassis", "ssl:192.0.2.20:6642",
        {"op": "insert", "table": "Network", "row": {"name": "net2", "type": "local"}})
    # The servers do not know the chassis' authority.
    assert served(machines, "client", "ssl:192.0.2.10:6641")
    assert not served(machines, "chassis", "ssl:192.0.2.10:6641")


def take_back_the_connections(machines):
    """"connection-del, then connection-add, in two invocations"."""
    machines["nb1"].run(["dfctl", "connection-del", "pssl:6641", "--",
                         "connection-del", "pssl:6642"])


def see_who_may_connect(machines):
    wait_until(lambda: served(machines, "client", "ssl:192.0.2.10:6644"), "port 6644", 30)
    wait_until(lambda: served(machines, "chassis", "ssl:192.0.2.20:6642"),
               "the relay serves a chassis", 30)
    dfctl(machines, servers(6644), "net-add", "net2")
    with pytest.raises(Failure, match="RBAC rules"):
        dfctl(machines, servers(6641), "net-add", "net3")


def lose_the_spare_server(machines):
    machines["spare"].sh("systemctl stop dragonflow-nb; rm -r /var/lib/dragonflow")
    machines.copy("nb1", "/root/nb.backup", "spare", "/root/nb.backup")


def see_the_restored_server(machines):
    assert "net1" in machines["spare"].run(["dfctl", "net-list"])
    machines["nb1"].run(["dfctl", "net-add", "since-the-backup"])


def test_the_guide(machines):
    for block in GUIDE.blocks:
        machines.follow(block, globals())
    see_that_the_cluster_is_healthy(machines)
    networks = machines["nb2"].run(["dfctl", "--no-leader-only", "net-list"])
    assert "net1" in networks and "since-the-backup" not in networks
    machines["safe"].run(["test", "-e", "/var/lib/dragonflow-pki/chassis/hv2/cert.pem"])
