# SPDX-License-Identifier: Apache-2.0
"""Events and machines for people, in terminals of many widths."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from loadstone.apps.operations.tables import MachineRow, event_list, machine_table
from loadstone.model.operations.event import Event, EventKind, EventState, Method

NOW = 1_795_262_400.0
EVENT = Event(
    id="dso:event-0044/0/SIMPLE",
    site="araguari",
    kind=EventKind.TO_MW,
    mw=0.05,
    source="dso",
    state=EventState.ABORTED,
    reason="the transformer is checked",
    received_s=NOW - 900,
    starts_s=NOW - 600,
    ends_s=NOW + 3600,
    done_s=NOW - 60,
    method=Method(),
)
ROW = MachineRow(
    site="araguari", machine="hall-1-0001", group="hall-1", family="luxos", address="h:4028",
    mac="", state="unknown", reason="timeout", since_s=NOW - 300, last_state="running",
    read_s=NOW - 300, power_w=3250.0, hashrate_th=101.2, wanted="stop", owner="price spot",
    progress="dispatched",
)  # fmt: skip


def printed(what, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(what)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_an_event_is_read_in_words_at_any_width(width):
    text = " ".join(printed(event_list([EVENT], NOW), width).split())
    assert text == (
        "aborted to 0.05 MW dso:event-0044/0/SIMPLE araguari, by dso, from 11:50:00, "
        "to 11:59:00; the transformer is checked"
    )


def test_an_open_event_says_when_it_ends():
    running = Event(
        id="e", site="s", kind=EventKind.STOP, mw=0.0, source="operator",
        state=EventState.ACTIVE, received_s=NOW, starts_s=NOW, ends_s=None, method=Method(),
    )  # fmt: skip
    assert "from 12:00:00, until released" in printed(event_list([running], NOW), 80)
    timed = replace(running, ends_s=NOW + 600)
    assert "from 12:00:00, ends in 10 min" in printed(event_list([timed], NOW), 80)


@pytest.mark.parametrize("width", [80, 120])
def test_a_machine_says_why_it_is_unknown_and_what_is_wanted(width):
    text = printed(machine_table([ROW], NOW), width)
    for word in (
        "hall-1-0001",
        "unknown",
        "5 min",
        "timeout;",
        "running;",
        "dispatched",
        "spot",
    ):
        assert word in text
    assert "3,250" not in text  # what it drew before is not what it draws
