# SPDX-License-Identifier: Apache-2.0
"""Keeping the Northbound database equal to Neutron's: marks, reconciler,
comparison."""
