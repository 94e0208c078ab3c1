# SPDX-License-Identifier: Apache-2.0
"""What signals ask for now."""

from math import inf

import numpy as np
import pytest

from loadstone.engines.control import decide, price_order, signal_orders
from loadstone.model.operations.control import Cause
from loadstone.model.operations.fleet import Want
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import (
    FileSignal,
    MqttSignal,
    SilencePolicy,
    Strike,
    Timing,
)
from tests.engines.control.plant import Plant, fleet_of, terms_of, view_of


def value(number, kind=SignalKind.LIMIT_MW, *, starts_s=0.0, ends_s=None):
    return SignalValue(
        signal="a", kind=kind, value=number, heard_s=0.0, starts_s=starts_s, ends_s=ends_s
    )


def mqtt(means="limit_mw", **fields):
    return MqttSignal(id="a", means=means, host="127.0.0.1", topic="t", **fields)


def asked(terms, *values, silent_s=0.0, now_s=100.0, meter_mw=8.0, baselines=None):
    return signal_orders(
        [terms],
        {"a": values},
        {"a": silent_s},
        now_s=now_s,
        meter_mw=meter_mw,
        baselines=baselines or {},
    )


def prices(*numbers, **strike):
    return price_order("a", Strike(**strike), numbers)


def test_a_set_point_is_a_limit_and_the_last_one_that_has_begun_holds():
    order = asked(mqtt(), value(5.0), value(3.0, starts_s=50), value(1.0, starts_s=500)).orders
    assert [(one.owner, one.limit_mw, one.cause) for one in order] == [
        ("signal a", 3.0, Cause.EVENT)
    ]


@pytest.mark.parametrize(("now_s", "price"), [(60.0, 50.0), (75.0, 500.0), (95.0, 50.0)])
def test_a_value_that_lasts_longer_holds_again_when_a_later_one_has_ended(now_s, price):
    day = value(50.0, SignalKind.PRICE, ends_s=1000.0)
    peak = value(500.0, SignalKind.PRICE, starts_s=70.0, ends_s=80.0)
    silence = SilencePolicy(after_s=10, then="curtail")
    terms = FileSignal(
        id="a", means="price", path="x.csv", strike=Strike(stop_above=100), silence=silence
    )
    found = asked(terms, day, peak, now_s=now_s)
    assert found.alarms == ()
    assert found.orders[0].reason.startswith(f"the price is {price:g}/MWh")
    limits = asked(mqtt(), value(5.0), value(3.0, starts_s=50.0, ends_s=90.0)).orders
    assert [order.limit_mw for order in limits] == [5.0]


def test_a_set_point_that_has_ended_asks_for_nothing():
    assert asked(mqtt(), value(5.0, ends_s=90)).orders == ()


def test_a_price_that_has_ended_stops_no_further_machine_and_keeps_the_others():
    ended = value(90.0, SignalKind.PRICE, ends_s=90.0)
    assert [order.cause for order in asked(mqtt("price"), ended).orders] == [Cause.PRICE]


def test_a_signal_that_was_never_heard_and_is_to_be_held_asks_for_nothing():
    assert asked(mqtt(silence=SilencePolicy(after_s=60)), silent_s=61.0).orders == ()


@pytest.mark.parametrize(
    ("then", "silent_s", "stays"),
    [("release", 59.0, 2), ("curtail", 59.0, 2), ("hold", 9e9, 2), ("release", 61.0, 0)],
)
def test_what_a_signal_stopped_before_a_restart_stays_so_until_it_is_heard(
    then, silent_s, stays
):
    terms = mqtt(silence=SilencePolicy(after_s=60, then=then))
    fleet = fleet_of(6)
    fleet.want[:3], fleet.owner[:3] = Want.STOP, [0, 1, 2]
    owners = ("price a", "signal a", "signal other")
    orders = signal_orders(
        [terms],
        {},
        {"a": silent_s},
        now_s=100.0,
        meter_mw=8.0,
        baselines={},
        unheard={"a"},
    ).orders
    decision = decide(view_of(fleet, orders=orders, owners=owners))
    assert list(decision.want == Want.STOP) == [True] * stays + [False] * (6 - stays)


def test_run_of_one_lets_run_and_run_of_zero_stops():
    assert asked(mqtt("run"), value(1, SignalKind.RUN)).orders == ()
    assert asked(mqtt("run"), value(0, SignalKind.RUN)).orders[0].limit_mw == 0.0


def test_a_reduction_counts_from_the_power_when_it_was_first_asked_for():
    by = value(3.0, SignalKind.BY_MW)
    first = asked(mqtt("by_mw"), by, meter_mw=8.0)
    assert first.orders[0].limit_mw == 5.0
    again = asked(mqtt("by_mw"), by, meter_mw=5.0, baselines=first.baselines)
    assert again.orders[0].limit_mw == 5.0
    over = asked(mqtt("by_mw"), by, value(0.0, SignalKind.BY_MW, starts_s=50), meter_mw=5.0)
    assert (over.orders, over.baselines) == ((), {})


