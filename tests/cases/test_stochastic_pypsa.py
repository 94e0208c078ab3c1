# SPDX-License-Identifier: Apache-2.0
"""PyPSA's stochastic mode, two stages with CVaR of operating cost, finds the same plan.

Its CVaR is that of operating cost alone. With builds that are the same in all futures that is
the CVaR of the whole value, since what they cost is the same in all of them.
"""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.problem import (
    Block,
    Label,
    Problem,
    Profile,
    Segment,
    Storage,
)
from loadstone.engines.plan.uncertain.stack import stack

pypsa = pytest.importorskip("pypsa")

HOURS = 72
PROBABILITY = np.array([0.3, 0.4, 0.2, 0.1])
MINING = (95.0, 70.0, 120.0, 45.0)  # currency/MWh
LEVEL = (1.0, 0.9, 1.3, 1.6)  # of the power price
ASSETS = ("grid", "miner", "solar", "battery")
COST = np.array([200.0, 900.0, 700.0, 300.0])  # of a MW over these hours
MOST = np.array([40.0, 50.0, 30.0, 20.0])
STORE_HOURS, EFFICIENCY, DEMAND_MW = 4.0, 0.9, 3.0


def price_and_sun():
    t = np.arange(HOURS)
    rng = np.random.default_rng(4)
    price = 45 + 30 * np.sin(2 * np.pi * (t - 13) / 24) + rng.normal(0, 8, HOURS)
    sun = np.clip(np.sin(np.pi * (t % 24 - 6) / 12), 0, None)
    return price, sun


def ours(future):
    price, sun = price_and_sun()
    names = (*ASSETS, "energy", "one")
    segments = (
        Segment(
            name="grid", source=True, capacity=0, value=Profile(row=0, scale=LEVEL[future])
        ),
        Segment(name="miner", capacity=1, value=Profile(scale=MINING[future])),
        Segment(name="solar", source=True, capacity=2, width=Profile(row=1)),
        Segment(name="demand", capacity=5, width=Profile(scale=DEMAND_MW), must_run=True),
    )
    storage = Storage(
        power=3, energy=4, charge_efficiency=EFFICIENCY, discharge_efficiency=EFFICIENCY
    )
    block = Block(
        site="a", capacities=names, columns=np.arange(6), segments=segments, storage=storage
    )
    return Problem(
        currency="USD",
        series=np.array([price, sun]),
        groups=np.zeros((0, HOURS), dtype=np.int64),
        blocks=(block,),
        columns=tuple(Label(kind="build", subject="a", phase=0, asset=name) for name in names),
        cost=np.array([*COST, 0.0, 0.0]),
        lower=np.array([0, 0, 0, 0, 0, 1.0]),
        upper=np.array([*MOST, STORE_HOURS * MOST[3], 1.0]),
        whole=np.zeros(6, dtype=np.bool_),
        rows=(Label(kind="size", subject="a"),),
        row_start=np.array([0, 2]),
        row_column=np.array([3, 4]),
        row_value=np.array([STORE_HOURS, -1.0]),
        row_lower=np.zeros(1),
        row_upper=np.zeros(1),
    )


def theirs(weight, tail):
    price, sun = price_and_sun()
    network = pypsa.Network()
    network.set_snapshots(range(HOURS))
    network.add("Carrier", "AC")
    network.add("Bus", "a", carrier="AC")
    network.add("Load", "demand", bus="a", p_set=DEMAND_MW)

    def size(k):
        return {
            "bus": "a",
            "carrier": "AC",
            "p_nom_extendable": True,
            "p_nom_max": MOST[k],
            "capital_cost": COST[k],
        }

    network.add("Generator", "grid", marginal_cost=price, **size(0))
    network.add("Generator", "miner", sign=-1, marginal_cost=np.zeros(HOURS), **size(1))
    network.add("Generator", "solar", p_max_pu=sun, **size(2))
    network.add(
        "StorageUnit",
        "battery",
        max_hours=STORE_HOURS,
        efficiency_store=EFFICIENCY,
        efficiency_dispatch=EFFICIENCY,
        cyclic_state_of_charge=True,
        **size(3),
    )
    names = [f"f{f}" for f in range(len(PROBABILITY))]
    network.set_scenarios(dict(zip(names, PROBABILITY.tolist(), strict=True)))
    for f, name in enumerate(names):
        costs = network.generators_t.marginal_cost
        costs[name, "grid"] = price * LEVEL[f]
        costs[name, "miner"] = -MINING[f]
    if weight:
        network.set_risk_preference(alpha=1 - tail, omega=weight)
    status = network.optimize(
        include_objective_constant=False, solver_options={"output_flag": False}
    )
    assert status == ("ok", "optimal")
    return -float(network.objective), network.generators.p_nom_opt["f0"]


@pytest.mark.parametrize(
    ("weight", "tail"), [(0.0, 0.25), (0.4, 0.25), (0.8, 0.1), (0.8, 0.35)]
)
def test_pypsa_finds_the_same_builds_over_futures(weight, tail):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyPSA tells of its next version
        objective, built = theirs(weight, tail)
    nodes = np.zeros((len(PROBABILITY), 1), dtype=np.int64)
    problems = [ours(f) for f in range(len(PROBABILITY))]
    problem = stack(problems, PROBABILITY, nodes, tail=tail, weight=weight).problem
    search = Search(problem, gap=1e-8)
    for _ in search.steps():
        pass
    found = search.solution()
    assert found.objective == pytest.approx(objective, rel=1e-6)
    assert found.bound >= objective - 1e-8 * abs(objective)
    assert solve_lp(problem).objective == pytest.approx(objective, rel=1e-6)
    assert found.columns[:3] == pytest.approx(built[["grid", "miner", "solar"]], abs=0.05)


def test_the_builds_depend_on_the_weight_of_the_worst_futures():
    nodes = np.zeros((len(PROBABILITY), 1), dtype=np.int64)
    problems = [ours(f) for f in range(len(PROBABILITY))]
    problem = stack(problems, PROBABILITY, nodes, tail=0.1).problem
    assert problem.aversion is not None
    averse = replace(problem, aversion=replace(problem.aversion, weight=0.8))
    bold, careful = (solve_lp(one).columns for one in (problem, averse))
    assert careful[1] < bold[1] - 1.0
