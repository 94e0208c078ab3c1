# SPDX-License-Identifier: Apache-2.0
"""How futures are drawn: what futures.toml says."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Futures:
    """What futures.toml says; a plan's outlook is the middle of what it draws.

    Attributes:
        source: Who says so.
        date: When it was said.
    """

    source: str
    date: date
