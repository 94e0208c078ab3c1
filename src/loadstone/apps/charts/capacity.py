# SPDX-License-Identifier: Apache-2.0
"""What stands when: a line of time for each site, and MW of the whole network by phase."""

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from loadstone.apps.charts.standing import horizon, names_of, of_others, power_of
from loadstone.apps.charts.style import (
    BACKUP,
    BATTERY,
    GRID,
    IDLE,
    MIX,
    NON_FIRM,
    OTHER,
    SOLAR,
    WIND,
    framed,
    machine_colours,
    mix_of,
)
from loadstone.apps.charts.words import asset_name, country_name, number, use_of
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteYear, Year, phase_name

ROW_PX = 25
_SUPPLY = {
    "connection": GRID,
    "connection_non_firm": NON_FIRM,
    "backup": BACKUP,
    "solar": SOLAR,
    "wind": WIND,
    "battery_power": BATTERY,
}
_NAMED = 4  # machines of each use with a bar of their own
_LEAST_MW = 0.05  # smaller amounts are not drawn


def _rows(plan: Plan, network: Network) -> tuple[list[str], dict[str, str]]:
    """Return the row keys from top to bottom and their labels: a country, then its sites."""
    names = names_of(network)
    keys: list[str] = []
    labels: dict[str, str] = {}
    opened = [site for site in plan.sites if site.opened is not None]
    for code in sorted({site.country for site in opened}):
        country = f"country {code}"
        keys.append(country)
        labels[country] = f"<b>{country_name(code, network.facts)}</b>"
        own = (site for site in opened if site.country == code)
        for site in sorted(own, key=lambda site: (site.opened or 0, names.get(site.id, ""))):
            keys.append(site.id)
            labels[site.id] = names.get(site.id, site.id)
    return keys, labels


def _segments(years: list[SiteYear], name: str, colour: str, text_colour: str,
              spans: Mapping[Year, float]) -> go.Bar:  # fmt: skip
    powers = [power_of(year) for year in years]
    return go.Bar(
        orientation="h", name=name, y=[year.site for year in years],
        base=[year.phase for year in years],
        x=[spans.get(year.phase, 1) - 0.03 for year in years],
        marker_color=colour,
        text=[f"{number(power.size_mw)} MW" for power in powers],
        textposition="inside", insidetextanchor="middle", textangle=0, constraintext="none",
        textfont={"color": text_colour, "size": 11},
        customdata=[
            f"{phase_name(year.phase)}: {number(power.connected_mw, 1)} MW connected, "
            f"{number(power.mining_mw, 1)} MW mining, {number(power.ai_mw, 1)} MW AI"
            f"{of_others(power)}"
            for year, power in zip(years, powers, strict=True)
        ],
        hovertemplate="%{y}<br>%{customdata}<extra></extra>",
    )  # fmt: skip


def build_timeline(plan: Plan, network: Network) -> go.Figure:
    """Return a bar of time for each open site: its MW in each phase, coloured by use.

    Args:
        plan: The plan.
        network: Its network, for names and the years of each phase.
    """
    spans = horizon(network)
    keys, labels = _rows(plan, network)
    figure = go.Figure()
    for name, colour, text_colour in (*MIX, IDLE):
        years = []
        for year in plan.site_years:
            power = power_of(year)
            if mix_of(power.mining_mw, power.ai_mw)[0] == name and year.site in labels:
                years.append(year)
        if years:
            figure.add_trace(_segments(years, name, colour, text_colour, spans))
    end = plan.phases[-1] + spans.get(plan.phases[-1], 1)
    return framed(
        figure, "Open sites over time: MW, colour by use",
        height=130 + ROW_PX * max(len(keys), 2), barmode="overlay", bargap=0.22,
        showlegend=True,
        xaxis={
            "range": [plan.phases[0], end], "dtick": 1, "tickformat": "d", "side": "bottom",
            "title": {"text": "start of year"},
        },
        yaxis={
            "categoryorder": "array", "categoryarray": keys[::-1], "tickmode": "array",
            "tickvals": keys, "ticktext": [labels[key] for key in keys],
            "range": [-0.6, len(keys) - 0.4], "showgrid": False,
        },
    )  # fmt: skip


def _machines(plan: Plan) -> list[str]:
    """Return the machines that stand anywhere: miners before servers, most MW first."""
    mw: dict[str, float] = {}
    for year in plan.site_years:
        for asset, amount in year.capacities.items():
            if use_of(asset):
                mw[asset] = mw.get(asset, 0.0) + amount
    return sorted(mw, key=lambda asset: (use_of(asset) != "mining", -mw[asset]))


def _stacked(plan: Plan, network: Network) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return the name, colour and assets of each bar; the smallest machines share one."""
    found: list[tuple[str, str, tuple[str, ...]]] = []
    machines = _machines(plan)
    for use, other in (("mining", "Other miners"), ("ai", "Other AI servers")):
        own = [asset for asset in machines if use_of(asset) == use]
        most = _NAMED if len(own) > _NAMED + 1 else len(own)
        colours = machine_colours(own[:most])
        found += [
            (asset_name(asset, network.facts), colours[asset], (asset,)) for asset in own[:most]
        ]
        if own[most:]:
            found.append((other, OTHER[use], tuple(own[most:])))
    return found


def _standing(plan: Plan, phase: Year, assets: tuple[str, ...]) -> float:
    years = (year for year in plan.site_years if year.phase == phase)
    return sum(year.capacities.get(asset, 0.0) for year in years for asset in assets)


def capacity_by_phase(plan: Plan, network: Network) -> go.Figure:
    """Return the MW of machines by model, and of connection and own generation, by phase.

    Args:
        plan: The plan.
        network: Its network, for names.
    """
    bars = _stacked(plan, network)
    supply = [
        (asset_name(asset, network.facts), colour, (asset,))
        for asset, colour in _SUPPLY.items()
    ]
    figure = make_subplots(
        cols=2, horizontal_spacing=0.1,
        subplot_titles=("Machines, MW at their plugs", "Grid, generation, battery, MW"),
    )  # fmt: skip
    phases = [phase_name(phase) for phase in plan.phases]
    for name, colour, assets in (*bars, *supply):
        amounts = [_standing(plan, phase, assets) for phase in plan.phases]
        if max(amounts, default=0.0) < _LEAST_MW:
            continue
        side = 1 if use_of(assets[0]) else 2
        bar = go.Bar(
            x=phases, y=amounts, name=name, marker_color=colour,
            offsetgroup=None if side == 1 else name,
            text=[number(amount) if amount >= _LEAST_MW else "" for amount in amounts],
            textposition="inside" if side == 1 else "outside", textangle=0, cliponaxis=False,
            insidetextanchor="middle", textfont={"size": 11},
            hovertemplate="%{fullData.name}, %{x}: %{y:,.1f} MW<extra></extra>",
        )  # fmt: skip
        figure.add_trace(bar, row=1, col=side)
    framed(
        figure, "The whole network by phase", height=400, barmode="stack", bargap=0.35,
        uniformtext={"minsize": 9, "mode": "hide"},
    )  # fmt: skip
    figure.update_layout(legend={"y": -0.14, "yanchor": "top"}, margin={"t": 84, "b": 84})
    figure.update_annotations(font_size=13)
    figure.update_xaxes(type="category")
    figure.update_yaxes(title_text="MW", rangemode="tozero")
    return figure
