# SPDX-License-Identifier: Apache-2.0
"""The ML2 mechanism driver."""
