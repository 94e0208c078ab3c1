# SPDX-License-Identifier: Apache-2.0
"""Where a lowered site's columns and blocks are, for shared limits and for the result."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy, Taxation
from loadstone.engines.plan.lower.power import SiteHours
from loadstone.engines.plan.problem import Label
from loadstone.model.country import Country
from loadstone.model.plan import RuleHit
from loadstone.model.site import Site

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sold:
    """What a segment of machines earns before tax.

    Attributes:
        use: "mining" or "ai": who levies and bans mean.
        line: Line of revenue, e.g. "mining", "ai", "hosting".
        per_mwh: Network currency per MWh at the plugs; a number, or shape (T,).
        pue: Power at the bus over power at the plugs. Shape (T,).
        taxation: How it is taxed.
        counts: What a unit of it counts in the objective: other than 1 where its kind of
            revenue is discounted at a rate of its own.
    """

    use: str
    line: str
    per_mwh: float | Floats
    pue: Floats
    taxation: Taxation
    counts: float = 1.0


@dataclass(frozen=True, slots=True)
class Built:
    """A column of what is added, and how it is paid.

    Attributes:
        column: The column.
        unit_price: Price of a unit, network currency.
        stands: Phases over which it is paid by annuities; empty where it is paid at once.
        spend: Phases in which the price is paid, with the share of each; empty where all of it
            is paid in the phase of building.
    """

    column: int
    unit_price: float
    stands: tuple[int, ...] = ()
    spend: tuple[tuple[int, float], ...] = ()

    def spent(self, built: int) -> tuple[tuple[int, float], ...]:
        """Return what is paid of a unit, by phase, network currency.

        Args:
            built: Phase of building.
        """
        return tuple((p, share * self.unit_price) for p, share in self.spend or ((built, 1.0),))


@dataclass(frozen=True, slots=True)
class Line:
    """A yearly amount per unit of a column, for the books.

    Attributes:
        phase: Index of the phase.
        name: Line of revenue or cost, e.g. "rent", "staff".
        revenue: Whether it is earned; else it is paid.
        column: The column.
        per_unit: Network currency per unit and year, before tax.
        at_risk: Part of it after tax that a rate of its own takes from the objective.
    """

    phase: int
    name: str
    revenue: bool
    column: int
    per_unit: float
    at_risk: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pledge:
    """What a product of flexibility pays, for the books. Arrays have shape (T,).

    Attributes:
        name: Name of the product.
        line: Line of revenue: "curtailment" or "reserve".
        per_mwh: Payment for a MWh drawn at the bus before tax, network currency, by segment.
        window: 1 in the hours of the product.
        account: Name of the account that holds its hours, "" where nothing does.
        pay: What a MWh not drawn is paid before tax, and what the account takes back, network
            currency/MWh; 0 for a reserve.
        counts: As in `Sold`.
    """

    name: str
    line: str
    per_mwh: dict[str, Floats]
    window: Floats
    account: str
    pay: float
    counts: float = 1.0


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What is paid for energy that was promised and is missing, for the books.

    Attributes:
        account: Name of the account that counts it.
        per_mwh: Paid for a MWh before tax, network currency.
    """

    account: str
    per_mwh: float


@dataclass(slots=True, eq=False)
class LoweredSite:
    """A site's columns and blocks, for the shared limits and for telling the result.

    Attributes:
        site: The site.
        economy: Prices and discounting where it is.
        country: Its country's facts.
        taxation: The tax on what is shared: power, connection, generation.
        amounts: Column of what stands, by asset and phase.
        builds: What is added, by asset and phase.
        left: What leaves, by asset, phase and cohort.
        lines: Yearly amounts per unit of a column.
        deposits: Phase and column of what is taken of tranches whose deposit has a cost.
        any_transformer: Column that is 1 where a transformer stands, by phase.
        fuel: What a MWh of a source's fuel costs before tax, by phase and segment.
        firm_load: AI power that must be firm, by phase: columns and MW at the bus per unit.
        opens: Column of opening, by phase; empty where the site is open anyway.
        hall_of: Kind of hall that an asset stands in.
        offers: Yes or no of an offer, by asset and phase of delivery.
        refused: Why an offer cannot be met at all, by asset.
        barred: Gates and rows of eligibility that keep something from being built.
        reserved: Connection that others may not draw, by phase: columns and MW per unit.
        shortfalls: What is paid for missing energy, by phase.
        hours: Its hours, by phase.
        blocks: Index of its block, by phase.
        sold: What each segment earns, by phase.
        pledges: What products of flexibility pay, by phase.
        quotas: Column of the carbon that it may cause, tonnes, by phase.
    """

    site: Site
    economy: Economy
    country: Country
    taxation: Taxation
    amounts: dict[tuple[str, int], int] = field(default_factory=dict)
    builds: dict[tuple[str, int], Built] = field(default_factory=dict)
    opens: dict[int, int] = field(default_factory=dict)
    left: dict[tuple[str, int, int], Built] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    hours: list[SiteHours] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    sold: list[dict[str, Sold]] = field(default_factory=list)
    pledges: list[list[Pledge]] = field(default_factory=list)
    quotas: dict[int, int] = field(default_factory=dict)
    deposits: list[tuple[int, Built]] = field(default_factory=list)
    any_transformer: dict[int, int] = field(default_factory=dict)
    fuel: list[dict[str, float]] = field(default_factory=list)
    firm_load: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    hall_of: dict[str, str] = field(default_factory=dict)
    offers: dict[tuple[str, int], int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    barred: list[RuleHit] = field(default_factory=list)
    reserved: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    shortfalls: dict[int, list[Shortfall]] = field(default_factory=dict)

    def yearly(
        self,
        draft: Draft,
        phase: int,
        column: int,
        name: str,
        per_unit: float,
        *,
        revenue: bool = False,
        taxation: Taxation | None = None,
        counts: float = 1.0,
    ) -> None:
        """Let a unit of a column earn or cost an amount in every year of a phase.

        Args:
            draft: The problem in the making.
            phase: Index of the phase.
            column: The column.
            name: Line of revenue or cost that the books show.
            per_unit: Network currency per unit and year, before tax.
            revenue: Whether it is earned.
            taxation: How it is taxed; None takes the site's.
            counts: What a unit of it counts in the objective, see `Economy.revenue_factor`.
        """
        tax = taxation or self.taxation
        kept = -(1 - tax.rate) if revenue else 1 - tax.relief
        draft.add_cost(column, per_unit * kept * counts * self.economy.weights[phase])
        at_risk = per_unit * -kept * (1 - counts)
        self.lines.append(Line(phase, name, revenue, column, per_unit, at_risk))

    def label(
        self, kind: str, phase: int = -1, asset: str = "", unit: str = "MW", text: str = ""
    ) -> Label:
        """Return what a column or row of the site is about."""
        return Label(
            kind=kind, subject=self.site.id, phase=phase, asset=asset, unit=unit, text=text
        )
