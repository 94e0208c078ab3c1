# SPDX-License-Identifier: Apache-2.0
"""Value in the report: cash, returns, debt, deals, futures and regions, pictures first."""

from collections.abc import Callable, Mapping
from html import escape

from loadstone.apps.charts.style import Figure
from loadstone.apps.charts.value import (
    bridge_figure,
    cash_figure,
    contracted_figure,
    cover_figure,
    deal_figure,
    drivers_figure,
    fan_figure,
    histogram_figure,
    service_figure,
    sources_figure,
    stresses_figure,
)
from loadstone.apps.charts.words import money, percent
from loadstone.apps.reports.markup import chart, details, paragraph, table
from loadstone.apps.reports.value.hedging import hedge_words
from loadstone.apps.reports.value.rows import (
    costs_table,
    debts_table,
    options_table,
    parties_table,
    region_table,
    returns_table,
    spreads_table,
    stresses_table,
    uses_and_sources,
)
from loadstone.apps.reports.value.sentences import (
    contracted_words,
    debt_words,
    error_words,
    fan_title,
    futures_words,
    rate_words,
    region_words,
    returns_of,
    share_words,
    spread_of,
    value_headline,
    years_words,
)
from loadstone.model.finance.returns import DebtResult
from loadstone.model.futures.risk import Fan, Risk
from loadstone.model.valuation import Valuation

_HISTOGRAMS = {
    "npv": "Value of the project",
    "equity_npv": "Value of equity",
    "equity_irr": "Rate of return of equity",
}
_MOST_FANS, _PAPER_HALF, _PAPER_THIRD = 6, 490, 322
_NOTES = 6
Section = tuple[str, Callable[[Valuation], str]]


