# SPDX-License-Identifier: Apache-2.0
"""An agent is killed in the middle of events, and goes on by itself when started again."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadstone.apps.cli import app
from tests.apps.operations.real_site import (
    SITE,
    SOON_S,
    RealSite,
    running,
    until,
    wait_to_agree,
)
from tests.postgres import Postgres, postgres

__all__ = ["postgres"]  # a fixture

LIMIT_MW = 0.05
SHOWN = 1.01  # the meter has no error; the simulated draw breathes a little
ROUNDS = 5

Moment = Callable[[RealSite, str], object]


def progress(site: RealSite) -> list[str]:
    return [str(target.progress) for target in site.store.targets(SITE).values()]


def at_once(site: RealSite, event: str) -> None:
    """Before anything is intended."""


def intended(site: RealSite, event: str) -> None:
    """What is intended is written, and not all of it is sent."""
    until(lambda: {"dispatching", "dispatched"} & set(progress(site)), "something is intended")


def sent(site: RealSite, event: str) -> None:
    """A machine truly sleeps, and the others are on their way."""
    until(site.asleep, "a machine sleeps")


def held(site: RealSite, event: str) -> None:
    """All that was wanted is confirmed."""
    until(lambda: site.meter_mw() <= LIMIT_MW * SHOWN, "the meter is below the limit")
    until(lambda: "confirmed" in progress(site), "stops are confirmed")


def restoring(site: RealSite, event: str) -> None:
    """Machines are coming back."""
    held(site, event)
    site.release(event)
    until(lambda: site.event_is(event, "restoring", "done"), "it restores")


MOMENTS: tuple[Moment, ...] = (at_once, intended, sent, held, restoring)


def kill_and_restart(site: RealSite, moment: Moment, chance: random.Random) -> None:
    """One event with a kill in it, judged by what is true of the machines."""
    event = site.curtail(to_mw=LIMIT_MW)
    moment(site, event)
    time.sleep(chance.uniform(0.0, 0.3))
    site.kill()
    if moment is held and chance.random() < 0.5:
        site.release(event)  # by a person, while nobody runs the site
    site.up()
    if not site.event_is(event, "restoring", "done") and site.store.event(event).ends_s is None:
        check_held(site, event)
        site.release(event)
    check_done(site, event)


def check_held(site: RealSite, event: str) -> None:
    """The meter is below the limit and stays there; the record says what is true."""
    until(lambda: site.event_is(event, "active"), "it is active again", real_s=SOON_S)
    until(lambda: site.meter_mw() <= LIMIT_MW * SHOWN, "below the limit", real_s=SOON_S)
    wait_to_agree(site)
    assert site.meter_mw() <= LIMIT_MW * SHOWN
    # two questions to the store, between which one more machine may be told
    until(lambda: stopped(site) == held_for(site, event), "it holds those stopped, no other")


def stopped(site: RealSite) -> set[str]:
    return {id_ for id_, one in site.store.targets(SITE).items() if one.action != "resume"}


def held_for(site: RealSite, event: str) -> set[str]:
    return {id_ for id_, owner in site.store.owners(SITE).items() if owner == event}


def check_done(site: RealSite, event: str) -> None:
    """It is done, once; every machine hashes, and nobody holds any."""
    until(lambda: site.event_is(event, "done"), "the event is done")
    until(site.hashing, "every machine hashes")
    wait_to_agree(site)
    assert set(site.store.owners(SITE).values()) <= {""}


def check_events(site: RealSite, count: int) -> None:
    """No event is lost or doubled, and none began again."""
    events = site.store.events(SITE, open_only=False)
    assert [event.id for event in events] == [f"e-{n + 1}" for n in range(count)]
    for event in events:
        said = [one.text for one in site.store.entries(SITE, subject=event.id)]
        for state in ("active", "done"):
            assert sum(text.startswith(f"event {event.id} is {state}") for text in said) <= 1
        assert event.active_s is None or event.active_s <= event.restoring_s <= event.done_s


def test_an_agent_killed_after_an_intent_goes_on_and_is_the_only_one(tmp_path: Path) -> None:
    with running(tmp_path) as site:
        second = CliRunner().invoke(app, ["operate", str(site.folder), "--for", "1s"])
        assert second.exit_code == 2
        assert "is run by another agent already" in second.output
        kill_and_restart(site, intended, random.Random(1))
        check_events(site, 1)
        kinds = {entry.kind for entry in site.store.entries(SITE)}
        assert "recovered" in kinds


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_kills_at_random_moments_lose_and_double_nothing(
    kind: str, seed: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    chance, settings = random.Random(seed), {"seed": seed}
    if kind == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        settings["store"] = server.new_database()
    with running(tmp_path, **settings) as site:
        site.ask("fault", fault={"kind": "slow", "share": 0.3, "seed": seed})
        for _ in range(ROUNDS):
            kill_and_restart(site, chance.choice(MOMENTS), chance)
        check_events(site, ROUNDS)
