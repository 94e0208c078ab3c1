# SPDX-License-Identifier: Apache-2.0
"""A plan over futures: return against risk, and what other ways to plan lose where."""

import plotly.graph_objects as go

from loadstone.apps.charts.style import AI, GRID, INK, MINING, framed
from loadstone.apps.charts.words import number, percent
from loadstone.model.uncertainty import FrontierPoint, Uncertainty

MILLION = 1e6
_MOST_NUMBERS = 16  # futures of which each cell has its number
_NEAR = 0.02  # of the reach of the picture: points that lie on one another


def _labels(points: list[FrontierPoint]) -> list[str]:
    """Return weights as labels; points that lie on one another share the label of the last."""
    reach = [max(v) - min(v) for v in zip(*((p.cvar, p.mean) for p in points), strict=True)]
    near = _NEAR * (max(reach, default=0.0) or 1.0)
    labels, first = [], 0
    for i, point in enumerate(points):
        after = points[i + 1] if i + 1 < len(points) else None
        if after is not None and max(
            abs(after.cvar - point.cvar), abs(after.mean - point.mean)
        ) <= near:  # fmt: skip
            labels.append("")
            continue
        start = percent(points[first].weight)
        labels.append(start if first == i else f"{start} to {percent(point.weight)}")
        first = i + 1
    return labels


def frontier_figure(found: Uncertainty) -> go.Figure:
    """Return the mean of each plan against its mean in the worst futures, weight by weight.

    Args:
        found: A plan over futures with its frontier.
    """
    points = sorted(found.frontier, key=lambda point: point.weight)
    figure = go.Figure(
        go.Scatter(
            x=[point.cvar / MILLION for point in points],
            y=[point.mean / MILLION for point in points],
            mode="lines+markers+text", name="best plan for a weight of the worst",
            text=_labels(points), textposition="top center",
            textfont={"size": 11}, cliponaxis=False,
            line={"color": AI, "width": 2}, marker={"size": 8},
            customdata=[(percent(p.weight), p.now / MILLION) for p in points],
            hovertemplate="weight %{customdata[0]}: mean %{y:,.1f} m, worst %{x:,.1f} m, "
            "built now %{customdata[1]:,.0f} m<extra></extra>",
        )
    )  # fmt: skip
    others = [one for one in found.strategies[1:] if one.values]
    figure.add_trace(
        go.Scatter(
            x=[one.cvar / MILLION for one in others], y=[one.mean / MILLION for one in others],
            mode="markers+text", name="other ways to plan", text=[one.name for one in others],
            textposition="bottom center", textfont={"size": 11},
            marker={"size": 8, "symbol": "diamond-open", "color": GRID, "line": {"width": 2}},
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=[found.cvar / MILLION], y=[found.mean / MILLION], mode="markers", name="the plan",
            marker={"size": 14, "symbol": "circle-open", "color": MINING, "line": {"width": 3}},
        )
    )  # fmt: skip
    unit = f"{found.currency} m"
    return framed(
        figure, "Return against risk", height=360,
        margin={"l": 64, "r": 24, "t": 44, "b": 84},
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        xaxis={"title": {"text": f"mean of the worst {percent(found.tail)}, {unit}"},
               "tickformat": ",d"},
        yaxis={"title": {"text": f"mean, {unit}"}, "tickformat": ",d"},
    )  # fmt: skip


def regret_figure(found: Uncertainty) -> go.Figure:
    """Return what each way to plan loses in each future, the poorest future first.

    Args:
        found: A plan over futures with other ways to plan.
    """
    shown = [one for one in found.strategies if one.values]
    every = list(zip(*(one.values for one in shown), strict=True))
    best = [
        max(*row, row[0] if future.perfect is None else future.perfect)
        for row, future in zip(every, found.futures, strict=True)
    ]
    order = sorted(range(len(best)), key=lambda i: shown[0].values[i])
    cells = [[(best[i] - one.values[i]) / MILLION for i in order] for one in shown]
    few = len(order) <= _MOST_NUMBERS
    heads = [
        f"{found.futures[i].number}<br>{percent(found.futures[i].probability)}" for i in order
    ]
    figure = go.Figure(
        go.Heatmap(
            x=heads, y=[one.name for one in shown], z=cells, zmin=0,
            colorscale=[[0, "#ffffff"], [0.25, "#fbf1de"], [0.6, "#f3d8a7"], [1, "#d18a1f"]],
            text=[[number(cell) for cell in row] for row in cells] if few else None,
            texttemplate="%{text}" if few else None, textfont={"size": 11, "color": INK},
            xgap=2, ygap=2, colorbar={"title": {"text": f"{found.currency} m"}, "len": 0.9},
            hovertemplate="%{y}, future %{x}: loses %{z:,.1f} m<extra></extra>",
        )
    )  # fmt: skip
    return framed(
        figure, "Regret: what each way to plan loses in each future",
        height=150 + 34 * len(shown), margin={"l": 130, "r": 8, "t": 44, "b": 76},
        xaxis={"type": "category", "showgrid": False,
               "title": {"text": "future and its weight, the plan's poorest first"}},
        yaxis={"type": "category", "autorange": "reversed", "showgrid": False},
    )  # fmt: skip
