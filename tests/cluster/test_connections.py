# SPDX-License-Identifier: Apache-2.0
"""An NB server that falls silent, without closing its connections."""
import os
import signal

import pytest

from dfharness import Cloud, wait_until
from dfharness.secure import ADDRESS, free_port


@pytest.fixture(params=["unix", "tcp"])
def cloud(request):
    with Cloud(chassis=0, encap_types=()) as cloud:
        remote = cloud.nb_db.remote
        if request.param == "tcp":
            port = free_port()
            cloud.nb_db.kill()
            cloud.nb_db.daemon.argv.append("--remote=ptcp:%d:%s" % (port, ADDRESS))
            cloud.nb_db.start()
            remote = "tcp:%s:%d" % (ADDRESS, port)
        cloud.config.update(remote=remote, remote_probe_interval="1000")
        cloud.add_chassis()
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.sync()
        yield cloud


def status(cloud):
    return cloud.chassis[0].dfappctl("status")


def test_a_silent_server_is_given_up_and_found_again(cloud):
    flows = cloud.chassis[0].flows()
    os.kill(cloud.nb_db.daemon.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: "no response to inactivity probe" in
                   cloud.chassis[0].controller.output(), lambda: status(cloud))
        assert cloud.chassis[0].flows() == flows
    finally:
        os.kill(cloud.nb_db.daemon.pid, signal.SIGCONT)
    cloud.add_vm("vm2", "n1", 0, "10.0.1.12")
    cloud.wait_up("vm2", timeout=60)
    cloud.nb_db.sync()


def test_a_server_that_dies_is_found_again(cloud):
    """Whatever the moment at which it returns."""
    cloud.nb_db.kill()
    wait_until(lambda: "NB database: not connected" in status(cloud), lambda: status(cloud))
    cloud.nb_db.start()
    wait_until(lambda: "NB database: connected" in status(cloud), lambda: status(cloud), 30)
    cloud.nb_db.sync()
