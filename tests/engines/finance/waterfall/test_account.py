# SPDX-License-Identifier: Apache-2.0

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.waterfall.account import check_payout, opened, split
from loadstone.model.errors import InputError
from loadstone.model.finance.deal import Hurdle

EIGHT = (Hurdle(rate=0.08, carry=0.20, catch_up=1.0),)
TWO = (Hurdle(rate=0.08, carry=0.10), Hurdle(rate=0.15, carry=0.30))
YEAR = Decimal(1)


def after_a_year(units, hurdles, compounding="compound"):
    return opened(hurdles).called(units).accrued(hurdles, YEAR, compounding)


def test_capital_preferred_return_catch_up_and_split_come_in_this_order():
    account = after_a_year(100_00, EIGHT)
    account, paid = split(account, EIGHT, 120_00)
    # 100 back, 8 preferred, 2 catch-up (20 % of 8 + 2), and 10 in 80 to 20
    assert paid == {
        "capital": 100_00,
        "preferred": 8_00,
        "catch-up": 2_00,
        "carry": 2_00,
        "split": 8_00,
    }
    assert account.carry == 4_00  # 20 % of a profit of 20
    assert account.profit == 16_00


def test_half_a_catch_up_takes_longer():
    half = (Hurdle(rate=0.08, carry=0.20, catch_up=0.5),)
    _, paid = split(after_a_year(100_00, half), half, 120_00)
    # sponsor: x / 2 = 20 % of (8 + x), so x = 5.33, of which half is the sponsor's
    assert paid["catch-up"] == 2_66
    assert paid["carry"] == round(20 * (1200 - 533) / 100)
    assert sum(paid.values()) == 120_00


def test_without_a_catch_up_carry_is_on_what_is_beyond_the_hurdle():
    none = (Hurdle(rate=0.08, carry=0.20),)
    _, paid = split(after_a_year(100_00, none), none, 120_00)
    assert paid["carry"] == 2_40
    assert paid["catch-up"] == 0


def test_a_second_hurdle_is_met_by_what_the_investor_gets():
    account, paid = split(after_a_year(100_00, TWO), TWO, 130_00)
    # 108 to 8 %; 90 to 10 until the investor has 115, 7 of 7.78; 14.22 at 70 to 30
    assert paid["preferred"] == 8_00
    assert paid["carry"] == pytest.approx(78 + 0.3 * 14_22, abs=1)
    assert account.carry == paid["carry"]


def test_simple_and_compound_differ_from_the_second_year_on():
    simple = after_a_year(100_00, EIGHT, "simple").accrued(EIGHT, YEAR, "simple")
    compound = after_a_year(100_00, EIGHT).accrued(EIGHT, YEAR, "compound")
    assert simple.preferred == (Decimal("1600"),)
    assert compound.preferred[0] == pytest.approx(Decimal("1664"))


def test_without_hurdles_all_is_the_investors():
    _, paid = split(opened(()).called(5), (), 12)
    assert paid == {"capital": 5, "preferred": 0, "split": 7, "catch-up": 0, "carry": 0}


@pytest.mark.parametrize("paid", [{"a": 6}, {"a": 4}, {"a": 7, "b": -2}])
def test_tiers_that_pay_other_than_there_is_are_refused(paid):
    with pytest.raises(InputError, match="pay out what there is"):
        check_payout(5, paid)


hurdles = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 5), st.booleans(), st.integers(1, 5)),
    max_size=3,
    unique_by=lambda row: row[0],
).map(
    lambda rows: tuple(
        Hurdle(
            rate=rate / 100,
            carry=carry / 10,
            catch_up=min(1.0, carry / 10 + more / 10) if faster else 0.0,
        )
        for (rate, _, faster, more), carry in zip(
            sorted(rows), sorted(row[1] for row in rows), strict=True
        )
    )
)
steps = st.lists(
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 900)), max_size=8
)


@given(hurdles, steps, st.sampled_from(["simple", "compound"]))
def test_every_payment_is_split_without_a_rest(terms, moves, compounding):
    account = opened(terms)
    for called, cash, days in moves:
        account = account.called(called).accrued(terms, Decimal(days) / 365, compounding)
        account, paid = split(account, terms, cash)
        assert sum(paid.values()) == cash
        assert min(paid.values()) >= 0


@given(hurdles, steps)
def test_the_sponsor_gets_nothing_while_capital_is_out(terms, moves):
    account = opened(terms)
    for called, cash, days in moves:
        account = account.called(called).accrued(terms, Decimal(days) / 365, "compound")
        before = account.carry
        account, _ = split(account, terms, cash)
        assert account.capital == 0 or account.carry == before


@given(steps)
def test_the_sponsors_share_of_profit_never_passes_the_carry(moves):
    account = opened(EIGHT)
    for called, cash, days in moves:
        account = account.called(called).accrued(EIGHT, Decimal(days) / 365, "compound")
        account, _ = split(account, EIGHT, cash)
        profit = account.profit + account.carry
        assert account.carry <= profit / 5 + len(moves)
