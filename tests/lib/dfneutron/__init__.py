# SPDX-License-Identifier: Apache-2.0
"""Clouds of real Neutron to test Dragonflow with; see tests/neutron/README.md."""
from dfharness.traffic import TcpStream

from .cloud import (EXTERNAL_CIDR, EXTERNAL_GATEWAY, OUTSIDE_ADDRESS, OUTSIDE_ADDRESS6,
                    NeutronCloud)
from .control import why_impossible
from .rest import ApiError

__all__ = ["ApiError", "EXTERNAL_CIDR", "EXTERNAL_GATEWAY", "NeutronCloud", "OUTSIDE_ADDRESS",
           "OUTSIDE_ADDRESS6", "TcpStream", "why_impossible"]
