#!/usr/bin/env bash
# gradnet, PyTorch and JAX in turn on this machine, case by case, and the table of ratios.
#
#   scripts/compare_speed.sh [ROUNDS] [COMPILED]
#
# ROUNDS rounds (default 21) beside eager PyTorch and JAX, half a second each; in COMPILED of them (default 0)
# torch.compile as well, which compiles for most of a minute a case. Needs python3 with torch and jax, for
# instance from a virtual environment given as PYTHON=path/to/python:
#
#   python3 -m venv peers && peers/bin/pip install torch jax
#   PYTHON=peers/bin/python scripts/compare_speed.sh
#
# First both peers take a few steps from the same weights and must come to the same losses and weights.
# Writes results/speed.json, for each case the medians over the rounds, the ratios and their quartiles, and
# puts the table into docs/performance.md (scripts/show_results.py).
set -euo pipefail
cd "$(dirname "$0")/.."
rounds="${1:-21}"
compiled="${2:-0}"
python="${PYTHON:-python3}"
rows=$(mktemp)
trap 'rm -f "$rows"' EXIT

"$python" scripts/peer_jax.py --check
cargo build --release --package gradnet-cli
gradnet="${CARGO_TARGET_DIR:-target}/release/gradnet"
cases=$("$gradnet" bench --case mgradnet --json --seconds 0.05 | "$python" -c '
import json, sys
for line in sys.stdin:
    case = json.loads(line)["case"]
    # Regularizers of images have no peer here.
    if not case.startswith("patch"):
        print(case)')

for ((round = 1; round <= rounds; round++)); do
  for case in $cases; do
    echo "round $round of $rounds: $case" >&2
    "$gradnet" bench --case "$case" --seconds 0.5 --json >>"$rows"
    "$python" scripts/peer_torch.py --case "$case" --seconds 0.5 >>"$rows"
    "$python" scripts/peer_jax.py --case "$case" --seconds 0.5 >>"$rows"
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
found, libraries = {}, {}
for line in open(path):
    row = json.loads(line)
    found.setdefault(row["case"], {}).setdefault(row.get("implementation", "gradnet"), []).append(row)
    libraries.update({name: row[name] for name in ("torch", "jax") if name in row})

def ratios(ours, theirs):
    """Paired round by round: a machine that drifts drifts for both."""
    return [peer["ms_per_step"] / row["ms_per_step"] for row, peer in zip(ours, theirs)]

def quartiles(values):
    return statistics.quantiles(values, n=4)[::2] if len(values) > 1 else values * 2

def median(rows, key="ms_per_step"):
    return statistics.median(row[key] for row in rows)

table = []
for case, by in found.items():
    ours, eager, jax = by["gradnet"], by["torch_eager"], by["jax"]
    faster, than_jax = ratios(ours, eager), ratios(ours, jax)
    row = {
        "case": case,
        "gradnet_ms": median(ours),
        "floor_ms": median(ours, "floor_ms"),
        "ratio_to_floor": median(ours, "ratio_to_floor"),
        "torch_eager_ms": median(eager),
        "times_faster": statistics.median(faster),
        "times_faster_quartiles": quartiles(faster),
        "jax_ms": median(jax),
        "times_faster_than_jax": statistics.median(than_jax),
        "times_faster_than_jax_quartiles": quartiles(than_jax),
    }
    if "torch_compiled" in by:
        row["torch_compiled_ms"] = median(by["torch_compiled"])
        row["times_faster_than_compiled"] = statistics.median(ratios(ours, by["torch_compiled"]))
    table.append(row)
machine = {"processor": processor(), "cores": os.cpu_count(), **libraries}
os.makedirs("results", exist_ok=True)
with open("results/speed.json", "w") as file:
    json.dump({"command": f"scripts/compare_speed.sh {rounds} {compiled}", "machine": machine, "rows": table}, file, indent=2)
    file.write("\n")
PY

"$python" scripts/show_results.py
