# SPDX-License-Identifier: Apache-2.0
"""The OpenFlow session with a real ovs-vswitchd.

What controller/switch makes of a flow table in a switch (dummy datapath, no root), seen
from the switch's side (its flow dump, its message log) and from the session's own
counters.  It runs in switch-driver, which takes the desired flows on standard input.
"""
import re
import signal
import threading
import time

import pytest

from dfharness.process import wait_until

# One of each form in which a rule may write a match or an action.
FORMS = [
    "table=0,priority=0,actions=drop",
    "table=0,priority=1,in_port=1,actions=output:2,output:in_port,LOCAL",
    "table=0,priority=2,tun_id=0x123456,in_port=3,actions=set_field:0x7->metadata,goto_table:10",
    "table=0,priority=3,tun_id=5,tun_src=10.0.0.1,actions=load:1->NXM_NX_REG0[0..15],goto_table:9",
    "table=1,priority=1,dl_dst=01:00:00:00:00:00/01:00:00:00:00:00,actions=drop",
    "table=1,priority=2,metadata=0x5,dl_dst=02:00:00:00:00:01,actions=resubmit(,20)",
    "table=1,priority=3,metadata=0x5/0xff,reg0=0x1/0xf,actions=load:0xab->NXM_NX_REG1[]",
    "table=1,priority=4,vlan_tci=0/0x1000,actions=push_vlan:0x8100,set_field:4196->vlan_vid,"
    "output:2",
    "table=1,priority=5,dl_vlan=100,actions=strip_vlan,goto_table:10",
    "table=1,priority=6,dl_vlan=101,actions=mod_vlan_vid:7,output:1",
    "table=2,priority=24,ip,reg1=3,nw_dst=10.1.2.0/24,actions=dec_ttl,"
    "set_field:02:00:00:00:00:02->eth_src,move:NXM_OF_IP_DST[]->NXM_NX_REG3[],goto_table:30",
    "table=2,priority=1,ip,nw_ttl=1,ip_frag=no,actions="
    "controller(userdata=01.02.03.04.05.06.07.08.09)",
    "table=2,priority=2,ip,nw_ttl=1,ip_frag=later,actions=drop",
    "table=2,priority=3,icmp,icmp_type=8,icmp_code=0,actions=meter:1,"
    "controller(userdata=0a,max_len=128)",
    "table=2,priority=4,tcp,tcp_flags=+syn-ack,tp_dst=80,"
    "actions=controller(meter_id=1,userdata=0b)",
    "table=2,priority=5,ct_state=+est+trk,ct_zone=5,ip,actions=ct(table=3,zone=NXM_NX_REG0[0..15])",
    "table=2,priority=6,ip,actions=ct(commit,zone=1,nat(src=10.0.0.1),"
    "exec(set_field:0x1->ct_mark)),ct_clear",
    "table=3,priority=1,arp,arp_op=1,arp_tpa=10.0.0.1,actions="
    "move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[],mod_dl_src:02:00:00:00:00:03,"
    "load:2->NXM_OF_ARP_OP[],move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[],"
    "move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[],load:0x020000000003->NXM_NX_ARP_SHA[],"
    "load:0x0a000001->NXM_OF_ARP_SPA[],in_port",
    "table=3,priority=2,ipv6,ipv6_dst=2001:db8::/32,actions=set_field:2001:db8::1->ipv6_src",
    "table=3,priority=3,icmp6,icmp_type=135,nd_target=2001:db8::2,actions=exit",
    "table=4,priority=1,reg5=9,actions=set_field:0x64->tun_id,set_field:172.16.0.2->tun_dst,"
    "output:1",
    "table=4,priority=2,ip,reg5=10,actions=set_tunnel:0x64,mod_nw_dst:1.2.3.4",
    "table=4,priority=3,ip,actions=multipath(symmetric_l3l4+udp,1024,hrw,4,0,"
    "NXM_NX_REG4[0..1]),resubmit(,31)",
    "table=4,priority=4,ip,actions=check_pkt_larger(1414)->NXM_NX_REG6[0],clone(output:1),"
    "output:NXM_NX_REG7[]",
    "table=4,priority=5,actions=write_actions(output:1),write_metadata:0x1/0xff,goto_table:50",
    "table=4,priority=6,actions=set_field:0xffffffff0000000000000000/"
    "0xffffffffffffffff0000000000000000->xxreg0,NORMAL",
    "table=4,priority=7,conj_id=7,ip,actions=note:01.02.03,learn(table=5,priority=3,"
    "NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])",
    "table=4,priority=8,actions=set_queue:3,output:1,pop_queue,output(port=2,max_len=100)",
    "table=4,priority=9,pkt_mark=0x1/0x1,actions=push:NXM_NX_REG0[],pop:NXM_NX_REG1[],"
    "set_field:1->pkt_mark",
]


