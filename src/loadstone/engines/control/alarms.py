# SPDX-License-Identifier: Apache-2.0
"""What a person must know, in plain sentences."""

from collections.abc import Iterable, Sequence

import numpy as np

from loadstone.engines.control.obligation import Obligation
from loadstone.engines.control.progress import Telling
from loadstone.engines.control.sight import W_PER_MW, Sight
from loadstone.model.operations.control import Alarm, Cause, SiteView
from loadstone.model.operations.fleet import Step

SILENCE = {
    "hold": "no machine is started",
    "curtail": "all machines are stopped",
    "release": "what machines tell is taken in its place",
}


def alarms_of(
    view: SiteView,
    sight: Sight,
    owed: Sequence[Obligation],
    told: Telling,
) -> tuple[Alarm, ...]:
    """Return all that a person must know now."""
    return (
        *_of_meter(view, sight, owed),
        *_of_machines(view, sight, told),
        *_of_prohibition(view, sight),
        *_of_store(view),
    )


def _of_meter(view: SiteView, sight: Sight, owed: Sequence[Obligation]) -> Iterable[Alarm]:
    if not sight.metered:
        done = SILENCE[view.terms.meter_silent]
        yield Alarm(kind="meter silent", text=f"the main meter is not heard; {done}")
        return
    over_s = view.meter.over_since_s
    allowed_s = view.terms.timing.allowed_over_s
    if over_s is not None and view.now_s - over_s > allowed_s:
        limit_w = min((one.limit_w for one in owed if one.group < 0), default=0.0)
        text = (
            f"the meter shows {sight.present_w / W_PER_MW:.3f} MW, above the limit for "
            f"{view.now_s - over_s:.0f} s; it is steered to {limit_w / W_PER_MW:.3f} MW"
        )
        yield Alarm(kind="over limit", text=text)


def _of_machines(view: SiteView, sight: Sight, told: Telling) -> Iterable[Alarm]:
    silent, count = int((~sight.known).sum()), len(view.fleet)
    if silent:
        full_mw = float(view.fleet.full_w[~sight.known].sum()) / W_PER_MW
        text = f"{silent} of {count} machines do not answer; they may draw {full_mw:.3f} MW"
        yield Alarm(kind="unknown machines", text=text)
    failed = int(np.count_nonzero(told.step == Step.FAILED))
    if failed:
        text = f"{failed} of {count} machines answer and do not obey; they are tried each hour"
        yield Alarm(kind="failed machines", text=text)


def _of_prohibition(view: SiteView, sight: Sight) -> Iterable[Alarm]:
    for order in view.orders:
        if order.cause is Cause.PROHIBITION:
            still = int((~sight.stopped).sum())
            text = f"{order.reason}; {still} machines are not known to be stopped"
            yield Alarm(kind="prohibited", subject=order.owner, text=text)


def _of_store(view: SiteView) -> Iterable[Alarm]:
    if not view.store_ok:
        text = "decisions cannot be written; machines are stopped where needed, none is started"
        yield Alarm(kind="store gone", text=text)