def _list(lines: list[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    return f"<ul>{items}</ul>" if items else ""


def shown_fans(risk: Risk) -> tuple[Fan, ...]:
    """Return the fans that a page has room for, of each kind first the one that is widest.

    Cash and hashprice stand first, then what explains most of the spread.
    """
    weight = {driver.factor: driver.share for driver in risk.drivers}
    first = {"cash": 2.0, "hashprice": 1.5}

    def rank(fan: Fan) -> tuple[int, float]:
        kind = fan.name.partition(":")[0]
        alike = sorted(
            (one for one in risk.fans if one.name.partition(":")[0] == kind),
            key=lambda one: -_width(one),
        )
        explains = first.get(kind, weight.get(fan.name, weight.get(kind, 0.0)))
        return alike.index(fan), -explains

    return tuple(sorted(risk.fans, key=rank)[:_MOST_FANS])


def _width(fan: Fan) -> float:
    """Return how far apart the outer quantiles are at the end, over the base case."""
    levels = sorted(fan.quantiles, key=float)
    if not levels or not fan.base or not fan.base[-1]:
        return 0.0
    ends = fan.quantiles[levels[-1]][-1], fan.quantiles[levels[0]][-1]
    return abs((ends[0] - ends[1]) / fan.base[-1])


def cover_cases(debt: DebtResult) -> dict[str, Mapping[str, float]]:
    """Return cover of debt service by year: of all cash, of a downside, of contracts alone."""
    cases = {
        "all cash": debt.dscr,
        "downside": debt.downside_dscr,
        "contracted cash only": debt.contracted_dscr,
    }
    return {name: cover for name, cover in cases.items() if cover}


def value_figures(valuation: Valuation) -> Mapping[str, Figure]:
    """Return the figures of value, by name."""
    cash, currency, risk = valuation.cash, valuation.currency, valuation.risk
    uses, sources = uses_and_sources(valuation)
    found = {
        "value-sources": sources_figure(uses, sources, currency),
        "value-cash": cash_figure(cash),
        "value-contracted": contracted_figure(cash),
        "value-bridge": bridge_figure(valuation.bridge, currency),
    }
    for debt in valuation.debts:
        found[f"value-service-{debt.id}"] = service_figure(cash, debt)
        found[f"value-cover-{debt.id}"] = cover_figure(cover_cases(debt), None)
    for deal in valuation.deals:
        found[f"value-deal-{deal.id}"] = deal_figure(deal)
    if risk is not None:
        found |= _risk_figures(valuation, risk)
    return found


def _risk_figures(valuation: Valuation, risk: Risk) -> dict[str, Figure]:
    currency = valuation.currency
    found = {
        f"value-fan-{fan.name}": fan_figure(fan, fan_title(fan.name), currency)
        for fan in shown_fans(risk)
    }
    for name, title in _HISTOGRAMS.items():
        spread = spread_of(risk, name)
        if spread is not None and spread.histogram[1]:
            found[f"value-histogram-{name}"] = histogram_figure(spread, title, currency)
    npv, base = spread_of(risk, "npv"), returns_of(valuation, "portfolio", "project")
    if risk.drivers and npv is not None and npv.mean is not None:
        found["value-drivers"] = drivers_figure(risk.drivers, npv.mean, currency)
    if risk.stresses and base is not None:
        found["value-stresses"] = stresses_figure(risk.stresses, base.npv, currency)
    return found


def _cards(valuation: Valuation) -> str:
    currency, risk = valuation.currency, valuation.risk
    project = returns_of(valuation, "portfolio", "project")
    equity = returns_of(valuation, "portfolio", "equity")
    cards = []
    if project is not None:
        cards += [
            (money(project.npv, currency), f"nominal value at {percent(project.rate, 1)}"),
            (rate_words(project.irr), "rate of return of the project"),
        ]
    if equity is not None:
        cards += [
            (rate_words(equity.irr), "rate of return of equity"),
            (money(equity.peak, currency), "most that owners have out"),
            (years_words(equity.payback_years), "until it is back"),
        ]
    if risk is not None:
        cards.append((percent(risk.loss, 1), "of futures are worth less than nothing"))
    return '<div class="cards">' + "".join(
        f'<div class="card"><b>{escape(figure)}</b><span>{escape(text)}</span></div>'
        for figure, text in cards
    ) + "</div>"  # fmt: skip


def _worth(valuation: Valuation) -> str:
    sites = returns_table(valuation, ("country", "site"))
    reasons = [
        f"{one.scope}, {one.flow}: {one.irr_reason}."
        for one in valuation.returns
        if one.irr_reason and one.scope == "portfolio"
    ]
    return (
        paragraph(value_headline(valuation), "lead")
        + _cards(valuation)
        + chart("value-bridge", "Bridge from the plan's value to that of nominal cash")
        + paragraph(
            "The plan counts in real money, with capital as yearly charges. Each bar changes "
            "one of its conventions into that of cash as it is paid.", "read",
        )
        + table(returns_table(valuation))
        + _list(reasons)
        + (details("Countries and sites", table(sites, dense=True)) if sites.rows else "")
        + '<div class="halves"><div>'
        + table(costs_table(valuation.costs, valuation.currency), dense=True)
        + f"</div><div>{_notes(valuation)}</div></div>"
    )  # fmt: skip


def _notes(valuation: Valuation) -> str:
    notes = list(valuation.notes)
    if not notes:
        return ""
    more = notes[_NOTES:]
    rest = details(f"{len(more)} more", _list(more)) if more else ""
    return f"<h3>What the numbers leave out</h3>{_list(notes[:_NOTES])}{rest}"


def _cash(valuation: Valuation) -> str:
    return (
        chart("value-sources", "Uses and sources of money")
        + chart("value-cash", "Cash in and out by year")
        + paragraph(
            "Nominal cash of the base case; the line is what owners have put in and taken out "
            "so far. Months, lines and sites are in plan.xlsx.", "read",
        )
        + chart("value-contracted", "Contracted and merchant revenue")
        + paragraph(contracted_words(valuation), "read")
        + _hedges(valuation)
    )  # fmt: skip


def _hedges(valuation: Valuation) -> str:
    said = list(hedge_words(valuation))
    return f"<h3>Hedges</h3>{_list(said)}" if said else ""


def _debt(valuation: Valuation) -> str:
    parts = []
    for debt in valuation.debts:
        service, cover = f"value-service-{debt.id}", f"value-cover-{debt.id}"
        parts.append(
            f"{paragraph(debt_words(debt, valuation.currency))}"
            '<div class="pair"><div>'
            f"{chart(service, 'Cash against debt service', paper_px=_PAPER_HALF)}</div><div>"
            f"{chart(cover, 'Cover by year', paper_px=_PAPER_HALF)}</div></div>"
            f"{_list(list(debt.breaches))}"
        )
    return (
        "".join(parts)
        + table(debts_table(valuation.debts, valuation.currency), dense=True)
        + paragraph(
            "Term debt is sized on contracted cash. What a lender asks beyond this is in "
            "lender.html, which leaves out what owners earn.", "read",
        )
    )  # fmt: skip


def _deals(valuation: Valuation) -> str:
    parts = []
    for deal in valuation.deals:
        irr = [
            f"{party.party}: {party.irr_reason}."
            for party in deal.parties
            if party.irr_reason and any(party.called)
        ]
        checks = paragraph(" ".join(f"{one.rstrip('.')}." for one in deal.checks), "quiet")
        parts.append(
            chart(f"value-deal-{deal.id}", f"Who gets what of {deal.id}")
            + table(parties_table(deal), dense=True)
            + _list(irr)
            + checks
        )
    return "".join(parts)


def _grid(names: list[tuple[str, str]], kind: str = "halves", px: int = _PAPER_HALF) -> str:
    """Return charts beside each other, "halves" or "three"."""
    cells = "".join(f"<div>{chart(name, label, paper_px=px)}</div>" for name, label in names)
    return f'<div class="{kind}">{cells}</div>' if cells else ""


def _futures(valuation: Valuation) -> str:
    risk, currency = valuation.risk, valuation.currency
    if risk is None:
        return ""
    figures = _risk_figures(valuation, risk)
    histograms = [
        (f"value-histogram-{name}", title)
        for name, title in _HISTOGRAMS.items()
        if f"value-histogram-{name}" in figures
    ]
    fans = [(f"value-fan-{fan.name}", fan_title(fan.name)) for fan in shown_fans(risk)]
    moves = [
        (name, label)
        for name, label in (
            ("value-drivers", "What moves value"), ("value-stresses", "Value in stresses")
        )
        if name in figures
    ]  # fmt: skip
    options = options_table(risk, currency)
    return (
        paragraph(futures_words(risk, currency), "lead")
        + _grid(histograms, "three", _PAPER_THIRD)
        + paragraph("Left of 0 the plan loses. Dotted: quantiles.", "read")
        + _grid(moves)
        + paragraph(
            "Left: mean value where a factor is in its lowest and its highest tenth, with its "
            "share of the variance. Right: one thing at a time goes wrong, all else as in the "
            "base case.", "read",
        )
        + (table(stresses_table(risk, currency), dense=True) if risk.stresses else "")
        + _grid(fans)
        + paragraph("Bands: quantiles over futures. Dotted: the base case.", "read")
        + table(spreads_table(risk, currency), dense=True)
        + (f"<h3>What owners may still decide</h3>{table(options)}" if options.rows else "")
        + (paragraph(error_words(risk.error), "proof") if risk.error else "")
        + paragraph(share_words(risk), "quiet")
        + paragraph(f"Outlook: {risk.source}" if risk.source else "", "quiet")
    )  # fmt: skip


def _region(valuation: Valuation) -> str:
    multiplied = [region_words(row) for row in valuation.region]
    return (
        paragraph(
            f"Direct value added, {valuation.currency} million. What is paid once and what "
            "comes every year are never added. Imported hardware and profit that leaves stay "
            "no value of the country.", "read",
        )
        + table(region_table(valuation.region, valuation.currency), dense=True)
        + _list(multiplied)
        + paragraph(valuation.ceiling, "proof")
    )  # fmt: skip


_SECTIONS: dict[str, Section] = {
    "value": ("What comes back", _worth),
    "cash": ("Cash, year by year", _cash),
    "debt": ("Debt", _debt),
    "deals": ("Who gets what", _deals),
    "futures": ("In many futures", _futures),
    "region": ("What stays in each country", _region),
}


def value_sections(valuation: Valuation) -> dict[str, Section]:
    """Return the sections of which there is something to say, by name: title and writer."""
    said = {
        "debt": valuation.debts,
        "deals": valuation.deals,
        "futures": valuation.risk,
        "region": valuation.region,
    }
    return {name: section for name, section in _SECTIONS.items() if said.get(name, True)}
