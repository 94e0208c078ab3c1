# SPDX-License-Identifier: Apache-2.0
import asyncio
import json
from dataclasses import replace

import numpy as np
import pytest

from loadstone.adapters.store.sql_store import open_store
from loadstone.model.operations.command import Action
from loadstone.model.operations.event import Event, EventKind, EventState
from loadstone.model.operations.fleet import Step, Want
from loadstone.model.operations.machine import Identity
from loadstone.model.operations.target import Entry, PowerLease, Progress, Target
from loadstone.services.operations.recovering import Recovery
from loadstone.services.operations.seats import parts_of
from tests.services.operations.living_site import SITE, LivingSite, machines_of, terms_of
from tests.virtual_time import run_virtual

MACHINES = machines_of(4)


def recovered(before, after=lambda parts: None):
    """Fill a store, recover from it, and return what the duties of an agent share."""

    async def main(clock):
        store = open_store("sqlite://")
        store.put_machines(MACHINES)
        before(store, clock.now().timestamp())
        await asyncio.sleep(30)
        site = LivingSite(clock, terms_of(), MACHINES, truth=store)
        site.start()
        await site.kill()
        parts = site.agent._parts
        site.store.dead = False
        after(parts)
        recovery = Recovery(parts)
        await recovery.run()
        return parts, recovery

    return run_virtual(main)


def target(machine="m00", progress=Progress.CONFIRMED, owner="site limit", **more):
    usual = {"action": Action.STOP, "since_s": 1.0, "dispatched_s": 5.0, "confirmed_s": 7.0}
    return Target(machine=machine, owner=owner, progress=progress, **(usual | more))


@pytest.mark.parametrize(
    "progress", [Progress.DISPATCHING, Progress.DISPATCHED, Progress.CONFIRMED]
)
def test_whatever_was_under_way_or_shown_needs_a_reading_of_this_life(progress):
    parts, _ = recovered(
        lambda store, _: store.put_targets(SITE, [target("m01", progress)], [])
    )
    book = parts.book
    assert (book.want[1], book.step[1]) == (Want.STOP, Step.DISPATCHED)
    assert book.dispatched_s[1] == -np.inf
    assert book.owner_name(1) == "site limit"


def test_a_crash_between_taking_a_machine_and_writing_it_is_mended():
    def before(store, at_s):
        store.take(SITE, "site limit", ["m00"], at_s)  # nothing was written of it
        store.put_targets(SITE, [target("m01")], [])  # and this was not taken

    parts, _ = recovered(before)
    assert parts.desk.waiting.moves == {"m00": ("site limit", ""), "m01": ("", "site limit")}


def test_what_a_stranger_holds_is_held_and_not_mended():
    parts, _ = recovered(lambda store, at_s: store.take(SITE, "maintenance", ["m02"], at_s))
    assert list(parts.book.held) == [False, False, True, False]
    assert parts.desk.waiting.moves == {}


def test_orders_of_signals_of_a_former_life_are_the_agents_own():
    def before(store, at_s):
        store.take(SITE, "price market", ["m00"], at_s)
        store.put_targets(SITE, [target("m00", owner="price market")], [])

    parts, _ = recovered(before)
    assert not parts.book.held.any()
    assert parts.book.owner_name(0) == "price market"


def test_the_identity_read_in_a_former_life_is_what_is_compared():
    named = Identity(family="luxos", mac="02:00:00:00:00:aa")

    def before(store, _):
        (first, *_rest) = MACHINES
        store.put_machines([type(first)(**_fields(first) | {"identity": named})])

    parts, _ = recovered(before)
    assert parts.book.machines[0].identity == named


def test_how_long_the_agent_was_away_is_recorded_and_numbers_go_on():
    def before(store, at_s):
        lease = PowerLease(
            site=SITE, pool="mining", mw=1.0, number=77, granted_s=at_s, expires_s=at_s + 30
        )
        store.renew(lease)

    parts, recovery = recovered(before)
    assert recovery.lease_number == 77
    (line,) = parts.desk.waiting.entries
    assert line.text == "agent was away for 30 s; machines are read anew"


def test_what_was_decided_before_the_store_came_back_stays():
    def after(parts):
        parts.book.dispatched_s[1] = 5.0  # it was told something in this life

    wanted = [target("m01"), target("m02")]
    parts, _ = recovered(lambda store, _: store.put_targets(SITE, wanted, []), after)
    assert list(parts.book.want) == [Want.RUN, Want.RUN, Want.STOP, Want.RUN]


def test_the_first_start_at_a_site_says_so():
    parts, _ = recovered(lambda store, _: None)
    assert [one.kind for one in parts.desk.waiting.entries] == ["started"]
    assert parts_of(terms_of(), parts.doors).desk.shut


def _fields(machine):
    return {name: getattr(machine, name) for name in machine.__slots__}


