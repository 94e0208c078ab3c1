# SPDX-License-Identifier: Apache-2.0

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.eligibility import Eligibility, deciding
from loadstone.model.errors import InputError


def row(subject="dgx", **changes):
    given_ = {
        "subject": subject, "countries": ("RU",), "allowed": False,
        "effective_from": date(2024, 1, 1), "source": "a rule",
    }  # fmt: skip
    return Eligibility(**given_ | changes)


def decided(rows, on=date(2027, 1, 1), owner="", country="RU"):
    return deciding(rows, {"dgx", "chips:US"}, country=country, owner=owner, on=on)


def test_the_latest_row_that_holds_decides():
    old, new = row(), row("chips:US", allowed=True, effective_from=date(2026, 1, 1))
    assert decided((new, old)) is new
    assert decided((new, old), on=date(2025, 1, 1)) is old
    assert decided((new, old), on=date(2023, 1, 1)) is None


def test_of_rows_with_one_day_the_last_decides():
    rows = (row(), row(allowed=True))
    assert decided(rows) is rows[1]
    assert decided(rows[::-1]) is rows[0]


def test_a_row_holds_until_before_its_last_day():
    ended = row(effective_to=date(2027, 1, 1))
    assert decided((ended,), on=date(2026, 12, 31)) is ended
    assert decided((ended,)) is None


def test_a_row_is_about_its_countries_and_owners():
    assert decided((row(),), country="BR") is None
    assert decided((row(owner="AE"),), owner="IN") is None
    assert decided((row(owner="AE"),), owner="AE")
    assert decided((row("else"),)) is None


@given(st.lists(st.tuples(st.integers(1, 28), st.booleans()), min_size=1, max_size=6))
def test_no_row_that_holds_is_later_than_the_one_that_decides(given_):
    rows = tuple(row(effective_from=date(2024, 1, day), allowed=ok) for day, ok in given_)
    found = decided(rows)
    latest = max(one.effective_from for one in rows)
    assert found is [one for one in rows if one.effective_from == latest][-1]


@pytest.mark.parametrize(
    ("given_", "text"),
    [
        (row(), "dgx may not go to RU from 2024-01-01"),
        (row("chips:US", owner="CN"),
         "chips of makers in US may not go to RU for owners of CN from 2024-01-01"),
        (row("generation:hopper", allowed=True, effective_to=date(2028, 1, 1)),
         "servers of generation hopper may go to RU from 2024-01-01 until 2028-01-01"),
        (row("investor:fund"), "money of fund may not go to RU from 2024-01-01"),
    ],
)  # fmt: skip
def test_a_row_in_words(given_, text):
    assert given_.text == text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "chips:"}, "subject"),
        ({"countries": ()}, "countries"),
        ({"countries": ("Russia",)}, "countries"),
        ({"owner": "x"}, "owner"),
        ({"effective_to": date(2024, 1, 1)}, "effective_to"),
    ],
)
def test_a_row_that_says_nothing_is_refused(changes, field):
    with pytest.raises(InputError) as found:
        row(**changes)
    assert found.value.field == field
