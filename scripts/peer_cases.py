"""What the peers of `scripts/compare_speed.sh` share: the cases, the options, the clock and the row they print."""

import argparse
import json
import statistics
import time

# name: (network, dim, width, batch, learned activation)
CASES = {
    "mgradnet_m_d2": ("m", 2, 7, 1000, False),
    "mgradnet_c_d2": ("c", 2, 7, 1000, False),
    "mgradnet_m_d32": ("m", 32, 247, 100, True),
    "mgradnet_c_d32": ("c", 32, 629, 100, True),
    "mgradnet_m_d256": ("m", 256, 254, 100, True),
    "mgradnet_c_d256": ("c", 256, 948, 100, True),
    "mgradnet_m_d1024": ("m", 1024, 255, 100, True),
    "mgradnet_c_d1024": ("c", 1024, 1003, 100, True),
}


def parser(description):
    """The options of every peer."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--case", action="append", choices=CASES, help="only this case; may be repeated")
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--seconds", type=float, default=2.0, help="time for each case")
    return options


def milliseconds(step, seconds, wait=lambda: None):
    """The median over repeats of about a tenth of a second each; `wait` returns when every step asked for is done."""

    def block(count):
        start = time.perf_counter()
        for _ in range(count):
            step()
        wait()
        return (time.perf_counter() - start) / count

    block(20)
    count = max(1, int(0.1 / block(10)))
    repeats = []
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds or len(repeats) < 5:
        repeats.append(block(count) * 1e3)
    return statistics.median(repeats)


def show(case, implementation, library, version, threads, ms_per_step):
    """Prints the row of a case."""
    row = {
        "case": case,
        "implementation": implementation,
        library: version,
        "threads": threads,
        "ms_per_step": ms_per_step,
    }
    print(json.dumps(row), flush=True)
