# SPDX-License-Identifier: Apache-2.0
"""An investor's account: what it has put in, what it is owed first, and how cash is split.

All that is paid is whole minor units; what accrues between payments stays an exact decimal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal
from functools import lru_cache

from loadstone.model.errors import InputError
from loadstone.model.finance.deal import Compounding, Hurdle
from loadstone.model.money import EXACT, whole

ZERO = Decimal(0)
CARRIES = ("catch-up", "carry")
"""Tiers that go to the sponsor; the others go to the investor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where one investor stands, in one project or in the whole deal.

    Attributes:
        capital: Called and not yet paid back, minor units.
        preferred: Preferred return owed by hurdle, minor units with their decimals.
        profit: What the investor has had beyond its capital, minor units.
        carry: What the sponsor has had of it, minor units.
    """

    capital: int = 0
    preferred: tuple[Decimal, ...] = ()
    profit: int = 0
    carry: int = 0

    def called(self, units: int) -> "Account":
        """Return it after a call."""
        return replace(self, capital=self.capital + units)

    def accrued(
        self, hurdles: Sequence[Hurdle], years: Decimal, compounding: Compounding
    ) -> "Account":
        """Return it some time later: the preferred return has grown."""
        if not self.capital and not any(self.preferred):
            return self
        owed = tuple(
            EXACT.add(before, _growth(self.capital, before, hurdle.rate, years, compounding))
            for before, hurdle in zip(self.preferred, hurdles, strict=True)
        )
        return replace(self, preferred=owed)

    def received(self, units: int) -> "Account":
        """Return it after the investor got something: capital first, then preferred return."""
        back = min(units, self.capital)
        more = units - back
        owed = tuple(max(ZERO, EXACT.subtract(before, more)) for before in self.preferred)
        return replace(
            self, capital=self.capital - back, preferred=owed, profit=self.profit + more
        )


def opened(hurdles: Sequence[Hurdle]) -> Account:
    """Return an empty account."""
    return Account(preferred=(ZERO,) * len(hurdles))


def _growth(
    capital: int, owed: Decimal, rate: float, years: Decimal, compounding: Compounding
) -> Decimal:
    if compounding == "simple":
        return EXACT.multiply(EXACT.multiply(capital, Decimal(repr(rate))), years)
    return EXACT.multiply(EXACT.add(capital, owed), _compound(rate, years))


@lru_cache(maxsize=1024)
def _compound(rate: float, years: Decimal) -> Decimal:
    growth = EXACT.power(EXACT.add(1, Decimal(repr(rate))), years)
    return EXACT.subtract(growth, 1)


def split(
    account: Account, hurdles: Sequence[Hurdle], units: int
) -> tuple[Account, dict[str, int]]:
    """Pay cash down the tiers: capital, preferred return, catch-up, split, and so on.

    Args:
        account: Where the investor stands.
        hurdles: From the lowest; without one all is the investor's.
        units: Cash of this investor's part, minor units, at least 0.

    Returns:
        The account after it, and what each tier took: "capital", "preferred" and "split" go to
        the investor, "catch-up" and "carry" to the sponsor.
    """
    paid = dict.fromkeys(("capital", "preferred", "split", *CARRIES), 0)
    cash = _Cash(account, paid, units)
    cash.give("capital", account.capital)
    share = ZERO  # the sponsor's, of what comes before the next hurdle
    for k, hurdle in enumerate(hurdles):
        cash.up_to_hurdle(k, share)
        share = Decimal(repr(hurdle.carry))
        cash.catch_up(k, hurdle, share, len(hurdles))
    cash.divide("carry", share, cash.left)
    check_payout(units, paid)
    return cash.account, paid


def check_payout(units: int, paid: Mapping[str, int]) -> None:
    """Refuse tiers that pay out more, or less, than there is.

    Raises:
        InputError: They do.
    """
    if sum(paid.values()) != units or min(paid.values(), default=0) < 0:
        rule = f"must pay out what there is, {units}, and nothing else"
        raise InputError("waterfall", dict(paid), rule)


class _Cash:
    """Cash on its way down the tiers."""

    def __init__(self, account: Account, paid: dict[str, int], left: int) -> None:
        self.account, self.paid, self.left = account, paid, left

    def give(self, tier: str, units: int) -> None:
        """Pay the investor, as far as there is cash."""
        units = min(units, self.left)
        self.paid[tier] += units
        self.account = self.account.received(units)
        self.left -= units

    def divide(self, tier: str, share: Decimal, units: int) -> None:
        """Pay the sponsor its share and the investor the rest."""
        carry = min(units, whole(EXACT.multiply(units, share)))
        self.paid[tier] += carry
        self.account = replace(self.account, carry=self.account.carry + carry)
        self.left -= carry
        self.give("split", units - carry)

    def up_to_hurdle(self, k: int, share: Decimal) -> None:
        """Pay until the investor has the return of hurdle `k`."""
        owed = whole(self.account.preferred[k])
        if not share:
            met = owed <= self.left
            self.give("preferred", owed)
        else:
            wanted = _gross(Decimal(owed), 1 - share)
            met = wanted <= self.left
            self.divide("carry", share, min(wanted, self.left))
        if met:
            self._clear(k)

    def catch_up(self, k: int, hurdle: Hurdle, share: Decimal, hurdles: int) -> None:
        """Pay the sponsor faster until it has its share of all profit so far."""
        if not hurdle.catch_up or not self.left:
            return
        profit = self.account.profit + self.account.carry
        missing = EXACT.subtract(EXACT.multiply(profit, share), self.account.carry)
        faster = Decimal(repr(hurdle.catch_up))
        if missing <= 0:
            return
        units = min(self.left, whole(EXACT.divide(missing, faster - share)))
        if k + 1 < hurdles and faster < 1:
            units = min(units, _gross(self.account.preferred[k + 1], 1 - faster))
        self.divide("catch-up", faster, units)

    def _clear(self, k: int) -> None:
        """Forget the part of a minor unit that a paid preferred return leaves."""
        owed = (*self.account.preferred[:k], ZERO, *self.account.preferred[k + 1 :])
        self.account = replace(self.account, preferred=owed)


def _gross(net: Decimal, share: Decimal) -> int:
    """Return what must be divided for a share of it to be at least `net`."""
    return int(EXACT.divide(net, share).to_integral_value(rounding=ROUND_CEILING))
