# SPDX-License-Identifier: Apache-2.0
"""Results as Plotly figures, titled and with units: for reports, notebooks and pages alike."""

from loadstone.apps.charts.capacity import build_timeline, capacity_by_phase
from loadstone.apps.charts.decision import sensitivity_figure, use_bars
from loadstone.apps.charts.evidence import provenance_bars
from loadstone.apps.charts.geography import map_figure
from loadstone.apps.charts.hours import merit_order_figure, year_heatmap
from loadstone.apps.charts.months import month_by_month
from loadstone.apps.charts.style import Figure, drawing_script, standalone

__all__ = [
    "Figure",
    "build_timeline",
    "capacity_by_phase",
    "drawing_script",
    "map_figure",
    "merit_order_figure",
    "month_by_month",
    "provenance_bars",
    "sensitivity_figure",
    "standalone",
    "use_bars",
    "year_heatmap",
]
