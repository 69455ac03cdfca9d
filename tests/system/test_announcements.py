# SPDX-License-Identifier: Apache-2.0
"""A real kernel believes the announcement of an address that has come to another MAC address."""
import pytest

from dfharness import NsCloud, wait_until
from dfharness.process import run

OTHER_MAC = "0a:00:00:00:0f:01"
ADDRESSES = {"IPv4": ("10.0.1.11", "10.0.1.12"), "IPv6": ("fd00:1::11", "fd00:1::12")}


@pytest.fixture(scope="module")
def cloud():
    """Machines a and b on one network and two chassis, with addresses of both families."""
    with NsCloud(chassis=2, encap_types=("geneve",)) as cloud:
        cloud.add_network("n1", "10.0.1.0/24", "fd00:1::/64")
        for i, name in enumerate("ab"):
            vm = cloud.add_vm(name, "n1", i, ADDRESSES["IPv4"][i] + "/24")
            cloud.nb("add Port %s addresses '\"%s\"'" % (name, ADDRESSES["IPv6"][i]))
            vm.run("sysctl -q -w net.ipv6.conf.eth0.disable_ipv6=0")
            run(["ip", "-n", vm.namespace, "addr", "add", ADDRESSES["IPv6"][i] + "/64",
                 "dev", "eth0", "nodad"])
        cloud.sync()
        yield cloud


@pytest.mark.parametrize("family", ADDRESSES)
def test_a_neighbour_entry_follows_at_once(cloud, family):
    """Without a packet to the address: the entry has not been asked for meanwhile."""
    a, b = cloud["a"], cloud["b"]
    address = ADDRESSES[family][0]

    def entry():
        return run(["ip", "-n", b.namespace, "neigh", "show", address])
    wait_until(lambda: b.run("ping -n -c 1 -W 1 " + address, check=False).count("bytes from"),
               "no answer")
    assert a.mac in entry()
    for mac in (OTHER_MAC, a.mac):
        cloud.nb("set Port a mac='\"%s\"'" % mac)
        run(["ip", "-n", a.namespace, "link", "set", "dev", "eth0", "address", mac])
        cloud.sync()
        wait_until(lambda: mac in entry(), entry, 5)
    b.run("ping -n -c 1 -W 1 " + address)
