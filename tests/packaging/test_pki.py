# SPDX-License-Identifier: Apache-2.0
"""Where keys are on a machine, their owners, and what removing things leaves of them."""
import re

import pytest

from dfharness import Failure
from dfharness.process import TOP, wait_until
from root import add_systemctl

PKI = "/var/lib/dragonflow-pki"


@pytest.fixture(scope="module")
def machine(root):
    root.sh("dpkg -i --force-depends /packages/dragonflow-co*.deb")
    add_systemctl(root)
    root.run(["df-pki", "init"])
    return root


def test_only_root_reaches_the_authorities(machine):
    """Neither by what is in their folder, nor by replacing one above it."""
    assert machine.run(["stat", "-c", "%U %a", PKI]) == "root 700\n"
    machine.run(["df-pki", "server", "nb1"])
    assert machine.run(["find", PKI, "!", "-user", "root"]) == ""
    folder = PKI
    while folder:
        with pytest.raises(Failure):
            machine.run(["test", "-w", folder.rpartition("/")[0] or "/"],
                        user="dragonflow:dragonflow")
        folder = folder.rpartition("/")[0]
    with pytest.raises(Failure):
        machine.run(["ls", PKI], user="dragonflow:dragonflow")


def test_authorities_where_they_once_were_are_not_forgotten(machine):
    machine.sh("mkdir -p /var/lib/dragonflow; mv %s /var/lib/dragonflow/pki" % PKI)
    for command in ["init"], ["server", "x"]:
        with pytest.raises(Failure, match="mv /var/lib/dragonflow/pki " + PKI):
            machine.run(["df-pki", *command])
    machine.sh("mv /var/lib/dragonflow/pki %s; rmdir /var/lib/dragonflow" % PKI)


@pytest.mark.parametrize("kind, place, owner", [
    ("server", "nb", "dragonflow"), ("relay", "relay", "dragonflow"),
    ("chassis", "chassis", "root"), ("client", "client", "root")])
def test_keys_are_installed_for_their_daemon(machine, kind, place, owner):
    folder = machine.run(["df-pki", kind, "new-" + place]).strip()
    machine.run(["df-pki", "install", folder, place])
    out = machine.sh("stat -c '%%n %%U %%a' /etc/dragonflow/%s/*" % place)
    assert out == "".join("/etc/dragonflow/%s/%s.pem %s %s\n" % (place, f, owner, mode)
                          for f, mode in (("ca", 644), ("cert", 644), ("key", 600)))
    machine.run(["cat", "/etc/dragonflow/%s/key.pem" % place], user="%s:%s" % (owner, owner))
    # And again, when they were renewed.
    before = machine.run(["sha256sum", "/etc/dragonflow/%s/key.pem" % place])
    machine.sh("df-pki renew new-%s; df-pki install %s %s" % (place, folder, place))
    assert machine.run(["sha256sum", "/etc/dragonflow/%s/key.pem" % place]) != before
    assert machine.sh("stat -c '%%U %%a' /etc/dragonflow/%s/key.pem" % place) == owner + " 600\n"


def test_what_does_not_belong_together_is_not_installed(machine):
    a, b = (machine.run(["df-pki", "client", name]).strip() for name in ("a", "b"))
    machine.sh("cp -r %s /tmp/mixed; cp %s/key.pem /tmp/mixed" % (a, b))
    with pytest.raises(Failure, match="do not belong together"):
        machine.run(["df-pki", "install", "/tmp/mixed", "client"])


def examples():
    """The examples of options with keys, in /etc/default and in the documents."""
    files = [*(TOP / "packaging/default").iterdir(), *TOP.glob("docs/*.md"), TOP / "README.md",
             *TOP.glob("*/*.8"), *TOP.glob("packaging/*/*.8")]
    return {(f.name, path) for f in files
            for path in re.findall(r"[\w./-]+\.pem\b", f.read_text())}


def test_files_with_keys_have_the_same_names_everywhere():
    found = examples()
    assert len(found) > 10
    names = re.compile(r"(/etc/dragonflow/(nb|relay|chassis|client|neutron)/|\.\.\./)?"
                       r"(key|cert|ca|request)\.pem")
    assert [e for e in found if not names.fullmatch(e[1])] == []


def test_the_server_starts_with_its_keys_where_the_example_says(machine):
    path = machine.path / "etc/default/dragonflow-nb"
    before = path.read_text()
    text = re.sub(r'^#(DRAGONFLOW_NB_OPTS="--private-key.*)$', r"\1", before, flags=re.M)
    text += 'DRAGONFLOW_NB_REMOTES="--remote=pssl:6641:127.0.0.1"\n'
    path.write_text(text)
    machine.run(["systemctl", "start", "dragonflow-nb"])
    wait_until(lambda: "dfctl" not in machine.sh(
        "dfctl --timeout=5 --db=ssl:127.0.0.1:6641 --private-key=/etc/dragonflow/client/key.pem "
        "--certificate=/etc/dragonflow/client/cert.pem --ca-cert=/etc/dragonflow/client/ca.pem "
        "net-list 2>&1 || :"), "dfctl is served")
    machine.run(["systemctl", "stop", "dragonflow-nb"])
    path.write_text(before)


def test_removing_the_database_as_the_guide_says_leaves_the_authorities(machine):
    guide = (TOP / "docs/installation.md").read_text()
    commands = re.findall(r"^(?: {4})?(rm -r.*)$", guide, re.M)
    assert commands
    out = machine.sh("dpkg --purge dragonflow-common 2>&1")
    assert "authorities stay in " + PKI in out
    machine.sh("\n".join(commands))
    assert not machine.exists("/var/lib/dragonflow") and not machine.exists("/etc/dragonflow")
    assert machine.exists(PKI + "/ca-servers/key.pem")
