# SPDX-License-Identifier: Apache-2.0
"""What a site-year pays: power by use, levies, and the other lines of its books."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.value.operating.ledger import Ledger, Moves
from loadstone.engines.value.operating.revenue import MINING, own_money
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.engines.value.operating.timeline import EVEN
from loadstone.model.country import Country
from loadstone.model.finance.cash import LOST_ON_POWER
from loadstone.model.tariff.terms import (
    BlockTerm,
    ConnectionTerm,
    EnergyTerm,
    FixedTerm,
    OwnGenerationTerm,
    PeakTerm,
    TakeOrPayTerm,
)

Floats = NDArray[np.float64]
PAID_BACK = "energy:paid back"
"""Line of what an incentive pays back of a power bill."""
NO_CASH = ("tax", "risk_premium", "held_demand", "vat")
"""Lines of cost that are no cash, or are counted apart."""
LOCAL = ("staff", "property_tax")
"""Lines that are paid in the money of the country; others are priced in dollars."""
BILLED: Mapping[str, type] = {
    "demand": PeakTerm,
    "connection": ConnectionTerm,
    "fixed": FixedTerm,
    "take_or_pay": TakeOrPayTerm,
}
LEVIED = {"mining": ("mining", "hosting", "promised"), "ai": ("ai", "lease", "promised")}


def add_costs(one: SiteTime, ledger: Ledger) -> None:
    """Add what a site-year pays, tax on income apart."""
    cost = one.books.cost
    _energy(one, ledger, cost.get("energy", 0.0))
    _levies(one, ledger, cost.get("levies", 0.0))
    for line, kind in BILLED.items():
        months = one.by_month(_accrued(one, kind))
        moves = Moves(one.hours.currency, contracted=line == "take_or_pay")
        real = -cost.get(line, 0.0) * ledger.timeline.spread(one.phase, months)
        ledger.money("energy", line, one.site, moves, real)
    _paid_back(one, ledger)
    done = {"energy", "levies", *BILLED, *NO_CASH}
    for line, amount in cost.items():
        if line not in done:
            _other(one, ledger, line, amount)
    for use, mw in one.drawn().items():
        spread = ledger.timeline.spread(one.phase, one.by_month(mw))
        ledger.memo(use, one.site, "MWh", float(mw.sum()) * spread)
    mwh = one.dispatch.grid_import_mw
    spread = ledger.timeline.spread(one.phase, one.by_month(mwh))
    ledger.memo("import", one.site, "MWh", float(mwh.sum()) * spread)


def _other(one: SiteTime, ledger: Ledger, line: str, amount: float) -> None:
    local = one.network.facts.countries[one.site.country].currency
    known = (ledger.reporting, *one.network.study.fx)
    currency = local if line in LOCAL and local in known else own_money(one)
    months = one.by_month(one.dispatch.grid_import_mw) if line == "carbon" else EVEN
    group = {"fuel": "energy", "carbon": "levies"}.get(line, "direct")
    real = -amount * ledger.timeline.spread(one.phase, months)
    ledger.money(group, line, one.site, Moves(currency), real)  # type: ignore[arg-type]


def _accrued(one: SiteTime, *kinds: type) -> Floats:
    """Return the charges of kinds of terms hour by hour, network currency. Shape (T,)."""
    load, total = one.load(), np.zeros(one.hours.grid.count)
    for term in one.hours.terms():
        if isinstance(term, kinds):
            total += term.accrual(load) * one.hours.fx
    return total


def _metered(one: SiteTime) -> Floats:
    """Return what imported energy costs hour by hour, network currency. Shape (T,)."""
    load, total = one.load(), np.zeros(one.hours.grid.count)
    for term in one.hours.terms():
        if isinstance(term, EnergyTerm) and term.on in ("import", "residual"):
            total += term.accrual(load) * (one.hours.fx * one.hours.factor)
    return total


def shared(drawn: Mapping[str, Floats], hourly: Floats) -> dict[str, Floats]:
    """Return what each use bears of a cost of all, hour by hour. Shapes (T,).

    Each bears its part of the power drawn in that hour; what is paid in hours without load,
    as for a battery, is borne by what is drawn over the year.

    Args:
        drawn: Power by use. Shapes (T,).
        hourly: The cost. Shape (T,).
    """
    if not drawn:
        return {}
    total = sum(drawn.values(), np.zeros(len(hourly)))
    busy = total > 0
    idle = float(hourly[~busy].sum())
    year = float(total.sum())
    per_mwh = np.divide(hourly, total, out=np.zeros(len(hourly)), where=busy)
    if year:
        per_mwh = per_mwh + idle / year
    return {use: np.asarray(mw * per_mwh) for use, mw in drawn.items()}


def _energy(one: SiteTime, ledger: Ledger, amount: float) -> None:
    """Add the cost of energy by use, and what contracts and own generation cost beside it."""
    metered = _metered(one)
    other = _accrued(one, BlockTerm, OwnGenerationTerm)
    known = float(metered.sum() + other.sum())
    if not known or not one.drawn():  # bought for nobody, or what books say without a meter
        real = -amount * ledger.timeline.spread(one.phase)
        ledger.money("energy", "energy", one.site, Moves(one.hours.currency), real)
        return
    scale = amount / known  # 1 but for the rounding of files
    for use, hourly in shared(one.drawn(), metered).items():
        driver = MINING if use == "mining" else f"power:{one.site.zone}"
        months = one.by_month(hourly)
        real = -scale * float(hourly.sum()) * ledger.timeline.spread(one.phase, months)
        moves = Moves(one.hours.currency, driver)
        ledger.money("energy", f"energy:{use}", one.site, moves, real)
    months = one.by_month(other)
    real = -scale * float(other.sum()) * ledger.timeline.spread(one.phase, months)
    moves = Moves(one.hours.currency, contracted=True)
    ledger.money("energy", "energy:supply", one.site, moves, real)


def _paid_back(one: SiteTime, ledger: Ledger) -> None:
    """Add the part of servers' power bills that an incentive pays back.

    The books of the plan have it in the line of tax.
    """
    country, servers = one.network.facts.countries[one.site.country], one.network.facts.servers
    total = np.zeros(one.hours.grid.count)
    for name, mw in one.dispatch.machine_mw.items():
        kind, _, model = name.partition(":")
        if kind == "server":
            meant = (one.site, country, servers[model], one.phase)
            total += mw * one.economy.incentives(*meant)[1]
    total = total * one.hours.price("import", "residual")
    real = float(total.sum()) * ledger.timeline.spread(one.phase, one.by_month(total))
    moves = Moves(one.hours.currency, f"power:{one.site.zone}")
    ledger.money("energy", PAID_BACK, one.site, moves, real)


def _levies(one: SiteTime, ledger: Ledger, amount: float) -> None:
    """Add levies by use."""
    load, drawn = one.load(), one.drawn()
    found: dict[str, Floats] = {}
    for term in one.hours.terms():
        if isinstance(term, EnergyTerm) and term.on not in ("import", "residual", "export"):
            who = {use: drawn[use] for use in LEVIED.get(term.on, drawn) if use in drawn}
            for use, hourly in shared(who, term.accrual(load) * one.hours.fx).items():
                found[use] = found.get(use, np.zeros(len(hourly))) + hourly
    known = sum(float(hourly.sum()) for hourly in found.values())
    for use, hourly in found.items():
        months = one.by_month(hourly)
        share = float(hourly.sum()) / known if known else 0.0
        real = -amount * share * ledger.timeline.spread(one.phase, months)
        moves = Moves(one.hours.currency, MINING if use == "mining" else "")
        ledger.money("levies", f"levies:{use}", one.site, moves, real)
    if not known:
        real = -amount * ledger.timeline.spread(one.phase)
        ledger.money("levies", "levies", one.site, Moves(one.hours.currency), real)


def add_lost_vat(one: SiteTime, ledger: Ledger, country: Country, economy: Economy) -> None:
    """Add the value-added tax on power that does not come back, by use."""
    price = one.hours.price("import", "residual")
    rates = {
        use: economy.taxation(country, "mining" if use == "mining" else "ai").vat
        for use in one.drawn()
        if use != "promised"
    }
    hourly = {use: mw * price * rates[use] for use, mw in one.drawn().items() if rates.get(use)}
    known = sum(float(paid.sum()) for paid in hourly.values())
    for use, paid in hourly.items():
        share = float(paid.sum()) / known if known else 0.0
        months = one.by_month(paid)
        real = -one.books.cost.get("vat", 0.0) * share
        moves = Moves(one.hours.currency, MINING if use == "mining" else "")
        spread = ledger.timeline.spread(one.phase, months)
        ledger.money("vat", f"{LOST_ON_POWER}{use}", one.site, moves, real * spread)
