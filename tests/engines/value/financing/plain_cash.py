# SPDX-License-Identifier: Apache-2.0
"""Cash that is easy to count by hand, and a tax that is."""

from dataclasses import replace
from datetime import date

import numpy as np

from loadstone.model.finance.cash import OPERATING, CashRow, CashTable
from loadstone.model.finance.debt import Debt

FIRST, MONTHS, BUILT = date(2027, 1, 1), 120, 12
INDEX = np.arange(MONTHS)
SITE, COUNTRY = "campus", "NO"

TERM = Debt(
    id="term",
    kind="term",
    currency="USD",
    rate=0.06,
    starts=FIRST,
    draw_years=1.0,
    tenor_years=8.0,
    repayment="sculpted",
    gearing=0.7,
    dscr=1.25,
    source="test",
)
MACHINES = Debt(
    id="machines",
    kind="machine",
    currency="USD",
    rate=0.12,
    starts=FIRST,
    draw_years=5.0,
    tenor_years=2.0,
    ltv=0.5,
    source="test",
)


def row(group, line, amounts, *, site=SITE, country=COUNTRY, **more) -> CashRow:
    """Return a row in dollars; one number is paid in every month after building."""
    if np.ndim(amounts) == 0:
        amounts = np.where(INDEX >= BUILT, float(amounts), 0.0)
    return CashRow(
        group=group,
        line=line,
        amounts=np.asarray(amounts, dtype=float),
        site=site,
        country=country,
        currency="USD",
        **more,
    )


def at(*pairs: tuple[int, float]) -> np.ndarray:
    """Return amounts of single months."""
    found = np.zeros(MONTHS)
    for month, amount in pairs:
        found[month] = amount
    return found


def table(*rows: CashRow) -> CashTable:
    """Return a table of rows."""
    return CashTable(first=FIRST, months=MONTHS, currency="USD", rows=rows)


def hall() -> tuple[CashRow, ...]:
    """Return a leased hall of 1,200 that earns 20 a month and costs 4, beside some mining."""
    return (
        row("capex", "ai_hall_liquid", np.where(INDEX < BUILT, -100.0, 0.0)),
        row("revenue", "lease:tenant", 20.0, contracted=True),
        row("energy", "energy:lease", -2.0, driver="power:NO1"),
        row("direct", "staff", -2.5),
        row("revenue", "mining", 5.0, driver="mining"),
        row("energy", "energy:mining", -3.0, driver="mining"),
    )


def flat_tax(cash: CashTable, *, rate: float = 0.25) -> CashTable:
    """Return cash after a tax on operating cash less interest, by country and month."""
    rows = [
        row(
            "tax",
            "income",
            -rate * cash.total(*OPERATING, "interest", "fees", country=country),
            site="",
            country=country,
        )
        for country in sorted({one.country for one in cash.rows if one.country})
    ]
    return replace(cash, rows=(*cash.rows, *rows))


def no_tax(cash: CashTable) -> CashTable:
    """Return cash as it is."""
    return cash
