# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner, API version 2: JSON on port 4028, plain to read and encrypted to write.

A stop is `power_off`, which ends the output of the power supply and leaves the control board
on; a resume is `power_on`. The cap is `adjust_power_limit`: exact watts, kept over a reboot
and told back in `summary`; the miner process restarts for it and hashes again after minutes.
`set_power_pct` acts within a second, but is a percentage of a level that is not told, cannot
be read back on most firmware and is forgotten: it is not used. Writes need the API switched
on with the vendor's tool and the password changed from "admin"; nothing here does that.

Source:
    WhatsMiner API 2.0.4 and 2.0.5 (vendor's documents as published by resellers);
    whatsminer/whatsminer-mdk-worker, lib/protocols/wm-api-v2.js (commit 932ec56): envelopes
    of both generations, codes, token; read 2026-11-21. Tried against a simulator, not
    against a machine. One field report (2026-10) has firmware of 2025-04 take up hashing
    again after `power_off`: such machines are found as drifted, and speak version 3 too.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TypeVar

from loadstone.adapters.drivers.cgminer import mac
from loadstone.adapters.drivers.miners.telling import dig, number_at, text
from loadstone.adapters.drivers.miners.whatsminer.crypt import Session, seal, session, unseal
from loadstone.adapters.drivers.miners.whatsminer.frame import Names, Seen, Whatsminer
from loadstone.adapters.drivers.miners.whatsminer.state import Summary
from loadstone.adapters.drivers.miners.whatsminer.v2_answers import (
    OK,
    Said,
    as_written,
    errors,
    no,
    off_of,
    pools_of,
    summary_of,
    to_end_of_object,
)
from loadstone.adapters.drivers.wire import decode, encode
from loadstone.model.errors import DeviceError
from loadstone.model.operations.machine import Credential, Identity
from loadstone.model.operations.reading import Pool, Reason
from loadstone.model.ports import LoadDriver

MOST_CHARACTERS = 100  # of each part of a token; a thousand rounds over more would take long
SESSION_S = 1740.0  # a token lives for 30 min; a minute is left for what is on its way
_TOKEN_GIVEN = (131, 134)
_UNKNOWN_TOKEN = (135, 23)  # a key the machine has forgotten makes its JSON unreadable

T = TypeVar("T")


def _asks(command: str) -> bytes:
    return encode({"cmd": command})


_SUMMARY, _STATUS, _TOKEN = _asks("summary"), _asks("status"), _asks("get_token")


class WhatsminerV2(Whatsminer[Session]):
    """A WhatsMiner with API version 2; before a write it wants a token."""

    __slots__ = ()

    factory = Credential(user="admin", password="admin")
    names = Names(
        fans=("Fan Speed In", "Fan Speed Out"),
        uptime="Uptime",
        board_hashrate="MHS av",
        board_heat="Chip Temp Max",
    )

    # reading

    async def _ask(self, request: bytes, kind: type[T]) -> T:
        caller = self._caller
        return decode(caller.device, await caller.ask(request, to_end_of_object), kind)

    async def _summary(self) -> Summary | None:
        return summary_of(self._caller.device, await self._ask(_SUMMARY, Said))

    async def _off(self) -> bool | None:
        return off_of(await self._ask(_STATUS, Said))

    async def _setting(self) -> float | None:
        return number_at((await self._ask(_STATUS, Said)).msg, "power_limit_set")

    async def _msg(self, command: str, rows: str) -> Any:
        """Return what a command tells: rows by name, or `Msg`."""
        said = await self._ask(_asks(command), dict)
        found = said.get(rows)
        if found is None and said.get("Code") == OK:
            found = said.get("Msg")
        if found is None or (rows == "Msg" and not isinstance(found, dict)):
            raise no(self._caller.device, said)
        return found

    async def _maybe(self, command: str, rows: str) -> Any:
        """Return what a command tells; None where the machine does not say."""
        try:
            return await self._msg(command, rows)
        except DeviceError as error:
            if error.reason not in {Reason.DENIED, Reason.UNSUPPORTED, Reason.INCOMPLETE}:
                raise
            return None

    async def _identity(self) -> Identity:
        info = await self._msg("get_miner_info", "Msg")
        version = await self._msg("get_version", "Msg")
        if text(version.get("api_ver")).startswith("3"):
            message = "its API is version 3; version 2 no longer writes there"
            raise self._caller.error(Reason.UNSUPPORTED, message)
        boards = await self._maybe("devdetails", "DEVDETAILS")
        return Identity(
            family="whatsminer-v2",
            mac=mac(text(info.get("mac"))),
            serial=text(info.get("minersn")),
            model=text(dig(boards, 0, "Model")) or text(info.get("miner_type")),
            firmware=text(version.get("fw_ver")),
        )

    async def _all(self) -> Seen:
        identity = await self._identity()
        row = await self._maybe("summary", "SUMMARY")
        boards = await self._maybe("edevs", "DEVS")
        codes = dig(await self._maybe("get_error_code", "Msg"), "error_code")
        listed = await self._maybe("pools", "POOLS")
        with suppress(DeviceError):  # a stop for seconds must not wait for a token
            await self._prepare()
        return Seen(
            identity=identity,
            summary=row[0] if isinstance(row, list) and row else row,
            boards=boards,
            boards_expected=None,
            errors=errors(codes),
            pools=pools_of(listed) if isinstance(listed, list) else None,
        )

    async def _read_pools(self) -> tuple[Pool, ...]:
        return pools_of(await self._msg("pools", "POOLS"))

    # writing

    async def _prepare(self) -> None:
        await self._live_session(spare_s=SESSION_S / 2)

    async def _live_session(self, *, spare_s: float = 0.0) -> Session:
        held, asked_s = self._key, self._caller.now_s()
        if held is not None and asked_s + spare_s < held.ends_s:
            return held
        self._key = None
        said = await self._ask(_TOKEN, dict)
        msg = said.get("Msg")
        if not isinstance(msg, dict) or said.get("Code") not in _TOKEN_GIVEN:
            raise no(self._caller.device, said)
        # firmware writes the time as text, some as a number
        parts = {key: str(value) for key, value in msg.items()}
        if any(len(part) > MOST_CHARACTERS for part in parts.values()):
            raise self._caller.error(Reason.GARBAGE, "the token is too long")
        try:
            made = session(self._credential.password, parts, ends_s=asked_s + SESSION_S)
        except KeyError as error:
            raise self._caller.error(Reason.INCOMPLETE, f"the token lacks {error}") from None
        self._key = made
        return made

    async def _tell(self, command: str, **parameters: str) -> str:
        """Write, with a new token once where the old one is not known; return its words."""
        said: dict[str, Any] = {}
        for _ in range(2):
            said = await self._tell_once(command, parameters)
            if said.get("Code") not in _UNKNOWN_TOKEN:
                break
            self._key = None
        if said.get("Code") != OK:
            raise no(self._caller.device, said)
        return text(said.get("Msg")) or "ok"

    async def _tell_once(self, command: str, parameters: dict[str, str]) -> dict[str, Any]:
        held = await self._live_session()
        plain = encode({"cmd": command, **parameters, "token": held.sign})
        said = await self._ask(encode({"enc": 1, "data": seal(held.key, plain)}), dict)
        sealed = said.get("enc")
        if not isinstance(sealed, str):
            return said
        try:
            opened = unseal(held.key, sealed)
        except ValueError as error:
            message = f"the encrypted answer is {error}"
            raise self._caller.error(Reason.GARBAGE, message) from None
        return decode(self._caller.device, opened, dict)

    async def _write_power(self, *, off: bool) -> str:
        if off:
            return await self._tell("power_off", respbefore="true")
        return await self._tell("power_on")

    async def _write_limit(self, watts: int) -> str:
        return await self._tell("adjust_power_limit", power_limit=str(watts))

    async def _write_pools(self, pools: Sequence[Pool]) -> str:
        return await self._tell("update_pools", **as_written(pools))


_: type[LoadDriver] = WhatsminerV2
