# SPDX-License-Identifier: Apache-2.0
"""Flows of each scope by month, and returns as formulas over them."""

from dataclasses import dataclass

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.reports.sheet import Book, Cell, Formula
from loadstone.apps.reports.value.book.months import OWNERS, PROJECT, Months, yearly
from loadstone.apps.reports.value.book.places import (
    FLOWS,
    LEAST,
    MOST,
    RATES,
    Floats,
    Lines,
    Strip,
    calendar,
    check,
)
from loadstone.apps.reports.value.book.scopes import Scopes
from loadstone.engines.finance.returns import factors, irr, npv, payback, xirr
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import Returns
from loadstone.model.valuation import Valuation

RETURNS = "Returns"
_TINY = "1E-12"  # of all that moves: rounding, as the engine takes it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Where the money of one scope stands.

    Attributes:
        amounts: By month. Shape (M,).
        months, years: Its rows by month and by calendar year.
        standing, worth: Rows of its running sum, plain and discounted.
    """

    amounts: Floats
    months: Strip
    years: Strip
    standing: Strip
    worth: Strip


def write_flows(
    book: Book, valuation: Valuation, months: Months, scopes: Scopes
) -> dict[tuple[str, str], Flow]:
    """Add the sheet of flows: the portfolio's are formulas, those of its parts are values."""
    table = valuation.cash
    lines = Lines(book, FLOWS, ("Scope", "Flow", "Row", "Rate"), (22, 10, 22, 9))
    _, years, index = calendar(lines, table)
    first_year = lines.words + table.months + 1
    for i, year in enumerate(table.years):
        book.put(lines.sheet, 0, first_year + i, float(year), "head")
    lines.sheet.set_column(first_year, first_year + len(table.years) - 1, 16)
    found = {}
    for one in valuation.returns:
        amounts = scopes.flow(one.scope, one.flow)
        found[one.scope, one.flow] = _flow(lines, one, amounts, (years, index, months), table)
    return found


def _flow(
    lines: Lines,
    one: Returns,
    amounts: Floats,
    heads: tuple[Strip, Strip, Months],
    table: CashTable,
) -> Flow:
    years, index, months = heads
    first_year = lines.words + table.months + 1
    lines.next(2)
    cells: list[Cell] = [float(amount) for amount in amounts]
    if one.scope == "portfolio":
        source = months.totals[PROJECT if one.flow == "project" else OWNERS]
        cells = [
            Formula(text=f"={source.cell(m)}", value=float(amounts[m]))
            for m in range(table.months)
        ]
    rate: Cell = one.rate
    if one.scope == "portfolio" and one.flow in RATES:
        rate = Formula(text=f"={RATES[one.flow]}", value=one.rate)
    money = lines.put((one.scope, one.flow, "cash"), cells)
    lines.book.put(lines.sheet, lines.row, 3, rate, "percent")
    at = f"$D${lines.row + 1}"
    sums = table.by_year(amounts)
    by_year = Strip(sheet=FLOWS, row=lines.row, first=first_year, count=len(table.years))
    for i in range(len(table.years)):
        head = f"{xl_col_to_name(first_year + i)}$1"
        cell = Formula(text=yearly(money, years, head), value=float(sums[i]))
        lines.book.put(lines.sheet, lines.row, first_year + i, cell, "money")
    lines.next()
    running = np.cumsum(amounts)
    here = lines.strip(table.months)
    standing = lines.put(
        (None, None, "running sum"),
        [
            Formula(
                text=f"={money.here(m)}" + (f"+{here.here(m - 1)}" if m else ""),
                value=float(running[m]),
            )
            for m in range(table.months)
        ],
    )
    lines.next()
    discounted = np.cumsum(amounts * factors(one.rate, table.months))
    here = lines.strip(table.months)
    worth = lines.put(
        (None, None, "running sum, discounted"),
        [
            Formula(
                text=f"={money.here(m)}/(1+{at})^({index.here(m)}/12)"
                + (f"+{here.here(m - 1)}" if m else ""),
                value=float(discounted[m]),
            )
            for m in range(table.months)
        ],
    )
    return Flow(amounts=amounts, months=money, years=by_year, standing=standing, worth=worth)


def payback_formula(standing: Strip, months: Strip) -> str:
    """Return the formula of years until a running sum stays above 0.

    Args:
        standing: The running sum by month.
        months: The flows; a flow counts as spread over its month.
    """
    count = standing.count
    slack = f"{_TINY}*SUMPRODUCT(ABS({months.text}))"
    last = f"SUMPRODUCT(MAX(({standing.text}<-{slack})*({_counting(standing)})))"
    rest = f"(INDEX({standing.text},1,{last}+1)-INDEX({standing.text},1,{last}))"
    return (
        f'=IF({last}=0,0,IF({last}={count},"never",'
        f"({last}-INDEX({standing.text},1,{last})/{rest})/12))"
    )


def _counting(strip: Strip) -> str:
    first = xl_col_to_name(strip.first)
    return f"COLUMN({strip.text})-COLUMN('{strip.sheet}'!${first}$1)+1"


def _rates(
    rates: tuple[float, ...], values: Strip, amounts: Floats, days: Strip | None
) -> list[Cell]:
    """Return a formula for each rate that a spreadsheet finds, the rate itself for others.

    The formula starts where money first moves.
    """
    moving = np.flatnonzero(amounts)
    if not len(moving):
        return []
    span = values.part(int(moving[0]), values.count - 1)
    cells: list[Cell] = []
    for rate in rates:
        guess = f"{rate:.3g}"
        if not LEAST < rate < MOST or len(rates) > 1 or (days is not None and rate < 0):
            cells.append(rate)  # which rate a spreadsheet finds then is not sure
        elif days is None:
            cells.append(Formula(text=f"=IRR({span},{guess})", value=rate))
        else:
            dates = days.part(int(moving[0]), days.count - 1)
            cells.append(Formula(text=f"=XIRR({span},{dates},{guess})", value=rate))
    return cells


