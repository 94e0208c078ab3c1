# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from loadstone.engines.measurement.intervals import Trace
from loadstone.engines.measurement.proof import Evidence, proof_of
from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event, EventKind, EventState, Method
from loadstone.model.operations.proof import Moment

START = 1_800_000_000.0


def event(kind: EventKind, mw: float, **given) -> Event:
    usual = {"active_s": START, "restoring_s": START + 900, "state": EventState.DONE}
    return Event(
        id="e1",
        site="campus",
        kind=kind,
        mw=mw,
        source="operator",
        penalty_per_mwh=100.0,
        received_s=START - 60,
        starts_s=START,
        ends_s=START + 900,
        method=Method(interval_s=300),
        **usual | given,
    )


def trace(until_s: float = 1_200, gap: tuple[float, float] = (0, 0)) -> Trace:
    """20 MW before; 12 MW for five minutes; 5 MW after that, read each second."""
    at = np.arange(-1_000.0, until_s)
    mw = np.where(at < 0, 20.0, np.where(at < 300, 12.0, 5.0))
    mw[(at >= gap[0]) & (at < gap[1])] = np.nan
    nothing = np.full(at.shape, np.nan)
    hold_s = np.full(at.shape, 10.0)
    return Trace(at_s=START + at, power_mw=mw, energy_mwh=nothing, hold_s=hold_s)


def evidence(told: float | None = START) -> Evidence:
    return Evidence(
        timeline=(Moment(at_s=START, what="first machine told"),),
        first_told_s=told,
        outcomes={"confirmed": 9},
        reasons={},
        event_days=frozenset(),
        simulated=True,
        record="0" * 64,
    )


def proof(one: Event, readings: Trace | None = None):
    return proof_of(one, readings or trace(), evidence(), meter="main", zone="UTC")


def test_delivery_is_baseline_less_meter_interval_by_interval():
    found = proof(event(EventKind.TO_MW, 10.0))
    assert [one.delivered_mw for one in found.intervals] == pytest.approx([8.0, 15.0, 15.0])
    assert [one.kept for one in found.intervals] == [False, True, True]
    # 8 + 15 + 15 MW for five minutes each; 10 were owed, and 2 missed for five minutes
    assert found.delivered_mwh == pytest.approx(38 / 12)
    assert found.obliged_mwh == pytest.approx(30 / 12)
    assert found.shortfall_mwh == pytest.approx(2 / 12)
    assert found.penalty == pytest.approx(200 / 12)


def test_an_amount_is_owed_against_the_baseline():
    found = proof(event(EventKind.BY_MW, 15.0))
    assert [one.kept for one in found.intervals] == [False, True, True]
    assert found.shortfall_mwh == pytest.approx(7 / 12)


def test_a_site_below_the_power_of_its_event_misses_nothing_though_it_drew_less_before():
    # the baseline is 10 MW: 12 MW are allowed, so the first five minutes are kept, at 12
    before = trace()
    before.power_mw[before.at_s < START] = 10.0
    found = proof(event(EventKind.TO_MW, 12.0), before)
    assert [one.kept for one in found.intervals] == [True, True, True]
    assert [one.delivered_mw for one in found.intervals] == pytest.approx([-2.0, 5.0, 5.0])
    assert (found.obliged_mwh, found.shortfall_mwh, found.penalty) == (0.0, 0.0, 0.0)
    above = proof(event(EventKind.TO_MW, 11.0), before)  # 1 MW above for five minutes
    assert above.shortfall_mwh == pytest.approx(1 / 12)


def test_a_full_stop_owes_machines_and_not_megawatts():
    found = proof(event(EventKind.STOP, 0.0))
    assert found.delivered_mwh == pytest.approx(38 / 12)
    assert (found.obliged_mwh, found.shortfall_mwh, found.penalty) == (None, None, None)


def test_what_was_not_metered_is_not_delivered_and_not_missed():
    found = proof(event(EventKind.TO_MW, 10.0), trace(gap=(300, 600)))
    assert [one.delivered_mw for one in found.intervals] == pytest.approx([8.0, None, 15.0])
    assert found.intervals[1].kept is None
    assert found.unknown_s == 300.0


def test_the_last_interval_may_be_short():
    found = proof(event(EventKind.TO_MW, 10.0, restoring_s=START + 700))
    assert found.intervals[-1].ends_s - found.intervals[-1].starts_s == 100.0


def test_an_event_under_way_is_measured_as_far_as_the_meter():
    one = event(EventKind.TO_MW, 10.0, restoring_s=None, state=EventState.ACTIVE)
    found = proof(one, trace(until_s=600))
    assert [one.ends_s - START for one in found.intervals] == [300.0, 599.0]


def test_an_event_that_was_never_active_has_no_proof():
    with pytest.raises(InputError, match="nothing to prove"):
        proof(event(EventKind.TO_MW, 10.0, active_s=None, restoring_s=None))


def test_the_trace_shows_a_quarter_of_an_hour_around():
    found = proof(event(EventKind.TO_MW, 10.0))
    assert found.trace[0] == (START - 900.0, 20.0)