def test_desired_flows_reach_an_empty_switch(host):
    driver = host.start("--meter=1,100,10", "--hold")
    for i, flow in enumerate(FORMS):
        driver.add("f%d" % i, flow)
    driver.ask("write on")
    driver.sync()
    status = driver.status()
    assert host.n_flows() == len(FORMS), driver.log()
    assert status["flow mods sent"] == len(FORMS) and status["bundles sent"] == 1
    assert status["openflow version"] == "0x06" and status["errors received"] == 0
    assert "rate=100" in host.ofctl("dump-meters", "br-int")


@pytest.mark.parametrize("versions", [(), ("OpenFlow13",), ("OpenFlow14",)])
def test_a_restart_over_an_unchanged_switch_sends_nothing(host, versions):
    if versions:
        host.vsctl("set", "bridge", "br-int", "protocols=OpenFlow15")
        host.vsctl("set", "bridge", "br-int", "protocols=" + ",".join(versions))
    # What older versions cannot say in one action is read back as two.
    forms = [f for f in FORMS if not versions or "xxreg0" not in f]
    for attempt in range(3):
        driver = host.start("--meter=1,100,10", "--hold")
        for i, flow in enumerate(forms):
            driver.add("f%d" % i, flow)
        driver.ask("fill 50")
        driver.ask("connected")
        differences = driver.ask("diff")
        driver.ask("write on")
        driver.sync()
        status = driver.status()
        driver.exit()
        if attempt:
            assert differences == ""
            assert status["flow mods sent"] == 0 and status["bundles sent"] == 0
            assert status["flows read"] == len(forms) + 50
        else:
            assert status["flow mods sent"] == len(forms) + 50


def test_a_restart_sends_the_difference_only(host):
    first = host.start()
    first.ask("fill 200")
    first.add("old", "table=7,priority=1,actions=drop")
    first.add("changed", "table=7,priority=2,actions=drop")
    first.sync()
    first.exit()

    second = host.start("--hold")
    second.ask("fill 200")
    second.add("changed", "table=7,priority=2,actions=output:1")
    second.add("new", "table=7,priority=3,actions=output:2")
    second.ask("write on")
    second.sync()
    assert second.status()["flow mods sent"] == 3
    assert [f for f in host.flows() if "table=7" in f] == [
        "table=7, priority=2 actions=output:1", "table=7, priority=3 actions=output:2"]


def test_nothing_is_written_while_the_desired_flows_are_incomplete(host):
    first = host.start()
    first.ask("fill 20")
    first.sync()
    first.exit()

    second = host.start("--hold")
    second.ask("connected")
    time.sleep(0.2)
    assert host.n_flows() == 20 and second.status()["flow mods sent"] == 0
    assert second.status()["confirmed"] == 0
    second.ask("write on")
    second.sync()
    assert host.n_flows() == 0


