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

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from loadstone.adapters.drivers.cgminer import mac
from loadstone.adapters.drivers.miners.telling import dig, number_at, text
from loadstone.adapters.drivers.miners.whatsminer.crypt import (
    digest_of,
    seal_counted,
    token_of,
)
from loadstone.adapters.drivers.miners.whatsminer.frame import Names, Seen, Whatsminer
from loadstone.adapters.drivers.miners.whatsminer.state import Summary
from loadstone.adapters.drivers.miners.whatsminer.v3_answers import (
    Said,
    StatusSaid,
    errors,
    off_of,
    pools_of,
    reason_of,
)
from loadstone.adapters.drivers.wire import cut, decode, encode, framed, to_length
from loadstone.model.errors import DeviceError
from loadstone.model.operations.machine import Credential, Identity
from loadstone.model.operations.reading import Pool, Reason
from loadstone.model.ports import LoadDriver

_OK = 0
_FAILED = -1

T = TypeVar("T")


def _asks(command: str, parameter: str | None = None) -> bytes:
    request = {"cmd": command}
    if parameter is not None:
        request["param"] = parameter
    return framed(encode(request))


_SUMMARY = _asks("get.miner.status", "summary")
_MINER = _asks("get.device.info", "miner")
_SALT = _asks("get.device.info", "salt")


class Salt(NamedTuple):
    """What a machine mixes into its tokens until it restarts.

    Attributes:
        salt: The salt.
        ahead_s: How far the machine's clock is ahead of the agent's, s.
    """

    salt: str
    ahead_s: float


class WhatsminerV3(Whatsminer[Salt]):
    """A WhatsMiner with API version 3; before a write it wants its salt."""

    __slots__ = ()

    factory = Credential(user="super", password="super")
    names = Names(
        fans=("fan-speed-in", "fan-speed-out"),
        uptime="bootup-time",
        board_hashrate="hash-average",
        board_heat="chip-temp-max",
    )

    # reading

    async def _ask(self, request: bytes, kind: type[T]) -> T:
        caller = self._caller
        return decode(caller.device, (await caller.ask(request, to_length))[4:], kind)

    async def _msg(self, request: bytes) -> Any:
        said = await self._ask(request, Said)
        if said.code != _OK:
            raise self._no(said)
        return said.msg

    async def _maybe(self, request: bytes) -> Any:
        """Return what a command tells; None where the machine says that it cannot."""
        said = await self._ask(request, Said)
        return said.msg if said.code == _OK else None

    def _no(self, said: Said) -> DeviceError:
        words = cut(f"{text(said.msg) or 'no'} (code {said.code})")
        return self._caller.error(reason_of(said), words)

    async def _summary(self) -> Summary | None:
        return (await self._ask(_SUMMARY, StatusSaid)).summary()

    async def _off(self) -> bool | None:
        return off_of(await self._maybe(_MINER))

    async def _setting(self) -> float | None:
        return number_at(await self._msg(_asks("get.miner.setting")), "power-limit")

    async def _identity(self) -> Identity:
        return _identity(await self._msg(_asks("get.device.info")))

    async def _all(self) -> Seen:
        said = await self._ask(_asks("get.device.info"), Said)
        if said.code != _OK:
            raise self._no(said)
        info, self._key = said.msg, _salt(said, self._caller.now_s()) or self._key
        status = await self._maybe(_asks("get.miner.status", "summary+pools+edevs"))
        listed = dig(status, "pools")
        return Seen(
            identity=_identity(info),
            summary=dig(status, "summary"),
            boards=dig(status, "edevs"),
            boards_expected=number_at(info, "miner", "board-num"),
            errors=errors(dig(info, "error-code")),
            pools=pools_of(listed) if isinstance(listed, list) else None,
        )

    async def _read_pools(self) -> tuple[Pool, ...]:
        said = await self._ask(_asks("get.miner.status", "pools"), Said)
        if said.code == _FAILED:
            # an idle machine may refuse the pools alone, and tell them beside its summary
            said = await self._ask(_asks("get.miner.status", "summary+pools"), Said)
        if said.code != _OK:
            raise self._no(said)
        listed = dig(said.msg, "pools")
        if not isinstance(listed, list):
            raise self._caller.error(Reason.INCOMPLETE, "the answer has no pools")
        return pools_of(listed)

    # writing

    async def _prepare(self) -> None:
        await self._salted()

    async def _salted(self) -> Salt:
        if self._key is not None:
            return self._key
        said = await self._ask(_SALT, Said)
        if said.code != _OK:
            raise self._no(said)
        found = _salt(said, self._caller.now_s())
        if found is None:
            raise self._caller.error(Reason.INCOMPLETE, "the answer has no salt")
        self._key = found
        return found

    async def _tell(self, command: str, parameter: Any, *, secret: bool = False) -> str:
        """Write, with a new salt once where the old one is not known; return its words."""
        said = Said()
        for _ in range(2):
            said = await self._tell_once(command, parameter, secret)
            if said.code == _OK or reason_of(said) is not Reason.AUTH:
                break
            self._key = None
        if said.code != _OK:
            raise self._no(said)
        return text(said.msg) or "ok"

    async def _tell_once(self, command: str, parameter: Any, secret: bool) -> Said:
        held, who = await self._salted(), self._credential
        at_s = int(self._caller.now_s() + held.ahead_s)
        digest = digest_of(command, who.password, held.salt, at_s)
        request = {
            "cmd": command,
            "ts": at_s,
            "token": token_of(digest),
            "account": who.user or self.factory.user,
            "param": seal_counted(digest, encode(parameter)) if secret else parameter,
        }
        return await self._ask(framed(encode(request)), Said)

    async def _write_power(self, *, off: bool) -> str:
        return await self._tell("set.miner.service", "stop" if off else "start")

    async def _write_limit(self, watts: int) -> str:
        return await self._tell("set.miner.power_limit", watts)

    async def _write_pools(self, pools: Sequence[Pool]) -> str:
        written = [
            {"pool": pool.url, "worker": pool.user, "passwd": pool.password} for pool in pools
        ]
        return await self._tell("set.miner.pools", written, secret=True)


def _salt(said: Said, now_s: float) -> Salt | None:
    salt = text(dig(said.msg, "salt"))
    # a token carries a time: that of the machine's own clock can never be too far off
    return Salt(salt, said.when - now_s if said.when else 0.0) if salt else None


def _identity(info: Any) -> Identity:
    return Identity(
        family="whatsminer-v3",
        mac=mac(text(dig(info, "network", "mac"))),
        serial=text(dig(info, "miner", "miner-sn")),
        model=text(dig(info, "miner", "type")),
        firmware=text(dig(info, "system", "fwversion")),
    )


_: type[LoadDriver] = WhatsminerV3
