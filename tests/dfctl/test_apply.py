# SPDX-License-Identifier: Apache-2.0
"""apply brings the objects of a file into the database, diff tells what that would do, and
export prints such a file."""
import json
import pathlib
import random
import re
import subprocess

import pytest
import yaml

from dfharness.process import program
from random_topology import random_topology

EXAMPLES = sorted((pathlib.Path(__file__).parents[2] / "examples").glob("*.yaml"))

FILE = """\
networks:
- name: n1
  type: vxlan
  segmentation-id: 10
  mtu: 1450
  external-ids: {owner: me, "a b": "c: d"}
  subnets:
  - name: s1
    cidr: 10.0.1.0/24
    gateway: 10.0.1.1
  - name: s6
    cidr: 2001:db8:1::/64
    ra-mode: slaac
    dns-servers: [2001:db8::53]
    dns-search: [example.org]
  ports:
  - name: vm1
    mac: FA:16:3E:00:00:01
    addresses: [10.0.1.5, 10.0.1.10]
    requested-chassis: c1
  - name: vm2
    mac: fa:16:3e:00:00:02
    enabled: false
- name: n2
  type: vlan
  physical-network: p1
routers:
- name: r1
  enabled: false
  ports:
  - name: rp1
    network: n1
    mac: fa:16:3e:00:01:01
    addresses: [10.0.1.1/24]
  routes:
  - 10.9.0.0/16 via 10.0.1.254
"""


SUMMARY = re.compile(r"(\d+) added, (\d+) changed, (\d+) removed, \d+ unchanged")
UNCHANGED = "unchanged\n"


def changes(output):
    """The lines of apply for single objects; the last line must have counted them."""
    *lines, summary = output.splitlines()
    counts = SUMMARY.match(summary) or pytest.fail(summary)
    assert [sum(line[0] == sign for line in lines) for sign in "+~-"] == [
        int(n) for n in counts.groups()]
    return lines


def differences(dfctl, *argv, input=None):
    """The lines of diff, whose exit status must say whether there are any; diff changes
    nothing."""
    before = dfctl.dump()
    status, out, err = dfctl.run("diff", *argv, input=input)
    assert (status, err) == (1 if out else 0, "")
    assert dfctl.dump() == before
    return out.splitlines()


def test_everything_in_the_file_is_created(dfctl):
    assert changes(dfctl("apply", dfctl.file(FILE))) == [
        "+ network n1", "+ network n2", "+ subnet s1", "+ subnet s6", "+ port vm1", "+ port vm2",
        "+ router r1", "+ router port rp1"]
    n1 = dfctl.row("Network", "n1")
    assert (n1["type"], n1["segmentation_id"], n1["mtu"]) == ("vxlan", 10, 1450)
    assert n1["external_ids"] == ["map", [["a b", "c: d"], ["owner", "me"]]]
    n2 = dfctl.row("Network", "n2")
    assert (n2["type"], n2["segmentation_id"], n2["physical_network"]) == ("vlan", 2, "p1")
    vm1 = dfctl.row("Port", "vm1")
    assert (vm1["network"], vm1["mac"], vm1["requested_chassis"], vm1["enabled"]) == (
        n1["_uuid"], "fa:16:3e:00:00:01", "c1", ["set", []])
    assert vm1["addresses"] == ["set", ["10.0.1.10", "10.0.1.5"]]
    assert dfctl.row("Port", "vm2")["enabled"] is False
    r1 = dfctl.row("Router", "r1")
    assert (r1["enabled"], r1["static_routes"]) == (False, ["set", []])
    route, = dfctl.rows("Static_Route")
    assert (route["router"], route["prefix"], route["next_hop"]) == (
        r1["_uuid"], "10.9.0.0/16", "10.0.1.254")
    rp1 = dfctl.row("Router_Port", "rp1")
    assert (rp1["router"], rp1["network"], rp1["addresses"]) == (r1["_uuid"], n1["_uuid"],
                                                                 "10.0.1.1/24")
    assert dfctl.row("Subnet", "s1")["gateway_ip"] == "10.0.1.1"


def test_applying_twice_changes_nothing_the_second_time(dfctl):
    path = dfctl.file(FILE)
    dfctl("apply", path)
    before = dfctl.dump()
    assert dfctl("apply", path) == UNCHANGED
    assert dfctl.dump() == before


def test_the_file_may_be_standard_input(dfctl):
    dfctl("apply", "-", input=FILE)
    assert dfctl("apply", "-", input=dfctl("export")) == UNCHANGED


