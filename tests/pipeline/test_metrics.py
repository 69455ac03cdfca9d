# SPDX-License-Identifier: Apache-2.0
"""The metrics for Prometheus, and a web server that no client can disturb."""
import json
import random
import re
import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dfharness import Cloud, Failure, wait_until
from dfharness.process import TOP

DASHBOARD = TOP / "packaging" / "grafana" / "dragonflow.json"
GET = b"GET /metrics HTTP/1.1\r\nHost: chassis\r\n\r\n"


@pytest.fixture(scope="module")
def cloud():
    with Cloud(chassis=1) as cloud:
        cloud.add_network("n1", "10.0.1.0/24")
        cloud.add_network("n2", "10.0.2.0/24")
        cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        cloud.add_vm("vm1", "n1", 0, "10.0.1.11")
        cloud.add_vm("vm2", "n2", 0, "10.0.2.12")
        cloud.chassis[0].configure(metrics="unix")
        cloud.sync()
        wait_until(lambda: socket_path(cloud).exists(), "the metrics' socket")
        yield cloud


def socket_path(cloud):
    return cloud.chassis[0].rundir / "df-controller.metrics"


def connect(cloud):
    def attempt():
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        try:
            sock.connect(str(socket_path(cloud)))
        except BlockingIOError:  # Too many at once.
            sock.close()
            return None
        return sock
    return wait_until(attempt, "a connection to the metrics' socket")


def ask(cloud, request=GET):
    """The status and the body of the answer."""
    with connect(cloud) as sock:
        sock.sendall(request)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    header, _, body = answer.partition(b"\r\n\r\n")
    length = int(re.search(rb"^Content-Length: (\d+)\r?$", header, re.M)[1])
    assert request.startswith(b"HEAD") or length == len(body)
    return int(header.split()[1]), body.decode()


def parse(page):
    """The samples of a page, checked strictly: {(name, labels): value}."""
    samples, declared = {}, set()
    for line in page.splitlines():
        assert re.fullmatch(r"# (HELP|TYPE) [a-z_:][a-z0-9_:]* .*\S"
                            r"|[a-z_:][a-z0-9_:]*(\{.*\})? \S+", line), line
    for name in re.findall(r"^# TYPE (\S+)", page, re.M):
        assert name not in declared, "%s is declared twice" % name
        declared.add(name)
        assert page.count("# HELP %s " % name) == 1
    for family in text_string_to_metric_families(page):
        assert family.type in ("counter", "gauge", "histogram"), family.name
        assert family.documentation.endswith(".") or ";" in family.documentation
        assert family.samples, "%s has no samples" % family.name
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name.endswith("_total"), sample.name
            elif family.type == "gauge":
                assert sample.name == family.name and not sample.name.endswith("_total")
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in samples, "%s is there twice" % (key,)
            samples[key] = sample.value
    assert page.endswith("\n")
    return samples


def metrics(cloud):
    status, page = ask(cloud)
    assert status == 200
    return parse(page)


def value(samples, name, **labels):
    return samples[name, tuple(sorted(labels.items()))]


def check_histograms(samples):
    for (name, labels), count in samples.items():
        if not name.endswith("_count"):
            continue
        base = name[:-len("_count")]
        buckets = sorted((float(dict(ls)["le"]), n) for (other, ls), n in samples.items()
                         if other == base + "_bucket" and set(labels) <= set(ls))
        assert buckets[-1] == (float("inf"), count)
        assert [n for _, n in buckets] == sorted(n for _, n in buckets)
        yield base


def test_the_page_is_what_prometheus_understands(cloud):
    samples = metrics(cloud)
    assert "dragonflow_update_duration_seconds" in check_histograms(samples)
    assert any(name == "dragonflow_info" and ("chassis", "c1") in labels
               for name, labels in samples)


def test_flows_of_what_does_not_exist_are_an_error(cloud):
    cloud.sync()
    c1 = cloud.chassis[0]
    network = cloud.nb_db.rows("Network")[0]["name"]
    assert 0 < len(c1.dfappctl("flows", network).splitlines()) < len(
        c1.dfappctl("flows").splitlines())
    with pytest.raises(Failure, match='no flow belongs to "nope"'):
        c1.dfappctl("flows", "nope")


def test_the_numbers_are_those_of_the_daemon(cloud):
    cloud.sync()
    samples = metrics(cloud)
    for peer in ("northbound", "ovsdb", "openflow"):
        assert value(samples, "dragonflow_connected", peer=peer) == 1
        assert value(samples, "dragonflow_connections_total", peer=peer) >= 1
    assert value(samples, "dragonflow_flows") == len(
        cloud.chassis[0].dfappctl("flows").splitlines())
    assert value(samples, "dragonflow_flows_refused") == 0
    assert value(samples, "dragonflow_local_ports") == 2
    assert value(samples, "dragonflow_monitored_rows", table="Port") == 2
    assert value(samples, "dragonflow_monitored_rows", table="Network") == 2
    assert value(samples, "process_resident_memory_bytes") > 1 << 20
    assert value(samples, "process_cpu_seconds_total") > 0


def test_changes_are_counted_when_the_switch_has_confirmed_them(cloud):
    def count(samples, origin):
        return value(samples, "dragonflow_update_duration_seconds_count", origin=origin)

    before = metrics(cloud)
    cloud.nb("route-add r1 10.9.0.0/16 10.0.1.11")
    cloud.sync()
    between = metrics(cloud)
    assert count(between, "northbound") > count(before, "northbound")
    vm = cloud.add_vm("vm3", "n1", 0, "10.0.1.13")
    cloud.sync()
    after = metrics(cloud)
    assert count(after, "local") > count(between, "local")
    assert value(after, "dragonflow_updates_waiting", origin="local") == 0
    assert (value(after, "dragonflow_applied_sequence")
            == value(after, "dragonflow_northbound_sequence")
            > value(before, "dragonflow_applied_sequence"))
    assert (value(after, "dragonflow_applied_timestamp_seconds")
            > value(before, "dragonflow_applied_timestamp_seconds"))
    assert value(after, "dragonflow_flow_mods_total") > value(before, "dragonflow_flow_mods_total")
    vm.unplug()
    cloud.nb("route-del r1 10.9.0.0/16")
    cloud.sync()


