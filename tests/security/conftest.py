# SPDX-License-Identifier: Apache-2.0
import pytest

from dfharness.secure import Pki


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))
