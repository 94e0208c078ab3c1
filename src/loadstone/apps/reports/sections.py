# SPDX-License-Identifier: Apache-2.0
"""The sections of the report, each as HTML."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from loadstone.apps.charts.words import money, number
from loadstone.apps.reports.decision import committee_page, month_section
from loadstone.apps.reports.figures import crowded_countries, last_dispatch, site_choices
from loadstone.apps.reports.markup import badge, chart, choice, details, paragraph, table
from loadstone.apps.reports.sentences import (
    STATUS,
    capex_of,
    gap_words,
    headline,
    idle_at_end,
    not_built,
    power_at_end,
    proof,
    resting_words,
    running,
    running_sites,
    synthetic_inputs,
    value_means,
)
from loadstone.apps.reports.tables import (
    Table,
    builds_by_country,
    economics,
    gates,
    limits,
    offers,
    rules,
)
from loadstone.apps.reports.terms import GLOSSARY
from loadstone.apps.reports.value import TITLE, uncertain_section, value_sections
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch, phase_name
from loadstone.model.uncertainty import Uncertainty
from loadstone.model.valuation import Valuation

_LIMITS_SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a report is about.

    Attributes:
        plan: The plan.
        network: The network it is a plan of.
        dispatch: Its hours.
        verification: What `loadstone verify` found, as text; None where it has not run.
        decision: What stands beside the plan; None where nobody looked.
        valuation: What it is worth as cash; None where nobody has valued it.
        uncertainty: What is decided over futures; None where it was planned for one.
    """

    plan: Plan
    network: Network
    dispatch: tuple[SiteDispatch, ...]
    verification: str | None
    decision: Decision | None = None
    valuation: Valuation | None = None
    uncertainty: Uncertainty | None = None


def _cards(plan: Plan) -> str:
    power = power_at_end(plan)
    last = phase_name(plan.phases[-1])
    cards = (
        ("", money(plan.objective, plan.currency), "value of the plan"),
        ("", money(capex_of(plan), plan.currency), "to build, all phases"),
        ("mining", f"{number(power.mining_mw)} MW", f"miners in {last}"),
        ("ai", f"{number(power.ai_mw)} MW", f"AI servers in {last}"),
        ("", f"{len(running_sites(plan))} of {len(plan.sites)}", f"sites run in {last}"),
        ("", gap_words(plan.gap), "between this plan and the best possible"),
    )
    return '<div class="cards">' + "".join(
        f'<div class="card {kind}"><b>{escape(figure)}</b><span>{escape(text)}</span></div>'
        for kind, figure, text in cards
    ) + "</div>"  # fmt: skip


def _header(subject: Subject) -> str:
    plan, study = subject.plan, subject.network.study
    inputs = synthetic_inputs(plan)
    warning = ""
    if inputs:
        rests = "; ".join(resting_words(r) for r in plan.resting if r.input in inputs)
        warning = paragraph(
            f"Read with care: some inputs are synthetic years, not observations ({rests}).",
            "warning",
        )
    nav = _links(subject)
    if subject.decision is not None:
        return (
            committee_page(plan, subject.decision, subject.network, warning)
            + f'<div class="after">{paragraph(proof(plan), "proof")}{nav}</div>'
        )
    return (
        '<header><p class="kicker">Loadstone · plan of a network</p>'
        f"<h1>{escape(study.name)}</h1>"
        f"{paragraph(study.description, 'quiet')}"
        f"{paragraph(headline(plan), 'lead')}"
        f"{paragraph(proof(plan), 'proof')}{_cards(plan)}{warning}{nav}</header>"
    )


def _links(subject: Subject) -> str:
    links = " ".join(
        f'<a href="#{name}">{escape(title)}</a>' for name, (title, _) in _shown(subject).items()
    )
    return f"<nav>{links}</nav>"


def _map(subject: Subject) -> str:
    closer = "".join(
        chart(f"map-{code}", f"Map of the sites in {code}")
        for code in crowded_countries(subject.network)
    )
    return chart("map", "Map of the sites") + closer + paragraph(
        "Each circle is a site: the larger, the more MW. Amber mines bitcoin, blue computes "
        "for AI, the shades between do both. Small grey ones are connected but idle, hollow "
        "ones were looked at and not built. "
        "Point at a circle for its figures. Borders are those of the source and claim nothing.",
        "read",
    )  # fmt: skip


