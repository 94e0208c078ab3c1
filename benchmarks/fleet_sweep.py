# SPDX-License-Identifier: Apache-2.0
"""Read a simulated fleet with our drivers and print what it took, as JSON.

    python -m benchmarks.fleet_sweep 10000 luxos,antminer --what read --repeats 5

The fleet is served by one process beside. `--processes 2` has two processes read half of it
each, at the same time. Figures are of each repeat; the first one is apart, because it logs in,
fetches tokens and fills caches.
"""

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import uvloop
from benchmarks.fleet import FAMILIES, ROOT, Served, taken

from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.apps.operations.running import collect_seldom
from loadstone.model.errors import DeviceError, OutsideError
from loadstone.model.operations.machine import Machine
from loadstone.model.ports import LoadDriver

DEADLINE_S = 4.0


async def one_pass(drivers: Sequence[LoadDriver], what: str, at_once: int) -> Counter[str]:
    """Read every machine once, so many at the same time; return how many said what."""
    waiting, said = iter(drivers), Counter[str]()

    async def work() -> None:
        for driver in waiting:
            if what == "read":
                reading = await driver.read()
                said[" ".join(filter(None, (reading.state, reading.reason)))] += 1
            else:
                try:
                    await driver.detail()
                    said["told"] += 1
                except DeviceError:
                    said["unknown"] += 1

    await asyncio.gather(*(work() for _ in range(at_once)))
    return said


class Collecting:
    """Seconds of processor that the collector of garbage takes."""

    def __init__(self) -> None:
        self.s = self._began = 0.0
        gc.callbacks.append(self._look)

    def _look(self, phase: str, _info: object) -> None:
        if phase == "start":
            self._began = time.thread_time()
        else:
            self.s += time.thread_time() - self._began


async def read_on(drivers: Sequence[LoadDriver], what: str, at_once: int) -> None:
    """Read all once for each line heard, and print what it took."""
    loop, collecting = asyncio.get_running_loop(), Collecting()
    while await loop.run_in_executor(None, sys.stdin.readline):
        wall, cpu, collected = time.perf_counter(), time.process_time(), collecting.s
        said = await one_pass(drivers, what, at_once)
        row = {
            "wall_s": time.perf_counter() - wall,
            "cpu_s": time.process_time() - cpu,
            "gc_s": collecting.s - collected,
            "said": said,
        }
        print(json.dumps({**row, "rss_mb": taken()["rss_mb"]}), flush=True)
    for driver in drivers:
        await driver.close()


def drivers_of(machines: Sequence[Machine], now_s: Callable[[], float]) -> list[LoadDriver]:
    return [
        DRIVERS[one.family].make(one.address, None, deadline_s=DEADLINE_S, now_s=now_s)
        for one in machines
    ]


class Reader:
    """A process that reads a part of a fleet."""

    def __init__(self, served: Served, part: slice, what: str, at_once: int) -> None:
        command = [sys.executable, "-m", "benchmarks.fleet_sweep", "--reader", "--what", what]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [*command, "--at-once", str(at_once)], cwd=ROOT, stdin=pipe, stdout=pipe, text=True
        )
        hosts = [
            [one.family, one.address.host, one.address.port, one.address.web_port]
            for one in served.machines()[part]
        ]
        self._say(json.dumps(hosts))

    def _say(self, line: str) -> None:
        if self._process.stdin:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def begin(self) -> None:
        self._say("go")

    def end(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise OutsideError("a reader ended")
        told: dict[str, Any] = json.loads(line)
        return told

    def close(self) -> None:
        self._process.communicate(timeout=20)


def reader(what: str, at_once: int) -> None:
    """Be such a process."""
    from loadstone.model.operations.machine import Address  # noqa: PLC0415

    now_s = time.monotonic
    drivers = [
        DRIVERS[family].make(
            Address(host=host, port=port, web_port=web),
            None,
            deadline_s=DEADLINE_S,
            now_s=now_s,
        )
        for family, host, port, web in json.loads(sys.stdin.readline())
    ]
    collect_seldom()
    uvloop.run(read_on(drivers, what, at_once))


def measure(
    served: Served, *, what: str, repeats: int, processes: int = 1, at_once: int = 500
) -> dict[str, Any]:
    """Return what it takes to read a served fleet."""
    size = -(-served.count // processes)
    parts = [slice(size * n, size * (n + 1)) for n in range(processes)]
    readers = [Reader(served, part, what, at_once // processes) for part in parts]
    rows = []
    try:
        for _ in range(repeats + 1):
            before, load = served.taken(), os.getloadavg()[0]
            wall = time.perf_counter()
            for one in readers:
                one.begin()
            told = [one.end() for one in readers]
            wall_s = time.perf_counter() - wall
            rows.append(_row(served, before, told, wall_s) | {"load": round(load, 1)})
    finally:
        for one in readers:
            one.close()
    return {
        "count": served.count,
        "families": ",".join(served.families),
        "what": what,
        "processes": processes,
        "mode": served.told["mode"],
        "first": rows[0],
        "rows": rows[1:],
    }


def _row(
    served: Served, before: dict[str, float], told: list[dict[str, Any]], wall_s: float
) -> dict[str, Any]:
    after = served.taken()
    said = sum((Counter(one["said"]) for one in told), Counter[str]())
    return {
        "wall_s": round(wall_s, 3),
        "cpu_ms_each": round(1e3 * sum(one["cpu_s"] for one in told) / served.count, 4),
        "gc_s": round(sum(one["gc_s"] for one in told), 3),
        "rss_mb": sum(one["rss_mb"] for one in told),
        "sim_cpu_ms_each": round(1e3 * (after["cpu_s"] - before["cpu_s"]) / served.count, 4),
        "calls_each": round((after["calls"] - before["calls"]) / served.count, 3),
        "said": dict(said),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.fleet_sweep", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("families", nargs="?", default=",".join(FAMILIES))
    parser.add_argument("--what", choices=("read", "detail"), default="read")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=500)
    parser.add_argument("--reader", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.reader:
        reader(given.what, given.at_once)
        return
    with Served(given.count, tuple(given.families.split(","))) as served:
        told = measure(
            served,
            what=given.what,
            repeats=given.repeats,
            processes=given.processes,
            at_once=given.at_once,
        )
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1:])
