# SPDX-License-Identifier: Apache-2.0
"""Drivers, meters and switches that reach simulated things without a wire.

They fit the ports, fail as the wire fails, and take their time by `asyncio.sleep`; on a loop
with virtual time a day of a site passes in moments and repeats to the bit.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from loadstone.adapters.simulators.faults import Fault, FaultKind, chance
from loadstone.adapters.simulators.machine import Phase, Sample, SimulatedMachine
from loadstone.adapters.simulators.physics import FIRMWARE, Traits
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Capability, CapKind, Outcome
from loadstone.model.operations.machine import Address, Identity
from loadstone.model.operations.meter import MeterReading, SwitchReading
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason, State
from loadstone.model.ports import LoadDriver, Meter, Switch

T = TypeVar("T")
Latency = tuple[float, float]  # shortest and longest time of an answer, s
QUICK: Latency = (0.005, 0.3)
_LIMIT_TOLERANCE_W = 1.0
_STATES = {
    Phase.ASLEEP: State.STOPPED,
    Phase.STARTING: State.RUNNING,
    Phase.HASHING: State.RUNNING,
}


class _Silence(Exception):
    """No answer, for a reason; the device may have acted all the same."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class _Line:
    """The way to a device of a site: how long an answer takes, and how it fails."""

    def __init__(
        self,
        site: SimulatedSite,
        id_: str,
        *,
        now_s: Callable[[], float],
        deadline_s: float,
        latency_s: Latency,
    ) -> None:
        self.site, self.id, self.now_s, self.deadline_s = site, id_, now_s, deadline_s
        self._latency_s = latency_s
        self._calls = 0

    def _next_latency_s(self) -> float:
        """Return how long the next answer takes; always the same for the same call."""
        self._calls += 1
        low, high = self._latency_s
        seed = self.site.world.seed
        return low + (high - low) * chance(seed, "latency", self.id, self._calls)

    async def ask(self, has: Callable[[FaultKind], Fault | None], act: Callable[[], T]) -> T:
        """Let a device act and answer.

        Raises:
            _Silence: There is no answer that can be read.
        """
        slow = has(FaultKind.SLOW)
        takes_s = self._next_latency_s() + (slow.size if slow else 0.0)
        if has(FaultKind.HANG):
            await asyncio.sleep(self.deadline_s)
            raise _Silence(Reason.TIMEOUT)
        await asyncio.sleep(min(takes_s, self.deadline_s) / 2)
        if has(FaultKind.REFUSE):
            raise _Silence(Reason.REFUSED)
        answer = act()
        await asyncio.sleep(min(takes_s, self.deadline_s) / 2)
        if takes_s > self.deadline_s:
            raise _Silence(Reason.TIMEOUT)
        if has(FaultKind.HALF_ANSWER):
            raise _Silence(Reason.RESET)
        if has(FaultKind.GARBAGE):
            raise _Silence(Reason.GARBAGE)
        return answer


