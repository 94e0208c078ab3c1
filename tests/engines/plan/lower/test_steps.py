# SPDX-License-Identifier: Apache-2.0
"""Machines below nameplate: firmware modes and power caps, by hand and against one model."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.steps import miner_steps, ready_widths, server_steps
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.result import site_hours
from loadstone.engines.revenue import concave_steps
from loadstone.model.connection import Connection
from loadstone.model.machine import CapCurve, FirmwareMode
from loadstone.model.site import AiSales, Limits, Standing
from tests.engines.plan.lower import tiny_network as tiny

# 60 % of the power hashes 72 %: a MWh at the plug earns 180 there, and 105 in the rest
LOW = FirmwareMode(
    name="low", power=0.6, hashrate=0.72, source="invented", date=tiny.DAY, confidence="high"
)
MINER = replace(tiny.MINER, modes=(LOW,))
HOUR = np.arange(tiny.HOURS) % 24
# at the bus the first step pays up to 171, nameplate as a whole to 143, the rest to 100
THREE_PRICES = np.select([HOUR < 8, HOUR < 16], [50.0, 120.0], 200.0)
THIRD = tiny.HOURS / 3

# 80 % of a server's power is its GPUs'; at 60 % of theirs, so 68 % of its own, 80 % is done
CURVE = CapCurve(
    workload="fine-tune", cap=(0.5, 1.0), throughput=(0.8, 1.0), draw=(0.6, 1.0), cap_w=1000.0,
    measured_on="a GPU", source="invented", date=tiny.DAY, confidence="high",
)  # fmt: skip
SERVER = replace(tiny.SERVER, cap_curves=(CURVE,), curve_absent="")
SPOT = 0.7 * 1600.0  # USD/MWh at the plug


def standing(model, mw, **changes):
    """Return a site where machines stand and nothing can be built."""
    given = {
        "status": "operating",
        "connection": Connection(existing_mw=tiny.PUE * mw, max_mw=tiny.PUE * mw),
        "standing": (Standing(model=model, mw=mw, installed=date(2026, 7, 1)),),
        "supply": (tiny.spot(),),
        "miners": (),
        "servers": (),
    }
    return tiny.site(**given | changes)


def miners(site=None, prices=THREE_PRICES, **changes):
    given = tiny.facts(miners={"miner": MINER})
    return tiny.network(site or standing("miner", 10.0), given=given, prices=prices, **changes)


def servers(prices, **changes):
    site = standing("server", 4.0, limits=Limits(mining_mw=0.0, ai_mw=4.0), **changes)
    given = tiny.facts(servers={"server": SERVER})
    return tiny.network(site, given=given, prices=prices, servers=("server",))


def test_miners_run_below_nameplate_while_power_is_dear():
    found = tiny.solve(miners(), gap=1e-8)
    power = {name: mw.reshape(-1, 24)[0] for name, mw in found.power().items()}
    low, rest = power["miner:miner"], power["miner:miner:full"]
    np.testing.assert_allclose(low[[0, 8, 16]], [6.3, 6.3, 0.0], atol=1e-9)
    np.testing.assert_allclose(rest[[0, 8, 16]], [4.2, 0.0, 0.0], atol=1e-9)
    full, below = 10 * 150 - 10.5 * 50, 7.2 * 150 - 6.3 * 120
    expected = (THIRD * (full + below) - 10 * 30_000) / 1.1
    assert found.plan.objective == pytest.approx(expected, rel=1e-9)


def test_the_books_count_what_each_step_earns():
    year = tiny.solve(miners(), gap=1e-8).year()
    assert year.revenue["mining"] == pytest.approx(THIRD * (1500 + 1080))
    assert year.energy_mwh["mining"] == pytest.approx(THIRD * (10 + 6))


def test_without_modes_miners_run_in_full_or_stop():
    found = tiny.solve(miners(firmware_modes=False), gap=1e-8)
    assert "miner:miner:full" not in found.power()
    expected = (THIRD * (2 * 1500 - 10.5 * 170) - 10 * 30_000) / 1.1
    assert found.plan.objective == pytest.approx(expected, rel=1e-9)


def test_the_hours_show_a_model_as_one_machine():
    found = tiny.solve(miners(), gap=1e-8)
    (hours,) = site_hours(found.lowered, found.solution, found.hours)
    assert list(hours.machine_mw) == ["miner:miner"]
    assert hours.machine_mw["miner:miner"][0] == pytest.approx(10.5)


def hot(air, available=1.0):
    """Return the miners under a hall that slows down from 35 degC and stops at 45."""
    hall = replace(
        tiny.cooling("hall", "mining"), compressor=False, derate_from_c=35.0, stop_c=45.0
    )
    network = miners(prices=np.full(tiny.HOURS, 20.0))
    costs = {**network.facts.costs, "availability-mining": tiny.fact(available)}
    cooling = {**network.facts.cooling, "mining-air": hall}
    series = tiny.series("weather", "drybulb_c", "degC", np.full(tiny.HOURS, air))
    return replace(
        network,
        facts=replace(network.facts, costs=costs, cooling=cooling),
        drybulb_c={"ST": series},
    )


@pytest.mark.parametrize(
    ("air", "available", "hashed"),
    [
        (20.0, 1.0, 10.0),  # winter
        (40.0, 1.0, 6.0),  # half the heat: 0.5 in the first step, x 1.2
        (37.0, 1.0, 8.6),  # 0.8: 0.72 and 0.2 x 0.7
        (20.0, 0.9, 9.0),  # a tenth is out of order, the others run in full
        (37.0, 0.9, 7.74),  # nine tenths of 0.86
        (46.0, 1.0, 0.0),
    ],
)
def test_heat_takes_the_least_efficient_power_first(air, available, hashed):
    found = tiny.solve(hot(air, available), gap=1e-8)
    (year,) = found.plan.site_years
    assert year.revenue["mining"] == pytest.approx(tiny.HOURS * 150 * hashed, abs=1e-3)


def test_steps_are_filled_one_after_the_other():
    steps = concave_steps([("low", 0.6, 0.72)])
    low, rest = ready_widths(steps, np.array([0.0, 0.3, 0.63, 0.9]), 0.9)
    np.testing.assert_allclose(low, [0, 0.3, 0.54, 0.54])
    np.testing.assert_allclose(rest, [0, 0, 0.09, 0.36])


def test_a_miner_without_a_table_takes_the_general_mode_and_says_so():
    given = tiny.facts()
    costs = {"underclock-power": tiny.fact(0.7), "underclock-hashrate": tiny.fact(0.8)}
    given = replace(given, costs={**given.costs, **costs})
    economy = Economy(tiny.network(given=given))
    low, rest = miner_steps(economy, tiny.MINER)
    assert (low.width, low.gain) == pytest.approx((0.7, 0.8 / 0.7))
    assert (rest.name, rest.gain) == ("full", pytest.approx(0.2 / 0.3))
    assert "underclock-power" in economy.assumed


def test_a_table_of_modes_is_named_with_its_source():
    economy = Economy(miners())
    miner_steps(economy, MINER)
    assert economy.assumed["modes:miner"] == (
        "M runs below nameplate, down to 72 % of its hashrate for 60 % of its power "
        "(Numbers invented for a test, high confidence)"
    )


def test_servers_go_down_their_cap_curve_before_they_pause():
    # the first 68 % earn 1120 x 0.8 / 0.68 a MWh at the plug, the rest 1120 x 0.2 / 0.32
    prices = np.select([HOUR < 8, HOUR < 16], [50.0, 900.0], 2000.0)
    found = tiny.solve(servers(prices), gap=1e-8)
    power = {name: mw.reshape(-1, 24)[0] for name, mw in found.power().items()}
    low, rest = power["server:server:spot"], power["server:server:spot:full"]
    np.testing.assert_allclose(low[[0, 8, 16]] / 4.2, [0.68, 0.68, 0.0], atol=1e-9)
    np.testing.assert_allclose(rest[[0, 8, 16]] / 4.2, [0.32, 0.0, 0.0], atol=1e-9)
    year = found.year()
    assert year.revenue["ai"] == pytest.approx(THIRD * 4 * SPOT * 1.8)


def test_a_floor_runs_on_the_curve_and_the_rest_above_it():
    # 80 % of the power does 0.8 + 0.12 x 0.625 = 87.5 % of the work, always
    sales = AiSales(contracted_share=1.0, floor=0.8, utilisation=0.7)
    prices = np.where(HOUR < 12, 50.0, 3000.0)
    found = tiny.solve(servers(prices, ai_sales=sales), gap=1e-8)
    power = {name: mw.reshape(-1, 24)[0] for name, mw in found.power().items()}
    np.testing.assert_allclose(power["server:server:floor"] / 4.2, 0.8, rtol=1e-9)
    np.testing.assert_allclose(power["server:server:contract"][[0, 12]] / 4.2, [0.2, 0.0])
    earned = tiny.HOURS / 2 * 4 * 1600 * (1 + 0.875)
    assert found.year().revenue["ai"] == pytest.approx(earned)


def test_a_server_without_a_curve_says_that_it_runs_or_pauses():
    site = standing("server", 4.0, limits=Limits(mining_mw=0.0, ai_mw=4.0))
    found = tiny.solve(tiny.network(site, servers=("server",)), gap=1e-7)
    said = [text for text in found.plan.assumptions if "runs in full or pauses" in text]
    assert said == ["Assumed S runs in full or pauses: invented."]


def test_a_server_says_that_another_workload_has_no_curve():
    economy = Economy(servers(np.full(tiny.HOURS, 50.0)))
    assert len(server_steps(economy, SERVER, "games")) == 1
    said = economy.assumed["caps:server"]
    assert said == "S runs in full or pauses: it has no cap curve for games"


def test_planning_with_steps_agrees_with_one_model():
    site = tiny.site(supply=(tiny.spot(),), limits=Limits(ai_mw=2.0))
    given = tiny.facts(miners={"miner": MINER}, servers={"server": SERVER})
    prices = np.where(HOUR < 16, 40.0, 40.0 + 12.0 * HOUR)
    network = tiny.network(
        site, given=given, prices=prices, servers=("server",),
        ai_sales=AiSales(contracted_share=0.5, floor=0.4),
    )  # fmt: skip
    exact, model = tiny.solve(network, gap=1e-8), solve_lp(lower(network).problem, gap=1e-9)
    assert exact.plan.objective == pytest.approx(model.objective, rel=1e-6)
    assert exact.built("miner:miner") > 0
