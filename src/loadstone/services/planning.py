# SPDX-License-Identifier: Apache-2.0
"""Planning: read a network, find its best plan, count it again, keep the run."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from datetime import datetime
from math import inf, isfinite
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from loadstone.engines.plan.conflicts import (
    LEAST_MW,
    beyond_permits,
    clashing_limits,
    missing_power,
)
from loadstone.engines.plan.exact import Progress, Search
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lp import solve_lp_hours
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.result import plan_of, site_hours
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.engines.plan.verify import Verification, verify
from loadstone.model.decision import Decision
from loadstone.model.errors import InfeasibleError, InputError, OutsideError
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch, Year
from loadstone.model.ports import Clock, NetworkReader
from loadstone.model.uncertainty import Uncertainty
from loadstone.model.valuation import Valuation
from loadstone.services.deciding import Found, Tell, decide

Method = Literal["exact", "lp"]
Place = Literal["threads", "processes", "ray"]
Evidence = tuple[Solution, tuple[BlockDispatch, ...], tuple[Cut, ...]]
Show = Callable[[Progress], None]

INPUTS = "inputs"
MOST_ALTERNATIVES = 5.0  # times the search for the plan that alternatives may take
MOST_BESIDE = 15.0  # times it that all that stands beside the plan may take
FINER, LEAST_GAP = 1e-2, 1e-8  # gaps of a search again, where promised power is missing
LEAST_S = 10.0  # taken for a search that was faster


def silent(_: str) -> None:
    """Tell nobody."""


class RunWriter(Protocol):
    """Keeps a run, whole or not at all."""

    def __call__(
        self,
        out: Path,
        *,
        network_folder: Path,
        plan: Plan,
        dispatch: Sequence[SiteDispatch],
        evidence: Evidence,
        manifest: Mapping[str, Any],
        decision: Decision | None,
        further: Callable[[Path], Sequence[Path]],
    ) -> tuple[Path, ...]:
        """Write a run and return its files."""
        ...


class ReportWriter(Protocol):
    """Writes what people read."""

    def __call__(
        self,
        plan: Plan,
        dispatch: tuple[SiteDispatch, ...],
        network: Network,
        out_dir: Path,
        *,
        verification: str | None = None,
        decision: Decision | None = None,
        valuation: Valuation | None = None,
        uncertainty: Uncertainty | None = None,
    ) -> Sequence[Path]:
        """Write the report of a plan and return its files."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What planning needs of the outside world.

    Attributes:
        read_network: Reads a network folder.
        read_plan: Returns the plan of a run.
        read_evidence: Returns what proves the plan of a run.
        seeds: Returns the seeds of a network's typical years.
        check_free: Refuses a place where something stands that is no run.
        write_run: Keeps a run.
        write_report: Writes the report of a plan.
        write_uncertainty: Keeps what is said of a plan over futures, in the folder of a run.
        executor_of: Returns what runs blocks side by side, from where and how many workers.
        clock: The time.
        versions: Versions that a plan depends on.
    """

    read_network: NetworkReader
    read_plan: Callable[[Path], Plan]
    read_evidence: Callable[[Path], Evidence]
    seeds: Callable[[Path], Mapping[str, int]]
    check_free: Callable[[Path], None]
    write_run: RunWriter
    write_report: ReportWriter
    write_uncertainty: Callable[[Path, Uncertainty], Path]
    executor_of: Callable[[Place, int | None], Executor]
    clock: Clock
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How a plan is searched for.

    Attributes:
        method: "exact", our own decomposition, or "lp", one model for HiGHS.
        gap: Proven gap at which the search ends, as a share of the objective.
        time_limit_s: Seconds after which the best plan so far is taken; None for no limit.
        beside: Whether to look for what stands beside the plan, which takes longer than it.
        on: Where blocks are valued: "threads", "processes" or "ray"; the plan is the same.
        workers: How many at once; None for one a processor.
    """

    method: Method = "exact"
    gap: float = 1e-4
    time_limit_s: float | None = None
    beside: bool = True
    on: Place = "threads"
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.method not in {"exact", "lp"}:
            raise InputError("--method", self.method, "must be exact or lp")
        if not 0 < self.gap < 1:
            raise InputError("--gap", self.gap, "must be between 0 and 1")
        if self.time_limit_s is not None and not 0 < self.time_limit_s < inf:
            raise InputError("--time-limit", self.time_limit_s, "must be above 0")
        if self.workers is not None and not self.workers >= 1:
            raise InputError("--workers", self.workers, "must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Planned:
    """A plan that was found and kept.

    Attributes:
        run: Its folder.
        plan: The plan.
        dispatch: Its hours.
        network: What it is a plan of.
        verification: What counting it again found.
        decision: What stands beside it; None where nobody looked.
        files: Files of the run.
        manifest: How it was made.
    """

    run: Path
    plan: Plan
    dispatch: tuple[SiteDispatch, ...]
    network: Network
    verification: Verification
    decision: Decision | None
    files: tuple[Path, ...]
    manifest: Mapping[str, Any]


def plan_network(
    folder: Path,
    out: Path,
    doors: Doors,
    *,
    order: Order | None = None,
    show: Show | None = None,
    tell: Tell = silent,
) -> Planned:
    """Find the best plan of a network folder and keep the run.

    Args:
        folder: The network folder.
        out: The run's folder.
        doors: The outside world.
        order: How to search.
        show: Told how far the search is.
        tell: Told what is done after it.

    Raises:
        InputErrors: All that is wrong with the network.
        InfeasibleError: No plan exists; it says which rules collide.
        OutsideError: The solver failed, or the run cannot be written.
    """
    order = order or Order()
    clock = doors.clock
    started, wall_s, cpu_s = clock.now(), clock.wall_s(), clock.cpu_s()
    doors.check_free(out)
    network = doors.read_network(folder)
    lowered = lower(network)
    read_s = clock.wall_s() - wall_s
    deadline = inf if order.time_limit_s is None else wall_s + order.time_limit_s
    years = [phase.at for phase in network.study.phases]
    with doors.executor_of(order.on, order.workers) as executor:
        looking = _Looking(lowered.problem, order, deadline, clock, executor)
        evidence = looking.search(years, show)
        solution, hours, cuts = evidence
        if missing := (
            *missing_power(lowered.problem, hours, years),
            *beyond_permits(lowered.problem, solution, hours, years),
        ):
            raise InfeasibleError(missing)
        search_s = clock.wall_s() - wall_s - read_s
        dispatch = site_hours(lowered, solution, hours)
        plan = plan_of(lowered, solution, hours, dispatch, method=order.method)
        found = verify(lowered.problem, solution, hours, cuts, gap=max(order.gap, solution.gap))
        decision, decide_from = None, clock.wall_s()
        if order.beside and looking.found is not None:
            given = max(LEAST_S, search_s)
            enough, until = (decide_from + n * given for n in (MOST_ALTERNATIVES, MOST_BESIDE))
            decision = decide(
                Found(
                    lowered=lowered,
                    search=looking.found,
                    solution=solution,
                    hours=hours,
                    plan=plan,
                ),
                executor=executor,
                enough=lambda: clock.wall_s() > enough,
                stop=lambda: clock.wall_s() > until,
                tell=tell,
            )
        decide_s = clock.wall_s() - decide_from
    seconds = {
        "read_s": read_s,
        "search_s": search_s,
        "beside_s": decide_s,
        "wall_s": clock.wall_s() - wall_s,
        "cpu_s": clock.cpu_s() - cpu_s,
    }
    rounds = solution.iterations
    manifest = manifest_of(
        plan, order, found, rounds=rounds, started=started, seconds=seconds
    ) | {
        "versions": dict(doors.versions),
        "seeds": dict(doors.seeds(folder)),
    }
    files = doors.write_run(
        out,
        network_folder=folder,
        plan=plan,
        dispatch=dispatch,
        evidence=evidence,
        manifest=manifest,
        decision=decision,
        further=lambda made: doors.write_report(
            plan,
            dispatch,
            network,
            made,
            verification=verification_text(found),
            decision=decision,
        ),
    )
    return Planned(
        run=out, plan=plan, dispatch=dispatch, network=network,
        verification=found, decision=decision, files=files, manifest=manifest,
    )  # fmt: skip


def manifest_of(
    plan: Plan,
    order: Order,
    found: Verification,
    *,
    rounds: int,
    started: datetime,
    seconds: Mapping[str, float],
) -> dict[str, Any]:
    """Return how a plan was made, as plain values.

    Args:
        plan: The plan.
        order: How it was searched for.
        found: What counting it again found.
        rounds: Rounds of the search.
        started: When it began.
        seconds: What was spent on what.
    """
    return {
        "network": plan.network,
        "status": plan.status.value,
        "order": asdict(order),
        "started": started.isoformat(timespec="seconds"),
        **{name: round(spent, 3) for name, spent in seconds.items()},
        "rounds": rounds,
        "provenance": [asdict(resting) for resting in plan.resting],
        "verification": verification_table(found),
    }


def verify_run(
    run: Path, doors: Doors, *, level: int = 0, seed: int = 0
) -> tuple[Verification, Plan]:
    """Prove the plan of a run again, from its inputs, its hours and its stored prices.

    Args:
        run: The run's folder.
        doors: The outside world.
        level: 0 to 3.
        seed: Draws the block of level 1.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
        OutsideError: The solver failed.
    """
    plan = doors.read_plan(run)
    solution, hours, cuts = doors.read_evidence(run)
    problem = lower(doors.read_network(run / INPUTS)).problem
    if solution.columns.shape != problem.cost.shape or len(hours) != len(problem.blocks):
        rule = "must come from these inputs, read by this version of loadstone"
        raise InputError("certificate", solution.columns.shape, rule)
    found = verify(
        problem,
        solution,
        hours,
        cuts,
        level=level,
        gap=max(plan.gap * (1 + 1e-9), 1e-3),
        rng=np.random.default_rng(seed),
    )
    return found, plan


@dataclass(slots=True, eq=False)
class _Looking:
    """Looks for the plan of a problem.

    Attributes:
        problem: The problem.
        order: How to look.
        deadline: When to stop, by the clock.
        clock: The time.
        executor: Runs blocks side by side.
        found: The search, where it was exact.
    """

    problem: Problem
    order: Order
    deadline: float
    clock: Clock
    executor: Executor
    found: Search | None = None

    def search(self, years: Sequence[Year], show: Show | None) -> Evidence:
        """Return the best plan, its hours and its proof.

        Raises:
            InfeasibleError: No plan exists; it says which rules collide.
            OutsideError: None was found in time, or the solver failed.
        """
        order, clock = self.order, self.clock
        try:
            if order.method == "lp":
                left = None
                if self.deadline != inf:
                    left = max(1.0, self.deadline - clock.wall_s())
                return solve_lp_hours(self.problem, gap=order.gap, time_limit=left)
            return self._exactly(show)
        except InfeasibleError as error:
            if clock.wall_s() > self.deadline:
                rule = f"no plan was found in {order.time_limit_s:g} s; allow more time"
                raise OutsideError(rule) from error
            conflicts = clashing_limits(self.problem, years) or error.conflicts
            raise InfeasibleError(conflicts) from error

    def _exactly(self, show: Show | None) -> Evidence:
        gap, price = self.order.gap, self.problem.shortage_price
        evidence = self._within(gap, show)
        while not self._late() and (finer := finer_gap(*evidence[:2], price, gap)):
            gap = finer
            evidence = self._within(gap, show)
        return evidence

    def _within(self, gap: float, show: Show | None) -> Evidence:
        search = Search(self.problem, gap=gap, executor=self.executor, stop=self._late)
        self.found = searched(search, self._late, show)
        return search.solution(), search.dispatch(), search.proof()

    def _late(self) -> bool:
        return self.clock.wall_s() > self.deadline


def searched(search: Search, stop: Callable[[], bool], show: Show | None = None) -> Search:
    """Search to the end, or to the best plan at hand where that is to stop."""
    for progress in search.steps():
        if show is not None:
            show(progress)
        if stop() and np.isfinite(progress.objective):
            break
    return search


def finer_gap(
    solution: Solution,
    hours: Sequence[BlockDispatch],
    price: float,
    gap: float,
    share: float = 1.0,
) -> float | None:
    """Return the gap to search with again, or None where that is of no use.

    A wide gap has room for promised power that is missing for want of a better search: what
    is missing costs no more than the gap leaves open.

    Args:
        solution: What was found.
        hours: Its hours, block by block.
        price: Of missing energy.
        gap: What it was found with.
        share: How much of what is missing counts in the objective.
    """
    short = sum(float(h.shortage[h.shortage > LEAST_MW].sum()) for h in hours)
    room = 0 < short * price * share <= gap * abs(solution.objective)
    return gap * FINER if room and gap > LEAST_GAP else None


def verification_table(found: Verification) -> dict[str, Any]:
    """Return a verification as plain values, None for what is not finite."""
    table = asdict(found) | {"ok": found.ok, "gap": found.gap}
    finite: dict[str, Any] = _finite(table)
    return finite | {"text": verification_text(found)}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def verification_text(found: Verification) -> str:
    """Return a verification in sentences."""
    failed = [check for check in found.checks if not check.ok]
    if failed:
        texts = "; ".join(
            f"{c.name} {c.worst:.3g} over {c.limit:.3g}: {c.text}" for c in failed
        )
        return f"Verified at level {found.level}: FAILED. {texts}"
    return (
        f"Verified at level {found.level}: {len(found.checks)} checks hold, and the value lies "
        f"within {found.gap:.1e} of what no plan passes."
    )
