# SPDX-License-Identifier: Apache-2.0

import io
from dataclasses import replace
from math import inf

import pytest
from rich.console import Console

from loadstone.apps.operations.look import Look, Needs, penalised_above
from loadstone.apps.operations.site_screen import site_screen
from loadstone.apps.operations.words import ago, money, span
from loadstone.engines.control.needs import Choice, PeakNeed
from loadstone.model.operations.event import EventState
from loadstone.model.operations.status import (
    AlarmStatus,
    EventStatus,
    GroupStatus,
    MeterStatus,
    SignalStatus,
    Status,
    SwitchStatus,
    UnknownMachine,
)
from loadstone.model.operations.target import Entry

NOW = 1_795_262_400.0
EVENT = EventStatus(
    id="1121-1200-abcd", kind="to_mw", mw=2.0, source="operator", state=EventState.ARMED,
    starts_s=NOW + 600, ends_s=NOW + 7800, penalty_per_mwh=500.0, stopped=3, owned=5,
)  # fmt: skip
STATUS = Status(
    site="araguari",
    at_s=NOW - 1,
    started_s=NOW - 500,
    limit_mw=3.5,
    owner_of_limit="schedule",
    target_mw=3.3,
    expected_mw=3.2,
    machines=860,
    by_state=(("running", 600), ("stopped", 252), ("unknown", 8)),
    by_progress=(("confirmed", 850), ("dispatched", 10)),
    by_owner=(("price", 252),),
    by_reason=(("timeout", 6), ("refused", 2)),
    known_mw=3.1,
    hashrate_ph=190.0,
    meters=(MeterStatus(id="feeder", main=True, power_mw=3.46, read_s=NOW - 2),),
    switches=(
        SwitchStatus(id="fans", role="fans", on=None),
        SwitchStatus(id="relay", role="run-back", on=False),
    ),
    groups=(
        GroupStatus(id="hall-1", machines=400, running=300, stopped=92, unknown=8, power_mw=1),
        GroupStatus(id="hall-2", machines=460, running=300, stopped=160, unknown=0, power_mw=2),
    ),
    events=(EVENT,),
    signals=(SignalStatus(id="spot", kind="price", value=88.0, heard_s=NOW - 20),),
    alarms=(AlarmStatus(kind="unknown machines", subject="", text="8", since_s=NOW - 90),),
    unknown=(UnknownMachine(id="10.0.0.1", reason="timeout", known_s=NOW - 400),),
)
NEEDS = Needs(
    at_s=NOW,
    price_per_mwh=88.0,
    peaks=(
        PeakNeed(
            name="demand", currency="USD", counts_now=True, peak_mw=3.9, hours=300,
            per_kw=9.0, per_kw_later=80.0,
        ),
    ),
    choices=(Choice(name="hold", mw=3.1, per_hour=20.0, lost_per_hour=4.0),),
    plan_mw=3.8,
)  # fmt: skip
LOOK = Look(
    site="araguari",
    name="Araguari",
    currency="USD",
    simulated=False,
    now_s=NOW,
    alive=True,
    limit_mw=4.5,
    status=STATUS,
    last_known={},
    needs=NEEDS,
    lines=(Entry(at_s=NOW - 3, site="araguari", kind="command", text="x" * 300),),
)


def text(look: Look) -> str:
    out = io.StringIO()
    Console(width=100, file=out, highlight=False).print(site_screen(look))
    return out.getvalue()


def test_a_site_fits_a_screen_of_100_columns_and_40_lines():
    lines = text(LOOK).splitlines()
    assert max(len(line) for line in lines) <= 100
    assert len(lines) <= 40


def test_what_an_operator_needs_first_is_there():
    page = " ".join(text(LOOK).split())
    for words in (
        "3.46 of 4.50 MW", "1.04 free", "2 s ago", "held to 3.50 MW by schedule",
        "running 600", "unknown 8", "6 timeout", "to 2.00 MW at", "in 10 min",
        "1.46 MW to come down by then, or 730 USD/h", "one kW more costs 9.00 USD",
        "up to 80.00 USD later by the ratchet", "loses 4.00 USD/h",
        "3.80 MW of mining this hour, metered 3.46 MW, 0.34 below",
        "relay run-back NOT ARMED", "the relay protects", "fans unknown",
    ):  # fmt: skip
        assert words in page, words


def test_a_meter_above_the_limit_says_so_and_since_when():
    meter = (replace(STATUS.meters[0], power_mw=4.7),)
    page = text(replace(LOOK, status=replace(STATUS, meters=meter, over_since_s=NOW - 12)))
    assert "0.20 OVER THE LIMIT" in page
    assert "above the limit for 12 s" in page


def test_a_meter_that_is_silent_is_unknown_and_not_what_it_was():
    meter = (replace(STATUS.meters[0], reason="timeout", read_s=NOW - 90),)
    page = text(replace(LOOK, status=replace(STATUS, meters=meter)))
    assert "unknown, timeout; it was 3.46 MW 1 min 30 s ago" in page


@pytest.mark.parametrize("status", [STATUS, None])
def test_without_an_agent_nothing_is_known(status):
    known = {"running": 600, "stopped": 260}
    page = text(replace(LOOK, alive=False, status=status, last_known=known))
    assert "unknown, nobody reads them; last known: 600 running, 260 stopped" in page
    assert "no agent runs: nothing steers this site" in page
    assert "OVER" not in page
    assert " free" not in page


def test_an_agent_that_cannot_be_read_is_not_said_to_be_gone():
    known = {"running": 600}
    unread = "/operate/status.json: is not what this version writes"
    page = text(replace(LOOK, alive=False, status=None, last_known=known, unread=unread))
    assert "CANNOT BE READ" in page
    assert unread in page
    assert "unknown, no agent is heard; last known: 600 running" in page
    assert "no agent runs" not in page
    assert "no agent has run" not in page


def test_simulated_says_simulated():
    assert "SIMULATED" in text(replace(LOOK, simulated=True))
    assert "SIMULATED" not in text(LOOK)


def test_times_and_money_in_words():
    assert [span(s) for s in (0.4, 59, 60, 125, 3600, 7500, 90_000, 2_000_000)] == [
        *("0 s", "59 s", "1 min", "2 min 5 s", "1 h", "2 h 5 min", "1 d 1 h", "23 d")
    ]
    assert ago(None, 0) == "never"
    assert money(-0.001, "USD", "h") == "0.00 USD/h"
    assert money(1234.5, "USD") == "1,234 USD"


def test_only_what_an_active_event_with_a_penalty_leaves_costs_more():
    dear = replace(EVENT, state=EventState.ACTIVE, mw=2.0, penalty_per_mwh=500.0)
    by = replace(dear, kind="by_mw", mw=1.0, baseline_mw=3.5, penalty_per_mwh=90.0)
    free = replace(dear, mw=0.0, penalty_per_mwh=0.0)
    status = replace(STATUS, others_mw=0.5)
    assert penalised_above(status) == (inf, 0.0)  # only armed
    assert penalised_above(replace(status, events=(dear, by, free))) == (1.5, 500.0)
    assert penalised_above(replace(status, events=(by, free))) == (2.0, 90.0)
