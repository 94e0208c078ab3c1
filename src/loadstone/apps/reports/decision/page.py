# SPDX-License-Identifier: Apache-2.0
"""The committee page as HTML: one sheet of paper, and a second one on what may go otherwise."""

from collections.abc import Mapping
from html import escape

from loadstone.apps.charts import Figure, month_by_month, sensitivity_figure, use_bars
from loadstone.apps.charts.standing import names_of
from loadstone.apps.charts.words import money, number, percent
from loadstone.apps.reports.decision.capital import capital_table, weightiest
from loadstone.apps.reports.decision.rows import (
    MILLION,
    NOT_POSSIBLE,
    RegretRow,
    countries_table,
    regrets,
    variants_table,
)
from loadstone.apps.reports.decision.sentences import (
    answer,
    filled,
    hashprice_words,
    mining_words,
    named,
    outlook_words,
    power_words,
    worst_stress,
)
from loadstone.apps.reports.markup import chart, paragraph, table
from loadstone.apps.reports.sentences import capex_of, resting_words, value_means
from loadstone.apps.reports.tables import millions
from loadstone.model.decision import Decision, Month
from loadstone.model.network import Network
from loadstone.model.plan import Plan

_MOST_COLUMNS = 8  # of the table of capital, beside a chart
FACTORS = {
    "hashprice": "Value over hashprice",
    "ai_price": "Value over AI prices",
    "power_price": "Value over power prices",
}


def _cards(plan: Plan, decision: Decision, network: Network) -> str:
    worst = worst_stress(decision)
    cards = [
        (money(plan.objective, plan.currency), "value of the plan"),
        (money(capex_of(plan), plan.currency), "capital, all years"),
        (percent(decision.contracted_share), "of its revenue is under contract"),
        (
            hashprice_words(decision)[0],
            f"USD/PH/day where the value is 0; {outlook_words(network)}",
        ),
        (power_words(decision)[0], "energy prices where the value is 0"),
    ]
    if worst is not None:
        name, value = worst
        cards.append((money(value, plan.currency), f"value in the worst stress: {name}"))
    return '<div class="cards">' + "".join(
        f'<div class="card"><b>{escape(figure)}</b><span>{escape(text)}</span></div>'
        for figure, text in cards
    ) + "</div>"  # fmt: skip


def _block(title: str, about: str, inner: str) -> str:
    """Return a part of the page: its title, one line of what it shows, and itself."""
    return (
        f'<div class="block"><h3>{escape(title)}</h3>{paragraph(about, "about")}{inner}</div>'
    )


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines if line) + "</ul>"


def _rests(plan: Plan, decision: Decision, network: Network) -> str:
    heavy = [weight.text for weight in weightiest(plan, network)]
    return _block(
        "Value and what it rests on", value_means(network),
        _list([
            hashprice_words(decision)[1], power_words(decision)[1],
            mining_words(decision, plan.currency), *map(resting_words, plan.resting), *heavy,
        ]),
    )  # fmt: skip


def _variants(plan: Plan, decision: Decision) -> str:
    found = variants_table(decision)
    texts = {named(one.name): one.text for one in decision.variants}

    def name(cell: str) -> str:
        return f'<span title="{escape(texts.get(cell, ""))}">{escape(cell)}</span>'

    limit = number(100 * decision.slack, 1).removesuffix(".0")
    return _block(
        "Other plans",
        f"{plan.currency} million; MW of the last phase. The proven limit: no plan within "
        f"{limit}% has more (or, where least is asked, less). What a rule costs is what the "
        "plan without it is worth more.",
        table(found, marked={0: name}, dense=True),
    )


def _regret_row(row: RegretRow) -> str:
    cells = "".join(
        f'<td class="n r{cell.step}{" worst" if cell.worst else ""}">{escape(cell.text)}'
        f"<small>{'' if cell.value is None else escape(millions(cell.value))}</small></td>"
        for cell in row.cells
    )
    whole = NOT_POSSIBLE if row.largest is None else number(row.largest / MILLION, 1)
    least = ' class="n least"' if row.least else ' class="n"'
    return f"<tr><td>{escape(named(row.name))}</td>{cells}<td{least}>{escape(whole)}</td></tr>"


