# SPDX-License-Identifier: Apache-2.0
"""The contents that the Northbound database should have, from Neutron's
database."""
