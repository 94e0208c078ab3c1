# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import date, timedelta
from math import isfinite
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff import Levy, OwnGeneration, RateCard, TakeOrPay, Tariff, site_card
from loadstone.model.tariff.terms import (
    ConnectionTerm,
    ConvexTerm,
    EnergyTerm,
    FixedTerm,
    OwnGenerationTerm,
    ProhibitionTerm,
)
from tests.contracts.tariff_examples import (
    BASE,
    EXAMPLES,
    NETWORK,
    ZONE,
    load,
    local_month,
    prices,
)
from tests.contracts.tariff_lp import lp_cost

ADDITIVE = EnergyTerm | FixedTerm | ConnectionTerm | ProhibitionTerm | OwnGenerationTerm
MARCH = local_month(2026, 3)

every_kind = pytest.mark.parametrize("name", EXAMPLES)
seeds = st.integers(0, 10_000)
few = settings(max_examples=10)


def entries(name):
    """The entry in a contract that prices energy, with a network charge."""
    entry = EXAMPLES[name]
    alone = entry.rate_card(MARCH, prices(MARCH))
    supply = [entry] if alone.priced.any() else [BASE, entry]
    return supply if entry == NETWORK else [*supply, NETWORK]


def card_of(name, grid=MARCH):
    return site_card(entries(name), grid, prices(grid))


def is_additive(name):
    """Demand, tiers, bands and least amounts are of a whole period; the rest add up."""
    return all(isinstance(term, ADDITIVE) for term in card_of(name).terms)


def test_every_kind_has_an_example():
    shown = {type(entry) for entry in EXAMPLES.values()}
    assert shown == {*get_args(Tariff)}
    assert {*get_args(Levy)} < shown
    kinds = [entry.kind for entry in EXAMPLES.values()]
    assert len(set(kinds)) == len(shown)


@every_kind
@few
@given(seed=seeds)
def test_the_rows_of_the_bill_and_the_intervals_add_up_to_the_charge(name, seed):
    card, drawn = card_of(name), load(MARCH, seed)
    charge = card.charge(drawn)
    assert sum(line.amount for line in card.lines(drawn)) == pytest.approx(charge, rel=1e-9)
    assert card.accrual(drawn).sum() == pytest.approx(charge, rel=1e-9)
    for line in card.lines(drawn):
        assert line.quantity * line.rate == pytest.approx(line.amount, rel=1e-9)


@every_kind
@few
@given(seed=seeds)
def test_the_planner_charges_what_the_bill_charges(name, seed):
    card, drawn = card_of(name), load(MARCH, seed)
    assert card.planner_cost(drawn) == pytest.approx(lp_cost(card, drawn), rel=1e-9)
    if not card.approximated():
        assert card.planner_cost(drawn) == pytest.approx(card.charge(drawn), rel=1e-9)
        assert card.bounds(drawn) == pytest.approx((card.charge(drawn),) * 2, rel=1e-9)


@every_kind
@few
@given(seed=seeds, scale=st.floats(0, 1))
def test_what_is_approximated_lies_in_its_bounds(name, seed, scale):
    card, drawn = card_of(name), load(MARCH, seed, scale)
    low, high = card.bounds(drawn)
    slack = 1e-6 + 1e-9 * abs(high)
    assert low - slack <= card.charge(drawn) <= high + slack
    assert low - slack <= card.planner_cost(drawn) <= high + slack


@every_kind
@few
@given(one=seeds, other=seeds, part=st.floats(0, 1))
def test_what_the_planner_charges_is_convex(name, one, other, part):
    card = card_of(name)
    assert all(isinstance(term, ConvexTerm) for term in card.planner_terms())
    a, b = load(MARCH, one), load(MARCH, other)
    between = replace(
        a,
        **{
            meter: part * getattr(a, meter) + (1 - part) * getattr(b, meter)
            for meter in ("import_mw", "export_mw", "mining_mw", "ai_mw", "auxiliary_mw")
        },
        ppa_mw={"ppa": part * a.ppa_mw["ppa"] + (1 - part) * b.ppa_mw["ppa"]},
        own_mw={"engine": part * a.own_mw["engine"] + (1 - part) * b.own_mw["engine"]},
    )
    chord = part * card.planner_cost(a) + (1 - part) * card.planner_cost(b)
    assert card.planner_cost(between) <= chord + 1e-6 + 1e-9 * abs(chord)


@every_kind
@pytest.mark.parametrize("step", [15, 60])
@pytest.mark.parametrize("month", [3, 10])
def test_every_interval_has_one_price(name, month, step):
    card = card_of(name, local_month(2026, month, step))
    assert card.priced.all()
    assert np.isfinite(card.per_mwh("residual") + card.per_mwh("import")).all()