class TwinDriver:
    """A driver of whichever machine of a site stands at an address, without a wire."""

    def __init__(
        self,
        site: SimulatedSite,
        address: Address,
        family: str,
        *,
        now_s: Callable[[], float],
        deadline_s: float = 4.0,
        latency_s: Latency = QUICK,
        stale_s: float = 30.0,
    ) -> None:
        """Make a driver.

        Args:
            site: Where the machine stands.
            address: Where it answers.
            family: Its firmware.
            now_s: Seconds of the agent.
            deadline_s: Longest wait for one answer.
            latency_s: Shortest and longest time of an answer, drawn with the site's seed.
            stale_s: A sample that is repeated for so long is noticed to be an old one.
        """
        self._site, self._address, self._stale_s = site, address, stale_s
        self._line = _Line(
            site, str(address), now_s=now_s, deadline_s=deadline_s, latency_s=latency_s
        )
        self._last: Sample | None = None
        self._fresh_s = now_s()
        self._capability = _capability(FIRMWARE[family])

    @property
    def capability(self) -> Capability:
        """What the firmware can do; levels are filled in after `detail`."""
        return self._capability

    async def identify(self) -> Identity:
        """Return who answers at the address."""
        return await self._or_raise(_identity)

    async def read(self) -> Reading:
        """Return state, draw and hashrate."""
        began_s = self._line.now_s()
        try:
            sample = await self._ask(SimulatedMachine.sample)
        except _Silence as silence:
            return self._unknown(began_s, silence.reason)
        if self._last is None or sample.at_s != self._last.at_s:
            self._last, self._fresh_s = sample, began_s
        elif began_s - self._fresh_s >= self._stale_s:
            return self._unknown(began_s, Reason.STALE)
        return Reading(
            state=_STATES[sample.phase],
            began_s=began_s,
            ended_s=self._line.now_s(),
            power_w=sample.power_w,
            hashrate_th=sample.hashrate_th,
            limit_w=sample.limit_w,
            temperature_c=sample.temperature_c,
        )

    async def detail(self) -> Detail:
        """Return everything else worth knowing."""
        began_s = self._line.now_s()

        def look(machine: SimulatedMachine) -> Detail:
            sample = machine.sample()
            return Detail(
                identity=_identity(machine),
                began_s=began_s,
                boards=sample.boards,
                boards_expected=machine.board_count,
                fan_rpm=sample.fan_rpm,
                temperatures_c=(sample.temperature_c,),
                uptime_s=sample.uptime_s,
                pools=machine.pools,
            )

        found = await self._or_raise(lambda machine: (look(machine), _capability_of(machine)))
        self._capability = found[1]
        return found[0]

    async def warm(self) -> None:
        """Do nothing: there is no session to warm."""

    async def stop(self) -> Outcome:
        """Tell it to stop."""
        return await self._tell(SimulatedMachine.sleep)

    async def resume(self) -> Outcome:
        """Tell it to hash again."""
        return await self._tell(SimulatedMachine.wake)

    async def cap(self, limit_w: float) -> Outcome:
        """Cap its draw, and read back what is in force."""
        sent_s = self._line.now_s()
        if self._capability.cap is CapKind.NONE:
            return Outcome(
                accepted=False, reason=Reason.UNSUPPORTED, sent_s=sent_s, ended_s=sent_s
            )
        try:
            claimed = await self._ask(lambda machine: machine.cap(limit_w))
            in_force = await self._ask(lambda machine: machine.limit_w or machine.rated_w)
        except _Silence as silence:
            return self._outcome(None, silence.reason, sent_s)
        if abs(claimed - in_force) <= _LIMIT_TOLERANCE_W:
            return self._outcome(True, Reason.NONE, sent_s, limit_w=in_force)
        return self._outcome(None, Reason.UNVERIFIED, sent_s, limit_w=in_force)

    async def pools(self) -> tuple[Pool, ...]:
        """Return the pools of its configuration."""
        return await self._or_raise(lambda machine: machine.pools)

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """Write pools, and read them back."""
        sent_s = self._line.now_s()
        try:
            await self._ask(lambda machine: machine.write_config(pools=pools))
            found = await self._ask(lambda machine: machine.pools)
        except _Silence as silence:
            return self._outcome(None, silence.reason, sent_s)
        if found == tuple(pools):
            return self._outcome(True, Reason.NONE, sent_s)
        return self._outcome(None, Reason.UNVERIFIED, sent_s)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    # ---- within ----

    async def _ask(self, act: Callable[[SimulatedMachine], T]) -> T:
        def reached() -> SimulatedMachine:
            machine = self._site.at(self._address.host, self._address.port)
            if machine is None or not machine.reachable:
                raise _Silence(Reason.REFUSED)
            return machine

        def has(kind: FaultKind) -> Fault | None:
            machine = self._site.at(self._address.host, self._address.port)
            return machine.has(kind) if machine else None

        return await self._line.ask(has, lambda: act(reached()))

    async def _tell(self, act: Callable[[SimulatedMachine], object]) -> Outcome:
        sent_s = self._line.now_s()
        try:
            await self._ask(act)
        except _Silence as silence:
            return self._outcome(None, silence.reason, sent_s)
        return self._outcome(True, Reason.NONE, sent_s)

    async def _or_raise(self, act: Callable[[SimulatedMachine], T]) -> T:
        try:
            return await self._ask(act)
        except _Silence as silence:
            raise DeviceError(str(self._address), silence.reason) from silence

    def _outcome(
        self,
        accepted: bool | None,
        reason: Reason,
        sent_s: float,
        *,
        limit_w: float | None = None,
    ) -> Outcome:
        return Outcome(
            accepted=accepted,
            reason=reason,
            sent_s=sent_s,
            ended_s=self._line.now_s(),
            limit_w=limit_w,
        )

    def _unknown(self, began_s: float, reason: Reason) -> Reading:
        return Reading(
            state=State.UNKNOWN, reason=reason, began_s=began_s, ended_s=self._line.now_s()
        )


