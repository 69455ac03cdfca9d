# SPDX-License-Identifier: Apache-2.0
"""Flows come back from the switch byte for byte as they are desired.

What differs between the two is sent at every start, so every form in which a rule may write
connection tracking, NAT, conjunctions and the matches that go with them is installed in a
real ovs-vswitchd (dummy datapath), read by a session that has just started, and compared.
"""
import pytest

TRACKED = "ct_state=+trk-inv,"

CT = [
    "ip,actions=ct()",
    "ip,actions=ct(zone=7)",
    "ip,actions=ct(zone=65535,table=9)",
    "ip,actions=ct(table=0)",
    "ip,actions=ct(zone=NXM_NX_REG0[0..15],table=9)",
    "ip,actions=ct(zone=NXM_NX_REG0[16..31],table=9)",
    "ip,actions=ct(zone=NXM_NX_XXREG2[32..47],table=9)",
    "ip,actions=ct(zone=OXM_OF_METADATA[0..15],table=9)",
    "ip,actions=ct(zone=NXM_NX_CT_ZONE[],table=9)",
    "ipv6,actions=ct(commit)",
    "ipv6,actions=ct(commit,force,zone=3)",
    "ip,actions=ct(commit,zone=NXM_NX_REG0[0..15]),output:1",
    "tcp,actions=ct(commit,zone=3,alg=ftp)",
    "tcp,actions=ct(table=3,alg=ftp)",
    "udp,actions=ct(commit,zone=3,alg=tftp)",
    "ip,actions=ct_clear,resubmit(,5)",
    "ip,actions=ct(zone=1,nat),ct_clear,ct(zone=2,table=4)",
    "tcp,actions=ct(commit,force,table=44,zone=NXM_NX_REG7[0..15],exec(set_field:1->ct_mark,"
    "set_field:2->ct_label),nat(dst=10.2.3.4:5-6),alg=ftp)",
]

# What is written into an entry of the connection table.
EXEC = [
    "set_field:1->ct_mark",
    "set_field:0x1/0x3->ct_mark",
    "set_field:0x5/0x5->ct_mark",
    "load:1->NXM_NX_CT_MARK[0..3]",
    "load:1->NXM_NX_CT_MARK[]",
    "set_field:1->ct_label",
    "set_field:0x123456789abcdef0112233445566778->ct_label",
    "set_field:0x1/0x3->ct_label",
    "set_field:0x10000000000000001/0x30000000000000003->ct_label",
    "set_field:0x0/0xff00000000000000000000000000ffff->ct_label",
    "load:5->NXM_NX_CT_LABEL[64..95]",
    "load:5->NXM_NX_CT_LABEL[32..95]",
    "move:NXM_NX_REG3[]->NXM_NX_CT_MARK[]",
    "move:NXM_OF_ETH_SRC[]->NXM_NX_CT_LABEL[0..47],set_field:7->ct_mark",
]

NAT = [
    "ip,nat",
    "ip,nat(src)",
    "ip,nat(dst,random)",
    "ip,nat(src,hash,persistent)",
    "ip,nat(src=10.0.0.1)",
    "ip,nat(dst=10.0.0.1,persistent)",
    "ip,nat(src=10.0.0.1-10.0.0.1)",
    "ip,nat(src=10.0.0.1-10.0.0.9,hash)",
    "tcp,nat(src=10.0.0.1:80)",
    "tcp,nat(src=10.0.0.1:80-80)",
    "udp,nat(dst=10.0.0.1:8080,persistent,random)",
    "tcp,nat(src=10.0.0.1-10.0.0.3:1024-65535,random)",
    "tcp,nat(src=10.0.0.1-10.0.0.3:1024-65535,hash,persistent)",
    "ipv6,nat(src=2001:db8::1)",
    "ipv6,nat(dst=2001:db8::1-2001:db8::ff,persistent)",
    "ipv6,nat(src=2001:db8::1-2001:db8::1)",
    "tcp6,nat(dst=[2001:db8::1]:80)",
    "udp6,nat(src=[2001:db8::1]-[2001:db8::4]:1000-2000,random,persistent)",
]

CONJUNCTION = [
    "actions=conjunction(1,1/2)",
    "ip,nw_src=10.0.0.1,actions=conjunction(7,2/3),conjunction(12,2/3),"
    "conjunction(4294967295,64/64)",
    "ip,reg7=3,actions=conjunction(12,1/2),conjunction(7,1/2)",
    "actions=conjunction(7,1/2),note:01.02.03.04.05.06",
    "conj_id=7,actions=drop",
    "conj_id=4294967295,ip,reg1=1,actions=output:1",
]

