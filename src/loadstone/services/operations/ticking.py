# SPDX-License-Identifier: Apache-2.0
"""One tick: look, decide, write what is intended, then send it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from loadstone.model.errors import LoadstoneError, OutsideError
from loadstone.model.operations.control import Alarm, Decision, Order, SiteView
from loadstone.model.operations.event import Event, EventState
from loadstone.model.operations.fleet import Codes, Seen, Step, Want
from loadstone.model.operations.reading import State
from loadstone.model.operations.target import Entry, Observed, Progress, Target
from loadstone.model.ports import Store
from loadstone.services.operations.dispatching import ACTIONS, Dispatcher
from loadstone.services.operations.listening import Listening
from loadstone.services.operations.metering import Metering, Switching
from loadstone.services.operations.recording import Batch
from loadstone.services.operations.recovering import Recovery
from loadstone.services.operations.seats import Parts

Decide = Callable[[SiteView], Decision]

PROGRESS = tuple(Progress)  # in the order of `Step`
STATES = {Seen.UNKNOWN: State.UNKNOWN, Seen.RUNNING: State.RUNNING, Seen.STOPPED: State.STOPPED}
OBSERVED_S = 60.0
OWNERS_S = 10.0
JUMP_S = 1.5
JUMP_TOLD_S = 600.0
WORTH_TELLING = (Step.CONFIRMED, Step.DRIFTED, Step.UNAVAILABLE, Step.FAILED)


class AgentFault(LoadstoneError):
    """Deciding failed by a fault of the program. The watchdog takes over."""


class Ticker:
    """Decides once a tick and carries the decision out."""

    def __init__(
        self, parts: Parts, decide: Decide, metering: Metering, switching: Switching
    ) -> None:
        self._parts, self._decide = parts, decide
        self._book, self._desk, self._time = parts.book, parts.desk, parts.time
        self.metering, self.switching = metering, switching
        self.dispatcher = Dispatcher(parts)
        self.recovery = Recovery(parts)
        self.listening = Listening(parts)
        self.events: dict[str, Event] = {}
        self.decision: Decision | None = None
        self._learned_s = self._owners_s = -np.inf
        self._phase_s = np.arange(len(self._book)) * OBSERVED_S / max(len(self._book), 1)
        self._turns = (self._time.now_s() - self._phase_s) // OBSERVED_S
        self._ahead_s = self._time.utc_s() - self._time.now_s()
        self._jumped_s = -np.inf
        self._signal_alarms: tuple[Alarm, ...] = ()
        self._standing: tuple[Order, ...] = ()
        self._minute: int | None = None
        self._asked: set[tuple[str, float | None]] = set()

    async def tick(self) -> None:
        """Look, decide, write, send.

        Raises:
            AgentFault: Deciding failed.
        """
        self._look_at_clock()
        if not self.dispatcher.hurries:  # their rows would take time from stops
            self.hear_outcomes()
        self._book.age(self._time.now_s(), self._parts.terms.timing.stale_s)
        await self._meet_store()
        decision = self._decided()
        await self._carry_out(decision)
        self.decision = decision

    # ---- looking ----

    def _look_at_clock(self) -> None:
        """Notice when the computer's clock was put forward or back; the agent's is not."""
        now_s = self._time.now_s()
        jump_s = self._time.utc_s() - now_s - self._ahead_s
        if abs(jump_s) > JUMP_S:
            self._ahead_s += jump_s
            self._jumped_s = now_s
            text = f"the computer's clock jumped by {jump_s:+.1f} s; events follow it"
            self._parts.alarms.set("clock jumped", text)
            self._desk.note("clock", text, by_s=round(jump_s, 3))
        elif now_s > self._jumped_s + JUMP_TOLD_S:
            self._parts.alarms.clear("clock jumped")

    def hear_outcomes(self) -> None:
        """Write down what machines answered to commands since the last tick."""
        done, self.dispatcher.done = self.dispatcher.done, []
        kinds: dict[tuple[str, str], list[str]] = {}
        for sent in done:
            i = self._book.index[sent.command.machine]
            self._desk.waiting.targets[sent.command.machine] = self._target(i)
            said = {True: "accepted", False: "refused", None: "not known"}
            key = (said[sent.outcome.accepted], str(sent.outcome.reason))
            kinds.setdefault(key, []).append(sent.command.machine)
        for (word, reason), ids in kinds.items():
            why = f": {reason}" if reason else ""
            text = f"{_count(ids)} answered: {word}{why}"
            self._desk.note("outcome", text, said=word, reason=reason, machines=ids)

    async def _meet_store(self) -> None:
        """Take over what the store knows, write what waits, hear what others wrote."""
        alarms = self._parts.alarms
        try:
            if not self.recovery.done:
                await self.recovery.run()
                self.events = {event.id: event for event in self.recovery.events}
                self.listening.remember(self.recovery.baselines)
            self._see()
            heard = list(self.listening.fresh)
            refused = await self._desk.write()
            if refused is not None:
                self._hold(refused)
                for id_ in heard:
                    del self.listening.fresh[id_]
                await self._poll()
        except OutsideError as error:
            text = f"decisions cannot be written ({error}); no machine is started"
            alarms.set("store gone", text)
        if self._desk.ok:
            alarms.clear("store gone")

    async def _poll(self) -> None:
        site, now_s = self._parts.terms.site, self._time.now_s()
        found = await self._open_events()
        self._asked = _ends(found)
        news = {event.id: event for event in found}
        self.recovery.own.update(news)
        for id_, event in self.events.items():
            if id_ not in news and event.open:
                ended = await self._desk.ask(partial(_event, id_=id_))
                if ended is not None:
                    news[id_] = ended
            elif id_ not in news and id_ in self._holders():
                news[id_] = event
        self.events = news
        if now_s >= self._owners_s + OWNERS_S:
            self._owners_s = now_s
            self.recovery.hold(await self._desk.ask(lambda store: store.owners(site)))

    async def has_news(self) -> bool:
        """Return whether somebody has asked something new of the store since the last tick."""
        if not (self._desk.ok and self.recovery.done):
            return False
        with suppress(Exception):  # whatever it is, the next tick meets it and tells
            return _ends(await self._open_events()) != self._asked
        return False

    async def _open_events(self) -> Sequence[Event]:
        site = self._parts.terms.site
        return await self._desk.ask(lambda store: store.events(site))

    def _holders(self) -> set[str]:
        book = self._book
        return {book.owners[at] for at in np.unique(book.owner) if at >= 0}

    def _see(self) -> None:
        """Write down what was seen of machines: changes now, each machine once a minute.

        Not all in the same tick: ten thousand rows at once would hold up what else is due.
        """
        book, now_s = self._book, self._time.now_s()
        turns = (now_s - self._phase_s) // OBSERVED_S
        book.dirty |= turns > self._turns
        self._turns = turns
        if now_s >= self._learned_s + OBSERVED_S:
            self._learned_s = now_s
            book.learn_full_load(now_s)
            book.forget_starts(now_s)
        ahead_s = self._time.utc_s() - now_s
        for i in np.flatnonzero(book.dirty & (book.tried_s > -np.inf)):
            seen = self._observed(int(i), ahead_s)
            self._desk.waiting.observed[seen.machine] = seen
            book.dirty[i] = False

    def _observed(self, i: int, ahead_s: float) -> Observed:
        book = self._book
        read_s, since_s = float(book.read_began_s[i]), float(book.since_s[i])
        return Observed(
            machine=book.ids[i],
            state=STATES[Seen(int(book.seen[i]))],
            reason=str(book.reasons[i]),
            since_s=(since_s if since_s > -np.inf else self._time.started_s) + ahead_s,
            read_s=read_s + ahead_s if read_s > -np.inf else None,
            power_w=_known(book.power_w[i]),
            hashrate_th=_known(book.hashrate_th[i]),
        )

    # ---- deciding ----

    def _view(self) -> SiteView:
        utc_s = self._time.utc_s()
        meter = self.metering.view()
        asked = self.listening.orders(meter.power_mw)
        self._signal_alarms = asked.alarms
        return SiteView(
            now_s=self._time.now_s(),
            utc_s=utc_s,
            terms=self._parts.terms,
            fleet=self._book.view(),
            owners=self._book.owners,
            events=tuple({**self.listening.fresh, **self.events}.values()),
            orders=(*self._calendar(utc_s), *asked.orders),
            meter=meter,
            others_mw=self.metering.others_mw,
            others_floor_mw=self.metering.others_floor_mw,
            switches=self.switching.view(),
            store_ok=self._desk.ok and self.recovery.done,
        )

    def _calendar(self, utc_s: float) -> tuple[Order, ...]:
        """Return the limits of the calendar; they are worked out once a minute."""
        minute = int(utc_s // 60)
        if self._minute != minute:
            self._standing = self._parts.doors.standing_orders(utc_s)
            self._minute = minute
        return self._standing

    def _decided(self) -> Decision:
        try:
            return self._decide(self._view())
        except Exception as error:
            raise AgentFault(f"deciding failed: {type(error).__name__}: {error}") from error

    # ---- carrying out ----

    async def _carry_out(self, decision: Decision) -> None:
        """Write what is intended before anything is sent.

        When it cannot be written, stops are sent all the same: they err to the safe side.
        """
        book, safe = self._book, decision.want != Want.RUN
        batch = self._intent(decision)
        refused = await self._desk.write(batch)
        send = [int(i) for i in decision.order]
        if refused is None:
            self._put_off(i for i in send if not safe[i])
            send = [i for i in send if safe[i]]
        self._hold(refused or ())
        if any(event.state is EventState.ARMED for event in decision.events):
            self.dispatcher.warm()
        for id_ in decision.switch_on:
            self.switching.turn(id_, True)
        for id_ in decision.switch_off if refused is not None else ():
            self.switching.turn(id_, False)
        for i in send:
            if not book.held[i]:
                self.dispatcher.tell(i)

    def _hold(self, machines: Iterable[str]) -> None:
        """Note that somebody outside holds machines; nothing is told to them."""
        for id_ in sorted(machines):
            i = self._book.index[id_]
            self._book.held[i] = True
            self._put_off([i])
            self._desk.note("ownership", f"{id_} is held by somebody else", subject=id_)

    def _put_off(self, machines: Iterable[int]) -> None:
        for i in machines:
            if self._book.step[i] == Step.DISPATCHING:
                self._book.step[i] = Step.PENDING

    def _intent(self, decision: Decision) -> Batch:
        """Take a decision over into the book, and return what is to be written of it."""
        book, batch = self._book, Batch()
        changed = np.flatnonzero(book.changed_by(decision))
        passed = np.flatnonzero(book.passed_on(decision))
        before = [book.owner_name(int(i)) for i in passed]
        steps = book.step.copy()
        book.apply(decision, self._time.now_s())
        self.recovery.own.update(name for name in decision.owners if name)
        for i, holder in zip(passed, before, strict=True):
            batch.moves[book.ids[i]] = (holder, book.owner_name(int(i)))
        ahead_s = self._time.utc_s() - self._time.now_s()
        sent = (int(i) for i in decision.order)
        batch.free = [book.ids[i] for i in sent if book.owner[i] < 0]
        for i in changed:
            target = self._target(int(i), ahead_s)
            batch.targets[target.machine] = target
        for event in decision.events:
            batch.events[event.id] = event
            batch.entries.append(self._event_line(event))
            self.events[event.id] = event
        batch.entries += self._limit_line(decision)
        batch.entries += self._command_lines(decision)
        batch.entries += self._progress_lines(steps)
        self._parts.alarms.look((*decision.alarms, *self._signal_alarms))
        return batch

    def _target(self, i: int, ahead_s: float | None = None) -> Target:
        book = self._book
        ahead = self._time.utc_s() - self._time.now_s() if ahead_s is None else ahead_s
        return Target(
            machine=book.ids[i],
            action=ACTIONS[Want(int(book.want[i]))],
            limit_w=_known(book.want_w[i]),
            owner=book.owner_name(i),
            progress=PROGRESS[book.step[i]],
            since_s=_dated(book.wanted_s[i], ahead) or self._time.started_s,
            dispatched_s=_dated(book.dispatched_s[i], ahead),
            confirmed_s=_dated(book.confirmed_s[i], ahead),
            attempts=int(book.attempts[i]),
            not_before_s=_dated(book.not_before_s[i], ahead) or 0.0,
            reason=book.why[i],
            baseline_w=_known(book.baseline_w[i]),
        )

    # ---- lines of the record ----

    def _event_line(self, event: Event) -> Entry:
        before = self.events.get(event.id)
        was = before.state if before else EventState.RECEIVED
        why = f": {event.reason}" if event.reason else ""
        text = f"event {event.id} is {event.state}{why}"
        if was is event.state:
            text = f"event {event.id} changed while {event.state}{why}"
        return self._desk.entry(
            "event", text, subject=event.id, state=event.state, baseline_mw=event.baseline_mw
        )

    def _limit_line(self, decision: Decision) -> list[Entry]:
        last, now = self.decision, decision
        if last and (last.limit_mw, last.owner_of_limit) == (now.limit_mw, now.owner_of_limit):
            return []
        limit = "nothing limits" if now.limit_mw is None else f"limit {now.limit_mw:.3f} MW"
        of = f" of {now.owner_of_limit}" if now.owner_of_limit else ""
        text = f"{limit}{of}; machines may draw {now.target_mw:.3f} MW"
        meter_mw = self.metering.view().power_mw
        return [
            self._desk.entry(
                "decision",
                text,
                owner=now.owner_of_limit,
                limit_mw=now.limit_mw,
                target_mw=now.target_mw,
                meter_mw=meter_mw,
            )
        ]

    def _command_lines(self, decision: Decision) -> Iterator[Entry]:
        kinds: dict[tuple[str, str], list[int]] = {}
        for i in decision.order:
            command = self.dispatcher.command(int(i))
            kinds.setdefault((command.action, command.owner), []).append(int(i))
        for (action, owner), at in kinds.items():
            ids = [self._book.ids[i] for i in at]
            for_whom = f" for {owner}" if owner else ""
            data: dict[str, Any] = {"action": action, "owner": owner, "machines": ids}
            if action == "cap":
                data["limit_w"] = [round(float(self._book.want_w[i]), 1) for i in at]
            lifted = [
                self._book.ids[i] for i in at if action == "resume" and self._book.runs(i)
            ]
            if lifted:
                data["running"] = lifted  # they do not start
            again = int(sum(self._book.attempts[i] > 1 for i in at))
            if again:
                data["again"] = again
            text = f"{action} {_count(ids)}{for_whom}"
            yield self._desk.entry("command", text, **data)

    def _progress_lines(self, before: Codes) -> Iterator[Entry]:
        """Tell how machines came on: not of each that nobody asked for and that was not heard.

        On a net that loses answers those would be the most of the record.
        """
        book = self._book
        idle = (book.want == Want.RUN) & (book.owner < 0)
        lost = (book.step == Step.UNAVAILABLE) | np.isin(
            before, (Step.UNAVAILABLE, Step.PENDING)
        )
        told = (book.step != before) & ~(idle & lost)
        for step in WORTH_TELLING:
            turned = np.flatnonzero((book.step == step) & told)
            for want in Want:
                at = [int(i) for i in turned if book.want[i] == want]
                if at:
                    ids = [book.ids[i] for i in at]
                    text = f"{_count(ids)} {PROGRESS[step]}: {ACTIONS[want]}"
                    kind, word = str(PROGRESS[step]), str(ACTIONS[want])
                    yield self._desk.entry(kind, text, action=word, machines=ids)


def _ends(events: Iterable[Event]) -> set[tuple[str, float | None]]:
    return {(event.id, event.ends_s) for event in events}


def _event(store: Store, *, id_: str) -> Event | None:
    return store.event(id_)


def _count(ids: list[str]) -> str:
    return ids[0] if len(ids) == 1 else f"{len(ids)} machines"


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _dated(agent_s: float, ahead_s: float) -> float | None:
    return float(agent_s) + ahead_s if np.isfinite(agent_s) else None
