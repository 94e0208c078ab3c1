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
from loadstone.engines.plan.problem import ONES, Aversion, Problem, Segment
from loadstone.engines.plan.solution import Cut
from loadstone.model.errors import InputError, OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MILLION = 1e6


def beyond_range(problem: Problem, cut: Cut) -> float:
    """Return how far a cut's prices are outside the range in which they prove anything."""
    worst = float(np.nan_to_num(cut.price - problem.shortage_price, nan=np.inf).max())
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
    if problem.aversion is not None:
        programme = _weighed(problem, problem.aversion, programme)
    bound = _money(problem, minimise(replace(programme, whole=None)))
    if bound <= goal or not programme.is_whole:
        return bound
    enough = (_fixed(problem) - goal) / MILLION
    answer = minimise(programme, {"mip_rel_gap": gap}, enough=enough)
    return min(bound, _money(problem, answer))


def _money(problem: Problem, answer: Answer) -> float:
    if answer.end == End.INFEASIBLE:
        raise OutsideError("the rows and bounds of the problem cannot hold together")
    return _fixed(problem) - answer.bound * MILLION


def _fixed(problem: Problem) -> float:
    """Return the part of the objective that stands outside the programme, currency."""
    weight = 0.0 if problem.aversion is None else problem.aversion.weight
    return (1 - weight) * problem.constant


def _weighed(problem: Problem, aversion: Aversion, average: Programme) -> Programme:
    """Return the programme with the worst futures in its objective.

    Their mean is the most that `z - sum of probability * below / tail` can be, where `below`
    is at least what a future's value lacks of z. z and each future's `below` come last.
    """
    count, width, rows = len(aversion.probability), len(average.cost), len(average.row_lower)
    lacks = np.zeros((count, width + 1 + count))  # value + below - z
    lacks[:, : len(problem.columns)] = -aversion.cost / MILLION
    for b, block in enumerate(problem.blocks):
        place = len(problem.columns) + b
        lacks[block.future, place] = block.weight / aversion.probability[block.future]
    lacks[:, width] = -1.0
    lacks[:, width + 1 :] = np.eye(count)
    entry, column = np.nonzero(lacks)
    start, columns, values = by_rows(
        np.append(np.repeat(np.arange(rows), np.diff(average.row_start)), rows + entry),
        np.append(average.row_column, column),
        np.append(average.row_value, lacks[entry, column]),
        rows + count,
    )
    risk, free = aversion.weight, np.full(count + 1, np.inf)
    worst = np.append(-risk, risk / aversion.tail * aversion.probability)
    whole = np.zeros(width, np.bool_) if average.whole is None else average.whole
    return Programme(
        cost=np.append((1 - risk) * average.cost, worst),
        lower=np.concatenate([average.lower, [-np.inf], np.zeros(count)]),
        upper=np.append(average.upper, free),
        row_start=start,
        row_column=columns,
        row_value=values,
        row_lower=np.append(average.row_lower, -aversion.constant / MILLION),
        row_upper=np.append(average.row_upper, free[:count]),
        whole=np.append(whole, np.zeros(count + 1, dtype=np.bool_)),
    )


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