MATCHES = [
    "ct_state=+trk",
    "ct_state=-trk,ip",
    "ct_state=+trk+inv,ip",
    "ct_state=+new+trk,ip",
    "ct_state=+trk+est-rel-rpl-inv,ip",
    "ct_state=+trk+rel+rpl+snat-dnat,ipv6",
    "ct_zone=7",
    "ct_zone=65535,ct_state=+trk",
    "ct_state=+trk,arp,ct_zone=3",
    "ct_mark=1",
    "ct_mark=0x1/0x5",
    "ct_label=1",
    "ct_label=0x10000000000000001/0xf000000000000000f",
    TRACKED + "ip,ct_nw_src=10.0.0.1",
    TRACKED + "ip,ct_nw_dst=10.0.0.0/8",
    TRACKED + "ip,ct_nw_src=10.0.0.2,ct_nw_dst=10.0.0.0/255.0.255.0,ct_nw_proto=6",
    TRACKED + "ip,ct_nw_proto=6,ct_tp_dst=80",
    TRACKED + "ip,ct_nw_proto=17,ct_tp_src=0x400/0xfc00",
    TRACKED + "ip,ct_nw_proto=1,ct_tp_src=8,ct_tp_dst=0",
    TRACKED + "tcp,ct_nw_proto=6,ct_tp_dst=80,tp_dst=8080",
    TRACKED + "ip,reg7=3,ct_nw_src=10.0.0.1,ct_nw_proto=132,ct_tp_dst=7",
    TRACKED + "ipv6,ct_ipv6_src=2001:db8::/32",
    TRACKED + "ipv6,ct_ipv6_dst=2001:db8::1,ct_nw_proto=58",
    TRACKED + "ipv6,ct_nw_proto=6,ct_tp_dst=0x10/0xfff0",
    TRACKED + "icmp6,icmp_type=128,ct_nw_proto=58,ct_tp_src=128",
]

# Fields that are not set as a whole: before OpenFlow 1.5 one such action may need several.
PARTS = [
    "actions=set_field:0x5/0x5->reg1",
    "actions=set_field:0x1/0x1->xxreg1",
    "actions=set_field:0x5/0x5->xxreg0",
    "actions=set_field:0x1/0xffffffffffffffffffffffffffffffff->xxreg1",
    "actions=set_field:0x1/0x7fffffffffffffffffffffffffffffff->xxreg1",
    "actions=set_field:0xffffffff0000000000000000/0xffffffffffffffff0000000000000000->xxreg0",
    "actions=set_field:0xff/0xff->metadata",
    "actions=set_field:01:00:00:00:00:05/01:00:00:00:00:0f->eth_src",
    "ipv6,actions=set_field:2001:db8::1/ffff:ffff::ffff->ipv6_src",
    "ipv6,actions=set_field:0x12345/0xf0f0f->ipv6_label",
    "vlan_tci=0x1000/0x1000,actions=load:3->NXM_OF_VLAN_TCI[0..11]",
    "ip,actions=check_pkt_larger(1500)->NXM_NX_REG5[0],resubmit(,3)",
    "ip,actions=check_pkt_larger(65535)->NXM_NX_XXREG1[127]",
]


def nat_form(form):
    protocol, nat = form.split(",", 1)
    return "%s,actions=ct(commit,zone=5,%s,table=7)" % (protocol, nat)


FORMS = (CT + ["ip,actions=ct(commit,zone=3,exec(%s))" % what for what in EXEC]
         + [nat_form(form) for form in NAT] + CONJUNCTION
         + [match + ",actions=drop" for match in MATCHES] + PARTS)


def start(host, forms):
    driver = host.start("--hold")
    for i, form in enumerate(forms):
        driver.add("f%d" % i, "table=20,priority=%d,%s" % (i + 1, form))
    driver.ask("connected")
    return driver


@pytest.mark.parametrize("version", ["OpenFlow13", "OpenFlow14", "OpenFlow15"])
def test_what_is_read_is_what_is_desired(host, version):
    host.use_version(version)
    for attempt in range(3):
        driver = start(host, FORMS)
        differences = driver.ask("diff")
        driver.ask("write on")
        driver.sync()
        status = driver.status()
        driver.exit()
        if not attempt:
            assert status["flow mods sent"] == len(FORMS) == host.n_flows(), driver.log()
            assert status["errors received"] == 0
        else:
            assert differences == ""
            assert status["flows read"] == len(FORMS) and status["flow mods sent"] == 0


def test_a_flow_that_is_different_is_seen(host):
    """The test above would notice."""
    first = start(host, FORMS)
    first.ask("write on")
    first.sync()
    first.exit()

    for form, other in [
            ("ip,actions=ct(zone=7)", "ip,actions=ct(zone=8)"),
            ("ip,actions=ct(commit,zone=5,nat(src=10.0.0.1),table=7)",
             "ip,actions=ct(commit,zone=5,nat(src=10.0.0.2),table=7)"),
            ("actions=conjunction(1,1/2)", "actions=conjunction(1,2/2)")]:
        forms = [other if x == form else x for x in FORMS]
        assert forms != FORMS
        second = start(host, forms)
        assert second.ask("diff").count("INSTALLED") == 1
        second.exit()
