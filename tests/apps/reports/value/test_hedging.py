# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

from loadstone.apps.reports.value.hedging import hedge_words
from loadstone.model.finance.returns import HedgeEffect
from loadstone.model.futures.risk import HedgeRisk
from tests.valuation_example import example_valuation

EFFECT = HedgeEffect(
    payoff=-4e6, fees=3e5, margin=7e6, contracted=58e6, debt=738e6, debt_without=702e6
)
RISK = HedgeRisk(
    futures=2_000,
    mean=5e6,
    mean_without=9e6,
    sd=500e6,
    sd_without=540e6,
    worst=-1.0e9,
    worst_without=-1.1e9,
)


def said(**changes):
    bare = replace(example_valuation(), hedging=None)
    return list(hedge_words(replace(bare, **changes)))


def test_without_hedges_nothing_is_said():
    assert said() == []


def test_hedges_say_what_they_bring_bind_and_let_borrow():
    first, second = said(hedging=EFFECT, risk=None)
    assert "−4.00 m" in first
    assert "7.00 m of margin" in first
    assert "58.0 m of mining contracted" in second
    assert "36.0 m more" in second


def test_loans_that_do_not_change_are_not_spoken_of():
    second = said(hedging=replace(EFFECT, debt_without=738e6), risk=None)[1]
    assert second.endswith("contracted.")


def test_the_same_futures_are_told_with_and_without():
    risk = replace(example_valuation().risk, hedging=RISK)
    last = said(hedging=EFFECT, risk=risk)[-1]
    assert "same 2,000 futures" in last
    assert "500 m with them" in last
