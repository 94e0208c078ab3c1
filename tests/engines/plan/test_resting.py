# SPDX-License-Identifier: Apache-2.0
"""What a plan rests on: shares by hours and by money."""

from dataclasses import replace

import pytest

from loadstone.model.series import Provenance
from loadstone.model.site import Limits
from loadstone.model.tariff import TakeOrPay
from tests.engines.plan.lower import tiny_network as tiny


def of(found, name):
    return next(r for r in found.plan.resting if r.input == name)


def test_a_stated_price_rests_on_the_user():
    prices = of(tiny.solve(tiny.network()), "prices")
    assert prices.hours == prices.money == {"user": 1.0}


def test_an_adder_rests_on_the_user_and_the_market_on_its_series():
    # energy costs 60 on average by the series and 20 by the adder, drawn evenly
    found = tiny.solve(tiny.network(tiny.site(supply=(tiny.spot(adder=20.0),))))
    prices = of(found, "prices")
    assert prices.hours == {"synthetic": 1.0}
    assert prices.money == pytest.approx({"synthetic": 0.75, "user": 0.25})


def test_a_contract_rests_on_the_user():
    contract = TakeOrPay(
        currency="USD", zone="UTC", name="contract", limit_mw=5.0, per_mwh=60.0,
        minimum_share=1.0,
    )  # fmt: skip
    found = tiny.solve(tiny.network(tiny.site(supply=(tiny.spot(), contract))), gap=1e-8)
    assert found.power()["ppa:contract"].min() == pytest.approx(5.0)
    assert of(found, "prices").money == pytest.approx({"synthetic": 0.5, "user": 0.5})


def test_hours_of_one_series_are_told_by_their_provenance():
    given = tiny.network(tiny.site(supply=(tiny.spot(),)))
    mixed = given.prices["A1"].provenance.copy()
    mixed[: tiny.HOURS // 2] = int(Provenance.OBSERVED)
    prices = {"A1": replace(given.prices["A1"], provenance=mixed)}
    found = tiny.solve(replace(given, prices=prices))
    assert of(found, "prices").hours == {"observed": 0.5, "synthetic": 0.5}


def test_an_input_that_nothing_uses_is_left_out():
    found = tiny.solve(tiny.network())
    assert {r.input for r in found.plan.resting} == {"prices", "weather"}


def test_solar_rests_on_its_series():
    sunny = tiny.site(limits=Limits(ai_mw=0.0, solar_mw=5.0))
    found = tiny.solve(tiny.network(sunny, solar=[0.5] * tiny.HOURS), gap=1e-8)
    assert found.built("solar") > 0
    assert of(found, "solar").money == {"synthetic": 1.0}
