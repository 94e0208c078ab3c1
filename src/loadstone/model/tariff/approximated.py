# SPDX-License-Identifier: Apache-2.0
"""Terms that are not convex: charged exactly in a bill, by a convex stand-in in the planner."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.tariff.load import Floats, Ints, Line, Load, Measured, Use
from loadstone.model.tariff.terms import (
    EnergyTerm,
    OwnGenerationTerm,
    TakeOrPayTerm,
    Term,
    check_finite,
    check_least,
    check_periods,
    energy_lines,
    priced_lines,
    spread,
    totals,
)


class ApproximatedTerm(Term):
    """A term that the planner charges by a stand-in."""

    __slots__ = ()
    convex: ClassVar[bool] = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TieredTerm(ApproximatedTerm):
    """Energy priced by tiers that are not convex.

    The energy of a pool reaches the tiers; in each interval of the pool the price is
    the mean of the tier rates of the interval's group, weighted by the pool's energy
    in each tier. With `whole_bracket` the tier reached prices all energy of the pool.

    Attributes:
        name: What the bill calls it.
        pools: Pool of each interval, 0 to P-1, or -1. Shape (T,).
        groups: Row of the rates for each interval, 0 to G-1. Shape (T,).
        edges_mwh: Energy at which each tier but the last ends, MWh, rising. Shape (P, K).
        rates_per_mwh: Price in each tier, currency/MWh. Shape (G, K + 1).
        whole_bracket: Whether the tier reached prices all energy.
        expected_mwh: Energy of each pool that the planner takes for granted, MWh; infinite
            for the last tier. Shape (P,).
        on: The meter.
    """

    name: str
    pools: Ints
    groups: Ints
    edges_mwh: Floats
    rates_per_mwh: Floats
    whole_bracket: bool
    expected_mwh: Floats
    on: Measured = "residual"

    def __post_init__(self) -> None:
        check_periods(self.pools, self.edges_mwh)
        check_periods(self.groups, self.rates_per_mwh)
        check_least("edges_mwh", self.edges_mwh)
        check_finite("rates_per_mwh", self.rates_per_mwh)
        if (np.diff(self.edges_mwh, axis=1) <= 0).any():
            raise InputError("edges_mwh", self.edges_mwh.tolist(), "must rise")

    def shares(self, energy_mwh: Floats) -> Floats:
        """Return the share of a pool's energy in each tier. Shape (P, K + 1)."""
        lower = np.pad(self.edges_mwh, ((0, 0), (1, 0)))
        upper = np.pad(self.edges_mwh, ((0, 0), (0, 1)), constant_values=np.inf)
        endless = np.isinf(energy_mwh) | self.whole_bracket
        energy = energy_mwh[:, None]
        reached = (lower <= energy) & ((energy < upper) | np.isinf(energy) & np.isinf(upper))
        inside = np.clip(np.where(np.isinf(energy), 0.0, energy), lower, upper) - lower
        total = np.where(inside.sum(axis=1) > 0, inside.sum(axis=1), 1.0)[:, None]
        return np.where(endless[:, None], reached, inside / total).astype(np.float64)

    def per_mwh(self, energy_mwh: Floats) -> Floats:
        """Return the price of each interval when the pools hold this energy. Shape (T,)."""
        shares = self.shares(energy_mwh)[np.maximum(self.pools, 0)]
        price = (shares * self.rates_per_mwh[np.maximum(self.groups, 0)]).sum(axis=1)
        return np.where(self.pools >= 0, price, 0.0)

    def accrual(self, load: Load) -> Floats:
        """Return price times energy."""
        mwh = load.mwh(self.on)
        return self.per_mwh(totals(mwh, self.pools, len(self.edges_mwh))) * mwh

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each price."""
        mwh = load.mwh(self.on)
        price = self.per_mwh(totals(mwh, self.pools, len(self.edges_mwh)))
        return energy_lines(self.name, price, mwh)

    def planner_terms(self) -> tuple[Term, ...]:
        """Return the price at the expected energy."""
        return (
            EnergyTerm(name=self.name, per_mwh=self.per_mwh(self.expected_mwh), on=self.on),
        )

    def bounds(self, load: Load) -> tuple[float, float]:
        """Return the energy at the lowest and at the highest tier of its interval."""
        mwh = np.where(self.pools >= 0, load.mwh(self.on), 0.0)
        rates = self.rates_per_mwh[np.maximum(self.groups, 0)]
        return float(mwh @ rates.min(axis=1)), float(mwh @ rates.max(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinimumTerm(ApproximatedTerm):
    """What lifts the other charges of a billing period to a least amount.

    Attributes:
        name: What the bill calls it.
        periods: Billing period of each interval, 0 to P-1, or -1. Shape (T,).
        minimum: Least amount of each period, currency. Shape (P,), at least 0.
        of: The terms whose charges count; `RateCard.joined` fills it in.
    """

    name: str
    periods: Ints
    minimum: Floats
    of: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        check_periods(self.periods, self.minimum)
        check_least("minimum", self.minimum)

    def others(self, load: Load) -> Floats:
        """Return the other charges of each period, currency. Shape (P,)."""
        return totals(cost_of(self.of, load), self.periods, self.minimum.size)

    def accrual(self, load: Load) -> Floats:
        """Return what is missing, spread over the intervals of each period."""
        return spread(np.maximum(self.minimum - self.others(load), 0.0), self.periods)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each period below the least amount."""
        missing = np.maximum(self.minimum - self.others(load), 0.0)
        return priced_lines(self.name, np.ones(missing.size), "1", missing)

    def planner_terms(self) -> tuple[Term, ...]:
        """Return nothing: the planner leaves the least amount out."""
        return ()

    def bounds(self, load: Load) -> tuple[float, float]:
        """Return nothing, and the least amounts with all that the others earn."""
        earned = np.minimum(self.others(load), 0.0)
        return 0.0, float((self.minimum - earned).sum())


