# SPDX-License-Identifier: Apache-2.0
"""What must hold whatever happens to a site, checked each second against what is true."""

from collections import Counter, deque

from loadstone.adapters.simulators.faults import FaultKind
from loadstone.adapters.simulators.machine import Phase
from loadstone.model.operations.event import EventState
from loadstone.model.operations.fleet import Seen
from tests.services.operations.living_site import SITE, LivingSite

# with one of these a machine cannot be stopped for sure, or shows what is not so
UNRULY = (
    FaultKind.REFUSE,
    FaultKind.HANG,
    FaultKind.HALF_ANSWER,
    FaultKind.GARBAGE,
    FaultKind.STALE,
    FaultKind.DRIFT,
    FaultKind.NEW_ADDRESS,
)
BLIND = (FaultKind.REFUSE, FaultKind.HANG)
AFTER_S = 120.0  # a fault is felt for so long after it: pauses between attempts double
INRUSH = 1.1
SLACK = 1.02
LANDING_S = 30.0  # from the command until a machine draws next to nothing


class Judge:
    """Looks at the truth each second and keeps what was wrong.

    The promises, as they are checked:

    limit: if through `allowed_over_s` and the landing of a stop an agent has lived, its store
        and its meter have answered, and the limit could be kept by stopping the machines that
        obey and answer (what the others and the rest of the site draw at most, and what
        obedient ones draw asleep, is below it), then the meter was below it at some moment.
    unknown: a machine that nobody could reach for a sweep, a deadline and `stale_s` is not
        shown as running or stopped; one that is shown stopped by a reading of the last second
        was asleep in truth, unless it repeats old answers.
    ramp: through any minute in which an agent lived and every machine obeyed, machines did not
        come to draw more by more than the ramp allows.
    owner: nothing is told to a machine while somebody else holds it.
    """

    def __init__(self, living: LivingSite):
        self.living, self.wrong = living, []
        self._unruly_s = {one.id: -1e9 for one in living.units}
        self._blind_since: dict[str, float] = {}
        self._fine_since_s: float | None = None
        self._low: deque[tuple[float, float]] = deque()
        self._held_since: dict[str, float] = {}
        self._asleep_at: dict[str, deque[tuple[float, bool]]] = {
            one.id: deque(maxlen=8) for one in living.units
        }

    def look(self) -> None:
        now_s = self.living.clock.wall_s()
        for unit in self.living.units:
            if any(unit.has(kind) for kind in UNRULY):
                self._unruly_s[unit.id] = now_s
            if any(unit.has(kind) for kind in BLIND):
                self._blind_since.setdefault(unit.id, now_s)
            else:
                self._blind_since.pop(unit.id, None)
            self._asleep_at[unit.id].append((now_s, unit.phase is Phase.ASLEEP))
        self._limit(now_s)
        self._ramp(now_s)
        if self.living.alive:
            self._unknown(now_s)

    def _limit(self, now_s: float) -> None:
        living = self.living
        terms, meter_mw = living.terms, living.site.true_power_mw()
        if not (self._possible(now_s) and self._can_act()):
            self._fine_since_s = None
            return
        if self._fine_since_s is None or meter_mw <= terms.limit_mw:
            self._fine_since_s = now_s
        elif now_s - self._fine_since_s > terms.timing.allowed_over_s + LANDING_S:
            self.note(f"meter {meter_mw:.4f} MW is above {terms.limit_mw:.4f} MW for too long")
            self._fine_since_s = now_s

    def _ramp(self, now_s: float) -> None:
        allowed_kw = self.living.terms.ramp.up_kw_per_min
        tame = all(now_s > last_s + AFTER_S for last_s in self._unruly_s.values())
        if allowed_kw is None or not tame or not self._can_act():
            self._low.clear()
            return
        machines_kw = 1e3 * self.living.site.machines_mw()
        self._low.append((now_s, machines_kw))
        while self._low[0][0] < now_s - 60.0:
            self._low.popleft()
        rise_kw = machines_kw - min(kw for _, kw in self._low)
        if rise_kw > allowed_kw * SLACK:
            self.note(f"machines rose by {rise_kw:.2f} kW in a minute, {allowed_kw} allowed")
            self._low.clear()

    def _can_act(self) -> bool:
        living = self.living
        deaf = any(living.site.has("main", kind) for kind in FaultKind)
        return living.alive and not living.store.gone and not deaf

    def _possible(self, now_s: float) -> bool:
        """Return whether stopping those that obey would keep the limit."""
        living = self.living
        held = set(self._held_since)
        watts = 0.0
        for unit in living.units:
            obeys = now_s > self._unruly_s[unit.id] + AFTER_S and unit.id not in held
            watts += unit.traits.idle_w if obeys else INRUSH * unit.rated_w
        besides_mw = living.site.true_power_mw() - living.site.machines_mw()
        return besides_mw + watts / 1e6 <= living.terms.limit_mw

    def _unknown(self, now_s: float) -> None:
        timing = self.living.terms.timing
        parts = self.living.agent._parts
        longest_s = timing.sweep_s + timing.deadline_s + timing.stale_s
        for i, unit in enumerate(self.living.units):
            seen = parts.book.seen[i]
            blind_s = now_s - self._blind_since.get(unit.id, now_s)
            if blind_s > longest_s and seen != Seen.UNKNOWN:
                self.note(f"{unit.id} cannot be reached for {blind_s:.0f} s and is shown known")
            fresh = parts.time.now_s() - parts.book.read_began_s[i] < 1.0
            lately = any(asleep for at_s, asleep in self._asleep_at[unit.id])
            stale = now_s < self._unruly_s[unit.id] + AFTER_S and unit.has(FaultKind.STALE)
            if fresh and seen == Seen.STOPPED and not lately and not stale:
                self.note(f"{unit.id} is shown stopped and was awake for 8 s")

    def held(self, id_: str, since_s: float) -> None:
        """Hear that somebody else took a machine."""
        self._held_since[id_] = since_s

    def not_heard(self, id_: str) -> None:
        """Hear that the agent lost the store before it could read who holds a machine."""
        if self._held_since[id_] > self.living.clock.wall_s():
            self._held_since[id_] = 1e9

    def let_go(self, id_: str) -> None:
        """Hear that they let go of it: nothing may have been told to it meanwhile."""
        since_s = self._held_since.pop(id_)
        for at_s, what in self.living.sent.get(id_, []):
            if at_s > since_s:
                self.note(f"{id_} was told {what} while somebody else held it")

    def cooling(self) -> None:
        """Check that nothing hashed without its fans for longer than it may."""
        for accident in self.living.site.accidents:
            self.note(f"{accident.machines} machines hashed without {accident.switch}")

    def note(self, text: str) -> None:
        self.wrong.append(f"{self.living.clock.wall_s():8.1f} s: {text}")

    # ---- at the end ----

    def events(self, added: list[str]) -> None:
        """Check that every event came to its end once, and is recorded once in each state."""
        found = self.living.truth.events(SITE, open_only=False)
        if sorted(one.id for one in found) != sorted(added):
            self.note(f"events {sorted(one.id for one in found)} are not {sorted(added)}")
        for event in found:
            waits = any("waits" in note for note, _ in self.living.status.notes)
            waits = waits or self._told_lately()
            if event.open and not (event.state is EventState.RESTORING and waits):
                self.note(f"event {event.id} is still {event.state}")
            lines = [one for one in self.living.entries("event") if one.subject == event.id]
            said = Counter(one.text for one in lines if " is " in one.text)
            twice = [text for text, count in said.items() if count > 1 and "active" not in text]
            if twice and event.state is not EventState.ABORTED:
                self.note(f"event {event.id} is recorded twice: {twice}")

    def _told_lately(self) -> bool:
        """Return whether a machine was told so lately that it cannot have shown it yet."""
        now_s = self.living.clock.wall_s()
        timing = self.living.terms.timing
        return any(
            at_s > now_s - timing.confirm_s - timing.deadline_s
            for sent in self.living.sent.values()
            for at_s, _ in sent[-1:]
        )

    def agreement(self) -> None:
        """Check that what is wanted and what is true agree, or the difference is named."""
        targets = self.living.truth.targets(SITE)
        owners = self.living.truth.owners(SITE)
        for unit in self.living.units:
            target = targets.get(unit.id)
            stops = target is not None and target.action == "stop"
            agrees = stops == (unit.phase is Phase.ASLEEP)
            shown = target is not None and target.progress != "confirmed"
            if not agrees and not shown and unit.id not in owners:
                self.note(f"{unit.id} is {unit.phase}, wanted {target}, and nobody says why")
