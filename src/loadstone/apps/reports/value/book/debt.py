# SPDX-License-Identifier: Apache-2.0
"""Debt: what was solved as values, and rows that count it again."""

from collections.abc import Mapping

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.reports.sheet import Book, Cell, Formula
from loadstone.apps.reports.value.book.inputs import inflation_name, loan_name
from loadstone.apps.reports.value.book.months import yearly
from loadstone.apps.reports.value.book.places import Floats, Lines, Strip, calendar, check
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
                if name == "amount":
                    self.amount = f"$C${lines.row + 1}"
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
        self.units = "" if per is None else f",{per.text}"
        balance, owed = self._balance(draw, principal, per)
        self._interest(draw, balance, per, owed)
        self._sum("Interest and principal", interest, principal)
        self._covers()

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

    def _sum(self, text: str, first: Strip, second: Strip) -> None:
        total = np.array(self.debt.interest) + np.array(self.debt.principal)
        self.lines.next()
        cells = [
            Formula(text=f"={first.here(m)}+{second.here(m)}", value=float(total[m]))
            for m in range(len(total))
        ]
        self.paid = self.lines.put((self.debt.id, text), cells)
        self._by_year(self.paid, total)

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

    def _covers(self) -> None:
        """Write cash available and cover by calendar year, over months served from cash."""
        debt, table = self.debt, self.table
        paid = np.array(debt.interest) + np.array(debt.principal)
        served = self._served(paid)
        due = table.by_year(paid * self.per * served)
        mark = self._flags(served)
        for text, row, engine in (
            ("All cash", debt.all_cash, debt.dscr),
            ("Contracted cash", debt.service_cash, debt.contracted_dscr),
        ):
            if not row:
                continue
            strip = self._values(f"{text} available for service", row)
            cash = table.by_year(np.array(row) * self.per * served)
            self.lines.next()
            self.lines.put((debt.id, f"{text} over service, months with service"), ())
            found = {}
            for i in range(len(table.years)):
                if due[i] <= 0:
                    continue
                column = self.first_year + i
                head = f"{xl_col_to_name(column)}$1"
                now = f"{mark.text},({self.years.text}={head})*1{self.units}"
                found[i] = float(cash[i] / due[i])
                text_ = f"=SUMPRODUCT({strip.text},{now})/SUMPRODUCT({self.paid.text},{now})"
                cell = Formula(text=text_, value=found[i])
                self.lines.book.put(self.lines.sheet, self.lines.row, column, cell, "cents")
            self._ends(text, found)
            self._same(found, engine)
            if text == "All cash" and debt.llcr is not None:
                self._life(strip, np.array(row))

    def _served(self, paid: Floats) -> Floats:
        """Return 1 for months in which service is paid from cash, else 0. Shape (M,)."""
        debt, months = self.debt, np.arange(self.table.months)
        since = months >= (debt.first_payment or 0)
        until = months <= (-1 if debt.last_payment is None else debt.last_payment)
        return (since & until & (paid > 0)).astype(np.float64)

    def _flags(self, served: Floats) -> Strip:
        """Write which months are served from cash."""
        debt, places = self.debt, []
        for text, month in (
            ("First month served from cash", debt.first_payment),
            ("Last month with service", debt.last_payment),
        ):
            self.lines.next()
            self.lines.put((debt.id, text), ())
            self.lines.book.put(self.lines.sheet, self.lines.row, 2, month, "whole")
            places.append(f"$C${self.lines.row + 1}")
        self.lines.next()
        cells = [
            Formula(
                text=f"=IF(AND({self.index.here(m)}>={places[0]},{self.index.here(m)}<="
                f"{places[1]},{self.paid.here(m)}>0),1,0)",
                value=float(served[m]),
            )
            for m in range(self.table.months)
        ]
        self.first, self.last = places
        return self.lines.put((debt.id, "Served from cash"), cells, "whole")

    def _ends(self, text: str, found: dict[int, float]) -> None:
        """Write the least and the mean cover."""
        if not found:
            return
        row = self.lines.row
        ends = [xl_col_to_name(self.first_year + i) for i in (min(found), max(found))]
        span = f"{ends[0]}{row + 1}:{ends[1]}{row + 1}"
        for word, name, value in (
            ("least", "MIN", min(found.values())),
            ("mean", "AVERAGE", float(np.mean(list(found.values())))),
        ):
            self.lines.next()
            self.lines.put((self.debt.id, f"{text} over service, {word}"), ())
            cell = Formula(text=f"={name}({span})", value=value)
            self.lines.book.put(self.lines.sheet, self.lines.row, 2, cell, "cents")
        self.covers = Strip(
            sheet=DEBT, row=row, first=self.first_year, count=len(self.table.years)
        )

    def _life(self, strip: Strip, cash: Floats) -> None:
        """Write cover over the loan's life: present value of cash over the amount."""
        debt, first, last = self.debt, self.debt.first_payment or 0, self.debt.last_payment or 0
        span = cash[first : last + 1]
        worth = float(span @ (1 + debt.rate / 12) ** -np.arange(1.0, len(span) + 1))
        months = self.index.part(first, last)
        self.lines.next()
        self.lines.put((debt.id, "Cover over the loan's life, counted again"), ())
        text = (
            f"=SUMPRODUCT({strip.part(first, last)},(1+{self.rate}/12)^"
            f"-({months}-{self.first}+1))/{self.amount}"
        )
        value = worth / debt.amount
        put, sheet = self.lines.book.put, self.lines.sheet
        put(sheet, self.lines.row, 2, Formula(text=text, value=value), "cents")
        here = f"C{self.lines.row + 1}"
        self.lines.next()
        self.lines.put((debt.id, "The same as the engine states?"), ())
        stated = debt.llcr or 0.0
        holds = abs(value - stated) <= float(_NEAR)
        put(
            sheet,
            self.lines.row,
            2,
            check(here, f"{stated!r}", holds=holds, slack=_NEAR),
            "text",
        )

    def _same(self, found: dict[int, float], engine: Mapping[str, float]) -> None:
        """Write the engine's cover below the counted one, and whether they are the same."""
        self.lines.next()
        self.lines.put((self.debt.id, "Cover, as the engine states it"), ())
        terms, apart = [], 0.0
        for i, cover in found.items():
            value = engine.get(str(self.table.years[i]))
            if value is None:
                continue
            column = self.first_year + i
            self.lines.book.put(self.lines.sheet, self.lines.row, column, value, "cents")
            terms.append(
                f"ABS({self.covers.here(i)}-{xl_col_to_name(column)}{self.lines.row + 1})"
            )
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
