# SPDX-License-Identifier: Apache-2.0
"""Which gateways live: BFD sessions between chassis, over an underlay of real packets."""
import os
import re
import signal
import socket
import time

import pytest

from dfharness import NsCloud, wait_until
from dfharness.process import Failure, run

DETECTION = 0.5  # Seconds, at the default interval of BFD.


def make(chassis=3, families=None):
    """All are connected to "phys1", on which a router with 16 ports has addresses; each chassis
    has a machine behind it, so that all know of the router."""
    cloud = NsCloud(chassis=chassis, physnets=["phys1"], families=families)
    try:
        cloud.add_network("inside", "10.0.1.0/24")
        networks = {"inside": "10.0.1.1/24"}
        for i in range(16):
            cloud.add_network("ext%d" % i, "10.1.%d.0/24" % i, type="vlan",
                              segmentation_id=200 + i, physical_network="phys1")
            networks["ext%d" % i] = "10.1.%d.1/24" % i
        cloud.r1 = cloud.add_router("r1", **networks)
        for number in range(1, chassis + 1):
            cloud.add_vm("m%d" % number, "inside", number - 1, "10.0.1.1%d/24" % number,
                         gateway="10.0.1.1")
        cloud.sync()
        wait_fast(cloud)
        return cloud
    except BaseException:
        cloud.close(verify=False)
        raise


@pytest.fixture
def cloud():
    with make() as cloud:
        yield cloud


def sessions_up(chassis):
    return int(re.search(r"(\d+) of \d+ BFD sessions up", chassis.dfappctl("status")).group(1))


def is_fast(chassis, n_sessions):
    """Sessions begin with a packet a second, and agree on the interval once they are up."""
    return (sessions_up(chassis) == n_sessions
            and chassis.appctl("bfd/show").count("RX Interval: Approx 100ms") == n_sessions)


def wait_fast(cloud):
    wait_until(lambda: all(is_fast(c, len(cloud.chassis) - 1) for c in cloud.chassis),
               lambda: "\n".join(c.dfappctl("gateways") for c in cloud.chassis))


def wait_steady(cloud):
    """All sessions have been up, and at their speed, for longer than one takes to fail."""
    steady_since = [time.monotonic()]

    def is_steady():
        if not all(is_fast(c, len(cloud.chassis) - 1) and not dead(c) for c in cloud.chassis):
            steady_since[0] = time.monotonic()
        return time.monotonic() - steady_since[0] > 3
    wait_until(is_steady, lambda: "\n".join(c.dfappctl("gateways") for c in cloud.chassis))


def dead(chassis):
    """Whom the chassis takes for dead."""
    return set(re.findall(r"^  (\S+): dead", chassis.dfappctl("gateways"), re.M))


def active(chassis):
    """Router port to its active gateway, as the chassis sees it."""
    return dict(re.findall(r"^  (\S+) on \S+ \(phys1\): (\w+)", chassis.dfappctl("gateways"),
                           re.M))


def agreed(cloud):
    views = [active(c) for c in cloud.chassis]
    return len(views[0]) == 16 and all(view == views[0] for view in views)


def wait_dead(chassis, names, timeout=10):
    """How long it takes, in seconds."""
    start = time.monotonic()
    wait_until(lambda: dead(chassis) == names, lambda: chassis.dfappctl("gateways"), timeout)
    return time.monotonic() - start


def expect_quick_death(cloud, victim, attempts=3):
    """The switch of 'victim' dies; all others know in time.  A busy machine gets other attempts."""
    others = [c for c in cloud.chassis if c is not victim]
    for _ in range(attempts):
        wait_fast(cloud)
        victim.vswitchd.kill()
        took = max(wait_dead(c, {victim.name}) for c in others)
        if took < DETECTION:
            return
        victim.vswitchd.start()
        victim.address_underlay()
        for c in cloud.chassis:
            wait_dead(c, set(), timeout=20)
    raise Failure("it took %.2f s" % took)


def ports(chassis):
    """The ports of BFD sessions, by their peers."""
    rows = chassis.vsctl("--bare", "--columns=name,external_ids", "find", "Interface",
                         "external_ids:dragonflow-bfd!=nobody")
    return {m.group(2): m.group(1)
            for m in re.finditer(r"(df-b-\w+)\n.*dragonflow-bfd=(\w+)", rows)}


def cut(chassis, down=True):
    run(["ip", "-n", chassis.cloud.net, "link", "set", chassis.name, "down" if down else "up"])


def test_a_killed_switch_is_noticed_at_once_and_its_router_ports_are_shared_out(cloud):
    before = active(cloud.chassis[0])
    assert set(before.values()) == {"c1", "c2", "c3"}
    assert agreed(cloud)
    expect_quick_death(cloud, cloud.chassis[0])
    after = active(cloud.chassis[1])
    assert after == active(cloud.chassis[2])
    for port, chassis in before.items():
        assert after[port] == chassis if chassis != "c1" else after[port] in ("c2", "c3")
    wait_until(lambda: "gateway chassis c1 does not answer (BFD, geneve to 172.31.0.1)"
               in cloud.chassis[1].dfappctl("status"), lambda: cloud.chassis[1].dfappctl("status"))

    # Its daemon has the peers told that it lacks flows, until it has put them back.
    cloud.chassis[0].vswitchd.start()
    cloud.chassis[0].address_underlay()
    for c in cloud.chassis:
        wait_dead(c, set(), timeout=20)
    assert active(cloud.chassis[1]) == before
    assert agreed(cloud)


