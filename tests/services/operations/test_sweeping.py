# SPDX-License-Identifier: Apache-2.0
import asyncio

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.model.operations.fleet import Seen, Step, Want
from loadstone.model.operations.machine import Address, Machine
from loadstone.services.operations.dispatching import HURRY_S, STOPS_AT_ONCE, Dispatcher
from loadstone.services.operations.doors import AgentTime
from loadstone.services.operations.seats import parts_of
from loadstone.services.operations.sweeping import Lane, Sweeper
from tests.services.operations.living_site import RATED_W, SITE, LivingSite, terms_of
from tests.virtual_time import run_virtual


def many(count):
    return tuple(
        Machine(
            id=f"m{i:03}",
            site=SITE,
            group="hall",
            family="luxos",
            address=Address(host=f"10.0.{i // 200}.{i % 200 + 1}", port=4028),
            rated_w=RATED_W,
            hashrate_th=95.0,
        )
        for i in range(count)
    )


def test_hundreds_of_hung_machines_do_not_hold_up_those_that_answer():
    machines = many(640)
    hung = tuple(one.id for one in machines[:600])

    async def main(clock):
        hangs = Fault(kind=FaultKind.HANG, machines=hung)
        site = LivingSite(clock, terms_of(), machines, faults=[hangs])
        site.start()
        await asyncio.sleep(20)
        await site.stop()
        return site.statuses[-1]

    status = run_virtual(main)
    assert dict(status.by_state) == {"running": 40, "stopped": 0, "unknown": 600}
    assert status.sweep_s < 1.0  # those that answer, once more: one deadline is 4 s


def test_a_sweep_that_takes_longer_than_it_may_is_told_as_long_as_it_took():
    machines = many(1400)

    async def main(clock):
        slow = Fault(
            kind=FaultKind.SLOW, machines=tuple(one.id for one in machines), amount=2.0
        )
        site = LivingSite(clock, terms_of(), machines, faults=[slow])
        site.start()
        await asyncio.sleep(60)
        await site.stop()
        return site.statuses[-1]

    status = run_virtual(main)
    assert dict(status.by_state)["running"] == 1400
    assert 6.0 < status.sweep_s < 8.0  # three after the other, begun every 5 s


def test_a_sweep_waits_for_stops_that_have_no_turn_yet():
    async def main(clock):
        site, waiting = LivingSite(clock, terms_of()), [True]
        time = AgentTime(clock)
        parts = parts_of(terms_of(), site.doors(time))
        sweeper = Sweeper(parts, lambda: waiting[0])
        running = asyncio.ensure_future(sweeper.run())
        await asyncio.sleep(3.0)
        assert parts.book.tried_s.max() == float("-inf")
        waiting[0] = False
        await asyncio.sleep(0.5)
        assert parts.book.tried_s.min() >= time.now_s() - 0.5
        running.cancel()
        sweeper.cancel()

    run_virtual(main)


def test_stops_without_a_turn_are_a_hurry_but_not_for_ever():
    machines = many(4 * STOPS_AT_ONCE)

    async def main(clock):
        hang = Fault(kind=FaultKind.HANG, machines=tuple(one.id for one in machines))
        site = LivingSite(clock, terms_of(), machines, faults=[hang])
        time = AgentTime(clock)
        parts = parts_of(terms_of(), site.doors(time))
        book, dispatcher = parts.book, Dispatcher(parts)
        book.seen[:], book.want[:], book.step[:] = Seen.RUNNING, Want.STOP, Step.DISPATCHING
        assert not dispatcher.hurries
        began_s = time.now_s()
        for i in range(len(book)):
            dispatcher.tell(i)
        while dispatcher.hurries:
            await asyncio.sleep(0.05)
        took_s, waiting = time.now_s() - began_s, len(dispatcher) > STOPS_AT_ONCE
        dispatcher.cancel()
        return took_s, waiting

    took_s, waiting = run_virtual(main)
    assert waiting
    assert took_s == pytest.approx(HURRY_S, abs=0.1)


def test_a_lane_keeps_to_so_many_at_once_and_takes_each_once():
    async def main(clock):
        under_way, most, done = 0, 0, []

        async def work(i):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(1)
            under_way -= 1
            done.append(i)

        lane = Lane(3, work, lambda i, error: None)
        for i in [*range(10), *range(10)]:
            lane.add(i)
        await asyncio.sleep(3.5)
        assert most == 3
        assert done == list(range(9))
        await asyncio.sleep(1)
        assert done == list(range(10))
        assert len(lane) == 0

    run_virtual(main)


def test_a_fault_in_the_work_on_one_costs_the_others_nothing():
    async def main(clock):
        done, failed = [], []

        async def work(i):
            if i == 1:
                raise ZeroDivisionError
            done.append(i)

        lane = Lane(1, work, lambda i, error: failed.append((i, type(error))))
        for i in range(3):
            lane.add(i)
        await asyncio.sleep(1)
        assert done == [0, 2]
        assert failed == [(1, ZeroDivisionError)]

    run_virtual(main)


def test_what_is_cancelled_ends():
    async def main(clock):
        async def work(i):
            await asyncio.sleep(1e6)

        lane = Lane(2, work, pytest.fail)
        lane.add(0)
        await asyncio.sleep(1)
        lane.cancel()
        await asyncio.sleep(1)
        assert len(lane) == 0

    run_virtual(main)
