# SPDX-License-Identifier: Apache-2.0
"""Money owed: whole minor units of one currency, one rounding rule, one way to share.

Estimates are floats and stay so. What is owed, called or paid out becomes `Money` once, by
`Money.of`, and no float touches it afterwards.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from loadstone.model.errors import InputError

EXACT = Context(prec=50, rounding=ROUND_HALF_EVEN)
"""How decimals are counted between two roundings."""

CURRENCY = re.compile(r"[A-Z]{3}")

# ISO 4217:2015, list one, as amended: currencies whose minor unit is not a hundredth
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"), 0),
    **dict.fromkeys(("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
    "BTC": 8,  # no code of the norm; the satoshi
}
_HUNDREDTHS = 2


def exponent(currency: str) -> int:
    """Return how many decimals the minor unit of a currency has: 2 for USD, 8 for BTC.

    Raises:
        InputError: It is no code of three capital letters.

    Source:
        ISO 4217:2015, list one (currency, fund and precious metal codes).
    """
    if not CURRENCY.fullmatch(currency):
        raise InputError("currency", currency, "must be an ISO 4217 code of three letters")
    return _EXPONENTS.get(currency, _HUNDREDTHS)


def whole(amount: Decimal) -> int:
    """Return the nearest whole number, half to even: the one rounding rule."""
    return int(amount.to_integral_value(rounding=ROUND_HALF_EVEN))


def major(units: float, currency: str) -> float:
    """Return minor units as an amount for people and pictures, e.g. 150 cents as 1.5."""
    return float(units / 10 ** exponent(currency))


def allocate(total: int, weights: Sequence[int | Decimal]) -> list[int]:
    """Share a whole number so that the parts always sum to it.

    Each part is its exact share rounded down; what is left goes, one unit each, to those whose
    share lost most by it, earlier ones first (the largest remainder). A negative total is
    shared as the positive one.

    Args:
        total: What is shared.
        weights: By part, at least 0, not all 0 unless the total is.

    Raises:
        InputError: A weight is negative or no number, or nobody is there to take it.

    Source:
        The method of Hamilton: M. L. Balinski and H. P. Young (1982), Fair Representation.
    """
    exact = [Fraction(weight) for weight in weights if Decimal(weight).is_finite()]
    if len(exact) < len(weights) or any(weight < 0 for weight in exact):
        raise InputError("weights", tuple(weights), "must be finite and at least 0")
    if total < 0:
        return [-part for part in allocate(-total, weights)]
    whole_weight = sum(exact)
    if not whole_weight:
        if total:
            raise InputError("weights", tuple(weights), "must not all be 0")
        return [0] * len(exact)
    shares = [total * weight / whole_weight for weight in exact]
    parts = [share.__floor__() for share in shares]
    most_lost = sorted(range(len(parts)), key=lambda i: parts[i] - shares[i])
    for i in most_lost[: total - sum(parts)]:
        parts[i] += 1
    return parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount that is owed or held.

    Attributes:
        units: Whole minor units: cents, satoshi.
        currency: ISO 4217 code, or BTC.
    """

    units: int
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)
        if not isinstance(self.units, int):
            raise InputError("units", self.units, "must be a whole number of minor units")

    @classmethod
    def of(cls, amount: Decimal | int | str | float, currency: str) -> "Money":
        """Return an amount of whole units as money, rounded half to even.

        A float is an estimate: it is taken as the shortest decimal that stands for it.

        Raises:
            InputError: It is no finite number.
        """
        try:
            exact = (
                Decimal(repr(float(amount))) if isinstance(amount, float) else Decimal(amount)
            )
        except ArithmeticError:
            raise InputError("amount", amount, "must be a number") from None
        if not exact.is_finite():
            raise InputError("amount", str(amount), "must be finite")
        return cls(units=whole(exact.scaleb(exponent(currency), EXACT)), currency=currency)

    @property
    def amount(self) -> Decimal:
        """It in whole units of the currency, exactly."""
        return Decimal(self.units).scaleb(-exponent(self.currency), EXACT)

    def __add__(self, other: "Money") -> "Money":
        return Money(units=self.units + self._same(other).units, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(units=self.units - self._same(other).units, currency=self.currency)

    def __neg__(self) -> "Money":
        return Money(units=-self.units, currency=self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.units < self._same(other).units

    def __le__(self, other: "Money") -> bool:
        return self.units <= self._same(other).units

    def __gt__(self, other: "Money") -> bool:
        return self.units > self._same(other).units

    def __ge__(self, other: "Money") -> bool:
        return self.units >= self._same(other).units

    def __bool__(self) -> bool:
        return self.units != 0

    def __str__(self) -> str:
        return f"{self.amount:,} {self.currency}"

    def times(self, factor: Decimal | int) -> "Money":
        """Return it times a factor, rounded once."""
        return Money(units=whole(EXACT.multiply(self.units, factor)), currency=self.currency)

    def at(self, rate: Decimal, currency: str) -> "Money":
        """Return it in another currency, rounded once.

        Args:
            rate: Units of the other currency for one of this, above 0.
            currency: The other currency.

        Raises:
            InputError: The rate is none.
        """
        if not rate.is_finite() or rate <= 0:
            raise InputError("rate", str(rate), "must be finite and above 0")
        shift = exponent(currency) - exponent(self.currency)
        exact = EXACT.scaleb(EXACT.multiply(self.units, rate), shift)
        return Money(units=whole(exact), currency=currency)

    def allocate(self, weights: Sequence[int | Decimal]) -> list["Money"]:
        """Share it so that the parts sum to it; see `allocate`."""
        parts = allocate(self.units, weights)
        return [Money(units=part, currency=self.currency) for part in parts]

    @classmethod
    def total(cls, parts: Iterable["Money"], currency: str) -> "Money":
        """Return the sum of money of one currency; nothing at all is 0 of it."""
        found = cls(units=0, currency=currency)
        for part in parts:
            found += part
        return found

    def _same(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            rule = f"must be {self.currency}: currencies are never mixed"
            raise InputError("currency", other.currency, rule)
        return other
