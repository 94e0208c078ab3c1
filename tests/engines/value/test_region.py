# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.value.region import LOCAL_SHARES, ceiling, region
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.multiplier import Multiplier
from loadstone.model.finance.terms import CashTerms
from loadstone.model.plan import Plan, SiteYear, Status
from tests.network_folders import campus, read

# half a year of building, phases of 1, 1 and 3 years, and half a year in which the rest is paid
FIRST, MONTHS = date(2026, 7, 1), 72
BEGUN, ENDED = 6, 66


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("network")))


def always(amount):
    """Return an amount a year from the first phase on."""
    month = np.arange(MONTHS)
    return np.where((month >= BEGUN) & (month < ENDED), amount / 12, 0.0)


def once(amount, month=0):
    found = np.zeros(MONTHS)
    found[month] = amount
    return found


def table(*rows, country="BR", site="araguari"):
    made = tuple(
        CashRow(group=group, line=line, amounts=amounts, country=country, site=site)
        for group, line, amounts in rows
    )
    return CashTable(first=FIRST, months=MONTHS, currency="USD", rows=made)


def plan_of(network, *years):
    return Plan(
        network="n", status=Status.OPTIMAL, method="exact", objective=0.0, bound=0.0, gap=0.0,
        currency="USD", phases=tuple(p.at for p in network.study.phases), builds=(), sites=(),
        site_years=years, marginals=(), rules=(), resting=(), assumptions=(), metrics={},
    )  # fmt: skip


def owned_by(network, owner, **terms):
    study = replace(network.study, owner=owner)
    return replace(network, study=study, deals=Deals(cash=CashTerms(**terms)))


YEARLY = (
    ("revenue", "mining", always(100.0)),
    ("flexibility", "reserve", always(5.0)),
    ("energy", "energy:mining", always(-40.0)),
    ("levies", "levies:mining", always(-2.0)),
    ("direct", "staff", always(-10.0)),
    ("direct", "repairs", always(-8.0)),
    ("direct", "insurance", always(-1.0)),
    ("direct", "property_tax", always(-3.0)),
    ("vat", "lost on power:mining", always(-4.0)),
    ("tax", "income", always(-6.0)),
    ("withholding", "dividends", always(-1.0)),
    ("interest", "senior", always(-7.0)),
    ("memo", "depreciation:mining_hall", always(15.0)),
)


def test_a_year_by_hand(network):
    # wages 0.9 x 10 + 0.25 x 8 = 11; taxes and levies 2 + 3 + 4 + 6 + 1 = 16
    # earned 105 - 40 - 10 - 8 - 1 - 2 - 3 = 41, less 4 + 6 + 1 + 7 + 15 = 8 of profit
    rows, _ = region(plan_of(network), table(*YEARLY), owned_by(network, "BR"))
    assert [row.phase for row in rows] == [2027, 2028, 2029]
    for row in rows:
        assert row.yearly == pytest.approx(
            {"wages": 11.0, "taxes and levies": 16.0, "depreciation": 15.0,
             "interest at home": 7.0, "profit kept": 8.0}
        )  # fmt: skip
        assert row.leaving == 0.0
        assert row.one_off == {}


def test_value_added_is_what_is_earned_less_what_is_bought(network):
    # bought: power 40, insurance 1, of staff 1 and of repairs 6; VAT that is lost is a tax
    rows, _ = region(
        plan_of(network), table(*YEARLY), owned_by(network, "", interest_abroad=0.4)
    )
    for row in rows:
        assert sum(row.yearly.values()) + row.leaving == pytest.approx(105 - 40 - 1 - 1 - 6)
        assert row.leaving == pytest.approx(8.0 + 0.4 * 7.0)
        assert "profit kept" not in row.yearly


ONCE = (
    ("capex", "mining_hall", once(-100.0)),
    ("capex", "miner:antminer-s21-xp", once(-200.0, 20)),
    ("refresh", "miner:antminer-s21-xp", once(-50.0, 70)),
    ("duty", "miner:antminer-s21-xp", once(-20.0, 20)),
    ("vat", "lost on miner:antminer-s21-xp", once(-30.0, 20)),
    ("vat", "paid", once(-9.0, 3)),
    ("vat", "refunded", once(9.0, 9)),
)


