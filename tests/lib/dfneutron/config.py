# SPDX-License-Identifier: Apache-2.0
"""Configuration files of Neutron's daemons, as an operator would write them."""
import pathlib


def write(path, sections):
    """'sections' is {section: {option: value}}; returns the path."""
    lines = []
    for section, options in sections.items():
        lines.append("[%s]" % section)
        lines += ["%s = %s" % (k, ",".join(v) if isinstance(v, (list, tuple)) else v)
                  for k, v in options.items()]
    path = pathlib.Path(path)
    path.write_text("\n".join(lines) + "\n")
    return path


def merge(sections, more):
    """'sections' with the options of 'more' added or replaced."""
    merged = {name: dict(options) for name, options in sections.items()}
    for name, options in more.items():
        merged.setdefault(name, {}).update(options)
    return merged


def server(state, database, transport, service_plugins, mechanism_drivers, tenant_type):
    """neutron.conf and ml2_conf.ini of the server, in one."""
    unlimited = ("default_quota", "quota_network", "quota_subnet", "quota_port", "quota_router",
                 "quota_floatingip", "quota_security_group", "quota_security_group_rule")
    return {
        "DEFAULT": {
            "core_plugin": "ml2",
            "service_plugins": service_plugins,
            "auth_strategy": "noauth",
            "host": "control",
            "bind_host": "127.0.0.1",
            "bind_port": 9696,
            "transport_url": transport,
            "api_workers": 1,
            "rpc_workers": 1,
            "rpc_state_report_workers": 0,
            "state_path": state,
            "log_file": state / "neutron-server.log",
            "notify_nova_on_port_status_changes": False,
            "notify_nova_on_port_data_changes": False,
            "dhcp_agent_notification": False},
        "database": {"connection": database},
        "oslo_concurrency": {"lock_path": state / "lock"},
        "quotas": {name: -1 for name in unlimited},
        "securitygroup": {"enable_security_group": True},
        "ml2": {
            "type_drivers": "flat,vlan,gre,vxlan,geneve,local",
            "tenant_network_types": tenant_type,
            "mechanism_drivers": mechanism_drivers,
            "extension_drivers": "port_security"},
        "ml2_type_flat": {"flat_networks": "*"},
        "ml2_type_vlan": {"network_vlan_ranges": "physnet1:100:199"},
        "ml2_type_gre": {"tunnel_id_ranges": "1:1000"},
        "ml2_type_vxlan": {"vni_ranges": "1:1000"},
        "ml2_type_geneve": {"vni_ranges": "1:1000", "max_header_size": 38}}


def _agent(state, host, transport, conf):
    """What all agents of a node have.  They are root: without a helper command
    of its own, each privileged daemon would be started with sudo."""
    helper = {"helper_command": "privsep-helper --config-file %s" % conf}
    return {
        "DEFAULT": {
            "host": host,
            "core_plugin": "ml2",
            "transport_url": transport,
            "state_path": state},
        "agent": {"root_helper": "", "report_interval": 10},
        "oslo_concurrency": {"lock_path": state / "lock"},
        "ovs": {"ovsdb_connection": "unix:/run/openvswitch/db.sock",
                "integration_bridge": "br-int"},
        **{"privsep" + context: helper
           for context in ("", "_ovs_vsctl", "_namespace", "_conntrack", "_link")}}


def ovs_agent(state, host, transport, conf, local_ip, bridge_mappings, firewall, tunnels, dvr):
    distributed = {"agent": dict.fromkeys(
        ("l2_population", "arp_responder", "enable_distributed_routing"), True)}
    return merge(merge(_agent(state, host, transport, conf), distributed if dvr else {}), {
        "DEFAULT": {"log_file": state / "ovs-agent.log"},
        "ovs": {"datapath_type": "netdev",
                "local_ip": local_ip,
                "bridge_mappings": bridge_mappings},
        "agent": {"tunnel_types": tunnels, "polling_interval": 1},
        "securitygroup": {"enable_security_group": firewall != "noop",
                          "firewall_driver": firewall}})


def l3_agent(state, host, transport, conf, mode):
    """Ports of routers are veth pairs: internal ports would be dead after a
    restart of ovs-vswitchd."""
    return merge(_agent(state, host, transport, conf), {
        "DEFAULT": {"log_file": state / "l3-agent.log",
                    "interface_driver": "openvswitch",
                    "agent_mode": mode,
                    "enable_metadata_proxy": False,
                    "ovs_use_veth": True}})
