#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the add-on beside real Neutron, and the legacy router without it.

    bench/neutron.py [--firewall DRIVER] [--seconds N] [--timeout N]

Prints; decides nothing.  Everything is between machines on two compute nodes of the same
cloud (vxlan), in the same run; "native" is a cloud without Neutron on the same machine.
Namespaces, veth pairs and the userspace datapath bound the throughput: compare within a
run only.  DRAGONFLOW_BUILD names the build that is measured."""
import argparse
import os
import pathlib
import re
import signal
import socket
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests/lib"))
sys.dont_write_bytecode = True

from dfharness import NsCloud, wait_until  # noqa: E402
from dfneutron import NeutronCloud, why_impossible  # noqa: E402

PINGS = 1000


def say(what, text):
    print("  %-46s  %s" % (what, text), flush=True)


# --- Speed ----------------------------------------------------------------

def rtt(one, two):
    one.ping(two.ip, count=20, interval=0.01)
    out = one.run("ping -n -q -c %d -i 0.002 %s" % (PINGS, two.ip))
    least, mean, _, deviation = re.search(
        r"= ([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+) ms", out).groups()
    return "%s ms on average, %s at least, deviation %s" % (mean, least, deviation)


def throughput(client, server, seconds, port=5010):
    """In Gb/s."""
    received = []

    def sink(listener):
        peer, _ = listener.accept()
        total = 0
        with peer:
            while True:
                data = peer.recv(1 << 20)
                if not data:
                    break
                total += len(data)
        received.append(total)

    with server.socket() as listener, client.socket() as s:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((server.ip, port))
        listener.listen()
        thread = threading.Thread(target=sink, args=(listener,), daemon=True)
        thread.start()
        s.connect((server.ip, port))
        data = bytes(1 << 20)
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        thread.join()
        return received[0] * 8 / (time.monotonic() - begin) / 1e9


def speed(name, one, two, seconds):
    say("%s: round trip" % name, rtt(one, two))
    say("%s: TCP" % name, "%.2f Gb/s" % throughput(one, two, seconds))


def native(seconds):
    with NsCloud(chassis=2) as cloud:
        cloud.add_network("n1", "10.0.1.0/24", type="vxlan")
        cloud.add_network("n2", "10.0.2.0/24", type="vxlan")
        cloud.add_router("r1", n1="10.0.1.1/24", n2="10.0.2.1/24")
        one = cloud.add_vm("one", "n1", 0, "10.0.1.11/24", gateway="10.0.1.1", mtu=1450)
        two = cloud.add_vm("two", "n2", 1, "10.0.2.11/24", gateway="10.0.2.1", mtu=1450)
        cloud.sync()
        speed("native", one, two, seconds)


# --- Losses ---------------------------------------------------------------

def losses(one, two, what, event, settle):
    """A ping every millisecond while 'event' happens, and until 'settle' returns."""
    stream = one.ping_stream(two.ip)
    time.sleep(0.5)
    event()
    settle()
    time.sleep(0.5)
    sent, lost = stream.stop()
    slowest = max((d for _, d in stream.delays() if d != float("inf")), default=0)
    say(what, "%d of %d pings lost, %.0f ms the longest answer" % (lost, sent, slowest * 1e3))


def all_losses(cloud, one, two):
    router, chassis = cloud.router["id"], one.chassis

    def legacy():
        before, _ = cloud.network_node.forwarded(router)
        time.sleep(0.05)
        return cloud.network_node.forwarded(router)[0] > before

    def fallen_back():
        begin = time.monotonic()
        wait_until(legacy, "no fall-back", timeout=60)
        say("", "by the legacy router after %.2f s" % (time.monotonic() - begin))

    def returned():
        wait_until(lambda: not legacy(), "the short cut does not return", timeout=60)

    def reachable():
        wait_until(lambda: one.ping(two.ip, count=1, timeout=0.2), "no connectivity", timeout=60)
        returned()

    controller = chassis.controller
    losses(one, two, "kill -9 of df-controller, fall-back", controller.kill, fallen_back)
    losses(one, two, "df-controller returns", chassis.start_controller, returned)
    losses(one, two, "kill -STOP, fall-back", lambda: os.kill(controller.pid, signal.SIGSTOP),
           fallen_back)
    losses(one, two, "kill -CONT", lambda: os.kill(controller.pid, signal.SIGCONT), returned)
    losses(one, two, "df-controller: exit --restart and start",
           lambda: chassis.restart_controller("exit --restart"), returned)
    losses(one, two, "df-controller: exit", controller.exit, fallen_back)
    losses(one, two, "df-controller starts", chassis.start_controller, returned)
    losses(one, two, "stock OVS agent restarts", chassis.restart_ovs_agent, returned)
    losses(one, two, "stock OVS agent killed and started",
           lambda: chassis.restart_ovs_agent("kill"), returned)
    losses(one, two, "ovs-vswitchd restarts", chassis.restart_vswitchd, reachable)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--firewall", default="openvswitch", help="the agents' firewall_driver")
    parser.add_argument("--seconds", type=int, default=5, help="of each TCP transfer")
    parser.add_argument("--timeout", type=int, default=2, help="dragonflow-fallback-timeout")
    args = parser.parse_args()
    reason = why_impossible()
    if reason:
        sys.exit("bench: %s" % reason)

    print("East-West between two compute nodes, firewall_driver=%s, fall-back time-out %d s"
          % (args.firewall, args.timeout))
    with NeutronCloud(firewall=args.firewall, fallback_timeout=args.timeout) as cloud:
        say("the cloud is up after", "%.0f s" % (cloud.ready - cloud.started))
        n1 = cloud.add_network("n1", "10.0.1.0/24")
        n2 = cloud.add_network("n2", "10.0.2.0/24")
        cloud.router = cloud.add_router("r1", n1, n2)
        one = cloud.add_vm("one", n1, 0, wait=False)
        two = cloud.add_vm("two", n2, 1, wait=False)
        cloud.sync()
        speed("legacy router", one, two, args.seconds)
        cloud.convert({0, 1})
        cloud.sync()
        wait_until(lambda: one.ping(two.ip, count=1), "no connectivity")
        before, _ = cloud.network_node.forwarded(cloud.router["id"])
        speed("add-on", one, two, args.seconds)
        after, _ = cloud.network_node.forwarded(cloud.router["id"])
        say("packets through the legacy router meanwhile", after - before)
        all_losses(cloud, one, two)
    native(args.seconds)


if __name__ == "__main__":
    main()
