# SPDX-License-Identifier: Apache-2.0
"""The proof of an event as a page: what was asked, what was metered, what was delivered."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from loadstone.apps.charts.event import event_figure
from loadstone.apps.charts.style import Figure
from loadstone.apps.reports.markup import badge, chart, details, paragraph, table
from loadstone.apps.reports.tables import Table
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.proof import Baseline, Proof

METHODS = {
    "meter-before-after": "The meter just before the event is the baseline.",
    "matching-day-pair": "The baseline is the mean of days that, with the day before, were "
    "most like the day of the event.",
    "middle-8-of-10": "The baseline is the mean of the middle 8 of the last 10 like days.",
}
UNKNOWN = "not known"


def asked_words(event: Event) -> str:
    """Return what an event asks, in words."""
    if event.kind is EventKind.STOP:
        return "stop every machine"
    if event.kind is EventKind.TO_MW:
        return f"at most {event.mw:g} MW at the meter"
    return f"{event.mw:g} MW less than the baseline"


def megawatts(value: float | None, unit: str = "") -> str:
    """Return a power or energy with three digits behind the point, or that it is not known."""
    return UNKNOWN if value is None else f"{value:,.3f}{unit}"


def summary(proof: Proof) -> str:
    """Return what the proof says, in one or two sentences."""
    known = [one for one in proof.intervals if one.kept is not None]
    kept = sum(one.kept is True for one in known)
    said = f"Delivered {megawatts(proof.delivered_mwh, ' MWh')}"
    if proof.obliged_mwh is not None:
        said += f" where {megawatts(proof.obliged_mwh, ' MWh')} were owed"
    said += "."
    if known:
        said += f" What was asked was kept in {kept} of {len(known)} intervals."
    if proof.unknown_s:
        said += f" In {proof.unknown_s:,.0f} s of the event delivery is not known."
    return said


def proof_figures(proof: Proof) -> Mapping[str, Figure]:
    """Return the figures of the page by name."""
    return {"event": event_figure(proof)}


def proof_body(proof: Proof) -> str:
    """Return the page as HTML, without the head of a document."""
    event = proof.event
    simulated = f" {badge('low').replace('low</span>', 'SIMULATED</span>')}"
    return (
        '<header><p class="kicker">Loadstone · proof of an event</p>'
        f"<h1>{escape(event.id)}{simulated if proof.simulated else ''}</h1>"
        + paragraph(f"{event.site}: {asked_words(event)}. {summary(proof)}", "lead")
        + (
            paragraph("Machines and meter of this event were simulated: it proves nothing.")
            if proof.simulated
            else ""
        )
        + f"</header>{_cards(proof)}"
        + f"<section>{chart('event', 'The meter, the baseline and the limit')}</section>"
        + f'<section class="halves"><div><h2>What happened</h2>{table(timeline(proof))}</div>'
        + f"<div><h2>Machines</h2>{table(outcomes(proof))}</div></section>"
        + f"<section><h2>Intervals</h2>{table(intervals(proof))}</section>"
        + _baseline(proof)
        + _record(proof)
    )


def _cards(proof: Proof) -> str:
    confirmed = proof.outcomes.get("confirmed", 0)
    machines = sum(proof.outcomes.values())
    penalty = UNKNOWN if proof.penalty is None else f"{proof.penalty:,.2f}"
    cards = (
        (megawatts(proof.delivered_mwh), "MWh delivered"),
        (megawatts(proof.obliged_mwh), "MWh owed"),
        (megawatts(proof.shortfall_mwh), "MWh short"),
        (penalty, "penalty by the event's own rate"),
        (f"{confirmed:,} of {machines:,}", "machines confirmed stopped or capped"),
        (f"{proof.unknown_s:,.0f} s", "of the event not known"),
    )
    return '<div class="cards">' + "".join(
        f'<div class="card"><b>{escape(figure)}</b><span>{escape(text)}</span></div>'
        for figure, text in cards
    ) + "</div>"  # fmt: skip


def local_time(at_s: float, zone: str) -> str:
    """Return a moment in local time with its offset."""
    at = datetime.fromtimestamp(at_s, ZoneInfo(zone))
    return f"{at:%Y-%m-%d %H:%M:%S} {at:%z}"


def timeline(proof: Proof) -> Table:
    """Return what happened when."""
    rows = tuple((local_time(one.at_s, proof.zone), one.what) for one in proof.timeline)
    return Table(columns=("Time", "What"), numeric=(False, False), rows=rows)


def outcomes(proof: Proof) -> Table:
    """Return machines by outcome, and the reasons of those not confirmed."""
    rows: list[tuple[str, ...]] = [
        (how, f"{count:,}") for how, count in sorted(proof.outcomes.items())
    ]
    if proof.reasons:
        rows.append(("Why not confirmed",))
        rows += [(why, f"{count:,}") for why, count in sorted(proof.reasons.items())]
    if not rows:
        rows.append(("no machine was told", "0"))
    return Table(columns=("Outcome", "Machines"), numeric=(False, True), rows=tuple(rows))


def intervals(proof: Proof) -> Table:
    """Return metered, baseline, delivered and owed power of each interval."""
    words = {True: "yes", False: "no", None: UNKNOWN}
    rows = tuple(
        (
            local_time(one.starts_s, proof.zone),
            f"{one.ends_s - one.starts_s:,.0f}",
            megawatts(one.metered_mw),
            f"{one.covered:.0%}",
            megawatts(one.baseline_mw),
            megawatts(one.delivered_mw),
            megawatts(one.obliged_mw),
            words[one.kept],
        )
        for one in proof.intervals
    )
    heads = ("From", "Seconds", "Meter, MW", "Metered", "Baseline, MW", "Delivered, MW",
             "Owed, MW", "Kept")  # fmt: skip
    return Table(columns=heads, numeric=(False, *[True] * 7), rows=rows)


def fit_words(baseline: Baseline) -> str:
    """Return how a baseline was fitted, in words."""
    if baseline.adjustment == "none":
        return "It is not fitted to the day of the event."
    if baseline.metered_before_mw is None or baseline.baseline_before_mw is None:
        return f"It should have been fitted ({baseline.adjustment})."
    by = f"a factor of {baseline.factor:.4f}"
    if baseline.adjustment == "additive":
        by = f"{baseline.offset_mw:+.3f} MW"
    return (
        f"In the hours of the fit the meter showed {baseline.metered_before_mw:.3f} MW and the "
        f"like days {baseline.baseline_before_mw:.3f} MW: it is moved by {by}."
    )


def _baseline(proof: Proof) -> str:
    baseline = proof.baseline
    said = f"{METHODS[baseline.method]} {fit_words(baseline)}"
    if baseline.missing:
        said += f" {baseline.missing[0].upper()}{baseline.missing[1:]}."
    if baseline.days and proof.event.method.holidays:
        holidays = ", ".join(map(str, proof.event.method.holidays))
        said += f" Holidays that count as days of a weekend: {holidays}."
    days = Table(
        columns=("Day", "Energy, MWh", "Apart, MW", "Taken", "Why not"),
        numeric=(False, True, True, False, False),
        rows=tuple(
            (
                day.date,
                "–" if day.mwh is None else f"{day.mwh:,.2f}",
                "–" if day.distance is None else f"{day.distance:,.3f}",
                "yes" if day.taken else "no",
                day.reason,
            )
            for day in baseline.days
        ),
    )
    shown = details("Days that were looked at", table(days)) if baseline.days else ""
    return f"<section><h2>Baseline</h2>{paragraph(said)}{shown}</section>"


def _record(proof: Proof) -> str:
    return "<section><h2>Record</h2>" + paragraph(
        f"Made from the event as it was fixed on receipt, the readings of meter {proof.meter} "
        f"and the audit lines of the event. SHA-256 of all of them: {proof.record}. "
        f"`loadstone proof DIR --event {proof.event.id} --against proof.json` makes it again "
        "and compares.",
        "about",
    ) + "</section>"  # fmt: skip
