#!/usr/bin/env python3
"""Puts the overview of every table of results/tables/ between its markers in README.md and docs/results.md.

Run it after `gradnet reproduce`; the test `results::the_tables_shown_are_the_committed_ones` holds the pages to the tables.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- table: ([a-z0-9-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def overview(name):
    """The overview that `gradnet reproduce` writes at the head of the table's Markdown."""
    text = (ROOT / "results" / "tables" / f"{name}.md").read_text()
    return re.search(r"in brackets:\n\n(.*?)\n\nIn detail", text, re.DOTALL).group(1)


for page in ("README.md", "docs/results.md"):
    path = ROOT / page
    text = path.read_text()
    path.write_text(MARKED.sub(lambda m: f"{m[1]}\n{overview(m[2])}\n\n{m[3]}", text))
