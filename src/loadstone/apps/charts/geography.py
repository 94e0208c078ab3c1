# SPDX-License-Identifier: Apache-2.0
"""The map: sites on coastlines of our own, so that nothing is fetched."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from loadstone.adapters.coastlines import read_coastlines
from loadstone.apps.charts.labels import Label, placed
from loadstone.apps.charts.standing import Power, last_years, of_others, power_of
from loadstone.apps.charts.style import IDLE, LAND, MIX, QUIET, SEA, framed, mix_of
from loadstone.apps.charts.words import country_name, number
from loadstone.model.errors import InputError
from loadstone.model.network import Network
from loadstone.model.plan import Plan, phase_name
from loadstone.model.site import Site

Floats = NDArray[np.float64]

WIDTH_PX, TITLE_PX = 1000, 70
_LEAST_HEIGHT_PX, _MOST_HEIGHT_PX = 380, 680
_LEAST_SPAN = 0.45  # height of the view in radii of the earth: about 2,900 km
_CUT_LONGITUDE = -169.0
NOT_BUILT = ("not built", "#ffffff", QUIET)
EDGED = (NOT_BUILT, IDLE)
_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796


def equal_earth(longitude: Floats, latitude: Floats, centre: float) -> tuple[Floats, Floats]:
    """Return the place of points on an equal-area map, in radii of the sphere.

    Args:
        longitude, latitude: Degrees. Shape (P,).
        centre: Longitude of the middle of the map, degrees.

    Source:
        Savric, Patterson, Jenny (2018), "The Equal Earth map projection", International
        Journal of Geographical Information Science 33(3), doi:10.1080/13658816.2018.1504949.
    """
    lam = np.radians(longitude - centre)
    theta = np.arcsin(np.sqrt(3) / 2 * np.sin(np.radians(latitude)))
    t2, t6 = theta**2, theta**6
    slope = 9 * _A4 * theta**8 + 7 * _A3 * t6 + 3 * _A2 * t2 + _A1
    x = 2 * np.sqrt(3) * lam * np.cos(theta) / (3 * slope)
    y = theta * (_A1 + _A2 * t2 + t6 * (_A3 + _A4 * t2))
    return x, y


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The part of the map that is shown, and where sites are on it."""

    centre: float
    x: Floats
    y: Floats
    left: float
    bottom: float
    px_per_unit: float
    height_px: int

    @property
    def right(self) -> float:
        return self.left + WIDTH_PX / self.px_per_unit

    @property
    def top(self) -> float:
        return self.bottom + self.height_px / self.px_per_unit

    def px(self) -> tuple[Floats, Floats]:
        """Return the sites' places in px from the left and the bottom."""
        return (self.x - self.left) * self.px_per_unit, (
            self.y - self.bottom
        ) * self.px_per_unit


def _view(sites: Sequence[Site]) -> _View:
    """Return a view with room around all sites."""
    longitude = np.array([site.longitude for site in sites])
    longitude = np.where(longitude < _CUT_LONGITUDE, longitude + 360, longitude)
    centre = float(longitude.min() + longitude.max()) / 2
    x, y = equal_earth(longitude, np.array([site.latitude for site in sites]), centre)
    width = max(float(np.ptp(x)) * 1.18, _LEAST_SPAN * 2)
    height = max(float(np.ptp(y)) * 1.3, _LEAST_SPAN)
    height_px = int(np.clip(WIDTH_PX * height / width, _LEAST_HEIGHT_PX, _MOST_HEIGHT_PX))
    scale = min(WIDTH_PX / width, height_px / height)
    return _View(
        centre=centre, x=x, y=y, px_per_unit=scale, height_px=height_px,
        left=float(x.min() + x.max()) / 2 - WIDTH_PX / scale / 2,
        bottom=float(y.min() + y.max()) / 2 - height_px / scale / 2,
    )  # fmt: skip