def test_flows_with_foreign_cookies_are_left_alone(host):
    foreign = "cookie=0x1234,table=7,priority=5,actions=drop"
    host.ofctl("add-flow", "br-int", foreign)
    host.ofctl("add-flow", "br-int", "cookie=0xdf00a6f100000077,table=7,priority=6,actions=drop")
    driver = host.start()
    driver.add("mine", "table=7,priority=1,actions=output:1")
    driver.sync()
    driver.ask("del mine")
    driver.sync()
    assert host.flows() == ["table=7, priority=5 actions=drop"]
    assert driver.status()["flows read"] == 1


def test_with_a_mask_of_zero_every_flow_of_the_bridge_is_ours(host):
    host.ofctl("add-flow", "br-int", "cookie=0x1234,table=7,priority=5,actions=drop")
    driver = host.start("--mask=0/0")
    driver.add("mine", "table=7,priority=1,actions=output:1")
    driver.sync()
    assert host.flows() == ["table=7, priority=1 actions=output:1"]


def test_refused_flows_are_set_aside_and_the_rest_is_installed(host):
    driver = host.start()
    driver.ask("fill 100")
    driver.add("bad1", "table=7,priority=1,actions=group:99")
    driver.add("bad2", "table=7,priority=2,actions=meter:77,output:1")
    driver.add("good", "table=7,priority=3,actions=output:1")
    driver.sync()
    assert host.n_flows() == 101
    status = driver.status()
    assert status["flows set aside"] == 2
    assert re.search(r"set aside.*table=7, priority=1 actions=group:99, wanted by "
                     r"say\(text bad1\)", driver.log())

    # It is not tried again with the next change ...
    sent = status["flow mods sent"]
    driver.add("good2", "table=7,priority=4,actions=output:1")
    driver.sync()
    assert driver.status()["flow mods sent"] == sent + 1
    # ... but when it changes itself.
    driver.add("bad1", "table=7,priority=1,actions=output:2")
    driver.sync()
    assert driver.status()["flows set aside"] == 1
    assert "table=7, priority=1 actions=output:2" in host.flows()


def test_a_refused_change_leaves_what_is_installed(host):
    driver = host.start()
    driver.add("f", "table=7,priority=1,actions=output:1")
    driver.sync()
    driver.add("f", "table=7,priority=1,actions=group:99")
    driver.sync()
    assert host.flows() == ["table=7, priority=1 actions=output:1"]
    driver.ask("del f")
    driver.sync()
    assert host.flows() == [] and driver.status()["flows set aside"] == 0


def test_what_a_full_table_cannot_hold_is_set_aside(host):
    """The switch finds out at the commit only, and names one flow each time."""
    host.vsctl("--", "--id=@t", "create", "Flow_Table", "flow_limit=5", "--", "set", "bridge",
               "br-int", "flow_tables:7=@t")
    driver = host.start("--hold")
    driver.ask("fill 50")
    for i in range(20):
        driver.add("f%d" % i, "table=7,priority=%d,actions=output:1" % i)
    driver.ask("write on")
    driver.sync()
    status = driver.status()
    assert len([f for f in host.flows() if "table=7" in f]) == 5
    assert host.n_flows() == 55
    assert status["flows set aside"] == 15
    assert status["bundles sent"] < 8
    # Back to atomic bundles: removal makes room, but nothing is retried by itself.
    driver.ask("del f0")
    driver.sync()
    driver.add("g", "table=8,priority=1,actions=drop")
    driver.sync()
    assert "table=8, priority=1 actions=drop" in host.flows()


def test_a_flow_too_long_for_openflow_is_set_aside(host):
    driver = host.start()
    # Each takes 8 bytes of memory but 16 of a message.
    driver.add("long", "table=7,priority=1,actions=" + ",".join(5000 * ["ct_clear"]))
    driver.add("good", "table=7,priority=2,actions=output:1")
    driver.sync()
    assert host.flows() == ["table=7, priority=2 actions=output:1"]
    assert driver.status()["flows set aside"] == 1


