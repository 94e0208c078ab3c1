# SPDX-License-Identifier: Apache-2.0
"""Hashprice: halvings, free entry, slow exit, own hashrate."""

from datetime import date

import numpy as np
import pytest

from loadstone.engines.outlook import draw_plainly
from loadstone.engines.outlook.months import bitcoin_months, planned_hashprice, subsidies
from loadstone.engines.revenue import hashprice_of_network
from loadstone.model.futures.level import Level
from loadstone.model.futures.mining import Fees, MinerPrices
from tests.engines.outlook.outlooks import (
    FIRST,
    SAID,
    drawing,
    flat,
    futures,
    hashrate,
    level,
    network,
)

N = 4000


def mining(**more):
    return futures(
        btc=level(0.6),
        fees=Fees(level=level(0.5, half_life_months=3.0), spikes_per_year=1.0, spike=0.1),
        **more,
    )


def test_hashprice_is_the_identity_of_price_hashrate_subsidy_and_fees():
    paths = drawing(mining(hashrate=hashrate())).paths(20)
    subsidy = subsidies(network().facts.bitcoin, FIRST, 120)
    one = hashprice_of_network(1.0, 1.0, subsidy_btc=1.0)
    earned = one * subsidy * paths.factor("btc_price") * (1 + paths.factor("fee_share"))
    np.testing.assert_allclose(
        paths.factor("hashprice"), earned / paths.factor("network_eh"), rtol=1e-12
    )


def test_the_halving_is_a_step_of_exactly_one_half():
    first, halving = date(2028, 3, 1), 2  # the fifth is on 17 April 2028
    paths = drawing(mining(hashrate=hashrate()), first=first, months=6).paths(20)
    told = paths.factor("btc_price") * (1 + paths.factor("fee_share"))
    per = paths.factor("hashprice") * paths.factor("network_eh") / told
    np.testing.assert_allclose(per[:, halving] / per[:, 0], 0.5, rtol=1e-12)
    days = (16 * 3.125 + 14 * 1.5625) / 30 / 3.125
    np.testing.assert_allclose(per[:, 1] / per[:, 0], days, rtol=1e-12)


def test_the_mean_of_each_phase_is_what_the_planner_takes():
    study = network().study
    months = round((study.phases[-1].ends - 2027) * 12)
    told = bitcoin_months(network(), FIRST, months)
    middle = 2027 + (np.arange(months) + 0.5) / 12
    for i, phase in enumerate(study.phases):
        there = (middle > phase.at) & (middle < phase.ends)
        assert told.hashprice[there].mean() == pytest.approx(planned_hashprice(network(), i))
        assert told.price[there].mean() == pytest.approx(study.outlook.btc_price[i])
        assert told.network_eh[there].mean() == pytest.approx(
            study.outlook.network_eh[i], rel=0.05
        )


def test_a_stated_hashprice_is_kept_and_the_network_is_as_stated():
    told = bitcoin_months(flat(hashprice=15.0), FIRST, 48)
    assert told.hashprice[:6].mean() == pytest.approx(15.0)
    assert told.network_eh[:6].mean() == pytest.approx(network().study.outlook.network_eh[0])


@pytest.mark.parametrize("volatility", [0.3, 0.8])
def test_the_median_hashprice_is_the_outlook(volatility):
    made = drawing(mining(hashrate=hashrate()), months=96)
    paths = made.paths(N)
    row = made.factors.index("hashprice")
    off = np.log(np.median(paths.values[row], axis=0) / made.nominal[row])
    assert np.abs(off).max() < 0.06  # errors of two medians of 4,000
    assert abs(off.mean()) < 0.02


def test_free_entry_keeps_hashprice_from_exploding():
    free, closed = (
        drawing(futures(btc=level(0.8), hashrate=rule), months=120)
        for rule in (hashrate(), hashrate(entry_speed=0.0))
    )
    row = free.factors.index("hashprice")
    high = [
        np.quantile(made.paths(N).values[row, :, -1], 0.95) / made.nominal[row, -1]
        for made in (free, closed)
    ]
    assert high[0] < 3.0
    assert high[1] > 10.0


