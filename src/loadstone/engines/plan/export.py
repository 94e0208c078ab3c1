# SPDX-License-Identifier: Apache-2.0
"""A planning problem as a PyPSA network, for users of PyPSA and for an independent answer.

A block is a bus with generators, and a store behind two links where it has a battery. A
capacity that PyPSA can own is the nominal power or energy of the first component that it
limits. What PyPSA has no words for (shared rows, accounts, whole numbers, capacities that
several components share) is added to its model by a function, PyPSA's `extra_functionality`.
PyPSA minimises, so its objective is the constant less the value of the plan.
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pypsa
import xarray as xr
from numpy.typing import NDArray

from loadstone.engines.plan.monolith import Term, add_rows, weighted_sum
from loadstone.engines.plan.problem import ONES, Block, Label, Problem, Segment

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Extra = Callable[[Any, Any], None]
"""What PyPSA calls with its network and snapshots once its own model is written."""

FIRST_HOUR = "2025-01-01"
"""A name for the first hour: the planning year has no 29 February, as 2025 has none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a size is in PyPSA's model, and how much of it is one unit of the column."""

    variable: str
    component: str
    factor: float = 1.0


@dataclass(slots=True)
class Draft:
    """What is known while the network is written.

    Attributes:
        owner: The component whose size each column is. Whole columns have none.
        follower: Further sizes that must equal a column.
        grouped: Block and segment of generators that are limited by another column each hour.
        shared: Sentences about what is not PyPSA's own.
    """

    owner: dict[int, Place] = field(default_factory=dict)
    follower: list[tuple[int, Place]] = field(default_factory=list)
    grouped: list[tuple[int, int]] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)

    def sized(self, problem: Problem, column: int, place: Place) -> dict[str, float]:
        """Note that a size follows a column, and return the owner's cost and bounds."""
        if column in self.owner or problem.whole[column]:
            self.follower.append((column, place))
            return {"cost": 0.0, "low": 0.0, "high": np.inf}
        self.owner[column] = place
        cost, low, high = (a[column] for a in (problem.cost, problem.lower, problem.upper))
        return {"cost": float(cost), "low": float(low), "high": float(high)}


def export_pypsa(problem: Problem, path: Path) -> tuple[str, ...]:
    """Write a problem as a PyPSA network in netCDF, and say what of it PyPSA cannot hold.

    Args:
        problem: The problem.
        path: File to write.

    Returns:
        One sentence for each part that is in `to_pypsa`'s function but not in the file.
    """
    network, draft = _network(problem)
    with warnings.catch_warnings():
        # PyPSA 1 still sets an option that pandas 3 is giving up
        warnings.filterwarnings("ignore", message="The 'future.infer_string' option")
        network.export_to_netcdf(path)
    return tuple(_not_native(problem, draft))


def to_pypsa(problem: Problem) -> tuple[pypsa.Network, Extra]:
    """Return a problem as a PyPSA network and the function that adds what PyPSA cannot hold.

    Solve it with `network.optimize(extra_functionality=extra)`. The value of the plan is
    `problem.constant - network.objective`.
    """
    network, draft = _network(problem)

    def extra(network: pypsa.Network, snapshots: pd.Index) -> None:
        _complete(network.model, problem, draft)

    return network, extra


def _network(problem: Problem) -> tuple[pypsa.Network, Draft]:
    network, draft = pypsa.Network(), Draft()
    network.set_snapshots(pd.date_range(FIRST_HOUR, periods=problem.hours, freq="h"))
    network.add("Carrier", ["electricity", "stored energy"])
    for b, block in enumerate(problem.blocks):
        network.add("Bus", block.name, carrier="electricity")
        for j, segment in enumerate(block.segments):
            _add_segment(network, problem, draft, (b, j), segment)
        _add_shortage(network, problem, block)
        if block.storage is not None:
            _add_storage(network, problem, draft, block)
    return network, draft


