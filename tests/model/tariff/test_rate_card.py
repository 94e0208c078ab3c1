# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import date
from math import inf

import numpy as np
import pytest

from loadstone.model.errors import InputError
from loadstone.model.tariff import FlatPrice, OwnGeneration, RateCard, SpotPrice, site_card
from loadstone.model.tariff.approximated import AverageBandTerm, TieredTerm
from loadstone.model.tariff.terms import (
    BlockTerm,
    ConnectionTerm,
    EnergyTerm,
    FixedTerm,
    PeakTerm,
    TakeOrPayTerm,
    spread,
    totals,
)
from tests.contracts.tariff_examples import BASE, EUR, EXAMPLES, load, local_month, prices

JUNE = local_month(2026, 6)


def test_two_prices_for_one_hour_are_refused():
    with pytest.raises(InputError, match="1 price in every interval, is not in 720"):
        site_card([BASE, replace(BASE, name="again")], JUNE, {})


def test_an_hour_without_a_price_is_refused_with_its_time():
    ends = replace(BASE, valid_to=date(2026, 6, 30))
    with pytest.raises(InputError, match="is not in 24, first 2026-06-29T22:00:00 UTC"):
        site_card([ends], JUNE, {})


def test_one_price_may_follow_another():
    first = replace(BASE, valid_to=date(2026, 6, 16))
    then = SpotPrice(**EUR, series="spot", valid_from=date(2026, 6, 16))
    card = site_card([first, then], JUNE, prices(JUNE))
    np.testing.assert_allclose(card.per_mwh("residual")[:360], 50.0)
    np.testing.assert_allclose(
        card.per_mwh("residual")[360:], prices(JUNE)["spot"].per_mwh[360:]
    )


def test_a_site_off_the_grid_needs_no_price():
    card = site_card([EXAMPLES["own generation"]], JUNE, {})
    assert not card.priced.any()


def test_a_site_without_any_entry_is_refused():
    with pytest.raises(InputError, match="at least one"):
        RateCard.joined([])


def test_cards_of_two_grids_are_not_joined():
    other = FlatPrice(**EUR, per_mwh=1.0).rate_card(local_month(2026, 7), {})
    with pytest.raises(InputError, match="grid of the other cards"):
        RateCard.joined([BASE.rate_card(JUNE, {}), other])


def test_two_generators_need_two_names():
    engine = OwnGeneration(**EUR, limit_mw=1.0, per_mwh=1.0)
    with pytest.raises(InputError, match="must name one"):
        site_card([engine, engine], JUNE, {})


def test_a_card_knows_where_it_prices_energy():
    with pytest.raises(InputError, match="priced"):
        RateCard(currency="EUR", grid=JUNE, terms=(), priced=np.ones(3, dtype=bool))


def test_the_price_on_a_meter_is_the_sum_of_its_terms():
    card = site_card([BASE, EXAMPLES["network"], EXAMPLES["flat levy"]], JUNE, {})
    assert {on: card.per_mwh(on)[0] for on in ("residual", "import", "mining", "ai")} == {
        "residual": 50.0,
        "import": 7.5,
        "mining": 20.5,
        "ai": 0.0,
    }


def test_every_example_fits_on_one_card():
    others = [e for e in EXAMPLES.values() if not e.rate_card(JUNE, prices(JUNE)).priced.any()]
    names = [replace(e, name=e.name or f"entry {k}") for k, e in enumerate(others)]
    card = site_card([BASE, *names], JUNE, prices(JUNE))
    drawn = load(JUNE, seed=5)
    assert sum(line.amount for line in card.lines(drawn)) == pytest.approx(card.charge(drawn))
    low, high = card.bounds(drawn)
    assert low <= card.charge(drawn) <= high
    assert low <= card.planner_cost(drawn) <= high


def test_an_amount_of_a_period_without_intervals_is_spread_over_all():
    periods = np.array([0, 0, -1, 2])
    np.testing.assert_allclose(spread(np.array([4.0, 8.0, 1.0]), periods), [4, 4, 2, 3])
    np.testing.assert_allclose(totals(np.array([1.0, 2, 3, 4]), periods, 3), [3, 0, 4])


ONE = np.zeros(4, dtype=np.int64)
ROW = np.ones((1, 1))


@pytest.mark.parametrize(
    "term",
    [
        lambda: EnergyTerm(name="x", per_mwh=np.array([np.inf]), on="import"),
        lambda: PeakTerm(
            name="x",
            periods=ONE,
            per_mw=np.array([-1.0]),
            ratchet=ROW,
            floor_mw=np.zeros(1),
            excess_per_mw=np.zeros(1),
        ),
        lambda: PeakTerm(
            name="x",
            periods=ONE,
            per_mw=np.ones(1),
            ratchet=np.ones((2, 2)),
            floor_mw=np.zeros(1),
            excess_per_mw=np.zeros(1),
        ),
        lambda: PeakTerm(
            name="x",
            periods=ONE,
            per_mw=np.ones(1),
            ratchet=ROW,
            floor_mw=np.zeros(1),
            contract_mw=-inf,
            excess_per_mw=np.zeros(1),
        ),
        lambda: BlockTerm(name="x", periods=ONE + 1, edges_mwh=ROW, adders_per_mwh=ROW),
        lambda: BlockTerm(name="x", periods=ONE - 2, edges_mwh=ROW, adders_per_mwh=ROW),
        lambda: BlockTerm(name="x", periods=ONE, edges_mwh=ROW, adders_per_mwh=-ROW),
        lambda: BlockTerm(name="x", periods=ONE, edges_mwh=ROW, adders_per_mwh=np.ones((1, 2))),
        lambda: TakeOrPayTerm(
            name="x",
            limit_mw=np.ones(4),
            per_mwh=np.ones(4),
            periods=ONE,
            minimum_mwh=np.ones(1),
            shortfall_per_mwh=np.ones(2),
        ),
        lambda: FixedTerm(name="x", per_interval=np.array([np.nan])),
        lambda: ConnectionTerm(name="x", per_mw_interval=np.array([-1.0])),
        lambda: TieredTerm(
            name="x",
            pools=ONE,
            groups=ONE,
            edges_mwh=np.array([[2.0, 1.0]]),
            rates_per_mwh=np.ones((1, 3)),
            whole_bracket=False,
            expected_mwh=np.ones(1),
        ),
        lambda: AverageBandTerm(
            name="x",
            use="mining",
            periods=ONE,
            edges_per_mwh=np.array([2.0, 1.0]),
            rates_per_mwh=np.ones(3),
            expected_per_mwh=1.0,
        ),
        lambda: AverageBandTerm(
            name="x",
            use="mining",
            periods=ONE,
            edges_per_mwh=np.array([1.0]),
            rates_per_mwh=np.ones(3),
            expected_per_mwh=1.0,
        ),
    ],
)
def test_a_term_that_would_break_the_planner_cannot_be_made(term):
    with pytest.raises(InputError):
        term()
