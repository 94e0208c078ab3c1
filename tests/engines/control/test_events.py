# SPDX-License-Identifier: Apache-2.0
"""The life of events, and what machines do in it."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from loadstone.engines.control import decide
from loadstone.model.operations.event import Event, EventKind, EventState
from loadstone.model.operations.fleet import Seen, Want
from loadstone.model.operations.terms import Ramp
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of


def event(kind=EventKind.TO_MW, mw=0.0061, **fields):
    usual = {"id": "e", "site": "s", "source": "operator", "received_s": 990.0}
    usual |= {"starts_s": 1000.0, "ends_s": 4600.0}
    return Event(kind=kind, mw=mw, **(usual | fields))


def after(one, fleet=None, **fields):
    fleet = fleet_of(4) if fleet is None else fleet
    decision = decide(view_of(fleet, events=(one,), **fields))
    return decision.events[0] if decision.events else one


def test_an_order_for_now_is_accepted_armed_and_active_at_once():
    now = after(event())
    assert now.state is EventState.ACTIVE
    assert (now.accepted_s, now.armed_s, now.active_s) == (1000.0, 1000.0, 1000.0)
    assert now.baseline_mw == pytest.approx(0.012)


def test_an_event_of_tomorrow_is_accepted_and_waits():
    now = after(event(starts_s=90_000.0, ends_s=93_600.0))
    assert (now.state, now.armed_s, now.baseline_mw) == (EventState.ACCEPTED, None, None)


def test_an_event_is_armed_before_it_starts_and_machines_are_told_in_time_to_be_down():
    one = event(starts_s=1100.0)
    assert after(one).state is EventState.ARMED
    assert after(one, now_s=1071.0, utc_s=1071.0).state is EventState.ACTIVE


def test_a_slow_ramp_begins_earlier():
    # 12 kW to 6 kW at 6 kW/min takes a minute, and a machine has 30 s to show that it stopped
    one = event(mw=0.006, starts_s=1090.0)
    slow = terms_of(ramp=Ramp(down_kw_per_min=6.0))
    assert after(one, terms=slow).state is EventState.ACTIVE
    assert after(one).state is EventState.ARMED


@pytest.mark.parametrize(
    ("now_s", "state"), [(939.0, EventState.ACCEPTED), (941.0, EventState.ARMED)]
)
def test_an_event_is_armed_before_its_slow_ramp_begins(now_s, state):
    # told from 1030 s on, 60 s of ramp and 30 s to show it before 1120 s; armed 90 s before
    slow = terms_of(ramp=Ramp(down_kw_per_min=6.0))
    one = event(mw=0.006, starts_s=1120.0)
    assert after(one, terms=slow, now_s=now_s, utc_s=now_s).state is state


@pytest.mark.parametrize(
    ("starts_s", "state"), [(1630.0, EventState.ACTIVE), (1640.0, EventState.ARMED)]
)
def test_a_ramp_is_used_by_whole_machines_and_by_no_other_load(starts_s, state):
    # two machines of 2.98 kW fit into a minute of 8 kW, so that 20 take ten minutes and 30 s
    terms = terms_of(ramp=Ramp(down_kw_per_min=8.0))
    stop = event(EventKind.STOP, 0.0, source="a signal", starts_s=starts_s, ends_s=9000.0)
    for others_mw in (0.0, 5.0):
        now = after(stop, fleet_of(20), terms=terms, others_mw=others_mw)
        assert now.state is state


@pytest.mark.parametrize("sizes_kw", [(3.0, 3.0), (1.5, 3.5)])
@pytest.mark.parametrize("rate", [2.0, 5.0, 11.0])
def test_an_event_is_met_in_time_however_few_machines_fit_into_the_ramp(rate, sizes_kw):
    full_w = np.tile(sizes_kw, 4) * 1e3
    fleet = fleet_of(8, rated_w=full_w, full_w=full_w, power_w=full_w)
    plant = Plant(fleet, terms=terms_of(ramp=Ramp(down_kw_per_min=rate)))
    start_s = 1000.0 + 2.0 * 60 * full_w.sum() / 1e3 / rate
    plant.events = (
        event(mw=0.004, source="a signal", starts_s=start_s, ends_s=start_s + 600.0),
    )
    while plant.now_s < start_s:
        plant.tick(2.0)
    assert plant.meter_mw() <= 0.004 * 1.0005
    minute = [before - later for (_, before), (_, later) in pairwise(plant.trace[::30])]
    assert max(minute) * 1e3 <= max(rate, *sizes_kw) + 1e-6


def test_a_stop_by_hand_does_not_wait_for_the_ramp_and_so_begins_no_earlier():
    # 12 kW at 6 kW/min would take two minutes, but all machines are told at once
    stop = event(EventKind.STOP, 0.0, starts_s=1090.0)
    slow = terms_of(ramp=Ramp(down_kw_per_min=6.0))
    assert after(stop, terms=slow).state is EventState.ARMED
    asked = replace(stop, source="a signal")
    assert after(asked, terms=slow).state is EventState.ACTIVE


@pytest.mark.parametrize(
    ("one", "fleet", "reason"),
    [
        (event(starts_s=900.0, ends_s=1000.0), None, "it had ended"),
        (event(), fleet_of(0), "no machine"),
        (event(EventKind.BY_MW, 0.02), None, "all machines together give 0.012 MW"),
        (event(EventKind.BY_MW, 0.0), None, "asks for nothing"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(one, fleet, reason):
    now = after(one, fleet)
    assert now.state is EventState.REFUSED
    assert now.done_s == 1000.0
    assert reason in now.reason


def test_notice_that_is_too_short_is_accepted_with_a_note():
    now = after(event(notice_s=60.0))
    assert now.state is EventState.ACTIVE
    assert "50 s too short" in now.reason


def test_a_limit_below_what_stays_is_accepted_with_a_note():
    now = after(event(mw=0.00001), others_floor_mw=0.001)
    assert now.state is EventState.ACTIVE
    assert "0.001 MW stays" in now.reason


def test_an_event_without_an_end_is_looked_at_after_a_week():
    one = event(ends_s=None, state=EventState.ACTIVE, baseline_mw=0.01)
    week_s = 1000.0 + 7 * 86_400
    assert after(one, utc_s=week_s - 1).state is EventState.ACTIVE
    assert after(one, utc_s=week_s).state is EventState.DONE  # it held no machine


def test_a_reduction_is_measured_from_the_power_before_it():
    plant = Plant(fleet_of(10), events=(event(EventKind.BY_MW, 0.0089),))
    plant.run(30)
    assert plant.events[0].baseline_mw == pytest.approx(0.030)
    assert plant.meter_mw() == pytest.approx(0.021, abs=0.0001)


def test_an_event_holds_its_machines_until_its_end_and_is_done_when_all_are_back():
    plant = Plant(fleet_of(4), events=(event(ends_s=1100.0),))
    plant.run(60)
    assert plant.on.sum() == 2
    assert plant.owners == ("e",)
    plant.run(40)
    assert plant.events[0].state is EventState.RESTORING
    plant.run(60)
    assert plant.on.all()
    assert plant.events == ()
    assert plant.owners == ()


def test_a_machine_that_never_comes_back_does_not_keep_an_event_open():
    plant = Plant(fleet_of(4), events=(event(ends_s=1100.0),))
    plant.run(60)
    stopped = ~plant.on
    plant.hung[np.flatnonzero(stopped)[0]] = True
    plant.run(200)
    assert plant.events == ()
    assert plant.on.sum() == 3


def test_an_abort_lets_go_and_leaves_machines_as_they_are():
    plant = Plant(fleet_of(4), events=(event(),))
    plant.run(20)
    plant.events = (replace(plant.events[0], state=EventState.ABORTED, done_s=plant.now_s),)
    plant.run(120)
    assert plant.on.sum() == 2
    assert (plant.fleet.owner == -1).all()
    assert (plant.fleet.want == Want.STOP).sum() == 2
    assert plant.owners == ()


def test_machines_left_stopped_come_back_after_the_next_event():
    fleet = fleet_of(2, want=Want.STOP, seen=Seen.STOPPED, power_w=20.0)
    plant = Plant(fleet, events=(event(EventKind.STOP, 0.0, ends_s=1050.0),))
    plant.run(30)
    assert plant.owners == ("e",)
    plant.run(100)
    assert plant.on.all()


def test_an_event_that_is_asked_for_again_while_it_restores_is_active_again():
    one = event(state=EventState.RESTORING, baseline_mw=0.012, restoring_s=990.0)
    now = after(one)
    assert (now.state, now.restoring_s) == (EventState.ACTIVE, None)


def test_an_event_that_has_ended_is_not_begun_again_by_a_clock_that_is_put_back():
    one = event(state=EventState.RESTORING, baseline_mw=0.012, restoring_s=4600.0)
    fleet = fleet_of(4, want=Want.STOP, owner=0, seen=Seen.UNKNOWN, step=1, not_before_s=2000)
    view = view_of(fleet, events=(one,), owners=("e",), utc_s=4590.0)
    assert decide(view).events == ()


def test_two_events_do_not_add_up_but_the_deeper_one_binds():
    deep, flat = event(mw=0.0031, id="deep"), event(mw=0.0091, id="flat")
    plant = Plant(fleet_of(6), events=(flat, deep))
    decision = plant.run(30)
    assert decision.owner_of_limit == "deep"
    assert plant.on.sum() == 1


def test_a_stop_by_hand_owns_machines_before_an_event():
    by_hand = event(EventKind.STOP, 0.0, id="hand")
    other = event(EventKind.STOP, 0.0, id="other", source="openadr")
    decision = decide(view_of(fleet_of(2), events=(other, by_hand)))
    assert decision.owners == ("hand",)


def test_an_event_that_ends_before_it_begins_is_done_and_stops_nothing():
    one = event(state=EventState.ARMED, starts_s=900.0, ends_s=950.0)
    decision = decide(view_of(fleet_of(2), events=(one,)))
    assert decision.events[0].state is EventState.DONE
    assert not decision.send.any()
    waiting = event(state=EventState.ACCEPTED, starts_s=900.0, ends_s=950.0)
    assert after(waiting).state is EventState.DONE


def test_deeper_limits_stop_the_same_machines_and_more():
    rng = np.random.default_rng(8)
    fleet = fleet_of(30, value_per_mwh=rng.uniform(50, 100, 30))
    stopped = set()
    for mw in (0.08, 0.05, 0.02, 0.0):
        decision = decide(view_of(fleet, events=(event(mw=mw),)))
        now = set(np.flatnonzero(decision.want == Want.STOP).tolist())
        assert stopped <= now
        stopped = now
    assert len(stopped) == 30
