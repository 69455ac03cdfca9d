# SPDX-License-Identifier: Apache-2.0
"""A private Northbound database and a private Neutron for tests.

Everything lives in a directory of the test's own, and listens on a UNIX socket or on
a free port of the loopback interface.
"""
import pathlib

TOP = pathlib.Path(__file__).resolve().parents[4]
PACKAGE = TOP / 'neutron'
PYTHON = '/usr/bin/python3'
