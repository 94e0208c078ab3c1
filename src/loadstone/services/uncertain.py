# SPDX-License-Identifier: Apache-2.0
"""Planning over futures: what to build now, what only if, and what that is worth.

The run is an ordinary one, whose plan is the branch that is followed where the outlook comes
true; uncertainty.json says the rest. `verify` proves the branch; what is said of the futures
was proven by the search, and is not proven again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf
from pathlib import Path

from loadstone.engines.plan.conflicts import beyond_permits, missing_power
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.result import plan_of, site_hours
from loadstone.engines.plan.verify import verify
from loadstone.model.errors import InfeasibleError, InputError
from loadstone.model.uncertainty import Uncertainty
from loadstone.services.deciding import Tell
from loadstone.services.over_futures import (
    Branch,
    Doubts,
    OverFutures,
    Stop,
    evidence_of_branch,
    search_over_futures,
    searched_on,
    share_of_branch,
)
from loadstone.services.planning import (
    LEAST_S,
    MOST_BESIDE,
    Doors,
    Order,
    Planned,
    Show,
    finer_gap,
    manifest_of,
    silent,
    verification_text,
)
from loadstone.services.weighing import weigh


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlannedOverFutures:
    """A plan over futures that was found and kept.

    Attributes:
        planned: The run.
        uncertainty: What is decided when, and what it is worth.
    """

    planned: Planned
    uncertainty: Uncertainty


def plan_over_futures(
    folder: Path,
    out: Path,
    doors: Doors,
    doubts: Doubts,
    *,
    order: Order | None = None,
    show: Show | None = None,
    tell: Tell = silent,
) -> PlannedOverFutures:
    """Find the best plan of a network folder over futures and keep the run.

    Args:
        folder: The network folder, with a futures.toml.
        out: The run's folder.
        doors: The outside world.
        doubts: Which futures, and how they count.
        order: How to search; a time limit holds for the search over futures alone.
        show: Told how far the search is.
        tell: Told what is done before and after it.

    Raises:
        InputErrors: All that is wrong with the network.
        InputError: It says nothing of futures, or the method cannot plan over them.
        InfeasibleError: No plan is possible in all of them.
        OutsideError: The solver failed, or the run cannot be written.
    """
    order = order or Order()
    if order.method != "exact":
        raise InputError("--method", order.method, "must be exact to plan over futures")
    clock = doors.clock
    started, wall_s, cpu_s = clock.now(), clock.wall_s(), clock.cpu_s()
    doors.check_free(out)
    network = doors.read_network(folder)
    lowered = lower(network)
    read_s = clock.wall_s() - wall_s
    deadline = inf if order.time_limit_s is None else wall_s + order.time_limit_s
    with doors.executor_of(order.on, order.workers) as executor:
        over = search_over_futures(
            lowered,
            doubts,
            gap=order.gap,
            executor=executor,
            stop=lambda: clock.wall_s() > deadline,
            show=show,
            tell=tell,
        )
        until = clock.wall_s() + MOST_BESIDE * max(LEAST_S, clock.wall_s() - wall_s - read_s)
        over, ((solution, hours, cuts), best, notes) = with_branch(
            over,
            gap=order.gap,
            late=lambda: clock.wall_s() > deadline,
            stop=lambda: clock.wall_s() > until,
            show=show,
            tell=tell,
        )
        search_s = clock.wall_s() - wall_s - read_s
        until = clock.wall_s() + MOST_BESIDE * max(LEAST_S, search_s)
        years = [phase.at for phase in network.study.phases]
        if missing := (
            *missing_power(lowered.problem, hours, years),
            *beyond_permits(lowered.problem, solution, hours, years),
        ):
            raise InfeasibleError(missing)
        dispatch = site_hours(lowered, solution, hours)
        plan = plan_of(lowered, solution, hours, dispatch, method=order.method)
        found = verify(lowered.problem, solution, hours, cuts, gap=max(order.gap, solution.gap))
        uncertainty = weigh(
            over,
            best,
            fresh=doubts.fresh,
            beside=order.beside,
            executor=executor,
            stop=lambda: clock.wall_s() > until,
            tell=tell,
            notes=notes,
        )
    seconds = {
        "read_s": read_s,
        "search_s": search_s,
        "beside_s": clock.wall_s() - wall_s - read_s - search_s,
        "wall_s": clock.wall_s() - wall_s,
        "cpu_s": clock.cpu_s() - cpu_s,
    }
    rounds = over.solution.iterations
    manifest = manifest_of(
        plan, order, found, rounds=rounds, started=started, seconds=seconds
    ) | {
        "futures": asdict(doubts) | asdict(doubts.terms(network.study.risk)),
        "versions": dict(doors.versions),
        "seeds": dict(doors.seeds(folder)),
    }

    def further(made: Path) -> Sequence[Path]:
        report = doors.write_report(
            plan,
            dispatch,
            network,
            made,
            verification=verification_text(found),
            uncertainty=uncertainty,
        )
        return (doors.write_uncertainty(made, uncertainty), *report)

    files = doors.write_run(
        out,
        network_folder=folder,
        plan=plan,
        dispatch=dispatch,
        evidence=(solution, hours, cuts),
        manifest=manifest,
        decision=None,
        further=further,
    )
    planned = Planned(
        run=out, plan=plan, dispatch=dispatch, network=network,
        verification=found, decision=None, files=files, manifest=manifest,
    )  # fmt: skip
    return PlannedOverFutures(planned=planned, uncertainty=uncertainty)


def with_branch(
    over: OverFutures, *, gap: float, late: Stop, stop: Stop, show: Show | None, tell: Tell
) -> tuple[OverFutures, Branch]:
    """Return a plan over futures and its branch, with no promised power missing for a wide gap.

    Args:
        over: A plan that was found.
        gap: What it was found with.
        late: Where it says so, the search is not gone on with.
        stop: Where it says so, the branch is taken as it is.
        show: Told how far the search is.
        tell: Told what is done.
    """
    price = over.lowered.problem.shortage_price
    while True:
        tell("the branch of the outlook")
        branch = evidence_of_branch(over, gap=gap, stop=stop)
        finer = finer_gap(*branch[0][:2], price, gap, share_of_branch(over))
        if finer is None or late():
            return over, branch
        gap = finer
        over = searched_on(over, gap, late, show)
