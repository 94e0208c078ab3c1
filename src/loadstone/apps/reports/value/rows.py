# SPDX-License-Identifier: Apache-2.0
"""A valuation as rows, once for the page, the lender and the terminal."""

from collections.abc import Iterable

import numpy as np

from loadstone.apps.charts.value.returns import TIERS
from loadstone.apps.charts.words import number, percent
from loadstone.apps.reports.tables import Table, millions
from loadstone.apps.reports.value.sentences import (
    fan_title,
    rate_words,
    scope_name,
    years_words,
)
from loadstone.model.finance.returns import DealResult, DebtResult, RegionRow, UnitCosts
from loadstone.model.futures.risk import Risk, Spread
from loadstone.model.money import major
from loadstone.model.plan import phase_name
from loadstone.model.valuation import Valuation

_LEAST = 0.5  # of the currency: less is no money
_CAPITAL = {
    "Building and machines": ("capex",),
    "Import duty": ("duty",),
    "Machines bought again": ("refresh",),
    "Fees of debt": ("fees",),
}
_LESS_IS_BETTER = ("peak_equity",)
_SPREADS = {
    "npv": "Value of the project",
    "equity_npv": "Value of equity",
    "equity_irr": "Rate of return of equity",
    "dscr_min": "Lowest cover of debt service",
    "peak_equity": "Most money out at once",
}


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]], texts: int = 1) -> Table:
    """Return a table whose first columns are text."""
    numeric = tuple(i >= texts for i in range(len(heads)))
    return Table(columns=heads, numeric=numeric, rows=tuple(rows))


def returns_table(valuation: Valuation, scopes: tuple[str, ...] = ("portfolio",)) -> Table:
    """Return returns by scope and flow.

    Args:
        valuation: The valuation.
        scopes: Kinds of scope to show: "portfolio", "country", "site".
    """
    heads = (
        "", "Cash", f"Value, {valuation.currency} m", "IRR", "XIRR", "Payback",
        "Discounted", f"Most out, {valuation.currency} m",
    )  # fmt: skip
    rows = [
        (
            scope_name(one.scope), one.flow, millions(one.npv), rate_words(one.irr),
            rate_words(one.xirr), years_words(one.payback_years),
            years_words(one.discounted_payback_years), millions(one.peak),
        )
        for one in valuation.returns
        if one.scope.partition(":")[0] in scopes
    ]  # fmt: skip
    return _table(heads, rows, texts=2)


def uses_and_sources(valuation: Valuation) -> tuple[dict[str, float], dict[str, float]]:
    """Return what is paid for over the horizon, and who gives the money; both add up alike."""
    table = valuation.cash
    uses = {
        name: -float(np.minimum(table.total(*groups), 0.0).sum())
        for name, groups in _CAPITAL.items()
    }
    uses["Reserves filled"] = -float(np.minimum(table.total("reserve"), 0.0).sum())
    sources = {f"Loan {debt.id}": float(sum(debt.draw)) for debt in valuation.debts}
    owners = table.total()
    sources["Owners"] = -float(owners[owners < 0].sum())
    own = sum(uses.values()) - sum(sources.values())
    if own > 0:
        sources["Cash of the plan"] = own
    else:
        uses["Start-up, tax, debt service"] = -own
    return _some(uses), _some(sources)


def _some(amounts: dict[str, float]) -> dict[str, float]:
    return {name: amount for name, amount in amounts.items() if amount > _LEAST}


def costs_table(costs: UnitCosts, currency: str) -> Table:
    """Return what units cost and where nothing is left; what has no output is left out."""
    rows: list[tuple[str, str, str]] = []

    def add(name: str, value: float | None, unit: str, digits: int = 0) -> None:
        if value is not None:
            rows.append((name, number(value, digits), unit))

    add("To mine one bitcoin, cash", costs.btc_cash, currency)
    add("To mine one bitcoin, all in", costs.btc_all_in, currency)
    for name, amount in costs.btc_parts.items():
        add(f"\N{EM SPACE}of which {name}", amount, currency)
    for model, cost in costs.gpu_hour.items():
        add(f"GPU-hour, {model}", cost, currency, 2)
    for lease, cost in costs.kw_month.items():
        add(f"Leased kW-month, {lease}", cost, currency, 2)
    add("Break-even power price", costs.break_even_power, f"{currency}/MWh", 1)
    add("Break-even hashprice", costs.break_even_hashprice, "USD/PH/day", 1)
    return Table(
        columns=("What a unit costs", "", ""), numeric=(False, True, False), rows=tuple(rows)
    )


def _times(value: float | None) -> str:
    return "–" if value is None else number(value, 2)


