# SPDX-License-Identifier: Apache-2.0
"""A year of hours of one site: which machines run at which price, and when."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from loadstone.apps.charts.earnings import earnings_per_mwh
from loadstone.apps.charts.standing import names_of
from loadstone.apps.charts.style import AI, GRID, MINING, QUIET, framed, machine_colours
from loadstone.apps.charts.words import asset_name, number, use_of
from loadstone.model.grid import HOURS_PER_YEAR, TimeGrid
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch, phase_name

Floats = NDArray[np.float64]

BIN_HOURS = 40
DAYS, DAY_HOURS = 365, 24
_MONTH_STARTS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LEAST_MW = 0.005
_HIGH = 0.75  # of the height of a chart: labels of lines above hang below them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Price:
    """What power costs a site hour by hour.

    Attributes:
        per_mwh: Network currency/MWh. Shape (T,).
        name: What it is.
    """

    per_mwh: Floats
    name: str


def price_of(dispatch: SiteDispatch) -> Price:
    """Return the grid's price, or the value of power where no grid power is priced."""
    if np.isfinite(dispatch.price).all() and dispatch.price.any():
        return Price(per_mwh=dispatch.price, name="price of grid power")
    return Price(per_mwh=np.nan_to_num(dispatch.worth), name="value of one more MWh")


def machines_of(dispatch: SiteDispatch) -> list[str]:
    """Return the machines that ever run there, AI servers first: they stop last."""
    drawing = [m for m, mw in dispatch.machine_mw.items() if mw.max(initial=0.0) > _LEAST_MW]
    return sorted(drawing, key=lambda asset: (use_of(asset) != "ai", asset))


def _binned(values: Floats) -> NDArray[np.float32]:
    means = values.reshape(-1, BIN_HOURS).mean(axis=1)
    return np.asarray(means, dtype=np.float32)


def _ceiling(price: Floats, earnings: Mapping[str, float]) -> tuple[float, float]:
    """Return the range of prices shown: spikes are cut off, lines not far above are kept."""
    low = min(0.0, float(np.quantile(price, 0.002)))
    high = max(float(np.quantile(price, 0.995)), 1.0) * 1.12
    near = [value for value in earnings.values() if value <= 2.5 * high]
    return low, max([high, *(1.15 * value for value in near)])


def _earning_lines(
    figure: go.Figure, names: Mapping[str, str], earnings: Mapping[str, float], *, top: float,
    unit: str,
) -> None:  # fmt: skip
    """Draw what a MWh earns in each machine; those off the chart are named at its top."""
    above = []
    colours = machine_colours(list(names))
    for asset, value in sorted(earnings.items(), key=lambda item: item[1]):
        name = names[asset]
        if value > top:
            above.append(f"{name}: {number(value)} {unit}")
            continue
        figure.add_trace(
            go.Scatter(
                x=[0, HOURS_PER_YEAR], y=[value, value], mode="lines", showlegend=False,
                line={"color": colours[asset], "width": 2, "dash": "dash"},
                hovertemplate=f"{name} earns {number(value)} {unit}<extra></extra>",
            ),
            row=1, col=1,
        )  # fmt: skip
        figure.add_annotation(
            x=HOURS_PER_YEAR, y=value, text=f"{name} earns {number(value)}", showarrow=False,
            xanchor="right", yanchor="top" if value > _HIGH * top else "bottom",
            font={"size": 11, "color": colours[asset]},
            row=1, col=1,
        )  # fmt: skip
    if above:
        figure.add_annotation(
            x=1, y=1, xref="x domain", yref="y domain", showarrow=False, xanchor="right",
            yanchor="top", align="right", text="<br>".join(f"↑ {line}" for line in above[::-1]),
            font={"size": 11, "color": AI}, bgcolor="rgba(255,255,255,0.8)",
        )  # fmt: skip


