# SPDX-License-Identifier: Apache-2.0
"""What a plan's bound rests on, computed again from prices in plain numpy.

For any water values w, account prices m and hourly prices p of at most the shortage price,
duality gives F(x) <= g(w, p, m) . x for every x of at least 0: a use earns at most
max(0, value - p), a source max(0, p - cost), the battery what w and p leave it. So nothing here
has to be trusted to be best; poor prices give a weak bound, never a false one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import End, Programme, by_rows, minimise
from loadstone.engines.plan.problem import ONES, SHORTAGE_PRICE, Problem, Segment
from loadstone.engines.plan.solution import Cut, Proof
from loadstone.model.errors import InputError, OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bound:
    """A bound on the value of one part of a block's year.

    It is `slope . x + first * (stored as the part begins) - last * (stored as it ends)`.

    Attributes:
        block: Index of the block.
        part: Index of the part.
        slope: Currency per unit of each capacity. Shape (K,).
        first: Water value of the part's first hour, currency/MWh.
        last: Water value of its last hour, currency/MWh.
    """

    block: int
    part: int
    slope: Floats
    first: float
    last: float


def beyond_range(problem: Problem, cut: Cut) -> float:
    """Return how far a cut's prices are outside the range in which they prove anything."""
    worst = float(np.nan_to_num(cut.price - SHORTAGE_PRICE, nan=np.inf).max())
    for account, price in zip(
        problem.blocks[cut.block].accounts, cut.multipliers.tolist(), strict=True
    ):
        worst = max(worst, -price, price - account.penalty)
    return max(worst, 0.0)


def bounds(problem: Problem, cut: Cut, starts: Ints) -> list[Bound]:
    """Return what a cut's prices prove of each part of its block's year.

    Args:
        problem: The problem.
        cut: The prices.
        starts: First hour of each part; the first is 0. Shape (P,).

    Raises:
        InputError: A price is out of range, or accounts of a whole year meet parts of one.
    """
    block = problem.blocks[cut.block]
    if beyond_range(problem, cut) > 0:
        raise InputError("cut", block.name, "must have prices that prove something")
    if block.accounts and len(starts) > 1:
        raise InputError("starts", starts.tolist(), "must be [0] for a block with accounts")
    slopes = np.zeros((len(starts), len(block.capacities)))
    part = np.searchsorted(starts, np.arange(problem.hours), side="right") - 1
    charges = _charges(problem, cut)
    for segment, charge in zip(block.segments, charges, strict=True):
        capacity, gain = _gain(problem, segment, cut.price, charge)
        np.add.at(slopes, (part, capacity), gain)
    for account, price in zip(block.accounts, cut.multipliers.tolist(), strict=True):
        slopes[0, account.limit] += price * account.per_unit
    if (store := block.storage) is not None:
        bought = np.maximum(store.charge_efficiency * cut.water - cut.price, 0.0)
        sold = np.maximum(cut.price - cut.water / store.discharge_efficiency, 0.0)
        np.add.at(slopes[:, store.power], part, bought + sold)
        # stored energy of an hour is worth what the next hour pays more
        rise = np.maximum(np.diff(cut.water), 0.0)
        inside = part[1:] == part[:-1]
        np.add.at(slopes[:, store.energy], part[:-1][inside], rise[inside])
    ends = np.append(starts[1:], problem.hours) - 1
    water = np.zeros(problem.hours) if block.storage is None else cut.water
    if store is not None and len(starts) == 1:
        # the year follows itself
        slopes[0, store.energy] += max(float(water[0] - water[-1]), 0.0)
        water = np.zeros(problem.hours)
    return [
        Bound(block=cut.block, part=p, slope=slopes[p], first=water[a], last=water[b])
        for p, (a, b) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
    ]


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


