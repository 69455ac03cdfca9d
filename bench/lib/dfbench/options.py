# SPDX-License-Identifier: Apache-2.0
"""What can be chosen when benchmarks are run."""
import dataclasses
import os


def sizes(text):
    return [int(s.replace(",", "")) for s in text.split(",")]


@dataclasses.dataclass
class Options:
    ovn_prefix: str = None    # The installation that is measured against; None: Debian's.
    alone: bool = False       # Without OVN.
    tuning: object = None     # OVN's (see ovn.Tuning): what the cold start found best.
    ports: list = dataclasses.field(default_factory=lambda: [1000, 10000, 100000])
    ovn_max: int = 10000      # More ports than that take OVN too long.
    repeat: int = 50          # Single changes of each kind.
    ovn_repeat: int = 10      # The same for OVN; with 10,000 ports each takes seconds.
    rounds: int = 5           # Of everything that is measured alternately.
    seconds: float = 0.4      # For each measurement of cycles per packet.
    connections: tuple = (1, 1000, 100000)
    destinations: int = 1000
    restarts: int = 10        # Of each kind; half as many for OVN.
    restart_ports: int = 10000
    neutron_rounds: int = 3   # Of the speed of each way to route beside Neutron,
    neutron_seconds: float = 3  # and for each TCP transfer of them.
    neutron_repeat: int = 40  # Ports created over Neutron's API.
    neutron_ports: int = 10000  # That Neutron has when it is compared with the NB database.
    cloud_chassis: list = dataclasses.field(default_factory=lambda: [100])
    cloud_relays: tuple = (0, 2)
    cloud_repeat: int = 20    # Ports that are added one by one,
    cloud_burst: int = 100    # and at once.

    def ovn_rounds(self, ports):
        """Cold starts of OVN with so many ports: one of 10,000 takes a minute."""
        return min(self.rounds, 3) if ports < 5000 else 1

    def ovn_changes(self, ports):
        return self.ovn_repeat if ports < 5000 else min(self.ovn_repeat, 3)

    @classmethod
    def small(cls):
        """Seconds: to see that everything still works."""
        return cls(ports=[200], repeat=2, ovn_repeat=2, rounds=1, seconds=0.1,
                   connections=(1, 10), destinations=10, restarts=1, restart_ports=100,
                   neutron_rounds=1, neutron_seconds=0.5, neutron_repeat=4, neutron_ports=200,
                   cloud_chassis=[20], cloud_repeat=2, cloud_burst=5)

    @classmethod
    def from_environment(cls):
        options = cls()
        if "DF_SCALE_PORTS" in os.environ:
            options.ports = sizes(os.environ["DF_SCALE_PORTS"])
        if "DF_SCALE_REPEAT" in os.environ:
            options.repeat = int(os.environ["DF_SCALE_REPEAT"])
        return options
