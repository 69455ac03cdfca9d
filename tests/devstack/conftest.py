# SPDX-License-Identifier: Apache-2.0
"""Nodes that go through the whole life of a DevStack."""
import contextlib

import pytest

from dfharness import Cloud
from sandbox import Node, free_port


@pytest.fixture(scope="session")
def make_nodes():
    """A context manager: nodes for (local.conf, settings) pairs. Those of one call have
    the same Northbound database."""
    @contextlib.contextmanager
    def make(*descriptions):
        port = free_port()
        with Cloud(chassis=len(descriptions), controller=False, encap_types=("vxlan",)) as cloud:
            nodes = []
            try:
                for chassis, (local_conf, settings) in zip(cloud.chassis, descriptions):
                    chassis.configure(remote=None, encap_type=None, encap_ip=None,
                                      bfd_interval=None)
                    nodes.append(Node(chassis, local_conf,
                                      {"DRAGONFLOW_NB_PORT": port, **settings}))
                yield nodes
            finally:
                for node in nodes:
                    node.close()
    return make
