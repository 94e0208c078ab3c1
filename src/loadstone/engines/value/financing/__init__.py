# SPDX-License-Identifier: Apache-2.0
"""Debt on a plan's cash: how much it carries, what it costs, and what is left for owners."""

from loadstone.engines.value.financing.break_even import unit_costs
from loadstone.engines.value.financing.financed import Financed, downside, financed
from loadstone.engines.value.financing.measuring import nominal_rate, returns_of
from loadstone.engines.value.financing.scopes import placed, service_cash

__all__ = [
    "Financed",
    "downside",
    "financed",
    "nominal_rate",
    "placed",
    "returns_of",
    "service_cash",
    "unit_costs",
]
