# SPDX-License-Identifier: Apache-2.0
"""One problem over weighted futures, stacked from one problem for each of them.

The futures' problems have the same columns and rows with other costs, bounds and values. A
column of a phase is decided in a node of a tree: futures that cannot be told apart when the
phase is decided share it, and rows that are then the same are kept once. So builds of the first
phase are one number for all futures, and later ones may differ where something was learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.problem import (
    ONES,
    Aversion,
    Block,
    Label,
    Problem,
    Profile,
    Segment,
)
from loadstone.engines.plan.uncertain.tree import check_nodes
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SAME = 1e-12  # of the largest hour: rows of a series that are another's multiple
EVER = -1
"""Node of what is decided once for all futures."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stacked:
    """A problem over futures, and where each future's columns are in it.

    Attributes:
        problem: The problem; block b of future f is at `f * B + b`.
        probability: Of each future. Shape (S,).
        nodes: Node of each future in each phase. Shape (S, P).
        column: Column of the problem that each future's column is. Shape (S, C).
        origin: Column of a future's problem that each column is. Shape (C',).
        node: Node in which each column is decided, or `EVER`. Shape (C',).
    """

    problem: Problem
    probability: Floats
    nodes: Ints
    column: Ints
    origin: Ints
    node: Ints

    @property
    def futures(self) -> int:
        """Number of futures, S."""
        return len(self.probability)

    def of_future(self, columns: Floats, f: int) -> Floats:
        """Return a plan as one future sees it. Shape (C,)."""
        return np.asarray(columns[self.column[f]])

    def mean(self, columns: Floats) -> Floats:
        """Return a plan's amounts as an average over futures. Shape (C,)."""
        return np.asarray(self.probability @ columns[self.column])

    def place(self, columns: Floats) -> Floats:
        """Return the plan that has one future's amounts in every future. Shape (C',)."""
        return np.asarray(columns[self.origin])

    def values(self, columns: Floats, values: Floats) -> Floats:
        """Return what a plan is worth in each future; see `Problem.worth`. Shape (S,)."""
        return self.problem.future_values(columns, values)

    def here_and_now(self) -> NDArray[np.bool_]:
        """Return which columns are the same in all futures. Shape (C',)."""
        return np.asarray(self.column.min(axis=0) == self.column.max(axis=0))[self.origin]


def stack(
    problems: Sequence[Problem],
    probability: Floats,
    nodes: Ints,
    *,
    tail: float = 0.1,
    weight: float = 0.0,
) -> Stacked:
    """Stack the problems of futures.

    Args:
        problems: One for each future, lowered from the same network.
        probability: Of each future; they sum to 1. Shape (S,).
        nodes: Node of each future in each phase; futures that share a node share the columns
            of that phase. Columns of no phase are shared by all. Shape (S, P).
        tail: Share of futures that are the worst; see `Aversion`.
        weight: What they count; see `Aversion`.

    Raises:
        InputError: The problems differ in more than costs, bounds and values; the nodes are no
            tree; or a bound or an equation cannot hold in all futures of a node.
    """
    first = problems[0]
    _check_alike(problems, probability)
    check_nodes(nodes, len(problems))
    column, origin, node = _columns(first, nodes)
    blocks, series = _blocks(problems, column, probability)
    lower, upper = _bounds(problems, column, len(origin))
    rows = _rows(problems, column)
    cost = np.zeros((len(problems), len(origin)))
    for f, problem in enumerate(problems):
        cost[f, column[f]] = problem.cost
    constant = np.array([problem.constant for problem in problems])
    stacked = Problem(
        currency=first.currency,
        series=series,
        groups=first.groups,
        blocks=blocks,
        columns=tuple(first.columns[c] for c in origin),
        cost=probability @ cost,
        lower=lower,
        upper=upper,
        whole=first.whole[origin],
        rows=rows.labels,
        row_start=rows.start,
        row_column=rows.column,
        row_value=rows.value,
        row_lower=rows.bounds[:, 0].copy(),
        row_upper=rows.bounds[:, 1].copy(),
        constant=float(probability @ constant),
        aversion=Aversion(
            probability=probability, cost=cost, constant=constant, tail=tail, weight=weight
        ),
        shortage_price=max(problem.shortage_price for problem in problems),
    )
    return Stacked(
        problem=stacked,
        probability=probability,
        nodes=nodes,
        column=column,
        origin=origin,
        node=node,
    )


