# SPDX-License-Identifier: Apache-2.0
"""From what a machine said, or did not say, to a `Reading` or an `Outcome`.

Every driver's `read`, `stop`, `resume`, `cap` and `set_pools` goes through here, so that none
of them raises, waits longer than its deadline, or takes silence for an answer.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from loadstone.adapters.drivers.wire import Within, cut
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Outcome
from loadstone.model.operations.reading import Reading, Reason, State

# the machine has spoken; with any other reason it is not known what arrived
_SAID_NO = frozenset({Reason.DENIED, Reason.UNSUPPORTED, Reason.AUTH})


class Sample(NamedTuple):
    """What one answer told; fields as in `Reading`."""

    state: State
    reason: Reason = Reason.NONE
    power_w: float | None = None
    hashrate_th: float | None = None
    limit_w: float | None = None
    temperature_c: float | None = None


class Told(NamedTuple):
    """What a machine said to a command, and what was read back after; fields as in `Outcome`.

    A reason other than none means that it said yes, but reading back did not show it.
    """

    message: str = ""
    limit_w: float | None = None
    reason: Reason = Reason.NONE


async def reading(
    device: str,
    sample: Awaitable[Sample],
    *,
    deadline_s: float,
    now_s: Callable[[], float],
) -> Reading:
    """Return the reading that `sample` comes to; failure is an unknown one with its reason."""
    began_s = now_s()
    try:
        async with Within(deadline_s, device):
            said = await sample
    except DeviceError as error:
        return Reading(
            state=State.UNKNOWN, reason=_reason(error), began_s=began_s, ended_s=now_s()
        )
    return Reading(
        state=said.state,
        reason=said.reason,
        began_s=began_s,
        ended_s=now_s(),
        power_w=said.power_w,
        hashrate_th=said.hashrate_th,
        limit_w=said.limit_w,
        temperature_c=said.temperature_c,
    )


async def outcome(
    device: str,
    told: Awaitable[Told],
    *,
    deadline_s: float,
    now_s: Callable[[], float],
) -> Outcome:
    """Return what became of a command; only the machine's own yes is a yes.

    A no is DENIED, UNSUPPORTED or AUTH. After any other failure it is not known what
    arrived, and `accepted` is None.
    """
    sent_s = now_s()
    try:
        async with Within(deadline_s, device):
            said = await told
    except DeviceError as error:
        said = Told(str(error), reason=_reason(error))
    return Outcome(
        accepted=_accepted(said.reason),
        reason=said.reason,
        message=cut(said.message),
        sent_s=sent_s,
        ended_s=now_s(),
        limit_w=said.limit_w,
    )


def _accepted(reason: Reason) -> bool | None:
    if reason is Reason.NONE:
        return True
    return False if reason in _SAID_NO else None


def _reason(error: DeviceError) -> Reason:
    return Reason(error.reason)