def test_packets_are_counted_by_reason(cloud):
    labels = {"reason": "ttl_exceeded", "outcome": "answered"}
    before = value(metrics(cloud), "dragonflow_packets_handled_total", **labels)
    vm1, vm2 = cloud["vm1"], cloud["vm2"]
    router = next(r["mac"] for r in cloud.nb_db.rows("Router_Port")
                  if "10.0.1.1/24" in r["addresses"])
    vm1.send(vm1.udp(router, vm2.ip, ttl=1))
    cloud.clear()
    wait_until(lambda: value(metrics(cloud), "dragonflow_packets_handled_total", **labels)
               == before + 1, "the packet to be counted")


def test_metrics_show_says_the_same(cloud):
    page = cloud.chassis[0].dfappctl("metrics/show")
    assert parse(page).keys() == metrics(cloud).keys()


@pytest.mark.parametrize("request_line, status", [
    (b"GET / HTTP/1.1", 404), (b"GET /metricsx HTTP/1.1", 404), (b"GET /metrics/ HTTP/1.1", 404),
    (b"POST /metrics HTTP/1.1", 405), (b"get /metrics HTTP/1.1", 405),
    (b"GET /metrics HTTP/3.0", 505), (b"GET /metrics HTTP/1.0", 200),
    (b"GET /metrics?x=y HTTP/1.1", 200), (b"HEAD /metrics HTTP/1.1", 200)])
def test_other_requests_get_their_status(cloud, request_line, status):
    answer, body = ask(cloud, request_line + b"\r\nHost: x\r\n\r\n")
    assert answer == status
    assert ("The metrics are at /metrics" in body) == (status in (404, 405))


def test_what_is_no_http_is_cut_off(cloud):
    dropped = {"result": "dropped"}
    before = value(metrics(cloud), "dragonflow_metrics_requests_total", **dropped)
    with connect(cloud) as sock:
        sock.sendall(b"rubbish\r\n\r\n")
        assert sock.recv(4096) == b""
    assert value(metrics(cloud), "dragonflow_metrics_requests_total", **dropped) == before + 1


def test_a_request_that_does_not_end_is_refused(cloud):
    start = b"GET /metrics HTTP/1.1\r\nX: "
    assert ask(cloud, start + b"x" * (4096 - len(start)))[0] == 431


def test_clients_that_send_nothing_do_not_keep_others_out(cloud):
    silent = [connect(cloud) for _ in range(100)]
    try:
        assert ask(cloud)[0] == 200
        samples = metrics(cloud)
        assert value(samples, "dragonflow_metrics_requests_total", result="dropped") >= 80
    finally:
        for sock in silent:
            sock.close()


def test_a_client_that_does_not_read_does_not_delay_others(cloud):
    lazy = [connect(cloud) for _ in range(20)]
    try:
        for sock in lazy:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            try:
                sock.sendall(GET)
            except OSError:
                pass  # Replaced by a later one.
        cloud.add_vm("vm4", "n1", 0, "10.0.1.14")
        cloud.sync()
        assert ask(cloud)[0] == 200
    finally:
        for sock in lazy:
            sock.close()
    cloud["vm4"].unplug()
    cloud.sync()


def test_rubbish_does_no_harm(cloud):
    random.seed(20)
    for _ in range(300):
        request = bytearray(GET if random.random() < 0.7 else random.randbytes(200))
        for _ in range(random.randrange(8)):
            request[random.randrange(len(request))] = random.randrange(256)
        with connect(cloud) as sock:
            try:
                for i in range(0, len(request), 40):
                    sock.sendall(request[i:i + 40])
            except OSError:
                pass  # It was answered and closed before.
    assert ask(cloud)[0] == 200
    cloud.sync()


def test_the_address_can_be_changed_and_removed(cloud):
    chassis = cloud.chassis[0]
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        # Taken by another program: that is logged, and tried again later.
        chassis.configure(metrics="127.0.0.1:%d" % port)
        wait_until(lambda: not socket_path(cloud).exists(), "the socket to go")
        cloud.sync()
    chassis.configure(metrics=None)
    cloud.sync()
    chassis.configure(metrics="127.0.0.1:%d" % port)

    def fetch():
        try:
            url = "http://127.0.0.1:%d/metrics" % port
            with urllib.request.urlopen(url, timeout=30) as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                return answer.read().decode()
        except urllib.error.URLError:
            return None
    parse(wait_until(fetch, "metrics over TCP"))
    chassis.configure(metrics="unix")
    wait_until(lambda: socket_path(cloud).exists(), "the metrics' socket")
    assert fetch() is None


def test_the_dashboard_uses_metrics_that_exist(cloud):
    names = {name for name, _ in metrics(cloud)}
    dashboard = json.loads(DASHBOARD.read_text())
    expressions = [t["expr"] for panel in dashboard["panels"] for t in panel["targets"]]
    expressions += [v["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
    assert len(expressions) > 10
    for expression in expressions:
        used = set(re.findall(r"\b(?:dragonflow|process)_\w+", expression))
        assert used and used <= names, expression
        assert expression.count("(") == expression.count(")")
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
