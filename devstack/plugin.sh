#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# DevStack plugin of Dragonflow: source plugin.sh stack PHASE | unstack | clean
#
# DevStack's contract: https://docs.openstack.org/devstack/latest/plugins.html
# What can be set: settings and README.md.

_DRAGONFLOW_XTRACE=$(set +o | grep xtrace)
set +o xtrace

# Keys of external_ids that are ours alone, without their prefix.
_DRAGONFLOW_KEYS="remote l2 encap-type encap-ip bridge-mappings bridge datapath-type
    fallback-timeout"

# --- Tools -------------------------------------------------------------------

# Open vSwitch belongs to root.
function _dragonflow_vsctl {
    sudo ovs-vsctl --db="unix:$DRAGONFLOW_OVS_RUNDIR/db.sock" --timeout=30 --no-wait "$@"
}

function _dragonflow_appctl {
    sudo env OVS_RUNDIR="$DRAGONFLOW_OVS_RUNDIR" ovs-appctl --timeout=20 -t df-controller "$@"
}

function _dragonflow_dfctl {
    "$DRAGONFLOW_BUILD_DIR/dfctl/dfctl" --db="$DRAGONFLOW_NB_REMOTE" "$@"
}

# The tunnels of this cloud: those of its networks' types that are any.
function _dragonflow_encap_types {
    local type types=
    for type in ${Q_ML2_TENANT_NETWORK_TYPE//,/ }; do
        case $type in
            vxlan | gre | geneve) types+=,$type ;;
        esac
    done
    echo "${types#,}"
}

# What the stock agent has, or would have.
function _dragonflow_bridge_mappings {
    if [[ -n "$OVS_BRIDGE_MAPPINGS" ]]; then
        echo "$OVS_BRIDGE_MAPPINGS"
    elif [[ -n "$PHYSICAL_NETWORK" && -n "$OVS_PHYSICAL_BRIDGE" ]]; then
        echo "$PHYSICAL_NETWORK:$OVS_PHYSICAL_BRIDGE"
    fi
}

# --- Install -----------------------------------------------------------------

# Before the build, which must not be the first to install Open vSwitch: it takes
# care that no service starts.
function _dragonflow_install_packages {
    install_package make git openvswitch-switch
}

function _dragonflow_build {
    make -C "$DRAGONFLOW_DIR" build
    sudo ln -sf "$DRAGONFLOW_BUILD_DIR/dfctl/dfctl" "$DRAGONFLOW_LINK_DIR/dfctl"
}

# --- The Northbound database ---------------------------------------------------

# As Neutron's own database, it starts empty with each stack.sh.
function _dragonflow_init_nb {
    mkdir -p "$DRAGONFLOW_DATA_DIR"
    rm -f "$DRAGONFLOW_DATA_DIR/nb.db"
    ovsdb-tool create "$DRAGONFLOW_DATA_DIR/nb.db" "$DRAGONFLOW_DIR/schema/dragonflow.ovsschema"
}

function _dragonflow_start_nb {
    local dir=$DRAGONFLOW_DATA_DIR
    local command
    command="$(command -v ovsdb-server) --remote=punix:$dir/nb.sock"
    command+=" --remote=$DRAGONFLOW_NB_LISTEN"
    command+=" --unixctl=$dir/nb.ctl --pidfile=$dir/nb.pid"
    command+=" -vconsole:info -vsyslog:off -vfile:off $dir/nb.db"
    run_process df-nb "$command"
    local attempt
    for ((attempt = 0; attempt < 100; attempt++)); do
        ! ovsdb-client --timeout=5 list-dbs "unix:$dir/nb.sock" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    die $LINENO "The Northbound database did not start"
}

# --- Neutron -------------------------------------------------------------------

function _dragonflow_configure_neutron {
    local plugin_conf=/$Q_PLUGIN_CONF_FILE
    # DevStack has written both already, unless another plugin has changed them.
    iniset "$plugin_conf" ml2 mechanism_drivers "$Q_ML2_PLUGIN_MECHANISM_DRIVERS"
    neutron_service_plugin_class_add dragonflow
    iniset "$NEUTRON_CONF" DEFAULT service_plugins "$Q_SERVICE_PLUGIN_CLASSES"

    iniset "$plugin_conf" dragonflow nb_connection "$DRAGONFLOW_NB_REMOTE"
    if [[ "$DRAGONFLOW_L2" == native ]]; then
        iniset "$plugin_conf" dragonflow integration_bridge "$OVS_BRIDGE"
        iniset "$plugin_conf" dragonflow allow_port_security_without_enforcement \
            "$DRAGONFLOW_ALLOW_PORT_SECURITY_WITHOUT_ENFORCEMENT"
    fi
}

# --- This chassis ----------------------------------------------------------------

