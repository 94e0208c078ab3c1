# SPDX-License-Identifier: Apache-2.0
"""Machines are what their makers state, and consistent in themselves."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.machine import CapCurve, FirmwareMode, Miner, Server
from loadstone.model.source import Fact


def fact(value, unit):
    return Fact(value=value, unit=unit, source="s", date=date(2026, 1, 1), confidence="low")


MINER = Miner(
    id="m",
    manufacturer="Maker",
    model="M",
    hashrate_th=200.0,
    power_w=3500.0,
    j_per_th=17.5,
    cooling="air",
    release="2024",
    price=fact(3500.0, "USD"),
    life=fact(5.0, "year"),
    source="s",
    date=date(2026, 1, 1),
    confidence="high",
)
SERVER = Server(
    id="g",
    manufacturer="Maker",
    model="G",
    accelerator="H",
    generation="hopper",
    chip_country="US",
    gpus=8,
    max_kw=10.0,
    cooling="air",
    release="2022-09",
    price=fact(250_000.0, "USD"),
    rental=fact(2.5, "USD/GPU-h"),
    life=fact(5.0, "year"),
    curve_absent="not measured",
    source="s",
    date=date(2026, 1, 1),
    confidence="high",
)
CURVE = CapCurve(
    workload="fine-tune",
    cap=(0.25, 0.5, 1.0),
    throughput=(0.2, 0.8, 1.0),
    draw=(0.3, 0.6, 1.0),
    cap_w=400.0,
    measured_on="a 400 W GPU",
    source="s",
    date=date(2025, 5, 31),
    confidence="medium",
)


def test_a_megawatt_of_miners_has_a_price_and_a_hashrate():
    assert MINER.price_per_mw == pytest.approx(1e6)  # 3,500 USD for 3,500 W
    assert MINER.ph_per_mw == pytest.approx(1000 / 17.5)


def test_a_miner_without_a_known_price_has_none():
    assert replace(MINER, price=None).price_per_mw is None


def test_a_megawatt_of_servers_has_a_price_and_gpus():
    assert SERVER.price_per_mw == pytest.approx(25e6)  # 250,000 USD for 10 kW
    assert SERVER.gpus_per_mw == pytest.approx(800.0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"hashrate_th": 0.0}, "hashrate_th"),
        ({"j_per_th": 18.0}, "j_per_th"),  # 2.9 % off
        ({"release": "in 2024"}, "release"),
        ({"price": fact(-1.0, "USD")}, "price"),
        ({"price": fact(1.0, "EUR")}, "price"),
        ({"life": fact(5.0, "month")}, "life"),
        ({"confidence": "sure"}, "confidence"),
    ],
)
def test_a_miner_that_breaks_a_rule_is_refused(changes, field):
    with pytest.raises(InputError) as caught:
        replace(MINER, **changes)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"gpus": 0}, "gpus"),
        ({"release": "2022"}, "release"),
        ({"price": fact(1.0, "EUR")}, "price"),
        ({"rental": fact(1.0, "USD")}, "rental"),
        ({"life": fact(0.0, "year")}, "life"),
        ({"curve_absent": ""}, "curve_absent"),
        ({"cap_curves": (CURVE,)}, "curve_absent"),
    ],
)
def test_a_server_that_breaks_a_rule_is_refused(changes, field):
    with pytest.raises(InputError) as caught:
        replace(SERVER, **changes)
    assert caught.value.field == field


def test_a_cap_between_two_that_were_measured_is_interpolated():
    assert CURVE.throughput_at(0.75) == pytest.approx(0.9)
    assert CURVE.draw_at(0.375) == pytest.approx(0.45)
    assert CURVE.throughput_at(1.2) == 1.0


def test_a_cap_below_the_lowest_measured_has_no_answer():
    assert CURVE.throughput_at(0.2) is None
    assert CURVE.draw_at(0.2) is None


@given(st.floats(0.25, 1.0), st.floats(0.25, 1.0))
def test_more_power_never_does_less_work(a, b):
    low, high = sorted((a, b))
    assert CURVE.throughput_at(low) <= CURVE.throughput_at(high) + 1e-12


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cap": (0.5, 1.0)}, "cap"),
        ({"throughput": (0.8, 0.2, 1.0)}, "throughput"),
        ({"draw": (0.3, 0.6, 0.9)}, "draw"),
        ({"cap_w": 0.0}, "cap_w"),
    ],
)
def test_a_curve_that_breaks_a_rule_is_refused(changes, field):
    with pytest.raises(InputError) as caught:
        replace(CURVE, **changes)
    assert caught.value.field == field


def mode(name="low", power=0.6, hashrate=0.7):
    return FirmwareMode(
        name=name,
        power=power,
        hashrate=hashrate,
        source="s",
        date=date(2026, 1, 1),
        confidence="low",
    )


def test_modes_gain_less_hashrate_from_one_to_the_next():
    low, middle = mode(), mode("middle", 0.8, 0.87)
    # per power: 0.7 / 0.6 = 1.17, then 0.17 / 0.2 = 0.85, then 0.13 / 0.2 = 0.65
    assert replace(MINER, modes=(low, middle)).modes == (low, middle)


@pytest.mark.parametrize(
    "modes",
    [
        (mode("low", 0.6, 0.5),),  # less than half the gain at first, more than the rest later
        (mode("low", 0.6, 0.7), mode("middle", 0.8, 0.72)),  # 0.1 per power, then 1.4
        (mode("middle", 0.8, 0.87), mode("low", 0.6, 0.7)),
    ],
)
def test_modes_that_no_firmware_would_choose_are_refused(modes):
    with pytest.raises(InputError) as caught:
        replace(MINER, modes=modes)
    assert caught.value.field == "modes"


def test_two_modes_of_one_name_are_refused():
    with pytest.raises(InputError, match="different names"):
        replace(MINER, modes=(mode("low", 0.6, 0.7), mode("low", 0.8, 0.87)))


@pytest.mark.parametrize("change", [{"power": 1.0}, {"hashrate": 0.0}, {"name": "Low mode"}])
def test_a_mode_lies_below_nameplate_and_has_a_plain_name(change):
    with pytest.raises(InputError) as caught:
        replace(mode(), **change)
    assert caught.value.field in change


def test_the_share_of_a_server_that_a_cap_moves_is_that_of_its_gpus():
    server = replace(SERVER, cap_curves=(CURVE,), curve_absent="")
    assert server.gpu_share(CURVE) == pytest.approx(0.32)  # 8 x 400 W of 10 kW
    assert replace(server, gpu_w=700.0).gpu_share(CURVE) == pytest.approx(0.56)


def test_gpus_cannot_draw_more_than_their_server():
    with pytest.raises(InputError, match="at most max_kw"):
        replace(SERVER, gpu_w=1400.0)
