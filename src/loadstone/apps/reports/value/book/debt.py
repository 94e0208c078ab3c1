# SPDX-License-Identifier: Apache-2.0
"""Debt: what was solved as values, and rows that count it again."""

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.reports.sheet import Book, Cell, Formula
from loadstone.apps.reports.value.book.inputs import inflation_name, loan_name
from loadstone.apps.reports.value.book.months import yearly
from loadstone.apps.reports.value.book.places import Floats, Lines, Strip, calendar
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import DebtResult
from loadstone.model.finance.terms import CashTerms
from loadstone.model.network import Network
from loadstone.model.valuation import Valuation

DEBT = "Debt"
_SLACK, _NEAR = "1", "0.001"  # currency; cover
_SCALARS = (
    ("Amount", "amount", "money"), ("Cost that it finances", "cost", "money"),
    ("Allowed by gearing", "by_gearing", "money"), ("Allowed by cover", "by_dscr", "money"),
    ("Allowed by value", "by_ltv", "money"), ("Held by", "binding", "text"),
    ("Cover over the loan's life", "llcr", "cents"),
    ("Months that contracts outlast it", "lease_tail_months", "whole"),
)  # fmt: skip


def write_debt(book: Book, valuation: Valuation, network: Network) -> None:
    """Add the sheet, a block for each loan.

    Args:
        book: The workbook.
        valuation: The valuation; it has debts.
        network: Its network, for the terms of the loans.
    """
    table = valuation.cash
    lines = Lines(book, DEBT, ("Loan", "Row", "Value"), (18, 40, 16))
    _, years, index = calendar(lines, table)
    first_year = lines.words + table.months + 1
    for i, year in enumerate(table.years):
        book.put(lines.sheet, 0, first_year + i, float(year), "head")
    lines.sheet.set_column(first_year, first_year + len(table.years) - 1, 14)
    currencies = {debt.id: debt.currency for debt in network.deals.debts}
    for debt in valuation.debts:
        currency = currencies.get(debt.id, table.currency)
        per = _per(table, currency, network.deals.cash)
        named = loan_name(debt.id) if debt.id in currencies else None
        _Block(lines, debt, table, (years, index), per).write(currency, named)


def _per(table: CashTable, currency: str, terms: CashTerms) -> Floats:
    """Return units of a currency for one of the table's, 1 at first. Shape (M,)."""
    here, there = (
        terms.inflation_of(one, table.currency) for one in (currency, table.currency)
    )
    return np.asarray(((1 + here) / (1 + there)) ** (np.arange(table.months) / 12))


