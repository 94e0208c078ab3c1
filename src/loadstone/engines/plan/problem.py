# SPDX-License-Identifier: Apache-2.0
"""The planning problem as numbers: blocks of hours, and columns and rows between them.

A network is lowered once to a `Problem`; every method reads it and nothing else:

    maximise   constant - cost . c + sum over blocks of weight_b F_b(x_b)
    subject to row_lower <= A c <= row_upper,  lower <= c <= upper,  some c whole numbers

or, where the futures of blocks are weighed (`Aversion`), their average and their tail. Here
x_b are the block's capacities, taken from the columns c, and F_b(x) is the value of
one year of hourly dispatch with those capacities:

    maximise   sum_t sum_uses value u  -  sum_t sum_sources value u
               - shortage_price sum_t shortage  -  sum_accounts penalty max(0, amount - limit)
    subject to sources + discharge + shortage = uses + charge        every hour, at the bus
               0 <= u_jt <= width_jt x_j      (equal to it where the segment must run)
               stored energy, cyclic over the year, within 0 and the energy capacity

All right-hand sides scale with x, so F_b is concave and F_b(k x) = k F_b(x). A constant is a
capacity whose column is fixed to 1. Power is MW at the site's bus, money is the network's
currency, F_b is per year.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ONES = -1
"""Series index of a profile that is 1 in every hour; group index of no group."""

SHORTAGE_PRICE = 1e5
"""Price of energy missing at the bus, USD/MWh; above every other marginal value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An hourly series as `scale * series[row] + shift`, so that blocks share long arrays.

    Attributes:
        row: Row of `Problem.series`, or `ONES` for an hourly constant of `scale + shift`.
        scale: Factor on the row.
        shift: Added to every hour.
    """

    row: int = ONES
    scale: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A use or a source of power whose hourly limit is a profile times one capacity.

    Attributes:
        name: What it is, e.g. "ai:h200:spot" or "grid"; unique in its block.
        source: Whether it gives power to the bus; else it uses power.
        capacity: Index of the capacity in the block; with a group, of the group's first.
        width: MW at the bus per unit of capacity; `shift` must be 0, all at least 0.
        value: Earnings of a use, or cost of a source, currency/MWh at the bus.
        must_run: Whether a use always takes its whole width; what is missing is shortage.
        group: Row of `Problem.groups` that is added to `capacity` hour by hour, or `ONES`.
    """

    name: str
    source: bool = False
    capacity: int
    width: Profile = field(default_factory=Profile)
    value: Profile = field(default_factory=lambda: Profile(scale=0.0))
    must_run: bool = False
    group: int = ONES

    def __post_init__(self) -> None:
        if self.must_run and (self.source or self.group != ONES):
            raise InputError("must_run", self.name, "is for ungrouped uses only")
        if self.width.shift:
            raise InputError("width.shift", self.width.shift, "must be 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """One store of energy: a battery.

    Attributes:
        power: Index of the capacity that limits charging and discharging, MW at the bus.
        energy: Index of the capacity that limits stored energy, MWh.
        charge_efficiency: Stored per unit drawn from the bus, above 0 to 1.
        discharge_efficiency: Delivered to the bus per unit released, above 0 to 1.
    """

    power: int
    energy: int
    charge_efficiency: float
    discharge_efficiency: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A yearly amount that is free up to a limit and costs a penalty beyond it.

    The cost is `penalty * max(0, sum_j coefficient_j sum_t hours_t u_jt - per_unit * x_limit)`:
    a take-or-pay minimum, a tier, the energy limit of a curtailment contract, a carbon cap.

    Attributes:
        name: What it is, for people.
        segments: Indices of the segments that count.
        coefficients: One factor for each of them, of either sign.
        hours: Row of `Problem.series` with the weight of each hour, or `ONES`.
        limit: Index of the capacity that carries the limit.
        per_unit: Amount that one unit of that capacity allows, of either sign.
        penalty: Price of a unit beyond the limit, currency, at least 0.
    """

    name: str
    segments: tuple[int, ...]
    coefficients: tuple[float, ...]
    hours: int = ONES
    limit: int
    per_unit: float
    penalty: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """One site in one phase of one future: a year of hours with its own capacities.

    Attributes:
        site: Id of the site.
        phase: Index of the phase.
        future: Index of the future.
        weight: What a yearly value counts in the objective: years, discount, probability.
        capacities: Name of each capacity. Length K.
        columns: Column of the problem that each capacity is. Shape (K,).
        segments: Uses and sources.
        storage: The battery, if any.
        accounts: Yearly amounts with a price beyond a limit.
    """

    site: str
    phase: int = 0
    future: int = 0
    weight: float = 1.0
    capacities: tuple[str, ...]
    columns: Ints
    segments: tuple[Segment, ...]
    storage: Storage | None = None
    accounts: tuple[Account, ...] = ()

    def __post_init__(self) -> None:
        if self.columns.shape != (len(self.capacities),):
            raise InputError("columns", self.columns.shape, "must be one per capacity")
        if not self.weight > 0:
            raise InputError("weight", self.weight, "must be above 0")
        names = [segment.name for segment in self.segments]
        if len(set(names)) != len(names):
            raise InputError("segments", names, "must have different names")

    @property
    def name(self) -> str:
        """Return a short name, e.g. "bratsk/2" for a site and phase."""
        future = f"/{self.future}" if self.future else ""
        return f"{self.site}/{self.phase}{future}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a column or a row is about, so that a report can say it in words.

    Attributes:
        kind: A fixed word, e.g. "build", "capacity", "budget", "country_cap".
        subject: The site, country, zone or asset it is about.
        phase: Index of the phase, or -1 for all.
        asset: Name of the asset, where it is about one.
        unit: Unit of a column, or of a row's limit.
        text: The rule in a sentence, for rows that a user stated.
        source: Where the rule comes from.
    """

    kind: str
    subject: str = ""
    phase: int = -1
    asset: str = ""
    unit: str = ""
    text: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Aversion:
    """How the futures of a problem count: on average, and the worst of them once more.

    A plan is worth `(1 - weight) E[V] + weight CVaR(V)`, where V is its value in a future and
    CVaR the mean of V over the worst futures that together have the probability `tail`.

    Attributes:
        probability: Of each future; they sum to 1. Shape (S,).
        cost: Cost of one unit of each column in each future. Shape (S, C).
        constant: Part of each future's value that no decision moves. Shape (S,).
        tail: Share of futures that are the worst, above 0 to 1.
        weight: What the worst futures count, 0 to 1; 0 plans for the average alone.
    """

    probability: Floats
    cost: Floats
    constant: Floats
    tail: float
    weight: float

    def __post_init__(self) -> None:
        if not (0 < self.tail <= 1):
            raise InputError("tail", self.tail, "must be above 0, to 1")
        if not (0 <= self.weight <= 1):
            raise InputError("weight", self.weight, "must be 0 to 1")
        if not ((self.probability > 0).all() and abs(self.probability.sum() - 1) < 1e-9):
            raise InputError("probability", self.probability, "must be above 0 and sum to 1")

    def tail_mean(self, values: Floats) -> float:
        """Return the mean of the worst values, the last of them by the share that fits.

        Args:
            values: Value in each future. Shape (S,).
        """
        order = np.argsort(values, kind="stable")
        before = np.cumsum(self.probability[order]) - self.probability[order]
        share = np.clip(self.tail - before, 0.0, self.probability[order])
        return float(share @ values[order] / share.sum())

    def worth(self, values: Floats) -> float:
        """Return what a plan with these values is worth. Shape (S,)."""
        mean = float(self.probability @ values)
        return (1 - self.weight) * mean + self.weight * self.tail_mean(values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """Everything a method needs to find or to check a plan.

    Attributes:
        currency: Currency of all money.
        series: Hourly rows that profiles point at. Shape (R, T).
        groups: Offsets that move a segment to another capacity by the hour. Shape (Q, T).
        blocks: Site-years of dispatch.
        columns: What each column is. Length C.
        cost: Cost of one unit of each column, in the objective. Shape (C,).
        lower, upper: Bounds of the columns, at least 0 and finite. Shape (C,).
        whole: Columns that must be whole numbers. Shape (C,).
        rows: What each row is. Length M.
        row_start, row_column, row_value: The matrix A by rows. Shapes (M + 1,), (Z,), (Z,).
        row_lower, row_upper: Bounds of the rows; infinite where there is none. Shape (M,).
        constant: Part of the objective that no decision moves.
        aversion: How its futures count; None where only their average does. Costs, weights of
            blocks and constant are those of the average either way.
        shortage_price: Price of energy missing at the bus, above every other marginal value,
            currency/MWh.
    """

    currency: str
    series: Floats
    groups: Ints
    blocks: tuple[Block, ...]
    columns: tuple[Label, ...]
    cost: Floats
    lower: Floats
    upper: Floats
    whole: NDArray[np.bool_]
    rows: tuple[Label, ...]
    row_start: Ints
    row_column: Ints
    row_value: Floats
    row_lower: Floats
    row_upper: Floats
    constant: float = 0.0
    aversion: Aversion | None = None
    shortage_price: float = SHORTAGE_PRICE

    def __post_init__(self) -> None:
        n = len(self.columns)
        for name in ("cost", "lower", "upper", "whole"):
            if getattr(self, name).shape != (n,):
                raise InputError(name, getattr(self, name).shape, f"must be ({n},)")
        bad = np.flatnonzero(~((self.lower >= 0) & (self.upper < np.inf)))
        if bad.size:
            at = self.columns[bad[0]]
            bounds = (float(self.lower[bad[0]]), float(self.upper[bad[0]]))
            raise InputError(f"bounds of {at}", bounds, "must be at least 0 and finite")
        if self.row_start.shape != (len(self.rows) + 1,):
            raise InputError("row_start", self.row_start.shape, "must be one more than rows")
        if not 0 < self.shortage_price < np.inf:
            raise InputError(
                "shortage_price", self.shortage_price, "must be above 0 and finite"
            )
        if self.aversion is not None:
            self._check_futures(self.aversion)

    def _check_futures(self, aversion: Aversion) -> None:
        count = len(aversion.probability)
        for name, shape in (("cost", (count, len(self.columns))), ("constant", (count,))):
            if getattr(aversion, name).shape != shape:
                value = getattr(aversion, name).shape
                raise InputError(f"aversion.{name}", value, f"must be {shape}")
        if any(not 0 <= block.future < count for block in self.blocks):
            raise InputError("blocks", count, "must be of the futures that count")

    @property
    def hours(self) -> int:
        """Number of hours in a block, T."""
        return int(self.series.shape[1])

    def profile(self, profile: Profile) -> Floats:
        """Return a profile hour by hour. Shape (T,)."""
        row = np.ones(self.hours) if profile.row == ONES else self.series[profile.row]
        return np.asarray(profile.scale * row + profile.shift)

    def row_activity(self, columns: Floats) -> Floats:
        """Return A c. Shape (M,)."""
        terms = self.row_value * columns[self.row_column]
        return np.array(
            [terms[a:b].sum() for a, b in zip(self.row_start, self.row_start[1:], strict=False)]
        )

    def worth(self, columns: Floats, values: Floats) -> float:
        """Return the objective of a plan.

        Args:
            columns: Amount of each column. Shape (C,).
            values: Yearly value of each block. Shape (B,).
        """
        if self.aversion is not None:
            return self.aversion.worth(self.future_values(columns, values))
        weights = np.array([block.weight for block in self.blocks])
        return float(self.constant - self.cost @ columns + weights @ values)

    def future_values(self, columns: Floats, values: Floats) -> Floats:
        """Return what a plan is worth in each future; see `worth`. Shape (S,).

        Raises:
            InputError: The problem does not say what each future costs.
        """
        if (a := self.aversion) is None:
            raise InputError("aversion", None, "must be given to tell futures apart")
        future = np.array([block.future for block in self.blocks], dtype=np.int64)
        weights = np.array([block.weight for block in self.blocks])
        earned = np.bincount(future, weights * values, minlength=len(a.probability))
        return np.asarray(a.constant - a.cost @ columns + earned / a.probability)
