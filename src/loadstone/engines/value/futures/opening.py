# SPDX-License-Identifier: Apache-2.0
"""The cash of a plan becomes a book: rows that move alike are added up, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.income import Income
from loadstone.engines.finance.local_money import Abroad
from loadstone.engines.finance.losses import TaxRules
from loadstone.engines.finance.returns import factors as discount_factors
from loadstone.engines.value.futures.book import NONE, Book, Loans, Taxes, Terms, Unit
from loadstone.engines.value.futures.curves import SiteCurve
from loadstone.engines.value.futures.fleets import FleetKey, open_fleets, planned_hashprice
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.cash import (
    FINANCING,
    LOST_ON_POWER,
    OPERATING,
    CashRow,
    CashTable,
)
from loadstone.model.network import Network
from loadstone.model.plan import Plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MINING = "mining"
MACHINES = ("capex", "duty", "refresh", "resale")
STOPS = ("direct", "refresh", "duty", "levies", "revenue", "energy", "flexibility")
"""Groups that end where a site is given up."""
PRICED = ("revenue", "flexibility", "energy", "direct", "levies", *MACHINES)
"""Groups whose amounts are agreed in their currency, and so move with its rate.

What tax offices and borders take follows from all of them; hedges are counted beside.
"""
PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Middle:
    """What is drawn, and its middle, at which a book is worth what the base case is.

    Attributes:
        factors: Names, as in `Paths`. Length K.
        nominal: Middle path of each. Shape (K, M).
        events: Names, as in `Paths`. Length J.
        vacant: Months by which what a tenant leaves stands empty; None for ever after.
    """

    factors: tuple[str, ...]
    nominal: Floats
    events: tuple[str, ...]
    vacant: int | None = None

    def factor(self, driver: str) -> int:
        """Return the factor of a driver, or of all of its kind; `NONE` where none moves it."""
        for name in (driver, driver.partition(":")[0]):
            if name and name in self.factors:
                return self.factors.index(name)
        return NONE

    def event(self, name: str) -> int:
        """Return an event, or `NONE`."""
        return self.events.index(name) if name in self.events else NONE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """The base case, as a book needs it.

    Attributes:
        network: The network.
        plan: The plan.
        table: All its cash.
        curves: What its miners earn.
        loans: Debts; who serves them follows from `scopes`. Its `units` are not read.
        scopes: Scope of each debt.
        apart: Sites that are units of their own, for debts and deals.
        rate: Nominal discount rate a year.
    """

    network: Network
    plan: Plan
    table: CashTable
    curves: Sequence[SiteCurve]
    loans: Loans
    scopes: tuple[str, ...]
    apart: frozenset[str]
    rate: float


_Key = tuple[int, int, int, int, int, int, bool, bool]


@dataclass(slots=True, eq=False)
class _Opening:
    """Adds rows up."""

    case: Case
    middle: Middle
    by_site: bool
    slots: Mapping[str, int]
    incomes: Mapping[str, Income]
    tenants: Mapping[tuple[str, str], int]
    units: list[Unit] = field(default_factory=list)
    rows: dict[_Key, Floats] = field(default_factory=dict)
    mined: dict[FleetKey, list[CashRow]] = field(default_factory=dict)

    def unit(self, row: CashRow) -> int:
        """Return the unit of a row, a new one where there is none yet."""
        apart = self.by_site or row.site in self.case.apart
        income = self.incomes.get(row.country)
        unit = Unit(
            country=row.country,
            site=row.site if apart else "",
            regime=income.regime(row) if income else (0.0, 0.0),
        )
        if unit not in self.units:
            self.units.append(unit)
        return self.units.index(unit)

    def add(self, row: CashRow) -> None:
        """Add a row where it belongs."""
        if row.driver == MINING:
            site = next(s for s in self.case.network.sites if s.id == row.site)
            key = FleetKey(
                unit=self.unit(row),
                power=self.middle.factor(f"power:{site.zone}"),
                delay=self.slots.get(row.site, NONE),
                ban=self.middle.event(f"mining_ban:{row.country}"),
            )
            self.mined.setdefault(key, []).append(row)
        else:
            self._linear(row)

    def _linear(self, row: CashRow) -> None:
        middle, operating = self.middle, is_operating(row)
        factor = middle.factor(driver_of(row))
        currency = NONE
        moves = row.group in PRICED or is_operating(row)
        if moves and row.currency and row.currency != self.case.table.currency:
            currency = middle.factor(f"fx:{row.currency}")
        ends = self.tenants.get((row.site, row.line), NONE)
        amount = row.amounts
        if factor != NONE:
            amount = amount / middle.nominal[factor]
        if currency != NONE:
            amount = amount * middle.nominal[currency]
        key = (
            self.unit(row),
            factor,
            currency,
            self.slots.get(row.site, NONE) if operating else NONE,
            ends,
            middle.factor("lease") if ends != NONE and row.line.startswith("lease:") else NONE,
            operating,
            row.group in STOPS,
        )
        before = self.rows.get(key)
        self.rows[key] = amount if before is None else before + amount

    def terms(self) -> Terms:
        """Return the linear rows."""
        table = np.array(list(self.rows), dtype=np.int64).reshape(-1, 8).T
        months = self.case.table.months
        return Terms(
            unit=table[0],
            factor=table[1],
            currency=table[2],
            delay=table[3],
            ends=table[4],
            again=table[5],
            operating=table[6],
            stops=table[7],
            amount=np.array(list(self.rows.values())).reshape(-1, months),
        )


def driver_of(row: CashRow) -> str:
    """Return what moves a linear row: its driver, or prices of miners where it buys them."""
    if row.driver or row.group not in MACHINES or not row.line.startswith("miner:"):
        return row.driver
    return "used_miner_price" if row.line.endswith(":used") else "miner_price"


def is_operating(row: CashRow) -> bool:
    """Tell whether a row is profit: operating cash, with the value-added tax lost on power."""
    return row.group in OPERATING or row.line.startswith(LOST_ON_POWER)


def in_scope(scope: str, units: Sequence[Unit]) -> Floats:
    """Return 1 for units in a scope: "portfolio", "country:RU" or "site:bratsk-1". (U,)."""
    kind, _, name = scope.partition(":")
    if kind == PORTFOLIO:
        return np.ones(len(units))
    named = [unit.country if kind == "country" else unit.site for unit in units]
    return np.array([float(one == name) for one in named])


def open_book(
    case: Case, middle: Middle, *, by_site: bool = False, retire_after: int = 0
) -> Book:
    """Return the book of a base case.

    Args:
        case: The base case.
        middle: What futures move.
        by_site: Whether every site is a unit of its own.
        retire_after: Months of losses after which owners give up a site that only mines;
            0 for never. It asks for `by_site`.
    """
    table, network, months = case.table, case.network, case.table.months
    starts = late_starts(case, middle)
    opening = _Opening(
        case=case,
        middle=middle,
        by_site=by_site,
        slots={site: i for i, site in enumerate(starts)},
        incomes=incomes_of(table, network),
        tenants=_tenants(table, middle),
    )
    for row in table.select():
        if row.group not in FINANCING:
            opening.add(row)
    year = table.year_of_month
    price = planned_hashprice(network, case.curves, months)
    fleets = open_fleets(
        opening.mined,
        case.curves,
        network,
        nominal=middle.nominal,
        hashprice=middle.factor("hashprice"),
        planned=price,
        currencies={c: middle.factor(f"fx:{c}") for c in network.study.fx},
        reporting=table.currency,
    )
    pools = tuple(dict.fromkeys((u.country, u.regime) for u in opening.units if u.country))
    return Book(
        first=table.first,
        months=months,
        factors=middle.factors,
        events=middle.events,
        units=tuple(opening.units),
        pool=np.array(
            [pools.index((u.country, u.regime)) if u.country else NONE for u in opening.units],
            dtype=np.int64,
        ),
        hashprice=middle.factor("hashprice"),
        year=year,
        delays=np.array([middle.event(f"delay:{site}") for site in starts], dtype=np.int64),
        starts=np.array(list(starts.values()), dtype=np.int64),
        losses=np.array(
            [middle.event(f"expropriation:{unit.country}") for unit in opening.units],
            dtype=np.int64,
        ),
        vacant=months if middle.vacant is None else middle.vacant,
        retire=_retire(opening, retire_after),
        discount=discount_factors(case.rate, months),
        fixed=table.total(*FINANCING),
        base=middle.nominal,
        unlevered=0.0,
        terms=opening.terms(),
        fleets=fleets,
        taxes=_taxes(opening, pools, year),
        loans=Loans(
            units=np.array([in_scope(scope, opening.units) for scope in case.scopes]).reshape(
                -1, len(opening.units)
            ),
            cash=case.loans.cash,
            service=case.loans.service,
            due=case.loans.due,
            covenant=case.loans.covenant,
        ),
    )


def incomes_of(table: CashTable, network: Network) -> dict[str, Income]:
    """Return what each country taxes."""
    terms, countries = network.deals.cash, network.facts.countries
    codes = sorted({row.country for row in table.rows if row.country})
    return {
        code: Income(Abroad(table=table, country=countries[code], terms=terms), network)
        for code in codes
    }


def late_starts(case: Case, middle: Middle) -> dict[str, int]:
    """Return the first month of new connection of sites that may have to wait for it."""
    timeline = Timeline.of(case.network)
    starts: dict[str, int] = {}
    for build in case.plan.builds:
        if build.asset.startswith("connection") and middle.event(f"delay:{build.site}") != NONE:
            month = timeline.index(build.phase)
            starts[build.site] = min(month, starts.get(build.site, month))
    return starts


def _tenants(table: CashTable, middle: Middle) -> dict[tuple[str, str], int]:
    """Return the event that ends rows of leases, by site and line.

    What power costs at a site with one tenant ends with it; with several it goes on.
    """
    found: dict[tuple[str, str], int] = {}
    by_site: dict[str, set[int]] = {}
    for row in table.select("revenue"):
        kind, _, name = row.line.partition(":")
        if kind in ("lease", "lease power"):
            event = middle.event(f"default:{name}")
            found[row.site, row.line] = event
            by_site.setdefault(row.site, set()).add(event)
    for site, events in by_site.items():
        if len(events) == 1:
            found[site, "energy:lease"] = next(iter(events))
    return found


def _retire(opening: _Opening, after: int) -> Ints:
    """Return after how many months of losses each unit is given up: sites that only mine."""
    revenue = list(opening.case.table.select("revenue"))
    kept = {row.site for row in revenue if row.line != MINING}
    months = [after if u.site and u.site not in kept else 0 for u in opening.units]
    return np.array(months, dtype=np.int64)


def _taxes(
    opening: _Opening, pools: Sequence[tuple[str, tuple[float, float]]], year: Ints
) -> Taxes:
    table, years = opening.case.table, int(year[-1]) + 1
    earned = np.zeros((len(opening.units), years))
    for row in table.select():
        if is_operating(row):
            earned[opening.unit(row)] += table.by_year(row.amounts)
    shape = (len(pools), years)
    profit, paid = np.zeros(shape), np.full(shape, table.months, dtype=np.int64)
    per, per_paid = np.ones(shape), np.ones(shape)
    rules = []
    for i, (code, regime) in enumerate(pools):
        income = opening.incomes[code]
        profits = income.profits(-table.total("interest", country=code))
        profit[i] = profits.get(regime, np.zeros(years))
        rules.append(TaxRules.of(income.country, regime[0]))
        lag = income.country.finance.tax_lag_months
        for y in range(years):
            paid[i, y] = income.abroad.month_of(y, lag.value if lag else 0.0)
            per[i, y] = income.abroad.per[year == y].mean()
            per_paid[i, y] = income.abroad.per[paid[i, y]]
    return Taxes(
        profit=profit,
        rate=np.array([rule.rate for rule in rules]),
        loss_limit=np.array([rule.loss_limit for rule in rules]),
        loss_years=np.array([min(rule.loss_years, years) for rule in rules], dtype=np.int64),
        paid=paid,
        per=per,
        per_paid=per_paid,
        earned=earned,
    )
