# SPDX-License-Identifier: Apache-2.0
"""Units that imported series may come in, and the values that cannot be."""

import re

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]

KINDS = ("prices", "weather", "carbon", "solar", "wind")
FILE_KINDS = (*KINDS, "availability")
"""Kinds that a [[file]] row may have; `import` brings only the others in."""
UNITS = {
    "prices": "currency/MWh",
    "weather": "degC",
    "carbon": "kg/MWh",
    "solar": "1",
    "wind": "1",
    "availability": "1",
}
_PRICE = re.compile(r"(?:([A-Za-z]{3}|currency)/)?/?(MWh|kWh)")
_CARBON = {"": 1.0, "kg/MWh": 1.0, "g/kWh": 1.0, "t/MWh": 1000.0, "kg/kWh": 1000.0}
_SHARES = {"": 1.0, "1": 1.0, "%": 0.01}

MOST_PER_MWH = 20_000.0
SMALL_UNITS = frozenset({"JPY", "KRW", "RUB", "INR", "IDR", "VND", "KZT", "CLP", "COP", "HUF"})
MOST_PER_MWH_SMALL = 1_000_000.0


def price_unit(unit: str, currency: str) -> tuple[float, str]:
    """Return the factor to currency/MWh, and the currency.

    Raises:
        InputError: No such unit, no currency, or two that differ.
    """
    match = _PRICE.fullmatch(unit or "MWh")
    if match is None:
        raise InputError("--unit", unit, "must be as EUR/MWh, EUR/kWh, MWh or kWh")
    named = (match[1] or "").upper().replace("CURRENCY", "")
    if named and currency and named != currency:
        raise InputError("--currency", currency, f"differs from the unit {unit}")
    found = named or currency
    if not re.fullmatch(r"[A-Z]{3}", found):
        raise InputError("--currency", found, "must be an ISO 4217 code, as BRL")
    return (1000.0 if match[2] == "kWh" else 1.0), found


def in_our_unit(kind: str, values: Floats, unit: str) -> Floats:
    """Return carbon in kg/MWh, temperatures in degC, outputs over nameplate. Shape as given.

    Raises:
        InputError: No such unit for the kind.
    """
    if kind == "weather":
        return _celsius(values, unit)
    factors = _CARBON if kind == "carbon" else _SHARES
    if unit not in factors:
        raise InputError("--unit", unit, f"must be one of {', '.join(filter(None, factors))}")
    return values * factors[unit]


def bounds(variable: str, currency: str = "") -> tuple[float, float]:
    """Return the least and the most that a value can be, in our unit."""
    if variable == "price":
        most = MOST_PER_MWH_SMALL if currency in SMALL_UNITS else MOST_PER_MWH
        return -most, most
    return {
        "drybulb_c": (-90.0, 60.0),
        "wetbulb_c": (-90.0, 60.0),
        "humidity_pct": (0.0, 105.0),
        "kg_per_mwh": (0.0, 3000.0),
        "capacity_factor": (0.0, 1.0),
        "availability": (0.0, 1.0),
    }[variable]


def _celsius(values: Floats, unit: str) -> Floats:
    if unit in {"", "degC", "C"}:
        return values
    if unit in {"degF", "F"}:
        return (values - 32.0) / 1.8
    if unit == "K":
        return values - 273.15
    raise InputError("--unit", unit, "must be degC, degF or K")
