# SPDX-License-Identifier: Apache-2.0
"""A valuation for a terminal, in about a screen."""

from collections.abc import Callable, Iterator

from rich.console import RenderableType
from rich.text import Text

from loadstone.apps.charts.words import listed, money, number, percent
from loadstone.apps.reports.grids import block, grid_of, item
from loadstone.apps.reports.tables import Table
from loadstone.apps.reports.value.hedging import hedge_words
from loadstone.apps.reports.value.rows import (
    parties_table,
    returns_table,
    spreads_table,
    stresses_table,
)
from loadstone.apps.reports.value.sentences import (
    contracted_words,
    debt_words,
    error_words,
    futures_words,
    value_headline,
)
from loadstone.model.finance.returns import DealResult, UnitCosts
from loadstone.model.futures.risk import Risk
from loadstone.model.valuation import Valuation

_NOTES, _DRIVERS = 4, 4
_PROSE, _QUARTERS = "What goes wrong", {"25%", "75%"}
_SHOWN = ("Party", "", "Pays in, m", "Receives, m", "Multiple", "IRR")


def value_text(valuation: Valuation) -> Iterator[RenderableType]:
    """Yield what a plan is worth as lines and tables, ready for a console."""
    currency = valuation.currency
    yield Text(f"{valuation.network}: value", style="bold")
    yield Text(value_headline(valuation))
    yield Text()
    yield grid_of(returns_table(valuation), "Returns of the base case, nominal, after tax")
    lines = [item(text) for text in _costs(valuation.costs, currency)]
    yield from block("What a unit costs", lines)
    debts = [item(debt_words(debt, currency)) for debt in valuation.debts]
    debts += [item(text) for debt in valuation.debts for text in debt.breaches]
    yield from block("Debt", [item(contracted_words(valuation)), *debts] if debts else [])
    yield from block("Hedges", [item(text) for text in hedge_words(valuation)])
    for deal in valuation.deals:
        yield Text()
        yield grid_of(_short(deal), f"Who gets what: {deal.id}, {deal.scope}, {deal.style}")
    if valuation.risk is not None:
        yield from _futures(valuation.risk, currency)
    yield from block("What the numbers leave out", [item(n) for n in valuation.notes], _NOTES)


def _costs(costs: UnitCosts, currency: str) -> list[str]:
    """Return unit costs in a few sentences."""
    said = []
    if costs.btc_cash is not None and costs.btc_all_in is not None:
        said.append(
            f"One bitcoin costs {currency} {number(costs.btc_cash)} in cash to mine and "
            f"{number(costs.btc_all_in)} all in."
        )
    sold = [f"{model} {cost:.2f}" for model, cost in costs.gpu_hour.items()]
    if sold:
        said.append(f"A GPU-hour costs, {currency}: {listed(sold)}.")
    leased = [f"{lease} {cost:.2f}" for lease, cost in costs.kw_month.items()]
    if leased:
        said.append(f"A leased kW-month costs, {currency}: {listed(leased)}.")
    even = []
    if costs.break_even_power is not None:
        even.append(f"power at {number(costs.break_even_power, 1)} {currency}/MWh")
    if costs.break_even_hashprice is not None:
        even.append(f"hashprice at {number(costs.break_even_hashprice, 1)} USD/PH/day")
    if even:
        said.append(f"Owners just earn their rate with {' or '.join(even)}.")
    return said


def _short(deal: DealResult) -> Table:
    """Return what parties of a deal pay, receive and earn, without tiers."""
    return _without(parties_table(deal), lambda name: name in _SHOWN)


def _without(whole: Table, kept: Callable[[str], bool]) -> Table:
    """Return a table with some of its columns."""
    at = [i for i, name in enumerate(whole.columns) if kept(name)]
    return Table(
        columns=tuple(whole.columns[i] for i in at),
        numeric=tuple(whole.numeric[i] for i in at),
        rows=tuple(tuple(row[i] for i in at) for row in whole.rows),
    )


def _futures(risk: Risk, currency: str) -> Iterator[RenderableType]:
    """Yield what futures do to the plan: spreads, stresses, freedom, and the error of it."""
    yield Text()
    yield Text(f"Over {number(risk.futures)} futures, seed {risk.seed}", style="bold")
    yield Text(futures_words(risk, currency))
    yield Text()
    spread = _without(spreads_table(risk, currency), lambda name: name not in _QUARTERS)
    yield grid_of(spread, "Spread over futures")
    if risk.stresses:
        short = _without(stresses_table(risk, currency), lambda name: name != _PROSE)
        yield Text()
        yield grid_of(short, "Where one thing goes wrong")
    drivers = [f"{one.text} {percent(one.share)}" for one in risk.drivers[:_DRIVERS]]
    options = [
        f"{one.text.rstrip('.')}: worth {money(one.value, currency)}, "
        f"used in {percent(one.used)} of futures."
        for one in risk.options
        if one.used
    ]
    lines = [f"Of the spread, {listed(drivers)} explain most." if drivers else "", *options]
    yield from block("What moves it, and what owners may still decide", _items(lines))
    if risk.error is not None:
        yield Text()
        yield Text(error_words(risk.error), style="dim")


def _items(lines: list[str]) -> list[Text]:
    return [item(line) for line in lines if line]
