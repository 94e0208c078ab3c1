# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.value.futures.many import Stated
from loadstone.engines.value.futures.opening import Middle
from loadstone.engines.value.futures.unhedged import hedge_risk
from loadstone.engines.value.hedging import HedgeLine, hedge_cash
from loadstone.model.finance.hedge import Hedge
from loadstone.model.futures.paths import Paths

MONTHS, FUTURES = 24, 150
HEDGE = Hedge(
    id="forward",
    kind="hashprice",
    traded=date(2027, 1, 1),
    starts=date(2027, 1, 1),
    ends=date(2029, 1, 1),
    price=40.0,
    ph=100.0,
    initial_margin=0.1,
    source="entered for this test",
)
SOLD = np.full(MONTHS, 4_000.0)
LINE = HedgeLine(
    hedge=HEDGE,
    country="",
    currency="USD",
    fixed=SOLD,
    floating=-SOLD,
    remaining=np.cumsum(SOLD)[::-1] - SOLD,
    fee=np.zeros(MONTHS),
)
DISCOUNT = 1.01 ** -np.arange(MONTHS)
MIDDLE = Middle(factors=("hashprice",), nominal=np.full((1, MONTHS), 40.0), events=())


@pytest.fixture(scope="module")
def source():
    rng = np.random.default_rng(5)
    values = 40.0 * np.exp(rng.normal(0, 0.3, (1, FUTURES, MONTHS)))
    return Stated(
        Paths(
            first=date(2027, 1, 1),
            factors=("hashprice",),
            values=values,
            events=(),
            happens=np.zeros((0, FUTURES)),
            weather=np.zeros((FUTURES, 2), dtype=np.int64),
            weight=np.full(FUTURES, 1 / FUTURES),
            seed=None,
        )
    )


def found(source, owners, **changes):
    weight = np.ones(len(owners))
    return hedge_risk(
        [LINE],
        owners,
        source=source,
        middle=MIDDLE,
        discount=DISCOUNT,
        weight=weight,
        **changes,
    )


def hedged_and_bare(source):
    """Mining of the very volume that is sold, with the forward and without."""
    values = source.paths.values
    bare = (SOLD * values[0] / 40.0) @ DISCOUNT
    margin = -np.diff(LINE.margin(), prepend=0.0)
    moved = hedge_cash([LINE], ("hashprice",), values, MIDDLE.nominal)
    return bare + (moved + LINE.payoff + margin) @ DISCOUNT, bare


def test_without_a_hedge_mining_has_its_whole_spread_again(source):
    hedged, bare = hedged_and_bare(source)
    risk = found(source, hedged)
    assert risk.futures == FUTURES
    assert risk.sd == pytest.approx(0.0, abs=1e-6 * risk.sd_without)
    assert risk.sd_without == pytest.approx(bare.std())
    assert risk.mean_without == pytest.approx(bare.mean())
    assert risk.worst_without < risk.mean_without


def test_of_futures_that_were_thinned_the_same_are_drawn_again(source):
    hedged, bare = hedged_and_bare(source)
    risk = found(source, hedged[::3], every=3)
    assert risk.mean_without == pytest.approx(bare[::3].mean())


def test_without_hedges_nothing_is_told(source):
    weight = np.ones(3)
    said = hedge_risk(
        [], weight, source=source, middle=MIDDLE, discount=DISCOUNT, weight=weight
    )
    assert said is None


def test_margin_has_a_price_though_it_comes_back(source):
    hedged, _ = hedged_and_bare(source)
    free = replace(LINE, hedge=replace(HEDGE, initial_margin=0.0))
    weight = np.ones(FUTURES)
    with_free = hedge_risk(
        [free], hedged, source=source, middle=MIDDLE, discount=DISCOUNT, weight=weight
    )
    assert with_free.mean_without < found(source, hedged).mean_without
