# SPDX-License-Identifier: Apache-2.0
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.outlook import draw, draw_plainly
from loadstone.model.errors import InputError
from loadstone.model.futures.level import Levels, Wild
from loadstone.model.futures.mining import Fees, MinerPrices
from tests.engines.outlook.outlooks import FIRST, SAID, drawing, full, futures, hashrate, level
from tests.engines.outlook.outlooks import network as small

ALL = {
    "everything": full,
    "price alone": lambda: futures(btc=level(0.5)),
    "fees alone": lambda: futures(fees=Fees(level=level(1.0), spikes_per_year=6, spike=0.3)),
    "hashrate alone": lambda: futures(hashrate=hashrate(delivery_months=0)),
    "hashprice alone": lambda: futures(
        hashprice=level(0.6, half_life_months=12.0),
        miners=MinerPrices(used_elasticity=1.5, source=SAID),
    ),
    "wild": lambda: futures(lease=level(0.3, wild=Wild(ratio=3.0, share=0.3, months=2.0))),
    "one path": lambda: futures(
        power=Levels(level=level(0.4), together=1.0), ai=Levels(level=level(0.2), together=1.0)
    ),
    "weather and events": lambda: replace(full(), btc=None, hashrate=None, fees=None),
}


@pytest.mark.parametrize("name", ALL)
def test_the_compiled_drawing_is_the_plain_one(name):
    made = drawing(ALL[name](), months=90)
    fast, plain = made.paths(40, 11), draw_plainly(made, 40, 11)
    np.testing.assert_allclose(fast.values, plain.values, rtol=1e-12)
    np.testing.assert_allclose(fast.happens, plain.happens, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(fast.weather, plain.weather)
    assert fast.factors == plain.factors


wilds = st.builds(
    Wild, ratio=st.floats(1, 4), share=st.floats(0.05, 0.5), months=st.floats(1, 12)
)
levels = st.builds(
    level,
    st.floats(0, 2),
    half_life_months=st.none() | st.floats(0.5, 60),
    trend_sd=st.just(0.0) | st.floats(0.01, 0.3),
    jumps_per_year=st.just(0.0) | st.floats(0.1, 12),
    jump_mean=st.floats(-0.5, 0.5),
    jump_sd=st.floats(0, 0.5),
    wild=st.none() | wilds,
)
many = st.builds(Levels, level=levels, together=st.floats(0, 1), jumps_together=st.booleans())
miners = st.builds(
    hashrate,
    entry_usd_ph_day=st.floats(35, 90),
    exit_usd_ph_day=st.floats(5, 35),
    progress=st.floats(0, 0.5),
    entry_speed=st.floats(0, 1.4),
    exit_speed=st.floats(0, 3),
    delivery_months=st.integers(0, 9),
)


@settings(max_examples=25)
@given(
    st.builds(
        futures,
        btc=st.none() | levels,
        hashrate=st.none() | miners,
        fees=st.none() | st.builds(Fees, level=levels, spikes_per_year=st.floats(0, 12),
                                   spike=st.floats(0, 1)),
        miners=st.none() | st.builds(MinerPrices, used_elasticity=st.floats(0, 3),
                                     source=st.just(SAID)),
        ai=st.none() | many,
        power=st.none() | many,
        lease=levels,
    ),
    st.integers(0, 2**62),
    st.integers(0, 2**40),
)  # fmt: skip
def test_they_are_the_same_whatever_is_stated(parts, seed, start):
    made = drawing(parts, months=30, seed=seed)
    fast, plain = made.paths(3, start), draw_plainly(made, 3, start)
    assert np.isfinite(fast.values).all()
    np.testing.assert_allclose(fast.values, plain.values, rtol=1e-12)


def test_a_future_is_the_same_in_whatever_chunk_it_is_drawn():
    made = drawing()
    whole = made.paths(50)
    for start, count in ((0, 1), (7, 20), (49, 1)):
        part = made.paths(count, start)
        there = slice(start, start + count)
        np.testing.assert_array_equal(part.values, whole.values[:, there])
        np.testing.assert_array_equal(part.happens, whole.happens[:, there])
        np.testing.assert_array_equal(part.weather, whole.weather[there])


def test_a_future_is_the_same_in_whatever_thread_it_is_drawn():
    made = drawing(months=60)
    alone = made.paths(64)
    values, happens, weather = made.room(64)

    def chunk(start):
        there = slice(start, start + 8)
        part, what, sky = made.room(8)
        made.into(part, what, sky, start)
        values[:, there], happens[:, there], weather[there] = part, what, sky

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(chunk, range(0, 64, 8)))
    np.testing.assert_array_equal(values, alone.values)
    np.testing.assert_array_equal(happens, alone.happens)
    np.testing.assert_array_equal(weather, alone.weather)


def test_months_further_on_do_not_change_those_before():
    short, long = drawing(months=24).paths(9), drawing(months=60).paths(9)
    np.testing.assert_array_equal(short.values, long.values[:, :, :24])


def test_a_factor_draws_the_same_whatever_stands_beside_it():
    alone = drawing(futures(lease=full().lease)).paths(9)
    beside = drawing(replace(full(), correlation=futures().correlation)).paths(9)
    np.testing.assert_array_equal(alone.factor("lease"), beside.factor("lease"))


def test_seeds_differ_and_repeat():
    one, two, again = (
        draw(full(), small(), months=12, first=FIRST, count=5, seed=seed) for seed in (1, 2, 1)
    )
    np.testing.assert_array_equal(one.values, again.values)
    assert (one.factor("btc_price") != two.factor("btc_price")).all()
    assert one.seed == 1
    assert one.weight.sum() == pytest.approx(1)


def test_the_nominal_path_is_what_is_drawn_without_shocks():
    made = drawing(futures(btc=level(0.0), hashrate=hashrate(volatility=0.0), ai=Levels(
        level=level(0.0), together=0.5)))  # fmt: skip
    paths = made.paths(1)
    np.testing.assert_allclose(paths.values[:, 0], made.nominal, rtol=1e-9)


def test_where_all_share_one_path_there_is_one_factor():
    made = drawing(ALL["one path"]())
    assert set(made.factors) == {"ai", "power"}
    paths = made.paths(3)
    np.testing.assert_array_equal(paths.factor("power:BR-SE"), paths.factor("power"))
    assert paths.has("ai:blackwell")
    assert not paths.has("lease")


def test_nothing_to_draw_from_and_wrong_arguments_are_refused():
    with pytest.raises(InputError, match="parameters"):
        drawing(futures())
    with pytest.raises(InputError, match="seed"):
        drawing(seed=-1)
    with pytest.raises(InputError, match="months"):
        drawing(months=0)
    with pytest.raises(InputError, match="first"):
        drawing(first=FIRST.replace(day=2))
    with pytest.raises(InputError, match="own_eh"):
        drawing(own_eh=np.full(120, -1.0))
    with pytest.raises(InputError, match="count"):
        draw(full(), small(), months=12, first=FIRST, count=0, seed=1)
