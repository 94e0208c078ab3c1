# SPDX-License-Identifier: Apache-2.0
"""How far each machine is on the way to what is wanted of it, and who is told now."""

from dataclasses import dataclass

import numpy as np

from loadstone.engines.control.choice import Load
from loadstone.engines.control.sight import Sight, as_wanted, lifting
from loadstone.model.operations.control import SiteView
from loadstone.model.operations.fleet import Bools, Codes, Fleet, Ints, Step, Want
from loadstone.model.operations.terms import Timing
from loadstone.model.series import Floats

SELDOM_S = 3600.0  # pause of a machine that counts as failed, and longest pause of any
RETRY_SHARE = 0.02  # of the machines: most that are told again in one decision
FEWEST_RETRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wish:
    """What is wanted of each machine now. Columns have shape (M,).

    Attributes:
        want: Codes of `Want`.
        want_w: Caps, W; nan for none.
        turned: Where that differs from what was wanted.
        starts: Machines that may draw more by being told, and have room for it.
    """

    want: Codes
    want_w: Floats
    turned: Bools
    starts: Bools


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Telling:
    """Progress, and who is told.

    Attributes:
        step: Codes of `Step`. Shape (M,).
        attempts: Attempts at what is wanted now. Shape (M,).
        not_before_s: No further attempt before. Shape (M,).
        send: Machines that are told now. Shape (M,).
        order: Indices of those, first first. Shape (S,).
        waiting: Machines whose further attempt must wait. Shape (M,).
    """

    step: Codes
    attempts: Ints
    not_before_s: Floats
    send: Bools
    order: Ints
    waiting: Bools


def tell(wish: Wish, view: SiteView, sight: Sight, load: Load) -> Telling:
    """Return the progress of each machine and who is told now.

    New stops go first, then new caps, then starts; machines that are told again come last and
    are few at a time, the one that has waited longest first, so that neither starves.
    """
    fleet, timing = view.fleet, view.terms.timing
    confirmed = _confirmed(wish, fleet, sight)
    attempts = np.where(wish.turned | confirmed, 0, fleet.attempts)
    ready_s = np.where(wish.turned | confirmed, -np.inf, fleet.not_before_s)
    step = _steps(wish, fleet, sight, confirmed, timing)
    open_ = ~confirmed & ~fleet.held_elsewhere & (wish.turned | ~sight.flying)
    open_ &= _sayable(wish, fleet, sight, attempts)
    new = open_ & (attempts == 0) & (step != Step.UNAVAILABLE)
    due = open_ & ~new & (ready_s <= view.now_s)
    again = _longest_waiting(due, ready_s, view.fleet)
    order = np.concatenate([_in_order(new, wish, load), again])
    send = np.zeros(len(fleet), dtype=np.bool_)
    send[order] = True
    attempts = attempts + send
    return Telling(
        step=np.where(send, Step.DISPATCHING, step).astype(np.int8),
        attempts=attempts,
        not_before_s=np.where(send, view.now_s + _pauses(attempts, timing), ready_s),
        send=send,
        order=order,
        waiting=open_ & ~send,
    )


def _confirmed(wish: Wish, fleet: Fleet, sight: Sight) -> Bools:
    """Return which machines are shown to be as wanted by a reading begun after the command."""
    seen = as_wanted(fleet, sight, wish.want, wish.want_w) & sight.after
    # a machine on its way up, or told a moment ago, is not where a new wish wants it
    lifts = lifting(fleet, wish.want, wish.want_w)
    moving = wish.turned & (sight.flying | (sight.rest_w > 0) | lifts)
    return np.asarray(seen & ~moving)


def _steps(wish: Wish, fleet: Fleet, sight: Sight, confirmed: Bools, timing: Timing) -> Codes:
    # a stop is said to a silent machine, anything else waits until it is heard
    untold = (wish.want == Want.STOP) & (fleet.attempts == 0) & (fleet.step == Step.PENDING)
    silent = ~sight.known & ~untold
    mute = ~sight.known & (wish.want != Want.STOP) & ~sight.flying
    settled = np.isin(fleet.step, (Step.CONFIRMED, Step.DRIFTED, Step.UNAVAILABLE))
    spent = fleet.attempts >= timing.most_attempts
    cases = (
        (confirmed, Step.CONFIRMED),
        (mute, Step.UNAVAILABLE),
        (wish.turned, Step.PENDING),
        (sight.flying, fleet.step),
        (silent, Step.UNAVAILABLE),
        (spent, Step.FAILED),
        (settled & ~as_wanted(fleet, sight, wish.want, wish.want_w), Step.DRIFTED),
        (np.isin(fleet.step, (Step.CONFIRMED, Step.FAILED)), Step.DISPATCHED),
    )
    return np.select(
        [mask for mask, _ in cases], [code for _, code in cases], fleet.step
    ).astype(np.int8)


def _sayable(wish: Wish, fleet: Fleet, sight: Sight, attempts: Ints) -> Bools:
    """Return which machines can be told what is wanted of them.

    A stop may be said to a machine that does not answer: it costs nothing. One that stood still
    for certain before it fell silent is left until it is heard. A cap needs a machine that is
    seen to run, and more power one that is heard and has room.
    """
    lifts = lifting(fleet, wish.want, wish.want_w)
    stops = (wish.want == Want.STOP) & (
        sight.known | wish.turned | (attempts > 0) | _never(fleet)
    )
    caps = (wish.want == Want.CAP) & ~lifts & sight.running
    more = (lifts | (wish.want == Want.RUN)) & wish.starts
    return np.asarray(stops | caps | more)


def _never(fleet: Fleet) -> Bools:
    return np.asarray(fleet.step == Step.PENDING)


def _longest_waiting(due: Bools, ready_s: Floats, fleet: Fleet) -> Ints:
    queue = np.flatnonzero(due)
    most = max(FEWEST_RETRIES, int(RETRY_SHARE * len(fleet)))
    stops = fleet.want[queue] != Want.STOP
    names = np.array(fleet.ids, dtype=np.str_)[queue] if queue.size else queue
    return queue[np.lexsort((names, stops, ready_s[queue]))][:most].astype(np.int64)


def _in_order(new: Bools, wish: Wish, load: Load) -> Ints:
    """Return machines that are told for the first time: cuts, then rises, the best first."""
    queue = load.order[new[load.order]]
    kind = wish.want[queue]
    stops, more = queue[kind == Want.STOP], wish.starts[queue]
    caps = queue[(kind == Want.CAP) & ~more]
    return np.concatenate([stops, caps, queue[(kind != Want.STOP) & more][::-1]])


def _pauses(attempts: Ints, timing: Timing) -> Floats:
    doubled = timing.retry_s * 2.0 ** np.minimum(np.maximum(attempts - 1, 0), 30)
    pause_s = np.minimum(np.maximum(doubled, timing.confirm_s), SELDOM_S)
    return np.where(attempts >= timing.most_attempts, SELDOM_S, pause_s)