def _add_segment(
    network: pypsa.Network,
    problem: Problem,
    draft: Draft,
    at: tuple[int, int],
    segment: Segment,
) -> None:
    """Add a use or a source as a generator; a use has the sign -1."""
    block = problem.blocks[at[0]]
    name = f"{block.name} {segment.name}"
    width, value = problem.profile(segment.width), problem.profile(segment.value)
    sign = 1.0 if segment.source else -1.0
    given: dict[str, Any] = {
        "bus": block.name,
        "carrier": "electricity",
        "sign": sign,
        "marginal_cost": pd.Series(sign * block.weight * value, network.snapshots),
    }
    if segment.group != ONES:
        draft.grouped.append(at)
        offsets = np.unique(problem.groups[segment.group])
        most = problem.upper[block.columns[segment.capacity + offsets]].max() * width.max()
        network.add("Generator", name, p_nom=float(most), **given)
        return
    most = pd.Series(width, network.snapshots)
    least = most if segment.must_run else 0.0
    place = Place("Generator-p_nom", name)
    own = draft.sized(problem, int(block.columns[segment.capacity]), place)
    network.add(
        "Generator",
        name,
        p_nom_extendable=True,
        p_nom_min=own["low"],
        p_nom_max=own["high"],
        capital_cost=own["cost"],
        p_max_pu=most,
        p_min_pu=least,
        **given,
    )


def _add_shortage(network: pypsa.Network, problem: Problem, block: Block) -> None:
    """Add the power that is missing; no more can be than must run."""
    most = sum(
        float(
            problem.profile(segment.width).max()
            * problem.upper[block.columns[segment.capacity]]
        )
        for segment in block.segments
        if segment.must_run
    )
    if most > 0:
        network.add(
            "Generator",
            f"{block.name} shortage",
            bus=block.name,
            carrier="electricity",
            p_nom=most,
            marginal_cost=block.weight * problem.shortage_price,
        )


def _add_storage(network: pypsa.Network, problem: Problem, draft: Draft, block: Block) -> None:
    store = block.storage
    if store is None:
        return
    power, energy = (int(block.columns[k]) for k in (store.power, store.energy))
    inside, names = (
        f"{block.name} store",
        [f"{block.name} {w}" for w in ("charge", "discharge")],
    )
    network.add("Bus", inside, carrier="stored energy")
    own = draft.sized(problem, energy, Place("Store-e_nom", inside))
    network.add(
        "Store",
        inside,
        bus=inside,
        carrier="stored energy",
        e_cyclic=True,
        e_nom_extendable=True,
        e_nom_min=own["low"],
        e_nom_max=own["high"],
        capital_cost=own["cost"],
    )
    ends = (
        (block.name, inside, store.charge_efficiency, 1.0),
        (inside, block.name, store.discharge_efficiency, store.discharge_efficiency),
    )
    for name, (start, end, efficiency, factor) in zip(names, ends, strict=True):
        # PyPSA measures a link where power enters, the problem at the bus
        own = draft.sized(problem, power, Place("Link-p_nom", name, factor))
        network.add(
            "Link",
            name,
            bus0=start,
            bus1=end,
            carrier="electricity",
            efficiency=efficiency,
            p_nom_extendable=True,
            p_nom_min=own["low"],
            p_nom_max=own["high"],
            capital_cost=own["cost"],
        )


def _complete(model: Any, problem: Problem, draft: Draft) -> None:
    """Add to PyPSA's model what its components do not say."""
    columns = _columns(model, problem, draft)
    for i, (column, place) in enumerate(draft.follower):
        same = ((place.factor, _label(model, place)), (-1.0, columns[[column]]))
        model.add_constraints(weighted_sum(model, {}, *same), "=", 0.0, name=f"same_{i}")
    for b, j in draft.grouped:
        _limit_by_group(model, columns, problem, b, j)
    for b in range(len(problem.blocks)):
        for a in range(len(problem.blocks[b].accounts)):
            _add_account(model, columns, problem, b, a)
    add_rows(model, columns, problem)


