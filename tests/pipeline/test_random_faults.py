# SPDX-License-Identifier: Apache-2.0
"""Whatever happens, and in whatever order: when all is well again, the switch holds what a
daemon puts there that knows nothing of the past.

Rows change at random, and in between connections are lost, daemons and servers die and start,
interfaces come and go, another program writes into the switch, and one host takes another's name.

DRAGONFLOW_RANDOM_STEPS says how many steps there are (default 600), DRAGONFLOW_RANDOM_ROUND after
how many of them there is a comparison (default 60), and DRAGONFLOW_RANDOM_SEED repeats what a
failure has printed; the times at which changes arrive differ all the same."""
import os
import random
import re

import pytest

from dfharness import Cloud, run, wait_until
from dfharness.process import SCHEMA, Failure, program
from dfharness.randomrows import RandomRows

STEPS = int(os.environ.get("DRAGONFLOW_RANDOM_STEPS", 600))
SEED = int(os.environ.get("DRAGONFLOW_RANDOM_SEED", 0)) or random.SystemRandom().getrandbits(31)
STEPS_A_ROUND = int(os.environ.get("DRAGONFLOW_RANDOM_ROUND", 60))
FAULTS_A_ROUND = STEPS_A_ROUND // 15

pytestmark = pytest.mark.timeout(240 + STEPS)


def has_bridge(chassis):
    try:
        return bool(chassis.ofctl("show", "br-int"))
    except Failure:
        return False


class Faults:
    """What may happen to two chassis and their database, one method each."""

    def __init__(self, cloud, rng):
        self.cloud, self.rng = cloud, rng
        self.borrowed = False

    def chassis(self):
        return self.rng.choice(self.cloud.chassis)

    # --- Connections and daemons ---

    def lose_the_database(self):
        self.chassis().configure(remote="unix:/nowhere")

    def find_the_database(self):
        self.chassis().configure(remote=self.cloud.nb_db.remote)

    def restart_the_database(self):
        self.cloud.nb_db.restart()

    def convert_the_database(self):
        """To the schema that it has: all chassis read everything anew."""
        run([program("ovsdb-client"), "convert", self.cloud.nb_db.remote, SCHEMA])

    def compact_the_database(self):
        self.cloud.nb_db.daemon.appctl("ovsdb-server/compact")

    def stop_a_daemon(self):
        chassis = self.chassis()
        if chassis.controller.is_running():
            how = self.rng.choice(["kill", "terminate", "exit", "restart"])
            if how == "kill":
                chassis.controller.kill()
            elif how == "terminate":
                chassis.controller.terminate()
            else:
                chassis.controller.exit(*["--restart"] if how == "restart" else [])

    def start_a_daemon(self):
        chassis = self.chassis()
        if not chassis.controller.is_running():
            chassis.controller.start()

    def restart_a_switch(self):
        chassis = self.chassis()
        chassis.vswitchd.kill()
        chassis.vswitchd.start()
        wait_until(lambda: has_bridge(chassis), "%s: no bridge" % chassis.name)

    # --- Interfaces and names ---

    def plug_or_unplug(self):
        chassis, name = self.chassis(), "p%d" % self.rng.randrange(RandomRows.LOCAL)
        if name in chassis.vms:
            chassis.vms[name].unplug()
        else:
            chassis.plug(name)

    def borrow_a_name(self):
        """Once, as it takes both some seconds to believe that it is over."""
        if not self.borrowed:
            self.borrowed = True
            self.cloud.chassis[1].configure(system_id="c1")

    # --- Another program in the switch ---

    def meddle(self):
        table = self.rng.choice([0, 96, 104, 112, 120, 128, 144, 152, 160, 164, 168, 169])
        self.chassis().ofctl("-OOpenFlow15", *self.rng.choice([
            ["del-flows", "br-int"],
            ["del-flows", "br-int", "table=%d" % table],
            ["mod-flows", "br-int", "table=%d,actions=drop" % table],
            ["add-flow", "br-int", "table=%d,priority=65535,actions=drop" % table],
            ["add-flow", "br-int", "table=77,actions=drop"],
            ["del-meters", "br-int"],
            ["del-meter", "br-int", "meter=%d" % self.rng.randrange(1, 20)]]))

    def another_controller(self):
        chassis = self.chassis()
        chassis.vsctl("--no-wait", "set-controller", "br-int", "tcp:127.0.0.1:1")
        chassis.vsctl("--no-wait", "del-controller", "br-int")

    ALL = (lose_the_database, find_the_database, restart_the_database, convert_the_database,
           compact_the_database, stop_a_daemon, start_a_daemon, restart_a_switch, plug_or_unplug,
           plug_or_unplug, plug_or_unplug, borrow_a_name, meddle, meddle, meddle,
           another_controller)

    def one(self):
        fault = self.rng.choice(self.ALL)
        fault(self)
        return fault.__name__

    def heal(self):
        """Every chassis is there, connected, and has a name of its own."""
        for chassis in self.cloud.chassis:
            chassis.configure(remote=self.cloud.nb_db.remote, system_id=chassis.name)
            if not chassis.controller.is_running():
                chassis.controller.start()


