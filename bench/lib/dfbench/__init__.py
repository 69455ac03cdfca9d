# SPDX-License-Identifier: Apache-2.0
"""What benchmarks of large topologies share: a topology generator, clients that
notice a change without polling, and meters of processes."""
