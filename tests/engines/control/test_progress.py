# SPDX-License-Identifier: Apache-2.0
"""From wanted to shown: what confirms a command, and when one is told again."""

import numpy as np
import pytest

from loadstone.engines.control import decide
from loadstone.model.operations.control import Order
from loadstone.model.operations.fleet import Seen, Step, Want
from loadstone.model.operations.terms import Timing
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of

STOP = Order(owner="o", limit_mw=0.0)


def step(**columns):
    usual = {"want": Want.STOP, "owner": 0, "step": Step.DISPATCHED, "attempts": 1}
    usual |= {"dispatched_s": 990.0, "not_before_s": 1020.0}
    view = view_of(fleet_of(1, **(usual | columns)), orders=(STOP,), owners=("o",))
    decision = decide(view)
    return Step(decision.step[0]), bool(decision.send[0])


def shown(**columns):
    return {"seen": Seen.STOPPED, "power_w": 20.0} | columns


def test_only_a_reading_begun_after_the_command_confirms_it():
    assert step(**shown(read_began_s=991.0)) == (Step.CONFIRMED, False)
    assert step(**shown(read_began_s=990.0)) == (Step.DISPATCHED, False)
    assert step(**shown(read_began_s=985.0)) == (Step.DISPATCHED, False)


def test_a_machine_that_says_it_is_stopped_and_draws_full_power_is_not():
    assert step(**shown(power_w=2900.0)) == (Step.DISPATCHED, False)


def test_an_old_reading_shows_nothing():
    assert step(**shown(read_began_s=960.0, dispatched_s=950.0)) == (Step.UNAVAILABLE, False)


def test_a_machine_that_does_not_show_it_is_told_again_after_a_pause():
    assert step(dispatched_s=965.0, not_before_s=1001.0) == (Step.DISPATCHED, False)
    assert step(dispatched_s=965.0, not_before_s=1000.0) == (Step.DISPATCHING, True)


def test_what_was_told_in_a_former_life_needs_a_reading_of_this_one():
    lived = {"dispatched_s": -np.inf, "not_before_s": -np.inf}
    assert step(seen=Seen.UNKNOWN, read_began_s=-np.inf, **lived) == (Step.DISPATCHING, True)
    assert step(**shown(**lived)) == (Step.CONFIRMED, False)
    assert step(**lived) == (Step.DISPATCHING, True)


def test_a_machine_on_its_way_is_not_told_twice():
    assert step(step=Step.DISPATCHING, dispatched_s=-np.inf) == (Step.DISPATCHING, False)


def test_a_machine_that_was_stopped_and_falls_silent_is_unavailable_and_not_told_blindly():
    gone = {"seen": Seen.UNKNOWN, "attempts": 0, "step": Step.CONFIRMED, "not_before_s": 0.0}
    assert step(**gone) == (Step.UNAVAILABLE, False)


def test_a_machine_that_wakes_up_has_drifted_and_is_told_at_once():
    drifted = {"attempts": 0, "step": Step.CONFIRMED, "not_before_s": -np.inf}
    assert step(**drifted) == (Step.DISPATCHING, True)
    held = fleet_of(1, want=Want.STOP, owner=0, held_elsewhere=True)
    decision = decide(view_of(held, orders=(STOP,), owners=("o",)))
    assert decision.step[0] == Step.DRIFTED


def test_after_many_attempts_a_machine_has_failed_and_is_tried_each_hour():
    failed = {"attempts": 10, "dispatched_s": 900.0, "not_before_s": 4000.0}
    assert step(**failed) == (Step.FAILED, False)
    due = fleet_of(1, want=Want.STOP, owner=0, step=Step.FAILED, attempts=10, dispatched_s=0.0)
    decision = decide(view_of(due, orders=(STOP,), owners=("o",)))
    assert decision.send[0]
    assert decision.not_before_s[0] == 1000.0 + 3600.0


def test_pauses_double():
    plant = Plant(fleet_of(1), orders=(STOP,))
    plant.deaf[0] = True
    sent = [plant.now_s for _ in range(600) if plant.tick().send.any()]
    pauses = np.diff(sent)
    assert pauses[:3].tolist() == [30.0, 30.0, 30.0]  # as long as it has to show it
    assert pauses[3:].tolist() == [40.0, 80.0, 160.0]


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_retries_never_keep_first_attempts_waiting(share):
    count = 200
    old = np.arange(count) < share * count
    fleet = fleet_of(
        count,
        want=np.where(old, Want.STOP, Want.RUN),
        owner=np.where(old, 0, -1),
        step=np.where(old, Step.DISPATCHED, Step.CONFIRMED),
        attempts=np.where(old, 2, 0),
        dispatched_s=np.where(old, 900.0, -np.inf),
    )
    decision = decide(view_of(fleet, orders=(STOP,), owners=("o",)))
    first = decision.order[: (~old).sum()]
    assert set(first) == set(np.flatnonzero(~old))
    assert decision.send[old].sum() == 4  # a few at a time


def test_every_retry_has_its_turn():
    plant = Plant(fleet_of(60), orders=(STOP,))
    plant.deaf[:] = True
    told = np.zeros(60, dtype=int)
    for _ in range(120):
        told += plant.tick().send
    assert told.min() >= 2


def test_a_rise_waits_until_the_machine_is_heard_from():
    fleet = fleet_of(
        2, want=Want.STOP, owner=0, seen=[Seen.UNKNOWN, Seen.STOPPED], power_w=20.0
    )
    decision = decide(view_of(fleet, owners=("gone",)))
    assert decision.send.tolist() == [False, True]
    assert decision.step[0] == Step.UNAVAILABLE
    assert decision.owner[0] == -1


def test_a_machine_that_was_told_to_run_and_stands_still_is_told_again_later():
    fleet = fleet_of(
        1, seen=Seen.STOPPED, power_w=20.0, attempts=1, step=Step.DISPATCHED,
        dispatched_s=950.0, resumed_s=950.0, not_before_s=[1000.0],
    )  # fmt: skip
    assert decide(view_of(fleet)).send.all()
    assert not decide(view_of(fleet, now_s=999.0)).send.any()


def test_a_machine_that_said_no_is_not_counted_on():
    timing = Timing(cooldown_s=0.0)
    fleet = fleet_of(
        4, want=[Want.STOP, *[Want.RUN] * 3], owner=[0, -1, -1, -1],
        step=[Step.PENDING, *[Step.CONFIRMED] * 3], attempts=[1, 0, 0, 0],
        dispatched_s=[999.0, *[-np.inf] * 3], read_began_s=999.5, not_before_s=1029.0,
    )  # fmt: skip
    order = Order(owner="o", limit_mw=0.0091)
    view = view_of(fleet, orders=(order,), owners=("o",), terms=terms_of(timing=timing))
    assert decide(view).send.tolist() == [False, True, False, False]
