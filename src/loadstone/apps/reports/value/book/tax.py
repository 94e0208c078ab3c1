# SPDX-License-Identifier: Apache-2.0
"""Tax by year: profit of each pool, losses carried forward and tax, as formulas."""

from math import floor

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.reports.sheet import Book, Formula
from loadstone.apps.reports.value.book.inputs import inflation_name, pool_name
from loadstone.apps.reports.value.book.months import Months
from loadstone.apps.reports.value.book.places import MONTHS, Floats, Lines, Strip, check
from loadstone.apps.reports.value.book.pools import Pool, Pools
from loadstone.engines.finance.local_money import Abroad
from loadstone.engines.finance.losses import tax_by_year
from loadstone.model.finance.cash import CashTable

TAX = "Tax"


def write_tax(
    book: Book, table: CashTable, pools: Pools, months: Months, interest: dict[str, Floats]
) -> None:
    """Add the sheet of tax.

    Args:
        book: The workbook.
        table: All cash.
        pools: What is taxed together.
        months: Rows of the sheet by month.
        interest: Deducted by country and month, positive, reporting currency. Shapes (M,).
    """
    if not pools.all:
        return
    lines = Lines(book, TAX, ("Pool", "In the country's own money"), (12, 52))
    lines.widen(max(table.months, len(table.years)), 15)
    heads = lines.put((), [float(year) for year in table.years], "year")
    lines.sheet.freeze_panes(1, 2)
    for code, abroad in pools.abroad.items():
        own = [pool for pool in pools.all if pool.country == code]
        if own:
            _country(lines, own, pools, (abroad, months, heads), interest.get(code))


def _local(lines: Lines, abroad: Abroad, months: Months) -> Strip:
    """Write the country's money for one unit of the reporting currency, by month."""
    here, there = (
        inflation_name(currency)
        for currency in (abroad.country.currency, abroad.table.currency)
    )
    lines.next(2)
    cells = [
        Formula(text=f"=((1+{here})/(1+{there}))^({months.index.cell(m)}/12)", value=float(per))
        for m, per in enumerate(abroad.per)
    ]
    words = f"{abroad.country.currency} for one {abroad.table.currency}, by month, 1 at first"
    return lines.put((abroad.country.code, words), cells, "cents")


def _country(
    lines: Lines,
    own: list[Pool],
    pools: Pools,
    places: tuple[Abroad, Months, Strip],
    interest: Floats | None,
) -> None:
    abroad, months, _ = places
    table = abroad.table
    per = _local(lines, abroad, months)
    paid = np.zeros(table.months) if interest is None else interest
    lines.next()
    given = lines.put(
        (own[0].country, f"Interest deducted, {table.currency}, by month"),
        [float(one) for one in paid],
    )
    taxes = []
    for pool in own:
        deducted = abroad.by_year(paid) if pool.interest else np.zeros(len(table.years))
        profit = pools.profit(pool, deducted)
        taxes.append((pool, *_pool(lines, pool, profit, places, (per, given))))
    _paid(lines, taxes, (abroad, months, per))


