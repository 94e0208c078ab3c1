# SPDX-License-Identifier: Apache-2.0
"""Draw futures in a process of its own and print what it took, as JSON.

    python -m benchmarks.futures three 100000
    python -m benchmarks.futures full 100000 --plain 200

three: hashprice, AI prices and the level of power, one path each. full: the outlook of the
starter network brics, with all its factors and events. Chunks are filled on all cores and
thrown away, as a valuation does.
"""

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np

from loadstone.adapters.files import copy_starter
from loadstone.apps.reading import read_network
from loadstone.engines.outlook import Drawing, draw_plainly, prepare
from loadstone.model.futures.level import Level, Levels
from loadstone.model.futures.terms import Futures

MONTHS, CHUNK, FIRST = 240, 64, date(2027, 1, 1)


def drawing(which: str) -> Drawing:
    folder = Path(tempfile.mkdtemp())
    try:
        copy_starter("brics", folder / "brics")
        network = read_network(folder / "brics")
    finally:
        shutil.rmtree(folder)
    futures = network.futures if which == "full" else three()
    return prepare(futures, network, months=MONTHS, first=FIRST, seed=1)


def three() -> Futures:
    def level(volatility: float, half_life: float) -> Level:
        return Level(volatility=volatility, half_life_months=half_life, source="a benchmark")

    return Futures(
        source="a benchmark",
        date=date(2026, 11, 21),
        hashprice=level(0.6, 24.0),
        ai=Levels(level=level(0.35, 12.0), together=1.0),
        power=Levels(level=level(0.3, 9.0), together=1.0),
    )


def drawn(made: Drawing, count: int, workers: int) -> float:
    """Draw futures chunk by chunk and return a sum of what was drawn."""
    starts = range(0, count, CHUNK)

    def some(worker: int) -> float:
        values, happens, weather = made.room(CHUNK)
        total = 0.0
        for start in starts[worker::workers]:
            made.into(values, happens, weather, start)
            total += values[0, 0, -1]
        return total

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(some, range(workers)))


def timed(what, *arguments) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    what(*arguments)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", choices=["three", "full"])
    parser.add_argument("count", type=int)
    parser.add_argument("--plain", type=int, default=0, help="futures drawn in plain numpy too")
    asked = parser.parse_args()
    prepared, _ = timed(drawing, asked.which)
    made = drawing(asked.which)
    warm, _ = timed(made.paths, 2)
    best = min(timed(drawn, made, asked.count, os.cpu_count()) for _ in range(3))
    said = {
        "which": asked.which,
        "futures": asked.count,
        "months": MONTHS,
        "factors": len(made.factors),
        "events": len(made.events),
        "wall_s": best[0],
        "cpu_s": best[1],
        "warm_s": warm,
        "read_and_prepare_s": prepared,
        "ns_per_value": best[1] / (asked.count * MONTHS * len(made.factors)) * 1e9,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    if asked.plain:
        _, cpu = timed(draw_plainly, made, asked.plain)
        fast, plain = made.paths(asked.plain), draw_plainly(made, asked.plain)
        said["plain_cpu_s"] = cpu * asked.count / asked.plain
        said["apart"] = float(np.max(np.abs(fast.values / plain.values - 1)))
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main()
