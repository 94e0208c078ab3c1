# SPDX-License-Identifier: Apache-2.0
"""Valuing: a run's plan becomes cash, in the base case and over futures, and is kept."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.base_case import base_case
from loadstone.engines.value.futures.assessing import assess
from loadstone.model.errors import InputError
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch
from loadstone.model.ports import Clock, NetworkReader
from loadstone.model.valuation import Valuation
from loadstone.services.planning import INPUTS, silent

Floats = NDArray[np.float64]

FUTURES = 10_000
MOST_SEED = 2**63 - 1
MOST_NAMED = 5
# what valuing alone rests on; a plan rests on the others
OF_VALUE = frozenset({"deals.toml", "futures.toml"})
OF_PLAN = frozenset({"network.toml", "offers.toml", "sites", "facts", "series"})
Tell = Callable[[str], None]


class ReportAgain(Protocol):
    """Writes what people read of a run that stands already."""

    def __call__(
        self,
        run: Path,
        plan: Plan,
        dispatch: tuple[SiteDispatch, ...],
        network: Network,
        valuation: Valuation,
    ) -> Sequence[Path]:
        """Write the report of a run and return its files."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What valuing needs of the outside world.

    Attributes:
        read_network: Reads a network folder.
        read_plan: Returns the plan of a run.
        read_dispatch: Returns the hours of a run.
        read_columns: Returns the columns of the plan of a run in the problem of its network.
        input_hashes: Returns path and SHA-256 of all files of a network folder, as the manifest
            has them.
        weather_years: Returns a network in the series of some weather years, its own first.
        read_manifest: Returns how a run was made.
        write_manifest: Keeps how a run was made.
        write_valuation: Keeps what a run is worth.
        write_report: Writes the report of a run again.
        clock: The time.
    """

    read_network: NetworkReader
    read_plan: Callable[[Path], Plan]
    read_dispatch: Callable[[Path], tuple[SiteDispatch, ...]]
    read_columns: Callable[[Path], Floats]
    input_hashes: Callable[[Path], Sequence[Mapping[str, Any]]]
    weather_years: Callable[[Path, Network, int], Sequence[Network]]
    read_manifest: Callable[[Path], Mapping[str, Any]]
    write_manifest: Callable[[Path, Mapping[str, Any]], Path]
    write_valuation: Callable[[Path, Valuation], Path]
    write_report: ReportAgain
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Over how many futures a plan is valued.

    Attributes:
        futures: How many; None takes `FUTURES` where the network states any.
        seed: What they are drawn with.
    """

    futures: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.futures is not None and self.futures < 1:
            raise InputError("--futures", self.futures, "must be at least 1")
        if not 0 <= self.seed <= MOST_SEED:
            raise InputError("--seed", self.seed, f"must be from 0 to {MOST_SEED}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valued:
    """A run that was valued.

    Attributes:
        run: Its folder.
        network: What it is a plan of.
        valuation: What it is worth.
        files: Files that were written.
        seconds: Wall time of it all.
    """

    run: Path
    network: Network
    valuation: Valuation
    files: tuple[Path, ...]
    seconds: float


def value_run(
    run: Path, doors: Doors, *, order: Order | None = None, tell: Tell = silent
) -> Valued:
    """Find what the plan of a run is worth, and keep it in the run.

    Args:
        run: The run's folder.
        doors: The outside world.
        order: Over how many futures.
        tell: Told what is done.

    Raises:
        InputErrors: It is no run, or its inputs are wrong.
        InputError: Futures are asked for and none are stated.
    """
    order, started = order or Order(), doors.clock.wall_s()
    tell("reading")
    plan, network = doors.read_plan(run), doors.read_network(run / INPUTS)
    if order.futures is not None and network.futures is None:
        rule = "needs a futures.toml in the network that was planned"
        raise InputError("--futures", order.futures, rule)
    dispatch, made = doors.read_dispatch(run), doors.read_manifest(run)
    changed = _changed(made, doors.input_hashes(run / INPUTS))
    tell("counting cash, tax and debt")
    base = base_case(plan, dispatch, network)
    notes = (*_notes(changed), *base.valuation.notes)
    valuation = replace(base.valuation, notes=notes)
    if network.futures is not None:
        workers = os.cpu_count() or 1
        with ThreadPoolExecutor(workers) as executor:
            risk = assess(
                base,
                plan,
                dispatch,
                network,
                columns=doors.read_columns(run),
                weather=doors.weather_years(
                    run / INPUTS, network, network.futures.weather_years
                ),
                count=order.futures or FUTURES,
                seed=order.seed,
                clock=doors.clock.wall_s,
                executor=executor,
                workers=workers,
                tell=tell,
            )
        valuation = replace(valuation, risk=risk)
    tell("writing")
    seconds = doors.clock.wall_s() - started
    manifest = dict(made) | {"value": _made(valuation, order, seconds)}
    files = (
        doors.write_valuation(run, valuation),
        *doors.write_report(run, plan, dispatch, network, valuation),
        doors.write_manifest(run, manifest),
    )
    return Valued(
        run=run,
        network=network,
        valuation=valuation,
        files=files,
        seconds=doors.clock.wall_s() - started,
    )


def _changed(made: Mapping[str, Any], inputs: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return which files are read that are not what they were when the plan was made."""
    if "inputs" not in made:
        return ()
    before, now = (
        {one["path"]: one["sha256"] for one in rows} for rows in (made["inputs"], inputs)
    )
    return tuple(
        path
        for path in sorted(before.keys() | now.keys())
        if path.split("/")[0] in OF_PLAN | OF_VALUE and before.get(path) != now.get(path)
    )


def _notes(changed: Sequence[str]) -> list[str]:
    """Return what a valuation says where its inputs are not those of the plan."""
    if not changed:
        return []
    are = "was" if len(changed) == 1 else "were"
    said = f"The plan was made before {_named(changed)} in its inputs {are} changed."
    if planned := [path for path in changed if path not in OF_VALUE]:
        said += f" The plan does not fit {_named(planned)}; plan again."
    return [said]


def _named(paths: Sequence[str]) -> str:
    """Return some files in words."""
    more = len(paths) - MOST_NAMED
    words = [*paths[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _made(valuation: Valuation, order: Order, seconds: float) -> dict[str, Any]:
    """Return how the valuation was made, for the manifest."""
    risk = valuation.risk
    return {
        "futures": risk.futures if risk else 0,
        "seed": order.seed,
        "seconds": round(seconds, 3),
    }
