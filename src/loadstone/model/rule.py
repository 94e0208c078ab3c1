# SPDX-License-Identifier: Apache-2.0
"""Dated rules of a country: prohibitions, incentives, levies, and rules for readers."""

import datetime
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.source import (
    Confidence,
    Fact,
    FactProvenance,
    RuleStatus,
    check_confidence,
    check_dates,
    in_force,
)

Bools = NDArray[np.bool_]
Exemption = Literal["off-grid own generation"]
_WINDOW = re.compile(r"(\d\d)-(\d\d)\.\.(\d\d)-(\d\d)")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class MiningRule:
    """A dated prohibition of a use in a region.

    Attributes:
        id: Name in files, unique within the country.
        region: ISO 3166-2 code, or the country's code for all of it.
        part: Part of the region that it covers, e.g. "south"; "" for all of it. A site names
            its part after a slash: "RU-IRK/north". A site that names none is taken to be
            covered.
        use: What is forbidden.
        kind: "ban".
        window: Days of the year "MM-DD..MM-DD", from the first to before the second, across
            the new year where the first is later; "" for the whole year.
        effective_from: First day.
        effective_to: First day on which it no longer holds; None for no end known.
        exempt: Who it does not cover.
        status: Only "law" binds.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    id: str
    region: str
    part: str = ""
    use: Literal["mining", "ai"] = "mining"
    kind: Literal["ban"] = "ban"
    window: str = ""
    effective_from: datetime.date
    effective_to: datetime.date | None = None
    exempt: tuple[Exemption, ...] = ()
    status: RuleStatus = "law"
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        check_dates(self.effective_from, self.effective_to)
        check_confidence(self.confidence)
        if self.window:
            _ends_of(self.window)

    def covers(self, region: str) -> bool:
        """Return whether a site in a region is covered.

        Args:
            region: ISO 3166-2 code, with the part after a slash where it is known, or "".
        """
        code, _, part = region.partition("/")
        inside = "-" not in self.region or code == self.region
        return inside and (not self.part or not part or part == self.part)

    def bans(self, region: str, *, off_grid: bool, grid: TimeGrid, time_zone: str) -> Bools:
        """Return the intervals in which the use is forbidden. Shape (T,).

        Args:
            region: ISO 3166-2 code, with the part after a slash where it is known, or "".
            off_grid: Whether the site runs on its own generation, isolated from the grid.
            grid: The intervals.
            time_zone: IANA name; days begin at its midnight.

        Raises:
            InputError: No such time zone.
        """
        free = off_grid and "off-grid own generation" in self.exempt
        if self.status != "law" or free or not self.covers(region):
            return np.zeros(grid.count, dtype=np.bool_)
        day = grid.local_date(time_zone)
        mask: Bools = day >= np.datetime64(self.effective_from, "D")
        if self.effective_to is not None:
            mask &= day < np.datetime64(self.effective_to, "D")
        if self.window:
            mask &= _in_window(day, *_ends_of(self.window))
        return mask


def _ends_of(window: str) -> tuple[int, int]:
    """Return the two days of a window as 100 x month + day."""
    match = _WINDOW.fullmatch(window)
    if match is None:
        raise InputError("window", window, 'must be "MM-DD..MM-DD"')
    month, day, last_month, last_day = map(int, match.groups())
    for m, d in ((month, day), (last_month, last_day)):
        if not (1 <= m <= 12 and 1 <= d <= _DAYS[m - 1]):
            raise InputError("window", window, "must hold days of the calendar")
    first, last = 100 * month + day, 100 * last_month + last_day
    if first == last:
        raise InputError("window", window, 'must have two days; "" is the whole year')
    return first, last


def _in_window(day: NDArray[np.datetime64], first: int, last: int) -> Bools:
    months = day.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    of_month = (day - months.astype("datetime64[D]")).astype(np.int64) + 1
    number = 100 * month + of_month
    after, before = number >= first, number < last
    return np.asarray(after & before if first < last else after | before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incentive:
    """Help for a use, dated, with the part of it that is linear.

    Attributes:
        id: Name in files, unique within the country.
        name: What it is.
        use: What it helps.
        zones: Zones in which it holds; empty for all.
        status: Only "law" counts.
        effective_from: First day; None for always before.
        effective_to: First day on which it no longer holds; None for no end known.
        chip_country: Only servers with chips of this country; "" for all.
        condition: What else it asks for, in words; a network says whether it is met.
        power_bill_share: Most of the power bill that is paid back, unit "1".
        profit_tax_rate: Tax rate in place of the country's, unit "1".
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    id: str
    name: str
    use: Literal["mining", "ai"]
    zones: tuple[str, ...] = ()
    status: RuleStatus
    effective_from: datetime.date | None = None
    effective_to: datetime.date | None = None
    chip_country: str = ""
    condition: str = ""
    power_bill_share: Fact | None = None
    profit_tax_rate: Fact | None = None
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        check_dates(self.effective_from, self.effective_to)
        check_confidence(self.confidence)
        for name in ("power_bill_share", "profit_tax_rate"):
            fact = getattr(self, name)
            if fact is not None and (fact.unit != "1" or not 0 <= fact.value <= 1):
                raise InputError(name, fact.value, 'must be from 0 to 1, unit "1"')

    def holds(self, *, zone: str, chip_country: str, on: datetime.date) -> bool:
        """Return whether it is law for a server in a zone on a day, its condition aside."""
        here = not self.zones or zone in self.zones
        chips = not self.chip_country or chip_country == self.chip_country
        dated = in_force(self.effective_from, self.effective_to, on)
        return self.status == "law" and here and chips and dated


@dataclass(frozen=True, slots=True, kw_only=True)
class Levy:
    """A levy on energy by use. A network puts it into a site's tariffs.

    Attributes:
        id: Name in files, unique within the country.
        name: What it is.
        use: Whose energy it is on.
        status: Law, proposal or expired.
        rate: Rate; its unit says on what, e.g. "KZT/kWh" or "1" for a share of cost.
        note: Bands, exemptions, who pays.
    """

    id: str
    name: str
    use: Literal["mining", "ai", "all"]
    status: RuleStatus
    rate: Fact
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextRule:
    """A rule that a reader must know and a planner cannot use.

    Attributes:
        id: Name in files, unique within the country.
        topic: What it is about, e.g. "registration".
        text: The rule in our words.
        status: Law, proposal or expired.
        effective_from: First day; None for always before.
        effective_to: First day on which it no longer holds; None for no end known.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
    """

    id: str
    topic: str
    text: str
    status: RuleStatus = "law"
    effective_from: datetime.date | None = None
    effective_to: datetime.date | None = None
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"

    def __post_init__(self) -> None:
        check_dates(self.effective_from, self.effective_to)
        check_confidence(self.confidence)
