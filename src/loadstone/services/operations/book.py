# SPDX-License-Identifier: Apache-2.0
"""What the agent knows and wants of each machine, as columns that readings update."""

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np

from loadstone.model.operations.command import Outcome
from loadstone.model.operations.control import Decision
from loadstone.model.operations.fleet import Bools, Fleet, Seen, Step, Want
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.reading import Reading, Reason, State
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.series import Floats
from loadstone.services.operations.doors import Worth

CODES = {State.UNKNOWN: 0, State.RUNNING: 1, State.STOPPED: 2}
SETTLED_S = 600.0  # a machine that was not told anything for this long draws what it draws
DAY_S = 86_400.0
# bound once: Python 3.11 takes longer to find a member of an enum than to compare it
_STOP, _RUN, _RUNNING = Want.STOP, Want.RUN, Seen.RUNNING
_DISPATCHING, _DISPATCHED = Step.DISPATCHING, Step.DISPATCHED


class FleetBook:
    """Columns over the M machines of a site; times are seconds of the agent.

    The columns of `Fleet` are its attributes, and besides: `since_s`, since when each is in
    the state it is seen in; `reasons`, why it is unknown; `why`, why the last command to it
    failed; `wrong`, whether another machine answers at its address; `held`, whether somebody
    outside holds it; `dirty`, whether what was seen of it changed since it was last written.
    """

    def __init__(
        self, terms: SiteTerms, machines: Sequence[Machine], worth: Mapping[str, Worth]
    ) -> None:
        count = len(machines)
        self.machines = list(machines)
        self.ids = tuple(machine.id for machine in machines)
        self.index = {id_: i for i, id_ in enumerate(self.ids)}
        groups = {group.id: i for i, group in enumerate(terms.groups)}
        self.group = np.array([groups[one.group] for one in machines], dtype=np.int64)
        self.rated_w = np.array([one.rated_w for one in machines])
        usual = [worth.get(one.id) or _usual_worth(one) for one in machines]
        self.idle_w = np.array([one.idle_w for one in usual])
        self.value_per_mwh = np.array([one.value_per_mwh for one in usual])
        self.j_per_th = np.array([one.j_per_th for one in usual])
        self.restart_cost = np.full(count, terms.restart_cost)
        self.starts = np.zeros(count, dtype=np.int64)
        self.can_cap = np.zeros(count, dtype=np.bool_)
        self.min_cap_w = np.full(count, np.nan)
        self._wanted(count)
        self._seen(count)
        self.full_w = self.rated_w.copy()
        self._started: list[deque[float] | None] = [None] * count

    def _wanted(self, count: int) -> None:
        self.owners: tuple[str, ...] = ()
        self.want = np.full(count, Want.RUN, dtype=np.int8)
        self.want_w = np.full(count, np.nan)
        self.owner = np.full(count, -1, dtype=np.int64)
        self.held = np.zeros(count, dtype=np.bool_)
        self.wrong = np.zeros(count, dtype=np.bool_)
        self.step = np.full(count, Step.PENDING, dtype=np.int8)
        self.dispatched_s = np.full(count, -np.inf)
        self.attempts = np.zeros(count, dtype=np.int64)
        self.not_before_s = np.full(count, -np.inf)
        self.stopped_s = np.full(count, -np.inf)
        self.resumed_s = np.full(count, -np.inf)
        self.wanted_s = np.full(count, -np.inf)
        self.confirmed_s = np.full(count, np.nan)
        self.baseline_w = np.full(count, np.nan)
        self.why = [Reason.NONE] * count

    def _seen(self, count: int) -> None:
        self.seen = np.full(count, Seen.UNKNOWN, dtype=np.int8)
        self.read_began_s = np.full(count, -np.inf)
        self.tried_s = np.full(count, -np.inf)
        self.power_w = np.full(count, np.nan)
        self.limit_w = np.full(count, np.nan)
        self.hashrate_th = np.full(count, np.nan)
        self.since_s = np.full(count, -np.inf)
        self.reasons = [Reason.NEVER_READ] * count
        self.dirty = np.ones(count, dtype=np.bool_)

    def __len__(self) -> int:
        return len(self.ids)

    def take_reading(self, i: int, reading: Reading) -> None:
        """Note one reading. A late one, begun before the one noted last, is left out."""
        began_s = reading.began_s
        if began_s < self.tried_s[i]:
            return
        self.tried_s[i] = began_s
        code = CODES[reading.state]
        reason = reading.reason
        if self.wrong[i]:
            code, reason = 0, Reason.WRONG_MACHINE
        if code:
            self.read_began_s[i] = began_s
            power, hashrate, limit = reading.power_w, reading.hashrate_th, reading.limit_w
            self.power_w[i] = np.nan if power is None else power
            self.hashrate_th[i] = np.nan if hashrate is None else hashrate
            self.limit_w[i] = np.nan if limit is None else limit
        if code != self.seen[i] or reason is not self.reasons[i]:
            self._turn(i, code, reason, began_s)

    def _turn(self, i: int, code: int, reason: Reason, at_s: float) -> None:
        if code != self.seen[i]:
            self.since_s[i] = at_s
        if not code:
            self.power_w[i] = self.hashrate_th[i] = self.limit_w[i] = np.nan
        self.seen[i] = code
        self.reasons[i] = reason
        self.dirty[i] = True

    def mark_wrong(self, i: int, wrong: bool, at_s: float) -> None:
        """Note whether another machine answers at this one's address."""
        self.wrong[i] = wrong
        if wrong:
            self._turn(i, 0, Reason.WRONG_MACHINE, at_s)

    def age(self, now_s: float, stale_s: float) -> None:
        """Make unknown what was not read for longer than `stale_s`."""
        old = (self.seen != Seen.UNKNOWN) & (self.read_began_s < now_s - stale_s)
        for i in np.flatnonzero(old):
            self._turn(int(i), 0, Reason.STALE, now_s)

    def learn_full_load(self, now_s: float) -> None:
        """Take the draw of machines that have long run undisturbed for their full load."""
        settled = (
            (self.seen == Seen.RUNNING)
            & (self.want == Want.RUN)
            & (self.step == Step.CONFIRMED)
            & (now_s - self.dispatched_s > SETTLED_S)
            & (now_s - self.since_s > SETTLED_S)
            & np.isnan(self.limit_w)
            & (self.power_w > 0.5 * self.rated_w)
        )
        self.full_w[settled] = self.power_w[settled]

    def view(self) -> Fleet:
        """Return the columns as the engine sees them; they are shared, not copied."""
        return Fleet(
            ids=self.ids,
            group=self.group,
            rated_w=self.rated_w,
            idle_w=self.idle_w,
            value_per_mwh=self.value_per_mwh,
            j_per_th=self.j_per_th,
            restart_cost=self.restart_cost,
            starts=self.starts,
            can_cap=self.can_cap,
            min_cap_w=self.min_cap_w,
            want=self.want,
            want_w=self.want_w,
            owner=self.owner,
            held_elsewhere=self.held | self.wrong,
            step=self.step,
            dispatched_s=self.dispatched_s,
            attempts=self.attempts,
            not_before_s=self.not_before_s,
            stopped_s=self.stopped_s,
            resumed_s=self.resumed_s,
            seen=self.seen,
            read_began_s=self.read_began_s,
            tried_s=self.tried_s,
            power_w=self.power_w,
            limit_w=self.limit_w,
            full_w=self.full_w,
        )

    def changed_by(self, decision: Decision) -> Bools:
        """Return of which machines a decision changes what is wanted or its progress."""
        same_w = (decision.want_w == self.want_w) | (
            np.isnan(decision.want_w) & np.isnan(self.want_w)
        )
        return np.asarray(
            (decision.want != self.want)
            | ~same_w
            | self.passed_on(decision)
            | (decision.step != self.step)
            | (decision.attempts != self.attempts)
        )

    def passed_on(self, decision: Decision) -> Bools:
        """Return which machines a decision gives to another owner, or lets go."""
        names = {name: i for i, name in enumerate(self.owners)}
        moved = np.array([names.get(name, -2) for name in (*decision.owners, "")])
        moved[-1] = -1  # index -1: nobody
        return np.asarray(moved[decision.owner] != self.owner)

    def apply(self, decision: Decision, now_s: float) -> None:
        """Take over what a decision wants."""
        turned = self.want != decision.want
        fresh = turned | self.passed_on(decision)
        self.wanted_s[fresh] = now_s
        self.baseline_w[turned] = self.power_w[turned]
        newly = (decision.step == Step.CONFIRMED) & (self.step != Step.CONFIRMED)
        self.confirmed_s[turned] = np.nan
        self.confirmed_s[newly] = self.read_began_s[newly]
        for i in np.flatnonzero(newly):
            self.why[i] = Reason.NONE
        self.want[:] = decision.want
        self.want_w[:] = decision.want_w
        self._own(decision)
        self.step[:] = decision.step
        self.attempts[:] = decision.attempts
        self.not_before_s[:] = decision.not_before_s

    def _own(self, decision: Decision) -> None:
        """Take owners over, without names that own nothing any more."""
        used = np.unique(decision.owner[decision.owner >= 0])
        self.owners = tuple(decision.owners[at] for at in used)
        self.owner[:] = -1
        held = decision.owner >= 0
        self.owner[held] = np.searchsorted(used, decision.owner[held])

    def sending(self, i: int, now_s: float) -> None:
        """Note that a machine is being told what is wanted of it."""
        self.dispatched_s[i] = now_s
        self.step[i] = _DISPATCHED
        if self.want[i] == _STOP:
            self.stopped_s[i] = now_s
        elif self.want[i] == _RUN:
            self.resumed_s[i] = now_s
            if not self.runs(i):
                self._note_starts(i, [*(self._started[i] or ()), now_s])

    def sent(self, i: int, outcome: Outcome) -> None:
        """Note what became of a command; one that did not arrive is still to be sent."""
        self.dispatched_s[i] = outcome.ended_s
        self.why[i] = outcome.reason
        missed = outcome.accepted is False or outcome.reason is Reason.REFUSED
        if missed and self.step[i] == Step.DISPATCHED:
            self.step[i] = Step.PENDING

    def due(self, i: int) -> bool:
        """Return whether a machine waits to be told what is wanted of it."""
        return bool(self.step[i] == _DISPATCHING)

    def runs(self, i: int) -> bool:
        """Return whether a machine is seen running: telling it to run is no start."""
        return bool(self.seen[i] == _RUNNING)

    def remember_starts(self, started: Mapping[str, Sequence[float]]) -> None:
        """Count starts of a former life too; times by machine, the first first."""
        for id_, times in started.items():
            i = self.index.get(id_)
            if i is not None:
                self._note_starts(i, [*times, *(self._started[i] or ())])

    def _note_starts(self, i: int, times: Sequence[float]) -> None:
        self._started[i] = deque(times)
        self.starts[i] = len(times)

    def forget_starts(self, now_s: float) -> None:
        """Leave out starts that are more than a day old."""
        for i in np.flatnonzero(self.starts):
            times = self._started[i]
            while times and times[0] < now_s - DAY_S:
                times.popleft()
            self.starts[i] = len(times or ())

    def owner_name(self, i: int) -> str:
        """Return who holds a machine; "" for nobody."""
        at = int(self.owner[i])
        return self.owners[at] if at >= 0 else ""

    def known_w(self) -> Floats:
        """Return what machines draw, W; 0 where they are unknown. Shape (M,).

        One that does not tell draws full load, or what it draws when stopped.
        """
        usual_w = np.where(self.seen == Seen.RUNNING, self.full_w, self.idle_w)
        told_w = np.where(np.isnan(self.power_w), usual_w, self.power_w)
        return np.where(self.seen == Seen.UNKNOWN, 0.0, told_w)


def _usual_worth(machine: Machine) -> Worth:
    return Worth(value_per_mwh=0.0, j_per_th=machine.rated_w / machine.hashrate_th)
