#!/usr/bin/env bash
# gradnet and PyTorch in turn on this machine, case by case, and the table of ratios.
#
#   scripts/compare_speed.sh [ROUNDS]      (default 3; needs python3 with torch, for instance from a virtual environment
#                                           given as PYTHON=path/to/python)
#
# Writes results/speed.json: for each case the medians over the rounds and the ratio; prints the table in Markdown and puts
# it into README.md and docs/performance.md (scripts/show_results.py).
set -euo pipefail
cd "$(dirname "$0")/.."
rounds="${1:-3}"
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
    "$gradnet" bench --case "$case" --json >>"$rows"
    "$python" scripts/peer_torch.py --case "$case" >>"$rows"
  done
done

"$python" - "$rows" "$rounds" <<'PY'
import json, os, platform, statistics, sys

ours, theirs, torch = {}, {}, None
for line in open(sys.argv[1]):
    row = json.loads(line)
    if "implementation" in row:
        theirs.setdefault(row["case"], []).append(row["ms_per_step"])
        torch = row["torch"]
    else:
        ours.setdefault(row["case"], []).append(row)

def processor():
    try:
        for line in open("/proc/cpuinfo"):
            if line.startswith("model name"):
                return line.split(":")[1].strip()
    except OSError:
        pass
    return platform.processor()

table = []
for case, rows in ours.items():
    median = lambda key: statistics.median(row[key] for row in rows)
    # Paired round by round: a machine that drifts drifts for both.
    ratios = [peer / row["ms_per_step"] for row, peer in zip(rows, theirs[case])]
    table.append({
        "case": case,
        "gradnet_ms": median("ms_per_step"),
        "floor_ms": median("floor_ms"),
        "ratio_to_floor": median("ratio_to_floor"),
        "torch_eager_ms": statistics.median(theirs[case]),
        "times_faster": statistics.median(ratios),
        "times_faster_range": [min(ratios), max(ratios)],
    })
os.makedirs("results", exist_ok=True)
machine = {"processor": processor(), "cores": os.cpu_count(), "torch": torch}
with open("results/speed.json", "w") as file:
    json.dump({"command": f"scripts/compare_speed.sh {sys.argv[2]}", "machine": machine, "rows": table}, file, indent=2)
    file.write("\n")
print(f"{machine['processor']}, {machine['cores']} cores, PyTorch {torch}, flex, {sys.argv[2]} rounds in turn\n")
print("| case | gradnet, ms a step | PyTorch eager, ms | times faster | ratio to the matrix products |")
print("|---|---|---|---|---|")
for row in table:
    print(f"| {row['case']} | {row['gradnet_ms']:.3g} | {row['torch_eager_ms']:.3g} "
          f"| {row['times_faster']:.2f} | {row['ratio_to_floor']:.2f} |")
PY

"$python" scripts/show_results.py
