# SPDX-License-Identifier: Apache-2.0
"""Machines and events as tables: rows for programs, lines for people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from loadstone.apps.operations.look import Look
from loadstone.apps.operations.site_screen import STATES, what
from loadstone.apps.operations.words import clock, iso, span, until
from loadstone.model.operations.event import Event
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.reading import State
from loadstone.model.operations.target import Observed, Target

NO_AGENT = "no agent is heard"
NEVER = "never read"
STATE_WIDE, WHAT_WIDE = 11, 17  # characters
FIRST = {State.UNKNOWN: 0, State.STOPPED: 1, State.RUNNING: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow:
    """What is known of a machine now.

    Attributes:
        site, machine, group, family, address: What it is and where.
        mac: Its hardware address; "" where it never said.
        state: Running, stopped or unknown; without an agent nothing is known.
        reason: Why it is unknown; "".
        since_s: Since when it is in the state it was last seen in; None never seen.
        last_state: State it was last seen in; "" never.
        read_s: When the reading began that the store keeps; None never.
        power_w, hashrate_th: At that reading; None where it did not tell.
        wanted: What is wanted of it: "", "stop", "resume" or "cap 3,000 W".
        owner: Who wants it, or who holds it; "".
        progress: How far that has come; "".
    """

    site: str
    machine: str
    group: str
    family: str
    address: str
    mac: str
    state: str
    reason: str
    since_s: float | None
    last_state: str
    read_s: float | None
    power_w: float | None
    hashrate_th: float | None
    wanted: str
    owner: str
    progress: str


def machine_rows(
    machines: Sequence[Machine],
    known: Mapping[str, Machine],
    observed: Mapping[str, Observed],
    targets: Mapping[str, Target],
    *,
    alive: bool,
) -> tuple[MachineRow, ...]:
    """Return a row per machine, unknown ones first.

    Args:
        machines: Machines of operate.toml.
        known: What the store knows of them: identity, and an address that changed.
        observed: What was last seen of them.
        targets: What is wanted of them.
        alive: Whether an agent reads them. If not, nothing is known now.
    """
    rows = []
    for machine in machines:
        now = known.get(machine.id, machine)
        seen, target = observed.get(machine.id), targets.get(machine.id)
        state, reason = State.UNKNOWN.value, NO_AGENT if seen else NEVER
        if alive and seen is not None:
            state, reason = seen.state, seen.reason
        rows.append(
            MachineRow(
                site=machine.site,
                machine=machine.id,
                group=machine.group,
                family=machine.family,
                address=str(now.address),
                mac=now.identity.mac if now.identity else "",
                state=state,
                reason=reason,
                since_s=seen.since_s if seen else None,
                last_state=seen.state if seen else "",
                read_s=seen.read_s if seen else None,
                power_w=seen.power_w if seen else None,
                hashrate_th=seen.hashrate_th if seen else None,
                wanted=_wanted(target),
                owner=target.owner if target else "",
                progress=target.progress.value if target else "",
            )
        )
    return tuple(sorted(rows, key=lambda row: (FIRST[State(row.state)], row.machine)))


def _wanted(target: Target | None) -> str:
    if target is None:
        return ""
    limit = f" {target.limit_w:,.0f} W" if target.limit_w is not None else ""
    return f"{target.action.value}{limit}"


def machine_table(rows: Iterable[MachineRow], now_s: float) -> Table:
    """Return machines for people, best 100 columns wide."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for head in ("machine", "group", "state", "for"):
        table.add_column(head, no_wrap=True)
    for head in ("W", "TH/s"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("why, and what is wanted", overflow="fold")
    for row in rows:
        known = row.state != State.UNKNOWN
        table.add_row(
            row.machine,
            row.group,
            Text(row.state, style=STATES.get(row.state, "")),
            span(now_s - row.since_s) if row.since_s is not None else "",
            _number(row.power_w if known else None),
            _number(row.hashrate_th if known else None),
            "; ".join(word for word in (*_why(row), _asked(row)) if word),
        )
    return table


def _why(row: MachineRow) -> tuple[str, ...]:
    if row.state == State.UNKNOWN and row.last_state not in ("", State.UNKNOWN):
        return row.reason, f"was {row.last_state}"
    return (row.reason,)


def _asked(row: MachineRow) -> str:
    by = f"by {row.owner}" if row.owner else ""
    return " ".join(word for word in (row.wanted, _far(row.progress), by) if word)


def _far(progress: str) -> str:
    return "" if progress == "confirmed" else progress


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def event_row(event: Event) -> dict[str, Any]:
    """Return an event for programs, times as ISO 8601."""
    row = asdict(event)
    times = [name for name in row if name.endswith("_s") and name != "notice_s"]
    for name in times:
        row[name.removesuffix("_s")] = iso(row.pop(name))
    return row | {"kind": event.kind.value, "state": event.state.value, "open": event.open}


def event_sentence(event: Event) -> str:
    """Return an event in one sentence."""
    now_s = event.received_s
    asked = f"Event {event.id} at {event.site}: {what(event.kind, event.mw)}"
    start = clock(event.starts_s, now_s)
    end = "until it is released" if event.ends_s is None else f"to {clock(event.ends_s, now_s)}"
    why = f", {event.reason}" if event.reason else ""
    return f"{asked}, from {start} UTC {end}; {event.state.value}{why}."


def event_list(events: Iterable[Event], now_s: float) -> RenderableType:
    """Return events for people, two lines each, for a terminal of any width."""
    lines: list[RenderableType] = []
    for event in events:
        style = "bold" if event.open else "dim"
        head = Text(f"{event.state.value:<{STATE_WIDE}}", style=style)
        head.append(f"{what(event.kind, event.mw):<{WHAT_WIDE}}").append(event.id)
        times = [f"from {clock(event.starts_s, now_s)}"]
        if event.open:
            left = until(event.ends_s, now_s)
            times.append(f"ends {left}" if event.ends_s is not None else left)
        elif event.done_s is not None:
            times.append(f"to {clock(event.done_s, now_s)}")
        tail = f"{event.site}, by {event.source}, {', '.join(times)}"
        why = f"; {event.reason}" if event.reason else ""
        lines += [head, Padding(Text(tail + why), (0, 0, 0, STATE_WIDE))]
    return Group(*lines)


def look_table(look: Look) -> dict[str, Any]:
    """Return what is known of a site for programs; times as seconds since 1970, UTC."""
    table = asdict(look)
    owed = look.obligation
    return table | {
        "power_mw": look.power_mw,
        "age_s": look.now_s - look.status.at_s if look.status else None,
        "obligation": asdict(owed) if owed else None,
    }
