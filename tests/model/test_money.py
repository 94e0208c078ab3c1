# SPDX-License-Identifier: Apache-2.0

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.money import Money, allocate, exponent, major

totals = st.integers(-(10**18), 10**18)
weights = st.lists(
    st.one_of(st.integers(0, 10**12), st.decimals(0, 1000, places=6)), min_size=1, max_size=9
)


def usd(amount):
    return Money.of(amount, "USD")


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("BTC", 8), ("RUB", 2), ("ZAR", 2)],
)
def test_each_currency_has_the_minor_unit_of_the_norm(currency, decimals):
    assert exponent(currency) == decimals


@pytest.mark.parametrize(
    ("amount", "units"), [("0.005", 0), ("0.015", 2), ("-0.025", -2), (2.675, 268), (0.1, 10)]
)
def test_half_a_cent_goes_to_the_even_cent(amount, units):
    assert usd(amount).units == units


def test_a_bitcoin_is_a_hundred_million_satoshi():
    assert Money.of(1, "BTC").units == 100_000_000
    assert major(150, "USD") == 1.5


def test_amounts_are_written_with_their_decimals():
    assert str(usd("-1234.5")) == "-1,234.50 USD"


def test_currencies_are_never_mixed():
    with pytest.raises(InputError, match="never mixed"):
        usd(1) + Money.of(1, "EUR")
    with pytest.raises(InputError, match="never mixed"):
        assert usd(1) < Money.of(1, "EUR")


@pytest.mark.parametrize("amount", ["x", "NaN", float("inf")])
def test_what_is_no_number_is_no_money(amount):
    with pytest.raises(InputError, match="amount"):
        usd(amount)


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDT"])
def test_what_is_no_currency_has_no_minor_unit(currency):
    with pytest.raises(InputError, match="ISO 4217"):
        Money(units=1, currency=currency)


def test_half_a_cent_cannot_be_held():
    with pytest.raises(InputError, match="whole number"):
        Money(units=0.5, currency="USD")


def test_a_dollar_between_three_gives_the_odd_cent_to_the_first():
    assert allocate(100, [1, 1, 1]) == [34, 33, 33]
    assert allocate(-100, [1, 1, 1]) == [-34, -33, -33]


def test_a_thousand_yen_at_a_rate_become_dollars_once_rounded():
    assert Money.of(1000, "JPY").at(Decimal("0.0065"), "USD") == usd("6.5")
    assert usd("6.5").at(Decimal(150), "JPY") == Money.of(975, "JPY")


@given(totals, weights)
def test_parts_always_sum_to_the_whole(total, weights):
    if any(weights):
        assert sum(allocate(total, weights)) == total


@given(totals, weights)
def test_each_part_is_within_one_unit_of_its_exact_share(total, weights):
    if not any(weights):
        return
    whole_weight = sum(Decimal(weight) for weight in weights)
    for part, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(part - total * Decimal(weight) / whole_weight) < 1


@given(totals)
def test_whoever_has_no_weight_gets_nothing(total):
    assert allocate(total, [0, 3, 0, 1])[::2] == [0, 0]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1], [Decimal("nan"), 1]])
def test_there_must_be_somebody_to_take_it(weights):
    with pytest.raises(InputError, match="weights"):
        allocate(5, weights)


@given(st.lists(totals, max_size=6))
def test_sums_and_differences_undo_each_other(units):
    parts = [Money(units=one, currency="USD") for one in units]
    total = Money.total(parts, "USD")
    for part in parts:
        total -= part
    assert not total


@given(totals, st.decimals("0.001", "1000", places=6))
def test_there_and_back_at_a_rate_is_off_by_no_more_than_both_roundings(units, rate):
    there = Money(units=units, currency="USD").at(rate, "EUR")
    back = there.at(1 / rate, "USD")
    assert abs(back.units - units) <= Decimal("0.5") / rate + 1
