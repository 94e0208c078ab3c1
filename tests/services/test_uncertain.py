# SPDX-License-Identifier: Apache-2.0

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from loadstone.adapters.files.uncertainty_file import read_uncertainty
from loadstone.engines.plan.conflicts import missing_power
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lower import lower
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.network import Network
from loadstone.model.uncertainty import RiskTerms
from loadstone.services.over_futures import (
    Doubts,
    drawn_futures,
    search_over_futures,
    searched,
    searched_on,
    share_of_branch,
)
from loadstone.services.planning import Order, silent, verify_run
from loadstone.services.uncertain import plan_over_futures, with_branch
from tests.network_folders import campus, edit, read
from tests.services.futures_campus import uncertain_campus
from tests.services.test_planning import doors

ORDER = Order(gap=1e-3)
DOUBTS = Doubts(futures=8, risk=0.5, tail=0.25, candidates=60, fresh=3, nodes=2)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = uncertain_campus(tmp_path_factory.mktemp("uncertain"))
    run = folder.parent / "run"
    return run, plan_over_futures(folder, run, doors(), DOUBTS, order=ORDER)


def test_the_run_is_an_ordinary_one_that_can_be_verified(made):
    run, found = made
    assert found.planned.verification.ok
    assert (run / "uncertainty.json") in found.planned.files
    verified, plan = verify_run(run, doors())
    assert verified.ok
    assert plan.objective == pytest.approx(found.planned.plan.objective)


def test_what_is_said_of_futures_comes_back_from_its_file(made):
    run, found = made
    assert read_uncertainty(run) == found.uncertainty
    assert read_uncertainty(run.parent) is None
    broken = run.parent / "broken"
    broken.mkdir()
    (broken / "uncertainty.json").write_text("{}")
    with pytest.raises(InputErrors):
        read_uncertainty(broken)


def test_values_of_futures_are_the_mean_the_worst_and_the_worth(made):
    said = made[1].uncertainty
    weight = np.array([one.probability for one in said.futures])
    values = np.array([one.value for one in said.futures])
    assert weight.sum() == pytest.approx(1)
    assert said.mean == pytest.approx(weight @ values)
    assert said.cvar <= said.mean
    assert said.objective == pytest.approx(0.5 * said.mean + 0.5 * said.cvar, rel=1e-6)
    assert 0 <= said.gap <= 1e-3
    assert said.objective * (1 - 1e-9) <= said.proven_bound <= said.bound * (1 + 2e-3)
    assert (said.weight, said.tail) == (0.5, 0.25)


def test_no_other_way_to_plan_is_worth_more(made):
    said = made[1].uncertainty
    names = [one.name for one in said.strategies]
    assert names[0] == "plan"
    assert {"plan of the outlook", "AI only", "mine only", "wait", "decide all now"} >= set(
        names[1:]
    )
    room = 2e-3 * abs(said.objective)
    for one in said.strategies[1:]:
        assert one.worth <= said.objective + room, one.name
    assert said.recourse is None or said.recourse >= -room
    assert said.perfect_information >= -room
    for one in said.futures:
        assert one.perfect >= one.value - room


def test_more_weight_of_the_worst_buys_less_risk(made):
    points = made[1].uncertainty.frontier
    assert [point.weight for point in points] == [0.0, 0.25, 0.5, 0.75, 0.95]
    room = 3e-3 * abs(made[1].uncertainty.objective)
    for before, after in pairwise(points):
        assert after.cvar >= before.cvar - room
        assert after.mean <= before.mean + room


def test_nodes_part_futures_by_what_is_seen_and_are_told_in_words(made):
    said = made[1].uncertainty
    for phase in {node.phase for node in said.nodes}:
        here = [node for node in said.nodes if node.phase == phase]
        assert sum(node.probability for node in here) == pytest.approx(1)
    first, *later = said.nodes
    assert first.conditions == ()
    assert any(
        "hashprice is at least" in condition for node in later for condition in node.conditions
    )
    assert len(said.branch) == 3
    mean = {(b.site, b.phase, b.asset): b.amount for b in said.mean_builds}
    assert all(amount > 0 for amount in mean.values())


