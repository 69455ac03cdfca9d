# SPDX-License-Identifier: Apache-2.0
"""Frames of IPv6 and neighbour discovery, as packets.py has those of IPv4."""
import ipaddress

from scapy.layers.inet import TCP, UDP
from scapy.layers.inet6 import (ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NA, ICMPv6ND_NS,
                                ICMPv6ND_RA, ICMPv6ND_RS, ICMPv6NDOptDNSSL, ICMPv6NDOptDstLLAddr,
                                ICMPv6NDOptMTU, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS,
                                ICMPv6NDOptSrcLLAddr, IPv6)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from .packets import PAYLOAD

ALL_NODES = "ff02::1"
ALL_ROUTERS = "ff02::2"


def link_local(mac):
    """The link-local address made of a MAC address (RFC 4291, appendix A)."""
    octets = [int(byte, 16) for byte in mac.split(":")]
    octets[0] ^= 2
    identifier = octets[:3] + [0xff, 0xfe] + octets[3:]
    return str(ipaddress.IPv6Address(bytes([0xfe, 0x80, 0, 0, 0, 0, 0, 0] + identifier)))


def solicited_node(ip):
    """The solicited-node multicast address of an address (RFC 4291 2.7.1)."""
    return str(ipaddress.IPv6Address(
        ipaddress.IPv6Address("ff02::1:ff00:0").packed[:13]
        + ipaddress.IPv6Address(ip).packed[13:]))


def group_mac(group):
    """The MAC address of a multicast group (RFC 2464 section 7)."""
    return "33:33:" + ":".join("%02x" % b for b in ipaddress.IPv6Address(group).packed[12:])


def ipv6(src_mac, dst_mac, src, dst, payload, hlim=64, **fields):
    """An IPv6 packet around a scapy layer or bytes.  'fields' are scapy's names of IPv6 fields (tc,
    fl, nh)."""
    return bytes(Ether(src=src_mac, dst=dst_mac) / IPv6(src=src, dst=dst, hlim=hlim, **fields)
                 / payload)


def udp(src_mac, dst_mac, src, dst, sport=10000, dport=20000, data=PAYLOAD, **fields):
    return ipv6(src_mac, dst_mac, src, dst, UDP(sport=sport, dport=dport) / Raw(data), **fields)


def tcp(src_mac, dst_mac, src, dst, sport=10000, dport=80, flags="S", seq=1000, ack=0, **fields):
    return ipv6(src_mac, dst_mac, src, dst,
                TCP(sport=sport, dport=dport, flags=flags, seq=seq, ack=ack), **fields)


def echo(src_mac, dst_mac, src, dst, ident=7, seq=1, data=PAYLOAD, reply=False, **fields):
    layer = ICMPv6EchoReply if reply else ICMPv6EchoRequest
    return ipv6(src_mac, dst_mac, src, dst, layer(id=ident, seq=seq, data=data), **fields)


def routed(frame, src_mac, dst_mac, hops=1):
    """What 'hops' routers make of a frame: new MACs, hop limit less."""
    p = Ether(frame)
    p.src, p.dst = src_mac, dst_mac
    p[IPv6].hlim -= hops
    return bytes(p)


def solicitation(mac, src, target, dst=None, dst_mac=None, option=True, code=0, hlim=255,
                 options=b""):
    """A neighbour solicitation of 'src' for 'target': multicast, unless 'dst' and 'dst_mac' say
    otherwise.  It has 'options' and then, if 'option', its source's link-layer address; a probe
    (from ::) has no such option."""
    dst = dst or solicited_node(target)
    layer = ICMPv6ND_NS(tgt=target, code=code)
    if options:
        layer = layer / Raw(options)
    if option and src != "::":
        layer = layer / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    return ipv6(mac, dst_mac or group_mac(dst), src, dst, layer, hlim=hlim)


def advertisement(mac, target, to_mac, to_ip, router=False, solicited=True, override=True,
                  option=True, src=None, options=b""):
    """The advertisement that 'target' is at 'mac'."""
    layer = ICMPv6ND_NA(tgt=target, R=int(router), S=int(solicited), O=int(override))
    if option:
        layer = layer / ICMPv6NDOptDstLLAddr(lladdr=mac)
    if options:
        layer = layer / Raw(options)
    return ipv6(mac, to_mac, src or target, to_ip, layer, hlim=255)


def unsolicited(mac, target, router=False, override=True):
    """An unsolicited advertisement (RFC 4861 7.2.6) to all nodes."""
    return advertisement(mac, target, group_mac(ALL_NODES), ALL_NODES, router, False, override)


def router_solicitation(mac, src, hlim=255, code=0):
    """A router solicitation of a machine; from :: it has no option."""
    layer = ICMPv6ND_RS(code=code)
    if src != "::":
        layer = layer / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    return ipv6(mac, group_mac(ALL_ROUTERS), src, ALL_ROUTERS, layer, hlim=hlim)


def router_advertisement(mac, prefixes=(), to_mac=None, to_ip=ALL_NODES, mtu=1500, lifetime=1800,
                         flags="", preference=0, dns=(), search=()):
    """A router advertisement of the router with this MAC, to all machines unless 'to_mac' and
    'to_ip' name one.  'prefixes' are "2001:db8::/64", with a "-" before those of which machines
    make no addresses."""
    layer = ICMPv6ND_RA(chlim=64, M=int("M" in flags), O=int("O" in flags), prf=preference,
                        routerlifetime=lifetime) / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    if mtu:
        layer = layer / ICMPv6NDOptMTU(mtu=mtu)
    for prefix in prefixes:
        address, length = prefix.lstrip("-").split("/")
        layer = layer / ICMPv6NDOptPrefixInfo(
            prefix=address, prefixlen=int(length), L=1, A=int(prefix[0] != "-"),
            validlifetime=86400, preferredlifetime=14400)
    if dns:
        layer = layer / ICMPv6NDOptRDNSS(lifetime=1800, dns=list(dns), len=1 + 2 * len(dns))
    if search:
        layer = layer / ICMPv6NDOptDNSSL(lifetime=1800, searchlist=list(search))
    return ipv6(mac, to_mac or group_mac(to_ip), link_local(mac), to_ip, layer, hlim=255)
