# SPDX-License-Identifier: Apache-2.0
"""Random schedules of what can happen to a site: the same seed, the same to the bit."""

import asyncio
from contextlib import suppress
from math import inf
from random import Random

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.site import Blower, OtherLoad
from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import (
    FileSignal,
    Group,
    MqttSignal,
    Ramp,
    SilencePolicy,
    Strike,
    Timing,
)
from tests.services.operations.judging import Judge
from tests.services.operations.living_site import (
    RATED_W,
    SITE,
    Feed,
    LivingSite,
    machines_of,
    switches_of,
    terms_of,
)
from tests.virtual_time import VirtualClock

HAPPENING_S = 450.0
CALM_S = 600.0  # then nothing more happens, and everything comes to rest
MACHINE_FAULTS = (
    FaultKind.REFUSE,
    FaultKind.HANG,
    FaultKind.HALF_ANSWER,
    FaultKind.GARBAGE,
    FaultKind.STALE,
    FaultKind.DRIFT,
    FaultKind.SLOW,
)


class Schedule:
    """One seed's worth of trouble."""

    def __init__(self, seed: int, clock: VirtualClock, truth=None):
        self.dice, self.clock = Random(seed), clock
        count = self.dice.randint(3, 8)
        full_mw = count * RATED_W / 1e6
        silent = self.dice.choice(["hold", "curtail"])
        terms = terms_of(
            limit_mw=0.005 + full_mw * self.dice.uniform(0.5, 1.5),
            meter_silent=silent,
            groups=(Group(id="hall", fans="fans", fans_after_s=20.0, fans_before_s=4.0),),
            switches=switches_of("fans"),
            signals=(
                FileSignal(
                    id="prices",
                    means="price",
                    path="prices.csv",
                    strike=Strike(stop_above=self.dice.choice([None, 82.5]), resume_after=1),
                    silence=SilencePolicy(after_s=200.0, then="release"),
                ),
                MqttSignal(
                    id="grid",
                    means="limit_mw",
                    host="127.0.0.1",
                    topic="limit",
                    silence=SilencePolicy(
                        after_s=120.0, then=self.dice.choice(["hold", "curtail", "release"])
                    ),
                ),
            ),
            ramp=Ramp(up_kw_per_min=self.dice.choice([None, 10.0, 30.0])),
            timing=Timing(
                tick_s=2.0,
                sweep_s=6.0,
                stale_s=20.0,
                detail_s=120.0,
                meter_s=2.0,
                lease_s=20.0,
                cooldown_s=60.0,
            ),
        )
        family = self.dice.choice(["luxos", "whatsminer-v2", "braiins", "antminer"])
        machines = machines_of(count, family)
        self.living = LivingSite(
            clock,
            terms,
            machines,
            faults=self._faults(machines),
            other=OtherLoad(mw=tuple(self._others() for _ in range(4)), step_s=300.0),
            blowers=(Blower(id="fans", groups=("hall",), power_mw=0.0005, grace_s=60.0),),
            feeds={"prices": Feed(), "grid": Feed()},
            seed=seed,
            truth=truth,
        )
        self.judge = Judge(self.living)
        self.added: list[str] = []
        self.taken: set[str] = set()
        self.asked: list[SignalValue] = []

    def _others(self) -> float:
        return self.dice.uniform(0.0, 0.006)

    def _faults(self, machines) -> list[Fault]:
        faults = []
        for _ in range(self.dice.randint(0, 6)):
            faults.append(
                Fault(
                    kind=self.dice.choice(MACHINE_FAULTS),
                    machines=(self.dice.choice(machines).id,),
                    from_s=self.dice.uniform(0, HAPPENING_S),
                    for_s=self.dice.uniform(5, 300),
                )
            )
        for _ in range(self.dice.randint(0, 2)):
            faults.append(
                Fault(
                    kind=self.dice.choice(
                        [FaultKind.HANG, FaultKind.REFUSE, FaultKind.GARBAGE]
                    ),
                    machines=("main",),
                    from_s=self.dice.uniform(0, HAPPENING_S),
                    for_s=self.dice.uniform(5, 120),
                )
            )
        return faults

    async def run(self) -> None:
        """Let it all happen, come to rest, and be judged."""
        watching = self.living.start_watchdog()
        self.living.start()
        judging = asyncio.ensure_future(self._judge_on())
        try:
            while self.clock.wall_s() < HAPPENING_S:
                await asyncio.sleep(self.dice.uniform(1, 60))
                await self._something()
            await self._calm_down()
            await asyncio.sleep(CALM_S)
            self.judge.events(self.added)
            self.judge.agreement()
            self.judge.cooling()
            await self.living.stop()
        finally:
            judging.cancel()
            watching.set()
            await self.living.watching
        if judging.done() and not judging.cancelled():
            judging.result()

    async def _judge_on(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self.judge.look()

    async def _something(self) -> None:
        acts = [
            self._event,
            self._event,
            self._release,
            self._kill,
            self._lose_store,
            self._jump,
            self._maintain,
            self._fill_disk,
            self._price,
            self._set_point,
            self._ask_twice,
            self._break_signal,
        ]
        await self.dice.choice(acts)()

    async def _calm_down(self) -> None:
        self.living.store.gone = False
        self.living.memories.full = False
        self.clock.jump_s = 0.0
        for id_ in sorted(self.taken):
            self._free(id_)
        for event in self.living.truth.events(SITE):
            if event.ends_s is None:  # nobody else will end it
                now_s = self.clock.now().timestamp()
                self.living.truth.release(event.id, now_s, abort=False, reason="")
        if not self.living.alive:
            self._start()
        self._say_again()

    # ---- what can happen ----

    async def _event(self) -> None:
        if self.living.store.gone:
            return
        now_s = self.clock.now().timestamp()
        kind = self.dice.choice(list(EventKind))
        full_mw = len(self.living.units) * RATED_W / 1e6
        starts_s = now_s + self.dice.choice([0.0, 10.0, 200.0])
        open_ended = self.dice.random() < 0.2
        event = Event(
            id=f"ev-{len(self.added)}",
            site=SITE,
            kind=kind,
            mw=0.0 if kind is EventKind.STOP else self.dice.uniform(0.002, full_mw),
            source=self.dice.choice(["operator", "grid"]),
            reference=f"ref-{len(self.added)}",
            received_s=now_s,
            starts_s=starts_s,
            ends_s=None if open_ended else starts_s + self.dice.uniform(20, 400),
        )
        self.living.truth.add_event(event)
        self.living.truth.add_event(event)  # heard twice
        self.added.append(event.id)

    async def _release(self) -> None:
        if self.added and not self.living.store.gone:
            abort = self.dice.random() < 0.4
            id_, now_s = self.dice.choice(self.added), self.clock.now().timestamp()
            with suppress(InputError):  # it has ended
                self.living.truth.release(id_, now_s, abort=abort, reason="by hand")

    async def _kill(self) -> None:
        if not self.living.alive:
            return
        await self.living.kill()
        await asyncio.sleep(self.dice.choice([0.5, 5.0, 60.0]))
        self._start()

    def _start(self) -> None:
        """Start an agent; one that cannot ask the store cannot know who holds a machine."""
        if self.living.store.gone:
            for id_ in self.taken:
                self.judge.held(id_, 1e9)
        self._say_again()
        self.living.start()

    def _say_again(self) -> None:
        """Let the sender tell all that it asked for, as a new connection hears it."""
        for value in self.asked:
            self.living.feeds["grid"].say(value)

    async def _lose_store(self) -> None:
        """Lose the store, or find it again; an owner not yet read about is not known of."""
        self.living.store.gone = not self.living.store.gone
        if self.living.store.gone:
            for id_ in self.taken:
                self.judge.not_heard(id_)

    async def _jump(self) -> None:
        self.clock.jump_s += self.dice.choice([-300.0, -3.0, 2.0, 45.0])

    async def _price(self) -> None:
        now_s = self.clock.now().timestamp()
        value = SignalValue(
            signal="prices",
            kind=SignalKind.PRICE,
            value=self.dice.choice([30.0, 81.0, 84.0, 500.0]),
            heard_s=inf,
            starts_s=now_s,
            ends_s=now_s + 100.0,
        )
        self.living.feeds["prices"].say(value)

    async def _set_point(self) -> None:
        now_s = self.clock.now().timestamp()
        value = SignalValue(
            signal="grid",
            kind=SignalKind.LIMIT_MW,
            value=self.dice.uniform(0.0, 0.03),
            heard_s=inf,
            starts_s=now_s,
        )
        self.living.feeds["grid"].say(value)

    async def _ask_twice(self) -> None:
        """A signal asks for a named reduction, and says so twice."""
        now_s = self.clock.now().timestamp()
        value = SignalValue(
            signal="grid",
            kind=SignalKind.LIMIT_MW,
            value=self.dice.uniform(0.0, 0.03),
            heard_s=inf,
            starts_s=now_s + self.dice.choice([0.0, 50.0]),
            ends_s=now_s + self.dice.uniform(60, 300),
            reference=f"asked-{len(self.added)}",
        )
        self.asked.append(value)
        for _ in range(2):
            self.living.feeds["grid"].say(value)
        self.added.append(f"grid:{value.reference}")

    async def _break_signal(self) -> None:
        self.living.feeds[self.dice.choice(["prices", "grid"])].break_off()

    async def _fill_disk(self) -> None:
        self.living.memories.full = not self.living.memories.full

    async def _maintain(self) -> None:
        """Somebody else takes a machine, or lets go of one."""
        if self.living.store.gone:
            return
        if self.taken:
            self._free(sorted(self.taken)[0])
            return
        id_ = self.dice.choice(self.living.units).id
        now_s = self.clock.now().timestamp()
        if id_ in self.living.truth.take(SITE, "maintenance", [id_], now_s):
            self.taken.add(id_)
            self.judge.held(id_, self.clock.wall_s() + FLIGHT_S)

    def _free(self, id_: str) -> None:
        self.judge.let_go(id_)
        self.living.truth.let_go(SITE, "maintenance", [id_], self.clock.now().timestamp())
        self.taken.discard(id_)


FLIGHT_S = 20.0  # a command that was written before may still be under way


async def lived(seed: int, clock: VirtualClock, truth=None) -> Schedule:
    """Return a schedule after it has run."""
    schedule = Schedule(seed, clock, truth)
    await schedule.run()
    return schedule
