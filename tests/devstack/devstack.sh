#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2034  # The plugin reads what is set here.
# shellcheck disable=SC2317  # The plugin calls these functions.
# shellcheck disable=SC1090,SC1091  # Nothing is where it is written.
#
# DevStack, as far as the plugin sees it: the order of things in its scripts, and the
# functions of its contract. Neutron's files are written as lib/neutron writes them.
#
#   devstack.sh stack | unstack | clean
#
# In $TOP_DIR there is local.conf. Each line read from descriptor $CONTROL_IN lets the
# script go on with its next phase; what happens is written, a line each, to
# $CONTROL_OUT.  The caller of the script plays the part of systemd: it starts and
# stops services.
set -o errexit

say() { printf '%s\n' "$*" >&"$CONTROL_OUT"; }
answer() { read -r -u "$CONTROL_IN" REPLY; }

# --- Functions of the contract ---

warn() { shift && echo "warning: $*"; }
echo_summary() { echo "== $*"; }
define_plugin() { say "define_plugin $1"; }
install_package() { say "install_package $*"; }
setup_develop() { [[ -r "$1/setup.cfg" ]] && say "setup_develop $1"; }
sudo() { "$@"; }

die() {
    shift
    say "die $*"
    echo "$*" >&2
    exit 1
}

trueorfalse() {
    case "${!2:-}" in
        1 | [Yy]es | [Tt]rue | TRUE | YES) echo True ;;
        0 | [Nn]o | [Ff]alse | FALSE | NO) echo False ;;
        *) echo "$1" ;;
    esac
}

is_service_enabled() {
    local service
    for service in "$@"; do
        [[ ",$ENABLED_SERVICES," != *",$service,"* ]] || return 0
        # DevStack knows Neutron by the prefix of any of its services.
        if [[ $service == neutron && ,$ENABLED_SERVICES =~ ,(q-|neutron-) ]]; then
            return 0
        fi
    done
    return 1
}

enable_service() {
    local service
    for service in "$@"; do
        if [[ ",$DISABLED_SERVICES," == *",$service,"* ]]; then
            warn "" "$service has been disabled"
        elif ! is_service_enabled "$service"; then
            ENABLED_SERVICES=${ENABLED_SERVICES:+$ENABLED_SERVICES,}$service
        fi
    done
}

