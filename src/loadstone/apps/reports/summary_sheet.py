# SPDX-License-Identifier: Apache-2.0
"""The first sheet of the workbook: the answer, computed from the other sheets."""

from loadstone.apps.charts.standing import power_of, total
from loadstone.apps.reports.sentences import capex_of, headline, proof
from loadstone.apps.reports.sheet import Book, Cell, Formula, column_range
from loadstone.apps.reports.tables import left_over
from loadstone.model.network import Network
from loadstone.model.plan import Plan

_PHASES_ROW = 14


def _answer(plan: Plan) -> list[tuple[str, Cell, str]]:
    """Return the rows of the answer; row 5 of the sheet is the first."""
    currency = plan.currency
    value = sum(site.npv for site in plan.sites)
    npv = column_range("Sites", 6, len(plan.sites))
    capex = column_range("Builds", 8, len(plan.builds))
    gap = (plan.bound - plan.objective) / abs(plan.objective) if plan.objective else 0.0
    return [
        (f"Value: the sum of all sites, {currency}", Formula(text=f"=SUM({npv})", value=value),
         "cents"),
        (f"Value as the planner states it, {currency}", plan.objective, "cents"),
        ("Difference", Formula(text="=B5-B6", value=value - plan.objective), "small"),
        (f"No plan is worth more than, {currency}", plan.bound, "cents"),
        ("Gap", Formula(text="=IF(B6=0,0,(B8-B6)/ABS(B6))", value=gap), "gap"),
        (f"Capex of all phases, {currency}",
         Formula(text=f"=SUM({capex})", value=capex_of(plan)), "money"),
        ("Status", str(plan.status), "text"),
        ("Method", plan.method, "text"),
    ]  # fmt: skip


def _site_years(column: int, count: int) -> str:
    return column_range("Site years", column, count)


def _phase_rows(plan: Plan) -> list[tuple[Cell, ...]]:
    """Return what stands in each phase, summed from the sheet of site years."""
    count = len(plan.site_years)
    rows: list[tuple[Cell, ...]] = []
    for i, phase in enumerate(plan.phases):
        years = [year for year in plan.site_years if year.phase == phase]
        power = total(power_of(year) for year in years)
        left = sum(left_over(year) for year in years)
        row = _PHASES_ROW + 2 + i
        sums = [
            Formula(
                text=f"=SUMIFS({_site_years(column, count)},{_site_years(2, count)},A{row})",
                value=value,
            )
            for column, value in (
                (4, power.connected_mw), (5, power.mining_mw), (6, power.ai_mw), (7, left),
            )
        ]  # fmt: skip
        capex = Formula(
            text=f"=SUMIFS({column_range('Builds', 8, len(plan.builds))},"
            f"{column_range('Builds', 3, len(plan.builds))},A{row})",
            value=sum(build.capex for build in plan.builds if build.phase == phase),
        )
        rows.append((phase, *sums, capex))
    return rows


def write_summary(book: Book, plan: Plan, network: Network) -> None:
    """Add the sheet.

    Args:
        book: The workbook.
        plan: The plan.
        network: The network it is a plan of.
    """
    sheet = book.workbook.add_worksheet("Summary")
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 5, 20)
    book.put(sheet, 0, 0, network.study.name, "title")
    book.put(sheet, 1, 0, headline(plan), "text")
    book.put(sheet, 2, 0, proof(plan), "text")
    for i, (label, cell, kind) in enumerate(_answer(plan), start=4):
        book.put(sheet, i, 0, label, "text")
        book.put(sheet, i, 1, cell, kind)
    heads = (
        "Phase", "Connected, MW", "Mining, MW", "AI, MW",
        f"Left over, {plan.currency} a year", f"Capex, {plan.currency}",
    )  # fmt: skip
    for j, head in enumerate(heads):
        book.put(sheet, _PHASES_ROW, j, head, "head")
    kinds = ("year", "amount", "amount", "amount", "money", "money")
    for i, row in enumerate(_phase_rows(plan), start=_PHASES_ROW + 1):
        for j, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            book.put(sheet, i, j, cell, kind)
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
