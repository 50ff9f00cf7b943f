#!/usr/bin/env python3
"""Where the time of a training step goes: the functions that run during `gradnet bench`, by kind, and how often both threads do.

    scripts/step_profile.py [CASE]...        (default: mgradnet_m_d256 mgradnet_c_d256 mgradnet_m_d1024 mgradnet_c_d32)

Needs Linux's `perf` and a built gradnet (`cargo build --release --package gradnet-cli`). Prints a Markdown table of shares of the samples, in
percent. Samples are taken from the second to the fourth second of a run of five, when only steps are run, not the products alone.
"""

import bisect
import collections
import os
import re
import subprocess
import sys
import tempfile

GRADNET = os.path.join(os.environ.get("CARGO_TARGET_DIR", "target"), "release", "gradnet")

KINDS = {
    "products": r"gemm.*microkernel",
    "laying matrices out": r"gemm",
    "activation, Adam, softplus, transposes": r"kernels::vectors|flex::cascade|flex::softmax_modules",
    "adding": r"kernels::flex::",
    "memory": r"mem(set|move|cpy)|mi_|alloc|clear_page|page_fault",
    "sampling": r"chacha|rng|sampl",
    "tensor operations": r"burn_flex|macerator|burn_",
    "waiting": r"rayon|crossbeam|sched|futex|syscall",
}


def kind(symbol):
    return next((name for name, pattern in KINDS.items() if re.search(pattern, symbol)), "other")


def samples(case):
    """(thread, second, function) of every sample of the steps."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        bench = [GRADNET, "bench", "--case", case, "--seconds", "5"]
        subprocess.run(["perf", "record", "-q", "-F", "4999", "-o", data, *bench], check=True, stdout=subprocess.DEVNULL)
        script = ["perf", "script", "-i", data, "-F", "tid,time,ip,sym"]
        text = subprocess.run(script, check=True, capture_output=True, text=True).stdout
    found = []
    for line in text.splitlines():
        parts = line.split(None, 3)
        if len(parts) == 4:
            found.append((parts[0], float(parts[1].rstrip(":")), parts[3]))
    begin = min(second for _, second, _ in found)
    return [(thread, second, name) for thread, second, name in found if 1 < second - begin < 4]


def together(found):
    """The share of the busier thread's samples with one of the other within a quarter of a millisecond."""
    times = collections.defaultdict(list)
    for thread, second, _ in found:
        times[thread].append(second)
    busier, *others = sorted(times.values(), key=len, reverse=True)
    other = sorted(others[0]) if others else []

    def near(second):
        place = bisect.bisect_left(other, second - 0.00025)
        return place < len(other) and other[place] <= second + 0.00025

    return 100 * sum(map(near, busier)) / len(busier)


def main():
    cases = sys.argv[1:] or ["mgradnet_m_d256", "mgradnet_c_d256", "mgradnet_m_d1024", "mgradnet_c_d32"]
    names = [*KINDS, "other"]
    print("| case | " + " | ".join(names) + " | both threads at work |")
    print("|---" * (len(names) + 2) + "|")
    for case in cases:
        found = samples(case)
        counts = collections.Counter(kind(name) for _, _, name in found)
        shares = [f"{100 * counts[name] / len(found):.0f}" for name in names]
        print(f"| {case} | " + " | ".join(shares) + f" | {together(found):.0f} |", flush=True)


if __name__ == "__main__":
    main()
