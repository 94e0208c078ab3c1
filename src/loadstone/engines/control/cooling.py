# SPDX-License-Identifier: Apache-2.0
"""Fans: on before the first machine of a group starts, off after the last has stopped."""

from dataclasses import dataclass

import numpy as np

from loadstone.engines.control.sight import Sight
from loadstone.model.operations.control import Alarm, SiteView, SwitchView
from loadstone.model.operations.fleet import Bools
from loadstone.model.operations.terms import Group

COOLING = "cooling"
PATIENCE = 3  # a switch that was told so many pauses ago and has not obeyed is reported


@dataclass(frozen=True, slots=True, kw_only=True)
class Fans:
    """The fans of one group as they are known.

    Attributes:
        group: Index of the group.
        switch: Id of their switch.
        on: Whether they are on; None unknown.
        ready: Whether they have been on for long enough that machines may start.
        danger: Whether machines run although they are known to be off.
        due: Whether the switch may be told again.
        late: Whether it was told for long and is not seen to be on.
    """

    group: int
    switch: str
    on: bool | None
    ready: bool
    danger: bool
    due: bool
    late: bool


def see_fans(view: SiteView, sight: Sight) -> tuple[Fans, ...]:
    """Return the fans of each group that has some and has machines."""
    switches = {switch.id: switch for switch in view.switches}
    return tuple(
        _see(place, group, switches.get(group.fans, SwitchView(id=group.fans)), view, sight)
        for place, group in enumerate(view.terms.groups)
        if group.fans and (view.fleet.group == place).any()
    )


def without_fans(view: SiteView, fans: tuple[Fans, ...]) -> Bools:
    """Return which machines must stand still because their fans do. Shape (M,).

    Those that were stopped for it stay so until the fans are ready.
    """
    fleet = view.fleet
    mask = np.zeros(len(fleet), dtype=np.bool_)
    held = np.zeros(len(fleet), dtype=np.bool_)
    if COOLING in view.owners:
        held = fleet.owner == view.owners.index(COOLING)
    for one in fans:
        here = fleet.group == one.group
        if one.danger:
            mask |= here
        elif not one.ready:
            mask |= here & held
    return np.asarray(mask & ~fleet.held_elsewhere)


def may_start(view: SiteView, fans: tuple[Fans, ...]) -> Bools:
    """Return which machines may start as far as fans go. Shape (M,)."""
    closed = [one.group for one in fans if not one.ready]
    return ~np.isin(view.fleet.group, closed)


def wanted_fans(
    view: SiteView, sight: Sight, fans: tuple[Fans, ...], starting: Bools
) -> frozenset[str]:
    """Return the switches of fans that machines need now.

    Args:
        view: The site.
        sight: What is known of it.
        fans: Its fans.
        starting: Machines that start now, or would if their fans were on. Shape (M,).
    """
    still = sight.stopped & (sight.rest_w == 0) & ~starting & ~sight.flying
    return frozenset(
        one.switch
        for one in fans
        if not still[view.fleet.group == one.group].all() or not _cold(one, view)
    )


def turn_fans(
    fans: tuple[Fans, ...], wanted: frozenset[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the switches to turn on and those to turn off."""
    due = [one for one in fans if one.due]
    on = [one.switch for one in due if one.switch in wanted and one.on is not True]
    off = [one.switch for one in due if one.switch not in wanted and one.on is True]
    return tuple(dict.fromkeys(on)), tuple(dict.fromkeys(off))


def fan_alarms(
    view: SiteView, fans: tuple[Fans, ...], wanted: frozenset[str]
) -> tuple[Alarm, ...]:
    """Return what a person must know of fans."""
    found = []
    for one in fans:
        group = view.terms.groups[one.group].id
        if one.danger:
            text = f"machines of {group} ran with their fans off and are being stopped"
            found.append(Alarm(kind="fans off", subject=one.switch, text=text))
        elif one.late and one.switch in wanted:
            text = f"fans of {group} do not come on; its machines stay stopped"
            found.append(Alarm(kind="fans", subject=one.switch, text=text))
    return tuple(found)


def _see(place: int, group: Group, switch: SwitchView, view: SiteView, sight: Sight) -> Fans:
    timing, now_s = view.terms.timing, view.now_s
    changed_s = -np.inf if switch.changed_s is None else switch.changed_s
    began_s = -np.inf if switch.began_s is None else switch.began_s
    read = began_s >= now_s - timing.stale_s and began_s > changed_s
    on = switch.on if read else None
    here = view.fleet.group == place
    pause_s = max(timing.deadline_s, timing.retry_s)
    asked_s = now_s if switch.asked_s is None else switch.asked_s
    return Fans(
        group=place,
        switch=group.fans,
        on=on,
        ready=on is True and now_s >= changed_s + group.fans_before_s,
        danger=on is False and bool(sight.running[here].any()),
        due=now_s >= changed_s + pause_s,
        late=switch.on is not True and now_s >= asked_s + PATIENCE * pause_s,
    )


def _cold(one: Fans, view: SiteView) -> bool:
    """Return whether the last machine of a group has stood still for long enough."""
    fleet, group = view.fleet, view.terms.groups[one.group]
    last_s = float(fleet.stopped_s[fleet.group == one.group].max())
    return view.now_s >= last_s + group.fans_after_s