def _pool(
    lines: Lines,
    pool: Pool,
    profit: Floats,
    places: tuple[Abroad, Months, Strip],
    by_month: tuple[Strip, Strip],
) -> tuple[Strip, Floats]:
    """Write a pool's profit, its losses and its tax by year; return the row of the tax."""
    abroad, months, heads = places
    per, given = by_month
    count = len(abroad.table.years)
    first, last = (xl_col_to_name(months.days.first + i) for i in (0, abroad.table.months - 1))
    block = f"'{MONTHS}'!${first}${months.rows[0] + 1}:${last}${months.rows[1] + 1}"
    cells = []
    for i in range(count):
        head = f"{xl_col_to_name(heads.first + i)}$1"
        now = f"({months.years.text}={head})*{per.text}"
        text = (
            f'=SUMPRODUCT(({months.groups(7)}="{pool.name}")*{months.groups(8)}*{now}*{block})'
        )
        if pool.interest:
            text += f"-{pool_name('deductible', pool)}*SUMPRODUCT({now}*{given.text})"
        cells.append(Formula(text=text, value=float(profit[i])))
    lines.next()
    earned = lines.put((pool.name, "Profit before losses of earlier years"), cells)
    made = np.cumsum(np.maximum(-profit, 0.0))
    used, gone = _losses(profit, pool)
    lines.next()
    here = lines.strip(count)
    losses = lines.put(
        (None, "Losses made so far"),
        [
            Formula(
                text=f"=MAX(-{earned.here(i)},0)" + (f"+{here.here(i - 1)}" if i else ""),
                value=float(made[i]),
            )
            for i in range(count)
        ],
    )
    row = lines.next()
    after = pool_name("loss_years", pool)
    lost_cells, used_cells = [], []
    lost = lines.strip(count)
    spent = lines.strip(count, row + 1)
    for i in range(count):
        text = "=0"
        if i:
            end = f"${xl_col_to_name(losses.first)}${losses.row + 1}"
            span = f"{end}:{losses.here(i)}"
            old = f"IF({i + 1}-INT({after})-1<1,0,INDEX({span},1,{i + 1}-INT({after})-1))"
            text = f"=MAX({lost.here(i - 1)}+{spent.here(i - 1)},{old})"
        lost_cells.append(Formula(text=text, value=float(gone[i])))
        income = f"MAX({earned.here(i)},0)"
        room = f"{pool_name('loss_limit', pool)}*{income}"
        left = f"{losses.here(i - 1)}-{lost.here(i)}" if i else "0"
        used_cells.append(Formula(text=f"=MIN({left},{room})", value=float(used[i])))
    lines.put((None, "Of these used or lost before this year"), lost_cells)
    lines.next()
    lines.put((None, "Losses used"), used_cells)
    tax, rate = tax_by_year(profit[None, :], pool.rules)[0], pool_name("tax_rate", pool)
    lines.next()
    strip = lines.put(
        (None, "Tax"),
        [
            Formula(
                text=f"={rate}*(MAX({earned.here(i)},0)-{spent.here(i)})",
                value=float(tax[i]),
            )
            for i in range(count)
        ],
    )
    return strip, tax


def _losses(profit: Floats, pool: Pool) -> tuple[Floats, Floats]:
    """Return losses used in each year, and those used or lost before it. Shapes (Y,)."""
    made = np.cumsum(np.maximum(-profit, 0.0))
    years = floor(min(pool.rules.loss_years, len(profit)))
    used, gone = np.zeros(len(profit)), np.zeros(len(profit))
    for y in range(1, len(profit)):
        old = made[y - years - 1] if y - years - 1 >= 0 else 0.0
        gone[y] = max(gone[y - 1] + used[y - 1], old)
        room = pool.rules.loss_limit * max(float(profit[y]), 0.0)
        used[y] = min(made[y - 1] - gone[y], room)
    return used, gone


def _paid(
    lines: Lines,
    taxes: list[tuple[Pool, Strip, Floats]],
    places: tuple[Abroad, Months, Strip],
) -> None:
    """Write the tax in the reporting currency as it is paid, beside that of the cash rows."""
    abroad, months, per = places
    table = abroad.table
    code = abroad.country.code
    whole, parts = 0.0, []
    for pool, strip, tax in taxes:
        for y in range(strip.count):
            month = abroad.month_of(y, pool.lag)
            parts.append(f"{strip.here(y)}/{per.here(month)}")
            whole += float(tax[y] / abroad.per[month])
    engine = -float(table.total("tax", country=code).sum())
    row = lines.next()
    lines.put((code, f"Tax in all, {table.currency}: from above, as in cash, the same?"), ())
    put = lines.book.put
    put(lines.sheet, row, 2, Formula(text="=" + "+".join(parts), value=whole), "cents")
    keys = f'{months.groups(0)},"tax",{months.groups(2)},"{code}"'
    text = f"=-SUMIFS({months.groups(6)},{keys})"
    put(lines.sheet, row, 3, Formula(text=text, value=engine), "cents")
    holds = abs(whole - engine) <= 1
    put(lines.sheet, row, 4, check(f"C{row + 1}", f"D{row + 1}", holds=holds), "text")
