# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all Neutron tests."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / 'lib'))

from neutronharness import nbserver  # noqa: E402

TIMEOUT = 600  # The first test of a module waits for what it is made with.
HERE = pathlib.Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents and not item.get_closest_marker('timeout'):
            item.add_marker(pytest.mark.timeout(TIMEOUT))


@pytest.fixture
def nb_server(tmp_path):
    """A Northbound database that runs."""
    server = nbserver.NbServer(tmp_path)
    server.start()
    yield server
    server.kill()
