# SPDX-License-Identifier: Apache-2.0
"""Assumed costs in sentences: what it is, the number, its range, and who says so."""

from loadstone.model.source import Fact

MILLION = 1e6
OWN_CHOICE = "own-choice"  # its title says what the range beside it says
BEGINNINGS = {
    "life-": "life of ",
    "availability-": "availability of ",
    "staff-": "yearly cost of staff of ",
    "repairs-": "yearly repairs of ",
    "lead-": "time from order to use of ",
    "conversion-": "conversion of mining halls into ",
}
THINGS = {
    "connection": "grid connection",
    "mining": "miners",
    "mining-site": "mining halls",
    "mining-site-air": "mining halls with air cooling",
    "mining-site-hydro": "mining halls with liquid cooling",
    "ai": "AI servers",
    "ai-hall": "AI halls",
    "ai-hall-air": "AI halls with air cooling",
    "ai-hall-liquid": "AI halls with liquid cooling",
    "solar": "solar plants",
    "wind": "wind plants",
    "battery": "batteries",
    "battery-power": "battery power",
    "battery-energy": "battery energy",
    "mining-hall": "mining halls",
    "ai-air": "AI halls with air cooling",
    "ai-liquid": "AI halls with liquid cooling",
    "servers": "AI servers",
    "transformer": "transformers",
    "backup": "backup generation",
}
WHOLE_NAMES = {
    "battery-efficiency": "efficiency of batteries",
    "backup-fuel": "fuel of backup generation",
    "conversion-months": "time that a hall is out of service while it is converted",
    "decommissioning": "decommissioning over the price",
    "insurance": "insurance a year over the price",
    "property-tax": "property tax a year over the price",
    "rent-ai-hall": "rent of AI halls",
    "miner-price-elasticity": "exponent of hashprice in the price of miners",
    "miner-scrap": "least price of miners over that of the facts",
    "used-age": "age of second-hand miners when they are bought",
    "used-discount": "loss of second-hand miners beside their age",
    "underclock-power": "power over nameplate in the low mode of miners without a table",
    "underclock-hashrate": "hashrate over nameplate in the low mode of miners without a table",
}


def assumed(id_: str, fact: Fact, title: str) -> str:
    """Return an assumed cost, life or share in words.

    Args:
        id_: Its id in data/costs.toml.
        fact: The number.
        title: Title of its source.
    """
    said = f"{_name(id_)}: {_number(fact.value, fact.unit)}{_unit(fact.unit)}"
    source = "own choice" if fact.source == OWN_CHOICE else title
    rests = f"{source}, {fact.confidence} confidence"
    if fact.low is None or fact.high is None:
        return f"{said} ({rests})"
    low, high = _number(fact.low, fact.unit), _number(fact.high, fact.unit)
    return f"{said} (chosen from {low} to {high}; {rests})"


def _name(id_: str) -> str:
    if id_ in WHOLE_NAMES:
        return WHOLE_NAMES[id_]
    for beginning, words in BEGINNINGS.items():
        if id_.startswith(beginning):
            return words + _thing(id_.removeprefix(beginning))
    return f"price of {_thing(id_)}"


def _thing(id_: str) -> str:
    return THINGS.get(id_, id_.replace("-", " "))


def _number(value: float, unit: str) -> str:
    if unit == "1":
        return f"{value:.2f}"
    if unit == "1/year":
        return f"{value:.2%}".replace("%", " %")
    if abs(value) >= MILLION:
        return f"{value / MILLION:.4g} million"
    return f"{value:,.0f}" if value == round(value) else f"{value:,g}"


def _unit(unit: str) -> str:
    if unit in ("1", "1/year"):
        return ""
    if unit in ("year", "month"):
        return f" {unit}s"
    return " " + unit.replace("/", " per ").replace("-year", " and year")
