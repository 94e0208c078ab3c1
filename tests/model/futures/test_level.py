# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.futures.level import Level, Levels, Wild
from loadstone.model.futures.mining import Fees, Hashrate, MinerPrices


def level(**more):
    return Level(**{"volatility": 0.5, "source": "a test"} | more)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("volatility", -0.1),
        ("volatility", float("nan")),
        ("volatility", 9.0),
        ("half_life_months", 0.0),
        ("trend_sd", -1.0),
        ("jumps_per_year", 13.0),
        ("jump_mean", float("inf")),
        ("jump_sd", -0.1),
        ("confidence", "sure"),
    ],
)
def test_a_level_that_cannot_be_is_refused(field, value):
    with pytest.raises(InputError, match=field):
        level(**{field: value})


@given(st.floats(0.1, 200.0))
def test_half_of_a_shock_is_left_after_the_half_life(half_life):
    one = level(half_life_months=half_life)
    assert one.kept**half_life == pytest.approx(0.5)
    assert one.monthly_sd <= level().monthly_sd * (1 + 1e-12)


def test_shocks_that_stay_add_up():
    assert level().kept == 1
    assert level().monthly_sd * 12**0.5 == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("field", "value"),
    [("ratio", 0.5), ("share", 0.0), ("share", 1.0), ("months", 0.5), ("months", float("inf"))],
)
def test_wild_times_that_cannot_be_are_refused(field, value):
    with pytest.raises(InputError, match=field):
        Wild(**{"ratio": 2.0, "share": 0.2, "months": 3.0} | {field: value})


def test_wild_times_too_short_for_their_share_are_refused():
    with pytest.raises(InputError, match="at least 9"):
        Wild(ratio=2.0, share=0.9, months=2.0)
    assert Wild(ratio=2.0, share=0.9, months=9.0).begins == pytest.approx(1.0)


def test_levels_need_a_level_and_a_correlation_from_0_to_1():
    with pytest.raises(InputError, match="level"):
        Levels(together=0.5)
    with pytest.raises(InputError, match="together"):
        Levels(level=level(), together=1.5)
    one = Levels(each={"a": level(volatility=0.1)}, together=1.0)
    assert one.of("b") is None
    assert not one.one_path
    assert Levels(level=level(), together=1.0).one_path


def hashrate(**more):
    stated = {
        "entry_usd_ph_day": 50.0, "exit_usd_ph_day": 30.0, "progress": 0.2, "entry_speed": 1.5,
        "exit_speed": 0.5, "delivery_months": 4, "source": "a test",
    }  # fmt: skip
    return Hashrate(**stated | more)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entry_usd_ph_day", 0.0),
        ("exit_usd_ph_day", 60.0),
        ("progress", 1.0),
        ("entry_speed", -1.0),
        ("entry_speed", 4.0),
        ("exit_speed", 12.0),
        ("delivery_months", 40),
        ("volatility", -0.1),
    ],
)
def test_miners_that_cannot_be_are_refused(field, value):
    with pytest.raises(InputError, match=field):
        hashrate(**{field: value})


def test_fast_entry_needs_fast_delivery():
    assert hashrate(entry_speed=4.0, delivery_months=1).entry_speed == 4.0


def test_fees_and_prices_of_miners_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="spikes_per_year"):
        Fees(level=level(), spikes_per_year=13.0)
    with pytest.raises(InputError, match="spike"):
        Fees(level=level(), spike=-0.1)
    with pytest.raises(InputError, match="used_elasticity"):
        MinerPrices(used_elasticity=4.0, source="a test")
