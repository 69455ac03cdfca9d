# SPDX-License-Identifier: Apache-2.0
"""What tests read in documents."""
import re

FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(path):
    """The anchors of a Markdown file's headings, as GitHub makes them."""
    names = set()
    for heading in re.findall(r"^#+ +(.*?) *$", FENCE.sub("", path.read_text()), re.M):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        while name in names:
            name += "-1"
        names.add(name)
    return names


def broken_links(path):
    for target in LINK.findall(without_code(path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        other = (path.parent / file).resolve() if file else path
        if not other.exists():
            yield "%s: there is no such file" % target
        elif anchor and other.suffix == ".md" and anchor not in anchors(other):
            yield "%s: there is no such heading" % target
