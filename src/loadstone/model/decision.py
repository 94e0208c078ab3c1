# SPDX-License-Identifier: Apache-2.0
"""What a committee decides on: the plan beside other plans, and in futures that go wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from loadstone.model.plan import Build, Year

Kind = Literal["plan", "alternative", "restricted", "switch"]
Factor = Literal["hashprice", "ai_price", "power_price"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One whole plan in a few numbers. MW are those of the last phase.

    Attributes:
        name: E.g. "plan", "most mining", "AI only", "without the firmness rule".
        kind: "plan"; "alternative", within the slack of the plan's value; "restricted", the
            best without something; "switch", the best with a rule or a layer switched.
        text: What it is, in a sentence.
        value: Its value, network currency.
        bound: No plan of its kind is worth more; for an alternative that of the plan.
        amount: What an alternative has most or least of; None for others.
        amount_bound: No plan within the slack has more (or less).
        unit: Unit of the amount.
        connected_mw: Firm and non-firm connection.
        mining_mw: Own miners.
        ai_mw: Own servers.
        leased_mw: Halls leased to tenants.
        hosted_mw: Miners of others.
        sites: Sites with machines or tenants.
        capex: Price of all that is built.
        largest_country: Country with most connection.
        largest_country_mw: Its connection.
        builds: What it builds.
    """

    name: str
    kind: Kind
    text: str
    value: float
    bound: float
    amount: float | None = None
    amount_bound: float | None = None
    unit: str = ""
    connected_mw: float
    mining_mw: float
    ai_mw: float
    leased_mw: float
    hosted_mw: float
    sites: int
    capex: float
    largest_country: str
    largest_country_mw: float
    builds: tuple[Build, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stressed:
    """What each plan is worth in one stress, with its builds held and its hours free.

    Attributes:
        name: Name of the stress.
        text: What goes wrong, in a sentence.
        values: Value by name of the plan; None where the plan cannot be carried out.
    """

    name: str
    text: str
    values: Mapping[str, float | None]

    @property
    def best(self) -> str:
        """The plan that is worth most in it."""
        known = {name: value for name, value in self.values.items() if value is not None}
        return max(known, key=lambda name: known[name])

    def regret(self, name: str) -> float | None:
        """Return what a plan is worth less than the best of the plans beside it."""
        value, most = self.values[name], self.values[self.best]
        return None if value is None or most is None else most - value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """The value of the plan, its builds held, where one number is another.

    Attributes:
        factor: "hashprice" in USD/PH/day, flat over all phases, or "ai_price" or
            "power_price" as factors on the outlook.
        at: The number.
        value: Value of the plan.
    """

    factor: Factor
    at: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Prices at which something is worth nothing; None where no tried price is one.

    Attributes:
        hashprice: Flat hashprice at which the plan's value is 0, USD/PH/day.
        power_factor: Factor on energy prices at which it is 0.
        mining_hashprice: Hashprice that pays the power of the miners' mean hour in the first
            phase in which they run, USD/PH/day.
        mining_power: Price of power that the mean miner can pay then, network currency per
            MWh at the meter.
    """

    hashprice: float | None
    power_factor: float | None
    mining_hashprice: float | None
    mining_power: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Something that must be true for the plan to be right.

    Attributes:
        text: A sentence.
        basis: Who says so, or what was computed.
    """

    text: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A mean hour of one month at one site. MW at the meter unless said.

    Attributes:
        site: Id of the site.
        month: "2027-03".
        firm_mw: Firm connection, and no more than the transformers that remain when their
            spares fail.
        energised_mw: All connection that is energised.
        leased_mw: Power reserved for tenants.
        leased_drawn_mw: Power that tenants draw.
        cloud_mw: Power of own servers.
        mining_mw: Power of own miners.
        hosting_mw: Power of the miners of others.
    """

    site: str
    month: str
    firm_mw: float
    energised_mw: float
    leased_mw: float
    leased_drawn_mw: float
    cloud_mw: float
    mining_mw: float
    hosting_mw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryRow:
    """One country in a plan. MW and yearly amounts are those of the last phase.

    Attributes:
        code: ISO 3166-1.
        value: Its part of the objective.
        capex: Price of what is built there.
        connected_mw, mining_mw, ai_mw, leased_mw, hosted_mw: As in `Variant`.
        energy_mwh: Energy drawn from the grid and contracts a year.
        power_cost: Energy, demand, connection and levies of a year over that energy,
            network currency/MWh; None where nothing is drawn.
        revenue: Revenue of a year.
        discount_rate: Rate at which it is discounted.
    """

    code: str
    value: float
    capex: float
    connected_mw: float
    mining_mw: float
    ai_mw: float
    leased_mw: float
    hosted_mw: float
    energy_mwh: float
    power_cost: float | None
    revenue: float
    discount_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UseYear:
    """Power by use in one phase over all sites, MW of a mean hour at the meter.

    Attributes:
        phase: Start of the phase.
        energised_mw: Connection.
        leased_mw: Reserved for tenants, of which `leased_drawn_mw` is drawn.
        leased_drawn_mw: Drawn by tenants.
        cloud_mw: Own servers.
        mining_mw: Own miners.
        hosting_mw: Miners of others.
    """

    phase: Year
    energised_mw: float
    leased_mw: float
    leased_drawn_mw: float
    cloud_mw: float
    mining_mw: float
    hosting_mw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """All that stands beside a plan.

    Attributes:
        slack: How much less an alternative may be worth, as a share.
        variants: The plan first, then its alternatives and restrictions.
        stressed: Stresses, with the value of every variant.
        sensitivities: Values of the plan where one number is another.
        break_even: Prices at which something is worth nothing.
        contracted_share: Part of the discounted revenue that contracts promise, 0 to 1.
        uses: Power by use, by phase.
        countries: Countries, most value first.
        months: Months of the sites that lease halls.
        truths: What must be true.
        notes: What could not be computed, and why.
    """

    slack: float
    variants: tuple[Variant, ...]
    stressed: tuple[Stressed, ...]
    sensitivities: tuple[Sensitivity, ...]
    break_even: BreakEven
    contracted_share: float
    uses: tuple[UseYear, ...]
    countries: tuple[CountryRow, ...]
    months: tuple[Month, ...] = ()
    truths: tuple[Truth, ...] = ()
    notes: tuple[str, ...] = ()
