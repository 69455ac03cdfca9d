# SPDX-License-Identifier: Apache-2.0
"""Each block of code in the guides is run by a test, or says why not."""
import pathlib

import pytest

from dfharness.process import TOP
from guide import Guide

NAMES = ("installation", "nb-cluster", "operator-guide")


@pytest.mark.parametrize("name", NAMES)
def test_every_block_is_run_or_says_why_not(name):
    assert list(Guide(TOP / "docs" / (name + ".md")).faults()) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_test_runs_the_guide(name):
    """Of this name, with machines and what the guide tells in words."""
    text = pathlib.Path(__file__).with_name("test_guide_%s.py" % name.replace("-", "_")
                                            ).read_text()
    guide = Guide(TOP / "docs" / (name + ".md"))
    assert [word for block in guide.blocks for word in block.after
            if "def %s(" % word not in text] == []
    assert "/%s.md" % name in text


@pytest.mark.parametrize("text, fault", [
    ("```sh\nls\n```\n", "neither run nor explained"),
    ("<!-- run: on a -->\n\nText.\n\n```sh\nls\n```\n", "neither run nor explained"),
    ("<!-- run: on a -->\n```sh\nls\n```\n\n```sh\nls\n```\n", "neither run nor explained"),
    ("<!-- run: after b -->\n```sh\nls\n```\n", "run nowhere"),
    ("<!-- not run: no -->\n```sh\nls\n```\n", "is no reason"),
    ("<!-- run: on a -->\n```\nls\n```\n", "is marked"),
    ("Text:\n\n    ls\n", "not in a fenced block"),
    ("Text:\n\n```sh\nls\n", "a fence without an end"),
])
def test_faults_of_a_guide_are_found(tmp_path, text, fault):
    (tmp_path / "g.md").write_text(text)
    assert any(fault in f for f in Guide(tmp_path / "g.md").faults())


def test_blocks_are_read_as_they_are_meant(tmp_path):
    (tmp_path / "g.md").write_text("""
1. One.

   <!-- run: after x; on a; on b with c=d e=f -->
   ```sh
   c e \\
       c
   ```

<!-- write: /etc/x on a, b -->
```ini
[x]
```
""")
    guide = Guide(tmp_path / "g.md")
    assert list(guide.faults()) == []
    one, two = guide.blocks
    assert one.after == ["x"]
    assert list(one.scripts()) == [("a", "c e \\\n    c\n"), ("b", "d f \\\n    d\n")]
    assert two.path == "/etc/x"
    assert list(two.scripts()) == [("a", "[x]\n"), ("b", "[x]\n")]
