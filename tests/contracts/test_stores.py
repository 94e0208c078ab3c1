# SPDX-License-Identifier: Apache-2.0
"""What every store promises: in memory, in a file of SQLite, on PostgreSQL."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.store import SqlStore, open_store
from loadstone.adapters.store.schema import metadata
from loadstone.model.errors import InputError
from loadstone.model.operations.command import Action
from loadstone.model.operations.event import Event, EventKind, EventState, Method
from loadstone.model.operations.machine import Address, Credential, Identity, Machine
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.target import Entry, Observed, PowerLease, Progress, Target
from tests.postgres import Postgres, postgres

__all__ = ["postgres"]  # a fixture
NOW_S = 1_795_000_000.25


def machine(id_: str, **fields) -> Machine:
    values = {
        "id": id_,
        "site": "north",
        "group": "hall-1",
        "family": "luxos",
        "address": Address(host="127.0.0.9", port=4028, web_port=80),
        "rated_w": 3510.0,
        "hashrate_th": 200.0,
    }
    return Machine(**{**values, **fields})


def event(id_: str = "e1", **fields) -> Event:
    values = {
        "id": id_,
        "site": "north",
        "kind": EventKind.TO_MW,
        "mw": 3.5,
        "source": "operator",
        "received_s": NOW_S,
        "starts_s": NOW_S + 600,
    }
    return Event(**{**values, **fields})


def entry(text: str, **fields) -> Entry:
    return Entry(**{"at_s": NOW_S, "site": "north", "kind": "event", "text": text, **fields})


@pytest.fixture(scope="module", params=["memory", "sqlite", "postgresql"])
def address(request, tmp_path_factory) -> str:
    if request.param == "memory":
        return "sqlite://"
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('stores')}/agent.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture(scope="module")
def key_file(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("keys") / "store.key"


@pytest.fixture(scope="module")
def opened(address, key_file):
    store = open_store(address, key_file)
    yield store
    store.close()


def empty(store: SqlStore) -> None:
    with store._database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "key_check":
                connection.execute(table.delete())


@pytest.fixture
def store(opened: SqlStore) -> SqlStore:
    """An empty store with three machines."""
    empty(opened)
    opened.put_machines(machine(name) for name in ("a", "b", "c"))
    return opened


@pytest.fixture
def shared_address(address: str) -> str:
    """The address of a store that another process can open as well."""
    if address == "sqlite://":
        pytest.skip("a store in memory belongs to one process")
    return address


# machines


def test_machines_come_back_as_they_were_put_in_order(store):
    who = Identity(family="luxos", mac="aa:bb", model="Antminer S21", firmware="2026.1")
    first = machine("0", identity=who)
    plain = machine("9", address=Address(host="h", port=1))
    store.put_machines([plain, first])
    assert store.machines("north") == (first, plain, *map(machine, "abc"))


def test_a_machine_put_again_replaces_itself_and_nobody_else(store):
    moved = machine("b", address=Address(host="127.0.0.10", port=4029))
    store.put_machines([moved])
    assert store.machines("north") == (machine("a"), moved, machine("c"))


def test_machines_of_two_sites_may_share_a_name(store):
    south = machine("a", site="south", rated_w=1.0)
    store.put_machines([south])
    assert store.machines("south") == (south,)
    assert store.machines("north")[0] == machine("a")


def test_a_machine_that_said_what_no_database_takes_is_kept_with_marks(store):
    store.put_machines([machine("a", identity=Identity(family="f", serial="x\0y\udcff"))])
    assert store.machines("north")[0].identity.serial == "x\N{REPLACEMENT CHARACTER}y?"


# passwords


def test_credentials_come_back_by_machine(store):
    of_site, of_one = Credential(user="", password="root"), Credential(user="u", password="p")
    store.put_credential("north", "", of_site)
    store.put_credential("north", "a", Credential(user="old", password="old"))
    store.put_credential("north", "a", of_one)
    store.put_credential("south", "", of_one)
    assert store.credentials("north") == {"": of_site, "a": of_one}


# what is wanted and seen

numbers = st.floats(allow_nan=False, width=64)
maybe = st.none() | numbers
wanted = st.builds(
    Target,
    machine=st.sampled_from("abc"),
    action=st.sampled_from(Action),
    limit_w=maybe,
    owner=st.sampled_from(["site limit", "e1"]),
    progress=st.sampled_from(Progress),
    since_s=numbers,
    dispatched_s=maybe,
    confirmed_s=maybe,
    attempts=st.integers(0, 2**31 - 1),
    not_before_s=numbers,
    reason=st.sampled_from(Reason),
    baseline_w=maybe,
)
seen = st.builds(
    Observed,
    machine=st.sampled_from("abc"),
    state=st.sampled_from(["running", "stopped", "unknown"]),
    reason=st.sampled_from(["", "timeout"]),
    since_s=numbers,
    read_s=maybe,
    power_w=maybe,
    hashrate_th=maybe,
)


@given(st.lists(wanted, max_size=5))
def test_targets_come_back_to_the_bit_and_the_last_one_counts(opened, targets):
    empty(opened)
    opened.put_machines(machine(name) for name in ("a", "b", "c"))
    opened.put_targets("north", targets, [])
    assert opened.targets("north") == {target.machine: target for target in targets}


@given(st.lists(seen, max_size=5))
def test_what_was_seen_comes_back_to_the_bit(opened, observed):
    empty(opened)
    opened.put_machines(machine(name) for name in ("a", "b", "c"))
    opened.put_observed("north", observed)
    assert opened.observed("north") == {one.machine: one for one in observed}


def target(name: str, **fields) -> Target:
    return Target(machine=name, action=Action.STOP, owner="e1", since_s=NOW_S, **fields)


def test_targets_and_their_lines_are_written_together(store):
    said = [entry("a is to stop", subject="a"), entry("b is to stop", subject="b")]
    store.put_targets("north", [target("a"), target("b")], said)
    assert store.entries("north") == tuple(said)
    assert set(store.targets("north")) == {"a", "b"}


def test_a_target_of_an_unknown_machine_is_refused_with_all_of_its_call(store):
    with pytest.raises(InputError, match="put_machines first"):
        store.put_targets("north", [target("a"), target("nobody")], [entry("never")])
    assert store.targets("north") == {}
    assert store.entries("north") == ()


def test_what_was_seen_of_an_unknown_machine_is_refused(store):
    with pytest.raises(InputError, match="put_machines first"):
        store.put_observed("north", [Observed(machine="z", state="running", since_s=0.0)])


def test_a_state_that_is_no_state_is_refused_by_the_database(store):
    with pytest.raises(InputError, match="ck_observed_state"):
        store.put_observed("north", [Observed(machine="a", state="asleep", since_s=0.0)])
    assert store.observed("north") == {}


def test_nothing_at_all_may_be_written(store):
    store.put_targets("north", [], [])
    store.put_observed("north", [])
    store.put_machines([])
    store.put_events([], [])
    store.record([])
    store.let_go("north", "e1", [], NOW_S)
    assert store.take("north", "e1", [], NOW_S) == frozenset()


# owners


def test_a_machine_has_one_owner_until_it_is_let_go(store):
    assert store.take("north", "e1", ["a", "b"], NOW_S) == {"a", "b"}
    assert store.take("north", "e2", ["b", "c"], NOW_S) == {"c"}
    assert store.take("north", "e1", ["a"], NOW_S) == {"a"}  # already its own
    assert store.owners("north") == {"a": "e1", "b": "e1", "c": "e2"}
    store.let_go("north", "e2", ["a", "b", "c"], NOW_S)  # c alone is its own
    assert store.owners("north") == {"a": "e1", "b": "e1"}
    store.let_go("north", "e1", ["b"], NOW_S)
    assert store.take("north", "e2", ["a", "b"], NOW_S) == {"b"}


def test_an_unknown_machine_cannot_be_taken(store):
    with pytest.raises(InputError, match="put_machines first"):
        store.take("north", "e1", ["a", "nobody"], NOW_S)
    assert store.owners("north") == {}


def test_of_threads_that_take_at_once_each_machine_goes_to_exactly_one(store):
    names = [f"m{number}" for number in range(50)]
    store.put_machines(machine(name) for name in names)
    start = threading.Barrier(4)

    def take(owner: str) -> frozenset[str]:
        start.wait()
        return store.take("north", owner, names, NOW_S)

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(take, ["e1", "e2", "e3", "e4"]))
    assert sorted(name for names in won for name in names) == sorted(names)


TAKER = """
import sys
from pathlib import Path
from loadstone.adapters.store import open_store
url, key, owner = sys.argv[1:]
store = open_store(url, Path(key))
names = [f"m{number}" for number in range(200)]
won = []
print("ready", flush=True)
sys.stdin.readline()
for part in range(0, 200, 10):  # many small calls, so that the two meet often
    won += store.take("north", owner, names[part : part + 10], 1.0)