def addresses(cloud):
    """The tunnel addresses in each chassis' row."""
    return {row["name"]: set(dict(row["encaps"][1]).values())
            for row in cloud.nb_db.rows("Chassis", columns=["name", "encaps"])}


def settle(cloud):
    """What is in the database is in the switches, as "applied" and "engine/verify" say."""
    wait_until(lambda: all(addresses(cloud).get(c.name) == {c.encap_ip} for c in cloud.chassis),
               lambda: "the chassis' rows: %s" % addresses(cloud), 40)
    db = cloud.nb_db
    db.transact({"op": "mutate", "table": "Global", "where": [],
                 "mutations": [["sequence", "+=", 1]]})
    sequence = db.rows("Global")[0]["sequence"]

    def applied():
        rows = {row["name"]: row["applied"] for row in db.rows("Chassis")}
        return all(rows.get(c.name) == sequence for c in cloud.chassis)

    faults = []

    def verified():
        faults.clear()
        for chassis in cloud.chassis:
            try:
                chassis.verify()
            except Failure as e:
                faults.append("\n".join([chassis.name, str(e), chassis.dfappctl("status"),
                                         *chassis.flows()]))
        return not faults
    wait_until(applied, lambda: "not applied\n" + "\n".join(
        c.dfappctl("status") for c in cloud.chassis), 40)
    wait_until(verified, lambda: "\n".join(faults), 20)


def installed(chassis):
    meters = chassis.ofctl("-OOpenFlow15", "dump-meters", "br-int")
    return sorted(chassis.flows()) + sorted(re.findall(r"meter=.*\n.*", meters))


def start_from_nothing(chassis):
    """A new daemon, and an empty switch."""
    chassis.controller.exit("--restart")
    chassis.ofctl("del-flows", "br-int")
    chassis.ofctl("-OOpenFlow15", "del-meters", "br-int")
    chassis.controller.start()


def difference(before, after):
    return "\n".join("%s %s" % ("-" if line in before else "+", line)
                     for line in sorted(set(before) ^ set(after)))


@pytest.fixture
def cloud():
    with Cloud(chassis=2, physnets=["phys1"]) as cloud:
        yield cloud


def test_what_is_installed_does_not_depend_on_the_past(cloud):
    print("DRAGONFLOW_RANDOM_SEED=%d DRAGONFLOW_RANDOM_STEPS=%d" % (SEED, STEPS))
    rng = random.Random(SEED)
    rows, faults = RandomRows(cloud.nb_db, rng), Faults(cloud, rng)
    cloud.nb_db.transact({"op": "insert", "table": "Global", "row": {"sequence": 1}})
    for i in range(RandomRows.NETWORKS):
        rows.network(i)
    for number in range(max(1, STEPS // STEPS_A_ROUND)):
        happened = []
        faulty = rng.sample(range(STEPS_A_ROUND), FAULTS_A_ROUND)
        for step in range(STEPS_A_ROUND):
            if step in faulty:
                happened.append(faults.one())
            else:
                rows.change()
        faults.heal()
        settle(cloud)
        before = [installed(chassis) for chassis in cloud.chassis]
        for chassis in cloud.chassis:
            start_from_nothing(chassis)
        settle(cloud)
        for chassis, old in zip(cloud.chassis, before):
            new = installed(chassis)
            assert old == new, "round %d (%s), %s:\n%s" % (
                number, ", ".join(happened), chassis.name, difference(old, new))
        assert len(before[0]) > 150  # Meters alone are 129.
    rows.close()
