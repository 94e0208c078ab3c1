# SPDX-License-Identifier: Apache-2.0
"""Figures of the committee page: power by use, and value where one number is another."""

from collections.abc import Sequence
from itertools import pairwise

import plotly.graph_objects as go

from loadstone.apps.charts.style import (
    AI,
    GRID,
    HOSTING,
    INK,
    LEASE,
    MINING,
    QUIET,
    UNDRAWN,
    framed,
)
from loadstone.apps.charts.words import number, percent
from loadstone.engines.plan.lower.economy import Economy
from loadstone.model.decision import Decision, Sensitivity, UseYear
from loadstone.model.network import Network
from loadstone.model.plan import phase_name

MILLION = 1e6
_LEAST_MW = 0.05
_TITLES = {
    "hashprice": ("Value over hashprice", "hashprice in all years, USD/PH/day"),
    "ai_price": ("Value over AI prices", "AI prices over the outlook's"),
    "power_price": ("Value over power prices", "energy prices over the outlook's"),
}
_LINES = {"hashprice": MINING, "ai_price": AI, "power_price": GRID}


def outlook_hashprices(network: Network) -> tuple[float, ...]:
    """Return the mean hashprice of each phase in the outlook, USD/PH/day."""
    economy = Economy(network)
    return tuple(economy.hashprice(p) for p in range(len(network.study.phases)))


def _idle(year: UseYear) -> float:
    """Return what of the undrawn part of the leases nobody else draws either, MW."""
    drawn = year.leased_drawn_mw + year.cloud_mw + year.mining_mw + year.hosting_mw
    undrawn = year.leased_mw - year.leased_drawn_mw
    return max(min(undrawn, year.energised_mw - drawn), 0.0)


def use_bars(uses: Sequence[UseYear]) -> go.Figure:
    """Return the power of each use in a mean hour, phase by phase, against what is energised.

    Args:
        uses: Power by use, by phase.
    """
    phases = [phase_name(year.phase) for year in uses]
    rows = (
        ("leased, drawn", [year.leased_drawn_mw for year in uses], LEASE, ""),
        ("cloud", [year.cloud_mw for year in uses], AI, ""),
        ("mining", [year.mining_mw for year in uses], MINING, ""),
        ("hosting", [year.hosting_mw for year in uses], HOSTING, ""),
        ("leased, idle", [_idle(year) for year in uses], UNDRAWN, "/"),
    )
    figure = go.Figure()
    for name, amounts, colour, shape in rows:
        if max(amounts, default=0.0) < _LEAST_MW:
            continue
        pattern = {"shape": shape, "fgcolor": LEASE, "size": 5, "solidity": 0.18}
        bar = go.Bar(
            x=phases, y=amounts, name=name,
            marker={"color": colour, "pattern": pattern if shape else None},
            text=[number(amount) if amount >= _LEAST_MW else "" for amount in amounts],
            textposition="inside", insidetextanchor="middle", textangle=0,
            textfont={"size": 11, "color": INK if colour in {HOSTING, UNDRAWN} else "#ffffff"},
            hovertemplate="%{fullData.name}, %{x}: %{y:,.1f} MW<extra></extra>",
        )  # fmt: skip
        figure.add_trace(bar)
    energised = [year.energised_mw for year in uses]
    line = go.Scatter(
        x=phases, y=energised, name="energised", mode="lines+markers+text",
        line={"color": INK, "width": 1.4, "dash": "dot"},
        marker={"symbol": "line-ew-open", "size": 30, "line": {"width": 2.6, "color": INK}},
        text=[number(mw) for mw in energised], textposition="top center",
        textfont={"size": 11, "color": INK}, cliponaxis=False,
        hovertemplate="energised, %{x}: %{y:,.1f} MW<extra></extra>",
    )  # fmt: skip
    figure.add_trace(line)
    most = max(energised, default=1.0)
    framed(
        figure, "MW by use against energised MW", height=300, barmode="stack", bargap=0.42,
        margin={"l": 52, "r": 8, "t": 40, "b": 66},
        legend={
            "orientation": "h", "x": 0, "y": -0.12, "yanchor": "top", "entrywidth": 92,
            "traceorder": "normal",
        },
        uniformtext={"minsize": 9, "mode": "hide"},
        yaxis={"range": [0, 1.14 * most], "title": {"text": "MW, mean hour, at the meter"}},
        xaxis={"type": "category"},
    )  # fmt: skip
    return figure


