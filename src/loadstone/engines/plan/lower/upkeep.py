# SPDX-License-Identifier: Apache-2.0
"""What a year costs beside power, in the lines of an operator's accounts."""

from dataclasses import dataclass

from loadstone.engines.plan.lower.economy import Economy, annuity
from loadstone.model.country import Country

STAFF, REPAIRS, INSURANCE = "staff", "repairs", "insurance"
PROPERTY_TAX, DECOMMISSIONING = "property_tax", "decommissioning"
LINES = (STAFF, REPAIRS, INSURANCE, PROPERTY_TAX, DECOMMISSIONING)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What a kind of asset costs a year.

    Attributes:
        staff, repairs: Ids of costs a unit and year; "" for none.
        insured, taxed: Whether insurance and property tax are paid on its price.
        removed: Whether it is taken away at the end of its life, at a cost.
    """

    staff: str = ""
    repairs: str = ""
    insured: bool = True
    taxed: bool = True
    removed: bool = True


_AI_HALL = _Kept(staff="staff-ai-hall", repairs="repairs-ai-hall")
# what the grid company owns is not insured or taxed here; machines leave with their buyer, and
# their repairs are in those of halls or with their makers
_CONNECTION = _Kept(insured=False, taxed=False)
_MACHINES = _Kept(taxed=False, removed=False)
KEPT = {
    "connection": _CONNECTION,
    "connection_non_firm": _CONNECTION,
    "transformer": _Kept(),
    "mining_hall": _Kept(staff="staff-mining-hall", repairs="repairs-mining-hall"),
    "ai_hall": _AI_HALL,
    "ai_hall_air": _AI_HALL,
    "ai_hall_liquid": _AI_HALL,
    "solar": _Kept(repairs="repairs-solar"),
    "wind": _Kept(repairs="repairs-wind"),
    "battery_power": _Kept(repairs="repairs-battery"),
    "battery_energy": _Kept(),
    "backup": _Kept(repairs="repairs-backup"),
    "miner": _MACHINES,
    "server": _MACHINES,
}


def upkeep(
    economy: Economy, country: Country, asset: str, price: float | None, life: float
) -> dict[str, float]:
    """Return what a unit that stands costs a year before tax, by line, network currency.

    Args:
        economy: Prices where it stands.
        country: Its country.
        asset: Name of the asset.
        price: What a unit costs new; None where it cannot be had, so that no line is taken from
            its price.
        life: Its life, years.
    """
    kept = KEPT.get(asset.partition(":")[0])
    if kept is None:
        return {}
    found = {
        line: economy.cost(id_)
        for line, id_ in ((STAFF, kept.staff), (REPAIRS, kept.repairs))
        if id_
    }
    value = price or 0.0
    if kept.insured:
        found[INSURANCE] = value * economy.cost("insurance")
    if kept.taxed:
        found[PROPERTY_TAX] = value * _property_tax(economy, country)
    if kept.removed:
        end = value * economy.cost("decommissioning")
        found[DECOMMISSIONING] = end * sinking_fund(economy.rate, life)
    return {line: amount for line, amount in found.items() if amount}


def _property_tax(economy: Economy, country: Country) -> float:
    """Return the property tax a year over the price, of the country where its facts say it."""
    if country.property_tax is not None and "property-tax" not in economy.study.costs:
        return country.property_tax.value
    return economy.cost("property-tax")


def sinking_fund(rate: float, years: float) -> float:
    """Return the yearly payment at year ends that grows to 1 over a life."""
    return annuity(rate, years) - rate
