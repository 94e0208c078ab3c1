# SPDX-License-Identifier: Apache-2.0
"""What every tariff and levy has, and how the entries of a site become one rate card."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite

import numpy as np

from loadstone.model.errors import InputError, InputErrors
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.calendar import Calendar
from loadstone.model.tariff.load import Bools, Floats
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import Term, check_finite

ANY_GRID = TimeGrid(start=datetime(2024, 1, 1, tzinfo=UTC), count=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceSeries:
    """Market prices on the grid of a rate card.

    Attributes:
        currency: ISO 4217 code.
        per_mwh: Price of each interval, of either sign, currency/MWh. Shape (T,).
    """

    currency: str
    per_mwh: Floats

    def __post_init__(self) -> None:
        check_finite("per_mwh", self.per_mwh)


Prices = Mapping[str, PriceSeries]


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffEntry(ABC):
    """One entry of a supply contract, a tariff book or a law.

    Outside its dates an entry charges nothing. A rate that changes is two entries, the
    second valid from the day on which the first ends. Amounts by the month are charged for
    the part of the month in which the entry is in force and on the grid.

    Attributes:
        currency: ISO 4217 code of every amount.
        zone: IANA zone of its months, dates and hours, e.g. "Asia/Irkutsk".
        name: What the bill calls it; empty for its kind.
        valid_from: First local date in force; None for always.
        valid_to: First local date no longer in force; None for ever.
        source: Where it stands, for people.
    """

    currency: str
    zone: str
    name: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""

    def __post_init__(self) -> None:
        code = self.currency
        if not (
            len(code) == len("USD") and code.isascii() and code.isalpha() and code.isupper()
        ):
            raise InputError("currency", code, "must be an ISO 4217 code such as USD")
        Calendar.of(ANY_GRID, self.zone)
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise InputError("valid_to", self.valid_to, f"must be after {self.valid_from}")

    @abstractmethod
    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the entry on a grid.

        Args:
            grid: Intervals of the plan or of the bill.
            prices: Market prices on that grid, by the name of the series.

        Raises:
            InputError: A price series is missing, of another length or currency.
        """

    @property
    def label(self) -> str:
        """Name on the bill."""
        return self.name or str(getattr(self, "kind", ""))

    def calendar(self, grid: TimeGrid) -> Calendar:
        """Return the local calendar of a grid."""
        return Calendar.of(grid, self.zone)

    def in_force(self, grid: TimeGrid) -> Bools:
        """Return the intervals in which the entry is in force. Shape (T,)."""
        return self.calendar(grid).between(self.valid_from, self.valid_to)

    def card(
        self,
        grid: TimeGrid,
        *terms: Term,
        priced: Bools | None = None,
        loss_share: Floats | float = 0.0,
    ) -> RateCard:
        """Return a rate card of some terms in the currency of this entry."""
        return RateCard(
            currency=self.currency,
            grid=grid,
            terms=terms,
            priced=np.zeros(grid.count, dtype=np.bool_) if priced is None else priced,
            loss_share=loss_share,
        )

    def market(self, series: str, grid: TimeGrid, prices: Prices) -> Floats:
        """Return a price series on the grid. Shape (T,).

        Raises:
            InputError: It is missing, of another length or in another currency.
        """
        found = prices.get(series)
        if found is None:
            known = ", ".join(sorted(prices)) or "none"
            raise InputError("series", series, f"must be a price series; there are {known}")
        if found.currency != self.currency:
            rule = f"price series {series} is in {found.currency}, tariff in {self.currency}"
            raise InputError("currency", self.currency, rule)
        if found.per_mwh.shape != (grid.count,):
            rule = f"price series has {found.per_mwh.size} values, the grid {grid.count}"
            raise InputError("series", series, rule)
        return found.per_mwh


def site_card(entries: Iterable[TariffEntry], grid: TimeGrid, prices: Prices) -> RateCard:
    """Return the one rate card of a site: its supply and the levies on it.

    Args:
        entries: Tariffs and levies, all in one currency.
        grid: Intervals of the plan or of the bill.
        prices: Market prices on that grid, by the name of the series.

    Raises:
        InputErrors: Entries that cannot be lowered, each with its place in the list; or
            entries that do not fit together.
    """
    cards: list[RateCard] = []
    errors: list[InputError] = []
    for place, entry in enumerate(entries):
        try:
            cards.append(entry.rate_card(grid, prices))
        except InputError as error:
            errors.append(error.within(f"supply[{place}]"))
    if errors:
        raise InputErrors(errors)
    return RateCard.joined(cards)


def check_at_least(field_name: str, value: float, least: float = 0.0) -> None:
    """Refuse a number below a limit, or not finite."""
    if not (isfinite(value) and value >= least):
        raise InputError(field_name, value, f"must be finite and at least {least:g}")


def check_share(field_name: str, value: float) -> None:
    """Refuse a number outside 0 to 1."""
    if not 0 <= value <= 1:
        raise InputError(field_name, value, "must be from 0 to 1")
