# SPDX-License-Identifier: Apache-2.0
"""Which machines give way, and what is counted on."""

import numpy as np
import pytest

from loadstone.engines.control import decide
from loadstone.engines.control.choice import value_order
from loadstone.model.operations.control import Cause, MeterView, Order
from loadstone.model.operations.fleet import Seen, Step, Want
from loadstone.model.operations.terms import Group, Ramp
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of


def stops(fleet, limit_mw, **fields):
    order = Order(owner="o", limit_mw=limit_mw)
    decision = decide(view_of(fleet, orders=(order,), owners=("o",), **fields))
    return np.flatnonzero(decision.send & (decision.want == Want.STOP)).tolist()


def told(**columns):
    """Four machines; the first was told to stop a moment ago."""
    usual = {
        "want": [Want.STOP, *[Want.RUN] * 3],
        "owner": [0, -1, -1, -1],
        "step": [Step.DISPATCHED, *[Step.CONFIRMED] * 3],
        "attempts": [1, 0, 0, 0],
        "dispatched_s": [995.0, *[-np.inf] * 3],
        "not_before_s": 1025.0,
    }
    return fleet_of(4, **(usual | columns))


def test_a_stop_that_the_meter_does_not_show_yet_is_counted_on_once():
    assert stops(told(), 0.0091) == []
    assert stops(told(attempts=[2, 0, 0, 0]), 0.0091) == [1]


def test_a_stop_that_is_overdue_is_not_counted_on():
    assert stops(told(dispatched_s=[969.0, *[-np.inf] * 3]), 0.0091) == [1]


def test_a_machine_that_was_silent_before_it_was_told_is_not_counted_on():
    silent = [Seen.UNKNOWN, *[Seen.RUNNING] * 3]
    fleet = told(seen=silent, read_began_s=[900.0, 999.0, 999.0, 999.0])
    assert stops(fleet, 0.0091) == [1]
    heard = told(seen=silent, read_began_s=[990.0, 999.0, 999.0, 999.0])
    assert stops(heard, 0.0091) == []


def test_a_machine_seen_stopped_after_the_meter_was_read_is_counted():
    fleet = told(
        seen=[Seen.STOPPED, *[Seen.RUNNING] * 3],
        power_w=[20.0, 3000.0, 3000.0, 3000.0],
        read_began_s=[999.8, 999.0, 999.0, 999.0],
    )
    before = MeterView(power_mw=0.012, began_s=999.0)
    assert stops(fleet, 0.0091, meter=before) == []
    later = MeterView(power_mw=0.012, began_s=999.9)  # something else draws it
    assert stops(fleet, 0.0091, meter=later) == [1]


def test_a_machine_held_elsewhere_is_not_counted_on():
    fleet = fleet_of(
        4, held_elsewhere=[True, False, False, False], value_per_mwh=[1, 80, 80, 80]
    )
    assert stops(fleet, 0.0061) == [1, 2]


def order_of(fleet):
    return value_order(fleet, np.zeros(len(fleet.ids), dtype=np.bool_)).tolist()


def test_the_restart_is_part_of_what_a_stop_costs_and_dearer_after_many():
    dear = fleet_of(2, value_per_mwh=[80.0, 81.0], restart_cost=[0.05, 0.0])
    assert order_of(dear) == [1, 0]
    worn = fleet_of(2, restart_cost=0.05, starts=[3, 0])
    assert order_of(worn) == [1, 0]


def test_among_equals_the_less_efficient_goes_first_then_the_one_that_ran_longest():
    assert order_of(fleet_of(2, j_per_th=[18.0, 30.0])) == [1, 0]
    assert order_of(fleet_of(2, resumed_s=[500.0, 300.0])) == [1, 0]
    assert order_of(fleet_of(2, ids=("b", "a"))) == [1, 0]


def test_groups_take_turns_at_inrush_below_their_own_limit():
    groups = (Group(id="g", limit_mw=0.0065), Group(id="h"))
    terms = terms_of(groups=groups, ramp=Ramp(inrush_factor=1.1))
    fleet = fleet_of(3, group=[0, 0, 1], seen=Seen.STOPPED, power_w=20.0)
    decision = decide(view_of(fleet, terms=terms))
    assert decision.send.tolist() == [False, True, True]  # 2 x 3.3 kW is above 6.5 kW


def test_a_machine_told_to_start_is_stopped_again_when_a_limit_comes():
    fleet = fleet_of(
        1, seen=Seen.STOPPED, power_w=20.0, step=Step.DISPATCHED, attempts=1,
        dispatched_s=995.0, resumed_s=995.0, read_began_s=999.0, not_before_s=1025.0,
    )  # fmt: skip
    decision = decide(view_of(fleet, orders=(Order(owner="o", limit_mw=0.0),)))
    assert decision.send.tolist() == [True]
    assert decision.want.tolist() == [Want.STOP]


def test_silent_machines_are_told_blindly_when_all_that_answer_are_not_enough():
    fleet = fleet_of(3, seen=[Seen.UNKNOWN, Seen.RUNNING, Seen.RUNNING])
    assert stops(fleet, 0.0035) == [1, 2]
    assert stops(fleet, 0.0029) == [0, 1, 2]


def test_of_silent_machines_no_more_are_told_than_would_do_and_others_only_later():
    fleet = fleet_of(4, seen=Seen.UNKNOWN)
    assert stops(fleet, 0.0091) == [0]
    waiting = told(seen=Seen.UNKNOWN, read_began_s=900.0)
    assert stops(waiting, 0.0091) == []
    in_vain = told(seen=Seen.UNKNOWN, read_began_s=900.0, dispatched_s=960.0)
    assert stops(in_vain, 0.0091) == [1]