def test_a_daemon_that_hangs_changes_nothing(cloud):
    before = active(cloud.chassis[1])
    os.kill(cloud.chassis[0].controller.pid, signal.SIGSTOP)
    try:
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for c in cloud.chassis[1:]:
                assert dead(c) == set()
                assert active(c) == before
            time.sleep(0.1)
    finally:
        os.kill(cloud.chassis[0].controller.pid, signal.SIGCONT)
    wait_until(lambda: agreed(cloud), "no agreement")
    assert active(cloud.chassis[0]) == before


def test_a_split_heals(cloud):
    """Either side makes do with what it has, and both come to the same choice again."""
    before = active(cloud.chassis[0])
    cut(cloud.chassis[0])
    wait_dead(cloud.chassis[0], {"c2", "c3"})
    for c in cloud.chassis[1:]:
        wait_dead(c, {"c1"})
    assert set(active(cloud.chassis[0]).values()) == {"c1"}
    assert set(active(cloud.chassis[1]).values()) == {"c2", "c3"}
    cut(cloud.chassis[0], down=False)
    for c in cloud.chassis:
        wait_dead(c, set(), timeout=20)
    assert agreed(cloud)
    assert active(cloud.chassis[0]) == before


def test_a_drained_gateway_hands_over_and_says_so(cloud):
    c1, c2 = cloud.chassis[:2]
    before = active(c2)
    c1.configure(gateway_drain="true")
    wait_dead(c2, {"c1"})
    wait_dead(c1, {"c1"})
    assert "c1" not in active(c1).values()
    assert agreed(cloud)
    assert "c1: dead (says that it does not forward)" in c2.dfappctl("gateways")
    assert "this chassis is drained as a gateway" in c1.dfappctl("status")
    wait_until(lambda: "gateway chassis c1 says that it does not forward" in c2.dfappctl("status"),
               lambda: c2.dfappctl("status"))
    c1.configure(gateway_drain=None)
    for c in cloud.chassis:
        wait_dead(c, set())
    assert active(c2) == before
    assert "drained" not in c1.dfappctl("status")


def announcements(sniffer, seconds):
    """When, from now, ARP announcements were heard, by their addresses and MAC addresses."""
    heard = {}
    start = time.monotonic()
    while time.monotonic() < start + seconds:
        sniffer.settimeout(max(start + seconds - time.monotonic(), 0.01))
        try:
            frame = sniffer.recv(2000)
        except TimeoutError:
            break
        sender, target = frame[28:32], frame[38:42]
        if frame[12:14] == b"\x08\x06" and sender == target:
            assert frame[0:6] == b"\xff" * 6 and frame[6:12] == frame[22:28]
            heard.setdefault((socket.inet_ntoa(sender), frame[6:12].hex(":")), []).append(
                time.monotonic() - start)
    return heard


def switch_port(cloud, mac):
    """Where the physical switch has learned a MAC address."""
    return {line.split()[0] for line in cloud.switch.appctl("fdb/show", "phys1").splitlines()
            if mac in line}


def test_who_takes_over_tells_the_physical_network(cloud):
    """Three times, a second apart; and a switch that learns knows the new place."""
    host = cloud.add_physical_host("host", "phys1", "02:bb:00:00:00:01", ["10.1.0.200/24"],
                                   vlan=200)
    router = cloud.r1["ext0"]
    wait_steady(cloud)
    time.sleep(2)  # What was announced when the sessions came up has been.
    with host.socket(socket.SOCK_RAW, socket.htons(0x0003), socket.AF_PACKET) as sniffer:
        before = active(cloud.chassis[0])[router.name]
        cloud[before].configure(gateway_drain="true")
        heard = announcements(sniffer, 7)
    assert list(heard) == [(router.ip, router.mac)]
    times = heard[router.ip, router.mac]
    assert 3 <= len(times) <= 6  # Before and after the old one has given way.
    after = {active(c)[router.name] for c in cloud.chassis}
    assert len(after) == 1 and before not in after
    assert switch_port(cloud, router.mac) == {
        cloud.switch_vsctl("get", "Interface", after.pop() + "-phys1", "ofport").strip()}


