# SPDX-License-Identifier: Apache-2.0
"""What firmwares share that speak as cgminer did: JSON commands on port 4028.

Source:
    API-README of ckolivas/cgminer: one command a connection, STATUS in each answer, the codes
    14 (invalid command) and 45 (access denied).
"""

from collections.abc import Iterable, Sequence
from math import isfinite

import msgspec

from loadstone.adapters.drivers.wire import cut, encode
from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Reason

PORT = 4028
_REASONS = {14: Reason.UNSUPPORTED, 45: Reason.AUTH}

Number = float | str | None
"""A number as firmware writes it: with quotes or without, sometimes empty."""


class Status(msgspec.Struct, frozen=True):
    """What a command came to: S and I are well, W is a warning, E and F are failures."""

    status: str = msgspec.field(name="STATUS", default="")
    message: str = msgspec.field(name="Msg", default="")
    code: int = msgspec.field(name="Code", default=0)

    @property
    def failed(self) -> bool:
        """Whether it is a failure."""
        return self.status in {"E", "F"}


def request(command: str, parameter: str | None = None) -> bytes:
    """Return a command as it is sent."""
    if parameter is None:
        return encode({"command": command})
    return encode({"command": command, "parameter": parameter})


def check(device: str, statuses: Sequence[Status]) -> str:
    """Return the machine's words to a command.

    Raises:
        DeviceError: It said no: UNSUPPORTED, AUTH or DENIED; or nothing: INCOMPLETE.
    """
    if not statuses or not statuses[0].status:
        raise DeviceError(device, Reason.INCOMPLETE, "the answer has no status")
    status = statuses[0]
    if status.failed:
        raise DeviceError(device, _REASONS.get(status.code, Reason.DENIED), cut(status.message))
    return status.message


def number(value: Number) -> float | None:
    """Return a number, or None for what is none."""
    if value is None:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):  # the latter for hundreds of digits
        return None
    return found if isfinite(found) else None


def terahash(gigahash: Number) -> float | None:
    """Return TH/s of GH/s; None for no number, or one below zero."""
    found = number(gigahash)
    return None if found is None or found < 0 else found / 1000.0


def hottest(values: Iterable[Number]) -> float | None:
    """Return the highest temperature; sensors that are not there tell 0 or less."""
    found = [t for t in map(number, values) if t is not None and 0 < t < 200]
    return max(found, default=None)


def mac(text: str) -> str:
    """Return a hardware address in small letters with colons; "" for what is none."""
    digits = text.strip().lower().replace("-", "").replace(":", "")
    if len(digits) != 12 or not all(d in "0123456789abcdef" for d in digits):
        return ""
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))