def debts_table(debts: tuple[DebtResult, ...], currency: str) -> Table:
    """Return loans: how large, what holds them, what covers them."""
    heads = (
        "Loan", "Held by", f"Amount, {currency} m", "Gearing", "By gearing", "By cover",
        "By value", "Rate", "Cover, least", "mean", "contracted", "LLCR",
    )  # fmt: skip

    def limit(value: float | None) -> str:
        return "–" if value is None else millions(value)

    rows = [
        (
            debt.id, debt.binding, millions(debt.amount), percent(debt.gearing),
            limit(debt.by_gearing), limit(debt.by_dscr), limit(debt.by_ltv),
            percent(debt.rate, 1), _times(debt.dscr_min), _times(debt.dscr_mean),
            _times(debt.contracted_dscr_min), _times(debt.llcr),
        )
        for debt in debts
    ]  # fmt: skip
    return _table(heads, rows, texts=2)


def parties_table(deal: DealResult) -> Table:
    """Return what each party of a deal pays, receives by tier, and earns."""
    tiers = [t for t in TIERS if any(party.by_tier.get(t) for party in deal.parties)]
    heads = ("Party", "", "Pays in, m", "Receives, m",
             *(f"{tier}, {deal.currency} m" for tier in tiers), "Multiple", "IRR")  # fmt: skip
    rows = [
        (
            party.party, party.currency, millions(major(sum(party.called), party.currency)),
            millions(major(sum(party.received), party.currency)),
            *(millions(major(party.by_tier.get(tier, 0.0), deal.currency)) for tier in tiers),
            _times(party.multiple),
            rate_words(party.irr) if party.irr else "–",
        )
        for party in deal.parties
    ]  # fmt: skip
    return _table(heads, rows, texts=2)


def _number_of(spread: Spread, value: float | None, currency: str) -> str:
    if value is None:
        return "–"
    if spread.unit == currency:
        return millions(value)
    return percent(value, 1) if spread.unit == "1" else number(value, 2)


def spread_name(name: str) -> str:
    """Return what a number that is spread over futures is called."""
    if name in _SPREADS:
        return _SPREADS[name]
    kind, _, rest = name.partition(":")
    of, _, what = rest.partition(":")
    return f"{of}, {what}" if kind == "investor" else fan_title(name)


def spreads_table(risk: Risk, currency: str) -> Table:
    """Return how numbers are spread over futures; money in millions."""
    levels = ("0.05", "0.25", "0.5", "0.75", "0.95")
    heads = (f"{currency} m, rates, times", "mean", "worst 5%, mean", "5%", "25%", "middle",
             "75%", "95%", "none in")  # fmt: skip
    rows = [
        (
            spread_name(one.name), _number_of(one, one.mean, currency),
            # what is worse where it is more has no worst in its lowest futures
            "" if one.name in _LESS_IS_BETTER
            else _number_of(one, one.cvar.get("0.05"), currency),
            *(_number_of(one, one.quantiles.get(level), currency) for level in levels),
            percent(one.undefined, 1) if one.undefined else "",
        )
        for one in risk.spreads
    ]  # fmt: skip
    return _table(heads, rows)


def stresses_table(risk: Risk, currency: str) -> Table:
    """Return named stresses, worst first."""
    heads = ("Stress", "What goes wrong", f"Value, {currency} m", "Change, m", "Equity IRR",
             "Cover, least", "Hours")  # fmt: skip
    rows = tuple(
        (
            one.name, one.text, millions(one.npv), millions(one.change),
            "none" if one.equity_irr is None else percent(one.equity_irr, 1),
            _times(one.dscr_min), "exact" if one.exact else "fast",
        )
        for one in sorted(risk.stresses, key=lambda one: one.npv)
    )  # fmt: skip
    return Table(
        columns=heads, numeric=(False, False, True, True, True, True, False), rows=rows
    )


def options_table(risk: Risk, currency: str) -> Table:
    """Return what each freedom of the owners is worth."""
    heads = ("Freedom", "What owners do", f"Worth on average, {currency} m", "Used in")
    rows = [
        (one.name, one.text, millions(one.value), percent(one.used)) for one in risk.options
    ]
    return _table(heads, rows, texts=2)


def region_table(rows: tuple[RegionRow, ...], currency: str) -> Table:
    """Return value added by country and phase; paid once and yearly stand apart."""
    once = list(dict.fromkeys(name for row in rows for name in row.one_off))
    yearly = list(dict.fromkeys(name for row in rows for name in row.yearly))
    heads = (
        "Country", "Phase", *(f"{name}, once" for name in once), "imported, once",
        *(f"{name}, a year" for name in yearly), "leaves, a year",
    )  # fmt: skip
    cells = [
        (
            row.country, phase_name(row.phase),
            *(millions(row.one_off.get(name, 0.0)) for name in once), millions(row.imported),
            *(millions(row.yearly.get(name, 0.0)) for name in yearly), millions(row.leaving),
        )
        for row in rows
    ]  # fmt: skip
    return _table(heads, cells, texts=2)
