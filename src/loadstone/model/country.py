# SPDX-License-Identifier: Apache-2.0
"""Countries: grid zones, taxes, levies, and dated rules on mining and AI."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
class Zone:
    """A grid zone: one wholesale price, or one set of tariffs.

    Attributes:
        id: Name in files, e.g. "RU-2".
        name: Name for people.
        time_zone: IANA name of most of the zone; a site further off may differ.
        carbon: Carbon of the grid's power, unit "kg/MWh".
        prices: Key of the typical price year for this zone; "" where there is none.
        regions: ISO 3166-2 codes within it, where listed.
        note: Anything a reader should know.
    """

    id: str
    name: str
    time_zone: str
    carbon: Fact
    prices: str = ""
    regions: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.carbon.unit != "kg/MWh" or self.carbon.value < 0:
            raise InputError("carbon", self.carbon.value, 'must be at least 0, unit "kg/MWh"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """How the tax on income treats one use, in a form that is linear.

    Tax = rate x (revenue - deductible_share x costs).

    Attributes:
        rate: Tax rate, unit "1".
        deductible_share: Part of power, machines and other costs that may be deducted.
        input_vat_recoverable_share: Part of the VAT on machines and power that comes back.
        note: What the linear form leaves out.
    """

    rate: Fact
    deductible_share: Fact
    input_vat_recoverable_share: Fact
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("rate", "deductible_share", "input_vat_recoverable_share"):
            fact = getattr(self, name)
            if fact.unit != "1" or not 0 <= fact.value <= 1:
                raise InputError(name, fact.value, 'must be from 0 to 1, unit "1"')


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDuty:
    """Duty on machines that cross the border.

    Attributes:
        id: Name in files, unique within the country.
        use: "mining" or "ai" machines.
        rate: Share of the price, unit "1".
        above_th: The rate holds only for miners above this, TH/s; None for all.
        below_j_per_th: The rate holds only for miners below this, J/TH; None for all.
        condition: The condition in words; "" for none.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        provenance: "shipped", or "user" where a user's file says so.
    """

    id: str
    use: Literal["mining", "ai"]
    rate: Fact
    above_th: float | None = None
    below_j_per_th: float | None = None
    condition: str = ""
    source: str
    date: datetime.date
    confidence: Confidence
    provenance: FactProvenance = "shipped"

    def __post_init__(self) -> None:
        if self.rate.unit != "1" or self.rate.value < 0:
            raise InputError("rate", self.rate.value, 'must be at least 0, unit "1"')
        check_confidence(self.confidence)

    def holds(self, *, hashrate_th: float, j_per_th: float, on: datetime.date) -> bool:
        """Return whether the rate holds for a miner on a day."""
        strong = self.above_th is None or hashrate_th > self.above_th
        lean = self.below_j_per_th is None or j_per_th < self.below_j_per_th
        return strong and lean and self.rate.in_force(on)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What a country's grid, tax office and law mean for a site. Not legal advice.

    Attributes:
        code: ISO 3166-1 code, e.g. "BR".
        name: Name for people.
        currency: ISO 4217 code.
        complete: Whether a site may stand here; else only some facts are known.
        zones: Grid zones by id.
        mining, ai: How income tax and VAT treat each use; None where not known.
        vat: Standard value-added tax, unit "1".
        duties: Duty on machines; the first that holds is used, none means not known.
        depreciation: Years over which machines are written off, straight line.
        rules: Prohibitions.
        incentives: Help.
        levies: Levies on energy by use.
        texts: Rules for readers.
        figures: Other sourced numbers by name, e.g. price levels and limits.
        note: Anything a reader should know.
    """

    code: str
    name: str
    currency: str
    complete: bool
    zones: Mapping[str, Zone] = field(default_factory=dict, hash=False)
    mining: Treatment | None = None
    ai: Treatment | None = None
    vat: Fact | None = None
    duties: tuple[ImportDuty, ...] = ()
    depreciation: Fact | None = None
    rules: tuple[MiningRule, ...] = ()
    incentives: tuple[Incentive, ...] = ()
    levies: tuple[Levy, ...] = ()
    texts: tuple[TextRule, ...] = ()
    figures: Mapping[str, Fact] = field(default_factory=dict, hash=False)
    note: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]{2}", self.code):
            raise InputError("code", self.code, "must be an ISO 3166-1 code of two letters")
        if not re.fullmatch("[A-Z]{3}", self.currency):
            raise InputError("currency", self.currency, "must be an ISO 4217 code")
        if self.complete:
            self._check_complete()
        for name in ("duties", "rules", "incentives", "levies", "texts"):
            ids = [row.id for row in getattr(self, name)]
            for id_ in ids:
                if ids.count(id_) > 1:
                    raise InputError(f"{name}.id", id_, "must be used once")

    def _check_complete(self) -> None:
        for name in ("zones", "ai", "vat", "depreciation"):
            if not getattr(self, name):
                rule = "must be given where complete = true"
                raise InputError(name, getattr(self, name), rule)

    def bans(
        self, use: str, region: str, *, off_grid: bool, grid: TimeGrid, time_zone: str
    ) -> Bools:
        """Return the intervals in which any rule forbids a use. Shape (T,).

        Args:
            use: "mining" or "ai".
            region: ISO 3166-2 code, with the part after a slash where it is known, or "".
            off_grid: Whether the site runs on its own generation, isolated from the grid.
            grid: The intervals.
            time_zone: IANA name; days begin at its midnight.
        """
        mask = np.zeros(grid.count, dtype=np.bool_)
        for rule in self.rules:
            if rule.use == use:
                mask |= rule.bans(region, off_grid=off_grid, grid=grid, time_zone=time_zone)
        return mask

    def miner_duty(
        self, *, hashrate_th: float, j_per_th: float, on: datetime.date
    ) -> Fact | None:
        """Return the import duty on a miner, or None where it is not known."""
        for duty in self.duties:
            if duty.use == "mining" and duty.holds(
                hashrate_th=hashrate_th, j_per_th=j_per_th, on=on
            ):
                return duty.rate
        return None

    def server_duty(self, on: datetime.date) -> Fact | None:
        """Return the import duty on an AI server, or None where it is not known."""
        for duty in self.duties:
            if duty.use == "ai" and duty.rate.in_force(on):
                return duty.rate
        return None
