# SPDX-License-Identifier: Apache-2.0
"""What holds for every site, whatever is lost on the way."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.control import decide
from loadstone.engines.control.sight import look
from loadstone.model.operations.control import Cause, Order
from loadstone.model.operations.fleet import Fleet, Seen, Step, Want
from loadstone.model.operations.terms import Group, Ramp
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of

INRUSH = 1.1
GROUPS = (Group(id="g"), Group(id="h", limit_mw=0.02), Group(id="p", protected=True))


@st.composite
def fleets(draw, least=1, silent=True, held=True):
    """Machines in any state that an agent may have left or found them in."""
    many = draw(st.integers(least, 8))
    states = [Seen.RUNNING, Seen.STOPPED, *([Seen.UNKNOWN] if silent else [])]
    column = lambda values: np.array([draw(values) for _ in range(many)])  # noqa: E731
    seen = column(st.sampled_from(states))
    full_w = column(st.sampled_from([1500.0, 3000.0, 3500.0]))
    told_s = column(st.sampled_from([-np.inf, 500.0, 980.0, 998.0]))
    power_w = np.where(seen == Seen.RUNNING, full_w, 20.0)
    want = column(st.sampled_from([Want.RUN, Want.STOP]))
    return fleet_of(
        many,
        group=column(st.sampled_from([0, 1, 2])),
        full_w=full_w,
        rated_w=full_w,
        value_per_mwh=column(st.floats(40, 120)),
        want=want,
        owner=np.where(want == Want.STOP, column(st.sampled_from([-1, 0])), -1),
        held_elsewhere=column(st.booleans()) & held,
        step=column(st.sampled_from(list(Step))),
        attempts=column(st.integers(0, 12)),
        dispatched_s=told_s,
        resumed_s=np.where(want == Want.RUN, told_s, -np.inf),
        stopped_s=np.where(want == Want.STOP, told_s, -np.inf),
        seen=seen,
        read_began_s=column(st.sampled_from([960.0, 985.0, 999.0])),
        power_w=np.where(seen == Seen.UNKNOWN, np.nan, power_w),
        can_cap=column(st.booleans()),
        min_cap_w=1000.0,
    )


limits = st.floats(0.001, 0.03)
margins = st.sampled_from([0.0, 0.05])


def site(fleet, limit_mw, margin=0.0, **more):
    terms = terms_of(
        limit_mw=limit_mw, margin=margin, groups=GROUPS, ramp=Ramp(inrush_factor=INRUSH)
    )
    return view_of(fleet, **({"terms": terms, "owners": ("o",)} | more))


@given(fleets(), limits, margins, st.data())
def test_no_start_can_bring_the_site_above_its_limit_whatever_arrives(
    fleet, limit_mw, margin, data
):
    # Silent machines run or do not, starts under way have not begun, no stop arrives.
    silent = (fleet.seen == Seen.UNKNOWN) | (fleet.read_began_s < 970.0)
    running = np.where(
        silent, data.draw(st.booleans(), label="silent ones run"), fleet.seen == Seen.RUNNING
    )
    true_w = np.where(running, fleet.full_w, fleet.idle_w)
    view = site(fleet, limit_mw, margin, meter_mw=float(true_w.sum()) / 1e6)
    decision = decide(view)
    rises = decision.send & (decision.want == Want.RUN)
    coming = (fleet.want == Want.RUN) & (fleet.resumed_s > 400.0) & ~running
    coming |= (fleet.want == Want.RUN) & (fleet.step == Step.DISPATCHING) & ~running
    coming &= fleet.step != Step.PENDING
    worst_w = np.where(silent, fleet.full_w, true_w)
    worst_w = np.where(coming | rises, INRUSH * fleet.full_w, worst_w)
    if rises.any():
        assert worst_w.sum() <= limit_mw * (1 - margin) * 1e6 * (1 + 1e-9)


@given(fleets(), st.floats(0.0, 0.03))
def test_a_machine_held_elsewhere_is_never_told(fleet, limit_mw):
    decision = decide(site(fleet, 0.03, orders=(Order(owner="x", limit_mw=limit_mw),)))
    assert not (decision.send & fleet.held_elsewhere).any()
    assert (decision.want == fleet.want)[fleet.held_elsewhere].all()


@given(fleets())
def test_nothing_unreachable_counts_as_stopped_or_as_done(fleet):
    view = site(fleet, 0.03)
    silent = (fleet.seen == Seen.UNKNOWN) | (fleet.read_began_s < 970.0)
    sight, decision = look(view), decide(view)
    assert not sight.stopped[silent].any()
    assert (sight.draw_w[silent] == fleet.full_w[silent]).all()
    assert (decision.step[silent] != Step.CONFIRMED).all()


@given(fleets(), st.floats(0.0, 0.03))
def test_only_a_later_reading_confirms(fleet, limit_mw):
    decision = decide(site(fleet, 0.03, orders=(Order(owner="x", limit_mw=limit_mw),)))
    shown = fleet.read_began_s > fleet.dispatched_s
    stands = np.where(decision.want == Want.STOP, fleet.seen == Seen.STOPPED, True)
    assert (shown & stands)[decision.step == Step.CONFIRMED].all()


@given(fleets(), st.floats(0.0, 0.03))
def test_what_is_decided_is_consistent(fleet, limit_mw):
    order = Order(owner="x", limit_mw=limit_mw, cause=Cause.SCHEDULE)
    decision = decide(site(fleet, 0.03, orders=(order,)))
    assert sorted(decision.order) == np.flatnonzero(decision.send).tolist()
    assert (decision.step[decision.send] == Step.DISPATCHING).all()
    assert (decision.attempts[decision.send] >= 1).all()
    assert (decision.not_before_s[decision.send] >= 1030.0).all()
    assert decision.owner.max(initial=-1) < len(decision.owners)
    assert set(decision.owners) <= {"o", "x", "site limit", "group limit"}
    assert np.isfinite(decision.want_w[decision.want == Want.CAP]).all()


@given(fleets(), st.floats(0.0, 0.03), st.randoms(use_true_random=False))
def test_the_order_of_machines_in_the_columns_changes_nothing(fleet, limit_mw, random):
    places = list(range(len(fleet)))
    random.shuffle(places)
    shuffled = Fleet(
        ids=tuple(fleet.ids[i] for i in places),
        **{
            field.name: getattr(fleet, field.name)[places]
            for field in fields(Fleet)
            if field.name != "ids"
        },
    )
    order = Order(owner="x", limit_mw=limit_mw)
    first, second = (decide(site(one, 0.03, orders=(order,))) for one in (fleet, shuffled))
    assert [fleet.ids[i] for i in first.order] == [shuffled.ids[i] for i in second.order]
    assert first.want[places].tolist() == second.want.tolist()
    assert first.step[places].tolist() == second.step.tolist()


def fresh(fleet):
    """The same machines, all running and settled, none held."""
    many = len(fleet)
    return replace(
        fleet,
        want=np.full(many, Want.RUN, np.int8),
        owner=np.full(many, -1),
        step=np.full(many, Step.CONFIRMED, np.int8),
        attempts=np.zeros(many, np.int64),
        dispatched_s=np.full(many, -np.inf),
        resumed_s=np.full(many, -np.inf),
        stopped_s=np.full(many, -np.inf),
        seen=np.full(many, Seen.RUNNING, np.int8),
        read_began_s=np.full(many, 999.0),
        power_w=fleet.full_w.copy(),
        held_elsewhere=np.zeros(many, np.bool_),
        group=np.zeros(many, np.int64),
    )


@given(fleets(), limits, limits)
def test_a_lower_limit_stops_the_same_machines_and_more(fleet, one_mw, other_mw):
    running = fresh(fleet)
    low, high = sorted((one_mw, other_mw))
    stops = [
        set(np.flatnonzero(decide(site(running, 1.0, orders=(order,))).want == Want.STOP))
        for order in (Order(owner="x", limit_mw=low), Order(owner="x", limit_mw=high))
    ]
    assert stops[1] <= stops[0]


@given(fleets(), limits)
def test_a_limit_is_met_within_one_machine(fleet, limit_mw):
    running = replace(fresh(fleet), can_cap=np.zeros(len(fleet), np.bool_))
    decision = decide(site(running, 1.0, orders=(Order(owner="x", limit_mw=limit_mw),)))
    stopped = decision.want == Want.STOP
    power_w = np.where(stopped, running.idle_w, running.full_w)
    slack_w = 0.0005 * limit_mw * 1e6
    if not stopped.all():
        assert power_w.sum() <= limit_mw * 1e6 + slack_w
    if stopped.any():
        smallest_w = (running.full_w - running.idle_w)[stopped].max()
        assert power_w.sum() + smallest_w > limit_mw * 1e6


@pytest.mark.parametrize("limit_mw", [0.0, 0.007, 0.0125, 1.0])
@settings(max_examples=8)
@given(fleet=fleets(held=False, silent=False))
def test_a_site_that_obeys_comes_to_rest(limit_mw, fleet):
    plant = Plant(fleet, terms=terms_of(limit_mw=0.03), owners=("o",))
    plant.fleet = replace(fleet, group=np.zeros(len(fleet), np.int64))
    plant.orders = (Order(owner="x", limit_mw=limit_mw),)
    for _ in range(90):
        plant.tick(10.0)
    sent = sum(int(plant.tick(10.0).send.sum()) for _ in range(20))
    assert sent == 0
    if limit_mw and plant.on.any():
        assert plant.meter_mw() <= limit_mw * (1 + 0.001)


@settings(max_examples=25)
@given(fleets(least=2, held=False), st.data())
def test_the_meter_comes_below_a_limit_with_deaf_hung_and_drifting_machines(fleet, data):
    many = len(fleet)
    plant = Plant(replace(fleet, group=np.zeros(many, np.int64)), owners=("o",))
    plant.terms = terms_of(limit_mw=0.03)
    for fault in (plant.deaf, plant.hung, plant.drifting):
        fault[:] = [data.draw(st.integers(0, 4)) == 0 for _ in range(many)]
    plant.orders = (Order(owner="x", limit_mw=0.008),)
    for _ in range(150):
        plant.tick(2.0)
    bad = plant.deaf | plant.hung | plant.drifting
    reachable_w = np.where(bad, plant.fleet.full_w, plant.fleet.idle_w).sum()
    meters = [mw for at_s, mw in plant.trace if at_s > plant.now_s - 30]
    assert min(meters) <= max(0.008, reachable_w / 1e6) + 1e-9
    assert not (plant.fleet.step == Step.CONFIRMED)[plant.hung].any()
