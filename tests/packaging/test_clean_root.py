# SPDX-License-Identifier: Apache-2.0
"""The packages need nothing that they do not name: they install in a minimal Debian."""
import re
import shutil
import subprocess

import pytest

from root import why_impossible


def sources():
    """The lines of sources.list for Debian itself, as this machine's apt is configured."""
    out = subprocess.run(["apt-get", "indextargets", "--format",
                          "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(CODENAME)",
                          "Created-By: Packages"], check=True, stdout=subprocess.PIPE,
                         text=True).stdout
    return ["deb %s %s %s" % tuple(line.split("|")[1:4]) for line in sorted(set(out.split("\n")))
            if line.startswith("Debian|")]


def apt_options():
    """How this machine's apt gets there: proxies, checks."""
    out = subprocess.run(["apt-config", "dump"], check=True, stdout=subprocess.PIPE,
                         text=True).stdout
    options = re.findall(r"^Acquire::(?:https?|Check-\w|Retries)\S* \".*;$", out, re.M)
    return ["--aptopt=%s" % o for o in options + ["Acquire::Retries \"3\";"]]


def have_all_of(output):
    """Whether apt and its helpers could fetch what they wanted."""
    return not re.search(r"Failed to fetch|Unable to fetch|Could not resolve|Could not connect|"
                         r"Some index files failed", output)


@pytest.mark.long
def test_controller_and_common_install_in_a_minimal_debian(packages, tmp_path):
    reason = why_impossible() or (not shutil.which("mmdebstrap") and "no mmdebstrap")
    if reason:
        pytest.skip("making a clean Debian: %s" % reason)
    lines = sources()
    if not lines:
        pytest.skip("this machine's apt knows no Debian mirror")
    codename = re.match(r"deb \S+ ([a-z]+)", lines[0])[1]
    debs = [packages["dragonflow-controller"], packages["dragonflow-common"]]
    said = tmp_path / "said"
    check = ("df-controller --version; dfctl --version; getent passwd dragonflow;"
             "/usr/share/dragonflow/scripts/prepare-nb /tmp/nb.db; ovsdb-tool db-name /tmp/nb.db")
    # The root is removed when all is done.
    p = subprocess.run(
        ["mmdebstrap", "--mode=root", "--variant=apt", "--format=null", *apt_options(),
         "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/locale/*",
         "--dpkgopt=force-unsafe-io",
         "--customize-hook=cp %s \"$1/tmp\"" % " ".join(map(str, debs)),
         "--customize-hook=chroot \"$1\" apt-get install -q -y --no-install-recommends "
         + " ".join("/tmp/" + d.name for d in debs),
         "--customize-hook=chroot \"$1\" sh -ec '%s' >%s" % (check, said),
         codename, "-", "-"],
        input="\n".join(lines), env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                                     "TMPDIR": str(tmp_path), "LANG": "C.UTF-8",
                                     "DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode and not have_all_of(p.stdout):
        pytest.skip("Debian's mirror cannot be reached")
    assert p.returncode == 0, p.stdout[-4000:]
    out = said.read_text()
    assert re.search(r"^df-controller \d", out, re.M) and re.search(r"^dfctl \d", out, re.M)
    assert "\ndragonflow:x:" in out and out.endswith("\nDragonflow\n")
