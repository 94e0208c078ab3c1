# SPDX-License-Identifier: Apache-2.0
"""What power earns: one worked number each, then what must hold for every input."""

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.revenue import (
    ai_revenue,
    break_even_power,
    difficulty_at,
    energy_per_btc_mwh,
    hashprice,
    hashprice_of_network,
    mining_per_mwh,
    network_hashrate_eh,
)
from loadstone.model.errors import InputError

difficulties = st.floats(1.0, 1e16)
prices = st.floats(1.0, 1e7)
rewards = st.floats(1e-6, 50.0)
efficiencies = st.floats(1.0, 100.0)
hashprices = st.floats(0.01, 1000.0)
shares = st.floats(0.0, 1.0)


def test_a_block_of_difficulty_one_takes_four_billion_hashes():
    # 1 PH/s finds 86400e15 / 2^32 = 2.0117e10 blocks a day at difficulty 1
    assert hashprice(1, 1, subsidy_btc=1) == pytest.approx(86400e15 / 2**32)


def test_a_megawatt_hour_of_twenty_joules_a_terahash():
    # 48 USD/PH/day and 20 J/TH: 50 PH/s draw 1 MW and earn 2,400 USD a day, 100 an hour
    assert mining_per_mwh(48.0, 20.0) == pytest.approx(100.0)
    assert mining_per_mwh(48.0, 20.0, pool_fee=0.02) == pytest.approx(98.0)


def test_cooling_lowers_the_power_price_that_mining_can_pay():
    assert break_even_power(48.0, 20.0, pue=1.25) == pytest.approx(80.0)


def test_the_network_mines_a_block_every_ten_minutes():
    # 144 blocks of 3.125 BTC at 100,000 USD are 45 M USD a day, over 900,000 PH/s
    price = hashprice_of_network(900.0, 100_000.0, subsidy_btc=3.125)
    assert price == pytest.approx(50.0)
    assert hashprice_of_network(
        900.0, 100_000.0, subsidy_btc=3.125, fee_share=0.1
    ) == pytest.approx(55.0)


@given(difficulties, prices, rewards, rewards, st.floats(0.1, 10))
def test_hashprice_is_linear_in_price_and_reward(difficulty, price, subsidy, fees, k):
    one = hashprice(difficulty, price, subsidy_btc=subsidy, fees_btc=fees)
    assert hashprice(
        difficulty, k * price, subsidy_btc=subsidy, fees_btc=fees
    ) == pytest.approx(k * one)
    apart = hashprice(difficulty, price, subsidy_btc=subsidy) + hashprice(
        difficulty, price, subsidy_btc=fees
    )
    assert apart == pytest.approx(one)


@given(difficulties, prices, rewards, st.floats(0.1, 10))
def test_hashprice_is_inverse_in_difficulty(difficulty, price, subsidy, k):
    one = hashprice(difficulty, price, subsidy_btc=subsidy)
    assert hashprice(k * difficulty, price, subsidy_btc=subsidy) == pytest.approx(one / k)


@given(st.floats(1e-6, 1e6), prices, rewards, shares)
def test_hashprice_from_hashrate_agrees_with_difficulty(network_eh, price, subsidy, fee_share):
    direct = hashprice(
        difficulty_at(network_eh), price, subsidy_btc=subsidy, fees_btc=subsidy * fee_share
    )
    assert hashprice_of_network(
        network_eh, price, subsidy_btc=subsidy, fee_share=fee_share
    ) == pytest.approx(direct)
    whole_network = 144 * subsidy * (1 + fee_share) * price  # all blocks of a day
    assert direct * network_eh * 1000 == pytest.approx(whole_network)


@given(difficulties)
def test_hashrate_and_difficulty_are_two_forms_of_one_thing(difficulty):
    assert difficulty_at(network_hashrate_eh(difficulty)) == pytest.approx(difficulty)


@given(hashprices, efficiencies, shares, st.floats(1.0, 2.0))
def test_power_at_the_break_even_price_earns_nothing(price, j_per_th, fee, pue):
    power_price = break_even_power(price, j_per_th, pool_fee=fee, pue=pue)
    earned = mining_per_mwh(price, j_per_th, pool_fee=fee)
    assert earned - power_price * pue == pytest.approx(0.0, abs=1e-9 * max(1.0, earned))


@given(difficulties, efficiencies, rewards, prices)
def test_a_bitcoins_energy_earns_a_bitcoin(difficulty, j_per_th, subsidy, price):
    energy_mwh = energy_per_btc_mwh(difficulty, j_per_th, subsidy_btc=subsidy)
    earned = mining_per_mwh(hashprice(difficulty, price, subsidy_btc=subsidy), j_per_th)
    assert energy_mwh * earned == pytest.approx(price)


def test_ai_earns_its_gpus_hours():
    # 800 GPUs a MW at 2.50 USD are 2,000 USD/MWh; 70 % of spot hours find a buyer;
    # contracts pay 80 % of the spot price
    revenue = ai_revenue(
        usd_per_gpu_h=2.5,
        gpus_per_mw=800.0,
        utilisation=0.7,
        contracted_share=0.25,
        contracted_price_factor=0.8,
        floor=0.9,
    )
    assert revenue.spot_per_mwh == pytest.approx(1400.0)
    assert revenue.contracted_per_mwh == pytest.approx(1600.0)
    assert revenue.mean_per_mwh == pytest.approx(0.25 * 1600 + 0.75 * 1400)
    assert revenue.must_run_share == pytest.approx(0.225)


sales = st.fixed_dictionaries(
    {
        "usd_per_gpu_h": st.floats(0, 100),
        "gpus_per_mw": st.floats(1, 2000),
        "utilisation": shares,
        "contracted_share": shares,
        "contracted_price_factor": st.floats(0, 2),
        "floor": shares,
    }
)


@given(sales)
def test_the_mean_lies_between_contract_and_spot(sale):
    revenue = ai_revenue(**sale)
    low, high = sorted((revenue.contracted_per_mwh, revenue.spot_per_mwh))
    slack = 1e-9 * (1 + high)
    assert low - slack <= revenue.mean_per_mwh <= high + slack
    assert revenue.must_run_share <= sale["contracted_share"]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: hashprice(0.0, 1.0, subsidy_btc=1.0), "difficulty"),
        (lambda: hashprice(nan, 1.0, subsidy_btc=1.0), "difficulty"),
        (lambda: hashprice(1.0, -1.0, subsidy_btc=1.0), "price_usd"),
        (lambda: hashprice_of_network(1.0, 1.0, subsidy_btc=1.0, fee_share=-1), "fee_share"),
        (lambda: network_hashrate_eh(inf), "difficulty"),
        (lambda: difficulty_at(0.0), "network_eh"),
        (lambda: mining_per_mwh(-1.0, 20.0), "hashprice_usd_ph_day"),
        (lambda: mining_per_mwh(1.0, 0.0), "j_per_th"),
        (lambda: mining_per_mwh(1.0, 20.0, pool_fee=1.5), "pool_fee"),
        (lambda: break_even_power(1.0, 20.0, pue=0.9), "pue"),
        (lambda: energy_per_btc_mwh(1.0, 20.0, subsidy_btc=0.0), "reward_btc"),
        (lambda: ai_revenue(usd_per_gpu_h=1, gpus_per_mw=0, utilisation=1), "gpus_per_mw"),
        (lambda: ai_revenue(usd_per_gpu_h=1, gpus_per_mw=8, utilisation=2), "utilisation"),
    ],
)
def test_values_out_of_range_are_refused(call, field):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.field == field
