# SPDX-License-Identifier: Apache-2.0
"""What a site owes now: limits of its connection, of groups, of events and of orders."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from loadstone.engines.control.sight import W_PER_MW, Sight
from loadstone.model.operations.control import Cause, Order, SiteView
from loadstone.model.operations.event import Event, EventKind, EventState
from loadstone.model.operations.fleet import Bools

SITE_LIMIT = "site limit"
GROUP_LIMIT = "group limit"
METER_SILENT = "meter silent"
PRICE = "price"  # owners of this name, or that begin with it and a space, are prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """A limit in the one form in which machines are chosen for it.

    Attributes:
        owner: Who wants it.
        cause: Why; the lower owns what several need.
        limit_w: Most that may be drawn, W, the margin taken off; 0 stops every machine.
        urgent: Whether ramps are set aside.
        group: Index of the group that it is for; -1 for the site and its meter.
        below_value: See `Order`.
        keep_below: See `Order`.
    """

    owner: str
    cause: Cause
    limit_w: float = inf
    urgent: bool = False
    group: int = -1
    below_value: float = -inf
    keep_below: float = -inf

    @property
    def full(self) -> bool:
        """Whether every machine is to be stopped."""
        return self.limit_w <= 0


def obligations(
    view: SiteView, events: Iterable[Event], sight: Sight
) -> tuple[Obligation, ...]:
    """Return all that limits the site now, the strongest cause and lowest limit first."""
    terms, free = view.terms, 1 - view.terms.margin
    found: list[Obligation] = []
    if terms.limit_mw is not None:
        limit_w = terms.limit_mw * free * W_PER_MW
        found.append(
            Obligation(owner=SITE_LIMIT, cause=Cause.LIMIT, limit_w=limit_w, urgent=True)
        )
    for place, group in enumerate(terms.groups):
        if group.limit_mw is not None:
            limit_w = group.limit_mw * free * W_PER_MW
            found.append(
                Obligation(
                    owner=GROUP_LIMIT,
                    cause=Cause.LIMIT,
                    limit_w=limit_w,
                    urgent=True,
                    group=place,
                )
            )
    if not sight.metered and terms.meter_silent == "curtail":
        found.append(
            Obligation(owner=METER_SILENT, cause=Cause.LIMIT, limit_w=0.0, urgent=True)
        )
    found.extend(_of_order(order, free) for order in view.orders)
    found.extend(_of_event(event, free) for event in events if event.state is EventState.ACTIVE)
    return tuple(sorted(found, key=lambda one: (one.cause, one.limit_w, one.owner)))


def of_price(names: Iterable[str]) -> list[bool]:
    """Return which owners are prices."""
    return [name == PRICE or name.startswith(PRICE + " ") for name in names]


def protected(view: SiteView) -> Bools:
    """Return which machines stand in protected groups. Shape (M,)."""
    flags = [group.protected for group in view.terms.groups]
    return np.array([*flags, False], dtype=np.bool_)[view.fleet.group]


def limit_of(event: Event) -> float:
    """Return the most that the meter may show in an active event, MW."""
    if event.kind is EventKind.STOP:
        return 0.0
    if event.kind is EventKind.TO_MW:
        return event.mw
    return max((event.baseline_mw or 0.0) - event.mw, 0.0)


def by_hand(event: Event) -> bool:
    """Return whether an event is a full stop by hand: it does not wait for the ramp down."""
    return event.kind is EventKind.STOP and event.source == "operator"


def _of_order(order: Order, free: float) -> Obligation:
    limit_w = order.limit_mw * free * W_PER_MW if isfinite(order.limit_mw) else inf
    return Obligation(
        owner=order.owner,
        cause=order.cause,
        limit_w=limit_w,
        urgent=order.urgent,
        below_value=order.below_value,
        keep_below=max(order.keep_below, order.below_value),
    )


def _of_event(event: Event, free: float) -> Obligation:
    at_once = by_hand(event)
    return Obligation(
        owner=event.id,
        cause=Cause.OPERATOR if at_once else Cause.EVENT,
        limit_w=limit_of(event) * free * W_PER_MW,
        urgent=at_once,
    )
