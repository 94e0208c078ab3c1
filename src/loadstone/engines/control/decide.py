# SPDX-License-Identifier: Apache-2.0
"""What the machines of a site are told next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np

from loadstone.engines.control.alarms import alarms_of
from loadstone.engines.control.choice import (
    Load,
    cap_instead,
    needed,
    stopped_anyway,
    weigh,
)
from loadstone.engines.control.cooling import (
    COOLING,
    Fans,
    fan_alarms,
    may_start,
    see_fans,
    turn_fans,
    wanted_fans,
    without_fans,
)
from loadstone.engines.control.life import ended_events, live_events
from loadstone.engines.control.obligation import Obligation, obligations, of_price
from loadstone.engines.control.progress import Telling, Wish, tell
from loadstone.engines.control.sight import W_PER_MW, Sight, as_wanted, lifting, look
from loadstone.engines.control.starts import falls_now, starts_now
from loadstone.model.operations.control import Cause, Decision, SiteView
from loadstone.model.operations.event import Event, EventState
from loadstone.model.operations.fleet import Bools, Ints, Step, Want
from loadstone.model.series import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Needs:
    """Which machines must be stopped or capped, and for whom. Columns have shape (M,).

    Attributes:
        stop: Machines that some obligation needs stopped.
        urgent: Those that may not wait for the ramp.
        cap_w: Caps that take the place of a stop, W; nan for none.
        owner: Index of the owner of each machine in `names`, -1 for nobody.
        names: Names of owners.
    """

    stop: Bools
    urgent: Bools
    cap_w: Floats
    owner: Ints
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moves:
    """Who goes down, who may come back and who does. Columns have shape (M,).

    Attributes:
        down: Machines that are wanted stopped now.
        back: Machines that nobody needs stopped or capped any more.
        begin: Those of them that have room to draw more now.
    """

    down: Bools
    back: Bools
    begin: Bools


def decide(view: SiteView) -> Decision:
    """Return what is to be done now.

    The same view gives the same decision. What was decided before stands in the columns of
    the fleet, so deciding again is deciding on.

    Args:
        view: The site as it is known.

    Source:
        Level-triggered reconciliation, as in B. Burns et al. (2016), "Borg, Omega, and
        Kubernetes", ACM Queue 14(1), doi:10.1145/2898442.2898444.
    """
    sight = look(view)
    fans = see_fans(view, sight)
    events = live_events(view, sight)
    owed = obligations(view, events, sight)
    load = weigh(view, sight)
    needs = _needs(owed, fans, view, sight, load)
    down = _down(needs, view, sight, load)
    back = _back(needs, owed, events, view, sight) & _returning(view, sight, load)
    ready, why = _ready(back, fans, view, sight, load)
    begin, ramped = starts_now(ready, owed, view, sight, load)
    wish = _wish(Moves(down=down, back=back, begin=begin), needs, view, sight)
    told = tell(wish, view, sight, load)
    owner, names = _named(_owners(needs, wish, told, view, events), needs.names)
    events = ended_events(events, frozenset(names), view.utc_s)
    cooled = wanted_fans(view, sight, fans, begin | why["fans are not on"])
    on, off = turn_fans(fans, cooled)
    binding = _deepest(owed)
    why |= {
        "waits for the ramp up": ramped,
        "waits for room": ready & ~begin & ~ramped,
        "waits for the ramp down": needs.stop & ~down & (view.fleet.want != Want.STOP),
        "told lately, waits": told.waiting,
        "silent": ~sight.known,
        "held elsewhere": view.fleet.held_elsewhere,
    }
    return Decision(
        want=wish.want,
        want_w=wish.want_w,
        owner=owner,
        owners=names,
        step=told.step,
        attempts=told.attempts,
        not_before_s=told.not_before_s,
        send=told.send,
        order=told.order,
        events=tuple(now for was, now in zip(view.events, events, strict=True) if now != was),
        switch_on=on,
        switch_off=off,
        limit_mw=_limit_mw(binding),
        owner_of_limit=binding.owner if binding else "",
        target_mw=_target_mw(wish, view),
        expected_mw=_expected_mw(wish, view, sight, load),
        alarms=(*alarms_of(view, sight, owed, told), *fan_alarms(view, fans, cooled)),
        notes=_notes(why),
    )


def _needs(
    owed: Sequence[Obligation], fans: tuple[Fans, ...], view: SiteView, sight: Sight, load: Load
) -> Needs:
    hot = without_fans(view, fans)
    load = stopped_anyway(hot, owed, view, sight, load)
    masks = [needed(one, view, sight, load) for one in owed]
    cap_w = np.full(len(view.fleet), np.nan)
    if view.store_ok and not any(one.full and one.group < 0 for one in owed):
        masks, cap_w = _capped(owed, masks, view, sight, load)
    deepest = _deepest(owed)
    cooling = Obligation(owner=COOLING, cause=Cause.LIMIT, urgent=True)
    pairs = sorted(
        [(cooling, hot), *zip(owed, masks, strict=True)], key=lambda pair: pair[0].cause
    )
    names = tuple(dict.fromkeys((*view.owners, *(one.owner for one, _ in pairs))))
    stop, urgent = np.zeros((2, len(view.fleet)), dtype=np.bool_)
    for one, mask in pairs:
        stop |= mask
        urgent |= mask & one.urgent
    cap_w[stop] = np.nan
    capped = ~np.isnan(cap_w)
    claims = [(one, mask | (capped & (one is deepest))) for one, mask in pairs]
    return Needs(
        stop=stop, urgent=urgent, cap_w=cap_w, owner=_claim(claims, names, view), names=names
    )


def _deepest(owed: Sequence[Obligation]) -> Obligation | None:
    limits = [one for one in owed if one.group < 0 and one.limit_w < inf]
    return min(limits, key=lambda one: one.limit_w, default=None)


def _capped(
    owed: Sequence[Obligation],
    masks: list[Bools],
    view: SiteView,
    sight: Sight,
    load: Load,
) -> tuple[list[Bools], Floats]:
    """Let a cap take the last part of the limit at the meter that needs most."""
    none_w = np.full(len(view.fleet), np.nan)
    deepest = _deepest(owed)
    if deepest is None:
        return masks, none_w
    limits = [one.group < 0 and one.limit_w < inf for one in owed]
    most = np.logical_or.reduce([m for m, limit in zip(masks, limits, strict=True) if limit])
    rest = np.logical_or.reduce(
        [m for m, limit in zip(masks, limits, strict=True) if not limit] or [most & False]
    )
    fewer, cap_w = cap_instead(most, deepest, view, sight, load)
    spared = most & ~fewer
    if (spared & rest).any():
        return masks, none_w
    kept = zip(masks, limits, strict=True)
    return [mask & ~spared if limit else mask for mask, limit in kept], cap_w


def _claim(
    claims: Sequence[tuple[Obligation, Bools]], names: tuple[str, ...], view: SiteView
) -> Ints:
    """Return whose each machine is: the strongest cause's; of equal ones, who had it."""
    owner = np.full(len(view.fleet), -1, dtype=np.int64)
    for cause in Cause:
        equals = [(names.index(one.owner), mask) for one, mask in claims if one.cause is cause]
        for place, mask in equals:
            owner[(owner < 0) & mask & (view.fleet.owner == place)] = place
        for place, mask in equals:
            owner[(owner < 0) & mask] = place
    return owner


