# SPDX-License-Identifier: Apache-2.0
"""What power earns: one worked number each, then what must hold for every input."""

from dataclasses import replace
from datetime import date
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.facts import read_facts
from loadstone.engines.revenue import (
    ai_revenue,
    break_even_power,
    concave_steps,
    difficulty_at,
    energy_per_btc_mwh,
    hashprice,
    hashprice_of_network,
    hashprice_on,
    mean_gain,
    miner_price_at,
    mining_per_mwh,
    mining_steps,
    network_hashrate_eh,
    serving_steps,
    split_steps,
    used_price_share,
)
from loadstone.model.bitcoin import Bitcoin, Halving, MarketPoint
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


def test_steps_of_one_mode_by_hand():
    # 0.72 / 0.6 = 1.2 up to 60 % of the power, 0.28 / 0.4 = 0.7 above
    first, last = concave_steps([("low", 0.6, 0.72)])
    assert (first.name, first.start, first.width, first.gain) == pytest.approx(
        ("", 0.0, 0.6, 1.2)
    )
    assert (last.name, last.start, last.width, last.gain) == pytest.approx(
        ("full", 0.6, 0.4, 0.7)
    )


def test_a_point_that_a_mixture_of_others_beats_is_left_out():
    # half of the machines at 0.4 and half at nameplate do 0.75 with 0.7 of the power
    names = [s.name for s in concave_steps([("low", 0.4, 0.5), ("middle", 0.7, 0.7)])]
    assert names == ["", "full"]
    assert concave_steps([("low", 0.5, 0.4)]) == concave_steps([])  # pausing does more


def test_a_machine_without_points_runs_in_full_or_not_at_all():
    (only,) = concave_steps([])
    assert (only.width, only.gain) == (1.0, 1.0)


@pytest.mark.parametrize("point", [("low", 0.0, 0.5), ("low", 0.5, 1.5)])
def test_points_outside_nameplate_are_refused(point):
    with pytest.raises(InputError):
        concave_steps([point])


@given(
    st.lists(st.tuples(st.just("x"), st.floats(0.01, 1.0), st.floats(0.01, 1.0)), max_size=6)
)
def test_steps_reach_nameplate_and_gain_less_and_less(points):
    steps = concave_steps(points)
    assert sum(s.width for s in steps) == pytest.approx(1.0)
    assert sum(s.width * s.gain for s in steps) == pytest.approx(1.0)
    gains = [s.gain for s in steps]
    assert gains == sorted(gains, reverse=True)
    for _, power, output in points:
        reached = sum(min(s.width, max(power - s.start, 0.0)) * s.gain for s in steps)
        assert power == 1.0 or reached >= output * (1 - 1e-9)


@given(st.floats(0.0, 1.0))
def test_split_steps_do_together_what_they_did_before(at):
    steps = concave_steps([("low", 0.6, 0.72)])
    below, above = split_steps(steps, at)
    assert sum(s.width for s in below) == pytest.approx(at)
    done = sum(s.width * s.gain for s in (*below, *above))
    assert done == pytest.approx(1.0)


def test_the_floor_of_a_contract_earns_its_mean():
    below, _ = split_steps(concave_steps([("low", 0.6, 0.72)]), 0.8)
    assert mean_gain(below) == pytest.approx((0.72 + 0.2 * 0.7) / 0.8)


def test_a_miner_has_the_steps_of_its_table():
    miner = read_facts().miners["antminer-s19j-pro"]
    first, middle, last = mining_steps(miner, underclock=(0.5, 0.9))
    # 1,850 W and 76 TH/s, 2,500 W and 92 TH/s, of 2,970 W and 100 TH/s
    assert (first.width, first.gain) == pytest.approx((0.623, 0.76 / 0.623))
    assert (middle.name, middle.gain) == ("middle", pytest.approx(0.16 / 0.219))
    assert (last.name, last.gain) == ("full", pytest.approx(0.08 / 0.158))


def test_a_general_mode_is_for_miners_without_a_table():
    miner = read_facts().miners["antminer-s21"]
    assert [s.gain for s in mining_steps(miner, underclock=(0.7, 0.77))] == pytest.approx(
        [1.1, 0.23 / 0.3]
    )
    assert len(mining_steps(miner)) == 1


