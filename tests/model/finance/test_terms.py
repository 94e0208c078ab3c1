# SPDX-License-Identifier: Apache-2.0
"""What `[cash]` may say."""

from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.finance.terms import CashTerms, Inflation

DAY = date(2026, 11, 21)


def rate(value):
    return Inflation(value=value, source="a test", date=DAY)


def test_without_words_there_is_no_inflation():
    assert CashTerms().inflation_of("BRL", "USD") == 0.0
    assert CashTerms().nominal_rate(0.1, "USD") == pytest.approx(0.1)


def test_a_currency_without_a_rate_follows_the_reporting_currency():
    terms = CashTerms(inflation={"USD": rate(0.02), "BRL": rate(0.05)})
    assert terms.inflation_of("BRL", "USD") == 0.05
    assert terms.inflation_of("RUB", "USD") == 0.02
    assert terms.nominal_rate(0.10, "USD") == pytest.approx(0.122)  # 1.10 x 1.02


def test_growth_is_that_of_the_line_then_of_its_kind_then_of_its_group():
    terms = CashTerms(escalation={"lease:a": 0.01, "lease": 0.02, "revenue": 0.03})
    assert terms.growth_of("revenue", "lease:a") == 0.01
    assert terms.growth_of("revenue", "lease:b") == 0.02
    assert terms.growth_of("revenue", "mining") == 0.03
    assert terms.growth_of("energy", "energy:mining") is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"escalation": {"lease": 20.0}}, "escalation.lease"),
        ({"paid_after_days": {"tax": 3.0}}, "paid_after_days"),
        ({"paid_after_days": {"energy": -3.0}}, "paid_after_days.energy"),
        ({"vat_refund_months": {"BR": float("inf")}}, "vat_refund_months.BR"),
        ({"trapped_months": {"RU": -1.0}}, "trapped_months.RU"),
        ({"sold_with_vat": {"lease": 1.5}}, "sold_with_vat.lease"),
        ({"end_value": {"": float("nan")}}, "end_value."),
        ({"dividend_months": 0}, "dividend_months"),
        ({"interest_abroad": 2.0}, "interest_abroad"),
        ({"start": date(2026, 12, 2)}, "start"),
    ],
)
def test_terms_that_make_no_sense_are_refused(wrong, field):
    with pytest.raises(InputError) as found:
        CashTerms(**wrong)
    assert found.value.field == field


@pytest.mark.parametrize("value", [-0.6, 11.0, float("nan")])
def test_an_inflation_that_is_none_is_refused(value):
    with pytest.raises(InputError):
        rate(value)
