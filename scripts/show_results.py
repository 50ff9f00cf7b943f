#!/usr/bin/env python3
"""Puts the overview of every table of results/tables/, the speeds of results/speed.json and the toy as released between their markers in the pages.

Run it after `gradnet reproduce`; `scripts/compare_speed.sh` runs it. The tests `results::*_shown_are_the_committed_ones` hold the pages
to the files.
"""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- table: ([a-z0-9-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def overview(name):
    """The overview that `gradnet reproduce` writes at the head of the table's Markdown."""
    if name == "speed":
        return speeds()
    if name == "released-toy":
        return released_toy()
    text = (ROOT / "results" / "tables" / f"{name}.md").read_text()
    return re.search(r"in brackets:\n\n(.*?)\n\nIn detail", text, re.DOTALL).group(1)


def speeds():
    """A line a case: how many times faster than each peer, with the middle half of the rounds, and over the matrix products."""
    rows = json.loads((ROOT / "results" / "speed.json").read_text())["rows"]

    def faster(row, key):
        low, high = row[f"{key}_quartiles"]
        return f"{row[key]:.2f} ({low:.2f} to {high:.2f})"

    columns = {
        "case": lambda row: row["case"],
        "times faster than eager PyTorch": lambda row: faster(row, "times_faster"),
        "than JAX": lambda row: faster(row, "times_faster_than_jax"),
        "than torch.compile": lambda row: f"{row['times_faster_than_compiled']:.2f}",
        "step over its matrix products": lambda row: f"{row['ratio_to_floor']:.2f}",
    }
    # A peer that the measurement did not include has no column.
    for head, key in [("than JAX", "times_faster_than_jax"), ("than torch.compile", "times_faster_than_compiled")]:
        if not any(key in row for row in rows):
            del columns[head]
    lines = ["| " + " | ".join(columns) + " |", "|---" + "|--:" * (len(columns) - 1) + "|"]
    for row in sorted(rows, key=lambda row: (int(row["case"].rsplit("_d", 1)[1]), row["case"])):
        lines.append("| " + " | ".join(cell(row) for cell in columns.values()) + " |")
    return "\n".join(lines)


def released_toy():
    """The notebook's mean, and what PyTorch has from its seeds and from others."""
    found = json.loads((ROOT / "results" / "released_toy.json").read_text())
    lines = ["| GradNet-C, as released | networks | RMSE, dB | std |", "|---|--:|--:|--:|"]
    rows = {"the notebook": "notebook", "PyTorch, the notebook's seeds": "notebook_seeds", "PyTorch, other seeds": "other_seeds"}
    for name, key in rows.items():
        row = found[key]
        lines.append(f"| {name} | {row['networks']} | {row['rmse_db_mean']:.2f} | {row['rmse_db_std']:.2f} |")
    return "\n".join(lines)


for page in ("docs/results.md", "docs/performance.md"):
    path = ROOT / page
    text = path.read_text()
    path.write_text(MARKED.sub(lambda m: f"{m[1]}\n{overview(m[2])}\n\n{m[3]}", text))
