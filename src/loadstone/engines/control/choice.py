# SPDX-License-Identifier: Apache-2.0
"""Which machines give way: least value lost first, and no more of them than needed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import inf

import numpy as np

from loadstone.engines.control.obligation import Obligation, protected
from loadstone.engines.control.sight import W_PER_MW, Sight, as_wanted, lifting, not_shown
from loadstone.model.operations.control import SiteView
from loadstone.model.operations.fleet import Bools, Fleet, Ints, Step, Want
from loadstone.model.series import Floats

STOP_HOURS = 1.0  # a stop is taken to last so long when its restart is weighed
BAND_SHARE = 0.01  # of the limit: machines return only where so much would stay free
SLACK_SHARE = 0.0005  # of the limit: less than this above it moves no further machine
CAP_STEP = 0.02  # of full load: a cap is not moved for less
TRUSTED = 1  # attempts: a machine told more often is believed when it is seen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Load:
    """What stopping machines brings, in the order in which they are stopped.

    Columns have shape (M,) and are in the order of the fleet; `order` has shape (K,).

    Attributes:
        order: Machines that may be told, those to be stopped first first.
        idle: Machines that stand still or are wanted stopped.
        capped: Machines that run under a cap of ours.
        gain_w: Power that comes off when it is stopped, or has come off already, W.
        credit_w: Of that, what has come off or is coming off, W.
        now_w: Draw once what is coming off or up has done so, W.
        free_w: Draw if nothing had been stopped or capped, W.
        silent: Machines that are wanted to run and do not answer.
        blind_w: Draw of silent machines that were told to stop and have time to do so, W.
        hold_w: Room that must be there beyond its draw before it returns, W.
        typical_w: Full load of a typical machine, W.
    """

    order: Ints
    idle: Bools
    capped: Bools
    gain_w: Floats
    credit_w: Floats
    now_w: float
    free_w: float
    silent: Bools
    blind_w: float
    hold_w: Floats
    typical_w: float


def value_order(fleet: Fleet, guarded: Bools) -> Ints:
    """Return machines in the order in which they are stopped, the cheapest to lose first.

    What is lost is the value of a MWh in the machine, and its restart, dearer by its starts of
    the last day, over a stop of an hour. Where that ties the less efficient goes first, then
    the one that has run for longest, then by name.

    Args:
        fleet: The machines.
        guarded: Machines that go last. Shape (M,).
    """
    relief_mw = np.maximum(fleet.full_w - fleet.idle_w, 1.0) / W_PER_MW
    restart = fleet.restart_cost * (1 + fleet.starts) / (relief_mw * STOP_HOURS)
    lost = fleet.value_per_mwh + restart
    keys = (_ranks(fleet.ids), fleet.resumed_s, -fleet.j_per_th, lost, guarded)
    return np.lexsort(keys).astype(np.int64)


def weigh(view: SiteView, sight: Sight) -> Load:
    """Return what stopping each machine brings, and the order of stops as things stand.

    What is stopped already stays stopped before another is, capped ones follow, then those
    that run. Silent ones come last: what they bring only says how many of them are told.
    """
    fleet = view.fleet
    guarded = protected(view)
    order = value_order(fleet, guarded)
    idle = (fleet.want == Want.STOP) | (sight.stopped & (sight.rest_w == 0))
    capped = (fleet.want == Want.CAP) & ~lifting(fleet, fleet.want, fleet.want_w) & ~idle
    off_w, credit_w = _credits(view, sight, idle, capped)
    gain_w = np.where(idle, credit_w, _gains(fleet, sight, capped, credit_w))
    rank = np.where(idle, 0, np.where(capped, 1, 2))
    late = ~sight.known & ~idle
    order = order[np.lexsort((rank[order], guarded[order], late[order]))]
    order = order[~fleet.held_elsewhere[order]]
    inrush_w = (view.terms.ramp.inrush_factor - 1) * fleet.full_w * sight.scale
    wanted = fleet.want != Want.STOP
    blind = idle & ~sight.known & sight.flying & (fleet.attempts <= TRUSTED) & (credit_w == 0)
    now_w = sight.present_w - float(off_w.sum()) + _to_come(view, sight, wanted)
    return Load(
        order=order,
        idle=idle,
        capped=capped,
        gain_w=gain_w,
        credit_w=credit_w,
        now_w=now_w,
        free_w=now_w + float(credit_w[order].sum()),
        silent=late,
        blind_w=float(np.where(blind, fleet.full_w - fleet.idle_w, 0.0).sum()),
        hold_w=inrush_w,
        typical_w=float(np.median(fleet.full_w)) if len(fleet) else 0.0,
    )


def _to_come(view: SiteView, sight: Sight, wanted: Bools) -> float:
    """Return what starts under way may still add to the meter, W.

    The meter is read more often than machines: what it shows beyond their last readings is a
    part of their rise, and not counted twice.
    """
    rest_w = float(sight.rest_w[wanted].sum())
    return not_shown(view, rest_w, sight.present_w - float(sight.draw_w.sum()))


def needed(one: Obligation, view: SiteView, sight: Sight, load: Load) -> Bools:
    """Return which machines an obligation needs stopped, and keeps stopped. Shape (M,)."""
    fleet = view.fleet
    if one.full:
        here = (fleet.group == one.group) | (one.group < 0)
        return np.asarray(here & ~fleet.held_elsewhere)
    mask = _by_value(one, view, sight, load)
    if one.limit_w < inf:
        mask |= _by_power(one, view, sight, load)
    return mask


def stopped_anyway(
    hot: Bools, owed: Sequence[Obligation], view: SiteView, sight: Sight, load: Load
) -> Load:
    """Return the load with those machines first that are stopped whatever the meter shows.

    For their group's limit, their fans or a price: what they bring counts for the limits at
    the meter, or these would stop others on top.

    Args:
        hot: Machines whose fans stand still. Shape (M,).
        owed: What limits the site.
        view: The site.
        sight: What is known of it.
        load: What stopping brings.
    """
    masks = [
        needed(one, view, sight, load)
        for one in owed
        if one.group >= 0 or (one.limit_w == inf and one.keep_below > -inf)
    ]
    if not (masks or hot.any()):
        return load
    first = np.logical_or.reduce([hot, *masks]) & sight.known
    order = load.order[np.argsort(~first[load.order], kind="stable")]
    return replace(load, order=order)


def shortfall(
    one: Obligation, view: SiteView, sight: Sight, load: Load
) -> tuple[float, Floats]:
    """Return what must be off for an obligation and what each machine brings, W."""
    if one.group < 0:
        return load.free_w - one.limit_w, load.gain_w
    inside = view.fleet.group == one.group
    running = np.where(load.idle, 0.0, load.gain_w - load.credit_w)
    stays_w = float(sight.draw_w[inside].sum() + sight.rest_w[inside].sum())
    coming_w = np.where(load.idle & ~sight.stopped, load.credit_w, 0.0)
    stood_w = np.where(load.idle & sight.stopped, load.credit_w, 0.0)
    free_w = stays_w + float(stood_w[inside].sum())
    gain_w = np.where(inside, stood_w + coming_w + running, 0.0)
    return free_w - one.limit_w, gain_w


def cap_instead(
    wanted: Bools, deepest: Obligation, view: SiteView, sight: Sight, load: Load
) -> tuple[Bools, Floats]:
    """Give the last part of a limit to a cap, where a whole machine would be too much.

    Args:
        wanted: Machines that the limit needs stopped. Shape (M,).
        deepest: The limit that needs most.
        view: The site.
        sight: What is known of it.
        load: What stopping brings.

    Returns:
        Machines that are stopped after all. Shape (M,).
        Caps, W; nan for none. Shape (M,).
    """
    cap_w = np.full(len(view.fleet), np.nan)
    need_w, gain_w = shortfall(deepest, view, sight, load)
    order = load.order
    before_w = np.cumsum(gain_w[order]) - gain_w[order]
    whole = before_w + gain_w[order] >= need_w
    marginal = np.flatnonzero(whole & wanted[order] & ~load.idle[order])
    if not marginal.size:
        return wanted, cap_w
    first = int(marginal[0])
    i, rest_w = int(order[first]), float(need_w - before_w[first])
    level_w = np.where(load.capped, view.fleet.full_w, sight.draw_w)
    able = view.fleet.can_cap & sight.running & ~_refusing(view.fleet, sight, load)
    able &= level_w - view.fleet.min_cap_w >= rest_w / sight.scale
    able &= ~_overdrawing(rest_w / sight.scale, view.fleet, sight, load)
    fits = _after(i, able, wanted, view, load)
    if not fits.size:
        return wanted, cap_w
    mask = wanted.copy()
    mask[i] = False
    cap_w[fits[0]] = _cap_of(int(fits[0]), rest_w / sight.scale, view.fleet, sight, load)
    return mask, cap_w


@lru_cache(maxsize=8)
def _ranks(ids: tuple[str, ...]) -> Ints:
    ranks = np.empty(len(ids), dtype=np.int64)
    ranks[np.argsort(np.array(ids, dtype=np.str_), kind="stable")] = np.arange(len(ids))
    return ranks


def _credits(view: SiteView, sight: Sight, idle: Bools, capped: Bools) -> tuple[Floats, Floats]:
    """Return what is coming off the meter, and what has come off or is coming off, W."""
    fleet = view.fleet
    heard = fleet.read_began_s > fleet.dispatched_s - view.terms.timing.stale_s
    coming = sight.flying & (fleet.attempts <= TRUSTED) & heard & ~sight.stopped
    down_w = np.where(capped, np.nan_to_num(fleet.want_w), fleet.idle_w)
    coming &= (idle & (fleet.want == Want.STOP)) | (capped & (sight.draw_w > down_w))
    off_w = np.where(coming, np.maximum(sight.draw_w - down_w, 0) * sight.scale, 0.0)
    stood_w = (fleet.full_w - fleet.idle_w) * sight.scale
    stood = idle & sight.stopped
    hidden = stood & (fleet.want == Want.STOP) & sight.after & _unmetered(view, sight)
    off_w = np.where(hidden, stood_w, off_w)
    in_force = capped & sight.running & sight.after & ~coming
    spared_w = np.maximum(fleet.full_w - sight.draw_w, 0.0) * sight.scale
    credit_w = np.where(stood, stood_w, np.where(in_force, spared_w, off_w))
    return off_w, credit_w


def _unmetered(view: SiteView, sight: Sight) -> Bools:
    """Return which machines stopped too late for the meter's last reading. Shape (M,)."""
    fleet, began_s = view.fleet, view.meter.began_s
    if not sight.metered or began_s is None:
        return np.zeros(len(fleet), dtype=np.bool_)
    newly = (fleet.step != Step.CONFIRMED) & (fleet.read_began_s > began_s)
    return np.asarray(
        (newly & np.isfinite(fleet.dispatched_s)) | (fleet.dispatched_s >= began_s)
    )


