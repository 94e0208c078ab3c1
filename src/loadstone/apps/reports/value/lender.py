# SPDX-License-Identifier: Apache-2.0
"""The lender's page: a file of its own, so that it can be sent without what owners earn."""

from collections.abc import Mapping
from html import escape

import numpy as np

from loadstone.apps.charts.style import Figure
from loadstone.apps.charts.value import balance_figure, cover_figure, service_figure
from loadstone.apps.charts.words import money, number, percent
from loadstone.apps.reports.markup import chart, paragraph, table
from loadstone.apps.reports.tables import Table, millions
from loadstone.apps.reports.value.page import cover_cases
from loadstone.apps.reports.value.sentences import BINDING, contracted_words, spread_of
from loadstone.model.finance.returns import DebtResult
from loadstone.model.network import Network
from loadstone.model.valuation import Valuation


def lender_figures(valuation: Valuation, network: Network) -> Mapping[str, Figure]:
    """Return the figures of the lender's page, by name.

    Args:
        valuation: The valuation.
        network: Its network, for the covenants of the loans.
    """
    lockups = {debt.id: debt.lockup_dscr for debt in network.deals.debts}
    found = {}
    for debt in valuation.debts:
        lockup = lockups.get(debt.id)
        found[f"service-{debt.id}"] = service_figure(valuation.cash, debt)
        found[f"cover-{debt.id}"] = cover_figure(cover_cases(debt), lockup)
        found[f"balance-{debt.id}"] = balance_figure(valuation.cash, debt)
    return found


def _limits(debt: DebtResult, currency: str) -> list[str]:
    """Return what limits a loan, and how far it is from the next limit."""
    named = {
        "gearing": debt.by_gearing, "dscr": debt.by_dscr, "ltv": debt.by_ltv,
    }  # fmt: skip
    known = {name: value for name, value in named.items() if value is not None}
    said = [
        f"{BINDING[name]}: {money(value, currency)}"
        + (" (binding)" if name == debt.binding else "")
        for name, value in sorted(known.items(), key=lambda item: item[1])
    ]
    return [f"Amount that each limit allows: {'; '.join(said)}."] if said else []


def headroom(debt: DebtResult, currency: str) -> list[str]:
    """Return how far cash may fall until service is not covered, in sentences."""
    said = []
    for words, cover in cover_cases(debt).items():
        worst = min(cover, key=lambda year: cover[year])
        least, named = cover[worst], f"{words[0].upper()}{words[1:]}"
        said.append(
            f"{named}: may fall by {percent(1 - 1 / least)} in {worst}, the weakest year, "
            "before service is not covered."
            if least > 1
            else f"{named}: service is not covered in {worst}, {least:.2f} times."
        )
    if debt.room is not None:
        said.append(f"Up to {money(debt.room, currency)} more could be lent by the next limit.")
    return said


def _years(valuation: Valuation, debt: DebtResult) -> Table:
    table_ = valuation.cash
    months = {
        "Contracted cash": debt.service_cash, "All cash": debt.all_cash,
        "Interest": debt.interest, "Principal": debt.principal,
    }  # fmt: skip
    sums = {
        name: table_.by_year(np.array(row)) if row else np.zeros(len(table_.years))
        for name, row in months.items()
    }
    owed = {table_.month(m).year: float(debt.balance[m]) for m in range(table_.months)}
    cases = cover_cases(debt)
    rows = []
    for i, year in enumerate(table_.years):
        if owed[year] <= 0 and sums["Principal"][i] <= 0 and sums["Interest"][i] <= 0:
            continue
        rows.append(
            (
                str(year), *(millions(float(row[i])) for row in sums.values()),
                millions(owed[year]),
                *(f"{cover[str(year)]:.2f}" if str(year) in cover else "–"
                  for cover in cases.values()),
            )
        )  # fmt: skip
    heads = ("Year", *sums, "Owed at the end", *(f"Cover, {name}" for name in cases))
    return Table(columns=heads, numeric=(False, *[True] * (len(heads) - 1)), rows=tuple(rows))


def _cards(debt: DebtResult, currency: str) -> str:
    cover = "–" if debt.dscr_min is None else f"{debt.dscr_min:.2f}"
    contracted = "–" if debt.contracted_dscr_min is None else f"{debt.contracted_dscr_min:.2f}"
    llcr = "–" if debt.llcr is None else f"{debt.llcr:.2f}"
    signed = ""
    if debt.contracted_llcr is not None:
        signed = f", {debt.contracted_llcr:.2f} by contracts alone"
    tail = "–" if debt.lease_tail_months is None else f"{debt.lease_tail_months} months"
    cards = (
        (money(debt.amount, currency), f"drawn, {debt.kind} debt of the {debt.scope}"),
        (percent(debt.gearing), f"of {money(debt.cost, currency)} that it finances"),
        (cover, "least cover, all cash"),
        (contracted, "least cover, contracted cash"),
        (llcr, f"cover over the loan's life{signed}"),
        (tail, "that contracts outlast it"),
    )
    return '<div class="cards">' + "".join(
        f'<div class="card"><b>{escape(figure)}</b><span>{escape(text)}</span></div>'
        for figure, text in cards
    ) + "</div>"  # fmt: skip