def test_what_is_paid_once_is_told_apart_with_what_leaks_out(network):
    # halls: 45 stay, of them 30 % wages; machines: 2 % stay
    first, second, last = region(plan_of(network), table(*ONCE), network)[0]
    assert first.one_off == pytest.approx(
        {"wages of building": 13.5, "other local building": 31.5}
    )
    assert first.imported == pytest.approx(55.0)
    assert second.one_off == pytest.approx(
        {"wages of building": 1.2, "other local building": 2.8, "import duty": 20.0,
         "VAT not refunded": 30.0}
    )  # fmt: skip
    assert second.imported == pytest.approx(196.0)
    assert last.imported == pytest.approx(49.0)  # what is paid after the end is the last's
    assert first.yearly == second.yearly == last.yearly == {}


def test_a_country_that_makes_machines_says_so(network):
    share = replace(network.facts.costs["local-share-machines"], value=0.8)
    study = replace(network.study, costs={"local-share-machines": share})
    rows, _ = region(plan_of(network), table(*ONCE), replace(network, study=study))
    assert rows[1].imported == pytest.approx(40.0)


def test_a_loan_to_the_whole_is_shared_by_what_is_built(network):
    brazil = table(("capex", "mining_hall", once(-30.0)))
    india = table(("capex", "mining_hall", once(-10.0)), country="IN", site="x")
    whole = table(("interest", "senior", always(-8.0)), country="", site="")
    every = replace(brazil, rows=brazil.rows + india.rows + whole.rows)
    rows, _ = region(plan_of(network), every, network)
    paid = {(row.country, row.phase): row.yearly["interest at home"] for row in rows}
    assert paid["BR", 2028] == pytest.approx(6.0)
    assert paid["IN", 2028] == pytest.approx(2.0)


def test_a_multiplier_is_a_range_with_its_source_or_not_at_all(network):
    stated = Multiplier(
        country="BR", low=1.2, high=1.8, source="a study", date=date(2026, 1, 1)
    )
    rows, _ = region(plan_of(network), table(*YEARLY), network, (stated,))
    assert rows[0].multiplier == (1.2, 1.8)
    assert rows[0].multiplier_source == "a study, 2026-01-01"
    bare, _ = region(plan_of(network), table(*YEARLY), network)
    assert bare[0].multiplier is None
    assert bare[0].yearly == rows[0].yearly
    with pytest.raises(InputError, match="one a country"):
        region(plan_of(network), table(*YEARLY), network, (stated, stated))


def test_the_ceiling_is_told_from_the_plans_own_megawatts(network):
    # 87,600 MWh are 10 MW; 105 million a year are 10.5 million a MW; 100 billion need 9.5 GW
    running = SiteYear(
        site="araguari", phase=2027, capacities={}, revenue={}, cost={}, annuity=0.0,
        energy_mwh={"mining": 80_000.0, "ai": 6_000.0, "auxiliary": 1_600.0, "import": 1e9},
    )  # fmt: skip
    earned = table(("revenue", "mining", 1e6 * always(100.0)),
                   ("flexibility", "reserve", 1e6 * always(5.0)))  # fmt: skip
    said = ceiling(plan_of(network, running), earned, network)
    assert "from 2027, the plan draws 10 MW on average and earns 0.10 billion USD" in said
    assert "10.50 million a MW" in said
    assert "would need 10 GW" in said
    # 3.125 BTC a block and 1 % of fees, 144 blocks a day at 105,000 USD are 17.4 billion
    assert "together earn 17.4 billion USD a year" in said
    stated = replace(network.study.outlook, hashprice=(20.0, 20.0, 20.0))
    there = replace(network, study=replace(network.study, outlook=stated))
    # 20 x 1,150 EH/s x 1,000 x 365
    assert "8.4 billion USD" in ceiling(plan_of(network, running), earned, there)


def test_a_plan_that_runs_nothing_adds_nothing(network):
    assert "runs nothing" in ceiling(plan_of(network), table(), network)


def test_all_that_a_plan_builds_has_a_local_share(network):
    costs = network.facts.costs
    assert set(LOCAL_SHARES.values()) <= set(costs)
    assert all(0 <= costs[id_].low <= costs[id_].high <= 1 for id_ in LOCAL_SHARES.values())