def _down(needs: Needs, view: SiteView, sight: Sight, load: Load) -> Bools:
    """Return which machines are wanted stopped now: those still so, and those that turn."""
    stays = view.fleet.want == Want.STOP
    turning = needs.stop & ~stays & ~view.fleet.held_elsewhere
    at_once = needs.urgent | load.idle
    paced = falls_now(turning & ~at_once, view, sight, load)
    return np.asarray((needs.stop & stays) | (turning & at_once) | paced)


def _back(
    needs: Needs,
    owed: Sequence[Obligation],
    events: Sequence[Event],
    view: SiteView,
    sight: Sight,
) -> Bools:
    """Return which machines nobody needs stopped or capped any more. Shape (M,).

    Those that an abort let go stay as they are, and so do those that nobody owns. A silent one
    stays with its owner while that wants anything: nobody knows what it would bring.
    """
    fleet = view.fleet
    gone = [event.id for event in events if event.state is EventState.ABORTED]
    let_go = np.array([*(name in gone for name in view.owners), True])[fleet.owner]
    wants = {one.owner for one in owed}
    bound = np.array([*(name in wants for name in view.owners), False])[fleet.owner]
    left = (fleet.want == Want.STOP) & let_go
    free = ~needs.stop & np.isnan(needs.cap_w) & ~fleet.held_elsewhere
    return np.asarray(free & ~left & (sight.known | ~bound))


def _returning(view: SiteView, sight: Sight, load: Load) -> Bools:
    """Return which machines draw less than they could. Shape (M,)."""
    still = load.idle | (sight.stopped & ~sight.flying)
    return np.asarray(still | _raisable(view, sight, load))


def _ready(
    back: Bools, fans: tuple[Fans, ...], view: SiteView, sight: Sight, load: Load
) -> tuple[Bools, dict[str, Bools]]:
    """Return which machines may draw more as soon as there is room, and why others may not."""
    fleet, now_s = view.fleet, view.now_s
    nothing = np.zeros(len(fleet), dtype=np.bool_)
    asks = back & sight.after & (sight.stopped | _raisable(view, sight, load))
    blind = not sight.metered and view.terms.meter_silent != "release"
    prices = np.array([*of_price(view.owners), False])[fleet.owner]
    rests = prices & (now_s < fleet.stopped_s + view.terms.timing.cooldown_s)
    told = (fleet.attempts > 0) & (fleet.want != Want.STOP)
    why = {
        "the meter is silent": asks if blind else nothing,
        "the store is gone": nothing if view.store_ok else asks,
        "rests after a price": asks & rests,
        "told lately": asks & (sight.flying | (told & (now_s < fleet.not_before_s))),
        "fans are not on": asks & ~may_start(view, fans),
    }
    ready, waits = asks.copy(), {}
    for reason, mask in why.items():
        waits[reason] = ready & mask
        ready &= ~mask
    return ready, waits


