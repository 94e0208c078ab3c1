# SPDX-License-Identifier: Apache-2.0
"""Read one simulated fleet with our drivers, pyasic and pyasic_rs, and print it as JSON.

    python -m benchmarks.fleet_ratios 100 luxos

The ports are those that machines are shipped with, which takes root. pyasic runs with the
interpreter named by LOADSTONE_PEERS_PYTHON, or that of .venv-peers.
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.fleet import ROOT, Served
from benchmarks.fleet_sweep import measure

from loadstone.model.errors import OutsideError

PEERS_PYTHON = Path(
    os.environ.get("LOADSTONE_PEERS_PYTHON", ROOT / ".venv-peers" / "bin" / "python")
)
AT_ONCE = 50
FIRST = "127.88.1.1"


def peer(name: str, what: str, served: Served, repeats: int) -> dict[str, Any] | None:
    """Return what a peer takes; None where it is not installed."""
    python = PEERS_PYTHON if name == "pyasic" else Path(sys.executable)
    if not python.exists() or (name != "pyasic" and not importlib.util.find_spec(name)):
        return None
    script = str(ROOT / "benchmarks" / "fleet_peers.py")
    hosts = [one.address.host for one in served.machines()]
    command = [str(python), script, name, what, str(AT_ONCE), str(repeats), *hosts]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        if process.stdout is None or process.stdout.readline().strip() != "known":
            raise OutsideError(f"{name} ended: {process.communicate()[1][-500:]}")
        before = served.taken()["calls"]
        out, _ = process.communicate("go\n", timeout=120)
    calls = served.taken()["calls"] - before
    told: dict[str, Any] = json.loads(out.splitlines()[-1])
    return told | {"calls_each": round(calls / served.count / (repeats + 1), 1)}


def compare(count: int, family: str, repeats: int) -> dict[str, Any]:
    """Return CPU ms a machine of each program, ours first; the best and the middle repeat."""
    rows: dict[str, Any] = {}
    with Served(count, (family,), standard=True, first=FIRST) as served:
        for what in ("read", "detail"):
            told = measure(served, what=what, repeats=repeats, at_once=AT_ONCE)
            rows[f"ours {what}"] = _row(told, count) | {"calls": told["rows"][-1]["calls_each"]}
        for name in ("pyasic_rs", "pyasic"):
            for what in ("cheap", "full"):
                found = peer(name, what, served, repeats)
                if found:
                    told = _row(found, count) | {"calls": found["calls_each"]}
                    known = {"known_ms": found["known_ms_each"], "found": found["found"]}
                    rows[f"{name} {what}"] = (
                        told
                        | known
                        | {
                            "read": found["rows"][-1]["read"],
                            "errors": found["rows"][-1]["errors"],
                        }
                    )
    return {"family": family, "count": count, "load": round(os.getloadavg()[0], 1), **rows}


def _row(told: dict[str, Any], count: int) -> dict[str, Any]:
    costs = [row["cpu_ms_each"] for row in told["rows"]]
    walls = [row["wall_s"] for row in told["rows"]]
    return {
        "cpu_ms": round(min(costs), 3),
        "median_ms": round(median(costs), 3),
        "per_s": round(count / min(walls)),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.fleet_ratios", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("family", nargs="?", default="luxos")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args(arguments)
    print(json.dumps(compare(given.count, given.family, given.repeats)))


if __name__ == "__main__":
    main(sys.argv[1:])