def _terms(debt: DebtResult, network: Network) -> list[str]:
    """Return what the loan's covenants ask, in sentences."""
    said = []
    for one in network.deals.debts:
        if one.id != debt.id:
            continue
        if one.dscr is not None:
            said.append(f"Contracted cash must cover service {one.dscr:g} times.")
        if debt.downside_dscr:
            said.append(
                f"The downside keeps {percent(one.downside_share)} of cash beyond contracts."
            )
        if one.lockup_dscr is not None:
            said.append(f"Below a cover of {one.lockup_dscr:g} owners are paid nothing.")
        if one.default_dscr is not None:
            said.append(f"Below {one.default_dscr:g} the loan is in default.")
        if one.sweep_share:
            said.append(f"{percent(one.sweep_share)} of what a year leaves repays it early.")
    return said


def _loan(valuation: Valuation, debt: DebtResult, network: Network) -> str:
    currency = valuation.currency
    breaches = list(debt.breaches) or ["The base case breaks no covenant."]
    most = max(debt.reserve, default=0.0)
    reserve = (
        f"The reserve account holds up to {money(most, currency)}."
        if most > 0
        else "There is no reserve account."
    )
    lines = [*_limits(debt, currency), *headroom(debt, currency), reserve,
        *_terms(debt, network), *breaches,
    ]  # fmt: skip
    facts = "".join(f"<li>{escape(line[0].upper() + line[1:])}</li>" for line in lines)
    half = 490
    return (
        f'<section class="sheet"><h2>{escape(debt.id)}</h2>{_cards(debt, currency)}'
        f"{chart(f'service-{debt.id}', 'Cash against debt service')}"
        '<div class="halves"><div>'
        f"{chart(f'cover-{debt.id}', 'Cover by year', paper_px=half)}</div><div>"
        f"{chart(f'balance-{debt.id}', 'What is owed', paper_px=half)}</div></div>"
        f'<ul class="facts">{facts}</ul>'
        f"{table(_years(valuation, debt), dense=True)}"
        f"{paragraph(f'{currency} million, nominal.', 'about')}</section>"
    )


def _in_futures(valuation: Valuation) -> str:
    risk = valuation.risk
    if risk is None:
        return ""
    spread = spread_of(risk, "dscr_min")
    said = []
    if risk.breach is not None:
        said.append(f"A covenant breaks in {percent(risk.breach, 1)} of the futures drawn.")
    if spread is not None and "0.05" in spread.quantiles:
        said.append(
            f"The least cover is below {number(spread.quantiles['0.05'], 2)} in one future of "
            f"twenty and {number(spread.quantiles['0.5'], 2)} in the middle one."
        )
    rows = tuple(
        (one.name, one.text, number(one.dscr_min, 2))
        for one in risk.stresses
        if one.dscr_min is not None
    )
    stresses = Table(
        columns=("Stress", "What goes wrong", "Least cover"), numeric=(False, False, True),
        rows=rows,
    )  # fmt: skip
    return (
        "<section><h2>Where it goes otherwise</h2>"
        + paragraph(" ".join(said))
        + (table(stresses) if rows else "")
        + "</section>"
    )


def lender_body(valuation: Valuation, network: Network, verified: str | None = None) -> str:
    """Return the lender's page as HTML, without the head of a document.

    Args:
        valuation: The valuation; it has debts.
        network: Its network, for the terms of the loans.
        verified: What counting the plan again found; None where it has not been.
    """
    notes = "".join(f"<li>{escape(note)}</li>" for note in valuation.notes)
    return (
        '<header><p class="kicker">Loadstone · for the lender</p>'
        f"<h1>{escape(valuation.network)}</h1>"
        f"{paragraph(contracted_words(valuation), 'lead')}"
        + paragraph(
            "Cash available for debt service is what operation leaves after tax. Term debt is "
            "sized on its contracted part; what is sold at market prices comes on top.", "read",
        )
        + "</header>"
        + "".join(_loan(valuation, debt, network) for debt in valuation.debts)
        + _in_futures(valuation)
        + (f"<section><h2>What the numbers leave out</h2><ul>{notes}</ul></section>"
           if notes else "")
        + paragraph(f"The plan itself: {verified}" if verified else "", "quiet")
    )  # fmt: skip
