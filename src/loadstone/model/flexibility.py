# SPDX-License-Identifier: Apache-2.0
"""Products of flexibility: miners that give power back for pay, and which may be stacked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from loadstone.model.bounds import at_least_zero, plain_name
from loadstone.model.errors import InputError

Kind = Literal["curtailment", "reserve"]

MOST_STACKS = 12
DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
# fields that mean something for one kind only, and what they are where nothing is said
_OF_KIND: dict[str, dict[str, object]] = {
    "curtailment": {"max_hours": None, "penalty_per_mwh": 0.0},
    "reserve": {"per_mw_h": 0.0, "must_be_consuming": False, "activated_share": None},
}


def check_window(months: Sequence[int], hours: Sequence[int]) -> None:
    """Refuse months and hours that no calendar has.

    Raises:
        InputError: One is out of range.
    """
    if any(not 1 <= month <= 12 for month in months):
        raise InputError("months", tuple(months), "must be 1 to 12")
    if any(not 0 <= hour <= 23 for hour in hours):
        raise InputError("hours", tuple(hours), "must be 0 to 23")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flexibility:
    """A product of flexibility that a site may sell with its own miners.

    "curtailment" is paid for energy that is not drawn when called; "reserve" for power that
    stands ready to stop. Products of one group never share a MW, products of different groups
    may be stacked on the same MW, and a product without a group is alone on its MW. Prices are
    in `currency`; energy and hourly power are measured at the meter.

    Attributes:
        name: What it is called.
        kind: "curtailment" or "reserve".
        mw: Most mining power that may be pledged, MW at the plugs.
        min_mw: Least that may be pledged where anything is, MW; above 0 it is a yes or no.
        months: Local months in which calls come; empty means all.
        hours: Local hours in which calls come, 0 to 23; empty means all.
        group: Its group; without one it shares no MW with any product.
        excludes: Other groups with which it shares no MW.
        requires: Name of a product that must be pledged on the same MW.
        per_mwh: Payment for energy not drawn when called (curtailment) or given up when
            activated (reserve), per MWh.
        per_mw_year: Payment for pledging, per MW at the plugs and year.
        per_mw_h: Reserve: payment for availability, per MW and hour of the window.
        must_be_consuming: Reserve: whether availability is paid only for power that is drawn.
        penalty_per_mwh: Curtailment: paid for energy drawn in a call, per MWh.
        max_hours: Curtailment: hours a year that are paid, per pledged MW; None for any.
        max_calls: Most calls a year; None for any.
        hours_per_call: Longest call, hours; goes with `max_calls`.
        activated_share: Reserve: part of the window in which it is activated, from 0 to below
            1; None takes it from the calls, or 0 where there is no limit on calls.
        response_s: Time within which the power must fall, seconds; None where none is asked.
        currency: ISO 4217 code.
        source: The contract or the rules of the market.
    """

    name: str
    kind: Kind
    mw: float
    min_mw: float = 0.0
    months: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    group: str = ""
    excludes: tuple[str, ...] = ()
    requires: str = ""
    per_mwh: float = 0.0
    per_mw_year: float = 0.0
    per_mw_h: float = 0.0
    must_be_consuming: bool = False
    penalty_per_mwh: float = 0.0
    max_hours: float | None = None
    max_calls: int | None = None
    hours_per_call: float | None = None
    activated_share: float | None = None
    response_s: float | None = None
    currency: str
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "name")
        at_least_zero(self, "mw", "min_mw", "per_mwh", "per_mw_year", "per_mw_h")
        at_least_zero(self, "penalty_per_mwh", "max_hours", "max_calls", "hours_per_call")
        at_least_zero(self, "response_s")
        check_window(self.months, self.hours)
        if self.min_mw > self.mw:
            raise InputError("min_mw", self.min_mw, f"must be at most mw {self.mw:g}")
        for kind, fields in _OF_KIND.items():
            for name, nothing in fields.items():
                value = getattr(self, name)
                if kind != self.kind and value != nothing:
                    raise InputError(name, value, f'is for kind = "{kind}"')
        if (self.max_calls is None) != (self.hours_per_call is None):
            rule = "must be given together with " + (
                "hours_per_call" if self.hours_per_call is None else "max_calls"
            )
            name = "max_calls" if self.hours_per_call is None else "hours_per_call"
            raise InputError(name, getattr(self, name), rule)
        self._check_activation()

    def _check_activation(self) -> None:
        share = self.activated_share
        if share is not None and self.max_calls is not None:
            rule = "must not be given beside max_calls, which says how often it is activated"
            raise InputError("activated_share", share, rule)
        if share is not None and not 0 <= share < 1:
            raise InputError("activated_share", share, "must be from 0 to below 1")
        if self.kind == "reserve" and self.called_hours() >= self.window_hours:
            rule = (
                f"must leave hours without a call: {self.called_hours():g} hours of calls in a "
                f"window of {self.window_hours:g}"
            )
            raise InputError("max_calls", self.max_calls, rule)

    @property
    def window_hours(self) -> float:
        """Hours of the window in a year of 365 days."""
        days = sum(DAYS[m - 1] for m in set(self.months)) if self.months else sum(DAYS)
        return float(days * (len(set(self.hours)) or 24))

    def called_hours(self) -> float:
        """Return the hours a year in which calls bind and pay: a stated bound.

        Curtailment may be called throughout its window where nothing bounds it; a reserve
        that says nothing of activation is never activated.
        """
        most = [] if self.max_hours is None else [self.max_hours]
        if self.max_calls is not None and self.hours_per_call is not None:
            most.append(self.max_calls * self.hours_per_call)
        if self.activated_share is not None:
            most.append(self.activated_share * self.window_hours)
        if not most and self.kind == "reserve":
            return 0.0
        return min(self.window_hours, *most) if most else self.window_hours

    @property
    def called_share(self) -> float:
        """Part of the window in which calls bind, 0 to 1."""
        return self.called_hours() / self.window_hours


Stack = tuple[Flexibility, ...]
"""Products on the same MW."""


def available(
    products: Sequence[Flexibility], response_s: float | None
) -> tuple[tuple[Flexibility, ...], tuple[str, ...]]:
    """Return the products that a site can deliver, and a sentence for each that it cannot.

    Args:
        products: What is on offer.
        response_s: Time within which the site's control is proven to act, seconds; None where
            nothing is proven.
    """
    refused: dict[str, str] = {}
    for one in products:
        if one.response_s is not None and (response_s is None or response_s > one.response_s):
            able = "none is proven" if response_s is None else f"{response_s:g} s is proven"
            refused[one.name] = (
                f"{one.name} is not sold: it asks for a response within {one.response_s:g} s, "
                f"and {able}."
            )
    for _ in products:
        for one in products:
            if one.requires in refused and one.name not in refused:
                refused[one.name] = (
                    f"{one.name} is not sold: it requires {one.requires}, which is not."
                )
    left = tuple(one for one in products if one.name not in refused)
    return left, tuple(refused.values())


def stacks(products: Sequence[Flexibility]) -> tuple[Stack, ...]:
    """Return every set of products that may be pledged on the same MW, smallest first."""
    return tuple(
        chosen
        for size in range(1, len(products) + 1)
        for chosen in combinations(products, size)
        if all(not _apart(a, b) for a, b in combinations(chosen, 2))
        and all(not one.requires or _has(chosen, one.requires) for one in chosen)
    )


def check_stacking(products: Sequence[Flexibility]) -> None:
    """Refuse products whose groups contradict one another, and too many of them.

    Raises:
        InputError: A name is taken or not known, a product requires what it is kept apart
            from, or there are more than `MOST_STACKS` sets.
    """
    names = [one.name for one in products]
    groups = {one.group for one in products}
    for i, one in enumerate(products):
        if names.index(one.name) != i:
            raise InputError(f"flexibility[{i}].name", one.name, "must differ from the others")
        for group in one.excludes:
            if group not in groups:
                rule = f"is no group; there are {_listed(groups)}"
                raise InputError(f"flexibility[{i}].excludes", group, rule)
        if one.requires == one.name:
            raise InputError(f"flexibility[{i}].requires", one.name, "must be another product")
        if one.requires and one.requires not in names:
            rule = f"is no product; there are {_listed({*names} - {one.name})}"
            raise InputError(f"flexibility[{i}].requires", one.requires, rule)
        for a, b in combinations(_needed(one, products), 2):
            if why := _apart(a, b):
                rule = f"contradicts that {a.name} and {b.name} share no MW: {why}"
                raise InputError(f"flexibility[{i}].requires", one.requires, rule)
    found = len(stacks(products)) if len(products) <= MOST_STACKS else 2 * len(products)
    if found > MOST_STACKS:
        rule = f"must make at most {MOST_STACKS} sets that share a MW; put more into one group"
        raise InputError("flexibility", f"{len(products)} products", rule)


def _apart(a: Flexibility, b: Flexibility) -> str:
    """Return why two products never share a MW, or nothing where they may."""
    if alone := [one.name for one in (a, b) if not one.group]:
        return f"{alone[0]} has no group"
    if a.group == b.group:
        return f"both are of group {a.group}"
    for one, other in ((a, b), (b, a)):
        if other.group in one.excludes:
            return f"{one.name} excludes group {other.group}"
    return ""


def _has(chosen: Sequence[Flexibility], name: str) -> bool:
    return any(one.name == name for one in chosen)


def _needed(one: Flexibility, products: Sequence[Flexibility]) -> Sequence[Flexibility]:
    """Return a product and all that it requires, one after another."""
    found = [one]
    while (name := found[-1].requires) and not _has(found, name):
        found += [other for other in products if other.name == name][:1]
        if not _has(found, name):
            break
    return found


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(name for name in names if name)) or "none"
