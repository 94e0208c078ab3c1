# SPDX-License-Identifier: Apache-2.0
"""The doors to the outside world. Adapters fit these shapes; services use them."""

from collections.abc import Mapping
from typing import Protocol

from loadstone.model.series import Series


class SeriesShelf(Protocol):
    """The hourly series of a network folder."""

    def by_zone(self, kind: str, variable: str) -> Mapping[str, Series]:
        """Return one year of each zone.

        Args:
            kind: "prices", "weather", "carbon", "solar" or "wind".
            variable: E.g. "price", "drybulb_c", "wetbulb_c", "capacity_factor".
        """
        ...
