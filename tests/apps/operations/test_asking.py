# SPDX-License-Identifier: Apache-2.0

from datetime import UTC, datetime

import pytest

from loadstone.apps.operations.asking import Asked, event_of, moment, seconds
from loadstone.model.errors import InputError
from loadstone.model.operations.event import EventKind
from loadstone.model.operations.terms import SiteTerms

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW_S = NOW.timestamp()
TERMS = SiteTerms(site="here", limit_mw=4.0)


def asked(**given: object):
    return event_of(Asked(**given), TERMS, NOW, "e-1")


def test_what_is_asked_becomes_an_event():
    event = asked(to_mw=2.0, at="2026-11-21T18:00Z", lasts="2h", notice="10min")
    assert (event.kind, event.mw, event.source) == (EventKind.TO_MW, 2.0, "operator")
    assert event.starts_s - NOW_S == 6 * 3600
    assert event.ends_s - event.starts_s == 7200
    assert event.notice_s == 600


def test_notice_alone_moves_the_start():
    assert asked(stop=True, notice="90s").starts_s == NOW_S + 90


def test_now_until_released_is_what_nothing_said_means():
    event = asked(by_mw=1.0)
    assert (event.starts_s, event.ends_s) == (NOW_S, None)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "what"),
        ({"stop": True, "to_mw": 1.0}, "what"),
        ({"to_mw": -1.0}, "--to-mw"),
        ({"to_mw": 4.0}, "--to-mw"),
        ({"to_mw": float("nan")}, "--to-mw"),
        ({"by_mw": 0.0}, "--by-mw"),
        ({"by_mw": 5.0}, "--by-mw"),
        ({"stop": True, "at": "2026-11-21T11:00Z"}, "--at"),
        ({"stop": True, "at": "2026-11-21T18:00"}, "--at"),
        ({"stop": True, "at": "tomorrow"}, "--at"),
        ({"stop": True, "at": "+5min", "notice": "10min"}, "--notice"),
        ({"stop": True, "lasts": "2 hours"}, "--for"),
        ({"stop": True, "lasts": "0s"}, "--for"),
        ({"stop": True, "lasts": "8d"}, "--for"),
    ],
)
def test_what_cannot_be_is_refused_by_its_option(given, field):
    with pytest.raises(InputError) as found:
        asked(**given)
    assert found.value.field == field


@pytest.mark.parametrize("text", ["2027-01-15", "2027-01-15T18:00", "20270115T18"])
def test_the_example_of_a_time_with_its_offset_is_one(text):
    with pytest.raises(InputError) as found:
        moment(text, NOW)
    example = found.value.rule.split("e.g. ")[1].split()[0]
    assert moment(example, NOW) > NOW_S


def test_lengths_of_time_have_units():
    given = ["90s", "15min", "15m", "1.5h", "1d"]
    assert [seconds(one, "x") for one in given] == [90, 900, 900, 5400, 86_400]


def test_a_time_in_another_zone_is_the_same_moment():
    assert moment("2026-11-21T15:30+03:00", NOW) == NOW_S + 1800
