# SPDX-License-Identifier: Apache-2.0
"""The network: everything under study, as its folder says it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import inf

from loadstone.model.capital import Discount, Investor
from loadstone.model.eligibility import Eligibility
from loadstone.model.errors import InputError
from loadstone.model.fact import Facts
from loadstone.model.finance.deals import Deals
from loadstone.model.futures.terms import Futures
from loadstone.model.offer import Offers
from loadstone.model.series import Floats, Series
from loadstone.model.site import AiSales, Site
from loadstone.model.stress import STRESSES, Stress
from loadstone.model.uncertainty import RiskTerms

HALF = 0.5  # of a year: the shortest phase
LONGEST = 50.0
FIRST_YEAR, LAST_YEAR = 2009, 2100  # no bitcoin before, no plan beyond


def _dated(name: str, value: object, year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(name, value, f"must be from {FIRST_YEAR} to {LAST_YEAR}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A time in which things can be built, and the years that it stands for.

    A half-year earns and costs half of what a whole year of its hours does: seasons are those
    of the year.

    Attributes:
        year: Calendar year of building, and of the dated rules.
        month: Month in which it begins: 1 or 7.
        years: Years until the next phase, in halves; building happens at its start.
        budget: Most capital that may be spent in it, network currency; None for any.
    """

    year: int
    month: int = 1
    years: float = 1.0
    budget: float | None = None

    def __post_init__(self) -> None:
        _dated("year", self.year, self.year)
        if self.month not in {1, 7}:
            raise InputError("month", self.month, "must be 1 or 7")
        if self.years < HALF or self.years % HALF or self.years > LONGEST:
            rule = f"must be from 0.5 to {LONGEST:g}, in halves"
            raise InputError("years", self.years, rule)
        if self.budget is not None and not 0 <= self.budget < inf:
            raise InputError("budget", self.budget, "must be finite and at least 0")

    @property
    def at(self) -> int | float:
        """When it begins, in calendar years: 2027.5 is July 2027; a whole number is an int."""
        return self.year + HALF if self.month != 1 else self.year

    @property
    def start(self) -> date:
        """The day it begins."""
        return date(self.year, self.month, 1)

    @property
    def ends(self) -> int | float:
        """When the next begins, in calendar years."""
        end = self.at + self.years
        return int(end) if end == int(end) else end


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """A number that the user states, with where it comes from.

    Attributes:
        value: The number, in the unit of the field it stands in.
        source: Who says so.
        date: When it was said.
    """

    value: float
    source: str
    date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The future that is planned for: one number per phase.

    Attributes:
        btc_price: Price of a bitcoin, USD.
        network_eh: Hashrate of the Bitcoin network, EH/s.
        fee_share: Fees over subsidy, e.g. 0.05.
        hashprice: USD/PH/day, in place of what the three say; empty takes what they say.
        ai_price_factor: AI prices over those of the machine facts.
        power_price_factor: Power prices over those of the series and tariffs.
        source: Who says so; a plan rests on it.
        date: When it was said.
        ai_by_generation: AI prices of a generation of servers, in place of `ai_price_factor`.
        power_by_zone: Power prices of a zone, in place of `power_price_factor`.
    """

    btc_price: tuple[float, ...]
    network_eh: tuple[float, ...]
    fee_share: tuple[float, ...]
    ai_price_factor: tuple[float, ...]
    power_price_factor: tuple[float, ...]
    source: str
    date: date
    hashprice: tuple[float, ...] = ()
    ai_by_generation: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    power_by_zone: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.hashprice:
            self._check("hashprice", self.hashprice)
        for name in ("network_eh", "fee_share", "ai_price_factor", "power_price_factor"):
            self._check(name, getattr(self, name))
        for name in ("ai_by_generation", "power_by_zone"):
            for key, values in getattr(self, name).items():
                self._check(f"{name}.{key}", values)
        for name in ("btc_price", "network_eh"):
            for value in getattr(self, name):
                if not 0 < value < inf:
                    raise InputError(name, value, "must be finite and above 0")

    def _check(self, name: str, values: tuple[float, ...]) -> None:
        count = len(self.btc_price)
        if len(values) != count:
            raise InputError(name, values, f"must have {count} values, one a phase")
        for value in values:
            if not 0 <= value < inf:
                raise InputError(name, value, "must be finite and at least 0")

    def ai_factor(self, generation: str, phase: int) -> float:
        """Return AI prices of a generation in a phase over those of the machine facts."""
        return self.ai_by_generation.get(generation, self.ai_price_factor)[phase]

    def power_factor(self, zone: str, phase: int) -> float:
        """Return power prices of a zone in a phase over those of series and tariffs."""
        return self.power_by_zone.get(zone, self.power_price_factor)[phase]


@dataclass(frozen=True, slots=True, kw_only=True)
class AiDemand:
    """Most AI power of one GPU generation that a region can sell.

    Attributes:
        countries: The region: ISO 3166-1 codes.
        generation: Generation of the servers, e.g. "hopper", "blackwell"; "" for all.
        max_mw: Most installed power at the plugs, MW, per phase.
        source: Who says so.
    """

    countries: tuple[str, ...]
    generation: str = ""
    max_mw: tuple[float, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """Limits that sites share. Power is connected MW at the meter.

    Attributes:
        country_mw: Most connected power per country, MW.
        zone_mw: Most connected power per zone, MW.
        carbon_price: Price of carbon, network currency per tonne of grid power drawn.
        carbon_tonnes: Most carbon of the whole network a year, tonnes; None for any.
        total_budget: Most capital over all phases, network currency; None for any.
    """

    country_mw: Mapping[str, float] = field(default_factory=dict)
    zone_mw: Mapping[str, float] = field(default_factory=dict)
    carbon_price: float = 0.0
    carbon_tonnes: float | None = None
    total_budget: float | None = None

    def __post_init__(self) -> None:
        for name in ("country_mw", "zone_mw"):
            for key, value in getattr(self, name).items():
                if not 0 <= value < inf:
                    raise InputError(f"{name}.{key}", value, "must be finite and at least 0")
        for name in ("carbon_price", "carbon_tonnes", "total_budget"):
            number = getattr(self, name)
            if number is not None and not 0 <= number < inf:
                raise InputError(name, number, "must be finite and at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What network.toml says.

    Attributes:
        name: Name for people.
        description: What it is; invented networks say so.
        currency: Reporting currency, ISO 4217.
        discount_rate: Real rate a year, e.g. 0.10.
        discount: What is added to it by country and kind of revenue.
        phases: Building years in order.
        decided: Day from which lead times run; None for the start of the first phase. With it,
            assets are paid before they are in use; without, on the day.
        owner: ISO 3166-1 code of the owner of sites that name none, for eligibility.
        eligibility: What may go to which country, and whose money.
        investors: Who gives the capital; none where nobody is named.
        outlook: The future that is planned for.
        fx: Units of another currency for one unit of the reporting currency.
        miners, servers: Models that may be built where a site names none.
        used_miners: Models of miners that may also be bought second-hand.
        firmware_modes: Whether miners may run below nameplate.
        resale: Whether miners may be sold before their life ends.
        pool_fee: Part of mining revenue that the pool keeps.
        ai_sales: How AI power is sold where a site says nothing.
        firmness: Whether AI must be carried by firm connection and backup, where a site says
            nothing.
        ai_demand: Caps on AI power by region and generation.
        caps: Limits that sites share.
        costs: Costs that replace the shipped assumptions, by their id in data/costs.toml.
        stresses: Futures that plans are tried against.
        risk: How the worst futures count where a plan is made over several.
    """

    name: str
    description: str = ""
    currency: str = "USD"
    discount_rate: float
    discount: Discount = Discount()
    phases: tuple[Phase, ...]
    decided: date | None = None
    owner: str = ""
    eligibility: tuple[Eligibility, ...] = ()
    investors: tuple[Investor, ...] = ()
    outlook: Outlook
    fx: Mapping[str, Stated] = field(default_factory=dict)
    miners: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    used_miners: tuple[str, ...] = ()
    firmware_modes: bool = True
    resale: bool = False
    pool_fee: float = 0.01
    ai_sales: AiSales = AiSales()
    firmness: bool = True
    ai_demand: tuple[AiDemand, ...] = ()
    caps: Caps = Caps()
    costs: Mapping[str, Stated] = field(default_factory=dict)
    stresses: tuple[Stress, ...] = STRESSES
    risk: RiskTerms = RiskTerms()

    def __post_init__(self) -> None:
        if not self.phases:
            raise InputError("phases", (), "must have at least one")
        if self.decided is not None:
            _dated("decided", str(self.decided), self.decided.year)
        if not 0 < self.discount_rate < 1:
            raise InputError("discount_rate", self.discount_rate, "must be between 0 and 1")
        self.discount.check(self.discount_rate)
        if not 0 <= self.pool_fee < 1:
            raise InputError("pool_fee", self.pool_fee, "must be at least 0 and below 1")
        for first, second in zip(self.phases, self.phases[1:], strict=False):
            if second.at != first.ends:
                rule = f"must follow the one before: {first.ends:g}"
                raise InputError("phases.year", second.at, rule)
        if len(self.outlook.btc_price) != len(self.phases):
            count = len(self.outlook.btc_price)
            raise InputError("outlook.btc_price", count, f"must have {len(self.phases)} values")
        for demand in self.ai_demand:
            if len(demand.max_mw) != len(self.phases):
                rule = f"must have {len(self.phases)} values, one a phase"
                raise InputError("ai_demand.max_mw", demand.max_mw, rule)
        self._check_investors()

    def _check_investors(self) -> None:
        ids = [investor.id for investor in self.investors]
        for i, investor in enumerate(self.investors):
            if investor.id in ids[:i]:
                raise InputError(f"investors[{i}].id", investor.id, "must be given once")
            count = len(investor.capital_per_phase)
            if count not in {0, len(self.phases)}:
                rule = f"must have {len(self.phases)} values, one a phase, or none"
                raise InputError(f"investors[{i}].capital_per_phase", count, rule)

    @property
    def decided_at(self) -> float:
        """The day of the decision in calendar years."""
        if self.decided is None:
            return self.phases[0].at
        return self.decided.year + (self.decided.timetuple().tm_yday - 1) / 365


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A study with its sites, facts and series: all that a plan needs.

    Attributes:
        study: What network.toml says.
        sites: In the order of their ids.
        offers: What offers.toml says.
        facts: Shipped facts with the user's laid over.
        prices: Price series by zone.
        drybulb_c, wetbulb_c: Air temperatures by station, degC.
        solar, wind: Capacity factors by site id, 0 to 1.
        carbon_kg_per_mwh: Grid carbon by zone; zones without a series take the country fact.
        availability: Share of non-firm connection that may be drawn, by zone, 0 to 1.
        deals: What deals.toml says.
        futures: What futures.toml says; None where no futures are stated.
        price_years: Mean price of each month in each weather year over that of the planned
            year, by zone, for futures. Shape (W, 12).
    """

    study: Study
    sites: tuple[Site, ...]
    facts: Facts
    prices: Mapping[str, Series]
    drybulb_c: Mapping[str, Series]
    wetbulb_c: Mapping[str, Series]
    solar: Mapping[str, Series]
    wind: Mapping[str, Series]
    carbon_kg_per_mwh: Mapping[str, Series]
    availability: Mapping[str, Series] = field(default_factory=dict)
    offers: Offers = Offers()
    deals: Deals = Deals()
    futures: Futures | None = None
    price_years: Mapping[str, Floats] = field(default_factory=dict)
