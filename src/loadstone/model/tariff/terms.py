# SPDX-License-Identifier: Apache-2.0
"""The convex terms of a rate card: all that the planner needs to know of tariffs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.tariff.load import Bools, Floats, Ints, Line, Load, Measured, Use

LINES_BY_RATE = 12  # with more rates than this, a bill shows the mean rate


class Term(ABC):
    """One item of a rate card, with one exact charge for a load.

    Attributes:
        name: What the bill calls it; names a power contract or a generator too.
        convex: Whether the planner charges it exactly.
    """

    __slots__ = ()
    name: str
    convex: ClassVar[bool]

    @abstractmethod
    def accrual(self, load: Load) -> Floats:
        """Return the charge spread over the intervals, currency. Shape (T,).

        A charge for a whole billing period is spread evenly over its intervals.
        """

    @abstractmethod
    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return the rows of the bill; their amounts add up to the charge."""

    @abstractmethod
    def planner_terms(self) -> tuple["Term", ...]:
        """Return the convex terms that stand for this one in the planner."""

    @abstractmethod
    def bounds(self, load: Load) -> tuple[float, float]:
        """Return the least and the most that bill and planner may charge, currency."""

    def charge(self, load: Load) -> float:
        """Return what the load costs over its grid, currency."""
        return float(self.accrual(load).sum())

    def planner_cost(self, load: Load) -> float:
        """Return what the planner charges for the load, currency."""
        return sum(term.charge(load) for term in self.planner_terms())


