# SPDX-License-Identifier: Apache-2.0
"""What the system tests share."""
import pytest

from dfharness import netns


@pytest.fixture(scope="session", autouse=True)
def machine():
    """Skips everything where there can be no namespaces."""
    reason = netns.why_impossible()
    if reason:
        pytest.skip("system tests need root and network namespaces: %s" % reason)
