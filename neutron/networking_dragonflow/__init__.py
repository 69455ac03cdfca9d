# SPDX-License-Identifier: Apache-2.0
"""Dragonflow, a distributed virtual router, as an add-on of OpenStack Neutron."""
