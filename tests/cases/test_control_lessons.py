# SPDX-License-Identifier: Apache-2.0
"""What operators of an open fleet manager ran into, as situations that must come out right.

Source: issues and merged changes of block/proto-fleet (Apache-2.0), read 2026-11-21:
#498 and #517 (machines that come online during a full stop), #507 (a floor of 1,500 W left
machines out of a full stop), #663 and #705 (a machine that draws power without mining),
#770 (fans after machines on the way down, before them on the way up).
"""

import numpy as np

from loadstone.engines.control import decide
from loadstone.model.operations.control import Order
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.fleet import Seen, Want
from loadstone.model.operations.terms import Group
from tests.engines.control.plant import Plant, fans, fleet_of, terms_of, view_of

STOP = Order(owner="o", limit_mw=0.0)


def full_stop():
    return Event(
        id="off", site="s", kind=EventKind.STOP, mw=0.0, source="grid",
        received_s=990.0, starts_s=1000.0, ends_s=4600.0,
    )  # fmt: skip


def test_a_full_stop_reaches_machines_that_draw_little():
    fleet = fleet_of(3, power_w=[3000.0, 900.0, 90.0])
    assert decide(view_of(fleet, orders=(STOP,))).send.all()


def test_a_machine_without_a_pool_draws_power_and_can_be_stopped():
    # it answers, it is awake, it hashes nothing: the draw is what counts
    fleet = fleet_of(2, power_w=[3000.0, 250.0], value_per_mwh=[80.0, 0.0])
    assert decide(view_of(fleet, orders=(STOP,))).send.all()
    partly = decide(view_of(fleet, orders=(Order(owner="o", limit_mw=0.0032),)))
    assert partly.want.tolist() == [Want.RUN, Want.STOP]


def test_a_machine_that_comes_online_during_a_full_stop_is_put_to_sleep():
    plant = Plant(fleet_of(5), events=(full_stop(),))
    plant.hung[4] = True
    plant.run(300)
    assert plant.on.tolist() == [False] * 4 + [True]
    assert plant.fleet.step[4] != plant.fleet.step[0]
    plant.hung[4] = False
    plant.run(120)
    assert not plant.on.any()
    assert plant.events[0].open


def test_fans_follow_machines_down_and_lead_them_up():
    groups = (Group(id="g", fans="fan", fans_before_s=10.0, fans_after_s=60.0),)
    terms = terms_of(groups=groups)
    running = fleet_of(2, want=Want.STOP, owner=0, seen=[Seen.RUNNING, Seen.STOPPED])
    common = {"terms": terms, "owners": ("o",)}
    assert (
        decide(view_of(running, switches=fans(True), orders=(STOP,), **common)).switch_off == ()
    )
    asleep = fleet_of(
        2, want=Want.STOP, owner=0, seen=Seen.STOPPED, power_w=20.0, stopped_s=900.0
    )
    off = decide(view_of(asleep, switches=fans(True), orders=(STOP,), **common))
    assert off.switch_off == ("fan",)
    up = decide(view_of(asleep, switches=fans(False), **common))
    assert (up.switch_on, int(up.send.sum())) == (("fan",), 0)


def test_one_machine_that_never_obeys_does_not_hold_up_the_others():
    plant = Plant(fleet_of(100), events=(full_stop(),))
    plant.deaf[:30] = True
    plant.run(10)
    assert not plant.on[30:].any()
    assert plant.on[:30].all()
    assert np.all(plant.fleet.want == Want.STOP)
