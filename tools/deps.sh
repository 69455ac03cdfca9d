#!/bin/sh
# Install what building, testing and running Dragonflow needs, and is missing.
#
#   tools/deps.sh [--check] [--neutron] [--bench]
#
# Works on Debian 12 and its relatives, as root or through sudo.  When nothing
# is missing it says nothing, touches nothing and takes a moment.  With --check
# it only reports: exit status 1 if something is missing.  With --neutron it adds what
# the tests beside real Neutron need: 100 MB to download.  With --bench it adds
# what Dragonflow is measured against, and the switch for measuring the data plane.
set -eu

# One package a line, with the reason.  Add yours here.
packages() {
    sed 's/#.*//' <<'PACKAGES'
make
git                      # make lint, make format: which files are ours
gcc
libc6-dev
pkg-config
meson
ninja-build
python3                  # code generators, tests
libasan8                 # make check runs everything with sanitizers
libubsan1
openvswitch-source       # libopenvswitch, see tools/build-ovs.sh
libssl-dev               # ... and what it links to
libunbound-dev
libcap-ng-dev
libyaml-dev              # dfctl apply
libmicrohttpd-dev        # metrics of df-controller
libcmocka-dev            # unit tests
openvswitch-switch       # ovs-vswitchd, ovsdb-server: tests and demo run private ones
openvswitch-common
libjemalloc2             # ... and for the NB database's, as its units do
python3-openvswitch
python3-sortedcontainers # ovsdb-idlc
python3-pytest
python3-pytest-xdist     # test files in parallel
python3-pytest-timeout
python3-scapy
python3-prometheus-client # ... which reads the metrics strictly
python3-yaml
iproute2                 # demo and system tests: namespaces
openssl                  # df-pki
ethtool
iputils-ping
traceroute
tcpdump
procps
clang                    # fuzz targets
libclang-rt-dev
clang-format             # make format, make lint
clang-tidy
shellcheck
pycodestyle              # make lint
dpkg-dev                 # make deb
debhelper
dh-python
python3-setuptools       # ... the plugin of Neutron
python3-oslo.config      # ... and its sample configuration
lintian                  # tests of the packages
mmdebstrap               # ... which are installed in a clean Debian
systemd                  # ... with systemd-analyze for the units
PACKAGES
}

# What is not needed without real Neutron.
neutron_packages() {
    sed 's/#.*//' <<'PACKAGES'
python3-neutron
python3-neutron-lib
python3-ovsdbapp
python3-pymysql          # how Neutron speaks to MariaDB
neutron-common           # all of its daemons' programs
neutron-server
neutron-openvswitch-agent
neutron-l3-agent
uwsgi-core               # the API as Debian starts it
uwsgi-plugin-python3
rabbitmq-server
mariadb-server
iptables                 # what the L3 agent runs
conntrack
ipset
iputils-arping
keepalived               # highly available routers
radvd
haproxy
PACKAGES
}

# What is only measured against.  Binaries only: no service is started.
bench_packages() {
    sed 's/#.*//' <<'PACKAGES'
ovn-central              # the peer
ovn-host
openvswitch-switch-dpdk  # cycles per packet on one core
librte-net-null23        # ... with a sink
librte-net-pcap23        # ... and a source of packets
librte-net-ring23
librte-mempool-ring23
librte-bus-vdev23
PACKAGES
}

check=
neutron=
bench=
for arg in "$@"; do
    case $arg in
        --check) check=yes ;;
        --neutron) neutron=yes ;;
        --bench) bench=yes ;;
        *) echo "usage: tools/deps.sh [--check] [--neutron] [--bench]" >&2; exit 2 ;;
    esac
done

wanted() {
    packages
    if [ -n "$neutron" ]; then
        neutron_packages
    fi
    if [ -n "$bench" ]; then
        bench_packages
    fi
}

missing=
if command -v dpkg-query >/dev/null 2>&1; then
    # One call for all; "ii" marks what is installed.
    # shellcheck disable=SC2046
    have=" $(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' $(wanted) 2>/dev/null |
             awk '$1 == "ii" { print $2 }' | xargs) "
    for p in $(wanted); do
        case $have in
            *" $p "*) ;;
            *) missing="$missing $p" ;;
        esac
    done
    [ -n "$missing" ] || exit 0
fi

if [ -n "$check" ]; then
    echo "deps: missing:${missing:- (cannot tell: no dpkg here)}" >&2
    exit 1
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: there is no apt-get here; install these (Debian's names) by other means," >&2
    echo "deps: then run the build with SKIP_DEPS=1:" >&2
    wanted | xargs echo "   " >&2
    exit 1
fi

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "deps: these packages are missing, and I am neither root nor is there sudo:" >&2
    echo "   $missing" >&2
    exit 1
fi

echo "Installing:$missing"
apt_get() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}
# No service may start: the tests bring their own daemons, and a build machine
# needs no system-wide Open vSwitch.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
    made_policy=yes
fi
# Nor may one start with the next boot, if it was not there before.
enabled_units() {
    if command -v systemctl >/dev/null 2>&1; then
        systemctl --root=/ list-unit-files --state=enabled --no-legend 2>/dev/null |
            awk '$1 ~ /[.](service|socket)$/ { print $1 }' | sort
    fi
}
units_before=$(enabled_units)
cleanup() {
    if [ -n "$made_policy" ]; then
        $as_root rm -f $policy
    fi
    for unit in $(enabled_units); do
        case "
$units_before
" in
            *"
$unit
"*) ;;
            *) $as_root systemctl --root=/ --quiet disable "$unit" || true ;;
        esac
    done
}
trap cleanup EXIT
# The package lists may be absent (fresh image) or too old to fetch from.
# Neutron's packages would ask for the database and Keystone.
if [ -n "$neutron" ] && command -v debconf-set-selections >/dev/null 2>&1; then
    $as_root debconf-set-selections <<'ANSWERS'
neutron-common neutron/configure_db boolean false
neutron-server neutron/register-endpoint boolean false
neutron-api neutron/register-endpoint boolean false
neutron-api neutron/configure_api-endpoint boolean false
ANSWERS
fi
# shellcheck disable=SC2086
apt_get install --no-install-recommends $missing || {
    apt_get update
    apt_get install --no-install-recommends $missing
}