def test_a_cap_moves_the_power_of_the_gpus_alone():
    # 8 x 250 W of 3 kW: at 0.684 of their draw the server draws 1/3 + 2/3 x 0.684 = 0.789
    server = read_facts().servers["server-8x-v100"]
    steps = serving_steps(server)
    assert [round(s.start + s.width, 3) for s in steps] == [0.727, 0.789, 0.913, 1.0]
    assert steps[0].gain == pytest.approx(0.859 / (1 / 3 + 2 / 3 * 0.591))


def test_pausing_beats_a_cap_that_saves_too_little():
    # pre-training on an A100 loses more work than a cap saves the whole server
    server = read_facts().servers["dgx-a100"]
    assert len(serving_steps(server, "pre-train")) == 1
    assert len(serving_steps(server, "fine-tune")) == 3


def test_another_workload_than_was_measured_has_no_curve():
    server = read_facts().servers["dgx-a100"]
    assert len(serving_steps(server, "games")) == 1
    assert len(serving_steps(read_facts().servers["dgx-h100"])) == 1


def point(day, **known):
    return MarketPoint(date=day, source="s", confidence="low", **known)


BITCOIN = Bitcoin(
    halvings=tuple(
        Halving(height=210_000 * i, date=date(2009 + 4 * i, 1, 3), source="s") for i in range(5)
    ),
    market=(
        point(date(2025, 1, 1), hashprice_usd_ph_day=60.0),
        point(date(2025, 1, 11), hashprice_usd_ph_day=50.0),
        point(date(2025, 6, 1)),
        point(date(2026, 1, 1), difficulty=1e14, price_usd=1e5),
    ),
)


def test_the_hashprice_of_a_day_lies_between_those_known():
    assert hashprice_on(BITCOIN, date(2025, 1, 5)) == pytest.approx(56.0)
    assert hashprice_on(BITCOIN, date(2024, 1, 1)) == 60.0
    last = hashprice(1e14, 1e5, subsidy_btc=3.125)
    assert hashprice_on(BITCOIN, date(2026, 6, 1)) == pytest.approx(last)
    assert hashprice_on(replace(BITCOIN, market=()), date(2026, 6, 1)) is None


def test_the_price_of_a_miner_goes_with_hashprice():
    words = {"hashprice_usd_ph_day": 30.0, "reference_usd_ph_day": 60.0, "scrap_share": 0.1}
    assert miner_price_at(1000.0, elasticity=0.0, **words) == 1000.0
    assert miner_price_at(1000.0, elasticity=1.0, **words) == pytest.approx(500.0)
    words["hashprice_usd_ph_day"] = 0.0
    assert miner_price_at(1000.0, elasticity=1.0, **words) == pytest.approx(100.0)


@given(st.floats(0.1, 1000.0), st.floats(0.1, 1000.0), shares, shares)
def test_a_miner_costs_at_least_its_scrap_and_more_at_a_higher_hashprice(low, ratio, e, s):
    words = {"reference_usd_ph_day": 40.0, "elasticity": e, "scrap_share": s}
    cheap = miner_price_at(500.0, hashprice_usd_ph_day=low, **words)
    dear = miner_price_at(500.0, hashprice_usd_ph_day=low * (1 + ratio), **words)
    assert 500.0 * s <= cheap <= dear


def test_a_second_hand_miner_loses_with_age():
    assert used_price_share(0.0, 5.0, discount=0.15) == pytest.approx(0.85)
    assert used_price_share(2.0, 5.0, discount=0.15) == pytest.approx(0.51)
    assert used_price_share(7.0, 5.0, discount=0.15) == 0.0


@pytest.mark.parametrize("words", [{"age": -1.0}, {"life": 0.0}, {"discount": 1.5}])
def test_second_hand_prices_refuse_what_makes_no_sense(words):
    given_words = {"age": 1.0, "life": 5.0, "discount": 0.1, **words}
    with pytest.raises(InputError):
        used_price_share(
            given_words["age"], given_words["life"], discount=given_words["discount"]
        )