def merit_order_figure(plan: Plan, network: Network, dispatch: SiteDispatch) -> go.Figure:
    """Return the hours of a year from the dearest to the cheapest, and what runs in them.

    Above: the price, with what a MWh earns in each machine as a line. Below: the power of
    each machine in the same hours.

    Args:
        plan: The plan.
        network: Its network, for names.
        dispatch: One site in one phase.
    """
    price = price_of(dispatch)
    order = np.argsort(-price.per_mwh, kind="stable")
    hours = (np.arange(HOURS_PER_YEAR // BIN_HOURS, dtype=np.float32) + 0.5) * BIN_HOURS
    machines = machines_of(dispatch)
    colours = machine_colours(machines)
    earned = earnings_per_mwh(plan, network, dispatch)
    earnings = {asset: value for asset, value in earned.items() if asset in machines}
    low, top = _ceiling(price.per_mwh, earnings)
    unit = f"{plan.currency}/MWh"
    figure = make_subplots(
        rows=2, shared_xaxes=True, vertical_spacing=0.05, row_heights=[0.55, 0.45]
    )
    curve = go.Scatter(
        x=hours, y=_binned(price.per_mwh[order]), name=price.name, mode="lines",
        fill="tozeroy", fillcolor="rgba(77,89,99,0.14)", line={"color": GRID, "width": 1.6},
        hovertemplate=f"hour %{{x:.0f}}: %{{y:,.1f}} {unit}<extra></extra>",
    )  # fmt: skip
    figure.add_trace(curve, row=1, col=1)
    names = {asset: asset_name(asset, network.facts) for asset in machines}
    _earning_lines(figure, names, earnings, top=top, unit=unit)
    for asset in machines:
        area = go.Scatter(
            x=hours, y=_binned(dispatch.machine_mw[asset][order]), stackgroup="power",
            name=names[asset], mode="lines", fillcolor=colours[asset],
            line={"width": 0, "color": colours[asset]},
            hovertemplate="%{fullData.name}: %{y:,.1f} MW<extra></extra>",
        )  # fmt: skip
        figure.add_trace(area, row=2, col=1)
    framed(
        figure, f"{names_of(network).get(dispatch.site, dispatch.site)}, "
        f"{phase_name(dispatch.phase)}: "
        "hours from the dearest to the cheapest",
        height=470, margin={"l": 70, "r": 20, "t": 72, "b": 50},
    )  # fmt: skip
    figure.update_yaxes(title_text=unit, range=[low, top], row=1, col=1)
    figure.update_yaxes(title_text="MW drawn", rangemode="tozero", row=2, col=1)
    figure.update_xaxes(range=[0, HOURS_PER_YEAR], tickformat=",d")
    figure.update_xaxes(
        title_text=f"hours of the year, dearest first (means of {BIN_HOURS} hours)",
        row=2,
        col=1,
    )
    return figure


def local_days(values: Floats, offset_hours: int) -> Floats:
    """Return a year of UTC hours as local hours by days.

    The hours that the shift pushes over the end of the year come in again at its start.

    Args:
        values: UTC hours. Shape (8760,).
        offset_hours: Local standard time less UTC, whole hours.

    Returns:
        Shape (24, 365).
    """
    return np.roll(values, offset_hours).reshape(DAYS, DAY_HOURS).T


def _offset(network: Network, dispatch: SiteDispatch) -> tuple[int, str]:
    """Return local standard time less UTC in whole hours, and the name of the zone."""
    for site in network.sites:
        country = network.facts.countries.get(site.country)
        if site.id == dispatch.site and country is not None and site.zone in country.zones:
            name = country.zones[site.zone].time_zone
            grid = TimeGrid.planning_year(int(dispatch.phase))
            offsets = (grid.local(name) - grid.utc()).astype("timedelta64[m]").astype(int)
            return int(np.median(offsets[[0, -1]])) // 60, name
    return 0, "UTC"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Panel:
    title: str
    cells: NDArray[np.generic]
    scale: list[list[float | str]]
    bounds: tuple[float, float]
    unit: str


def _use_panel(dispatch: SiteDispatch, use: str, offset: int) -> _Panel | None:
    rows = [mw for asset, mw in dispatch.machine_mw.items() if use_of(asset) == use]
    drawn = np.sum(rows, axis=0) if rows else np.zeros(1)
    most = float(drawn.max())
    if most <= _LEAST_MW:
        return None
    uses = {"mining": ("Mining", MINING, "#fbf3e4"), "ai": ("AI", AI, "#e8f0f6")}
    word, colour, pale = uses[use]
    # whole percents in one byte each keep a report of many sites small
    cells = np.rint(local_days(drawn, offset) / most * 100).astype(np.uint8)
    return _Panel(
        title=f"{word}: power drawn, % of its {number(most, 1)} MW", cells=cells, unit="%",
        scale=[[0, "#ffffff"], [0.02, pale], [1, colour]], bounds=(0, 100),
    )  # fmt: skip


def _price_panel(dispatch: SiteDispatch, offset: int, unit: str) -> _Panel:
    price = price_of(dispatch)
    low, high = (float(q) for q in np.quantile(price.per_mwh, (0.01, 0.99)))
    limit = np.iinfo(np.int16)
    cells = np.rint(local_days(price.per_mwh, offset)).clip(limit.min, limit.max)
    return _Panel(
        title=f"{price.name[0].upper()}{price.name[1:]}, {unit}",
        cells=cells.astype(np.int16), unit=unit,
        scale=[[0, "#f3f6f4"], [0.5, "#9db4ab"], [1, "#2d4a43"]],
        bounds=(np.floor(low), max(np.ceil(high), np.floor(low) + 1)),
    )  # fmt: skip


def year_heatmap(plan: Plan, network: Network, dispatch: SiteDispatch) -> go.Figure:
    """Return a year at a glance: days from left to right, hours from bottom to top.

    One panel for the price, one for each use that runs there.

    Args:
        plan: The plan.
        network: Its network, for names and time zones.
        dispatch: One site in one phase.
    """
    offset, zone = _offset(network, dispatch)
    found = [_use_panel(dispatch, use, offset) for use in ("mining", "ai")]
    panels = [_price_panel(dispatch, offset, f"{plan.currency}/MWh")]
    panels += [panel for panel in found if panel is not None]
    count = len(panels)
    figure = make_subplots(
        rows=count, shared_xaxes=True, vertical_spacing=0.11 if count > 1 else 0,
        subplot_titles=[panel.title for panel in panels],
    )  # fmt: skip
    for row, panel in enumerate(panels, start=1):
        low, high = figure.get_subplot(row, 1).yaxis.domain
        heat = go.Heatmap(
            z=panel.cells, colorscale=panel.scale, zmin=panel.bounds[0], zmax=panel.bounds[1],
            colorbar={
                "len": high - low, "y": (low + high) / 2, "thickness": 10, "outlinewidth": 0,
                "tickfont": {"size": 11, "color": QUIET}, "nticks": 4, "x": 1.01,
            },
            hovertemplate=f"day %{{x}}, hour %{{y}}: %{{z}} {panel.unit}<extra></extra>",
        )  # fmt: skip
        figure.add_trace(heat, row=row, col=1)
    framed(
        figure, f"{names_of(network).get(dispatch.site, dispatch.site)}, "
        f"{phase_name(dispatch.phase)}: "
        "every hour of the year",
        height=110 + 150 * count, margin={"l": 58, "r": 60, "t": 72, "b": 36},
    )  # fmt: skip
    figure.update_annotations(font_size=12, xanchor="left", x=0)
    figure.update_yaxes(
        tickvals=[0, 6, 12, 18], ticktext=["0 h", "6 h", "12 h", "18 h"], showgrid=False
    )
    figure.update_yaxes(
        title_text=f"hour, {zone.rpartition('/')[2].replace('_', ' ')}", row=count
    )
    middles = [start + 14 for start in _MONTH_STARTS]
    figure.update_xaxes(tickvals=middles, ticktext=_MONTHS, showgrid=False)
    return figure
