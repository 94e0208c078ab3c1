# SPDX-License-Identifier: Apache-2.0

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from itertools import count as counted

import numpy as np
import pytest

from loadstone.engines.value.futures.assessing import assess, drawn, own_hashrate
from loadstone.engines.value.futures.case import settled_book
from loadstone.engines.value.futures.many import Valuer, value_many
from loadstone.engines.value.futures.options import always_on, option_values
from loadstone.model.errors import InputError
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.terms import Futures
from tests.engines.value.futures.planned import planned, valued

FUTURES = 150


def assessed(seed=1, workers=2, futures=None):
    network, plan, hours, columns = planned()
    if futures is not None:
        network = replace(network, futures=futures)
    base, ticks = valued()[0], counted()
    with ThreadPoolExecutor(workers) as executor:
        return assess(
            base, plan, hours, network, columns=columns, count=FUTURES, seed=seed,
            clock=lambda: float(next(ticks)), executor=executor, workers=workers,
        )  # fmt: skip


@pytest.fixture(scope="module")
def risk():
    return assessed()


def test_risk_is_the_same_to_the_bit_whatever_the_number_of_threads(risk):
    assert assessed(workers=1) == risk


def test_another_seed_is_another_set_of_futures(risk):
    assert assessed(seed=2).spreads != risk.spreads


def test_all_spreads_are_there(risk):
    names = [one.name for one in risk.spreads]
    assert names == ["npv", "equity_npv", "equity_irr", "dscr_min", "peak_equity"]
    npv = risk.spreads[0]
    assert npv.cvar["0.05"] <= npv.quantiles["0.05"] <= npv.mean
    assert 0 <= risk.loss <= 1
    assert 0 <= risk.breach <= 1


def test_fans_have_the_base_case_and_a_number_a_year(risk):
    fans = {one.name: one for one in risk.fans}
    assert {"cash", "hashprice", "ai", "power"} <= set(fans)
    table = valued()[1].table
    assert fans["cash"].base == pytest.approx(table.by_year(table.total()).tolist())
    for fan in fans.values():
        assert len(fan.times) == len(fan.base) == len(table.years)
        low, high = np.array(fan.quantiles["0.05"]), np.array(fan.quantiles["0.95"])
        assert (low <= high).all()


def test_drivers_explain_no_more_than_all(risk):
    assert risk.drivers
    assert sum(one.share for one in risk.drivers) <= 1 + 1e-6
    shares = [one.share for one in risk.drivers]
    assert shares == sorted(shares, reverse=True)


def test_own_hashrate_is_held_against_the_network(risk):
    network, plan, _, _ = planned()
    own = own_hashrate(plan, network, valued()[1].table.months)
    miner = network.facts.miners["miner"]
    mw = max(y.capacities.get("miner:miner", 0.0) for y in plan.site_years)
    # a MW of miners of e J/TH is 1 / e EH/s
    assert own.max() == pytest.approx(mw / miner.j_per_th)
    mean, most = risk.network_share
    assert 0 < mean <= most < 0.01


def test_the_freedom_to_stop_is_never_worth_less_than_nothing():
    base, case, futures = valued()
    book = settled_book(case, futures.middle, base)
    found = {one.name: one for one in option_values(
        base, case, futures.middle, futures.source, 100, book=book)}  # fmt: skip
    assert found["idle"].value > 0
    assert 0 < found["idle"].used <= 1
    assert 0 <= found["retire early"].used <= 1


def test_miners_that_always_run_earn_a_straight_line():
    base, case, futures = valued()
    book = settled_book(case, futures.middle, base)
    line = always_on(book).fleets.curve
    assert np.abs(np.diff(line, 2)).max() < 1e-6 * np.abs(line).max()
    assert (line <= book.fleets.curve + 1e-6).all()


def test_named_futures_count_by_their_weights():
    def named(name, weight, price):
        return NamedFuture(name=name, weight=weight, btc_price=(price,), source="A test")

    stated = Futures(
        source="A test",
        date=date(2026, 10, 1),
        named=(named("bad", 0.25, 0.5), named("good", 0.75, 1.2)),
    )
    found = assessed(futures=stated)
    assert found.futures == 2
    npv, project = found.spreads[0], valued()[0].valuation.returns[0].npv
    low, high = npv.cvar["0.1"], npv.quantiles["0.99"]
    assert low < project < high
    assert npv.mean == pytest.approx(0.25 * low + 0.75 * high)


def test_without_futures_nothing_is_drawn():
    _, case, _ = valued()
    bare = replace(case, network=replace(case.network, futures=None))
    with pytest.raises(InputError, match=r"futures\.toml"):
        drawn(bare, 100, 0)


def test_more_futures_settle_the_mean():
    base, case, futures = valued()
    valuer = Valuer(settled_book(case, futures.middle, base))
    few, many = (value_many(valuer, futures.source, n) for n in (500, 2000))
    error = few.npv.std() / np.sqrt(500)
    assert abs(few.means["npv"] - many.means["npv"]) < 4 * error
    assert np.array_equal(few.npv, many.npv[:500])
