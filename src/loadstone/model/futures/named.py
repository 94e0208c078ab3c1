# SPDX-License-Identifier: Apache-2.0
"""Futures that somebody states, each with its weight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import inf

from loadstone.model.bounds import plain_name
from loadstone.model.errors import InputError

WHOLE = 1e-6
MOST_FACTOR = 1000.0
MOST_YEARS = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFuture:
    """One future in words and numbers: factors on the outlook, and what happens in it.

    A factor has one number for all phases, or one a phase.

    Attributes:
        name: Short name.
        text: The story, in a sentence.
        weight: Its probability; those of all named futures sum to 1.
        btc_price: On the price of a bitcoin.
        network_eh: On the hashrate of the network.
        fee_share: On fees over subsidy.
        ai_price: On AI prices of all generations.
        ai_by_generation: The same for single generations, in place of it.
        rent: On rents of new leases.
        power_price: On power prices of all zones.
        power_by_zone: The same for single zones, in place of it.
        fx: On the rate of a currency: above 1, the currency is worth less.
        delay_years: Years by which new connection comes later, at all sites.
        mining_ban: Day from which mining is banned, by country.
        expropriation: Day from which all is lost, by country.
        tenant_default: Day from which a tenant pays no more, by lease.
        source: Who says so.
    """

    name: str
    text: str = ""
    weight: float
    btc_price: tuple[float, ...] = (1.0,)
    network_eh: tuple[float, ...] = (1.0,)
    fee_share: tuple[float, ...] = (1.0,)
    ai_price: tuple[float, ...] = (1.0,)
    ai_by_generation: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rent: tuple[float, ...] = (1.0,)
    power_price: tuple[float, ...] = (1.0,)
    power_by_zone: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    fx: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    delay_years: float = 0.0
    mining_ban: Mapping[str, date] = field(default_factory=dict)
    expropriation: Mapping[str, date] = field(default_factory=dict)
    tenant_default: Mapping[str, date] = field(default_factory=dict)
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "name")
        if not 0 < self.weight <= 1 + WHOLE:
            raise InputError("weight", self.weight, "must be above 0 and at most 1")
        for name, values in self.by_phase().items():
            above = name.startswith(("btc", "network", "fx"))
            for value in values:
                if value > MOST_FACTOR:
                    raise InputError(name, value, f"must be at most {MOST_FACTOR:g}")
                if not 0 <= value < inf or (above and value == 0):
                    rule = f"must be finite and {'above' if above else 'at least'} 0"
                    raise InputError(name, value, rule)
        if not 0 <= self.delay_years < inf:
            raise InputError("delay_years", self.delay_years, "must be finite and at least 0")
        if self.delay_years > MOST_YEARS:
            rule = f"must be at most {MOST_YEARS:g}"
            raise InputError("delay_years", self.delay_years, rule)

    def by_phase(self) -> dict[str, tuple[float, ...]]:
        """Return every factor by its field."""
        names = ("btc_price", "network_eh", "fee_share", "ai_price", "rent", "power_price")
        found = {name: getattr(self, name) for name in names}
        for name in ("ai_by_generation", "power_by_zone", "fx"):
            found |= {f"{name}.{key}": value for key, value in getattr(self, name).items()}
        return found


def check_weights(named: tuple[NamedFuture, ...]) -> None:
    """Refuse names given twice, and weights that do not sum to 1.

    Raises:
        InputError: They do not.
    """
    names = [one.name for one in named]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise InputError(f"named[{i}].name", name, "must be given once")
    total = sum(one.weight for one in named)
    if named and abs(total - 1) > WHOLE:
        rule = f"must sum to 1, sum to {total:g}"
        raise InputError("named.weight", [one.weight for one in named], rule)
