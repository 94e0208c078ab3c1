# SPDX-License-Identifier: Apache-2.0
"""Countries: grid zones, taxes, import duties, and their dated rules together."""

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.finance.country_finance import CountryFinance
from loadstone.model.grid import TimeGrid
from loadstone.model.rule import Bools, Incentive, Levy, MiningRule, TextRule
from loadstone.model.source import Confidence, Fact, FactProvenance, check_confidence


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
        property_tax: Property tax a year over the price of halls and plants, unit "1/year";
            None takes the shipped assumption.
        finance: How tax and borders move cash in time.
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
    property_tax: Fact | None = None
    finance: CountryFinance = CountryFinance()
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
        tax = self.property_tax
        if tax is not None and (tax.unit != "1/year" or not 0 <= tax.value <= 1):
            raise InputError("property_tax", tax.value, 'must be from 0 to 1, unit "1/year"')
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