def _land(view: _View, codes: set[str], *, inside: bool) -> go.Scatter:
    """Return the outlines of some countries, or of all others, as one filled line."""
    xs: list[Floats] = []
    ys: list[Floats] = []
    gap = np.array([np.nan])
    for code, rings in read_coastlines().items():
        if (code in codes) is not inside:
            continue
        for ring in rings:
            x, y = equal_earth(ring[:, 0], ring[:, 1], view.centre)
            apart = x.max() < view.left or x.min() > view.right
            if apart or y.max() < view.bottom or y.min() > view.top:
                continue
            xs += [np.round(x, 4), gap]
            ys += [np.round(y, 4), gap]
    return go.Scatter(
        x=np.concatenate(xs or [gap]).astype(np.float32),
        y=np.concatenate(ys or [gap]).astype(np.float32),
        mode="lines", fill="toself", fillcolor="#d9d5c7" if inside else LAND,
        line={"color": "#ffffff", "width": 0.8}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip


def _radii_px(network: Network, powers: dict[str, Power]) -> dict[str, float]:
    """Return the radius of each site's circle: its area follows the MW, less among many."""
    largest_mw = max((power.size_mw for power in powers.values()), default=1.0)
    most_px = np.clip(34 - 0.45 * len(powers), 15, 30)
    radii = {site.id: 5.0 for site in network.sites}
    for site, power in powers.items():
        if power.idle:
            continue
        radii[site] = max(float(most_px * np.sqrt(power.size_mw / max(largest_mw, 1.0))), 4.0)
    return radii


def _hover(site: Site, power: Power | None, network: Network) -> str:
    where = f"<b>{site.name}</b><br>{country_name(site.country, network.facts)}, {site.zone}"
    if power is None:
        return f"{where}<br>not built"
    return (
        f"{where}<br>{number(power.connected_mw, 1)} MW connected"
        f"<br>{number(power.mining_mw, 1)} MW mining, {number(power.ai_mw, 1)} MW AI"
        f"{of_others(power)}"
    )


def _of(network: Network, places: list[int]) -> list[Site]:
    return [network.sites[i] for i in places]


def _circles(view: _View, network: Network, powers: dict[str, Power]) -> list[go.Scatter]:
    """Return all circles, smaller ones on top, and a legend of the mixes that occur."""
    radii = _radii_px(network, powers)
    order = sorted(range(len(network.sites)), key=lambda i: -radii[network.sites[i].id])
    mixes = []
    for i in order:
        power = powers.get(network.sites[i].id)
        mixes.append(mix_of(power.mining_mw, power.ai_mw) if power else NOT_BUILT)
    circles = go.Scatter(
        x=view.x[order], y=view.y[order], mode="markers", showlegend=False,
        marker={
            "size": [round(2 * radii[site.id], 1) for site in _of(network, order)],
            "color": [colour for _, colour, _ in mixes], "opacity": 0.9,
            "line": {
                "color": [QUIET if mix in EDGED else "#ffffff" for mix in mixes],
                "width": 1.2,
            },
        },
        text=[_hover(site, powers.get(site.id), network) for site in _of(network, order)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    return [circles, *(_legend(mix) for mix in (*MIX, IDLE, NOT_BUILT) if mix in mixes)]


def _legend(mix: tuple[str, str, str]) -> go.Scatter:
    """Return an entry of the legend without a circle on the map."""
    name, colour, _ = mix
    edge = QUIET if mix in EDGED else colour
    marker = {"color": colour, "size": 11, "line": {"color": edge, "width": 1.2}}
    return go.Scatter(x=[None], y=[None], mode="markers", name=name, marker=marker)


def _labels(view: _View, network: Network, powers: dict[str, Power]) -> list[Label]:
    """Return the labels that fit, larger sites first."""
    radii = _radii_px(network, powers)
    px, py = view.px()
    wanted = []
    for i, site in enumerate(network.sites):
        power = powers.get(site.id)
        text = site.name
        if power is not None and not power.idle:
            text = f"{site.name} {number(power.size_mw)} MW"
        wanted.append(Label(text=text, x=float(px[i]), y=float(py[i]), radius=radii[site.id]))
    built = [
        label for label, site in zip(wanted, network.sites, strict=True) if site.id in powers
    ]
    built.sort(key=lambda label: -label.radius)
    return placed(built, obstacles=wanted, width=WIDTH_PX, height=view.height_px)


def map_figure(plan: Plan, network: Network, country: str = "") -> go.Figure:
    """Return a map of the sites in the last phase: area by MW, colour by use.

    Args:
        plan: The plan.
        network: Its network, for places and names.
        country: ISO 3166-1 code of the one country to show; "" for all.

    Raises:
        InputError: The network has no site in that country.
    """
    sites = tuple(site for site in network.sites if country in {"", site.country})
    if not sites:
        raise InputError("country", country, "must be one in which the network has a site")
    network = replace(network, sites=sites)
    ids = {site.id for site in sites}
    powers = {site: power_of(y) for site, y in last_years(plan).items() if site in ids}
    view = _view(sites)
    codes = {site.country for site in sites}
    figure = go.Figure([_land(view, codes, inside=True), _land(view, codes, inside=False)])
    figure.add_traces(_circles(view, network, powers))
    end = phase_name(plan.phases[-1])
    where = f" in {country_name(country, network.facts)}" if country else ""
    for label in _labels(view, network, powers):
        figure.add_annotation(
            x=view.left + label.x / view.px_per_unit,
            y=view.bottom + label.y / view.px_per_unit,
            ax=label.shift_x, ay=-label.shift_y, text=label.text, font={"size": 11},
            bgcolor="rgba(255,255,255,0.72)", borderpad=1, showarrow=label.leader, arrowhead=0,
            arrowwidth=0.8, arrowcolor=QUIET, standoff=label.radius,
            **({} if label.leader else {"xshift": label.shift_x, "yshift": label.shift_y}),
        )  # fmt: skip
    return framed(
        figure, f"Sites{where}, {end}: area of a circle by MW, colour by use",
        height=view.height_px + TITLE_PX,
        margin={"l": 0, "r": 0, "t": TITLE_PX, "b": 0}, plot_bgcolor=SEA,
        xaxis={"range": [view.left, view.right], "visible": False, "constrain": "domain"},
        yaxis={
            "range": [view.bottom, view.top], "visible": False, "scaleanchor": "x",
            "constrain": "domain",
        },
        legend={
            "orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "itemsizing": "constant",
            "font": {"size": 12},
        },
    )  # fmt: skip
