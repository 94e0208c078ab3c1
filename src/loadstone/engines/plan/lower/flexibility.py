# SPDX-License-Identifier: Apache-2.0
"""Products of flexibility become columns and segments: miners pledged to stop for pay.

The miners of each asset are parted into those that are free and those pledged to each set of
products that may be stacked. A set has segments of its own, one for each step of power, whose
worth in the hours of a product's window is what the product changes:

- curtailment: all that could be drawn in the window is paid for at first, so that a MWh drawn
  is worth less by the payment, and by the expected penalty; an account takes back what is
  beyond the hours that are paid. Which hours are called is thus the plan's choice: a bound.
- reserve: the expected share of activation is not drawn; what is drawn earns the pay for
  availability, where it must be consuming, and for the energy expected to be given up.

Calls of different products are taken to be independent. Only the site's own miners are pledged.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy, Taxation
from loadstone.engines.plan.lower.lowered_site import LoweredSite, Pledge
from loadstone.engines.plan.lower.power import in_hours
from loadstone.engines.plan.lower.supply import Capacities
from loadstone.engines.plan.problem import Account, Segment
from loadstone.model.flexibility import Flexibility, Stack, available, stacks

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One step of power that a model runs in.

    Attributes:
        name: Of its segment, e.g. "miner:s21" or "miner:s21:low".
        width: MW at the bus per MW of machines; 0 where mining is forbidden. Shape (T,).
        kept_per_mwh: What a MWh at the plugs earns after tax, network currency.
    """

    name: str
    width: Floats
    kept_per_mwh: float


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Miners of one asset that are pledged to a stack.

    Attributes:
        asset: Name of the asset.
        runs: Its steps.
        stack: The products.
        column: What is pledged, MW at the plugs.
    """

    asset: str
    runs: Sequence[Run]
    stack: Stack
    column: int

    @property
    def name(self) -> str:
        """What is added to the names of its segments."""
        return "pledged to " + " + ".join(one.name for one in self.stack)


class Pledges:
    """Adds what a site sells of flexibility in one phase."""

    def __init__(
        self, economy: Economy, draft: Draft, out: LoweredSite, phase: int, taxation: Taxation
    ) -> None:
        self.economy, self.draft, self.out, self.phase = economy, draft, out, phase
        self.taxation, self.counts = taxation, economy.revenue_factor("flexibility", phase)
        self.keep = (1 - taxation.rate) * self.counts
        hours, zone = out.hours[phase], out.country.zones[out.site.zone].time_zone
        self.pue = hours.mining_pue
        self.products, _ = available(out.site.flexibility, out.site.response_s)
        self.stacks = stacks(self.products)
        self.window: dict[str, Floats] = {
            one.name: np.where(in_hours(one, hours.grid, zone) & ~hours.mining_banned, 1.0, 0.0)
            for one in self.products
        }
        self.parts: list[_Part] = []

    def part(self, asset: str, column: int, runs: Sequence[Run]) -> int:
        """Part an asset into what is free and what is pledged; return the column that is free.

        Args:
            asset: Name of the asset.
            column: What stands of it, MW at the plugs.
            runs: Its steps.
        """
        if not self.stacks:
            return column
        most, draft, p = self.draft.upper(column), self.draft, self.phase
        free = draft.column(self.out.label("free", p, asset), upper=most)
        terms = [(column, -1.0), (free, 1.0)]
        for stack in self.stacks:
            least = min(most, *(one.mw for one in stack))
            pledged = draft.column(self.out.label("pledged", p, asset), upper=least)
            self.parts.append(_Part(asset, runs, stack, pledged))
            terms.append((pledged, 1.0))
        draft.row(self.out.label("parted", p, asset), terms, lower=0.0, upper=0.0)
        return free

    def add(
        self,
        adder: Floats,
        caps: Capacities,
        segments: list[Segment],
        accounts: list[Account],
    ) -> None:
        """Add all that is pledged to a block.

        Args:
            adder: What a MWh at the bus costs besides the common price of power, after tax.
                Shape (T,).
            caps, segments, accounts: Of the block; they grow.
        """
        if not self.parts:
            return
        first = len(segments)
        worth: dict[str, dict[str, Floats]] = {one.name: {} for one in self.products}
        for part in self.parts:
            given = {one.name: self._per_mwh(one) for one in part.stack}
            extra = sum(given.values(), np.zeros(len(adder)))
            drawn = self._drawn_share(part.stack)
            for run in part.runs:
                name = f"{run.name}:{part.name}"
                segments.append(
                    Segment(
                        name=name,
                        capacity=caps.index(f"{part.asset}:{part.name}", part.column),
                        width=self.draft.profile(run.width * drawn),
                        value=self.draft.worth(
                            run.kept_per_mwh, self.pue, adder - extra * self.keep
                        ),
                    )
                )
                self.out.sold[self.phase][name] = self.out.sold[self.phase][run.name]
                for product, per_mwh in given.items():
                    worth[product][name] = per_mwh
        places = {s.name: first + i for i, s in enumerate(segments[first:])}
        for one in self.products:
            self._pledge(one, worth[one.name], places, caps, accounts)

    def _money(self, one: Flexibility, amount: float) -> float:
        return amount * self.economy.per(one.currency)

    def _drawn_share(self, stack: Stack) -> Floats:
        """Return the part of what pledged machines want that no activation is expected to cut.

        Shape (T,).
        """
        share = np.ones(len(self.pue))
        for one in stack:
            if one.kind == "reserve":
                share *= 1 - one.called_share * self.window[one.name]
        return share

    def _per_mwh(self, one: Flexibility) -> Floats:
        """Return what a product pays for a MWh drawn, before tax, network currency. Shape (T,).

        It is below 0 for curtailment. A reserve of share a leaves 1 - a of what would be drawn,
        which earns the pay of all of it.
        """
        share = one.called_share
        if one.kind == "curtailment":
            paid = -one.per_mwh - share * one.penalty_per_mwh
        else:
            ready = one.per_mw_h if one.must_be_consuming else 0.0
            paid = (ready + share * one.per_mwh) / (1 - share)
        return np.asarray(self.window[one.name] * self._money(one, paid))

    def _pledge(
        self,
        one: Flexibility,
        worth: dict[str, Floats],
        places: dict[str, int],
        caps: Capacities,
        accounts: list[Account],
    ) -> None:
        """Add what a product pays by the year, how much may be pledged, and its limit.

        Args:
            one: The product.
            worth: What it pays for a MWh drawn, by segment.
            places: Index of each segment.
            caps, accounts: Of the block; they grow.
        """
        window, parts = self.window[one.name], [p for p in self.parts if one in p.stack]
        could = {p.column: self._could_draw(p, window) for p in parts}
        for part in parts:
            paid = one.per_mw_year
            if one.kind == "curtailment":
                paid += one.per_mwh * could[part.column]
            elif not one.must_be_consuming:
                full = sum(float((run.width * window).sum()) for run in part.runs)
                paid += one.per_mw_h * full
            if paid:
                self.out.yearly(
                    self.draft, self.phase, part.column, one.kind, self._money(one, paid),
                    revenue=True, taxation=self.taxation, counts=self.counts,
                )  # fmt: skip
        self._sold_mw(one, parts)
        hours, count = one.called_hours(), float(window.sum())
        pay, account = self._money(one, one.per_mwh), ""
        if one.kind == "curtailment" and pay and hours < count:
            account = f"{one.name}: {hours:g} hours a year"
            accounts.append(
                Account(
                    name=account,
                    segments=tuple(places[name] for name in worth),
                    coefficients=(-1.0,) * len(worth),
                    hours=self.draft.series(window),
                    limit=caps.index(f"called:{one.name}", self._called_mw(one, could, count)),
                    per_unit=hours - count,
                    penalty=pay * self.keep,
                )
            )
        self.out.pledges[self.phase].append(
            Pledge(
                name=one.name,
                line=one.kind,
                per_mwh=worth,
                window=window,
                account=account,
                pay=pay if one.kind == "curtailment" else 0.0,
                counts=self.counts,
            )
        )

    def _could_draw(self, part: _Part, window: Floats) -> float:
        """Return what a pledged MW can draw in a window, MWh a year at the bus."""
        drawn = self._drawn_share(part.stack)
        return sum(float((run.width * drawn * window).sum()) for run in part.runs)

    def _sold_mw(self, one: Flexibility, parts: Sequence[_Part]) -> None:
        """Add how much is pledged to a product: within its bounds, in whole or in part."""
        draft, out, p = self.draft, self.out, self.phase
        total = draft.column(out.label("pledge", p, one.name), upper=one.mw)
        terms = [(total, -1.0), *((part.column, 1.0) for part in parts)]
        draft.row(out.label("pledged", p, one.name), terms, lower=0.0, upper=0.0)
        if one.min_mw:
            label = out.label("offer", p, f"flexibility:{one.name}", "1")
            sold = draft.column(label, upper=1.0, whole=True)
            row = out.label("pledged_in_whole", p, one.name)
            draft.row(row, [(total, 1.0), (sold, -one.min_mw)], lower=0.0)
            draft.row(row, [(total, 1.0), (sold, -one.mw)], upper=0.0)

    def _called_mw(self, one: Flexibility, could: dict[int, float], count: float) -> int:
        """Return a column of what is pledged as mean MW at the bus over the window."""
        mean = {column: mwh / count for column, mwh in could.items()}
        most = one.mw * max(mean.values(), default=0.0)
        called = self.draft.column(self.out.label("called", self.phase, one.name), upper=most)
        terms = [(called, -1.0), *mean.items()]
        row = self.out.label("called", self.phase, one.name)
        self.draft.row(row, terms, lower=0.0, upper=0.0)
        return called
