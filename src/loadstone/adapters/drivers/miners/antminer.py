# SPDX-License-Identifier: Apache-2.0
"""Antminers with the firmware they are shipped with: reads on port 4028, writes by the web.

A stop is a write of the configuration, and a careless one wipes the pools. So nothing is
written without a configuration read whole just before, twice alike; the pools of that reading
are sent back with it, and it is read again after.

Source:
    asic-rs of 256foundation (read 2026-11-21): `stats` with new_api at its top level, the
    form of set_miner_conf, and pull request 249: a firmware of 2022 reads the mode as
    bitmain-work-mode, obeys only miner-mode, and takes about 21 s to answer. Tried against a
    simulator, not against a machine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from loadstone.adapters.drivers.calls import Caller, Sample, Told
from loadstone.adapters.drivers.cgminer import check
from loadstone.adapters.drivers.http import Http, succeeded
from loadstone.adapters.drivers.miners.antminer_answers import (
    NORMAL,
    POOL_SLOTS,
    SLEEP,
    Config,
    StatsAnswer,
    SummaryPage,
    SystemInfo,
    Written,
    detail,
    identity,
    mode_of,
    pools_of,
    sample,
    written,
)
from loadstone.adapters.drivers.wire import decode, encode
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, CapKind, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason, State
from loadstone.model.ports import LoadDriver

WEB_PORT = 80
FACTORY = Credential(user="root", password="root")
AGAIN_S = 0.3  # between read-backs: the web stands still while the miner is started anew

# firmware that does not know new_api answers in the older form
_STATS = encode({"command": "stats", "new_api": True})
_GONE = frozenset({Reason.REFUSED, Reason.RESET})

# seconds and watts are estimates of our own: no machine was measured
_CAPABILITY = Capability(cap=CapKind.NONE, stop_s=60.0, resume_s=300.0, idle_w=30.0)

T = TypeVar("T")


class Antminer:
    """An Antminer with stock firmware.

    Its web server takes few connections, so that none is kept from one call to the next: what
    is kept is the nonce, which saves the second round.
    """

    __slots__ = (
        "_caller",
        "_mode_before",
        "_seen",
        "_web",
    )

    def __init__(
        self,
        address: Address,
        credential: Credential | None,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
    ) -> None:
        """Make a driver; without a credential the one from the factory is tried."""
        self._caller = Caller(address, deadline_s=deadline_s, now_s=now_s)
        port = address.web_port or WEB_PORT
        self._web = Http(address.host, port, credential=credential or FACTORY)
        self._mode_before = NORMAL
        self._seen: Config | None = None

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`. Its modes have no watts, so it has no cap."""
        return _CAPABILITY

    async def identify(self) -> Identity:
        """See `LoadDriver`."""
        info = await self._ending(self._page("get_system_info", SystemInfo))
        if not info.mac or not info.type:
            raise self._caller.error(
                Reason.INCOMPLETE, "it does not say that it is an Antminer"
            )
        return identity(info)

    async def read(self) -> Reading:
        """See `LoadDriver`. One connection; a second to the web when the miner is silent."""
        return await self._caller.reading(self._ending(self._sample()))

    async def detail(self) -> Detail:
        """See `LoadDriver`."""
        async with self._caller.within():
            return await self._ending(self._detail(self._caller.now_s()))

    async def warm(self) -> None:
        """See `LoadDriver`. The challenge of its web is answered ahead."""
        with suppress(DeviceError):  # the stop itself will tell
            await self._ending(self._config())

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._outcome(self._turn(SLEEP, State.STOPPED))

    async def resume(self) -> Outcome:
        """See `LoadDriver`. In the mode it had before this driver stopped it, else normal."""
        return await self._outcome(self._turn(self._mode_before, State.RUNNING))

    async def cap(self, limit_w: float) -> Outcome:
        """See `LoadDriver`. It has none."""
        now_s = self._caller.now_s()
        return Outcome(accepted=False, reason=Reason.UNSUPPORTED, sent_s=now_s, ended_s=now_s)

    async def pools(self) -> tuple[Pool, ...]:
        """See `LoadDriver`."""
        return pools_of(await self._ending(self._config())) or ()

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """See `LoadDriver`."""
        return await self._outcome(self._set_pools(tuple(pools)))

    async def close(self) -> None:
        """See `LoadDriver`."""
        self._web.drop()

    async def _outcome(self, told: Awaitable[Told]) -> Outcome:
        return await self._caller.outcome(self._ending(told))

    async def _ending(self, call: Awaitable[T]) -> T:
        try:
            return await call
        finally:
            self._web.drop()

    # asking

    async def _stats(self) -> StatsAnswer:
        answer = decode(self._caller.device, await self._caller.ask(_STATS), StatsAnswer)
        check(self._caller.device, answer.statuses)
        return answer

    async def _page(self, page: str, kind: type[T]) -> T:
        body = await self._web.fetch(f"/cgi-bin/{page}.cgi", deadline_s=self._caller.deadline_s)
        return decode(self._caller.device, body, kind)

    async def _config(self) -> Config:
        """Return the configuration; it has a list of pools."""
        config: Config = await self._page("get_miner_conf", dict)
        if pools_of(config) is None:
            raise self._caller.error(Reason.INCOMPLETE, "the configuration is not whole")
        self._seen = config
        return config

    async def _verified(self) -> Config:
        """Return the configuration as two readings in a row agree on it.

        It may be read while the machine itself is writing it, and would be written back so.
        The first of the two may be of long ago: one that was read in full saves a round.
        """
        before, config = self._seen, await self._config()
        if before is None or _as_written(before) != _as_written(config):
            before, config = config, await self._config()
            if _as_written(before) != _as_written(config):
                raise self._caller.error(Reason.INCOMPLETE, "the configuration changes")
        return config

    async def _sample(self) -> Sample:
        try:
            answer = await self._stats()
        except DeviceError as error:
            if error.reason != Reason.REFUSED:
                raise
            return await self._sample_of_web(error)
        row = answer.row
        if row is None:
            empty = self._caller.error(Reason.INCOMPLETE, "stats has no hashrate")
            return await self._sample_of_web(empty)
        mode = mode_of({"miner-mode": row.mode})
        if mode is None and not row.hashrate_th:
            mode = mode_of(await self._config())
        return sample(row, mode)

    async def _sample_of_web(self, silence: DeviceError) -> Sample:
        """Return stopped when the miner is silent and the web says that it was told to be."""
        if mode_of(await self._config()) == SLEEP:
            return Sample(State.STOPPED)
        raise silence

    async def _detail(self, began_s: float) -> Detail:
        info = await self._page("get_system_info", SystemInfo)
        config = await self._config()
        try:
            row = (await self._stats()).row
            page = await self._page("summary", SummaryPage)
        except DeviceError as error:
            if error.reason not in _GONE or mode_of(config) != SLEEP:
                raise
            row, page = None, SummaryPage()
        return detail(info, row, page, config, began_s)

    # telling

    async def _turn(self, mode: int, goal: State) -> Told:
        config = await self._verified()
        had = mode_of(config)
        if had is None:
            raise self._caller.error(Reason.UNSUPPORTED, "it has no work mode")
        if had != SLEEP and goal is State.STOPPED:
            self._mode_before = had
        if (had == SLEEP) == (goal is State.STOPPED) and await self._obeys(goal):
            return Told(f"told to be {goal.value} already")
        return await self._write(config, mode, pools_of(config) or ())

    async def _obeys(self, goal: State) -> bool:
        """Return whether a machine whose mode is right does what its mode says."""
        try:
            return (await self._sample()).state is goal
        except DeviceError as error:
            # its miner is being started: to write again would start it anew
            if goal is State.RUNNING and error.reason in {Reason.REFUSED, Reason.INCOMPLETE}:
                return True
            raise

    async def _set_pools(self, pools: tuple[Pool, ...]) -> Told:
        if len(pools) > POOL_SLOTS:
            raise self._caller.error(Reason.UNSUPPORTED, f"it has {POOL_SLOTS} pools")
        config = await self._verified()
        return await self._write(config, mode_of(config), pools)

    async def _write(self, config: Config, mode: int | None, pools: tuple[Pool, ...]) -> Told:
        """Write a mode and pools, and return only when both were read back."""
        words = await self._post(written(config, mode, pools))
        after = await self._read_back()
        if pools_of(after) != pools:  # the write itself lost them: say so, and mend it once
            await self._post(written(config, mode, pools))
            after = await self._read_back()
        if pools_of(after) != pools:
            raise self._caller.error(Reason.UNVERIFIED, "the write changed its pools")
        if mode_of(after) != mode:
            message = f"asked for mode {mode}, it has {mode_of(after)}"
            raise self._caller.error(Reason.UNVERIFIED, message)
        return Told(words)

    async def _post(self, config: Config) -> str:
        answer = await self._web.ask(
            "POST",
            "/cgi-bin/set_miner_conf.cgi",
            encode(config),
            deadline_s=self._caller.deadline_s,
        )
        said = decode(self._caller.device, succeeded(self._caller.device, answer), Written)
        if said.stats != "success":
            raise self._caller.error(Reason.DENIED, f"{said.code} {said.message}")
        return said.message

    async def _read_back(self) -> Config:
        """Return the configuration after a write, waiting while the web stands still."""
        while True:
            try:
                return await self._config()
            except DeviceError as error:
                if error.reason not in _GONE:
                    raise self._caller.error(
                        Reason.UNVERIFIED, f"written, not read back: {error}"
                    ) from None
            await asyncio.sleep(AGAIN_S)


def _as_written(config: Config) -> Config:
    return written(config, mode_of(config), pools_of(config) or ())


_: type[LoadDriver] = Antminer
