# SPDX-License-Identifier: Apache-2.0
"""Clouds to test Dragonflow with; see tests/README.md."""
from . import packets
from .dummy import Cloud
from .netns import NsCloud
from .process import Failure, run, wait_until

__all__ = ["Cloud", "Failure", "NsCloud", "packets", "run", "wait_until"]
