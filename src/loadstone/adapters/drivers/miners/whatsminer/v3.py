# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner, API version 3: JSON on port 4433, each message with its length before it.

Firmware from May 2024 on speaks it beside version 2. `get.*` is open; `set.*` carries an
account, a time and a token made of command, password, the machine's salt and that time. A
stop is `set.miner.service` with "stop". The cap is `set.miner.power_limit`: exact watts, told
back in `get.miner.status`; the vendor says that the machine restarts for it.
`set.miner.power_percent` acts within a second but is forgotten and cannot be told from watts,
and `set.miner.power` cannot be read back before version 3.0.3: neither is used. Writes need
the API switched on with the vendor's tool and the password changed; nothing here does that.

Source:
    apidoc.whatsminer.com, API 3.0.3 (as kept in public copies);
    whatsminer/whatsminer-mdk-worker, lib/protocols/wm-api-v3.js (commit 932ec56): token,
    encrypted parameters filled up as PKCS #7 says, numbers of `code`; read 2026-11-21.
    Tried against a simulator, not against a machine.
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
from loadstone.adapters.drivers.miners.whatsminer.crypt import (
    digest_of,
    seal_counted,
    token_of,
)
from loadstone.adapters.drivers.miners.whatsminer.state import (
    CAPABILITY,
    Summary,
    Watch,
    learned,
    runs,
    taken,
)
from loadstone.adapters.drivers.miners.whatsminer.v3_answers import (
    Said,
    StatusSaid,
    errors,
    off_of,
    pools_of,
    reason_of,
)
from loadstone.adapters.drivers.wire import Within, ask, cut, decode, encode, framed, to_length
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason
from loadstone.model.ports import LoadDriver

POOLS = 3
_DEFAULT = Credential(user="super", password="super")
_OK = 0
_FAILED = -1


def _asks(command: str, parameter: str | None = None) -> bytes:
    request = {"cmd": command}
    if parameter is not None:
        request["param"] = parameter
    return framed(encode(request))


_SUMMARY = _asks("get.miner.status", "summary")
_MINER = _asks("get.device.info", "miner")
_SALT = _asks("get.device.info", "salt")


