# SPDX-License-Identifier: Apache-2.0
"""The clock of this computer, which all others take."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The clock of this computer."""

    def now(self) -> datetime:
        """Return the time, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the clock that all others take is made here

    def wall_s(self) -> float:
        """Return seconds since some moment."""
        return time.perf_counter()

    def cpu_s(self) -> float:
        """Return seconds of processor that this program has used."""
        return time.process_time()
