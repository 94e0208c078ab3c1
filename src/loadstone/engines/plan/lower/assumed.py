# SPDX-License-Identifier: Apache-2.0
"""Assumed costs in sentences: what it is, the number, its range, and who says so."""

from loadstone.model.source import Fact

MILLION = 1e6
OWN_CHOICE = "own-choice"  # its title says what the range beside it says
BEGINNINGS = {
    "life-": "life of ",
    "opex-": "yearly upkeep of ",
    "availability-": "availability of ",
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
}
WHOLE_NAMES = {"battery-efficiency": "efficiency of batteries"}


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
    if abs(value) >= MILLION:
        return f"{value / MILLION:.4g} million"
    return f"{value:,.0f}" if value == round(value) else f"{value:,g}"


def _unit(unit: str) -> str:
    if unit == "1":
        return ""
    if unit == "year":
        return " years"
    return " " + unit.replace("/", " per ").replace("-year", " and year")
