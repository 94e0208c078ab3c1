# SPDX-License-Identifier: Apache-2.0
"""An invented plan over three futures, for tests of what people see."""

from loadstone.model.plan import Build
from loadstone.model.uncertainty import (
    FreshCheck,
    FrontierPoint,
    KeptFuture,
    Moment,
    Node,
    Reduced,
    Strategy,
    Uncertainty,
)

VALUES = {
    "plan": (10e6, 80e6, 200e6), "AI only": (-20e6, 90e6, 150e6), "wait": (12e6, 40e6, 90e6),
}  # fmt: skip


def example_uncertainty() -> Uncertainty:
    """Return an invented plan over three futures."""
    halls = Build(site="para", phase=2028, asset="ai_hall", amount=40.0, unit="MW", capex=4e8)
    return Uncertainty(
        currency="USD", weight=0.3, tail=0.2, objective=7e7, bound=7.1e7, gap=0.014,
        mean=96e6, cvar=10e6,
        reduced=Reduced(
            drawn=1000, kept=3, seed=0, lost=0.4,
            moments=(
                Moment(factor="hashprice", phase=2028, mean=40.0, sd=9.0, kept_mean=40.2,
                       kept_sd=7.0),
            ),
        ),
        futures=tuple(
            KeptFuture(number=i, probability=p, nodes=(0, i), factors={"hashprice": (40.0,)},
                       value=VALUES["plan"][i], perfect=(15e6, 95e6, None)[i])
            for i, p in enumerate((0.3, 0.3, 0.4))
        ),
        nodes=(
            Node(phase=2027, node=0, probability=1.0, conditions=(), builds=()),
            Node(phase=2028, node=1, probability=0.7,
                 conditions=("hashprice is at least 42 USD/PH/day as 2028 begins",),
                 builds=(halls,)),
        ),
        rules=("2028, para, ai_hall: 40 MW only if hashprice <is> at least 42 USD/PH/day.",),
        branch=(0, 1), mean_builds=(halls,),
        strategies=tuple(
            Strategy(name=name, text=f"{name}.", worth=sum(row) / 3, mean=sum(row) / 3,
                     cvar=min(row), values=row, regret=30e6)
            for name, row in VALUES.items()
        ),
        frontier=(
            FrontierPoint(weight=0.0, mean=99e6, cvar=-5e6, now=1e8),
            FrontierPoint(weight=0.25, mean=96e6, cvar=10e6, now=8e7),
            FrontierPoint(weight=0.5, mean=96e6, cvar=10.1e6, now=8e7),
        ),
        perfect_information=9e6, recourse=5e6, waiting=-2e6, outlook_plan=3e6,
        fresh=(FreshCheck(name="plan", futures=60, first=2000, mean=91e6, error=6e6,
                          cvar=4e6, broken=1),),
        notes=("Invented for tests.",),
    )  # fmt: skip
