# SPDX-License-Identifier: Apache-2.0
"""The whole problem written as one linopy model. It reads the `Problem` and no other file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import linopy
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from loadstone.engines.plan.problem import ONES, Aversion, Block, Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Term = tuple[Floats | float, Ints]
"""A coefficient and the label of its variable."""

THOUSAND = 1e3
"""Money is in thousands inside the model. In single units the simplex method needs twice the
iterations; in millions the solver's tolerance on prices would be 0.1 currency/MWh."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Monolith:
    """A problem as one linopy model; the objective is to be minimised, in thousands.

    Attributes:
        model: The model; variables and constraints of block b end in `_b`.
        row_scale: What each row of the problem was divided by. Shape (M,).
        row_labels: Label of each row of the model, rising; the model takes long to tell it.
    """

    model: linopy.Model
    row_scale: Floats
    row_labels: Ints


def build_model(problem: Problem) -> Monolith:
    """Write a problem as a linopy model, for HiGHS or for any solver that linopy knows.

    The columns come first, so that their labels are their indices. Whole columns are named by
    `Problem.whole`; linopy is not told, because it marks whole variables, not parts of one.
    """
    model = linopy.Model()
    at = {"column": np.arange(len(problem.columns))}
    columns = model.add_variables(
        xr.DataArray(problem.lower, at, "column"),
        xr.DataArray(problem.upper, at, "column"),
        name="columns",
    ).labels.values
    earned = [_add_block(model, columns, problem, b) for b in range(len(problem.blocks))]
    costs = [(problem.cost / THOUSAND, columns)]
    for block, (values, labels) in zip(problem.blocks, earned, strict=True):
        costs.append((-block.weight / THOUSAND * values, labels))
    if problem.aversion is not None:
        share = 1 - problem.aversion.weight
        costs = [(share * values, labels) for values, labels in costs]
        costs += _add_futures(model, columns, problem, problem.aversion, earned)
    coefficients, places = zip(*costs, strict=True)
    model.add_objective(
        weighted_sum(model, {}, (np.concatenate(coefficients), np.concatenate(places)))
    )
    scale = add_rows(model, columns, problem)
    return Monolith(model=model, row_scale=scale, row_labels=model.matrices.clabels)


def weighted_sum(
    model: linopy.Model, at: Mapping[str, Ints], *terms: Term
) -> linopy.LinearExpression:
    """Return a sum of coefficients times variables over the coordinates `at`.

    A term may have one more axis than the coordinates; it is summed over that axis.
    """
    shape = tuple(len(values) for values in at.values())
    coefficients, labels = [], []
    for coefficient, label in terms:
        deep = label if label.ndim > len(shape) else np.broadcast_to(label, shape)[..., None]
        factor = np.asarray(coefficient, dtype=float)
        if factor.ndim == len(shape) and label.ndim <= len(shape):
            factor = factor[..., None]
        factor = np.broadcast_to(factor, deep.shape)
        coefficients.append(factor)
        labels.append(np.where(factor == 0, -1, deep))  # -1: no variable
    data = xr.Dataset(
        {
            "coeffs": ((*at, "_term"), np.concatenate(coefficients, axis=-1)),
            "vars": ((*at, "_term"), np.concatenate(labels, axis=-1)),
            "const": (tuple(at), np.zeros(shape)),
        },
        dict(at),
    )
    return linopy.LinearExpression(data, model)


def add_rows(model: linopy.Model, columns: Ints, problem: Problem) -> Floats:
    """Add the rows, each divided by its largest coefficient, and return those divisors."""
    rows, counts = len(problem.rows), np.diff(problem.row_start)
    scale = np.ones(rows)
    row = np.repeat(np.arange(rows), counts)
    largest = np.zeros(rows)
    np.maximum.at(largest, row, np.abs(problem.row_value))
    scale[largest > 0] = largest[largest > 0]
    term = np.arange(len(row)) - np.repeat(problem.row_start[:-1], counts)
    labels = np.zeros((rows, int(counts.max(initial=1))), dtype=np.int64)
    values = np.zeros(labels.shape)
    labels[row, term] = columns[problem.row_column]
    values[row, term] = problem.row_value / scale[row]
    low, high = problem.row_lower / scale, problem.row_upper / scale
    kinds = (
        ("rows_equal", "=", high, low == high),
        ("rows_upper", "<=", high, (low != high) & (high < np.inf)),
        ("rows_lower", ">=", low, (low != high) & (low > -np.inf)),
    )
    for name, sign, limit, there in kinds:
        if there.any():
            at = {"row": np.flatnonzero(there)}
            activity = weighted_sum(model, at, (values[there], labels[there]))
            right = xr.DataArray(limit[there], at, "row")
            model.add_constraints(activity, sign, right, name=name)
    return scale


