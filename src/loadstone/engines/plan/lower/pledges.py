# SPDX-License-Identifier: Apache-2.0
"""Agreements to stop mining when called, for pay.

Pledged machines that stand still in a call are paid for what they would have drawn, up to the
hours agreed: in calls their running is worth less by the payment, which is granted for all of
them at first; an account takes back what exceeds the hours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.power import in_hours
from loadstone.engines.plan.lower.supply import Capacities
from loadstone.engines.plan.problem import Account, Profile, Segment
from loadstone.model.flexibility import Curtailment

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pledged:
    """Miners of one model that are pledged.

    Attributes:
        asset: Name of the asset.
        columns: Column of what is pledged to each agreement, MW.
        kept_per_mwh: What they earn after tax, network currency per MWh at the plugs.
    """

    asset: str
    columns: tuple[int, ...]
    kept_per_mwh: float


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """How miners run, whoever they are pledged to. Arrays have shape (T,).

    Attributes:
        ready: MW at the bus that a MW of machines can draw.
        adder: What a MWh costs besides the common price of power, after tax.
        keep: Share of revenue that tax leaves.
    """

    ready: Floats
    adder: Floats
    keep: float


class Pledges:
    """Adds the pledges of a site in one phase."""

    def __init__(self, economy: Economy, draft: Draft, out: LoweredSite, phase: int) -> None:
        self.economy, self.draft, self.out, self.phase = economy, draft, out, phase
        self.hours = out.hours[phase]

    def part(self, asset: str, column: int) -> tuple[int, tuple[int, ...]]:
        """Part a model's machines into those free and those pledged to each agreement."""
        most, draft, p = self.draft.upper(column), self.draft, self.phase
        free = draft.column(self.out.label("free", p, asset), upper=most)
        pledged = tuple(
            draft.column(self.out.label("pledged", p, asset), upper=min(most, agreement.mw))
            for agreement in self.out.site.curtailment
        )
        terms = [(column, -1.0), (free, 1.0), *((c, 1.0) for c in pledged)]
        draft.row(self.out.label("parted", p, asset), terms, lower=0.0, upper=0.0)
        return free, pledged

    def add(
        self,
        pledged: Sequence[Pledged],
        running: Running,
        caps: Capacities,
        segments: list[Segment],
        accounts: list[Account],
    ) -> None:
        """Add every agreement to a block.

        Args:
            pledged: The models that are pledged.
            running: How they run.
            caps, segments, accounts: Of the block; they grow.
        """
        zone = self.out.country.zones[self.out.site.zone].time_zone
        for k, agreement in enumerate(self.out.site.curtailment):
            called = in_hours(agreement, self.hours.grid, zone) & ~self.hours.mining_banned
            pay = agreement.per_mwh * self.economy.per(agreement.currency) * running.keep
            drawn = float(running.ready[called].sum())
            yearly = agreement.per_mw_year * self.economy.per(agreement.currency)
            granted = pay * drawn + yearly * running.keep
            total = self._total(agreement, [one.columns[k] for one in pledged], granted)
            places = []
            for one in pledged:
                places.append(len(segments))
                name = f"{one.asset}:{agreement.name}"
                self._tell(one.asset, name, pay / running.keep if running.keep else 0.0, called)
                segments.append(
                    Segment(
                        name=name,
                        capacity=caps.index(name, one.columns[k]),
                        width=self.draft.profile(running.ready),
                        value=self._worth(one, running, np.where(called, pay, 0.0)),
                    )
                )
            if called.any():
                mean = drawn / float(called.sum())
                accounts.append(
                    Account(
                        name=f"{agreement.name}: {agreement.max_hours:g} hours a year",
                        segments=tuple(places),
                        coefficients=(-1.0,) * len(places),
                        hours=self.draft.series(np.where(called, 1.0, 0.0)),
                        limit=caps.index(f"pledge:{agreement.name}", total),
                        per_unit=agreement.max_hours * mean - drawn,
                        penalty=pay,
                    )
                )

    def _total(self, agreement: Curtailment, columns: Sequence[int], granted: float) -> int:
        """Return a column of all that is pledged to an agreement, which earns what it pays.

        Args:
            agreement: The agreement.
            columns: What is pledged of each model, MW.
            granted: Payment for the pledge and for every call, after tax, currency/MW a year.
        """
        total = self.draft.column(
            self.out.label("pledge", self.phase, agreement.name),
            cost=-granted * self.economy.weights[self.phase],
            upper=agreement.mw,
        )
        label = self.out.label("pledged", self.phase, agreement.name)
        terms = [(total, -1.0), *((c, 1.0) for c in columns)]
        self.draft.row(label, terms, lower=0.0, upper=0.0)
        return total

    def _worth(self, one: Pledged, running: Running, lost: Floats) -> Profile:
        pue = self.hours.mining_pue
        return self.draft.worth(one.kept_per_mwh, pue, running.adder + lost)

    def _tell(self, asset: str, name: str, per_mwh: float, called: Bools) -> None:
        """Write down what a segment earns and is paid, for the books."""
        self.out.sold[self.phase][name] = self.out.sold[self.phase][asset]
        self.out.pledges[self.phase][name] = (per_mwh, np.where(called, 1.0, 0.0))
