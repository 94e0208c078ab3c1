# SPDX-License-Identifier: Apache-2.0
"""From what a machine said, or did not say, to a `Reading` or an `Outcome`.

Every driver holds a `Caller`. Its `read`, `stop`, `resume`, `cap` and `set_pools` go through
there, so that none of them raises, waits longer than its deadline, or takes silence for an
answer.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from loadstone.adapters.drivers.wire import Whole, Within, ask_untimed, cut, knock, to_nul
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Outcome
from loadstone.model.operations.machine import Address
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


class Caller:
    """Calls one machine: where it is, how long a call may take, and when it is.

    Attributes:
        address: Where it answers.
        device: The same in words, for errors.
        deadline_s: Seconds within which each call ends.
        now_s: Seconds of the agent's clock.
    """

    __slots__ = ("address", "deadline_s", "device", "now_s")

    def __init__(
        self, address: Address, *, deadline_s: float, now_s: Callable[[], float]
    ) -> None:
        self.address, self.device = address, str(address)
        self.deadline_s, self.now_s = deadline_s, now_s

    def within(self) -> Within:
        """Return what gives up at the deadline: `async with caller.within():`."""
        return Within(self.deadline_s, self.device)

    def error(self, reason: Reason, message: str) -> DeviceError:
        """Return an error of this machine."""
        return DeviceError(self.device, reason, message)

    def ask(self, request: bytes, whole: Whole = to_nul) -> Awaitable[bytes]:
        """Do as `wire.ask` does, at the address of this machine; the caller keeps the time."""
        return ask_untimed(self.address.host, self.address.port, request, whole=whole)

    def knock(self) -> Awaitable[None]:
        """Do as `wire.knock` does, at the address of this machine."""
        return knock(self.address.host, self.address.port, deadline_s=self.deadline_s)

    async def reading(self, sample: Awaitable[Sample]) -> Reading:
        """Return the reading that `sample` comes to; failure is unknown, with its reason."""
        began_s = self.now_s()
        try:
            async with self.within():
                said = await sample
        except DeviceError as error:
            said = Sample(State.UNKNOWN, Reason(error.reason))
        return Reading(
            state=said.state,
            reason=said.reason,
            began_s=began_s,
            ended_s=self.now_s(),
            power_w=_not_below_zero(said.power_w),
            hashrate_th=_not_below_zero(said.hashrate_th),
            limit_w=_not_below_zero(said.limit_w),
            temperature_c=said.temperature_c,
        )

    async def outcome(self, told: Awaitable[Told]) -> Outcome:
        """Return what became of a command; only the machine's own yes is a yes.

        A no is DENIED, UNSUPPORTED or AUTH. After any other failure it is not known what
        arrived, and `accepted` is None.
        """
        sent_s = self.now_s()
        try:
            async with self.within():
                said = await told
        except DeviceError as error:
            said = Told(str(error), reason=Reason(error.reason))
        return Outcome(
            accepted=_accepted(said.reason),
            reason=said.reason,
            message=cut(said.message),
            sent_s=sent_s,
            ended_s=self.now_s(),
            limit_w=said.limit_w,
        )


def _not_below_zero(told: float | None) -> float | None:
    return None if told is None or told < 0.0 else told


def _accepted(reason: Reason) -> bool | None:
    if reason is Reason.NONE:
        return True
    return False if reason in _SAID_NO else None