def test_who_comes_back_is_found_again(cloud):
    """The heir gives way some time after the other has begun to speak, and has spoken meanwhile."""
    host = cloud.add_physical_host("host", "phys1", "02:bb:00:00:00:01", ["10.1.0.200/24"],
                                   vlan=200)
    router = cloud.r1["ext0"]
    victim = cloud[active(cloud.chassis[0])[router.name]]
    others = [c for c in cloud.chassis if c is not victim]
    victim.vswitchd.kill()
    for c in others:
        wait_dead(c, {victim.name})
    victim.vswitchd.start()
    victim.address_underlay()

    def is_back():
        host.flush_neighbours()  # Whoever is the gateway answers, by the router's MAC address.
        host.ping(router.ip, count=1, timeout=0.2)
        return all(dead(c) == set() for c in others)
    wait_until(is_back, lambda: others[0].dfappctl("gateways"), timeout=20)
    port = cloud.switch_vsctl("get", "Interface", victim.name + "-phys1", "ofport").strip()
    wait_until(lambda: switch_port(cloud, router.mac) == {port},
               lambda: cloud.switch.appctl("fdb/show", "phys1"), timeout=5)


def test_a_physical_network_without_a_link(cloud):
    c1, c2 = cloud.chassis[:2]
    run(["ip", "-n", cloud.net, "link", "set", "c1-phys1", "down"])
    wait_dead(c1, {"c1"})
    wait_dead(c2, {"c1"})
    assert "c1" not in active(c2).values()
    assert agreed(cloud)
    assert ("physical network phys1: no uplink of bridge br-phys1 has a link"
            in c1.dfappctl("status"))
    run(["ip", "-n", cloud.net, "link", "set", "c1-phys1", "up"])
    for c in cloud.chassis:
        wait_dead(c, set())
    assert agreed(cloud)


def test_ports_of_sessions_come_back_and_go(cloud):
    c1 = cloud.chassis[0]
    before = ports(c1)
    assert set(before) == {"c2", "c3"}
    c1.vsctl("del-port", "br-int", before["c2"])
    c1.vsctl("set", "Interface", before["c3"], "options:remote_ip=172.31.0.77",
             "bfd:min_tx=5000")
    wait_until(lambda: ports(c1) == before and sessions_up(c1) == 2,
               lambda: c1.dfappctl("gateways"), timeout=20)
    assert c1.vsctl("get", "Interface", before["c3"], "bfd:min_tx").strip() == '"100"'

    # What the peer has noticed comes later.
    wait_steady(cloud)

    # A restart leaves them alone; a chassis that is connected to nothing has none.
    rows = c1.vsctl("--bare", "--columns=_uuid", "list", "Interface", *before.values())
    c1.restart_controller()
    cloud.sync()
    wait_dead(c1, set())
    assert c1.vsctl("--bare", "--columns=_uuid", "list", "Interface", *before.values()) == rows
    cloud.nb(*["router-port-del %s" % port.name for port in cloud.r1.values()])
    wait_until(lambda: not ports(c1), lambda: c1.vsctl("show"), timeout=30)


def test_a_clean_end_takes_the_sessions_away(cloud):
    c1 = cloud.chassis[0]
    c1.controller.exit()
    assert not ports(c1)
    wait_until(lambda: set(active(cloud.chassis[1]).values()) == {"c2", "c3"},
               lambda: cloud.chassis[1].dfappctl("gateways"))
    assert dead(cloud.chassis[1]) == set()


def test_a_chassis_that_is_not_connected_watches_the_gateways(cloud):
    """And they watch it, but its end is no fault of a gateway's."""
    c1, c2, c3 = cloud.chassis
    c3.configure(bridge_mappings=None)
    wait_until(lambda: set(active(c1).values()) == set(active(c3).values()) == {"c1", "c2"},
               lambda: c3.dfappctl("gateways"))
    assert set(ports(c3)) == {"c1", "c2"}
    assert set(ports(c1)) == {"c2", "c3"}
    wait_fast(cloud)
    c1.vswitchd.kill()
    wait_dead(c3, {"c1"})
    assert set(active(c3).values()) == {"c2"}

    c3.vswitchd.kill()
    wait_until(lambda: sessions_up(c2) == 0, lambda: c2.dfappctl("gateways"))
    time.sleep(1)
    status = c2.dfappctl("status")
    assert "gateway chassis c1 does not answer" in status
    assert "gateway chassis c3" not in status


def test_sessions_carry_no_traffic(cloud):
    """What a peer sends by the key of its session goes nowhere, and is no stranger's."""
    c1 = cloud.chassis[0]
    ofport = c1.ofport(ports(c1)["c2"])
    out = c1.trace("in_port=%s,tun_id=16777213,tun_src=172.31.0.2,tun_dst=172.31.0.1,"
                   "dl_src=02:00:00:00:00:01,dl_dst=%s" % (ofport, cloud["m1"].mac))
    assert "Datapath actions: drop" in out
    assert "problems: none" in c1.dfappctl("status")


def test_a_reserved_key_is_no_network_s(cloud):
    for key in (16777213, 16777214):
        with pytest.raises(Failure, match="reserved for tunnels between chassis"):
            cloud.nb("net-add bad type=gre segmentation-id=%d" % key)


def test_over_ipv6():
    with make(2, families={1: "6", 2: "6"}) as cloud:
        expect_quick_death(cloud, cloud.chassis[0])


def test_chassis_that_share_one_family_only():
    with make(2, families={1: "46", 2: "6"}) as cloud:
        assert dead(cloud.chassis[0]) == set()
