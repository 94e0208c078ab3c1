# SPDX-License-Identifier: Apache-2.0
"""One site on one screen of 100 columns: the meter first, then what is owed and unknown."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from loadstone.apps.operations.look import Look, Needs, Obligation, price_signal
from loadstone.apps.operations.words import (
    ago,
    clock,
    counted,
    money,
    mw,
    span,
    stamp,
    until,
)
from loadstone.model.operations.status import Status

BAR = 40
NEAR = 0.97
MOST_ALARMS, MOST_EVENTS, MOST_UNKNOWN = 5, 4, 4
WIDTH = 100
GOOD, WARN, BAD, DIM = "green", "yellow", "bold red", "dim"
KINDS = {"to_mw": "to {} MW", "by_mw": "by {} MW", "stop": "stop everything"}
LEAST_MW = 0.1  # two decimals tell no less
STATES = {"running": GOOD, "stopped": "cyan", "unknown": WARN}


def site_screen(look: Look) -> RenderableType:
    """Return everything an operator needs first of one site."""
    parts: list[RenderableType] = [_head(look)]
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True, min_width=9)
    grid.add_column()
    for label, text in _rows(look):
        grid.add_row(label, text)
    parts.append(grid)
    if look.lines:
        parts.append(Text("Record", style="bold"))
        parts += [
            Text(f"  {clock(line.at_s, look.now_s):<12} {line.text}", style=DIM,
                 no_wrap=True, overflow="ellipsis")
            for line in look.lines
        ]  # fmt: skip
    return Group(*parts)


def screens(looks: Iterable[Look]) -> RenderableType:
    """Return several sites, one below the other."""
    parts: list[RenderableType] = []
    for one in looks:
        if parts:
            parts.append(Text())
        parts.append(site_screen(one))
    return Group(*parts)


def _head(look: Look) -> RenderableType:
    title = Text(f"{look.name} ({look.site})", style="bold")
    if look.simulated:
        title.append("  SIMULATED", style="bold magenta")
    title.append(f"  {stamp(look.now_s)}", style=DIM)
    status = look.status
    if look.alive and status is not None:
        title.append(f"  agent heard {ago(status.at_s, look.now_s)}", style=GOOD)
    elif look.unread:
        title.append("  what its agent says CANNOT BE READ", style=BAD)
    elif status is None:
        title.append("  no agent has run here", style=BAD)
    else:
        title.append(f"  NO AGENT RUNS, last heard {ago(status.at_s, look.now_s)}", style=BAD)
    return Rule(title, align="left", style=DIM)


def _rows(look: Look) -> Iterator[tuple[str, RenderableType]]:
    if look.unread:
        yield "Agent", Text(look.unread, style=BAD)
    yield "Meter", _meter(look)
    if look.status is not None and look.alive:
        yield "Target", _target(look.status)
    yield "Machines", _machines(look)
    yield "Alarms", _alarms(look)  # high up: a terminal of 30 lines cuts off the last rows
    if look.status is not None and look.alive:
        yield from _unknown(look.status, look.now_s)
        yield from _groups(look.status)
        yield from _prices(look)
    yield "Next", _next(look)
    yield from _needs(look)
    if look.status is not None and look.alive:
        yield from _switches(look.status)
        yield from _events(look)


def _meter(look: Look) -> RenderableType:
    power, meter, limit = look.power_mw, look.meter, look.limit_mw
    if power is None:
        text = Text("unknown", style=BAD)
        if not look.alive:
            text.append(f", {_silence(look, 'nobody reads it')}", style=WARN)
        elif meter is None:
            text.append(", the site has no main meter", style=WARN)
        else:
            text.append(f", {meter.reason or 'never read'}", style=WARN)
        if meter is not None and meter.power_mw is not None:
            then = ago(meter.read_s, look.now_s)
            text.append(f"; it was {mw(meter.power_mw)} {then}", style=DIM)
        return text.append(f"; limit {mw(limit)}")
    share = power / limit if limit > 0 else 0.0
    style = BAD if share > 1 else WARN if share > NEAR else GOOD
    text = Text()
    text.append(f"{power:,.2f}", style=style).append(f" of {mw(limit)}  ")
    filled = min(BAR, round(BAR * max(0.0, share)))
    text.append("█" * filled, style=style).append("░" * (BAR - filled), style=DIM)
    text.append("▏ ")
    room = limit - power
    word = "free" if room >= 0 else "OVER THE LIMIT"
    text.append(f"{abs(room):,.2f} {word}", style=style)
    if meter is not None and meter.read_s is not None:
        text.append(f"  {ago(meter.read_s, look.now_s)}", style=DIM)
    over = look.status.over_since_s if look.status else None
    if over is not None:
        text.append(f"\nabove the limit for {span(look.now_s - over)}", style=BAD)
    return text


def _silence(look: Look, nobody: str) -> str:
    """Return why nothing is known now: an agent that cannot be read may run all the same."""
    return "no agent is heard" if look.unread else nobody


def _target(status: Status) -> Text:
    text = Text(f"{mw(status.target_mw)} of machines")
    if status.limit_mw is None:
        text.append(", nothing limits them", style=DIM)
    else:
        owner = f" by {status.owner_of_limit}" if status.owner_of_limit else ""
        text.append(f", the meter held to {mw(status.limit_mw)}{owner}", style="bold")
    if status.expected_mw is not None:
        text.append(
            f"; {mw(status.expected_mw)} when all that is sent has come true", style=DIM
        )
    return text


def _machines(look: Look) -> Text:
    status = look.status
    if status is None or not look.alive:
        text = Text("unknown", style=BAD)
        text.append(f", {_silence(look, 'nobody reads them')}", style=WARN)
        if look.last_known:
            said = ", ".join(f"{n:,} {state}" for state, n in look.last_known.items())
            text.append(f"; last known: {said}", style=DIM)
        return text
    text = Text(f"{status.machines:,}  ")
    for state, count in status.by_state:
        style = STATES.get(state, "") if count else DIM
        text.append(f"{state} {count:,}  ", style=style)
    told = f"they tell {mw(status.known_mw)}, {status.hashrate_ph:,.1f} PH/s"
    text.append(told, style=DIM)
    moving = [(word, n) for word, n in status.by_progress if n and word != "confirmed"]
    if moving:
        text.append("\non the way: " + ", ".join(f"{n:,} {word}" for word, n in moving))
    if status.by_owner:
        held = ", ".join(f"{n:,} by {owner}" for owner, n in status.by_owner[:4])
        text.append(f"\nheld: {held}")
    return text


def _unknown(status: Status, now_s: float) -> Iterator[tuple[str, RenderableType]]:
    if not status.unknown:
        return
    reasons = ", ".join(f"{n:,} {reason}" for reason, n in status.by_reason)
    text = Text(reasons, style=WARN)
    for one in status.unknown[:MOST_UNKNOWN]:
        known = "never known" if one.known_s is None else f"known {ago(one.known_s, now_s)}"
        text.append(f"\n{one.id}: {one.reason}, {known}", style=DIM)
    more = sum(n for _, n in status.by_reason) - MOST_UNKNOWN
    if more > 0:
        text.append(f"\nand {more:,} more: loadstone machines", style=DIM)
    yield "Unknown", text


def _groups(status: Status) -> Iterator[tuple[str, RenderableType]]:
    if len(status.groups) < 2:
        return
    grid = _aligned(5)
    for group in status.groups:
        grid.add_row(
            group.id,
            Text(f"{group.running:>6,} running", style=GOOD if group.running else DIM),
            Text(f"{group.stopped:>6,} stopped", style="cyan" if group.stopped else DIM),
            Text(f"{group.unknown:>6,} unknown", style=WARN if group.unknown else DIM),
            Text(f"{group.power_mw:>8,.2f} MW", style=DIM),
        )
    yield "Groups", grid


def _prices(look: Look) -> Iterator[tuple[str, RenderableType]]:
    signals = look.status.signals if look.status else ()
    price = price_signal(look.status)
    for signal in signals:
        unit = {"price": f"{look.currency}/MWh", "run": ""}.get(signal.kind, "MW")
        if signal.value is None:
            text = Text("unknown", style=WARN)
        else:
            text = Text(f"{signal.value:,.2f} {unit}".strip(), style="bold")
        text.append(f"  {signal.id}, heard {ago(signal.heard_s, look.now_s)}", style=DIM)
        if signal.reason:
            text.append(f"  {signal.reason}", style=WARN)
        yield "Price" if signal is price else "Signal", text


def _next(look: Look) -> Text:
    owed = look.obligation
    if not look.alive:
        return Text("unknown while no agent is heard", style=WARN)
    if owed is None:
        return Text("nothing is owed", style=DIM)
    text = Text(what(owed.kind, owed.mw), style="bold")
    if owed.begun:
        text.append(f" now, ends {until(owed.ends_s, look.now_s)}")
    else:
        start = clock(owed.starts_s, look.now_s)
        text.append(f" at {start}, {until(owed.starts_s, look.now_s)}")
    text.append(f"  {owed.source}, event {owed.event}", style=DIM)
    return text.append(_owed(owed, look.currency))


def _owed(owed: Obligation, currency: str) -> Text:
    text = Text()
    if owed.owed_mw is None:
        return text.append("  the meter is unknown", style=WARN)
    if owed.owed_mw > 0:
        word = "still to come down" if owed.begun else "to come down by then"
        text.append(f"\n{mw(owed.owed_mw)} {word}", style=WARN)
        if owed.penalty_per_hour is not None:
            text.append(f", or {money(owed.penalty_per_hour, currency, 'h')}", style=WARN)
        else:
            text.append(", penalty not stated", style=DIM)
    return text


def what(kind: str, power_mw: float) -> str:
    """Return what an event asks, in words."""
    small = 0 < power_mw < LEAST_MW
    return KINDS.get(kind, kind).format(f"{power_mw:{'.3g' if small else ',.2f'}}")


def _needs(look: Look) -> Iterator[tuple[str, RenderableType]]:
    if look.needs is None:
        return
    yield "Peak", _peak(look.needs)
    yield "By hour", _hourly(look.needs, look.currency)
    yield "Plan", _plan(look)


def _peak(needs: Needs) -> Text:
    if not needs.peaks:
        return Text(needs.no_peaks, style=DIM)
    text = Text()
    for i, one in enumerate(needs.peaks):
        text.append("\n" if i else "")
        counts = "counts now" if one.counts_now else "does not count now"
        if one.per_kw_hour or (not one.per_kw and one.peak_mw is None and not one.hours):
            text.append(f"{one.name}: this hour {counts}")
            if one.per_kw_hour:
                cost = money(one.per_kw_hour, one.currency)
                text.append(f"; one kW more through it costs about {cost}, if it is the peak's")
            continue
        peak = "not metered" if one.peak_mw is None else f"{one.peak_mw:,.3f} MW"
        text.append(
            f"{one.name}: {peak} this month over {counted(one.hours, 'hour')}, {counts}"
        )
        text.append(f"; one kW more costs {money(one.per_kw, one.currency)}")
        if one.per_kw_later:
            later = money(one.per_kw_later, one.currency)
            text.append(f" and up to {later} later by the ratchet")
    return text


def _hourly(needs: Needs, currency: str) -> RenderableType:
    if not needs.choices:
        return Text("unknown, for no price is known", style=DIM)
    grid = _aligned(5)
    for one in needs.choices:
        lost = one.lost_per_hour
        grid.add_row(
            one.name,
            f"{mw(one.mw):>10}",
            f"earns {money(one.per_hour, currency, 'h'):>14}",
            Text(f"loses {money(lost, currency, 'h'):>14}", style=WARN if lost > 0.5 else GOOD),
            Text(f"once {money(one.once, currency)}" if one.once else "", style=DIM),
        )
    return grid


def _plan(look: Look) -> Text:
    needs = look.needs
    if needs is None or needs.plan_mw is None:
        return Text(needs.no_plan if needs else "", style=DIM)
    text = Text(f"{mw(needs.plan_mw)} of mining this hour")
    if look.power_mw is None:
        return text.append(", the meter is unknown", style=WARN)
    off = look.power_mw - needs.plan_mw
    return text.append(f", metered {mw(look.power_mw)}, {abs(off):,.2f} ").append(
        "above" if off > 0 else "below"
    )


def _switches(status: Status) -> Iterator[tuple[str, RenderableType]]:
    if not status.switches:
        return
    text = Text()
    for i, switch in enumerate(status.switches):
        text.append(", " if i else "")
        if switch.role == "run-back":
            word = {True: "armed", False: "NOT ARMED", None: "arming unknown"}[switch.on]
            text.append(f"{switch.id} run-back {word}", style=GOOD if switch.on else BAD)
            text.append(" (the relay protects, Loadstone only looks)", style=DIM)
        else:
            word = {True: "on", False: "off", None: "unknown"}[switch.on]
            text.append(f"{switch.id} {word}", style=WARN if switch.on is None else "")
    yield "Switches", text


def _events(look: Look) -> Iterator[tuple[str, RenderableType]]:
    events = look.status.events if look.status else ()
    if not events:
        return
    grid = _aligned(6)
    for event in events[:MOST_EVENTS]:
        start = until(event.starts_s, look.now_s)
        grid.add_row(
            event.id,
            Text(event.state, style="bold"),
            what(event.kind, event.mw),
            Text(f"starts {start}" if event.starts_s > look.now_s else f"began {start}"),
            Text(f"ends {until(event.ends_s, look.now_s)}"),
            Text(f"{event.stopped:,}/{event.owned:,}", style=DIM),
        )
    if len(events) > MOST_EVENTS:
        grid.add_row(Text(f"and {len(events) - MOST_EVENTS} more: loadstone events", style=DIM))
    yield "Events", grid


def _aligned(columns: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    for _ in range(columns):
        grid.add_column(no_wrap=True)
    return grid


def _alarms(look: Look) -> Text:
    status = look.status
    if not look.alive:
        return Text(_silence(look, "no agent runs: nothing steers this site"), style=BAD)
    alarms = status.alarms if status else ()
    text = Text()
    if status is not None and not status.store_ok:
        text.append("store gone: nothing new is started until it is back", style=BAD)
    for alarm in alarms[:MOST_ALARMS]:
        text.append("\n" if text else "")
        text.append(f"{alarm.kind}: ", style=BAD).append(alarm.text)
        text.append(f"  for {span(look.now_s - alarm.since_s)}", style=DIM)
    if len(alarms) > MOST_ALARMS:
        text.append(f"\nand {len(alarms) - MOST_ALARMS} more", style=BAD)
    return text or Text("none", style=DIM)
