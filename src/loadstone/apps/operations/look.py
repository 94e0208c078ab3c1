# SPDX-License-Identifier: Apache-2.0
"""What an operator needs first, gathered from the agent's last word, the store and the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import Protocol

import numpy as np

from loadstone.apps.operations.pace import paced
from loadstone.apps.operations.places import Place
from loadstone.engines.control.needs import (
    Choice,
    PeakNeed,
    choices,
    hourly_means,
    peak_needs,
    trace_start,
)
from loadstone.engines.control.worth import values_per_mwh
from loadstone.model.errors import LoadstoneError, OutsideError
from loadstone.model.operations.event import EventKind, EventState
from loadstone.model.operations.reading import State
from loadstone.model.operations.status import EventStatus, MeterStatus, SignalStatus, Status
from loadstone.model.operations.target import Entry, Observed
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Store, TraceRow

LAST_LINES = 6
PRICE = "price"
NEEDS_S = 10.0  # the history of a month is not asked for each second
WORKING = frozenset(
    {EventState.RECEIVED, EventState.ACCEPTED, EventState.ARMED, EventState.ACTIVE}
)


class Traces(Protocol):
    """Where the readings of meters are."""

    def meter_trace(
        self, site: str, meter: str, from_s: float, until_s: float
    ) -> Sequence[TraceRow]:
        """Return readings of a meter in time order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What the site owes next, or now.

    Attributes:
        event: Its name.
        kind: "to_mw", "by_mw" or "stop".
        mw: The power of that kind, MW.
        source: Who asks.
        begun: Whether it holds already.
        starts_s: When the reduction must be there, seconds since 1970, UTC.
        ends_s: When it ends; None until it is released.
        owed_mw: How much less than now must be drawn, MW; None where the meter is unknown.
        penalty_per_hour: What not doing it costs, currency/h; None where no penalty is known.
    """

    event: str
    kind: str
    mw: float
    source: str
    begun: bool
    starts_s: float
    ends_s: float | None
    owed_mw: float | None
    penalty_per_hour: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What changes slowly: money and the plan.

    Attributes:
        at_s: When it was worked out, seconds since 1970, UTC.
        price_per_mwh: Price of power, currency/MWh; None where none is known.
        peaks: What one more kW would cost, by charge.
        no_peaks: Why there is none; "".
        choices: What each choice earns by the hour; () where no price is known.
        plan_mw: Power that the plan gives to mining in this hour, MW; None where it says none.
        no_plan: Why it says none; "".
    """

    at_s: float
    price_per_mwh: float | None = None
    peaks: tuple[PeakNeed, ...] = ()
    no_peaks: str = ""
    choices: tuple[Choice, ...] = ()
    plan_mw: float | None = None
    no_plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """The last word of a site's agent.

    Attributes:
        status: What it said; None where it never ran, or cannot be read.
        alive: Whether it runs and was heard of within its lease.
        unread: Why its word cannot be read; "".
    """

    status: Status | None = None
    alive: bool = False
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known of a site.

    Attributes:
        site: Its id.
        name: What it is called.
        currency: Currency of values and prices.
        simulated: Whether machines and meters are simulated.
        now_s: When this was looked up, seconds since 1970, UTC.
        alive: Whether its agent runs and was heard of within its lease.
        limit_mw: Most the meter may show, MW.
        status: The agent's last word; None where it never ran, or it cannot be read.
        unread: Why it cannot be read; "".
        last_known: Machines by the state they were last seen in, where no agent runs.
        needs: Money and plan; None where nobody worked them out.
        lines: The last lines of the record.
    """

    site: str
    name: str
    currency: str
    simulated: bool
    now_s: float
    alive: bool
    limit_mw: float
    status: Status | None
    last_known: Mapping[str, int]
    needs: Needs | None = None
    lines: tuple[Entry, ...] = ()
    unread: str = ""

    @property
    def meter(self) -> MeterStatus | None:
        """The main meter as the agent last read it."""
        meters = self.status.meters if self.status else ()
        return next((meter for meter in meters if meter.main), None)

    @property
    def power_mw(self) -> float | None:
        """What the main meter shows now, MW; None where that is not known now."""
        meter = self.meter
        if not self.alive or meter is None or meter.reason:
            return None
        return meter.power_mw

    @property
    def obligation(self) -> Obligation | None:
        """The event that holds now or next."""
        events = self.status.events if self.status and self.alive else ()
        open_ = [event for event in events if event.state in WORKING]
        if not open_:
            return None
        return _obligation(min(open_, key=lambda one: one.starts_s), self.power_mw, self.now_s)


def look(
    place: Place, terms: SiteTerms, store: Store, now: datetime, needs: Needs | None = None
) -> Look:
    """Return what is known of a site."""
    now_s = now.timestamp()
    word = last_word(place, terms, now_s)
    seen = {} if word.alive else store.observed(terms.site)
    return Look(
        site=terms.site,
        name=place.site(terms.site).name,
        currency=place.currency,
        simulated=place.simulated,
        now_s=now_s,
        alive=word.alive,
        limit_mw=terms.limit_mw or 0.0,
        status=word.status,
        last_known=_counted(seen),
        needs=needs,
        lines=store.entries(terms.site, last=LAST_LINES),
        unread=word.unread,
    )


def last_word(place: Place, terms: SiteTerms, now_s: float) -> Word:
    """Return the last word of a site's agent. The record is the store: this may be spoilt."""
    try:
        status = place.files(terms.site).read_status()
    except OutsideError as error:
        return Word(unread=str(error))
    timing = paced(terms.timing, place.speed(terms.site))
    if status is None or abs(now_s - status.at_s) > timing.lease_s:
        return Word(status=status)
    return Word(status=status, alive=place.lock(terms.site).held())


