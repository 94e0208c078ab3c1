# SPDX-License-Identifier: Apache-2.0
"""Offers: contracts that others would sign, and that a plan may take or leave.

A lease is a hall that a tenant fills with machines of its own; hosting is room for the miners
of others. What both pay is rent or a fee, not what the machines earn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from loadstone.model.bounds import at_least_zero, plain_name
from loadstone.model.errors import InputError
from loadstone.model.hall import AiHall

MOST_PRICE = 1e9
"""Of a unit in any currency: what is above it is no price."""


def _prices(value: object, *names: str) -> None:
    at_least_zero(value, *names)
    for name in names:
        price = getattr(value, name)
        if price is not None and price > MOST_PRICE:
            raise InputError(name, price, f"must be at most {MOST_PRICE:g}")


def _positive(value: object, *names: str) -> None:
    at_least_zero(value, *names)
    for name in names:
        if not getattr(value, name):
            raise InputError(name, getattr(value, name), "must be above 0")


def _share(value: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(value, name) <= 1:
            raise InputError(name, getattr(value, name), "must be from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A tenant's offer to rent an AI hall: taken whole or not at all.

    Attributes:
        id: Its name in the plan; unique among offers.
        tenant: Who rents.
        site: Id of the site.
        hall: Kind of hall.
        mw: Power that is reserved for the tenant's machines, MW at their plugs.
        rent_per_kw_month: Rent for a reserved kW, drawn or not, currency per month.
        currency: ISO 4217.
        term_years: Years that it runs from the delivery.
        ready: Day on which the hall is promised.
        longstop: Last day on which the tenant takes it; None for any.
        damages_per_mw_day: Paid for each MW and day between `ready` and the delivery.
        credit: Rating of the tenant or of who stands in for it, for the reader.
        credit_spread: Added to the discount rate at which the rent counts, e.g. 0.03.
        share_drawn: What the tenant draws on average of what is reserved, 0 to 1.
        power: Who pays for the power drawn: "tenant" (the site's price of grid energy with all
            that is levied on it), "landlord", or "price" (a price that is agreed).
        power_per_mwh: The agreed price of a MWh at the plugs; only with "price".
        undrawn_usable: Whether the landlord may use what the tenant does not draw.
        firm_share: Part of the power that firm connection and backup must carry, 0 to 1.
        must: Whether it must be taken.
        source: Who says so.
    """

    id: str
    tenant: str
    site: str
    hall: AiHall = "ai_hall_liquid"
    mw: float
    rent_per_kw_month: float
    currency: str
    term_years: float
    ready: date
    longstop: date | None = None
    damages_per_mw_day: float = 0.0
    credit: str = ""
    credit_spread: float = 0.0
    share_drawn: float = 1.0
    power: Literal["tenant", "landlord", "price"] = "tenant"
    power_per_mwh: float | None = None
    undrawn_usable: bool = False
    firm_share: float = 1.0
    must: bool = False
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "id")
        _positive(self, "mw", "term_years")
        _prices(self, "rent_per_kw_month", "damages_per_mw_day", "power_per_mwh")
        _share(self, "share_drawn", "firm_share", "credit_spread")
        if self.longstop is not None and self.longstop < self.ready:
            rule = f"must not be before ready {self.ready}"
            raise InputError("longstop", str(self.longstop), rule)
        if (self.power == "price") != (self.power_per_mwh is not None):
            rule = 'must be given with power = "price", and only then'
            raise InputError("power_per_mwh", self.power_per_mwh, rule)

    @property
    def name(self) -> str:
        """Name of what it reserves, as plans have it."""
        return f"lease:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """A customer's offer to place its miners in mining halls, as many as the plan likes.

    What moves in stays until the term ends.

    Attributes:
        id: Its name in the plan; unique among offers.
        customer: Who owns the miners.
        sites: Ids of the sites.
        max_mw: Most miners over all sites, MW at their plugs.
        fee_per_mwh: Paid for each MWh at the plugs, power included.
        currency: ISO 4217.
        uptime_floor: Part of the energy of hours in which miners may run that must be
            delivered, 0 to 1.
        shortfall_per_mwh: Paid back for each MWh that is missing below the floor.
        start: First day.
        term_years: Years from then.
        cooling: How the miners are cooled: "air" or "hydro".
        source: Who says so.
    """

    id: str
    customer: str
    sites: tuple[str, ...]
    max_mw: float
    fee_per_mwh: float
    currency: str
    uptime_floor: float = 0.0
    shortfall_per_mwh: float = 0.0
    start: date
    term_years: float
    cooling: Literal["air", "hydro"] = "air"
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "id")
        _positive(self, "max_mw", "term_years")
        _prices(self, "fee_per_mwh", "shortfall_per_mwh")
        _share(self, "uptime_floor")
        if not self.sites or len(set(self.sites)) < len(self.sites):
            raise InputError("sites", self.sites, "must name at least one site, each once")

    @property
    def name(self) -> str:
        """Name of what is hosted, as plans have it."""
        return f"hosting:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What offers.toml says.

    Attributes:
        leases: Halls that tenants would rent.
        hosting: Customers who would place miners.
    """

    leases: tuple[Lease, ...] = ()
    hosting: tuple[Hosting, ...] = ()

    def __post_init__(self) -> None:
        _different("leases", [one.id for one in self.leases])
        _different("hosting", [one.id for one in self.hosting])
        both = {one.id for one in self.leases} & {one.id for one in self.hosting}
        if both:
            rule = "must not be the id of a lease and of hosting at once"
            raise InputError("hosting.id", ", ".join(sorted(both)), rule)


def _different(field: str, ids: Sequence[str]) -> None:
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if twice:
        raise InputError(f"{field}.id", ", ".join(twice), "must be used once")
