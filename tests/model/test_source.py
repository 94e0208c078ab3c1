# SPDX-License-Identifier: Apache-2.0
"""A fact says where it comes from, or is refused."""

from datetime import date
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.source import Fact, Source, Sourced, in_force

days = st.dates(date(2020, 1, 1), date(2035, 1, 1))


def fact(**changes):
    stated = {"value": 5.0, "unit": "year", "source": "s", "date": date(2026, 1, 1)}
    return Fact(**(stated | {"confidence": "high"} | changes))


def test_a_rule_holds_from_its_first_day_to_before_its_last():
    rule = fact(effective_from=date(2026, 1, 1), effective_to=date(2026, 3, 1))
    assert not rule.in_force(date(2025, 12, 31))
    assert rule.in_force(date(2026, 1, 1))
    assert rule.in_force(date(2026, 2, 28))
    assert not rule.in_force(date(2026, 3, 1))


@given(days, days, days)
def test_two_rules_that_meet_never_hold_on_the_same_day(first, change, on):
    assert not (in_force(first, change, on) and in_force(change, None, on))


def test_a_fact_without_dates_always_holds():
    assert fact().in_force(date(1999, 1, 1))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"value": inf}, "value"),
        ({"low": 1.0}, "low, high"),
        ({"low": 6.0, "high": 7.0}, "value"),
        ({"assumption": True}, "assumption"),
        ({"confidence": "sure"}, "confidence"),
        (
            {"effective_from": date(2026, 1, 1), "effective_to": date(2026, 1, 1)},
            "effective_to",
        ),
    ],
)
def test_a_fact_that_breaks_a_rule_is_refused(changes, field):
    with pytest.raises(InputError) as caught:
        fact(**changes)
    assert caught.value.field == field


def test_a_fact_names_its_source_and_a_source_names_none():
    page = Source(title="t", publisher="p", read=date(2026, 1, 1), licence="l", light="green")
    assert isinstance(fact(), Sourced)
    assert not isinstance(page, Sourced)
