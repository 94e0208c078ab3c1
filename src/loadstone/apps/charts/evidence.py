# SPDX-License-Identifier: Apache-2.0
"""What the answer rests on: observed, filled, synthetic or stated by the user."""

import plotly.graph_objects as go

from loadstone.apps.charts.style import PROVENANCE, framed
from loadstone.apps.charts.words import percent
from loadstone.model.plan import Plan

_LEAST_LABELLED = 0.06
_TEXT = {"observed": "#ffffff"}


def provenance_bars(plan: Plan) -> go.Figure:
    """Return, for each input, the share of hours and of money by provenance.

    Args:
        plan: The plan.
    """
    rows = []
    for resting in plan.resting:
        rows.append((f"{resting.input.capitalize()}, hours", resting.hours))
        if resting.money:
            rows.append((f"{resting.input.capitalize()}, money", resting.money))
    figure = go.Figure()
    for provenance, colour in PROVENANCE.items():
        shares = [share.get(provenance, 0.0) for _, share in rows]
        bar = go.Bar(
            orientation="h", name=provenance, y=[name for name, _ in rows],
            x=[100 * share for share in shares], marker_color=colour,
            text=[percent(share) if share >= _LEAST_LABELLED else "" for share in shares],
            textposition="inside", insidetextanchor="middle", textangle=0,
            textfont={"size": 11, "color": _TEXT.get(provenance, "#22303c")},
            hovertemplate="%{y}: %{x:.1f}% " + provenance + "<extra></extra>",
        )  # fmt: skip
        figure.add_trace(bar)
    return framed(
        figure, "What the answer rests on", height=120 + 30 * max(len(rows), 1),
        barmode="stack", bargap=0.3,
        xaxis={
            "range": [0, 100], "ticksuffix": "%",
            "title": {"text": "share of hours, or of money"},
        },
        yaxis={"autorange": "reversed"},
    )  # fmt: skip
