# SPDX-License-Identifier: Apache-2.0
"""What the main meter says of all that is no machine."""

from types import SimpleNamespace

import pytest

from loadstone.model.operations.meter import MeterReading
from loadstone.model.operations.reading import Reading, Reason, State
from loadstone.services.operations.book import FleetBook
from loadstone.services.operations.metering import Metering
from tests.services.operations.living_site import RATED_W, machines_of, terms_of

RUNNING, STOPPED, UNKNOWN = State.RUNNING, State.STOPPED, State.UNKNOWN


def metering(states, power_w, meter_mw):
    """A minute of a meter beside machines in these states that tell this of their draw."""
    book = FleetBook(terms_of(), machines_of(len(states)), {})
    for i, state in enumerate(states):
        reason = Reason.TIMEOUT if state is UNKNOWN else Reason.NONE
        told_w = None if state is UNKNOWN else power_w
        said = Reading(state=state, reason=reason, began_s=1.0, ended_s=1.1, power_w=told_w)
        book.take_reading(i, said)
    telemetry = SimpleNamespace(add_meter=lambda *_: None)
    parts = SimpleNamespace(
        book=book,
        terms=terms_of(),
        time=SimpleNamespace(utc_s=lambda: 0.0),
        doors=SimpleNamespace(telemetry=telemetry),
    )
    made = Metering(parts)
    for at_s in range(60):
        made._take(MeterReading(meter="main", began_s=float(at_s), power_mw=meter_mw))
    return made


@pytest.mark.parametrize("told_w", [RATED_W, None])
def test_machines_that_do_not_tell_their_draw_are_not_taken_for_others(told_w):
    meter_mw = 4 * RATED_W / 1e6 + 0.002
    found = metering([RUNNING] * 4, told_w, meter_mw)
    assert found.others_mw == pytest.approx(0.002, abs=1e-7)
    assert found.others_floor_mw == pytest.approx(0.002)


def test_an_unknown_machine_may_be_all_that_the_meter_shows():
    found = metering([RUNNING, UNKNOWN], None, 2 * RATED_W / 1e6)
    assert (found.others_mw, found.others_floor_mw) == (0.0, 0.0)


def test_what_machines_that_stand_still_do_not_draw_is_of_others():
    found = metering([STOPPED] * 4, None, 0.002)
    assert found.others_mw == pytest.approx(0.002 - 4 * 30e-6, abs=1e-7)
