# SPDX-License-Identifier: Apache-2.0
"""Where value comes from and where it goes: the bridge, and who gets what of a deal."""

from collections.abc import Sequence
from textwrap import wrap

import plotly.graph_objects as go

from loadstone.apps.charts.style import AI, BATTERY, GRID, HOSTING, INK, LEASE, MINING, framed
from loadstone.apps.charts.words import number
from loadstone.model.finance.returns import BridgeStep, DealResult
from loadstone.model.money import major

MILLION, _PLACE = 1e6, 130  # characters below all bars together
_MORE, _LESS = "#5c9a78", "#b5654a"
_PARTIES = (AI, LEASE, "#5aa9a4", BATTERY, "#6d9cc2", HOSTING, "#98a3ab")
_MANAGERS = {"sponsor": MINING, "manager": "#a86a10"}
TIERS = ("capital", "preferred", "catch-up", "carry", "split", "fees", "clawback")


def _lines(name: str, width: int) -> str:
    return "<br>".join(wrap(name, width, break_long_words=False, break_on_hyphens=True))


def bridge_figure(steps: Sequence[BridgeStep], currency: str) -> go.Figure:
    """Return the steps from the plan's objective to the value of nominal cash.

    Args:
        steps: The first and the last are levels, the others differences.
        currency: Network currency.
    """
    ends = {0, len(steps) - 1}
    bars = go.Waterfall(
        x=[_lines(step.name, _PLACE // len(steps)) for step in steps],
        y=[step.amount / MILLION for step in steps],
        measure=[
            "absolute" if i == 0 else "total" if i in ends else "relative"
            for i in range(len(steps))
        ],
        text=[number(step.amount / MILLION, 1) for step in steps], textposition="outside",
        textfont={"size": 11}, cliponaxis=False, customdata=[step.text for step in steps],
        increasing={"marker": {"color": _MORE}}, decreasing={"marker": {"color": _LESS}},
        totals={"marker": {"color": GRID}}, connector={"line": {"color": INK, "width": 0.6}},
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(bars)
    figure.add_hline(y=0, line={"color": INK, "width": 1})
    return framed(
        figure, "From the plan's value to the value of owners' cash", height=350,
        margin={"l": 64, "r": 8, "t": 48, "b": 74}, showlegend=False,
        xaxis={"type": "category", "tickangle": 0},
        yaxis={"title": {"text": f"{currency} m"}, "tickformat": ",d"},
    ).update_xaxes(tickfont={"size": 11})  # fmt: skip


def deal_figure(deal: DealResult) -> go.Figure:
    """Return what each party receives in all, tier by tier, in the deal's currency.

    Args:
        deal: How the money goes round.
    """
    tiers = [tier for tier in TIERS if any(party.by_tier.get(tier) for party in deal.parties)]
    figure = go.Figure()
    for i, party in enumerate(deal.parties):
        units = [party.by_tier.get(tier, 0.0) for tier in tiers]
        amounts = [major(amount, deal.currency) / MILLION for amount in units]
        bar = go.Bar(
            y=tiers, x=amounts, orientation="h", name=party.party,
            marker={
                "color": _MANAGERS.get(party.party, _PARTIES[i % len(_PARTIES)]),
                "line": {"color": "#fff", "width": 1},
            },
            text=[number(amount, 1) if amount else "" for amount in amounts],
            textposition="inside", insidetextanchor="middle", textangle=0,
            textfont={"size": 11, "color": "#ffffff"},
            hovertemplate=f"{party.party}, %{{y}}: {deal.currency} %{{x:,.2f}} m"
            "<extra></extra>",
        )  # fmt: skip
        figure.add_trace(bar)
    figure.add_vline(x=0, line={"color": INK, "width": 1})
    return framed(
        figure, f"Who gets what: {deal.id}, {deal.style}", height=130 + 42 * len(tiers),
        barmode="relative", bargap=0.3, margin={"l": 80, "r": 8, "t": 64, "b": 40},
        uniformtext={"minsize": 9, "mode": "hide"},
        xaxis={"title": {"text": f"{deal.currency} m, all years"}, "tickformat": ",d"},
        yaxis={"type": "category", "autorange": "reversed"},
    )  # fmt: skip
