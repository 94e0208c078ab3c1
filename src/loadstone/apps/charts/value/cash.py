# SPDX-License-Identifier: Apache-2.0
"""Cash over time: what comes in and goes out by year, and how much of it is contracted."""

from math import isfinite

import numpy as np
import plotly.graph_objects as go

from loadstone.apps.charts.style import INK, LEASE, MINING, QUIET, framed
from loadstone.apps.charts.value.flows import contracted_share, flows_by_year
from loadstone.apps.charts.words import number, percent
from loadstone.model.finance.cash import CashTable

MILLION = 1e6
_LEGEND = {
    "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
    "traceorder": "normal", "entrywidth": 170,
}  # fmt: skip


def cash_figure(table: CashTable) -> go.Figure:
    """Return cash by calendar year, in above and out below, and the owners' cumulative cash.

    Args:
        table: All cash of the base case.
    """
    years = [str(year) for year in table.years]
    figure = go.Figure()
    for flow in flows_by_year(table):
        bar = go.Bar(
            x=years, y=flow.amounts / MILLION, name=flow.name, marker={"color": flow.colour},
            hovertemplate=f"{flow.name}, %{{x}}: {table.currency} %{{y:,.1f}} m<extra></extra>",
        )  # fmt: skip
        figure.add_trace(bar)
    standing = np.cumsum(table.by_year(table.total())) / MILLION
    line = go.Scatter(
        x=years, y=standing, name="owners' cash, cumulative", mode="lines+markers",
        line={"color": INK, "width": 2}, marker={"size": 6},
        hovertemplate=f"cumulative, %{{x}}: {table.currency} %{{y:,.1f}} m<extra></extra>",
    )  # fmt: skip
    figure.add_trace(line)
    figure.add_hline(y=0, line={"color": INK, "width": 1})
    return framed(
        figure, "Cash in and out by year", height=430, barmode="relative", bargap=0.35,
        margin={"l": 64, "r": 8, "t": 40, "b": 96}, legend=_LEGEND,
        xaxis={"type": "category"},
        yaxis={"title": {"text": f"{table.currency} m, nominal"}, "tickformat": ",d"},
    )  # fmt: skip


def contracted_figure(table: CashTable) -> go.Figure:
    """Return revenue by calendar year, contracted and merchant apart.

    Args:
        table: All cash of the base case.
    """
    years = [str(year) for year in table.years]
    owed = table.by_year(table.total("revenue", contracted=True)) / MILLION
    whole = table.by_year(table.total("revenue")) / MILLION
    shares = contracted_share(table)
    words = [percent(float(share)) if isfinite(share) else "" for share in shares]
    figure = go.Figure()
    for name, amounts, colour in (
        ("contracted", owed, LEASE), ("at market prices", whole - owed, MINING),
    ):  # fmt: skip
        bar = go.Bar(
            x=years,
            y=amounts,
            name=name,
            marker={"color": colour},
            hovertemplate=f"{name}, %{{x}}: {table.currency} %{{y:,.1f}} m<extra></extra>",
        )
        figure.add_trace(bar)
    figure.add_trace(
        go.Scatter(
            x=years, y=whole, mode="text", text=words, textposition="top center",
            textfont={"size": 11, "color": QUIET}, showlegend=False, hoverinfo="skip",
            cliponaxis=False,
        )
    )  # fmt: skip
    most = float(whole.max(initial=0.0)) or 1.0
    return framed(
        figure, "Revenue that contracts promise", height=290, barmode="stack", bargap=0.35,
        margin={"l": 56, "r": 8, "t": 40, "b": 52}, xaxis={"type": "category"},
        legend={**_LEGEND, "entrywidth": 130},
        yaxis={
            "range": [0, 1.14 * most], "title": {"text": f"{table.currency} m"},
            "tickformat": ",d",
        },
    )  # fmt: skip


def sources_figure(
    uses: dict[str, float], sources: dict[str, float], currency: str
) -> go.Figure:
    """Return uses and sources of money as two bars of equal length.

    Args:
        uses: What is paid for, network currency.
        sources: Who gives it, network currency.
        currency: Network currency.
    """
    shades = {
        "Uses": ("#b5654a", "#cf8f73", "#8c4a35", "#e2bda9", "#6d6a75", "#a7a3ae"),
        "Sources": ("#2b6a9e", "#8a6fa8", "#6d9cc2", "#b9aacb", "#184a73", "#a9c5dc"),
    }
    figure = go.Figure()
    whole = max(sum(uses.values()), sum(sources.values())) or 1.0
    for side, rows in (("Sources", sources), ("Uses", uses)):
        for i, (name, amount) in enumerate(rows.items()):
            wide = amount > 0.12 * whole
            told = f"{name}<br>{number(amount / MILLION, 1)}" if wide else ""
            bar = go.Bar(
                y=[side], x=[amount / MILLION], orientation="h", name=name, showlegend=not wide,
                marker={"color": shades[side][i % 6], "line": {"color": "#fff", "width": 1}},
                text=[told], textposition="inside", insidetextanchor="middle",
                textangle=0, textfont={"size": 11},
                hovertemplate=f"{name}: {currency} %{{x:,.1f}} m<extra></extra>",
            )  # fmt: skip
            figure.add_trace(bar)
    return framed(
        figure, "Uses and sources over the horizon", height=230,
        barmode="stack", bargap=0.25, margin={"l": 64, "r": 8, "t": 40, "b": 80},
        legend={**_LEGEND, "entrywidth": None},
        xaxis={"tickformat": ",d", "title": {"text": f"{currency} m"}},
        uniformtext={"minsize": 9, "mode": "hide"},
    )  # fmt: skip
