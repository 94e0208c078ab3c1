# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.value.hedged import hedged
from loadstone.engines.value.hedging import hedge_cash, hedge_lines
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.hedge import Hedge
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.plan import SiteDispatch
from tests.network_folders import campus, read

HOURS = 8760
FORWARD = Hedge(
    id="forward",
    kind="hashprice",
    traded=date(2027, 1, 1),
    starts=date(2027, 7, 1),
    ends=date(2028, 1, 1),
    price=40.0,
    ph=100.0,
    source="entered for this test",
)
BLOCK = Hedge(
    id="block",
    kind="power",
    traded=date(2027, 1, 1),
    starts=date(2027, 7, 1),
    ends=date(2028, 1, 1),
    price=200.0,
    currency="BRL",
    zone="BR-SE",
    mw=10.0,
    source="entered for this test",
)
DAYS = 184  # July to December


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    found = read(campus(tmp_path_factory.mktemp("hedging")))
    return replace(found, deals=Deals())


def lines(network, *hedges, dispatch=()):
    return hedge_lines(replace(network, deals=replace(network.deals, hedges=hedges)), dispatch)


def months(network):
    return Timeline.of(network)


def index(network, year, month):
    return months(network).index(year + (month - 1) / 12)


def drawing(network, mw):
    site, phase = network.sites[0], network.study.phases[0]
    zero = np.zeros(HOURS)
    return SiteDispatch(
        site=site.id,
        phase=phase.at,
        grid_import_mw=np.full(HOURS, mw),
        grid_export_mw=zero,
        solar_mw=zero,
        wind_mw=zero,
        charge_mw=zero,
        discharge_mw=zero,
        stored_mwh=zero,
        machine_mw={},
        shortage_mw=zero,
        price=zero,
        worth=zero,
    )


def mining(network, amounts, group="revenue", line="mining"):
    here = months(network)
    return CashTable(
        first=here.first,
        months=here.months,
        currency="USD",
        rows=(
            CashRow(
                group=group,
                line=line,
                amounts=np.full(here.months, amounts),
                site="araguari",
                country="BR",
                currency="USD",
                driver="mining",
            ),
        ),
    )


def test_a_forward_is_worth_its_volume_times_the_difference(plain):
    flat = replace(plain.study.outlook, hashprice=(30.0,) * len(plain.study.phases))
    network = replace(plain, study=replace(plain.study, outlook=flat))
    [line] = lines(network, FORWARD)
    assert line.fixed.sum() == pytest.approx(100 * DAYS * 40.0)
    assert line.payoff.sum() == pytest.approx(100 * DAYS * 10.0)
    assert np.count_nonzero(line.payoff) == 6


def test_margin_is_a_share_of_what_is_still_to_come_and_all_comes_back(plain):
    [line] = lines(plain, replace(FORWARD, initial_margin=0.1, fee=0.01))
    agreed = 100 * DAYS * 40.0
    bound = line.margin()
    assert bound[index(plain, 2027, 1)] == pytest.approx(0.1 * agreed)
    assert bound[index(plain, 2027, 7)] == pytest.approx(0.1 * (agreed - 100 * 31 * 40))
    assert bound[-1] == 0.0
    assert line.fee.sum() == pytest.approx(0.01 * agreed)


def test_a_fee_that_was_paid_before_the_first_month_is_not_paid_again(plain):
    before = replace(FORWARD, traded=date(2026, 6, 15), initial_margin=0.1, fee=0.01)
    assert months(plain).first > before.traded
    [line] = lines(plain, before)
    assert not line.fee.any()
    assert line.margin()[0] == pytest.approx(0.1 * 100 * DAYS * 40.0)
    first = months(plain).first
    [now] = lines(plain, replace(before, traded=first))
    assert now.fee[0] == pytest.approx(0.01 * 100 * DAYS * 40.0)
    np.testing.assert_allclose(line.payoff, now.payoff)


def test_variation_margin_moves_with_the_market_and_not_in_the_base_case(plain):
    [line] = lines(plain, replace(FORWARD, variation_margin=True))
    assert not line.margin().any()
    at = index(plain, 2027, 3)
    # all is still to come: a rise of 25 % must be paid in at once, by who sold
    assert line.margin(1.25)[at] == pytest.approx(0.25 * 100 * DAYS * 40.0)


def test_a_block_is_worth_its_hours_at_the_zones_price(plain):
    [line] = lines(plain, BLOCK)
    hours = DAYS * 24
    rate = plain.study.fx["BRL"].value
    assert line.fixed.sum() == pytest.approx(-10 * hours * 200 / rate)
    price = plain.prices["BR-SE"].values[-hours:]
    assert line.floating.sum() == pytest.approx(10 * price.sum() / rate)
    assert line.country == "BR"


def test_power_that_is_not_drawn_is_lost_without_resale(plain):
    half = lines(plain, replace(BLOCK, resale=False), dispatch=[drawing(plain, 5.0)])[0]
    more = lines(plain, replace(BLOCK, resale=False), dispatch=[drawing(plain, 50.0)])[0]
    resold = lines(plain, BLOCK)[0]
    assert half.floating.sum() == pytest.approx(resold.floating.sum() / 2)
    np.testing.assert_allclose(more.floating, resold.floating)
    np.testing.assert_allclose(half.fixed, resold.fixed)