print(" ".join(won))
"""


def test_of_processes_that_take_at_once_each_machine_goes_to_exactly_one(
    store, shared_address, key_file
):
    names = [f"m{number}" for number in range(200)]
    store.put_machines(machine(name) for name in names)
    takers = [
        subprocess.Popen(
            [sys.executable, "-c", TAKER, shared_address, str(key_file), owner],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for owner in ("e1", "e2")
    ]
    for taker in takers:
        assert taker.stdout.readline() == "ready\n"
    for taker in takers:
        taker.stdin.write("go\n")
        taker.stdin.flush()
    won = [taker.communicate(timeout=30)[0].split() for taker in takers]
    assert [taker.returncode for taker in takers] == [0, 0]
    assert sorted(won[0] + won[1]) == sorted(names)
    assert store.owners("north") == {
        name: owner for owner, mine in zip(("e1", "e2"), won, strict=True) for name in mine
    }


# events


def test_an_event_comes_back_with_all_it_has(store):
    whole = event(
        ends_s=NOW_S + 4200,
        reference="ref",
        penalty_per_mwh=9.5,
        notice_s=30.0,
        method=Method(
            baseline="middle-8-of-10",
            adjustment="additive",
            interval_s=900,
            holidays=(date(2026, 12, 25), date(2027, 1, 1)),
        ),
        state=EventState.ACTIVE,
        reason="because",
        baseline_mw=12.25,
        accepted_s=1.0,
        armed_s=2.0,
        active_s=3.0,
        restoring_s=4.0,
        done_s=5.0,
    )
    assert store.add_event(whole) == whole
    assert store.event("e1") == whole
    assert store.event("e2") is None


def test_the_same_source_and_reference_is_one_event_even_when_it_has_ended(store):
    first = event("e1", source="vtn", reference="r", state=EventState.DONE)
    store.add_event(first)
    assert store.add_event(event("e2", source="vtn", reference="r")) == first
    assert store.add_event(event("e3", source="other", reference="r")).id == "e3"
    south = event("e4", source="vtn", reference="r", site="south")
    store.put_machines([machine("a", site="south")])
    assert store.add_event(south) == south
    assert [one.id for one in store.events("north", open_only=False)] == ["e1", "e3"]


def test_events_without_a_reference_are_each_their_own_and_never_doubled(store):
    store.add_event(event("e1"))
    store.add_event(event("e2"))
    assert store.add_event(event("e1")) == event("e1")
    assert [one.id for one in store.events("north")] == ["e1", "e2"]


def test_an_id_is_never_used_twice(store):
    store.add_event(event("e1"))
    with pytest.raises(InputError, match="the id of another event"):
        store.add_event(event("e1", source="vtn", reference="r"))


def test_events_are_in_the_order_of_their_receipt_and_open_ones_can_be_asked_for(store):
    for id_ in ("z", "y", "x"):
        store.add_event(event(id_))
    store.put_events([event("y", state=EventState.DONE, done_s=NOW_S)], [entry("y is done")])
    assert [one.id for one in store.events("north")] == ["z", "x"]
    assert [one.id for one in store.events("north", open_only=False)] == ["z", "y", "x"]
    assert store.entries("north") == (entry("y is done"),)


@pytest.mark.parametrize("end", [EventState.DONE, EventState.ABORTED, EventState.REFUSED])
def test_an_event_that_has_ended_is_never_opened_again(store, end):
    store.add_event(event("e1"))
    store.add_event(event("e2"))
    ended = event("e1", state=end, done_s=NOW_S)
    store.put_events([ended], [])
    store.put_events([ended], [])  # as it is: nothing new
    other = event("e2", state=EventState.ACCEPTED)
    with pytest.raises(InputError, match="never opened again"):
        store.put_events([other, event("e1", state=EventState.ACTIVE)], [entry("never")])
    assert store.event("e1") == ended
    assert store.event("e2") == event("e2")  # nothing of the call is written
    assert store.entries("north") == ()


def test_an_event_that_was_never_added_cannot_be_written(store):
    with pytest.raises(InputError, match="add_event first"):
        store.put_events([event("e9")], [])


def test_of_two_writers_one_ends_the_event_and_the_other_is_refused(store):
    store.add_event(event("e1", state=EventState.ACTIVE))
    start = threading.Barrier(2)

    def end(state: EventState) -> str:
        start.wait()
        try:
            store.put_events([event("e1", state=state, done_s=NOW_S)], [entry(state)])
        except InputError:
            return ""
        return state

    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(end, [EventState.DONE, EventState.ABORTED]))
    assert sorted(map(bool, won)) == [False, True]
    (state,) = filter(None, won)
    assert store.event("e1").state == state
    assert store.entries("north") == (entry(state),)


# releases


def active(**fields) -> Event:
    begun = event(state=EventState.ACTIVE, starts_s=NOW_S - 60, active_s=NOW_S - 60)
    return replace(begun, **fields)


def test_a_release_ends_an_event_then(store):
    store.add_event(active())
    assert store.release("e1", NOW_S, abort=False, reason="enough") == active(ends_s=NOW_S)
    assert store.entries("north") == (entry("release asked for: enough", subject="e1"),)


def test_a_release_is_not_lost_to_an_agent_that_writes_what_it_read_before(store):
    store.add_event(active())
    store.release("e1", NOW_S, abort=False, reason="")
    store.put_events([active(baseline_mw=4.0)], [])  # read before, without an end
    assert store.event("e1") == active(ends_s=NOW_S, baseline_mw=4.0)


def test_a_release_never_ends_an_event_later(store):
    store.add_event(active(ends_s=NOW_S + 10))
    store.release("e1", NOW_S + 20, abort=False, reason="")
    assert store.event("e1").ends_s == NOW_S + 10
    store.release("e1", NOW_S + 5, abort=False, reason="")
    store.release("e1", NOW_S + 7, abort=False, reason="")
    assert store.event("e1").ends_s == NOW_S + 5


def test_an_event_that_has_not_begun_is_withdrawn_by_its_release(store):
    store.add_event(event())
    after = store.release("e1", NOW_S, abort=False, reason="no more")
    assert after == event(state=EventState.ABORTED, done_s=NOW_S, reason="no more")
    assert store.entries("north")[0].text == "withdrawn before it began: no more"


def test_an_event_that_ramps_ahead_of_its_start_is_released_at_its_start(store):
    ramping = event(state=EventState.ACTIVE, active_s=NOW_S)
    store.add_event(ramping)
    after = store.release("e1", NOW_S + 1, abort=False, reason="")
    assert after.state is EventState.ACTIVE
    assert after.starts_s < after.ends_s < after.starts_s + 1e-3


def test_an_abort_ends_an_event_at_once_and_says_that_nothing_was_restored(store):
    store.add_event(active())
    after = store.release("e1", NOW_S, abort=True, reason="fire")
    assert after == active(state=EventState.ABORTED, done_s=NOW_S, reason="fire")
    said = "aborted: let go without restoring: fire"
    assert store.entries("north") == (entry(said, subject="e1"),)
    with pytest.raises(InputError, match="never opened again"):
        store.put_events([active()], [])


def test_what_is_not_there_or_has_ended_cannot_be_released(store):
    with pytest.raises(InputError, match="is not there"):
        store.release("e1", NOW_S, abort=False, reason="")
    store.add_event(event(state=EventState.DONE))
    with pytest.raises(InputError, match="it is done"):
        store.release("e1", NOW_S, abort=True, reason="")


# leases and the record


def test_a_lease_has_one_row_a_pool(store):
    lease = PowerLease(
        site="north", pool="mining", mw=4.0, number=2**40, granted_s=NOW_S, expires_s=inf
    )
    store.renew(replace(lease, number=1))
    store.renew(lease)
    other = replace(lease, pool="ai")
    store.renew(other)
    store.renew(replace(lease, site="south"))
    assert store.leases("north") == (other, lease)


def test_the_record_is_read_in_the_order_of_writing_by_time_subject_and_kind(store):
    lines = [
        entry("late", at_s=NOW_S + 9, subject="a", kind="command"),
        entry("early", at_s=NOW_S, subject="b", kind="alarm", data='{"mw": 1.0}'),
        entry("middle", at_s=NOW_S + 5, subject="a", kind="alarm"),
    ]
    store.record(lines[:1])
    store.record(lines[1:])
    store.record([entry("elsewhere", site="south")])
    assert store.entries("north") == tuple(lines)
    assert store.entries("north", since_s=NOW_S + 5) == (lines[0], lines[2])
    assert store.entries("north", until_s=NOW_S + 5) == (lines[1],)
    assert store.entries("north", subject="a") == (lines[0], lines[2])
    assert store.entries("north", kinds=["alarm", "event"]) == tuple(lines[1:])
    assert store.entries("north", last=2) == tuple(lines[1:])
    assert store.entries("north", subject="a", last=1) == (lines[2],)


def test_a_line_with_what_no_database_takes_is_kept_with_marks(store):
    store.record([entry("said \0\udc80 ü")])
    assert store.entries("north")[0].text == "said \N{REPLACEMENT CHARACTER}? ü"


def test_what_one_store_writes_another_one_reads(store, shared_address, key_file):
    store.put_credential("north", "", Credential(user="u", password="p"))
    store.put_targets("north", [target("a")], [entry("x")])
    other = open_store(shared_address, key_file)
    assert other.targets("north") == {"a": target("a")}
    assert other.credentials("north") == {"": Credential(user="u", password="p")}
    other.close()
