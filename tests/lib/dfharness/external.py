# SPDX-License-Identifier: Apache-2.0
"""External networks and translations, for clouds of either kind."""


def add_external_network(cloud, name, *cidrs, **columns):
    """As CloudBase.add_network(); the network is external."""
    cloud.add_network(name, *cidrs, **columns)
    cloud.nb("set Network %s external=true" % name)


def add_nat(cloud, name, router, external_ip, logical_ip, **columns):
    """A floating IP, or with a prefix for 'logical_ip' the translation of its sources."""
    kind = "snat" if "/" in logical_ip else "dnat_and_snat"
    router = cloud.nb("get Router %s _uuid" % router).strip()
    columns = {"name": name, "router": router, "type": kind, "external_ip": external_ip,
               "logical_ip": logical_ip, **columns}
    cloud.nb("create NAT %s" % " ".join("%s='\"%s\"'" % (k, v) if k != "router"
                                        else "%s=%s" % (k, v) for k, v in columns.items()))


def delete_nat(cloud, name):
    cloud.nb("destroy NAT %s" % name)


def physical_host(cloud, fabric, network, name, mac, *ips):
    """A host on the fabric whose MAC address is known: a port that is on no chassis has it."""
    cloud.nb("port-add %s %s %s %s" % (name, network, mac, " ".join(ips)))
    return fabric.host(name, mac, ips[0])
