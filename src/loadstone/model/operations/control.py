# SPDX-License-Identifier: Apache-2.0
"""What the control engine looks at, and what it decides."""

from dataclasses import dataclass
from enum import IntEnum
from math import inf

from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event
from loadstone.model.operations.fleet import Bools, Codes, Fleet, Ints
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.series import Floats


class Cause(IntEnum):
    """Why a limit holds. Where several need the same machine stopped, the lower owns it."""

    OPERATOR = 0  # a full stop by hand
    LIMIT = 1  # the connection, a group, safety
    PROHIBITION = 2
    EVENT = 3  # events, and set-points of signals
    SCHEDULE = 4
    PRICE = 5  # only these rest between two turns of a machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A limit that holds now besides events: of a signal, a price, a schedule, a person.

    Attributes:
        owner: Who wants it; becomes the owner of the machines that it stops.
        limit_mw: Most the site's meter may show, MW; 0 for a full stop of machines; infinite
            where only `below_value` counts.
        urgent: Whether ramps down are set aside: for a limit of the connection and for
            safety, nothing is faster than at once.
        reason: Why, in a sentence.
        cause: What kind of reason.
        below_value: Machines in which a MWh earns less than this are stopped, whatever the
            meter shows, currency/MWh; -inf none, inf all but protected ones.
        keep_below: Machines that it has stopped stay stopped while a MWh earns less than this
            in them; at least `below_value`.
    """

    owner: str
    limit_mw: float
    urgent: bool = False
    reason: str = ""
    cause: Cause = Cause.EVENT
    below_value: float = -inf
    keep_below: float = -inf

    def __post_init__(self) -> None:
        if not self.limit_mw >= 0:
            raise InputError("limit_mw", self.limit_mw, "must be at least 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterView:
    """The site's main meter as it is known now.

    Attributes:
        power_mw: Last power read, MW; None never read.
        began_s: When that reading began, seconds of the agent; None never.
        over_since_s: Since when the meter is above the limit; None when it is not.
        low_mw: Lowest power read in the last 60 s, MW; None unknown. With it the ramp up holds
            at the meter, however differently machines rise.
    """

    power_mw: float | None = None
    began_s: float | None = None
    over_since_s: float | None = None
    low_mw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchView:
    """A switch as it is known now.

    Attributes:
        id: Its id in operate.toml.
        on: Whether it is on; None unknown.
        began_s: When that reading began; None never.
        changed_s: When it was last told to change by us; None never.
        asked_s: Since when it is told what it does not show; None when it shows it.
    """

    id: str
    on: bool | None = None
    began_s: float | None = None
    changed_s: float | None = None
    asked_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteView:
    """Everything a decision looks at. The engine sees nothing else.

    Attributes:
        now_s: The time, seconds of the agent.
        utc_s: The time, seconds since 1970, UTC: for events.
        terms: Rules of the site.
        fleet: Its machines.
        owners: Names of owners, indexed by `Fleet.owner`.
        events: Open events, in the order of their receipt, and with them aborted ones that
            still own machines: those are let go as they are. The machines of an owner that is
            neither an event here nor an order are restored.
        orders: Limits that hold now besides events.
        meter: The main meter.
        others_mw: Draw at the meter that is not of these machines, MW, as last estimated.
        others_floor_mw: The least of it that is taken for sure, MW.
        switches: Switches.
        store_ok: Whether decisions can be written. If not, only stops may be decided.
        budget_w: Power of starts already under way that the meter may not yet show, W.
    """

    now_s: float
    utc_s: float
    terms: SiteTerms
    fleet: Fleet
    owners: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    orders: tuple[Order, ...] = ()
    meter: MeterView = MeterView()
    others_mw: float = 0.0
    others_floor_mw: float = 0.0
    switches: tuple[SwitchView, ...] = ()
    store_ok: bool = True
    budget_w: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something a person must know.

    Attributes:
        kind: One of a few words, e.g. "over limit", "meter silent", "signal silent",
            "prohibited", "unknown machines", "run-back not armed", "clock jumped".
        subject: Id of what it is about; "" for the site.
        text: What is wrong and what is done about it, in a sentence.
    """

    kind: str
    subject: str = ""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """What is to be done now.

    Columns have shape (M,), in the order of the fleet, and replace those of the fleet. Those
    of a machine in `send` are as if it were about to be told: `step` is DISPATCHING,
    `attempts` counts this one, `not_before_s` is when it may be told again. Whoever carries
    this out sets `dispatched_s` and DISPATCHED when the command goes, `stopped_s` at a stop,
    `resumed_s` at a resume, and PENDING again where the machine said no or was not reached.
    RUN is told as resume, STOP as stop, CAP as a cap of `want_w`; a cap of the rated power
    lifts a cap. `want_w` beside RUN or STOP is a cap of ours that is still in the machine.

    Attributes:
        want: Codes of `Want`: what is wanted of each machine now.
        want_w: Caps, W; nan for none.
        owner: Index into `owners`, -1 for nobody.
        owners: Names of owners.
        step: Codes of `Step` now, after what readings show.
        attempts: Attempts at what is wanted now; 0 again where the want changed.
        not_before_s: No further attempt before.
        send: Which machines are to be told now what is wanted of them. Shape (M,).
        order: Indices of those, first first. Shape (S,).
        events: Events whose state changed, with their new state.
        switch_on: Switches to turn on now.
        switch_off: Switches to turn off now.
        limit_mw: The limit that binds, MW; None when nothing limits.
        owner_of_limit: Whose limit it is; "".
        target_mw: What the machines together should draw now, MW.
        expected_mw: What they will draw when all that is decided has come true, MW.
        alarms: What a person must know.
        notes: Why machines that might be told are not: reason and count.
    """

    want: Codes
    want_w: Floats
    owner: Ints
    owners: tuple[str, ...]
    step: Codes
    attempts: Ints
    not_before_s: Floats
    send: Bools
    order: Ints
    events: tuple[Event, ...] = ()
    switch_on: tuple[str, ...] = ()
    switch_off: tuple[str, ...] = ()
    limit_mw: float | None = None
    owner_of_limit: str = ""
    target_mw: float
    expected_mw: float
    alarms: tuple[Alarm, ...] = ()
    notes: tuple[tuple[str, int], ...] = ()
