# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from benchmarks.b31 import GRID, HOURS, LIFE_YEARS, b31, b31_phases, data

# computed with the generator printed in the definition, numpy 2.4
TOTALS = {
    "import_cost": 17019578.35,
    "solar": 44349.451,
    "ai_revenue": 316536185.21,
    "annual": 227298944.63162103,
    "country_cap": 2132.88,
}


def test_the_generator_gives_the_arrays_of_its_definition():
    given = data()
    assert given.import_cost.shape == (31, HOURS)
    for name, total in TOTALS.items():
        assert getattr(given, name).sum() == pytest.approx(total, rel=1e-12)


def test_the_first_sites_are_the_same_in_every_size():
    np.testing.assert_array_equal(data(3).import_cost, data(31).import_cost[:3])


def test_a_year_has_a_budget_and_a_cap_for_each_country():
    problem = b31(31)
    assert [row.kind for row in problem.rows] == ["budget", *["country_cap"] * 5]
    assert len(problem.columns) == 7 * 31
    assert len(problem.blocks) == 31


def test_a_build_stands_for_its_life_and_no_longer():
    problem = b31_phases(1, 5)
    alive = [i for i, row in enumerate(problem.rows) if row.kind == "alive"]
    for i in alive:
        columns = problem.row_column[problem.row_start[i] : problem.row_start[i + 1]]
        label = problem.rows[i]
        asset = problem.blocks[0].capacities.index(label.asset)
        phases = [problem.columns[c].phase for c in columns[1:]]
        oldest = max(0, label.phase - LIFE_YEARS[asset] + 1)
        assert phases == list(range(oldest, label.phase + 1))


@pytest.mark.parametrize(("openings", "count"), [("per_phase", 10), ("per_site", 2)])
def test_a_site_opens_before_it_has_a_connection(openings, count):
    problem = b31_phases(2, 5, binary=True, openings=openings)
    assert problem.whole.sum() == count
    first, last = (int(problem.blocks[b].columns[GRID]) for b in (0, 8))  # site 0
    plan = np.zeros(len(problem.columns))
    plan[[first, last]] = 30.0
    assert not rows_hold(problem, plan)
    opens = np.flatnonzero(problem.whole)[0]
    assert problem.columns[opens].subject == "s00"
    plan[opens] = 1.0
    assert rows_hold(problem, plan)
    plan[last] = 24.0  # below the smallest size of an open site
    assert not rows_hold(problem, plan)


def rows_hold(problem, plan):
    activity = problem.row_activity(plan)
    kinds = [row.kind in {"open_once", "open_first", "smallest"} for row in problem.rows]
    holds = (activity >= problem.row_lower) & (activity <= problem.row_upper)
    return bool(holds[kinds].all())


def test_a_short_year_has_its_share_of_the_costs():
    tenth, full = data(2, hours=876).annual, data(2).annual
    np.testing.assert_allclose(tenth[:, 1:], full[:, 1:] / 10)  # the grid price is drawn later
