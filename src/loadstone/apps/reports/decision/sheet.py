# SPDX-License-Identifier: Apache-2.0
"""The decision in the workbook: differences and regrets are live formulas."""

from collections.abc import Sequence

from loadstone.apps.charts.words import country_name
from loadstone.apps.reports.decision.rows import regret_of
from loadstone.apps.reports.decision.sentences import named
from loadstone.apps.reports.sheet import Book, Cell, Column, Formula, cell_name
from loadstone.model.decision import Decision, Stressed, Variant
from loadstone.model.network import Network

_FIRST = 1  # row of the sheet, from 0, in which the plan stands: below the heads
_VALUE = 3  # column of the value
_KINDS = {
    "plan": "plan",
    "alternative": "within the slack",
    "restricted": "without something",
    "switch": "rule or layer switched",
}
_FACTORS = {
    "hashprice": "hashprice, USD/PH/day, flat",
    "ai_price": "AI prices over the outlook's",
    "power_price": "energy prices over the outlook's",
}
_GAP_ROWS = 2
_WIDTHS = (30, 24, 46, 18)


def _variants(book: Book, decision: Decision, currency: str) -> object:
    plan = decision.variants[0]
    rows: list[Sequence[Cell]] = []
    for i, one in enumerate(decision.variants, start=_FIRST):
        value, first = cell_name(i, _VALUE), cell_name(_FIRST, _VALUE)
        less = one.value - plan.value
        share = less / abs(plan.value) if plan.value else 0.0
        rows.append(
            (
                named(one.name), _KINDS[one.kind], one.text, one.value,
                Formula(text=f"={value}-{first}", value=less),
                Formula(text=f"=IF({first}=0,0,({value}-{first})/ABS({first}))", value=share),
                one.bound, one.amount, one.amount_bound, one.unit, one.connected_mw,
                one.mining_mw, one.hosted_mw, one.ai_mw, one.leased_mw, one.sites, one.capex,
                one.largest_country, one.largest_country_mw,
            )
        )  # fmt: skip
    columns = (
        Column(name="Plan", width=_WIDTHS[0]), Column(name="Kind", width=_WIDTHS[1]),
        Column(name="What it is", kind="prose", width=_WIDTHS[2]),
        Column(name=f"Value, {currency}", kind="money", width=_WIDTHS[3]),
        Column(name=f"Against the plan, {currency}", kind="money", width=18),
        Column(name="Against the plan", kind="percent", width=10),
        Column(name=f"No plan of its kind is worth more than, {currency}", kind="money",
               width=18),
        Column(name="Most or least", kind="cents", width=16),
        Column(name="Proven limit", kind="cents", width=16), Column(name="Unit", width=6),
        Column(name="Connected, MW", kind="amount", width=11),
        Column(name="Mining, MW", kind="amount", width=10),
        Column(name="Hosted, MW", kind="amount", width=10),
        Column(name="AI, MW", kind="amount", width=10),
        Column(name="Leased, MW", kind="amount", width=10),
        Column(name="Sites", kind="whole", width=7),
        Column(name=f"Capex, {currency}", kind="money", width=18),
        Column(name="Country with most", width=10),
        Column(name="Connected there, MW", kind="amount", width=11),
    )  # fmt: skip
    return book.table("Decision", columns, rows)


def _row(book: Book, sheet: object, row: int, cells: Sequence[Cell], kind: str) -> None:
    for j, cell in enumerate(cells):
        written = kind if j >= _VALUE or kind == "head" else "prose"
        book.put(sheet, row, j, cell, written)


def _in_stresses(book: Book, sheet: object, decision: Decision, currency: str, row: int) -> int:
    """Write values in each stress and what they are less than the best; return the next row."""
    stressed = decision.stressed
    names = [one.name for one in stressed]
    shown = [v for v in decision.variants if all(v.name in one.values for one in stressed)]
    title = f"Value in each stress, {currency}"
    _row(book, sheet, row, (title, None, None, *names), "head")
    first, last = row + 1, row + len(shown)
    for i, one in enumerate(shown):
        values = [stress.values[one.name] for stress in stressed]
        shares: list[Cell] = ["not possible" if value is None else value for value in values]
        _row(book, sheet, first + i, (named(one.name), None, one.text, *shares), "money")
    row = last + _GAP_ROWS
    title = f"Regret: the best of these plans less this one, {currency}"
    _row(book, sheet, row, (title, None, None, *names, "Largest"), "head")
    for i, one in enumerate(shown):
        cells: list[Cell] = [
            _regret(stress, one, _VALUE + j, (first, last), first + i)
            for j, stress in enumerate(stressed)
        ]
        largest = _largest(decision, one, row + 1 + i)
        _row(book, sheet, row + 1 + i, (named(one.name), None, None, *cells, largest), "money")
    return row + len(shown) + _GAP_ROWS


def _regret(
    stress: Stressed, one: Variant, column: int, rows: tuple[int, int], row: int
) -> Cell:
    regret = regret_of(stress, one.name)
    if regret is None:
        return "not possible"
    best = f"MAX({cell_name(rows[0], column)}:{cell_name(rows[1], column)})"
    return Formula(text=f"={best}-{cell_name(row, column)}", value=regret)


