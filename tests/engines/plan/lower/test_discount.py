# SPDX-License-Identifier: Apache-2.0
"""Discount rates by country and kind of revenue, by hand and in the books."""

from dataclasses import replace

import pytest

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.capital import Discount
from loadstone.model.errors import InputError
from loadstone.model.flexibility import Flexibility
from loadstone.model.network import Phase
from tests.engines.plan.lower import tiny_network as tiny

MACHINES = 10 / tiny.PUE
POWER = MACHINES * 8760 * 1.05 * 50
EARNED = MACHINES * 8760 * 150


def agrees(found):
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)


def in_total(found):
    """Return what the site-years leave, each discounted at the rate of its country."""
    years = list(found.plan.phases)
    weights = {s.site.id: s.economy.weights for s in found.lowered.sites}
    return sum(
        weights[y.site][years.index(y.phase)]
        * (sum(y.revenue.values()) - sum(y.cost.values()) - y.annuity)
        for y in found.plan.site_years
    )


def capital(rate):
    return (
        10 * 200_000 * tiny.annuity(25, rate)
        + MACHINES * 400_000 * tiny.annuity(10, rate)
        + MACHINES * 1e6 * tiny.annuity(4, rate)
    )


def two_countries():
    here = tiny.country()
    there = replace(tiny.country(), code="BB", name="Bland")
    return tiny.facts(countries={"AA": here, "BB": there})


def test_a_country_discounts_at_its_own_rate():
    there = tiny.site("there", country="BB", region="BB-X")
    network = tiny.network(
        tiny.site(), there, given=two_countries(), discount=Discount(country={"BB": 0.05}),
        years=(2027,), last=2,
    )  # fmt: skip
    found = tiny.solve(network)

    def worth(rate):
        weight = sum((1 + rate) ** -k for k in (1, 2))
        return (EARNED - POWER - MACHINES * 30_000 - capital(rate)) * weight

    values = {site.id: site.npv for site in found.plan.sites}
    assert values["site"] == pytest.approx(worth(0.10), rel=1e-8)
    assert values["there"] == pytest.approx(worth(0.15), rel=1e-8)
    assert found.year(site="there").annuity == pytest.approx(capital(0.15))
    assert in_total(found) == pytest.approx(found.plan.objective, rel=1e-9)
    agrees(found)


def test_what_is_assumed_in_one_country_is_told_once():
    economy = Economy(tiny.network(discount=Discount(country={"BB": 0.05})))
    economy.of("BB").cost("connection")
    assert list(economy.assumed) == ["connection"]
    assert economy.of("BB") is economy.of("BB")
    assert economy.of("AA") is economy


def test_a_riskier_revenue_counts_at_its_own_rate_and_its_tax_stays_clean():
    tax = tiny.treatment(rate=0.25)
    given = tiny.facts(countries={"AA": tiny.country(mining=tax, ai=tax)})
    discount = Discount(revenue={"mining": 0.02})
    network = tiny.network(given=given, discount=discount, years=(2027, 2028), last=2)
    found = tiny.solve(network)
    shield = 0.25 * sum(0.2 / 1.1**k for k in range(1, 6))
    first = 1 / 1.1
    kept = 0.75 * (1.1 / 1.12 * EARNED - POWER - MACHINES * 30_000)
    year = found.year(2027)
    assert year.annuity == pytest.approx(capital(0.10) * (1 - shield))
    assert year.revenue["mining"] == pytest.approx(EARNED)
    assert year.cost["risk_premium"] == pytest.approx(0.75 * EARNED * (1 - 1.1 / 1.12))
    assert year.cost["tax"] == pytest.approx(0.25 * (EARNED - POWER - MACHINES * 30_000))
    left = sum(year.revenue.values()) - sum(year.cost.values())
    assert left == pytest.approx(kept)
    later = found.year(2028).cost["risk_premium"]
    lost = 1 - (1.12**-2 + 1.12**-3) / (1.1**-2 + 1.1**-3)
    assert later == pytest.approx(0.75 * EARNED * lost)
    assert first * (left - year.annuity) < found.plan.objective
    assert in_total(found) == pytest.approx(found.plan.objective, rel=1e-9)
    agrees(found)


def test_nothing_is_at_risk_where_no_kind_has_a_rate_of_its_own():
    assert "risk_premium" not in tiny.solve(tiny.network()).year().cost


def test_pay_for_flexibility_counts_at_its_own_rate():
    product = Flexibility(
        name="agreement", kind="curtailment", mw=4.0, hours=(18,), per_mwh=400.0,
        currency="USD", source="a test",
    )  # fmt: skip
    site = tiny.site(flexibility=(product,))
    safe, risky = (
        tiny.solve(tiny.network(site, discount=Discount(revenue={"flexibility": more})))
        for more in (0.0, 0.05)
    )
    paid = risky.year().revenue["curtailment"]
    assert paid == pytest.approx(safe.year().revenue["curtailment"])
    lost = paid * (1 - 1.1 / 1.15)
    assert risky.year().cost["risk_premium"] == pytest.approx(lost)
    assert risky.plan.objective == pytest.approx(safe.plan.objective - lost / 1.1)
    assert in_total(risky) == pytest.approx(risky.plan.objective, rel=1e-9)
    agrees(risky)


def test_a_half_year_is_weighed_at_the_rate_of_its_revenue():
    phases = (Phase(year=2027, years=0.5), Phase(year=2027, month=7, years=1.5))
    economy = Economy(tiny.network(phases=phases, discount=Discount(revenue={"ai": 0.1})))
    assert economy.revenue_factor("mining", 0) == 1.0
    assert economy.revenue_factor("ai", 0) == pytest.approx((1.1 / 1.2) ** 0.5)
    ours = (1.2**-1.5 + 0.5 * 1.2**-2.0, 1.1**-1.5 + 0.5 * 1.1**-2.0)
    assert economy.revenue_factor("ai", 1) == pytest.approx(ours[0] / ours[1])


@pytest.mark.parametrize(
    ("discount", "field"),
    [
        (Discount(country={"AA": 0.95}), "discount.country.AA"),
        (Discount(revenue={"ai": -0.1}), "discount.revenue.ai"),
        (Discount(country={"AA": -0.06}, revenue={"ai": -0.05}), "discount.revenue.ai"),
    ],
)
def test_premiums_that_leave_no_rate_are_refused(discount, field):
    with pytest.raises(InputError) as found:
        tiny.study(discount=discount)
    assert found.value.field == field


def test_an_unknown_kind_of_revenue_is_refused():
    with pytest.raises(InputError, match="must be one of mining, ai, lease"):
        Discount(revenue={"rent": 0.1})
