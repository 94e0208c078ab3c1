# SPDX-License-Identifier: Apache-2.0
"""Hourly series whose every value says where it came from."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Codes = NDArray[np.uint8]


class Provenance(IntEnum):
    """Where the value of an interval comes from."""

    OBSERVED = 0
    FILLED = 1
    SYNTHETIC = 2
    USER = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One planning year of hourly values: 8,760 UTC hours, 29 February dropped.

    Attributes:
        kind: "prices", "weather", "carbon", "solar" or "wind".
        zone: Market zone, or weather station, that the values are of.
        variable: What is measured, e.g. "price", "drybulb_c", "wetbulb_c", "capacity_factor".
        unit: Unit of the values, e.g. "currency/MWh", "degC", "kg/MWh", "1".
        currency: ISO 4217 code for prices, else "".
        year: Calendar year that the values describe; its weekday pattern is theirs.
        values: Shape (8760,), all finite.
        provenance: Code of `Provenance` per hour. Shape (8760,).
        source: Where the values come from, for people.
        note: What a reader must know, e.g. "shape untested".
    """

    kind: str
    zone: str
    variable: str
    unit: str
    currency: str = ""
    year: int
    values: Floats
    provenance: Codes
    source: str
    note: str = ""

    def __post_init__(self) -> None:
        if self.values.shape != self.provenance.shape or self.values.ndim != 1:
            shapes = self.values.shape, self.provenance.shape
            raise InputError("values, provenance", shapes, "must be (T,) and (T,)")
        bad = np.flatnonzero(~np.isfinite(self.values))
        if bad.size:
            raise InputError(f"values[{bad[0]}]", float(self.values[bad[0]]), "must be finite")
        self.values.flags.writeable = False
        self.provenance.flags.writeable = False

    def share(self, provenance: Provenance) -> float:
        """Return the share of hours of one provenance, 0 to 1."""
        return float(np.mean(self.provenance == provenance))
