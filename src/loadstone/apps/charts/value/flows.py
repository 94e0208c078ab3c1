# SPDX-License-Identifier: Apache-2.0
"""Rows of cash gathered into the few kinds that a picture can tell apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.apps.charts.style import AI, BATTERY, GRID, HOSTING, LEASE, MINING
from loadstone.model.finance.cash import CashRow, CashTable

Floats = NDArray[np.float64]
_LEAST = 0.5  # of the currency: less is no money
_TAXES = ("tax", "withholding", "vat", "working_capital", "trapped")
_EARNED = (
    ("mining", ("mining",), MINING),
    ("AI cloud", ("ai", "server", "cloud"), AI),
    ("leases", ("lease", "rent"), LEASE),
    ("hosting", ("hosting",), HOSTING),
)
_KINDS = (
    ("flexibility", ("flexibility",), "#5aa9a4"),
    ("hedges", ("hedge",), "#7f9c5a"),
    ("loans drawn", ("draw",), "#98b3a0"),
    ("power and levies", ("energy", "levies"), GRID),
    ("other running costs", ("direct",), "#98a3ab"),
    ("building, machines", ("capex", "duty", "refresh", "resale"), "#b5654a"),
    ("tax, VAT, working capital", _TAXES, "#c9a7a0"),
    ("debt service, fees, reserves", ("interest", "principal", "fees", "reserve"), BATTERY),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Money of one kind by calendar year.

    Attributes:
        name: What people call it.
        colour: In which it is drawn.
        amounts: In positive, out negative, in the table's currency. Shape (Y,).
    """

    name: str
    colour: str
    amounts: Floats


def _earned(row: CashRow) -> str:
    for name, starts, _ in _EARNED:
        if row.line.startswith(starts):
            return name
    return "other revenue"


def flows_by_year(table: CashTable) -> tuple[Flow, ...]:
    """Return all cash of a table by kind and year; kinds without any are left out."""
    colours = {name: colour for name, _, colour in _EARNED} | {"other revenue": "#c9ccb5"}
    months = {name: np.zeros(table.months) for name in colours}
    for row in table.select("revenue"):
        months[_earned(row)] += row.amounts
    for name, groups, colour in _KINDS:
        colours[name], months[name] = colour, table.total(*groups)
    return tuple(
        Flow(name=name, colour=colours[name], amounts=table.by_year(amounts))
        for name, amounts in months.items()
        if np.abs(amounts).max(initial=0.0) > _LEAST
    )


def contracted_share(table: CashTable) -> Floats:
    """Return the share of revenue that is owed under contracts, by year. Shape (Y,).

    Years without revenue have none, which is not a number.
    """
    owed = table.by_year(table.total("revenue", contracted=True))
    whole = table.by_year(table.total("revenue"))
    shares = np.full(whole.shape, np.nan)
    np.divide(owed, whole, out=shares, where=whole > _LEAST)
    return shares
