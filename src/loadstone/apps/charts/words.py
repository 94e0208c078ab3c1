# SPDX-License-Identifier: Apache-2.0
"""How names, amounts and money are written for people."""

from math import floor, isfinite, log10

from loadstone.model.fact import Facts

_ASSETS = {
    "site": "Site opened",
    "connection": "Grid connection",
    "connection_non_firm": "Non-firm connection",
    "transformer": "Transformer",
    "backup": "Backup generation",
    "mining_hall": "Mining hall",
    "ai_hall": "AI hall",
    "ai_hall_air": "AI hall, air",
    "ai_hall_liquid": "AI hall, liquid",
    "conversion:ai_hall_air": "Conversion to AI hall, air",
    "conversion:ai_hall_liquid": "Conversion to AI hall, liquid",
    "promised:mining": "Promised mining",
    "promised:ai": "Promised AI",
    "solar": "Solar",
    "wind": "Wind",
    "battery_power": "Battery power",
    "battery_energy": "Battery energy",
}
_OF_OTHERS = {"lease": "Lease", "hosting": "Hosting"}
_SCALES = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
_MOST_DIGITS = 6
MINUS = "\N{MINUS SIGN}"


def use_of(asset: str) -> str:
    """Return "mining" for miners, "ai" for AI servers, "" for anything else.

    Halls leased to tenants compute for AI; miners that are hosted mine.
    """
    kind, _, model = asset.partition(":")
    if kind == "promised":
        return model
    return {"miner": "mining", "hosting": "mining", "server": "ai", "lease": "ai"}.get(kind, "")


def asset_name(asset: str, facts: Facts) -> str:
    """Return what people call an asset."""
    if asset in _ASSETS:
        return _ASSETS[asset]
    kind, _, rest = asset.partition(":")
    model, _, more = rest.partition(":")
    if kind in _OF_OTHERS:
        return f"{_OF_OTHERS[kind]} {rest}"
    name = ""
    if kind == "miner" and model in facts.miners:
        name = facts.miners[model].model
    elif kind == "server" and model in facts.servers:
        name = facts.servers[model].model
    name = name or model or asset.replace("_", " ").capitalize()
    return f"{name}, {more.replace('_', ' ')}" if more else name


def country_name(code: str, facts: Facts) -> str:
    """Return the name of a country, or its code where there are no facts of it."""
    return facts.countries[code].name if code in facts.countries else code


def number(value: float, digits: int = 0) -> str:
    """Return a number with thousands apart and a true minus sign."""
    if not isfinite(value):
        return "not known"
    text = f"{abs(value):,.{digits}f}"
    negative = value < 0 and any(digit in text for digit in "123456789")
    return f"{MINUS}{text}" if negative else text


def figures(value: float, count: int = 3) -> str:
    """Return a number with about so many figures that count."""
    if not isfinite(value) or value == 0:
        return number(value)
    digits = min(max(count - 1 - floor(log10(abs(value))), 0), _MOST_DIGITS)
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if abs(value) < 1 else text


def money(value: float, currency: str) -> str:
    """Return an amount of money in words short enough for a sentence, e.g. "USD 1.23 bn"."""
    if not isfinite(value):
        return "not known"
    for scale, word in _SCALES:
        if abs(value) >= 0.9995 * scale:
            return f"{currency} {figures(value / scale)} {word}"
    return f"{currency} {figures(value)}"


def percent(share: float, digits: int = 0) -> str:
    """Return a share as a percentage; a share that is small but not 0 never reads as 0."""
    least = 0.5 * 10.0 ** -(digits + 2)
    if 0 < share < least:
        return f"under {2 * least * 100:.{digits}f}%"
    return f"{number(100 * share, digits)}%"


def listed(names: list[str]) -> str:
    """Return names as a list in a sentence."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