def _raisable(view: SiteView, sight: Sight, load: Load) -> Bools:
    """Return which machines run under a cap of ours that can be lifted. Shape (M,)."""
    fleet = view.fleet
    lifts = lifting(fleet, fleet.want, fleet.want_w) & ~_lifted(view, sight)
    under = (fleet.want == Want.RUN) & np.isfinite(fleet.want_w)
    return np.asarray(sight.running & sight.after & (load.capped | lifts | under))


def _lifted(view: SiteView, sight: Sight) -> Bools:
    """Return which machines are shown to have taken the lifting of their cap. Shape (M,)."""
    fleet = view.fleet
    lifts = lifting(fleet, fleet.want, fleet.want_w)
    seen = as_wanted(fleet, sight, fleet.want, fleet.want_w)
    return np.asarray(lifts & seen & sight.after & ~sight.flying)


def _wish(moves: Moves, needs: Needs, view: SiteView, sight: Sight) -> Wish:
    """Return what is wanted of each machine now."""
    fleet = view.fleet
    want, want_w = fleet.want.copy(), fleet.want_w.copy()
    down, begin = moves.down, moves.begin
    lifted = lifting(fleet, fleet.want, fleet.want_w)
    done = _lifted(view, sight)
    want[done], want_w[done] = Want.RUN, np.nan
    # a machine that was wanted stopped and is not, or is silent, needs no start to run on
    runs_on = moves.back & (fleet.want == Want.STOP) & ~sight.stopped
    runs_on &= ~sight.flying & (sight.rest_w == 0) & view.store_ok
    want[runs_on | (begin & sight.stopped)] = Want.RUN
    lifts = begin & sight.running & (fleet.want != Want.STOP)
    want[lifts], want_w[lifts] = Want.CAP, fleet.rated_w[lifts]
    capped = ~np.isnan(needs.cap_w) & ~down
    want[capped], want_w[capped] = Want.CAP, needs.cap_w[capped]
    want_w[down & lifted] = np.nan
    want[down] = Want.STOP
    same_w = (want_w == fleet.want_w) | (want != Want.CAP)
    return Wish(want=want, want_w=want_w, turned=(want != fleet.want) | ~same_w, starts=begin)


def _owners(
    needs: Needs, wish: Wish, told: Telling, view: SiteView, events: Sequence[Event]
) -> Ints:
    """Return who holds each machine after this decision.

    What waits for its turn to run again, and what was told to and has not shown it, is still
    held by whoever stopped it: an event ends when all of its machines are back.
    """
    fleet = view.fleet
    gone = [event.id for event in events if event.state is EventState.ABORTED]
    let_go = np.array([*(name in gone for name in view.owners), True])[fleet.owner]
    settled = np.isin(told.step, (Step.CONFIRMED, Step.UNAVAILABLE, Step.FAILED))
    over = (wish.want != Want.STOP) & settled
    owner = np.where(let_go | over, -1, fleet.owner)
    claimed = (needs.owner >= 0) & (wish.want != Want.RUN)
    return np.where(claimed, needs.owner, owner)


def _named(owner: Ints, names: tuple[str, ...]) -> tuple[Ints, tuple[str, ...]]:
    """Return owners with the names that are still used."""
    used = np.unique(owner[owner >= 0])
    places = np.full(len(names) + 1, -1, dtype=np.int64)
    places[used] = np.arange(len(used))
    return places[owner], tuple(names[place] for place in used)


def _limit_mw(binding: Obligation | None) -> float | None:
    if binding is None or not isfinite(binding.limit_w):
        return None
    return binding.limit_w / W_PER_MW


def _target_mw(wish: Wish, view: SiteView) -> float:
    fleet = view.fleet
    capped_w = np.fmin(fleet.full_w, wish.want_w)
    wanted_w = np.where(wish.want == Want.CAP, capped_w, fleet.full_w)
    return float(np.where(wish.want == Want.STOP, fleet.idle_w, wanted_w).sum()) / W_PER_MW


def _expected_mw(wish: Wish, view: SiteView, sight: Sight, load: Load) -> float:
    """Return what the machines will draw once this and all earlier decisions have come true."""
    fleet = view.fleet
    stopped = wish.turned & (wish.want == Want.STOP) & ~load.idle
    less_w = float(load.gain_w[stopped].sum())
    more_w = float(np.maximum(fleet.full_w - sight.draw_w, 0.0)[wish.starts].sum())
    now_w = load.now_w - view.others_mw * W_PER_MW
    return max(now_w - less_w + more_w, 0.0) / W_PER_MW


def _notes(why: Mapping[str, Bools]) -> tuple[tuple[str, int], ...]:
    counts = ((reason, int(mask.sum())) for reason, mask in why.items())
    return tuple((reason, count) for reason, count in counts if count)
