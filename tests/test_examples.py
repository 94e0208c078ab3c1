# SPDX-License-Identifier: Apache-2.0
"""Every example is planned, and says what its folder says it does."""

import pytest

import loadstone
from tests.shape import ROOT, text_of

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/expected.txt"))


def answer(run: loadstone.Run) -> str:
    """Return what a plan says, in figures coarse enough to outlive a change of method."""
    plan = run.plan
    worth = f"{plan.objective / 1e6:,.1f} million {plan.currency}"
    lines = [f"{plan.network}: {plan.status.value}, {worth}"]
    lines += [
        f"{site.id}: {f'opens in {site.opened}' if site.opened else 'not built'}"
        for site in plan.sites
    ]
    lines += [f"{b.site} {b.phase}: {b.asset} {b.amount:,.0f} {b.unit}" for b in plan.builds]
    lines += [
        f"limit: {m.kind} {m.subject} {m.phase}, worth {m.value:,.2g} a unit"
        for m in plan.marginals[:3]
    ]
    return "\n".join(lines) + "\n"


def test_there_is_an_example():
    assert EXAMPLES


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_an_example_says_what_it_says(folder, tmp_path, request):
    run = loadstone.plan(folder / "network", tmp_path / "run", gap=1e-6)
    if request.config.getoption("--update-golden"):
        (folder / "expected.txt").write_text(answer(run), encoding="utf-8")
    assert answer(run) == text_of(folder / "expected.txt")


@pytest.mark.long
def test_the_awkward_example_is_planned_and_proven(tmp_path):
    run = loadstone.plan(ROOT / "examples" / "awkward" / "network", tmp_path / "run", gap=1e-3)
    assert loadstone.verify(run.folder, level=2).ok
