# SPDX-License-Identifier: Apache-2.0
"""Hedges: volumes of hashprice sold ahead, or of power bought ahead."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from loadstone.model.bounds import at_least_zero, plain_name
from loadstone.model.errors import InputError
from loadstone.model.money import exponent

HedgeKind = Literal["hashprice", "power"]
Profile = Literal["base", "peak"]

HASHPRICE_CURRENCY = "USD"  # of hashprice everywhere
PEAK_HOURS = range(8, 20)
"""Local hours of the peak, Monday to Friday."""
# fields that mean something for one kind only, and what they are where nothing is said
_OF_KIND: dict[str, dict[str, object]] = {
    "hashprice": {"ph": None},
    "power": {"zone": "", "mw": None, "profile": "base", "resale": True},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """One hedge: a row of `[[hedges]]` in deals.toml.

    A hashprice forward is sold: it brings the agreed price less hashprice, and costs it where
    hashprice is higher. A power block is bought: it brings what its power is worth at the
    zone's hourly price, less the agreed price. Both are linear.

    Attributes:
        id: Id of the hedge.
        kind: "hashprice" or "power".
        traded: Day on which it is agreed; margin and fee are paid from then on.
        starts: First day of its first month.
        ends: First day of the month after its last.
        price: What is agreed: USD/PH/day, or currency/MWh.
        currency: ISO 4217 code of the price.
        ph: Hashrate sold, PH/s, all month long. Hashprice only.
        zone: Zone with a price series. Power only.
        mw: Power bought, MW. Power only.
        profile: "base" for all hours, "peak" for 8 to 20 local time, Monday to Friday. Power
            only.
        resale: Whether power that the zone's sites do not draw is sold at the zone's price; if
            not, it is paid for and lost. Power only.
        initial_margin: Share of what is still to be delivered, at the agreed price, that lies
            with the other side or a clearer, without interest.
        variation_margin: Whether gains and losses not yet due are paid to and fro every month.
        fee: Share of all that is delivered, at the agreed price, paid when it is agreed.
        source: Who says so.
    """

    id: str
    kind: HedgeKind
    traded: date
    starts: date
    ends: date
    price: float
    currency: str = HASHPRICE_CURRENCY
    ph: float | None = None
    zone: str = ""
    mw: float | None = None
    profile: Profile = "base"
    resale: bool = True
    initial_margin: float = 0.0
    variation_margin: bool = False
    fee: float = 0.0
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "id")
        for name in ("starts", "ends"):
            day: date = getattr(self, name)
            if day.day != 1:
                raise InputError(name, str(day), "must be the first day of a month")
        if self.traded > self.starts:
            raise InputError("traded", str(self.traded), f"must not be after {self.starts}")
        if self.ends <= self.starts:
            raise InputError("ends", str(self.ends), f"must come after {self.starts}")
        at_least_zero(self, "price", "ph", "mw")
        for name in ("initial_margin", "fee"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(name, getattr(self, name), "must be from 0 to 1")
        exponent(self.currency)
        self._check_kind()

    def _check_kind(self) -> None:
        for kind, fields in _OF_KIND.items():
            for name, default in fields.items():
                if kind != self.kind and getattr(self, name) != default:
                    rule = f'must be given with kind = "{kind}" only'
                    raise InputError(name, getattr(self, name), rule)
        volume = "ph" if self.kind == "hashprice" else "mw"
        if getattr(self, volume) is None:
            raise InputError(volume, None, f'must be given with kind = "{self.kind}"')
        if self.kind == "power" and not self.zone:
            raise InputError("zone", self.zone, 'must be given with kind = "power"')
        if self.kind == "hashprice" and self.currency != HASHPRICE_CURRENCY:
            raise InputError("currency", self.currency, f"must be {HASHPRICE_CURRENCY}")

    @property
    def factor(self) -> str:
        """Name of the factor of `Paths` that its payoff follows."""
        return "hashprice" if self.kind == "hashprice" else f"power:{self.zone}"