class CostTerm(ApproximatedTerm):
    """A levy that depends on the cost of electricity; `RateCard.joined` fills in `of`.

    Attributes:
        use: The use that is levied.
        of: The terms that make up the cost.
    """

    __slots__ = ()
    use: Use
    of: tuple[Term, ...]

    @abstractmethod
    def planner_per_mwh(self) -> Floats:
        """Return the levy that the planner charges, currency/MWh of the use. Shape (T,)."""

    def planner_terms(self) -> tuple[Term, ...]:
        """Return the planner's levy as a price on the use."""
        return (EnergyTerm(name=self.name, per_mwh=self.planner_per_mwh(), on=self.use),)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShareOfCostTerm(CostTerm):
    """A levy that is a share of the cost of the electricity of a use.

    A MWh of the use costs the mean price of its interval over all sources; what is not
    priced by the MWh (demand, fixed amounts, blocks, shortfalls) is shared by energy.

    Attributes:
        name: What the bill calls it.
        use: The use that is levied.
        share: Share of the cost, at least 0. Shape (T,).
        of: The terms that make up the cost.
    """

    name: str
    use: Use
    share: Floats
    of: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        check_least("share", self.share)

    def planner_per_mwh(self) -> Floats:
        """Return the share of the price of the residual energy."""
        return self.share * residual_per_mwh(self.of, self.share.size)

    def accrual(self, load: Load) -> Floats:
        """Return the share of what the use's part of each interval's energy costs."""
        used, every = load.mwh(self.use), load.mwh("all_use")
        part = np.divide(used, every, out=np.zeros_like(used), where=every > 0)
        return self.share * cost_of(self.of, load) * part

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return one line, at the mean levy per MWh of the use."""
        return _mean_line(self.name, load.mwh(self.use), self.accrual(load))

    def bounds(self, load: Load) -> tuple[float, float]:
        """Return the lower and the higher of bill and planner, interval by interval."""
        bill, planner = self.accrual(load), self.planner_per_mwh() * load.mwh(self.use)
        return float(np.minimum(bill, planner).sum()), float(np.maximum(bill, planner).sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AverageBandTerm(CostTerm):
    """A levy whose rate, on all energy of a use, follows the average price of a period.

    The average price is the cost of electricity over the energy bought and generated.

    Attributes:
        name: What the bill calls it.
        use: The use that is levied.
        periods: Assessment period of each interval, 0 to P-1; -1 where the levy is not
            in force. Shape (T,).
        edges_per_mwh: Average price at which each band but the first starts, currency/MWh,
            rising. Shape (B,).
        rates_per_mwh: Levy in each band, currency/MWh, at least 0. Shape (B + 1,).
        expected_per_mwh: Average price that the planner takes for granted, currency/MWh;
            NaN for the mean price of the first source in `of`.
        of: The terms that make up the cost.
    """

    name: str
    use: Use
    periods: Ints
    edges_per_mwh: Floats
    rates_per_mwh: Floats
    expected_per_mwh: float
    of: tuple[Term, ...] = ()

    def __post_init__(self) -> None:
        check_least("rates_per_mwh", self.rates_per_mwh)
        if (np.diff(self.edges_per_mwh) <= 0).any():
            raise InputError("edges_per_mwh", self.edges_per_mwh.tolist(), "must rise")
        if self.rates_per_mwh.size != self.edges_per_mwh.size + 1:
            rule = "must have one rate more than edges"
            raise InputError("rates_per_mwh", self.rates_per_mwh.size, rule)

    def rate_at(self, average_per_mwh: Floats) -> Floats:
        """Return the levy at average prices, currency/MWh; a band holds its lower edge."""
        return self.rates_per_mwh[
            np.searchsorted(self.edges_per_mwh, average_per_mwh, side="right")
        ]

    def planner_per_mwh(self) -> Floats:
        """Return the levy of the expected band."""
        expected = self.expected_per_mwh
        if np.isnan(expected):
            expected = float(residual_per_mwh(self.of, self.periods.size).mean())
        return np.where(self.periods >= 0, self.rate_at(np.array(expected)), 0.0)

    def per_mwh(self, load: Load) -> Floats:
        """Return the levy of each interval, currency/MWh. Shape (T,)."""
        count = int(self.periods.max(initial=-1)) + 1
        generated = sum(load.own_mw.values(), np.zeros(load.grid.count)) * load.grid.step_hours
        energy = totals(load.mwh("import") + generated, self.periods, count)
        cost = totals(cost_of(self.of, load), self.periods, count)
        average = np.divide(cost, energy, out=np.zeros(count), where=energy > 0)
        rates = np.append(self.rate_at(average), 0.0)  # the last one is for period -1
        return rates[self.periods]

    def accrual(self, load: Load) -> Floats:
        """Return levy times energy of the use."""
        return self.per_mwh(load) * load.mwh(self.use)

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return a line for each rate."""
        return energy_lines(self.name, self.per_mwh(load), load.mwh(self.use))

    def bounds(self, load: Load) -> tuple[float, float]:
        """Return the energy of the use at the lowest and at the highest band."""
        energy = float(load.mwh(self.use)[self.periods >= 0].sum())
        return energy * float(self.rates_per_mwh.min()), energy * float(
            self.rates_per_mwh.max()
        )


