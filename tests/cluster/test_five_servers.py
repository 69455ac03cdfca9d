# SPDX-License-Identifier: Apache-2.0
"""Of five servers two may die: what is true of three, with others that may."""
import pytest

from test_three_servers import (test_a_minority_is_killed, test_the_leader_is_killed,  # noqa: F401
                                test_the_majority_is_lost_and_returns)

pytestmark = pytest.mark.long

SHAPE = {"servers": 5, "chassis": 1}