def _add_block(
    model: linopy.Model, columns: Ints, problem: Problem, b: int
) -> tuple[Floats, Ints]:
    """Add a block's hours and return its yearly value as coefficients and variables."""
    block = problem.blocks[b]
    hour = {"hour": np.arange(problem.hours)}
    both = {"segment": np.arange(len(block.segments)), **hour}
    shape = (len(block.segments), problem.hours)
    width = np.array([problem.profile(s.width) for s in block.segments]).reshape(shape)
    value = np.array([problem.profile(s.value) for s in block.segments]).reshape(shape)
    way = np.array([1.0 if s.source else -1.0 for s in block.segments])
    most = xr.DataArray(np.where(width > 0, np.inf, 0.0), both)
    power = model.add_variables(0.0, most, name=f"power_{b}").labels.values
    limit = columns[block.columns[_capacities(problem, block)]]
    relation = xr.DataArray(
        ["=" if s.must_run else "<=" for s in block.segments],
        {"segment": both["segment"]},
        "segment",
    )
    if block.segments:  # linopy takes no constraint without a row
        used = weighted_sum(model, both, (1.0, power), (-width, limit))
        there = xr.DataArray(width > 0, both)
        model.add_constraints(used, relation, 0.0, name=f"width_{b}", mask=there)
    shortage = model.add_variables(0.0, np.inf, coords=hour, name=f"shortage_{b}").labels.values
    balance: list[Term] = [(np.broadcast_to(way, shape[::-1]), power.T), (1.0, shortage)]
    if block.storage is not None:
        balance += _add_storage(model, columns, problem, b)
    model.add_constraints(weighted_sum(model, hour, *balance), "=", 0.0, name=f"balance_{b}")
    amounts = [(-way[:, None] * value).ravel(), np.full(problem.hours, -problem.shortage_price)]
    labels = [power.ravel(), shortage]
    for a, account in enumerate(block.accounts):
        labels.append(_add_account(model, columns, problem, b, a))
        amounts.append(np.array([-account.penalty]))
    return np.concatenate(amounts), np.concatenate(labels)


def _add_futures(
    model: linopy.Model,
    columns: Ints,
    problem: Problem,
    aversion: Aversion,
    earned: Sequence[tuple[Floats, Ints]],
) -> list[tuple[Floats, Ints]]:
    """Add how far each future stays below a value, and return what the worst of them cost."""
    future = {"future": np.arange(len(aversion.probability))}
    tail = model.add_variables(name="tail").labels.values.reshape(1)
    below = model.add_variables(0.0, np.inf, coords=future, name="below").labels.values
    for f, probability in enumerate(aversion.probability.tolist()):
        terms: list[Term] = [
            (-aversion.cost[f] / THOUSAND, columns),
            (1.0, below[f : f + 1]),
            (-1.0, tail),
        ]
        for block, (values, labels) in zip(problem.blocks, earned, strict=True):
            if block.future == f:
                terms.append((block.weight / probability / THOUSAND * values, labels))
        constant = aversion.constant[f] / THOUSAND
        model.add_constraints(
            weighted_sum(model, {}, *terms), ">=", -constant, name=f"future_{f}"
        )
    risk = aversion.weight
    return [(np.array([-risk]), tail), (risk / aversion.tail * aversion.probability, below)]


def _capacities(problem: Problem, block: Block) -> Ints:
    """Return the capacity that limits each segment in each hour. Shape (J, T)."""
    capacity = np.empty((len(block.segments), problem.hours), dtype=np.int64)
    for j, segment in enumerate(block.segments):
        offset = 0 if segment.group == ONES else problem.groups[segment.group]
        capacity[j] = segment.capacity + offset
    return capacity


def _add_storage(model: linopy.Model, columns: Ints, problem: Problem, b: int) -> list[Term]:
    """Add a block's battery and return what it gives to the bus."""
    block = problem.blocks[b]
    store = block.storage
    if store is None:
        return []
    hour = {"hour": np.arange(problem.hours)}
    charge, discharge, stored = (
        model.add_variables(0.0, np.inf, coords=hour, name=f"{name}_{b}").labels.values
        for name in ("charge", "discharge", "stored")
    )
    power, energy = columns[block.columns[[store.power, store.energy]]]
    limits = (
        ("charge", charge, power),
        ("discharge", discharge, power),
        ("stored", stored, energy),
    )
    for name, label, most in limits:
        used = weighted_sum(model, hour, (1.0, label), (-1.0, np.asarray(most)))
        model.add_constraints(used, "<=", 0.0, name=f"{name}_limit_{b}")
    change = weighted_sum(
        model,
        hour,
        (1.0, stored),
        (-1.0, np.roll(stored, 1)),
        (-store.charge_efficiency, charge),
        (1.0 / store.discharge_efficiency, discharge),
    )
    model.add_constraints(change, "=", 0.0, name=f"store_{b}")
    return [(1.0, discharge), (-1.0, charge)]


def _add_account(model: linopy.Model, columns: Ints, problem: Problem, b: int, a: int) -> Ints:
    """Add one account and return the variable of what lies beyond its limit. Shape (1,)."""
    account = problem.blocks[b].accounts[a]
    weight = np.ones(problem.hours) if account.hours == ONES else problem.series[account.hours]
    power = model.variables[f"power_{b}"].labels.values
    beyond = model.add_variables(0.0, np.inf, name=f"beyond_{b}_{a}").labels.values.reshape(1)
    limit = columns[problem.blocks[b].columns[[account.limit]]]
    terms: list[Term] = [
        (coefficient * weight, power[j])
        for j, coefficient in zip(account.segments, account.coefficients, strict=True)
    ]
    terms += [(-account.per_unit, limit), (-1.0, beyond)]
    model.add_constraints(weighted_sum(model, {}, *terms), "<=", 0.0, name=f"account_{b}_{a}")
    return beyond
