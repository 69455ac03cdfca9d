# SPDX-License-Identifier: Apache-2.0
"""The code blocks of a guide, and what becomes of them in the tests.

Before each block there is a comment, which readers do not see, of one of these forms:

    <!-- run: on nb1 -->            a shell script, for this machine
    <!-- run: on nb2; on nb3 with 192.0.2.11=192.0.2.12 -->
                                    for several machines, with other words for some
    <!-- run: after bring_keys; on nb1 with PORT=vm1 -->
                                    after what the guide tells in words, which is done by the
                                    function of this name in the test
    <!-- write: /etc/default/x on nb1, nb2 -->
                                    the contents of a file, or what is put at its end
    <!-- not run: REASON -->
"""
import re

BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.M | re.S)
COMMENT = re.compile(r"<!-- (run|write|not run): ((?:(?!-->).)*?) -->\n *\Z", re.S)
# In a text without fenced blocks: what Markdown would take for code.
INDENTED = re.compile(r"\n\n(?: {4,}|\t)(?!\d+\. |[-*] )\S.*")


class Block:
    def __init__(self, guide, match):
        self.line = guide.text.count("\n", 0, match.start()) + 1
        self.id = "%s:%d" % (guide.path.name, self.line)
        indent, self.language, text = match.groups()
        self.text = re.sub("^" + indent, "", text, flags=re.M)
        comment = COMMENT.search(guide.text, 0, match.start())
        self.kind = comment[1] if comment else None
        self.directive = " ".join(comment[2].split()) if comment else ""
        self.after, self.steps, self.path = [], [], None
        if self.kind == "run":
            for part in self.directive.split("; "):
                word, _, rest = part.partition(" ")
                if word == "after":
                    self.after.append(rest)
                else:
                    assert word == "on", "%s: %s" % (self.id, part)
                    host, _, words = rest.partition(" with ")
                    self.steps.append((host, [w.split("=", 1) for w in words.split()]))
        elif self.kind == "write":
            self.path, _, hosts = self.directive.partition(" on ")
            self.steps = [(host, []) for host in hosts.split(", ")]

    def scripts(self):
        """(machine, text) for each machine."""
        for host, words in self.steps:
            text = self.text
            for old, new in words:
                assert old in text, "%s: there is no %s" % (self.id, old)
                text = text.replace(old, new)
            yield host, text


class Guide:
    def __init__(self, path):
        self.path = path
        self.text = path.read_text()
        self.blocks = [Block(self, m) for m in BLOCK.finditer(self.text)]

    def faults(self):
        """What is wrong with the guide as a whole, as sentences."""
        for block in self.blocks:
            if not block.kind:
                yield "%s: neither run nor explained why not" % block.id
            elif block.kind != "not run" and not block.steps:
                yield "%s: run nowhere" % block.id
            elif block.kind == "not run" and len(block.directive) < 20:
                yield "%s: \"%s\" is no reason" % (block.id, block.directive)
            elif block.kind == "run" and block.language != "sh":
                yield "%s: what is run is marked \"sh\"" % block.id
        rest = BLOCK.sub("", self.text)
        for stray in INDENTED.findall("\n\n" + rest):
            yield "%s: \"%s\" is not in a fenced block" % (self.path.name, stray.strip())
        if "```" in rest:
            yield "%s: a fence without an end" % self.path.name
