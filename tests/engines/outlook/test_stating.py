# SPDX-License-Identifier: Apache-2.0
from datetime import date

import numpy as np
import pytest

from loadstone.engines.outlook import outlook_in, stated
from loadstone.engines.outlook.months import planned_hashprice
from loadstone.model.errors import InputError
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.paths import NEVER
from tests.engines.outlook.outlooks import FIRST, SAID, drawing, full, futures, level, network

STUDY = network().study
MONTHS = round((STUDY.phases[-1].ends - 2027) * 12)


def named():
    lease = network().offers.leases[0].id
    country = network().sites[0].country
    return futures(
        named=(
            NamedFuture(name="as planned", weight=0.6, source=SAID),
            NamedFuture(
                name="slump",
                weight=0.4,
                btc_price=(0.5,),
                power_price=(1.0, 1.0, 1.0, 2.0),
                ai_by_generation={"blackwell": (0.3,)},
                rent=(0.8,),
                fx={"BRL": (1.5,)},
                delay_years=2.0,
                mining_ban={country: date(2028, 3, 15)},
                expropriation={country: date(2090, 1, 1)},
                tenant_default={lease: date(2026, 1, 1)},
                source=SAID,
            ),
        )
    )


def test_named_futures_are_paths_with_their_weights():
    paths = stated(named(), network(), months=MONTHS, first=FIRST)
    assert paths.weight.tolist() == [0.6, 0.4]
    assert paths.seed is None
    ratio = {name: paths.factor(name)[1] / paths.factor(name)[0] for name in paths.factors}
    assert ratio["btc_price"] == pytest.approx(0.5)
    assert ratio["hashprice"] == pytest.approx(0.5)
    assert ratio["network_eh"] == pytest.approx(1.0)
    assert ratio["ai:blackwell"] == pytest.approx(0.3)
    assert ratio["ai:cdna4"] == pytest.approx(1.0)
    assert ratio["lease"] == pytest.approx(0.8)
    assert ratio["fx:BRL"] == pytest.approx(1.5)
    assert ratio["power:BR-SE"][:24] == pytest.approx(1.0)
    assert ratio["power:BR-SE"][24:] == pytest.approx(2.0)
    site, country = network().sites[0].id, network().sites[0].country
    assert paths.event(f"delay:{site}").tolist() == [0.0, 2.0]
    assert paths.event(f"mining_ban:{country}").tolist() == [NEVER, 14]
    assert paths.event(f"expropriation:{country}").tolist() == [NEVER, NEVER]
    assert paths.event(f"default:{network().offers.leases[0].id}").tolist() == [NEVER, 0]
    assert not paths.weather.any()


def test_no_named_futures_are_refused():
    with pytest.raises(InputError, match="weighted"):
        stated(full(), network(), months=12, first=FIRST)


def test_the_future_without_a_change_is_the_outlook_of_the_plan():
    paths = stated(named(), network(), months=240, first=FIRST)
    made, told = outlook_in(paths, 0, network()), STUDY.outlook
    count = len(STUDY.phases)
    assert made.btc_price == pytest.approx(told.btc_price)
    assert made.fee_share == pytest.approx(told.fee_share)
    assert made.hashprice == pytest.approx(
        [planned_hashprice(network(), i) for i in range(count)]
    )
    for i in range(count):
        assert made.ai_factor("blackwell", i) == pytest.approx(told.ai_factor("blackwell", i))
        assert made.power_factor("BR-SE", i) == pytest.approx(told.power_factor("BR-SE", i))
    assert "future 0" in made.source


def test_a_drawn_future_is_told_by_the_mean_of_each_phase():
    paths = drawing(full(), months=MONTHS).paths(4, 10)
    made = outlook_in(paths, 2, network())
    assert made.hashprice[0] == pytest.approx(paths.factor("hashprice")[2, :6].mean())
    assert made.power_by_zone["BR-SE"][2] == pytest.approx(
        paths.factor("power:BR-SE")[2, 12:24].mean()
    )
    assert "future 12" in made.source


def test_what_does_not_move_stays_as_the_outlook_says():
    made = outlook_in(drawing(futures(lease=level(0.1))).paths(1), 0, network())
    assert made.hashprice == STUDY.outlook.hashprice
    assert made.ai_by_generation == STUDY.outlook.ai_by_generation


def test_a_phase_beyond_the_months_has_the_last_of_them():
    paths = drawing(full(), months=9).paths(1)
    made = outlook_in(paths, 0, network())
    assert made.btc_price[1] == pytest.approx(paths.factor("btc_price")[0, 6:].mean())
    assert made.btc_price[3] == pytest.approx(paths.factor("btc_price")[0, -1])
    assert np.isfinite(made.hashprice).all()