@pytest.mark.parametrize("then", ["curtail", "release", "hold"])
def test_a_reduction_that_falls_silent_counts_from_the_same_power_when_it_is_heard_again(then):
    terms = mqtt("by_mw", silence=SilencePolicy(after_s=60, then=then))
    by = value(3.0, SignalKind.BY_MW)
    first = asked(terms, by, meter_mw=8.0)
    silent = asked(terms, by, silent_s=61.0, meter_mw=5.0, baselines=first.baselines)
    heard = asked(terms, by, meter_mw=0.0, baselines=silent.baselines)
    assert [order.limit_mw for order in heard.orders] == [5.0]


def test_a_reduction_waits_for_a_meter():
    assert asked(mqtt("by_mw"), value(3.0, SignalKind.BY_MW), meter_mw=None).orders == ()


@pytest.mark.parametrize(
    ("then", "limits"), [("hold", [5.0]), ("curtail", [0.0, 5.0]), ("release", [])]
)
def test_what_silence_means_is_a_rule_of_the_signal(then, limits):
    terms = mqtt(silence=SilencePolicy(after_s=60, then=then))
    heard = asked(terms, value(5.0), silent_s=59.0)
    assert [order.limit_mw for order in heard.orders] == [5.0]
    assert heard.alarms == ()
    silent = asked(terms, value(5.0), silent_s=61.0)
    assert sorted(order.limit_mw for order in silent.orders) == sorted(
        limits if then != "curtail" else [0.0]
    )
    assert [alarm.kind for alarm in silent.alarms] == ["signal silent"]


def test_a_file_is_silent_when_none_of_its_values_holds():
    terms = FileSignal(
        id="a", means="limit_mw", path="x.csv", silence=SilencePolicy(after_s=60)
    )
    assert asked(terms, value(5.0), silent_s=9e9).alarms == ()
    assert asked(terms, value(5.0, ends_s=90.0), silent_s=9e9).alarms == ()
    assert asked(terms, value(5.0, ends_s=30.0), silent_s=0.0).alarms != ()
    assert asked(terms, silent_s=61.0).alarms != ()


def test_a_price_stops_after_so_many_prices_above_the_strike():
    assert prices(90.0, stop_above=80, stop_after=2).below_value == -inf
    assert prices(70.0, 90.0, stop_above=80, stop_after=2).below_value == -inf
    assert prices(85.0, 90.0, stop_above=80, stop_after=2).below_value == inf


def test_stopped_machines_stay_so_between_the_two_prices():
    between = prices(90.0, 78.0, 78.0, stop_above=80, resume_below=75)
    assert (between.below_value, between.keep_below) == (-inf, inf)
    once = prices(90.0, 74.0, stop_above=80, resume_below=75, resume_after=2)
    assert once.keep_below == inf
    twice = prices(90.0, 74.0, 74.0, stop_above=80, resume_below=75, resume_after=2)
    assert twice.keep_below == -inf


def test_without_a_resume_price_it_is_a_twentieth_below_the_strike():
    assert prices(77.0, 77.0, stop_above=80).keep_below == inf
    assert prices(75.9, 75.9, stop_above=80).keep_below == -inf
    assert prices(-10.4, -10.4, stop_above=-10).keep_below == inf
    assert prices(-10.6, -10.6, stop_above=-10).keep_below == -inf


def test_without_a_strike_each_machine_has_its_own():
    order = prices(95.0, 95.0)
    fleet = fleet_of(3, value_per_mwh=[90.0, 98.0, 120.0])
    decision = decide(view_of(fleet, orders=(order,)))
    assert decision.want.tolist() == [Want.STOP, Want.RUN, Want.RUN]
    assert decision.owners == ("price a",)
    kept = fleet_of(3, value_per_mwh=[90.0, 98.0, 120.0], want=Want.STOP, owner=0, seen=2)
    kept = decide(view_of(kept, orders=(order,), owners=("price a",)))
    assert kept.want.tolist() == [Want.STOP, Want.STOP, Want.RUN]  # 95 is not 5 % below 98


def test_a_price_below_zero_keeps_nothing_stopped():
    assert prices(-5.0, -5.0).keep_below == -5.0


def test_a_machine_rests_between_two_turns_of_the_price_and_no_other():
    order = prices(95.0, 95.0)
    terms = terms_of(timing=Timing(cooldown_s=600.0))
    risen = fleet_of(2, resumed_s=[700.0, 300.0])
    decision = decide(view_of(risen, orders=(order,), terms=terms))
    assert decision.want.tolist() == [Want.RUN, Want.STOP]
    assert decide(view_of(risen, orders=(order,), terms=terms_of())).send.all()
    stopped = fleet_of(
        2, want=Want.STOP, owner=0, seen=2, power_w=20.0, stopped_s=[700.0, 300.0]
    )
    back = decide(view_of(stopped, owners=("price a",), terms=terms))
    assert back.send.tolist() == [False, True]
    assert ("rests after a price", 1) in back.notes
    assert decide(view_of(stopped, owners=("some event",), terms=terms)).send.all()


def test_a_site_follows_a_price_spike_and_comes_back():
    strike = Strike(stop_above=80)
    plant = Plant(fleet_of(8), terms=terms_of(timing=Timing(cooldown_s=60.0)))
    heard = []
    for price, on in ((50.0, 8), (120.0, 0), (50.0, 0), (50.0, 8)):
        heard.append(price)
        plant.orders = (price_order("a", strike, heard),)
        plant.run(120)
        assert plant.on.sum() == on
    assert np.all(plant.fleet.owner == -1)
