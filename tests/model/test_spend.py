# SPDX-License-Identifier: Apache-2.0
"""Spend curves say when the money of an asset is paid."""

from datetime import date

import pytest

from loadstone.adapters.facts import read_facts
from loadstone.model.errors import InputError
from loadstone.model.spend import SpendCurve


def curve(*steps):
    return SpendCurve(steps=steps, source="s", date=date(2026, 1, 1), confidence="low")


def test_money_spent_early_is_worth_more_on_the_day_of_use():
    # 0.5 x 1.1^2 + 0.5
    assert curve((2.0, 0.5), (0.0, 0.5)).worth_in_use(0.10) == pytest.approx(1.105)


def test_money_spent_on_the_day_of_use_is_worth_its_price():
    assert curve((0.0, 1.0)).worth_in_use(0.10) == 1.0


def test_a_payment_falls_into_the_time_that_begins_with_it():
    spent = curve((2.0, 0.2), (1.0, 0.3), (0.0, 0.5)).spent
    assert spent(2.0, 1.0) == pytest.approx(0.2)
    assert spent(1.0, -1.0) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ((), "at least one"),
        (((1.0, 0.5), (0.0, 0.4)), "add up to 1"),
        (((0.0, 0.5), (1.0, 0.5)), "fall in years"),
        (((-1.0, 1.0),), "at least 0"),
    ],
)
def test_a_curve_that_pays_too_little_or_backwards_is_refused(steps, rule):
    with pytest.raises(InputError, match=rule):
        curve(*steps)


def test_the_shipped_curves_say_that_they_were_chosen():
    spend = read_facts().spend
    kinds = {"connection", "transformer", "mining-hall", "ai-hall", "servers", "miners"}
    assert kinds <= set(spend)
    assert all(each.assumption for each in spend.values())


def test_a_user_replaces_a_curve_by_its_id(tmp_path):
    (tmp_path / "spend.toml").write_text(
        "[miners]\nsteps = [[0.0, 1.0]]\n"
        'source = "own-choice"\ndate = 2026-11-01\nconfidence = "high"\n',
        encoding="utf-8",
    )
    spend = read_facts(tmp_path).spend
    assert spend["miners"].steps == ((0.0, 1.0),)
    assert spend["miners"].provenance == "user"
    assert spend["servers"].provenance == "shipped"
