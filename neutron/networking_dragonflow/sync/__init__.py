# SPDX-License-Identifier: Apache-2.0
"""Keeping the Northbound database what Neutron says: marks, reconciler, comparison."""
