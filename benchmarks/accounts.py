# SPDX-License-Identifier: Apache-2.0
"""A year of one site with several accounts whose limits bind: ours against HiGHS."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from benchmarks.b31 import b31
from numpy.typing import NDArray

from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.monolith import build_model
from loadstone.engines.plan.oracle import Oracle, Valuation
from loadstone.engines.plan.problem import ONES, Account, Problem
from loadstone.engines.plan.verify import dispatch_problem

Floats = NDArray[np.float64]

COUNTS = (0, 1, 2, 3, 5)
YEARS = 6  # of as many sites of B31
TIMES = 5  # a year is valued, to measure milliseconds
LARGER = 1.03  # at most: how much capacities grow until the year is valued again


def accounts() -> list[dict[str, float]]:
    """Return for each number of accounts the CPU seconds of a year, means of all years."""
    years = [one_year(b) for b in range(YEARS)]
    rows = []
    for i in range(len(COUNTS)):
        row = {key: float(np.mean([year[i][key] for year in years])) for key in years[0][i]}
        rows.append(row | {"ratio": row["highs_s"] / row["first_s"]})
    return rows


def one_year(b: int) -> list[dict[str, float]]:
    rng = np.random.default_rng(b)
    problem = b31(YEARS)
    columns = problem.upper * rng.uniform(0.3, 0.9, problem.upper.size)
    x = columns[problem.blocks[b].columns]
    full = with_accounts(problem, b, x, rng)
    return [valued(first_ones(full, b, count), b, columns) for count in COUNTS]


def valued(problem: Problem, b: int, columns: Floats) -> dict[str, float]:
    oracle, x = Oracle(problem), columns[problem.blocks[b].columns]
    first_s, found = timed(lambda: oracle.evaluate(b, x))
    grown = x * np.linspace(1.0, LARGER, x.size)
    again_s, _ = timed(lambda: oracle.evaluate(b, grown, found.mu))
    alone = dispatch_problem(problem, b, columns)
    start = time.process_time()
    build_model(alone)
    built = time.process_time()
    value = solve_lp(alone).objective
    return {
        "accounts": len(problem.blocks[b].accounts),
        "binding": int((found.mu > 0).sum()),
        "first_s": first_s,
        "again_s": again_s,
        "highs_s": time.process_time() - built - (built - start),  # without writing the model
        "apart": abs(found.value - value) / abs(value),
    }


def timed(evaluate: Callable[[], Valuation]) -> tuple[float, Valuation]:
    start = time.process_time()
    for _ in range(TIMES):
        found = evaluate()
    return (time.process_time() - start) / TIMES, found


def with_accounts(problem: Problem, b: int, x: Floats, rng: np.random.Generator) -> Problem:
    """Return a problem whose block b has limits a little below what it would use at x.

    They count one segment each: in all hours, by an hourly weight, or in four hours of ten.
    """
    block, hours = problem.blocks[b], problem.hours
    free = Oracle(problem)
    power = free.dispatch(b, x, free.evaluate(b, x)).power
    series, made = list(problem.series), []
    used = [
        j
        for j, segment in enumerate(block.segments)
        if power[j].sum() > 0 and not segment.must_run
    ]
    for a in range(max(COUNTS)):
        weight = (np.ones(hours), rng.random(hours), (rng.random(hours) < 0.4) * 1.0)[a % 3]
        series.append(weight)
        j = used[a % len(used)]
        capacity = block.segments[j].capacity
        amount = float(power[j] @ weight) * rng.uniform(0.6, 0.95)
        made.append(
            Account(
                name=f"account {a}",
                segments=(j,),
                coefficients=(1.0,),
                hours=len(series) - 1 if a % 3 else ONES,
                limit=capacity,
                per_unit=amount / x[capacity],
                penalty=float(rng.uniform(20, 60)),
            )
        )
    blocks = list(problem.blocks)
    blocks[b] = replace(block, accounts=tuple(made))
    return replace(problem, series=np.array(series), blocks=tuple(blocks))


def first_ones(problem: Problem, b: int, count: int) -> Problem:
    """Return a problem whose block b has only its first accounts."""
    blocks = list(problem.blocks)
    blocks[b] = replace(blocks[b], accounts=blocks[b].accounts[:count])
    return replace(problem, blocks=tuple(blocks))
