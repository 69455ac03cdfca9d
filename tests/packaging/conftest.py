# SPDX-License-Identifier: Apache-2.0
"""What the tests of the packages share: the packages, and roots to install them in."""
import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

from dfharness.process import TOP
from root import OverlayRoot, why_impossible

NAMES = ("dragonflow-controller", "dragonflow-common", "python3-networking-dragonflow",
         "dragonflow-doc")
OUT = TOP / "build/test-results/packages"


def pytest_collection_modifyitems(items):
    """Whichever test comes first builds the packages, or waits until another process has."""
    for item in items:
        if pathlib.Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def packages():
    """Builds the packages once a run: a dict from name to file.  libopenvswitch is that of
    the checkout."""
    if not shutil.which("dh"):
        pytest.skip("building packages needs debhelper (make deps)")
    OUT.mkdir(parents=True, exist_ok=True)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    with open(OUT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        built_by = OUT / "built-by"
        if not built_by.exists() or built_by.read_text() != run:
            built_by.unlink(missing_ok=True)
            p = subprocess.run([TOP / "packaging/build-deb", "--quick",
                                "--ovs=%s" % (TOP / "build/ovs"), OUT],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if not p.returncode:
                built_by.write_text(run)
            else:
                pytest.fail(p.stdout, pytrace=False)
    files = {path.name.split("_")[0]: path for path in OUT.glob("*.deb")}
    assert sorted(files) == sorted(NAMES)
    return files


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    """Where all packages are unpacked together."""
    where = tmp_path_factory.mktemp("unpacked")
    for path in packages.values():
        subprocess.run(["dpkg-deb", "-x", path, where], check=True)
    return pathlib.Path(where)


@pytest.fixture(scope="module")
def root(packages):
    """A copy of this machine's file system, with the packages in /packages."""
    reason = why_impossible()
    if reason:
        pytest.skip("installing packages needs root and overlays: %s" % reason)
    with OverlayRoot() as root:
        # What this machine itself may have of ours.
        root.run(["dpkg", "--purge", *NAMES], check=False)
        for path in packages.values():
            root.put(path, "packages")
        yield root
