# SPDX-License-Identifier: Apache-2.0

from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.gate import Gate, closed_by

DAY = date(2028, 1, 1)


def gate(**changes):
    given = {"kind": "permit", "uses": ("mining", "ai"), "opens": DAY, "source": "a letter"}
    return Gate(**given | changes)


@pytest.mark.parametrize(("on", "held"), [(date(2027, 12, 31), True), (DAY, False)])
def test_a_gate_holds_back_until_its_day(on, held):
    assert gate().holds_back("ai", on, evaporative=False) == held


def test_a_gate_without_a_day_never_opens():
    assert gate(opens=None).holds_back("ai", date.max, evaporative=False)


def test_a_gate_holds_back_only_its_uses():
    assert not gate(uses=("mining",), opens=None).holds_back("ai", DAY, evaporative=True)


@pytest.mark.parametrize("evaporative", [True, False])
def test_water_holds_back_only_what_evaporates_it(evaporative):
    closed = gate(kind="water", opens=None)
    assert closed.holds_back("ai", DAY, evaporative=evaporative) == evaporative


@pytest.mark.parametrize(("routes", "ai"), [(0, True), (1, True), (2, False), (3, False)])
def test_ai_needs_two_routes_of_fibre_and_mining_does_not(routes, ai):
    fibre = gate(kind="fibre", routes=routes)
    assert fibre.holds_back("ai", DAY, evaporative=False) == ai
    assert not fibre.holds_back("mining", DAY, evaporative=False)


def test_all_gates_that_are_shut_are_told():
    gates = (gate(), gate(kind="land", opens=None))
    assert closed_by(gates, "ai", DAY, evaporative=False) == gates[1:]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "permit for mining and AI is expected on 2028-01-01"),
        ({"opens": None, "kind": "land"}, "land for mining and AI is not expected"),
        (
            {"kind": "fibre", "routes": 1, "uses": ("ai",)},
            "fibre on 1 route for AI is expected on 2028-01-01; AI needs two routes",
        ),
    ],
)
def test_a_gate_in_words(changes, text):
    assert gate(**changes).text == text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"uses": ()}, "uses"),
        ({"uses": ("ai", "ai")}, "uses"),
        ({"probability": 1.1}, "probability"),
        ({"kind": "fibre"}, "routes"),
        ({"routes": 2}, "routes"),
        ({"kind": "fibre", "routes": -1}, "routes"),
    ],
)
def test_a_gate_that_says_too_little_or_too_much_is_refused(changes, field):
    with pytest.raises(InputError) as found:
        gate(**changes)
    assert found.value.field == field
