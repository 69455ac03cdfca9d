# SPDX-License-Identifier: Apache-2.0
"""What dfctl prints: nothing in the database or in a file can control the terminal or pretend
to be another line, what cannot be written is an error, and exports lose nothing."""
import json
import re
import subprocess

import pytest
import yaml

from dfharness.process import program

# Escape sequences, line breaks, C1 in UTF-8, DEL.
EVIL = "a\x1b[2J\x1b]0;title\x07\nchassis c9: applied 0 of 0\r\u009b31m\x7f\u0085"
SHOWN = r"a\u001b[2J\u001b]0;title\u0007\nchassis c9: applied 0 of 0\r\u009b31m\u007f\u0085"
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def names(suffix="", name=EVIL):
    """Transaction that fills every table, past dfctl, with objects of such names."""
    ids = ["map", [[name + "k", name + "v"]]]
    return [
        {"op": "insert", "table": "Network", "uuid-name": "n", "row": {
            "name": name + suffix, "type": "vlan", "physical_network": name, "external_ids": ids}},
        {"op": "insert", "table": "Network", "uuid-name": "m", "row": {
            "name": "m" + suffix, "type": "geneve", "segmentation_id": 1}},
        {"op": "insert", "table": "Subnet", "row": {
            "name": name + suffix, "network": ["named-uuid", "n"], "cidr": name,
            "gateway_ip": name, "external_ids": ids}},
        {"op": "insert", "table": "Chassis", "uuid-name": "c", "row": {
            "name": name + suffix, "hostname": name, "encaps": ["map", [["geneve", name]]],
            "bridge_mappings": ["map", [[name, name]]], "problems": name}},
        {"op": "insert", "table": "Port", "row": {
            "name": name + suffix, "network": ["named-uuid", "n"], "mac": name,
            "addresses": name, "requested_chassis": name + "x", "external_ids": ids,
            "chassis": ["named-uuid", "c"]}},
        {"op": "insert", "table": "Port", "row": {
            "name": name + suffix + "2", "network": ["named-uuid", "m"],
            "mac": "fa:16:3e:00:00:01", "addresses": "10.0.0.1"}},
        {"op": "insert", "table": "Router", "uuid-name": "r", "row": {
            "name": name + suffix, "static_routes": name, "external_ids": ids}},
        {"op": "insert", "table": "Static_Route", "row": {
            "router": ["named-uuid", "r"], "prefix": name, "next_hop": name + "x",
            "external_ids": ids}},
        {"op": "insert", "table": "Router_Port", "row": {
            "name": name + suffix, "router": ["named-uuid", "r"], "network": ["named-uuid", "n"],
            "mac": name, "addresses": name, "external_ids": ids}},
        {"op": "insert", "table": "NAT", "row": {
            "name": name + suffix, "router": ["named-uuid", "r"], "type": "snat",
            "external_ip": name, "logical_ip": name, "external_mac": name, "external_ids": ids}},
    ]


PRINTING = ["show", "status", "net-list", "port-list", "router-list", "nat-list",
            "chassis-list",
            *("list " + t for t in ("Network", "Subnet", "Port", "Router", "Router_Port",
                                    "Static_Route", "NAT", "Chassis")),
            "find Port mac!=x", "export", "diff -", "diff --prune -"]


@pytest.mark.parametrize("option", [None, "--format=table", "--format=json", "--bare"])
def test_no_control_character_of_the_database_is_printed(dfctl, option):
    # A chassis that has not answered for so long is warned about by sync.
    dfctl.transact({"op": "insert", "table": "Global", "row": {
        "sequence": 5, "external_ids": ["map", [["sequence_raised_at", "1"],
                                                ["sequence_settled", "5"]]]}}, *names())
    for command in [*PRINTING, "sync --timeout=5"]:
        _, out, err = dfctl.run(*([option] if option else []), *command.split(),
                                input="networks: [{name: x}]")
        assert out or err
        for text in (out, err):
            assert not CONTROL.search(text), (command, CONTROL.search(text))
            assert option == "--bare" or not re.search("^chassis c9", text, re.M), command
        if command in ("show", "status") or re.search("list|sync", command):
            assert "u001b[2J" in out + err, command


def test_names_are_shown_escaped(dfctl):
    dfctl.transact(*names())
    out = dfctl("show")
    assert "network %s (vlan on %s, mtu 1500)\n" % (SHOWN, SHOWN) in out
    assert "    port %s2: fa:16:3e:00:00:01 10.0.0.1, on no chassis\n" % SHOWN in out
    assert "chassis %s (%s)\n" % (SHOWN, SHOWN) in out
    _, out, _ = dfctl.run("status")
    assert "chassis %s: applied 0 of 0\n    problem: %s\n" % (SHOWN, SHOWN) in out
    assert len(re.findall(r"^chassis", out, re.M)) == 1


def test_json_is_not_changed(dfctl):
    dfctl.transact(*names())
    out = dfctl("--format=json", "--columns=name,type", "list", "Network")
    assert sorted(json.loads(out)["data"]) == [[EVIL, "vlan"], ["m", "geneve"]]


