# SPDX-License-Identifier: Apache-2.0
"""One simulated machine: what it does, whatever language it is asked in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import floor, inf
from typing import NamedTuple, Protocol

from loadstone.adapters.simulators.faults import (
    Fault,
    FaultKind,
    FaultOfMachine,
    Spell,
    chance,
    spells,
)
from loadstone.adapters.simulators.physics import (
    FIRMWARE,
    Draw,
    Traits,
    World,
    approach,
    hashrate_share,
    settle,
    wake_up,
)
from loadstone.model.operations.command import CapKind
from loadstone.model.operations.machine import Address, Credential
from loadstone.model.operations.reading import Pool

NOISE_S = 5.0  # hashrate is told as a mean of so long
_PRESENT = (FaultKind.STALE, FaultKind.BOARD_FAILURE, FaultKind.NEW_ADDRESS)


class Phase(StrEnum):
    """What a machine is at."""

    ASLEEP = "asleep"
    STARTING = "starting"
    HASHING = "hashing"
    REBOOTING = "rebooting"  # nobody answers; it may have no power


class Sample(NamedTuple):
    """What a machine says of itself. With a stale machine it is an old one.

    Attributes:
        at_s: When it was so, virtual seconds.
        phase: What it is at.
        power_w: Draw, W.
        hashrate_th: Hashrate, TH/s.
        temperature_c: Hottest chip, deg C.
        ambient_c: Air at its inlet, deg C.
        boards: Boards that hash or could.
        fan_rpm: Speed of each fan.
        uptime_s: Seconds since its control board started.
        limit_w: Cap in force, W; None for none.
    """

    at_s: float
    phase: Phase
    power_w: float
    hashrate_th: float
    temperature_c: float
    ambient_c: float
    boards: int
    fan_rpm: tuple[float, ...]
    uptime_s: float
    limit_w: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a machine is.

    Attributes:
        id: Its name in the simulation.
        family: Family of its firmware, e.g. "luxos".
        model: What it calls its model, e.g. "Antminer S21".
        rated_w: Draw at full load, W.
        hashrate_th: Hashrate at full load, TH/s.
        mac: Hardware address.
        serial: Serial number.
        group: Group it belongs to.
        credential: What it asks before it obeys; None for its firmware's default.
        traits: How it behaves; None for its family's own.
        noise: Error of what it tells of its power, and noise of its hashrate, as shares.
    """

    id: str
    family: str
    model: str = "Antminer S19"
    rated_w: float = 3250.0
    hashrate_th: float = 95.0
    mac: str = "02:00:00:00:00:01"
    serial: str = "SIM000000001"
    group: str = ""
    credential: Credential | None = None
    traits: Traits | None = None
    noise: float = 0.0


class Watcher(Protocol):
    """Somebody who keeps account of machines: the site they stand at."""

    def moved(self, machine: "SimulatedMachine") -> None:
        """Hear that the draw of a machine goes another way from now on."""
        ...

    def readdressed(self, machine: "SimulatedMachine") -> None:
        """Hear that a machine has started anew and asks for another address."""
        ...