def test_a_restarted_switch_gets_its_flows_back(host):
    driver = host.start("--meter=1,100,10")
    driver.ask("fill 1000")
    driver.add("f", "table=7,priority=1,actions=meter:1,output:1")
    driver.sync()
    host.vswitchd.exit()
    time.sleep(0.3)
    driver.add("g", "table=7,priority=2,actions=output:2")
    host.vswitchd.start()
    driver.sync()
    assert host.n_flows() == 1002
    assert driver.status()["connections"] == 2


def test_a_killed_switch_gets_its_flows_back(host):
    driver = host.start()
    driver.ask("fill 20000")
    host.vswitchd.kill()  # Maybe in the middle of a bundle.
    host.vswitchd.start()
    driver.sync()
    assert host.n_flows() == 20000


def test_the_bridge_may_appear_later_and_change(host):
    driver = host.start(bridge="br-other")
    driver.add("f", "table=7,priority=1,actions=drop")
    time.sleep(0.2)
    host.vsctl("add-br", "br-other")
    driver.sync()
    assert "table=7, priority=1 actions=drop" in host.flows("br-other")
    assert driver.log().count("cannot connect") == 1
    driver.ask("bridge br-int")
    driver.sync()
    assert host.flows() == ["table=7, priority=1 actions=drop"]
    driver.ask("bridge")
    assert driver.status()["state"] == "idle"


def test_changes_under_way_are_taken_along(host):
    """Flows change while the bundle that carries them is being filled."""
    driver = host.start()
    driver.ask("fill 30000")
    driver.ask("fill 10000")
    driver.add("f", "table=7,priority=1,actions=output:1")
    driver.add("f", "table=7,priority=1,actions=output:2")
    driver.ask("fill 25000")
    driver.ask("del f")
    driver.sync()
    assert host.n_flows() == 25000
    driver.exit()

    again = host.start("--hold")
    again.ask("fill 25000")
    again.ask("write on")
    again.sync()
    assert again.status()["flow mods sent"] == 0


def test_an_unfinished_bundle_is_discarded_when_the_desired_flows_become_incomplete(host):
    driver = host.start()
    driver.ask("fill 1000")
    driver.sync()
    driver.ask("fill 100000")
    driver.ask("write off")
    driver.ask("connected")
    assert host.n_flows() == 1000
    driver.ask("write on")
    driver.sync()
    assert host.n_flows() == 100000
    assert "discarding an unfinished bundle" in driver.log()


def test_a_daemon_that_was_held_up_starts_its_bundle_again(host):
    """The switch would forget the first half of the bundle, and take the rest for all."""
    driver = host.start()
    driver.ask("fill 1000")
    driver.sync()
    driver.ask("fill 200000")
    time.sleep(0.2)
    driver.proc.send_signal(signal.SIGSTOP)
    try:
        time.sleep(4.5)
        assert host.n_flows() == 1000
    finally:
        driver.proc.send_signal(signal.SIGCONT)
    driver.sync()
    assert host.n_flows() == 200000
    assert "the daemon paused" in driver.log()


def test_a_batch_is_applied_at_once(host):
    """A reader sees one complete state or the other at any time."""
    driver = host.start()
    driver.ask("fill 4000")
    driver.sync()
    counts = set()
    done = threading.Event()

    def look():
        while not done.is_set():
            counts.add(host.n_flows())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        driver.ask("fill 30000")
        driver.sync()
        driver.ask("fill 4000")
        driver.sync()
    finally:
        done.set()
        thread.join()
    assert counts <= {4000, 30000}


