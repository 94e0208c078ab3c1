# SPDX-License-Identifier: Apache-2.0
"""One look for all charts: colours, type, and the frame of a figure."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from loadstone.apps.charts.words import use_of

Figure = go.Figure
INK, QUIET, RULE, LAND, SEA = "#22303c", "#64717d", "#dde2e6", "#e9e7e1", "#f7f9fa"
MINING, AI, GRID, SOLAR, WIND, BATTERY = (
    "#d18a1f", "#2b6a9e", "#4d5963", "#e6c229", "#5aa9a4", "#8a6fa8",
)  # fmt: skip
LEASE, UNDRAWN, HOSTING, BACKUP, NON_FIRM = (
    "#4b4a94", "#e6e6f2", "#e9cd9d", "#a08a7c", "#98a3ab",
)  # fmt: skip
FONT = "'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
PROVENANCE = {
    "observed": "#2f7d6d",
    "filled": "#93c2b5",
    "synthetic": "#b9aacb",
    "user": "#dcc68c",
}
# from all mining to all AI; the text colour that reads well on each
MIX = (
    ("mining only", MINING, "#ffffff"),
    ("mostly mining", "#dfb573", INK),
    ("about half and half", "#b5b5ac", INK),
    ("mostly AI", "#7ea6c4", INK),
    ("AI only", AI, "#ffffff"),
)
IDLE = ("idle", "#ccd2d6", INK)  # connected, but no machines stand there
OTHER = {"mining": "#f3e3c6", "ai": "#d5e1eb"}
_KINDS = {"miner": "mining", "hosting": "hosting", "server": "ai", "lease": "lease"}
_AMBERS = (MINING, "#e4ad57", "#a86a10", "#efcd97", "#7d5212")
_BLUES = (AI, "#6d9cc2", "#184a73", "#a9c5dc", "#0f3350")
_INDIGOS = (LEASE, "#7b7ab8", "#302f6b", "#aeadd6")
_SANDS = (HOSTING, "#d9b87f", "#f3e3c6")


def drawing_script() -> str:
    """Return the JavaScript that draws figures, to be put into a page."""
    return str(get_plotlyjs())


def mix_of(mining_mw: float, ai_mw: float) -> tuple[str, str, str]:
    """Return the name, colour and text colour of a share of AI in the machines of a site."""
    total = mining_mw + ai_mw
    if total <= 0:
        return IDLE
    share = ai_mw / total
    for limit, mix in zip((0.005, 0.4, 0.6, 0.995), MIX, strict=False):
        if share <= limit:
            return mix
    return MIX[-1]


def machine_colours(assets: list[str]) -> Mapping[str, str]:
    """Return a shade of amber for each miner, of blue for each AI server and so on."""
    shades = {"mining": _AMBERS, "hosting": _SANDS, "ai": _BLUES, "lease": _INDIGOS}
    colours: dict[str, str] = {}
    for shade, row in shades.items():
        own = [asset for asset in assets if _shade(asset) == shade]
        colours |= {asset: row[i % len(row)] for i, asset in enumerate(own)}
    return colours


def _shade(asset: str) -> str:
    return _KINDS.get(asset.partition(":")[0], use_of(asset))


def standalone(figure: go.Figure) -> str:
    """Return a page of its own that shows a figure and fetches nothing."""
    options = {"displayModeBar": False, "displaylogo": False}
    return str(figure.to_html(include_plotlyjs=True, full_html=True, config=options))


def framed(figure: go.Figure, title: str, *, height: int, **layout: Any) -> go.Figure:
    """Return the figure with its title and the common look.

    Args:
        figure: Changed in place and returned.
        title: Says what is shown.
        height: Height, px; the width follows the page.
        **layout: Anything of Plotly's layout that is particular to this figure.
    """
    look: dict[str, Any] = {
        "template": "none",
        "height": height,
        "font": {"family": FONT, "size": 13, "color": INK},
        "title": {
            "text": title, "x": 0, "xref": "container", "xanchor": "left", "y": 1,
            "yref": "container", "yanchor": "top", "pad": {"t": 10},
            "font": {"size": 15, "weight": 600},
        },
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "margin": {"l": 64, "r": 24, "t": 64, "b": 48},
        "legend": {
            "orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom",
            "font": {"size": 12}, "traceorder": "normal",
        },
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "hovermode": "closest",
    }  # fmt: skip
    figure.update_layout({**look, **layout})
    axes = {
        "gridcolor": RULE, "zeroline": False, "ticks": "", "automargin": True,
        "ticklabelstandoff": 5,
        "title": {"font": {"size": 12, "color": QUIET}}, "tickfont": {"size": 12},
    }  # fmt: skip
    figure.update_xaxes(**axes)
    figure.update_yaxes(**axes)
    return figure