def _builds(subject: Subject) -> str:
    plan, network = subject.plan, subject.network
    return (
        chart("timeline", "Open sites over time")
        + paragraph(
            "Each bar is a phase of a site, with its MW: the larger of grid connection and "
            "machines. A site starts where its bar starts.", "read",
        )
        + chart("capacity", "MW by phase")
        + "<h3>What is added</h3>"
        + table(builds_by_country(plan, network))
        + paragraph(idle_at_end(plan, network), "quiet")
        + paragraph(not_built(plan, network), "quiet")
    )  # fmt: skip


def _merit(subject: Subject) -> str:
    plan, network = subject.plan, subject.network
    choices = site_choices(plan, subject.dispatch, network)
    shown = last_dispatch(plan, subject.dispatch)
    all_sites = Table(
        columns=("Site", "How it runs"), numeric=(False, False),
        rows=tuple((choices[hours.site], running(plan, network, hours)) for hours in shown),
    )  # fmt: skip
    return (
        paragraph(
            "All hours of a year, sorted: the dearest hour at the left, the cheapest at the "
            "right. A machine is worth running while what a MWh earns in it (dashed line) is "
            "above what the MWh costs (grey). Below stands what does run in the same hours: "
            "what earns least stops first.",
            "read",
        )
        + choice(choices)
        + '<p class="finding" data-finding></p>'
        + chart("merit", "Machines over the sorted price", per_site=True)
        + paragraph(
            "What a MWh earns is the plan's revenue over the energy drawn, cooling included, "
            "before levies, value-added tax and tax on income: where these take a part, "
            "machines stop at a lower price. Bans, promises to customers and demand charges "
            "move it too.",
            "read",
        )
        + (details("All sites in words", table(all_sites)) if len(shown) > 1 else "")
    )


def _year(subject: Subject) -> str:
    choices = site_choices(subject.plan, subject.dispatch, subject.network)
    return (
        paragraph(
            "Every column is a day, every row an hour of the day in local standard time. Where "
            "the price is dark, power is dear; where amber or blue turn pale, machines stand "
            "still.", "read",
        )
        + choice(choices)
        + chart("year", "Every hour of the year", per_site=True)
    )  # fmt: skip


def _limits(subject: Subject) -> str:
    whole = limits(subject.plan)
    if not whole.rows:
        return paragraph("Nothing does: more of any limit would not raise the value.")
    intro = paragraph(
        "If a limit were one unit wider, the whole plan would be worth this much more. The "
        "value holds for small changes only: the tenth more MW may be worth less than the "
        "first.", "read",
    )  # fmt: skip
    first = Table(columns=whole.columns, numeric=whole.numeric, rows=whole.rows[:_LIMITS_SHOWN])
    rest = Table(columns=whole.columns, numeric=whole.numeric, rows=whole.rows[_LIMITS_SHOWN:])
    more = details(f"{len(rest.rows)} more limits", table(rest)) if rest.rows else ""
    return intro + table(first) + more


def _rules(subject: Subject) -> str:
    found = rules(subject.plan, subject.network)
    if not found.rows:
        return paragraph("No dated rule and no clause stopped a machine in this plan.")
    return paragraph(
        "Laws, contracts and clauses that forbade something in some hours of the plan, and "
        "where each is written. This is not legal advice.", "read",
    ) + table(found, marked={5: badge})  # fmt: skip


def _money(subject: Subject) -> str:
    plan = subject.plan
    heads = (("", 1), ("MW", 3), ("Revenue a year", 3), ("Cost a year", 5), ("", 2))
    return (
        paragraph(
            f"The year {phase_name(plan.phases[-1])} of each site in {plan.currency} million, "
            "real money. Capital is the yearly charge for everything that stands there and was "
            "built by the plan. Hosting is in mining, leases are in AI. The value in the last "
            "column is over all years, discounted; sites add up to the value of the plan. A "
            "site may show a negative value where it owes "
            "something it cannot drop.", "read",
        )
        + table(economics(plan, subject.network, plan.phases[-1]), heads=heads, dense=True)
    )  # fmt: skip


def _evidence(subject: Subject) -> str:
    lines = "".join(f"<li>{escape(resting_words(r))}</li>" for r in subject.plan.resting)
    return (
        paragraph(
            "Observed values were measured or published. Filled ones close a gap. Synthetic "
            "ones follow the statistics of a place but never happened. The user's are taken as "
            "stated. The upper bar counts hours, the lower the money that flows through them.",
            "read",
        )
        + chart("provenance", "Provenance of the inputs")
        + (f"<ul>{lines}</ul>" if lines else "")
    )


