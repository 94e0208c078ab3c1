# SPDX-License-Identifier: Apache-2.0
"""A plan counted again from its hours, in plain numpy and by no method that found it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.problem import ONES, Block, Label, Problem, Segment
from loadstone.engines.plan.solution import BlockDispatch

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """How far the worst place is from a rule.

    Attributes:
        size: Distance; 0 where the rule holds everywhere.
        place: Where that is, in words.
    """

    size: float
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recount:
    """One block's year, counted again.

    Attributes:
        value: Yearly value, currency.
        breaches: The worst breach of each rule, in MW, MWh or MWh a year.
    """

    value: float
    breaches: Mapping[str, Breach]


def recount_columns(problem: Problem, columns: Floats) -> dict[str, Breach]:
    """Hold columns against their bounds, the rows and whole numbers.

    A breach counts in shares of the column or of the row's largest term, at least 1.
    """
    size = np.maximum(1.0, np.abs(columns))
    beyond = np.maximum(problem.lower - columns, columns - problem.upper) / size
    activity = problem.row_activity(columns)
    terms = np.abs(problem.row_value * columns[problem.row_column])
    scale = np.ones(len(problem.rows))
    row = np.repeat(np.arange(len(problem.rows)), np.diff(problem.row_start))
    np.maximum.at(scale, row, terms)
    for limit in (problem.row_lower, problem.row_upper):
        scale = np.maximum(scale, np.where(np.isfinite(limit), np.abs(limit), 0.0))
    over = np.maximum(problem.row_lower - activity, activity - problem.row_upper) / scale
    uneven = np.where(problem.whole, np.abs(columns - np.rint(columns)), 0.0)
    return {
        "bounds": _worst(beyond, problem.columns),
        "rows": _worst(over, problem.rows),
        "whole numbers": _worst(uneven, problem.columns),
    }


def _words(label: Label) -> str:
    return " ".join(word for word in (label.kind, label.subject, label.asset) if word)


def _worst(breach: Floats, labels: Sequence[Label]) -> Breach:
    if not breach.size:
        return Breach(size=0.0)
    size, place = _largest(breach)
    return Breach(size=size, place=_words(labels[place]))


def _largest(breach: Floats) -> tuple[float, int]:
    """Return the largest breach, at least 0, and its place."""
    breach = np.where(np.isnan(breach), np.inf, breach)  # what is no number keeps no rule
    place = int(np.argmax(breach))
    return max(0.0, float(breach[place])), place


def recount_hours(problem: Problem, b: int, x: Floats, hours: BlockDispatch) -> Recount:
    """Count one block's year again.

    Args:
        problem: The problem.
        b: Index of the block.
        x: The block's capacities. Shape (K,).
        hours: Its dispatch.
    """
    block = problem.blocks[b]
    breaches = {
        name: _hourly(breach, block.name, name)
        for name, breach in (*_power(problem, block, x, hours), *_battery(block, x, hours))
    }
    return Recount(value=recount_value(problem, block, x, hours), breaches=breaches)


def _hourly(breach: Floats, block: str, rule: str) -> Breach:
    size, hour = _largest(breach)
    return Breach(size=size, place=f"{block}, hour {hour}: {rule}")


def _power(
    problem: Problem, block: Block, x: Floats, hours: BlockDispatch
) -> Iterator[tuple[str, Floats]]:
    """Yield how far power is from its rules, hour by hour."""
    injected = hours.discharge - hours.charge + hours.shortage
    beyond, forced = np.zeros(problem.hours), np.zeros(problem.hours)
    for segment, power in zip(block.segments, hours.power, strict=True):
        injected = injected + (power if segment.source else -power)
        most = problem.profile(segment.width) * _capacity(problem, segment, x)
        beyond = np.maximum(beyond, np.maximum(-power, power - most))
        if segment.must_run:
            forced = np.maximum(forced, np.abs(power - most))
    yield "balance", np.abs(injected)
    yield "widths", beyond
    yield "must run", forced
    yield "shortage", np.abs(hours.shortage)


def _capacity(problem: Problem, segment: Segment, x: Floats) -> Floats:
    """Return the capacity that limits a segment, hour by hour. Shape (T,)."""
    if segment.group == ONES:
        return np.full(problem.hours, x[segment.capacity])
    return np.asarray(x[segment.capacity + problem.groups[segment.group]])


def _battery(block: Block, x: Floats, hours: BlockDispatch) -> Iterator[tuple[str, Floats]]:
    """Yield how far the battery is from its rules; a block without one may not use it."""
    store = block.storage
    power = x[store.power] if store else 0.0
    energy = x[store.energy] if store else 0.0
    flows = np.array([hours.charge, hours.discharge])
    yield "battery power", np.maximum(-flows, flows - power).max(axis=0)
    yield "stored energy", np.maximum(-hours.stored, hours.stored - energy)
    change = hours.stored - np.roll(hours.stored, 1)
    if store:
        change = change - store.charge_efficiency * hours.charge
        change = change + hours.discharge / store.discharge_efficiency
    yield "battery cycle", np.abs(change)


def recount_value(problem: Problem, block: Block, x: Floats, hours: BlockDispatch) -> float:
    """Return what a block's hours are worth in a year, currency."""
    value = -problem.shortage_price * float(hours.shortage.sum())
    for segment, power in zip(block.segments, hours.power, strict=True):
        earned = float(power @ problem.profile(segment.value))
        value += -earned if segment.source else earned
    for account in block.accounts:
        weight = 1.0 if account.hours == ONES else problem.series[account.hours]
        amount = sum(
            coefficient * float((weight * hours.power[j]).sum())
            for j, coefficient in zip(account.segments, account.coefficients, strict=True)
        )
        beyond = amount - account.per_unit * float(x[account.limit])
        value -= account.penalty * max(0.0, beyond)
    return value
