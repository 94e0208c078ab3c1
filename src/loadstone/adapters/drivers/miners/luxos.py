# SPDX-License-Identifier: Apache-2.0
"""LuxOS: JSON on port 4028, writes within a session, caps by profile.

Source:
    docs.luxor.tech/firmware/api (read 2026-11-21): several commands joined by "+", sessions
    that end after a minute without use, `curtail`, `profileset`, `atmset`, `config` with
    CurtailMode. Tried against a simulator, not against a machine.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from loadstone.adapters.drivers.calls import Caller, Sample, Told
from loadstone.adapters.drivers.cgminer import check, request
from loadstone.adapters.drivers.miners.luxos_answers import (
    Answer,
    Atm,
    Config,
    Hot,
    Joined,
    Power,
    Summary,
    detail,
    identity,
    levels,
    pools_of,
    sample,
)
from loadstone.adapters.drivers.wire import decode
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, CapKind, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason, State
from loadstone.model.ports import LoadDriver

SESSION_S = 50.0  # a session ends after 60 s without use

_HOT = ("summary", "power", "config")
_HOT_REQUEST = request("+".join(_HOT))
_DETAIL = (
    "version",
    "config",
    "summary",
    "devs",
    "fans",
    "temps",
    "pools",
    "profiles",
    "events",
)

T = TypeVar("T")

# seconds and watts are estimates of our own: no machine was measured
_CAPABILITY = Capability(
    cap=CapKind.PRESET, stop_s=10.0, resume_s=300.0, idle_w=30.0, cap_restarts=True
)


class LuxOs:
    """A machine with LuxOS."""

    __slots__ = (
        "_caller",
        "_capability",
        "_joins",
        "_session",
        "_used_s",
        "_watts",
    )

    def __init__(
        self,
        address: Address,
        credential: Credential | None,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
    ) -> None:
        """Make a driver; LuxOS asks for no password, so the credential is not used."""
        self._caller = Caller(address, deadline_s=deadline_s, now_s=now_s)
        self._capability = _CAPABILITY
        self._joins = True
        self._session, self._used_s = "", 0.0
        self._watts: dict[str, float] = {}

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`."""
        return self._capability

    async def identify(self) -> Identity:
        """See `LoadDriver`."""
        async with self._caller.within():
            answer = await self._all("version", "config")
        if not answer.version or not answer.version[0].firmware:
            raise self._caller.error(Reason.INCOMPLETE, "it does not say that it is LuxOS")
        return identity(answer)

    async def read(self) -> Reading:
        """See `LoadDriver`. One connection: `summary`, `power` and `config` joined."""
        return await self._caller.reading(self._sample())

    async def detail(self) -> Detail:
        """See `LoadDriver`."""
        began_s = self._caller.now_s()
        async with self._caller.within():
            answer = await self._all(*_DETAIL)
        self._learn(answer)
        return detail(answer, began_s)

    async def warm(self) -> None:
        """See `LoadDriver`. It takes the machine's only session, for a minute."""
        with suppress(DeviceError):  # the stop itself will tell
            async with self._caller.within():
                await self._logon(insist=False)

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._caller.outcome(self._curtail("sleep", State.STOPPED))

    async def resume(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._caller.outcome(self._curtail("wakeup", State.RUNNING))

    async def cap(self, limit_w: float) -> Outcome:
        """See `LoadDriver`. The highest profile at or below is taken."""
        return await self._caller.outcome(self._cap(limit_w))

    async def pools(self) -> tuple[Pool, ...]:
        """See `LoadDriver`. LuxOS does not tell passwords of pools."""
        async with self._caller.within():
            return pools_of(await self._one("pools"))

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """See `LoadDriver`. New ones are added before the last old one goes."""
        return await self._caller.outcome(self._set_pools(tuple(pools)))

    async def close(self) -> None:
        """See `LoadDriver`. Nothing is kept: LuxOS closes after each answer."""

    # asking

    async def _ask(self, sent: bytes, kind: type[T]) -> T:
        return decode(self._caller.device, await self._caller.ask(sent), kind)

    async def _one(self, command: str, parameter: str | None = None) -> Answer:
        said = await self._ask(request(command, parameter), Answer)
        check(self._caller.device, said.status)
        return said

    async def _all(self, *commands: str) -> Answer:
        """Return the answers to several commands as one, in as few connections as can be.

        A command that the firmware refuses leaves its section empty.
        """
        if self._joins:
            sent = request("+".join(commands))
            whole = (await self._ask(sent, Joined)).whole()
            if whole:
                return whole
            self._joins = False
        whole = Answer()
        for command in commands:
            try:
                whole = whole.joined(await self._one(command))
            except DeviceError as error:
                if error.reason not in {Reason.DENIED, Reason.UNSUPPORTED}:
                    raise
        return whole

    async def _sample(self) -> Sample:
        if self._joins:
            hot = await self._ask(_HOT_REQUEST, Hot)
            if hot.summary and hot.config and hot.summary[0].summary and hot.config[0].config:
                power = hot.power[0].power if hot.power else []
                return self._judged(hot.summary[0].summary, power, hot.config[0].config)
            if hot.summary or not hot.status:
                raise self._caller.error(Reason.INCOMPLETE, "a section is missing")
            self._joins = False
        said = await self._all(*_HOT)
        if not said.summary or not said.config:
            raise self._caller.error(Reason.INCOMPLETE, "a section is missing")
        return self._judged(said.summary, said.power, said.config)

    def _judged(
        self, summary: list[Summary], power: list[Power], config: list[Config]
    ) -> Sample:
        return sample(summary[0], power[0] if power else None, config[0], self._watts)

    # telling

    async def _logon(self, *, insist: bool) -> None:
        """Begin a session.

        There is one at a time. To stop or cap a machine another actor's is used, because a
        power limit outranks whatever else is being done; else the refusal stands.
        """
        self._session = ""
        try:
            said = await self._one("logon")
        except DeviceError as error:
            if not insist or error.reason != Reason.DENIED:
                raise
            said = await self._one("session")
        if not said.session or not said.session[0].id:
            raise self._caller.error(Reason.AUTH, "no session is to be had")
        self._session, self._used_s = said.session[0].id, self._caller.now_s()

    async def _tell(self, command: str, parameter: str, *, insist: bool) -> str:
        """Send a write within a session, a new one where the last has ended."""
        kept = bool(self._session) and self._caller.now_s() - self._used_s < SESSION_S
        if not kept:
            await self._logon(insist=insist)
        try:
            return await self._tell_once(command, parameter)
        except DeviceError as error:
            if not kept or "session" not in str(error).lower():
                raise
        await self._logon(insist=insist)
        return await self._tell_once(command, parameter)

    async def _tell_once(self, command: str, parameter: str) -> str:
        said = await self._one(command, f"{self._session},{parameter}")
        self._used_s = self._caller.now_s()
        return said.status[0].message

    async def _curtail(self, action: str, goal: State) -> Told:
        try:
            return Told(await self._tell("curtail", action, insist=goal is State.STOPPED))
        except DeviceError as error:
            # a machine that is there already may refuse; it is then as wanted
            if error.reason != Reason.DENIED or (await self._sample()).state is not goal:
                raise
            return Told(f"{goal.value} already")

    async def _cap(self, limit_w: float) -> Told:
        said = await self._all("config", "profiles", "atm")
        self._learn(said)
        fitting = {name: watts for name, watts in self._watts.items() if watts <= limit_w}
        if not self._watts or not said.config:
            raise self._caller.error(Reason.INCOMPLETE, "it tells no profiles")
        if not fitting:
            lowest = min(self._watts.values())
            words = f"its lowest profile draws {lowest:g} W"
            raise self._caller.error(Reason.UNSUPPORTED, words)
        chosen = max(fitting, key=lambda name: fitting[name])
        atm = said.atm[0] if said.atm else Atm()
        if said.config[0].profile != chosen or (atm.enabled and atm.highest != chosen):
            await self._set_profile(chosen, atm)
            said = await self._one("config")
        profile = said.config[0].profile if said.config else ""
        in_force_w = self._watts.get(profile)
        if profile != chosen:
            words = f"asked for profile {chosen}, it has {profile}"
            return Told(words, in_force_w, Reason.UNVERIFIED)
        return Told(f"profile {chosen}", in_force_w)

    async def _set_profile(self, chosen: str, atm: Atm) -> None:
        """Set a profile, and keep thermal management from climbing above it.

        While that is enabled no profile can be set, so that it is off for a moment. What
        protects the machine from heat is apart from it and stays.
        """
        if not atm.enabled:
            await self._tell("profileset", chosen, insist=True)
            return
        await self._tell("atmset", "enabled=false", insist=True)
        refused: DeviceError | None = None
        try:
            await self._tell("profileset", chosen, insist=True)
        except DeviceError as error:
            refused = error
        await self._tell("atmset", f"enabled=true,max_profile={chosen}", insist=True)
        if refused:
            raise refused

    def _learn(self, said: Answer) -> None:
        found = levels(said)
        if found and found != self._watts:
            self._watts = found
            steps = tuple(sorted(set(found.values())))
            self._capability = replace(
                _CAPABILITY, levels_w=steps, min_w=steps[0], max_w=steps[-1]
            )

    async def _set_pools(self, pools: tuple[Pool, ...]) -> Told:
        if any("," in part for pool in pools for part in (pool.url, pool.user, pool.password)):
            raise self._caller.error(Reason.UNSUPPORTED, "a comma in a pool")
        if not pools:
            raise self._caller.error(Reason.UNSUPPORTED, "no pool at all")
        had = _keys(pools_of(await self._one("pools")))
        kept = 0  # of the first ones, which are right already
        while kept < min(len(pools), len(had)) and had[kept] == _key(pools[kept]):
            kept += 1
        old = set(had[kept:])
        for pool in pools[kept:]:
            if _key(pool) in old:
                await self._remove(_key(pool))  # to be added again, further down
                old.discard(_key(pool))
            await self._one("addpool", f"{pool.url},{pool.user},{pool.password}")
        for key in old:
            await self._remove(key)
        if _keys(pools_of(await self._one("pools"))) != _keys(pools):
            raise self._caller.error(Reason.UNVERIFIED, "its pools are not those written")
        return Told(f"{len(pools)} pools")

    async def _remove(self, key: tuple[str, str]) -> None:
        """Remove a pool by its number, which changes when others go."""
        said = await self._one("pools")
        number = next((row.id for row in said.pools if (row.url, row.user) == key), None)
        if number is not None:
            await self._one("removepool", str(number))


def _key(pool: Pool) -> tuple[str, str]:
    return pool.url, pool.user


def _keys(pools: Sequence[Pool]) -> list[tuple[str, str]]:
    return [_key(pool) for pool in pools]


_: type[LoadDriver] = LuxOs
