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

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from loadstone.adapters.drivers.calls import Sample, Told, outcome, reading
from loadstone.adapters.drivers.cgminer import hottest, mac
from loadstone.adapters.drivers.miners.telling import (
    dig,
    look_back,
    number_at,
    text,
    write_pools,
)
from loadstone.adapters.drivers.miners.whatsminer.crypt import Session, seal, session, unseal
from loadstone.adapters.drivers.miners.whatsminer.state import (
    CAPABILITY,
    Summary,
    Watch,
    learned,
    runs,
    taken,
)
from loadstone.adapters.drivers.miners.whatsminer.v2_answers import (
    OK,
    POOLS,
    Said,
    as_written,
    errors,
    no,
    off_of,
    pools_of,
    summary_of,
    to_end_of_object,
)
from loadstone.adapters.drivers.wire import Within, ask, decode, encode
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason
from loadstone.model.ports import LoadDriver

SESSION_S = 1740.0  # a token lives for 30 min; a minute is left for what is on its way
_DEFAULT = Credential(user="admin", password="admin")
_TOKEN_GIVEN = (131, 134)
_UNKNOWN_TOKEN = (135, 23)  # a key the machine has forgotten makes its JSON unreadable


def _asks(command: str) -> bytes:
    return encode({"cmd": command})


_SUMMARY, _STATUS, _TOKEN = _asks("summary"), _asks("status"), _asks("get_token")


