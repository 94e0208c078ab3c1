# SPDX-License-Identifier: Apache-2.0
"""How a site stands, as its agent tells it each second."""

from dataclasses import dataclass

from loadstone.model.operations.event import EventState


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterStatus:
    """A meter as it was last read.

    Attributes:
        id: Name of the meter.
        main: Whether it is the meter of the site's connection.
        power_mw: Last power read, MW; None never.
        read_s: When that reading began, seconds since 1970, UTC; None never.
        reason: Why the latest attempt told nothing; "".
    """

    id: str
    main: bool
    power_mw: float | None = None
    read_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchStatus:
    """A switch as it was last read.

    Attributes:
        id: Name of the switch.
        role: "fans", "outlet" or "run-back".
        on: Whether it is on; None unknown.
        read_s: When the last reading that told it began, seconds since 1970; None never.
    """

    id: str
    role: str
    on: bool | None = None
    read_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStatus:
    """Machines of one group.

    Attributes:
        id: Name of the group.
        machines: How many it has.
        running: How many run, by readings that still hold.
        stopped: How many are stopped, by such readings.
        unknown: How many are unknown.
        power_mw: What those tell that tell it, MW.
    """

    id: str
    machines: int
    running: int
    stopped: int
    unknown: int
    power_mw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStatus:
    """An open event, short.

    Attributes:
        id: Name of the event.
        kind: "to_mw", "by_mw" or "stop".
        mw: The power of that kind, MW.
        source: Who asks.
        state: Where it is in its life.
        starts_s: When the reduction must be there, seconds since 1970, UTC.
        ends_s: When it ends; None until it is released.
        penalty_per_mwh: What a MWh not delivered costs, currency/MWh; 0 unknown.
        baseline_mw: Power before it, MW; None before it is active.
        stopped: Machines that it owns and that are confirmed stopped or capped.
        owned: Machines that it owns.
    """

    id: str
    kind: str
    mw: float
    source: str
    state: EventState
    starts_s: float
    ends_s: float | None
    penalty_per_mwh: float = 0.0
    baseline_mw: float | None = None
    stopped: int = 0
    owned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStatus:
    """A signal as it was last heard.

    Attributes:
        id: Name of the signal.
        kind: What its values mean.
        value: The value that holds now, in the unit of its kind; None where none does.
        heard_s: When anything was last heard, seconds since 1970, UTC; None never.
        reason: Why it is not being heard; "".
    """

    id: str
    kind: str
    value: float | None = None
    heard_s: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmStatus:
    """An alarm that is raised.

    Attributes:
        kind: Its kind, e.g. "over limit".
        subject: Id of what it is about; "" for the site.
        text: What is wrong, in a sentence.
        since_s: Since when, seconds since 1970, UTC.
    """

    kind: str
    subject: str
    text: str
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownMachine:
    """A machine whose state is unknown.

    Attributes:
        id: Name of the machine.
        reason: Why.
        known_s: When its state was last known, seconds since 1970, UTC; None never since the
            agent started.
    """

    id: str
    reason: str
    known_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a site stands.

    Attributes:
        site: Its id.
        at_s: When this was told, seconds since 1970, UTC.
        started_s: When the agent started, seconds since 1970, UTC.
        lease_number: Number of the last renewal of the lease.
        store_ok: Whether decisions are being written.
        recovered: Whether what was wanted before the start has been read from the store.
        limit_mw: The limit that binds now, MW; None when nothing limits.
        owner_of_limit: Whose limit it is; "".
        site_limit_mw: Most the meter may ever show, MW; None where none is given.
        target_mw: What the machines together should draw now, MW; None before a decision.
        expected_mw: What they will draw when all that was decided has come true, MW; None
            before a decision.
        others_mw: Draw at the meter that is not of the machines, MW, estimated.
        over_since_s: Since when the meter is above the site's limit; None when it is not.
        machines: How many there are.
        by_state: Machines by state: running, stopped, unknown.
        by_progress: Machines by progress towards what is wanted.
        by_owner: Machines that are held, by who holds them.
        by_reason: Unknown machines by the reason.
        known_mw: What machines tell that they draw, MW.
        hashrate_ph: What machines tell that they hash, PH/s.
        oldest_read_s: When the oldest reading that still counts began, seconds since 1970;
            None where nothing was read.
        sweep_s: How long the last whole sweep took, s; None before one.
        meters: Meters.
        switches: Switches.
        groups: Groups.
        events: Open events, in the order of their receipt.
        signals: Signals.
        alarms: Alarms, the oldest first.
        unknown: Unknown machines, the longest unknown first, 50 at most.
        notes: Why machines that might be told are not: reason and count.
        late: Lines and targets that wait for the store.
    """

    site: str
    at_s: float
    started_s: float
    lease_number: int = 0
    store_ok: bool = True
    recovered: bool = False
    limit_mw: float | None = None
    owner_of_limit: str = ""
    site_limit_mw: float | None = None
    target_mw: float | None = None
    expected_mw: float | None = None
    others_mw: float = 0.0
    over_since_s: float | None = None
    machines: int = 0
    by_state: tuple[tuple[str, int], ...] = ()
    by_progress: tuple[tuple[str, int], ...] = ()
    by_owner: tuple[tuple[str, int], ...] = ()
    by_reason: tuple[tuple[str, int], ...] = ()
    known_mw: float = 0.0
    hashrate_ph: float = 0.0
    oldest_read_s: float | None = None
    sweep_s: float | None = None
    meters: tuple[MeterStatus, ...] = ()
    switches: tuple[SwitchStatus, ...] = ()
    groups: tuple[GroupStatus, ...] = ()
    events: tuple[EventStatus, ...] = ()
    signals: tuple[SignalStatus, ...] = ()
    alarms: tuple[AlarmStatus, ...] = ()
    unknown: tuple[UnknownMachine, ...] = ()
    notes: tuple[tuple[str, int], ...] = ()
    late: int = 0
