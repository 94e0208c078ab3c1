# SPDX-License-Identifier: Apache-2.0
"""How fast the site may change, and which machines have room to start."""

from collections.abc import Sequence
from math import inf

import numpy as np

from loadstone.engines.control.choice import Load
from loadstone.engines.control.obligation import Obligation
from loadstone.engines.control.sight import W_PER_KW, W_PER_MW, Sight
from loadstone.model.operations.control import SiteView
from loadstone.model.operations.fleet import Bools, Ints, Step, Want
from loadstone.model.series import Floats

# a ramp holds over each of these: so many seconds, and at least so many machines
WINDOWS = ((10.0, 5), (60.0, 1))
QUIET_SHARE = 0.1  # of a machine: the meter stands still but for its noise
SECONDS_PER_MINUTE = 60.0


def falls_now(turning: Bools, view: SiteView, sight: Sight, load: Load) -> Bools:
    """Return which of the machines to be stopped the ramp down lets go now. Shape (M,)."""
    rate = view.terms.ramp.down_kw_per_min
    if rate is None or not turning.any():
        return turning
    fleet = view.fleet
    leaving = (fleet.step == Step.DISPATCHING) & (fleet.want == Want.STOP)
    told_s = np.where(leaving, view.now_s, fleet.stopped_s)
    power_w = (fleet.full_w - fleet.idle_w) * sight.scale
    power_w = np.where(sight.rest_w > 0, np.maximum(power_w, sight.rest_w), power_w)
    queue = load.order[turning[load.order]]
    return _paced(queue, power_w, told_s, rate * W_PER_KW / SECONDS_PER_MINUTE, view.now_s)


def starts_now(
    ready: Bools, owed: Sequence[Obligation], view: SiteView, sight: Sight, load: Load
) -> tuple[Bools, Bools]:
    """Return which machines have room to start now, and which wait for the ramp.

    The room is what a fresh meter leaves below the lowest limit, less starts under way that it
    may not show yet, less what silent machines may come to draw. No stop counts that the
    meter does not show.

    Args:
        ready: Machines that nothing else keeps from starting. Shape (M,).
        owed: What limits the site.
        view: The site.
        sight: What is known of it.
        load: What stopping brings.

    Returns:
        Machines that start. Shape (M,).
        Machines that only wait for the ramp. Shape (M,).
    """
    fleet = view.fleet
    queue = load.order[::-1][ready[load.order[::-1]]]
    scale = max(sight.scale, 1.0)
    ceiling_w = view.terms.ramp.inrush_factor * fleet.full_w * scale
    cost_w = np.maximum(ceiling_w - sight.draw_w - sight.rest_w, 0.0)
    budget_w = max(view.budget_w, float(sight.rest_w.sum()))
    limit_w = min((one.limit_w for one in owed if one.group < 0), default=inf)
    room_w = limit_w - sight.present_w - budget_w - sight.unseen_w
    fits = np.cumsum(cost_w[queue]) <= room_w
    for one in owed:
        if one.group >= 0:
            fits &= _fits_group(one, queue, cost_w, view, sight)
    queue = queue[fits]
    started = _mask(queue, len(fleet))
    rate = view.terms.ramp.up_kw_per_min
    if rate is None:
        return started, np.zeros_like(started)
    paced = _risen_no_faster(queue, cost_w, rate, view, sight)
    return paced, started & ~paced


def _risen_no_faster(
    queue: Ints, cost_w: Floats, rate: float, view: SiteView, sight: Sight
) -> Bools:
    fleet = view.fleet
    leaving = (fleet.step == Step.DISPATCHING) & (fleet.want != Want.STOP)
    told_s = np.where(leaving, view.now_s, fleet.resumed_s)
    power_w = view.terms.ramp.inrush_factor * fleet.full_w - fleet.idle_w
    rate_w = rate * W_PER_KW
    if sight.metered and view.meter.low_mw is not None:
        risen_w = sight.present_w - view.meter.low_mw * W_PER_MW + float(sight.rest_w.sum())
        first_w = float(cost_w[queue[:1]].sum())
        alone = risen_w < QUIET_SHARE * first_w
        most_w = max(rate_w - risen_w, first_w if alone else 0.0)
        queue = queue[np.cumsum(cost_w[queue]) <= most_w]
    power_w = np.maximum(power_w, cost_w)
    return _paced(queue, power_w, told_s, rate_w / SECONDS_PER_MINUTE, view.now_s)


def _paced(queue: Ints, power_w: Floats, told_s: Floats, rate: float, now_s: float) -> Bools:
    """Return the first of a queue that a ramp of `rate` W/s lets go now. Shape (M,)."""
    if not queue.size:
        return _mask(queue, len(power_w))
    alone_s = float(power_w[queue[0]]) / rate
    most_w = inf
    for window_s, machines in WINDOWS:
        long_s = max(window_s, machines * alone_s)
        gone_w = float(power_w[told_s > now_s - long_s].sum())
        most_w = min(most_w, rate * long_s - gone_w)
    return _mask(queue[np.cumsum(power_w[queue]) <= most_w * (1 + 1e-12)], len(power_w))


def _fits_group(
    one: Obligation, queue: Ints, cost_w: Floats, view: SiteView, sight: Sight
) -> Bools:
    inside = view.fleet.group == one.group
    drawn_w = float((sight.draw_w + sight.rest_w)[inside].sum())
    after_w = drawn_w + np.cumsum(np.where(inside[queue], cost_w[queue], 0.0))
    return np.asarray(~inside[queue] | (after_w <= one.limit_w))


def _mask(places: Ints, count: int) -> Bools:
    mask = np.zeros(count, dtype=np.bool_)
    mask[places] = True
    return mask