def needs_of(
    place: Place, terms: SiteTerms, store: Store, telemetry: Traces, now: datetime
) -> Needs:
    """Return money and plan of a site, from the meter's history, its tariffs and its plan."""
    word = last_word(place, terms, now.timestamp())
    status = word.status if word.alive else None
    peaks, no_peaks = _peaks(place, terms, telemetry, now)
    plan_mw, no_plan = _plan_mw(place, terms.site, now)
    return Needs(
        at_s=now.timestamp(),
        price_per_mwh=_price(status),
        peaks=peaks,
        no_peaks=no_peaks,
        choices=_choices(place, terms, store, status, now),
        plan_mw=plan_mw,
        no_plan=no_plan,
    )


class KeptNeeds:
    """Money and plan of sites, worked out anew when they are old or the price has changed."""

    def __init__(self, place: Place) -> None:
        self._place, self._telemetry = place, place.telemetry()
        self._kept: dict[str, Needs] = {}

    def of(self, terms: SiteTerms, store: Store, now: datetime) -> Needs:
        """Return those of a site."""
        place, kept = self._place, self._kept.get(terms.site)
        old_s = NEEDS_S * place.speed(terms.site)
        price = _price(last_word(place, terms, now.timestamp()).status)
        changed = kept is not None and price not in (None, kept.price_per_mwh)
        if kept is None or changed or not 0 <= now.timestamp() - kept.at_s <= old_s:
            kept = needs_of(place, terms, store, self._telemetry, now)
            self._kept[terms.site] = kept
        return kept


def price_signal(status: Status | None) -> SignalStatus | None:
    """Return the signal that tells prices; None where there is none."""
    signals = status.signals if status else ()
    return next((signal for signal in signals if signal.kind == PRICE), None)


def _price(status: Status | None) -> float | None:
    signal = price_signal(status)
    return signal.value if signal else None


def _counted(observed: Mapping[str, Observed]) -> Mapping[str, int]:
    states = [one.state for one in observed.values()]
    return {state: states.count(state) for state in sorted(set(states))}


def _obligation(event: EventStatus, power_mw: float | None, now_s: float) -> Obligation:
    owed, wanted = None, _wanted_mw(event, power_mw)
    if power_mw is not None and wanted is not None:
        owed = max(0.0, power_mw - wanted)
    penalty = event.penalty_per_mwh * owed if event.penalty_per_mwh and owed else None
    return Obligation(
        event=event.id,
        kind=event.kind,
        mw=event.mw,
        source=event.source,
        begun=event.starts_s <= now_s,
        starts_s=event.starts_s,
        ends_s=event.ends_s,
        owed_mw=owed,
        penalty_per_hour=penalty,
    )