def _marks(figure: go.Figure, network: Network) -> None:
    """Mark the hashprices of the outlook by their years."""
    prices = outlook_hashprices(network)
    phases = [phase_name(phase.at) for phase in network.study.phases]
    for price in prices:
        figure.add_vline(x=price, line={"color": MINING, "width": 1, "dash": "dot"})
    ends = {phases[0]: prices[0], phases[-1]: prices[-1]}
    low = min(ends, key=lambda name: ends[name])
    for name, price in ends.items():
        figure.add_annotation(
            x=price, y=0, yref="paper", yanchor="bottom", text=name, showarrow=False,
            xanchor="right" if name == low and len(ends) > 1 else "left",
            font={"size": 10, "color": "#8a5a10"},
        )  # fmt: skip


def _points(decision: Decision, factor: str) -> list[Sensitivity]:
    found = [one for one in decision.sensitivities if one.factor == factor]
    return sorted(found, key=lambda one: one.at)


def _zeros(points: Sequence[Sensitivity]) -> list[float]:
    """Return where the value crosses 0, linear between the numbers tried."""
    return [
        one.at + (two.at - one.at) * one.value / (one.value - two.value)
        for one, two in pairwise(points)
        if (one.value < 0) != (two.value < 0)
    ]


def sensitivity_figure(
    decision: Decision, factor: str, network: Network, *, value: float
) -> go.Figure:
    """Return the value of the plan where one number is another.

    All figures of one decision have the same scale of value, so that slopes compare.

    Args:
        decision: What stands beside the plan.
        factor: "hashprice", "ai_price" or "power_price".
        network: For the hashprices of the outlook, which are marked.
        value: Value of the plan as it stands, network currency.
    """
    points, currency = _points(decision, factor), network.study.currency
    shown = [one.value / MILLION for one in points]
    every = [one.value / MILLION for one in decision.sensitivities] + [value / MILLION, 0.0]
    margin = 0.08 * (max(every) - min(every) or 1.0)
    title, axis = _TITLES[factor]
    hover = "%{x:g}" if factor == "hashprice" else "%{x:.0%}"
    figure = go.Figure(
        go.Scatter(
            x=[one.at for one in points], y=shown, mode="lines+markers", showlegend=False,
            line={"color": _LINES[factor], "width": 2}, marker={"size": 5},
            hovertemplate=f"{hover}: {currency} %{{y:,.1f}} m<extra></extra>",
        )
    )  # fmt: skip
    figure.add_hline(y=0, line={"color": INK, "width": 1})
    if factor == "hashprice":
        _marks(figure, network)
    elif points:
        figure.add_hline(y=value / MILLION, line={"color": QUIET, "width": 1, "dash": "dot"})
    for at in _zeros(points):
        figure.add_trace(
            go.Scatter(
                x=[at], y=[0], mode="markers+text", showlegend=False, hoverinfo="skip",
                marker={"symbol": "circle-open", "size": 9, "color": INK, "line": {"width": 2}},
                text=[f"{at:.3g}" if factor == "hashprice" else percent(at)],
                textposition="top right", textfont={"size": 11, "color": INK},
            )
        )  # fmt: skip
    ticks = {} if factor == "hashprice" else {"tickformat": ".0%"}
    return framed(
        figure, title, height=210, margin={"l": 58, "r": 10, "t": 36, "b": 40},
        xaxis={"title": {"text": axis, "standoff": 6}, "nticks": 7, **ticks},
        yaxis={
            "range": [min(every) - margin, max(every) + margin],
            "title": {"text": f"{currency} m"}, "nticks": 6, "tickformat": ",d",
        },
    )  # fmt: skip