def test_export_prints_what_apply_reads(dfctl):
    dfctl("apply", dfctl.file(FILE))
    assert dfctl("export") == """\
# exported by dfctl; complete only with its last line
networks:
- name: n1
  type: vxlan
  segmentation-id: 10
  mtu: 1450
  external-ids:
    a b: 'c: d'
    owner: me
  subnets:
  - name: s1
    cidr: 10.0.1.0/24
    gateway: 10.0.1.1
  - name: s6
    cidr: 2001:db8:1::/64
    ra-mode: slaac
    dns-servers: ['2001:db8::53']
    dns-search: [example.org]
  ports:
  - name: vm1
    mac: fa:16:3e:00:00:01
    addresses: [10.0.1.5, 10.0.1.10]
    requested-chassis: c1
  - name: vm2
    mac: fa:16:3e:00:00:02
    enabled: false
- name: n2
  type: vlan
  segmentation-id: 2
  physical-network: p1
routers:
- name: r1
  enabled: false
  ports:
  - name: rp1
    network: n1
    mac: fa:16:3e:00:01:01
    addresses: [10.0.1.1/24]
  routes:
  - 10.9.0.0/16 via 10.0.1.254
# end of export
"""
    assert dfctl("apply", "-", input=dfctl("export")) == UNCHANGED


BOTH_FAMILIES = """\
networks:
- name: n1
  subnets:
  - {name: s1, cidr: 10.0.1.0/24, gateway: 10.0.1.1}
  - {name: s2, cidr: "2001:DB8:1:0::/64", gateway: "2001:0db8:1::0001"}
  ports:
  - {name: vm1, mac: "fa:16:3e:00:00:01", addresses: ["2001:db8:1:0:0:0:0:10", 10.0.1.5,
     "2001:db8:1::9", "FE80::5"]}
routers:
- name: r1
  ports:
  - name: rp1
    network: n1
    mac: fa:16:3e:00:01:01
    addresses: ["2001:db8:1::0001/64", 10.0.1.1/24, "FE80:0::1/64"]
  routes: ["2001:DB8:0:9::/64 via 2001:db8:1::FE", "0::0/0 via 2001:db8:1::fe"]
"""


def test_ipv6_in_any_spelling_becomes_that_of_rfc_5952(dfctl):
    """In the database, in what is exported and shown, and in what is compared."""
    dfctl("apply", dfctl.file(BOTH_FAMILIES))
    assert dfctl("apply", dfctl.file(BOTH_FAMILIES)) == UNCHANGED
    assert differences(dfctl, "-", input=BOTH_FAMILIES) == []
    assert (dfctl.row("Subnet", "s2")["cidr"], dfctl.row("Subnet", "s2")["gateway_ip"]) == (
        "2001:db8:1::/64", "2001:db8:1::1")
    assert dfctl.row("Port", "vm1")["addresses"] == [
        "set", ["10.0.1.5", "2001:db8:1::10", "2001:db8:1::9", "fe80::5"]]
    exported = dfctl("export")
    for line in ("    cidr: 2001:db8:1::/64", "    gateway: 2001:db8:1::1",
                 "    addresses: [10.0.1.5, '2001:db8:1::9', '2001:db8:1::10', 'fe80::5']",
                 "    addresses: [10.0.1.1/24, '2001:db8:1::1/64', 'fe80::1/64']",
                 "  - ::/0 via 2001:db8:1::fe", "  - 2001:db8:0:9::/64 via 2001:db8:1::fe"):
        assert line in exported.replace('"', "'").splitlines(), exported
    assert dfctl("apply", "-", input=exported) == UNCHANGED
    shown = dfctl("show")
    for word in ("2001:db8:1::/64", "2001:db8:1::9", "2001:db8:1::1/64", "::/0"):
        assert word in shown, shown


def test_an_empty_database_exports_an_empty_topology(dfctl):
    assert dfctl("export") == ("# exported by dfctl; complete only with its last line\n"
                               "networks: []\nrouters: []\n# end of export\n")


def test_an_export_that_was_cut_off_is_refused(dfctl):
    """Wherever the cut is; a file that was written by hand needs no last line."""
    dfctl("apply", dfctl.file(FILE))
    text = dfctl("export")
    first = text.index("\n") + 1
    for end in (first, text.index("- name: n2"), text.index("routers:"), len(text) - 2):
        path = dfctl.file(text[:end])
        message = ('%s: this export is incomplete: its last line, "# end of export", is missing'
                   % path)
        assert dfctl.refused("apply", path) == message
        assert dfctl.refused("apply", "--prune", path) == message
    assert dfctl("apply", "-", input=text[first:-len("# end of export\n")]) == UNCHANGED


@pytest.mark.parametrize("edit", [
    lambda text: text.replace(b"\n", b"\r\n"),
    lambda text: text[:-1],
    lambda text: text.replace(b"\n", b"\r\n")[:-2],
    lambda text: text.replace(b"\n", b"\r\n")[:-1],
    lambda text: text + b"\n \n\r\n",
    lambda text: b"\xef\xbb\xbf" + text,
], ids=["CRLF", "no last newline", "CRLF, no last newline", "half of the last CRLF", "empty lines",
        "byte order mark"])
