# SPDX-License-Identifier: Apache-2.0
"""Proofs made from a store and a history, as the command makes them."""

import json
from dataclasses import replace
from datetime import date

import pytest

from loadstone.adapters.store import open_store
from loadstone.adapters.store.telemetry import open_telemetry
from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event, EventKind, EventState, Method
from loadstone.model.operations.meter import MeterReading
from loadstone.model.operations.target import Entry
from loadstone.model.operations.terms import ModbusMeter, SiteTerms
from loadstone.services.operations.proving import evidence_of, prove

START = 1_800_000_000.0
TERMS = SiteTerms(
    site="campus", meters=(ModbusMeter(id="main", host="127.0.0.1", power_register=0),)
)
EVENT = Event(
    id="e1",
    site="campus",
    kind=EventKind.TO_MW,
    mw=2.0,
    source="operator",
    received_s=START - 60,
    starts_s=START,
    ends_s=START + 600,
    method=Method(interval_s=300),
)
LIFE = {
    "accepted_s": START - 59,
    "active_s": START,
    "restoring_s": START + 600,
    "done_s": START + 700,
    "baseline_mw": 10.0,
}


@pytest.fixture
def store():
    made = open_store()
    yield made
    made.close()


@pytest.fixture
def telemetry(tmp_path):
    history = open_telemetry(tmp_path / "history", {"campus": 3.0})
    for at in range(-700, 800):
        mw = 10.0 if at < 10 or at >= 600 else 1.5
        reading = MeterReading(meter="main", began_s=START + at, power_mw=mw)
        history.add_meter("campus", reading, START + at)
    history.flush()
    return history


def line(at: float, kind: str, machines: list[str], **data) -> Entry:
    said = json.dumps({"machines": machines, **data})
    return Entry(at_s=START + at, site="campus", kind=kind, text=kind, data=said)


def record(store, *lines: Entry) -> None:
    store.add_event(EVENT)
    store.put_events([replace(EVENT, **LIFE, state=EventState.DONE)], lines)


def proof_in(store, telemetry, event="e1", terms=TERMS):
    return prove(
        event, terms=terms, zone="UTC", store=store, telemetry=telemetry, simulated=True
    )


STOPS = line(0, "command", ["a", "b", "c", "d"], action="stop", owner="e1")


def test_the_meter_and_the_machines_come_from_the_record(store, telemetry):
    record(
        store,
        STOPS,
        line(1, "outcome", ["d"], said="refused", reason="denied"),
        line(8, "confirmed", ["a", "b"], action="stop"),
        line(9, "unavailable", ["c"], action="stop"),
        line(30, "confirmed", ["b"], action="stop"),
    )
    found = proof_in(store, telemetry)
    # the meter fell ten seconds late: 10 s of 10 MW and 290 s of 1.5 in the first interval
    first, second = found.intervals
    assert first.metered_mw == pytest.approx((10 * 10 + 290 * 1.5) / 300)
    assert second.metered_mw == pytest.approx(1.5)
    assert second.delivered_mw == pytest.approx(8.5)
    assert [first.kept, second.kept] == [True, True]
    assert found.outcomes == {"confirmed": 2, "told, not confirmed": 1, "unavailable": 1}
    assert found.reasons == {"denied": 1, "no reading showed it": 1}
    what = [moment.what for moment in found.timeline]
    assert what.index("first machine told") < what.index("first stop confirmed")
    assert [m.at_s for m in found.timeline if m.what == "last stop confirmed"] == [START + 30]


def test_what_a_slow_ramp_is_measured_against_lies_before_its_first_machine(store, telemetry):
    # machines were told 2,000 s before the start, longer than a proof looks around itself
    slow = replace(
        EVENT,
        received_s=START - 2_100,
        method=Method(adjust_from_s=100.0, adjust_until_s=50.0, before_s=60.0),
    )
    for at in range(-2_300, -700):
        mw = 10.0 if at < -2_000 else 6.0
        reading = MeterReading(meter="main", began_s=START + at, power_mw=mw)
        telemetry.add_meter("campus", reading, START + at)
    telemetry.flush()
    store.add_event(slow)
    life = LIFE | {"active_s": START - 2_000, "accepted_s": START - 2_099}
    told = line(-2_000, "command", ["a"], action="stop", owner="e1")
    store.put_events([replace(slow, **life, state=EventState.DONE)], [told])
    found = proof_in(store, telemetry)
    assert (found.baseline.mw[0], found.baseline.missing) == (10.0, "")


def test_the_same_record_gives_the_same_proof(store, telemetry):
    record(store, STOPS, line(8, "confirmed", ["a"], action="stop"))
    assert proof_in(store, telemetry) == proof_in(store, telemetry)


def test_another_record_has_another_fingerprint(store, telemetry):
    record(store, STOPS)
    before = proof_in(store, telemetry)
    reading = MeterReading(meter="main", began_s=START + 100.5, power_mw=9.0)
    telemetry.add_meter("campus", reading, START + 100.5)
    telemetry.flush()
    assert proof_in(store, telemetry).record != before.record


def test_holidays_are_those_that_were_recorded_with_the_event(store, telemetry):
    # 1_800_000_000 is Friday 15 January 2027; what operate.toml says later changes nothing
    method = Method(baseline="middle-8-of-10", holidays=(date(2027, 1, 14),))
    fixed = replace(EVENT, method=method)
    store.add_event(fixed)
    store.put_events([replace(fixed, **LIFE, state=EventState.DONE)], [STOPS])
    found = proof_in(store, telemetry)
    assert found.event.method == method
    why = {day.date: day.reason for day in found.baseline.days}
    assert [day for day, reason in why.items() if reason == "holiday"] == ["2027-01-14"]
    later = replace(TERMS, method=Method(holidays=(date(2027, 1, 13),)))
    assert proof_in(store, telemetry, terms=later) == found


def test_other_holidays_are_another_record(store, telemetry):
    record(store, STOPS)
    (event,) = store.events("campus", open_only=False)
    other = replace(event, method=replace(event.method, holidays=(date(2027, 1, 14),)))
    prints = {
        evidence_of(one, [STOPS], frozenset(), simulated=True, rows=[]).record
        for one in (event, other)
    }
    assert len(prints) == 2


def test_machines_of_other_events_and_restoring_are_left_out(store, telemetry):
    record(
        store,
        STOPS,
        line(2, "command", ["x"], action="stop", owner="e2"),
        line(3, "confirmed", ["x", "a"], action="stop"),
        line(650, "command", ["a"], action="resume", owner=""),
        line(660, "failed", ["a"], action="resume"),
    )
    found = proof_in(store, telemetry)
    assert found.outcomes == {"confirmed": 1, "told, not confirmed": 3}


def test_a_machine_that_drifted_is_not_confirmed(store, telemetry):
    record(
        store,
        STOPS,
        line(3, "confirmed", ["a", "b", "c", "d"], action="stop"),
        line(40, "drifted", ["d"], action="stop"),
    )
    assert proof_in(store, telemetry).outcomes == {"confirmed": 3, "drifted": 1}


def test_an_event_of_another_site_is_refused(store, telemetry):
    record(store)
    with pytest.raises(InputError, match="event of site"):
        proof_in(store, telemetry, terms=replace(TERMS, site="tower"))


def test_a_site_without_a_main_meter_has_no_proof(store, telemetry):
    record(store)
    with pytest.raises(InputError, match="main meter"):
        proof_in(store, telemetry, terms=SiteTerms(site="campus"))
