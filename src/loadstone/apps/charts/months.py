# SPDX-License-Identifier: Apache-2.0
"""Month by month at one site: energised, leased, drawn and mined; and what fills which gap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from loadstone.apps.charts.style import (
    AI,
    GRID,
    HOSTING,
    INK,
    LEASE,
    MINING,
    framed,
)
from loadstone.apps.charts.words import number
from loadstone.model.decision import Month

_LEAST_MW = 0.05
_LEAST_MONTHS = 4  # a gap shorter than that has no room for words


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """What miners of the site and of others draw in a month, by the gap that they fill, MW.

    Attributes:
        before_mw: Before tenants or servers draw anything.
        reserve_mw: In power that is energised but not firm.
        undrawn_mw: In the part of a lease that the tenant does not draw.
        free_mw: In firm power that nobody else has reserved.
    """

    before_mw: float = 0.0
    reserve_mw: float = 0.0
    undrawn_mw: float = 0.0
    free_mw: float = 0.0


def ai_starts(months: Sequence[Month]) -> str | None:
    """Return the first month in which tenants or own servers draw power; None for never."""
    for month in months:
        if month.leased_drawn_mw + month.cloud_mw > _LEAST_MW:
            return month.month
    return None


def fills(months: Sequence[Month]) -> tuple[Fill, ...]:
    """Return what the miners fill, month by month.

    What is drawn above firm power counts as reserve first, then what lies in the undrawn part
    of the lease; the rest is free firm power.

    Args:
        months: Months of one site in their order.
    """
    start = ai_starts(months)
    found = []
    for month in months:
        mined = month.mining_mw + month.hosting_mw
        if start is None or month.month < start:
            found.append(Fill(before_mw=mined) if start else Fill(free_mw=mined))
            continue
        drawn = mined + month.leased_drawn_mw + month.cloud_mw
        reserve = min(mined, max(drawn - month.firm_mw, 0.0))
        undrawn = min(mined - reserve, max(month.leased_mw - month.leased_drawn_mw, 0.0))
        found.append(
            Fill(reserve_mw=reserve, undrawn_mw=undrawn, free_mw=mined - reserve - undrawn)
        )
    return tuple(found)


_AREAS: tuple[tuple[str, Callable[[Month], float], str], ...] = (
    ("leased and drawn", lambda m: m.leased_drawn_mw, LEASE),
    ("cloud", lambda m: m.cloud_mw, AI),
    ("mining", lambda m: m.mining_mw, MINING),
    ("hosting", lambda m: m.hosting_mw, HOSTING),
)
_LINES: tuple[tuple[str, Callable[[Month], float], str, str, float], ...] = (
    ("energised", lambda m: m.energised_mw, INK, "solid", 2.4),
    ("firm", lambda m: m.firm_mw, GRID, "solid", 1.2),
    ("leased", lambda m: m.leased_mw, "#2c2b63", "dash", 1.8),
)


def _words(figure: go.Figure, months: Sequence[Month]) -> None:
    """Name the gaps in the picture, where there is room."""
    start = ai_starts(months)
    before = [month for month in months if start is None or month.month < start]
    after = months[len(before) :]
    look = {
        "showarrow": False, "font": {"size": 12, "color": INK},
        "bgcolor": "rgba(255,255,255,0.78)", "borderpad": 3,
    }  # fmt: skip
    if start and len(before) >= _LEAST_MONTHS and before[-1].mining_mw > _LEAST_MW:
        figure.add_annotation(
            x=before[len(before) // 2].month, y=before[len(before) // 2].energised_mw / 2,
            text="miners run before<br>the AI halls open", **look,
        )  # fmt: skip
    if len(after) < _LEAST_MONTHS:
        return
    middle, filled = after[len(after) // 2], fills(months)[len(before) + len(after) // 2]
    leased = middle.leased_mw > _LEAST_MW
    for shown, y, text in (
        (filled.reserve_mw, (middle.firm_mw + middle.energised_mw) / 2,
         "miners in the reserve that is not firm"),
        (filled.undrawn_mw if leased else 0.0, (middle.leased_drawn_mw + middle.leased_mw) / 2,
         "miners in what the tenant does not draw"),
        (middle.leased_drawn_mw, middle.leased_drawn_mw / 2, "the tenant"),
    ):  # fmt: skip
        if shown > 0.04 * middle.energised_mw:
            figure.add_annotation(x=middle.month, y=y, text=text, **look)


def month_by_month(months: Sequence[Month], site: str) -> go.Figure:
    """Return who draws a site's power in the mean hour of each month.

    Args:
        months: Months of one site in their order.
        site: What people call the site.
    """
    names = [month.month for month in months]
    figure = go.Figure()
    for name, of, colour in _AREAS:
        amounts = [of(month) for month in months]
        if max(amounts, default=0.0) < _LEAST_MW:
            continue
        bar = go.Bar(
            x=names, y=amounts, name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate="%{fullData.name}, %{x}: %{y:,.1f} MW<extra></extra>",
        )  # fmt: skip
        figure.add_trace(bar)
    for name, at, colour, dash, width in _LINES:
        amounts = [at(month) for month in months]
        if max(amounts, default=0.0) < _LEAST_MW:
            continue
        # what is not there yet has no line
        shown = [amount if amount >= _LEAST_MW else None for amount in amounts]
        line = go.Scatter(
            x=names, y=shown, name=name, mode="lines",
            line={"color": colour, "width": width, "dash": dash, "shape": "hvh"},
            hovertemplate="%{fullData.name}, %{x}: %{y:,.1f} MW<extra></extra>",
        )  # fmt: skip
        figure.add_trace(line)
    _words(figure, months)
    most = max((month.energised_mw for month in months), default=1.0)
    # a tick for each year, named in its first month that is shown
    years = {month.month[:4]: month.month for month in reversed(months)}
    return framed(
        figure, f"{site}, month by month: who draws the {number(most)} MW", height=430,
        barmode="stack", bargap=0.0, margin={"l": 58, "r": 12, "t": 76, "b": 40},
        xaxis={
            "type": "category", "tickvals": list(years.values()), "ticktext": list(years),
            "showgrid": False,
        },
        yaxis={"range": [0, 1.1 * most], "title": {"text": "MW, mean hour, at the meter"}},
    )  # fmt: skip
