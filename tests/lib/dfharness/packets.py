# SPDX-License-Identifier: Apache-2.0
"""Frames: made with scapy, compared byte for byte.

Frames are 'bytes' everywhere outside this module."""
import difflib
import logging

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror  # noqa: E402
from scapy.layers.l2 import ARP, Dot1Q, Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

BROADCAST = "ff:ff:ff:ff:ff:ff"
ZERO_MAC = "00:00:00:00:00:00"
PAYLOAD = b"dragonflow-test-payload-"


def arp_request(mac, ip, target, dst=BROADCAST):
    """The request of 'ip' ("0.0.0.0" for an RFC 5227 probe) for the MAC address of 'target'."""
    return bytes(Ether(src=mac, dst=dst) / ARP(op=1, hwsrc=mac, psrc=ip, hwdst=ZERO_MAC,
                                               pdst=target, hwlen=6, plen=4))


def arp_reply(mac, ip, to_mac, to_ip):
    """The reply to 'to_ip' that 'ip' is at 'mac'."""
    return bytes(Ether(src=mac, dst=to_mac) / ARP(op=2, hwsrc=mac, psrc=ip, hwdst=to_mac,
                                                  pdst=to_ip, hwlen=6, plen=4))


def gratuitous_arp(mac, ip, op=1):
    return bytes(Ether(src=mac, dst=BROADCAST) / ARP(op=op, hwsrc=mac, psrc=ip, hwdst=ZERO_MAC,
                                                     pdst=ip, hwlen=6, plen=4))


def ipv4(src_mac, dst_mac, src, dst, payload, ttl=64, **fields):
    """An IPv4 packet around a scapy layer or bytes.  'fields' are scapy's names
    of IPv4 fields (id, flags="DF", frag, tos, proto)."""
    fields.setdefault("id", 1)
    return bytes(Ether(src=src_mac, dst=dst_mac) / IP(src=src, dst=dst, ttl=ttl, **fields)
                 / payload)


def udp(src_mac, dst_mac, src, dst, sport=10000, dport=20000, data=PAYLOAD, **fields):
    return ipv4(src_mac, dst_mac, src, dst, UDP(sport=sport, dport=dport) / Raw(data), **fields)


def tcp(src_mac, dst_mac, src, dst, sport=10000, dport=80, flags="S", seq=1000, ack=0, **fields):
    return ipv4(src_mac, dst_mac, src, dst,
                TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack), **fields)


def echo(src_mac, dst_mac, src, dst, ident=7, seq=1, data=PAYLOAD, reply=False, **fields):
    return ipv4(src_mac, dst_mac, src, dst,
                ICMP(type=0 if reply else 8, id=ident, seq=seq) / Raw(data), **fields)


def routed(frame, src_mac, dst_mac, hops=1):
    """What 'hops' routers make of a frame: new MACs, TTL less, checksum
    corrected."""
    p = Ether(frame)
    p.src, p.dst = src_mac, dst_mac
    p[IP].ttl -= hops
    del p[IP].chksum
    return bytes(p)


def tagged(vid, frame, pcp=0):
    """'frame' with an 802.1Q tag."""
    p = Ether(frame)
    inner_type, p.type = p.type, 0x8100
    payload = p.payload
    p.remove_payload()
    return bytes(p / Dot1Q(vlan=vid, prio=pcp, type=inner_type) / payload)


def untagged(frame):
    """'frame' without its 802.1Q tag, which it must have."""
    assert frame[12:14] == b"\x81\x00", summary(frame)
    return frame[:12] + frame[16:]


def icmp_error(src_mac, dst_mac, src, offender, icmp_type, code, mtu=0, ttl=254):
    """The fields of an ICMP error about 'offender' (a frame): compare with
    matches_icmp_error()."""
    return {"eth_src": src_mac, "eth_dst": dst_mac, "ip_src": src,
            "ip_dst": Ether(offender)[IP].src, "type": icmp_type, "code": code, "mtu": mtu,
            "quoted": bytes(Ether(offender)[IP])}


def icmp_error_difference(frame, want):
    """None if 'frame' is the ICMP error 'want' (of icmp_error()); otherwise a
    sentence.  The quoted packet must be the offender as it was sent, its header
    and at least 8 bytes of its payload (RFC 1812 4.3.2.3), and the whole
    datagram at most 576 bytes."""
    p = Ether(frame)
    if not p.haslayer(ICMP):
        return "not ICMP: " + summary(frame)
    ip, icmp = p[IP], p[ICMP]
    for layer in (IP, ICMP):
        copy = Ether(frame)
        del copy[layer].chksum
        if Ether(bytes(copy))[layer].chksum != p[layer].chksum:
            return "wrong %s checksum: %s" % (layer.__name__, summary(frame))
    got = {"eth_src": p.src, "eth_dst": p.dst, "ip_src": ip.src, "ip_dst": ip.dst,
           "type": icmp.type, "code": icmp.code,
           "mtu": icmp.nexthopmtu if (icmp.type, icmp.code) == (3, 4) else 0}
    for key, value in got.items():
        if value != want[key]:
            return "%s is %s instead of %s: %s" % (key, value, want[key], summary(frame))
    raw = bytes(frame)[14:]
    if ip.len > 576:
        return "datagram of %d bytes, more than 576" % ip.len
    quoted = raw[ip.ihl * 4 + 8:ip.len]
    header = (want["quoted"][0] & 0xf) * 4
    if len(quoted) < min(len(want["quoted"]), header + 8):
        return "quotes only %d bytes" % len(quoted)
    if quoted != want["quoted"][:len(quoted)]:
        return "quotes %s instead of %s" % (quoted.hex(), want["quoted"][:len(quoted)].hex())
    return None


def summary(frame):
    """One line for a person."""
    p = Ether(frame)
    return "%s > %s %s (%d bytes)" % (p.src, p.dst, p.payload.summary(), len(frame))


def _dump(frame):
    return [line[:100] for line in Ether(frame).show(dump=True).splitlines()] + [
        "%04x  %s" % (i, frame[i:i + 16].hex(" ")) for i in range(0, len(frame), 16)]


def difference(got, want):
    """Where two frames differ, field by field."""
    return "\n".join(difflib.unified_diff(_dump(want), _dump(got), "expected", "got",
                                          lineterm="", n=2))


def compare(where, got, want):
    """None if the same frames arrived (in any order), otherwise a report."""
    missing, extra = list(want), []
    for frame in got:
        if frame in missing:
            missing.remove(frame)
        else:
            extra.append(frame)
    if not missing and not extra:
        return None
    report = ["%s:" % where]
    report += ["  missing: " + summary(f) for f in missing]
    report += ["  not expected: " + summary(f) for f in extra]
    if len(missing) == 1 and len(extra) == 1:
        report.append(difference(extra[0], missing[0]))
    return "\n".join(report)
