# SPDX-License-Identifier: Apache-2.0
"""What the machines of a site are told next."""

import numpy as np
import pytest

from loadstone.engines.control import decide
from loadstone.model.operations.control import Cause, MeterView, Order
from loadstone.model.operations.fleet import Seen, Step, Want
from loadstone.model.operations.terms import Group
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of

ROOM = Order(owner="signal a", limit_mw=0.0061)


def told(decision, want):
    return [int(i) for i in decision.order if decision.want[i] == want]


def test_a_site_below_its_limit_is_left_alone():
    decision = decide(view_of(fleet_of(4), terms=terms_of(limit_mw=0.02)))
    assert not decision.send.any()
    assert (decision.want == Want.RUN).all()
    assert decision.limit_mw == pytest.approx(0.02)
    assert decision.owner_of_limit == "site limit"


def test_the_least_worth_are_stopped_first_and_no_more_than_needed():
    fleet = fleet_of(4, value_per_mwh=[80, 60, 90, 70])
    decision = decide(view_of(fleet, orders=(ROOM,)))  # 12 kW to 6.1 kW: two machines
    assert told(decision, Want.STOP) == [1, 3]
    assert [decision.owners[i] for i in decision.owner[[1, 3]]] == ["signal a"] * 2
    assert (decision.owner[[0, 2]] == -1).all()


def test_the_meter_decides_and_not_what_machines_say():
    fleet = fleet_of(4)
    decision = decide(view_of(fleet, meter_mw=0.0061, orders=(ROOM,)))
    assert not decision.send.any()


def test_stops_under_way_are_not_decided_twice():
    plant = Plant(fleet_of(10), orders=(Order(owner="o", limit_mw=0.0151),))
    sent = [int(plant.tick(0.1).send.sum()) for _ in range(5)]
    assert sent == [5, 0, 0, 0, 0]


def test_a_machine_that_does_not_stop_is_made_up_for_by_another():
    plant = Plant(fleet_of(10), orders=(Order(owner="o", limit_mw=0.0152),))
    plant.deaf[0] = True
    plant.run(60)
    assert plant.meter_mw() <= 0.0152
    assert plant.fleet.step[0] != Step.CONFIRMED
    assert (plant.fleet.want == Want.STOP).sum() == 6


def test_a_full_stop_has_no_floor_and_tells_silent_machines_too():
    fleet = fleet_of(
        3, seen=[Seen.RUNNING, Seen.UNKNOWN, Seen.STOPPED], power_w=[3000, np.nan, 20]
    )
    decision = decide(view_of(fleet, orders=(Order(owner="o", limit_mw=0.0),)))
    assert decision.send.tolist() == [True, True, False]
    assert decision.step.tolist() == [Step.DISPATCHING, Step.DISPATCHING, Step.CONFIRMED]
    assert (decision.want == Want.STOP).all()


def test_a_partial_limit_counts_nothing_on_silent_machines():
    fleet = fleet_of(4, seen=[Seen.UNKNOWN, *[Seen.RUNNING] * 3], value_per_mwh=[1, 80, 80, 80])
    decision = decide(view_of(fleet, orders=(ROOM,)))
    assert told(decision, Want.STOP) == [1, 2]


def test_a_machine_held_elsewhere_is_never_told():
    fleet = fleet_of(3, held_elsewhere=[True, False, False])
    decision = decide(view_of(fleet, orders=(Order(owner="o", limit_mw=0.0),)))
    assert decision.send.tolist() == [False, True, True]
    assert ("held elsewhere", 1) in decision.notes


def test_when_the_limit_ends_machines_come_back_and_the_owner_lets_go():
    plant = Plant(fleet_of(6), orders=(Order(owner="o", limit_mw=0.0091),))
    plant.run(20)
    assert (plant.fleet.want == Want.STOP).sum() == 3
    plant.orders = ()
    plant.run(60)
    assert plant.on.all()
    assert (plant.fleet.owner == -1).all()
    assert (plant.fleet.step == Step.CONFIRMED).all()


