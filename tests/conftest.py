# SPDX-License-Identifier: Apache-2.0
"""What all suites share: logs of what failed are kept, and daemons' problems
make the test that used them fail."""
import gc
import os
import pathlib
import re
import shutil

import pytest

from dfharness import process
from dfharness.streams import BackgroundStream

LOGS = process.TOP / "build/test-results/logs"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """When a test fails while clouds exist, keeps their logs and says where."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    where = LOGS / re.sub(r"[^\w.-]+", "_", item.nodeid)
    shutil.rmtree(where, ignore_errors=True)
    saved = [w.save_logs(where) for w in list(process.workspaces) if w.path.exists()]
    if saved:
        report.sections.append(("logs", "kept in %s" % where))
        problems = [p for w in list(process.workspaces) for p in w.problems()]
        if problems:
            report.longrepr = "%s\n%s" % (report.longrepr, "\n".join(problems))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown():
    """What a test that failed was sending does not go on beside the next test."""
    BackgroundStream.end_all()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish():
    """Nothing may survive a test run, not even one that was interrupted."""
    gc.collect()
    for workspace in list(process.workspaces):
        workspace.close()


def pytest_report_header():
    build = process.build_dir()
    return "programs of %s" % (os.path.relpath(build) if build.exists() else pathlib.Path(build))
