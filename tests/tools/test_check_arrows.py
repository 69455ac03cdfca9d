# SPDX-License-Identifier: Apache-2.0
"""tools/check-arrows finds what it is there to find, and nothing else."""
import pathlib
import subprocess

import pytest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "tools/check-arrows"
HEADERS = ["nb/model.h", "controller/flow/engine.h", "controller/topology/topology.h",
           "controller/pipeline/pipeline.h", "controller/switch/switch.h",
           "controller/chassis/chassis.h", "controller/service/icmp.h",
           "controller/metrics/http.h",
           "controller/northbound.h", "dfctl/lookup.h", "tests/unit/frames.h"]


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
    ("controller/main.c", "northbound.h"),
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
    ("controller/chassis/a.c", "northbound.h"),
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


def test_an_empty_house_is_not_clean(tmp_path):
    assert subprocess.run([str(CHECK), str(tmp_path)], capture_output=True).returncode
