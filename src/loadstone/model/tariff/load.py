# SPDX-License-Identifier: Apache-2.0
"""What the meters say: the power of a site by interval, and a priced line of its bill."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Use = Literal["mining", "ai", "auxiliary", "all_use"]
Measured = Literal["import", "residual", "export", "mining", "ai", "auxiliary", "all_use"]

ONE_WATT_MW = 1e-6  # meters agree when they differ by less


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """Metered power of a site, the mean of each interval. Arrays have shape (T,), at least 0.

    Attributes:
        grid: The intervals.
        import_mw: Power drawn through the grid connection, whoever sold it, MW.
        export_mw: Power fed into the grid, MW.
        mining_mw: Power of the mining halls, MW.
        ai_mw: Power of the AI halls, MW.
        auxiliary_mw: Power of all else on site, MW.
        ppa_mw: Power that each power contract delivers, MW: a part of `import_mw`.
        own_mw: Power of each generator behind the meter, MW: no part of `import_mw`.
        contracted_mw: Contracted power of the grid connection, MW.
    """

    grid: TimeGrid
    import_mw: Floats
    export_mw: Floats
    mining_mw: Floats
    ai_mw: Floats
    auxiliary_mw: Floats
    ppa_mw: Mapping[str, Floats] = field(default_factory=dict)
    own_mw: Mapping[str, Floats] = field(default_factory=dict)
    contracted_mw: float = 0.0

    def __post_init__(self) -> None:
        meters = {
            name: getattr(self, name)
            for name in ("import_mw", "export_mw", "mining_mw", "ai_mw", "auxiliary_mw")
        }
        meters |= {f"ppa_mw.{name}": power for name, power in self.ppa_mw.items()}
        meters |= {f"own_mw.{name}": power for name, power in self.own_mw.items()}
        for name, power in meters.items():
            if power.shape != (self.grid.count,):
                raise InputError(name, power.shape, f"must have shape ({self.grid.count},)")
            wrong = np.flatnonzero(~(np.isfinite(power) & (power >= 0)))
            if wrong.size:
                value = float(power[wrong[0]])
                raise InputError(f"{name}[{wrong[0]}]", value, "must be finite and at least 0")
        if not 0 <= self.contracted_mw < inf:
            rule = "must be finite and at least 0"
            raise InputError("contracted_mw", self.contracted_mw, rule)
        over = np.flatnonzero(self.delivered_mw > self.import_mw + ONE_WATT_MW)
        if over.size:
            value = float(self.delivered_mw[over[0]])
            raise InputError(f"ppa_mw[{over[0]}]", value, "must be part of import_mw")

    @property
    def delivered_mw(self) -> Floats:
        """Power that all power contracts deliver together, MW. Shape (T,)."""
        return sum(self.ppa_mw.values(), np.zeros(self.grid.count))

    def mw(self, measured: Measured) -> Floats:
        """Return the power on one meter, MW. Shape (T,).

        "residual" is the import less what power contracts deliver; "all_use" is
        mining, AI and auxiliary together.
        """
        if measured == "residual":
            return self.import_mw - np.minimum(self.delivered_mw, self.import_mw)
        if measured == "all_use":
            return self.mining_mw + self.ai_mw + self.auxiliary_mw
        return {
            "import": self.import_mw,
            "export": self.export_mw,
            "mining": self.mining_mw,
            "ai": self.ai_mw,
            "auxiliary": self.auxiliary_mw,
        }[measured]

    def mwh(self, measured: Measured) -> Floats:
        """Return the energy on one meter, MWh. Shape (T,)."""
        return self.mw(measured) * self.grid.step_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One priced row of a bill.

    Attributes:
        term: Name of the term that it comes from.
        period: Billing period in the numbering of that term; -1 for the whole grid.
        quantity: What is charged for, in `unit`.
        unit: "MWh", "MW" or "1".
        rate: Currency per unit.
        amount: Quantity times rate, currency.
    """

    term: str
    period: int = -1
    quantity: float
    unit: str
    rate: float
    amount: float
