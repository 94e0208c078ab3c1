# SPDX-License-Identifier: Apache-2.0
"""Value over many futures: fans, histograms, what explains the spread, what goes wrong."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from loadstone.apps.charts.style import AI, GRID, INK, LEASE, MINING, QUIET, framed
from loadstone.apps.charts.words import number, percent
from loadstone.model.futures.risk import Driver, Fan, Spread, StressCase

MILLION = 1e6
_LESS, _MORE = "#b5654a", "#5c9a78"
_MARKED = ("0.05", "0.5", "0.95")


def _colour(name: str) -> str:
    kinds = {"ai": AI, "lease": LEASE, "power": GRID, "cash": "#2f7d6d"}
    return kinds.get(name.partition(":")[0], MINING)


def _faint(colour: str, share: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{share})"


def fan_figure(fan: Fan, title: str, currency: str) -> go.Figure:
    """Return how a number spreads over time: quantiles as bands around their middle.

    Args:
        fan: Its quantiles by time.
        title: What it is.
        currency: Network currency, in which money is shown in millions.
    """
    money = fan.unit == currency or fan.name == "cash"
    scale, unit = (MILLION, f"{currency} m") if money else (1.0, fan.unit)
    colour = _colour(fan.name)
    levels = sorted((p for p in fan.quantiles if p != "0.5"), key=float)
    figure = go.Figure()
    for i in range(len(levels) // 2):
        low, high = levels[i], levels[-1 - i]
        words = f"{percent(float(low))} to {percent(float(high))}"
        for level, fill in ((low, None), (high, "tonexty")):
            figure.add_trace(
                go.Scatter(
                    x=fan.times, y=np.array(fan.quantiles[level]) / scale, mode="lines",
                    line={"width": 0}, fill=fill, fillcolor=_faint(colour, 0.16 + 0.1 * i),
                    name=words, showlegend=fill is not None, hoverinfo="skip",
                )
            )  # fmt: skip
    hover = "%{x:.4g}: %{y:,.3g}<extra></extra>"
    if "0.5" in fan.quantiles:
        figure.add_trace(
            go.Scatter(
                x=fan.times, y=np.array(fan.quantiles["0.5"]) / scale, mode="lines",
                name="middle", line={"color": colour, "width": 2}, hovertemplate=hover,
            )
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=fan.times, y=np.array(fan.base) / scale, mode="lines", name="base case",
            line={"color": INK, "width": 1.5, "dash": "dot"}, hovertemplate=hover,
        )
    )  # fmt: skip
    unit = {"1": "of today's", "": ""}.get(unit, unit)
    return framed(
        figure, title, height=250, margin={"l": 56, "r": 8, "t": 36, "b": 64},
        legend={
            "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
            "font": {"size": 11},
        },
        xaxis={"nticks": 8, "tickformat": "d"},
        yaxis={"title": {"text": unit}, "nticks": 6, "tickformat": ",d" if money else ""},
    )  # fmt: skip


def histogram_figure(spread: Spread, title: str, currency: str) -> go.Figure:
    """Return how often each value occurs, with its quantiles; losses are of another colour.

    Args:
        spread: Spread of one number.
        title: What it is.
        currency: Network currency, in which money is shown in millions.
    """
    money = spread.unit == currency
    scale, unit = (MILLION, f"{currency} m") if money else (1.0, spread.unit)
    edges, shares = (np.array(part) for part in spread.histogram)
    middles, widths = (edges[1:] + edges[:-1]) / 2 / scale, np.diff(edges) / scale
    bars = go.Bar(
        x=middles, y=shares, width=widths, showlegend=False,
        marker={"color": [_LESS if x < 0 else _MORE for x in middles], "line": {"width": 0}},
        hovertemplate=f"about {unit} %{{x:,.3g}}: %{{y:.1%}} of futures<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(bars)
    for level in _MARKED:
        if level in spread.quantiles:
            at = spread.quantiles[level] / scale
            name = "middle" if level == "0.5" else percent(float(level))
            shown = number(at) if money else percent(at) if unit == "1" else f"{at:.3g}"
            figure.add_vline(
                x=at, line={"color": INK, "width": 1, "dash": "dot"},
                annotation={
                    "text": f"{name}: {shown}", "font": {"size": 11}, "yref": "paper", "y": 1,
                    "yanchor": "bottom", "xanchor": "center",
                    "yshift": 13 if level == "0.5" else 0,
                },
            )  # fmt: skip
    axis = (
        {"title": {"text": unit}, "tickformat": ",d"}
        if money
        else {"tickformat": ".0%" if unit == "1" else ""}
    )
    return framed(
        figure, title, height=280, margin={"l": 56, "r": 8, "t": 72, "b": 44}, bargap=0,
        xaxis={**axis, "nticks": 6},
        yaxis={"tickformat": ".1~%", "title": {"text": "of futures"}},
    )  # fmt: skip


def drivers_figure(drivers: Sequence[Driver], middle: float, currency: str) -> go.Figure:
    """Return the mean value where each factor is lowest and highest, widest first.

    Args:
        drivers: What explains the spread.
        middle: Mean value over all futures, network currency.
        currency: Network currency.
    """
    return _tornado(
        [(f"{one.text} ({percent(one.share)})", one.low, one.high) for one in drivers],
        middle, currency, "What moves value: each factor in its lowest and highest tenth",
    )  # fmt: skip


def stresses_figure(stresses: Sequence[StressCase], base: float, currency: str) -> go.Figure:
    """Return what named stresses take from value, worst first.

    Args:
        stresses: Named cases.
        base: Value of the base case, network currency.
        currency: Network currency.
    """
    worst = sorted(stresses, key=lambda one: one.npv)
    figure = go.Figure(
        go.Bar(
            y=[one.name for one in worst], x=[one.npv / MILLION for one in worst],
            orientation="h", showlegend=False, customdata=[one.text for one in worst],
            marker={"color": [_LESS if one.npv < 0 else "#d8b49f" for one in worst]},
            text=[number(one.npv / MILLION, 1) for one in worst], textposition="auto",
            textfont={"size": 11}, hovertemplate="%{customdata} %{x:,.1f} m<extra></extra>",
        )
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    _mark(figure, base, "base case")
    return framed(
        figure, "Value where something goes wrong", height=110 + 32 * len(worst),
        margin={"l": 120, "r": 16, "t": 60, "b": 44}, bargap=0.35,
        xaxis={"title": {"text": f"{currency} m"}, "tickformat": ",d"},
        yaxis={"type": "category", "autorange": "reversed"},
    )  # fmt: skip


def _mark(figure: go.Figure, value: float, name: str) -> None:
    figure.add_vline(
        x=value / MILLION, line={"color": QUIET, "width": 1, "dash": "dot"},
        annotation={"text": f"{name} {number(value / MILLION, 1)}", "font": {"size": 11},
                    "yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "center"},
    )  # fmt: skip


def _tornado(
    rows: list[tuple[str, float, float]], middle: float, currency: str, title: str
) -> go.Figure:
    wide = sorted(rows, key=lambda row: -abs(row[2] - row[1]))
    names = [name for name, _, _ in wide]
    figure = go.Figure()
    for label, place, colour in (("factor low", 0, _LESS), ("factor high", 1, AI)):
        ends = [(row[1], row[2])[place] for row in wide]
        figure.add_trace(
            go.Bar(
                y=names, x=[(end - middle) / MILLION for end in ends], base=middle / MILLION,
                orientation="h", name=label, marker={"color": colour},
                customdata=[end / MILLION for end in ends],
                hovertemplate=f"%{{y}}, {label}: {currency} %{{customdata:,.1f}} m"
                "<extra></extra>",
            )
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    _mark(figure, middle, "mean")
    return framed(
        figure, title, height=150 + 30 * len(wide), barmode="overlay", bargap=0.35,
        margin={"l": 120, "r": 16, "t": 60, "b": 78},
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        xaxis={"title": {"text": f"{currency} m"}, "tickformat": ",d"},
        yaxis={"type": "category", "autorange": "reversed"},
    )  # fmt: skip