def test_when_one_obligation_ends_what_another_needs_passes_to_it():
    deep, other = Order(owner="deep", limit_mw=0.003), Order(owner="other", limit_mw=0.0091)
    plant = Plant(fleet_of(6), orders=(deep, other))
    plant.run(20)
    assert set(plant.owners) <= {"deep", "other"}
    plant.orders = (other,)
    plant.run(60)
    held = plant.fleet.want == Want.STOP
    assert held.sum() == 3
    assert plant.owners == ("other",)
    assert (plant.fleet.owner[held] == 0).all()


def test_the_stronger_cause_owns_what_two_need():
    price = Order(owner="price", limit_mw=np.inf, below_value=100, cause=Cause.PRICE)
    event = Order(owner="event", limit_mw=0.0061)
    decision = decide(view_of(fleet_of(4), orders=(price, event)))
    names = [decision.owners[i] for i in decision.owner]
    assert names == ["event", "event", "price", "price"]


def test_a_silent_meter_allows_no_start():
    fleet = fleet_of(2, seen=Seen.STOPPED, power_w=20.0)
    silent = MeterView(power_mw=0.0, began_s=900.0)
    decision = decide(view_of(fleet, meter=silent))
    assert not decision.send.any()
    assert "meter silent" in [alarm.kind for alarm in decision.alarms]
    assert decide(view_of(fleet)).send.all()


def test_what_a_silent_meter_means_is_a_rule_of_the_site():
    stopped, silent = fleet_of(2, seen=Seen.STOPPED, power_w=20.0), MeterView()
    curtail = terms_of(meter_silent="curtail")
    assert told(decide(view_of(fleet_of(2), meter=silent, terms=curtail)), Want.STOP) == [0, 1]
    release = terms_of(meter_silent="release", limit_mw=0.0035)
    assert len(told(decide(view_of(stopped, meter=silent, terms=release)), Want.RUN)) == 1


def test_without_a_store_only_stops_are_decided():
    fleet = fleet_of(
        4, seen=[Seen.STOPPED, *[Seen.RUNNING] * 3], power_w=[20, 3000, 3000, 3000]
    )
    free = decide(view_of(fleet, store_ok=False))
    assert not free.send.any()
    bound = decide(view_of(fleet, store_ok=False, orders=(ROOM,)))
    assert told(bound, Want.STOP) == [1]


def test_the_last_part_is_a_cap_where_one_can_be_set():
    fleet = fleet_of(4, can_cap=True, min_cap_w=1500.0)
    decision = decide(view_of(fleet, orders=(Order(owner="o", limit_mw=0.0080),)))
    assert decision.want.tolist() == [Want.STOP, Want.CAP, Want.RUN, Want.RUN]
    assert decision.want_w[1] == 3000 - (4000 - 2980)  # the stop leaves 20 W of idle draw
    assert decision.owners[decision.owner[1]] == "o"


def test_a_cap_is_lifted_when_nobody_needs_it():
    plant = Plant(fleet_of(4, can_cap=True, min_cap_w=1500.0))
    plant.orders = (Order(owner="o", limit_mw=0.0080),)
    plant.run(30)
    assert 0.0078 <= plant.meter_mw() <= 0.0080
    plant.orders = ()
    plant.run(90)
    assert plant.meter_mw() == pytest.approx(0.012)
    assert (plant.fleet.want == Want.RUN).all()
    assert (plant.fleet.owner == -1).all()


def test_protected_machines_are_stopped_last_and_never_by_a_price():
    groups = (Group(id="g", protected=True), Group(id="h"))
    fleet = fleet_of(4, group=[0, 0, 1, 1], value_per_mwh=[10, 10, 90, 90])
    terms = terms_of(groups=groups)
    decision = decide(view_of(fleet, terms=terms, orders=(ROOM,)))
    assert told(decision, Want.STOP) == [2, 3]
    price = Order(owner="price", limit_mw=np.inf, below_value=np.inf, cause=Cause.PRICE)
    decision = decide(view_of(fleet, terms=terms, orders=(price,)))
    assert told(decision, Want.STOP) == [2, 3]


