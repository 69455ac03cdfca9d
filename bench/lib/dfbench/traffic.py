# SPDX-License-Identifier: Apache-2.0
"""Packets as a switch sees them arrive, written as a pcap file."""
import ipaddress
import struct

FRAME = 60  # Bytes, without FCS: the smallest.  IPv6 with UDP takes 62.
UDP = 17


def _mac(text):
    return bytes(int(x, 16) for x in text.split(":"))


def _checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(eth_src, eth_dst, ip_src, ip_dst, sport, dport):
    """A frame with a UDP datagram, of IPv4 without checksum."""
    if ":" in ip_src:
        return udp6(eth_src, eth_dst, ip_src, ip_dst, sport, dport)
    length = FRAME - 14
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0, 64, UDP, 0,
                       ipaddress.IPv4Address(ip_src).packed, ipaddress.IPv4Address(ip_dst).packed)
    head = head[:10] + struct.pack("!H", _checksum(head)) + head[12:]
    body = struct.pack("!HHHH", sport, dport, length - 20, 0)
    return (_mac(eth_dst) + _mac(eth_src) + b"\x08\x00" + head + body).ljust(FRAME, b"\0")


def udp6(eth_src, eth_dst, ip_src, ip_dst, sport, dport):
    """The same of IPv6, where the checksum is not optional (RFC 8200 section 8.1)."""
    addresses = b"".join(ipaddress.IPv6Address(ip).packed for ip in (ip_src, ip_dst))
    body = struct.pack("!HHHH", sport, dport, 8, 0)
    pseudo = addresses + struct.pack("!II", len(body), UDP)
    body = body[:6] + struct.pack("!H", _checksum(pseudo + body) or 0xffff)
    head = struct.pack("!IHBB", 6 << 28, len(body), UDP, 64) + addresses
    return _mac(eth_dst) + _mac(eth_src) + b"\x86\xdd" + head + body


def write_pcap(path, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            f.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)


def connections(count):
    """(source port, destination port) of so many different connections."""
    return [(1024 + i % 60000, 5000 + i // 60000) for i in range(count)]