class WhatsminerV2:
    """A WhatsMiner with API version 2."""

    __slots__ = (
        "_address",
        "_capability",
        "_deadline_s",
        "_device",
        "_now_s",
        "_password",
        "_session",
        "_watch",
    )

    def __init__(
        self,
        address: Address,
        credential: Credential | None,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
    ) -> None:
        """Make a driver; without a credential it tries the password of the factory."""
        self._address, self._device = address, str(address)
        self._password = (credential or _DEFAULT).password
        self._deadline_s, self._now_s = deadline_s, now_s
        self._capability = CAPABILITY
        self._session: Session | None = None
        self._watch = Watch()

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`. Bounds of the cap are learned as they are met."""
        return self._capability

    async def identify(self) -> Identity:
        """See `LoadDriver`. A machine that is off may not tell its model."""
        async with Within(self._deadline_s, self._device):
            return await self._identity()

    async def read(self) -> Reading:
        """See `LoadDriver`. `summary`, and `status` in doubt; see `state`."""
        return await reading(
            self._device, self._sample(), deadline_s=self._deadline_s, now_s=self._now_s
        )

    async def detail(self) -> Detail:
        """See `LoadDriver`."""
        began_s = self._now_s()
        async with Within(self._deadline_s, self._device):
            identity = await self._identity()
            row = await self._maybe("summary", "SUMMARY")
            boards = await self._maybe("edevs", "DEVS")
            codes = dig(await self._maybe("get_error_code", "Msg"), "error_code")
            listed = await self._maybe("pools", "POOLS")
            with suppress(DeviceError):  # a stop for seconds must not wait for a token
                await self._live_session(spare_s=SESSION_S / 2)
        rows = boards if isinstance(boards, list) else []
        summary = row[0] if isinstance(row, list) and row else row
        fans = (number_at(summary, "Fan Speed In"), number_at(summary, "Fan Speed Out"))
        warm = (hottest([number_at(b, "Chip Temp Max")]) for b in rows)
        return Detail(
            identity=identity,
            began_s=began_s,
            boards=sum(1 for b in rows if number_at(b, "MHS av")) if rows else None,
            boards_expected=len(rows) or None,
            fan_rpm=tuple(rpm for rpm in fans if rpm is not None),
            temperatures_c=tuple(t for t in warm if t is not None),
            uptime_s=number_at(summary, "Uptime"),
            errors=errors(codes),
            pools=pools_of(listed) if isinstance(listed, list) else None,
        )

    async def warm(self) -> None:
        """See `LoadDriver`. Fetches a token where there is none, or half its life is over."""
        with suppress(DeviceError):  # the command itself will tell
            async with Within(self._deadline_s, self._device):
                await self._live_session(spare_s=SESSION_S / 2)

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        self._watch.told_off = True
        return await self._outcome(self._power("power_off", off=True, respbefore="true"))

    async def resume(self) -> Outcome:
        """See `LoadDriver`."""
        said = await self._outcome(self._power("power_on", off=False))
        if said.accepted:
            self._watch.told_off = False
        return said

    async def cap(self, limit_w: float) -> Outcome:
        """See `LoadDriver`. A cap that is in force already is not written again."""
        return await self._outcome(self._cap(float(int(limit_w))))

    async def pools(self) -> tuple[Pool, ...]:
        """See `LoadDriver`. The firmware does not tell passwords of pools."""
        async with Within(self._deadline_s, self._device):
            return await self._read_pools()

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """See `LoadDriver`. It may show them only after its miner has restarted."""
        told = write_pools(
            self._device,
            pools,
            most=POOLS,
            read=self._read_pools,
            write=lambda: self._tell("update_pools", **as_written(pools)),
            within_s=self._deadline_s / 2,
        )
        return await self._outcome(told)

    async def close(self) -> None:
        """See `LoadDriver`. Nothing is kept open: the machine closes after each answer."""

    async def _outcome(self, told: Awaitable[Told]) -> Outcome:
        return await outcome(self._device, told, deadline_s=self._deadline_s, now_s=self._now_s)

    # reading

    async def _ask(self, request: bytes) -> bytes:
        return await ask(
            self._address.host,
            self._address.port,
            request,
            deadline_s=self._deadline_s,
            whole=to_end_of_object,
        )

    async def _sample(self) -> Sample:
        watch, asked_s = self._watch, self._now_s()
        summary = await self._summary()
        stands_still = summary is not None and watch.stands_still(summary, asked_s)
        if summary and runs(summary) and not (stands_still or watch.told_off):
            return watch.sample(summary, False, False)
        return watch.sample(summary, await self._off(), stands_still)

    async def _summary(self) -> Summary | None:
        return summary_of(self._device, decode(self._device, await self._ask(_SUMMARY), Said))

    async def _off(self) -> bool | None:
        """Return whether it says that it is switched off; None where it does not say."""
        return off_of(decode(self._device, await self._ask(_STATUS), Said))

    async def _msg(self, command: str, rows: str) -> Any:
        """Return what a command tells: rows by name, or `Msg`."""
        said = decode(self._device, await self._ask(_asks(command)), dict)
        found = said.get(rows)
        if found is None and said.get("Code") == OK:
            found = said.get("Msg")
        if found is None or (rows == "Msg" and not isinstance(found, dict)):
            raise no(self._device, said)
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
            raise DeviceError(self._device, Reason.UNSUPPORTED, message)
        boards = await self._maybe("devdetails", "DEVDETAILS")
        return Identity(
            family="whatsminer-v2",
            mac=mac(text(info.get("mac"))),
            serial=text(info.get("minersn")),
            model=text(dig(boards, 0, "Model")) or text(info.get("miner_type")),
            firmware=text(version.get("fw_ver")),
        )

    async def _read_pools(self) -> tuple[Pool, ...]:
        return pools_of(await self._msg("pools", "POOLS"))

    # writing

    async def _live_session(self, *, spare_s: float = 0.0) -> Session:
        held = self._session
        if held is not None and self._now_s() + spare_s < held.ends_s:
            return held
        self._session = None
        asked_s = self._now_s()
        said = decode(self._device, await self._ask(_TOKEN), dict)
        msg = said.get("Msg")
        if not isinstance(msg, dict) or said.get("Code") not in _TOKEN_GIVEN:
            raise no(self._device, said)
        try:
            # firmware writes the time as text, some as a number
            parts = {key: str(value) for key, value in msg.items()}
            made = session(self._password, parts, ends_s=asked_s + SESSION_S)
        except KeyError as error:
            message = f"the token lacks {error}"
            raise DeviceError(self._device, Reason.INCOMPLETE, message) from None
        self._session = made
        return made

    async def _tell(self, command: str, **parameters: str) -> str:
        """Write, with a new token once where the old one is not known; return its words."""
        said: dict[str, Any] = {}
        for _ in range(2):
            said = await self._tell_once(command, parameters)
            if said.get("Code") not in _UNKNOWN_TOKEN:
                break
            self._session = None
        if said.get("Code") != OK:
            raise no(self._device, said)
        return text(said.get("Msg")) or "ok"

    async def _tell_once(self, command: str, parameters: dict[str, str]) -> dict[str, Any]:
        held = await self._live_session()
        plain = encode({"cmd": command, **parameters, "token": held.sign})
        answer = await self._ask(encode({"enc": 1, "data": seal(held.key, plain)}))
        said = decode(self._device, answer, dict)
        sealed = said.get("enc")
        if not isinstance(sealed, str):
            return said
        try:
            opened = unseal(held.key, sealed)
        except ValueError as error:
            message = f"the encrypted answer is {error}"
            raise DeviceError(self._device, Reason.GARBAGE, message) from None
        return decode(self._device, opened, dict)

    async def _power(self, command: str, *, off: bool, **parameters: str) -> Told:
        try:
            return Told(await self._tell(command, **parameters))
        except DeviceError as error:
            # asking twice is the same as asking once, even where the firmware objects
            if error.reason != Reason.DENIED or await self._off() is not off:
                raise
        return Told("already so")

    async def _limit(self) -> float:
        summary = await self._summary()
        limit_w = summary.limit_w if summary else None
        if limit_w is None:  # a machine that is off may have no summary
            said = decode(self._device, await self._ask(_STATUS), Said)
            limit_w = number_at(said.msg, "power_limit_set")
        if limit_w is None:
            raise DeviceError(self._device, Reason.INCOMPLETE, "it tells no power limit")
        return limit_w

    async def _cap(self, asked_w: float) -> Told:
        if asked_w < 1.0:  # no watts may mean no limit
            raise DeviceError(self._device, Reason.DENIED, "a cap below 1 W is a stop")
        before_w = await self._limit()
        most_w = self._capability.max_w or 0.0
        if taken(asked_w, before_w, None, most_w):
            return Told("already so", before_w)
        words = await self._tell("adjust_power_limit", power_limit=str(int(asked_w)))
        in_force_w = await look_back(
            self._limit,
            lambda told: taken(asked_w, told, before_w, most_w),
            within_s=self._deadline_s / 2,
        )
        if in_force_w is None:
            return Told(f"{words}; read back: nothing", reason=Reason.UNVERIFIED)
        self._capability = learned(self._capability, asked_w, in_force_w, before_w)
        if not taken(asked_w, in_force_w, before_w, most_w):
            return Told(f"{words}; read back: {in_force_w:g} W", in_force_w, Reason.UNVERIFIED)
        return Told(words, in_force_w)


_: type[LoadDriver] = WhatsminerV2
