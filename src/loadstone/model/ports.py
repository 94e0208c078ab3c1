# SPDX-License-Identifier: Apache-2.0
"""The doors to the outside world. Adapters fit these shapes; services use them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from loadstone.model.network import Network
from loadstone.model.series import Floats, Series


class Clock(Protocol):
    """The time, and what was spent of it."""

    def now(self) -> datetime:
        """Return the time, UTC."""
        ...

    def wall_s(self) -> float:
        """Return seconds since some moment; they never go back."""
        ...

    def cpu_s(self) -> float:
        """Return seconds of processor that this program has used."""
        ...


class SeriesShelf(Protocol):
    """The hourly series of a network folder."""

    def by_zone(self, kind: str, variable: str) -> Mapping[str, Series]:
        """Return one year of each zone.

        Args:
            kind: "prices", "weather", "carbon", "solar" or "wind".
            variable: E.g. "price", "drybulb_c", "wetbulb_c", "capacity_factor".
        """
        ...

    def price_years(self, count: int) -> Mapping[str, Floats]:
        """Return monthly prices of weather years over those of the planned one, by zone.

        Args:
            count: How many weather years are wanted, W at most.

        Returns:
            Of each zone, shape (W, 12).
        """
        ...


class NetworkReader(Protocol):
    """Where networks come from."""

    def __call__(self, folder: Path) -> Network:
        """Return the network of a folder, or raise `InputErrors` with all that is wrong."""
        ...
