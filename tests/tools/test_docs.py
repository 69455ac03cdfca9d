# SPDX-License-Identifier: Apache-2.0
"""The documentation says what is so: generated parts are up to date, links lead
somewhere, and commands that are named exist."""
import re
import subprocess
import sys

import pytest

from dfharness import run
from dfharness.documents import broken_links
from dfharness.process import TOP, build_dir, program

DOCS = sorted(p for p in [*TOP.glob("*.md"), *TOP.glob("docs/*.md"), *TOP.glob("devstack/*.md"),
                          *TOP.glob("tests/**/*.md")]
              if p.is_file())


def test_there_are_documents():
    assert {p.name for p in DOCS} >= {"README.md", "user-guide.md", "pipeline.md", "design.md",
                                      "contributing.md"}


@pytest.mark.parametrize("path", DOCS, ids=lambda p: str(p.relative_to(TOP)))
def test_relative_links_lead_somewhere(path):
    assert list(broken_links(path)) == []


def test_a_broken_link_is_found(tmp_path):
    (tmp_path / "b.md").write_text("# Only this\n")
    doc = tmp_path / "a.md"
    doc.write_text("# One\n[x](b.md#only-this) [x](#one) [x](c.md) [x](b.md#other) [x](#two)\n"
                   "`[x](code)`\n```\n[x](code)\n```\n")
    assert [b.split(":")[0] for b in broken_links(doc)] == ["c.md", "b.md#other", "#two"]


def check(tool, *args):
    p = subprocess.run([sys.executable, str(TOP / "tools" / tool), "--check", "--build",
                        str(build_dir()), *args], stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT, text=True, timeout=150)
    assert p.returncode == 0, p.stdout


def test_the_pipeline_reference_is_up_to_date():
    check("gen-pipeline-doc")


def test_the_examples_of_the_user_guide_print_what_it_says():
    check("run-doc-examples", str(TOP / "docs/user-guide.md"))


def test_every_command_of_dfctl_is_in_the_user_guide():
    guide = (TOP / "docs/user-guide.md").read_text()
    usage = run([program("dfctl"), "--help"])
    commands = re.findall(r"^  ([a-z]+(?:-[a-z]+)*)(?= |$)", usage.split("Database commands")[0],
                          re.M)
    assert len(commands) > 20
    assert [c for c in commands
            if not re.search(r"(`|dfctl (--\S+ )*|-- )%s(?![\w-])" % c, guide)] == []


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(), re.M))
    for path in DOCS:
        for name in re.findall(r"`make ([a-z-]+)", path.read_text()):
            assert name in targets, "%s: make %s" % (path.name, name)


def test_the_documents_agree_with_the_code_on_how_many_packets_are_answered():
    controller = (TOP / "controller/controller.c").read_text()
    service = (TOP / "controller/service/router-service.h").read_text()
    total = re.search(r"#define TOTAL_RATE (\d+)", controller)[1]
    port = re.search(r"#define RS_RATE (\d+)", service)[1]
    number = (r"\b(\d[\d,]*) (?:packets )?a second"
              r"(?=\)| on\s+a chassis| for each\s+port|\s+for each port)")
    said = [(path.name, n.replace(",", "")) for path in DOCS
            for n in re.findall(number, path.read_text())]
    assert {name for name, _ in said} >= {"user-guide.md", "design.md", "pipeline.md"}
    assert [(name, n) for name, n in said if n not in (total, port)] == []
