# SPDX-License-Identifier: Apache-2.0
"""What is in the packages, and what they depend on."""
import re
import shutil
import subprocess

import pytest

from dfharness.documents import broken_links
from dfharness.process import TOP


def field(path, name):
    return subprocess.run(["dpkg-deb", "-f", path, name], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()


def files(path):
    """The files in a package, in sorted order."""
    out = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], check=True,
                         stdout=subprocess.PIPE).stdout
    out = subprocess.run(["tar", "-t"], input=out, check=True, stdout=subprocess.PIPE).stdout
    return sorted(f[1:] for f in out.decode().splitlines() if not f.endswith("/"))


def control_files(path, tmp_path):
    where = tmp_path / path.name
    subprocess.run(["dpkg-deb", "-e", path, where], check=True)
    return {f.name: f.read_text() for f in where.iterdir()}


def without_doc(names):
    return [f for f in names if not f.startswith("/usr/share/doc/")]


def test_the_controller_has_what_a_chassis_needs(packages):
    assert without_doc(files(packages["dragonflow-controller"])) == [
        "/etc/default/df-controller",
        "/lib/systemd/system/df-controller.service",
        "/usr/sbin/df-controller",
        "/usr/share/lintian/overrides/dragonflow-controller",
        "/usr/share/man/man8/df-controller.8.gz",
    ]


def test_common_has_the_database_and_the_command_line(packages):
    assert set(without_doc(files(packages["dragonflow-common"]))) >= {
        "/etc/default/dragonflow-nb",
        "/etc/logrotate.d/dragonflow-common",
        "/lib/systemd/system/dragonflow-nb.service",
        "/usr/bin/dfctl",
        "/usr/lib/sysusers.d/dragonflow.conf",
        "/usr/share/bash-completion/completions/dfctl",
        "/usr/share/dragonflow/dragonflow.ovsschema",
        "/usr/share/dragonflow/grafana/dragonflow.json",
        "/usr/share/dragonflow/prometheus/dragonflow.rules.yml",
        "/usr/share/dragonflow/scripts/prepare-nb",
        "/usr/share/man/man5/dragonflow.5.gz",
        "/usr/share/man/man8/dfctl.8.gz",
    }


def test_the_plugin_has_every_module_that_git_has(packages):
    folder = "/usr/lib/python3/dist-packages/networking_dragonflow/"
    ours = {str(p.relative_to(TOP / "neutron/networking_dragonflow"))
            for p in (TOP / "neutron/networking_dragonflow").rglob("*.py")}
    packed = files(packages["python3-networking-dragonflow"])
    assert {f[len(folder):] for f in packed if f.startswith(folder)} == ours
    for program in ("neutron-dragonflow-sync", "neutron-dragonflow-worker"):
        assert "/usr/bin/" + program in packed
        assert "/usr/share/man/man1/%s.1.gz" % program in packed


def test_the_documentation_has_every_page_and_example(packages):
    packed = files(packages["dragonflow-doc"])
    folder = "/usr/share/doc/dragonflow-doc/"
    for path in [TOP / "README.md", *TOP.glob("docs/*.md"), *TOP.glob("examples/*.yaml")]:
        assert folder + str(path.relative_to(TOP)) in packed


def test_the_documentation_refers_to_what_is_there(unpacked):
    folder = unpacked / "usr/share/doc/dragonflow-doc"
    pages = sorted(folder.rglob("*.md"))
    assert len(pages) > 10
    broken = {page.name: list(broken_links(page)) for page in pages}
    assert {name: links for name, links in broken.items() if links} == {}
    # To each other they do refer.
    assert "](docs/nb-cluster.md)" in (folder / "README.md").read_text()
    assert "](installation.md)" in (folder / "docs/operator-guide.md").read_text()
    assert "#the-nb-database)" in (folder / "docs/installation.md").read_text()


def test_every_option_is_in_the_sample_configuration(unpacked):
    sample = (unpacked / "usr/share/doc/python3-networking-dragonflow/examples/dragonflow.conf"
              ).read_text()
    config = (TOP / "neutron/networking_dragonflow/config.py").read_text()
    options = re.findall(r"cfg\.\w+Opt\('(\w+)'", config)
    assert len(options) > 5
    assert [o for o in options if not re.search(r"^#%s =" % o, sample, re.M)] == []


def test_all_parts_have_one_version(packages):
    meson = re.search(r"version: '([^']+)'", (TOP / "meson.build").read_text())[1]
    setup = re.search(r"^version = (.*)", (TOP / "neutron/setup.cfg").read_text(), re.M)[1]
    assert {field(p, "Version") for p in packages.values()} == {meson}
    assert setup == meson


def test_what_the_plugin_requires_the_package_depends_on(packages):
    """Debian's versions may have an epoch in front."""
    depends = dict(re.findall(r"([\w.-]+) \(>= (?:\d+:)?([\d.]+)\)",
                              field(packages["python3-networking-dragonflow"], "Depends")))
    other_names = {"ovs": "python3-openvswitch"}
    required = re.findall(r"^([\w.-]+)>=([\d.]+)", (TOP / "neutron/requirements.txt").read_text(),
                          re.M)
    assert required

    def number(version):
        return re.sub(r"(\.0)+$", "", version)

    for name, version in required:
        package = other_names.get(name, "python3-" + name.lower())
        assert number(depends[package]) == number(version), name


def test_libopenvswitch_is_part_of_the_programs(packages, unpacked):
    for package, program in [("dragonflow-controller", "usr/sbin/df-controller"),
                             ("dragonflow-common", "usr/bin/dfctl")]:
        assert re.fullmatch(r"openvswitch \(= 3\.[\w.+~-]+\)",
                            field(packages[package], "Built-Using"))
        needed = subprocess.run(["objdump", "-p", unpacked / program], check=True,
                                stdout=subprocess.PIPE, text=True).stdout
        assert "NEEDED" in needed and "libopenvswitch" not in needed


def test_only_the_controller_is_started_by_installing(packages, tmp_path):
    """A hypervisor that has dfctl must not serve a database."""
    controller = control_files(packages["dragonflow-controller"], tmp_path)["postinst"]
    assert "deb-systemd-helper enable 'df-controller.service'" in controller
    assert "_dh_action=start" in controller
    common = control_files(packages["dragonflow-common"], tmp_path)["postinst"]
    assert "deb-systemd-invoke try-restart 'dragonflow-nb.service'" in common
    assert not re.search(r"deb-systemd-invoke (start|restart|\$_dh_action)", common)


def test_no_script_of_a_package_asks_or_uses_the_network(packages, tmp_path):
    for path in packages.values():
        for name, script in control_files(path, tmp_path).items():
            if name in ("preinst", "postinst", "prerm", "postrm", "config"):
                assert not re.search(r"debconf|db_input|wget|curl|apt-get", script), name


def test_lintian_has_nothing_to_say(packages):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    changes, = next(iter(packages.values())).parent.glob("*.changes")
    p = subprocess.run(["lintian", "--allow-root", "--display-info", changes],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert (p.returncode, p.stdout) == (0, "")
