# SPDX-License-Identifier: Apache-2.0
"""Events raised by hand, and what is shown of a site that no agent runs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loadstone.adapters.files.agent_files import AgentFiles, AgentLock
from loadstone.adapters.store import open_store
from loadstone.apps.cli import curtailing
from loadstone.model.operations.reading import State
from loadstone.model.operations.status import MeterStatus, SignalStatus, Status
from loadstone.model.operations.target import Observed
from tests.apps.cli.commands import answer, run
from tests.network_folders import edit
from tests.shape import DATA

SITE = ("--site", "araguari")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("hand") / "campus"
    run("new", made)
    return made


def curtailed(folder: Path, *words: object) -> dict:
    return answer("curtail", folder, *SITE, *words)["event"]


def test_an_event_is_raised_seen_and_ended(folder):
    event = curtailed(folder, "--to-mw", 2, "--for", "2h", "--notice", "10min")
    assert (event["state"], event["mw"], event["source"]) == ("received", 2.0, "operator")
    ends, starts = (datetime.fromisoformat(event[one]) for one in ("ends", "starts"))
    assert ends - starts == timedelta(hours=2)
    seen = answer("events", folder)["events"]
    assert event["id"] in [one["id"] for one in seen]
    ended = answer("release", folder, "--event", event["id"])["event"]
    assert ended["state"] == "aborted"  # withdrawn before it began
    again = run("release", folder, "--event", event["id"])
    assert again.exit_code == 2
    assert event["id"] not in [one["id"] for one in answer("events", folder)["events"]]
    assert event["id"] in [one["id"] for one in answer("events", folder, "--all")["events"]]


def test_two_events_of_one_minute_never_share_a_name(folder, monkeypatch):
    drawn = iter(["abcd", "abcd", "ef01"])
    monkeypatch.setattr(curtailing.secrets, "token_hex", lambda _: next(drawn))
    events = [curtailed(folder, "--to-mw", mw) for mw in (1, 2)]
    assert [event["mw"] for event in events] == [1.0, 2.0]
    assert events[0]["id"] != events[1]["id"]
    for event in events:
        run("release", folder, "--event", event["id"])


def test_whoever_asks_is_told_that_nobody_hears(folder):
    result = run("curtail", folder, *SITE, "--stop")
    assert "NO AGENT RUNS" in result.stdout
    event = result.stdout.split()[1]
    assert f"release DIR --event {event}" in result.stdout
    run("release", folder, "--event", event)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--stop", "--by-mw", "1"),
        ("--to-mw", "-1"),
        ("--to-mw", "99"),
        ("--by-mw", "0"),
        ("--stop", "--at", "2020-01-01T00:00Z"),
        ("--stop", "--for", "nine"),
    ],
)
def test_what_cannot_be_asked_is_wrong_input(folder, words):
    before = answer("events", folder, "--all")
    result = run("curtail", folder, *SITE, *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert answer("events", folder, "--all") == before


def test_a_number_that_is_none_is_told_in_json_that_is_json(folder):
    result = run("curtail", folder, *SITE, "--to-mw", "nan", "--json")
    assert result.exit_code == 2

    def refused(word):
        raise AssertionError(word)

    (error,) = json.loads(result.stdout, parse_constant=refused)["errors"]
    assert (error["field"], error["value"]) == ("--to-mw", "nan")


def test_a_byte_that_is_no_text_is_wrong_input(folder):
    by_name = run("release", folder, "--event", "\udcff", "--json")
    of_a_site = run("curtail", folder, "--site", "\udcff", "--stop", "--json")
    for result, field in ((by_name, "argument"), (of_a_site, "--site")):
        assert result.exit_code == 2
        (error,) = json.loads(result.stdout_bytes.decode())["errors"]
        assert (error["field"], error["value"]) == (field, "\udcff")


def test_a_small_power_is_told_as_it_was_asked(folder):
    result = run("curtail", folder, *SITE, "--by-mw", "0.0042")
    assert "by 0.0042 MW" in result.stdout
    run("release", folder, "--event", result.stdout.split()[1])


@pytest.mark.parametrize("words", [("--default",), ("--password-stdin",)])
def test_a_password_that_never_came_is_not_looked_for_with(folder, words):
    found = answer("scan", folder, "127.0.0.9", "--group", "hall-1", *words, code=2)
    assert found["errors"][0]["field"] == words[0]


def test_a_site_that_is_not_run_is_refused(folder):
    found = answer("curtail", folder, "--site", "nowhere", "--stop", code=2)
    assert found["errors"][0]["rule"] == "must be a site of operate.toml: araguari"


def test_an_abort_needs_a_reason_and_an_unknown_event_is_refused(folder):
    event = curtailed(folder, "--stop")
    assert run("release", folder, "--event", event["id"], "--abort").exit_code == 2
    why = ("--abort", "--reason", "wrong site")
    ended = answer("release", folder, "--event", event["id"], *why)["event"]
    assert (ended["state"], ended["reason"]) == ("aborted", "wrong site")
    assert run("release", folder, "--event", "no-such").exit_code == 2


def test_simulated_events_are_kept_apart(folder):
    event = curtailed(folder, "--stop", "--simulated")
    ids = [one["id"] for one in answer("events", folder, "--all")["events"]]
    assert event["id"] not in ids
    assert (folder / "operate" / "simulated" / "agent.db").is_file()


def test_whoever_raises_a_simulated_event_is_told_how_to_end_that_one(folder):
    said = run("curtail", folder, *SITE, "--stop", "--simulated").stdout
    words = said.partition("loadstone release DIR ")[2].split()
    assert run("release", folder, *words).exit_code == 0


def test_nothing_is_known_of_machines_that_nobody_reads(folder):
    found = answer("machines", folder)["machines"]
    assert len(found) == 860
    assert {(one["state"], one["reason"]) for one in found} == {("unknown", "never read")}
    page = run("machines", folder).stdout
    assert "and 820 more: --all" in page
    assert "860 machines: 860 unknown" in page
    assert answer("machines", folder, "--state", "stopped")["machines"] == []


def test_a_machine_last_seen_stopped_is_not_stopped_now(tmp_path):
    folder = tmp_path / "campus"
    run("new", folder)
    run("machines", folder)
    store = open_store("sqlite:///operate/agent.db", Path("operate.key"), folder)
    now_s = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
    _put_machines(folder, store)
    store.put_observed(
        "araguari",
        [Observed(machine="10.64.1.1", state=State.STOPPED, since_s=now_s, read_s=now_s)],
    )
    store.close()
    found = {one["machine"]: one for one in answer("machines", folder)["machines"]}
    one = found["10.64.1.1"]
    assert (one["state"], one["reason"], one["last_state"]) == (
        *("unknown", "no agent is heard"),
        "stopped",
    )
    assert "last known: 1 stopped" in run("status", folder).stdout


def _put_machines(folder: Path, store) -> None:
    from loadstone.apps.operations.places import read_place

    place = read_place(folder, datetime(2026, 11, 21, tzinfo=UTC).date())
    store.put_machines(place.machines(place.operation.sites[0]))


def test_status_shows_what_the_agent_last_said_while_it_runs(folder):
    lock, files = (
        AgentLock(folder / "operate" / "araguari"),
        AgentFiles(folder / "operate" / "araguari"),
    )
    lock.take()
    now_s = _now_s(folder)
    files.write_status(
        Status(
            site="araguari",
            at_s=now_s,
            started_s=now_s - 60,
            machines=860,
            by_state=(("running", 860), ("stopped", 0), ("unknown", 0)),
            meters=(MeterStatus(id="feeder", main=True, power_mw=4.1, read_s=now_s),),
            signals=(SignalStatus(id="spot", kind="price", value=150.0, heard_s=now_s),),
        )
    )
    try:
        page = run("status", folder).stdout
        assert "4.10 of 4.50 MW" in page
        assert "run all" in page
        site = answer("status", folder)["sites"][0]
        assert (site["alive"], site["power_mw"]) == (True, 4.1)
        assert site["needs"]["choices"][2]["lost_per_hour"] > 0  # 150 is dearer than mining
        assert "takes this up now" in run("curtail", folder, *SITE, "--by-mw", "1").stdout
    finally:
        lock.let_go()
    assert not answer("status", folder)["sites"][0]["alive"]


def _now_s(folder: Path) -> float:
    return answer("status", folder)["sites"][0]["now_s"]


def test_check_tells_what_is_wrong_with_operate_toml(tmp_path):
    folder = tmp_path / "campus"
    run("new", folder)
    edit(folder / "operate.toml", "limit_mw = 4.5", "limit_mw = 4500.0")
    found = answer("check", folder, code=2)["errors"]
    assert [one["field"] for one in found] == ["sites.araguari.limit_mw"]


def test_a_folder_without_operate_toml_says_so(tmp_path):
    folder = tmp_path / "campus"
    run("new", folder)
    (folder / "operate.toml").unlink()
    result = run("status", folder)
    assert result.exit_code == 2
    assert "must have an operate.toml" in result.stderr
    assert answer("check", folder)["operation"] == []


def test_hurrying_is_only_for_what_is_simulated(folder):
    assert run("operate", folder, "--speed", "10").exit_code == 2
    assert run("operate", folder, "--simulated", "--speed", "99").exit_code == 2


def test_the_starters_of_operation_are_read_by_check(folder):
    assert json.loads(run("check", folder, "--json").stdout)["operation"][0]["machines"] == 860
    assert (DATA / "networks" / "campus" / "operate.toml").is_file()
