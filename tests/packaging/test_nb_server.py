# SPDX-License-Identifier: Apache-2.0
"""The Northbound database's server on a machine on which nothing but its package was installed:
each test begins with a fresh one, and does as an operator does, as root."""
import pathlib

import pytest

from dfharness import Failure
from dfharness.process import wait_until
from root import add_systemctl

FOLDER = "/var/lib/dragonflow"
NB = FOLDER + "/nb.db"


@pytest.fixture
def fresh(root):
    """The machine, with dragonflow-common just installed."""
    root.sh("dpkg -i /packages/dragonflow-common_*.deb")
    add_systemctl(root)
    assert not root.exists(FOLDER)
    yield root
    root.sh("systemctl stop dragonflow-nb; dpkg --purge dragonflow-common;"
            "rm -rf %s /run/dragonflow /root/nb.backup; userdel dragonflow" % FOLDER)


def is_served(machine):
    return "yes" in machine.sh("dfctl --timeout=5 show >/dev/null 2>&1 && echo yes || :")


def serve(machine):
    machine.sh("systemctl enable --now dragonflow-nb")
    wait_until(lambda: is_served(machine), "the server answers")


def owners(machine):
    """The owners of the files in the database's folder, and of the folder."""
    return set(machine.run(["find", FOLDER, "-printf", "%u:%g\\n"]).split())


def mode(machine, path):
    return machine.run(["stat", "-c", "%a", path]).strip()


def test_the_first_server_of_a_cluster(fresh):
    fresh.run(["df-nb", "create", "tcp:127.0.0.1:6643"])
    assert mode(fresh, FOLDER) == "750"
    assert owners(fresh) == {"dragonflow:dragonflow"}
    serve(fresh)
    fresh.run(["dfctl", "net-add", "blue"])
    assert "1 of 1 servers" in fresh.run(["df-nb", "health"])
    assert owners(fresh) == {"dragonflow:dragonflow"}


def test_a_further_server_of_a_cluster(fresh):
    """The first one is not there yet: this one waits for it, but runs."""
    fresh.run(["df-nb", "join", "tcp:127.0.0.1:6643", "tcp:127.0.0.1:6644"])
    assert owners(fresh) == {"dragonflow:dragonflow"}
    fresh.sh("systemctl enable --now dragonflow-nb")
    assert "joining cluster" in fresh.run(["df-nb", "status"])


def test_a_server_alone_is_restored(fresh):
    """Also to a schema that is newer than that of the backup."""
    serve(fresh)
    fresh.run(["dfctl", "net-add", "blue"])
    fresh.run(["df-nb", "backup", "/root/nb.backup"])
    fresh.run(["dfctl", "net-del", "blue", "--", "net-add", "red"])
    with pytest.raises(Failure, match="the server is running"):
        fresh.run(["df-nb", "restore", "/root/nb.backup"])
    fresh.run(["systemctl", "stop", "dragonflow-nb"])
    assert "is kept in" in fresh.run(["df-nb", "restore", "/root/nb.backup"])
    assert owners(fresh) == {"dragonflow:dragonflow"}
    serve(fresh)
    out = fresh.run(["dfctl", "show"])
    assert "blue" in out and "red" not in out
    assert fresh.run(["df-nb", "health"]) == "a server on its own\n"


def test_a_server_with_a_lost_disk_is_restored(fresh):
    serve(fresh)
    fresh.run(["dfctl", "net-add", "blue"])
    fresh.run(["df-nb", "backup", "/root/nb.backup"])
    fresh.sh("systemctl stop dragonflow-nb; rm -r %s" % FOLDER)
    fresh.run(["df-nb", "restore", "/root/nb.backup"])
    serve(fresh)
    assert "blue" in fresh.run(["dfctl", "show"])


def test_a_server_alone_becomes_the_first_of_a_cluster(fresh):
    serve(fresh)
    fresh.run(["dfctl", "net-add", "blue"])
    fresh.sh("systemctl stop dragonflow-nb; mv %s %s.alone;"
             "df-nb create tcp:127.0.0.1:6643 %s.alone" % (NB, NB, NB))
    serve(fresh)
    assert "blue" in fresh.run(["dfctl", "show"])
    assert "1 of 1 servers" in fresh.run(["df-nb", "health"])


def test_a_member_of_a_cluster_is_not_made_one_on_its_own_by_mistake(fresh):
    fresh.run(["df-nb", "create", "tcp:127.0.0.1:6643"])
    serve(fresh)
    fresh.run(["df-nb", "backup", "/root/nb.backup"])
    fresh.run(["systemctl", "stop", "dragonflow-nb"])
    before = pathlib.Path(fresh.path / NB[1:]).read_bytes()
    with pytest.raises(Failure, match="give this server's ADDRESS"):
        fresh.run(["df-nb", "restore", "/root/nb.backup"])
    assert pathlib.Path(fresh.path / NB[1:]).read_bytes() == before