def test_a_peak_block_has_12_hours_of_5_days(plain):
    [line] = lines(plain, replace(BLOCK, profile="peak"))
    hours = -line.fixed.sum() * plain.study.fx["BRL"].value / 200 / 10
    assert hours == pytest.approx(DAYS * 24 * 60 / 168, rel=0.01)


def test_what_was_agreed_in_another_money_loses_its_worth(plain):
    stated = {"value": 0.10, "source": "x", "date": date(2026, 11, 21)}
    terms = CashTerms(inflation={"BRL": Inflation(**stated), "USD": Inflation(**stated)})
    dearer = CashTerms(
        inflation={"BRL": Inflation(**stated | {"value": 0.21}), "USD": Inflation(**stated)}
    )
    [same] = lines(replace(plain, deals=Deals(cash=terms)), BLOCK)
    [less] = lines(replace(plain, deals=Deals(cash=dearer)), BLOCK)
    at = index(plain, 2027, 7)
    years = at / 12
    assert less.fixed[at] == pytest.approx(same.fixed[at] / 1.1**years)
    np.testing.assert_allclose(less.floating, same.floating)


def test_hedged_mining_is_contracted_up_to_the_volume_and_brings_the_agreed_price(plain):
    [line] = lines(plain, FORWARD)
    table = mining(plain, 1e6)
    found = hedged(table, [line])
    at = index(plain, 2027, 7)
    assert found.total(contracted=True)[at] == pytest.approx(100 * 31 * 40.0)
    np.testing.assert_allclose(found.total(), table.total() + line.payoff)
    assert not found.total(contracted=True)[index(plain, 2028, 1) :].any()


def test_what_mining_costs_is_contracted_with_it(plain):
    [line] = lines(plain, FORWARD)
    earned, paid = mining(plain, 1e6), mining(plain, -4e5, "energy", "energy:mining")
    table = replace(earned, rows=earned.rows + paid.rows)
    found = hedged(table, [line])
    share = found.total("energy", contracted=True) / table.total("energy")
    both = found.total("revenue", contracted=True) / table.total("revenue")
    np.testing.assert_allclose(share, both)


def test_what_is_sold_beyond_the_plans_own_mining_is_not_contracted(plain):
    [line] = lines(plain, FORWARD)
    at = index(plain, 2027, 7)
    small = -line.floating[at] / 4
    found = hedged(mining(plain, small), [line])
    assert found.total(contracted=True)[at] == pytest.approx(small + line.payoff[at] / 4)
    assert found.total()[at] == pytest.approx(small + line.payoff[at])


def test_without_mining_a_forward_belongs_to_no_site(plain):
    [line] = lines(plain, FORWARD)
    found = hedged(mining(plain, 0.0), [line])
    assert found.total("hedge", site="").sum() == pytest.approx(line.payoff.sum())
    assert not found.total(contracted=True).any()


def futures(network, names, seed, count=4):
    rng = np.random.default_rng(seed)
    nominal = rng.uniform(10, 60, (len(names), months(network).months))
    moved = np.exp(rng.normal(0, 0.4, (len(names), count, months(network).months)))
    return nominal, nominal[:, None, :] * moved


HEDGES = (
    replace(FORWARD, initial_margin=0.1, variation_margin=True, fee=0.01),
    replace(BLOCK, initial_margin=0.05, variation_margin=True),
)
NAMES = ("hashprice", "power:BR-SE", "fx:BRL")


@pytest.fixture(scope="module")
def margined(plain):
    return lines(plain, *HEDGES)


@pytest.fixture(scope="module")
def bare(plain):
    without = {"initial_margin": 0.0, "variation_margin": False}
    return lines(plain, *(replace(hedge, **without) for hedge in HEDGES))


def test_the_middle_of_all_factors_is_the_base_case(plain, margined):
    nominal, _ = futures(plain, NAMES, 0)
    found = hedge_cash(margined, NAMES, nominal[:, None, :], nominal)
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_margin_only_moves_cash_in_time(plain, margined, bare, seed):
    nominal, values = futures(plain, NAMES[:2], seed)
    with_margin = hedge_cash(margined, NAMES[:2], values, nominal)
    without = hedge_cash(bare, NAMES[:2], values, nominal)
    np.testing.assert_allclose(with_margin.sum(axis=1), without.sum(axis=1), rtol=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.floats(0, 2))
def test_payoffs_are_linear_in_their_factor(plain, margined, seed, share):
    nominal, values = futures(plain, NAMES[:2], seed)
    between = nominal[:, None, :] * (1 - share) + values * share
    found = hedge_cash(margined, NAMES[:2], between, nominal)
    whole = hedge_cash(margined, NAMES[:2], values, nominal)
    np.testing.assert_allclose(found, share * whole, atol=1e-6)


def test_a_forward_takes_the_spread_out_of_hedged_mining(plain):
    [line] = lines(plain, FORWARD)
    nominal, values = futures(plain, ("hashprice",), 1, count=50)
    ratio = values[0] / nominal[0]
    mined = -line.floating * ratio  # what the volume earns in each future
    together = mined + line.payoff + hedge_cash([line], ("hashprice",), values, nominal)
    assert together.std(axis=0).max() < 1e-6 * mined.std(axis=0).max()


def test_a_zone_without_prices_cannot_be_hedged(plain):
    with pytest.raises(InputError, match="price series"):
        lines(plain, replace(BLOCK, zone="nowhere"))
