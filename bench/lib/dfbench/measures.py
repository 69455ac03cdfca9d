# SPDX-License-Identifier: Apache-2.0
"""All measures: what the modules beside bench/run list as MEASURES.  The first line of
a measure's documentation is its title; it takes Options, or nothing, and returns
rows (see report.py)."""
import importlib

MODULES = ("east_west", "control_plane", "command_line", "wiped", "data_plane", "restart",
           "neutron", "cloud")


def find_measures():
    """{name: function}, in the order in which they are run."""
    return {f.__name__.replace("_", "-"): f for module in MODULES
            for f in importlib.import_module(module).MEASURES}
