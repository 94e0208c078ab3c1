# SPDX-License-Identifier: Apache-2.0
"""Small random planning problems. Each has a plan: missing power is bought at a price."""

from dataclasses import dataclass, field, replace

import numpy as np
from hypothesis import strategies as st

from loadstone.engines.plan.problem import (
    Account,
    Block,
    Label,
    Problem,
    Profile,
    Segment,
    Storage,
)


@dataclass
class Sheet:
    """Columns and rows as they are written down."""

    labels: list = field(default_factory=list)
    cost: list = field(default_factory=list)
    lower: list = field(default_factory=list)
    upper: list = field(default_factory=list)
    whole: list = field(default_factory=list)
    rows: list = field(default_factory=list)  # (label, {column: value}, lower, upper)

    def column(self, kind, cost=0.0, lower=0.0, upper=0.0, whole=False):
        self.labels.append(Label(kind=kind))
        self.cost.append(float(cost))
        self.lower.append(float(lower))
        self.upper.append(float(upper))
        self.whole.append(whole)
        return len(self.labels) - 1

    def row(self, kind, terms, lower=-np.inf, upper=np.inf):
        self.rows.append((Label(kind=kind), terms, float(lower), float(upper)))

    def problem(self, series, groups, blocks, constant=0.0):
        terms = [terms for _, terms, _, _ in self.rows]
        return Problem(
            currency="USD",
            series=np.array(series),
            groups=np.array(groups, dtype=np.int64).reshape(len(groups), len(series[0])),
            blocks=tuple(blocks),
            columns=tuple(self.labels),
            cost=np.array(self.cost),
            lower=np.array(self.lower),
            upper=np.array(self.upper),
            whole=np.array(self.whole, dtype=bool),
            rows=tuple(row[0] for row in self.rows),
            row_start=np.cumsum([0, *(len(t) for t in terms)]).astype(np.int64),
            row_column=np.array([c for t in terms for c in t], dtype=np.int64),
            row_value=np.array([v for t in terms for v in t.values()], dtype=float),
            row_lower=np.array([row[2] for row in self.rows]),
            row_upper=np.array([row[3] for row in self.rows]),
            constant=constant,
        )


