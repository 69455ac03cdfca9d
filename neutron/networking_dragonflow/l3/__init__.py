# SPDX-License-Identifier: Apache-2.0
"""The L3 service plugin."""
