# SPDX-License-Identifier: Apache-2.0
"""Investors: sources of capital beside its uses."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.engines.plan.lp import solve_lp
from loadstone.model.capital import Investor
from loadstone.model.eligibility import Eligibility
from tests.engines.plan.lower import tiny_network as tiny

# a MW of connection with the hall and miners behind it
PER_MW = 200_000 + (400_000 + 1e6) / tiny.PUE
RICH = 1e9


def investor(id_, capital=RICH, **changes):
    return Investor(id=id_, name=id_.title(), country="CC", capital=capital, **changes)


def barred(subject, country, **changes):
    return Eligibility(
        subject=subject, countries=(country,), allowed=False,
        effective_from=date(2020, 1, 1), source="a rule", **changes,
    )  # fmt: skip


def two_sites(**changes):
    """Return two sites in two countries, the second with dearer power."""
    there = replace(tiny.country(), code="BB", name="Bland")
    given = tiny.facts(countries={"AA": tiny.country(), "BB": there})
    dear = tiny.site("dear", country="BB", region="BB-X", supply=(tiny.flat(55.0),))
    return tiny.network(dear, tiny.site(), given=given, **changes)


def funded(found):
    return {(f.investor, f.country, f.phase): f.amount for f in found.plan.funding}


def agrees(found):
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)


def test_investors_with_enough_change_nothing():
    plain, found = tiny.solve(two_sites()), tiny.solve(two_sites(investors=(investor("a"),)))
    assert found.plan.objective == pytest.approx(plain.plan.objective, rel=1e-9)
    assert funded(found) == {
        ("a", "AA", 2027): pytest.approx(10 * PER_MW),
        ("a", "BB", 2027): pytest.approx(10 * PER_MW),
    }
    assert plain.plan.funding == ()
    agrees(found)


def test_uses_are_sources_year_by_year():
    investors = (investor("a", 5 * PER_MW), investor("b", 30 * PER_MW))
    found = tiny.solve(two_sites(investors=investors, years=(2027, 2028)))
    for one in found.plan.capital:
        given = sum(f.amount for f in found.plan.funding if f.phase == one.phase)
        assert given == pytest.approx(sum(one.by_asset.values()))


def test_short_capital_goes_where_it_earns_most_and_its_price_is_told():
    found = tiny.solve(two_sites(investors=(investor("a", 12 * PER_MW),)))
    assert found.built("connection", "site") == pytest.approx(10.0)
    assert found.built("connection", "dear") == pytest.approx(2.0)
    (told,) = (m for m in found.plan.marginals if m.kind == "investor")
    more = tiny.solve(two_sites(investors=(investor("a", 12 * PER_MW + 1e6),)))
    gain = (more.plan.objective - found.plan.objective) / 1e6
    assert told.value == pytest.approx(gain, rel=1e-6)
    assert "One more USD of capital of A is worth" in told.text
    agrees(found)


def test_an_investor_pays_only_where_it_may():
    rows = (barred("investor:a", "AA"),)
    investors = (investor("a", 20 * PER_MW), investor("b", 3 * PER_MW))
    found = tiny.solve(two_sites(investors=investors, eligibility=rows))
    assert found.built("connection", "site") == pytest.approx(3.0)
    assert found.built("connection", "dear") == pytest.approx(10.0)
    assert funded(found) == {
        ("b", "AA", 2027): pytest.approx(3 * PER_MW),
        ("a", "BB", 2027): pytest.approx(10 * PER_MW),
    }
    agrees(found)


@pytest.mark.parametrize(("owner", "built"), [("", 0.0), ("CC", 0.0), ("DD", 10.0)])
def test_a_row_may_be_about_investors_of_one_country(owner, built):
    rows = (barred("investor:a", "AA", owner=owner),)
    found = tiny.solve(tiny.network(investors=(investor("a"),), eligibility=rows))
    assert found.built("connection") == pytest.approx(built)


def test_capital_of_a_phase_is_held_as_well():
    given = investor("a", capital_per_phase=(2 * PER_MW, 4 * PER_MW))
    found = tiny.solve(tiny.network(investors=(given,), years=(2027, 2028)))
    assert funded(found) == {
        ("a", "AA", 2027): pytest.approx(2 * PER_MW),
        ("a", "AA", 2028): pytest.approx(4 * PER_MW),
    }
    agrees(found)