def test_exit_is_slow_and_entry_fast():
    rule = hashrate(entry_speed=2.0, exit_speed=0.2, delivery_months=1, volatility=0.0)
    made = drawing(futures(btc=level(0.6), hashrate=rule), months=60)
    paths = made.paths(N)
    row = made.factors.index("network_eh")
    change = np.log(paths.values[row, :, 24] / made.nominal[row, 24])
    price = np.log(paths.factor("btc_price")[:, 24] / made.nominal[row - 1, 24])
    boom, slump = price > 0.8, price < -0.8
    entered = (change[boom] / price[boom]).mean()
    left = (change[slump] / price[slump]).mean()
    assert entered > 1.4 * left > 0


def test_machines_arrive_after_their_delivery():
    rule = hashrate(entry_usd_ph_day=1.0, exit_usd_ph_day=0.5, volatility=0.0)
    early, late = (
        draw_plainly(drawing(futures(btc=level(0.6), hashrate=rule_), months=12), 200)
        for rule_ in (rule, hashrate(**_fields(rule) | {"delivery_months": 6}))
    )
    spread = [np.log(one.factor("network_eh")).std(axis=0) for one in (early, late)]
    assert (spread[0][:5] < 1e-9).all()  # the fourth month answers in the fifth
    assert spread[0][5] > 1e-3
    assert (spread[1][:7] < 1e-9).all()
    assert spread[1][7] > 1e-3


def _fields(rule):
    return {name: getattr(rule, name) for name in type(rule).__dataclass_fields__}


def test_limits_fall_with_progress_from_the_date_of_the_file():
    now, later = (
        drawing(mining(hashrate=hashrate()), first=first).recipe.mining.hashrate
        for first in (date(2026, 11, 1), date(2028, 11, 1))
    )
    assert now.entry_usd_ph_day == pytest.approx(50.0)
    assert later.entry_usd_ph_day == pytest.approx(50.0 * 0.8**2)
    assert later.exit_usd_ph_day == pytest.approx(30.0 * 0.8**2)


def test_own_hashrate_lowers_hashprice_and_others_make_room():
    own = np.full(60, 30.0)
    without = drawing(mining(hashrate=hashrate()), months=60)
    with_own = drawing(mining(hashrate=hashrate()), months=60, own_eh=own)
    a, b = without.paths(500), with_own.paths(500)
    less = b.factor("hashprice") / a.factor("hashprice")
    share = 30.0 / b.factor("network_eh")
    np.testing.assert_allclose(less[:, 0], 1 - share[:, 0])
    assert (less[:, :5] < 1).all()
    assert less.mean() < 1
    # where entry is free, in the long run others enter less by what was added
    assert np.median(less[:, -1]) == pytest.approx(1, abs=0.01)


def test_fees_have_their_median_and_spikes():
    wanders = Level(volatility=0.0, source=SAID)
    made = drawing(futures(fees=Fees(level=wanders, spikes_per_year=3.0, spike=0.2)))
    fees = made.paths(N).factor("fee_share")
    nominal = made.nominal[made.factors.index("fee_share")]
    np.testing.assert_allclose(np.median(fees, axis=0), nominal)
    spikes = (fees - nominal)[fees > nominal * (1 + 1e-9)]
    assert spikes.size / fees.size == pytest.approx(0.25, rel=0.02)
    assert spikes.mean() == pytest.approx(0.2, rel=0.02)


def test_prices_of_miners_follow_the_hashprice_of_each_future():
    costs = network().facts.costs
    made = drawing(mining(miners=MinerPrices(used_elasticity=1.3, source=SAID)))
    paths = made.paths(50)
    change = paths.factor("hashprice") / made.nominal[made.factors.index("hashprice")]
    power, scrap = costs["miner-price-elasticity"].value, costs["miner-scrap"].value
    new = np.maximum(change**power, scrap)
    np.testing.assert_allclose(paths.factor("miner_price"), new)
    used = np.maximum(change**1.3, scrap)
    np.testing.assert_allclose(paths.factor("used_miner_price"), used)
