# SPDX-License-Identifier: Apache-2.0
"""The workbook: the plan's tables, with totals as live formulas."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, time
from pathlib import Path

import xlsxwriter

from loadstone.apps.charts.standing import horizon, names_of, power_of
from loadstone.apps.charts.words import asset_name, country_name
from loadstone.apps.reports.decision import write_decision
from loadstone.apps.reports.sheet import Book, Cell, Column, Formula, cell_name, column_range
from loadstone.apps.reports.summary_sheet import write_summary
from loadstone.apps.reports.tables import left_over, limit_name, source_text
from loadstone.apps.reports.terms import GLOSSARY
from loadstone.apps.reports.value.book import write_value
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteYear
from loadstone.model.valuation import Valuation

FIRST_REVENUE = 9  # columns of "Site years" before the first revenue
ENERGY = (
    "import", "export", "mining", "hosting", "ai", "lease power", "promised", "auxiliary",
    "solar", "wind", "ppa", "own", "charge", "discharge", "curtailed",
)  # fmt: skip
REVENUE = (
    "mining", "hosting", "ai", "rent", "lease power", "export", "curtailment", "reserve",
)  # fmt: skip
COST = (
    "energy", "demand", "connection", "levies", "take_or_pay", "fixed", "carbon", "fuel",
    "staff", "repairs", "insurance", "property_tax", "decommissioning", "vat", "tax",
    "risk_premium", "held_demand",
)  # fmt: skip


def _keys(
    plan: Plan, known: Sequence[str], get: Callable[[SiteYear], Mapping[str, float]]
) -> list[str]:
    """Return the known keys in their order, then any other that the plan has."""
    found = {key for year in plan.site_years for key in get(year)}
    return [*(key for key in known if key in found), *sorted(found - set(known))]


def _builds(book: Book, plan: Plan, network: Network) -> None:
    places = {site.id: site for site in network.sites}
    rows = [
        (
            build.site, places[build.site].name, country_name(places[build.site].country,
            network.facts), build.phase, asset_name(build.asset, network.facts), build.asset,
            build.amount, build.unit, build.capex,
        )
        for build in plan.builds
    ]  # fmt: skip
    columns = (
        Column(name="Site id", width=16), Column(name="Site", width=22),
        Column(name="Country", width=16), Column(name="Phase", kind="year", width=8),
        Column(name="Asset", width=24), Column(name="Asset id", width=26),
        Column(name="Amount", kind="amount", width=10), Column(name="Unit", width=7),
        Column(name=f"Capex, {plan.currency}", kind="money", width=18, total=True),
    )  # fmt: skip
    book.table("Builds", columns, rows)


def _sites(book: Book, plan: Plan, network: Network) -> None:
    places = {site.id: site for site in network.sites}
    count = len(plan.sites)
    ids, capex = (
        column_range("Builds", 0, len(plan.builds)),
        column_range("Builds", 8, len(plan.builds)),
    )
    total = sum(site.npv for site in plan.sites)
    rows: list[Sequence[Cell]] = []
    for i, site in enumerate(plan.sites, start=1):
        place = places[site.id]
        spent = sum(build.capex for build in plan.builds if build.site == site.id)
        whole = f"SUM($G$2:$G${count + 1})"
        share = Formula(
            text=f"=IF({whole}=0,0,G{i + 1}/{whole})", value=site.npv / total if total else 0.0
        )
        rows.append(
            (
                site.id, place.name, country_name(site.country, network.facts), place.zone,
                place.status, site.opened, site.npv,
                Formula(text=f"=SUMIFS({capex},{ids},A{i + 1})", value=spent), share,
            )
        )  # fmt: skip
    columns = (
        Column(name="Site id", width=16), Column(name="Site", width=22),
        Column(name="Country", width=16), Column(name="Zone", width=10),
        Column(name="Status", width=11), Column(name="Opened", kind="year", width=9),
        Column(name=f"Value, {plan.currency}", kind="money", width=18, total=True),
        Column(name=f"Capex, {plan.currency}", kind="money", width=18, total=True),
        Column(name="Part of the value", kind="percent", width=11, total=True),
    )  # fmt: skip
    book.table("Sites", columns, rows)


def _site_years(book: Book, plan: Plan, network: Network) -> None:
    names, spans = names_of(network), horizon(network)
    energy = _keys(plan, ENERGY, lambda year: year.energy_mwh)
    revenue = _keys(plan, REVENUE, lambda year: year.revenue)
    cost = _keys(plan, COST, lambda year: year.cost)
    first_cost = FIRST_REVENUE + len(revenue)
    first_energy = first_cost + len(cost)
    rows: list[Sequence[Cell]] = []
    for i, year in enumerate(plan.site_years, start=1):
        power = power_of(year)
        parts = [
            f"SUM({cell_name(i, FIRST_REVENUE)}:{cell_name(i, first_cost - 1)})"
            if revenue
            else "0",
            f"SUM({cell_name(i, first_cost)}:{cell_name(i, first_energy - 1)})"
            if cost
            else "0",
        ]
        left = f"={parts[0]}-{parts[1]}-{cell_name(i, FIRST_REVENUE - 1)}"
        rows.append(
            (
                year.site, names.get(year.site, year.site), year.phase,
                spans.get(year.phase, 1), power.connected_mw, power.mining_mw, power.ai_mw,
                Formula(text=left, value=left_over(year)), year.annuity,
                *(year.revenue.get(key, 0.0) for key in revenue),
                *(year.cost.get(key, 0.0) for key in cost),
                *(year.energy_mwh.get(key, 0.0) for key in energy),
            )
        )  # fmt: skip
    money = f"{plan.currency} a year"
    columns = (
        Column(name="Site id", width=16), Column(name="Site", width=22),
        Column(name="Phase", kind="year", width=8), Column(name="Years", kind="year", width=7),
        Column(name="Connected, MW", kind="amount", width=11),
        Column(name="Mining, MW", kind="amount", width=10),
        Column(name="AI, MW", kind="amount", width=10),
        Column(name=f"Left over, {money}", kind="money"),
        Column(name=f"Capital charge, {money}", kind="money"),
        *(Column(name=f"Revenue {_spaced(key)}, {money}", kind="money") for key in revenue),
        *(Column(name=f"Cost {_spaced(key)}, {money}", kind="money") for key in cost),
        *(Column(name=f"Energy {key}, MWh a year", kind="whole") for key in energy),
    )  # fmt: skip
    book.table("Site years", columns, rows)


def _spaced(key: str) -> str:
    return key.replace("_", " ")


def _limits(book: Book, plan: Plan) -> None:
    columns = (
        Column(name="Limit", width=20), Column(name="Of", width=18),
        Column(name="Phase", kind="year", width=8),
        Column(name=f"Value of one more, {plan.currency}", kind="cents", width=20),
        Column(name="Unit", width=8), Column(name="In words", kind="prose", width=70),
    )  # fmt: skip
    rows = [
        (limit_name(m), m.subject, m.phase or "all", m.value, m.unit, m.text)
        for m in plan.marginals
    ]
    book.table("Limits", columns, rows)


def _rules(book: Book, plan: Plan, network: Network) -> None:
    names = names_of(network)
    columns = (
        Column(name="Site id", width=16), Column(name="Site", width=22),
        Column(name="Phase", kind="year", width=8),
        Column(name="Hours a year", kind="whole", width=9),
        Column(name="Rule", kind="prose", width=60),
        Column(name="How sure", width=10),
        Column(name="Where it is written", kind="prose", width=60),
    )  # fmt: skip
    rows = [
        (
            hit.site, names.get(hit.site, hit.site), hit.phase, hit.hours, hit.text,
            hit.confidence, source_text(hit.source, network),
        )
        for hit in plan.rules
    ]  # fmt: skip
    book.table("Rules", columns, rows)


def _provenance(book: Book, plan: Plan) -> None:
    kinds = ("observed", "filled", "synthetic", "user")
    rows: list[Sequence[Cell]] = []
    for resting in plan.resting:
        for basis, shares in (("hours", resting.hours), ("money", resting.money)):
            if shares:
                i = len(rows) + 2
                values = [shares.get(kind, 0.0) for kind in kinds]
                total = Formula(text=f"=SUM(C{i}:F{i})", value=sum(values))
                rows.append((resting.input, basis, *values, total))
    columns = (
        Column(name="Input"), Column(name="Share of"),
        *(Column(name=kind.capitalize(), kind="percent") for kind in kinds),
        Column(name="All", kind="percent"),
    )  # fmt: skip
    book.table("Provenance", columns, rows)


def _assumptions(book: Book, plan: Plan) -> None:
    rows: list[Sequence[Cell]] = [("assumption", text) for text in plan.assumptions]
    rows += [("word", f"{term}: {meaning}") for term, meaning in GLOSSARY]
    columns = (Column(name="Kind"), Column(name="Text", kind="prose", width=110))
    book.table("Assumptions", columns, rows)


def write_workbook(
    plan: Plan,
    network: Network,
    path: Path,
    *,
    decision: Decision | None = None,
    valuation: Valuation | None = None,
) -> None:
    """Write the tables of a plan as an XLSX workbook.

    Totals, the value, the gap and what each year leaves are live formulas that also hold their
    value. The same plan gives the same file: its date is that of the outlook.

    Args:
        plan: The plan.
        network: The network it is a plan of.
        path: The file to write.
        decision: What stands beside the plan; None where nobody looked.
        valuation: What it is worth as cash; None where nobody has valued it.
    """
    day = network.study.outlook.date
    with xlsxwriter.Workbook(path, {"strings_to_urls": False}) as workbook:
        workbook.set_properties(
            {
                "title": f"{network.study.name}: plan",
                "created": datetime.combine(day, time()),
                "comments": "Made by Loadstone",
            }
        )
        book = Book(workbook)
        write_summary(book, plan, network)
        if decision is not None:
            write_decision(book, decision, network)
        if valuation is not None:
            write_value(book, valuation, network)
        _builds(book, plan, network)
        _sites(book, plan, network)
        _site_years(book, plan, network)
        _limits(book, plan)
        _rules(book, plan, network)
        _provenance(book, plan)
        _assumptions(book, plan)
