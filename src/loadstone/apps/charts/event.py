# SPDX-License-Identifier: Apache-2.0
"""The meter through an event, against its baseline and what was asked."""

from datetime import datetime
from zoneinfo import ZoneInfo

import plotly.graph_objects as go

from loadstone.apps.charts.style import GRID, INK, MINING, RULE, framed
from loadstone.model.operations.event import EventKind
from loadstone.model.operations.proof import Proof

LONGEST = 4_000  # points of a trace that are drawn; more cannot be told apart


def event_figure(proof: Proof) -> go.Figure:
    """Return the meter, the baseline and the limit of an event over local time.

    Args:
        proof: The measured record; its trace is thinned for the eye, never in the record.
    """
    zone = ZoneInfo(proof.zone)

    def local(at_s: float) -> datetime:
        return datetime.fromtimestamp(at_s, zone).replace(tzinfo=None)

    figure = go.Figure()
    shown = proof.trace[:: max(1, len(proof.trace) // LONGEST)]
    figure.add_trace(
        go.Scatter(
            x=[local(at_s) for at_s, _ in shown], y=[mw for _, mw in shown], name="meter",
            mode="lines", line={"color": INK, "width": 1.4}, connectgaps=False,
        )
    )  # fmt: skip
    edges = [one.starts_s for one in proof.intervals] + [proof.intervals[-1].ends_s]
    base = [one.baseline_mw for one in proof.intervals]
    figure.add_trace(
        go.Scatter(
            x=[local(at_s) for at_s in edges], y=[*base, base[-1]], name="baseline",
            mode="lines", line={"color": GRID, "width": 2, "dash": "dash", "shape": "hv"},
        )
    )  # fmt: skip
    if proof.event.kind is EventKind.TO_MW:
        figure.add_trace(
            go.Scatter(
                x=[local(edges[0]), local(edges[-1])], y=[proof.event.mw] * 2,
                name="limit of the event", mode="lines", line={"color": MINING, "width": 2},
            )
        )  # fmt: skip
    figure.add_vrect(
        x0=local(edges[0]), x1=local(edges[-1]), fillcolor=RULE, opacity=0.45, line_width=0,
        layer="below",
    )  # fmt: skip
    framed(figure, "The meter through the event", height=380)
    figure.update_yaxes(title_text="MW", rangemode="tozero")
    figure.update_xaxes(title_text=f"time in {proof.zone}")
    return figure