disable_service() {
    local service list
    for service in "$@"; do
        DISABLED_SERVICES=${DISABLED_SERVICES:+$DISABLED_SERVICES,}$service
        list=,$ENABLED_SERVICES,
        list=${list//,$service,/,}
        list=${list#,}
        ENABLED_SERVICES=${list%,}
    done
}

enable_plugin() {
    PLUGIN=$1
    say "enable_plugin $*"
}

iniset() {
    /usr/bin/python3 - "$@" <<'PYTHON'
import configparser, sys
path, section, option, *value = sys.argv[1:]
conf = configparser.RawConfigParser(strict=True)
conf.optionxform = str
with open(path) as f:
    conf.read_file(f)
if section != "DEFAULT" and not conf.has_section(section):
    conf.add_section(section)
conf.set(section, option, " ".join(value))
with open(path, "w") as f:
    conf.write(f)
PYTHON
}

neutron_service_plugin_class_add() {
    if [[ ",$Q_SERVICE_PLUGIN_CLASSES," != *",$1,"* ]]; then
        Q_SERVICE_PLUGIN_CLASSES=${Q_SERVICE_PLUGIN_CLASSES:+$Q_SERVICE_PLUGIN_CLASSES,}$1
    fi
}

# As with systemd, the command needs an absolute path, and no shell sees it.
run_process() {
    is_service_enabled "$1" || return 0
    [[ $2 == /* && $2 != *sudo* ]] || die 0 "run_process $1: bad command $2"
    say "start $*"
    answer
}

stop_process() {
    is_service_enabled "$1" || return 0
    say "stop $1"
    answer
}

# The build is there already, and is not this test's to change.
make() {
    say "make $*"
    [[ $1 == -C && -r $2/Makefile ]] || return 1
    case $3 in
        build) mkdir -p "$2/build" && ln -sfn "$TESTED_BUILD" "$2/build/release" ;;
        clean) rm -f "$2/build/release" ;;
        *) return 1 ;;
    esac
}

# --- Settings of stackrc, and of the user ---

DEST=$TOP_DIR/opt
DATA_DIR=$DEST/data
SERVICE_HOST=127.0.0.1
TEMPEST_CONFIG=$TOP_DIR/tempest.conf
ENABLED_SERVICES=key,n-api,n-cpu,ovn-controller,ovn-northd,ovs-vswitchd,ovsdb-server,q-svc
ENABLED_SERVICES+=,q-ovn-agent,neutron-trunk,rabbit,tempest,mysql
mkdir -p "$DATA_DIR"
touch "$TEMPEST_CONFIG"
source <(sed '1,/^\[\[local|localrc\]\]$/d' "$TOP_DIR/local.conf")
PLUGIN_DIR=$DEST/$PLUGIN/devstack
TUNNEL_ENDPOINT_IP=${TUNNEL_ENDPOINT_IP:-$HOST_IP}

# clean.sh has no overrides: it comes after unstack.sh, in a shell of its own.
[[ $1 == clean ]] || source "$PLUGIN_DIR/override-defaults"

# lib/neutron and lib/neutron_plugins/ml2
NEUTRON_CONF=$TOP_DIR/etc/neutron/neutron.conf
Q_PLUGIN=ml2
Q_AGENT=${Q_AGENT:-ovn}
Q_ML2_TENANT_NETWORK_TYPE=${Q_ML2_TENANT_NETWORK_TYPE:-geneve}
Q_ML2_PLUGIN_MECHANISM_DRIVERS=${Q_ML2_PLUGIN_MECHANISM_DRIVERS:-ovn}
if [[ ${Q_DVR_MODE:-legacy} != legacy ]]; then
    Q_ML2_PLUGIN_MECHANISM_DRIVERS=openvswitch,l2population
fi
ML2_L3_PLUGIN=${ML2_L3_PLUGIN-router}
PHYSICAL_NETWORK=${PHYSICAL_NETWORK:-public}
OVS_PHYSICAL_BRIDGE=${OVS_PHYSICAL_BRIDGE:-br-ex}
OVS_BRIDGE=${OVS_BRIDGE:-br-int}
OVS_DATAPATH_TYPE=${OVS_DATAPATH_TYPE:-system}

source "$PLUGIN_DIR/settings"
say "services $ENABLED_SERVICES"

# --- The scripts ---

configure_neutron() {
    Q_PLUGIN_CONF_FILE=${TOP_DIR#/}/etc/neutron/plugins/ml2/ml2_conf.ini
    mkdir -p "/${Q_PLUGIN_CONF_FILE%/*}"
    : >"$NEUTRON_CONF"
    : >"/$Q_PLUGIN_CONF_FILE"
    neutron_service_plugin_class_add "$ML2_L3_PLUGIN"
    if is_service_enabled q-agt q-svc; then
        iniset "$NEUTRON_CONF" DEFAULT core_plugin ml2
        iniset "/$Q_PLUGIN_CONF_FILE" ml2 mechanism_drivers "$Q_ML2_PLUGIN_MECHANISM_DRIVERS"
    fi
}

# What the agent makes when it starts.
start_agent() {
    local vsctl="ovs-vsctl --db=unix:$OVS_RUNDIR/db.sock --timeout=20"
    $vsctl -- --may-exist add-br "$OVS_BRIDGE" -- set Bridge "$OVS_BRIDGE" fail_mode=secure \
        -- --may-exist add-br br-tun -- set Bridge br-tun fail_mode=secure \
        -- --may-exist add-port "$OVS_BRIDGE" patch-tun \
        -- set Interface patch-tun type=patch options:peer=patch-int \
        -- --may-exist add-port br-tun patch-int \
        -- set Interface patch-int type=patch options:peer=patch-tun
}

phase() {
    answer
    [[ $1 != "stack post-config" ]] || configure_neutron
    # As DevStack does: without quotes.
    # shellcheck disable=SC2086
    source "$PLUGIN_DIR/plugin.sh" $1
    if [[ $1 == "stack post-config" ]]; then
        iniset "$NEUTRON_CONF" DEFAULT service_plugins "$Q_SERVICE_PLUGIN_CLASSES"
        ! is_service_enabled q-agt || start_agent
    fi
    say "done $1"
}

case $1 in
    stack)
        for name in pre-install install post-config extra test-config; do
            phase "stack $name"
        done
        ;;
    *) phase "$1" ;;
esac
