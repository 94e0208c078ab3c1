# SPDX-License-Identifier: Apache-2.0
"""What `[finance]` of a country may say."""

from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.finance.country_finance import CountryFinance, Depreciation
from loadstone.model.source import Fact

STATED = {"source": "s", "date": date(2026, 1, 1), "confidence": "high"}


def test_a_schedule_that_writes_off_more_than_the_price_is_refused():
    with pytest.raises(InputError, match="at most 1") as found:
        Depreciation(kind="table", shares=(0.5, 0.4, 0.2), **STATED)
    assert found.value.field == "shares"


def test_a_schedule_may_write_off_less_than_the_price():
    assert Depreciation(kind="table", shares=(0.5, 0.4), **STATED).shares == (0.5, 0.4)


def test_thirds_add_up_to_a_whole():
    assert Depreciation(kind="table", shares=(1 / 3,) * 3, **STATED)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "straight-line"}, "years"),
        ({"kind": "straight-line", "years": 0.0}, "years"),
        ({"kind": "straight-line", "years": 1e9}, "years"),
        ({"kind": "declining"}, "rate"),
        ({"kind": "declining", "rate": 1.2}, "rate"),
        ({"kind": "declining", "rate": 0.2, "first_year": 2.0}, "first_year"),
        ({"kind": "table"}, "shares"),
        ({"kind": "table", "shares": (0.5, -0.1)}, "shares"),
    ],
)
def test_schedules_that_are_none_are_refused(wrong, field):
    with pytest.raises(InputError) as found:
        Depreciation(**wrong, **STATED)
    assert found.value.field == field


@pytest.mark.parametrize(
    ("field", "value", "unit"),
    [
        ("loss_limit", 1.2, "1"),
        ("loss_limit", 0.5, "year"),
        ("loss_years", -1.0, "year"),
        ("withholding_dividends", -0.1, "1"),
        ("trapped_months", 3.0, "year"),
    ],
)
def test_facts_in_another_unit_or_range_are_refused(field, value, unit):
    with pytest.raises(InputError) as found:
        CountryFinance(**{field: Fact(value=value, unit=unit, **STATED)})
    assert found.value.field == field


def test_a_class_of_assets_that_is_none_is_refused():
    rule = Depreciation(kind="straight-line", years=3.0, **STATED)
    with pytest.raises(InputError, match="machines, halls, plants"):
        CountryFinance(depreciation={"boats": rule})