class WhatsminerV3:
    """A WhatsMiner with API version 3."""

    __slots__ = (
        "_address",
        "_ahead_s",
        "_capability",
        "_credential",
        "_deadline_s",
        "_device",
        "_now_s",
        "_salt",
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
        """Make a driver; without a credential it tries what the factory set."""
        self._address, self._device = address, str(address)
        self._credential = credential or _DEFAULT
        self._deadline_s, self._now_s = deadline_s, now_s
        self._capability = CAPABILITY
        self._salt = ""
        self._ahead_s = 0.0
        self._watch = Watch()

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`. Bounds of the cap are learned as they are met."""
        return self._capability

    async def identify(self) -> Identity:
        """See `LoadDriver`."""
        async with Within(self._deadline_s, self._device):
            return _identity(await self._msg(_asks("get.device.info")))

    async def read(self) -> Reading:
        """See `LoadDriver`. The summary, and `working` in doubt; see `state`."""
        return await reading(
            self._device, self._sample(), deadline_s=self._deadline_s, now_s=self._now_s
        )

    async def detail(self) -> Detail:
        """See `LoadDriver`."""
        began_s = self._now_s()
        async with Within(self._deadline_s, self._device):
            info = await self._msg(_asks("get.device.info"))
            status = await self._maybe(_asks("get.miner.status", "summary+pools+edevs"))
        boards = dig(status, "edevs")
        rows = boards if isinstance(boards, list) else []
        summary = dig(status, "summary")
        fans = (number_at(summary, "fan-speed-in"), number_at(summary, "fan-speed-out"))
        warm = (hottest([number_at(b, "chip-temp-max")]) for b in rows)
        expected = number_at(info, "miner", "board-num")
        listed = dig(status, "pools")
        return Detail(
            identity=_identity(info),
            began_s=began_s,
            boards=sum(1 for b in rows if number_at(b, "hash-average")) if rows else None,
            boards_expected=int(expected) if expected else len(rows) or None,
            fan_rpm=tuple(rpm for rpm in fans if rpm is not None),
            temperatures_c=tuple(t for t in warm if t is not None),
            uptime_s=number_at(summary, "bootup-time"),
            errors=errors(dig(info, "error-code")),
            pools=pools_of(listed) if isinstance(listed, list) else None,
        )

    async def warm(self) -> None:
        """See `LoadDriver`. Fetches the salt, which stays until the machine restarts."""
        with suppress(DeviceError):  # the command itself will tell
            async with Within(self._deadline_s, self._device):
                await self._salted()

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        self._watch.told_off = True
        return await self._outcome(self._service("stop", off=True))

    async def resume(self) -> Outcome:
        """See `LoadDriver`."""
        said = await self._outcome(self._service("start", off=False))
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
        """See `LoadDriver`."""
        written = [
            {"pool": pool.url, "worker": pool.user, "passwd": pool.password} for pool in pools
        ]
        told = write_pools(
            self._device,
            pools,
            most=POOLS,
            read=self._read_pools,
            write=lambda: self._tell("set.miner.pools", written, secret=True),
            within_s=self._deadline_s / 2,
        )
        return await self._outcome(told)

    async def close(self) -> None:
        """See `LoadDriver`. Nothing is kept open: a machine takes ten clients at most."""

    async def _outcome(self, told: Awaitable[Told]) -> Outcome:
        return await outcome(self._device, told, deadline_s=self._deadline_s, now_s=self._now_s)

    # reading

    async def _ask(self, request: bytes) -> bytes:
        answer = await ask(
            self._address.host,
            self._address.port,
            request,
            deadline_s=self._deadline_s,
            whole=to_length,
        )
        return answer[4:]

    async def _msg(self, request: bytes) -> Any:
        said = decode(self._device, await self._ask(request), Said)
        if said.code != _OK:
            raise self._no(said)
        return said.msg

    async def _maybe(self, request: bytes) -> Any:
        """Return what a command tells; None where the machine says that it cannot."""
        said = decode(self._device, await self._ask(request), Said)
        return said.msg if said.code == _OK else None

    def _no(self, said: Said) -> DeviceError:
        words = cut(f"{text(said.msg) or 'no'} (code {said.code})")
        return DeviceError(self._device, reason_of(said), words)

    async def _sample(self) -> Sample:
        watch, asked_s = self._watch, self._now_s()
        summary = await self._summary()
        stands_still = summary is not None and watch.stands_still(summary, asked_s)
        if summary and runs(summary) and not (stands_still or watch.told_off):
            return watch.sample(summary, False, False)
        off = off_of(await self._maybe(_MINER))
        return watch.sample(summary, off, stands_still)

    async def _summary(self) -> Summary | None:
        said = decode(self._device, await self._ask(_SUMMARY), StatusSaid)
        return said.summary()

    async def _off(self) -> bool | None:
        return off_of(await self._msg(_MINER))

    async def _read_pools(self) -> tuple[Pool, ...]:
        said = decode(self._device, await self._ask(_asks("get.miner.status", "pools")), Said)
        if said.code == _FAILED:
            # an idle machine may refuse the pools alone, and tell them beside its summary
            request = _asks("get.miner.status", "summary+pools")
            said = decode(self._device, await self._ask(request), Said)
        listed = dig(said.msg, "pools")
        if said.code != _OK or not isinstance(listed, list):
            raise (
                self._no(said)
                if said.code != _OK
                else DeviceError(self._device, Reason.INCOMPLETE, "the answer has no pools")
            )
        return pools_of(listed)

    # writing

    async def _salted(self) -> str:
        if self._salt:
            return self._salt
        said = decode(self._device, await self._ask(_SALT), Said)
        if said.code != _OK:
            raise self._no(said)
        salt = text(dig(said.msg, "salt"))
        if not salt:
            raise DeviceError(self._device, Reason.INCOMPLETE, "the answer has no salt")
        # a token carries a time: that of the machine's own clock can never be too far off
        self._ahead_s = said.when - self._now_s() if said.when else 0.0
        self._salt = salt
        return salt

    async def _tell(self, command: str, parameter: Any, *, secret: bool = False) -> str:
        """Write, with a new salt once where the old one is not known; return its words."""
        said = Said()
        for _ in range(2):
            salt = await self._salted()
            at_s = int(self._now_s() + self._ahead_s)
            digest = digest_of(command, self._credential.password, salt, at_s)
            sent = seal_counted(digest, encode(parameter)) if secret else parameter
            request = {
                "cmd": command,
                "ts": at_s,
                "token": token_of(digest),
                "account": self._credential.user or _DEFAULT.user,
                "param": sent,
            }
            said = decode(self._device, await self._ask(framed(encode(request))), Said)
            if said.code == _OK or reason_of(said) is not Reason.AUTH:
                break
            self._salt = ""
        if said.code != _OK:
            raise self._no(said)
        return text(said.msg) or "ok"

    async def _service(self, word: str, *, off: bool) -> Told:
        try:
            return Told(await self._tell("set.miner.service", word))
        except DeviceError as error:
            # asking twice is the same as asking once, even where the firmware objects
            if error.reason != Reason.DENIED or await self._off() is not off:
                raise
        return Told("already so")

    async def _limit(self) -> float:
        summary = await self._summary()
        limit_w = summary.limit_w if summary else None
        if limit_w is None:  # a machine that is off may have no summary
            limit_w = number_at(await self._msg(_asks("get.miner.setting")), "power-limit")
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
        words = await self._tell("set.miner.power_limit", int(asked_w))
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


def _identity(info: Any) -> Identity:
    return Identity(
        family="whatsminer-v3",
        mac=mac(text(dig(info, "network", "mac"))),
        serial=text(dig(info, "miner", "miner-sn")),
        model=text(dig(info, "miner", "type")),
        firmware=text(dig(info, "system", "fwversion")),
    )


_: type[LoadDriver] = WhatsminerV3
