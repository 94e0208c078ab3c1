# SPDX-License-Identifier: Apache-2.0
"""What the outside world asks or tells: prices, set-points, on and off."""

from dataclasses import dataclass, replace
from enum import StrEnum


class SignalKind(StrEnum):
    """What the value of a signal means."""

    PRICE = "price"  # price of energy, currency/MWh
    LIMIT_MW = "limit_mw"  # most the site may draw, MW
    BY_MW = "by_mw"  # reduction asked for, MW
    RUN = "run"  # 1 the site may run, 0 it must stop


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalValue:
    """One value of a signal, good from `starts_s` to `ends_s`.

    Attributes:
        signal: Id of the signal in operate.toml.
        kind: What the value means.
        value: The value, in the unit of its kind.
        heard_s: When it was heard, seconds of the agent's clock.
        starts_s: From when it holds, seconds since 1970, UTC.
        ends_s: Until when it holds, the same; None until the next value.
        reference: Name that its sender gave it, so that the same event twice is one; "".
    """

    signal: str
    kind: SignalKind
    value: float
    heard_s: float
    starts_s: float
    ends_s: float | None = None
    reference: str = ""

    def over(self, at_s: float) -> bool:
        """Return whether it holds no longer at a time, seconds since 1970, UTC."""
        return self.ends_s is not None and self.ends_s <= at_s

    def ended(self, at_s: float, *, heard_s: float) -> "SignalValue":
        """Return the value as its sender ends it now, whether it has begun or not.

        Args:
            at_s: When it ends, seconds since 1970, UTC.
            heard_s: When that was heard, seconds of the agent's clock.
        """
        starts_s = min(self.starts_s, at_s)
        return replace(self, heard_s=heard_s, starts_s=starts_s, ends_s=at_s)