def test_after_a_start_of_the_agent_a_limit_waits_for_the_first_readings():
    new = fleet_of(3, seen=Seen.UNKNOWN, read_began_s=-np.inf, tried_s=-np.inf)
    assert stops(new, 0.0061) == []
    assert stops(new, 0.0) == [0, 1, 2]


def test_a_silent_machine_stays_with_its_owner_while_that_wants_anything():
    fleet = fleet_of(3, seen=Seen.UNKNOWN, want=Want.STOP, owner=0)
    order = Order(owner="o", limit_mw=0.02)
    held = decide(view_of(fleet, orders=(order,), owners=("o",), meter_mw=0.001))
    assert (held.want == Want.STOP).all()
    assert (held.owner == 0).all()
    free = decide(view_of(fleet, owners=("o",), meter_mw=0.001))
    assert (free.want == Want.RUN).all()
    assert not free.send.any()


def test_a_cap_goes_deeper_and_then_gives_way_to_a_stop():
    fleet = fleet_of(
        2, can_cap=True, min_cap_w=1500.0, want=[Want.CAP, Want.RUN], want_w=[2500.0, np.nan],
        owner=[0, -1], power_w=[2500.0, 3000.0], limit_w=[2500.0, np.nan],
    )  # fmt: skip

    def at(limit_mw, one=fleet):
        order = Order(owner="o", limit_mw=limit_mw)
        decision = decide(view_of(one, orders=(order,), owners=("o",)))
        return decision.want.tolist(), decision.want_w[decision.want == Want.CAP].tolist()

    assert at(0.0055) == ([Want.CAP, Want.RUN], [2500.0])
    assert at(0.0050) == ([Want.CAP, Want.RUN], [2000.0])
    assert at(0.0042) == ([Want.STOP, Want.RUN], [])
    assert at(0.0028) == ([Want.STOP, Want.CAP], [2780.0])


def test_a_cap_that_is_refused_is_made_up_for():
    fleet = fleet_of(
        2, can_cap=[True, False], min_cap_w=1500.0, want=[Want.CAP, Want.RUN],
        want_w=[2500.0, np.nan], owner=[0, -1], step=[Step.DISPATCHED, Step.CONFIRMED],
        attempts=[1, 0], dispatched_s=[960.0, -np.inf], not_before_s=1025.0,
    )  # fmt: skip
    assert stops(fleet, 0.0055) == [0]


def test_a_machine_a_little_above_its_cap_gives_way_when_the_limit_is_not_kept():
    def capped_at(draw_w, limit_mw):  # 2,500 W were asked; up to 5 % more count as capped
        return stops(
            fleet_of(
                2, can_cap=True, min_cap_w=1500.0, want=[Want.CAP, Want.RUN],
                want_w=[2500.0, np.nan], owner=[0, -1], power_w=[draw_w, 3000.0],
            ),
            limit_mw,
        )  # fmt: skip

    assert capped_at(2610.0, 0.0055) == [0]  # 5,610 W at the meter, and no deeper cap helps
    assert capped_at(2610.0, 0.0057) == []  # kept all the same
    assert capped_at(2510.0, 0.0055) == []  # within what the meter's slack allows


def test_another_machine_is_capped_where_the_next_in_order_cannot_be():
    fleet = fleet_of(3, can_cap=[False, False, True], min_cap_w=1500.0)
    order = Order(owner="o", limit_mw=0.0080)
    decision = decide(view_of(fleet, orders=(order,)))
    assert decision.want.tolist() == [Want.RUN, Want.RUN, Want.CAP]
    assert decision.want_w[2] == 2000.0


@pytest.mark.parametrize("told_mw", [0.0, 0.0005])
def test_what_the_meter_shows_beyond_the_machines_scales_them(told_mw):
    # 4 machines tell 12 kW, the meter shows 12.6 kW: others, or machines that draw more
    fleet = fleet_of(4)
    decision = decide(
        view_of(
            fleet,
            meter_mw=0.0126,
            others_mw=told_mw,
            orders=(Order(owner="o", limit_mw=0.0095),),
        )
    )
    assert (decision.want == Want.STOP).sum() == (1 if told_mw == 0.0 else 2)


def test_what_a_group_or_a_price_stops_anyway_counts_for_the_limit_at_the_meter():
    # 12 machines of 3 kW: two too many for their group, two for the site: the same two
    groups = (Group(id="g"), Group(id="h", limit_mw=0.0122))
    fleet = fleet_of(12, group=[0] * 6 + [1] * 6, value_per_mwh=[60.0] * 6 + [80.0] * 6)
    plant = Plant(fleet, terms=terms_of(limit_mw=0.0302, groups=groups))
    plant.run(120)
    assert plant.on.tolist() == [True] * 6 + [False] * 2 + [True] * 4
    # a price spares what is protected; the machine that it stops is enough for the limit
    fleet = fleet_of(
        3, group=[0, 0, 1], value_per_mwh=[60.0, 90.0, 50.0], restart_cost=[9, 0, 0]
    )
    price = Order(
        owner="price a", limit_mw=np.inf, cause=Cause.PRICE, below_value=70.0, keep_below=70.0
    )
    guarded = (Group(id="g"), Group(id="p", protected=True))
    terms = terms_of(limit_mw=0.0062, groups=guarded)
    decision = decide(view_of(fleet, terms=terms, orders=(price,)))
    assert decision.want.tolist() == [Want.STOP, Want.RUN, Want.RUN]
