# SPDX-License-Identifier: Apache-2.0
"""Why no plan exists: which limits collide, and how far each must give way."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import End, Programme, by_rows, minimise
from loadstone.engines.plan.lower.plants import PERMIT
from loadstone.engines.plan.problem import Block, Label, Problem
from loadstone.engines.plan.solution import BlockDispatch, Solution
from loadstone.model.errors import Conflict
from loadstone.model.plan import Year, phase_name

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEAST_MW = 1e-5  # ten watts are no missing power
LEAST_MWH = 0.1
LEAST_PRICE = 1e-9
MOST_LIMITS = 4
LEAST_SHARE = 1e-7  # of a row's size


def missing_power(
    problem: Problem, hours: Sequence[BlockDispatch], years: Sequence[Year]
) -> tuple[Conflict, ...]:
    """Return a conflict for each site and phase in which promised power cannot be had.

    Args:
        problem: The problem.
        hours: The hours of each block in the best plan, which does what it can.
        years: Years of the phases.
    """
    found = []
    for block, dispatch in zip(problem.blocks, hours, strict=True):
        short = dispatch.shortage
        if short.max(initial=0.0) <= LEAST_MW:
            continue
        most, count = float(short.max()), int((short > LEAST_MW).sum())
        found.append(
            Conflict(
                rules=(
                    f"power in every hour of {phase_name(years[block.phase])} for "
                    f"{_promised(block)} at {block.site}",
                    f"a connection and a supply that lack up to {most:,.3g} MW in {count:,} "
                    "hours",
                ),
                relax=f"promise {most:,.3g} MW less there, or let it draw or generate more",
            )
        )
    return tuple(found)


def beyond_permits(
    problem: Problem,
    solution: Solution,
    hours: Sequence[BlockDispatch],
    years: Sequence[Year],
) -> tuple[Conflict, ...]:
    """Return a conflict for each site and phase in which backup must run beyond its permit.

    Args:
        problem: The problem.
        solution: The best plan, which does what it can.
        hours: Its hours, block by block.
        years: Years of the phases.
    """
    found = []
    for block, dispatch in zip(problem.blocks, hours, strict=True):
        for account in block.accounts:
            if not account.name.startswith(f"{PERMIT}:"):
                continue
            limit = account.per_unit * float(solution.columns[block.columns[account.limit]])
            run = sum(float(dispatch.power[j].sum()) for j in account.segments)
            if run <= limit + LEAST_MWH + LEAST_SHARE * limit:
                continue
            found.append(
                Conflict(
                    rules=(
                        f"power in every hour of {phase_name(years[block.phase])} for "
                        f"{_promised(block)} at {block.site}",
                        f"the permit of its {account.name}, which lacks {run - limit:,.4g} MWh",
                    ),
                    relax="promise less there, or let it draw more, or let its backup run "
                    "longer or be larger",
                )
            )
    return tuple(found)


def _promised(block: Block) -> str:
    """Return what must run, contracts by their source and other uses by their name."""
    must = [segment.name for segment in block.segments if segment.must_run]
    contracts = [name.split(":", 2)[-1] for name in must if name.startswith("promised:")]
    return ", ".join(contracts or must) or "its uses"


def clashing_limits(problem: Problem, years: Sequence[Year]) -> tuple[Conflict, ...]:
    """Return the shared limits that cannot hold together with what stands already.

    Limits that are stated in words may give way at a price for each share of their size; those
    that do, where all of it costs least, are the conflict. Empty where they can all hold.

    Args:
        problem: The problem; its hours and whole numbers are left out.
        years: Years of the phases.
    """
    stated = np.array([bool(row.text) for row in problem.rows], dtype=np.bool_)
    for free in (stated, np.ones(len(problem.rows), dtype=np.bool_)):
        found = _least_slack(problem, free)
        if found is not None:
            slack, price = found
            gives = np.abs(slack) > LEAST_SHARE * _sizes(problem)
            price[gives | ~stated | (np.abs(price) <= LEAST_PRICE)] = 0.0
            return tuple(
                _conflict(problem, int(i), slack, price, years) for i in np.flatnonzero(gives)
            )
    return ()


def _sizes(problem: Problem) -> Floats:
    sides = np.stack([problem.row_lower, problem.row_upper])
    finite: Floats = np.where(np.isfinite(sides), np.abs(sides), 0.0)
    sizes: Floats = np.maximum(1.0, finite.max(axis=0, initial=0.0))
    return sizes


def _least_slack(problem: Problem, free: Bools) -> tuple[Floats, Floats] | None:
    """Return how far each row gives way, and what a unit of it would spare. Shapes (M,).

    The first is above 0 where its upper limit must rise. None where rows that may not give way
    collide among themselves.
    """
    columns, rows = len(problem.columns), len(problem.rows)
    giving = np.flatnonzero(free)
    count = giving.size
    entry_rows = np.concatenate(
        [np.repeat(np.arange(rows), np.diff(problem.row_start)), giving, giving]
    )
    down, up = columns + np.arange(count), columns + count + np.arange(count)
    start, column, value = by_rows(
        entry_rows,
        np.concatenate([problem.row_column, down, up]),
        np.concatenate([problem.row_value, -np.ones(count), np.ones(count)]),
        rows,
    )
    price = 1 / _sizes(problem)[giving]
    answer = minimise(
        Programme(
            cost=np.concatenate([np.zeros(columns), price, price]),
            lower=np.concatenate([problem.lower, np.zeros(2 * count)]),
            upper=np.concatenate([problem.upper, np.full(2 * count, np.inf)]),
            row_start=start,
            row_column=column,
            row_value=value,
            row_lower=problem.row_lower,
            row_upper=problem.row_upper,
        )
    )
    if answer.end == End.INFEASIBLE:
        return None
    slack = np.zeros(rows)
    slack[giving] = answer.x[down] - answer.x[up]
    return slack, answer.row_dual * _sizes(problem)


def _conflict(
    problem: Problem, row: int, slack: Floats, price: Floats, years: Sequence[Year]
) -> Conflict:
    label, given = problem.rows[row], float(slack[row])
    if label.kind == "firmness":
        return _not_firm(label, given, years)
    floor = given < 0
    limit = problem.row_lower[row] if floor else problem.row_upper[row]
    need = f"{_number(limit + given)} {label.unit}"
    source = f" ({label.source})" if label.source else ""
    rule = _stated(problem, row, years, floor=floor) + source
    holds = np.flatnonzero(price)
    if not (floor and holds.size):
        other = f"what stands and was promised, which needs {need}"
        return Conflict(
            rules=(rule, other), relax=f"{'lower' if floor else 'raise'} it to {need}"
        )
    # what is missing falls with a floor that gives way, and with a ceiling that rises
    others = [_stated(problem, int(i), years, floor=price[i] > 0) for i in holds[:MOST_LIMITS]]
    return Conflict(
        rules=(rule, *others), relax=f"lower it to {need}, or let the other limits give way"
    )


def _stated(problem: Problem, row: int, years: Sequence[Year], *, floor: bool) -> str:
    """Return a limit that holds, in words, with the side that does."""
    label = problem.rows[row]
    words = _words(label, years)
    if label.kind == "firmness":
        return words
    side = problem.row_lower[row] if floor else problem.row_upper[row]
    return f"{words}: {'at least' if floor else 'at most'} {_number(side)} {label.unit}"


def _number(amount: float) -> str:
    """Return an amount with its millions written out."""
    return f"{amount:,.0f}" if abs(amount) >= 1e5 else f"{amount:,.6g}"


def _not_firm(label: Label, slack: float, years: Sequence[Year]) -> Conflict:
    return Conflict(
        rules=(
            _words(label, years),
            f"AI that stands or was promised there, which lacks {slack:,.4g} MW of it",
        ),
        relax=f"add {slack:,.4g} MW of firm connection, transformers or backup, or say "
        f'firmness = false in the file of site "{label.subject}"',
    )


def _words(label: Label, years: Sequence[Year]) -> str:
    words = label.text or " ".join(
        word for word in (label.kind, label.subject, label.asset) if word
    )
    return f"{words} in {phase_name(years[label.phase])}" if label.phase >= 0 else words