def _largest(decision: Decision, one: Variant, row: int) -> Cell:
    regrets = [regret_of(stress, one.name) for stress in decision.stressed]
    known = [regret for regret in regrets if regret is not None]
    if len(known) < len(regrets):
        return "not possible"
    ends = cell_name(row, _VALUE), cell_name(row, _VALUE + len(regrets) - 1)
    return Formula(text=f"=MAX({ends[0]}:{ends[1]})", value=max(known))


def _sensitivities(
    book: Book, sheet: object, decision: Decision, currency: str, row: int
) -> int:
    heads = ("Value where one number is another", None, None, "At", f"Value, {currency}",
             f"Against the plan, {currency}")  # fmt: skip
    _row(book, sheet, row, heads, "head")
    plan = decision.variants[0].value
    first = cell_name(_FIRST, _VALUE)
    for i, one in enumerate(decision.sensitivities, start=row + 1):
        book.put(sheet, i, 0, _FACTORS[one.factor], "text")
        book.put(sheet, i, _VALUE, one.at, "cents")
        book.put(sheet, i, _VALUE + 1, one.value, "money")
        less = Formula(text=f"={cell_name(i, _VALUE + 1)}-{first}", value=one.value - plan)
        book.put(sheet, i, _VALUE + 2, less, "money")
    return row + len(decision.sensitivities) + _GAP_ROWS


def _further(book: Book, sheet: object, decision: Decision, network: Network, row: int) -> None:
    """Write what no table above holds: break-evens, countries, what must be true."""
    even, currency = decision.break_even, network.study.currency
    _row(book, sheet, row, ("Worth nothing at", None, None, "Number"), "head")
    numbers = (
        ("hashprice, USD/PH/day, flat", even.hashprice),
        ("factor on energy prices", even.power_factor),
        ("hashprice that pays the miners' power, USD/PH/day", even.mining_hashprice),
        (f"power that miners can pay, {currency}/MWh", even.mining_power),
        ("share of the revenue that is under contract", decision.contracted_share),
    )
    for i, (text, value) in enumerate(numbers, start=row + 1):
        book.put(sheet, i, 0, text, "prose")
        book.put(sheet, i, _VALUE, "none that was tried" if value is None else value, "cents")
    row += len(numbers) + _GAP_ROWS
    heads = (
        "Country", None, None, f"Value, {currency}", f"Capex, {currency}", "Connected, MW",
        "Mining, MW", "Hosted, MW", "AI, MW", "Leased, MW", f"Power, {currency}/MWh",
        f"Revenue, {currency} a year", "Discount rate",
    )  # fmt: skip
    _row(book, sheet, row, heads, "head")
    kinds = ("money", "money", *["amount"] * 5, "cents", "money", "percent")
    for i, one in enumerate(decision.countries, start=row + 1):
        book.put(sheet, i, 0, country_name(one.code, network.facts), "text")
        cells = (
            one.value, one.capex, one.connected_mw, one.mining_mw, one.hosted_mw, one.ai_mw,
            one.leased_mw, one.power_cost, one.revenue, one.discount_rate,
        )  # fmt: skip
        for j, (cell, kind) in enumerate(zip(cells, kinds, strict=True), start=_VALUE):
            book.put(sheet, i, j, cell, kind)
    row += len(decision.countries) + _GAP_ROWS
    _row(book, sheet, row, ("What must be true", "Who says so", "In words"), "head")
    for i, truth in enumerate(decision.truths, start=row + 1):
        book.put(sheet, i, 0, f"{i - row}", "text")
        book.put(sheet, i, 1, truth.basis, "prose")
        book.put(sheet, i, 2, truth.text, "prose")


def _months(book: Book, decision: Decision) -> None:
    names = ("energised", "firm", "leased", "leased and drawn", "cloud", "mining", "hosting")
    columns = (
        Column(name="Site id", width=16), Column(name="Month", width=10),
        *(Column(name=f"{name.capitalize()}, MW", kind="amount", width=12) for name in names),
        Column(name="Idle, MW", kind="amount", width=12),
    )  # fmt: skip
    rows: list[Sequence[Cell]] = []
    for i, one in enumerate(decision.months, start=1):
        drawn = (one.leased_drawn_mw, one.cloud_mw, one.mining_mw, one.hosting_mw)
        idle = Formula(
            text=f"={cell_name(i, 2)}-SUM({cell_name(i, 5)}:{cell_name(i, 8)})",
            value=one.energised_mw - sum(drawn),
        )
        rows.append(
            (one.site, one.month, one.energised_mw, one.firm_mw, one.leased_mw, *drawn, idle)
        )
    book.table("Months", columns, rows)


def write_decision(book: Book, decision: Decision, network: Network) -> None:
    """Add the sheet "Decision", and "Months" where there are any.

    Args:
        book: The workbook.
        decision: What stands beside the plan.
        network: The network it is a plan of.
    """
    currency = network.study.currency
    sheet = _variants(book, decision, currency)
    row = _FIRST + len(decision.variants) + _GAP_ROWS
    if decision.stressed:
        row = _in_stresses(book, sheet, decision, currency, row)
    row = _sensitivities(book, sheet, decision, currency, row)
    _further(book, sheet, decision, network, row)
    if decision.months:
        _months(book, decision)