def _gains(fleet: Fleet, sight: Sight, capped: Bools, credit_w: Floats) -> Floats:
    level_w = np.where(capped, np.fmin(fleet.want_w, sight.draw_w), sight.draw_w)
    runs_w = np.maximum(level_w - fleet.idle_w, 0.0) * sight.scale
    full_w = np.maximum(fleet.full_w - fleet.idle_w, 0.0) * sight.scale
    return np.where(sight.known, runs_w + credit_w + sight.rest_w, full_w)


def _by_power(one: Obligation, view: SiteView, sight: Sight, load: Load) -> Bools:
    need_w, gain_w = shortfall(one, view, sight, load)
    order = load.order
    before_w = np.cumsum(gain_w[order]) - gain_w[order]
    before_w += np.where(load.silent[order], load.blind_w, 0.0)
    band_w = min(load.typical_w, BAND_SHARE * one.limit_w)
    slack_w = min(load.typical_w / 2, SLACK_SHARE * one.limit_w)
    stays = (load.idle | load.capped)[order]
    room_w = np.where(stays, band_w + load.hold_w[order], -slack_w)
    mask = np.zeros(len(view.fleet), dtype=np.bool_)
    mask[order] = before_w < need_w + room_w
    if one.group >= 0:
        mask &= view.fleet.group == one.group
    untried = load.silent & np.isneginf(view.fleet.tried_s)
    return np.asarray(mask & ~untried)