def test_an_export_that_an_editor_or_a_mail_has_passed_is_complete(dfctl, edit):
    dfctl("apply", dfctl.file(FILE))
    text = edit(dfctl("export").encode())
    path = dfctl.path / "edited.yaml"
    path.write_bytes(text)
    assert dfctl("apply", "--prune", path) == UNCHANGED
    # What has been cut off from it is missed all the same.
    for cut in (text.index(b"routers:"), text.rindex(b"# end"), text.rindex(b"export")):
        path.write_bytes(text[:cut])
        assert "is missing" in dfctl.refused("apply", "--prune", path)


def test_an_export_in_another_encoding_is_refused(dfctl):
    """In UTF-16 nobody would see that it was cut off."""
    dfctl("apply", dfctl.file(FILE))
    path = dfctl.path / "utf16.yaml"
    path.write_bytes(dfctl("export")[:-50].encode("utf-16"))
    assert "UTF-8" in dfctl.refused("apply", "--prune", path)


@pytest.mark.parametrize("command", ["export", "show", "port-list", "list Network"])
def test_output_that_cannot_be_written_is_an_error(dfctl, command):
    dfctl("apply", dfctl.file(FILE))
    with open("/dev/full", "w") as full:
        p = subprocess.run([program("dfctl"), "--db=" + dfctl.server.remote, *command.split()],
                           stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert (p.returncode, p.stderr) == (
        1, "dfctl: cannot write the output: No space left on device\n")


def test_whether_a_change_is_in_force_is_told_though_its_output_cannot_be_written(dfctl):
    with open("/dev/full", "w") as full:
        for argv, note in ((["apply"], "; the change itself is in force"),
                           (["apply", "--dry-run"], "")):
            p = subprocess.run([program("dfctl"), "--db=" + dfctl.server.remote, *argv, "-"],
                               stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                               input="networks: [{name: n%d}]" % len(argv))
            assert (p.returncode, p.stderr) == (
                1, "dfctl: cannot write the output: No space left on device%s\n" % note)
    assert [row["name"] for row in dfctl.rows("Network")] == ["n1"]


def test_a_vlan_that_is_chosen_is_told(dfctl):
    text = "networks: [{name: n, type: vlan, physical-network: p}]"
    assert dfctl.run("apply", "-", input=text)[2] == (
        "dfctl: warning: network n: VLAN 2 of physical network p was chosen; the switches must "
        "carry it (segmentation-id=N chooses another)\n")
    assert dfctl.run("apply", "-", input=text)[2] == ""


def test_an_export_says_what_apply_will_refuse(dfctl):
    dfctl.transact({"op": "insert", "table": "Network", "uuid-name": "n",
                    "row": {"name": "n", "type": "geneve", "segmentation_id": 1}},
                   {"op": "insert", "table": "Port",
                    "row": {"name": "p", "network": ["named-uuid", "n"], "mac": "junk"}})
    status, out, err = dfctl.run("export")
    assert status == 0 and "name: p" in out
    assert err == ("dfctl: warning: export: apply will refuse port p: \"junk\" is not a MAC "
                   "address (aa:bb:cc:dd:ee:ff)\n")


@pytest.mark.parametrize("old, new, line", [
    ("mtu: 1450", "mtu: 1400", "~ network n1: mtu 1450 -> 1400"),
    ("  mtu: 1450\n", "", "~ network n1: mtu 1450 -> 1500"),
    ("segmentation-id: 10", "segmentation-id: 11", "~ network n1: segmentation-id 10 -> 11"),
    ("type: vxlan", "type: gre", "~ network n1: type vxlan -> gre"),
    ("physical-network: p1", "physical-network: p2",
     "~ network n2: physical-network p1 -> p2, segmentation-id 2 -> (allocated)"),
    ("{owner: me, \"a b\": \"c: d\"}", "{}",
     "~ network n1: external-ids {a b=c: d, owner=me} -> {}"),
    ("    gateway: 10.0.1.1\n", "", "~ subnet s1: gateway 10.0.1.1 -> (none)"),
    ("    gateway: 10.0.1.1\n", "    gateway: 10.0.1.2\n",
     "~ subnet s1: gateway 10.0.1.1 -> 10.0.1.2"),
    ("ra-mode: slaac", "address-mode: slaac",
     "~ subnet s6: ra-mode slaac -> (none), address-mode (none) -> slaac"),
    ("    dns-search: [example.org]\n", "", "~ subnet s6: dns-search example.org -> (none)"),
    ("    mac: fa:16:3e:00:01:01\n", "    mac: fa:16:3e:00:01:01\n    router-preference: high\n",
     "~ router port rp1: router-preference (none) -> high"),
    ("FA:16:3E:00:00:01", "fa:16:3e:00:00:09",
     "~ port vm1: mac fa:16:3e:00:00:01 -> fa:16:3e:00:00:09"),
    ("[10.0.1.5, 10.0.1.10]", "[10.0.1.9, 10.0.1.10]",
     "~ port vm1: addresses 10.0.1.5 10.0.1.10 -> 10.0.1.9 10.0.1.10"),
    ("    addresses: [10.0.1.5, 10.0.1.10]\n", "",
     "~ port vm1: addresses 10.0.1.5 10.0.1.10 -> (none)"),
    ("    requested-chassis: c1\n", "", "~ port vm1: requested-chassis c1 -> (none)"),
    ("    enabled: false\n", "", "~ port vm2: enabled false -> true"),
    ("  enabled: false\n  ports:", "  ports:", "~ router r1: enabled false -> true"),
    ("  routes:\n  - 10.9.0.0/16 via 10.0.1.254\n", "",
     "~ router r1: routes 10.9.0.0/16 via 10.0.1.254 -> (none)"),
    ("[10.0.1.1/24]", "[10.0.1.2/24]",
     "~ router port rp1: addresses 10.0.1.1/24 -> 10.0.1.2/24"),
    ("fa:16:3e:00:01:01", "fa:16:3e:00:01:02",
     "~ router port rp1: mac fa:16:3e:00:01:01 -> fa:16:3e:00:01:02"),
])
def test_a_change_is_one_line_and_is_made(dfctl, old, new, line):
    assert old in FILE
    dfctl("apply", dfctl.file(FILE))
    path = dfctl.file(FILE.replace(old, new, 1))
    assert differences(dfctl, "--prune", path) == [line]
    assert changes(dfctl("--dry-run", "apply", "--prune", path)) == [line]
    assert changes(dfctl("apply", path, "--prune")) == [line]
    assert dfctl("apply", path, "--prune") == UNCHANGED


@pytest.mark.parametrize("given, line", [
    ("{name: n1}", None),
    ("{name: n1, mtu: 1500}", "~ network n1: mtu 1450 -> 1500"),
    ("{name: n1, type: geneve}",
     "~ network n1: type vxlan -> geneve, segmentation-id 10 -> (allocated)"),
    ("{name: n1, external-ids: {}}", "~ network n1: external-ids {a b=c: d, owner=me} -> {}"),
    ("{name: n2}", None),
    ("{name: n2, type: flat}",
     "~ network n2: type vlan -> flat, segmentation-id 2 -> (none)"),
    ("{name: n2, type: local}", "~ network n2: type vlan -> local, physical-network p1 -> (none), "
                                "segmentation-id 2 -> (none)"),
    ("{name: n1, subnets: [{name: s1, cidr: 10.0.1.0/24}]}", None),
    ("{name: n1, subnets: [{name: s1, cidr: 10.0.1.0/24, gateway: ~}]}",
     "~ subnet s1: gateway 10.0.1.1 -> (none)"),
    ("{name: n1, ports: [{name: vm1, mac: 'fa:16:3e:00:00:01'}]}", None),
    ("{name: n1, ports: [{name: vm1, mac: 'fa:16:3e:00:00:01', addresses: []}]}",
     "~ port vm1: addresses 10.0.1.5 10.0.1.10 -> (none)"),
    ("{name: n1, ports: [{name: vm1, mac: 'fa:16:3e:00:00:01', requested-chassis: }]}",
     "~ port vm1: requested-chassis c1 -> (none)"),
    ("{name: n1, ports: [{name: vm2, mac: 'fa:16:3e:00:00:02'}]}", None),
    ("{name: n1, ports: [{name: vm2, mac: 'fa:16:3e:00:00:02', enabled: true}]}",
     "~ port vm2: enabled false -> true"),
])
def test_what_an_object_does_not_say_stays(dfctl, given, line):
    dfctl("apply", dfctl.file(FILE))
    before = dfctl.dump()
    path = dfctl.file("networks: [%s]" % given)
    if not line:
        assert differences(dfctl, path) == []
        assert dfctl("apply", path) == UNCHANGED
        assert dfctl.dump() == before
        return
    assert differences(dfctl, path) == [line]
    assert changes(dfctl("apply", path)) == [line]
    assert dfctl("apply", path) == UNCHANGED


def test_what_a_router_does_not_say_stays(dfctl):
    dfctl("apply", dfctl.file(FILE))
    assert differences(dfctl, "-", input="routers: [{name: r1}]") == []
    assert differences(dfctl, "-", input="routers: [{name: r1, enabled: true, routes: []}]") == [
        "~ router r1: enabled false -> true, routes 10.9.0.0/16 via 10.0.1.254 -> (none)"]


def test_what_the_file_does_not_name_stays(dfctl):
    dfctl("apply", dfctl.file(FILE))
    text = "networks: [{name: n3, ports: [{name: vm3, mac: 'fa:16:3e:00:00:03'}]}]"
    before = dfctl.dump()
    assert differences(dfctl, "-", input=text) == ["+ network n3", "+ port vm3"]
    assert dfctl("apply", "-", input=text) == (
        "+ network n3\n+ port vm3\n2 added, 0 changed, 0 removed, 0 unchanged\n")
    after = dfctl.dump()
    for table, rows in before.items():
        if table != "Global":
            assert set(rows) <= set(after[table])
    assert dfctl("apply", "-", input="networks: []") == UNCHANGED
    assert dfctl.dump() == after


def test_what_the_file_does_not_name_is_deleted_with_prune(dfctl):
    dfctl("apply", dfctl.file(FILE))
    text = "networks: [{name: n2, type: flat, physical-network: p1}]"
    lines = ["~ network n2: type vlan -> flat, segmentation-id 2 -> (none)",
             "- router port rp1", "- port vm1", "- port vm2", "- subnet s1", "- subnet s6",
             "- router r1", "- network n1"]
    assert differences(dfctl, "--prune", "-", input=text) == lines
    assert changes(dfctl("apply", "--prune", "-", input=text)) == lines
    assert changes(dfctl("--prune", "apply", "-", input="networks: []")) == ["- network n2"]


def test_nothing_of_neutron_is_pruned(dfctl):
    """Neither its rows nor their columns; nor what it uses, whoever made that."""
    text = FILE + """\
- name: r2
  ports:
  - name: rp2
    network: n1
    mac: fa:16:3e:00:01:02
    addresses: [10.0.1.2/24]
"""
    dfctl("apply", "-", input=text)
    mark = {"external_ids": ["map", [["neutron:revision", "7"]]]}
    for table, name in (("Subnet", "s1"), ("Port", "vm1"), ("Router_Port", "rp1"),
                        ("Router", "r2"), ("Network", "n2")):
        dfctl.transact({"op": "update", "table": table, "where": [["name", "==", name]],
                        "row": mark})
    assert differences(dfctl, "--prune", "-", input="networks: []") == [
        "- router port rp2", "- port vm2", "- subnet s6"]
    assert dfctl("apply", "--prune", "-", input="networks: []") == (
        "- router port rp2\n- port vm2\n- subnet s6\n"
        "0 added, 0 changed, 3 removed, 0 unchanged, 7 of Neutron kept\n")
    short = "networks: [{name: n1, ports: [{name: vm1, mac: 'fa:16:3e:00:00:01'}]}]"
    assert differences(dfctl, "--prune", "-", input=short) == [
        "~ network n1: type vxlan -> geneve, segmentation-id 10 -> (allocated), mtu 1450 -> 1500"]


def test_the_mark_of_neutron_stays_unless_the_file_gives_it(dfctl):
    dfctl("apply", "-", input="networks: [{name: n, external-ids: "
                              "{neutron:revision: '7', neutron:name: x, owner: me}}]")
    assert changes(dfctl("apply", "-", input="networks: [{name: n, external-ids: {}}]")) == [
        "~ network n: external-ids {neutron:name=x, neutron:revision=7, owner=me} -> "
        "{neutron:name=x, neutron:revision=7}"]
    assert changes(dfctl("apply", "-", input="networks: [{name: n, external-ids: "
                                             "{neutron:revision: '8'}}]")) == [
        "~ network n: external-ids {neutron:name=x, neutron:revision=7} -> {neutron:revision=8}"]


def test_a_dry_run_says_so(dfctl):
    assert dfctl("--dry-run", "apply", "-", input="networks: [{name: n}]") == (
        "+ network n\n1 added, 0 changed, 0 removed, 0 unchanged (dry run)\n")
    assert dfctl.rows("Network") == []


@pytest.mark.parametrize("argv, message", [
    (["diff"], None),
    (["diff", "--bogus", "x"], None),
    (["diff", "a", "b"], 'diff: "b" is a second file: there can be only one'),
    (["diff", "--prune"], None),
    (["diff", "/nonexistent"], "/nonexistent: No such file or directory"),
    (["diff", "-", "--", "net-add", "n"],
     "diff changes nothing, so no other command can be given with it"),
    (["--bogus", "diff", "-"], None),
    (["--format=bogus", "diff", "-"], None),
    (["-d", "bogus", "diff", "-"], None),
    (["diff", "-", "--log-file=/nonexistent/x"], None),
    (["net-add", "n", "--", "diff", "-"],
     "diff changes nothing, so no other command can be given with it"),
])
def test_diff_that_cannot_compare_ends_with_status_2(dfctl, argv, message):
    before = dfctl.dump()
    status, out, err = dfctl.run(*argv, input="networks: [{name: x}]")
    assert (status, out) == (2, "")
    assert message is None or err == "dfctl: %s\n" % message
    assert dfctl.dump() == before


def test_diff_tells_that_apply_would_be_refused(dfctl):
    status, out, err = dfctl.run(
        "diff", "-", input="routers: [{name: r, routes: [10.0.0.0/8 via 10.1.1.1]}]")
    assert (status, out) == (2, "")
    assert "next hop is on none of the router's connected prefixes" in err


def test_diff_without_a_database_ends_with_status_2(dfctl):
    p = subprocess.run([program("dfctl"), "--db=unix:/nonexistent", "diff", "-"], timeout=60,
                       input="networks: []", text=True, capture_output=True)
    assert (p.returncode, p.stdout) == (2, "")


def test_what_diff_prints_must_arrive(dfctl):
    with open("/dev/full", "w") as full:
        p = subprocess.run([program("dfctl"), "--db=" + dfctl.server.remote, "diff", "-"],
                           stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                           input="networks: [{name: x}]")
    assert p.returncode == 2


def test_what_belongs_to_others_is_left_alone(dfctl):
    path = dfctl.file(FILE)
    dfctl("apply", path)
    dfctl.transact(
        {"op": "insert", "table": "Chassis", "uuid-name": "c", "row": {"name": "c1"}},
        {"op": "update", "table": "Port", "where": [["name", "==", "vm1"]],
         "row": {"chassis": ["named-uuid", "c"], "up": True,
                 "external_ids": ["map", [["neutron", "x"]]]}})
    dfctl("apply", dfctl.file(FILE.replace("FA:16:3E:00:00:01", "fa:16:3e:00:00:09")))
    row = dfctl.row("Port", "vm1")
    assert row["up"] is True and row["external_ids"] == ["map", [["neutron", "x"]]]
    assert row["chassis"] == dfctl.row("Chassis", "c1")["_uuid"]


def test_a_port_moves_to_another_network_that_is_made_while_its_own_is_deleted(dfctl):
    dfctl("apply", "-", input="networks: [{name: a, ports: [{name: p, mac: fa:16:3e:00:00:01}]}]")
    assert changes(dfctl("apply", "--prune", "-", input="networks: [{name: b, ports: "
                         "[{name: p, mac: fa:16:3e:00:00:01}]}]")) == [
        "+ network b", "~ port p: network a -> b", "- network a"]
    # The id of the network that goes is free again.
    assert dfctl.row("Network", "b")["segmentation_id"] == 1


def test_macs_and_addresses_can_be_exchanged(dfctl):
    text = ("networks: [{name: a, subnets: [{name: s, cidr: 10.0.0.0/24}], ports: ["
            "{name: p, mac: fa:16:3e:00:00:01, addresses: [10.0.0.%d]}, "
            "{name: q, mac: fa:16:3e:00:00:02, addresses: [10.0.0.%d]}]}]")
    dfctl("apply", "-", input=text % (1, 2))
    assert len(changes(dfctl("apply", "-", input=text % (2, 1)))) == 2


def test_an_id_that_is_not_given_is_kept(dfctl):
    text = "networks: [{name: a}, {name: b}]"
    dfctl("apply", "-", input=text)
    dfctl("net-del a")
    assert dfctl("apply", "-", input="networks: [{name: b}]") == UNCHANGED
    assert dfctl.row("Network", "b")["segmentation_id"] == 2


def test_five_thousand_objects(dfctl):
    networks = []
    for i in range(20):
        networks.append({
            "name": "n%d" % i, "subnets": [{"name": "s%d" % i, "cidr": "10.%d.0.0/16" % i}],
            "ports": [{"name": "p%d-%d" % (i, j), "mac": "02:00:00:%02x:00:%02x" % (i, j),
                       "addresses": ["10.%d.1.%d" % (i, j)]} for j in range(1, 248)]})
    routers = [{"name": "r%d" % i, "ports": [
        {"name": "r%d-%d" % (i, k), "network": "n%d" % k, "mac": "02:00:01:00:%02x:%02x" % (i, k),
         "addresses": ["10.%d.0.1/16" % k]} for k in (2 * i, 2 * i + 1)]} for i in range(10)]
    path = dfctl.file(yaml.safe_dump({"networks": networks, "routers": routers}))
    assert dfctl("apply", path).endswith("\n5010 added, 0 changed, 0 removed, 0 unchanged\n")
    before = dfctl.dump()
    assert dfctl("apply", path) == UNCHANGED
    assert dfctl("apply", "--prune", path) == UNCHANGED
    assert differences(dfctl, "--prune", path) == []
    assert dfctl.dump() == before
    networks[3]["ports"][7]["mac"] = "02:00:02:00:00:00"
    path = dfctl.file(yaml.safe_dump({"networks": networks, "routers": routers}))
    assert dfctl("apply", path) == (
        "~ port p3-8: mac 02:00:00:03:00:08 -> 02:00:02:00:00:00\n"
        "0 added, 1 changed, 0 removed, 5009 unchanged\n")


ERRORS = [
    ("", '1: the file is empty (for an empty topology write "networks: []")'),
    ("# nothing\n", '1: the file is empty (for an empty topology write "networks: []")'),
    ("[]", "1: a topology must be a map"),
    ("nets: []", '1: a topology has no key "nets"'),
    ("networks: []\nnetworks: []", "2: networks is given twice"),
    ("networks: {}", "1: networks must be a list"),
    ("networks:\n- n1", "2: a network must be a map"),
    ("networks:\n- type: geneve", '2: a network needs "name"'),
    ("networks:\n- name:", "2: name has no value"),
    ("networks:\n- name: ~", "2: name has no value"),
    ('networks:\n- name: ""', "2: name has no value"),
    ('networks:\n- name: "a\\tb"', "2: name contains a control character"),
    ('networks:\n- name: "a\\0b"', "2: name contains a NUL character"),
    ("networks:\n- name: [x]", "2: name must be a single value"),
    ("networks:\n- {name: n}\n- {name: n}", "3: network n is given twice, first in line 2"),
    ("networks:\n- {name: n, color: red}", '2: a network has no key "color"'),
    ("networks:\n- name: n\n  type: stt",
     '3: type: "stt" is none of geneve, vxlan, gre, vlan, flat, local'),
    ("networks:\n- name: n\n  mtu: 10", '3: mtu: "10" is not a number in 68..65535'),
    ("networks:\n- name: n\n  mtu: big", '3: mtu: "big" is not a number in 68..65535'),
    ("networks:\n- name: n\n  segmentation-id: 0",
     '3: segmentation-id: "0" is not a number in 1..4294967295'),
    ("networks:\n- name: n\n  segmentation-id: 99999999",
     "2: network n: segmentation id 99999999 is not in 1..16777215, the range of a geneve network"),
    ("networks:\n- name: n\n  external-ids: x", "3: external-ids must be a map"),
    ("networks:\n- name: n\n  external-ids: {a: [b]}",
     '3: external-ids: the value of "a" must be a string'),
    ("networks:\n- name: n\n  external-ids: {a: b, a: c}", '3: external-ids: "a" is given twice'),
    ("networks:\n- name: n\n  subnets:\n  - name: s", '4: a subnet needs "cidr"'),
    ("networks:\n- name: n\n  subnets:\n  - name: s\n    cidr: 10.0.0.1/24",
     '5: cidr: "10.0.0.1/24" has bits set beyond its prefix length: is 10.0.0.0/24 meant?'),
    ("networks:\n- name: n\n  subnets:\n  - {name: s, cidr: 10.0.0.0/24, gateway: 10.0.1.1}",
     "4: subnet s: gateway: 10.0.1.1 is outside 10.0.0.0/24"),
    ("networks:\n- name: n\n  ports:\n  - {name: p}", '4: a port needs "mac"'),
    ("networks:\n- name: n\n  ports:\n  - {name: p, mac: x}",
     '4: mac: "x" is not a MAC address (aa:bb:cc:dd:ee:ff)'),
    ("networks:\n- name: n\n  ports:\n  - {name: p, mac: fa:16:3e:00:00:01, addresses: 10.0.0.1}",
     "4: addresses must be a list"),
    ("networks:\n- name: n\n  ports:\n  - {name: p, mac: fa:16:3e:00:00:01, addresses: [x]}",
     '4: addresses: "x" is not an IP address'),
    ("networks:\n- name: n\n  ports:\n  - name: p\n    mac: fa:16:3e:00:00:01\n"
     "    addresses: [10.0.0.1, 10.0.0.1]", "6: addresses contain a repetition"),
    ("networks:\n- name: n\n  ports:\n  - {name: p, mac: fa:16:3e:00:00:01, enabled: maybe}",
     '4: enabled: "maybe" is neither true nor false'),
    ("networks:\n- name: n\n  ports:\n  - {name: p, mac: fa:16:3e:00:00:01}\n"
     "  - {name: q, mac: FA:16:3E:00:00:01}",
     "4: port p: MAC address fa:16:3e:00:00:01 is also used by port q (and 1 more)"),
    ("routers:\n- name: r\n  ports:\n  - {name: rp, mac: fa:16:3e:00:00:01, addresses: []}",
     '4: a port of a router needs "network"'),
    ("routers:\n- name: r\n  ports:\n  - {name: rp, network: n, mac: fa:16:3e:00:00:01, "
     "addresses: []}", "4: router port rp: network n does not exist"),
    ("routers:\n- name: r\n  routes:\n  - 10.0.0.0/8", '4: routes: "10.0.0.0/8" is not a route '
                                                       '(PREFIX via NEXTHOP)'),
    ("routers:\n- name: r\n  routes:\n  - 10.0.0.0/8 via 10.1.1.1",
     '2: router r: route "10.0.0.0/8 via 10.1.1.1": next hop is on none of the router\'s '
     'connected prefixes'),
    ("networks:\n- name: n\n  external-ids: {a: b, c: ~}",
     '3: external-ids: "c" has no value ("" is the empty string)'),
    ("networks: []\n--- \nnetworks: []", "2: there is a second document"),
    ("networks: &a [*a]", "1: a network must be a map"),
]


@pytest.mark.parametrize("text, message", ERRORS, ids=[m for _, m in ERRORS])
def test_an_error_names_file_and_line(dfctl, text, message):
    path = dfctl.file(text)
    assert dfctl.refused("apply", path) == "%s:%s" % (path, message)


@pytest.mark.parametrize("text, line", [
    ("networks: [", 2), ("networks:\n- name: 'x\n", 3), ("a: b: c", 1), ("networks: *x", 1),
    ("networks:\n\t- name: n", 2), ("\x01", 1),
])
def test_what_is_not_yaml_is_refused_with_its_line(dfctl, text, line):
    path = dfctl.file(text)
    assert dfctl.refused("apply", path).startswith("%s:%d: " % (path, line))


def test_a_file_that_cannot_be_read_is_told(dfctl, tmp_path):
    assert dfctl.refused("apply", tmp_path / "none") == "%s/none: No such file or directory" % (
        tmp_path)
    assert dfctl.refused("apply", tmp_path) == "%s: Is a directory" % tmp_path
    assert dfctl.refused("apply", "-", input="x: y").startswith("<stdin>:1: ")


@pytest.mark.parametrize("path", EXAMPLES, ids=[p.name for p in EXAMPLES])
def test_the_examples_are_right(dfctl, path):
    dfctl("apply", path)
    assert dfctl("apply", path) == UNCHANGED
    assert "no faults" in dfctl("status")


@pytest.mark.parametrize("seed", range(25))
def test_a_random_topology_survives_export_and_apply(dfctl, seed):
    topology = random_topology(random.Random(seed))
    dfctl("apply", "-", input=yaml.safe_dump(topology, allow_unicode=True))
    text = dfctl("export")
    # Nothing was lost, also in the eyes of another YAML reader.
    exported = yaml.safe_load(text)
    for kind in ("networks", "routers"):
        assert sorted(o["name"] for o in exported[kind]) == sorted(
            o["name"] for o in topology[kind])
    nat = {t["name"]: t for r in exported["routers"] for t in r.get("nat", [])}
    assert nat == {t["name"]: t for r in topology["routers"] for t in r["nat"]}
    ports = {p["name"]: p for n in exported["networks"] for p in n.get("ports", [])}
    for network in topology["networks"]:
        for port in network["ports"]:
            got = ports[port["name"]]
            assert got["mac"] == port["mac"]
            assert got.get("addresses", []) == port.get("addresses", [])
            assert got.get("external-ids", {}) == port.get("external-ids", {})
            assert got.get("enabled", True) == port.get("enabled", True)

    assert dfctl("apply", "-", input=text) == UNCHANGED
    dfctl.clear()
    dfctl("apply", "-", input=text)
    assert dfctl("export") == text


@pytest.mark.parametrize("seed", range(10))
def test_any_topology_can_follow_any_other(dfctl, seed):
    rng = random.Random(1000 + seed)
    for _ in range(3):
        text = yaml.safe_dump(random_topology(rng), allow_unicode=True)
        dfctl("apply", "--prune", "-", input=text)
        assert dfctl("apply", "--prune", "-", input=text) == UNCHANGED
        assert differences(dfctl, "-", input=text) == []
        assert "no faults" in dfctl("status")


def test_differences_as_json(dfctl):
    dfctl("net-add n1 mtu=1450 -- port-add a n1 fa:16:3e:00:00:01 10.0.0.1")
    text = "networks: [{name: n1, mtu: 1400, ports: [{name: b, mac: 'fa:16:3e:00:00:02'}]}]"
    status, out, err = dfctl.run("diff", "-", "--prune", "--format=json", input=text)
    assert (status, err) == (1, "")
    expected = {"changes": [
        {"change": "modify", "kind": "network", "name": "n1",
         "columns": {"mtu": ["1450", "1400"]}},
        {"change": "add", "kind": "port", "name": "b"},
        {"change": "remove", "kind": "port", "name": "a"}],
        "added": 1, "changed": 1, "removed": 1, "unchanged": 0, "kept": 0}
    assert json.loads(out) == expected
    assert json.loads(dfctl("--format=json", "apply", "-", "--prune", input=text)) == expected
    assert json.loads(dfctl("--format=json", "diff", "-", "--prune", input=text)) == {
        "changes": [], "added": 0, "changed": 0, "removed": 0, "unchanged": 2, "kept": 0}


def test_a_router_may_be_put_on_a_network_that_is_there(dfctl):
    """But not if what the file does not mention goes."""
    dfctl("net-add n1")
    text = ("routers: [{name: r1, ports: [{name: rp, network: n1, mac: '0e:00:00:00:00:01', "
            "addresses: [10.0.1.1/24]}]}]")
    assert dfctl("apply", "-", input=text).startswith("+ router r1\n+ router port rp\n")
    status, out, err = dfctl.run("apply", "-", "--prune", input=text)
    assert status == 1 and "router port rp: network n1 does not exist" in err
