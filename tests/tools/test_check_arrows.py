# SPDX-License-Identifier: Apache-2.0
"""tools/check-arrows finds what it is there to find, and nothing else."""
import pathlib
import subprocess

import pytest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "tools/check-arrows"
HEADERS = ["nb/model.h", "controller/flow/engine.h", "controller/topology/topology.h",
           "controller/pipeline/pipeline.h", "controller/switch/switch.h",
           "controller/chassis/chassis.h", "controller/service/icmp.h",
           "controller/metrics/http.h", "controller/binding/binding.h",
           "controller/northbound/northbound.h", "controller/parts.h",
           "dfctl/lookup.h", "tests/unit/frames.h"]


@pytest.fixture
def house(tmp_path):
    for header in HEADERS:
        (tmp_path / header).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / header).write_text("")
    return tmp_path


def breaches(house, path, text):
    """What the check says about a house that also holds this file."""
    (house / path).write_text(text)
    run = subprocess.run([str(CHECK), str(house)], capture_output=True, text=True)
    assert run.returncode == bool(run.stdout) and not run.stderr
    return run.stdout.splitlines()


def includes(house, path, header):
    return breaches(house, path, '#include "%s"\n' % header)


@pytest.mark.parametrize("path, header", [
    ("controller/flow/a.c", "engine.h"),
    ("controller/flow/a.c", "openvswitch/hmap.h"),
    ("controller/topology/a.c", "nb/model.h"),
    ("controller/topology/a.c", "flow/engine.h"),
    ("controller/pipeline/a.c", "topology/topology.h"),
    ("controller/pipeline/a.h", "nb/dragonflow-idl.h"),
    ("controller/main.c", "switch/switch.h"),
    ("controller/main.c", "parts.h"),
    ("controller/main.c", "northbound/northbound.h"),
    ("dfctl/a.c", "nb/model.h"),
    ("tests/unit/a.c", "pipeline/pipeline.h"),
])
def test_a_room_may_include_the_rooms_to_its_left(house, path, header):
    assert includes(house, path, header) == []


@pytest.mark.parametrize("path, header", [
    ("nb/a.c", "flow/engine.h"),
    ("nb/a.c", "controller/flow/engine.h"),
    ("controller/flow/a.c", "nb/model.h"),
    ("controller/flow/a.h", "nb/dragonflow-idl.h"),
    ("controller/topology/a.c", "pipeline/pipeline.h"),
    ("controller/switch/a.c", "topology/topology.h"),
    ("controller/chassis/a.c", "parts.h"),
    ("controller/binding/a.c", "northbound/northbound.h"),
    ("controller/service/a.c", "switch/switch.h"),
    ("controller/main.c", "dfctl/lookup.h"),
    ("controller/main.c", "tests/unit/frames.h"),
    ("dfctl/a.c", "topology/topology.h"),
    ("controller/flow/a.c", "../flow/engine.h"),
])
def test_a_room_may_not_include_any_other(house, path, header):
    (breach,) = includes(house, path, header)
    assert breach.startswith(path + ":1: ") and header in breach


def test_a_function_has_at_most_100_lines(house):
    text = "int\nf(void)\n{\n%s}\n"
    assert breaches(house, "nb/a.c", text % ("    g();\n" * 100)) == []
    assert breaches(house, "nb/a.c", text % ("    g();\n" * 101)) == [
        "nb/a.c:3: f() has 101 lines, more than 100"]


def test_a_table_may_be_longer_than_a_function(house):
    assert breaches(house, "nb/a.c", "int a[] = {\n%s};\n" % ("    1,\n" * 200)) == []


def test_a_file_has_at_most_800_lines(house):
    assert breaches(house, "nb/a.c", "\n" * 800) == []
    assert breaches(house, "nb/a.c", "\n" * 801) == ["nb/a.c:801: 801 lines, more than 800"]


def write(house, files):
    for path, text in files.items():
        (house / path).write_text(text)


def function(name, *calls, type="void"):
    return "%s\n%s(int n, const char *text,\n  int more)\n{\n%s}\n" % (
        type, name, "".join("    %s(n);\n" % call for call in calls))


@pytest.mark.parametrize("files", [
    # By headers, a header and a call, calls, a pointer to a function.
    {"nb/a.c": '#include "nb/b.h"\n', "nb/b.c": '#include "nb/a.h"\n', "nb/a.h": "", "nb/b.h": ""},
    {"nb/a.h": '#include "nb/b.h"\n', "nb/b.h": "", "nb/b.c": function("b", "a"),
     "nb/a.c": function("a")},
    {"nb/a.c": function("a", "b"), "nb/b.c": function("b", "a")},
    {"nb/a.c": function("a", "b"), "nb/b.c": "int (*p[])(void) = {a};\n" + function("b")},
    {"nb/a.c": function("a", "b"), "nb/b.c": function("b", "c"),
     "nb/b.h": function("c", "a", type="static inline int")},
])
def test_files_that_need_each_other_are_a_circle(house, files):
    write(house, files)
    (breach,) = breaches(house, "nb/z.c", "")
    assert ": a circle of 2 files: nb/a needs nb/b (nb/" in breach and "nb/b needs nb/a" in breach


def test_the_circle_of_three_files_is_reported_with_its_steps(house):
    write(house, {"nb/a.c": function("a", "b"), "nb/b.c": function("b", "c"),
                  "nb/c.c": "\n" + function("c", "a"), "nb/d.c": function("d", "a")})
    assert breaches(house, "nb/z.c", "") == [
        "nb/a.c:5: a circle of 3 files: nb/a needs nb/b (nb/a.c:5), "
        "nb/b needs nb/c (nb/b.c:5), nb/c needs nb/a (nb/c.c:6)"]


@pytest.mark.parametrize("text", [
    '#include "nb/b.h"\n',                             # its own header
    "/* b(1);\n * b(2);\n */\n// b(3)\n",               # comments
    function("c").replace("}", '    puts("b(1)");\n}'),  # strings
    function("c").replace("}", "    n = p->b + q.b;\n    struct b *p;\n}"),
    function("b", type="static void") + function("c", "b"),
    function("b", type="OVS_NO_RETURN static void") + function("c", "b"),
])
def test_what_names_no_function_of_another_file_is_no_arrow(house, text):
    write(house, {"nb/b.c": function("b", "a"), "nb/a.h": "void a(int n);\nvoid b(int n);\n"})
    assert breaches(house, "nb/a.c", function("a") + text.replace("nb/b.h", "nb/a.h")) == []


def test_a_header_of_types_that_both_include_is_no_circle(house):
    write(house, {"nb/private.h": "struct a {\n    int n;\n};\nvoid a(int);\nvoid b(int);\n",
                  "nb/b.c": '#include "nb/private.h"\n' + function("b")})
    assert breaches(house, "nb/a.c", '#include "nb/private.h"\n' + function("a", "b")) == []


def test_functions_of_two_programs_may_have_one_name(house):
    write(house, {"dfctl/a.c": function("main", "run"), "dfctl/b.c": function("run")})
    assert breaches(house, "controller/b.c", function("run") + function("other", "main")) == []


def test_an_empty_house_is_not_clean(tmp_path):
    assert subprocess.run([str(CHECK), str(tmp_path)], capture_output=True).returncode
