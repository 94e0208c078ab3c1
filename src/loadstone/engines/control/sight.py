# SPDX-License-Identifier: Apache-2.0
"""What is known of each machine now, and what it draws or may draw."""

from dataclasses import dataclass

import numpy as np

from loadstone.model.operations.control import MeterView, SiteView
from loadstone.model.operations.fleet import Bools, Codes, Fleet, Seen, Step, Want
from loadstone.model.series import Floats

W_PER_MW = 1e6
W_PER_KW = 1e3
RISING_S = 600.0  # a machine that was told to start may rise to full load for so long
RISEN = 0.9  # of full load: it has started
WORKING = 0.5  # of full load: a machine that draws more works, whatever it says
CAP_SLACK = 1.05  # the draw of a capped machine wavers about its cap
LIFTED = 0.999  # of rated power: a cap that is none
TELLING = 0.2  # of full load: a site that draws less tells nothing about that
MOST_SCALE = 1.1  # machines tell their draw within a tenth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """What is known of each machine. Columns have shape (M,).

    Attributes:
        known: Whether a fresh reading tells its state.
        running: Whether it is known to work.
        stopped: Whether it is known to stand still. What is unknown is neither.
        after: Whether that reading began after it was last told anything.
        flying: Whether it was told and still has time to show it.
        draw_w: What it draws; full load where unknown, W.
        rest_w: Power of its start that is under way and may not show yet, W.
        scale: What the meter shows for each W that machines tell.
        metered: Whether the meter is fresh.
        present_w: Power at the meter, W; without one, what machines may draw and the others.
        unseen_w: What silent machines may come to draw beyond what the meter shows, W.
    """

    known: Bools
    running: Bools
    stopped: Bools
    after: Bools
    flying: Bools
    draw_w: Floats
    rest_w: Floats
    scale: float
    metered: bool
    present_w: float
    unseen_w: float


def lifting(fleet: Fleet, want: Codes, want_w: Floats) -> Bools:
    """Return which caps are none: they are told to lift one. Shape (M,)."""
    return np.asarray((want == Want.CAP) & (want_w >= LIFTED * fleet.rated_w))


def as_wanted(fleet: Fleet, sight: Sight, want: Codes, want_w: Floats) -> Bools:
    """Return which machines are seen to be as wanted, whenever that was read. Shape (M,)."""
    lifts = lifting(fleet, want, want_w)
    told = np.isnan(fleet.power_w)
    below = np.where(
        told, fleet.limit_w <= want_w * CAP_SLACK, fleet.power_w <= want_w * CAP_SLACK
    )
    rises = ~(fleet.power_w < RISEN * fleet.full_w)
    free = np.where(np.isnan(fleet.limit_w), rises, fleet.limit_w >= want_w / CAP_SLACK)
    capped = (want == Want.CAP) & (sight.stopped | (sight.running & below))
    runs = sight.running & ((want == Want.RUN) | (lifts & free))
    return np.asarray(
        np.where(want == Want.STOP, sight.stopped, np.where(lifts, runs, runs | capped))
    )


def look(view: SiteView) -> Sight:
    """Return what is known of a site's machines now."""
    fleet, now_s = view.fleet, view.now_s
    timing = view.terms.timing
    known = (fleet.seen != Seen.UNKNOWN) & (fleet.read_began_s >= now_s - timing.stale_s)
    works = fleet.power_w > WORKING * fleet.full_w
    stopped = known & (fleet.seen == Seen.STOPPED) & ~works
    running = known & ~stopped
    usual_w = np.where(running, fleet.full_w, fleet.idle_w)
    told_w = np.where(np.isnan(fleet.power_w), usual_w, fleet.power_w)
    draw_w = np.where(known, told_w, fleet.full_w)
    after = known & (fleet.read_began_s > fleet.dispatched_s)
    waiting = (fleet.step == Step.DISPATCHING) & (now_s < fleet.not_before_s)
    sent = (fleet.step == Step.DISPATCHED) & (now_s < fleet.dispatched_s + timing.confirm_s)
    metered = fresh(view.meter, now_s, timing.meter_stale_s)
    rest_w = _rests(view, running, stopped, after)
    calm = metered and known.all() and not (waiting | sent).any() and not rest_w.any()
    scale = _scale(view, draw_w) if calm else 1.0
    present_w = view.others_mw * W_PER_MW + float(draw_w.sum())
    if metered:
        present_w = float(view.meter.power_mw or 0.0) * W_PER_MW
    silent = ~known & (rest_w == 0)
    return Sight(
        known=known,
        running=running,
        stopped=stopped,
        after=after,
        flying=waiting | sent,
        draw_w=draw_w,
        rest_w=rest_w,
        scale=scale,
        metered=metered,
        present_w=present_w,
        unseen_w=_unseen(view, present_w, draw_w, known, silent) if metered else 0.0,
    )


def fresh(meter: MeterView, now_s: float, stale_s: float) -> bool:
    """Return whether the last reading of a meter still says something."""
    return (
        meter.power_mw is not None
        and meter.began_s is not None
        and meter.began_s >= now_s - stale_s
    )


def _rests(view: SiteView, running: Bools, stopped: Bools, after: Bools) -> Floats:
    fleet = view.fleet
    lifts = lifting(fleet, fleet.want, fleet.want_w)
    told_s = np.where(lifts, np.maximum(fleet.resumed_s, fleet.dispatched_s), fleet.resumed_s)
    leaving = (fleet.step == Step.DISPATCHING) & (lifts | ((fleet.want == Want.RUN) & ~running))
    under_way = leaving | (told_s > view.now_s - RISING_S)
    over = ((fleet.want == Want.STOP) & stopped & after) | (fleet.step == Step.PENDING)
    risen = running & after & (fleet.power_w >= RISEN * fleet.full_w) & ~leaving
    ceiling_w = view.terms.ramp.inrush_factor * fleet.full_w
    shown_w = np.where(
        running, np.nan_to_num(fleet.power_w), np.where(stopped, fleet.idle_w, 0)
    )
    return np.where(under_way & ~over & ~risen, np.maximum(ceiling_w - shown_w, 0.0), 0.0)


def _scale(view: SiteView, draw_w: Floats) -> float:
    machines_w = (view.meter.power_mw or 0.0) * W_PER_MW - _others_w(view)
    told_w = float(draw_w.sum())
    if told_w < TELLING * float(view.fleet.full_w.sum()) or told_w <= 0:
        return 1.0
    return min(max(machines_w / told_w, 1 / MOST_SCALE), MOST_SCALE)


def _unseen(
    view: SiteView, present_w: float, draw_w: Floats, known: Bools, silent: Bools
) -> float:
    most_w = float(view.fleet.full_w[silent].sum())
    return not_shown(view, most_w, present_w - float(draw_w[known].sum()))


def not_shown(view: SiteView, most_w: float, beyond_w: float) -> float:
    """Return how much of a draw the meter does not show yet, W.

    Args:
        view: The site.
        most_w: What may be drawn besides what machines told, W.
        beyond_w: What is drawn beyond what machines told, other load included, W.
    """
    shown_w = beyond_w - _others_w(view)
    return most_w - min(max(shown_w, 0.0), most_w)


def _others_w(view: SiteView) -> float:
    return max(view.others_mw, view.others_floor_mw) * W_PER_MW