def _assumptions(subject: Subject) -> str:
    if not subject.plan.assumptions:
        return paragraph("None beyond the inputs themselves.")
    lines = "".join(f"<li>{escape(text)}</li>" for text in subject.plan.assumptions)
    return f"<ul>{lines}</ul>"


def _sureness(subject: Subject) -> str:
    plan = subject.plan
    text = paragraph(f"The search ended: {STATUS[plan.status]}. {proof(plan)}") + paragraph(
        "The proof is about arithmetic: given these inputs, nothing better exists. It does not "
        "make the inputs right. Prices, rules and demand can turn out otherwise; the two "
        "sections before this one say on what they rest."
    )
    facts = Table(
        columns=("", f"{plan.currency}"), numeric=(False, True),
        rows=(
            ("Value of this plan", number(plan.objective, 2)),
            ("No plan is worth more than", number(plan.bound, 2)),
            ("Gap", f"{plan.gap:.2e}"),
            ("Method", plan.method),
        ),
    )  # fmt: skip
    checked = (
        f"<h3>Proved again</h3><pre>{escape(subject.verification)}</pre>"
        if subject.verification
        else paragraph("Not proved again yet: `loadstone verify` does that.", "quiet")
    )
    return text + table(facts) + checked


def _glossary(subject: Subject) -> str:
    rows = "".join(f"<dt>{escape(t)}</dt><dd>{escape(m)}</dd>" for t, m in GLOSSARY)
    return f"{paragraph(value_means(subject.network))}<dl>{rows}</dl>"


def _months(subject: Subject) -> str:
    decision = subject.decision
    return "" if decision is None else month_section(decision)


def _offers(subject: Subject) -> str:
    return paragraph(
        "What tenants and owners of miners offer, whether the plan takes it, from when, and "
        "why not. The plan takes an offer where the whole plan is worth more with it.", "read",
    ) + table(offers(subject.plan, subject.network))  # fmt: skip


def _gates(subject: Subject) -> str:
    return paragraph(
        "What has to be settled before a site may be built for a use. The plan takes the day "
        "as given and does not weigh by how likely it is: that is for whoever decides.", "read",
    ) + table(gates(subject.plan, subject.network))  # fmt: skip


Section = tuple[str, Callable[[Subject], str]]
SECTIONS: dict[str, Section] = {
    "where": ("Where", _map),
    "builds": ("What to build, and when", _builds),
    "months": ("Month by month", _months),
    "offers": ("Offers", _offers),
    "gates": ("What sites wait for", _gates),
    "merit": ("When machines run", _merit),
    "year": ("A year at a glance", _year),
    "limits": ("What limits the plan", _limits),
    "rules": ("Rules that bit", _rules),
    "money": ("Each site in money", _money),
    "evidence": ("What it rests on", _evidence),
    "assumptions": ("Assumptions and warnings", _assumptions),
    "sure": ("How sure is it", _sureness),
    "words": ("Words", _glossary),
}


def _shown(subject: Subject) -> dict[str, Section]:
    """Return the sections of which there is something to say."""
    decision = subject.decision
    said = {
        "months": decision is not None and decision.months,
        "offers": subject.plan.offers,
        "gates": subject.plan.gates,
    }
    shown = {name: section for name, section in SECTIONS.items() if said.get(name, True)}
    before = {name: shown.pop(name) for name in ("where", "builds")}
    return {**before, **_over_futures(subject), **_valued(subject), **shown}


def _over_futures(subject: Subject) -> dict[str, Section]:
    found = subject.uncertainty
    return {} if found is None else {"now": (TITLE, lambda _: uncertain_section(found))}


def _valued(subject: Subject) -> dict[str, Section]:
    valuation = subject.valuation
    if valuation is None:
        return {}
    return {
        name: (title, _of_value(write, valuation))
        for name, (title, write) in value_sections(valuation).items()
    }


def _of_value(
    write: Callable[[Valuation], str], valuation: Valuation
) -> Callable[[Subject], str]:
    """Return a writer of a section of value as one of the plan's sections."""
    return lambda _: write(valuation)


def sections(subject: Subject) -> str:
    """Return the head and all sections of the report as HTML."""
    parts = [_header(subject)]
    for name, (title, write) in _shown(subject).items():
        head = f"<h2>{escape(title)}</h2>"
        parts.append(f'<section id="{name}">{head}{write(subject)}</section>')
    return "\n".join(parts)