def test_starts_of_a_former_life_still_count_against_the_ramp_and_its_stops_still_rest():
    def before(store, at_s):
        resumed = target("m00", action=Action.RESUME, owner="", dispatched_s=at_s - 20)
        store.put_targets(SITE, [resumed, target("m01", dispatched_s=at_s - 50)], [])

    parts, _ = recovered(before)  # 30 s later
    book, now_s = parts.book, parts.time.now_s()
    assert now_s - book.resumed_s[0] == pytest.approx(50, abs=1)
    assert now_s - book.stopped_s[1] == pytest.approx(80, abs=1)
    assert book.resumed_s[1] == book.stopped_s[0] == -np.inf


def test_a_start_of_which_no_outcome_was_written_counts_from_its_command():
    def before(store, at_s):
        sent = {"action": Action.RESUME, "progress": Progress.DISPATCHING, "owner": ""}
        store.put_targets(SITE, [target("m00", dispatched_s=at_s - 1200, **sent)], [])
        store.record([told(at_s - 20, "resume", ["m00"])])

    parts, _ = recovered(before)  # 30 s later
    assert parts.time.now_s() - parts.book.resumed_s[0] == pytest.approx(50, abs=1)


def test_an_event_of_a_former_life_goes_on_as_it_was_begun_then():
    begun = Event(
        id="e1",
        site=SITE,
        kind=EventKind.STOP,
        mw=0.0,
        source="operator",
        received_s=10.0,
        starts_s=20.0,
        state=EventState.ACTIVE,
        active_s=20.0,
        baseline_mw=9.0,
    )

    def after(parts):  # without its store the agent heard of it and began it anew
        anew = replace(begun, active_s=50.0, baseline_mw=1.0)
        parts.desk.waiting.events["e1"] = anew
        parts.desk.note("event", "event e1 is active", subject="e1")

    parts, recovery = recovered(lambda store, _: store.add_event(begun), after)
    assert recovery.events == (begun,)
    assert "e1" not in parts.desk.waiting.events
    (line,) = [one for one in parts.desk.waiting.entries if one.subject == "e1"]
    assert line.kind == "event again"
    assert "took it for a new one" in line.text


def told(at_s, action, machines, **more):
    data = json.dumps({"action": action, "machines": machines, **more})
    return Entry(at_s=at_s, site=SITE, kind="command", text=action, data=data)


def test_starts_of_the_last_day_are_those_of_the_record():
    def before(store, at_s):
        store.record(
            [
                told(at_s - 90_000, "resume", ["m00"]),  # a day and an hour ago
                told(at_s - 3_000, "resume", ["m00", "m01"]),
                told(at_s - 2_000, "stop", ["m00", "m02"]),
                told(at_s - 1_000, "resume", ["m00", "m03"], running=["m03"]),  # a cap lifted
                told(at_s - 500, "resume", ["gone"]),
            ]
        )

    parts, _ = recovered(before)
    book, now_s = parts.book, parts.time.now_s()
    assert list(book.starts) == [2, 1, 0, 0]
    book.forget_starts(now_s + 86_400 - 2_000)  # the first is more than a day old by then
    assert list(book.starts) == [1, 0, 0, 0]


def test_starts_of_this_life_come_after_those_of_the_last():
    def after(parts):
        parts.book.sending(
            1, parts.time.now_s()
        )  # it was told to run before the store was back

    parts, _ = recovered(
        lambda store, at_s: store.record([told(at_s - 60, "resume", ["m01"])]), after
    )
    assert parts.book.starts[1] == 2
    parts.book.forget_starts(parts.time.now_s() + 86_400 - 30)
    assert parts.book.starts[1] == 1


def test_a_machine_that_started_often_is_spared_after_a_kill_and_a_restart_as_before():
    """Of six alike the cheapest to lose stops; each start of the last day makes it dearer.

    A MWh earns 80 in m00, 81 in m01 and so on. One more start costs 0.05 over 3.22 kWh of an
    hour, 15.5 per MWh: once m00 has started again, m01 is the cheapest.
    """

    async def reduction(site, id_):
        now_s = site.clock.now().timestamp()
        site.truth.add_event(
            Event(
                id=id_,
                site=SITE,
                kind=EventKind.BY_MW,
                mw=0.0029,  # less than a machine draws
                source="operator",
                reference=id_,
                received_s=now_s,
                starts_s=now_s,
                ends_s=now_s + 120.0,
            )
        )
        await asyncio.sleep(60)
        site.stopped[id_] = site.asleep()
        await asyncio.sleep(300)
        assert site.asleep() == []

    async def main(clock):
        site = LivingSite(clock, terms_of())
        site.stopped = {}
        site.start()
        await asyncio.sleep(30)
        await reduction(site, "first")
        await site.kill()
        site.start()
        await asyncio.sleep(30)
        site.starts = list(site.agent._parts.book.starts)
        await reduction(site, "second")
        await site.stop()
        return site

    site = run_virtual(main)
    assert site.stopped == {"first": ["m00"], "second": ["m01"]}
    assert site.starts == [1, 0, 0, 0, 0, 0]