class _TwinDevice:
    """A meter or a switch of a site, without a wire."""

    def __init__(
        self,
        site: SimulatedSite,
        id_: str,
        *,
        now_s: Callable[[], float],
        deadline_s: float = 2.0,
        latency_s: Latency = (0.005, 0.05),
    ) -> None:
        self._site, self._id = site, id_
        self._line = _Line(site, id_, now_s=now_s, deadline_s=deadline_s, latency_s=latency_s)

    async def close(self) -> None:
        """Do nothing: there is no connection."""

    async def _told(self, act: Callable[[], T]) -> tuple[float, T | None, Reason]:
        """Return when it was asked, and what it tells or why it does not."""
        began_s = self._line.now_s()
        try:
            told = await self._line.ask(lambda kind: self._site.has(self._id, kind), act)
        except _Silence as silence:
            return began_s, None, silence.reason
        return began_s, told, Reason.NONE


class TwinMeter(_TwinDevice):
    """A meter of a site, without a wire."""

    _shown: tuple[float, float] | None = None

    async def read(self) -> MeterReading:
        """Return what the meter shows, or why it does not."""
        began_s, shown, reason = await self._told(self._show)
        power_mw, energy_mwh = shown or (None, None)
        return MeterReading(
            meter=self._id,
            began_s=began_s,
            power_mw=power_mw,
            energy_mwh=energy_mwh,
            reason=reason,
        )

    def _show(self) -> tuple[float, float]:
        """Return power and energy; those of before with a stale meter."""
        if self._shown is None or not self._site.has(self._id, FaultKind.STALE):
            self._shown = (self._site.power_mw(), self._site.energy_mwh())
        return self._shown


class TwinSwitch(_TwinDevice):
    """A switch of a site, without a wire."""

    async def read(self) -> SwitchReading:
        """Return whether it is on."""
        return await self._do(lambda: self._site.is_on(self._id))

    async def turn(self, on: bool) -> SwitchReading:
        """Turn it, and return what it then says."""

        def turned() -> bool:
            self._site.turn(self._id, on)
            return self._site.is_on(self._id)

        return await self._do(turned)

    async def _do(self, act: Callable[[], bool]) -> SwitchReading:
        began_s, on, reason = await self._told(act)
        return SwitchReading(switch=self._id, began_s=began_s, on=on, reason=reason)


def _identity(machine: SimulatedMachine) -> Identity:
    return Identity(
        family=machine.family,
        mac=machine.mac,
        serial=machine.serial,
        model=machine.model,
        firmware="simulated",
    )


def _capability(traits: Traits) -> Capability:
    return Capability(
        cap=traits.cap,
        stop_s=traits.stop_s,
        resume_s=traits.wake_until_s,
        idle_w=traits.idle_w,
        cap_restarts=traits.cap_restarts,
        forgets=not traits.remembers_stop,
    )


def _capability_of(machine: SimulatedMachine) -> Capability:
    traits, capped = machine.traits, machine.traits.cap is not CapKind.NONE
    levels = machine.levels_w
    lowest = levels[0] if levels else traits.min_share * machine.rated_w
    return replace(
        _capability(traits),
        levels_w=levels,
        min_w=lowest if capped else None,
        max_w=machine.rated_w if capped else None,
    )


_driver: type[LoadDriver] = TwinDriver
_meter: type[Meter] = TwinMeter
_switch: type[Switch] = TwinSwitch
