# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.apps.reports.sentences import (
    gap_words,
    headline,
    idle_at_end,
    not_built,
    proof,
    resting_words,
    running,
    synthetic_inputs,
    value_means,
)
from loadstone.model.plan import Resting, Status
from tests.apps.example_plan import MINER, example

PLAN, DISPATCH, NETWORK = example()
BRATSK = next(d for d in DISPATCH if (d.site, d.phase) == ("bratsk", 2030))


def test_the_headline_says_what_to_run_and_what_it_is_worth():
    assert headline(PLAN) == (
        "By 2030, run 5 of 6 sites with 219 MW of miners and 239 MW of AI servers. All phases "
        "together cost USD 7.39 bn to build, and the plan is worth USD 6.82 bn."
    )


def test_the_headline_of_one_site_does_not_count_it():
    years = tuple(year for year in PLAN.site_years if year.site == "angara")
    alone = replace(PLAN, sites=PLAN.sites[:1], site_years=years)
    assert headline(alone).startswith("By 2030, run the site with 19 MW of miners")


def test_sites_without_machines_do_not_count_as_run():
    *others, last = PLAN.site_years
    idle = replace(last, capacities={"connection": last.capacities["connection"]})
    plan = replace(PLAN, site_years=(*others, idle))
    assert "run 4 of 6 sites" in headline(plan)
    assert idle_at_end(plan, NETWORK) == (
        "Connected in 2030 but without machines: Tucuruí <north>. The plan puts no new ones "
        "there."
    )
    assert idle_at_end(PLAN, NETWORK) == ""


def test_the_proof_names_the_bound_and_what_may_be_left():
    assert "no plan is worth more than USD 6.83 bn" in proof(PLAN)
    assert "USD 2.73 m (0.04%)" in proof(PLAN)


def test_a_plan_without_a_gap_is_called_the_best():
    assert proof(replace(PLAN, gap=0.0, bound=PLAN.objective)).startswith("No other plan")


def test_a_stopped_search_says_so():
    assert "stopped at a limit" in proof(replace(PLAN, status=Status.STOPPED))


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (0.0, "no gap"),
        (3e-8, "less than one part in a million"),
        (2e-6, "0.0002%"),
        (0.0004, "0.04%"),
        (0.0123, "1.2%"),
        (0.25, "25%"),
        (2.5, "250%"),
    ],
)
def test_gaps_are_written_as_people_read_them(gap, words):
    assert gap_words(gap) == words


def test_the_discount_rate_is_named():
    assert "discounted at 10% a year" in value_means(NETWORK)


def test_what_an_input_rests_on_is_told_largest_first():
    resting = Resting(input="prices", hours={}, money={"user": 0.25, "synthetic": 0.75})
    assert resting_words(resting) == (
        "prices: 75% synthetic, 25% stated by the user (of its money)"
    )
    assert resting_words(Resting(input="wind", hours={}, money={})) == (
        "wind: not used (of hours)"
    )


def test_inputs_with_a_synthetic_part_are_named():
    assert synthetic_inputs(PLAN) == ["prices", "solar"]


def test_sites_that_are_left_are_named_by_country():
    assert not_built(PLAN, NETWORK) == "Looked at and left: Brazil: Recife."


def test_a_site_tells_how_long_its_machines_run_and_where_they_stop():
    words = running(PLAN, NETWORK, BRATSK)
    assert "DGX B200 runs practically always" in words
    assert "stops above about 88.0 USD/MWh" in words  # what a MWh earns in the miners: 88


def test_a_ban_is_not_taken_for_a_price():
    banned = BRATSK.machine_mw[MINER].copy()
    banned[:2000] = 0.0
    words = running(PLAN, NETWORK, replace(BRATSK, machine_mw={MINER: banned}))
    assert "other limits than the price stop it too" in words


def test_an_idle_site_says_so():
    idle = replace(BRATSK, machine_mw={MINER: np.zeros(8760)})
    assert running(PLAN, NETWORK, idle) == "Nothing runs here."
