# SPDX-License-Identifier: Apache-2.0
"""The plan: what to build where and when, what it is worth, and what that rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Year = int | float
"""Start of a phase in calendar years: 2027, or 2027.5 for July 2027."""


def phase_name(year: Year) -> str:
    """Return the start of a phase in words: "2027", or "mid-2027" for July."""
    return str(int(year)) if year == int(year) else f"mid-{int(year)}"


class Status(StrEnum):
    """How a search for a plan ended."""

    OPTIMAL = "optimal"  # the gap asked for is proven
    STOPPED = "stopped"  # a limit ended it; the plan is feasible and its gap is stated
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What is added in one phase: an amount of one asset at one site.

    Attributes:
        site: Id of the site.
        phase: Year of the phase.
        asset: E.g. "connection", "miner:antminer-s21-xp", "server:dgx-b200", "solar",
            "wind", "battery_power", "battery_energy", "site" (1 where it opens).
        amount: Added in that phase.
        unit: "MW", "MWh" or "1".
        capex: Its price, network currency, before annuities.
    """

    site: str
    phase: Year
    asset: str
    amount: float
    unit: str
    capex: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteYear:
    """One site in one phase: what stands there and what a year of it brings.

    All money is network currency per year, before tax unless said.

    Attributes:
        site, phase: Id of the site, year of the phase.
        capacities: What stands, by asset, in the units of `Build`.
        energy_mwh: Energy a year by "import", "export", "mining", "ai", "auxiliary", "solar",
            "wind", "ppa", "charge", "discharge", "curtailed".
        revenue: Revenue by "mining", "ai", "export", "curtailment", "reserve".
        cost: Cost by "energy", "demand", "connection", "levies", "take_or_pay", "fixed",
            "carbon", "vat", "tax", "staff", "repairs", "insurance", "property_tax",
            "decommissioning", "fuel", "risk_premium" (no cash: what revenue counts less at a
            discount rate of its own), "held_demand" (no cash: demand that a plan counts because
            a power contract keeps its part of the connection, and no bill has), and lines of
            offers.
        annuity: Capital charge of the year.
    """

    site: str
    phase: Year
    capacities: Mapping[str, float]
    energy_mwh: Mapping[str, float]
    revenue: Mapping[str, float]
    cost: Mapping[str, float]
    annuity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteValue:
    """A site's part of the objective.

    Attributes:
        id: Id of the site.
        country: ISO 3166-1 code.
        npv: Its part of the objective, network currency; all parts sum to the objective.
        opened: Year it opens, its first phase where it operates already, None where never.
    """

    id: str
    country: str
    npv: float
    opened: Year | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """What limits the plan, and what one more unit of it is worth.

    Attributes:
        kind: "connection", "budget", "country_cap", "zone_cap", "ai_demand", "carbon_cap", ...
        subject: Site, country, zone or "network".
        phase: Year, or 0 for all.
        value: Worth of one more unit over the whole plan, network currency.
        unit: The unit.
        text: The same in a sentence.
    """

    kind: str
    subject: str
    phase: Year
    value: float
    unit: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHit:
    """A dated rule that changed what a site may do.

    Attributes:
        site, phase: Id of the site, year of the phase.
        text: The rule in a sentence.
        hours: Hours of the year in which it holds.
        source: Where it is written.
        confidence: "high", "medium" or "low"; "user" for the user's own clauses.
    """

    site: str
    phase: Year
    text: str
    hours: int
    source: str
    confidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferResult:
    """What became of an offer at one site.

    Attributes:
        id: Id of the offer.
        kind: "lease" or "hosting".
        site: Id of the site.
        taken: Whether the plan takes it.
        from_phase: Phase in which it begins; None where it is not taken.
        mw: What is leased, or the most that is hosted, MW at the plugs.
        text: Its terms, or why it is not taken, in a sentence.
    """

    id: str
    kind: str
    site: str
    taken: bool
    from_phase: Year | None
    mw: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CapitalYear:
    """What is paid in one phase for what is built then or later.

    Attributes:
        phase: Start of the phase.
        by_asset: Network currency by kind of asset: "connection", "ai_hall_liquid", "server".
    """

    phase: Year
    by_asset: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Funding:
    """What one investor gives for one country in one phase.

    Attributes:
        investor: Id of the investor.
        country: ISO 3166-1 code.
        phase: Start of the phase.
        amount: Network currency.
    """

    investor: str
    country: str
    phase: Year
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteGate:
    """Something that must be settled before a use may be built at a site.

    The plan takes the day as given and does not weigh by the probability.

    Attributes:
        site: Id of the site.
        kind: "land", "permit", "fibre" or "water".
        uses: What it holds back: "mining", "ai".
        opens: Day on which it is expected, "YYYY-MM-DD"; "" for never.
        probability: How likely that is, 0 to 1.
        used: Whether the plan builds what it holds back.
        text: The same in words.
        source: Who says so.
    """

    site: str
    kind: str
    uses: tuple[str, ...]
    opens: str
    probability: float
    used: bool
    text: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """How much of the result rests on one kind of evidence.

    Attributes:
        input: "prices", "weather", "solar", "wind", "carbon".
        hours: Share of hours by provenance, 0 to 1, weighted by site-years in use.
        money: Share of the money that flows through that input by provenance, 0 to 1.
    """

    input: str
    hours: Mapping[str, float]
    money: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The answer.

    Attributes:
        network: Name of the network.
        status: How the search ended.
        method: "exact" or "lp".
        objective: Value of the plan, network currency: discounted over all phases.
        bound: No plan is worth more than this.
        gap: (bound - objective) / |objective|.
        currency: Network currency.
        phases: Years of the phases.
        builds: What is added when.
        sites: Each site's part of the objective.
        site_years: What stands and what it brings, for open sites.
        marginals: What limits the plan, dearest first.
        rules: Dated rules that bit.
        capital: What is paid in each phase.
        funding: Who pays it; empty where no investor is named.
        gates: What sites wait for.
        offers: What became of the offers of others.
        resting: What the result rests on.
        assumptions: Values chosen from a range, expired facts, approximations: sentences.
        metrics: Totals by name, e.g. "capex", "connected_mw", "mining_mw", "ai_mw".
    """

    network: str
    status: Status
    method: str
    objective: float
    bound: float
    gap: float
    currency: str
    phases: tuple[Year, ...]
    builds: tuple[Build, ...]
    sites: tuple[SiteValue, ...]
    site_years: tuple[SiteYear, ...]
    marginals: tuple[Marginal, ...]
    rules: tuple[RuleHit, ...]
    resting: tuple[Resting, ...]
    assumptions: tuple[str, ...]
    metrics: Mapping[str, float]
    offers: tuple[OfferResult, ...] = ()
    capital: tuple[CapitalYear, ...] = ()
    funding: tuple[Funding, ...] = ()
    gates: tuple[SiteGate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteDispatch:
    """A year of hours of one site in one phase: mean MW per hour, power drawn positive.

    Attributes:
        site, phase: Id of the site, year of the phase.
        grid_import_mw, grid_export_mw: At the meter. Shape (T,).
        supply_mw: Other supply by name, at the meter: power contracts, own generation.
        solar_mw, wind_mw: Used solar and wind at the bus. Shape (T,).
        charge_mw, discharge_mw, stored_mwh: Battery; energy at the end of the hour.
        machine_mw: Power at the bus by "miner:<model>", "server:<model>", "lease:<id>" and
            "hosting:<id>", cooling included.
        shortage_mw: Power that was missing; 0 in every plan that is returned.
        price: Marginal price of the grid's power, network currency/MWh. Shape (T,).
        worth: Worth of one more MWh at the bus, network currency/MWh. Shape (T,).
    """

    site: str
    phase: Year
    grid_import_mw: Floats
    grid_export_mw: Floats
    supply_mw: Mapping[str, Floats] = field(default_factory=dict)
    solar_mw: Floats
    wind_mw: Floats
    charge_mw: Floats
    discharge_mw: Floats
    stored_mwh: Floats
    machine_mw: Mapping[str, Floats]
    shortage_mw: Floats
    price: Floats
    worth: Floats
