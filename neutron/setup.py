# SPDX-License-Identifier: Apache-2.0
"""Everything is in setup.cfg; old installers want this file as well."""
import setuptools

setuptools.setup()