def _label(model: Any, place: Place) -> Ints:
    """Return the label of a component's size. Shape (1,)."""
    sizes = model.variables[place.variable]
    return np.atleast_1d(sizes.labels.sel({sizes.dims[0]: place.component}).values)


def _columns(model: Any, problem: Problem, draft: Draft) -> Ints:
    """Return each column's label, adding variables for columns that no component owns."""
    labels = np.empty(len(problem.columns), dtype=np.int64)
    for column, place in draft.owner.items():
        labels[column] = _label(model, place).item()
    for name, which in (("column", ~problem.whole), ("whole_column", problem.whole)):
        bare = [c for c in np.flatnonzero(which).tolist() if c not in draft.owner]
        if not bare:
            continue
        at = {name: np.array(bare)}
        added = model.add_variables(
            xr.DataArray(problem.lower[bare], at, name),
            xr.DataArray(problem.upper[bare], at, name),
            name=name,
            integer=name == "whole_column",
        )
        labels[bare] = added.labels.values
        _charge(model, (problem.cost[bare], labels[bare]))
    return labels


def _charge(model: Any, term: Term) -> None:
    """Add a cost to the objective."""
    model.objective = model.objective.expression + weighted_sum(model, {}, term)


def _power(model: Any, problem: Problem, b: int, j: int) -> Ints:
    """Return the labels of a segment's power. Shape (T,)."""
    power = model.variables["Generator-p"]
    block = problem.blocks[b]
    name = f"{block.name} {block.segments[j].name}"
    at = {next(d for d in power.dims if d != "snapshot"): name}
    return np.asarray(power.labels.sel(at).values)


def _limit_by_group(model: Any, columns: Ints, problem: Problem, b: int, j: int) -> None:
    block = problem.blocks[b]
    segment = block.segments[j]
    capacity = segment.capacity + problem.groups[segment.group]
    used = weighted_sum(
        model,
        {"hour": np.arange(problem.hours)},
        (1.0, _power(model, problem, b, j)),
        (-problem.profile(segment.width), columns[block.columns[capacity]]),
    )
    model.add_constraints(used, "<=", 0.0, name=f"group_{b}_{j}")


def _add_account(model: Any, columns: Ints, problem: Problem, b: int, a: int) -> None:
    block = problem.blocks[b]
    account = block.accounts[a]
    weight = np.ones(problem.hours) if account.hours == ONES else problem.series[account.hours]
    beyond = model.add_variables(0.0, np.inf, name=f"beyond_{b}_{a}").labels.values.reshape(1)
    terms: list[Term] = [
        (coefficient * weight, _power(model, problem, b, j))
        for j, coefficient in zip(account.segments, account.coefficients, strict=True)
    ]
    limit = columns[block.columns[[account.limit]]]
    terms += [(-account.per_unit, limit), (-1.0, beyond)]
    name = f"account_{b}_{a}"
    model.add_constraints(weighted_sum(model, {}, *terms), "<=", 0.0, name=name)
    _charge(model, (np.array([block.weight * account.penalty]), beyond))


def _not_native(problem: Problem, draft: Draft) -> Iterator[str]:
    """Say what is not in the network itself."""
    for row in problem.rows:
        phase = f", phase {row.phase}" if row.phase >= 0 else ""
        yield f"row: {_words(row)}{phase}"
    for column, label in enumerate(problem.columns):
        if column not in draft.owner:
            yield f"column: {_words(label)}{', a whole number' * int(problem.whole[column])}"
    for column, place in draft.follower:
        owner = draft.owner.get(column)
        name = owner.component if owner else f"column {_words(problem.columns[column])}"
        yield f"size of {place.component}: equals that of {name}"
    for b, j in draft.grouped:
        block = problem.blocks[b]
        yield f"limit of {block.name} {block.segments[j].name}: another capacity by the hour"
    for block in problem.blocks:
        for account in block.accounts:
            yield f"account: {block.name} {account.name}"


def _words(label: Label) -> str:
    return " ".join(word for word in (label.kind, label.subject, label.asset) if word)
