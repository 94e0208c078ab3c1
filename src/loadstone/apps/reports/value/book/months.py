# SPDX-License-Identifier: Apache-2.0
"""Portfolio by month and by year: each line of cash, with totals as formulas."""

from dataclasses import dataclass

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.reports.sheet import Book, Formula, Kind
from loadstone.apps.reports.value.book.places import (
    MONTHS,
    YEARS,
    Floats,
    Lines,
    Strip,
    calendar,
    check,
    column,
)
from loadstone.apps.reports.value.book.pools import Pools
from loadstone.apps.reports.value.book.scopes import TAX_GROUPS
from loadstone.model.finance.cash import FINANCING, GROUPS, OPERATING, CashTable

HEADS = (
    "Group", "Line", "Country", "Currency", "Contract", "Unit", "Sum", "Taxed in", "Share",
)  # fmt: skip
WIDTHS = (16, 30, 9, 9, 10, 10, 16, 9, 8)
OWED, MARKET = "contract", "market"
OPERATING_CASH, PROJECT, OWNERS = "Operating cash", "Project cash", "Owners' cash"
_BARE = "without loans: "
_SUMS = (
    (OPERATING_CASH, OPERATING),
    ("Cash before loans, as taxed", tuple(g for g in GROUPS if g not in (*FINANCING, "memo"))),
    (OWNERS, tuple(g for g in GROUPS if g != "memo")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """Where the sheet by month has its rows.

    Attributes:
        days, years, index: Days, calendar years, months since the start.
        rows: First and last row of the lines of cash.
        totals: Totals by group and the sums over groups, by name.
        lines: Rows of lines by group, line, country, whether contracted, and unit.
    """

    days: Strip
    years: Strip
    index: Strip
    rows: tuple[int, int]
    totals: dict[str, Strip]
    lines: dict[tuple[str, str, str, bool, str], Strip]

    def groups(self, index: int) -> str:
        """Return one of the columns of words beside the lines."""
        return column(MONTHS, index, self.rows)


Key = tuple[str, str, str, str, bool, str, str, float]


def gathered(table: CashTable, pools: Pools) -> dict[Key, Floats]:
    """Return rows summed over sites, in the order of groups.

    Args:
        table: All cash.
        pools: In which pool each row is taxed, and how much of it.
    """
    found: dict[Key, Floats] = {}
    for row in sorted(table.rows, key=lambda row: GROUPS.index(row.group)):
        words = (row.group, row.line, row.country, row.currency, row.contracted, row.unit)
        key = (*words, *pools.of(row))
        found[key] = found.get(key, 0.0) + row.amounts
    return found


def write_months(book: Book, table: CashTable, pools: Pools, bare: CashTable) -> Months:
    """Add the sheet by month and return where its rows are.

    Args:
        book: The workbook.
        table: All cash.
        pools: In which pool each row is taxed.
        bare: Cash as it would be without loans, which changes its tax.
    """
    lines = Lines(book, MONTHS, HEADS, WIDTHS)
    days, years, index = calendar(lines, table)
    first = lines.row + 1
    places = {}
    for key, amounts in gathered(table, pools).items():
        group, line, country, currency, owed, unit, pool, share = key
        row = lines.next()
        words = (group, line, country, currency, OWED if owed else MARKET, unit or currency)
        kind = "cents" if group == "memo" else "money"
        strip = lines.put((*words, None, pool or None), [float(a) for a in amounts], kind)
        _sum(lines, row, amounts, kind)
        book.put(lines.sheet, row, 8, share, "amount")
        places[group, line, country, owed, unit] = strip
    rows = (first, lines.row)
    totals = _totals(lines, table, rows)
    _running(lines, totals, np.cumsum(table.total()))
    _project(lines, totals, bare)
    return Months(days=days, years=years, index=index, rows=rows, totals=totals, lines=places)


def _sum(lines: Lines, row: int, amounts: Floats, kind: Kind = "money") -> None:
    ends = [xl_col_to_name(lines.words + i) for i in (0, len(amounts) - 1)]
    text = f"=SUM({ends[0]}{row + 1}:{ends[1]}{row + 1})"
    cell = Formula(text=text, value=float(amounts.sum()))
    lines.book.put(lines.sheet, row, 6, cell, kind)


def _totals(lines: Lines, table: CashTable, rows: tuple[int, int]) -> dict[str, Strip]:
    """Write totals by group and sums over groups; return their rows by name."""
    lines.title("Totals")
    totals: dict[str, Strip] = {}
    keys = f"$A${rows[0] + 1}:$A${rows[1] + 1}"
    for group in (g for g in GROUPS if g != "memo" and any(table.select(g))):
        row = lines.next()
        amounts = table.total(group)
        cells = []
        for m in range(table.months):
            letter = xl_col_to_name(lines.words + m)
            span = f"{letter}${rows[0] + 1}:{letter}${rows[1] + 1}"
            text = f"=SUMIFS({span},{keys},$B{row + 1})"
            cells.append(Formula(text=text, value=float(amounts[m])))
        totals[group] = lines.put(("total", group), cells)
        _sum(lines, row, amounts)
    for name, groups in _SUMS:
        row = lines.next()
        inside = [totals[group] for group in groups if group in totals]
        amounts = table.total(*groups)
        cells = [
            Formula(
                text="=" + ("+".join(strip.here(m) for strip in inside) or "0"),
                value=float(amounts[m]),
            )
            for m in range(table.months)
        ]
        totals[name] = lines.put(("sum", name), cells)
        _sum(lines, row, amounts)
    return totals


def _project(lines: Lines, totals: dict[str, Strip], bare: CashTable) -> None:
    """Write what tax and borders would take without loans, and the project's cash."""
    lines.title("Without loans: what tax and borders would take then, and the project's cash")
    kept = [
        strip
        for name, strip in totals.items()
        if name in GROUPS and name not in (*FINANCING, *TAX_GROUPS)
    ]
    for group in TAX_GROUPS:
        amounts = bare.total(group)
        if np.abs(amounts).max(initial=0.0):
            row = lines.next()
            totals[_BARE + group] = lines.put((_BARE + group,), [float(a) for a in amounts])
            _sum(lines, row, amounts)
            kept.append(totals[_BARE + group])
    row = lines.next()
    amounts = bare.total(*(g for g in GROUPS if g not in (*FINANCING, "memo")))
    cells = [
        Formula(
            text="=" + ("+".join(strip.here(m) for strip in kept) or "0"),
            value=float(amounts[m]),
        )
        for m in range(bare.months)
    ]
    totals[PROJECT] = lines.put(("sum", PROJECT), cells)
    _sum(lines, row, amounts)


def _running(lines: Lines, totals: dict[str, Strip], standing: Floats) -> None:
    lines.next()
    owners = totals[OWNERS]
    here = lines.strip(owners.count)
    cells = [
        Formula(
            text=f"={owners.here(m)}" + (f"+{here.here(m - 1)}" if m else ""),
            value=float(standing[m]),
        )
        for m in range(owners.count)
    ]
    totals["Cumulative"] = lines.put(("sum", "Owners' cash, cumulative"), cells)


def yearly(strip: Strip, years: Strip, head: str) -> str:
    """Return the formula of a year's sum of a row by month.

    Args:
        strip: The row by month.
        years: The row of calendar years.
        head: Cell that names the year.
    """
    return f"=SUMIFS({strip.text},{years.text},{head})"


def write_years(
    book: Book, table: CashTable, months: Months, bare: CashTable
) -> dict[str, Strip]:
    """Add the sheet by year, which sums the sheet by month; return its rows by name.

    Args:
        book: The workbook.
        table: All cash.
        months: Where the sheet by month has its rows.
        bare: Cash as it would be without loans.
    """
    lines = Lines(book, YEARS, ("", f"{table.currency}"), (26, 18))
    years = table.years
    lines.widen(len(years), 16)
    heads = lines.put((), [float(year) for year in years], "year")
    places = {}
    for name, strip in months.totals.items():
        if name == "Cumulative":
            continue
        row = lines.next()
        amounts = table.by_year(_amounts(table, bare, name))
        cells = [
            Formula(
                text=yearly(strip, months.years, _anchored(heads, i)), value=float(amounts[i])
            )
            for i in range(len(years))
        ]
        places[name] = lines.put((name, None), cells)
        whole = Formula(text=f"=SUM({places[name].text})", value=float(amounts.sum()))
        book.put(lines.sheet, row, 1, whole, "money")
    _contracted(lines, table, months, heads)
    lines.next(2)
    owners = months.totals[OWNERS]
    lines.put(("Years sum to months",), ())
    total = f"SUM({owners.text})"
    years_sum = places[OWNERS].text
    last = f"SUM({years_sum})"
    book.put(lines.sheet, lines.row, 1, check(last, total, holds=True), "text")
    lines.sheet.freeze_panes(1, 2)
    return places


def _anchored(heads: Strip, index: int) -> str:
    return f"{xl_col_to_name(heads.first + index)}${heads.row + 1}"


def _amounts(table: CashTable, bare: CashTable, name: str) -> Floats:
    if name.startswith(_BARE):
        return bare.total(name.removeprefix(_BARE))
    if name == PROJECT:
        return bare.total(*(g for g in GROUPS if g not in (*FINANCING, "memo")))
    return table.total(*dict(_SUMS).get(name, (name,)))


def _contracted(lines: Lines, table: CashTable, months: Months, heads: Strip) -> None:
    """Write revenue that contracts promise and its share, year by year."""
    owed = table.by_year(table.total("revenue", contracted=True))
    whole = table.by_year(table.total("revenue"))
    if not any(table.select("revenue")):
        return
    first, last = (xl_col_to_name(months.days.first + i) for i in (0, table.months - 1))
    block = f"'{MONTHS}'!${first}${months.rows[0] + 1}:${last}${months.rows[1] + 1}"
    lines.next(2)
    row = lines.put(
        ("Contracted revenue",),
        [
            Formula(
                text=f'=SUMPRODUCT(({months.groups(0)}="revenue")*'
                f'({months.groups(4)}="{OWED}")*({months.years.text}='
                f"{_anchored(heads, i)})*{block})",
                value=float(owed[i]),
            )
            for i in range(len(table.years))
        ],
    )
    revenue = next(i for i, name in enumerate(months.totals) if name == "revenue") + 1
    above = lines.strip(len(table.years), revenue)
    lines.next()
    lines.put(
        ("Share of revenue",),
        [
            Formula(
                text=f"=IF({above.here(i)}=0,0,{row.here(i)}/{above.here(i)})",
                value=float(owed[i] / whole[i]) if whole[i] else 0.0,
            )
            for i in range(len(table.years))
        ],
        "percent",
    )