class _Block:
    """One loan."""

    def __init__(
        self,
        lines: Lines,
        debt: DebtResult,
        table: CashTable,
        heads: tuple[Strip, Strip],
        per: Floats,
    ) -> None:
        self.lines, self.debt, self.table, self.per = lines, debt, table, per
        self.years, self.index = heads
        self.first_year = lines.words + table.months + 1

    def write(self, currency: str, rate_name: str | None) -> None:
        """Write the loan.

        Args:
            currency: In which it is owed.
            rate_name: Name of the cell with its rate; None where the terms are not known.
        """
        debt, lines = self.debt, self.lines
        lines.title(debt.id)
        for text, name, kind in _SCALARS:
            value = getattr(debt, name)
            if value is not None:
                lines.next()
                lines.put((debt.id, text), ())
                lines.book.put(lines.sheet, lines.row, 2, value, kind)
        lines.next()
        lines.put((debt.id, "Interest a year"), ())
        rate: Cell = debt.rate
        if rate_name:
            rate = Formula(text=f"={rate_name}", value=debt.rate)
        lines.book.put(lines.sheet, lines.row, 2, rate, "percent")
        self.rate = f"$C${lines.row + 1}"
        draw, principal = (
            self._values("Drawn", debt.draw),
            self._values("Repaid", debt.principal),
        )
        interest = self._values("Interest", debt.interest)
        per = self._units(currency) if currency != self.table.currency else None
        balance, owed = self._balance(draw, principal, per)
        self._interest(draw, balance, per, owed)
        service = self._sum("Interest and principal", interest, principal)
        self._covers(service)

    def _values(self, text: str, amounts: tuple[float, ...]) -> Strip:
        self.lines.next()
        strip = self.lines.put((self.debt.id, text), list(amounts))
        self._by_year(strip, np.array(amounts))
        return strip

    def _by_year(self, strip: Strip, amounts: Floats) -> Strip:
        sums = self.table.by_year(amounts)
        for i in range(len(sums)):
            head = f"{xl_col_to_name(self.first_year + i)}$1"
            cell = Formula(text=yearly(strip, self.years, head), value=float(sums[i]))
            self.lines.book.put(self.lines.sheet, strip.row, self.first_year + i, cell, "money")
        return Strip(
            sheet=DEBT, row=strip.row, first=self.first_year, count=len(self.table.years)
        )

    def _sum(self, text: str, first: Strip, second: Strip) -> Strip:
        total = np.array(self.debt.interest) + np.array(self.debt.principal)
        self.lines.next()
        cells = [
            Formula(text=f"={first.here(m)}+{second.here(m)}", value=float(total[m]))
            for m in range(len(total))
        ]
        strip = self.lines.put((self.debt.id, text), cells)
        return self._by_year(strip, total)

    def _units(self, currency: str) -> Strip:
        here, there = inflation_name(currency), inflation_name(self.table.currency)
        self.lines.next()
        cells = [
            Formula(
                text=f"=((1+{here})/(1+{there}))^({self.index.here(m)}/12)",
                value=float(self.per[m]),
            )
            for m in range(self.table.months)
        ]
        return self.lines.put((self.debt.id, f"{currency} for one, 1 at first"), cells, "cents")

    def _balance(
        self, draw: Strip, principal: Strip, per: Strip | None
    ) -> tuple[Strip, Floats]:
        """Write what is owed at each month's end, counted from what is drawn and repaid."""
        debt, rates = self.debt, self.per
        owed, left = np.zeros(self.table.months), 0.0
        cells = []
        self.lines.next()
        here = self.lines.strip(self.table.months)
        for m in range(self.table.months):
            before = f"{here.here(m - 1)}{_over(per, m)}+" if m else ""
            left = (left * rates[m - 1] / rates[m] if m else 0.0) + debt.draw[m]
            left -= debt.principal[m]
            owed[m] = left
            text = f"={before}{draw.here(m)}-{principal.here(m)}"
            cells.append(Formula(text=text, value=left))
        strip = self.lines.put((debt.id, "Owed at the end"), cells)
        self._checked("Owed at the end, as the engine states it", strip, owed, debt.balance)
        return strip, owed

    def _interest(self, draw: Strip, balance: Strip, per: Strip | None, owed: Floats) -> None:
        """Write interest counted again: a twelfth of the rate on what was owed and is drawn."""
        debt, rates, twelfth = self.debt, self.per, self.debt.rate / 12
        counted = np.zeros(self.table.months)
        cells = []
        self.lines.next()
        for m in range(self.table.months):
            before = owed[m - 1] * rates[m - 1] / rates[m] if m else 0.0
            counted[m] = twelfth * (before + debt.draw[m])
            base = f"{balance.here(m - 1)}{_over(per, m)}+" if m else ""
            text = f"={self.rate}/12*({base}{draw.here(m)})"
            cells.append(Formula(text=text, value=float(counted[m])))
        strip = self.lines.put((debt.id, "Interest, counted again"), cells)
        self._checked("Interest, as the engine states it", strip, counted, debt.interest)

    def _checked(
        self, text: str, strip: Strip, counted: Floats, engine: tuple[float, ...]
    ) -> None:
        """Write the engine's row and whether the row above is the same everywhere."""
        self.lines.next()
        ours = self.lines.put((self.debt.id, text), list(engine))
        worst = f"SUMPRODUCT(ABS({strip.text}-{ours.text}))"
        holds = float(np.abs(counted - np.array(engine)).sum()) <= float(_SLACK)
        cell = Formula(
            text=f'=IF({worst}<={_SLACK},"OK","CHECK")', value="OK" if holds else "CHECK"
        )
        self.lines.book.put(self.lines.sheet, self.lines.row, 2, cell, "text")

    def _covers(self, service: Strip) -> None:
        """Write cash available and cover by calendar year, and its least and mean."""
        debt = self.debt
        due = self.table.by_year(np.array(debt.interest) + np.array(debt.principal))
        for text, row in (("All cash", debt.all_cash), ("Contracted cash", debt.service_cash)):
            if not row:
                continue
            strip = self._values(f"{text} available for service", row)
            by_year = Strip(
                sheet=DEBT, row=strip.row, first=self.first_year, count=len(self.table.years)
            )
            cash = self.table.by_year(np.array(row))
            self.lines.next()
            self.lines.put((debt.id, f"{text} over service, years of repayment"), ())
            found = {}
            for i, year in enumerate(self.table.years):
                if str(year) not in debt.dscr or due[i] <= 0:
                    continue
                found[i] = float(cash[i] / due[i])
                cell = Formula(text=f"={by_year.here(i)}/{service.here(i)}", value=found[i])
                column = self.first_year + i
                self.lines.book.put(self.lines.sheet, self.lines.row, column, cell, "cents")
            if text == "All cash":
                self._same(found)

    def _same(self, found: dict[int, float]) -> None:
        """Write the engine's cover below the counted one, and whether they are the same."""
        counted = self.lines.strip(len(self.table.years))
        above = Strip(
            sheet=DEBT, row=counted.row, first=self.first_year, count=len(self.table.years)
        )
        self.lines.next()
        self.lines.put((self.debt.id, "Cover, as the engine states it"), ())
        terms, apart = [], 0.0
        for i, cover in found.items():
            value = self.debt.dscr[str(self.table.years[i])]
            column = self.first_year + i
            self.lines.book.put(self.lines.sheet, self.lines.row, column, value, "cents")
            terms.append(f"ABS({above.here(i)}-{xl_col_to_name(column)}{self.lines.row + 1})")
            apart = max(apart, abs(cover - value))
        if terms:
            cell = Formula(
                text=f'=IF(MAX({",".join(terms)})<={_NEAR},"OK","CHECK")',
                value="OK" if apart <= float(_NEAR) else "CHECK",
            )
            self.lines.book.put(self.lines.sheet, self.lines.row, 2, cell, "text")


def _over(per: Strip | None, month: int) -> str:
    """Return the factor that turns money of the month before into that of a month."""
    return "" if per is None else f"*{per.here(month - 1)}/{per.here(month)}"