def _by_value(one: Obligation, view: SiteView, sight: Sight, load: Load) -> Bools:
    fleet = view.fleet
    if one.keep_below == -inf:
        return np.zeros(len(fleet), dtype=np.bool_)
    rests = view.now_s - fleet.resumed_s < view.terms.timing.cooldown_s
    turn = (fleet.value_per_mwh < one.below_value) & sight.known & ~(rests & ~load.idle)
    kept = (fleet.value_per_mwh < one.keep_below) & _owned(one.owner, view) & load.idle
    return np.asarray((turn | kept) & ~protected(view) & ~fleet.held_elsewhere)


def _owned(owner: str, view: SiteView) -> Bools:
    if owner not in view.owners:
        return np.zeros(len(view.fleet), dtype=np.bool_)
    return np.asarray(view.fleet.owner == view.owners.index(owner))


def _refusing(fleet: Fleet, sight: Sight, load: Load) -> Bools:
    """Return which machines had the time to take a cap and have not. Shape (M,)."""
    seen = as_wanted(fleet, sight, fleet.want, fleet.want_w)
    return np.asarray(load.capped & ~sight.flying & ~(seen & sight.after))


def _overdrawing(rest_w: float, fleet: Fleet, sight: Sight, load: Load) -> Bools:
    """Return which machines stay above their cap by so much that they do not give the rest.

    A little above counts as capped, for draws waver; but not while the limit is not kept.
    Shape (M,).
    """
    over = sight.draw_w > fleet.want_w + CAP_STEP * fleet.full_w
    short = fleet.full_w - sight.draw_w < rest_w
    return np.asarray(load.capped & ~sight.flying & sight.after & over & short)


def _after(first: int, able: Bools, wanted: Bools, view: SiteView, load: Load) -> Ints:
    """Return machines that can give the rest by a cap, in order: `first` or those after it.

    A machine that is capped already and cannot give more has no other capped in its place.
    """
    guarded = protected(view)
    others = ~wanted & ~load.idle & ~load.capped & (not load.capped[first])
    others[first] = True
    others &= able & (guarded == guarded[first])
    return load.order[others[load.order]]


def _cap_of(i: int, rest_w: float, fleet: Fleet, sight: Sight, load: Load) -> float:
    """Return the cap that takes `rest_w` off a machine; one that is deep enough stays."""
    if not load.capped[i]:
        return float(np.floor(sight.draw_w[i] - rest_w))
    cap_w, now_w = float(fleet.full_w[i]) - rest_w, float(fleet.want_w[i])
    if now_w <= cap_w + CAP_STEP * float(fleet.full_w[i]):
        return now_w
    return float(np.floor(max(min(cap_w, now_w), float(fleet.min_cap_w[i]))))
