# SPDX-License-Identifier: Apache-2.0
"""The terms of a site's rate card become sources, columns and rows of the planner.

Each term of the planner's vocabulary (see `model.tariff.rate_card`) is charged exactly. A power
contract holds its own part of the firm connection: grid power is drawn through the rest and
through the non-firm connection, and billed demand is at least the contract's power.

Demand charges see firm and non-firm power together. In a billing period whose demand lies above
the firm connection, the non-firm part of it is drawn in the share that is available: exact
where that is all or nothing, and less than the true limit in hours of a fraction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.connection import FIRM, NON_FIRM, available
from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.problem import Account, Label, Profile, Segment
from loadstone.model.network import Caps
from loadstone.model.tariff.terms import (
    BlockTerm,
    ConnectionTerm,
    FixedTerm,
    OwnGenerationTerm,
    PeakTerm,
    TakeOrPayTerm,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRID = {FIRM: "grid", NON_FIRM: "grid:non-firm"}
"""Segment of grid power through each part of a connection."""

DEAR_CARBON = 1e4  # USD/t: what carbon beyond the cap costs, so that there is none


@dataclass(slots=True)
class Capacities:
    """The capacities of a block in the making."""

    names: list[str] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)

    def index(self, name: str, column: int) -> int:
        """Return the index of a capacity, adding it where it is new."""
        if name not in self.names:
            self.names.append(name)
            self.columns.append(column)
        return self.names.index(name)


class Supply:
    """Adds what power costs at one site in one phase."""

    def __init__(
        self,
        draft: Draft,
        economy: Economy,
        caps: Caps,
        site: LoweredSite,
        *,
        phase: int,
        one: int,
    ) -> None:
        """Prepare a site-year.

        Args:
            draft: The problem in the making.
            economy: Prices and taxes.
            caps: The network's limits and its price of carbon.
            site: The site.
            phase: Index of the phase.
            one: Column that is 1 where the site is open.
        """
        self.draft, self.economy, self.caps = draft, economy, caps
        self.site, self.phase, self.one = site, phase, one
        self.hours = site.hours[phase]
        self.terms = self.hours.terms()
        self.kept = 1 - site.taxation.relief
        self.weight = economy.weights[phase]
        self.connected = {
            asset: site.amounts[asset, phase]
            for asset in (FIRM, NON_FIRM)
            if (asset, phase) in site.amounts
        }
        self.most = sum(draft.upper(column) for column in self.connected.values())

    def _label(self, kind: str, asset: str = "", unit: str = "MW") -> Label:
        return Label(
            kind=kind, subject=self.site.site.id, phase=self.phase, asset=asset, unit=unit
        )

    def _money(self, amount: float) -> float:
        """Return a yearly cost in the card's currency as it counts in the objective."""
        return amount * self.hours.fx * self.kept * self.weight

    def add(self, caps: Capacities, segments: list[Segment], accounts: list[Account]) -> None:
        """Add sources, export, and the costs of connection and demand."""
        contracts = [t for t in self.terms if isinstance(t, TakeOrPayTerm)]
        for term in self.terms:
            if isinstance(term, FixedTerm):
                self.draft.add_cost(self.one, self._money(term.amount))
            elif isinstance(term, OwnGenerationTerm):
                self._own_generation(term, caps, segments)
        if not self.connected or self.site.site.connection.off_grid:
            return
        for term in self.terms:
            if isinstance(term, ConnectionTerm):
                for column in self.connected.values():
                    self.draft.add_cost(column, self._money(term.per_mw))
        held = 0.0
        for contract in contracts if FIRM in self.connected else ():
            held += self._contract(contract, caps, segments, accounts)
        self._grid(held, caps, segments)
        self._export(caps, segments)
        self._carbon_quota(caps, segments, accounts)

    def _own_generation(
        self, term: OwnGenerationTerm, caps: Capacities, segments: list[Segment]
    ) -> None:
        segments.append(
            Segment(
                name=f"own:{term.name}",
                source=True,
                capacity=caps.index("one", self.one),
                width=self.draft.profile(term.limit_mw),
                value=self.draft.profile(term.per_mwh * (self.hours.fx * self.kept)),
            )
        )

    def _contract(
        self,
        term: TakeOrPayTerm,
        caps: Capacities,
        segments: list[Segment],
        accounts: list[Account],
    ) -> float:
        """Add a power contract and return the part of the connection that it holds, MW."""
        to_objective = self.hours.fx * self.kept
        one = caps.index("one", self.one)
        place = len(segments)
        shared = self.hours.price("import") * self.kept
        carbon = self.hours.carbon * self.caps.carbon_price * self.kept
        segments.append(
            Segment(
                name=f"ppa:{term.name}",
                source=True,
                capacity=one,
                width=self.draft.profile(term.limit_mw),
                value=self.draft.profile(term.per_mwh * to_objective + shared + carbon),
            )
        )
        for period in range(len(term.minimum_mwh)):
            if term.minimum_mwh[period] > 0 and term.shortfall_per_mwh[period] > 0:
                accounts.append(
                    Account(
                        name=f"{term.name}: energy to be taken or paid for",
                        segments=(place,),
                        coefficients=(-1.0,),
                        hours=self.draft.series((term.periods == period) * 1.0),
                        limit=one,
                        per_unit=-float(term.minimum_mwh[period]),
                        penalty=float(term.shortfall_per_mwh[period]) * to_objective,
                    )
                )
        return float(term.limit_mw.max())

    def _grid(self, held: float, caps: Capacities, segments: list[Segment]) -> None:
        """Add grid power, limited by the connection and by the demand that is billed."""
        carbon = self.hours.carbon * self.caps.carbon_price
        cost = (self.hours.price("import", "residual") + carbon) * self.kept
        peaks = [t for t in self.terms if isinstance(t, PeakTerm) and _bills(t)]
        demand = [self._demand(term) for term in peaks]
        value = self.draft.profile(cost)
        if not peaks:
            for asset, connection in self.connected.items():
                column, name = connection, asset
                if asset == FIRM and (held or self.site.reserved.get(self.phase)):
                    column, name = self._rest(asset, held), GRID[asset]
                segments.append(
                    Segment(
                        name=GRID[asset],
                        source=True,
                        capacity=caps.index(name, column),
                        width=self._width(asset),
                        value=value,
                    )
                )
            return
        periods = np.stack(
            [
                np.where(term.per_mw[term.periods] > 0, term.periods, -1)
                if not _excess(term)
                else term.periods
                for term in peaks
            ]
        )
        cells, cell = np.unique(periods, axis=1, return_inverse=True)
        first = len(caps.names)
        count, parts = cells.shape[1], self.connected
        drawn = {asset: [self._rest(asset, held) for _ in range(count)] for asset in parts}
        for asset, columns in drawn.items():
            for c, column in enumerate(columns):
                caps.index(f"{GRID[asset]}:{c}", column)
        for c in range(count):
            for i, period in enumerate(cells[:, c].tolist()):
                if period >= 0:
                    here = [(columns[c], 1.0) for columns in drawn.values()]
                    terms = [*here, (demand[i][period], -1.0), (self.one, held)]
                    self.draft.row(self._label("demand", peaks[i].name), terms, upper=0.0)
        group = self.draft.group(np.asarray(cell, dtype=np.int64).reshape(-1))
        for k, asset in enumerate(parts):
            segments.append(
                Segment(
                    name=GRID[asset],
                    source=True,
                    capacity=first + k * count,
                    width=self._width(asset),
                    value=value,
                    group=group,
                )
            )

    def _width(self, asset: str) -> Profile:
        """Return the share of a connection that may be drawn."""
        if asset == FIRM:
            return Profile()
        return self.draft.profile(available(self.site, self.phase))

    def _rest(self, asset: str, held: float) -> int:
        """Return a new column for grid power within the connection that is left.

        Power contracts hold a part of it, and tenants what they reserve and do not draw.
        """
        connection = self.connected[asset]
        label = self._label("grid", "" if asset == FIRM else asset)
        column = self.draft.column(label, upper=self.draft.upper(connection))
        terms = [(column, 1.0), (connection, -1.0)]
        if asset == FIRM:
            terms += [(self.one, held), *self.site.reserved.get(self.phase, ())]
        self.draft.row(self._label("within_connection"), terms, upper=0.0)
        return column

    def _demand(self, term: PeakTerm) -> list[int]:
        """Add the demand of each billing period and what it costs; return its columns."""
        draft, most = self.draft, self.most
        count = len(term.per_mw)
        actual = [
            draft.column(self._label("peak", term.name), upper=2 * most) for _ in range(count)
        ]
        for p in range(count):
            looked = [q for q in range(count) if term.ratchet[p, q] > 0 and q != p]
            floor = float(term.floor_mw[p])
            rate = self._money(float(term.per_mw[p]))
            if not looked and not floor and not term.floor_share:
                draft.add_cost(actual[p], rate)
            elif rate:
                billed = draft.column(
                    self._label("billed", term.name), cost=rate, upper=2 * most + floor
                )
                label = self._label("billed", term.name)
                draft.row(label, [(billed, -1.0), (actual[p], 1.0)], upper=0.0)
                for q in looked:
                    share = float(term.ratchet[p, q])
                    draft.row(label, [(billed, -1.0), (actual[q], share)], upper=0.0)
                if floor or term.floor_share:
                    least = [(self.one, floor)]
                    least += [(c, term.floor_share) for c in self.connected.values()]
                    draft.row(label, [(billed, -1.0), *least], upper=0.0)
            if term.excess_per_mw[p] > 0 and np.isfinite(term.contract_mw):
                cost = self._money(float(term.excess_per_mw[p]))
                excess = draft.column(
                    self._label("excess", term.name), cost=cost, upper=2 * most
                )
                terms = [(actual[p], 1.0), (excess, -1.0), (self.one, -term.contract_mw)]
                draft.row(self._label("excess", term.name), terms, upper=0.0)
        return actual

    def _export(self, caps: Capacities, segments: list[Segment]) -> None:
        share = self.site.site.connection.export_share
        paid = -self.hours.price("export")
        connection = self.connected.get(FIRM)
        if connection is not None and share and paid.any():
            segments.append(
                Segment(
                    name="export",
                    capacity=caps.index(FIRM, connection),
                    width=Profile(scale=share),
                    value=self.draft.profile(paid * (1 - self.site.taxation.rate)),
                )
            )

    def _carbon_quota(
        self, caps: Capacities, segments: list[Segment], accounts: list[Account]
    ) -> None:
        """Count the carbon of grid power against a quota, where the network has a cap."""
        drawn = _places(segments, ("grid", "ppa:"))
        if self.caps.carbon_tonnes is None or not drawn or not self.hours.carbon.any():
            return
        column = self.draft.column(
            self._label("quota", "carbon", "t"), upper=self.caps.carbon_tonnes
        )
        self.site.quotas[self.phase] = column
        accounts.append(
            Account(
                name="carbon cap of the network",
                segments=drawn,
                coefficients=(1.0,) * len(drawn),
                hours=self.draft.series(self.hours.carbon),
                limit=caps.index("carbon_quota", column),
                per_unit=1.0,
                penalty=self.economy.from_usd(DEAR_CARBON),
            )
        )

    def add_tiers(
        self, caps: Capacities, segments: list[Segment], accounts: list[Account]
    ) -> None:
        """Add prices that rise with the energy of a period, once all segments are there."""
        meters: dict[str, tuple[str, ...]] = {
            "import": ("grid", "ppa:"),
            "residual": ("grid",),
            "mining": ("miner:", "hosting:"),
            "ai": ("server:", "lease:"),
            "all_use": ("miner:", "hosting:", "server:", "lease:"),
            "export": ("export",),
        }
        for term in self.terms:
            if not isinstance(term, BlockTerm):
                continue
            places = _places(segments, meters.get(term.on, ()))
            scale = self.hours.fx * self.kept
            if term.on in ("import", "residual"):
                scale *= self.hours.factor
            for p, k in np.ndindex(term.edges_mwh.shape):
                if places and term.adders_per_mwh[p, k] > 0:
                    accounts.append(
                        Account(
                            name=f"{term.name}: beyond {term.edges_mwh[p, k]:,.0f} MWh",
                            segments=places,
                            coefficients=(1.0,) * len(places),
                            hours=self.draft.series((term.periods == p) * 1.0),
                            limit=caps.index("one", self.one),
                            per_unit=float(term.edges_mwh[p, k]),
                            penalty=float(term.adders_per_mwh[p, k]) * scale,
                        )
                    )


def _places(segments: Sequence[Segment], names: tuple[str, ...]) -> tuple[int, ...]:
    """Return the indices of the segments whose names begin so."""
    return tuple(i for i, s in enumerate(segments) if names and s.name.startswith(names))


def _bills(term: PeakTerm) -> bool:
    return bool((term.per_mw > 0).any()) or _excess(term)


def _excess(term: PeakTerm) -> bool:
    return bool((term.excess_per_mw > 0).any()) and bool(np.isfinite(term.contract_mw))