function _dragonflow_configure_chassis {
    local mappings types
    types=$(_dragonflow_encap_types)
    mappings=$(_dragonflow_bridge_mappings)

    _dragonflow_forget_chassis
    local settings=(
        "external_ids:hostname=\"$DRAGONFLOW_HOSTNAME\""
        "external_ids:dragonflow-l2=$DRAGONFLOW_L2"
        "external_ids:dragonflow-bridge=$OVS_BRIDGE"
        "external_ids:dragonflow-fallback-timeout=$DRAGONFLOW_FALLBACK_TIMEOUT"
    )
    if [[ -n "$types" ]]; then
        settings+=(
            "external_ids:dragonflow-encap-type=\"$types\""
            "external_ids:dragonflow-encap-ip=\"$DRAGONFLOW_ENCAP_IP\""
        )
    fi
    if [[ -n "$mappings" ]]; then
        settings+=("external_ids:dragonflow-bridge-mappings=\"$mappings\"")
    fi
    if [[ "$DRAGONFLOW_L2" == native && "$OVS_DATAPATH_TYPE" == netdev ]]; then
        settings+=("external_ids:dragonflow-datapath-type=netdev")
    fi
    # Debian's Open vSwitch gives each host a system-id.
    if [[ -z "$(_dragonflow_vsctl --if-exists get Open_vSwitch . external_ids:system-id)" ]]; then
        settings+=("external_ids:system-id=\"$DRAGONFLOW_HOSTNAME\"")
    fi
    # The one that makes a controller begin.
    settings+=("external_ids:dragonflow-remote=\"$DRAGONFLOW_NB_REMOTE\"")
    _dragonflow_vsctl set Open_vSwitch . "${settings[@]}"
}

function _dragonflow_forget_chassis {
    local key
    for key in $_DRAGONFLOW_KEYS; do
        _dragonflow_vsctl remove Open_vSwitch . external_ids "dragonflow-$key"
    done
}

# Root, like Open vSwitch: it uses the sockets of that.
function _dragonflow_start_controller {
    local command
    command="$(command -v env) OVS_RUNDIR=$DRAGONFLOW_OVS_RUNDIR"
    command+=" $DRAGONFLOW_BUILD_DIR/controller/df-controller"
    command+=" --pidfile -vconsole:info -vsyslog:off unix:$DRAGONFLOW_OVS_RUNDIR/db.sock"
    run_process df-controller "$command" root root
}

# Until the chassis is known, and has in its switch what the database says.
function _dragonflow_wait_chassis {
    local name
    name=$(_dragonflow_vsctl get Open_vSwitch . external_ids:system-id | tr -d '"')
    _dragonflow_dfctl --timeout=60 wait-until Chassis "$name" ||
        die $LINENO "This chassis does not appear in $DRAGONFLOW_NB_REMOTE"
    _dragonflow_dfctl sync --timeout=60
    _dragonflow_appctl status
}

# --- End -------------------------------------------------------------------------

# A clean exit takes the chassis, its flows and its ports out, while the Northbound
# database is still there.
function _dragonflow_stop {
    if is_service_enabled df-controller; then
        _dragonflow_appctl exit || :
        stop_process df-controller
    fi
    stop_process df-nb
}

function _dragonflow_clean {
    if is_service_enabled df-controller; then
        _dragonflow_forget_chassis || :
    fi
    sudo rm -f "$DRAGONFLOW_LINK_DIR/dfctl"
    sudo rm -rf "$DRAGONFLOW_DATA_DIR"
    make -C "$DRAGONFLOW_DIR" clean
}

# --- Dispatch ----------------------------------------------------------------------

if is_service_enabled df-nb df-controller; then
    case "$1 $2" in
        "stack pre-install")
            echo_summary "Installing what Dragonflow needs"
            _dragonflow_install_packages
            ;;
        "stack install")
            echo_summary "Building Dragonflow"
            _dragonflow_build
            if is_service_enabled q-svc neutron-api; then
                setup_develop "$DRAGONFLOW_DIR/neutron"
            fi
            ;;
        "stack post-config")
            # The Neutron server starts after this phase, and in native mode binds ports
            # to chassis that it knows.
            echo_summary "Configuring and starting Dragonflow"
            if is_service_enabled df-nb; then
                _dragonflow_init_nb
                _dragonflow_start_nb
            fi
            if is_service_enabled q-svc neutron-api; then
                _dragonflow_configure_neutron
            fi
            if is_service_enabled df-controller; then
                _dragonflow_configure_chassis
                _dragonflow_start_controller
            fi
            ;;
        "stack extra")
            if is_service_enabled df-controller; then
                echo_summary "Waiting for the Dragonflow chassis"
                _dragonflow_wait_chassis
            fi
            ;;
        "stack test-config")
            # What tempest must not expect.
            if is_service_enabled tempest && [[ "$DRAGONFLOW_L2" == native ]]; then
                iniset "$TEMPEST_CONFIG" network-feature-enabled port_security False
                iniset "$TEMPEST_CONFIG" network-feature-enabled ipv6 False
                iniset "$TEMPEST_CONFIG" network-feature-enabled floating_ips False
            fi
            ;;
        "unstack "*)
            _dragonflow_stop
            ;;
        "clean "*)
            _dragonflow_clean
            ;;
    esac
fi

$_DRAGONFLOW_XTRACE
