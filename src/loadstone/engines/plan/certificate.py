# SPDX-License-Identifier: Apache-2.0
"""What a plan's bound rests on, computed again from prices in plain numpy.

For any water values w, account prices m and hourly prices p of at most the shortage price,
duality gives F(x) <= g(w, p, m) . x for every x of at least 0: a use earns at most
max(0, value - p), a source max(0, p - cost), the battery what w and p leave it. So nothing here
has to be trusted to be best; poor prices give a weak bound, never a false one.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import Answer, End, Programme, by_rows, minimise
from loadstone.engines.plan.problem import ONES, SHORTAGE_PRICE, Problem, Segment
from loadstone.engines.plan.solution import Cut
from loadstone.model.errors import InputError, OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MILLION = 1e6


def beyond_range(problem: Problem, cut: Cut) -> float:
    """Return how far a cut's prices are outside the range in which they prove anything."""
    worst = float(np.nan_to_num(cut.price - SHORTAGE_PRICE, nan=np.inf).max())
    accounts = problem.blocks[cut.block].accounts
    for account, price in zip(accounts, cut.multipliers.tolist(), strict=True):
        worst = max(worst, -price, price - account.penalty)
    return max(worst, 0.0)


def slope(problem: Problem, cut: Cut) -> Floats:
    """Return what a cut's prices prove its block is worth at most, per unit. Shape (K,).

    Raises:
        InputError: A price is out of range, so that the bound would be false.
    """
    block = problem.blocks[cut.block]
    if beyond_range(problem, cut) > 0:
        raise InputError("cut", block.name, "must have prices that prove something")
    total = np.zeros(len(block.capacities))
    for segment, charge in zip(block.segments, _charges(problem, cut), strict=True):
        capacity, gain = _gain(problem, segment, cut.price, charge)
        np.add.at(total, capacity, gain)
    for account, price in zip(block.accounts, cut.multipliers.tolist(), strict=True):
        total[account.limit] += price * account.per_unit
    if (store := block.storage) is not None:
        bought = np.maximum(store.charge_efficiency * cut.water - cut.price, 0.0)
        sold = np.maximum(cut.price - cut.water / store.discharge_efficiency, 0.0)
        total[store.power] += (bought + sold).sum()
        # what one hour stores, the next may find worth more; the year follows itself
        total[store.energy] += np.maximum(cut.water - np.roll(cut.water, 1), 0.0).sum()
    return total


def _charges(problem: Problem, cut: Cut) -> Floats:
    """Return what the accounts charge each segment, currency/MWh. Shape (J, T)."""
    block = problem.blocks[cut.block]
    charges = np.zeros((len(block.segments), problem.hours))
    for account, price in zip(block.accounts, cut.multipliers.tolist(), strict=True):
        weight = 1.0 if account.hours == ONES else problem.series[account.hours]
        for j, coefficient in zip(account.segments, account.coefficients, strict=True):
            charges[j] += price * coefficient * weight
    return charges


def _gain(
    problem: Problem, segment: Segment, price: Floats, charge: Floats
) -> tuple[Ints, Floats]:
    """Return a segment's capacity and its most gain per unit, hour by hour. Shapes (T,)."""
    offset = 0 if segment.group == ONES else problem.groups[segment.group]
    capacity = np.full(problem.hours, segment.capacity) + offset
    value = problem.profile(segment.value)
    gain = price - value - charge if segment.source else value - charge - price
    if not segment.must_run:
        gain = np.maximum(gain, 0.0)
    return capacity, gain * problem.profile(segment.width)


def recount_bound(
    problem: Problem, cuts: Sequence[Cut], *, gap: float = 1e-6, goal: float = -np.inf
) -> float:
    """Return the bound that the prices of cuts prove, computed from nothing else, currency.

    Args:
        problem: The problem.
        cuts: The prices; at least one cut for each block.
        gap: How exactly the master is solved where it has whole columns.
        goal: A bound that is enough, at which to stop.

    Raises:
        InputError: The prices of a cut prove nothing.
        OutsideError: HiGHS failed, or the rows cannot hold together.
    """
    programme = _master(problem, [(cut.block, slope(problem, cut)) for cut in cuts])
    bound = _money(problem, minimise(replace(programme, whole=None)))
    if bound <= goal or not programme.is_whole:
        return bound
    enough = (problem.constant - goal) / MILLION
    answer = minimise(programme, {"mip_rel_gap": gap}, enough=enough)
    return min(bound, _money(problem, answer))


def _money(problem: Problem, answer: Answer) -> float:
    if answer.end == End.INFEASIBLE:
        raise OutsideError("the rows and bounds of the problem cannot hold together")
    return float(problem.constant - answer.bound * MILLION)


def _master(problem: Problem, slopes: Sequence[tuple[int, Floats]]) -> Programme:
    """Return the best plan that bounds on blocks allow as a programme, in millions.

    Its columns are those of the problem, then each block's value.
    """
    count, rows, blocks = len(problem.columns), len(problem.rows), len(problem.blocks)
    entry_rows = [np.repeat(np.arange(rows), np.diff(problem.row_start))]
    scale = np.ones(rows)
    np.maximum.at(scale, entry_rows[0], np.abs(problem.row_value))
    columns, values = [problem.row_column], [problem.row_value / scale[entry_rows[0]]]
    for i, (b, one) in enumerate(slopes):
        own = problem.blocks[b].columns
        entry_rows.append(np.full(len(own) + 1, rows + i))
        columns.append(np.append(own, count + b))
        values.append(np.append(-one / MILLION, 1.0))
    start, column, value = by_rows(
        np.concatenate(entry_rows),
        np.concatenate(columns),
        np.concatenate(values),
        rows + len(slopes),
    )
    weight = np.array([block.weight for block in problem.blocks])
    free = np.full(blocks, np.inf)
    return Programme(
        cost=np.append(problem.cost / MILLION, -weight),
        lower=np.append(problem.lower, -free),
        upper=np.append(problem.upper, free),
        row_start=start,
        row_column=column,
        row_value=value,
        row_lower=np.append(problem.row_lower / scale, np.full(len(slopes), -np.inf)),
        row_upper=np.append(problem.row_upper / scale, np.zeros(len(slopes))),
        whole=np.append(problem.whole, np.zeros(blocks, dtype=np.bool_)),
    )