def cost_of(terms: tuple[Term, ...], load: Load) -> Floats:
    """Return what the terms charge in each interval, currency. Shape (T,)."""
    return sum((term.accrual(load) for term in terms), np.zeros(load.grid.count))


def residual_per_mwh(terms: tuple[Term, ...], count: int) -> Floats:
    """Return what a MWh of the first source costs in each interval, currency/MWh. Shape (T,).

    The first source is the residual import; without one, the first power contract, then
    the first generator.
    """
    planned = [planner for term in terms for planner in term.planner_terms()]
    energy = [term for term in planned if isinstance(term, EnergyTerm)]
    import_per_mwh = sum((t.per_mwh for t in energy if t.on == "import"), np.zeros(count))
    residual = [term.per_mwh for term in energy if term.on == "residual"]
    contracts = [term.per_mwh for term in planned if isinstance(term, TakeOrPayTerm)]
    own = [term.per_mwh for term in planned if isinstance(term, OwnGenerationTerm)]
    if residual:
        return sum(residual, import_per_mwh)
    return contracts[0] + import_per_mwh if contracts else own[0] if own else import_per_mwh


def _mean_line(name: str, mwh: Floats, accrual: Floats) -> tuple[Line, ...]:
    quantity, amount = float(mwh.sum()), float(accrual.sum())
    if amount == 0:
        return ()
    rate = amount / quantity
    return (Line(term=name, quantity=quantity, unit="MWh", rate=rate, amount=amount),)
