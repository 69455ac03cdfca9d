#!/bin/sh
# Build libopenvswitch once from Debian's openvswitch-source package.
#
#   tools/build-ovs.sh DIR
#
# leaves in DIR:  src/    the unpacked sources (headers, ovsdb-idlc)
#                 build/  the out-of-tree build (generated headers, lib/.libs/*.a)
#                 stamp   identifies the tarball and the options; when it
#                         matches, there is nothing to do.
#
# The library's API is private to Open vSwitch, so it is linked statically and
# rebuilt whenever Debian ships another tarball.
set -eu

dir=${1:?usage: build-ovs.sh DIR}
tarball=/usr/src/openvswitch/openvswitch.tar.gz
cflags='-O2 -g -fno-omit-frame-pointer'

[ -r "$tarball" ] || {
    echo "build-ovs: $tarball is missing: install openvswitch-source ('make deps')" >&2
    exit 1
}
want="$(sha256sum "$tarball" | cut -d' ' -f1) $cflags $(sha256sum "$0" | cut -d' ' -f1)"
[ -r "$dir/stamp" ] && [ "$(cat "$dir/stamp")" = "$want" ] && exit 0

echo "Building libopenvswitch in $dir (once, about 90 seconds)..."
rm -rf "$dir"
mkdir -p "$dir/src" "$dir/build"
tar -xzf "$tarball" -C "$dir/src" --strip-components=1
cd "$dir/build"
log=$PWD/build.log
fail() {
    echo "build-ovs: failed; the end of $log:" >&2
    tail -n 30 "$log" >&2
    exit 1
}
PYTHON3=/usr/bin/python3 ../src/configure --quiet --prefix=/usr --localstatedir=/var \
    --sysconfdir=/etc CFLAGS="$cflags" >"$log" 2>&1 || fail
# The generated sources are prerequisites of "all", not of the library alone.
cat >built-sources.mk <<'MK'
include Makefile
print-built-sources: ; @echo $(BUILT_SOURCES)
MK
built=$(make -s -f built-sources.mk print-built-sources 2>>"$log") || fail
# shellcheck disable=SC2086
make -j"$(nproc)" $built >>"$log" 2>&1 || fail
make -j"$(nproc)" lib/libopenvswitch.la ovsdb/ovsdb-idlc >>"$log" 2>&1 || fail
cd - >/dev/null
echo "$want" >"$dir/stamp"