def test_the_same_decisions_are_tried_in_fresh_futures(made):
    said = made[1].uncertainty
    assert said.fresh[0].name == "plan"
    for one in said.fresh:
        assert one.futures + one.broken == 3
        assert one.first == 60
        assert one.cvar <= one.mean


def test_the_manifest_says_which_futures(made):
    manifest = json.loads((made[0] / "manifest.json").read_text())
    assert manifest["futures"]["futures"] == 8
    assert manifest["futures"]["weight"] == 0.5
    assert manifest["futures"]["seed"] == 0


def test_reduction_is_told_with_what_it_lost(made):
    reduced = made[1].uncertainty.reduced
    assert (reduced.drawn, reduced.kept, reduced.seed) == (60, 8, 0)
    assert 0 < reduced.lost < 1
    moments = [one for one in reduced.moments if one.factor == "hashprice"]
    assert len(moments) == 3
    for one in moments:
        assert one.kept_mean == pytest.approx(one.mean, rel=0.15)
        assert one.kept_sd == pytest.approx(one.sd, rel=0.5)


def test_a_network_without_futures_says_what_is_missing(tmp_path):
    with pytest.raises(InputError, match=r"needs a futures\.toml"):
        plan_over_futures(campus(tmp_path), tmp_path / "run", doors(), DOUBTS, order=ORDER)
    assert not (tmp_path / "run").exists()


def test_one_model_for_highs_cannot_plan_over_futures(tmp_path):
    with pytest.raises(InputError, match="must be exact"):
        plan_over_futures(
            campus(tmp_path), tmp_path / "run", doors(), DOUBTS, order=Order(method="lp")
        )


def test_risk_is_what_is_asked_for_or_what_the_network_says(tmp_path):
    folder = uncertain_campus(tmp_path)
    edit(folder / "network.toml", "[caps]", "[risk]\nweight = 0.4\ntail = 0.2\n\n[caps]")
    stated = read(folder).study.risk
    assert stated == RiskTerms(weight=0.4, tail=0.2)
    assert Doubts(futures=2).terms(stated) == stated
    assert Doubts(futures=2, risk=0.0).terms(stated) == RiskTerms(weight=0.0, tail=0.2)
    assert Doubts(futures=2, tail=0.5).terms(stated) == RiskTerms(weight=0.4, tail=0.5)


@pytest.mark.parametrize(
    "options",
    [
        {"futures": 0},
        {"futures": 50, "candidates": 49},
        {"futures": 2, "candidates": 4001},
        {"futures": 2, "risk": -0.1},
        {"futures": 2, "risk": 1.1},
        {"futures": 2, "tail": 0.0},
        {"futures": 2, "nodes": 0},
        {"futures": 2, "fresh": -1},
    ],
    ids=str,
)
def test_doubts_that_make_no_sense_are_refused(options):
    with pytest.raises(InputError):
        Doubts(**options)


@pytest.mark.parametrize(("weight", "tail"), [(-0.1, 0.1), (1.1, 0.1), (0.5, 0.0), (0.5, 1.1)])
def test_risk_that_makes_no_sense_is_refused(weight, tail):
    with pytest.raises(InputError):
        RiskTerms(weight=weight, tail=tail)


NAMED = """
source = "entered for this test"
date = 2026-11-21

[[named]]
name = "good"
weight = 0.4
btc_price = [1.5]
source = "entered for this test"

[[named]]
name = "bad"
weight = 0.6
btc_price = [0.6]
source = "entered for this test"
"""