def _regrets(plan: Plan, decision: Decision) -> str:
    rows = regrets(decision)
    if not rows:
        return ""
    heads = "".join(
        f'<th class="n stress" title="{escape(one.text)}">{escape(one.name)}</th>'
        for one in decision.stressed
    )
    body = "".join(_regret_row(row) for row in rows)
    return _block(
        "Regret",
        f"{plan.currency} million that each plan, its builds held, is worth less than the best "
        "of these plans in that stress; 0.0 is the best. Below it, in grey, its value there. "
        "Darker is more; a plan's worst is bold, the smallest of the worst is framed.",
        '<div class="wide"><table class="dense regret"><thead><tr><th>Plan</th>'
        f'{heads}<th class="n">Largest</th></tr></thead><tbody>{body}</tbody></table></div>',
    )


def _truths(decision: Decision) -> str:
    if not decision.truths:
        return ""
    lines = "".join(
        f"<li>{escape(one.text)} <span>{escape(one.basis)}</span></li>"
        for one in decision.truths
    )
    about = "If one of these turns out false, so does the answer; beside each, who says so."
    return _block("What must be true", about, f'<ol class="truths">{lines}</ol>')


def _sensitivities(decision: Decision) -> str:
    charts = "".join(
        chart(factor, label, paper_px=322)
        for factor, label in FACTORS.items()
        if any(one.factor == factor for one in decision.sensitivities)
    )
    if not charts:
        return ""
    return _block(
        "Value where one number is another",
        "The builds of the plan are held, its hours are free; one scale for all three. Dotted: "
        "the outlook's hashprices, and the value as planned.",
        f'<div class="three">{charts}</div>',
    )


def committee_page(plan: Plan, decision: Decision, network: Network, warning: str = "") -> str:
    """Return the first page of the report.

    Args:
        plan: The plan.
        decision: What stands beside it.
        network: The network it is a plan of.
        warning: What to read it with, as HTML.
    """
    paid = capital_table(plan, network)
    stacked = " stacked" if len(paid.columns) > _MOST_COLUMNS else ""
    uses = chart("uses", "MW by use against energised MW", paper_px=545)
    capital = _block(
        "Uses and sources of capital",
        f"{plan.currency} million in the year it is paid, before annuities.",
        table(paid, dense=True),
    )
    return (
        '<header class="committee sheet"><p class="kicker">Loadstone · for decision</p>'
        f"<h1>{escape(network.study.name)}</h1>{paragraph(answer(plan), 'lead')}"
        f"{_cards(plan, decision, network)}"
        f'<div class="pair{stacked}"><div class="block">{uses}</div>{capital}</div>'
        f"{_variants(plan, decision)}"
        f'<div class="pair">{_truths(decision)}{_rests(plan, decision, network)}</div>'
        f"{warning}</header>{_otherwise(plan, decision, network)}"
    )


def _otherwise(plan: Plan, decision: Decision, network: Network) -> str:
    """Return the second sheet: regret, sensitivities and countries."""
    countries = _block(
        "Countries",
        f"{plan.currency} million; power and revenue of the last phase. Power is all that a "
        "MWh costs at the meter: energy, demand, connection, levies.",
        table(countries_table(decision, network), dense=True),
    )
    notes = paragraph(" ".join(decision.notes), "about")
    return (
        '<section class="committee sheet" id="otherwise"><h2>If it goes otherwise</h2>'
        f"{_regrets(plan, decision)}{_sensitivities(decision)}{countries}{notes}</section>"
    )


def _sites(decision: Decision) -> dict[str, tuple[Month, ...]]:
    found: dict[str, list[Month]] = {}
    for month in decision.months:
        found.setdefault(month.site, []).append(month)
    return {site: tuple(months) for site, months in found.items()}


def month_section(decision: Decision) -> str:
    """Return the section that shows, month by month, who draws the power of a site."""
    parts = [
        chart(f"months-{site}", "Power by month") + paragraph(filled(months))
        for site, months in _sites(decision).items()
    ]
    return paragraph(
        "The mean hour of each month. The thick line is what is energised, the thin one what "
        "stays when a transformer fails or the grid cuts non-firm power, the dashed one what "
        "tenants have reserved. Phases of several years repeat their year.", "read",
    ) + "".join(parts)  # fmt: skip


def decision_figures(plan: Plan, decision: Decision, network: Network) -> Mapping[str, Figure]:
    """Return the figures of the page and of the months, by name."""
    names = names_of(network)
    found = {"uses": use_bars(decision.uses)}
    for factor in FACTORS:
        found[factor] = sensitivity_figure(decision, factor, network, value=plan.objective)
    for site, months in _sites(decision).items():
        found[f"months-{site}"] = month_by_month(months, names.get(site, site))
    return found
