# A thin front to meson and ninja: every target works from a fresh clone.
#
#   make                build into build/release
#   make check          everything, with sanitizers; ends with "N passed, N failed"
#   make check-fast     everything but the tests beside real Neutron
#   make check-neutron  these alone
#   make check-long     everything, and what takes long for what it proves
#   make check-quick    the developer's loop: unit, pipeline and dfctl tests, no sanitizers
#   make demo           three chassis on this machine; "make demo-down" removes them
#   make bench          the benchmarks
#   make install        honours DESTDIR
#   make deb            Debian packages, in build/deb
#   make format         rewrite the C sources in the project's style
#   make lint           formatting, clang-tidy, shellcheck, pycodestyle, includes between rooms
#   make docs           renew what in docs/ is generated from the code
#   make deps           install missing packages (the others do so when needed)
#
# SKIP_DEPS=1 leaves packages alone.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
PYTHON := /usr/bin/python3
B := build

C_FILES = $(shell git ls-files '*.c' '*.h')
SH_FILES = $(shell git grep -lE '^\#!/bin/(ba)?sh|^\#!/usr/bin/env bash')

ASAN_OPTIONS_MESON := -Db_sanitize=address,undefined -Db_lundef=false

.PHONY: all build deps neutron-deps ovs release asan check check-fast check-neutron check-long \
        check-quick demo demo-down bench install deb format lint docs clean help
all: build

help:
	@sed -n '/^#   /s/^#   /  /p' Makefile

# The packages are looked at again only when the list changes.
DEPS_VERSION := $(shell cksum tools/deps.sh | cut -d' ' -f1)
DEPS_STAMP := $(B)/deps-$(DEPS_VERSION)
NEUTRON_DEPS_STAMP := $(B)/neutron-deps-$(DEPS_VERSION)
ifeq ($(SKIP_DEPS),)
$(DEPS_STAMP):
	@tools/deps.sh
	@mkdir -p $(B) && rm -f $(B)/deps-* && touch $@
# After the others: dpkg is locked by one at a time.
$(NEUTRON_DEPS_STAMP): | $(DEPS_STAMP)
	@tools/deps.sh --neutron
	@mkdir -p $(B) && rm -f $(B)/neutron-deps-* && touch $@
else
.PHONY: $(DEPS_STAMP) $(NEUTRON_DEPS_STAMP)
$(DEPS_STAMP) $(NEUTRON_DEPS_STAMP):
endif

deps:
	@tools/deps.sh
	@mkdir -p $(B) && rm -f $(B)/deps-* && touch $(DEPS_STAMP)

neutron-deps: $(NEUTRON_DEPS_STAMP)

# Under a lock: release and asan may be built at the same time.
ovs: $(DEPS_STAMP)
	@mkdir -p $(B) && flock $(B)/ovs.lock tools/build-ovs.sh $(B)/ovs

release: ovs
	@[ -f $(B)/release/build.ninja ] || meson setup $(B)/release >$(B)/release.log || \
	    { cat $(B)/release.log; exit 1; }
	@ninja -C $(B)/release

asan: ovs
	@[ -f $(B)/asan/build.ninja ] || \
	    meson setup $(ASAN_OPTIONS_MESON) $(B)/asan >$(B)/asan.log || \
	    { cat $(B)/asan.log; exit 1; }
	@ninja -C $(B)/asan

build: release

check: neutron-deps asan
	@$(PYTHON) tools/run-tests --build $(B)/asan lint unit pytest fuzz neutron

check-fast: asan
	@$(PYTHON) tools/run-tests --build $(B)/asan lint unit pytest fuzz

check-neutron: neutron-deps asan
	@$(PYTHON) tools/run-tests --build $(B)/asan neutron

check-long: neutron-deps asan
	@$(PYTHON) tools/run-tests --long --build $(B)/asan lint unit pytest fuzz neutron

check-quick: release
	@$(PYTHON) tools/run-tests --build $(B)/release arrows unit pytest:pipeline pytest:dfctl

demo: release
	@demo/up

demo-down:
	@demo/down

# What is measured against (OVN, the switch with DPDK) is no dependency of anything else.
bench: release
	@[ -n "$(SKIP_DEPS)" ] || tools/deps.sh --bench
	@bench/run $(BENCH)

install: release
	@meson install --no-rebuild -C $(B)/release

deb: $(DEPS_STAMP)
	@packaging/build-deb $(B)/deb

format: $(DEPS_STAMP)
	@clang-format -i $(C_FILES)

lint: release
	@tools/lint $(B)/release

docs: release
	@tools/gen-pipeline-doc --build $(B)/release
	@tools/run-doc-examples --build $(B)/release docs/user-guide.md

# libopenvswitch stays: it takes long and depends on nothing here.
clean:
	@rm -rf $(B)/release $(B)/asan $(B)/fuzz $(B)/test-results $(B)/neutron-db $(B)/deb
