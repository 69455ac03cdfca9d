# SPDX-License-Identifier: Apache-2.0
"""What others do to the switch: how long until it is put right, and what the watching costs."""
import re
import time

from control_plane import ports_text, shape
from dfbench.meters import median
from dfbench.report import compared, row
from dfbench.testbed import Testbed

REST_SECONDS = 10
SECONDS = {5000: 0.5}  # About 10,000 flows.
REST_PERCENT = 1.0


def wipe(bed):
    """Removes all flows of the bridge; seconds until they are all back, and until the chassis
    says again that everything is applied."""
    before = bed.flow_count()
    bed.host.ofctl("del-flows", "br-int")
    start = time.monotonic()
    while bed.flow_count() < before:
        if time.monotonic() - start > 60:
            raise TimeoutError("%d of %d flows are back" % (bed.flow_count(), before))
    back = time.monotonic() - start
    while not re.search(r"flows: \d+ wanted, 0 not yet confirmed", bed.host.dfappctl("status")):
        pass
    return back, time.monotonic() - start


def at_rest(bed, seconds):
    """Percent of a core that each process uses while nothing happens."""
    time.sleep(2)
    for process in bed.processes.values():
        process.reset()
    time.sleep(seconds)
    return {name: process.cpu / seconds * 100 for name, process in bed.processes.items()}


def wiped(options):
    """All flows removed by another program: until they are back; and a daemon at rest."""
    rows = []
    for n in sorted({min(5000, max(options.ports)), *[n for n in options.ports if n <= 10000]}):
        with Testbed(shape(n)) as bed:
            flows = bed.cold_start()["flows"]
            rest = at_rest(bed, REST_SECONDS)
            results = [wipe(bed) for _ in range(options.rounds)]
        rows += [
            compared("%s, %s flows wiped: until they are back" % (
                ports_text(n), format(flows, ",")), median([r[0] for r in results]), None,
                "%.2f s", SECONDS.get(n), data={"samples": results}),
            row("  until the chassis says so", "%.2f s" % median([r[1] for r in results])),
            compared("  df-controller at rest", rest["df-controller"], None, "%.2f %% of a core",
                     REST_PERCENT, data=rest),
            row("  ovs-vswitchd at rest", "%.2f %% of a core" % rest["ovs-vswitchd"]),
        ]
    return rows


MEASURES = [wiped]