class SimulatedMachine:
    """One machine: its state, its power and heat, and its faults, as of now.

    What it says (`sample` and the short forms of it) is what a face shows. What is true
    (`phase`, `true_power_w` and the like) is for meters and for those who check.

    Attributes:
        build: What it is.
        traits: How it behaves.
        address: Where it answers; None before it is served.
        pools: Pools of its configuration.
        limit_w: Cap in force, W; None for none.
        kept: Whatever a face must remember between connections: tokens, sessions, nonces.
            A reboot forgets it.
        told: What it was told, and when, for checks.
        energy_ws: Energy until its last change, Ws.
        watcher: Who keeps account of it; None for nobody.
        world: Its clock and weather.
    """

    __slots__ = (
        "_asleep",
        "_bias",
        "_boots_until_s",
        "_draw",
        "_faults",
        "_fed",
        "_lost",
        "_rise",
        "_stale",
        "_started_s",
        "_wakes_until_s",
        "address",
        "build",
        "energy_ws",
        "kept",
        "limit_w",
        "pools",
        "told",
        "traits",
        "watcher",
        "world",
    )

    def __init__(self, build: Build, world: World, faults: Sequence[Fault] = ()) -> None:
        self.build = build
        self.world = world
        self.traits = build.traits or FIRMWARE[build.family]
        self.address: Address | None = None
        self.watcher: Watcher | None = None
        self.pools: tuple[Pool, ...] = (
            Pool(url="stratum+tcp://pool.example:3333", user=f"site.{build.id}", password="x"),
        )
        self.limit_w: float | None = None
        self.kept: dict[str, object] = {}
        self.told: list[tuple[float, str]] = []
        self.energy_ws = 0.0
        now_s = world.now_s()
        self._asleep = False
        self._boots_until_s = -inf
        self._wakes_until_s = -inf
        self._started_s = now_s - 86_400.0 * (1 + chance(world.seed, "uptime", build.id))
        self._bias = 2 * chance(world.seed, "sensor", build.id) - 1
        self._fed = True
        self._lost = 0
        self._stale: Sample | None = None
        self._draw = Draw(now_s, build.rated_w)
        self._rise = (now_s, self.traits.rise_c, self.traits.rise_c)
        self._faults: dict[FaultKind, list[FaultOfMachine]] = {}
        for fault in faults:
            self.add(fault)

    # ---- what it is ----

    @property
    def id(self) -> str:
        """Its name in the simulation."""
        return self.build.id

    @property
    def family(self) -> str:
        """Family of its firmware."""
        return self.build.family

    @property
    def model(self) -> str:
        """What it calls its model."""
        return self.build.model

    @property
    def mac(self) -> str:
        """Hardware address."""
        return self.build.mac

    @property
    def serial(self) -> str:
        """Serial number."""
        return self.build.serial

    @property
    def credential(self) -> Credential | None:
        """What it asks before it obeys; None for its firmware's default."""
        return self.build.credential

    @property
    def rated_w(self) -> float:
        """Draw at full load, W."""
        return self.build.rated_w

    @property
    def board_count(self) -> int:
        """Boards it was built with."""
        return self.traits.boards

    @property
    def levels_w(self) -> tuple[float, ...]:
        """Its presets, W, ascending; () where it has none."""
        return tuple(float(round(share * self.rated_w)) for share in self.traits.levels)

    # ---- what it says ----

    def sample(self) -> Sample:
        """Return what it says of itself now."""
        self.world.now_s()
        return self._stale or self._sample()

    @property
    def asleep(self) -> bool:
        """Whether it says that it is stopped."""
        return self.sample().phase is Phase.ASLEEP

    @property
    def starting(self) -> bool:
        """Whether it says that it is starting."""
        return self.sample().phase is Phase.STARTING

    @property
    def hashing(self) -> bool:
        """Whether it says that it hashes."""
        return self.sample().phase is Phase.HASHING

    def power_w(self) -> float:
        """Return the draw that it tells, W."""
        return self.sample().power_w

    def hashrate_th(self) -> float:
        """Return the hashrate that it tells, TH/s."""
        return self.sample().hashrate_th

    def temperature_c(self) -> float:
        """Return the temperature of its hottest chip as it tells it, deg C."""
        return self.sample().temperature_c

    def fan_rpm(self) -> tuple[float, ...]:
        """Return the speed of each fan as it tells it."""
        return self.sample().fan_rpm

    def uptime_s(self) -> float:
        """Return seconds since its control board started, as it tells them."""
        return self.sample().uptime_s

    def utc_s(self) -> float:
        """Return its own clock, seconds since 1970: wrong with clock-skew."""
        skew = self.has(FaultKind.CLOCK_SKEW)
        return self.world.utc_s() + (skew.size if skew else 0.0)

    def has(self, kind: FaultKind | str) -> Fault | None:
        """Return the fault of a kind that it has now; None for none."""
        if not self._faults:
            return None
        now_s = self.world.now_s()
        for held in self._faults.get(FaultKind(kind), ()):
            if held.active(now_s):
                return held.fault
        return None

    def faults(self) -> list[Fault]:
        """Return the faults that it has now."""
        return [fault for kind in tuple(self._faults) if (fault := self.has(kind))]

    # ---- what is true ----

    @property
    def phase(self) -> Phase:
        """What it is at, in truth."""
        return self._phase(self.world.now_s())

    @property
    def reachable(self) -> bool:
        """Whether anybody answers: not while it reboots or has no power."""
        return self.world.now_s() >= self._boots_until_s

    @property
    def draw(self) -> Draw:
        """Its draw at 25 deg C since its last change."""
        return self._draw

    @property
    def wants_air(self) -> bool:
        """Whether it needs fans: it hashes, starts, or will after a reboot."""
        return self._fed and not self._asleep

    def true_power_w(self) -> float:
        """Return what it draws, W."""
        return self._power_w(self.world.now_s())

    # ---- what can be done to it ----

    def sleep(self) -> bool:
        """Stop it; return whether it says yes. Twice is the same as once."""
        now_s = self.world.now_s()
        self.told.append((now_s, "sleep"))
        drift = self.has(FaultKind.DRIFT)
        if not self._asleep:
            self._fall_asleep(now_s)
            if drift:
                self.world.at(now_s + drift.size, self._drift_back)
        return True

    def wake(self) -> bool:
        """Start it; return whether it says yes. Twice is the same as once."""
        now_s = self.world.now_s()
        self.told.append((now_s, "wake"))
        if self._asleep:
            self._wake(now_s)
        return True

    def cap(self, watts: float) -> float:
        """Cap its draw and return the cap that it claims to be in force, W.

        Presets take the highest at or below `watts`, percents are rounded down, watts are
        brought between its bounds. A firmware that cannot, or has no preset so low, keeps
        what it has. With cap-refused-silently it claims more than it does.
        """
        now_s = self.world.now_s()
        self.told.append((now_s, f"cap {watts:g}"))
        applied = self._rounded(watts)
        if applied is None:
            return self.limit_w if self.limit_w is not None else self.rated_w
        if self.has(FaultKind.CAP_REFUSED) or applied == self.limit_w:
            return applied
        self.limit_w = applied
        if not self._asleep:
            if self.traits.cap_restarts:
                self._wake(now_s)
            elif now_s >= self._wakes_until_s:
                self._go(settle(now_s, self._base_w(now_s), self._level_w(), self.traits.cap_s))
            else:  # it comes up to the new level
                left_s = self._wakes_until_s - now_s
                self._go(settle(now_s, self._base_w(now_s), self._level_w(), left_s))
        return applied

    def write_config(self, *, pools: Sequence[Pool] | None = None) -> bool:
        """Write its configuration; return whether it says yes.

        Args:
            pools: The pools, all of them; None to leave them as they are.
        """
        self.told.append((self.world.now_s(), "config"))
        if pools is not None:
            self.pools = tuple(pools)
        if self.has(FaultKind.POOLS_RESET):
            self.pools = ()
        return True

    def reboot(self) -> bool:
        """Start its control board anew. Stopped machines hash again where they forget."""
        now_s = self.world.now_s()
        self.told.append((now_s, "reboot"))
        self._reboot(now_s)
        return True

    def feed(self, on: bool) -> None:
        """Give it power, or take it away: it starts again as after a reboot."""
        now_s = self.world.now_s()
        if on and not self._fed:
            self._fed = True
            self._reboot(now_s)
        elif not on and self._fed:
            self._fed = False
            self._boots_until_s = inf
            self._go(Draw(now_s, 0.0))

    def add(self, fault: Fault) -> None:
        """Give it a fault, now or later."""
        held = self._faults.setdefault(fault.kind, [])
        held.append(FaultOfMachine(fault, self.id, self.world.seed))
        if fault.kind in _PRESENT:
            times = spells(fault, self.id, self.world.seed)
            self._await(fault, lambda: next(times, None))

    def clear(self, kind: FaultKind | str | None = None) -> None:
        """Take its faults of a kind away, or all. What they did meanwhile stays done."""
        for one in tuple(self._faults) if kind is None else (FaultKind(kind),):
            self._faults.pop(one, None)
        self._refresh()

    # ---- within ----

    def _await(self, fault: Fault, following: Callable[[], Spell | None]) -> None:
        """Let a fault that changes the machine begin and end by itself."""
        spell = following()
        if spell is None:
            return

        def begin() -> None:
            if fault.kind is FaultKind.NEW_ADDRESS and self.has(fault.kind):
                self._reboot(self.world.now_s())
                if self.watcher:
                    self.watcher.readdressed(self)
            self._refresh()
            self.world.at(spell.until_s, end)

        def end() -> None:
            self._refresh()
            self._await(fault, following)

        self.world.at(spell.from_s, begin)

    def _refresh(self) -> None:
        """Take on what faults now say of it."""
        now_s = self.world.now_s()
        if not self.has(FaultKind.STALE):
            self._stale = None
        elif self._stale is None:
            self._stale = self._sample()
        failure = self.has(FaultKind.BOARD_FAILURE)
        lost = min(int(failure.size), self.traits.boards) if failure else 0
        if lost != self._lost:
            self._lost = lost
            if self._phase(now_s) is Phase.HASHING:
                self._go(settle(now_s, self._base_w(now_s), self._level_w(), 1.0))

    def _phase(self, now_s: float) -> Phase:
        if now_s < self._boots_until_s:
            return Phase.REBOOTING
        if self._asleep:
            return Phase.ASLEEP
        return Phase.STARTING if now_s < self._wakes_until_s else Phase.HASHING

    def _sample(self) -> Sample:
        now_s = self.world.now_s()
        phase, power_w = self._phase(now_s), self._power_w(now_s)
        ambient_c = self.world.ambient_c()
        noise = self.build.noise
        told_w, hashrate = power_w, self._hashrate_th(now_s, phase)
        if noise:
            told_w *= 1 + noise * self._bias
            drawn = chance(self.world.seed, "noise", self.id, floor(now_s / NOISE_S))
            hashrate *= 1 + noise * (2 * drawn - 1)
        since_s, from_c, to_c = self._rise
        rise_c = approach(from_c, to_c, now_s - since_s, self.traits.warm_s)
        rpm = 900.0 if self._asleep else 3000.0 + 60.0 * min(max(ambient_c, 0.0), 45.0)
        return Sample(
            now_s,
            phase,
            told_w,
            hashrate,
            ambient_c + rise_c,
            ambient_c,
            self.traits.boards - self._lost,
            (rpm,) * self.traits.fans,
            now_s - self._started_s,
            self.limit_w,
        )

    def _hashrate_th(self, now_s: float, phase: Phase) -> float:
        if phase is Phase.ASLEEP or phase is Phase.REBOOTING:
            return 0.0
        base_w, full_w = self._base_w(now_s), self._level_w()
        if phase is Phase.STARTING and base_w < 0.5 * full_w:
            return 0.0
        boards = 1 - self._lost / self.traits.boards
        if not boards:
            return 0.0
        share = min(base_w, full_w) / (self.rated_w * boards)
        return self.build.hashrate_th * boards * hashrate_share(share)

    def _level_w(self) -> float:
        boards = 1 - self._lost / self.traits.boards
        full_w = self.rated_w if self.limit_w is None else min(self.limit_w, self.rated_w)
        return self.traits.idle_w + (full_w - self.traits.idle_w) * boards

    def _base_w(self, now_s: float) -> float:
        return self._draw.power_w(now_s)

    def _power_w(self, now_s: float) -> float:
        return self._base_w(now_s) * self.world.heat_factor()

    def _rounded(self, watts: float) -> float | None:
        """Return what the firmware makes of a cap; None where it cannot."""
        traits, rated_w = self.traits, self.rated_w
        if traits.cap is CapKind.NONE:
            return None
        if traits.cap is CapKind.PRESET:
            return max((level for level in self.levels_w if level <= watts), default=None)
        bounded = min(max(watts, traits.min_share * rated_w), traits.max_share * rated_w)
        if traits.cap is CapKind.PERCENT:
            return floor(100 * bounded / rated_w + 1e-9) * rated_w / 100
        return bounded

    def _go(self, draw: Draw) -> None:
        now_s = draw.since_s
        self.energy_ws += self._draw.energy_ws(now_s)
        since_s, from_c, to_c = self._rise
        rise_c = approach(from_c, to_c, now_s - since_s, self.traits.warm_s)
        self._draw = draw
        ends_w = 0.0 if self._asleep else self._level_w()
        self._rise = (now_s, rise_c, self.traits.rise_c * ends_w / self.rated_w)
        if self.watcher:
            self.watcher.moved(self)

    def _fall_asleep(self, now_s: float) -> None:
        self._asleep = True
        self._wakes_until_s = -inf
        self._go(settle(now_s, self._base_w(now_s), self.traits.idle_w, self.traits.stop_s))

    def _wake(self, now_s: float, after_s: float = 0.0) -> None:
        self._asleep = False
        traits = self.traits
        drawn = chance(self.world.seed, "wake", self.id)
        lasts_s = traits.wake_from_s + drawn * (traits.wake_until_s - traits.wake_from_s)
        self._wakes_until_s = now_s + after_s + lasts_s
        self._go(wake_up(now_s, traits.idle_w, self._level_w(), after_s + lasts_s, traits.peak))

    def _drift_back(self) -> None:
        if self._asleep and self._fed and self.has(FaultKind.DRIFT):
            self._wake(self.world.now_s())

    def _reboot(self, now_s: float) -> None:
        if not self._fed:
            return
        self.kept.clear()
        self._started_s = now_s
        self._boots_until_s = now_s + self.traits.boot_s
        if self._asleep and self.traits.remembers_stop:
            self._go(Draw(now_s, self.traits.idle_w))
            return
        self._wake(now_s, self.traits.boot_s)
