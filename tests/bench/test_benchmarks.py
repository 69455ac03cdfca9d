# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run, at tiny sizes: nothing is said about what they measure."""
import json
import os
import pathlib
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "bench/lib"))

from dfbench import dpdk, page, report, traffic  # noqa: E402
from dfbench.ovn import Installation  # noqa: E402
from dfbench.ovn_topology import OvnTopology  # noqa: E402
from dfbench.topology import Topology, object_uuid  # noqa: E402
from dfharness.netns import why_impossible  # noqa: E402
from dfharness.process import build_dir  # noqa: E402
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.utils import rdpcap  # noqa: E402


def run_benchmarks(tmp_path, *arguments):
    """The rows of each measure, by name."""
    results = tmp_path / "results.json"
    p = subprocess.run([str(TOP / "bench/run"), "--small", "--json", str(results), *arguments],
                       env=dict(os.environ, DRAGONFLOW_BUILD=str(build_dir())), text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    assert p.returncode == 0, p.stdout
    assert "targets met" in p.stdout
    return json.loads(results.read_text())["measures"]


def find(rows, text):
    return next(r for r in rows if text in r["what"])


def test_large_topologies_are_measured(tmp_path):
    measures = run_benchmarks(tmp_path, "--alone", "cold-start", "switch-limit", "latency")
    cold = measures["cold-start"]
    assert find(cold, "OpenFlow flows")["data"]["dragonflow"] > 400  # Two for each port.
    assert find(cold, "all cold")["data"]["dragonflow"] > 0
    assert find(measures["switch-limit"], "OpenFlow part")["data"]["part"] > 0
    added = find(measures["latency"], "remote port added")
    assert all(ms > 0 for ms in added["data"]["samples"])


def test_ports_of_both_families_are_measured(tmp_path):
    rows = run_benchmarks(tmp_path, "--alone", "dual-stack", "flows", "megaflows")
    both = find(rows["dual-stack"], "both against IPv4 alone")["data"]["dragonflow"]
    assert both["both"]["flows"] > both["IPv4 alone"]["flows"] + 150  # One more for each port.
    assert find(rows["flows"], "each remote port of both families")["met"]
    assert [r["value"] for r in rows["megaflows"] if r["what"].startswith("one chassis, IPv6")] == [
        1, 0, 0, "no"]


def test_the_command_line_is_measured(tmp_path):
    rows = run_benchmarks(tmp_path, "commands")["commands"]
    assert all(min(r["data"]["seconds"]) > 0 for r in rows)
    assert find(rows, "dfctl port-add")["target"] == "<= 0.1 s"


def test_a_wiped_switch_is_measured(tmp_path):
    rows = run_benchmarks(tmp_path, "--alone", "wiped")["wiped"]
    assert find(rows, "until they are back")["data"]["samples"]
    assert find(rows, "at rest")["data"]["dragonflow"] > 0


def test_a_cloud_is_simulated(tmp_path):
    """The chassis that need a new port read it, and no others."""
    rows = run_benchmarks(tmp_path, "cloud")["cloud"]
    for relays in (0, 2):
        data = next(r["data"] for r in rows if r.get("data", {}).get("relays") == relays)
        assert data["chassis"] == 20 and data["ports_known_to_a_chassis"] == 500
        assert set(data["changed"]) == set(data["read"]) == {10}
        assert min(data["latency_s"]) > 0 and data["server_cpu_ms_per_port"] > 0


@pytest.mark.skipif(why_impossible() is not None, reason=str(why_impossible()))
def test_restarts_are_measured(tmp_path):
    rows = run_benchmarks(tmp_path, "--alone", "restart")["restart"]
    sent, *_ = find(rows, "exit --restart")["data"]["dragonflow"]
    assert sent > 50


@pytest.mark.skipif(Installation().why_impossible() is not None, reason="there is no OVN")
def test_ovn_is_measured_beside(tmp_path):
    rows = run_benchmarks(tmp_path, "cold-start")["cold-start"]
    assert find(rows, "OpenFlow flows")["data"]["ovn"] > 400
    assert find(rows, "all cold")["data"]["ovn"] > 0


@pytest.mark.skipif("DF_TEST_DATA_PLANE" not in os.environ,
                    reason="takes a core for itself: set DF_TEST_DATA_PLANE")
def test_cycles_per_packet_are_measured(tmp_path):
    rows = run_benchmarks(tmp_path, "data-plane")["data-plane"]
    reason = dpdk.why_impossible()
    if reason:
        assert rows == [report.skipped(reason)]
    else:
        assert find(rows, "local, 1 connection, EMC")["data"]["ratio"] > 0


def test_every_reference_of_an_ovn_topology_leads_to_an_object():
    rows = OvnTopology(Topology(2, 3, 4, chassis=5, local=2))
    tables = {**rows.nb_tables(), **rows.sb_tables()}
    there = {object_uuid(name) for named in tables.values() for name, _ in named}

    def references(value):
        if isinstance(value, list) and value[:1] == ["uuid"]:
            yield value[1]
        elif isinstance(value, list):
            for v in value:
                yield from references(v)
    asked = [uuid for named in tables.values() for _, row in named
             for uuid in references(list(row.values()))]
    assert len(asked) == 24 + 6 + 6 + 5 + 5  # Ports, router ports, their peers, chassis.
    assert set(asked) <= there


def test_frames_are_what_they_should_be(tmp_path):
    path = tmp_path / "x.pcap"
    ports = traffic.connections(70000)
    assert len(set(ports)) == 70000
    traffic.write_pcap(path, [traffic.udp("0a:00:00:00:00:01", "0e:00:00:00:00:02", "10.1.0.2",
                                          "10.2.0.3", *ports[-1])])
    frame, = rdpcap(str(path))
    assert (frame.src, frame.dst, len(frame)) == ("0a:00:00:00:00:01", "0e:00:00:00:00:02", 60)
    checksum = frame[IP].chksum
    del frame[IP].chksum
    assert IP(bytes(frame[IP])).chksum == checksum
    assert (frame[IP].ttl, frame[IP].dst, frame[UDP].sport, frame[UDP].dport) == (
        64, "10.2.0.3", *ports[-1])


def test_frames_of_ipv6_are_what_they_should_be(tmp_path):
    path = tmp_path / "x.pcap"
    traffic.write_pcap(path, [traffic.udp("0a:00:00:00:00:01", "0e:00:00:00:00:02",
                                          "2001:db8::2", "2001:db8:1::3", 1024, 5000)])
    frame, = rdpcap(str(path))
    assert (frame.src, frame.dst, len(frame)) == ("0a:00:00:00:00:01", "0e:00:00:00:00:02", 62)
    checksum = frame[UDP].chksum
    del frame[UDP].chksum
    assert IPv6(bytes(frame[IPv6]))[UDP].chksum == checksum
    assert (frame[IPv6].hlim, frame[IPv6].dst, frame[UDP].sport, frame[UDP].dport) == (
        64, "2001:db8:1::3", 1024, 5000)


def test_a_target_is_met_only_by_what_is_not_more():
    assert report.compared("x", 2.0, 10.0, "%.1f ms", 2)["met"]
    missed = report.compared("x", 2.1, 10.0, "%.1f ms", 2)
    assert not missed["met"] and missed["target"] == "<= 2.0 ms"
    assert "met" not in report.compared("x", 2.0, None, "%.1f ms")
    assert report.verdicts({"m": [missed, {"what": "y", "value": "-"}]}) == (0, 1)


def change(size, what, ms, theirs=None, target=None):
    return [report.compared("%s ports: %s" % (size, what), ms, theirs, "%.2f ms", target),
            report.compared("  p99", 2 * ms, theirs, "%.2f ms"),
            report.compared("  CPU of all processes", 3 * ms, theirs, "%.2f ms")]


def test_results_become_tables_of_a_page():
    cold = [report.compared("1,000 ports: cold", 0.1, 1.0, "%.1f s", 0.6, note="a | b"),
            report.compared("  CPU", 2.0, None, "%.1f s", 1), report.skipped("no reason")]
    latency = [*change("1,000", "port, 4 ports", 1, 4, 0.5), report.row("  the floor", "0.90 ms"),
               *change("2,000", "port, 4 ports", 2, target=0.5)]
    text = page.render({"date": "today", "ovn": "23.03",
                        "measures": {"cold-start": cold, "latency": latency}},
                       {"cold-start": "Cold start"})
    lines = text.splitlines()
    assert "1 of 4 targets are met; not:" in lines
    assert "- cold: CPU (≤ 1.0 s): 2.0 s (1,000 ports)" in lines
    assert ("- port, 4 ports (≤ 0.50 ms): 1.00 ms (1,000 ports), 2.00 ms (2,000 ports)") in lines
    assert "| cold | 0.1 s | 1.0 s |" in lines
    assert "| CPU | 2.0 s | – |" in lines
    assert ("| 1,000, port, 4 ports | 1.00 | 2.00 | 3.00 | 4.00 | 4.00 | 4.00 | 4 | 1.33 |"
            ) in lines
    assert "| 2,000, port, 4 ports | 2.00 | 4.00 | 6.00 |" in lines
    assert "| port, 4 ports: the floor | 0.90 ms | – |" in lines
    before = "top\n%s\nstale\n%s\nbottom\n" % (page.BEGIN, page.END)
    after = page.replace(before, text)
    assert after.startswith("top\n") and after.endswith("\nbottom\n") and "stale" not in after
    assert page.replace(after, text) == after
    with pytest.raises(ValueError):
        page.replace("no marks", text)