def test_stated_futures_are_taken_as_they_are_and_none_are_fresh(tmp_path):
    folder = campus(tmp_path)
    (folder / "futures.toml").write_text(NAMED, encoding="utf-8")
    network: Network = read(folder)
    drawn = drawn_futures(network, DOUBTS)
    assert drawn.paths.weight.tolist() == [0.4, 0.6]
    assert drawn.more is None
    ratio = drawn.paths.factor("hashprice") / drawn.outlook.factor("hashprice")
    assert ratio[:, 0] == pytest.approx([1.5, 0.6])
    order = replace(ORDER, beside=False)
    doubts = replace(DOUBTS, futures=2)
    found = plan_over_futures(folder, tmp_path / "run", doors(), doubts, order=order)
    said = found.uncertainty
    assert said.reduced.lost == 0.0
    assert sorted(one.probability for one in said.futures) == pytest.approx([0.4, 0.6])
    assert said.strategies == ()
    assert said.fresh == ()


LEASE = """
[[leases]]
id = "tenant"
must = true
tenant = "Tenant"
site = "araguari"
hall = "ai_hall_liquid"
mw = 15.0
rent_per_kw_month = 20.0
currency = "USD"
term_years = 12.0
ready = 2029-01-01
longstop = 2031-06-30
damages_per_mw_day = 1_000.0
credit = "BBB-"
credit_spread = 0.01
share_drawn = 0.75
power = "tenant"
undrawn_usable = false
firm_share = 1.0
source = "invented"
"""


def promising(place, *, standing):
    """Return a problem of nothing but a lease that must be served, and a plan over futures."""
    folder = uncertain_campus(place)
    (folder / "offers.toml").write_text(LEASE)
    study = folder / "network.toml"
    text = re.sub(r"max_mw = .*", "max_mw = [0.0, 0.0, 0.0]", study.read_text())
    cheap = "btc_price = [20_000.0, 20_000.0, 20_000.0]"
    study.write_text(re.sub(r"btc_price = .*", cheap, text))
    if not standing:
        site = folder / "sites" / "araguari.toml"
        edit(site, "existing_mw = 40.0", "existing_mw = 0.0")
        edit(site, "\n[connection]", "firmness = false\n\n[connection]")
    lowered = lower(read(folder))
    doubts = Doubts(futures=3, candidates=10, fresh=0, nodes=2)
    over = search_over_futures(
        lowered, doubts, gap=1e-3, executor=None, stop=never, show=None, tell=silent
    )
    return lowered, over


@pytest.fixture(scope="module")
def promised(tmp_path_factory):
    return promising(tmp_path_factory.mktemp("promised"), standing=True)


def missing(lowered, hours):
    years = [phase.at for phase in lowered.network.study.phases]
    return missing_power(lowered.problem, hours, years)


def test_a_wide_gap_leaves_no_promised_power_out_of_the_plan_of_the_outlook(promised):
    lowered, over = promised
    wide = searched(Search(lowered.problem, gap=1e-3), never)
    assert missing(lowered, wide.dispatch())
    assert not missing(lowered, over.alone.dispatch())


def test_a_wide_gap_leaves_no_promised_power_out_of_the_branch_of_the_outlook(tmp_path):
    lowered, over = promising(tmp_path, standing=False)
    connection = np.array([c.asset.startswith("connection") for c in lowered.problem.columns])
    exact = over.alone.solution().columns
    least = exact[connection].max() - 0.002
    columns = over.stacked.place(np.where(connection, np.minimum(exact, least), exact))
    short = replace(over, solution=replace(over.solution, columns=columns))
    assert 0 < share_of_branch(short) <= 1
    found, ((_, hours, _), _, _) = with_branch(
        short, gap=1e-3, late=always, stop=never, show=None, tell=silent
    )
    assert found is short
    assert missing(lowered, hours)
    found, ((_, hours, _), _, _) = with_branch(
        short, gap=1e-3, late=never, stop=never, show=None, tell=silent
    )
    assert not missing(lowered, hours)
    assert found.solution.objective == pytest.approx(over.solution.objective, rel=1e-3)


def test_a_search_that_goes_on_and_is_stopped_at_once_loses_nothing(promised):
    _, over = promised
    again = searched_on(over, 1e-6, always, None)
    assert again.solution.objective >= over.solution.objective


def never():
    return False


def always():
    return True
