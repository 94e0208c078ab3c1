# SPDX-License-Identifier: Apache-2.0
"""Braiins OS: its public REST interface on the web port, exact watts as cap.

A stop is `actions/pause`, a resume `actions/resume`; the cap is the power target of the
tuner, between bounds that the machine tells, taken without a restart. Everything asks for a
token, which lives an hour or so from its last use; programs that run with real machines send
it without "Bearer", and so does this. Firmware 25.07 and 26.04 are known to have this
interface; older firmware answers 404, which is told as unsupported. gRPC is not used.

The state is `status` of `miner/details`: 2 normal and 5 restricted work; 1 not started, 3
paused and 4 suspended do not. One that is suspended may take up work again by itself, when
its pools answer again: it is then read as running, as any that drifts. What it tells of its
power while it does not work may be left over from before (a field note), so it is not told.

Source:
    Braiins OS Public REST API 1.7.0, developer.braiins-os.com/latest/openapi.json, as kept in
    api-evangelist/braiins-academy (commit 97993f6); braiins/bos-plus-api, proto/bos/v1
    (numbers of the state); 256foundation/asic-rs, asic-rs-firmwares/braiins (releases, token);
    read 2026-11-21. Tried against a simulator, not against a machine.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from loadstone.adapters.drivers.calls import Caller, Sample, Told
from loadstone.adapters.drivers.http import Http, succeeded
from loadstone.adapters.drivers.miners.braiins_answers import (
    Details,
    Stats,
    Target,
    board_heat,
    fan_speeds,
    group_as_written,
    identity_of,
    pools_of,
    state_of,
    words_of_errors,
    working_boards,
)
from loadstone.adapters.drivers.miners.telling import (
    dig,
    look_back,
    number_at,
    text,
    write_pools,
)
from loadstone.adapters.drivers.wire import decode, encode
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, CapKind, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason, State
from loadstone.model.ports import LoadDriver

LIMIT_EVERY_S = 60.0  # the cap changes when it is told to, so it is asked for this often
STALE_S = 30.0  # uptime in seconds that stands still for longer is old
POOLS = 10  # a bound of ours; the interface tells none
_DEFAULT = Credential(user="root", password="root")
_TOKEN_SPARE_S = 30.0
_SHORTEST_TOKEN_S = 60.0

T = TypeVar("T")

# seconds and watts are estimates of our own: no machine was measured
_CAPABILITY = Capability(cap=CapKind.WATTS, stop_s=10.0, resume_s=180.0, idle_w=30.0)


class Braiins:
    """A machine with Braiins OS."""

    __slots__ = (
        "_caller",
        "_capability",
        "_credential",
        "_http",
        "_limit_s",
        "_limit_w",
        "_token_ends_s",
        "_token_lives_s",
        "_uptime",
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
        if address.web_port is not None:
            address = Address(host=address.host, port=address.web_port)
        self._caller = Caller(address, deadline_s=deadline_s, now_s=now_s)
        self._http = Http(address.host, address.port)
        self._credential = credential or _DEFAULT
        self._capability = _CAPABILITY
        self._token_ends_s = self._token_lives_s = 0.0
        self._limit_w: float | None = None
        self._limit_s = float("-inf")
        self._uptime: tuple[float | None, float] = (None, 0.0)

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`."""
        return self._capability

    async def identify(self) -> Identity:
        """See `LoadDriver`."""
        async with self._within():
            return identity_of(self._caller.device, await self._get("miner/details", dict))

    async def read(self) -> Reading:
        """See `LoadDriver`. Two requests on one connection, one where it does not work.

        The cap is asked for once a minute and told as it was then in between.
        """
        read = await self._caller.reading(self._sample())
        self._http.drop()
        return read

    async def detail(self) -> Detail:
        """See `LoadDriver`. Fills in the bounds of the cap."""
        began_s = self._caller.now_s()
        async with self._within():
            details = await self._get("miner/details", dict)
            boards = await self._maybe("miner/hw/hashboards")
            cooling = await self._maybe("cooling/state")
            errors = await self._maybe("miner/errors")
            groups = await self._maybe("pools/")
            constraints = await self._maybe("configuration/constraints")
        self._learn(constraints)
        ids = dig(constraints, "hashboards_constraints", "hashboard_ids")
        rows = dig(boards, "hashboards")
        listed = rows if isinstance(rows, list) else []
        return Detail(
            identity=identity_of(self._caller.device, details),
            began_s=began_s,
            boards=working_boards(listed) if isinstance(rows, list) else None,
            boards_expected=len(ids) if isinstance(ids, list) else len(listed) or None,
            fan_rpm=fan_speeds(cooling),
            temperatures_c=board_heat(listed),
            uptime_s=number_at(details, "system_uptime_s"),
            errors=words_of_errors(errors),
            pools=pools_of(groups) if isinstance(groups, list) else None,
        )

    async def warm(self) -> None:
        """See `LoadDriver`. Logs in where no token lives."""
        with suppress(DeviceError):  # the command itself will tell
            async with self._within():
                await self._log_in(anew=False)

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._caller.outcome(self._act("pause"))

    async def resume(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._caller.outcome(self._act("resume"))

    async def cap(self, limit_w: float) -> Outcome:
        """See `LoadDriver`. A cap above its highest is its highest; one below is refused."""
        return await self._caller.outcome(self._cap(limit_w))

    async def pools(self) -> tuple[Pool, ...]:
        """See `LoadDriver`. The interface does not tell passwords of pools."""
        async with self._within():
            return await self._read_pools()

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """See `LoadDriver`. Only for machines with one group of pools, or none."""
        return await self._caller.outcome(self._set_pools(pools))

    async def close(self) -> None:
        """See `LoadDriver`."""
        self._http.drop()

    @asynccontextmanager
    async def _within(self) -> AsyncIterator[None]:
        try:
            async with self._caller.within():
                yield
        finally:
            self._http.drop()

    # asking

    async def _log_in(self, *, anew: bool) -> None:
        now_s = self._caller.now_s()
        if not anew and self._http.token and now_s < self._token_ends_s:
            return
        self._http.token = ""
        who = {"username": self._credential.user, "password": self._credential.password}
        answer = await self._http.ask(
            "POST", "/api/v1/auth/login", encode(who), deadline_s=self._caller.deadline_s
        )
        said = decode(self._caller.device, succeeded(self._caller.device, answer), dict)
        token = text(said.get("token"))
        if not token:
            raise self._caller.error(Reason.INCOMPLETE, "the answer has no token")
        lives_s = number_at(said, "timeout_s") or _SHORTEST_TOKEN_S
        self._http.token = token
        self._token_lives_s = max(lives_s - _TOKEN_SPARE_S, lives_s / 2)
        self._token_ends_s = now_s + self._token_lives_s

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Ask with a token, and once more with a new one where the old is not known."""
        await self._log_in(anew=False)
        try:
            answer = await self._ask_once(method, path, body)
        except DeviceError as error:
            if error.reason != Reason.AUTH:
                raise
            await self._log_in(anew=True)
            answer = await self._ask_once(method, path, body)
        return answer

    async def _ask_once(self, method: str, path: str, body: bytes | None) -> bytes:
        answer = await self._http.ask(
            method, f"/api/v1/{path}", body, deadline_s=self._caller.deadline_s
        )
        self._token_ends_s = self._caller.now_s() + self._token_lives_s  # each use prolongs it
        return succeeded(self._caller.device, answer)

    async def _get(self, path: str, kind: type[T]) -> T:
        return decode(self._caller.device, await self._ask("GET", path), kind)

    async def _maybe(self, path: str) -> Any:
        """Return what a page tells; None where the machine says that it cannot."""
        try:
            return msgspec.json.decode(await self._ask("GET", path))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        except DeviceError as error:
            if error.reason not in {Reason.DENIED, Reason.UNSUPPORTED}:
                raise
            return None

    # reading

    async def _sample(self) -> Sample:
        asked_s = self._caller.now_s()
        details = await self._get("miner/details", Details)
        state = state_of(details.status)
        if self._stands_still(details.uptime, asked_s):
            return Sample(State.UNKNOWN, Reason.STALE)
        if state is State.UNKNOWN:
            return Sample(state, Reason.INCOMPLETE)
        limit_w = await self._limit(asked_s)
        if state is State.STOPPED:
            return Sample(state, hashrate_th=0.0, limit_w=limit_w)
        stats = await self._get("miner/stats", Stats)
        return Sample(
            state, power_w=stats.power_w, hashrate_th=stats.hashrate_th, limit_w=limit_w
        )

    def _stands_still(self, uptime_s: float | None, at_s: float) -> bool:
        held, since_s = self._uptime
        if uptime_s is None or uptime_s != held:
            self._uptime = (uptime_s, at_s)
            return False
        return at_s - since_s >= STALE_S

    async def _limit(self, asked_s: float) -> float | None:
        """Return the cap as it was told within the last minute; None where it has none."""
        if asked_s - self._limit_s < LIMIT_EVERY_S:
            return self._limit_w
        self._limit_s = asked_s
        try:
            self._limit_w = await self._target()
        except DeviceError as error:
            # without a cap it still tells its state; with no answer it tells nothing
            if error.reason not in {Reason.DENIED, Reason.UNSUPPORTED, Reason.INCOMPLETE}:
                self._limit_s = float("-inf")
                raise
            self._limit_w = None
        return self._limit_w

    async def _target(self) -> float:
        """Return the power target of the tuner, W."""
        state = await self._get("performance/tuner-state", Target)
        watts = state.watts
        if watts is None:  # a tuner that rests may tell none
            mode = await self._maybe("performance/mode")
            watts = number_at(
                mode, "tunermode", "target", "powertarget", "power_target", "watt"
            )
        if watts is None:
            raise self._caller.error(Reason.INCOMPLETE, "it has no power target")
        return watts

    async def _groups(self) -> list[Any]:
        try:
            said = await self._ask("GET", "pools/")
        except DeviceError as error:
            if error.reason != Reason.UNSUPPORTED:
                raise
            said = await self._ask("GET", "pools")  # where the last slash is not known
        return decode(self._caller.device, said, list)

    async def _read_pools(self) -> tuple[Pool, ...]:
        return pools_of(await self._groups())

    # writing

    async def _act(self, action: str) -> Told:
        said = await self._ask("PUT", f"actions/{action}", b"")
        return Told("already so" if said.strip() == b"true" else action)

    def _learn(self, constraints: Any) -> None:
        bounds = dig(constraints, "tuner_constraints", "power_target")
        least_w = number_at(bounds, "min", "watt")
        most_w = number_at(bounds, "max", "watt")
        self._capability = replace(
            self._capability,
            # a bound of 0 is none: a target of 0 W might mean no limit at all
            min_w=least_w if least_w and least_w > 0 else self._capability.min_w,
            max_w=most_w if most_w and most_w > 0 else self._capability.max_w,
        )

    async def _cap(self, asked_w: float) -> Told:
        known = self._capability
        if known.min_w is None or known.max_w is None:
            self._learn(await self._maybe("configuration/constraints"))
            known = self._capability
        least_w = 1.0 if known.min_w is None else known.min_w
        if asked_w < least_w:
            message = f"takes {least_w:g} W at least"
            raise self._caller.error(Reason.DENIED, message)
        watts = int(asked_w if known.max_w is None else min(asked_w, known.max_w))
        if await self._target() == watts:
            return self._capped("already so", float(watts))
        await self._ask("PUT", "performance/power-target", encode({"watt": watts}))
        in_force_w = await look_back(
            self._target, lambda told: told == watts, within_s=self._caller.deadline_s / 2
        )
        if in_force_w == watts:
            return self._capped("ok", float(watts))
        if in_force_w is None:
            return Told("ok; read back: nothing", reason=Reason.UNVERIFIED)
        return Told(f"ok; read back: {in_force_w:g} W", in_force_w, Reason.UNVERIFIED)

    def _capped(self, words: str, watts: float) -> Told:
        self._limit_w, self._limit_s = watts, self._caller.now_s()
        return Told(words, watts)

    async def _set_pools(self, pools: Sequence[Pool]) -> Told:
        groups = await self._groups()
        if len(groups) > 1:
            message = f"its pools stand in {len(groups)} groups; only one is written"
            raise self._caller.error(Reason.UNSUPPORTED, message)

        async def write() -> str:
            group = group_as_written(groups[0] if groups else {}, pools)
            await self._ask("PUT", "pools/batch", encode([group]))
            return "ok"

        return await write_pools(
            self._caller.device,
            pools,
            most=POOLS,
            read=self._read_pools,
            write=write,
            within_s=self._caller.deadline_s / 2,
        )


_: type[LoadDriver] = Braiins