def _wanted_mw(event: EventStatus, power_mw: float | None) -> float | None:
    """Return what an event leaves at the meter, MW; before it is active, from the power now."""
    if event.kind != EventKind.BY_MW:
        return event.mw
    reference = power_mw if event.baseline_mw is None else event.baseline_mw
    return None if reference is None else max(0.0, reference - event.mw)


def _choices(
    place: Place, terms: SiteTerms, store: Store, status: Status | None, now: datetime
) -> tuple[Choice, ...]:
    price = _price(status)
    if status is None or price is None:
        return ()
    machines = place.machines(terms)
    values = values_per_mwh(terms, place.network, machines, now.date())
    seen = store.observed(terms.site)
    drawn = []
    for machine in machines:
        one = seen.get(machine.id)
        runs = one is not None and one.state == State.RUNNING
        told = one.power_w if one is not None and one.power_w is not None else machine.rated_w
        drawn.append(told if runs else 0.0)
    allowed_mw, penalty = penalised_above(status)
    return choices(
        np.array([values[machine.id] for machine in machines]),
        np.array([machine.rated_w for machine in machines]),
        np.array(drawn),
        price_per_mwh=price,
        restart_cost=terms.restart_cost,
        allowed_mw=allowed_mw,
        penalty_per_mwh=penalty,
    )


def penalised_above(status: Status) -> tuple[float, float]:
    """Return what active events leave to the machines, MW, and what a MWh beyond costs.

    Of several that have a penalty the lowest power counts, and of equal ones the dearest.
    """
    owed = [
        (max(0.0, wanted - status.others_mw), -event.penalty_per_mwh)
        for event in status.events
        if event.state is EventState.ACTIVE and event.penalty_per_mwh > 0
        if (wanted := _wanted_mw(event, None)) is not None
    ]
    allowed_mw, cost = min(owed, default=(inf, 0.0))
    return allowed_mw, -cost


def _peaks(
    place: Place, terms: SiteTerms, telemetry: Traces, now: datetime
) -> tuple[tuple[PeakNeed, ...], str]:
    site = place.site(terms.site)
    main = next((meter.id for meter in terms.meters if meter.main), None)
    if main is None:
        return (), "the site has no main meter"
    start = trace_start(now)
    try:
        trace = telemetry.meter_trace(terms.site, main, start.timestamp(), now.timestamp() + 1)
    except LoadstoneError as error:
        return (), f"the history of the meter cannot be read: {error}"
    hourly = hourly_means([(at_s, mw) for at_s, mw, *_ in trace], start, now)
    found = peak_needs(site.supply, now, hourly, contracted_mw=site.connection.exists_mw)
    why = "" if found else "no tariff of the site charges the highest power"
    return found, why


def _plan_mw(place: Place, site: str, now: datetime) -> tuple[float | None, str]:
    """Return the power that the adopted plan gives to mining in this hour, and why none."""
    plan = place.operation.plan
    if not plan:
        return None, "no plan is adopted in operate.toml"
    begun = [phase for phase in place.network.study.phases if phase.start <= now.date()]
    if not begun:
        first = place.network.study.phases[0].start
        return None, f"the plan begins on {first}"
    # Parquet loads here, so that sites without a plan are shown without it
    from loadstone.adapters.files.dispatch_table import read_dispatch  # noqa: PLC0415

    try:
        hours = read_dispatch(place.folder / plan, site, begun[-1].at)
    except LoadstoneError as error:
        return None, str(error)
    if not hours:
        return None, f"the plan has no hours of {site} in {begun[-1].at}"
    mining = [mw for name, mw in hours[0].machine_mw.items() if name.startswith("miner:")]
    if not mining:
        return 0.0, ""
    return float(sum(mw[_hour_of_year(now)] for mw in mining)), ""


def _hour_of_year(now: datetime) -> int:
    """Return the hour of the planning year, which has no 29 February."""
    at = now.astimezone(UTC)
    if (at.month, at.day) == (2, 29):
        at = at.replace(day=28)
    start = datetime(2027, 1, 1, tzinfo=UTC)  # a year without a leap day
    return int((at.replace(year=2027) - start).total_seconds() // 3600)
