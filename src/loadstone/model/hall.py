# SPDX-License-Identifier: Apache-2.0
"""Halls: rooms with power and cooling in which machines stand, and what becomes of them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError

HallKind = Literal["mining_hall", "ai_hall_air", "ai_hall_liquid"]
AiHall = Literal["ai_hall_air", "ai_hall_liquid"]

MINING_HALL, AIR_HALL, LIQUID_HALL = "mining_hall", "ai_hall_air", "ai_hall_liquid"
LIQUID = "ai-liquid"


def ai_hall(plant: str) -> str:
    """Return the kind of AI hall that a cooling plant cools."""
    return LIQUID_HALL if plant == LIQUID else AIR_HALL


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingHall:
    """A hall that stands, with machines in it or empty.

    Attributes:
        kind: "mining_hall", "ai_hall_air" or "ai_hall_liquid".
        mw: Machines that it has room for, MW at their plugs.
        built: When it was finished; with the life of halls it says when it is done.
    """

    kind: HallKind
    mw: float
    built: date

    def __post_init__(self) -> None:
        at_least_zero(self, "mw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A mining hall that may be turned into an AI hall, in whole or in part.

    Attributes:
        hall: What is converted.
        into: What it becomes.
        max_mw: Most that may be converted, MW at the plugs.
        cost_per_mw: Price of a MW, network currency; None takes the shipped assumption.
        months_out: Months in which neither use may run in it; None takes the shipped
            assumption.
        source: Who says so.
    """

    hall: Literal["mining_hall"] = "mining_hall"
    into: AiHall
    max_mw: float
    cost_per_mw: float | None = None
    months_out: float | None = None
    source: str

    def __post_init__(self) -> None:
        at_least_zero(self, "max_mw", "cost_per_mw", "months_out")
        if not self.max_mw:
            raise InputError("max_mw", self.max_mw, "must be above 0")