def test_a_hundred_thousand_flows(host):
    driver = host.start()
    computed = int(driver.ask("fill 100000").split()[2])
    sent = driver.sync()
    assert host.n_flows() == 100000
    driver.exit()

    again = host.start("--hold")
    again.ask("fill 100000")
    read = int(again.ask("connected").split()[1])
    again.ask("write on")
    again.sync()
    assert again.status()["flow mods sent"] == 0
    again.ask("empty")
    removed = again.sync()
    assert host.n_flows() == 0
    again.add("one", "table=7,priority=1,actions=drop")
    one = again.sync()
    print("100,000 flows: computed in %d ms, sent in %d ms, read in %d ms, removed in %d ms; "
          "one more in %d ms" % (computed, sent, read, removed, one))


UDP = bytes.fromhex(
    "0200000000020200000000010800"
    "4500002000010000401166cb0a0000010a000002"
    "04d2162e000c0000deadbeef") + bytes(14)


def test_a_packet_arrives_with_userdata_and_metadata(host):
    driver = host.start("--meter=1,100,10")
    driver.add("f", "table=0,priority=9,ip,in_port=1,actions=set_field:0x2a->metadata,"
               "set_field:0x17->reg3,goto_table:5")
    driver.add("g", "table=5,priority=9,ip,metadata=0x2a,actions=meter:1,"
               "controller(userdata=df.01.02)")
    driver.sync()
    host.vswitchd.appctl("netdev-dummy/receive", "p1", UDP.hex())
    line = wait_until(lambda: driver.ask("packet-ins"), "no packet-in").strip()
    assert line.endswith("packet=" + UDP.hex())
    assert "userdata=df0102 " in line
    assert "metadata=0x2a" in line and "reg3=0x17" in line and "in_port=1" in line
    assert re.match(r"cookie=0xdf05\w{12} len=60 ", line)
    assert driver.status()["packet-ins"] == 1


def test_table_misses_and_expired_ttls_of_others_do_not_arrive(host):
    host.ofctl("add-flow", "br-int", "cookie=1,table=0,priority=9,ip,actions=dec_ttl,output:2")
    driver = host.start()
    driver.add("f", "table=0,priority=8,arp,actions=controller(userdata=01)")
    driver.sync()
    expired = UDP[:22] + b"\x01" + UDP[23:]
    host.vswitchd.appctl("netdev-dummy/receive", "p1", expired.hex())
    arp = bytes.fromhex("ffffffffffff020000000001080600010800060400010200000000010a000001"
                        "0000000000000a000002")
    host.vswitchd.appctl("netdev-dummy/receive", "p1", arp.hex())
    lines = wait_until(lambda: driver.ask("packet-ins"), "no packet-in")
    assert lines.count("\n") == 1 and "userdata=01 " in lines


def test_a_packet_out_leaves_the_port(host):
    driver = host.start()
    driver.sync()
    driver.ask("inject 2 " + UDP.hex())
    wait_until(lambda: UDP in (host.dir / "p2.pcap").read_bytes(), "nothing on p2")
    assert driver.status()["packet-outs"] == 1


def test_meters_are_brought_up_to_date(host):
    host.start("--meter=1,100,10").sync()
    driver = host.start("--meter=1,200,20", "--meter=2,300,30")
    driver.sync()
    meters = host.ofctl("dump-meters", "br-int")
    assert "rate=200" in meters and "rate=300" in meters and "rate=100" not in meters
    assert driver.status()["meters"] == "yes"


def test_a_datapath_that_refuses_meters_gets_the_flows_without(host):
    # A rate that no datapath takes stands for one that knows no meters.
    driver = host.start("--meter=1,0,10")
    driver.add("f", "table=7,priority=1,actions=meter:1,output:1")
    driver.sync()
    assert host.flows() == ["table=7, priority=1 actions=output:1"]
    assert driver.status()["meters"] == "no"
    assert driver.log().count("refuses meters") == 1


def test_a_session_that_is_in_step_does_nothing(host):
    driver = host.start()
    driver.add("bad", "table=7,priority=1,actions=group:99")
    driver.ask("fill 10")
    driver.sync()
    before = driver.cpu_ticks()
    time.sleep(1)
    assert driver.cpu_ticks() - before <= 2
