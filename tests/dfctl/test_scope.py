# SPDX-License-Identifier: Apache-2.0
"""A command reads what it needs of the ports, and what it does not read is checked as
well as if it had."""
import re

import pytest


@pytest.fixture
def crowd(cloud):
    """Many more ports on n1, written as others may write them."""
    n1 = cloud.row("Network", "n1")["_uuid"]
    cloud.transact(*({"op": "insert", "table": "Port", "row": {
        "name": "crowd%d" % i, "network": n1, "mac": "FA:16:3E:00:0C:%02X" % i,
        "addresses": "10.0.1.%d" % (100 + i)}} for i in range(50)))
    return cloud


def ports_read(dfctl, *argv):
    """The ports of the crowd that the server sends."""
    status, _, log = dfctl.run("-vjsonrpc:console:dbg", *argv)
    assert status == 0, log
    received = "".join(line for line in log.splitlines() if "received" in line)
    return sorted(set(re.findall(r"crowd\d+", received)), key=lambda name: int(name[5:]))


@pytest.mark.parametrize("command, read", [
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1.9", []),
    ("list Port crowd7", ["crowd7"]),
    ("get Port crowd7 mac", ["crowd7"]),
    ("set Port crowd7 external_ids:a=b", ["crowd7"]),
    ("set Port crowd7 addresses=10.0.1.200", ["crowd7"]),
    ("add Port crowd7 addresses 10.0.1.201 -- list Port crowd8", ["crowd7", "crowd8"]),
    ("port-del crowd7", ["crowd7"]),
    ("--if-exists destroy Port crowd7", ["crowd7"]),
    ("net-add n3 -- subnet-add s3 n3 10.0.3.0/24", []),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 10.0.1.7/24", []),
    ("route-del r1", []),
    ("port-list n2", []),
    ("sync", []),
    ("chassis-list", []),
])
def test_only_the_ports_that_matter_are_read(crowd, command, read):
    assert ports_read(crowd, *command.split()) == read


def test_a_port_is_found_by_its_uuid_and_the_beginning_of_it(crowd):
    uuid = crowd.row("Port", "crowd7")["_uuid"][1]
    assert crowd("get Port %s name" % uuid) == "crowd7\n"
    assert ports_read(crowd, "get", "Port", uuid, "name") == ["crowd7"]
    assert crowd("get Port %s name" % uuid[:7]) == "crowd7\n"


@pytest.mark.parametrize("command, message", [
    ("port-add p n1 fa:16:3e:00:0c:07 10.0.1.9",
     "port p: MAC address fa:16:3e:00:0c:07 is also used by port crowd7"),
    ("port-add p n1 fa:16:3e:00:00:09 10.0.1.107",
     "port p: address 10.0.1.107 is also used by port crowd7"),
    ("port-add crowd7 n1 fa:16:3e:00:00:09", "port crowd7 already exists"),
    ("--id=@n get Network n1 -- create Port name=crowd7 mac=\"fa:16:3e:00:00:09\" network=@n",
     "port crowd7: its name crowd7 is used twice"),
    ("set Port crowd7 addresses=10.0.1.108",
     "port crowd7: address 10.0.1.108 is also used by port crowd8"),
    ("set Port vm1 mac=\"fa:16:3e:00:0c:08\"",
     "port vm1: MAC address fa:16:3e:00:0c:08 is also used by port crowd8"),
    ("router-add r2 -- router-port-add rp r2 n1 fa:16:3e:00:01:09 10.0.1.107/24",
     "router port rp: address 10.0.1.107 is also used by port crowd7"),
    ("set Router_Port rp1 mac=\"fa:16:3e:00:0c:08\"",
     "router port rp1: MAC address fa:16:3e:00:0c:08 is also used by port crowd8"),
    ("set Subnet s1 cidr=10.0.1.0/25 gateway_ip=[]",
     "port crowd27: 10.0.1.127 is the broadcast address of its /25 prefix"),
    ("set Network n1 name=x -- net-del x", "network x is still used by port crowd0"),
    ("port-del vm1 -- net-del n1", "network n1 is still used by port crowd0"),
])
def test_what_was_not_read_is_checked(crowd, command, message):
    assert crowd.refused(*command.split()).split(" (and ")[0] == message


def test_a_second_subnet_is_checked_against_all_ports(dfctl):
    dfctl("net-add n1 -- port-add a n1 fa:16:3e:00:00:01 10.0.1.5")
    assert dfctl.refused("subnet-add s n1 10.0.2.0/24") == (
        "port a: address 10.0.1.5 is outside every subnet of network n1")
    dfctl("subnet-add s n1 10.0.1.0/24")


def test_ports_of_a_chassis_that_is_forgotten_are_down(crowd):
    crowd.transact(
        {"op": "insert", "table": "Chassis", "uuid-name": "c",
         "row": {"name": "c1", "hostname": "h"}},
        {"op": "update", "table": "Port", "where": [["name", "==", "crowd7"]],
         "row": {"chassis": ["named-uuid", "c"], "up": True}})
    crowd("chassis-del c1")
    assert crowd.row("Port", "crowd7")["up"] == ["set", []]
