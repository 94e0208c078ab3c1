# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest
from rich.console import Console

from loadstone.apps.reports import uncertainty_text
from loadstone.model.uncertainty import (
    FreshCheck,
    FrontierPoint,
    KeptFuture,
    Node,
    Reduced,
    Strategy,
    Uncertainty,
)


def strategy(name, worth, regret=None):
    return Strategy(
        name=name, text=name, worth=worth, mean=worth, cvar=worth / 2, values=(worth,),
        regret=regret,
    )  # fmt: skip


FOUND = Uncertainty(
    currency="USD",
    weight=0.3,
    tail=0.2,
    objective=148e6,
    bound=149e6,
    gap=0.0068,
    mean=160e6,
    cvar=120e6,
    reduced=Reduced(drawn=1000, kept=24, seed=0, lost=0.62, moments=()),
    futures=(
        KeptFuture(number=7, probability=1.0, nodes=(0,), factors={}, value=148e6),
    ),
    nodes=(Node(phase=2027, node=0, probability=1.0, conditions=(), builds=()),),
    rules=("2029, a, ai_hall: 12 MW only if hashprice is at least 42 USD/PH/day.",),
    branch=(0,),
    mean_builds=(),
    strategies=(strategy("plan", 148e6, 9e6), strategy("wait", 140e6)),
    frontier=(FrontierPoint(weight=0.3, mean=160e6, cvar=120e6, now=80e6),),
    perfect_information=12e6,
    recourse=7e6,
    waiting=-8e6,
    outlook_plan=None,
    fresh=(FreshCheck(name="plan", futures=98, first=1000, mean=150e6, error=4e6, cvar=90e6,
                      broken=2),),
    notes=("Rents stay.",),
)  # fmt: skip


@pytest.fixture
def shown():
    def show(found):
        console = Console(width=96, record=True, file=None, quiet=False)
        with console.capture() as caught:
            console.print(uncertainty_text(found))
        return caught.get()

    return show


def test_the_answer_comes_first_then_rules_ways_and_what_is_left_out(shown):
    text = shown(FOUND)
    words = " ".join(text.split())
    assert "24 futures stand for 1000, which leaves 62% of their spread untold" in words
    assert "the worst 20% count 30%, the mean the rest" in words
    assert "mean of the worst 20% USD 120 m" in words
    assert "12 MW only if hashprice is at least 42 USD/PH/day" in words
    assert "wait 140.0 140.0 70.0 -" in words
    assert "Deciding later what can wait is worth USD 7 m" in words.replace("7.00", "7")
    assert "Building nothing in the first phase costs USD 8" in words
    assert "plan 98 150.0 4.0 90.0 2" in words
    assert words.endswith("Rents stay.")
    assert "None" not in text


def test_a_plan_for_the_mean_says_so_and_leaves_out_what_nobody_looked_at(shown):
    bare = replace(
        FOUND, weight=0.0, strategies=(), frontier=(), fresh=(), perfect_information=None,
        recourse=None, waiting=None, rules=(),
    )  # fmt: skip
    text = " ".join(shown(bare).split())
    assert "the mean alone counts" in text
    for absent in (
        "Ways to plan",
        "Return against risk",
        "fresh futures",
        "None",
        "Built later",
    ):
        assert absent not in text
