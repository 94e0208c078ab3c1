# SPDX-License-Identifier: Apache-2.0
"""Where a number comes from, and how far it can be trusted."""

import datetime
from dataclasses import dataclass
from math import isfinite
from typing import Literal, Protocol, get_args, runtime_checkable

from loadstone.model.errors import InputError

Confidence = Literal["high", "medium", "low"]
Light = Literal["green", "amber", "red"]
FactProvenance = Literal["shipped", "user"]
RuleStatus = Literal["law", "proposal", "expired"]


@runtime_checkable
class Sourced(Protocol):
    """Anything that names its source."""

    @property
    def source(self) -> str:
        """Key in sources.toml."""
        ...


def check_confidence(confidence: str) -> None:
    """Refuse a word that is no confidence.

    Raises:
        InputError: Not high, medium or low.
    """
    if confidence not in get_args(Confidence):
        raise InputError("confidence", confidence, "must be high, medium or low")


def in_force(start: datetime.date | None, end: datetime.date | None, on: datetime.date) -> bool:
    """Return whether a day lies in the half-open time of a rule.

    Args:
        start: First day; None for always before.
        end: First day on which it no longer holds; None for no end known.
        on: The day asked for.
    """
    return (start is None or start <= on) and (end is None or on < end)


def check_dates(start: datetime.date | None, end: datetime.date | None) -> None:
    """Refuse a rule that ends before it starts.

    Raises:
        InputError: The end is not after the start.
    """
    if start is not None and end is not None and end <= start:
        raise InputError("effective_to", end, f"must be after effective_from {start}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document, page or data set that facts were read from.

    Attributes:
        title: What it is called, or what it says.
        publisher: Who says so.
        address: Page, or site where the page is not recorded; "" for a calculation of ours.
        read: Day it was read.
        licence: Licence, or what is known of it.
        light: What a user may do with the source: green, amber or red.
        provenance: "shipped", or "user" where a user's file says so.
    """

    title: str
    publisher: str
    address: str = ""
    read: datetime.date
    licence: str
    light: Light
    provenance: FactProvenance = "shipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A number with its source.

    Attributes:
        value: The number used.
        unit: Its unit, e.g. "1" for a share, "USD/MW".
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure that is.
        low, high: Range that the value was chosen from; both or neither.
        assumption: Whether the value was chosen from a range.
        effective_from: First day on which it holds; None for always before.
        effective_to: First day on which it no longer holds; None for no end known.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    value: float
    unit: str
    source: str
    date: datetime.date
    confidence: Confidence
    low: float | None = None
    high: float | None = None
    assumption: bool = False
    effective_from: datetime.date | None = None
    effective_to: datetime.date | None = None
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        if not isfinite(self.value):
            raise InputError("value", self.value, "must be finite")
        if (self.low is None) != (self.high is None):
            raise InputError("low, high", (self.low, self.high), "must be given together")
        if self.low is not None and self.high is not None:
            if not self.low <= self.value <= self.high:
                raise InputError("value", self.value, f"must lie in {self.low} to {self.high}")
        elif self.assumption:
            raise InputError("assumption", True, "needs the range low to high")
        check_confidence(self.confidence)
        check_dates(self.effective_from, self.effective_to)

    def in_force(self, on: datetime.date) -> bool:
        """Return whether the fact holds on a day."""
        return in_force(self.effective_from, self.effective_to, on)
