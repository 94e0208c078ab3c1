# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from loadstone.engines.value.futures.book import NONE
from loadstone.engines.value.futures.case import middle_paths, settled_book
from loadstone.engines.value.futures.many import Valuer
from loadstone.engines.value.futures.opening import Middle, in_scope, open_book
from loadstone.engines.value.futures.plain import value_plainly
from loadstone.model.finance.cash import FINANCING
from loadstone.model.futures.paths import Paths
from tests.engines.value.futures.planned import valued


@pytest.mark.parametrize("by_site", [False, True])
def test_in_the_middle_a_book_is_worth_what_the_base_case_is(by_site):
    base, case, futures = valued()
    book = settled_book(case, futures.middle, base, by_site=by_site)
    found = Valuer(book).of(middle_paths(futures.middle, case))
    project, equity = base.valuation.returns[:2]
    assert found.npv[0] == pytest.approx(project.npv, rel=1e-9)
    assert found.equity[0] == pytest.approx(equity.npv, rel=1e-9)
    assert found.peak[0] == pytest.approx(equity.peak, rel=1e-9)
    np.testing.assert_allclose(
        found.owners[0], case.table.by_year(case.table.total()), atol=1e-3
    )


def test_the_cover_of_the_middle_is_that_of_the_loan():
    base, case, futures = valued()
    found = Valuer(settled_book(case, futures.middle, base)).of(
        middle_paths(futures.middle, case)
    )
    assert found.dscr[0] == pytest.approx(min(base.valuation.debts[0].dscr.values()), rel=1e-6)


def test_futures_of_a_plan_are_worth_the_same_by_kernel_and_by_definition():
    base, case, futures = valued()
    book = settled_book(case, futures.middle, base)
    room = futures.source.room(20)
    futures.source.into(*room, 0)
    paths = Paths(
        first=book.first, factors=book.factors, values=room[0], events=book.events,
        happens=room[1], weather=room[2], weight=np.full(20, 0.05), seed=1,
    )  # fmt: skip
    one, other = Valuer(book).of(paths), value_plainly(book, paths)
    np.testing.assert_allclose(one.npv, other.npv, rtol=1e-12, atol=1e-4)
    np.testing.assert_allclose(one.cash, other.cash, rtol=1e-12, atol=1e-4)


def moved(factor, times):
    """Return the base case and what it is worth with one factor moved throughout."""
    base, case, futures = valued()
    middle = futures.middle
    paths = middle_paths(middle, case)
    paths.values[middle.factors.index(factor)] *= times
    valuer = Valuer(settled_book(case, middle, base))
    return valuer.of(middle_paths(middle, case)), valuer.of(paths), case


def test_ai_prices_move_spot_and_not_contracts():
    before, after, case = moved("ai", 0.5)
    spot = sum(r.amounts for r in case.table.select("revenue", contracted=False)
               if r.line.startswith("ai:"))  # fmt: skip
    worth = settled_book(case, valued()[2].middle, valued()[0]).discount
    lost = 0.5 * float(spot @ worth)
    # tax takes a part of what is lost
    assert -lost < after.npv[0] - before.npv[0] < -0.6 * lost


def test_dearer_power_costs_less_than_its_price_since_miners_stop():
    before, after, case = moved("power", 2.0)
    moving = [r for r in case.table.select("energy") if r.driver]
    worth = settled_book(case, valued()[2].middle, valued()[0]).discount
    paid = -float(sum(r.amounts for r in moving) @ worth)
    assert 0 < before.npv[0] - after.npv[0] < paid


def event(name, month):
    base, case, futures = valued()
    middle = futures.middle
    paths = middle_paths(middle, case)
    paths.happens[middle.events.index(name)] = month
    book = settled_book(case, middle, base)
    return book, Valuer(book).of(middle_paths(middle, case)), Valuer(book).of(paths), case


def test_after_expropriation_nothing_comes_but_debt_is_still_owed():
    _, _, after, case = event("expropriation:AA", 0.0)
    assert after.cash[0].sum() == 0
    owed = case.table.by_year(case.table.total(*FINANCING))
    np.testing.assert_allclose(after.owners[0], owed)


def test_a_ban_ends_mining_and_nothing_else():
    _, before, after, case = event("mining_ban:AA", 0.0)
    mined = sum(r.amounts for r in case.table.rows if r.driver == "mining")
    change = float((after.cash[0] - before.cash[0]).sum())
    assert -mined.sum() < change < -0.6 * mined.sum()


def test_a_hall_is_let_again_after_it_stood_empty():
    book, before, after, case = event("default:tenant", 24.0)
    rent = next(r.amounts for r in case.table.select("revenue") if r.line == "lease:tenant")
    assert book.vacant == 12
    lost = rent[24:36].sum()
    change = float((after.cash[0] - before.cash[0]).sum())
    assert -lost <= change < 0


def test_where_nothing_is_drawn_all_stays_as_the_plan_has_it():
    base, case, _ = valued()
    nothing = Middle(factors=(), nominal=np.zeros((0, case.table.months)), events=())
    book, paths = open_book(case, nothing), middle_paths(nothing, case)
    assert book.hashprice == NONE
    equity = base.valuation.returns[1].npv
    assert Valuer(book).of(paths).equity[0] == pytest.approx(equity, rel=1e-9)
    assert value_plainly(book, paths).equity[0] == pytest.approx(equity, rel=1e-9)


def test_scopes_hold_their_units():
    units = settled_book(valued()[1], valued()[2].middle, valued()[0], by_site=True).units
    assert in_scope("portfolio", units).all()
    assert in_scope("country:AA", units).all()
    assert not in_scope("site:other", units).any()
