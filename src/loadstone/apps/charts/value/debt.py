# SPDX-License-Identifier: Apache-2.0
"""What a lender looks at: cash against debt service, and how the loan is repaid."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from loadstone.apps.charts.style import BATTERY, GRID, INK, LEASE, MINING, framed
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import DebtResult

MILLION = 1e6
_LEGEND = {
    "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
    "font": {"size": 11},
}  # fmt: skip


def _sums(table: CashTable, months: tuple[float, ...]) -> np.ndarray:
    if not months:
        return np.zeros(len(table.years))
    return np.asarray(table.by_year(np.array(months)) / MILLION, dtype=np.float64)


def service_figure(table: CashTable, debt: DebtResult) -> go.Figure:
    """Return cash available for debt service against the service, by calendar year.

    Args:
        table: Cash of the base case, for its years.
        debt: The loan.
    """
    years = [str(year) for year in table.years]
    contracted, everything = _sums(table, debt.service_cash), _sums(table, debt.all_cash)
    interest, principal = _sums(table, debt.interest), _sums(table, debt.principal)
    hover = (
        f"%{{fullData.name}}, %{{x}}: {table.currency} %{{customdata:,.1f}} m<extra></extra>"
    )
    parts = (
        ("contracted cash", contracted, None, LEASE, "cash"),
        ("merchant cash", everything - contracted, contracted, "#e9cd9d", "cash"),
        ("interest", interest, None, "#c9a7a0", "service"),
        ("principal", principal, interest, BATTERY, "service"),
    )
    figure = go.Figure()
    for name, amounts, base, colour, side in parts:
        bar = go.Bar(
            x=years, y=amounts, base=base, name=name, marker={"color": colour},
            offsetgroup=side, customdata=amounts, hovertemplate=hover,
        )  # fmt: skip
        figure.add_trace(bar)
    figure.add_hline(y=0, line={"color": INK, "width": 1})
    return framed(
        figure, "Cash available for debt service, and the service", height=270,
        barmode="group", bargap=0.3, bargroupgap=0.06,
        margin={"l": 56, "r": 8, "t": 40, "b": 54}, legend=_LEGEND,
        xaxis={"type": "category"},
        yaxis={"title": {"text": f"{table.currency} m"}, "tickformat": ",d"},
    )  # fmt: skip


def cover_figure(cases: Mapping[str, Mapping[str, float]], covenant: float | None) -> go.Figure:
    """Return debt service cover by calendar year, case by case.

    Args:
        cases: Cover by year, by name of the case; the first is drawn strongest.
        covenant: Cover below which cash is locked; None where nobody asks for one.
    """
    colours = (GRID, LEASE, MINING, BATTERY)
    figure = go.Figure()
    for i, (name, cover) in enumerate(cases.items()):
        figure.add_trace(
            go.Scatter(
                x=list(cover), y=list(cover.values()), name=name, mode="lines+markers",
                line={"color": colours[i % 4], "width": 2, "dash": "solid" if not i else "dot"},
                marker={"size": 6}, hovertemplate=f"{name}, %{{x}}: %{{y:.2f}}<extra></extra>",
            )
        )  # fmt: skip
    every = [value for cover in cases.values() for value in cover.values()]
    figure.add_hline(y=1, line={"color": INK, "width": 1})
    if covenant is not None:
        every.append(covenant)
        figure.add_hline(
            y=covenant, line={"color": "#b5654a", "width": 1, "dash": "dash"},
            annotation={"text": f"covenant {covenant:.2f}", "font": {"size": 11}},
        )  # fmt: skip
    low, high = min([*every, 1.0]), max([*every, 1.0])
    room = 0.1 * (high - low or 1.0)
    return framed(
        figure, "Debt service cover by year", height=250,
        margin={"l": 56, "r": 8, "t": 40, "b": 54}, legend=_LEGEND,
        xaxis={"type": "category", "categoryorder": "category ascending"},
        yaxis={"title": {"text": "cash over service"}, "range": [low - room, high + room]},
    )  # fmt: skip


def balance_figure(table: CashTable, debt: DebtResult) -> go.Figure:
    """Return the balance of a loan by month, with its last payment and the end of contracts.

    Args:
        table: Cash of the base case, for its months.
        debt: The loan.
    """
    months = [table.month(m) for m in range(table.months)]
    balance = np.array(debt.balance) / MILLION
    figure = go.Figure(
        go.Scatter(
            x=months, y=balance, name="owed", mode="lines", fill="tozeroy",
            line={"color": BATTERY, "width": 2, "shape": "hv"}, fillcolor="#e7e3ee",
            hovertemplate=f"%{{x|%b %Y}}: {table.currency} %{{y:,.1f}} m<extra></extra>",
        )
    )  # fmt: skip
    if any(debt.reserve):
        reserve = np.array(debt.reserve) / MILLION
        figure.add_trace(
            go.Scatter(
                x=months, y=reserve, name="reserve account", mode="lines",
                line={"color": GRID, "width": 1.5, "dash": "dot", "shape": "hv"},
            )
        )  # fmt: skip
    if debt.last_payment is not None and debt.lease_tail_months:
        end = min(debt.last_payment + debt.lease_tail_months, table.months - 1)
        figure.add_vrect(
            x0=months[debt.last_payment], x1=months[end], fillcolor=LEASE, opacity=0.1,
            line={"width": 0}, annotation={
                "text": f"contracts run on {debt.lease_tail_months} months",
                "font": {"size": 11}, "yanchor": "top",
            },
            annotation_position="top left",
        )  # fmt: skip
    return framed(
        figure, "What is owed, and how long contracts outlast it", height=240,
        margin={"l": 56, "r": 8, "t": 40, "b": 54}, legend=_LEGEND, showlegend=True,
        yaxis={
            "title": {"text": f"{table.currency} m"}, "tickformat": ",d",
            "rangemode": "tozero",
        },
    )  # fmt: skip
