# SPDX-License-Identifier: Apache-2.0
"""The common form of every tariff and levy: a list of terms on one grid, in one currency.

Each term has one exact `charge(load)`. The planner reads `RateCard.planner_terms()`, which
holds only the convex terms of this table, each charged exactly:

| term                | charge                                     | in the planner           |
|---------------------|--------------------------------------------|--------------------------|
| `EnergyTerm`        | sum_t per_mwh[t] x MWh[t] of the meter `on`| a price on that meter    |
| `PeakTerm`          | sum_p per_mw[p] x billed[p]                | a column per period, a   |
|                     |  + excess_per_mw[p] x max(0, actual[p]     | row per ratchet entry    |
|                     |                           - contract_mw)   |                          |
| `BlockTerm`         | sum_p,k adders_per_mwh[p,k]                | a column per p and k     |
|                     |  x max(0, MWh[p] - edges_mwh[p,k])         |                          |
| `TakeOrPayTerm`     | sum_t per_mwh[t] x taken MWh[t]            | a source up to limit_mw, |
|                     |  + sum_p shortfall_per_mwh[p]              | a column per period      |
|                     |  x max(0, minimum_mwh[p] - taken[p])       |                          |
| `OwnGenerationTerm` | sum_t per_mwh[t] x own MWh[t]              | a source up to limit_mw  |
| `FixedTerm`         | `amount`                                   | a constant of the site   |
| `ConnectionTerm`    | `per_mw` x contracted MW                   | a cost of the connection |
| `ProhibitionTerm`   | 0; `violation_mwh` says what flowed        | use is 0 where `mask`    |

The meters: "import" is all that is drawn through the connection: the "residual" and what
each `TakeOrPayTerm` delivers. "export" is fed in. "mining", "ai" and "auxiliary" are the uses,
"all_use" their sum.

The other terms are not convex (module `approximated`). The planner sees the convex terms that
stand for them, and `bounds(load)` holds both bill and planner:

| term              | charge                                   | stands in the planner        |
|-------------------|------------------------------------------|------------------------------|
| `TieredTerm`      | tiers that fall, are pooled over windows | `EnergyTerm` at the tiers    |
|                   | or set the price of all energy           | the expected energy reaches  |
| `MinimumTerm`     | sum_p max(0, minimum[p] - other charges) | nothing                      |
| `ShareOfCostTerm` | share x cost of the energy of a use      | `EnergyTerm`: share x price  |
| `AverageBandTerm` | rate by the average price x MWh of a use | `EnergyTerm`, expected band  |

Losses need no term: `joined` lays them on the energy terms of the import.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.approximated import (
    AverageBandTerm,
    MinimumTerm,
    ShareOfCostTerm,
    TieredTerm,
)
from loadstone.model.tariff.load import Bools, Floats, Line, Load, Measured, Use
from loadstone.model.tariff.terms import (
    BlockTerm,
    EnergyTerm,
    OwnGenerationTerm,
    ProhibitionTerm,
    TakeOrPayTerm,
    Term,
)

CostTerms = ShareOfCostTerm | AverageBandTerm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RateCard:
    """What power costs on a grid.

    Attributes:
        currency: ISO 4217 code of every amount.
        grid: The intervals that the terms are on.
        terms: What is charged, and what is forbidden.
        priced: Intervals whose residual energy this card prices; adders, levies and
            demand charges price none. Shape (T,).
        loss_share: Share of the energy lost before the meter, 0 to below 1, which `joined`
            lays on the import of the cards it is joined with. Shape (T,) or ().
    """

    currency: str
    grid: TimeGrid
    terms: tuple[Term, ...]
    priced: Bools
    loss_share: Floats | float = 0.0

    def __post_init__(self) -> None:
        if self.priced.shape != (self.grid.count,):
            rule = f"must have shape ({self.grid.count},)"
            raise InputError("priced", self.priced.shape, rule)
        sources = [
            term.name
            for term in self.terms
            if isinstance(term, TakeOrPayTerm | OwnGenerationTerm)
        ]
        for name in sources:
            if sources.count(name) > 1:
                raise InputError("name", name, "must name one power contract or generator")

    @classmethod
    def joined(cls, cards: Iterable["RateCard"]) -> "RateCard":
        """Return the card of all entries of one site, losses and coupled terms included.

        Raises:
            InputError: Cards differ in grid or currency; or an interval's energy has
                several prices, or none though others have one.
        """
        every = tuple(cards)
        if not every:
            raise InputError("supply", [], "must have at least one entry")
        first = every[0]
        for card in every:
            if card.grid != first.grid:
                raise InputError("grid", card.grid, "must be the grid of the other cards")
            if card.currency != first.currency:
                rule = f"must be the currency of the other cards, {first.currency}"
                raise InputError("currency", card.currency, rule)
        kept = np.ones(first.grid.count)
        for card in every:
            kept = kept * (1 - card.loss_share)
        terms = [with_losses(term, kept) for card in every for term in card.terms]
        return cls(
            currency=first.currency,
            grid=first.grid,
            terms=_bound(terms),
            priced=_priced_once(every),
        )

    def charge(self, load: Load) -> float:
        """Return what the load costs over the grid, currency."""
        return sum(term.charge(self._checked(load)) for term in self.terms)

    def accrual(self, load: Load) -> Floats:
        """Return the charge spread over the intervals, currency. Shape (T,)."""
        accruals = (term.accrual(self._checked(load)) for term in self.terms)
        return sum(accruals, np.zeros(self.grid.count))

    def lines(self, load: Load) -> tuple[Line, ...]:
        """Return the rows of the bill; their amounts add up to the charge."""
        return tuple(line for term in self.terms for line in term.lines(self._checked(load)))

    def planner_terms(self) -> tuple[Term, ...]:
        """Return the convex terms that the planner charges."""
        return tuple(planned for term in self.terms for planned in term.planner_terms())

    def planner_cost(self, load: Load) -> float:
        """Return what the planner charges for the load, currency."""
        return sum(term.planner_cost(self._checked(load)) for term in self.terms)

    def bounds(self, load: Load) -> tuple[float, float]:
        """Return the least and the most that bill and planner may charge, currency."""
        each = [term.bounds(self._checked(load)) for term in self.terms]
        return sum(low for low, _ in each), sum(high for _, high in each)

    def approximated(self) -> tuple[Term, ...]:
        """Return the terms that the planner does not charge exactly."""
        return tuple(term for term in self.terms if not term.convex)

    def per_mwh(self, on: Measured) -> Floats:
        """Return the planner's price of energy on one meter, currency/MWh. Shape (T,)."""
        prices = (
            term.per_mwh
            for term in self.planner_terms()
            if isinstance(term, EnergyTerm) and term.on == on
        )
        return sum(prices, np.zeros(self.grid.count))

    def prohibited(self, use: Use) -> Bools:
        """Return the intervals in which a use must draw nothing. Shape (T,)."""
        mask = np.zeros(self.grid.count, dtype=np.bool_)
        for term in self.terms:
            if isinstance(term, ProhibitionTerm) and term.use in (use, "all_use"):
                mask |= term.mask
        return mask

    def _checked(self, load: Load) -> Load:
        if load.grid != self.grid:
            raise InputError("load.grid", load.grid, "must be the grid of the rate card")
        return load


