# SPDX-License-Identifier: Apache-2.0
"""What the installation guide names, exists."""
import re

from dfharness import run
from dfharness.process import TOP, program

GUIDE = (TOP / "docs/installation.md").read_text()


def named(pattern):
    found = set(re.findall(pattern, GUIDE))
    assert found, "the guide names none"
    return found


def test_packages(packages):
    assert named(r"\./([a-z0-9-]+)_\*\.deb") <= set(packages)
    table = re.findall(r"^\| `([\w-]+)` \|", GUIDE, re.M)
    assert sorted(table) == sorted(packages)


def test_files_of_ours(unpacked):
    paths = {p.rstrip("/") for p in named(r"(/(?:etc/default|usr/share)/[\w./-]+)")}
    assert [p for p in paths if not (unpacked / p.lstrip("/")).exists()] == []


def test_services(unpacked):
    ours = {u for u in named(r"(?:systemctl [\w -]+?|journalctl -u) ((?:df|dragonflow)-\w+)")}
    assert [u for u in ours
            if not (unpacked / "lib/systemd/system" / (u + ".service")).exists()] == []


def test_keys_of_a_chassis():
    settings = (TOP / "controller/chassis/settings.c").read_text()
    known = set(re.findall(r'^    \{"([\w-]+)", ', settings, re.M))
    keys = r"(?:external_ids[: ]|`)(dragonflow-(?:remote|bridge|encap|l2|fallback)[\w-]*)"
    assert named(keys) <= known


def test_options_of_the_plugin():
    config = (TOP / "neutron/networking_dragonflow/config.py").read_text()
    assert named(r"\b(nb_\w+) =") <= set(re.findall(r"cfg\.\w+Opt\('(\w+)'", config))


def test_commands_of_dfctl():
    usage = run([program("dfctl"), "--help"])
    commands = set(re.findall(r"^  ([a-z]+(?:-[a-z]+)*)(?= |$)", usage, re.M))
    assert named(r"(?m)(?:^ *|`)dfctl (?:--[^\s`]+ )*([a-z][a-z-]*)(?=[\n `])") <= commands


def test_variables_of_the_database(unpacked):
    text = (unpacked / "etc/default/dragonflow-nb").read_text()
    assert named(r"\b(DRAGONFLOW_NB_\w+)") <= set(re.findall(r"^#(\w+)=", text, re.M))