def _check_alike(problems: Sequence[Problem], probability: Floats) -> None:
    if probability.shape != (len(problems),):
        rule = f"must be one for each of {len(problems)} futures"
        raise InputError("probability", probability.shape, rule)
    first = problems[0]
    shape = [(b.site, b.phase, b.capacities) for b in first.blocks]
    for f, problem in enumerate(problems[1:], 1):
        alike = (
            problem.columns == first.columns
            and problem.rows == first.rows
            and shape == [(b.site, b.phase, b.capacities) for b in problem.blocks]
            and np.array_equal(problem.groups, first.groups)
            and np.array_equal(problem.whole, first.whole)
        )
        if not alike:
            rule = "must have the columns, rows and blocks of the first"
            raise InputError(f"problem of future {f}", "another shape", rule)


def _columns(first: Problem, nodes: Ints) -> tuple[Ints, Ints, Ints]:
    """Number the columns: for each column of a future, one for each of its nodes."""
    futures, columns = len(nodes), len(first.columns)
    column = np.empty((futures, columns), dtype=np.int64)
    origin, node, count = [], [], 0
    for c, label in enumerate(first.columns):
        ever = label.phase < 0
        own = np.full(futures, EVER) if ever else nodes[:, label.phase]
        places, inverse = np.unique(own, return_inverse=True)
        column[:, c] = count + inverse
        count += len(places)
        origin.append(np.full(len(places), c))
        node.append(places)
    return column, np.concatenate(origin), np.concatenate(node)


def _bounds(problems: Sequence[Problem], column: Ints, count: int) -> tuple[Floats, Floats]:
    """Return bounds that hold in every future of a column's node."""
    lower, upper = np.zeros(count), np.full(count, np.inf)
    for f, problem in enumerate(problems):
        lower[column[f]] = np.maximum(lower[column[f]], problem.lower)
        upper[column[f]] = np.minimum(upper[column[f]], problem.upper)
    bad = np.flatnonzero(lower > upper)
    if bad.size:
        f, c = (int(at[0]) for at in np.nonzero(column == bad[0]))
        bounds = (float(lower[bad[0]]), float(upper[bad[0]]))
        raise InputError(f"bounds of {problems[f].columns[c]}", bounds, "must agree in a node")
    return lower, upper


class _Rows(NamedTuple):
    labels: tuple[Label, ...]
    start: Ints
    column: Ints
    value: Floats
    bounds: Floats


def _rows(problems: Sequence[Problem], column: Ints) -> _Rows:
    """Return the rows of all futures, those that are the same once."""
    known: set[tuple[int, bytes, bytes]] = set()
    equations: dict[tuple[int, bytes], int] = {}
    labels, index, value, limits = [], [], [], []
    for f, problem in enumerate(problems):
        places = column[f][problem.row_column]
        for r, label in enumerate(problem.rows):
            part = slice(problem.row_start[r], problem.row_start[r + 1])
            low, high = float(problem.row_lower[r]), float(problem.row_upper[r])
            where = (r, places[part].tobytes())
            numbers = problem.row_value[part].tobytes() + np.array([low, high]).tobytes()
            if (*where, numbers) in known:
                continue
            known.add((*where, numbers))
            if low == high and equations.setdefault(where, f) != f:
                rule = f"must be the one of future {equations[where]}; split their node"
                raise InputError(f"equation {label} of future {f}", high, rule)
            labels.append(label)
            index.append(places[part])
            value.append(problem.row_value[part])
            limits.append((low, high))
    lengths = [len(one) for one in index]
    return _Rows(
        labels=tuple(labels),
        start=np.cumsum([0, *lengths], dtype=np.int64),
        column=np.concatenate([np.empty(0, dtype=np.int64), *index]),
        value=np.concatenate([np.empty(0), *value]),
        bounds=np.array(limits, dtype=float).reshape(-1, 2),
    )


