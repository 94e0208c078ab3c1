# SPDX-License-Identifier: Apache-2.0
"""Faults come to whom they are meant for, when they are meant to, the same for a seed."""

from itertools import islice
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.simulators.faults import (
    Fault,
    FaultKind,
    FaultOfMachine,
    chance,
    spells,
)
from loadstone.adapters.tables import checked
from loadstone.model.errors import InputError, InputErrors


def selected(fault, count=2000, seed=0):
    return [
        number
        for number in range(count)
        if fault.selects(id_=f"m{number}", group="hall", family="luxos", seed=seed)
    ]


def test_a_share_is_drawn_with_the_seed():
    fault = Fault(kind=FaultKind.HANG, share=0.02)
    assert 20 < len(selected(fault)) < 60
    assert selected(fault) == selected(fault)
    assert selected(fault) != selected(fault, seed=1)
    assert selected(fault) != selected(Fault(kind=FaultKind.REFUSE, share=0.02))


def test_ids_groups_and_families_narrow_it():
    assert selected(Fault(kind=FaultKind.HANG, machines=("m3", "m5"))) == [3, 5]
    assert selected(Fault(kind=FaultKind.HANG, group="elsewhere")) == []
    assert selected(Fault(kind=FaultKind.HANG, group="hall", family="braiins")) == []
    assert len(selected(Fault(kind=FaultKind.HANG, group="hall", family="luxos"))) == 2000


def test_a_fault_begins_and_ends():
    held = FaultOfMachine(Fault(kind=FaultKind.SLOW, from_s=10.0, for_s=5.0), "m", 0)
    assert [held.active(at) for at in (0.0, 9.9, 10.0, 14.9, 15.0, 99.0)] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


def test_a_fault_without_an_end_has_none():
    assert list(spells(Fault(kind=FaultKind.HANG, from_s=3.0), "m", 0)) == [(3.0, inf)]


def test_random_faults_come_as_often_as_they_should_and_always_alike():
    fault = Fault(kind=FaultKind.HANG, per_machine_hour=2.0, for_s=60.0)
    times = list(islice(spells(fault, "m", 7), 2000))
    assert times == list(islice(spells(fault, "m", 7), 2000))
    assert times != list(islice(spells(fault, "n", 7), 2000))
    mean_gap_s = times[-1].until_s / 2000
    assert mean_gap_s == pytest.approx(1800.0 + 60.0, rel=0.1)


@given(st.integers(0, 100), st.floats(0.01, 50), st.floats(1, 1e4))
def test_times_of_a_fault_never_overlap(seed, rate, lasts_s):
    fault = Fault(kind=FaultKind.REFUSE, per_machine_hour=rate, for_s=lasts_s)
    first, second, third = islice(spells(fault, "m", seed), 3)
    assert first.from_s < first.until_s <= second.from_s < second.until_s <= third.from_s


@given(st.integers(), st.text(max_size=20))
def test_chance_is_a_share(seed, text):
    assert 0.0 <= chance(seed, text) < 1.0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"share": 0.0}, "share"),
        ({"for_s": 0.0}, "for_s"),
        ({"from_s": -1.0}, "from_s"),
        ({"per_machine_hour": 1.0}, "for_s"),
        ({"amount": 1.0}, "amount"),
        ({"kind": FaultKind.SLOW, "amount": -1.0}, "amount"),
    ],
)
def test_what_makes_no_sense_is_refused(given, field):
    with pytest.raises(InputError) as wrong:
        Fault(**({"kind": FaultKind.HANG} | given))
    assert wrong.value.field == field


def test_a_fault_is_read_from_plain_values_and_told_in_words():
    fault = checked(Fault, {"kind": "drift", "share": 0.02, "from_s": 60, "amount": 30})
    assert fault == Fault(kind=FaultKind.DRIFT, share=0.02, from_s=60.0, amount=30.0)
    assert str(fault) == "drift of 2 % of all from 60 s for ever"
    often = Fault(kind=FaultKind.HANG, group="hall 1", per_machine_hour=0.5, for_s=60.0)
    assert str(often) == "hang of hall 1 0.5 times per machine and hour after 0 s, for 60 s"
    with pytest.raises(InputErrors, match="kind"):
        checked(Fault, {"kind": "sabotage"})


def test_every_kind_has_a_size():
    assert Fault(kind=FaultKind.BOARD_FAILURE).size == 1.0
    assert all(Fault(kind=kind).size >= 0.0 for kind in FaultKind)
