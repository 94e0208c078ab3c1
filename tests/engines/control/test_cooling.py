# SPDX-License-Identifier: Apache-2.0
"""Fans: on before machines, off after them."""

import numpy as np
import pytest

from loadstone.engines.control import decide
from loadstone.model.operations.control import Order, SwitchView
from loadstone.model.operations.fleet import Seen, Want
from loadstone.model.operations.terms import Group
from tests.engines.control.plant import Plant, fans, fleet_of, terms_of, view_of

HALL = (Group(id="g", fans="fan", fans_before_s=10.0, fans_after_s=120.0),)
TERMS = terms_of(groups=HALL)
STOP = Order(owner="o", limit_mw=0.0)


def stopped(count=2, **columns):
    usual = {"want": Want.STOP, "seen": Seen.STOPPED, "power_w": 20.0, "owner": 0}
    return fleet_of(count, **(usual | columns))


def at(fleet, switches, **fields):
    return decide(view_of(fleet, terms=TERMS, switches=switches, owners=("o",), **fields))


def test_fans_come_on_before_the_first_machine():
    cold = at(stopped(), fans(False))
    assert (cold.switch_on, cold.send.any()) == (("fan",), False)
    assert ("fans are not on", 2) in cold.notes
    told = at(stopped(), fans(True, changed_s=995.0))
    assert (told.switch_on, told.send.any()) == ((), False)
    warm = at(stopped(), fans(True, changed_s=985.0))
    assert warm.send.all()


def test_fans_whose_state_was_read_before_they_were_told_are_not_known():
    decision = at(stopped(), fans(True, began_s=984.0, changed_s=985.0))
    assert not decision.send.any()


def test_fans_are_told_again_only_after_a_pause():
    assert at(stopped(), fans(False, changed_s=997.0)).switch_on == ()
    assert at(stopped(), fans(False, changed_s=994.0)).switch_on == ("fan",)


def test_fans_that_do_not_come_on_keep_the_group_stopped_and_are_reported():
    assert at(stopped(), fans(False, changed_s=996.0, asked_s=986.0)).alarms == ()
    decision = at(stopped(), fans(False, changed_s=996.0, asked_s=985.0))
    assert not decision.send.any()
    assert [(a.kind, a.subject) for a in decision.alarms] == [("fans", "fan")]


def test_fans_that_are_off_because_they_were_told_so_are_no_alarm():
    fleet = stopped(stopped_s=0.0)
    assert at(fleet, fans(False, changed_s=900.0, asked_s=900.0), orders=(STOP,)).alarms == ()


def test_a_switch_that_is_never_heard_starts_nothing():
    assert not at(stopped(), ()).send.any()
    assert not at(stopped(), (SwitchView(id="fan"),)).send.any()


@pytest.mark.parametrize(("stopped_s", "off"), [(881.0, ()), (880.0, ("fan",))])
def test_fans_go_off_some_time_after_the_last_machine(stopped_s, off):
    fleet = stopped(stopped_s=[100.0, stopped_s])
    assert at(fleet, fans(True), orders=(STOP,)).switch_off == off


def test_a_machine_that_is_silent_or_runs_keeps_fans_on():
    for seen in (Seen.UNKNOWN, Seen.RUNNING):
        fleet = stopped(seen=[Seen.STOPPED, seen], stopped_s=0.0)
        assert at(fleet, fans(True), orders=(STOP,)).switch_off == ()


def test_a_machine_that_runs_without_fans_is_stopped_and_reported():
    decision = at(fleet_of(2), fans(False))
    assert decision.want.tolist() == [Want.STOP, Want.STOP]
    assert decision.send.all()
    assert decision.owners == ("cooling",)
    assert decision.switch_on == ("fan",)
    assert "fans off" in [alarm.kind for alarm in decision.alarms]


def test_machines_stopped_for_their_fans_wait_for_them():
    fleet = stopped()
    fields = {"terms": TERMS, "owners": ("cooling",)}
    assert not decide(view_of(fleet, switches=fans(None), **fields)).send.any()
    assert decide(view_of(fleet, switches=fans(True, changed_s=900.0), **fields)).send.all()


def test_a_group_that_shares_no_fans_is_left_alone():
    groups = (*HALL, Group(id="h"))
    fleet = fleet_of(2, group=[0, 1])
    decision = decide(view_of(fleet, terms=terms_of(groups=groups), switches=fans(False)))
    assert decision.want.tolist() == [Want.STOP, Want.RUN]


def test_two_groups_on_one_switch_keep_it_on_for_each_other():
    groups = (*HALL, Group(id="h", fans="fan"))
    fleet = stopped(group=[0, 1], seen=[Seen.STOPPED, Seen.RUNNING], stopped_s=0.0)
    view = view_of(fleet, terms=terms_of(groups=groups), switches=fans(True), orders=(STOP,))
    assert decide(view).switch_off == ()


def test_a_stop_and_a_restart_pass_in_the_right_order():
    plant = Plant(fleet_of(3), terms=TERMS, orders=(STOP,))
    on, changed_s, seen = True, None, []
    for second in range(400):
        plant.orders = (STOP,) if second < 200 else ()
        plant.switches = fans(on, began_s=plant.now_s + 0.5, changed_s=changed_s)
        decision = plant.tick()
        seen.append((on, bool(plant.on.any())))
        if decision.switch_on or decision.switch_off:
            on, changed_s = bool(decision.switch_on), plant.now_s
    assert (False, True) not in seen
    assert (False, False) in seen
    assert seen[-1] == (True, True)
    assert np.all(plant.fleet.want == Want.RUN)
