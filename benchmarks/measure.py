# SPDX-License-Identifier: Apache-2.0
"""Solve one problem by one method in a process of its own and print what it took, as JSON.

    python -m benchmarks.measure exact b31:3 --gap 1e-6

Methods: exact (ours), lp (ours: one model, HiGHS), pypsa (B31 written in PyPSA by hand, with
HiGHS), export (the problem exported to PyPSA, with HiGHS).
Problems: b31:SITES, phases:SITESxYEARS, phases:SITESxYEARS:open (sites open or do not),
network:NAME (a starter network) or network:FOLDER.
"""

import argparse
import importlib
import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from statistics import median

from benchmarks.b31 import b31, b31_phases

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.problem import Problem


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a method found; the bound is what no plan passes."""

    objective: float
    bound: float
    rounds: int = 0


def exact(problem: Problem, gap: float) -> Found:
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        search = Search(problem, gap=gap, executor=executor)
        for _ in search.steps():
            pass
        solution = search.solution()
    return Found(objective=solution.objective, bound=solution.bound, rounds=solution.iterations)


def lp(problem: Problem, gap: float) -> Found:
    solution = solve_lp(problem, gap=gap)
    return Found(objective=solution.objective, bound=solution.bound)


def pypsa(problem: Problem, gap: float) -> Found:
    from benchmarks.b31_in_pypsa import solve  # noqa: PLC0415 - an optional extra

    objective = solve(len(problem.blocks))
    return Found(objective=objective, bound=objective)


def export(problem: Problem, gap: float) -> Found:
    from loadstone.engines.plan.export import to_pypsa  # noqa: PLC0415 - an optional extra

    warnings.simplefilter("ignore")
    network, extra = to_pypsa(problem)
    status = network.optimize(
        extra_functionality=extra,
        include_objective_constant=False,
        solver_options={"output_flag": False, "mip_rel_gap": gap},
    )
    if status != ("ok", "optimal"):
        raise SystemExit(f"PyPSA ended with {status}")
    objective = problem.constant - float(network.objective)
    return Found(objective=objective, bound=objective)


REPEATS, QUICK_S = 9, 0.5
METHODS = {"exact": exact, "lp": lp, "pypsa": pypsa, "export": export}


def read_problem(name: str) -> Problem:
    kind, _, rest = name.partition(":")
    if kind == "b31":
        return b31(int(rest))
    if kind == "phases":
        size, _, opens = rest.partition(":")
        sites, years = (int(n) for n in size.split("x"))
        return b31_phases(sites, years, binary=opens == "open")
    if kind == "network":
        from loadstone.apps.wiring import read_network  # noqa: PLC0415 - only networks need it
        from loadstone.engines.plan.lower import lower  # noqa: PLC0415

        shipped = files("loadstone") / "data" / "networks" / rest
        folder = Path(rest) if "/" in rest else Path(str(shipped))
        return lower(read_network(folder)).problem
    raise SystemExit(f"{name}: no such problem")


def warm_up(method: str) -> float:
    """Compile or load the kernels on a small problem and return the seconds it took."""
    start = time.perf_counter()
    if method == "exact":
        exact(b31(1, hours=48), 1e-2)
    elif method in {"pypsa", "export"}:
        importlib.import_module("loadstone.engines.plan.export")
    return time.perf_counter() - start


def timed(
    method: Callable[[Problem, float], Found], problem: Problem, gap: float
) -> tuple[Found, float, float]:
    """Return what a method found, wall and CPU seconds; medians of nine where it is quick."""
    walls, cpus = [], []
    while len(walls) < 1 or (len(walls) < REPEATS and walls[0] < QUICK_S):
        wall, cpu = time.perf_counter(), time.process_time()
        found = method(problem, gap)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return found, median(walls), median(cpus)


def measure(method: str, name: str, gap: float) -> dict[str, float | str]:
    if method == "pypsa" and not name.startswith("b31:"):
        raise SystemExit("pypsa: only b31 is written by hand; take export")
    start = time.perf_counter()
    problem = read_problem(name)
    read_s = time.perf_counter() - start
    warm_s = warm_up(method)
    found, wall_s, cpu_s = timed(METHODS[method], problem, gap)
    return {
        "method": method,
        "problem": name,
        "objective": found.objective,
        "bound": found.bound,
        "gap": (found.bound - found.objective) / max(abs(found.objective), 1e-9),
        "rounds": found.rounds,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "read_s": round(read_s, 3),
        "warm_s": round(warm_s, 3),
        "blocks": len(problem.blocks),
        "columns": len(problem.columns),
    }


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.measure", description=__doc__)
    parser.add_argument("method", choices=METHODS)
    parser.add_argument("problem")
    parser.add_argument("--gap", type=float, default=1e-6)
    given = parser.parse_args(arguments)
    print(json.dumps(measure(given.method, given.problem, given.gap)))


if __name__ == "__main__":
    main(sys.argv[1:])