class ConvexTerm(Term):
    """A term that the planner charges exactly."""

    __slots__ = ()
    convex: ClassVar[bool] = True

    def planner_terms(self) -> tuple[Term, ...]:
        """Return the term itself."""
        return (self,)

    def bounds(self, load: Load) -> tuple[float, float]:
        """Return the charge twice: nothing is approximated."""
        charge = self.charge(load)
        return charge, charge


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EnergyTerm(ConvexTerm):
    """A price on metered energy: sum of per_mwh[t] x MWh[t].

    Attributes:
        name: What the bill calls it.
        per_mwh: Price, of either sign, currency/MWh. Shape (T,).
        on: The meter: "import" is all that is drawn through the connection,
            "residual" the import less what power contracts deliver.
    """

    name: str
    per_mwh: Floats
    on: Measured

    def __post_init__(self) -> None:
        check_finite("per_mwh", self.per_mwh)

    def accrual(self, load: Load) -> Floats:
        """Return price times energy."""
        return self.per_mwh * load.mwh(self.on)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each rate, or one at the mean rate where there are many."""
        return energy_lines(self.name, self.per_mwh, load.mwh(self.on))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PeakTerm(ConvexTerm):
    """A charge on the highest import of each billing period.

    actual[p] = highest import of the intervals with periods == p, MW
    billed[p] = max(actual[p], max over q of ratchet[p, q] x actual[q],
                    floor_mw[p], floor_share x contracted MW)
    charge    = sum of per_mw[p] x billed[p]
                     + excess_per_mw[p] x max(0, actual[p] - contract_mw)

    Attributes:
        name: What the bill calls it.
        periods: Billing period of each interval, 0 to P-1; -1 where demand does not
            count. Shape (T,).
        per_mw: Rate on the billed demand, currency/MW; a rate per MVA has the power
            factor folded in. Shape (P,), at least 0.
        ratchet: Share of another period's demand that is billed. Shape (P, P), at least 0.
        floor_mw: Least demand billed, MW. Shape (P,), at least 0.
        floor_share: Least demand billed, as a share of the contracted connection.
        contract_mw: Demand above which the excess is charged on top, MW; may be infinite.
        excess_per_mw: Further rate on the excess, currency/MW. Shape (P,), at least 0.
    """

    name: str
    periods: Ints
    per_mw: Floats
    ratchet: Floats
    floor_mw: Floats
    floor_share: float = 0.0
    contract_mw: float = inf
    excess_per_mw: Floats

    def __post_init__(self) -> None:
        count = check_periods(self.periods, self.per_mw)
        for name in ("per_mw", "ratchet", "floor_mw", "excess_per_mw"):
            value = getattr(self, name)
            shape = (count, count) if name == "ratchet" else (count,)
            if value.shape != shape:
                raise InputError(name, value.shape, f"must have shape {shape}")
            check_least(name, value)
        check_least("floor_share", np.array(self.floor_share))
        if not self.contract_mw >= 0:
            raise InputError("contract_mw", self.contract_mw, "must be at least 0")

    def actual_mw(self, load: Load) -> Floats:
        """Return the highest import of each period, MW. Shape (P,)."""
        actual = np.zeros(self.per_mw.size)
        counted = self.periods >= 0
        np.maximum.at(actual, self.periods[counted], load.import_mw[counted])
        return actual

    def billed_mw(self, load: Load) -> Floats:
        """Return the demand billed in each period, MW. Shape (P,)."""
        actual = self.actual_mw(load)
        looked_back = (self.ratchet * actual).max(axis=1, initial=0.0)
        floor = np.maximum(self.floor_mw, self.floor_share * load.contracted_mw)
        billed: Floats = np.maximum(np.maximum(actual, looked_back), floor)
        return billed

    def excess_mw(self, load: Load) -> Floats:
        """Return the demand above the contract in each period, MW. Shape (P,)."""
        return np.maximum(self.actual_mw(load) - self.contract_mw, 0.0)

    def accrual(self, load: Load) -> Floats:
        """Return the demand charges, spread over the intervals that count."""
        amounts = self.per_mw * self.billed_mw(load)
        return spread(amounts + self.excess_per_mw * self.excess_mw(load), self.periods)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each period, and one for each excess."""
        demand = priced_lines(self.name, self.billed_mw(load), "MW", self.per_mw)
        excess = self.excess_mw(load)
        return demand + priced_lines(f"{self.name}, excess", excess, "MW", self.excess_per_mw)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockTerm(ConvexTerm):
    """Energy that costs more above an edge.

    charge = sum over p, k of adders_per_mwh[p, k] x max(0, energy[p] - edges_mwh[p, k])

    Attributes:
        name: What the bill calls it.
        periods: Billing period of each interval, 0 to P-1, or -1. Shape (T,).
        edges_mwh: Energy of the period above which the adder is due, MWh. Shape (P, K).
        adders_per_mwh: What each block adds to the price, currency/MWh, at least 0.
            Shape (P, K).
        on: The meter.
    """

    name: str
    periods: Ints
    edges_mwh: Floats
    adders_per_mwh: Floats
    on: Measured = "residual"

    def __post_init__(self) -> None:
        check_periods(self.periods, self.edges_mwh)
        shapes = self.edges_mwh.shape, self.adders_per_mwh.shape
        if shapes[0] != shapes[1] or len(shapes[0]) != len(("P", "K")):
            raise InputError("edges_mwh, adders_per_mwh", shapes, "must be (P, K) and (P, K)")
        check_least("edges_mwh", self.edges_mwh)
        check_least("adders_per_mwh", self.adders_per_mwh)

    def above_mwh(self, load: Load) -> Floats:
        """Return the energy above each edge, MWh. Shape (P, K)."""
        energy = totals(load.mwh(self.on), self.periods, len(self.edges_mwh))
        return np.maximum(energy[:, None] - self.edges_mwh, 0.0)

    def accrual(self, load: Load) -> Floats:
        """Return the charge, spread over the intervals of each period."""
        return spread((self.adders_per_mwh * self.above_mwh(load)).sum(axis=1), self.periods)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each period and block reached."""
        above = self.above_mwh(load)
        blocks = [
            priced_lines(f"{self.name}, block {k + 2}", above[:, k], "MWh", adder)
            for k, adder in enumerate(self.adders_per_mwh.T)
        ]
        return tuple(line for block in blocks for line in block)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TakeOrPayTerm(ConvexTerm):
    """A power contract: a supply of its own, delivered through the grid connection.

    taken[p] = energy of load.ppa_mw[name] in the intervals with periods == p, MWh
    charge   = sum of per_mwh[t] x taken MWh[t]
             + sum of shortfall_per_mwh[p] x max(0, minimum_mwh[p] - taken[p])

    Attributes:
        name: The contract; the key in `Load.ppa_mw`.
        limit_mw: Most it delivers, MW; 0 where it is not in force. Shape (T,), at least 0.
        per_mwh: Price of what is taken, currency/MWh. Shape (T,).
        periods: Settlement period of each interval, 0 to P-1, or -1. Shape (T,).
        minimum_mwh: Energy to be taken or paid for, MWh. Shape (P,), at least 0.
        shortfall_per_mwh: Price of what is not taken, currency/MWh. Shape (P,), at least 0.
    """

    name: str
    limit_mw: Floats
    per_mwh: Floats
    periods: Ints
    minimum_mwh: Floats
    shortfall_per_mwh: Floats

    def __post_init__(self) -> None:
        count = check_periods(self.periods, self.minimum_mwh)
        check_least("limit_mw", self.limit_mw)
        check_finite("per_mwh", self.per_mwh)
        check_least("minimum_mwh", self.minimum_mwh)
        check_least("shortfall_per_mwh", self.shortfall_per_mwh)
        if self.shortfall_per_mwh.shape != (count,):
            shape = self.shortfall_per_mwh.shape
            raise InputError("shortfall_per_mwh", shape, f"must have shape ({count},)")

    def taken_mwh(self, load: Load) -> Floats:
        """Return the energy taken, MWh. Shape (T,)."""
        taken = load.ppa_mw.get(self.name)
        return np.zeros(load.grid.count) if taken is None else taken * load.grid.step_hours

    def shortfall_mwh(self, load: Load) -> Floats:
        """Return the energy paid for and not taken, MWh. Shape (P,)."""
        taken = totals(self.taken_mwh(load), self.periods, self.minimum_mwh.size)
        return np.maximum(self.minimum_mwh - taken, 0.0)

    def accrual(self, load: Load) -> Floats:
        """Return price times energy taken, and the shortfall spread over its period."""
        short = self.shortfall_per_mwh * self.shortfall_mwh(load)
        return self.per_mwh * self.taken_mwh(load) + spread(short, self.periods)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return what was taken, and the shortfall of each period."""
        short = self.shortfall_mwh(load)
        return energy_lines(self.name, self.per_mwh, self.taken_mwh(load)) + priced_lines(
            f"{self.name}, shortfall", short, "MWh", self.shortfall_per_mwh
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnGenerationTerm(ConvexTerm):
    """A generator behind the meter: sum of per_mwh[t] x MWh[t] of load.own_mw[name].

    Attributes:
        name: The generator; the key in `Load.own_mw`.
        limit_mw: Most it generates, MW. Shape (T,), at least 0.
        per_mwh: Variable cost, currency/MWh. Shape (T,).
        firm: Whether AI may count on its least power of all intervals.
    """

    name: str
    limit_mw: Floats
    per_mwh: Floats
    firm: bool = False

    def __post_init__(self) -> None:
        check_least("limit_mw", self.limit_mw)
        check_finite("per_mwh", self.per_mwh)

    def generated_mwh(self, load: Load) -> Floats:
        """Return the energy generated, MWh. Shape (T,)."""
        power = load.own_mw.get(self.name)
        return np.zeros(load.grid.count) if power is None else power * load.grid.step_hours

    def accrual(self, load: Load) -> Floats:
        """Return cost times energy."""
        return self.per_mwh * self.generated_mwh(load)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each cost."""
        return energy_lines(self.name, self.per_mwh, self.generated_mwh(load))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FixedTerm(ConvexTerm):
    """An amount that does not depend on the load.

    Attributes:
        name: What the bill calls it.
        per_interval: Amount of each interval, currency. Shape (T,).
    """

    name: str
    per_interval: Floats

    def __post_init__(self) -> None:
        check_finite("per_interval", self.per_interval)

    @property
    def amount(self) -> float:
        """Amount over the whole grid, currency."""
        return float(self.per_interval.sum())

    def accrual(self, load: Load) -> Floats:
        """Return the amount of each interval."""
        return self.per_interval

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return one line."""
        return priced_lines(self.name, np.ones(1), "1", np.array([self.amount]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConnectionTerm(ConvexTerm):
    """A charge on the contracted power of the connection: per_mw x contracted MW.

    Attributes:
        name: What the bill calls it.
        per_mw_interval: Charge of each interval, currency/MW. Shape (T,), at least 0.
    """

    name: str
    per_mw_interval: Floats

    def __post_init__(self) -> None:
        check_least("per_mw_interval", self.per_mw_interval)

    @property
    def per_mw(self) -> float:
        """Charge over the whole grid, currency/MW."""
        return float(self.per_mw_interval.sum())

    def accrual(self, load: Load) -> Floats:
        """Return the charge of each interval."""
        return self.per_mw_interval * load.contracted_mw

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return one line."""
        quantity = np.array([load.contracted_mw])
        return priced_lines(self.name, quantity, "MW", np.array([self.per_mw]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProhibitionTerm(ConvexTerm):
    """Intervals in which a use must draw nothing. It charges nothing: it flags.

    Attributes:
        name: The rule.
        use: The use that is forbidden; "all_use" forbids every use.
        mask: Whether the use is forbidden. Shape (T,).
        source: Where the rule stands, for people.
    """

    name: str
    use: Use
    mask: Bools
    source: str

    def violation_mwh(self, load: Load) -> Floats:
        """Return the energy that flowed in spite of the rule, MWh. Shape (T,)."""
        return np.where(self.mask, load.mwh(self.use), 0.0)

    def accrual(self, load: Load) -> Floats:
        """Return nothing: a prohibition has no price."""
        return np.zeros(load.grid.count)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return no line."""
        return ()


def totals(values: Floats, periods: Ints, count: int) -> Floats:
    """Return the sum of the values in each period. Shape (P,); period -1 is left out."""
    counted = periods >= 0
    sums = np.zeros(count)
    np.add.at(sums, periods[counted], values[counted])
    return sums


def spread(amounts: Floats, periods: Ints) -> Floats:
    """Return amounts by period, spread evenly over the intervals of each. Shape (T,).

    A period without an interval is spread over the whole grid.
    """
    intervals = np.bincount(periods[periods >= 0], minlength=amounts.size)
    even = np.append(amounts / np.maximum(intervals, 1), 0.0)  # the last one is for period -1
    elsewhere = float(amounts[intervals == 0].sum())
    return even[periods] + elsewhere / periods.size


def energy_lines(name: str, per_mwh: Floats, mwh: Floats) -> tuple[Line, ...]:
    """Return a line for each rate, or one at the mean rate where there are many."""
    used = mwh != 0
    rates, place = np.unique(per_mwh[used], return_inverse=True)
    if rates.size > LINES_BY_RATE:
        quantity, amount = float(mwh.sum()), float((per_mwh * mwh).sum())
        rate = amount / quantity
        return (Line(term=name, quantity=quantity, unit="MWh", rate=rate, amount=amount),)
    quantities = np.bincount(place, weights=mwh[used], minlength=rates.size)
    return tuple(
        Line(term=name, quantity=float(q), unit="MWh", rate=float(r), amount=float(q * r))
        for r, q in zip(rates, quantities, strict=True)
        if r != 0
    )


def priced_lines(name: str, quantities: Floats, unit: str, rates: Floats) -> tuple[Line, ...]:
    """Return a line for each period with an amount. Quantities and rates have shape (P,)."""
    return tuple(
        Line(
            term=name,
            period=p,
            quantity=float(q),
            unit=unit,
            rate=float(r),
            amount=float(q * r),
        )
        for p, (q, r) in enumerate(zip(quantities, rates, strict=True))
        if q * r != 0
    )


def check_finite(field: str, values: Floats) -> None:
    """Refuse values that are not finite."""
    if not np.isfinite(values).all():
        raise InputError(field, "not finite", "must be finite")


def check_least(field: str, values: Floats) -> None:
    """Refuse values that are negative or not finite."""
    if not (np.isfinite(values) & (values >= 0)).all():
        worst = float(np.min(values, initial=np.inf))
        raise InputError(field, worst, "must be finite and at least 0")


def check_periods(periods: Ints, by_period: Floats) -> int:
    """Return the number of periods; refuse an interval in a period that does not exist."""
    count = len(by_period)
    if periods.size and (periods.min() < -1 or periods.max() >= count):
        worst = int(periods.max()) if periods.max() >= count else int(periods.min())
        raise InputError("periods", worst, f"must be from -1 to {count - 1}")
    return count
