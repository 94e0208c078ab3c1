# SPDX-License-Identifier: Apache-2.0
"""Figures of value: cash, returns, debt and risk."""

from loadstone.apps.charts.value.cash import cash_figure, contracted_figure, sources_figure
from loadstone.apps.charts.value.debt import balance_figure, cover_figure, service_figure
from loadstone.apps.charts.value.returns import bridge_figure, deal_figure
from loadstone.apps.charts.value.risk import (
    drivers_figure,
    fan_figure,
    histogram_figure,
    stresses_figure,
)

__all__ = [
    "balance_figure",
    "bridge_figure",
    "cash_figure",
    "contracted_figure",
    "cover_figure",
    "deal_figure",
    "drivers_figure",
    "fan_figure",
    "histogram_figure",
    "service_figure",
    "sources_figure",
    "stresses_figure",
]
