# SPDX-License-Identifier: Apache-2.0
"""What Neutron's database says the Northbound database should contain."""
