# SPDX-License-Identifier: Apache-2.0
"""The Northbound database of Dragonflow, through ovsdbapp."""
