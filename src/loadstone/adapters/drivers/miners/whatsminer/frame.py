# SPDX-License-Identifier: Apache-2.0
"""What a driver of a WhatsMiner does whatever the version of its API.

That is: when a second look is due, how a cap is written and looked back at, and that asking
twice is the same as asking once. What the versions have of their own are the abstract
methods: the words of each request, and how its answer is read.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from loadstone.adapters.drivers.calls import Caller, Sample, Told
from loadstone.adapters.drivers.cgminer import hottest
from loadstone.adapters.drivers.miners.telling import look_back, number_at, write_pools
from loadstone.adapters.drivers.miners.whatsminer.state import (
    CAPABILITY,
    POOLS,
    Summary,
    Watch,
    learned,
    runs,
    taken,
)
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason

K = TypeVar("K")


class Names(NamedTuple):
    """What a version calls the parts of its answers that `detail` looks for."""

    fans: tuple[str, str]
    uptime: str
    board_hashrate: str
    board_heat: str


class Seen(NamedTuple):
    """What a machine says when asked for all; None where it does not say."""

    identity: Identity
    summary: Any
    boards: Any
    boards_expected: float | None
    errors: tuple[str, ...]
    pools: tuple[Pool, ...] | None


class Whatsminer(ABC, Generic[K]):
    """A WhatsMiner; `K` is what has to be fetched before anything can be written."""

    __slots__ = ("_caller", "_capability", "_credential", "_key", "_watch")

    factory: ClassVar[Credential]
    names: ClassVar[Names]

    def __init__(
        self,
        address: Address,
        credential: Credential | None,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
    ) -> None:
        """Make a driver; without a credential it tries what the factory set."""
        self._caller = Caller(address, deadline_s=deadline_s, now_s=now_s)
        self._credential = credential or self.factory
        self._capability = CAPABILITY
        self._key: K | None = None
        self._watch = Watch()

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`. Bounds of the cap are learned as they are met."""
        return self._capability

    async def identify(self) -> Identity:
        """See `LoadDriver`. A machine that is off may not tell its model."""
        async with self._caller.within():
            return await self._identity()

    async def read(self) -> Reading:
        """See `LoadDriver`. The summary, and whether it is off in doubt; see `state`."""
        return await self._caller.reading(self._sample())

    async def detail(self) -> Detail:
        """See `LoadDriver`."""
        began_s, names = self._caller.now_s(), self.names
        async with self._caller.within():
            seen = await self._all()
        rows = seen.boards if isinstance(seen.boards, list) else []
        fans = (number_at(seen.summary, name) for name in names.fans)
        warm = (hottest([number_at(row, names.board_heat)]) for row in rows)
        hashing = sum(1 for row in rows if number_at(row, names.board_hashrate))
        return Detail(
            identity=seen.identity,
            began_s=began_s,
            boards=hashing if rows else None,
            boards_expected=int(seen.boards_expected or len(rows)) or None,
            fan_rpm=tuple(rpm for rpm in fans if rpm is not None),
            temperatures_c=tuple(heat for heat in warm if heat is not None),
            uptime_s=number_at(seen.summary, names.uptime),
            errors=seen.errors,
            pools=seen.pools,
        )

    async def warm(self) -> None:
        """See `LoadDriver`. Fetches what has to be fetched before anything can be written."""
        with suppress(DeviceError):  # the command itself will tell
            async with self._caller.within():
                await self._prepare()

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        self._watch.told_off = True
        return await self._caller.outcome(self._turn(off=True))

    async def resume(self) -> Outcome:
        """See `LoadDriver`."""
        said = await self._caller.outcome(self._turn(off=False))
        if said.accepted:
            self._watch.told_off = False
        return said

    async def cap(self, limit_w: float) -> Outcome:
        """See `LoadDriver`. A cap that is in force already is not written again."""
        return await self._caller.outcome(self._cap(float(int(limit_w))))

    async def pools(self) -> tuple[Pool, ...]:
        """See `LoadDriver`. The firmware does not tell passwords of pools."""
        async with self._caller.within():
            return await self._read_pools()

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """See `LoadDriver`. It may show them only after its miner has restarted."""
        told = write_pools(
            self._caller.device,
            pools,
            most=POOLS,
            read=self._read_pools,
            write=lambda: self._write_pools(pools),
            within_s=self._caller.deadline_s / 2,
        )
        return await self._caller.outcome(told)

    async def close(self) -> None:
        """See `LoadDriver`. Nothing is kept open: machines take few clients at a time."""

    # what the versions have of their own

    @abstractmethod
    async def _identity(self) -> Identity:
        """Return who it is."""

    @abstractmethod
    async def _all(self) -> Seen:
        """Return everything it says of itself."""

    @abstractmethod
    async def _summary(self) -> Summary | None:
        """Return its summary; None where it tells nothing of the kind."""

    @abstractmethod
    async def _off(self) -> bool | None:
        """Return whether it says that it is switched off; None where it does not say."""

    @abstractmethod
    async def _setting(self) -> float | None:
        """Return the cap as it is set, W, for a machine that has no summary."""

    @abstractmethod
    async def _read_pools(self) -> tuple[Pool, ...]:
        """Return the pools of its configuration."""

    @abstractmethod
    async def _prepare(self) -> None:
        """Fetch the key where there is none, or it does not last for long."""

    @abstractmethod
    async def _write_power(self, *, off: bool) -> str:
        """Switch it off or on; return its words."""

    @abstractmethod
    async def _write_limit(self, watts: int) -> str:
        """Set the cap; return its words."""

    @abstractmethod
    async def _write_pools(self, pools: Sequence[Pool]) -> str:
        """Set the pools; return its words."""

    # what they share

    async def _sample(self) -> Sample:
        watch, asked_s = self._watch, self._caller.now_s()
        summary = await self._summary()
        stands_still = summary is not None and watch.stands_still(summary, asked_s)
        if summary and runs(summary) and not (stands_still or watch.told_off):
            return watch.sample(summary, False, False)
        return watch.sample(summary, await self._off(), stands_still)

    async def _turn(self, *, off: bool) -> Told:
        try:
            return Told(await self._write_power(off=off))
        except DeviceError as error:
            # asking twice is the same as asking once, even where the firmware objects
            if error.reason != Reason.DENIED or await self._off() is not off:
                raise
        return Told("already so")

    async def _limit(self) -> float:
        summary = await self._summary()
        limit_w = summary.limit_w if summary else None
        if limit_w is None:  # a machine that is off may have no summary
            limit_w = await self._setting()
        if limit_w is None:
            raise self._caller.error(Reason.INCOMPLETE, "it tells no power limit")
        return limit_w

    async def _cap(self, asked_w: float) -> Told:
        if asked_w < 1.0:  # no watts may mean no limit
            raise self._caller.error(Reason.DENIED, "a cap below 1 W is a stop")
        before_w = await self._limit()
        most_w = self._capability.max_w or 0.0
        if taken(asked_w, before_w, None, most_w):
            return Told("already so", before_w)
        words = await self._write_limit(int(asked_w))
        in_force_w = await look_back(
            self._limit,
            lambda told: taken(asked_w, told, before_w, most_w),
            within_s=self._caller.deadline_s / 2,
        )
        if in_force_w is None:
            return Told(f"{words}; read back: nothing", reason=Reason.UNVERIFIED)
        self._capability = learned(self._capability, asked_w, in_force_w, before_w)
        if not taken(asked_w, in_force_w, before_w, most_w):
            return Told(f"{words}; read back: {in_force_w:g} W", in_force_w, Reason.UNVERIFIED)
        return Told(words, in_force_w)
