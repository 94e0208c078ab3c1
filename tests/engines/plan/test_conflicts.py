# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.plan.conflicts import clashing_limits, missing_power
from loadstone.engines.plan.problem import Block, Label, Problem, Profile, Segment
from loadstone.engines.plan.solution import BlockDispatch

YEARS = (2027, 2028)


def problem(cap=50.0, existing=40.0):
    """Return a site that stands with `existing` MW under a cap of its country, 24 hours."""
    promised = Segment(name="promised:ai:a contract", capacity=0, must_run=True)
    grid = Segment(name="grid", source=True, capacity=0, value=Profile(scale=30.0))
    block = Block(
        site="first", phase=1, capacities=("connection",), columns=np.array([0]),
        segments=(promised, grid),
    )  # fmt: skip
    text = "connected power in BR"
    return Problem(
        currency="USD",
        series=np.ones((0, 24)),
        groups=np.zeros((0, 24), dtype=np.int64),
        blocks=(block,),
        columns=(Label(kind="capacity", subject="first", unit="MW"),),
        cost=np.array([1.0]),
        lower=np.array([existing]),
        upper=np.array([100.0]),
        whole=np.array([False]),
        rows=(Label(kind="country_cap", subject="BR", phase=1, unit="MW", text=text),),
        row_start=np.array([0, 1]),
        row_column=np.array([0]),
        row_value=np.array([1.0]),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([cap]),
    )


def dispatch(shortage):
    zeros = np.zeros(24)
    return BlockDispatch(
        power=np.zeros((2, 24)), charge=zeros, discharge=zeros, stored=zeros,
        shortage=shortage, worth=zeros,
    )  # fmt: skip


def test_limits_that_hold_together_are_no_conflict():
    assert clashing_limits(problem(), YEARS) == ()


def test_a_cap_below_what_stands_says_how_far_it_must_rise():
    [conflict] = clashing_limits(problem(cap=25.0), YEARS)
    assert conflict.rules[0] == "connected power in BR in 2028: at most 25 MW"
    assert "40 MW" in conflict.rules[1]  # 40 MW stand, the cap must rise by 15
    assert conflict.relax == "raise it to 40 MW"


def test_a_floor_above_what_may_stand_says_how_far_it_must_fall():
    whole = replace(problem(), row_lower=np.array([120.0]), row_upper=np.array([np.inf]))
    [conflict] = clashing_limits(whole, YEARS)
    assert "at least 120 MW" in conflict.rules[0]
    assert conflict.relax == "lower it to 100 MW"


def test_limits_without_words_give_way_only_where_no_other_can():
    silent = replace(problem(cap=25.0), rows=(Label(kind="country_cap", subject="BR"),))
    [conflict] = clashing_limits(silent, YEARS)
    assert conflict.rules[0].startswith("country_cap BR: at most 25")


def test_missing_power_is_told_with_the_contract_that_wants_it():
    shortage = np.zeros(24)
    shortage[[3, 7]] = 2.0, 5.0
    [conflict] = missing_power(problem(), (dispatch(shortage),), YEARS)
    assert conflict.rules == (
        "power in every hour of 2028 for a contract at first",
        "a connection and a supply that lack up to 5 MW in 2 hours",
    )
    assert "5 MW less" in conflict.relax


@pytest.mark.parametrize("shortage", [np.zeros(24), np.full(24, 1e-7)])
def test_a_few_watts_are_no_missing_power(shortage):
    assert missing_power(problem(), (dispatch(shortage),), YEARS) == ()


def test_a_floor_that_meets_a_limit_names_both():
    # 60 MW must be taken, and the budget is enough for 30
    floor = Label(
        kind="taken", subject="first", unit="MW", text="the lease a", source="a letter"
    )
    cap = Label(kind="budget", subject="network", unit="USD", text="all capital")
    both = replace(
        problem(existing=0.0), rows=(floor, cap), row_start=np.array([0, 1, 2]),
        row_column=np.array([0, 0]), row_value=np.array([1.0, 1e5]),
        row_lower=np.array([60.0, -np.inf]), row_upper=np.array([np.inf, 3e6]),
    )  # fmt: skip
    [conflict] = clashing_limits(both, YEARS)
    assert conflict.rules == (
        "the lease a: at least 60 MW (a letter)", "all capital: at most 3,000,000 USD",
    )  # fmt: skip
    assert conflict.relax == "lower it to 30 MW, or let the other limits give way"