def recount_bound(problem: Problem, proof: Proof, *, gap: float = 1e-6, goal: float) -> float:
    """Return the bound that a proof's prices prove, computed from nothing else, currency.

    Args:
        problem: The problem.
        proof: The prices; at least one cut for each block.
        gap: How exactly the master is solved where it has whole columns.
        goal: A bound that is enough: if it holds without whole numbers, they are left out.

    Raises:
        InputError: The prices of a cut prove nothing.
        OutsideError: HiGHS failed, or the rows cannot hold together.
    """
    found = [one for cut in proof.cuts for one in bounds(problem, cut, proof.starts[cut.block])]
    programme = master(problem, found, proof.starts)
    bound = _best(problem, programme, None)
    if bound <= goal or not programme.is_whole:
        return bound
    return min(bound, _best(problem, programme, gap))


def _best(problem: Problem, programme: Programme, gap: float | None) -> float:
    """Return the master's best value, with whole columns where a gap is given."""
    if gap is None:
        answer = minimise(replace(programme, whole=None))
    else:
        answer = minimise(programme, {"mip_rel_gap": gap})
    if answer.end == End.INFEASIBLE:
        raise OutsideError("the rows and bounds of the problem cannot hold together")
    return float(problem.constant - answer.bound * MILLION)


def master(problem: Problem, found: Sequence[Bound], starts: Sequence[Ints]) -> Programme:
    """Return the best plan that the bounds allow as a programme, in millions.

    Its columns are those of the problem, then of each part of each block its value and the
    energy stored as it begins.
    """
    count, rows = len(problem.columns), len(problem.rows)
    parts = np.array([len(s) for s in starts])
    before = count + 2 * np.concatenate([[0], np.cumsum(parts)[:-1]])
    total = count + 2 * int(parts.sum())
    entry_rows = [np.repeat(np.arange(rows), np.diff(problem.row_start))]
    scale = np.ones(rows)
    np.maximum.at(scale, entry_rows[0], np.abs(problem.row_value))
    columns, values = [problem.row_column], [problem.row_value / scale[entry_rows[0]]]
    made = rows

    def add(column: Ints, value: Floats) -> None:
        nonlocal made
        entry_rows.append(np.full(len(column), made))
        columns.append(column)
        values.append(value)
        made += 1

    for one in found:
        begin, length = before[one.block], parts[one.block]
        column = np.append(problem.blocks[one.block].columns, begin + 2 * one.part)
        value = np.append(-one.slope / MILLION, 1.0)
        if length > 1:
            stored = begin + 2 * np.array([one.part, (one.part + 1) % length]) + 1
            column = np.append(column, stored)
            value = np.append(value, [-one.first / MILLION, one.last / MILLION])
        add(column, value)
    for block, begin, length in zip(problem.blocks, before, parts, strict=True):
        if block.storage is not None:
            energy = int(block.columns[block.storage.energy])
            for p in range(length):
                add(np.array([begin + 2 * p + 1, energy]), np.array([1.0, -1.0]))
    start, index, entries = by_rows(
        np.concatenate(entry_rows), np.concatenate(columns), np.concatenate(values), made
    )
    value_columns = np.zeros(total, dtype=np.bool_)
    value_columns[count::2] = True
    weight = np.repeat([block.weight for block in problem.blocks], 2 * parts)
    most = np.repeat([np.inf if b.storage else 0.0 for b in problem.blocks], 2 * parts)
    is_value = value_columns[count:]
    return Programme(
        cost=np.append(problem.cost / MILLION, np.where(is_value, -weight, 0.0)),
        lower=np.append(problem.lower, np.where(is_value, -np.inf, 0.0)),
        upper=np.append(problem.upper, np.where(is_value, np.inf, most)),
        row_start=start,
        row_column=index,
        row_value=entries,
        row_lower=np.append(problem.row_lower / scale, np.full(made - rows, -np.inf)),
        row_upper=np.append(problem.row_upper / scale, np.zeros(made - rows)),
        whole=np.append(problem.whole, np.zeros(total - count, dtype=np.bool_)),
    )
