# SPDX-License-Identifier: Apache-2.0
"""Agreements to give power back for pay."""

from dataclasses import dataclass

from loadstone.model.bounds import at_least_zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Curtailment:
    """An agreement to stop mining when called, for pay, up to a yearly energy.

    Attributes:
        name: What it is called.
        mw: Most mining power that may be pledged, MW at the plugs.
        months: Local months in which calls come; empty means all.
        hours: Local hours in which calls come.
        max_hours: Hours a year that are paid, per pledged MW; beyond them nothing is paid.
        per_mwh: Payment for energy not drawn when called, `currency` per MWh.
        per_mw_year: Payment for pledging, `currency` per MW and year.
        currency: ISO 4217 code.
        source: The contract.
    """

    name: str
    mw: float
    months: tuple[int, ...] = ()
    hours: tuple[int, ...]
    max_hours: float
    per_mwh: float
    per_mw_year: float = 0.0
    currency: str
    source: str

    def __post_init__(self) -> None:
        at_least_zero(self, "mw", "max_hours", "per_mwh", "per_mw_year")
