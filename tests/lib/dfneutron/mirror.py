# SPDX-License-Identifier: Apache-2.0
"""What the NB database should say, from what Neutron's API says.

With it the add-on can be tested without the plugin that normally writes the NB
database, and a plugin can be compared with it."""
import yaml

from dfharness.process import run, program

ROUTER_INTERFACES = ("network:router_interface", "network:ha_router_replicated_interface",
                     "network:router_interface_distributed")
# Addresses that Neutron reserves, no interfaces.
NOT_PLUGGED = ("network:floatingip", "network:local_ip", "network:routed",
               "network:distributed")


def topology(rest):
    """The file of "dfctl apply"."""
    networks = {n["id"]: {
        "name": n["id"], "type": n["provider:network_type"], "mtu": n["mtu"],
        **({"segmentation-id": n["provider:segmentation_id"]}
           if n["provider:segmentation_id"] is not None else {}),
        **({"physical-network": n["provider:physical_network"]}
           if n["provider:physical_network"] else {}),
        "subnets": [], "ports": []} for n in rest.list("networks")}
    prefix_length = {}
    for s in rest.list("subnets"):
        prefix_length[s["id"]] = s["cidr"].split("/")[1]
        networks[s["network_id"]]["subnets"].append(
            {"name": s["id"], "cidr": s["cidr"],
             **({"gateway": s["gateway_ip"]} if s["gateway_ip"] else {})})
    routers = {r["id"]: {
        "name": r["id"], "enabled": r["admin_state_up"], "ports": [],
        "routes": ["%s via %s" % (route["destination"], route["nexthop"])
                   for route in r.get("routes", ())]} for r in rest.list("routers")}
    for p in rest.list("ports"):
        common = {"name": p["id"], "mac": p["mac_address"]}
        if p["device_owner"] in ROUTER_INTERFACES:
            routers[p["device_id"]]["ports"].append({
                **common, "network": p["network_id"],
                "addresses": ["%s/%s" % (a["ip_address"], prefix_length[a["subnet_id"]])
                              for a in p["fixed_ips"]]})
        elif p["binding:host_id"] and p["device_owner"] not in NOT_PLUGGED:
            networks[p["network_id"]]["ports"].append({
                **common, "enabled": p["admin_state_up"],
                "addresses": [a["ip_address"] for a in p["fixed_ips"]],
                "requested-chassis": p["binding:host_id"]})
    return {"networks": list(networks.values()), "routers": list(routers.values())}


def names(topo):
    """{(table, name)} of a topology."""
    found = set()
    for n in topo["networks"]:
        found.add(("Network", n["name"]))
        found |= {("Subnet", s["name"]) for s in n["subnets"]}
        found |= {("Port", p["name"]) for p in n["ports"]}
    for r in topo["routers"]:
        found.add(("Router", r["name"]))
        found |= {("Router_Port", p["name"]) for p in r["ports"]}
    return found


TABLES = ("Network", "Subnet", "Port", "Router", "Router_Port")


def nb_names(nb):
    return {(table, row["name"]) for table in TABLES
            for row in nb.rows(table, columns=["name"])}


def write(topo, nb, path):
    """Makes the NB database say this, in one transaction."""
    path.write_text(yaml.safe_dump(topo, sort_keys=False))
    run([program("dfctl"), "--db=" + nb.remote, "apply", "--prune", path])
