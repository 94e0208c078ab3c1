# SPDX-License-Identifier: Apache-2.0
"""The life of events, from receipt to their end."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from loadstone.engines.control.obligation import by_hand
from loadstone.engines.control.sight import W_PER_KW, W_PER_MW, Sight
from loadstone.model.operations.control import SiteView
from loadstone.model.operations.event import MOST_S, Event, EventKind, EventState
from loadstone.model.series import Floats

SECONDS_PER_MINUTE = 60.0
KW_PER_MW = 1e3
ALIKE = 0.99  # machines that differ by less are of one size


def live_events(view: SiteView, sight: Sight) -> tuple[Event, ...]:
    """Return the events of a view, each as far in its life as it is now.

    One may pass several states at once: an order to stop at this moment is accepted, armed and
    active in the same decision. Only the end of restoring is told by `ended_events`.
    """
    return tuple(_live(event, view, sight) for event in view.events)


def ended_events(
    events: Iterable[Event], holding: frozenset[str], utc_s: float
) -> tuple[Event, ...]:
    """Return events; those that restore and hold no machine any more are done."""
    return tuple(
        replace(event, state=EventState.DONE, done_s=utc_s)
        if event.state is EventState.RESTORING and event.id not in holding
        else event
        for event in events
    )


def end_of(event: Event) -> float:
    """Return when an event ends, seconds since 1970: a week after its start at the latest."""
    return event.ends_s if event.ends_s is not None else event.starts_s + MOST_S


def lead_s(event: Event, view: SiteView, sight: Sight) -> float:
    """Return how long before its start machines must be told, so that it is met in time, s."""
    rate = view.terms.ramp.down_kw_per_min
    ramp_s = 0.0
    if rate is not None and not by_hand(event):
        now_mw = sight.present_w / W_PER_MW
        falls = {EventKind.TO_MW: max(now_mw - event.mw, 0.0), EventKind.BY_MW: event.mw}
        most_w = float(np.maximum(sight.draw_w - view.fleet.idle_w, 0.0).sum())
        fall_mw = min(falls.get(event.kind, now_mw), most_w / W_PER_MW)
        ramp_s = fall_mw * KW_PER_MW / _by_machines(rate, view) * SECONDS_PER_MINUTE
    return ramp_s + view.terms.timing.confirm_s


def _by_machines(rate: float, view: SiteView) -> float:
    """Return how much of a ramp whole machines can use at least, kW/min.

    As many go in a minute as fit into it: of machines of 3 kW three in a ramp of 11 kW/min.
    """
    size_kw = (view.fleet.full_w - view.fleet.idle_w) / W_PER_KW
    least, most = float(size_kw.min(initial=rate)), float(size_kw.max(initial=0.0))
    if least <= 0 or most <= 0:
        return rate
    if least < most * ALIKE:
        return max(rate - most, min(rate, least))
    return rate // most * most if rate >= most else rate


def _live(event: Event, view: SiteView, sight: Sight) -> Event:
    if event.state is EventState.RECEIVED:
        event = _answered(event, view)
    if event.state is EventState.ACCEPTED:
        event = _armed(event, view, sight)
    if event.state is EventState.ARMED:
        event = _started(event, view, sight)
    if event.state is EventState.RESTORING and _prolonged(event, view.utc_s):
        return replace(event, state=EventState.ACTIVE, restoring_s=None)
    if event.state is EventState.ACTIVE and end_of(event) <= view.utc_s:
        return replace(event, state=EventState.RESTORING, restoring_s=view.utc_s)
    if event.state is EventState.ACTIVE and event.baseline_mw is None:
        return replace(event, baseline_mw=sight.present_w / W_PER_MW)
    return event


def _prolonged(event: Event, utc_s: float) -> bool:
    """Return whether an event was given a later end; a clock put back does not do that."""
    restoring_s = utc_s if event.restoring_s is None else event.restoring_s
    return end_of(event) > max(utc_s, restoring_s)


def _answered(event: Event, view: SiteView) -> Event:
    reason = _why_not(event, view)
    if reason:
        return replace(event, state=EventState.REFUSED, reason=reason, done_s=view.utc_s)
    return replace(
        event, state=EventState.ACCEPTED, reason=_remark(event, view), accepted_s=view.utc_s
    )


def _why_not(event: Event, view: SiteView) -> str:
    fleet = view.fleet
    if end_of(event) <= view.utc_s:
        return "it had ended before it could be answered"
    if not len(fleet):
        return "the site has no machine"
    most_mw = float((fleet.full_w - fleet.idle_w).sum()) / W_PER_MW
    if event.kind is EventKind.BY_MW and event.mw > most_mw:
        return f"{event.mw:g} MW is asked for; all machines together give {most_mw:.3f} MW"
    if event.kind is EventKind.BY_MW and event.mw == 0:
        return "a reduction of 0 MW asks for nothing"
    return ""


def _remark(event: Event, view: SiteView) -> str:
    short_s = event.received_s + event.notice_s - event.starts_s
    if event.notice_s and short_s > 0:
        return f"accepted although its notice was {short_s:.0f} s too short"
    if event.kind is EventKind.TO_MW and event.mw < _least_mw(view):
        return f"accepted although {_least_mw(view):.3f} MW stays when all machines are stopped"
    return event.reason


def _least_mw(view: SiteView) -> float:
    idle_w: Floats = view.fleet.idle_w
    return view.others_floor_mw + float(idle_w.sum()) / W_PER_MW


def _armed(event: Event, view: SiteView, sight: Sight) -> Event:
    timing = view.terms.timing  # a ramp begins earlier: machines are logged in to before it
    ahead_s = lead_s(event, view, sight) + max(timing.arm_s - timing.confirm_s, 0.0)
    if view.utc_s < event.starts_s - ahead_s:
        return _ended_early(event, view)
    return replace(event, state=EventState.ARMED, armed_s=view.utc_s)


def _started(event: Event, view: SiteView, sight: Sight) -> Event:
    if end_of(event) <= view.utc_s:
        return _ended_early(event, view)
    if view.utc_s < event.starts_s - lead_s(event, view, sight):
        return event
    return replace(event, state=EventState.ACTIVE, active_s=view.utc_s)


def _ended_early(event: Event, view: SiteView) -> Event:
    if end_of(event) > view.utc_s:
        return event
    return replace(event, state=EventState.DONE, done_s=view.utc_s)