def with_losses(term: Term, kept: Floats) -> Term:
    """Return a term whose import energy is charged at the point before the losses.

    Args:
        term: Any term; one that prices no import energy is returned as it is.
        kept: Metered energy over energy bought, above 0 to 1. Shape (T,).

    Raises:
        InputError: Losses change on the grid and the term has tiers.
    """
    if isinstance(term, EnergyTerm) and term.on in ("import", "residual"):
        return replace(term, per_mwh=term.per_mwh / kept)
    if not isinstance(term, BlockTerm | TieredTerm):
        return term
    first = float(kept[0])
    if (kept != first).any():
        raise InputError("losses", "changing", "must stay the same where prices have tiers")
    edges_mwh = term.edges_mwh * first
    if isinstance(term, BlockTerm):
        adders = term.adders_per_mwh / first
        return replace(term, edges_mwh=edges_mwh, adders_per_mwh=adders)
    return replace(term, edges_mwh=edges_mwh, rates_per_mwh=term.rates_per_mwh / first)


def _bound(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Return the terms, those on a cost bound to the supply whose cost they are on."""
    every = list(terms)
    supply = tuple(term for term in every if _is_supply(term))
    every = [replace(t, of=supply) if isinstance(t, MinimumTerm) else t for t in every]
    billed = supply + tuple(term for term in every if isinstance(term, MinimumTerm))
    return tuple(replace(t, of=billed) if isinstance(t, CostTerms) else t for t in every)


def _is_supply(term: Term) -> bool:
    if isinstance(term, EnergyTerm):
        return term.on in ("import", "residual", "export")
    return not isinstance(term, MinimumTerm | CostTerms | ProhibitionTerm)


def _priced_once(cards: Iterable[RateCard]) -> Bools:
    prices = np.sum([card.priced for card in cards], axis=0)
    wrong = np.flatnonzero(prices != 1)
    if prices.any() and wrong.size:
        grid = next(iter(cards)).grid
        start = str(grid.utc()[wrong[0]])
        rule = f"must be 1 price in every interval, is not in {wrong.size}, first {start} UTC"
        raise InputError("prices of energy", int(prices[wrong[0]]), rule)
    once: Bools = prices == 1
    return once
