# SPDX-License-Identifier: Apache-2.0
"""What capital asks for, by country and kind of revenue, and who gives it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal, get_args

from loadstone.model.errors import InputError

RevenueKind = Literal["mining", "ai", "lease", "hosting", "flexibility"]
REVENUE_KINDS: tuple[str, ...] = get_args(RevenueKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """What is added to the discount rate of the study. Below 0 where it is safer.

    Attributes:
        country: By ISO 3166-1 code: on everything there, e.g. 0.04.
        revenue: By kind of revenue ("mining", "ai", "lease", "hosting", "flexibility"): on that
            revenue after tax, on top of the country's.
    """

    country: Mapping[str, float] = field(default_factory=dict)
    revenue: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in self.revenue:
            if kind not in REVENUE_KINDS:
                rule = f"must be one of {', '.join(REVENUE_KINDS)}"
                raise InputError("revenue", kind, rule)

    def check(self, rate: float) -> None:
        """Refuse premiums that leave no rate between 0 and 1.

        Raises:
            InputError: They do.
        """
        for code, more in {"": 0.0, **self.country}.items():
            for kind, most in {"": 0.0, **self.revenue}.items():
                if not 0 < rate + more + most < 1:
                    field_ = f"discount.revenue.{kind}" if kind else f"discount.country.{code}"
                    where = f" in {code}" if code and kind else ""
                    rule = f"must leave a rate between 0 and 1, not {rate + more + most:g}"
                    raise InputError(field_, most if kind else more, rule + where)


@dataclass(frozen=True, slots=True, kw_only=True)
class Investor:
    """Somebody who gives capital.

    Where may be said by rows of eligibility with the subject "investor:" and the id.

    Attributes:
        id: Name in files.
        name: Name for people.
        country: ISO 3166-1 code.
        capital: Most over all phases, network currency.
        capital_per_phase: Most in each phase, network currency; empty for any.
    """

    id: str
    name: str
    country: str
    capital: float
    capital_per_phase: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name, amounts in (
            ("capital", (self.capital,)),
            ("capital_per_phase", self.capital_per_phase),
        ):
            for amount in amounts:
                if not 0 <= amount < inf:
                    raise InputError(name, amount, "must be finite and at least 0")
