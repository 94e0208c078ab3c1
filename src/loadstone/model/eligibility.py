# SPDX-License-Identifier: Apache-2.0
"""Who may bring what where: dated rows on machines and on investors.

They hold export control and screening in the form in which lawyers answer: this, to there, for
this owner, from this day on. Not legal advice.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from loadstone.model.capital import Investor
from loadstone.model.errors import InputError
from loadstone.model.source import check_dates

GENERATION, CHIPS, INVESTOR = "generation:", "chips:", "investor:"
COUNTRY = re.compile(r"[A-Z]{2}")
"""An ISO 3166-1 code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """Whether something may go to some countries, from a day on.

    Of the rows that hold, the one with the latest first day decides, and of those with the same
    day the last in the file. Where none holds, it may go.

    Attributes:
        subject: Id of a machine, "generation:" and that of servers, "chips:" and the country of
            their makers, or "investor:" and the id of one.
        countries: Where to: ISO 3166-1 codes.
        owner: Only for owners of this country; "" for all.
        allowed: Whether it may go.
        effective_from: First day.
        effective_to: First day on which it no longer holds; None for no end known.
        source: Where it is written.
    """

    subject: str
    countries: tuple[str, ...]
    owner: str = ""
    allowed: bool
    effective_from: date
    effective_to: date | None = None
    source: str

    def __post_init__(self) -> None:
        check_dates(self.effective_from, self.effective_to)
        if not self.subject or self.subject.endswith(":"):
            rule = "must be a machine, generation:..., chips:... or investor:..."
            raise InputError("subject", self.subject, rule)
        if not self.countries:
            raise InputError("countries", self.countries, "must name at least one")
        for name, code in (*(("countries", c) for c in self.countries), ("owner", self.owner)):
            if code and not COUNTRY.fullmatch(code):
                raise InputError(name, code, "must be an ISO 3166-1 code of two letters")

    def holds(self, subjects: Collection[str], country: str, owner: str, on: date) -> bool:
        """Tell whether the row is about something that goes to a country on a day."""
        ended = self.effective_to is not None and self.effective_to <= on
        meant = self.subject in subjects and country in self.countries
        return meant and self.owner in {"", owner} and self.effective_from <= on and not ended

    @property
    def text(self) -> str:
        """It in words."""
        word = "may" if self.allowed else "may not"
        kind, _, name = self.subject.rpartition(":")
        subject = {
            "generation": f"servers of generation {name}",
            "chips": f"chips of makers in {name}",
            "investor": f"money of {name}",
        }.get(kind, self.subject)
        owner = f" for owners of {self.owner}" if self.owner else ""
        to = "" if self.effective_to is None else f" until {self.effective_to}"
        where = ", ".join(self.countries)
        return f"{subject} {word} go to {where}{owner} from {self.effective_from}{to}"


def deciding(
    rows: Sequence[Eligibility],
    subjects: Collection[str],
    *,
    country: str,
    owner: str,
    on: date,
) -> Eligibility | None:
    """Return the row that decides whether something may go to a country; None where none does.

    Args:
        rows: All rows.
        subjects: What it is, in the words of rows: e.g. "dgx-b200", "generation:blackwell".
        country: Where to.
        owner: Country of the owner, "" where it is not known.
        on: The day.
    """
    held = [row for row in rows if row.holds(subjects, country, owner, on)]
    # of rows with one day max takes the first, so they are gone through from the last
    return max(reversed(held), key=lambda row: row.effective_from, default=None)


def money_may_go(
    rows: Sequence[Eligibility], investor: Investor, country: str, on: date
) -> bool:
    """Tell whether the money of an investor may go to a country on a day."""
    row = deciding(
        rows, {INVESTOR + investor.id}, country=country, owner=investor.country, on=on
    )
    return row is None or row.allowed