@pytest.mark.parametrize("name", sorted({*EXAMPLES} - {"coincident peak, known"}))
@pytest.mark.parametrize(("month", "hours"), [(3, 743), (6, 720), (10, 745)])
def test_quarter_hours_and_hours_give_one_bill_on_days_of_23_and_25_hours(name, month, hours):
    coarse, fine = local_month(2026, month), local_month(2026, month, 15)
    assert (coarse.count, fine.count) == (hours, 4 * hours)
    by_hour = card_of(name, coarse).charge(load(coarse))
    assert card_of(name, fine).charge(load(fine)) == pytest.approx(by_hour, rel=1e-9)


LOOKS_BACK = "demand in a window, per MVA, with look-back"  # on its own months alone


@pytest.mark.parametrize("name", sorted({*EXAMPLES} - {LOOKS_BACK}))
@pytest.mark.parametrize("month", [3, 10])
def test_an_entry_cut_in_two_inside_a_month_charges_the_same(name, month):
    grid, cut = local_month(2026, month, 15), date(2026, month, 15)
    entry, *rest = [EXAMPLES[name], *(e for e in entries(name) if e != EXAMPLES[name])]
    steady = load(grid)
    two = [replace(entry, valid_to=cut), replace(entry, valid_from=cut)]
    if isinstance(entry, TakeOrPay | OwnGeneration):
        two = [replace(e, name=n) for e, n in zip(two, ("first", "second"), strict=True)]
        early = grid.local_date(ZONE) < np.datetime64(cut)
        ppa, own = steady.ppa_mw["ppa"], steady.own_mw["engine"]
        ppas = {"first": ppa * early, "second": ppa * ~early}
        owns = {"first": own * early, "second": own * ~early}
        cut_load = replace(steady, ppa_mw=ppas, own_mw=owns)
    else:
        cut_load = steady
    whole = site_card([entry, *rest], grid, prices(grid)).charge(steady)
    parts = site_card([*two, *rest], grid, prices(grid)).charge(cut_load)
    assert parts == pytest.approx(whole, rel=1e-9)


@pytest.mark.parametrize("name", [name for name in EXAMPLES if is_additive(name)])
@few
@given(seed=seeds, day=st.integers(1, 30))
def test_energy_and_fixed_terms_add_up_over_disjoint_intervals(name, seed, day):
    whole, drawn = card_of(name), load(MARCH, seed)
    cut = 24 * day
    total = 0.0
    for first, last in ((0, cut), (cut, MARCH.count)):
        start = MARCH.start + timedelta(hours=first)
        part = TimeGrid(start=start, count=last - first)
        series = {
            k: replace(v, per_mwh=v.per_mwh[first:last]) for k, v in prices(MARCH).items()
        }
        total += site_card(entries(name), part, series).charge(sliced(drawn, part, first, last))
    assert total == pytest.approx(whole.charge(drawn), rel=1e-9)


def sliced(drawn, grid, first, last):
    meters = ("import_mw", "export_mw", "mining_mw", "ai_mw", "auxiliary_mw")
    return replace(
        drawn,
        grid=grid,
        **{meter: getattr(drawn, meter)[first:last] for meter in meters},
        ppa_mw={k: v[first:last] for k, v in drawn.ppa_mw.items()},
        own_mw={k: v[first:last] for k, v in drawn.own_mw.items()},
    )


@every_kind
def test_a_load_of_zero_has_a_bill(name):
    card, nothing = card_of(name), load(MARCH, scale=0.0)
    charge = card.charge(nothing)
    assert isfinite(charge)
    assert charge >= 0
    if all(isinstance(term, EnergyTerm | OwnGenerationTerm) for term in card.terms):
        assert charge == 0
    low, high = card.bounds(nothing)
    assert low <= charge <= high


@every_kind
def test_a_planning_year_is_charged_in_every_zone_as_twelve_months(name):
    for zone in ("Asia/Irkutsk", "America/Sao_Paulo"):
        grid = TimeGrid.planning_year(2028)
        cards = [replace(entry, zone=zone) for entry in entries(name)]
        card = site_card(cards, grid, prices(grid))
        assert card.priced.all()
        year = card.charge(load(grid))
        steady = sum(line.amount for line in card.lines(load(grid)))
        assert year == pytest.approx(steady, rel=1e-9)
        for term in card.terms:
            if hasattr(term, "per_mw") and hasattr(term, "periods"):
                assert term.per_mw.size in (1, 12)


@every_kind
def test_the_bill_of_another_grid_is_refused(name):
    with pytest.raises(InputError, match="grid"):
        card_of(name).charge(load(local_month(2026, 6)))


@every_kind
def test_cards_of_two_currencies_are_not_joined(name):
    other = replace(EXAMPLES[name], currency="BRL")
    series = {k: replace(v, currency="BRL") for k, v in prices(MARCH).items()}
    cards = [BASE.rate_card(MARCH, {}), other.rate_card(MARCH, series)]
    with pytest.raises(InputError, match="EUR"):
        RateCard.joined(cards)
