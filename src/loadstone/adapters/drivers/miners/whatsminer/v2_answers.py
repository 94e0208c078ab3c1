# SPDX-License-Identifier: Apache-2.0
"""What WhatsMiner's API version 2 answers, and what that means."""

from collections.abc import Sequence
from typing import Any

import msgspec

from loadstone.adapters.drivers.cgminer import Number, hottest, number
from loadstone.adapters.drivers.miners.telling import dig, text
from loadstone.adapters.drivers.miners.whatsminer.state import POOLS, Summary
from loadstone.adapters.drivers.wire import cut
from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Pool, Reason

OK = 131
_REASONS = {
    14: Reason.UNSUPPORTED,
    23: Reason.AUTH,  # what we write is JSON: it was decrypted with another key
    45: Reason.DENIED,  # writing is switched off, or the password is still the default
    135: Reason.AUTH,
    137: Reason.AUTH,
}


class Row(msgspec.Struct):
    """Of `summary`; hashrates in MH/s."""

    elapsed: Number = msgspec.field(name="Elapsed", default=None)
    power: Number = msgspec.field(name="Power", default=None)
    realtime: Number = msgspec.field(name="HS RT", default=None)
    average: Number = msgspec.field(name="MHS av", default=None)
    limit: Number = msgspec.field(name="Power Limit", default=None)
    hottest: Number = msgspec.field(name="Chip Temp Max", default=None)
    board: Number = msgspec.field(name="Temperature", default=None)


class Said(msgspec.Struct):
    """An answer of either generation: rows by name, or `Msg` under code 131."""

    code: int = msgspec.field(name="Code", default=0)
    msg: Any = msgspec.field(name="Msg", default=None)
    summary: list[Row] = msgspec.field(name="SUMMARY", default_factory=list)


def to_end_of_object(buffer: bytearray, closed: bool) -> int:
    """Return the answer's length: when its JSON is whole, at NUL, or when it was closed."""
    if closed or buffer.endswith(b"\0"):
        return len(buffer)
    if not buffer.rstrip(b"\r\n ").endswith(b"}"):
        return 0
    try:
        msgspec.json.decode(buffer, type=msgspec.Raw)
    except msgspec.DecodeError:
        return 0
    except RecursionError:
        return len(buffer)  # let the decoder say garbage
    return len(buffer)


def summary_of(device: str, said: Said) -> Summary | None:
    """Return what an answer to `summary` tells; None where it tells nothing of the kind.

    Raises:
        DeviceError: INCOMPLETE: it has the place, but something else stands there.
    """
    rows = said.summary
    if not rows and said.code == OK:
        told = said.msg[0] if isinstance(said.msg, list) and said.msg else said.msg
        rows = [_row(device, told)]
    if not rows:
        return None
    row = rows[0]
    mhs = number(row.realtime)
    mhs = number(row.average) if mhs is None else mhs
    return Summary(
        number(row.elapsed),
        number(row.power),
        None if mhs is None else mhs / 1e6,
        number(row.limit),
        hottest([row.hottest]) or hottest([row.board]),
    )


def off_of(said: Said) -> bool | None:
    """Return whether an answer to `status` says that it is off; None where it does not say."""
    word = dig(said.msg, "mineroff")
    word = dig(said.msg, "btmineroff") if word is None else word
    return {"true": True, "false": False}.get(str(word).strip().lower())


def _row(device: str, told: Any) -> Row:
    try:
        return msgspec.convert(told, Row)
    except msgspec.ValidationError as error:
        raise DeviceError(device, Reason.INCOMPLETE, cut(str(error))) from None


def no(device: str, said: dict[str, Any]) -> DeviceError:
    """Return what a machine's no comes to."""
    old = dig(said, "STATUS", 0)
    code = said.get("Code") if "Code" in said else dig(old, "Code")
    words = text(said.get("Msg")) or text(dig(old, "Msg")) or "no such thing in the answer"
    failed = (code or dig(old, "STATUS") or said.get("STATUS")) not in (None, OK, "S")
    known = code if isinstance(code, int) else 0
    reason = _REASONS.get(known, Reason.DENIED if failed else Reason.INCOMPLETE)
    return DeviceError(device, reason, cut(f"{words} (code {code})" if code else words))


def errors(codes: Any) -> tuple[str, ...]:
    """Return the codes of a list of codes with their times."""
    listed = codes if isinstance(codes, list) else []
    return tuple(str(code) for told in listed if isinstance(told, dict) for code in told)


def pools_of(listed: Any) -> tuple[Pool, ...]:
    """Return the pools of `pools`; places without an address are empty."""
    rows = listed if isinstance(listed, list) else [listed]
    found = ((text(dig(row, "URL")), text(dig(row, "User"))) for row in rows)
    return tuple(Pool(url=url, user=user) for url, user in found if url)


def as_written(pools: Sequence[Pool]) -> dict[str, str]:
    """Return pools as `update_pools` takes them: three places, empty where there are fewer."""
    written: dict[str, str] = {}
    for place in range(1, POOLS + 1):
        pool = pools[place - 1] if place <= len(pools) else Pool(url="", user="")
        written[f"pool{place}"] = pool.url
        written[f"worker{place}"] = pool.user
        written[f"passwd{place}"] = pool.password
    return written