def _blocks(
    problems: Sequence[Problem], column: Ints, probability: Floats
) -> tuple[tuple[Block, ...], Floats]:
    """Return the blocks of all futures and the series that they share."""
    shelf = _Shelf(problems[0].hours)
    blocks = []
    for f, problem in enumerate(problems):
        own = shelf.take(problem)
        for block in problem.blocks:
            blocks.append(
                replace(
                    block,
                    future=f,
                    weight=block.weight * float(probability[f]),
                    columns=column[f][block.columns],
                    segments=tuple(own.segment(segment) for segment in block.segments),
                    accounts=tuple(
                        replace(account, hours=own.exact(account.hours))
                        for account in block.accounts
                    ),
                )
            )
    return tuple(blocks), np.array(shelf.rows, dtype=float).reshape(-1, shelf.hours)


class _Own:
    """The series of one problem on the shelf."""

    def __init__(self, shelf: "_Shelf", series: Floats, alike: Floats | None) -> None:
        self._shelf, self._series, self._alike = shelf, series, alike
        self._found: dict[int, tuple[int, float, float]] = {}

    def exact(self, row: int) -> int:
        """Return the place of a row."""
        return ONES if row == ONES else self._shelf.put(self._series[row])

    def segment(self, segment: Segment) -> Segment:
        """Return a segment that reads the shelf."""
        width = replace(segment.width, row=self.exact(segment.width.row))
        value = segment.value
        if value.row == ONES:
            return segment if width == segment.width else replace(segment, width=width)
        place, scale, shift = self._like(value.row)
        value = Profile(
            row=place, scale=value.scale * scale, shift=value.shift + value.scale * shift
        )
        return replace(segment, width=width, value=value)

    def _like(self, row: int) -> tuple[int, float, float]:
        """Return a row as a place on the shelf, a factor and a shift."""
        if row not in self._found:
            self._found[row] = self._line(row) or (self.exact(row), 1.0, 0.0)
        return self._found[row]

    def _line(self, row: int) -> tuple[int, float, float] | None:
        """Return a row as a line through the same row of the first problem, if it is one."""
        if self._alike is None or self._alike is self._series:
            return None
        first, mine = self._alike[row], self._series[row]
        low, high = int(first.argmin()), int(first.argmax())
        if first[high] == first[low]:
            return None
        scale = float((mine[high] - mine[low]) / (first[high] - first[low]))
        shift = float(mine[low] - scale * first[low])
        if np.abs(scale * first + shift - mine).max() > SAME * np.abs(mine).max():
            return None
        return self._shelf.put(first), scale, shift


class _Shelf:
    """Hourly series of many problems, equal ones once."""

    def __init__(self, hours: int) -> None:
        self.hours = hours
        self.rows: list[Floats] = []
        self._known: dict[bytes, int] = {}
        self._tables: dict[int, _Own] = {}
        self._kept: list[Problem] = []  # ids stay theirs while they live
        self._first: Floats | None = None

    def take(self, problem: Problem) -> _Own:
        """Return where a problem's series are; problems may share one table of them."""
        if self._first is None:
            self._first = problem.series
        key = id(problem.series)
        if key not in self._tables:
            self._kept.append(problem)
            alike = self._first if self._first.shape == problem.series.shape else None
            self._tables[key] = _Own(self, problem.series, alike)
        return self._tables[key]

    def put(self, row: Floats) -> int:
        """Keep a row and return its place."""
        key = row.tobytes()
        if key not in self._known:
            self._known[key] = len(self.rows)
            self.rows.append(row)
        return self._known[key]
