# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan

import pytest

from loadstone.apps.wiring import planning_doors
from loadstone.engines.plan.verify import Check, Verification
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.plan import Status
from loadstone.services.planning import (
    Order,
    plan_network,
    verification_table,
    verification_text,
    verify_run,
)
from tests.network_folders import campus, edit

ALONE = Order(beside=False)


class SteppingClock:
    """A clock that goes on by one step each time it is asked."""

    def __init__(self, step_s: float) -> None:
        self.step_s, self.asked_s = step_s, 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def wall_s(self) -> float:
        self.asked_s += self.step_s
        return self.asked_s

    def cpu_s(self) -> float:
        return self.asked_s / 2


def no_report(
    plan, dispatch, network, out_dir, *, verification=None, decision=None, uncertainty=None
):
    (out_dir / "report.html").write_text(f"{plan.network}: {verification}")
    return [out_dir / "report.html"]


def doors(step_s=0.0):
    return replace(planning_doors(no_report), clock=SteppingClock(step_s))


def test_a_plan_is_found_counted_again_and_kept(tmp_path):
    shown = []
    found = plan_network(
        campus(tmp_path), tmp_path / "run", doors(), order=ALONE, show=shown.append
    )
    assert found.plan.status == Status.OPTIMAL
    assert found.verification.ok
    assert found.manifest["started"] == "2026-11-21T00:00:00+00:00"
    assert all(path.is_file() for path in found.files)
    assert "level 0" in (tmp_path / "run" / "report.html").read_text()
    bounds = [progress.bound for progress in shown]
    assert bounds == sorted(bounds, reverse=True)
    assert shown[-1].gap <= 1e-4


def test_a_run_is_the_same_in_processes_and_says_where_it_was_made(tmp_path):
    folder = campus(tmp_path)
    threads = plan_network(folder, tmp_path / "threads", doors(), order=ALONE)
    order = Order(beside=False, on="processes", workers=2)
    processes = plan_network(folder, tmp_path / "processes", doors(), order=order)
    assert processes.plan == threads.plan
    assert processes.manifest["order"]["on"] == "processes"


def test_a_time_limit_takes_the_best_plan_so_far_with_its_gap(tmp_path):
    order = Order(gap=1e-12, time_limit_s=15.0, beside=False)
    found = plan_network(campus(tmp_path), tmp_path / "run", doors(1.0), order=order)
    assert found.plan.status == Status.STOPPED
    assert 1e-12 < found.plan.gap < inf
    assert found.verification.ok


def test_a_time_limit_that_has_passed_still_gives_a_plan(tmp_path):
    order = Order(gap=1e-12, time_limit_s=1.0, beside=False)
    found = plan_network(campus(tmp_path), tmp_path / "run", doors(10.0), order=order)
    assert found.plan.status == Status.STOPPED
    assert found.verification.ok


def test_a_plan_is_not_verified_against_another_model(tmp_path):
    plan_network(
        campus(tmp_path), tmp_path / "run", doors(), order=Order(gap=1e-3, beside=False)
    )
    inputs = tmp_path / "run" / "inputs"
    edit(inputs / "network.toml", '["mi355x-8", "gb200-nvl72"]', '["gb200-nvl72"]')
    with pytest.raises(InputError, match="must come from these inputs"):
        verify_run(tmp_path / "run", doors())


def test_wrong_input_leaves_no_run(tmp_path):
    folder = campus(tmp_path)
    edit(folder / "network.toml", "pool_fee = 0.015", "pool_fee = 2.0")
    with pytest.raises(InputErrors, match="pool_fee"):
        plan_network(folder, tmp_path / "run", doors())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "options",
    [{"method": "guess"}, {"gap": 0.0}, {"gap": nan}, {"time_limit_s": 0.0}, {"workers": 0}],
    ids=str,
)
def test_orders_that_make_no_sense_are_refused(options):
    with pytest.raises(InputError):
        Order(**options)


def test_what_fails_is_told_in_a_sentence():
    bad = Check(name="rows", ok=False, worst=0.5, limit=1e-6, text="every shared limit holds")
    found = Verification(level=0, checks=(bad,), lower=1.0, upper=2.0)
    assert verification_text(found) == (
        "Verified at level 0: FAILED. rows 0.5 over 1e-06: every shared limit holds"
    )
    assert not verification_table(found)["ok"]
