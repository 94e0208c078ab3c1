# SPDX-License-Identifier: Apache-2.0
"""Stresses: named futures that a plan is tried against."""

from dataclasses import dataclass

from loadstone.model.bounds import at_least_zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Stress:
    """A future that goes wrong in one stated way; all else stays as the outlook says.

    Attributes:
        name: Short name for tables.
        hashprice: Hashprice of every phase, USD/PH/day; None leaves it.
        hashprice_factor: Factor on the hashprice of every phase.
        halving_unpaid: Whether hashprice halves at the next halving and never recovers.
        ai_price_factor: Factor on the prices of AI by the hour, contracts included; rents stay.
        power_price_factor: Factor on energy prices.
        connection_delay_years: Years by which new connection and its tranches come later.
    """

    name: str
    hashprice: float | None = None
    hashprice_factor: float = 1.0
    halving_unpaid: bool = False
    ai_price_factor: float = 1.0
    power_price_factor: float = 1.0
    connection_delay_years: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(
            self,
            "hashprice",
            "hashprice_factor",
            "ai_price_factor",
            "power_price_factor",
            "connection_delay_years",
        )


STRESSES = (
    Stress(name="hashprice 20", hashprice=20.0),
    Stress(name="hashprice 15", hashprice=15.0),
    Stress(name="AI -60 %", ai_price_factor=0.4),
    Stress(name="halving unpaid, AI -60 %", halving_unpaid=True, ai_price_factor=0.4),
    Stress(name="power +50 %", power_price_factor=1.5),
    Stress(name="connection 2 years late", connection_delay_years=2.0),
)
"""What a network is tried against that names no stresses of its own."""
