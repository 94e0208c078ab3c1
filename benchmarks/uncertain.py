# SPDX-License-Identifier: Apache-2.0
"""B31 over build years and futures, with the worst futures counted more, and what it takes.

    python -m benchmarks.uncertain --sites 31 --phases 5 --futures 30 --gap 1e-3

Fewer hours make the blocks smaller and leave the master as it is.

Futures move mining revenue, AI revenue and power prices from year to year; they are seeded and
invented. The first year is built here and now; later ones follow a tree of what was seen.
"""

import argparse
import json
import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from benchmarks.b31 import b31_phases
from numpy.typing import NDArray

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.problem import Problem, Segment
from loadstone.engines.plan.uncertain.stack import Stacked, stack
from loadstone.engines.plan.uncertain.tree import grow

Floats = NDArray[np.float64]

FACTORS = ("mining", "ai", "power")
YEARLY_SPREAD = np.array([0.25, 0.20, 0.12])  # of the logarithm of each factor
TAIL, WEIGHT = 0.1, 0.3
SIZES = {"sites": 31, "phases": 5, "futures": 30, "hours": 8760, "most": 8}


def draw(futures: int, phases: int, *, seed: int = 31) -> Floats:
    """Return the factors of each future, phase by phase. Shape (S, P, 3)."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(futures, phases, 3)) * YEARLY_SPREAD
    steps -= steps.mean(axis=0)
    walk = np.cumsum(steps, axis=1)
    return np.exp(walk - YEARLY_SPREAD**2 * np.arange(1, phases + 1)[:, None] / 2)


def future(problem: Problem, factors: Floats) -> Problem:
    """Return a problem with the prices of one future. Factors: shape (P, 3)."""

    def priced(segment: Segment, phase: int) -> Segment:
        mining, ai, power = factors[phase].tolist()
        kind = segment.name.split(":", maxsplit=1)[0]
        factor = {"mine": mining, "ai": ai, "grid": power, "export": power}.get(kind, 1.0)
        value = replace(segment.value, scale=segment.value.scale * factor)
        return replace(segment, value=value)

    blocks = tuple(
        replace(block, segments=tuple(priced(s, block.phase) for s in block.segments))
        for block in problem.blocks
    )
    return replace(problem, blocks=blocks)


def stacked(
    sites: int,
    phases: int,
    futures: int,
    *,
    hours: int = 8760,
    most: int = 8,
    tail: float = TAIL,
    weight: float = WEIGHT,
) -> Stacked:
    """Return B31 over futures whose year-by-year tree has at most so many nodes a year."""
    problem = b31_phases(sites, phases, hours=hours)
    factors = draw(futures, phases)
    probability = np.full(futures, 1 / futures)
    before = np.concatenate([np.ones((futures, 1, 3)), factors[:, :-1]], axis=1)
    tree = grow(np.log(before), probability, most=most)
    problems = [future(problem, one) for one in factors]
    return stack(problems, probability, tree.nodes, tail=tail, weight=weight)


def solve(given: Stacked, gap: float, *, tell: bool = False) -> dict[str, float]:
    """Solve and return what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        search = Search(given.problem, gap=gap, executor=executor)
        for step in search.steps():
            if tell:
                seconds = time.perf_counter() - wall
                print(step.round, step.objective, step.bound, f"{step.gap:.2e} {seconds:.1f}")
        solution = search.solution()
    return {
        "objective": solution.objective,
        "bound": solution.bound,
        "gap": solution.gap,
        "rounds": solution.iterations,
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "blocks": len(given.problem.blocks),
        "columns": len(given.problem.columns),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.uncertain", description=__doc__)
    for name, standard in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=standard)
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--tell", action="store_true")
    asked = parser.parse_args()
    solve(stacked(1, 2, 2, hours=48), 1e-2)  # compiles the kernels
    start = time.perf_counter()
    given = stacked(
        asked.sites, asked.phases, asked.futures, hours=asked.hours, most=asked.most
    )
    built = time.perf_counter() - start
    print(json.dumps(solve(given, asked.gap, tell=asked.tell) | {"stack_s": built}))


if __name__ == "__main__":
    main()
