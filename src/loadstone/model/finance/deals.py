# SPDX-License-Identifier: Apache-2.0
"""What deals.toml says: how cash is counted, borrowed, hedged and shared."""

from dataclasses import dataclass

from loadstone.model.errors import InputError
from loadstone.model.finance.deal import Deal
from loadstone.model.finance.debt import Debt
from loadstone.model.finance.hedge import Hedge
from loadstone.model.finance.multiplier import Multiplier
from loadstone.model.finance.terms import CashTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Deals:
    """What deals.toml says; without it there is no debt and one owner.

    Attributes:
        cash: Inflation, payment terms and what moves money in time.
        debts: Loans.
        hedges: Hashprice and power sold or bought ahead.
        deals: Between investors.
        multipliers: Of value added directly, as the user states them.
    """

    cash: CashTerms = CashTerms()
    debts: tuple[Debt, ...] = ()
    hedges: tuple[Hedge, ...] = ()
    deals: tuple[Deal, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()

    def __post_init__(self) -> None:
        for name in ("debts", "hedges", "deals"):
            ids = [row.id for row in getattr(self, name)]
            for i, id_ in enumerate(ids):
                if id_ in ids[:i]:
                    raise InputError(f"{name}[{i}].id", id_, "must be given once")
        codes = [row.country for row in self.multipliers]
        for i, code in enumerate(codes):
            if code in codes[:i]:
                rule = "must be one a country"
                raise InputError(f"multipliers[{i}].country", code, rule)
