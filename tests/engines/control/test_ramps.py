# SPDX-License-Identifier: Apache-2.0
"""How fast a site changes, and what room a start needs."""

import numpy as np
import pytest

from loadstone.engines.control import decide
from loadstone.model.operations.control import MeterView, Order
from loadstone.model.operations.fleet import Seen, Step, Want
from loadstone.model.operations.terms import Ramp
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of


def still(count, **columns):
    return fleet_of(count, **({"seen": Seen.STOPPED, "power_w": 20.0} | columns))


def started(fleet, **fields):
    return int((decide(view_of(fleet, **fields)).send).sum())


def fastest(plant, sign, seconds=60):
    """The greatest change of the meter over a minute, kW."""
    power = np.array([mw for _, mw in plant.trace]) * 1e3
    return float((sign * (power[seconds:] - power[:-seconds])).max())


def test_a_start_uses_only_the_room_that_the_meter_shows():
    terms = terms_of(limit_mw=0.0095, ramp=Ramp(inrush_factor=1.0))
    assert started(still(6), terms=terms) == 3
    assert started(still(6), terms=terms, meter_mw=0.0034) == 2  # of what is not seen too


def test_inrush_is_counted():
    terms = terms_of(limit_mw=0.0095, ramp=Ramp(inrush_factor=1.1))
    assert started(still(6), terms=terms) == 2  # 3 x 3.3 kW is too much


def test_the_margin_stays_free():
    assert started(still(1), terms=terms_of(limit_mw=0.0031)) == 1
    assert started(still(1), terms=terms_of(limit_mw=0.0031, margin=0.05)) == 0


def test_starts_under_way_that_the_meter_does_not_show_are_counted():
    fleet = still(
        3,
        step=[Step.DISPATCHED, Step.CONFIRMED, Step.CONFIRMED],
        dispatched_s=[995.0, -np.inf, -np.inf],
        resumed_s=[995.0, -np.inf, -np.inf],
        attempts=[1, 0, 0],
        read_began_s=994.0,
    )
    assert started(fleet, terms=terms_of(limit_mw=0.0065)) == 1
    assert started(still(3), terms=terms_of(limit_mw=0.0065)) == 2
    assert started(still(3), terms=terms_of(limit_mw=0.0065), budget_w=3000.0) == 1


def test_stops_that_the_meter_does_not_show_make_no_room():
    fleet = fleet_of(
        2,
        seen=[Seen.RUNNING, Seen.STOPPED],
        power_w=[3000.0, 20.0],
        want=[Want.STOP, Want.STOP],
        owner=0,
        step=[Step.DISPATCHED, Step.CONFIRMED],
        dispatched_s=[999.5, 0.0],
        attempts=[1, 0],
    )
    order = Order(owner="o", limit_mw=0.0035)
    assert started(fleet, orders=(order,), owners=("o",)) == 0


def test_silent_machines_count_at_the_draw_they_may_have():
    fleet = still(3, seen=[Seen.UNKNOWN, Seen.STOPPED, Seen.STOPPED])
    terms = terms_of(limit_mw=0.0065)
    assert started(fleet, terms=terms, meter_mw=0.00006) == 1
    assert started(fleet, terms=terms, meter_mw=0.00306) == 1  # the meter shows that it runs


def test_a_machine_returns_only_where_the_limit_leaves_room_beyond_it():
    fleet = still(2, want=Want.STOP, owner=0)
    common = {"owners": ("o",), "terms": terms_of()}
    for limit_mw, count in ((0.00302, 0), (0.00306, 1), (0.0062, 2)):
        order = Order(owner="o", limit_mw=limit_mw)
        assert started(fleet, orders=(order,), **common) == count


def test_the_ramp_down_holds_at_the_meter():
    terms = terms_of(ramp=Ramp(down_kw_per_min=30.0, inrush_factor=1.0))
    plant = Plant(fleet_of(60), terms=terms, orders=(Order(owner="o", limit_mw=0.0),))
    plant.run(400)
    assert fastest(plant, -1) <= 30.0 + 1e-9
    assert not plant.on.any()


def test_safety_does_not_wait_for_the_ramp():
    terms = terms_of(ramp=Ramp(down_kw_per_min=30.0))
    order = Order(owner="o", limit_mw=0.0, urgent=True)
    assert decide(view_of(fleet_of(60), terms=terms, orders=(order,))).send.all()
    bound = terms_of(ramp=Ramp(down_kw_per_min=30.0), limit_mw=0.06)
    assert decide(view_of(fleet_of(60), terms=bound)).send.sum() == 41  # 120 kW and idle draw


@pytest.mark.parametrize("rise_s", [1.0, 45.0, 150.0])
def test_the_ramp_up_holds_at_the_meter_however_slowly_machines_rise(rise_s):
    terms = terms_of(ramp=Ramp(up_kw_per_min=30.0, inrush_factor=1.1))
    plant = Plant(still(40), terms=terms, rise_s=rise_s, inrush=1.1)
    for _ in range(900):
        plant.tick()
        plant.low_mw = min(mw for _, mw in plant.trace[-60:])
    assert fastest(plant, 1) <= 30.0 + 1e-9
    assert plant.on.sum() > 20


def test_a_ramp_slower_than_one_machine_lets_one_go_at_a_time():
    terms = terms_of(ramp=Ramp(up_kw_per_min=2.0, down_kw_per_min=2.0, inrush_factor=1.0))
    plant = Plant(still(3), terms=terms, rise_s=1.0)
    plant.run(100)
    assert plant.on.sum() == 2  # one each minute and a half
    plant.run(120)
    plant.orders = (Order(owner="o", limit_mw=0.0),)
    plant.run(2)
    assert plant.on.sum() == 2


def test_a_silent_minute_of_the_meter_lets_a_large_machine_go():
    terms = terms_of(ramp=Ramp(up_kw_per_min=2.0, inrush_factor=1.0))
    meter = MeterView(power_mw=0.00006, began_s=999.5, low_mw=0.00006)
    assert started(still(3), terms=terms, meter=meter) == 1
    rising = MeterView(power_mw=0.00206, began_s=999.5, low_mw=0.00006)
    assert started(still(3), terms=terms, meter=rising) == 0
