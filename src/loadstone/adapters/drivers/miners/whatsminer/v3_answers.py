# SPDX-License-Identifier: Apache-2.0
"""What WhatsMiner's API version 3 answers, and what that means."""

from typing import Any

import msgspec

from loadstone.adapters.drivers.cgminer import Number, hottest, number
from loadstone.adapters.drivers.miners.telling import dig, text
from loadstone.adapters.drivers.miners.whatsminer.state import Summary
from loadstone.model.operations.reading import Pool, Reason

_REASONS = {
    -2: Reason.UNSUPPORTED,
    -3: Reason.UNSUPPORTED,
    # the same for a wrong token, the factory's password, and writes that are switched off
    -4: Reason.AUTH,
}


class Said(msgspec.Struct):
    """Any answer; 0 is success."""

    code: int = -1
    when: float = 0.0
    msg: Any = None


class Row(msgspec.Struct):
    """Of `summary`; hashrates in TH/s."""

    elapsed: Number = None
    power: Number = msgspec.field(name="power-realtime", default=None)
    power_5min: Number = msgspec.field(name="power-5min", default=None)
    realtime: Number = msgspec.field(name="hash-realtime", default=None)
    average: Number = msgspec.field(name="hash-average", default=None)
    limit: Number = msgspec.field(name="power-limit", default=None)
    hottest: Number = msgspec.field(name="chip-temp-max", default=None)


class _Status(msgspec.Struct):
    summary: Row | None = None


class StatusSaid(msgspec.Struct):
    """The answer to `get.miner.status` with its summary; text where it says no."""

    code: int = -1
    msg: _Status | str | None = None

    def summary(self) -> Summary | None:
        """Return what it tells; None where it tells nothing of the kind."""
        row = self.msg.summary if isinstance(self.msg, _Status) else None
        if self.code or row is None:
            return None
        power_w, hashrate_th = number(row.power), number(row.realtime)
        return Summary(
            number(row.elapsed),
            number(row.power_5min) if power_w is None else power_w,
            number(row.average) if hashrate_th is None else hashrate_th,
            number(row.limit),
            hottest([row.hottest]),
        )


def reason_of(said: Said) -> Reason:
    """Return the reason of an answer that is not success.

    Other programs have seen "invalid token" with a code that is not that of a token.
    """
    if "token" in text(said.msg).lower():
        return Reason.AUTH
    return _REASONS.get(said.code, Reason.DENIED)


def off_of(info: Any) -> bool | None:
    """Return whether `get.device.info` says that it is off; None where it does not say."""
    word = dig(info, "miner", "working")
    return {"true": False, "false": True}.get(str(word).strip().lower())


def errors(listed: Any) -> tuple[str, ...]:
    """Return codes, with the machine's words where it has them."""
    found = []
    for told in listed if isinstance(listed, list) else []:
        codes = [key for key in told if key != "reason"] if isinstance(told, dict) else []
        words = text(dig(told, "reason"))
        found += [f"{code} {words}".strip() for code in codes]
    return tuple(found)


def pools_of(listed: list[Any]) -> tuple[Pool, ...]:
    """Return pools in their order; places without an address are empty."""
    found = ((text(dig(row, "url")), text(dig(row, "account"))) for row in listed)
    return tuple(Pool(url=url, user=user) for url, user in found if url)
