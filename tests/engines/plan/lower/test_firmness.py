# SPDX-License-Identifier: Apache-2.0
"""AI within what is firm, backup generation, and what either is worth."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.engines.plan.conflicts import beyond_permits, clashing_limits
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.connection import Backup, Connection, Cut, NonFirm, Transformers
from loadstone.model.errors import InfeasibleError
from loadstone.model.site import AiSales, Limits, Obligation, Opening, Standing
from loadstone.model.tariff import OwnGeneration
from tests.engines.plan.lower import tiny_network as tiny

YEAR = 8760
PART = YEAR * 23 / 24  # hours a year in which non-firm power is not cut
CUT = Cut(hours=(18,))
FUEL = 60.0
MINE = 1e6 * tiny.annuity(4) + 400_000 * tiny.annuity(10) + 30_000  # a year, by MW at the plug
AI = 20e6 * tiny.annuity(5) + 10e6 * tiny.annuity(15) + 250_000
SOLD = 1120.0  # USD/MWh at the plug: 800 GPUs a MW at 2 USD/h, 70 % sold


def site(firm=5.0, non_firm=10.0, **changes):
    """Return a site whose AI and miners may be of any size within its connection."""
    flexible = NonFirm(existing_mw=non_firm, max_mw=non_firm, cut=(CUT,)) if non_firm else None
    connection = Connection(existing_mw=firm, max_mw=firm, non_firm=flexible)
    given = {"connection": connection, "limits": Limits()}
    return tiny.site(**given | changes)


def solved(*sites, **study):
    return tiny.solve(tiny.network(*sites, servers=("server",), **study))


def agrees(found):
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)


def test_ai_stays_within_the_firm_connection_in_its_worst_hour():
    found = solved(site())
    assert found.stands("server:server") == pytest.approx(5 / tiny.PUE)
    assert found.stands("miner:miner") == pytest.approx(10 / tiny.PUE)
    agrees(found)


def test_a_firm_mw_is_worth_the_ai_that_replaces_mining_on_it():
    # one more MW of firmness: a MW at the meter turns from mining to AI, cut hours and all
    found = solved(site())
    gain = (SOLD - 150) * PART - (AI - MINE)
    (told,) = [m for m in found.plan.marginals if m.kind == "firmness"]
    assert told.value == pytest.approx(gain / tiny.PUE / 1.1, rel=1e-6)
    assert told.text.startswith("One more MW of firm power for AI at Site in 2027 is worth")


def test_firmness_can_be_switched_off():
    for found in (solved(site(), firmness=False), solved(site(firmness=False))):
        assert found.stands("server:server") == pytest.approx(15 / tiny.PUE)


def test_a_site_may_ask_for_firmness_where_the_network_does_not():
    found = solved(site(firmness=True), firmness=False)
    assert found.stands("server:server") == pytest.approx(5 / tiny.PUE)


def test_ai_that_need_not_be_firm_counts_in_part():
    sales = AiSales(firm_share=0.5)
    found = solved(site(ai_sales=sales))
    assert found.stands("server:server") == pytest.approx(10 / tiny.PUE)


def test_one_transformer_may_fail():
    units = Transformers(unit_mw=5.0, standing=3, max_units=3)
    found = solved(site(firm=15.0, non_firm=0.0, transformers=units))
    assert found.stands("server:server") == pytest.approx(10 / tiny.PUE)
    # the third unit's reserve is not idle: it carries miners, which may be stopped
    assert found.stands("miner:miner") == pytest.approx(5 / tiny.PUE)
    (told,) = [m for m in found.plan.marginals if m.kind == "firmness"]
    gain = (SOLD - 150) * YEAR - (AI - MINE)
    assert told.value == pytest.approx(gain / tiny.PUE / 1.1, rel=1e-6)
    agrees(found)


def test_without_redundancy_all_transformers_carry_ai():
    units = Transformers(unit_mw=5.0, standing=3, max_units=3, redundancy=0)
    found = solved(site(firm=15.0, non_firm=0.0, transformers=units))
    assert found.stands("server:server") == pytest.approx(15 / tiny.PUE)


def test_ai_at_a_new_site_buys_the_transformer_in_reserve():
    units = Transformers(unit_mw=5.0, max_units=3, cost_per_unit=1e6)
    given = {"connection": Connection(max_mw=10.0), "transformers": units}
    found = solved(site(**given))
    # two carry AI, the third stands in reserve
    assert found.built("transformer") == pytest.approx(3.0)
    assert found.stands("server:server") == pytest.approx(10 / tiny.PUE)
    agrees(found)


def test_a_site_that_stays_closed_needs_no_transformer():
    units = Transformers(unit_mw=5.0, max_units=3)
    closed = site(
        connection=Connection(max_mw=10.0),
        transformers=units,
        backup=Backup(max_mw=5.0),
        opening=Opening(fixed_cost=1e12),
    )
    found = solved(closed)
    assert found.plan.objective == pytest.approx(0.0, abs=1e-3)
    assert found.built("transformer") == 0.0


def test_backup_makes_ai_firm_and_its_price_decides():
    # 10 MW of AI more need 10 MW of backup; its hours are never needed: AI rests when cut
    found = solved(site(backup=Backup(max_mw=20.0, fuel_per_mwh=5_000.0)))
    assert found.built("backup") == pytest.approx(10.0)
    price = 900_000 * tiny.annuity(25) + 10_000
    plain = solved(site())
    gain = 10 * (((SOLD - 150) * PART - (AI - MINE)) / tiny.PUE - price) / 1.1
    assert found.plan.objective - plain.plan.objective == pytest.approx(gain, rel=1e-6)
    dear = solved(site(backup=Backup(max_mw=20.0, cost_per_mw=1e9)))
    assert dear.built("backup") == pytest.approx(0.0, abs=1e-6)
    agrees(found)


def with_backup(hours):
    backup = Backup(existing_mw=4.0, max_mw=4.0, fuel_per_mwh=FUEL, max_hours=hours)
    return site(firm=0.0, backup=backup, limits=Limits(ai_mw=0.0))


def test_backup_runs_no_longer_than_its_hours():
    # non-firm power is cut for 365 hours a year; backup that mines through 100 of them earns
    # 150 / 1.05 - 60 USD/MWh
    none, some = (tiny.solve(tiny.network(with_backup(hours))) for hours in (0.0, 100.0))
    assert none.year().energy_mwh["backup"] == pytest.approx(0.0, abs=1e-3)
    year = some.year()
    assert year.energy_mwh["backup"] == pytest.approx(400.0)
    assert year.energy_mwh["own"] == 0.0
    assert year.cost["fuel"] == pytest.approx(400 * FUEL)
    assert year.cost["tax"] == pytest.approx(0.0, abs=1.0)
    gain = 400 * (150 / tiny.PUE - FUEL) / 1.1
    assert some.plan.objective - none.plan.objective == pytest.approx(gain, rel=1e-4)
    agrees(some)


def test_backup_without_a_limit_runs_whenever_it_pays():
    # there is room for 10 MW of miners: half a MW at the meter has backup alone, all year
    found = tiny.solve(tiny.network(with_backup(8760.0)))
    always = 10 * tiny.PUE - 10
    assert found.year().energy_mwh["backup"] == pytest.approx(4 * 365 + always * PART)
    assert not found.lowered.problem.blocks[0].accounts


def test_promises_that_need_backup_beyond_its_permit_are_told():
    # 4 MW are promised; non-firm power is cut for 365 hours, and backup may run for 100
    promise = (Obligation(use="mining", mw=4 / tiny.PUE, source="promise"),)
    found = tiny.solve(tiny.network(replace(with_backup(100.0), obligations=promise)))
    problem = found.lowered.problem
    (conflict,) = beyond_permits(problem, found.solution, found.hours, (2027,))
    assert conflict.rules == (
        "power in every hour of 2027 for promise at site",
        "the permit of its backup: 100 hours a year, which lacks 1,060 MWh",
    )
    enough = tiny.solve(tiny.network(replace(with_backup(365.0), obligations=promise)))
    problem = enough.lowered.problem
    assert not beyond_permits(problem, enough.solution, enough.hours, (2027,))


def test_the_fuel_of_backup_is_an_assumption_where_nothing_is_said():
    found = tiny.solve(tiny.network(site(backup=Backup(max_mw=1.0))))
    assert any("fuel of backup generation: 300" in said for said in found.plan.assumptions)


def standing(mw=8.0):
    return (Standing(model="server", mw=mw, installed=date(2026, 6, 1)),)


def test_standing_ai_beyond_what_is_firm_is_said_with_its_switch():
    problem = lower(tiny.network(site(standing=standing()))).problem
    with pytest.raises(InfeasibleError):
        for _ in Search(problem, gap=1e-6).steps():
            pass
    (conflict,) = clashing_limits(problem, (2027,))
    assert conflict.rules[0] == "firm power for AI at Site in 2027"
    assert "lacks 3.4 MW" in conflict.rules[1]
    assert 'firmness = false in the file of site "site"' in conflict.relax
    found = solved(site(standing=standing(), firmness=False))
    assert found.stands("server:server") >= 8.0


def test_ai_that_was_promised_must_be_firm():
    promise = (Obligation(use="ai", mw=6.0, source="contract"),)
    problem = lower(tiny.network(site(obligations=promise))).problem
    (conflict,) = clashing_limits(problem, (2027,))
    assert "lacks 1.3 MW" in conflict.rules[1]


@pytest.mark.parametrize(("firm", "most"), [(True, 6 / tiny.PUE), (False, 0.0)])
def test_off_the_grid_ai_counts_on_generation_that_is_said_to_be_firm(firm, most):
    own = OwnGeneration(
        currency="USD", zone="UTC", name="engines", limit_mw=6.0, per_mwh=40.0, firm=firm
    )
    given = {"connection": Connection(max_mw=10.0, off_grid=True), "supply": (own,)}
    found = solved(site(**given))
    assert found.stands("server:server") == pytest.approx(most, abs=1e-6)
