# SPDX-License-Identifier: Apache-2.0
"""Fixtures of all Neutron tests."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / 'lib'))

from neutronharness import nbserver  # noqa: E402


@pytest.fixture
def nb_server(tmp_path):
    """A Northbound database that runs."""
    server = nbserver.NbServer(tmp_path)
    server.start()
    yield server
    server.kill()
