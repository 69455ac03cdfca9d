# SPDX-License-Identifier: Apache-2.0
"""What can be used is documented, and what is documented can be used."""
import json
import os
import pathlib
import re
import subprocess
import xml.etree.ElementTree as ET

import pytest

from dfharness.process import SCHEMA, TOP, build_dir, program


def documented_columns(table):
    return {c.get("name") for c in table.iter("column") if c.get("key") is None}


def test_every_table_and_column_of_the_schema_is_documented_and_no_other():
    schema = json.load(open(SCHEMA))
    doc = ET.parse(TOP / "schema/dragonflow.xml").getroot()
    documented = {t.get("name"): documented_columns(t) for t in doc.iter("table")}
    assert documented == {name: set(table["columns"]) for name, table in schema["tables"].items()}
    for column in doc.iter("column"):
        assert "".join(column.itertext()).strip(), column.get("name")


def test_the_manual_page_of_the_database_is_built():
    page = (build_dir() / "schema/dragonflow.5").read_text()
    assert page.count("requested_chassis") and '"Dragonflow Manual"' in page


def commands():
    """(options, name, arguments) of every command."""
    out = subprocess.run([program("dfctl"), "--commands"], check=True, capture_output=True,
                         text=True).stdout
    return [line.split(",", 2) for line in out.splitlines()]


def test_every_command_is_in_the_manual_page_and_in_the_help():
    page = (TOP / "dfctl/dfctl.8").read_text().replace("\\-", "-")
    usage = subprocess.run([program("dfctl"), "--help"], check=True, capture_output=True,
                           text=True).stdout
    names = {name for _, name, _ in commands()}
    for name in names:
        assert re.search(r"(\\fB|\.BR.* |\.B )%s\b" % name, page), name
        if name != "comment":
            assert re.search(r"^  %s\b" % name, usage, re.M), name
    # And nothing else.
    documented = set(re.findall(r"^\\fB([a-z-]+)\\fR", page, re.M))
    assert documented <= names


def test_the_example_of_the_manual_page_can_be_applied(dfctl):
    page = (TOP / "dfctl/dfctl.8").read_text().replace("\\-", "-")
    example = page[page.index("\nnetworks:\n"):]
    example = example[:example.index("\n.fi")]
    # It shows every key, some of which exclude each other.
    example = "\n".join(line for line in example.splitlines() if "vlan and flat only" not in line)
    dfctl("apply", "-", input=example)


def test_the_examples_of_the_manual_page_work(dfctl):
    page = (TOP / "dfctl/dfctl.8").read_text().replace("\\-", "-")
    examples = page[page.index(".SH EXAMPLES"):page.index(".SH SEE ALSO")]
    lines = examples.replace("\\\\\n", " ").splitlines()
    lines = [line for line in lines if line.startswith("dfctl ") and "trace" not in line]
    assert len(lines) == 8
    for line in lines:
        dfctl(*line.split()[1:])


@pytest.fixture
def complete(cloud):
    """What bash offers after a line."""
    cloud.transact({"op": "insert", "table": "NAT", "row": {
        "name": "r1-203.0.113.5", "router": cloud.row("Router", "r1")["_uuid"], "type": "snat",
        "external_ip": "203.0.113.5", "logical_ip": "10.0.1.5"}})

    def complete(line):
        script = """
            source "$1"
            COMP_LINE=$2 COMP_POINT=${#2}
            _dfctl
            printf '%s\\n' "${COMPREPLY[@]}"
        """
        path = "%s:%s" % (pathlib.Path(program("dfctl")).parent, os.environ["PATH"])
        out = subprocess.run(
            ["bash", "-c", script, "bash", TOP / "dfctl/dfctl-completion.bash", line],
            env=dict(os.environ, PATH=path, DF_NB_DB=cloud.server.remote), check=True,
            capture_output=True, text=True).stdout
        return out.split()
    return complete


@pytest.mark.parametrize("line, offered", [
    ("dfctl net-", ["net-add", "net-del", "net-list"]),
    ("dfctl net-del ", ["n1", "n2"]),
    ("dfctl --if-exists net-del n", ["n1", "n2"]),
    ("dfctl net-add x ty", ["type="]),
    ("dfctl net-add x mtu=1500 seg", ["segmentation-id="]),
    ("dfctl subnet-add s n1 10.0.0.0/24 ",
     ["address-mode=", "dns-search=", "dns-servers=", "gateway=", "ra-mode="]),
    ("dfctl port-add x ", ["n1", "n2"]),
    ("dfctl port-del ", ["vm1", "vm2"]),
    ("dfctl router-port-add x r1 n", ["n1", "n2"]),
    ("dfctl net-del n1 -- router-del ", ["r1"]),
    ("dfctl net-add x type=flat ext", ["external="]),
    ("dfctl nat-del ", ["r1-203.0.113.5"]),
    ("dfctl nat-list ", ["r1"]),
    ("dfctl nat-add ", ["r1"]),
    ("dfctl nat-add r1 ", ["dnat_and_snat", "snat"]),
    ("dfctl nat-add r1 snat 203.0.113.2 10.0.1.0/24 ", ["external-mac=", "name="]),
    ("dfctl list NA", ["NAT"]),
    ("dfctl list Ro", ["Router", "Router_Port"]),
    ("dfctl get Port ", ["vm1", "vm2"]),
    ("dfctl trace v", ["vm1", "vm2"]),
    ("dfctl sync --t", ["--timeout="]),
    ("dfctl apply x --", ["--prune"]),
    ("dfctl diff x --", ["--prune"]),
    ("dfctl --dry", ["--dry-run"]),
    ("dfctl --may", ["--may-exist"]),
])
def test_bash_completes(complete, line, offered):
    assert sorted(complete(line)) == offered
