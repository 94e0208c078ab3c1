# SPDX-License-Identifier: Apache-2.0
"""What a country's tax office and central bank do to cash in time: `[finance]` of a country."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Literal, get_args

from loadstone.model.errors import InputError
from loadstone.model.source import Confidence, Fact, FactProvenance, check_confidence

AssetClass = Literal["machines", "halls", "plants"]
ASSET_CLASSES: tuple[str, ...] = get_args(AssetClass)
MOST_YEARS = 100.0
# what a kind must have, then what it may have
_OF_KIND = {"straight-line": ("years",), "declining": ("rate", "years"), "table": ("shares",)}
_UNITS = {
    "loss_limit": "1",
    "loss_years": "year",
    "tax_lag_months": "month",
    "vat_refund_months": "month",
    "withholding_dividends": "1",
    "withholding_interest": "1",
    "trapped_months": "month",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Depreciation:
    """How the tax office lets the price of an asset be written off.

    Attributes:
        kind: "straight-line" over `years`, "declining" by `rate` of what is left each year, or
            "table" of `shares` of the price by calendar year.
        years: Straight line: its years, counted from the month of use. Declining: when given,
            what is left by then is written off.
        rate: Declining: share of what is left, a year.
        first_year: Declining: part of the rate that the first calendar year has.
        shares: Table: share of the price in each calendar year from that of use; at most 1 in
            sum.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        assumption: Whether it was chosen.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    kind: Literal["straight-line", "declining", "table"]
    years: float | None = None
    rate: float | None = None
    first_year: float = 1.0
    shares: tuple[float, ...] = ()
    source: str
    date: datetime.date
    confidence: Confidence
    assumption: bool = False
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        wanted = _OF_KIND[self.kind][0]
        if not getattr(self, wanted):
            raise InputError(wanted, getattr(self, wanted), f'must be given with "{self.kind}"')
        for name in ("years", "rate", "shares"):
            if getattr(self, name) and name not in _OF_KIND[self.kind]:
                rule = f'must not be given with "{self.kind}"'
                raise InputError(name, getattr(self, name), rule)
        if self.years is not None and not 0 < self.years <= MOST_YEARS:
            raise InputError("years", self.years, f"must be above 0 and at most {MOST_YEARS:g}")
        if self.rate is not None and not 0 < self.rate <= 1:
            raise InputError("rate", self.rate, "must be above 0 and at most 1")
        if not 0 <= self.first_year <= 1:
            raise InputError("first_year", self.first_year, "must be from 0 to 1")
        for share in self.shares:
            if not 0 <= share <= 1:
                raise InputError("shares", share, "must be from 0 to 1")
        total = sum(self.shares)
        if total > 1 and not isclose(total, 1.0, abs_tol=1e-9):
            raise InputError("shares", total, "must add up to at most 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountryFinance:
    """When a country takes its taxes and lets cash go. What is absent is not counted.

    Attributes:
        depreciation: For tax, by class of asset: "machines", "halls", "plants" (generation,
            batteries, connection). A class without one takes the years of the country.
        loss_limit: Part of a year's income that losses of earlier years may reduce, unit "1";
            None for all of it.
        loss_years: Years after which a loss is lost, unit "year"; None for never.
        tax_lag_months: Months from the end of a year until its tax is paid, unit "month".
        vat_refund_months: Months until value-added tax on purchases comes back.
        withholding_dividends, withholding_interest: Tax on what is paid to owners and lenders
            abroad, unit "1".
        trapped_months: Months that cash waits before it may leave, unit "month".
        note: Anything a reader should know.
    """

    depreciation: Mapping[str, Depreciation] = field(default_factory=dict, hash=False)
    loss_limit: Fact | None = None
    loss_years: Fact | None = None
    tax_lag_months: Fact | None = None
    vat_refund_months: Fact | None = None
    withholding_dividends: Fact | None = None
    withholding_interest: Fact | None = None
    trapped_months: Fact | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name in self.depreciation:
            if name not in ASSET_CLASSES:
                rule = f"must be one of {', '.join(ASSET_CLASSES)}"
                raise InputError("depreciation", name, rule)
        for name, unit in _UNITS.items():
            fact = getattr(self, name)
            most = 1.0 if unit == "1" else MOST_YEARS
            if fact is not None and (fact.unit != unit or not 0 <= fact.value <= most):
                rule = f'must be from 0 to {most:g}, unit "{unit}"'
                raise InputError(name, fact.value, rule)
