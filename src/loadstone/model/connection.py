# SPDX-License-Identifier: Apache-2.0
"""The grid connection of a site."""

from dataclasses import dataclass

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The right to draw power at one point of the grid.

    Attributes:
        existing_mw: Power that may be drawn today, MW at the meter.
        max_mw: Most that may ever be connected, MW at the meter.
        lead_time_years: Time from the decision to the first new MW, years.
        cost_per_mw: Price of a new MW, network currency; None takes the shipped assumption.
        life_years: Years over which the connection is paid.
        export_share: Part of the connected MW that may feed power back, 0 to 1.
        block_mw: Size of the whole blocks that new connection comes in; None for any amount.
        off_grid: Whether the site runs on its own generation, isolated from the grid.
    """

    existing_mw: float = 0.0
    max_mw: float
    lead_time_years: float = 0.0
    cost_per_mw: float | None = None
    life_years: float = 25.0
    export_share: float = 0.0
    block_mw: float | None = None
    off_grid: bool = False

    def __post_init__(self) -> None:
        at_least_zero(self, "existing_mw", "max_mw", "lead_time_years", "cost_per_mw")
        at_least_zero(self, "export_share", "block_mw")
        if self.existing_mw > self.max_mw:
            rule = f"must be at most max_mw {self.max_mw}"
            raise InputError("existing_mw", self.existing_mw, rule)
        if self.export_share > 1:
            raise InputError("export_share", self.export_share, "must be at most 1")
        if self.life_years <= 0:
            raise InputError("life_years", self.life_years, "must be above 0")