def test_the_draw_of_a_group_stays_below_its_own_limit():
    groups = (Group(id="g", limit_mw=0.0065), Group(id="h"))
    terms = terms_of(groups=groups)
    fleet = fleet_of(5, group=[0, 0, 0, 1, 1], value_per_mwh=[90, 90, 90, 10, 10])
    decision = decide(view_of(fleet, terms=terms))
    assert told(decision, Want.STOP) == [0]
    assert decision.owners[decision.owner[0]] == "group limit"
    stopped = fleet_of(5, group=[0, 0, 0, 1, 1], seen=Seen.STOPPED, power_w=20.0)
    started = told(decide(view_of(stopped, terms=terms)), Want.RUN)
    assert sorted(started) == [1, 2, 3, 4]


def test_a_machine_that_wakes_by_itself_is_put_to_sleep_again():
    plant = Plant(fleet_of(4), orders=(Order(owner="o", limit_mw=0.0),))
    plant.run(10)
    assert not plant.on.any()
    plant.on[2] = True
    plant.read()
    decision = decide(plant.view())
    assert decision.send.tolist() == [False, False, True, False]
    plant.run(5)
    assert not plant.on.any()


def test_a_new_machine_in_a_full_stop_is_put_to_sleep():
    decision = decide(view_of(fleet_of(1), orders=(Order(owner="o", limit_mw=0.0),)))
    assert decision.send.all()


def test_a_prohibition_is_obeyed_and_alarmed():
    order = Order(
        owner="prohibition", limit_mw=0.0, cause=Cause.PROHIBITION, reason="Mining is forbidden"
    )
    decision = decide(view_of(fleet_of(2), orders=(order,)))
    assert told(decision, Want.STOP) == [0, 1]
    assert [a.text for a in decision.alarms if a.kind == "prohibited"] == [
        "Mining is forbidden; 2 machines are not known to be stopped"
    ]


def test_a_meter_that_stays_above_the_limit_is_alarmed():
    def kinds(over_since_s, **fields):
        meter = MeterView(power_mw=0.02, began_s=999.0, over_since_s=over_since_s)
        terms = terms_of(limit_mw=0.01)
        return [a.kind for a in decide(view_of(fleet_of(2), meter=meter, terms=terms)).alarms]

    assert kinds(941.0) == []
    assert kinds(939.0) == ["over limit"]


def test_silent_and_failed_machines_are_counted_in_alarms():
    fleet = fleet_of(
        3,
        seen=[Seen.UNKNOWN, Seen.RUNNING, Seen.RUNNING],
        want=[Want.RUN, Want.STOP, Want.RUN],
        owner=[-1, 0, -1],
        attempts=[0, 10, 0],
        not_before_s=[0, 4000, 0],
        step=Step.CONFIRMED,
    )
    decision = decide(view_of(fleet, orders=(Order(owner="o", limit_mw=0.0),), owners=("o",)))
    texts = [alarm.text for alarm in decision.alarms]
    assert texts[0] == "1 of 3 machines do not answer; they may draw 0.003 MW"
    assert texts[1].startswith("1 of 3 machines answer and do not obey")


def test_a_machine_that_a_price_stops_is_no_last_part_for_a_cap():
    fleet = fleet_of(2, can_cap=True, min_cap_w=1500.0, value_per_mwh=[50.0, 90.0])
    price = Order(owner="price", limit_mw=np.inf, below_value=60, cause=Cause.PRICE)
    limit = Order(owner="o", limit_mw=0.005)
    decision = decide(view_of(fleet, orders=(price, limit)))
    assert decision.want.tolist() == [Want.STOP, Want.RUN]


def test_without_machines_nothing_is_decided():
    decision = decide(view_of(fleet_of(0), orders=(ROOM,)))
    assert decision.order.size == 0
    assert decision.target_mw == 0.0