def test_an_export_loses_nothing(dfctl):
    texts = ["".join(map(chr, range(1, 0x250))), EVIL, "\u2028\u2029\ufeff\u202e", "\n", " \n x\n",
             "\t", "\x7f", "\u0080", "x\r\n", "# end of export\n", "\U0001f600", "\\u001b",
             "a\n\n# end of export"]
    ids = {str(i) + text: text for i, text in enumerate(texts)}
    dfctl.transact({"op": "insert", "table": "Network", "row": {
        "name": "n", "type": "geneve", "segmentation_id": 1,
        "external_ids": ["map", list(ids.items())]}})
    text = dfctl("export")
    assert not CONTROL.search(text)
    assert yaml.safe_load(text)["networks"][0]["external-ids"] == ids
    assert dfctl("apply", "--prune", "-", input=text) == "unchanged\n"
    dfctl.clear()
    dfctl("apply", "-", input=text)
    assert dict(dfctl.row("Network", "n")["external_ids"][1]) == ids


@pytest.mark.parametrize("text, message", [
    (r'networks: [{name: n, type: "\x1b[2J\x9b\n"}]',
     r'1: type: "\u001b[2J\u009b\n" is none of geneve, vxlan, gre, vlan, flat, local'),
    (r'networks: [{name: "\x9b"}]', "1: name contains a control character"),
    (r'networks: [{name: n, subnets: [{name: s, cidr: "\e"}]}]',
     r'1: cidr: "\u001b" is not an IP prefix (10.0.1.0/24)'),
    ("networks: [{name: n, mtu: %s}]" % ("x" * 1000000),
     '1: mtu: "%s... (1000000 bytes)" is not a number in 68..65535' % ("x" * 128)),
], ids=["type", "name", "cidr", "long"])
def test_an_error_in_a_file_quotes_it_escaped_and_cut(dfctl, text, message):
    path = dfctl.file(text)
    assert dfctl.refused("apply", path) == "%s:%s" % (path, message)


def test_what_a_command_refuses_is_quoted_escaped_and_cut(dfctl):
    dfctl.transact(*names())
    message = dfctl.refused("port-add", "p", "m", "fa:16:3e:00:00:01")
    assert message == (
        "port %s2: MAC address fa:16:3e:00:00:01 is also used by port p (and 1 more)" % SHOWN
        ) or message.startswith("port p: MAC address fa:16:3e:00:00:01 is also used by port a\\u")


def test_ten_megabytes_in_a_name_are_cut(dfctl):
    huge = "\x1b[31m" + "x" * 10 * 1024 * 1024
    dfctl.server.transact_large(
        {"op": "insert", "table": "Network", "uuid-name": "n", "row": {
            "name": huge, "type": "vlan", "physical_network": huge,
            "external_ids": ["map", [["k", huge]]]}},
        {"op": "insert", "table": "Network", "row": {
            "name": "n", "type": "geneve", "segmentation_id": 1,
            "external_ids": ["map", [["k", huge]]]}},
        {"op": "insert", "table": "Port", "row": {
            "name": "p" + huge, "network": ["named-uuid", "n"], "mac": huge, "addresses": huge}})
    for command in (["show"], ["status"], ["diff", "--prune", "-"]):
        _, out, err = dfctl.run(*command, input="networks: [{name: n, external-ids: {}}]")
        assert "xxx... (10485" in out, command
        assert max(map(len, out.splitlines())) < 3000, command
        assert not CONTROL.search(out)


@pytest.mark.parametrize("option", ["--help", "--version", "--commands", "--options"])
def test_help_that_cannot_be_written_is_an_error(option):
    with open("/dev/full", "w") as full:
        p = subprocess.run([program("dfctl"), option], stdout=full, stderr=subprocess.PIPE,
                           text=True, timeout=60)
    assert (p.returncode, p.stderr) == (
        1, "dfctl: cannot write the output: No space left on device\n")


def test_who_wants_no_more_is_not_bothered():
    p = subprocess.run(["bash", "-c", '"$0" --help | true; echo "${PIPESTATUS[0]}"',
                        program("dfctl")], capture_output=True, text=True, timeout=60)
    assert p.stderr == ""


def test_a_large_output_that_cannot_be_written_is_told_with_its_reason(dfctl):
    """Nothing of it fits into a buffer, so that the last write is not the one that fails."""
    dfctl.transact({"op": "insert", "table": "Network", "row": {
        "name": "n", "type": "geneve", "segmentation_id": 1,
        "external_ids": ["map", [["k", "x" * (1 << 20)]]]}})
    for command in ("export", "list Network"):
        with open("/dev/full", "w") as full:
            p = subprocess.run([program("dfctl"), "--db=" + dfctl.server.remote,
                                *command.split()],
                               stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        assert (p.returncode, p.stderr) == (
            1, "dfctl: cannot write the output: No space left on device\n")
