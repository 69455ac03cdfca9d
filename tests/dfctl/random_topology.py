# SPDX-License-Identifier: Apache-2.0
"""Topologies for dfctl apply."""

NAMES = ["plain", "two words", "true", "null", "10:20:30", "0x10", "~", "- dash", "#hash", "a: b",
         "'quoted'", '"double"', "ünïcode", "☃", "{brace", "[bracket", "*star", "&and", "!bang",
         "%percent", "@at", "`tick", "trailing ", " leading", "1e3", "=", "-", "|", ">", "a,b"]


# A subnet's prefix, an address on it, a prefix elsewhere.
IPV4 = ("10.%d.%d.0/24", "10.%d.%d.%d", "172.16.%d.0/24")
IPV6 = ("2001:db8:%x:a%x::/64", "2001:db8:%x:a%x::%x", "fd00:0:0:%x::/64")


def translations(rng, name, common, networks, router, i):
    """Of router 'i', if it is on an external network of IPv4."""
    outside = {n["name"] for n in networks if n.get("external")}
    addresses = {True: [], False: []}  # Of the router, outside and inside.
    n_outside = sum(port["network"] in outside for port in router["ports"])
    for port in router["ports"]:
        address, = port["addresses"]
        if ":" not in address:
            addresses[port["network"] in outside].append(address)
    if not addresses[True]:
        return []
    result = []
    for j, inside in enumerate(addresses[False]):
        prefix = inside.rsplit(".", 1)[0]
        if rng.random() < 0.7:
            result.append(common({"name": name("snat"), "type": "snat",
                                  "external-ip": rng.choice(addresses[True]).split("/")[0],
                                  "logical-ip": prefix + ".0/24"}))
        if rng.random() < 0.7:
            result.append(common({"name": name("fip"), "type": "dnat_and_snat",
                                  "external-ip": "192.0.%d.%d" % (i + 2, j + 1)
                                  if n_outside == 1 else
                                  "%s.%d" % (addresses[True][0].rsplit(".", 1)[0],
                                             100 + 10 * i + j),
                                  "logical-ip": prefix + ".10"}))
            if rng.random() < 0.5:
                result[-1]["external-mac"] = "06:00:00:00:%02x:%02x" % (i, j)
    return result


def random_topology(rng):
    """A topology that is right, of either family and both, with every feature of the format."""
    macs = ("02:00:00:00:%02x:%02x" % (i >> 8, i & 255) for i in range(1, 65536))

    def name(prefix):
        name.count += 1
        return "%s %s%d" % (rng.choice(NAMES), prefix, name.count)
    name.count = 0

    def common(obj):
        if rng.random() < 0.3:
            obj["external-ids"] = {name("k"): rng.choice(NAMES + [""])
                                   for _ in range(rng.randint(1, 3))}
        return obj

    networks = []
    for i in range(rng.randint(0, 8)):
        network = common({"name": name("n")})
        kind = rng.choice(["geneve", "vxlan", "gre", "vlan", "vlan", "flat", "flat", "local", None])
        if kind:
            network["type"] = kind
        if kind in ("vlan", "flat"):
            network["physical-network"] = "physnet%d" % i
            if rng.random() < 0.7:
                network["external"] = rng.choice([True, True, False])
        if kind not in ("flat", "local") and rng.random() < 0.5:
            network["segmentation-id"] = 100 + i
        if rng.random() < 0.5:
            network["mtu"] = rng.choice([1280, 1400, 1500, 9000, 65535])
        n_subnets = rng.randint(0, 3)
        families = [rng.choice((IPV4, IPV4, IPV6)) for _ in range(n_subnets)]
        if IPV6 not in families and rng.random() < 0.2:
            network["mtu"] = 68
        network["subnets"] = [
            common({"name": name("s"), "cidr": cidr % (i, j),
                    **({"gateway": host % (i, j, 1)} if rng.random() < 0.5 else {})})
            for j, (cidr, host, _) in enumerate(families)]
        network["ports"] = []
        for j in range(rng.randint(0, 5)):
            port = common({"name": name("p"), "mac": next(macs)})
            if n_subnets and rng.random() < 0.7:
                # In the order of numbers, that of an export.
                port["addresses"] = sorted(
                    (host % (i, k, 10 + j) for k, (_, host, _) in enumerate(families)),
                    key=lambda a: (":" in a, a))
            if rng.random() < 0.2:
                port["enabled"] = rng.choice([True, False])
            if rng.random() < 0.2:
                port["requested-chassis"] = name("c")
            network["ports"].append(port)
        networks.append(network)

    routers = []
    for i in range(rng.randint(0, 3)):
        router = common({"name": name("r"), "ports": [], "routes": [], "nat": []})
        if rng.random() < 0.3:
            router["enabled"] = rng.choice([True, False])
        for j, network in enumerate(networks):
            if network["subnets"] and rng.random() < 0.85:
                cidr, host, to = IPV6 if ":" in network["subnets"][0]["cidr"] else IPV4
                router["ports"].append(common({
                    "name": name("rp"), "network": network["name"], "mac": next(macs),
                    "addresses": [host % (j, 0, 200 + i) + cidr[cidr.index("/"):]]}))
                router["routes"].append("%s via %s" % (to % j, host % (j, 0, 250)))
        router["nat"] = translations(rng, name, common, networks, router, i)
        routers.append(router)
    return {"networks": networks, "routers": routers}