@st.composite
def problems(draw, *, most_blocks=3, most_accounts=1, whole=True):
    """Return a problem of 24 to 96 hours; which features it has is drawn one by one.

    Args:
        draw: Given by hypothesis.
        most_blocks: Largest number of blocks.
        most_accounts: Largest number of accounts of a block, up to 2.
        whole: Whether sites may have to be opened as a whole.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1), label="seed"))
    hours = draw(st.sampled_from([24, 25, 48, 96]), label="hours")
    months = draw(st.sampled_from([0, 0, 3]), label="months of demand charge")
    opens = whole and draw(st.booleans(), label="opens")
    sheet, series, blocks, budget = Sheet(), [], [], {}
    groups = [np.arange(hours) * months // hours] if months else []
    for site in range(draw(st.integers(1, most_blocks), label="blocks")):
        features = {
            "months": months,
            "storage": draw(st.booleans(), label="storage"),
            "must_run": draw(st.booleans(), label="must run"),
            "solar": draw(st.booleans(), label="solar"),
            "ban": draw(st.booleans(), label="ban"),
            "accounts": draw(st.integers(0, most_accounts), label="accounts"),
        }
        block, grid = _site(rng, sheet, series, hours, {"site": f"s{site}", **features})
        blocks.append(block)
        budget |= {int(c): float(rng.uniform(0.5, 2)) for c in set(block.columns.tolist())}
        if opens:
            z = sheet.column("open", cost=rng.uniform(0, 2e4), upper=1, whole=True)
            sheet.row("open_first", {grid: 1.0, z: -sheet.upper[grid]}, upper=0)
            sheet.row("smallest", {grid: 1.0, z: -5.0}, lower=0)
    budget = {c: v for c, v in budget.items() if sheet.lower[c] == 0}
    sheet.row("budget", budget, upper=rng.uniform(20, 300))
    return sheet.problem(series, groups, blocks, constant=float(rng.uniform(1e4, 1e5)))


def _row(series, values):
    series.append(np.asarray(values, dtype=float))
    return len(series) - 1


def _site(rng, sheet, series, hours, features):
    """Write one block's columns and return the block and its grid column."""
    names, columns = [], []

    def capacity(name, **column):
        names.append(name)
        columns.append(sheet.column(name, **column))
        return len(names) - 1

    price = rng.normal(50, 25, hours).round(1) + (rng.random(hours) < 0.05) * 400
    price_row = _row(series, price)
    free = _row(series, (rng.random(hours) > 0.2) * rng.uniform(0.5, 1, hours))
    grid = capacity("grid", cost=rng.uniform(0, 20) * hours, upper=rng.uniform(10, 80))
    imported = {"capacity": grid, "value": Profile(row=price_row, shift=5.0)}
    if months := features["months"]:
        peaks = [
            capacity(f"peak:{m}", cost=rng.uniform(0, 200), upper=100) for m in range(months)
        ]
        imported |= {"capacity": peaks[0], "group": 0}
        for peak in peaks:
            sheet.row("peak", {columns[peak]: 1.0, columns[grid]: -1.0}, upper=0)
    segments = [
        Segment(name="grid", source=True, **imported),
        Segment(
            name="export",
            capacity=grid,
            width=Profile(scale=0.4),
            value=Profile(row=price_row, shift=-3.0),
        ),
    ]
    miner = capacity("miner", cost=rng.uniform(0, 30) * hours, upper=rng.uniform(5, 60))
    mined = Profile(row=free, scale=1.05) if features["ban"] else Profile(scale=1.05)
    segments.append(
        Segment(
            name="mine", capacity=miner, width=mined, value=Profile(scale=rng.uniform(50, 110))
        )
    )
    gpu = capacity("gpu", cost=rng.uniform(0, 500) * hours, upper=rng.uniform(1, 10))
    paid = Profile(row=_row(series, rng.normal(600, 60, hours)))
    floor = rng.uniform(0.3, 0.9) if features["must_run"] else 0.0
    if floor:
        segments.append(
            Segment(
                name="ai:floor",
                capacity=gpu,
                width=Profile(scale=1.25 * floor),
                value=paid,
                must_run=True,
            )
        )
        constant = capacity("one", lower=1, upper=1)
        segments.append(
            Segment(
                name="auxiliary",
                capacity=constant,
                width=Profile(row=free, scale=0.2),
                must_run=True,
            )
        )
    segments.append(
        Segment(
            name="ai:free", capacity=gpu, width=Profile(scale=1.25 * (1 - floor)), value=paid
        )
    )
    if features["solar"]:
        shape = _row(series, np.clip(np.sin((np.arange(hours) % 24 - 6) / 12 * np.pi), 0, None))
        solar = capacity("solar", cost=rng.uniform(2, 12) * hours, upper=rng.uniform(5, 60))
        segments.append(
            Segment(name="solar", source=True, capacity=solar, width=Profile(row=shape))
        )
    storage = None
    if features["storage"]:
        storage = Storage(
            power=capacity("power", cost=rng.uniform(0, 5) * hours, upper=rng.uniform(1, 30)),
            energy=capacity(
                "energy", cost=rng.uniform(0, 2) * hours, upper=rng.uniform(1, 150)
            ),
            charge_efficiency=float(rng.choice([0.85, 0.94, 1.0])),
            discharge_efficiency=float(rng.choice([0.85, 0.94])),
        )
    accounts = []
    if features["accounts"] >= 1:
        accounts.append(
            Account(
                name="take or pay",
                segments=(0,),
                coefficients=(-1.0,),
                limit=grid,
                per_unit=-float(rng.uniform(0.2, 0.9)) * hours,
                penalty=float(rng.uniform(5, 60)),
            )
        )
    if features["accounts"] >= 2:
        accounts.append(
            Account(
                name="carbon",
                segments=(0, 1),
                coefficients=(1.0, -0.5),
                hours=free,
                limit=miner,
                per_unit=float(rng.uniform(0.1, 0.6)) * hours,
                penalty=float(rng.uniform(5, 60)),
            )
        )
    block = Block(
        site=features["site"],
        weight=float(rng.uniform(0.5, 3)),
        capacities=tuple(names),
        columns=np.array(columns, dtype=np.int64),
        segments=tuple(segments),
        storage=storage,
        accounts=tuple(accounts),
    )
    return block, columns[grid]


def scaled_budget(problem, factor):
    """Return the problem with its budget rows multiplied."""
    is_budget = np.array([row.kind == "budget" for row in problem.rows])
    return replace(
        problem, row_upper=np.where(is_budget, problem.row_upper * factor, problem.row_upper)
    )


def banned(problem, hours, name="mine"):
    """Return the problem with a use forbidden in some hours. `hours` is a mask, shape (T,)."""
    series, blocks = list(problem.series), []
    for block in problem.blocks:
        segments = []
        for segment in block.segments:
            if segment.name == name:
                series.append(np.where(hours, 0.0, problem.profile(segment.width)))
                width = Profile(row=len(series) - 1)
                segment = replace(segment, width=width)  # noqa: PLW2901
            segments.append(segment)
        blocks.append(replace(block, segments=tuple(segments)))
    return replace(problem, series=np.array(series), blocks=tuple(blocks))