def write_returns(
    book: Book, valuation: Valuation, flows: dict[tuple[str, str], Flow], days: Strip
) -> None:
    """Add the sheet of returns: each number is a formula, checked against the engine's."""
    currency, table = valuation.currency, valuation.cash
    heads = (
        "Scope", "Flow", "Rate", f"Value, {currency}", "IRR", "XIRR", "Payback, years",
        "Discounted payback, years", f"Most out at once, {currency}", f"Put in, {currency}",
        f"Got back, {currency}", f"Value as the engine states it, {currency}", "Same?",
        "Worth at the IRR over what is put in", "Worth at the XIRR over what is put in",
        "Further or no rates",
    )  # fmt: skip
    lines = Lines(book, RETURNS, heads, (22, 10, 9, *[18] * 8, 20, 9, 14, 14, 50))
    for one in valuation.returns:
        _return(lines, one, flows[one.scope, one.flow], days, table)
    lines.sheet.freeze_panes(1, 2)
    _bridge(lines, valuation)


def _return(lines: Lines, one: Returns, flow: Flow, days: Strip, table: CashTable) -> None:
    book, sheet, row = lines.book, lines.sheet, lines.next()
    last = table.months - 1
    value = npv(flow.amounts, one.rate, 12)
    sums, dates = table.by_year(flow.amounts), [table.month(m) for m in range(table.months)]
    yearly_rates = _rates(irr(sums).rates, flow.years, sums, None)
    dated_rates = _rates(xirr(dates, flow.amounts).rates, flow.months, flow.amounts, days)
    least = float(np.cumsum(flow.amounts).min())
    rate = Formula(text=f"='{FLOWS}'!$D${flow.months.row + 1}", value=one.rate)
    most = Formula(text=f"=-MIN(0,MIN({flow.standing.text}))", value=max(0.0, -least))
    money = flow.months.text
    put_in, back = flow.amounts[flow.amounts < 0], flow.amounts[flow.amounts > 0]
    cells: list[tuple[Cell, str]] = [
        (one.scope, "text"), (one.flow, "text"), (rate, "percent"),
        (Formula(text=f"={flow.worth.cell(last)}", value=value), "cents"),
        (yearly_rates[0] if yearly_rates else "none", "percent"),
        (dated_rates[0] if dated_rates else "none", "percent"),
        (_years(flow.standing, flow.months, payback(flow.amounts)), "amount"),
        (_years(flow.worth, flow.months, payback(flow.amounts, one.rate)), "amount"),
        (most, "money"),
        (Formula(text=f'=-SUMIF({money},"<0")', value=-float(put_in.sum())), "money"),
        (Formula(text=f'=SUMIF({money},">0")', value=float(back.sum())), "money"),
        (one.npv, "cents"),
        (check(f"D{row + 1}", f"L{row + 1}", holds=abs(value - one.npv) <= 1), "text"),
        (_worth(f"E{row + 1}", f"J{row + 1}", flow, None), "small"),
        (_worth(f"F{row + 1}", f"J{row + 1}", flow, days), "small"),
        (one.irr_reason or _further(one), "text"),
    ]  # fmt: skip
    for j, (cell, kind) in enumerate(cells):
        book.put(sheet, row, j, cell, kind)
    for j, cell in enumerate((*yearly_rates[1:], *dated_rates[1:]), start=len(cells)):
        book.put(sheet, row, j, cell, "percent")


def _worth(rate: str, put_in: str, flow: Flow, days: Strip | None) -> Formula:
    """Return the present value at a rate of return over what is put in, which must be 0."""
    if days is None:
        heads = f"'{FLOWS}'!{xl_col_to_name(flow.years.first)}$1"
        last = f"{xl_col_to_name(flow.years.first + flow.years.count - 1)}$1"
        money, power = flow.years.text, f"-({heads}:{last}-{heads})"
    else:
        money, power = flow.months.text, f"-({days.text}-{days.cell(0)})/365"
    worth = f"SUMPRODUCT({money},(1+{rate})^({power}))/{put_in}"
    text = f'=IF(OR({rate}="none",{put_in}=0),0,{worth})'
    return Formula(text=text, value=0.0)


def _years(standing: Strip, months: Strip, years: float | None) -> Formula:
    return Formula(
        text=payback_formula(standing, months), value="never" if years is None else years
    )


def _further(one: Returns) -> str:
    return "" if len(one.irr) < 2 else "further rates stand to the right"


def _bridge(lines: Lines, valuation: Valuation) -> None:
    """Write the bridge below, with the check that its steps sum to its end."""
    steps = valuation.bridge
    if not steps:
        return
    book, sheet = lines.book, lines.sheet
    lines.title("From the plan's value to the value of nominal cash", skip=3)
    first = lines.row + 1
    for step in steps:
        row = lines.next()
        book.put(sheet, row, 0, step.name, "text")
        book.put(sheet, row, 3, step.amount, "cents")
        book.put(sheet, row, 4, step.text, "text")
    row = lines.next()
    total = sum(step.amount for step in steps[:-1])
    book.put(sheet, row, 0, "Sum of the steps", "text")
    cells = f"D{first + 1}:D{first + len(steps) - 1}"
    book.put(sheet, row, 3, Formula(text=f"=SUM({cells})", value=total), "cents")
    holds = abs(total - steps[-1].amount) <= 1
    book.put(sheet, row, 4, check(f"D{row + 1}", f"D{first + len(steps)}", holds=holds), "text")
