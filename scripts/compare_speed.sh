#!/usr/bin/env bash
# gradnet and PyTorch in turn on this machine, case by case, and the table of ratios.
#
#   scripts/compare_speed.sh [ROUNDS] [COMPILED]
#
# ROUNDS rounds (default 21) beside eager PyTorch, half a second each; in COMPILED of them (default 0) torch.compile as well, which
# compiles for most of a minute a case. Needs python3 with torch, for instance from a virtual environment given as
# PYTHON=path/to/python.
#
# Writes results/speed.json, for each case the medians over the rounds, the ratios and their quartiles, and puts the table into README.md and
# docs/performance.md (scripts/show_results.py).
set -euo pipefail
cd "$(dirname "$0")/.."
rounds="${1:-21}"
compiled="${2:-0}"
python="${PYTHON:-python3}"
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

cargo build --release --package gradnet-cli
gradnet="${CARGO_TARGET_DIR:-target}/release/gradnet"
cases=$("$gradnet" bench --json --seconds 0.05 | "$python" -c '
import json, sys
for line in sys.stdin:
    print(json.loads(line)["case"])')

for ((round = 1; round <= rounds; round++)); do
  for case in $cases; do
    echo "round $round of $rounds: $case" >&2
    "$gradnet" bench --case "$case" --seconds 0.5 --json >>"$rows"
    "$python" scripts/peer_torch.py --case "$case" --seconds 0.5 >>"$rows"
    if ((round <= compiled)); then
      "$python" scripts/peer_torch.py --case "$case" --seconds 0.5 --compile >>"$rows"
    fi
  done
done

"$python" - "$rows" "$rounds" "$compiled" <<'PY'
import json, os, platform, statistics, sys

def processor():
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor()

path, rounds, compiled = sys.argv[1:]
found, torch = {}, None
for line in open(path):
    row = json.loads(line)
    found.setdefault(row["case"], {}).setdefault(row.get("implementation", "gradnet"), []).append(row)
    torch = row.get("torch", torch)

def ratios(ours, theirs):
    """Paired round by round: a machine that drifts drifts for both."""
    return [peer["ms_per_step"] / row["ms_per_step"] for row, peer in zip(ours, theirs)]

def median(rows, key="ms_per_step"):
    return statistics.median(row[key] for row in rows)

table = []
for case, by in found.items():
    ours, eager = by["gradnet"], by["torch_eager"]
    faster = ratios(ours, eager)
    row = {
        "case": case,
        "gradnet_ms": median(ours),
        "floor_ms": median(ours, "floor_ms"),
        "ratio_to_floor": median(ours, "ratio_to_floor"),
        "torch_eager_ms": median(eager),
        "times_faster": statistics.median(faster),
        "times_faster_quartiles": statistics.quantiles(faster, n=4)[::2] if len(faster) > 1 else faster * 2,
    }
    if "torch_compiled" in by:
        row["torch_compiled_ms"] = median(by["torch_compiled"])
        row["times_faster_than_compiled"] = statistics.median(ratios(ours, by["torch_compiled"]))
    table.append(row)
machine = {"processor": processor(), "cores": os.cpu_count(), "torch": torch}
os.makedirs("results", exist_ok=True)
with open("results/speed.json", "w") as file:
    json.dump({"command": f"scripts/compare_speed.sh {rounds} {compiled}", "machine": machine, "rows": table}, file, indent=2)
    file.write("\n")
PY

"$python" scripts/show_results.py
